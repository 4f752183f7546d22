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
#include "local/caller.h"
#include "local/install.h"
#include "mssql/mssql.h"
#include "report.h"
#include "sync/add.h"
#include "sync/all.h"
#include "sync/manage.h"
#include "sync/refresh.h"
#include "sync/update.h"

#include <string.h>

/* A call of one of the functions. */
struct call {
  sqlite3_context *context;
  sqlite3 *db;
  const char *args[3]; /* NULL for SQL NULL, and for what is not there */
  int n_args;
  struct err e;
};

/* A sentence as the result; NULL when there is none. */
static void give_text(struct call *c, char *text) {
  if (text) sqlite3_result_text(c->context, text, -1, sqlite3_free);
}

static void install(struct call *c) {
  const char *name = c->args[0];
  if (name && strcmp(name, "open_orders") != 0) {
    err_set(&c->e, ERR_CONFIG, "there is no \"%s\" to install", name);
    err_hint(&c->e, "valid are: 'open_orders', NULL, or nothing; a sync of "
                    "your own is made by ordersync_add()");
    return;
  }
  give_text(c, install_all(c->db,
                           c->n_args == 0 ? INSTALL_AUTO
                           : name         ? INSTALL_OPEN_ORDERS
                                          : INSTALL_TABLES,
                           &c->e));
}

static void refresh(struct call *c) {
  struct refresh_result result = {0};
  refresh_run(c->db, c->args[0], c->args[1], &result, &c->e);
  if (!result.skipped) sqlite3_result_int64(c->context, result.rows);
}

static void refresh_all(struct call *c) {
  int n_refreshed = 0;
  all_refresh(c->db, c->args[0], &n_refreshed, &c->e);
  sqlite3_result_int(c->context, n_refreshed);
}

static void add(struct call *c) {
  int n_columns = 0;
  add_sync(c->db, c->args[0], c->args[1], c->args[2], &n_columns, &c->e);
  sqlite3_result_int(c->context, n_columns);
}

static void update(struct call *c) {
  give_text(c, update_sync(c->db, c->args[0], c->args[1], &c->e));
}

static void rename_sync(struct call *c) {
  give_text(c, manage_rename(c->db, c->args[0], c->args[1], &c->e));
}

static void remove_sync(struct call *c) {
  give_text(c, manage_remove(c->db, c->args[0], c->args[1], &c->e));
}

static void sql(struct call *c) {
  give_text(c, refresh_sql(c->db, c->args[0], &c->e));
}

static void report(struct call *c) {
  int n_bytes = 0;
  char *html = report_html(c->db, &n_bytes, &c->e);
  if (html) sqlite3_result_text(c->context, html, n_bytes, sqlite3_free);
}

static const struct {
  const char *name;
  int fewest, most; /* arguments */
  void (*work)(struct call *);
} functions[] = {
    {"ordersync_install", 0, 1, install},
    {"ordersync_refresh", 0, 2, refresh},
    {"ordersync_refresh_all", 0, 1, refresh_all},
    {"ordersync_add", 2, 3, add},
    {"ordersync_update", 0, 2, update},
    {"ordersync_rename", 2, 2, rename_sync},
    {"ordersync_remove", 1, 2, remove_sync},
    {"ordersync_sql", 0, 1, sql},
    /* A view of a hostile file that calls it, and that it reads, would have no
    ** end: direct use only, though it neither writes nor calls out. */
    {"ordersync_report", 0, 0, report},
};
#define N_FUNCTIONS (sizeof functions / sizeof *functions)

/* One a connection, shared by its functions. */
struct app {
  int references;
  int busy; /* one of them is running: it must not be re-entered */
  struct function {
    struct app *app;
    void (*work)(struct call *);
  } functions[N_FUNCTIONS]; /* as sqlite3_user_data() has them */
};

static void app_release(void *p) {
  struct app *app = ((struct function *)p)->app;
  if (--app->references == 0) sqlite3_free(app);
}

/* Every function but ordersync_version. Not while the connection is at work
** already: a progress handler or a collation of the host may call back. */
static void call(sqlite3_context *context, int argc, sqlite3_value **argv) {
  const struct function *function = sqlite3_user_data(context);
  struct call c = {.context = context,
                   .db = sqlite3_context_db_handle(context),
                   .n_args = argc};
  if (function->app->busy) {
    err_set(&c.e, ERR_MISUSE,
            "ordersync is already at work on this connection");
    err_result(&c.e, context);
    return;
  }
  function->app->busy = 1;
  caller_check_encoding(c.db, &c.e);
  for (int i = 0; i < argc; i++) c.args[i] = sql_argument(argv[i], i + 1, &c.e);
  if (!c.e.code) function->work(&c);
  function->app->busy = 0;
  if (c.e.code) err_result(&c.e, context); /* instead of a result */
}

static void version(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc, (void)argv;
  char *json = sqlite3_mprintf(
      "{\"ordersync\":\"%s\",\"freetds\":\"%s\",\"sqlite\":\"%s\"}",
      ORDERSYNC_VERSION, mssql_library_version(), sqlite3_libversion());
  if (json)
    sqlite3_result_text(context, json, -1, sqlite3_free);
  else
    sqlite3_result_error_nomem(context);
}

static int register_functions(sqlite3 *db) {
  struct app *app = sqlite3_malloc64(sizeof *app);
  int rc = SQLITE_OK;
  if (!app) return SQLITE_NOMEM;
  app->references = 1; /* ours, until the loop is over */
  app->busy = 0;
  for (size_t i = 0; i < N_FUNCTIONS; i++) {
    struct function *function = &app->functions[i];
    *function = (struct function){app, functions[i].work};
    for (int n = functions[i].fewest; !rc && n <= functions[i].most; n++) {
      /* SQLite calls the destructor also when the registration fails. */
      app->references++;
      rc = sqlite3_create_function_v2(db, functions[i].name, n,
                                      SQLITE_UTF8 | SQLITE_DIRECTONLY, function,
                                      call, NULL, NULL, app_release);
    }
  }
  app_release(&app->functions[0]);
  if (rc) return rc;
  return sqlite3_create_function_v2(db, "ordersync_version", 0,
                                    SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL,
                                    version, NULL, NULL, NULL);
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
  caller_learn_encoding(db);
  rc = register_functions(db);
  if (rc == SQLITE_OK) rc = check_register(db);
  if (rc == SQLITE_OK) rc = catalog_register(db);
  if (rc == SQLITE_OK) rc = as_of_register(db);
  if (rc == SQLITE_OK) rc = vtab_register(db);
  return rc;
}
