/*
** The live view: SQL Server's rows as a virtual table.
**
**   SELECT * FROM ordersync WHERE plant = 8800 LIMIT 10;
**   CREATE VIRTUAL TABLE temp.customers USING ordersync(sync=customers);
**   CREATE VIRTUAL TABLE temp.stock USING ordersync(source='dbo.vwStock',
**                                                   profile=reporting);
**   CREATE VIRTUAL TABLE temp.late USING ordersync(query='SELECT ...');
*/
#ifndef ORDERSYNC_VTAB_H
#define ORDERSYNC_VTAB_H
#include "base/err.h"

/* Registers the module ordersync. Returns SQLite's code. */
int vtab_register(sqlite3 *db);

#endif
