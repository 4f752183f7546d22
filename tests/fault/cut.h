/*
** What the parts of the cutting program share.
**
**   cut_wire.c   the recorded server
**   cut_db.c     the database: old state, new state, which is it
**   cut.c        every byte in turn, in processes of their own
*/
#ifndef CUT_H
#define CUT_H

#include <sqlite3.h>

struct cut_db {
  sqlite3 *db;
  sqlite3_stmt *rows, *last_run, *refresh; /* prepared once */
  sqlite3_uint64 old_hash, new_hash;
};

/* Makes path: a sync "types", its target filled by one refresh (over the
** connection that the environment names), the old state beside it. record is
** called before that refresh, with arg. */
int cut_db_make(const char *path, int (*record)(void *arg), void *arg);

/* Opens a copy of it. */
int cut_db_open(struct cut_db *c, const char *path);
void cut_db_close(struct cut_db *c);

/* One refresh, and what it left. */
struct outcome {
  int rc;
  sqlite3_int64 returned; /* by a success */
  sqlite3_int64 count;    /* rows in the target now */
  int is_old, is_new;
  int log_agrees; /* the run's row says the same as rc */
  char message[512];
};
void cut_db_refresh(struct cut_db *c, struct outcome *o);

/* Puts the old state back. */
int cut_db_restore(struct cut_db *c);

#endif
