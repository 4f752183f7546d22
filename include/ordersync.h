/*
** ordersync: any SQL Server view, queried live and snapshotted locally.
**
**   SELECT load_extension('./ordersync');       -- or .load ./ordersync
**   SELECT ordersync_install();
**   SELECT ordersync_refresh();
**
** This header is the whole C interface: the entry point that SQLite calls
** when it loads the extension, and the version. A program that links the
** sources statically (-DSQLITE_CORE) hands sqlite3_ordersync_init to
** sqlite3_auto_extension.
*/
#ifndef ORDERSYNC_H
#define ORDERSYNC_H

#include <sqlite3.h>

#define ORDERSYNC_VERSION "0.1.0"

/* The oldest SQLite that the extension works with: sqlite3_vtab_in() and
** sqlite3_vtab_rhs_value() appeared in 3.38.0. */
#define ORDERSYNC_SQLITE_FLOOR 3038000
#if SQLITE_VERSION_NUMBER < ORDERSYNC_SQLITE_FLOOR
#error "ordersync needs SQLite 3.38.0 or newer; this sqlite3.h is older"
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct sqlite3_api_routines;

/*
** Registers the functions ordersync_install, _refresh, _add, _sql, _version,
** the table-valued function ordersync_check and the module ordersync with
** one database connection.
**
** Returns SQLITE_OK_LOAD_PERMANENTLY (FreeTDS and its TLS library must not
** be unloaded under a running host), or SQLITE_ERROR with *pzErrMsg set,
** allocated by sqlite3_malloc and owned by the caller, when SQLite is older
** than ORDERSYNC_SQLITE_FLOOR. Touches neither the network nor the database.
*/
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
int sqlite3_ordersync_init(sqlite3 *db, char **pzErrMsg,
                           const struct sqlite3_api_routines *pApi);

#ifdef __cplusplus
}
#endif
#endif
