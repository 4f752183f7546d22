/*
** Every sync, one after the other.
**
**   SELECT ordersync_refresh_all();
**   SELECT ordersync_refresh_all('{"dry_run":true}');
*/
#ifndef ORDERSYNC_ALL_H
#define ORDERSYNC_ALL_H
#include "base/err.h"

/*
** Refreshes every sync in order of name, each with the same options, its own
** transaction, retries and deadline. One that fails does not keep the next from
** being tried; at the end e names those that failed, and why. *n_refreshed does
** not count those that are skipped because somebody else refreshes them, which
** is no failure. An interrupt, or no memory, ends it at once.
** ERR_MISUSE inside the caller's transaction, which would hold the write lock
** while all the servers are asked, and would undo one sync for another's sake.
*/
enum err_code all_refresh(sqlite3 *db, const char *options, int *n_refreshed,
                          struct err *e);

#endif
