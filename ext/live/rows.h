/*
** Rows kept in memory while a statement joins with them, and a hash index on
** one column.
*/
#ifndef ORDERSYNC_ROWS_H
#define ORDERSYNC_ROWS_H
#include "value/value.h"

struct rows;

enum err_code rows_new(struct rows **out, int n_columns, struct err *e);
void rows_free(struct rows *r); /* accepts NULL */

/* Copies a row. *full: it did not fit, too many are kept already. */
enum err_code rows_add(struct rows *r, const struct cell *cells, int *full,
                       struct err *e);
sqlite3_int64 rows_count(const struct rows *r);

/* The cell's bytes stay until rows_free(). */
void rows_cell(const struct rows *r, sqlite3_int64 row, int column,
               struct cell *cell);

/* 1 when the column has nothing but NULL and values of this type: what SQLite
** finds equal to such a key, under BINARY, has the same bytes. */
int rows_are_all(const struct rows *r, int column, int type);

/* Walks the rows whose `column` may equal the key, which is of the column's one
** type: rows_first(), then rows_after() until -1. */
enum err_code rows_index(struct rows *r, int column, struct err *e);
sqlite3_int64 rows_first(const struct rows *r, const struct cell *key);
sqlite3_int64 rows_after(const struct rows *r, sqlite3_int64 row);

/* A hash of a cell, for rowids and lookups. */
sqlite3_uint64 cell_hash(sqlite3_uint64 h, const struct cell *cell);
#define CELL_HASH_START 0xcbf29ce484222325ULL

#endif
