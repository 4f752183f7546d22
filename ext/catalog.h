/*
** What there is to read on the server.
**
**   SELECT schema, name, type FROM ordersync_catalog;
**   SELECT name, c.value ->> 'name', c.value ->> 'type'
**   FROM ordersync_catalog('sales'), json_each(columns) c;
**   SELECT ordersync_add(name, source) FROM ordersync_catalog
**   WHERE schema = 'sales';
*/
#ifndef ORDERSYNC_CATALOG_H
#define ORDERSYNC_CATALOG_H
#include "base/err.h"

/*
** Registers the table-valued function ordersync_catalog([profile]): a row for
** each table, view, and synonym of one, that the login may read. Its columns
** are schema, name, type ('table', 'view', 'synonym'), source (for
** ordersync_add: the quoted name, or a query where a column may not be read),
** primary_key (as ordersync_add names its columns; NULL: none) and columns, a
** JSON array of {"name", "type", "kind", "nullable", "key"} (NULL: a synonym of
** another database, whose columns this one does not tell). Direct use only: it
** reaches the network. Returns SQLite's code.
*/
int catalog_register(sqlite3 *db);

#endif
