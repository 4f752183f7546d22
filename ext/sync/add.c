/*
** Creates a sync from what the server says.
*/
#include "sync/add.h"

#include "base/clock.h"
#include "base/sql.h"
#include "base/trace.h"
#include "base/utf8.h"
#include "local/caller.h"
#include "local/install.h"
#include "local/target.h"
#include "local/txn.h"
#include "source/naming.h"
#include "source/reader.h"
#include "sync/changes.h"
#include "sync/diff.h"
#include "sync/manage.h"
#include "sync/part.h"

#include <string.h>

struct add {
  sqlite3 *db; /* borrowed, as are the next three */
  const char *name;
  const char *source;
  const char *options;  /* JSON or NULL */
  char *target;         /* owned, as are all below: as the row will have it */
  struct mapping given; /* the options; schema and target as they are found */
  struct interrupt interrupt;
  struct remote_columns columns;
};

/* What can be known to be wrong with the target before the network. */
static enum err_code check_target(struct add *a, struct err *e) {
  target_check_name(a->given.target, e);
  if (!e->code && sqlite3_db_readonly(a->db, a->given.schema) < 0) {
    err_set(e, ERR_CONFIG,
            "there is no attached database \"%s\", in which the target \"%s\" "
            "would be",
            a->given.schema, a->target);
  }
  err_hint(e, "name another table: '{\"target\":\"...\"}'");
  return e->code;
}

static enum err_code read_arguments(struct add *a, struct err *e) {
  if (ascii_is_blank(a->name)) {
    return err_set(e, ERR_CONFIG, "the sync's name must not be empty");
  }
  if (ascii_is_blank(a->source)) {
    return err_set(e, ERR_CONFIG, "sync \"%s\": the source must not be empty",
                   a->name);
  }
  a->given.sync = sqlite3_mprintf("%s", a->name);
  if (!a->given.sync) return err_nomem(e);
  if (mapping_options_to_add(&a->given, a->db, a->options, e)) return e->code;
  if (!a->given.target) a->given.target = sqlite3_mprintf("%s", a->name);
  if (a->given.target) a->target = sqlite3_mprintf("%s", a->given.target);
  if (!a->target) return err_nomem(e);
  if (mapping_split_target(&a->given, a->db, e)) return e->code;
  return check_target(a, e);
}

static int is_installed(const struct add *a) {
  return sql_has(a->db, "ordersync_syncs", NULL);
}

static enum err_code check_new(struct add *a, struct err *e) {
  if (is_installed(a) &&
      sql_integer(a->db, e,
                  "SELECT count(*) FROM main.ordersync_syncs WHERE name=%Q",
                  a->name)) {
    err_set(e, ERR_CONFIG, "there is already a sync \"%s\"", a->name);
    err_hint(e, "to start afresh, SELECT ordersync_remove('%q')", a->name);
  }
  return e->code;
}

static enum err_code discover(struct add *a, struct err *e) {
  struct profile prof = {0};
  struct reader r = {
      .profile = &prof, .interrupt = &a->interrupt, .use = MSSQL_LIVE};
  if (!profile_load(&prof, a->given.profile, e)) {
    mapping_timeouts(&a->given, &prof);
    reader_describe(&r, a->source, NULL, &a->columns, e);
  }
  reader_close(&r);
  profile_clear(&prof);
  return e->code;
}

static const char creating[] = "creating the sync";

/* Returns the target's column: snake_case, and a number behind it where two
** would be alike. */
static const char insert_column[] =
    "INSERT INTO main.ordersync_columns(sync, position, source_column, kind, "
    "source_type, target_column) WITH RECURSIVE candidates(n, name) AS ("
    "VALUES(1, ?6) UNION ALL SELECT n + 1, ?6 || '_' || (n + 1) "
    "FROM candidates WHERE EXISTS (SELECT 1 FROM main.ordersync_columns WHERE "
    "sync = ?1 AND position < ?2 AND target_column = name COLLATE nocase)) "
    "SELECT ?1, ?2, ?3, ?4, ?5, name FROM candidates ORDER BY n DESC LIMIT 1 "
    "RETURNING target_column";

static void bind_column(sqlite3_stmt *stmt, const struct add *a, int i,
                        struct err *e) {
  const struct remote_column *c = &a->columns.items[i];
  char *name = naming_target(c->name, i + 1, 1);
  if (!name) err_nomem(e);
  sqlite3_bind_text(stmt, 1, a->name, -1, SQLITE_STATIC);
  sqlite3_bind_int(stmt, 2, i + 1);
  sqlite3_bind_text(stmt, 3, c->name, -1, SQLITE_STATIC);
  sqlite3_bind_text(stmt, 4, value_kind_name(value_kind_default(c->type)), -1,
                    SQLITE_STATIC);
  sqlite3_bind_text(stmt, 5, remote_type_name(c->type), -1, SQLITE_STATIC);
  sqlite3_bind_text(stmt, 6, name, -1, sqlite3_free);
}

/* Writes the mapping and creates the target. */
static void create_columns(struct add *a, struct err *e) {
  sqlite3_stmt *stmt = sql_prepare(a->db, e, "%s", insert_column);
  sqlite3_str *sql = sqlite3_str_new(NULL);
  char *text;
  sqlite3_str_appendf(sql, "CREATE TABLE IF NOT EXISTS \"%w\".\"%w\"(",
                      a->given.schema, a->given.target);
  for (int i = 0; i < a->columns.count && !e->code; i++) {
    enum remote_type type = a->columns.items[i].type;
    bind_column(stmt, a, i, e);
    if (!e->code && sqlite3_step(stmt) == SQLITE_ROW) {
      sqlite3_str_appendf(sql, "%s\"%w\" %s", i ? ", " : "",
                          sqlite3_column_text(stmt, 0),
                          value_kind_decl(value_kind_default(type), type));
    }
    if (sqlite3_reset(stmt)) err_sqlite(e, a->db, "creating the mapping");
  }
  sqlite3_finalize(stmt);
  manage_check_written(a->db, a->name, 1, a->columns.count, e);
  sqlite3_str_appendall(sql, ")");
  text = sqlite3_str_finish(sql);
  if (!text) err_nomem(e);
  sql_run(a->db, e, creating, "%s", text);
  sqlite3_free(text);
}

/* Runs a statement of one parameter; the number that it answers, if any. */
static sqlite3_int64 run_with(const struct add *a, sqlite3_stmt *stmt,
                              sqlite3_value *value, struct err *e) {
  sqlite3_int64 answer = 0;
  if (stmt && sqlite3_bind_value(stmt, 1, value)) err_nomem(e);
  if (!e->code && sqlite3_step(stmt) == SQLITE_ROW)
    answer = sqlite3_column_int64(stmt, 0);
  if (sqlite3_finalize(stmt)) err_sqlite(e, a->db, "storing the options");
  return answer;
}

static enum err_code store_option(const struct add *a, const char *name,
                                  sqlite3_value *value, struct err *e) {
  (void)run_with(a,
                 sql_prepare(a->db, e,
                             "UPDATE main.ordersync_syncs SET \"%w\"=?1 WHERE "
                             "name=%Q",
                             name, a->name),
                 value, e);
  return manage_written(
      run_with(a,
               sql_prepare(a->db, e,
                           "SELECT \"%w\" IS ?1 FROM main.ordersync_syncs "
                           "WHERE name=%Q",
                           name, a->name),
               value, e),
      e);
}

/* The settings among the options become the row's. */
static enum err_code store_options(struct add *a, struct err *e) {
  sqlite3_stmt *stmt;
  if (!a->options || e->code) return e->code;
  stmt = sql_prepare(a->db, e,
                     "SELECT j.key, j.atom FROM json_each(?1) j JOIN "
                     "pragma_table_info('ordersync_syncs', 'main') c ON "
                     "c.name = j.key COLLATE nocase WHERE c.name <> 'target'");
  if (!stmt) return e->code;
  sqlite3_bind_text(stmt, 1, a->options, -1, SQLITE_STATIC);
  while (!e->code && sqlite3_step(stmt) == SQLITE_ROW) {
    store_option(a, (const char *)sqlite3_column_text(stmt, 0),
                 sqlite3_column_value(stmt, 1), e);
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

static enum err_code check_watermark(const struct match *m, struct err *e) {
  int at = mapping_watermark(m->map);
  if (at < 0) return e->code;
  return part_check_column(m->map, match_remote(m, at), e);
}

/* Reads back what was written, so that the sync that is left works. */
static enum err_code check_result(struct add *a, struct err *e) {
  struct mapping map = {0};
  struct target target = {0};
  struct match match = {0};
  char *rivals;
  if (mapping_load(&map, a->db, a->name, e) || diff_check_key(&map, e) ||
      changes_check(&map, a->db, e)) {
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
      mapping_has_mark(&map) && mapping_has_key(&map) &&
      sqlite3_stricmp(map.schema, "main") == 0) {
    char *sql = state_key_index(&map, &target, a->db, e);
    if (sql) sql_run(a->db, e, creating, "%s", sql);
    sqlite3_free(sql);
  }
  if (!e->code && !state_check(&map, &target, a->db, e) &&
      !match_init(&match, &map, e) && !match_source(&match, &a->columns, e) &&
      !check_watermark(&match, e)) {
    warn_wide(&match);
  }
done:
  match_clear(&match);
  target_clear(&target);
  mapping_clear(&map);
  return e->code;
}

/* The log of a sync that was removed together with its table would say that the
** new, empty one is synced. */
static enum err_code check_runs(struct add *a, struct err *e) {
  if (!sql_integer(a->db, e,
                   "SELECT EXISTS(SELECT 1 FROM pragma_table_list WHERE schema "
                   "= %Q COLLATE nocase AND name = %Q COLLATE nocase)",
                   a->given.schema, a->given.target)) {
    manage_check_runs(a->db, a->name, e);
  }
  return e->code;
}

static enum err_code write_all(struct add *a, struct err *e) {
  if (install_tables(a->db, 0, e) || check_new(a, e) || check_runs(a, e)) {
    return e->code;
  }
  /* What an older version has left of a sync whose row was deleted. */
  sql_run(a->db, e, creating,
          "DELETE FROM main.ordersync_columns WHERE sync=%Q; "
          "DELETE FROM main.ordersync_state WHERE sync=%Q; "
          "INSERT INTO main.ordersync_syncs(name, source, target) "
          "VALUES(%Q, %Q, %Q)",
          a->name, a->name, a->name, a->source, a->target);
  create_columns(a, e);
  store_options(a, e);
  return e->code ? e->code : check_result(a, e);
}

enum err_code add_sync(sqlite3 *db, const char *name, const char *source,
                       const char *options, int *n_columns, struct err *e) {
  struct add a = {.db = db, .name = name, .source = source, .options = options};
  struct txn txn = {0};
  sqlite3_int64 saved_rowid = sqlite3_last_insert_rowid(db);
  if (caller_check_beside(db, "main", e) || read_arguments(&a, e) ||
      check_new(&a, e) || interrupt_open(&a.interrupt, db, e) ||
      discover(&a, e)) {
    goto done;
  }
  install_prefer_wal(db);
  if (txn_prepare(&txn, db, "main", is_installed(&a) ? "ordersync_syncs" : NULL,
                  &a.interrupt, clock_now_ms() + TXN_WAIT_MS, e) ||
      txn_begin(&txn, e)) {
    goto done;
  }
  txn_guard(&txn);
  if (write_all(&a, e)) goto done;
  txn_commit(&txn, e);
  *n_columns = a.columns.count;
done:
  if (name) err_prefix(e, "sync \"%s\"", name);
  txn_clear(&txn);
  interrupt_close(&a.interrupt);
  remote_columns_clear(&a.columns);
  sqlite3_free(a.target);
  mapping_clear(&a.given);
  sqlite3_set_last_insert_rowid(db, saved_rowid);
  return e->code;
}
