/*
** The run lock: one refresh of a sync at a time, over all processes.
**
** flock() on <database file>-ordersync-<sync>.lock. The kernel drops it when
** the process dies, however it dies, so there is never a stale one. The file
** itself stays: removing it would race with a process that has just opened
** it.
**
** A database in memory has no file, and no other process can reach it, but
** other connections of this one may: cache=shared. (What they share by the VFS
** "memdb" is not seen to be the same.)
*/
#ifndef ORDERSYNC_LOCK_H
#define ORDERSYNC_LOCK_H
#include "base/err.h"

/* Starts zeroed: not held. */
struct lock {
  int has_fd, fd;
  sqlite3_vfs *mark; /* of a database in memory; owned */
};

/* Tries once. *busy: somebody else holds it. ERR_LOCAL names the lock file that
** cannot be made. */
enum err_code lock_acquire(struct lock *lock, sqlite3 *db, const char *sync,
                           int *busy, struct err *e);

/* Accepts one that is not held. */
void lock_release(struct lock *lock);

#endif
