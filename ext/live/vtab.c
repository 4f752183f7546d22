/*
** The module: registering, connecting, creating, dropping, renaming.
**
**   SELECT * FROM ordersync;                       -- eponymous
**   CREATE VIRTUAL TABLE x USING ordersync(...);
**
** SQLite makes a module eponymous when xCreate and xConnect are the same
** function, so one function serves both. Only a CREATE VIRTUAL TABLE that is
** running may reach the network: a database file that is merely opened, or
** looked at with .schema, never makes a program call out.
*/
#include "live/vtab.h"

#include "base/sql.h"
#include "live/cursor.h"
#include "live/plan.h"

#include <string.h>

static void table_free(struct live_table *t) {
  if (!t) return;
  vtab_args_clear(&t->args);
  columns_clear(t);
  sqlite3_free(t->schema);
  sqlite3_free(t->name);
  sqlite3_free(t->broken);
  sqlite3_free(t->base.zErrMsg); /* xDestroy's, which SQLite leaves */
  sqlite3_free(t);
}

static int is_creating(sqlite3 *db, const char *schema) {
  if (sqlite3_txn_state(db, schema) != SQLITE_TXN_WRITE) return 0;
  for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s;
       s = sqlite3_next_stmt(db, s)) {
    if (sqlite3_stmt_busy(s) &&
        sql_begins(sqlite3_sql(s), "CREATE", "VIRTUAL")) {
      return 1;
    }
  }
  return 0;
}

/* Views and triggers of the file may use the live view only where the profile,
** which is not in the file, says so. */
static int allowed_in_schema(const struct live_table *t) {
  struct profile prof = {0};
  struct err e = {0};
  int allowed = 0;
  if (!t->broken && !profile_load(&prof, t->map.profile, &e)) {
    allowed = prof.allow_in_schema;
  }
  profile_clear(&prof);
  return allowed;
}

/* argv: module, schema, table, arguments. */
static struct live_table *table_new(sqlite3 *db, struct pool *pool, int argc,
                                    const char *const *argv, struct err *e) {
  struct live_table *t = sqlite3_malloc64(sizeof *t);
  int creating;
  if (!t) {
    err_nomem(e);
    return NULL;
  }
  memset(t, 0, sizeof *t);
  t->pool = pool;
  t->schema = sqlite3_mprintf("%s", argv[1]);
  t->name = sqlite3_mprintf("%s", argv[2]);
  if (!t->schema || !t->name) err_nomem(e);
  /* The eponymous table has the module's name; CREATE VIRTUAL TABLE refuses
  ** to make another of it. */
  t->eponymous = argc == 3 && sqlite3_stricmp(argv[0], argv[2]) == 0;
  creating = !e->code && !t->eponymous && is_creating(db, t->schema);
  if (!vtab_args_parse(&t->args, argc - 3, argv + 3, e)) {
    columns_load(t, creating, e);
  }
  /* What is wrong in the database must not keep a table from being dropped.
  ** Other failures pass, and SQLite tries again after some of them. */
  if (e->code == ERR_CONFIG && !creating && !t->eponymous) {
    t->broken = sqlite3_mprintf("%s", e->text);
    if (t->broken) err_reset(e);
  }
  if (!e->code && sqlite3_declare_vtab(db, t->broken ? "CREATE TABLE x(broken)"
                                                     : t->told.declaration)) {
    err_sqlite(e, db, "declaring the columns");
  }
  if (!e->code) return t;
  table_free(t);
  return NULL;
}

static int table_connect(sqlite3 *db, void *aux, int argc,
                         const char *const *argv, sqlite3_vtab **out,
                         char **message) {
  struct err e = {0};
  struct live_table *t = table_new(db, aux, argc, argv, &e);
  if (!t) return err_vtab(&e, message);
  t->allowed_in_schema = allowed_in_schema(t);
  if (!t->allowed_in_schema) {
    sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  }
  *out = &t->base;
  return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *base) {
  table_free((struct live_table *)base);
  return SQLITE_OK;
}

static int table_destroy(sqlite3_vtab *base) {
  struct live_table *t = (struct live_table *)base;
  struct err e = {0};
  if (columns_drop(t, &e)) return err_vtab(&e, &base->zErrMsg);
  table_free(t);
  return SQLITE_OK;
}

static int table_rename(sqlite3_vtab *base, const char *name) {
  struct live_table *t = (struct live_table *)base;
  struct err e = {0};
  if (columns_rename(t, name, &e)) return err_vtab(&e, &base->zErrMsg);
  return SQLITE_OK;
}

/* No xUpdate: SQLite itself says, before anything runs, that the table may not
** be modified. */
static const sqlite3_module module = {
    .iVersion = 3,
    .xCreate = table_connect,
    .xConnect = table_connect,
    .xBestIndex = plan_best_index,
    .xDisconnect = table_disconnect,
    .xDestroy = table_destroy,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
    .xRename = table_rename,
    .xShadowName = columns_is_shadow,
};

int vtab_register(sqlite3 *db) {
  struct pool *pool = sqlite3_malloc64(sizeof *pool);
  if (!pool) return SQLITE_NOMEM;
  memset(pool, 0, sizeof *pool);
  pool->db = db;
  /* SQLite calls the destructor also when the registration fails. */
  return sqlite3_create_module_v2(db, "ordersync", &module, pool, pool_free);
}
