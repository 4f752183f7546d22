/*
** Mode diff, the second half: what diff.c has found out, written.
*/
#ifndef ORDERSYNC_DIFF_WRITE_H
#define ORDERSYNC_DIFF_WRITE_H
#include "sync/apply_row.h"
#include "sync/stored.h"

/* What to do with a staged row: an update's rowid, or one of these. */
#define PLAN_KEEP   (-0x7fffffffffffffffLL - 1)
#define PLAN_INSERT (PLAN_KEEP + 1)

struct diff_plan {
  const struct apply *a; /* borrowed, as is all of it here */
  struct stored stored;
  char *is_key;           /* per mapped column */
  struct cell *cells;     /* one staged row, to work in */
  struct cell *old;       /* one row of the table */
  sqlite3_int64 *rows;    /* per staged row, from 1 */
  sqlite3_int64 *at;      /* where it is in the staging */
  sqlite3_int64 *deletes; /* rowids */
  sqlite3_int64 n_deletes, n_updates, n_inserts;
  int keys_repeat; /* several staged rows may have the same key; looked for
                   ** where changes are kept */
};

/* A staged row into cells, as the target would hold it. */
enum err_code diff_fetch(struct diff_plan *p, sqlite3_int64 row, struct err *e);

/* Reads the rowid and the mapped columns of the rows whose rowid is so: "=?1";
** "": all, in their order. And such a row into old. */
sqlite3_stmt *diff_prepare_read(const struct diff_plan *p, const char *which,
                                struct err *e);
void diff_read_old(const struct diff_plan *p, sqlite3_stmt *stmt,
                   struct err *e);

enum err_code diff_write(struct diff_plan *p, struct err *e);

#endif
