/*
** Creates or upgrades what lives in the database.
**
**   SELECT ordersync_install();
*/
#ifndef ORDERSYNC_INSTALL_H
#define ORDERSYNC_INSTALL_H
#include "base/err.h"

/* The config tables, the run log and the status view, without open_orders. A
** table of an older version gets the columns that it lacks, and its runs the
** words of today; no other row is touched. Idempotent. One transaction (a
** savepoint inside the caller's). */
enum err_code install_schema(sqlite3 *db, struct err *e);

/* The same and open_orders: the table, its indexes, its sync and its 68-column
** mapping. What is there already is kept. *decimals tells whether a column is
** mapped by kind decimal: what such ones hold was TEXT before, and is REAL, up
** to 15 digits, from their next refresh on. */
enum err_code install_all(sqlite3 *db, int *decimals, struct err *e);

#endif
