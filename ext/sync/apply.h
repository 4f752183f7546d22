/*
** Staged rows into the target, in one transaction: the second half of a
** refresh, and the only part that holds the write lock.
*/
#ifndef ORDERSYNC_APPLY_H
#define ORDERSYNC_APPLY_H
#include "local/target.h"
#include "local/txn.h"
#include "source/mapping.h"
#include "sync/runlog.h"
#include "sync/staging.h"

struct apply {
  sqlite3 *db; /* all borrowed */
  const struct mapping *map;
  struct target *target; /* looked at again under the write lock */
  struct staging *rows;
  struct runlog *log;
  struct txn *txn; /* prepared, not begun */
  struct interrupt *interrupt;
};

/*
** Truncates and inserts, or writes the difference, compares the counts, writes
** the run's success and commits. With map->dry_run nothing is written but the
** run's row. On failure everything is rolled back.
*/
enum err_code apply_rows(struct apply *a, struct err *e);

/* Whether map->key, if any, names mapped target columns. */
enum err_code apply_check_key(const struct mapping *m, struct err *e);

/* ---- shared by apply.c and diff.c -------------------------------------- */

/* "INSERT INTO target(" and the mapped columns; what else, is the caller's. */
void apply_begin_insert(const struct apply *a, sqlite3_str *sql);

/* INSERT INTO target(...) VALUES(...) with created_at and updated_at bound. */
sqlite3_stmt *apply_prepare_insert(const struct apply *a, struct err *e);

/* Binds the mapped columns, steps, resets. SQLite's extended code. */
int apply_step(const struct apply *a, sqlite3_stmt *stmt,
               const struct cell *cells);

/* Sets e to why writing that row failed. row counts from 1. */
void apply_explain(const struct apply *a, sqlite3_int64 row, struct err *e);

/* apply_step and, when it failed, apply_explain. */
enum err_code apply_insert(const struct apply *a, sqlite3_stmt *insert,
                           const struct cell *cells, sqlite3_int64 row,
                           struct err *e);

/* Between batches: progress, cancel, deadline, a detail. verb is what was done
** to the rows first..last. */
enum err_code apply_batch(const struct apply *a, const char *verb, int batch,
                          sqlite3_int64 first, sqlite3_int64 last,
                          struct err *e);

/* Mode diff, inside the transaction: writes only what changed. */
enum err_code apply_diff(const struct apply *a, struct err *e);

#endif
