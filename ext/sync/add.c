/*
** Creates a sync from what the server says.
*/
#include "sync/add.h"

#include "base/clock.h"
#include "base/sql.h"
#include "base/trace.h"
#include "local/caller.h"
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
  char *target;        /* owned, as are all below */
  char *profile;
  char *settings; /* the options without target, or NULL */
  struct interrupt interrupt;
  struct remote_columns columns;
  char **names; /* the target's column names */
};

/* ---- arguments --------------------------------------------------------- */

static char *copy_column(sqlite3_stmt *row, int i, struct err *e) {
  const char *text = (const char *)sqlite3_column_text(row, i);
  char *copy = text ? sqlite3_mprintf("%s", text) : NULL;
  if (text && !copy) err_nomem(e);
  return copy;
}

static enum err_code read_options(struct add *a, struct err *e) {
  sqlite3_stmt *stmt;
  if (!a->options) return ERR_NONE;
  stmt = sql_prepare(
      a->db, e,
      "SELECT (SELECT atom FROM json_each(?1) WHERE key = 'target'), (SELECT "
      "atom FROM json_each(?1) WHERE key = 'profile'), json_remove(?1, "
      "'$.target')");
  if (!stmt) return e->code;
  sqlite3_bind_text(stmt, 1, a->options, -1, SQLITE_STATIC);
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    a->target = copy_column(stmt, 0, e);
    a->profile = copy_column(stmt, 1, e);
    a->settings = copy_column(stmt, 2, e);
  }
  if (sqlite3_finalize(stmt) == SQLITE_NOMEM) return err_nomem(e);
  if (!a->settings && !e->code) {
    err_set(e, ERR_CONFIG, "the options are not JSON: %s", a->options);
  }
  return e->code;
}

static enum err_code read_arguments(struct add *a, struct err *e) {
  if (!a->name || !*a->name) {
    return err_set(e, ERR_CONFIG, "the sync's name must not be empty");
  }
  if (!a->source || !*a->source) {
    return err_set(e, ERR_CONFIG, "sync \"%s\": the source must not be empty",
                   a->name);
  }
  if (read_options(a, e)) return e->code;
  if (!a->target) a->target = sqlite3_mprintf("%s", a->name);
  return a->target ? ERR_NONE : err_nomem(e);
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
  struct reader r = {
      .profile = &prof, .interrupt = &a->interrupt, .use = MSSQL_LIVE};
  if (!profile_load(&prof, a->profile, e)) {
    reader_describe(&r, a->source, NULL, &a->columns, e);
  }
  reader_close(&r);
  profile_clear(&prof);
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

/* Whoever adds a sync looks at no run log yet. */
static void warn_wide(const struct match *m) {
  char *text = match_wide(m);
  if (text) {
    trace_line(TRACE_WARN, m->map->sync, "add", text);
    sqlite3_log(SQLITE_WARNING, "ordersync: sync \"%s\": %s", m->map->sync,
                text);
  }
  sqlite3_free(text);
}

/* Reads back what was written, so that the sync that is left works. */
static enum err_code check_result(struct add *a, struct err *e) {
  struct mapping map = {0};
  struct target target = {0};
  struct match match = {0};
  char *rivals;
  if (mapping_load(&map, a->db, a->name, e) ||
      mapping_options(&map, a->db, a->settings, e)) {
    goto done;
  }
  rivals = mapping_rivals(&map, a->db, e);
  if (rivals) {
    err_set(e, ERR_CONFIG,
            "\"%s\" is the target of sync %s already: each would delete the "
            "other's rows",
            a->target, rivals);
    err_hint(e, "give this one another: '{\"target\":\"...\"}'");
  }
  sqlite3_free(rivals);
  if (!e->code && !target_open(&target, a->db, &map, e) &&
      !match_init(&match, &map, e) && !match_source(&match, &a->columns, e)) {
    warn_wide(&match);
  }
done:
  match_clear(&match);
  target_clear(&target);
  mapping_clear(&map);
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
  struct txn txn = {0};
  sqlite3_int64 saved_rowid = sqlite3_last_insert_rowid(db);
  if (caller_check(db, "main", e) || read_arguments(&a, e) ||
      install_schema(db, e) || check_new(&a, e) ||
      interrupt_open(&a.interrupt, db, e) || discover(&a, e) ||
      make_names(&a, e) ||
      txn_prepare(&txn, db, "main", "ordersync_syncs", &a.interrupt,
                  clock_now_ms() + 30000, e) ||
      txn_begin(&txn, e) || write_all(&a, e)) {
    goto done;
  }
  txn_commit(&txn, e);
  *n_columns = a.columns.count;
done:
  if (name) err_prefix(e, "sync \"%s\"", name);
  txn_clear(&txn);
  interrupt_close(&a.interrupt);
  for (int i = 0; a.names && i < a.columns.count; i++) {
    sqlite3_free(a.names[i]);
  }
  sqlite3_free(a.names);
  remote_columns_clear(&a.columns);
  sqlite3_free(a.target);
  sqlite3_free(a.profile);
  sqlite3_free(a.settings);
  sqlite3_set_last_insert_rowid(db, saved_rowid);
  return e->code;
}
