/*
** What a sync's table was.
**
**   SELECT key, row ->> '$.qty' FROM ordersync_as_of('open_orders',
**     '2025-03-01 12:00:00');
*/
#ifndef ORDERSYNC_AS_OF_H
#define ORDERSYNC_AS_OF_H
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3

/* Registers the table-valued function; SQLite's code. */
int as_of_register(sqlite3 *db);

#endif
