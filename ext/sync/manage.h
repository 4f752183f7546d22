/*
** Taking a sync away, and giving it another name.
**
**   SELECT ordersync_remove('customers');
**   SELECT ordersync_remove('customers', '{"drop_table":true}');
**   SELECT ordersync_rename('customers', 'clients');
**
** Both hold the run lock, so that no refresh of the sync is at work, and work
** in one transaction (a savepoint inside the caller's). Both return a sentence
** that says what is left, to be freed by sqlite3_free(); NULL with e set.
*/
#ifndef ORDERSYNC_MANAGE_H
#define ORDERSYNC_MANAGE_H
#include "sync/lock.h"

/*
** Deletes the sync's row and its mapping, and by options its target
** ("drop_table") and its runs ("drop_runs"), which stay otherwise. A mapping
** that does not load does not matter. ERR_CONFIG where the target is no plain
** table, another sync has it too, or a foreign key of another table points at
** it.
*/
char *manage_remove(sqlite3 *db, const char *name, const char *options,
                    struct err *e);

/* The row, the mapping and the runs get the new name; the target keeps its
** own. ERR_CONFIG where the new name is taken, or a removed sync of that name
** has left successful runs, which would be taken for this one's. */
char *manage_rename(sqlite3 *db, const char *name, const char *new_name,
                    struct err *e);

/* ERR_CONFIG where the log has a success of an earlier sync of that name. */
enum err_code manage_check_runs(sqlite3 *db, const char *name, struct err *e);

/* ERR_LOCAL where something that was written is not there: a trigger or an
** authorizer ignores it. */
enum err_code manage_written(sqlite3_int64 is_there, struct err *e);

/* ERR_LOCAL where the configuration has not as many rows of that sync as were
** written a moment ago. */
enum err_code manage_check_written(sqlite3 *db, const char *name, int n_syncs,
                                   sqlite3_int64 n_columns, struct err *e);

/* The run lock, or ERR_LOCAL (SQLITE_BUSY) where a refresh has it. */
enum err_code manage_lock(sqlite3 *db, const char *name, struct lock *lock,
                          struct err *e);

#endif
