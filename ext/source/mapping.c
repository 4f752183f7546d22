/*
** Loads and validates a sync's row and columns.
**
** One table of settings (source/setting.h) drives the row, the JSON options,
** the validation and the hint that lists what is valid.
*/
#include "source/mapping.h"

#include "base/sql.h"
#include "base/utf8.h"
#include "profile/keyword.h"
#include "source/setting.h"

#include <string.h>

/* Where a setting may be given. */
enum {
  IN_ROW = 1, /* a column of ordersync_syncs */
  IN_RUN = 2, /* a member of a run's JSON options */
  IN_ADD = 4, /* of ordersync_add()'s */
  IN_ALL = IN_ROW | IN_RUN | IN_ADD,
  OPTIONAL = SETTING_OPTIONAL
};

#define AT(field) .offset = offsetof(struct mapping, field)
static const struct setting settings[] = {
    {"name", SET_TEXT, IN_ROW, AT(sync)},
    {"profile", SET_TEXT, IN_ALL, AT(profile)},
    {"source", SET_TEXT, IN_ROW, AT(source)},
    {"filter", SET_TEXT, IN_ALL | OPTIONAL, AT(filter)},
    {"target", SET_TEXT, IN_ROW | IN_ADD, AT(target)},
    {"mode", SET_CHOICE, IN_ALL, AT(mode),
     .choices = "replace, diff, append, merge"},
    {"key", SET_TEXT, IN_ALL | OPTIONAL, AT(key)},
    {"watermark", SET_TEXT, IN_ALL | OPTIONAL, AT(watermark)},
    {"overlap", SET_REAL, IN_ALL, AT(overlap), .max = 1e15},
    {"full_every", SET_INT, IN_ALL | OPTIONAL, AT(full_every), .min = 1,
     .max = 1000000},
    {"probe", SET_TEXT, IN_ALL | OPTIONAL, AT(probe)},
    {"batch_size", SET_INT, IN_ALL, AT(batch_size), .min = 1, .max = 1000000},
    {"on_missing", SET_CHOICE, IN_ALL, AT(on_missing),
     .choices = "error, null"},
    {"on_bad_value", SET_CHOICE, IN_ALL, AT(on_bad_value),
     .choices = "null, error"},
    {"min_rows", SET_INT64, IN_ALL | OPTIONAL, AT(min_rows), .max = 9e15},
    {"max_shrink_percent", SET_REAL, IN_ALL | OPTIONAL, AT(max_shrink_percent),
     .max = 100},
    {"retries", SET_INT, IN_ALL, AT(retries), .max = 100},
    {"keep_days", SET_INT, IN_ALL | OPTIONAL, AT(keep_days), .max = 100000},
    {"keep_changes", SET_INT, IN_ALL, AT(keep_changes), .max = 1},
    {"stale_after", SET_INT, IN_ALL, AT(stale_after), .min = 1, .max = 1e9},
    {"failing_after", SET_INT, IN_ALL, AT(failing_after), .min = 1, .max = 1e9},
    {"dry_run", SET_INT, IN_RUN, AT(dry_run), .max = 1},
    {"force", SET_INT, IN_RUN, AT(force), .max = 1},
    {"full", SET_INT, IN_RUN, AT(full), .max = 1},
    {"query_timeout", SET_INT, IN_RUN | IN_ADD, AT(query_timeout), .min = 1,
     .max = PROFILE_QUERY_TIMEOUT_MOST},
    {"login_timeout", SET_INT, IN_RUN | IN_ADD, AT(login_timeout), .min = 1,
     .max = PROFILE_LOGIN_TIMEOUT_MOST},
    {.name = NULL},
};

/* What to do about a sync that is not there: e's hint. */
static void hint_known_syncs(sqlite3 *db, struct err *e) {
  struct err ignored = {0};
  char *names = sql_text(db, &ignored,
                         "SELECT group_concat(name, ', ') FROM (SELECT name "
                         "FROM main.ordersync_syncs ORDER BY name LIMIT 20)");
  if (names)
    err_hint(e, "known syncs are: %s", names);
  else if (!ignored.code)
    err_hint(e, "there are none yet: SELECT ordersync_add('customers', "
                "'dbo.vwCustomers')");
  sqlite3_free(names);
}

/* Prepares SQL over one of our tables; its lack means: not installed. This is
** done when a file is merely opened and looked at. A view of that name could
** do anything: it is not taken for it. */
static sqlite3_stmt *prepare_config(sqlite3 *db, const char *table,
                                    const char *sql, struct err *e) {
  int rc = sqlite3_table_column_metadata(db, "main", table, NULL, NULL, NULL,
                                         NULL, NULL, NULL);
  if (rc == SQLITE_OK) return sql_prepare_plain(db, e, "%s", sql);
  if (rc == SQLITE_ERROR && strstr(sqlite3_errmsg(db), "no such table")) {
    err_set(e, ERR_CONFIG,
            "ordersync is not installed in this database; run: "
            "SELECT ordersync_install()");
  } else {
    err_sqlite(e, db, "reading ordersync's configuration");
  }
  return NULL;
}

/* A name that one of these asks for; ?1 is `after`. Owned. */
static char *name_of(sqlite3 *db, const char *sql, const char *after,
                     struct err *e) {
  char *name = NULL;
  sqlite3_stmt *stmt =
      e->code ? NULL : prepare_config(db, "ordersync_syncs", sql, e);
  if (!stmt) return NULL;
  sqlite3_bind_text(stmt, 1, after, -1, SQLITE_STATIC);
  if (sqlite3_step(stmt) == SQLITE_ROW) name = sql_column(stmt, 0, "name", e);
  if (sqlite3_finalize(stmt)) err_sqlite(e, db, "reading ordersync_syncs");
  if (!e->code) return name;
  sqlite3_free(name);
  return NULL;
}

/* As text: a blob is greater than any text, so behind itself, and would come
** again and again. */
char *mapping_next(sqlite3 *db, const char *after, struct err *e) {
  return name_of(db,
                 "SELECT min(CAST(name AS TEXT)) FROM main.ordersync_syncs "
                 "WHERE CAST(name AS TEXT) > ?1",
                 after, e);
}

char *mapping_default(sqlite3 *db, struct err *e) {
  char *name = name_of(db,
                       "SELECT name FROM main.ordersync_syncs WHERE name = "
                       "?1 OR (SELECT count(*) FROM main.ordersync_syncs) = 1",
                       MAPPING_DEFAULT_SYNC, e);
  if (name || e->code) return name;
  err_set(e, ERR_CONFIG,
          "no sync is named, and there is neither a sync \"%s\" nor only one",
          MAPPING_DEFAULT_SYNC);
  hint_known_syncs(db, e);
  return NULL;
}

/* Under PRAGMA full_column_names it has its table's name in front. */
static const char *column_name(sqlite3_stmt *row, int i) {
  static const char table[] = "ordersync_syncs.";
  const char *name = sqlite3_column_name(row, i);
  if (!name) return "";
  return sqlite3_strnicmp(name, table, sizeof table - 1) == 0
             ? name + sizeof table - 1
             : name;
}

/* Every column of the row that is a setting. */
static void store_row(struct mapping *m, const char *name, sqlite3_stmt *row,
                      struct err *e) {
  for (int i = 0; i < sqlite3_column_count(row) && !e->code; i++) {
    const struct setting *s =
        setting_find(settings, column_name(row, i), IN_ROW);
    if (s) setting_store(m, s, row, i, e);
    err_prefix(e, "sync \"%s\" in ordersync_syncs", name);
  }
}

static void load_row(struct mapping *m, sqlite3 *db, const char *sql,
                     const char *name, struct err *e) {
  sqlite3_stmt *stmt = prepare_config(db, "ordersync_syncs", sql, e);
  int rc;
  if (!stmt) return;
  sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
  rc = sqlite3_step(stmt);
  if (rc == SQLITE_ROW) {
    store_row(m, name, stmt, e);
  } else if (rc == SQLITE_DONE) {
    err_set(e, ERR_CONFIG, "there is no sync \"%s\"", name);
    hint_known_syncs(db, e);
  }
  /* A text that could not be had for lack of memory shows only here. */
  if (sqlite3_finalize(stmt)) err_sqlite(e, db, "reading ordersync_syncs");
}

enum err_code mapping_split_target(struct mapping *m, sqlite3 *db,
                                   struct err *e) {
  char *dot;
  if (e->code) return e->code;
  dot = strchr(m->target, '.');
  if (dot && !sql_has(db, m->target, NULL)) {
    m->schema = sqlite3_mprintf("%.*s", (int)(dot - m->target), m->target);
    memmove(m->target, dot + 1, strlen(dot + 1) + 1);
  } else {
    m->schema = sqlite3_mprintf("main");
  }
  return m->schema ? e->code : err_nomem(e);
}

static void check_column(const struct mapping *m,
                         const struct mapping_column *c, const char *kind,
                         struct err *e) {
  if (ascii_is_blank(c->source)) {
    err_set(e, ERR_CONFIG, "source_column is empty");
  } else if (ascii_is_blank(c->target)) {
    err_set(e, ERR_CONFIG, "target_column is empty");
  } else if (!kind || value_kind_parse(kind) < 0) {
    err_set(e, ERR_CONFIG,
            "column \"%s\": there is no kind '%s'; valid are: %s", c->source,
            kind ? kind : "NULL", value_kind_list());
  }
  for (const struct mapping_column *o = m->columns; o < c && !e->code; o++) {
    if (sqlite3_stricmp(o->target, c->target) == 0) {
      err_set(e, ERR_CONFIG,
              "target column \"%s\" is mapped twice (positions %d and %d)",
              c->target, o->position, c->position);
    }
  }
}

static void add_column(struct mapping *m, sqlite3_stmt *row, struct err *e) {
  const char *kind = (const char *)sqlite3_column_text(row, 3);
  struct mapping_column *c = sqlite3_realloc64(
      m->columns, sizeof *c * ((sqlite3_uint64)m->n_columns + 1));
  if (!c) {
    err_nomem(e);
    return;
  }
  m->columns = c;
  c += m->n_columns++;
  *c = (struct mapping_column){.position = sqlite3_column_int(row, 0),
                               .source = sql_column(row, 1, "source_column", e),
                               .target = sql_column(row, 2, "target_column", e),
                               .source_type =
                                   sql_column(row, 4, "source_type", e)};
  check_column(m, c, kind, e);
  err_prefix(e, "sync \"%s\", ordersync_columns position %d", m->sync,
             c->position);
  if (!e->code) c->kind = (enum value_kind)value_kind_parse(kind);
}

static void load_columns(struct mapping *m, sqlite3 *db, struct err *e) {
  int most = sqlite3_limit(db, SQLITE_LIMIT_COLUMN, -1), rc = SQLITE_DONE;
  sqlite3_stmt *stmt = prepare_config(
      db, "ordersync_columns",
      "SELECT position, source_column, target_column, kind, source_type "
      "FROM main.ordersync_columns WHERE sync = ?1 ORDER BY position",
      e);
  if (!stmt) return;
  sqlite3_bind_text(stmt, 1, m->sync, -1, SQLITE_STATIC);
  while (!e->code && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    if (m->n_columns < most) {
      add_column(m, stmt, e);
    } else {
      err_set(e, ERR_CONFIG,
              "sync \"%s\" maps more than %d columns, which no table can have",
              m->sync, most);
    }
  }
  if (!e->code && rc != SQLITE_DONE) {
    err_sqlite(e, db, "reading ordersync_columns");
  } else if (m->n_columns == 0) {
    err_set(e, ERR_CONFIG,
            "sync \"%s\" has no mapping: no rows in ordersync_columns",
            m->sync);
  }
  sqlite3_finalize(stmt);
}

enum err_code mapping_load(struct mapping *m, sqlite3 *db, const char *name,
                           struct err *e) {
  char *only = NULL;
  memset(m, 0, sizeof *m);
  m->batch_size = 500;
  m->min_rows = -1;
  m->max_shrink_percent = -1;
  m->retries = 3;
  m->keep_days = -1;
  m->full_every = -1;
  m->stale_after = 600;
  m->failing_after = 1800;
  if (!name) name = only = mapping_default(db, e);
  if (name) {
    load_row(m, db, "SELECT * FROM main.ordersync_syncs WHERE name = ?1", name,
             e);
  }
  mapping_split_target(m, db, e);
  if (!e->code) load_columns(m, db, e);
  if (e->code) mapping_clear(m);
  sqlite3_free(only);
  return e->code;
}

enum err_code mapping_locate(struct mapping *m, sqlite3 *db, const char *name,
                             struct err *e) {
  memset(m, 0, sizeof *m);
  if (e->code) return e->code;
  if (ascii_is_blank(name)) {
    return err_set(e, ERR_CONFIG, "the sync's name must not be empty");
  }
  load_row(m, db,
           "SELECT name, target FROM main.ordersync_syncs WHERE name = ?1",
           name, e);
  mapping_split_target(m, db, e);
  if (e->code) mapping_clear(m);
  return e->code;
}

void mapping_clear(struct mapping *m) {
  for (int i = 0; i < m->n_columns; i++) {
    sqlite3_free(m->columns[i].source);
    sqlite3_free(m->columns[i].target);
    sqlite3_free(m->columns[i].source_type);
  }
  setting_free(m, settings);
  sqlite3_free(m->columns);
  sqlite3_free(m->schema);
  memset(m, 0, sizeof *m);
}

const char *mapping_key_name(const char *at, size_t *n) {
  if (!at) at = "";
  at += strspn(at, "," ASCII_BLANKS);
  *n = strcspn(at, ",");
  while (*n > 0 && strchr(ASCII_BLANKS, at[*n - 1])) --*n;
  return at;
}

int mapping_has_key(const struct mapping *m) {
  size_t n;
  mapping_key_name(m->key, &n);
  return n > 0;
}

int mapping_is_key(const struct mapping *m, int i) {
  const char *name = m->columns[i].target;
  size_t n_name = strlen(name), n;
  const char *at = mapping_key_name(m->key, &n);
  while (n > 0 &&
         (n != n_name || sqlite3_strnicmp(at, name, (int)n_name) != 0)) {
    at = mapping_key_name(at + n, &n);
  }
  return n > 0;
}

int mapping_watermark(const struct mapping *m) {
  int i = m->n_columns - 1;
  while (i >= 0 && (!m->watermark ||
                    sqlite3_stricmp(m->columns[i].target, m->watermark) != 0)) {
    i--;
  }
  return i;
}

const char *mapping_mode_name(enum mapping_mode mode) {
  static const char *const names[] = {"replace", "diff", "append", "merge"};
  return names[mode];
}

char *mapping_rivals(const struct mapping *m, sqlite3 *db, struct err *e) {
  return sql_text(
      db, e,
      "SELECT group_concat('\"' || name || '\"', ', ') FROM (SELECT name FROM "
      "main.ordersync_syncs WHERE name <> %Q AND target COLLATE nocase IN "
      "(%Q || '.' || %Q, iif(%Q = 'main', %Q, NULL)) ORDER BY name)",
      m->sync, m->schema, m->target, m->schema, m->target);
}

static enum err_code read_options(struct mapping *m, sqlite3 *db,
                                  const char *json, int where, struct err *e) {
  if (e->code || !setting_read_json(m, settings, where, db, json, e))
    return e->code;
  if (m->sync)
    err_prefix(e, "sync \"%s\", options", m->sync);
  else
    err_prefix(e, "options");
  return e->code;
}

enum err_code mapping_options(struct mapping *m, sqlite3 *db, const char *json,
                              struct err *e) {
  return read_options(m, db, json, IN_RUN, e);
}

enum err_code mapping_options_to_add(struct mapping *m, sqlite3 *db,
                                     const char *json, struct err *e) {
  return read_options(m, db, json, IN_ADD, e);
}

void mapping_timeouts(const struct mapping *m, struct profile *p) {
  if (m->query_timeout) p->query_timeout = m->query_timeout;
  if (m->login_timeout) p->login_timeout = m->login_timeout;
}
