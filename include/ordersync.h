/*
** ordersync: any SQL Server view, queried live and snapshotted locally.
**
**   SELECT load_extension('./ordersync');       -- or .load ./ordersync
**   SELECT ordersync_install();
**   SELECT ordersync_refresh();
**
** This header is the whole C interface: the version, and the entry point that
** SQLite calls when it loads the extension. A program can have it inside
** instead: `make static` builds build/libordersync.a, `make -s libs` prints
** what to link behind that, and each database opened after this call has it:
**
**   sqlite3_auto_extension((void (*)(void))sqlite3_ordersync_init);
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
** Adds to one database connection the functions ordersync_install and so on,
** the table-valued ones, and the module ordersync: README, "SQL reference".
** Touches neither the network nor the database, nor any state of the process.
** Linked statically, it does without pApi, which may be NULL.
**
** Returns SQLITE_OK or an error's code; where SQLite is older than
** ORDERSYNC_SQLITE_FLOOR, SQLITE_ERROR with a text in *pzErrMsg, which the
** caller frees by sqlite3_free(). Once loaded the library stays in the process.
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
