/*
** Has the user pressed Ctrl-C or called sqlite3_interrupt()?
**
** From 3.41 on SQLite can be asked. Before, a prepared "SELECT 1" that is
** stepped fails with SQLITE_INTERRUPT while the flag is set and the calling
** statement is active. A host's progress handler, which is another way of
** cancelling, only runs while the virtual machine does: a short query every
** 100 ms gives it the chance.
*/
#ifndef ORDERSYNC_INTERRUPT_H
#define ORDERSYNC_INTERRUPT_H
#include "base/err.h"

struct interrupt {
  sqlite3 *db;         /* borrowed */
  sqlite3_stmt *probe; /* owned */
  sqlite3_stmt *tick;  /* owned */
  sqlite3_int64 ticked_ms;
  int seen;
  void (*on_tick)(void *); /* called every 100 ms or so; NULL: nobody */
  void *on_tick_arg;       /* borrowed */
};

/* Starts to watch db, which must outlive i. on_tick is NULL afterwards: whoever
** wants to be called sets it then. ERR_NOMEM or ERR_LOCAL; then there is
** nothing to close. */
enum err_code interrupt_open(struct interrupt *i, sqlite3 *db, struct err *e);
/* Frees; accepts a cleared one. */
void interrupt_close(struct interrupt *i);

/* Non-zero once interrupted, and from then on. arg is the struct interrupt, as
** struct mssql_hooks wants it. */
int interrupt_pending(void *arg);

/* Sleeps until the monotonic time `until_ms`, or until interrupted. */
void interrupt_sleep(struct interrupt *i, sqlite3_int64 until_ms);

#endif
