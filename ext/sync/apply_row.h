/*
** What the apply phase works with, and the writing of one row: shared by
** apply.c, which replaces, and diff.c and diff_write.c.
*/
#ifndef ORDERSYNC_APPLY_ROW_H
#define ORDERSYNC_APPLY_ROW_H
#include "local/target.h"
#include "local/txn.h"
#include "source/mapping.h"
#include "sync/runlog.h"
#include "sync/staging.h"
#include "sync/state.h"

struct apply {
  sqlite3 *db; /* all borrowed */
  const struct mapping *map;
  struct target *target; /* looked at again under the write lock */
  struct staging *rows;
  struct runlog *log;
  struct state *state;
  struct txn *txn;         /* prepared, not begun */
  sqlite3_int64 locked_ms; /* when it took the write lock */
};

/* The next staged row into cells, the first one when *row is 0, and *row is
** its number from 1. 0 at the end, and on failure: the row cannot be stored, or
** the run is to stop. */
int apply_next(const struct apply *a, struct cell *cells, sqlite3_int64 *row,
               struct err *e);

/* The same, of its first n cells; the row id must be among them. */
int apply_skim(const struct apply *a, struct cell *cells, int n,
               sqlite3_int64 *row, struct err *e);

/* INSERT INTO target(...) VALUES(...): the mapped columns, n_more others
** (`,"a"`; NULL: none), which the caller binds, and updated_at, bound;
** created_at too, unless there are others. */
sqlite3_stmt *apply_prepare_insert(const struct apply *a, const char *more,
                                   int n_more, struct err *e);

/* Binds the mapped columns, steps, resets. SQLite's extended code. only: a
** column each, whether it is bound; NULL: all are. */
int apply_step(const struct apply *a, sqlite3_stmt *stmt,
               const struct cell *cells, const char *only);

/* Sets e to why writing that row failed. */
void apply_explain(const struct apply *a, sqlite3_int64 row, struct err *e);

/* Rows that are written in one way, counted in batches. Starts zeroed, but for
** verb: what is done to them, "inserted". */
struct batches {
  const char *verb;
  sqlite3_int64 done; /* rows */
};

/* One more is done. After each batch: progress, cancel, deadline. */
void apply_done(const struct apply *a, struct batches *b, struct err *e);

/* Tells in a detail how many were done, if any. */
void apply_end(const struct apply *a, const struct batches *b, struct err *e);

#endif
