/*
** The run lock: one refresh of a sync at a time, over all processes.
**
** flock() on <database file>-ordersync-<sync>.lock. The kernel drops it when
** the process dies, however it dies, so there is never a stale one. The file
** itself stays: removing it would race with a process that has just opened
** it.
*/
#ifndef ORDERSYNC_LOCK_H
#define ORDERSYNC_LOCK_H
#include "base/err.h"

/*
** Tries once. *fd is the held lock, or -1 with ERR_NONE when somebody else
** holds it (*busy = 1) or when the database has no file (*busy = 0: nobody
** else can reach it). ERR_LOCAL names the lock file that cannot be made.
*/
enum err_code lock_acquire(sqlite3 *db, const char *sync, int *fd, int *busy,
                           struct err *e);

/* Accepts -1. */
void lock_release(int fd);

#endif
