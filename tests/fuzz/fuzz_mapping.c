/*
** Mapping rows: what people (or a hostile file) may have written into
** ordersync_syncs and ordersync_columns, and the JSON options.
**
** The input is lines:
**
**   source=dbo.vwX                      a setting of the sync's row
**   column=orderNo|order_no|integer|int its next column
**   options={"mode":"diff"}
**
** with \n and \0 for what cannot stand in a line. What loads must be within
** its limits, and the T-SQL of a mapping without a filter, whose source is a
** name, must leave no quote or bracket open and hold no comment.
*/
#include "local/target.h"
#include "ordersync.h"
#include "source/match.h"
#include "sync/refresh.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth) {
  if (!truth) abort();
}

static void exec(sqlite3 *db, const char *sql) {
  require(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3 *make_db(void) {
  sqlite3 *db = NULL;
  char *message = NULL;
  require(sqlite3_open(":memory:", &db) == SQLITE_OK);
  require(sqlite3_ordersync_init(db, &message, NULL) == SQLITE_OK);
  exec(db, "SELECT ordersync_install(); DELETE FROM ordersync_columns;"
           "DELETE FROM ordersync_syncs; CREATE TABLE t(a, b, c, d);"
           "INSERT INTO ordersync_syncs(name, source, target)"
           "  VALUES('s', 'dbo.vwX', 't')");
  return db;
}

/* ---- reading the input ------------------------------------------------- */

struct field {
  char *text; /* owned */
  int n;
};

static struct field field_read(const char *at, size_t n) {
  struct field f = {malloc(n + 1), 0};
  require(f.text != NULL);
  for (size_t i = 0; i < n; i++) {
    char c = at[i];
    if (c == '\\' && i + 1 < n && (at[i + 1] == 'n' || at[i + 1] == '0')) {
      c = at[++i] == 'n' ? '\n' : 0;
    }
    f.text[f.n++] = c;
  }
  f.text[f.n] = 0;
  return f;
}

static void put_setting(sqlite3 *db, const char *name, size_t n_name,
                        const struct field *value) {
  sqlite3_stmt *stmt = NULL;
  char *sql = sqlite3_mprintf("UPDATE OR IGNORE ordersync_syncs SET \"%.*w\" = "
                              "nullif(?1, 'NULL')",
                              (int)n_name, name);
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
    sqlite3_bind_text(stmt, 1, value->text, value->n, SQLITE_STATIC);
    (void)sqlite3_step(stmt);
  }
  sqlite3_finalize(stmt);
  sqlite3_free(sql);
}

static void put_column(sqlite3 *db, int position, const char *at, size_t n) {
  sqlite3_stmt *stmt = NULL;
  struct field fields[4] = {{0}};
  size_t start = 0;
  int count = 0;
  require(sqlite3_prepare_v2(db,
                             "INSERT OR IGNORE INTO ordersync_columns(sync, "
                             "position, source_column, target_column, kind, "
                             "source_type) SELECT name, ?5, ?1, ?2, ?3, ?4 "
                             "FROM ordersync_syncs LIMIT 1",
                             -1, &stmt, NULL) == SQLITE_OK);
  while (count < 4 && start <= n) {
    const char *bar = memchr(at + start, '|', n - start);
    size_t end = bar ? (size_t)(bar - at) : n;
    fields[count] = field_read(at + start, end - start);
    sqlite3_bind_text(stmt, count + 1, fields[count].text, fields[count].n,
                      SQLITE_STATIC);
    count++;
    start = end + 1;
  }
  sqlite3_bind_int(stmt, 5, position);
  (void)sqlite3_step(stmt);
  sqlite3_finalize(stmt);
  for (int i = 0; i < count; i++) free(fields[i].text);
}

/* Returns the options, for free(), or NULL. */
static char *put_all(sqlite3 *db, const char *at, size_t n) {
  char *options = NULL;
  int position = 0;
  while (n > 0) {
    const char *newline = memchr(at, '\n', n);
    size_t n_line = newline ? (size_t)(newline - at) : n;
    const char *equal = memchr(at, '=', n_line);
    if (equal) {
      size_t n_name = (size_t)(equal - at);
      size_t n_value = n_line - n_name - 1;
      if (n_name == 6 && memcmp(at, "column", 6) == 0) {
        put_column(db, ++position, equal + 1, n_value);
      } else {
        struct field value = field_read(equal + 1, n_value);
        if (n_name == 7 && memcmp(at, "options", 7) == 0) {
          free(options);
          options = value.text;
        } else {
          put_setting(db, at, n_name, &value);
          free(value.text);
        }
      }
    }
    n -= newline ? n_line + 1 : n;
    at += newline ? n_line + 1 : 0;
  }
  return options;
}

/* ---- what must hold ---------------------------------------------------- */

static void check_mapping(const struct mapping *m) {
  require(m->sync && m->profile && m->source && m->schema && m->target);
  require((int)m->mode >= MODE_REPLACE && m->mode <= MODE_MERGE);
  require(m->overlap >= 0 && (m->full_every == -1 || m->full_every >= 1));
  require(mapping_watermark(m) < m->n_columns);
  require(m->batch_size >= 1 && m->retries >= 0 && m->keep_days >= -1);
  require(m->min_rows >= -1);
  require(m->max_shrink_percent >= -1 && m->max_shrink_percent <= 100);
  require(m->n_columns > 0);
  for (int i = 0; i < m->n_columns; i++) {
    const struct mapping_column *c = &m->columns[i];
    require(c->source && *c->source && c->target && *c->target);
    require((int)c->kind >= 0 && c->kind < KIND_COUNT);
    for (int k = 0; k < i; k++) {
      require(sqlite3_stricmp(c->target, m->columns[k].target) != 0);
    }
  }
}

/* Every quote and bracket is closed, and no comment stands outside. */
static int is_closed(const char *sql) {
  for (const char *at = sql; *at; at++) {
    char close = *at == '[' ? ']' : *at == '\'' || *at == '"' ? *at : 0;
    if ((at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*') ||
        *at == ';' || *at == ']') {
      return 0;
    }
    if (!close) continue;
    for (at++; *at != close || at[1] == close; at++) {
      if (!*at) return 0;
      if (*at == close) at++;
    }
  }
  return 1;
}

static int is_query(const char *source) {
  source += strspn(source, " \t\r\n");
  return *source == '(' || sqlite3_strnicmp(source, "select", 6) == 0;
}

static void check_match(const struct mapping *map) {
  struct remote_columns has = {0};
  struct match m = {0};
  struct err e = {0};
  has.items = calloc((size_t)map->n_columns, sizeof *has.items);
  require(has.items != NULL);
  has.count = map->n_columns;
  for (int i = 0; i < map->n_columns; i++) {
    has.items[i].name = map->columns[map->n_columns - 1 - i].source;
    has.items[i].type = (enum remote_type)(i % (REMOTE_UDT + 1));
  }
  if (!match_init(&m, map, &e) && !match_source(&m, &has, &e)) {
    for (int i = 0; i < map->n_columns; i++) {
      require(m.columns[i].at >= -1 && m.columns[i].at < has.count);
    }
    sqlite3_free(match_select(&m, NULL, &e));
  }
  match_clear(&m);
  free(has.items);
}

static void check_all(sqlite3 *db, const char *options) {
  struct mapping m = {0};
  struct target t = {0};
  struct err e = {0};
  char *name = NULL, *sql = NULL;
  sqlite3_stmt *stmt = NULL;
  require(sqlite3_prepare_v2(db, "SELECT name FROM ordersync_syncs", -1, &stmt,
                             NULL) == SQLITE_OK);
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    const char *text = (const char *)sqlite3_column_text(stmt, 0);
    name = sqlite3_mprintf("%s", text ? text : "");
  }
  sqlite3_finalize(stmt);
  if (!mapping_load(&m, db, name, &e)) {
    check_mapping(&m);
    check_match(&m);
    sql = refresh_sql(db, name, &e);
    require(!sql || m.filter || is_query(m.source) || is_closed(sql));
    err_reset(&e);
    if (!mapping_options(&m, db, options, &e)) check_mapping(&m);
    err_reset(&e);
    (void)target_open(&t, db, &m, &e);
  }
  target_clear(&t);
  mapping_clear(&m);
  sqlite3_free(sql);
  sqlite3_free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static sqlite3 *db;
  char *options;
  if (!db) db = make_db();
  exec(db, "BEGIN");
  options = put_all(db, (const char *)data, size);
  check_all(db, options);
  free(options);
  exec(db, "ROLLBACK");
  return 0;
}
