/*
** Reads a source: connects, describes, selects, and converts cell by cell.
**
**   struct reader r = {.profile = &prof, .interrupt = &interrupt};
**   if (reader_connect(&r, &e)) goto done;
**   if (reader_describe(&r, map.source, &map, &has, &e)) goto done;
**   if (match_source(&m, &has, &e)) goto done;
**   if (reader_start(&r, &m, NULL, &changed, &e)) goto done;
**   while (!reader_next(&r, &row, &e) && row) ... reader_cell(&r, &m, i, ...)
**   reader_close(&r);
**
** Errors come with the password masked.
*/
#ifndef ORDERSYNC_READER_H
#define ORDERSYNC_READER_H
#include "base/interrupt.h"
#include "mssql/mssql.h"
#include "source/match.h"

/* A connection. Starts zeroed but for what the caller sets. */
struct reader {
  const struct profile *profile; /* borrowed */
  struct interrupt *interrupt;   /* borrowed; open while reading */
  enum mssql_use use;
  sqlite3_int64 deadline_ms; /* monotonic; 0: query_timeout from each query */

  struct mssql *remote; /* owned; NULL: not connected */
  int n_connects;       /* so far */
  int may_have_died;    /* it was idle: a query that finds it dead connects
                        ** again, once. For the owner to set. */
  sqlite3_int64 row;    /* of the present result, from 1 */
};

/* Masks the password in an error of this connection; says which setting set
** the time that was too short. Errors of the functions below come so. */
void reader_explain(const struct reader *r, struct err *e);

/* Connects (again), within the deadline. */
enum err_code reader_connect(struct reader *r, struct err *e);

/* Abandons what is left of a result. */
void reader_cancel(struct reader *r);

/* 1 while the connection can be used. */
int reader_alive(const struct reader *r);

/* Accepts one that is not connected. */
void reader_close(struct reader *r);

/*
** The source's columns; *out starts cleared, the caller clears it. Those that
** map has (NULL: none) and that * does not list (HIDDEN ones of a temporal
** table, sparse ones behind a column set), or may not (a GRANT on columns),
** are asked for by name and come last.
*/
enum err_code reader_describe(struct reader *r, const char *source,
                              const struct mapping *map,
                              struct remote_columns *out, struct err *e);

/* Sets is_ansi of a described source's columns. A server that does not tell is
** no error. */
enum err_code reader_find_ansi(struct reader *r, const char *source,
                               struct remote_columns *columns, struct err *e);

/*
** Asks a query for its one value, and hands it to take() while it is there.
** ERR_DATA: there are other than one row and one column.
*/
typedef void reader_take(void *arg, const struct remote_column *column,
                         const struct value *value, struct err *e);
enum err_code reader_scalar(struct reader *r, const char *sql,
                            reader_take *take, void *arg, struct err *e);

/*
** Sends match_select() and compares the result with what was asked (ask NULL:
** all, and types that the kinds accept will do). *changed: the source has other
** columns than m knows; describe it again.
*/
enum err_code reader_start(struct reader *r, struct match *m,
                           const struct match_ask *ask, int *changed,
                           struct err *e);

/* The next row; *has_row = 0 only at a proper end. */
enum err_code reader_next(struct reader *r, int *has_row, struct err *e);

/*
** Column i of the mapping in the present row, converted; NULL where it was not
** asked for. What does not convert is NULL and noted in m, or an error, by
** on_bad_value. The cell's bytes stay until the next row.
*/
enum err_code reader_cell(const struct reader *r, struct match *m, int i,
                          struct cell *cell, struct err *e);

/* All of them. */
enum err_code reader_row(const struct reader *r, struct match *m,
                         struct cell *cells, struct err *e);

/* Sets e to: column i of this row cannot become `what`. */
enum err_code reader_refuse(const struct reader *r, struct match *m, int i,
                            const char *what, struct err *e);

/* The value as it came, NULL where it was not asked for. */
enum err_code reader_value(const struct reader *r, struct match *m, int i,
                           struct value *value, struct err *e);

#endif
