/*
** Rows kept in memory while a statement joins with them, and a hash index on
** one column.
*/
#ifndef ORDERSYNC_ROWS_H
#define ORDERSYNC_ROWS_H
#include "value/value.h"

struct rows;

/* Starts an empty set of rows; *out is NULL on failure. */
enum err_code rows_new(struct rows **out, int n_columns, struct err *e);
void rows_free(struct rows *r); /* accepts NULL */

/* Copies a row of n_columns cells. *full: the set has grown beyond what may be
** kept in memory, and is to be freed. */
enum err_code rows_add(struct rows *r, const struct cell *cells, int *full,
                       struct err *e);
/* How many rows there are. */
sqlite3_int64 rows_count(const struct rows *r);

/* One cell of a row, which counts from 0; its bytes stay until rows_free(). */
void rows_cell(const struct rows *r, sqlite3_int64 row, int column,
               struct cell *cell);

/* 1 when the column has nothing but NULL and values of this type (SQLITE_TEXT,
** ...). Then a key of that type is equal, as SQLite compares under BINARY,
** exactly to the cells with the same bytes, and the index below may be used. */
int rows_are_all(const struct rows *r, int column, int type);

/* rows_index() makes the hash index of one column. Then rows_first() and
** rows_after(), until -1, walk the rows whose cell there may equal the key
** (same hash: compare); the key must be of the column's one type. */
enum err_code rows_index(struct rows *r, int column, struct err *e);
sqlite3_int64 rows_first(const struct rows *r, const struct cell *key);
sqlite3_int64 rows_after(const struct rows *r, sqlite3_int64 row);

/* A hash of a cell, for rowids and lookups. */
sqlite3_uint64 cell_hash(sqlite3_uint64 h, const struct cell *cell);
#define CELL_HASH_START 0xcbf29ce484222325ULL

#endif
