/*
** Mode diff, the second half: what diff.c has found out, written.
*/
#ifndef ORDERSYNC_DIFF_WRITE_H
#define ORDERSYNC_DIFF_WRITE_H
#include "sync/apply_row.h"

/* What to do with a staged row: an update's rowid, or one of these. */
#define PLAN_KEEP   (-0x7fffffffffffffffLL - 1)
#define PLAN_INSERT (PLAN_KEEP + 1)

struct diff_plan {
  const struct apply *a;  /* borrowed, as is all of it here */
  char *is_key;           /* per mapped column */
  struct cell *cells;     /* one row, to work in */
  sqlite3_int64 *rows;    /* per staged row */
  sqlite3_int64 *deletes; /* rowids */
  sqlite3_int64 n_deletes, n_updates;
};

/* Column col of the statement's row; the bytes are SQLite's. */
void diff_read_cell(sqlite3_stmt *stmt, int col, struct cell *cell,
                    struct err *e);

enum err_code diff_write(const struct diff_plan *p, struct err *e);

#endif
