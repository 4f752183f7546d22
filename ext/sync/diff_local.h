/*
** What the two halves of mode diff share: diff.c (what is to be done with
** which row) and diff_write.c (doing it).
*/
#ifndef ORDERSYNC_DIFF_LOCAL_H
#define ORDERSYNC_DIFF_LOCAL_H
#include "sync/apply.h"

#define DIGEST 16

struct entry {
  unsigned char key[DIGEST];
  unsigned char row[DIGEST];
  sqlite3_int64 rowid;
  char used;    /* the slot holds a local row */
  char matched; /* a staged row has claimed it */
};

/* What to do with a staged row: an update's rowid, or one of these. */
#define PLAN_KEEP   (-0x7fffffffffffffffLL - 1)
#define PLAN_INSERT (PLAN_KEEP + 1)

struct diff {
  const struct apply *a; /* borrowed, as is its contents */
  char *is_key;          /* owned, per mapped column */
  int n_key;
  struct entry *table; /* owned; open addressing, a power of two */
  sqlite3_uint64 n_slots;
  sqlite3_int64 *plan;     /* owned, per staged row */
  struct cell *cells;      /* owned, one row */
  sqlite3_str *text;       /* owned; the row being digested */
  sqlite3 *scratch;        /* owned; applies column affinities, see diff.c */
  sqlite3_stmt *put, *get; /* owned */
  sqlite3_int64 left;      /* local rows that no staged row has claimed */
};

/* Column col of the statement's row; the bytes are SQLite's. */
void diff_read_cell(sqlite3_stmt *stmt, int col, struct cell *cell);

/* Carries the plan out. */
enum err_code diff_write(struct diff *d, struct err *e);

#endif
