/*
** Mode diff, the second half: what diff.c has found out, written.
*/
#ifndef ORDERSYNC_DIFF_WRITE_H
#define ORDERSYNC_DIFF_WRITE_H
#include "sync/apply_row.h"
#include "sync/stored.h"

/* What to do with a staged row. */
enum plan { PLAN_INSERT = 0, PLAN_UPDATE, PLAN_KEEP };

struct diff_plan {
  const struct apply *a; /* borrowed, as is all of it here */
  struct stored stored;
  char *is_key;           /* per mapped column */
  int *keys;              /* those that are one */
  struct cell *cells;     /* one staged row, to work in */
  struct cell *old;       /* one row of the table */
  unsigned char *plans;   /* per staged row, from 1, as the next two */
  sqlite3_int64 *rows;    /* of an update: the rowid, any number at all */
  sqlite3_int64 *at;      /* where it is in the staging */
  sqlite3_int64 *deletes; /* rowids */
  sqlite3_int64 n_deletes, n_updates, n_inserts;
  int keys_repeat; /* several staged rows may have the same key */
};

static inline void diff_plan_update(struct diff_plan *p, sqlite3_int64 row,
                                    sqlite3_int64 rowid) {
  p->plans[row] = PLAN_UPDATE;
  p->rows[row] = rowid;
}

/* A staged row into cells, as the target would hold it. */
enum err_code diff_fetch(struct diff_plan *p, sqlite3_int64 row, struct err *e);

/* Reads the rowid and the mapped columns of the rows whose rowid is so: "=?1";
** "": all, in their order. And such a row into old. */
sqlite3_stmt *diff_prepare_read(const struct diff_plan *p, const char *which,
                                struct err *e);
void diff_read_old(const struct diff_plan *p, sqlite3_stmt *stmt,
                   struct err *e);

/* Whether some constraint of the target may say what is to be done about a
** conflict. */
int diff_has_on_conflict(const struct apply *a, struct err *e);

/* Does what the plan says: deletes, updates, inserts, in the transaction that
** is open, counted in batches. On failure the caller rolls back. */
enum err_code diff_write(struct diff_plan *p, struct err *e);

#endif
