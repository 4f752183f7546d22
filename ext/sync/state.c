/*
** Reads, judges and writes ordersync_state.
*/
#include "sync/state.h"

#include "base/sql.h"
#include "sync/stored.h"

#include <string.h>

/* ---- settings that go together ----------------------------------------- */

sqlite3_stmt *state_prepare_by_key(const struct mapping *m,
                                   const struct target *t, sqlite3 *db,
                                   const char *explain, struct err *e) {
  sqlite3_str *sql = sqlite3_str_new(NULL);
  const char *link = "WHERE";
  int n = 0;
  sqlite3_str_appendf(sql, "%sSELECT %s", explain, t->rowid);
  for (int i = 0; i < m->n_columns; i++) {
    sqlite3_str_appendf(sql, ",\"%w\"", m->columns[i].target);
  }
  sqlite3_str_appendf(sql, " FROM %s ", t->qualified);
  for (int i = 0; i < m->n_columns; i++) {
    if (!mapping_is_key(m, i)) continue;
    sqlite3_str_appendf(sql, "%s \"%w\" IS ?%d ", link, m->columns[i].target,
                        ++n);
    link = "AND";
  }
  return sql_prepare_str(db, sql, e);
}

char *state_key_index(const struct mapping *m, const struct target *t,
                      sqlite3 *db, struct err *e) {
  sqlite3_stmt *stmt = state_prepare_by_key(m, t, db, "EXPLAIN QUERY PLAN ", e);
  const char *plan = NULL, *comma = "";
  sqlite3_str *sql;
  int is_found = 1;
  if (!stmt) return NULL;
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    plan = (const char *)sqlite3_column_text(stmt, 3);
    is_found = plan && strncmp(plan, "SEARCH", 6) == 0;
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, db, "reading the target");
  if (is_found || e->code) return NULL;
  sql = sqlite3_str_new(NULL);
  /* Such a sync's target is there; a table of temp may have its name. */
  sqlite3_str_appendf(sql, "CREATE INDEX main.\"%w_by_key\" ON \"%w\"(",
                      m->target, m->target);
  for (int i = 0; i < m->n_columns; i++) {
    if (!mapping_is_key(m, i)) continue;
    sqlite3_str_appendf(sql, "%s\"%w\"", comma, m->columns[i].target);
    comma = ", ";
  }
  sqlite3_str_appendall(sql, ")");
  if (sqlite3_str_errcode(sql)) err_nomem(e);
  return sqlite3_str_finish(sql);
}

/* Else each row that arrives would be looked for in the whole table. */
static void check_index(const struct mapping *m, const struct target *t,
                        sqlite3 *db, struct err *e) {
  char *sql = state_key_index(m, t, db, e);
  if (sql) {
    err_set(e, ERR_CONFIG, "no index of \"%s\" finds a row by the key (%s)",
            m->target, m->key);
    err_hint(e, "%s;", sql);
  }
  sqlite3_free(sql);
}

enum err_code state_check(const struct mapping *m, const struct target *t,
                          sqlite3 *db, struct err *e) {
  const char *mode = mapping_mode_name(m->mode);
  int with_mark = mapping_has_mark(m);
  if (e->code || (!with_mark && !m->probe)) return e->code;
  if (sqlite3_stricmp(m->schema, "main") != 0) {
    err_set(e, ERR_CONFIG,
            "%s%s%s cannot be used with a target in an attached database: "
            "what the sync remembers would not be committed together with it",
            with_mark ? "mode '" : "", with_mark ? mode : "probe",
            with_mark ? "'" : "");
  } else if (with_mark && !m->watermark) {
    err_set(e, ERR_CONFIG, "mode '%s' needs a watermark: a target column",
            mode);
  } else if (with_mark && mapping_watermark(m) < 0) {
    err_set(e, ERR_CONFIG, "the watermark \"%s\" is not a mapped target column",
            m->watermark);
  } else if (m->mode == MODE_MERGE && !mapping_has_key(m)) {
    err_set(e, ERR_CONFIG, "mode 'merge' needs a key");
  } else if (with_mark && m->overlap > 0 && !mapping_has_key(m)) {
    err_set(e, ERR_CONFIG, "mode 'append' with an overlap needs a key");
  } else if (with_mark && mapping_has_key(m)) {
    check_index(m, t, db, e);
  }
  err_prefix(e, "sync \"%s\"", m->sync);
  return e->code;
}

/* ---- what is remembered ------------------------------------------------ */

static sqlite3_uint64 hash_text(sqlite3_uint64 hash, const char *text) {
  struct cell cell = {.type = text ? SQLITE_TEXT : SQLITE_NULL,
                      .n_bytes = text ? (int)strlen(text) : 0,
                      .bytes = text};
  return stored_hash(hash, &cell);
}

/* Of everything that decides which rows are asked for, of whom, and what they
** become. The user has a default schema, and may not see every row. */
static void hash_config(struct state *s, const struct profile *p) {
  const struct mapping *m = s->map;
  char port[12];
  const char *texts[] = {
      p->server,   p->instance,
      port,        p->freetds_section,
      p->database, p->user,
      m->source,   m->filter,
      m->target,   mapping_mode_name(m->mode),
      m->key,      m->watermark,
      m->probe,    m->on_missing == MISSING_NULL ? "null" : "error"};
  sqlite3_uint64 hash = 0;
  sqlite3_snprintf(sizeof port, port, "%d", p->port);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    hash = hash_text(hash, texts[i]);
  }
  for (int i = 0; i < m->n_columns; i++) {
    hash = hash_text(hash, m->columns[i].source);
    hash = hash_text(hash, m->columns[i].target);
    hash = hash_text(hash, value_kind_name(m->columns[i].kind));
  }
  sqlite3_snprintf(sizeof s->config_now, s->config_now, "%016llx", hash);
}

static char *column_copy(sqlite3_stmt *row, int col, struct err *e) {
  const char *text = (const char *)sqlite3_column_text(row, col);
  char *copy = text ? sqlite3_mprintf("%s", text) : NULL;
  if (!copy && sqlite3_column_type(row, col) != SQLITE_NULL) err_nomem(e);
  return copy;
}

static void read_row(struct state *s, sqlite3 *db, struct err *e) {
  sqlite3_stmt *stmt = sql_prepare_plain(
      db, e,
      "SELECT config, watermark, probe, since_full, rows FROM "
      "main.ordersync_state WHERE sync=%Q",
      s->map->sync);
  if (!stmt) return;
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    s->has_row = 1;
    s->config = column_copy(stmt, 0, e);
    s->has_lacked = s->config && strlen(s->config) > STATE_CONFIG;
    s->watermark = column_copy(stmt, 1, e);
    s->probe = column_copy(stmt, 2, e);
    s->since_full = sqlite3_column_int64(stmt, 3);
    s->rows = sqlite3_column_int64(stmt, 4);
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, db, "reading ordersync_state");
}

/* Whether the sync has anything to remember. */
static int needs_state(const struct mapping *m) {
  return mapping_has_mark(m) || m->probe;
}

/* Whoever empties the table wants it filled. */
static const char *why_full(const struct state *s, sqlite3 *db,
                            const struct target *t, struct err *e) {
  const struct mapping *m = s->map;
  if (m->full) return "the option \"full\"";
  if (!s->has_row) return "it is the first such run";
  if (!s->config || strncmp(s->config, s->config_now, STATE_CONFIG) != 0) {
    return "the sync's settings, or its profile's, have changed";
  }
  if (m->full_every > 0 && s->since_full + 1 >= m->full_every) {
    return STATE_FULL_EVERY;
  }
  if (s->rows > 0 &&
      !sql_integer(db, e, "SELECT EXISTS(SELECT 1 FROM %s)", t->qualified)) {
    return "the table is empty";
  }
  return NULL;
}

enum err_code state_load(struct state *s, sqlite3 *db, const struct mapping *m,
                         const struct target *t, const struct profile *p,
                         struct err *e) {
  if (e->code) return e->code;
  *s = (struct state){.map = m};
  s->has_table = sql_has(db, "ordersync_state", "config");
  if (!s->has_table) {
    if (!needs_state(m)) return e->code;
    err_set(e, ERR_CONFIG, "there is no table ordersync_state");
    err_hint(e, "The tables are an older version's; run: SELECT "
                "ordersync_install()");
    return e->code;
  }
  hash_config(s, p);
  read_row(s, db, e);
  s->full = needs_state(m) ? why_full(s, db, t, e) : NULL;
  if (e->code) state_clear(s);
  return e->code;
}

static int is_same(const char *a, const char *b) {
  return a && b ? strcmp(a, b) == 0 : a == b;
}

static void write_row(const struct state *s, sqlite3 *db,
                      sqlite3_int64 since_full, sqlite3_int64 rows,
                      struct err *e) {
  sqlite3_stmt *stmt = sql_prepare(
      db, e,
      "INSERT INTO main.ordersync_state(sync, config, watermark, probe, "
      "since_full, rows) VALUES(%Q, %Q, %Q, %Q, %lld, %lld) ON CONFLICT(sync) "
      "DO UPDATE SET config=excluded.config, watermark=excluded.watermark, "
      "probe=excluded.probe, since_full=excluded.since_full, "
      "rows=excluded.rows",
      s->map->sync, s->config_now, s->watermark_now, s->probe_now, since_full,
      rows);
  if (!stmt) return;
  sqlite3_step(stmt);
  if (sqlite3_finalize(stmt)) {
    err_sqlite(e, db, "writing ordersync_state");
  } else if (sqlite3_changes(db) != 1 ||
             !sql_integer(db, e,
                          "SELECT config IS %Q AND watermark IS %Q AND probe "
                          "IS %Q AND since_full IS %lld AND rows IS %lld FROM "
                          "main.ordersync_state WHERE sync=%Q",
                          s->config_now, s->watermark_now, s->probe_now,
                          since_full, rows, s->map->sync)) {
    err_set(e, ERR_LOCAL,
            "writing ordersync_state changed nothing; an authorizer of this "
            "program, or a trigger, ignores it");
  }
}

enum err_code state_store(struct state *s, sqlite3 *db, sqlite3_int64 rows,
                          struct err *e) {
  int is_whole = !s->is_part && !s->is_unchanged;
  sqlite3_int64 since_full =
      is_whole || s->map->full_every < 0 ? 0 : s->since_full + 1;
  if (e->code || !s->has_table) return e->code;
  if (!needs_state(s->map)) {
    sqlite3_stmt *stmt =
        s->has_row
            ? sql_prepare(db, e,
                          "DELETE FROM main.ordersync_state WHERE sync=%Q",
                          s->map->sync)
            : NULL;
    if (stmt) sqlite3_step(stmt);
    if (sqlite3_finalize(stmt)) err_sqlite(e, db, "writing ordersync_state");
  } else if (!s->has_row || !is_same(s->config, s->config_now) ||
             !is_same(s->watermark, s->watermark_now) ||
             !is_same(s->probe, s->probe_now) || s->since_full != since_full ||
             s->rows != rows) {
    write_row(s, db, since_full, rows, e);
  }
  return e->code;
}

void state_clear(struct state *s) {
  sqlite3_free(s->config);
  sqlite3_free(s->watermark);
  sqlite3_free(s->probe);
  sqlite3_free(s->watermark_now);
  sqlite3_free(s->probe_now);
  memset(s, 0, sizeof *s);
}
