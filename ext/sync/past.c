/*
** The table is read once. A row whose key has not changed since is passed on;
** the others are put into a scratch database, the changes are undone there from
** the newest to the oldest, and what is left follows.
**
** A cell is its JSON text throughout (value/json.h), so nothing is converted.
** Where a key comes twice, a change names all the row's cells, and undoing it
** takes the row that has these.
*/
#include "sync/past.h"

#include "base/sql.h"
#include "sync/changes.h"
#include "sync/stored.h"
#include "sync/together.h"
#include "value/json.h"

#include <string.h>

#define NOTE_WHOLES                                                            \
  "UPDATE row SET whole = (SELECT group_concat(value) FROM (SELECT "           \
  "coalesce(cell.value, 'null') AS value FROM name LEFT JOIN cell ON "         \
  "cell.row = row.id AND cell.name = name.name ORDER BY position))"

/* What is done in the scratch database; ?1 is a row's number. CROSS JOIN: a
** change is read once, not once for each of the row's cells. */
enum undo {
  FIND,
  FIND_WHOLE,
  NOTE_WHOLE,
  RESTORE,
  DROP_CELLS,
  DROP_ROW,
  ADD_ROW,
  ADD_CELLS,
  N_UNDO
};
static const char *const undo_sql[N_UNDO] = {
    /* ?2 key, ?3 changed: one that has what the change made of it, before one
    ** that somebody else has changed since. */
    [FIND] = "SELECT id FROM row WHERE key = ?2 ORDER BY EXISTS (SELECT 1 FROM "
             "json_each(?3) c CROSS JOIN cell ON cell.row = row.id AND "
             "cell.name = c.key WHERE cell.value <> c.value -> '$[1]') LIMIT 1",
    /* The same where a key has many rows, all of whose cells a change names. */
    [FIND_WHOLE] =
        "WITH c AS MATERIALIZED (SELECT key, value -> '$[1]' AS value FROM "
        "json_each(?3)) SELECT id FROM row WHERE key = ?2 AND whole = (SELECT "
        "group_concat(value) FROM (SELECT coalesce(c.value, 'null') AS value "
        "FROM name LEFT JOIN c ON c.key = name.name ORDER BY position)) LIMIT "
        "1",
    [NOTE_WHOLE] = NOTE_WHOLES " WHERE id = ?1",
    [RESTORE] = "REPLACE INTO cell SELECT ?1, cell.name, c.value -> '$[0]' "
                "FROM json_each(?3) c CROSS JOIN cell ON cell.row = ?1 AND "
                "cell.name = c.key",
    [DROP_CELLS] = "DELETE FROM cell WHERE row = ?1",
    [DROP_ROW] = "DELETE FROM row WHERE id = ?1",
    [ADD_ROW] = "INSERT INTO row(key) VALUES(?2)",
    [ADD_CELLS] =
        "INSERT INTO cell SELECT ?1, key, value -> '$[0]' FROM json_each(?3)",
};

struct past {
  sqlite3 *db;              /* borrowed */
  struct mapping map;       /* owned, as is all that follows */
  sqlite3_int64 run;        /* whose rows are wanted */
  sqlite3_int64 rows_left;  /* of those that it left */
  sqlite3_stmt *hold;       /* while it is open, the database stays as it is */
  sqlite3_stmt *hold_table; /* likewise an attached one; NULL: it is in main */
  sqlite3_stmt *table;      /* its rows; NULL: all were read */
  sqlite3 *scratch;
  sqlite3_stmt *undo[N_UNDO];
  int is_crowded; /* some key has many rows, or changes in one run */
  sqlite3_stmt *is_changed, *add_cell, *rest;
  struct cell *cells;
  sqlite3_str *key, *row; /* of the row that past_next() found; NULL: none */
};

static const char reading[] = "reading the changes";

/* ---- which run ----------------------------------------------------------- */

#define SUCCESS "status = 'success' AND dry_run = 0"

/* How far the changes go back: the last run that did more than was recorded,
** or the first one of all. */
static void refuse_time(const struct past *p, const char *at, struct err *e) {
  char *first = sql_text(
      p->db, e,
      "WITH good AS (SELECT id, finished_at, rows_inserted + rows_updated + "
      "rows_deleted IS NOT (SELECT count(*) FROM main.ordersync_changes WHERE "
      "run "
      "= r.id) AS has_more FROM main.ordersync_runs r WHERE sync = %Q "
      "AND " SUCCESS ") SELECT printf('run %%d, which finished at %%s', id, "
      "finished_at) FROM good WHERE id = (SELECT coalesce(max(iif(has_more, "
      "id, NULL)), min(id)) FROM good)",
      p->map.sync);
  if (e->code) return;
  if (first)
    err_set(e, ERR_CONFIG,
            "the changes of sync \"%s\" do not go back to %s, only to %s",
            p->map.sync, at, first);
  else
    err_set(e, ERR_CONFIG, "sync \"%s\" has no successful run in the log",
            p->map.sync);
  sqlite3_free(first);
}

/* Seconds since 1970, say, would be a run after all, and so mean now. */
static enum err_code check_id(const struct past *p, sqlite3_int64 id,
                              struct err *e) {
  sqlite3_int64 last = sql_integer(
      p->db, e, "SELECT coalesce(max(id), 0) FROM main.ordersync_runs");
  if (!e->code && id > last) {
    err_set(e, ERR_CONFIG, "there is no run %lld, the last one is %lld", id,
            last);
    err_hint(e, "a time is text: '2025-03-01 12:00:00', in UTC");
  }
  return e->code;
}

/* The last success until then, or none. By now all have been, whatever date a
** clock that was wrong has given them. */
static void find_run(struct past *p, sqlite3_value *at, struct err *e) {
  int is_id = sqlite3_value_type(at) == SQLITE_INTEGER;
  if (e->code || (is_id && check_id(p, sqlite3_value_int64(at), e))) return;
  p->hold = sql_prepare(
      p->db, e,
      "SELECT r.id, r.rows, w.what FROM (SELECT %s AS what) w LEFT JOIN "
      "main.ordersync_runs r ON r.sync = %Q AND r." SUCCESS " AND %s "
      "ORDER BY r.id DESC LIMIT 1",
      is_id ? "?1" : "strftime('%Y-%m-%d %H:%M:%f', ?1)", p->map.sync,
      is_id ? "r.id <= w.what"
            : "(r.finished_at <= w.what OR (r.finished_at > strftime('%Y-%m-%d "
              "%H:%M:%f', 'now') AND w.what >= datetime('now')))");
  if (e->code) return;
  sqlite3_bind_value(p->hold, 1, at);
  if (sqlite3_step(p->hold) != SQLITE_ROW) {
    err_sqlite(e, p->db, reading);
  } else if (sqlite3_column_type(p->hold, 2) == SQLITE_NULL) {
    const char *text = (const char *)sqlite3_value_text(at);
    err_set(e, ERR_CONFIG, "'%s' is no time", text ? text : "NULL");
    err_hint(e, "a time is 'YYYY-MM-DD HH:MM:SS', in UTC, or the id of a run");
  } else {
    p->run = sqlite3_column_int64(p->hold, 0);
    p->rows_left = sqlite3_column_int64(p->hold, 1);
  }
}

static void check_run(const struct past *p, sqlite3_value *at, struct err *e) {
  const char *text;
  if (!p->run ||
      sql_integer(p->db, e,
                  "SELECT EXISTS(SELECT 1 FROM main.ordersync_runs r WHERE "
                  "sync = %Q AND id > %lld AND " SUCCESS " AND rows_inserted + "
                  "rows_updated + rows_deleted IS NOT (SELECT count(*) FROM "
                  "main.ordersync_changes WHERE run = r.id))",
                  p->map.sync, p->run)) {
    text = (const char *)sqlite3_value_text(at);
    refuse_time(p, text ? text : "NULL", e);
  }
}

/* ---- preparing ----------------------------------------------------------- */

/* The types matter: without them an index is not used to compare a column that
** has one with a column that has none. */
static void prepare_scratch(struct past *p, struct err *e) {
  if (e->code) return;
  if (sqlite3_open_v2(":memory:", &p->scratch,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                          SQLITE_OPEN_NOMUTEX,
                      NULL) ||
      sqlite3_exec(
          p->scratch,
          "BEGIN; CREATE TABLE changed(key TEXT PRIMARY KEY) WITHOUT "
          "ROWID; CREATE TABLE row(id INTEGER PRIMARY KEY, key TEXT, "
          "whole TEXT); CREATE INDEX by_key ON row(key, whole); CREATE "
          "TABLE cell(row INTEGER, name TEXT COLLATE nocase, value "
          "TEXT, PRIMARY KEY(row, name)) WITHOUT ROWID; CREATE TABLE "
          "name(position INTEGER PRIMARY KEY, name TEXT COLLATE "
          "nocase)",
          0, 0, 0)) {
    err_sqlite(e, p->scratch, reading);
  }
  for (int i = 0; i < N_UNDO; i++) {
    p->undo[i] = sql_prepare(p->scratch, e, "%s", undo_sql[i]);
  }
  p->is_changed =
      sql_prepare(p->scratch, e, "SELECT 1 FROM changed WHERE key = ?1");
  p->add_cell =
      sql_prepare(p->scratch, e, "INSERT INTO cell VALUES(?1, ?2, ?3)");
}

/* Statements of both databases end thus. */
static void finish(sqlite3 *db, sqlite3_stmt *stmt, struct err *e) {
  if (sqlite3_finalize(stmt)) err_sqlite(e, db, reading);
}

/* Steps a statement that gives no rows. */
static void step(const struct past *p, sqlite3_stmt *stmt, struct err *e) {
  if (!e->code) sqlite3_step(stmt);
  if (sqlite3_reset(stmt)) err_sqlite(e, p->scratch, reading);
}

/* The changes since, whose columns are these. */
static sqlite3_stmt *prepare_since(const struct past *p, const char *columns,
                                   struct err *e) {
  return sql_prepare(p->db, e,
                     "SELECT %s FROM main.ordersync_changes WHERE run > %lld "
                     "AND +sync = %Q ORDER BY run DESC, id DESC",
                     columns, p->run, p->map.sync);
}

static void list_changed(const struct past *p, struct err *e) {
  sqlite3_stmt *since = prepare_since(p, "key", e);
  sqlite3_stmt *add =
      sql_prepare(p->scratch, e, "INSERT OR IGNORE INTO changed VALUES(?1)");
  while (!e->code && sqlite3_step(since) == SQLITE_ROW) {
    if (sqlite3_bind_value(add, 1, sqlite3_column_value(since, 0))) {
      err_nomem(e);
    }
    step(p, add, e);
  }
  finish(p->scratch, add, e);
  finish(p->db, since, e);
}

static void prepare_table(struct past *p, struct err *e) {
  const struct mapping *m = &p->map;
  sqlite3_str *sql = sqlite3_str_new(NULL);
  for (int i = 0; i < m->n_columns; i++) {
    sqlite3_str_appendf(sql, "%s\"%w\"", i ? "," : "SELECT ",
                        m->columns[i].target);
  }
  sqlite3_str_appendf(sql, " FROM \"%w\".\"%w\"", m->schema, m->target);
  p->table = sql_prepare_str(p->db, sql, e);
  p->cells = sqlite3_malloc64((sqlite3_uint64)m->n_columns * sizeof *p->cells);
  if (!p->cells) err_nomem(e);
}

/* The mapped columns, for those rows that come out of the scratch database. */
static void list_names(const struct past *p, struct err *e) {
  sqlite3_stmt *add =
      sql_prepare(p->scratch, e, "INSERT INTO name VALUES(?1, ?2)");
  for (int i = 0; i < p->map.n_columns && !e->code; i++) {
    sqlite3_bind_int(add, 1, i);
    sqlite3_bind_text(add, 2, p->map.columns[i].target, -1, SQLITE_STATIC);
    step(p, add, e);
  }
  finish(p->scratch, add, e);
}

enum err_code past_open(struct past **out, sqlite3 *db, const char *sync,
                        sqlite3_value *at, struct err *e) {
  struct past *p = e->code ? NULL : sqlite3_malloc64(sizeof *p);
  *out = NULL;
  if (e->code) return e->code;
  if (!p) return err_nomem(e);
  memset(p, 0, sizeof *p);
  p->db = db;
  if (!mapping_load(&p->map, db, sync, e) && !changes_check_table(db, e)) {
    find_run(p, at, e);
    together_hold(&p->hold_table, db, &p->map, e);
    check_run(p, at, e);
    prepare_scratch(p, e);
    list_changed(p, e);
    list_names(p, e);
    prepare_table(p, e);
  }
  *out = p;
  if (e->code) {
    past_close(p);
    *out = NULL;
  }
  return e->code;
}

static void forget_row(struct past *p) {
  sqlite3_free(sqlite3_str_finish(p->key));
  sqlite3_free(sqlite3_str_finish(p->row));
  p->key = p->row = NULL;
}

void past_close(struct past *p) {
  if (!p) return;
  forget_row(p);
  sqlite3_finalize(p->hold);
  sqlite3_finalize(p->hold_table);
  sqlite3_finalize(p->table);
  sqlite3_finalize(p->is_changed);
  sqlite3_finalize(p->add_cell);
  sqlite3_finalize(p->rest);
  for (int i = 0; i < N_UNDO; i++) sqlite3_finalize(p->undo[i]);
  sqlite3_close(p->scratch);
  sqlite3_free(p->cells);
  mapping_clear(&p->map);
  sqlite3_free(p);
}

/* ---- rows ---------------------------------------------------------------- */

static void check_str(sqlite3_str *str, struct err *e) {
  if (sqlite3_str_errcode(str)) err_nomem(e);
}

/* Appends the cell to a text of its own, and binds it. */
static void bind_cell(const struct past *p, sqlite3_stmt *stmt, int index,
                      const struct cell *cell, struct err *e) {
  sqlite3_str *text = sqlite3_str_new(NULL);
  json_cell(text, cell);
  check_str(text, e);
  if (sqlite3_bind_text(stmt, index, sqlite3_str_value(text),
                        sqlite3_str_length(text), SQLITE_TRANSIENT)) {
    err_nomem(e);
  }
  step(p, stmt, e);
  sqlite3_free(sqlite3_str_finish(text));
}

static sqlite3_stmt *bind_undo(const struct past *p, enum undo what,
                               sqlite3_int64 row, const char *key,
                               const char *changed) {
  sqlite3_stmt *stmt = p->undo[what];
  int n = sqlite3_bind_parameter_count(stmt);
  sqlite3_bind_int64(stmt, 1, row);
  if (n >= 2) sqlite3_bind_text(stmt, 2, key, -1, SQLITE_STATIC);
  if (n >= 3) sqlite3_bind_text(stmt, 3, changed, -1, SQLITE_STATIC);
  return stmt;
}

static sqlite3_int64 add_row(const struct past *p, const char *key,
                             struct err *e) {
  step(p, bind_undo(p, ADD_ROW, 0, key, NULL), e);
  return sqlite3_last_insert_rowid(p->scratch);
}

/* The row in cells, which has changed since. */
static void put_aside(const struct past *p, const char *key, struct err *e) {
  sqlite3_int64 row = add_row(p, key, e);
  for (int i = 0; i < p->map.n_columns && !e->code; i++) {
    sqlite3_bind_int64(p->add_cell, 1, row);
    sqlite3_bind_text(p->add_cell, 2, p->map.columns[i].target, -1,
                      SQLITE_STATIC);
    bind_cell(p, p->add_cell, 3, &p->cells[i], e);
  }
}

static sqlite3_int64 find_by(const struct past *p, enum undo how,
                             const char *key, const char *changed,
                             struct err *e) {
  sqlite3_stmt *stmt = bind_undo(p, how, 0, key, changed);
  sqlite3_int64 row = 0;
  if (sqlite3_step(stmt) == SQLITE_ROW) row = sqlite3_column_int64(stmt, 0);
  if (sqlite3_reset(stmt)) err_sqlite(e, p->scratch, reading);
  return row;
}

static sqlite3_int64 find_row(const struct past *p, const char *key,
                              const char *changed, struct err *e) {
  sqlite3_int64 row = 0;
  if (p->is_crowded) row = find_by(p, FIND_WHOLE, key, changed, e);
  return row || e->code ? row : find_by(p, FIND, key, changed, e);
}

/* Else each change of a key would look at each of its rows. */
static void look_for_crowds(struct past *p, struct err *e) {
  p->is_crowded =
      sql_integer(p->scratch, e,
                  "SELECT EXISTS(SELECT 1 FROM row GROUP BY key HAVING "
                  "count(*) > 16)") ||
      sql_integer(
          p->db, e,
          "SELECT EXISTS(SELECT 1 FROM main.ordersync_changes WHERE run "
          "> %lld AND +sync = %Q GROUP BY run, key HAVING count(*) > "
          "16)",
          p->run, p->map.sync);
  if (p->is_crowded) sql_run(p->scratch, e, reading, "%s", NOTE_WHOLES);
}

static void undo(const struct past *p, sqlite3_stmt *change, struct err *e) {
  const char *key = (const char *)sqlite3_column_text(change, 0);
  const char *kind = (const char *)sqlite3_column_text(change, 1);
  const char *changed = (const char *)sqlite3_column_text(change, 2);
  sqlite3_int64 row;
  if (!key || !kind || !changed) {
    err_nomem(e);
  } else if (strcmp(kind, "deleted") == 0) {
    row = add_row(p, key, e);
    step(p, bind_undo(p, ADD_CELLS, row, key, changed), e);
    if (p->is_crowded) step(p, bind_undo(p, NOTE_WHOLE, row, key, changed), e);
  } else if (strcmp(kind, "inserted") == 0) {
    row = find_row(p, key, changed, e);
    step(p, bind_undo(p, DROP_CELLS, row, key, changed), e);
    step(p, bind_undo(p, DROP_ROW, row, key, changed), e);
  } else {
    row = find_row(p, key, changed, e);
    if (!row && !e->code) {
      err_set(e, ERR_DATA,
              "the row %s, which run %lld updated, is not there any more: "
              "somebody else has deleted it, or the sync has another key since",
              key, (long long)sqlite3_column_int64(change, 3));
    }
    step(p, bind_undo(p, RESTORE, row, key, changed), e);
    if (p->is_crowded) step(p, bind_undo(p, NOTE_WHOLE, row, key, changed), e);
  }
}

static void undo_all(struct past *p, struct err *e) {
  sqlite3_stmt *since = prepare_since(p, "key, kind, changed, run", e);
  look_for_crowds(p, e);
  while (!e->code && sqlite3_step(since) == SQLITE_ROW) undo(p, since, e);
  finish(p->db, since, e);
  p->rest = sql_prepare(p->scratch, e,
                        "SELECT row.key, coalesce(cell.value, 'null') FROM row "
                        "CROSS JOIN name LEFT JOIN cell ON cell.row = row.id "
                        "AND cell.name = name.name ORDER BY row.id, position");
}

/* A row of the table; 0 when it is put aside. */
static int read_row(struct past *p, struct err *e) {
  const struct mapping *m = &p->map;
  int is_changed;
  for (int i = 0; i < m->n_columns; i++) {
    stored_read(p->table, i, &p->cells[i], e);
  }
  if (e->code) return 0;
  changes_key(p->key, m, p->cells);
  check_str(p->key, e);
  if (e->code) return 0;
  sqlite3_bind_text(p->is_changed, 1, past_key(p), -1, SQLITE_STATIC);
  is_changed = sqlite3_step(p->is_changed) == SQLITE_ROW;
  if (sqlite3_reset(p->is_changed)) err_sqlite(e, p->scratch, reading);
  if (is_changed) {
    put_aside(p, past_key(p), e);
    return 0;
  }
  for (int i = 0; i < m->n_columns; i++) {
    sqlite3_str_appendchar(p->row, 1, i ? ',' : '{');
    json_name(p->row, m->columns[i].target);
    json_cell(p->row, &p->cells[i]);
  }
  return 1;
}

/* A row of the scratch database is as many rows as there are columns. */
static int read_rest(struct past *p, struct err *e) {
  const struct mapping *m = &p->map;
  for (int i = 0; i < m->n_columns; i++) {
    if (e->code || sqlite3_step(p->rest) != SQLITE_ROW) {
      if (sqlite3_reset(p->rest)) err_sqlite(e, p->scratch, reading);
      return 0;
    }
    if (i == 0) {
      sqlite3_str_appendall(p->key,
                            (const char *)sqlite3_column_text(p->rest, 0));
    }
    sqlite3_str_appendchar(p->row, 1, i ? ',' : '{');
    json_name(p->row, m->columns[i].target);
    sqlite3_str_appendall(p->row,
                          (const char *)sqlite3_column_text(p->rest, 1));
  }
  return 1;
}

static int start_row(struct past *p, struct err *e) {
  forget_row(p);
  p->key = sqlite3_str_new(NULL);
  p->row = sqlite3_str_new(NULL);
  return !e->code;
}

static int next_of_table(struct past *p, struct err *e) {
  while (p->table && start_row(p, e)) {
    if (sqlite3_step(p->table) == SQLITE_ROW) {
      if (read_row(p, e)) return 1;
    } else {
      finish(p->db, p->table, e);
      p->table = NULL;
      undo_all(p, e);
    }
  }
  return 0;
}

enum err_code past_next(struct past *p, int *has_row, struct err *e) {
  int found = next_of_table(p, e) || (start_row(p, e) && read_rest(p, e));
  *has_row = 0;
  if (found) {
    sqlite3_str_appendchar(p->row, 1, '}');
    check_str(p->row, e);
    check_str(p->key, e);
    p->rows_left--;
    *has_row = !e->code;
  } else if (!e->code && p->rows_left != 0) {
    err_set(e, ERR_DATA,
            "run %lld left %lld rows %s than undoing the changes since gives: "
            "somebody else has inserted or deleted rows in \"%s\"",
            (long long)p->run,
            (long long)(p->rows_left < 0 ? -p->rows_left : p->rows_left),
            p->rows_left < 0 ? "fewer" : "more", p->map.target);
  }
  err_prefix(e, "sync \"%s\"", p->map.sync);
  return e->code;
}

const char *past_key(const struct past *p) {
  return sqlite3_str_value(p->key);
}

const char *past_row(const struct past *p) {
  return sqlite3_str_value(p->row);
}
