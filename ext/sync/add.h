/*
** A new sync for any view, table or query.
**
**   SELECT ordersync_add('customers', 'dbo.vwCustomers');
**   SELECT ordersync_add('open', 'SELECT a, b FROM dbo.t WHERE c = 1',
**                        '{"profile":"reporting","target":"open_rows"}');
*/
#ifndef ORDERSYNC_ADD_H
#define ORDERSYNC_ADD_H
#include "base/err.h"

/*
** Reads the columns from the server, creates the target (named as the sync
** unless the options say {"target":...}; an existing table must have the
** columns) and the rows in ordersync_syncs and ordersync_columns, and these
** tables where they are not there. Options are
** those of a refresh that a sync keeps, and target. All or nothing; ERR_CONFIG
** when the sync exists already. *n_columns gets their number.
*/
enum err_code add_sync(sqlite3 *db, const char *name, const char *source,
                       const char *options, int *n_columns, struct err *e);

#endif
