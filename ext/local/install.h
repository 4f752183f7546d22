/*
** Creates or upgrades what lives in the database.
**
**   SELECT ordersync_install();
**   SELECT ordersync_install('open_orders');
**   SELECT ordersync_install(NULL);
*/
#ifndef ORDERSYNC_INSTALL_H
#define ORDERSYNC_INSTALL_H
#include "base/err.h"

enum install_what {
  INSTALL_AUTO,       /* open_orders where it is, or where no sync is */
  INSTALL_TABLES,     /* the tables of sql/schema.sql only */
  INSTALL_OPEN_ORDERS /* and the table, sync and mapping of open_orders.sql */
};

/*
** The config tables, the run log, the status view and perhaps open_orders: the
** table, its indexes, its sync and its 68-column mapping. What is there already
** is kept. A table of an older version gets the columns that it lacks, and its
** runs the words of today; no other row is touched. Idempotent. One transaction
** (a savepoint inside the caller's), and before it install_prefer_wal().
** Returns a sentence for the user, to be freed by sqlite3_free(): where it was
** an older version's, also that columns of kind decimal, which held TEXT there,
** hold REAL from their next refresh on, and that a journal which is no WAL
** makes readers wait. NULL with e set on failure.
*/
char *install_all(sqlite3 *db, enum install_what what, struct err *e);

/* The same inside a transaction that the caller has opened, and guarded by
** txn_guard(). */
enum err_code install_tables(sqlite3 *db, int with_open_orders, struct err *e);

/* Turns a file in which nothing is yet to WAL, so that readers go on while a
** refresh writes. What has a page has an owner, who decided, and so has whoever
** set another mode; where WAL does not work, or inside a transaction, nothing
** happens. */
void install_prefer_wal(sqlite3 *db);

#endif
