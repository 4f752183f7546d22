/*
** What the parts of the differential test share.
**
**   diff.c           the loop; runs a query on both sides and compares
**   diff_base.c      random numbers, statements that must work
**   diff_types.c     the server's types, and values of each
**   diff_schema.c    a table on the server, its live view, its full copy
**   diff_query.c     a query of one of many shapes
**   diff_predicate.c its conditions, literals and parameters
**
** Everything hangs on one struct diff. What is made depends on its random
** numbers alone, hence on the order in which they are drawn: a changed order
** is another test, for every seed that anybody has written down.
*/
#ifndef DIFF_H
#define DIFF_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#define COLUMNS_MOST 1000
#define PARAMS_MOST  20

enum class_of { C_INT, C_DEC, C_FLT, C_DATE, C_STR, C_LONG, C_BIN, C_GUID };

struct kind_of_type {
  const char *decl; /* as the server's table declares it */
  enum class_of is;
  const char *kinds; /* that it may become, blank-separated */
  const char *values;
};

struct column {
  char name[40];
  const struct kind_of_type *type; /* borrowed, static */
  char decl[20];     /* of the copy, where that was there first; else empty */
  int window;        /* where among the texts its values are: alike ones */
  char pool[8][300]; /* values of it, drawn when it was made */
};

/* The table of the moment, on the server and here. */
struct table {
  struct column columns[COLUMNS_MOST];
  int n_columns, n_rows;
  int serial; /* numbers the tables: t1 on the server */
  char live[40], copy[40];
};

/* How two results are compared. */
enum compare { AS_SET, IN_ORDER, LIMITED, LIMITED_BY_KEY };

/* The query of the moment. */
struct query {
  char *text; /* owned; with @ for the table */
  char *all;  /* owned; the same without LIMIT, for LIMITED */
  enum compare how;
  int limit, offset;
  char *params[PARAMS_MOST]; /* owned; literals that are bound */
  int n_params, use_params;
};

struct diff {
  uint64_t random; /* the state of the random numbers */
  sqlite3 *server; /* owned; the server's tables, directly */
  sqlite3 *db;     /* owned; the extension's user */
  char where[200]; /* which seed and query, for what is printed */
  struct table table;
  struct query query;
};

/* ---- diff_base.c ------------------------------------------------------- */

/* 0 .. n-1 */
int rnd(struct diff *d, int n);
/* 1 in so many of a hundred cases, else 0. */
int chance(struct diff *d, int percent);
#define PICK(d, list) ((list)[rnd((d), (int)(sizeof(list) / sizeof *(list)))])

/* Prints and ends the process: the test itself cannot go on. */
_Noreturn void die(const struct diff *d, const char *what, const char *sql,
                   const char *message);
/* Runs SQL that must work, of a format of sqlite3_mprintf()'s. */
void run(const struct diff *d, sqlite3 *on, const char *format, ...);

/* ---- diff_types.c ------------------------------------------------------ */

/* Draws a column's type, window and pool. */
void types_draw(struct diff *d, struct column *c);
/* Draws a value of the column's type into buffer, which is returned: an SQL
** expression for the server's table. */
const char *types_value(struct diff *d, const struct column *c, char *buffer,
                        size_t room);

/* ---- diff_schema.c ----------------------------------------------------- */

/* Makes d->table on both sides, and the local table l to join it with. */
void schema_make(struct diff *d);
void schema_drop(struct diff *d);

/* Writes the name of column i of the table of that alias ("": none). */
void schema_append_name(const struct diff *d, sqlite3_str *out,
                        const char *alias, int i);
int schema_any_column(struct diff *d);

/* ---- diff_query.c ------------------------------------------------------ */

/* Makes d->query, on d->table; query_clear() frees what it holds. */
void query_make(struct diff *d);
void query_clear(struct query *q);

/* ---- diff_predicate.c -------------------------------------------------- */

/* Writes a condition on the table of that alias, with AND, OR and NOT up to so
** deep. Literals may become parameters of d->query. */
void predicate_append(struct diff *d, sqlite3_str *out, const char *alias,
                      int depth);

#endif
