/*
** Creates a sync from what the server says.
*/
#include "sync/add.h"

#include "base/clock.h"
#include "base/sql.h"
#include "local/install.h"
#include "local/target.h"
#include "local/txn.h"
#include "source/reader.h"

#include <string.h>

struct add {
  sqlite3 *db; /* borrowed, as are the next three */
  const char *name;
  const char *source;
  const char *options; /* JSON or NULL */
  char *target;        /* owned */
  char *profile;       /* owned */
  struct remote_columns columns;
  char **names; /* owned: the target's column names */
};

/* ---- arguments --------------------------------------------------------- */

/* One option, as text; NULL when it is not given. */
static char *option_text(struct add *a, const char *key, struct err *e) {
  sqlite3_stmt *stmt;
  char *text = NULL;
  if (e->code || !a->options) return NULL;
  stmt =
      sql_prepare(a->db, e, "SELECT atom FROM json_each(?1) WHERE key=%Q", key);
  if (!stmt) return NULL;
  sqlite3_bind_text(stmt, 1, a->options, -1, SQLITE_STATIC);
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    const char *atom = (const char *)sqlite3_column_text(stmt, 0);
    if (atom) text = sqlite3_mprintf("%s", atom);
    if (atom && !text) err_nomem(e);
  }
  if (sqlite3_finalize(stmt) != SQLITE_OK) {
    err_set(e, ERR_CONFIG, "the options are not JSON: %s", a->options);
  }
  return text;
}

/* The options without "target", which mapping_options() does not know. */
static char *other_options(struct add *a, struct err *e) {
  sqlite3_stmt *stmt;
  char *text = NULL;
  if (e->code || !a->options) return NULL;
  stmt = sql_prepare(a->db, e, "SELECT json_remove(?1, '$.target')");
  if (!stmt) return NULL;
  sqlite3_bind_text(stmt, 1, a->options, -1, SQLITE_STATIC);
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    text = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 0));
  }
  sqlite3_finalize(stmt);
  if (!text) err_nomem(e);
  return text;
}

static enum err_code read_arguments(struct add *a, struct err *e) {
  if (!a->name || !*a->name) {
    return err_set(e, ERR_CONFIG, "the sync's name must not be empty");
  }
  if (!a->source || !*a->source) {
    return err_set(e, ERR_CONFIG, "sync \"%s\": the source must not be empty",
                   a->name);
  }
  a->target = option_text(a, "target", e);
  a->profile = option_text(a, "profile", e);
  if (e->code) return e->code;
  if (!a->target) a->target = sqlite3_mprintf("%s", a->name);
  if (!a->target) {
    err_nomem(e);
    return ERR_NOMEM;
  }
  return ERR_NONE;
}

static enum err_code check_new(struct add *a, struct err *e) {
  sqlite3_stmt *stmt = sql_prepare(
      a->db, e, "SELECT 1 FROM main.ordersync_syncs WHERE name=%Q", a->name);
  if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
    err_set(e, ERR_CONFIG, "there is already a sync \"%s\"", a->name);
    err_hint(e, "to start afresh, delete its rows in ordersync_syncs and "
                "ordersync_columns");
  }
  sqlite3_finalize(stmt);
  return e->code;
}

/* ---- the server's columns ---------------------------------------------- */

static enum err_code discover(struct add *a, struct err *e) {
  struct profile prof = {0};
  struct interrupt interrupt = {0};
  struct reader r = {
      .profile = &prof, .interrupt = &interrupt, .use = MSSQL_LIVE};
  if (interrupt_open(&interrupt, a->db, e)) goto done;
  if (profile_load(&prof, a->profile, e)) goto done;
  reader_describe(&r, a->source, NULL, &a->columns, e);
done:
  reader_close(&r);
  profile_clear(&prof);
  interrupt_close(&interrupt);
  return e->code;
}

static int name_taken(const struct add *a, int n, const char *name) {
  for (int i = 0; i < n; i++) {
    if (sqlite3_stricmp(a->names[i], name) == 0) return 1;
  }
  return 0;
}

/* snake_case, and a number behind it where two would be alike. */
static enum err_code make_names(struct add *a, struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)a->columns.count;
  a->names = sqlite3_malloc64(n * sizeof *a->names);
  if (!a->names) return err_nomem(e);
  memset(a->names, 0, n * sizeof *a->names);
  for (int i = 0; i < a->columns.count; i++) {
    char *base = mapping_snake_case(a->columns.items[i].name);
    char *name = NULL;
    if (base && !*base) {
      sqlite3_free(base);
      base = sqlite3_mprintf("column_%d", i + 1);
    }
    name = base ? sqlite3_mprintf("%s", base) : NULL;
    for (int k = 2; name && name_taken(a, i, name); k++) {
      sqlite3_free(name);
      name = sqlite3_mprintf("%s_%d", base, k);
    }
    sqlite3_free(base);
    a->names[i] = name;
    if (!name) return err_nomem(e);
  }
  return ERR_NONE;
}

/* ---- writing ----------------------------------------------------------- */

static enum err_code exec_text(struct add *a, char *sql, struct err *e) {
  if (!sql)
    err_nomem(e);
  else if (!e->code && sqlite3_exec(a->db, sql, 0, 0, 0)) {
    err_sqlite(e, a->db, "creating the sync");
  }
  sqlite3_free(sql);
  return e->code;
}

/* "aux.t" means the table t of the attached database aux. */
static enum err_code create_target(struct add *a, struct err *e) {
  const char *dot = strchr(a->target, '.');
  sqlite3_str *sql = sqlite3_str_new(NULL);
  sqlite3_str_appendall(sql, "CREATE TABLE IF NOT EXISTS ");
  if (dot) {
    sqlite3_str_appendf(sql, "\"%.*w\".\"%w\"(", (int)(dot - a->target),
                        a->target, dot + 1);
  } else {
    sqlite3_str_appendf(sql, "main.\"%w\"(", a->target);
  }
  for (int i = 0; i < a->columns.count; i++) {
    enum remote_type type = a->columns.items[i].type;
    sqlite3_str_appendf(sql, "%s\"%w\" %s", i ? ", " : "", a->names[i],
                        value_kind_decl(value_kind_default(type), type));
  }
  sqlite3_str_appendall(sql, ")");
  return exec_text(a, sqlite3_str_finish(sql), e);
}

static enum err_code insert_columns(struct add *a, struct err *e) {
  sqlite3_stmt *stmt = sql_prepare(
      a->db, e,
      "INSERT INTO main.ordersync_columns(sync, position, source_column, "
      "target_column, kind, source_type) VALUES(?1,?2,?3,?4,?5,?6)");
  for (int i = 0; i < a->columns.count && !e->code; i++) {
    const struct remote_column *c = &a->columns.items[i];
    sqlite3_bind_text(stmt, 1, a->name, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 2, i + 1);
    sqlite3_bind_text(stmt, 3, c->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, a->names[i], -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 5, value_kind_name(value_kind_default(c->type)), -1,
                      SQLITE_STATIC);
    sqlite3_bind_text(stmt, 6, remote_type_name(c->type), -1, SQLITE_STATIC);
    sqlite3_step(stmt);
    if (sqlite3_reset(stmt)) err_sqlite(e, a->db, "creating the mapping");
  }
  sqlite3_finalize(stmt);
  return e->code;
}

/* The settings among the options become the row's. */
static enum err_code store_options(struct add *a, struct err *e) {
  sqlite3_stmt *stmt;
  if (!a->options || e->code) return e->code;
  stmt = sql_prepare(a->db, e,
                     "SELECT j.key, j.atom FROM json_each(?1) j JOIN "
                     "pragma_table_info('ordersync_syncs', 'main') c ON "
                     "c.name = j.key WHERE j.key <> 'target'");
  if (!stmt) return e->code;
  sqlite3_bind_text(stmt, 1, a->options, -1, SQLITE_STATIC);
  while (!e->code && sqlite3_step(stmt) == SQLITE_ROW) {
    sqlite3_stmt *set = sql_prepare(
        a->db, e, "UPDATE main.ordersync_syncs SET \"%w\"=?1 WHERE name=%Q",
        sqlite3_column_text(stmt, 0), a->name);
    if (!set) break;
    sqlite3_bind_value(set, 1, sqlite3_column_value(stmt, 1));
    sqlite3_step(set);
    if (sqlite3_finalize(set)) err_sqlite(e, a->db, "storing the options");
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, a->db, "reading the options");
  return e->code;
}

/* Reads back what was written, so that the sync that is left works. */
static enum err_code check_result(struct add *a, struct err *e) {
  struct mapping map = {0};
  struct target target = {0};
  char *options = other_options(a, e);
  if (!e->code && !mapping_load(&map, a->db, a->name, e) &&
      !mapping_options(&map, a->db, options, e)) {
    target_open(&target, a->db, &map, e);
  }
  target_clear(&target);
  mapping_clear(&map);
  sqlite3_free(options);
  return e->code;
}

static enum err_code write_all(struct add *a, struct err *e) {
  if (create_target(a, e)) return e->code;
  exec_text(a,
            sqlite3_mprintf("INSERT INTO main.ordersync_syncs(name, source, "
                            "target) VALUES(%Q, %Q, %Q)",
                            a->name, a->source, a->target),
            e);
  if (!e->code) insert_columns(a, e);
  if (!e->code) store_options(a, e);
  if (!e->code) check_result(a, e);
  return e->code;
}

enum err_code add_sync(sqlite3 *db, const char *name, const char *source,
                       const char *options, int *n_columns, struct err *e) {
  struct add a = {.db = db, .name = name, .source = source, .options = options};
  struct interrupt interrupt = {0};
  struct txn txn = {0};
  sqlite3_int64 saved_rowid = sqlite3_last_insert_rowid(db);
  if (txn_check_caller(db, "main", e)) goto done;
  if (read_arguments(&a, e) || !a.target) goto done;
  if (install_schema(db, e)) goto done;
  if (check_new(&a, e)) goto done;
  if (discover(&a, e) || make_names(&a, e)) goto done;
  if (interrupt_open(&interrupt, db, e)) goto done;
  if (txn_prepare(&txn, db, "main", "ordersync_syncs", &interrupt,
                  clock_now_ms() + 30000, e)) {
    goto done;
  }
  if (txn_begin(&txn, e) || write_all(&a, e)) goto done;
  txn_commit(&txn, e);
  *n_columns = a.columns.count;
done:
  if (name) err_prefix(e, "sync \"%s\"", name);
  txn_clear(&txn);
  interrupt_close(&interrupt);
  for (int i = 0; a.names && i < a.columns.count; i++) {
    sqlite3_free(a.names[i]);
  }
  sqlite3_free(a.names);
  remote_columns_clear(&a.columns);
  sqlite3_free(a.target);
  sqlite3_free(a.profile);
  sqlite3_set_last_insert_rowid(db, saved_rowid);
  return e->code;
}
