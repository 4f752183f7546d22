/*
** The entry point: what loading adds to a connection, and how the SQL
** arguments are unpacked. The work is elsewhere.
**
**   ordersync_install([what])           ordersync_refresh([sync [, options]])
**   ordersync_add(sync, source [, options])
**   ordersync_update([sync [, options]])
**   ordersync_rename(sync, new_name)    ordersync_remove(sync [, options])
**   ordersync_refresh_all([options])
**   ordersync_sql([sync])               ordersync_check([sync])
**   ordersync_catalog([profile])        ordersync_report()
**   ordersync_as_of(sync, at)
**   ordersync_version()                 ordersync (virtual table)
*/
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1
#include "ordersync.h"

#include "as_of.h"
#include "base/sql.h"
#include "catalog.h"
#include "check.h"
#include "live/vtab.h"
#include "local/install.h"
#include "mssql/mssql.h"
#include "report.h"
#include "sync/add.h"
#include "sync/all.h"
#include "sync/manage.h"
#include "sync/refresh.h"
#include "sync/update.h"

#include <string.h>

/* One a connection; shared by its functions through sqlite3_user_data(). */
struct app {
  int references;
  int busy; /* a function that writes is running: it must not be re-entered */
};

static void app_release(void *p) {
  struct app *app = p;
  if (--app->references == 0) sqlite3_free(app);
}

/* NULL also for an argument that is not there. */
static const char *text_argument(int argc, sqlite3_value **argv, int i,
                                 struct err *e) {
  return i < argc ? sql_argument(argv[i], i + 1, e) : NULL;
}

/* Not while the connection is at work already: a progress handler or a
** collation of the host may call back. NULL then, and e is set. */
static struct app *enter(sqlite3_context *context, struct err *e) {
  struct app *app = sqlite3_user_data(context);
  if (app->busy) {
    err_set(e, ERR_MISUSE, "ordersync is already at work on this connection");
    return NULL;
  }
  app->busy = 1;
  return app;
}

/* Raises what went wrong, instead of the result. Accepts NULL. */
static void leave(struct app *app, sqlite3_context *context,
                  const struct err *e) {
  if (app) app->busy = 0;
  if (e->code) err_result(e, context);
}

/* A sentence as the result; NULL when there is none. */
static void give_text(sqlite3_context *context, char *text) {
  if (text) sqlite3_result_text(context, text, -1, sqlite3_free);
}

static enum install_what install_argument(int argc, sqlite3_value **argv,
                                          struct err *e) {
  const char *what = text_argument(argc, argv, 0, e);
  if (argc == 0) return INSTALL_AUTO;
  if (!what && !e->code) return INSTALL_TABLES;
  if (!e->code && strcmp(what, "open_orders") != 0) {
    err_set(e, ERR_CONFIG, "there is no \"%s\" to install", what);
    err_hint(e, "valid are: 'open_orders', NULL, or nothing; a sync of your "
                "own is made by ordersync_add()");
  }
  return INSTALL_OPEN_ORDERS;
}

static void install_function(sqlite3_context *context, int argc,
                             sqlite3_value **argv) {
  struct err e = {0};
  struct app *app = enter(context, &e);
  enum install_what what = install_argument(argc, argv, &e);
  if (!e.code) {
    give_text(context,
              install_all(sqlite3_context_db_handle(context), what, &e));
  }
  leave(app, context, &e);
}

static void refresh_function(sqlite3_context *context, int argc,
                             sqlite3_value **argv) {
  struct err e = {0};
  struct app *app = enter(context, &e);
  struct refresh_result result = {0};
  const char *sync = text_argument(argc, argv, 0, &e);
  const char *options = text_argument(argc, argv, 1, &e);
  if (!e.code) {
    refresh_run(sqlite3_context_db_handle(context), sync, options, &result, &e);
  }
  if (!result.skipped) sqlite3_result_int64(context, result.rows);
  leave(app, context, &e);
}

static void add_function(sqlite3_context *context, int argc,
                         sqlite3_value **argv) {
  struct err e = {0};
  struct app *app = enter(context, &e);
  const char *sync = text_argument(argc, argv, 0, &e);
  const char *source = text_argument(argc, argv, 1, &e);
  const char *options = text_argument(argc, argv, 2, &e);
  int n_columns = 0;
  if (!e.code) {
    add_sync(sqlite3_context_db_handle(context), sync, source, options,
             &n_columns, &e);
  }
  sqlite3_result_int(context, n_columns);
  leave(app, context, &e);
}

static void update_function(sqlite3_context *context, int argc,
                            sqlite3_value **argv) {
  struct err e = {0};
  struct app *app = enter(context, &e);
  const char *sync = text_argument(argc, argv, 0, &e);
  const char *options = text_argument(argc, argv, 1, &e);
  if (!e.code) {
    give_text(context, update_sync(sqlite3_context_db_handle(context), sync,
                                   options, &e));
  }
  leave(app, context, &e);
}

static void rename_function(sqlite3_context *context, int argc,
                            sqlite3_value **argv) {
  struct err e = {0};
  struct app *app = enter(context, &e);
  const char *sync = text_argument(argc, argv, 0, &e);
  const char *new_name = text_argument(argc, argv, 1, &e);
  if (!e.code) {
    give_text(context, manage_rename(sqlite3_context_db_handle(context), sync,
                                     new_name, &e));
  }
  leave(app, context, &e);
}

static void remove_function(sqlite3_context *context, int argc,
                            sqlite3_value **argv) {
  struct err e = {0};
  struct app *app = enter(context, &e);
  const char *sync = text_argument(argc, argv, 0, &e);
  const char *options = text_argument(argc, argv, 1, &e);
  if (!e.code) {
    give_text(context, manage_remove(sqlite3_context_db_handle(context), sync,
                                     options, &e));
  }
  leave(app, context, &e);
}

static void refresh_all_function(sqlite3_context *context, int argc,
                                 sqlite3_value **argv) {
  struct err e = {0};
  struct app *app = enter(context, &e);
  const char *options = text_argument(argc, argv, 0, &e);
  int n_refreshed = 0;
  if (!e.code) {
    all_refresh(sqlite3_context_db_handle(context), options, &n_refreshed, &e);
  }
  sqlite3_result_int(context, n_refreshed);
  leave(app, context, &e);
}

static void sql_function(sqlite3_context *context, int argc,
                         sqlite3_value **argv) {
  struct err e = {0};
  const char *sync = text_argument(argc, argv, 0, &e);
  char *sql =
      e.code ? NULL : refresh_sql(sqlite3_context_db_handle(context), sync, &e);
  if (sql)
    sqlite3_result_text(context, sql, -1, sqlite3_free);
  else
    err_result(&e, context);
}

static void report_function(sqlite3_context *context, int argc,
                            sqlite3_value **argv) {
  struct err e = {0};
  struct app *app = enter(context, &e);
  int n_bytes = 0;
  char *html = NULL;
  (void)argc;
  (void)argv;
  if (app) html = report_html(sqlite3_context_db_handle(context), &n_bytes, &e);
  if (html) sqlite3_result_text(context, html, n_bytes, sqlite3_free);
  leave(app, context, &e);
}

static void version_function(sqlite3_context *context, int argc,
                             sqlite3_value **argv) {
  char *json = sqlite3_mprintf(
      "{\"ordersync\":\"%s\",\"freetds\":\"%s\",\"sqlite\":\"%s\"}",
      ORDERSYNC_VERSION, mssql_library_version(), sqlite3_libversion());
  (void)argc;
  (void)argv;
  if (json)
    sqlite3_result_text(context, json, -1, sqlite3_free);
  else
    sqlite3_result_error_nomem(context);
}

static const struct {
  const char *name;
  int fewest, most; /* arguments */
  int flags;
  void (*function)(sqlite3_context *, int, sqlite3_value **);
} functions[] = {
    {"ordersync_install", 0, 1, SQLITE_DIRECTONLY, install_function},
    {"ordersync_refresh", 0, 2, SQLITE_DIRECTONLY, refresh_function},
    {"ordersync_add", 2, 3, SQLITE_DIRECTONLY, add_function},
    {"ordersync_update", 0, 2, SQLITE_DIRECTONLY, update_function},
    {"ordersync_rename", 2, 2, SQLITE_DIRECTONLY, rename_function},
    {"ordersync_remove", 1, 2, SQLITE_DIRECTONLY, remove_function},
    {"ordersync_refresh_all", 0, 1, SQLITE_DIRECTONLY, refresh_all_function},
    {"ordersync_sql", 0, 1, SQLITE_DIRECTONLY, sql_function},
    /* A view of a hostile file that calls it, and that it reads, would have no
    ** end: direct use only, though it neither writes nor calls out. */
    {"ordersync_report", 0, 0, SQLITE_DIRECTONLY, report_function},
    {"ordersync_version", 0, 0, SQLITE_INNOCUOUS, version_function},
};

static int register_functions(sqlite3 *db) {
  struct app *app = sqlite3_malloc64(sizeof *app);
  int rc = SQLITE_OK;
  if (!app) return SQLITE_NOMEM;
  app->references = 1; /* ours, until the loop is over */
  app->busy = 0;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    for (int n = functions[i].fewest; !rc && n <= functions[i].most; n++) {
      /* SQLite calls the destructor also when the registration fails. */
      app->references++;
      rc = sqlite3_create_function_v2(
          db, functions[i].name, n, SQLITE_UTF8 | functions[i].flags, app,
          functions[i].function, NULL, NULL, app_release);
    }
  }
  app_release(app);
  return rc;
}

int sqlite3_ordersync_init(sqlite3 *db, char **pzErrMsg,
                           const struct sqlite3_api_routines *pApi) {
  int rc;
  SQLITE_EXTENSION_INIT2(pApi)
  if (sqlite3_libversion_number() < ORDERSYNC_SQLITE_FLOOR) {
    *pzErrMsg =
        sqlite3_mprintf("ordersync " ORDERSYNC_VERSION
                        " needs SQLite 3.38.0 or newer; this program has %s",
                        sqlite3_libversion());
    return SQLITE_ERROR;
  }
  rc = register_functions(db);
  if (rc == SQLITE_OK) rc = check_register(db);
  if (rc == SQLITE_OK) rc = catalog_register(db);
  if (rc == SQLITE_OK) rc = as_of_register(db);
  if (rc == SQLITE_OK) rc = vtab_register(db);
  return rc;
}
