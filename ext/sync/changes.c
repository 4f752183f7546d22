/*
** Records changes. Whoever replays them, forwards in the order of their ids or
** backwards, comes from one table to the other: deletes are first, as they are
** when they are written, and where a key does not tell rows apart, all their
** cells do.
*/
#include "sync/changes.h"

#include "base/sql.h"
#include "value/json.h"

/* Rows between two looks at cancel and deadline. */
#define ROWS_A_LOOK 1000

static const char recording[] = "recording a change";

enum err_code changes_check_table(sqlite3 *db, struct err *e) {
  if (e->code || sql_has(db, "ordersync_changes", "changed")) return e->code;
  err_set(e, ERR_CONFIG, "there is no table ordersync_changes");
  err_hint(e, "SELECT ordersync_install() makes it");
  return e->code;
}

enum err_code changes_check(const struct mapping *m, sqlite3 *db,
                            struct err *e) {
  if (e->code || !m->keep_changes) return e->code;
  if (m->mode == MODE_REPLACE) {
    err_set(e, ERR_CONFIG,
            "sync \"%s\": keep_changes does not go with mode 'replace', which "
            "finds out about no change",
            m->sync);
    err_hint(e, "use mode 'diff'");
  } else if (!mapping_has_key(m)) {
    err_set(e, ERR_CONFIG,
            "sync \"%s\": keep_changes needs a key, by which a row is known "
            "again",
            m->sync);
    err_hint(e, "set the sync's key to the target columns that identify a row");
  }
  return changes_check_table(db, e);
}

void changes_key(sqlite3_str *out, const struct mapping *m,
                 const struct cell *cells) {
  const char *comma = "";
  sqlite3_str_appendchar(out, 1, '{');
  for (int i = 0; i < m->n_columns; i++) {
    if (!mapping_is_key(m, i)) continue;
    sqlite3_str_appendall(out, comma);
    json_name(out, m->columns[i].target);
    json_cell(out, &cells[i]);
    comma = ",";
  }
  sqlite3_str_appendchar(out, 1, '}');
}

/* old or new is NULL where there is no row. */
static void append_changed(sqlite3_str *out, const struct diff_plan *p,
                           const struct cell *old, const struct cell *new) {
  static const struct cell none = {.type = SQLITE_NULL};
  const struct mapping *m = p->a->map;
  int all = !old || !new || p->keys_repeat;
  char before = '{';
  for (int i = 0; i < m->n_columns; i++) {
    if (!all && stored_same(&old[i], &new[i])) continue;
    sqlite3_str_appendchar(out, 1, before);
    json_name(out, m->columns[i].target);
    sqlite3_str_appendchar(out, 1, '[');
    json_cell(out, old ? &old[i] : &none);
    sqlite3_str_appendchar(out, 1, ',');
    json_cell(out, new ? &new[i] : &none);
    sqlite3_str_appendchar(out, 1, ']');
    before = ',';
  }
  sqlite3_str_appendchar(out, 1, '}');
}

static void bind_json(const struct diff_plan *p, sqlite3_stmt *stmt, int index,
                      sqlite3_str *json, struct err *e) {
  int rc = sqlite3_str_errcode(json), n = sqlite3_str_length(json);
  char *text = sqlite3_str_finish(json);
  if (rc == SQLITE_TOOBIG) {
    err_set(e, ERR_LOCAL,
            "sync \"%s\": a row is too large to be recorded in "
            "ordersync_changes",
            p->a->map->sync);
  } else if (rc || !text) {
    err_nomem(e);
  } else {
    rc = sqlite3_bind_text(stmt, index, text, n, sqlite3_free);
    text = NULL; /* SQLite frees it also when that fails */
    if (rc) err_sqlite(e, p->a->db, recording);
  }
  sqlite3_free(text);
}

static void record(const struct diff_plan *p, sqlite3_stmt *insert,
                   const char *kind, const struct cell *old,
                   const struct cell *new, struct err *e) {
  sqlite3 *db = p->a->db;
  sqlite3_str *key, *changed;
  if (e->code) return;
  key = sqlite3_str_new(db);
  changed = sqlite3_str_new(db);
  changes_key(key, p->a->map, new ? new : old);
  append_changed(changed, p, old, new);
  bind_json(p, insert, 3, key, e);
  sqlite3_bind_text(insert, 4, kind, -1, SQLITE_STATIC);
  bind_json(p, insert, 5, changed, e);
  if (!e->code) sqlite3_step(insert);
  if (sqlite3_reset(insert)) err_sqlite(e, db, recording);
}

/* The row of the table into old, until look is reset. */
static void find_old(const struct diff_plan *p, sqlite3_stmt *look,
                     sqlite3_int64 rowid, struct err *e) {
  if (e->code) return;
  sqlite3_bind_int64(look, 1, rowid);
  if (sqlite3_step(look) == SQLITE_ROW)
    diff_read_old(p, look, e);
  else
    err_sqlite(e, p->a->db, "reading a row that is to change");
}

static void record_deletes(const struct diff_plan *p, sqlite3_stmt *look,
                           sqlite3_stmt *insert, struct err *e) {
  for (sqlite3_int64 i = 0; i < p->n_deletes && !e->code; i++) {
    find_old(p, look, p->deletes[i], e);
    record(p, insert, "deleted", p->old, NULL, e);
    sqlite3_reset(look);
    if (i % ROWS_A_LOOK == 0) txn_go_on(p->a->txn, e);
  }
}

static void record_staged(struct diff_plan *p, sqlite3_stmt *look,
                          sqlite3_stmt *insert, struct err *e) {
  sqlite3_int64 n = staging_rows(p->a->rows);
  for (sqlite3_int64 row = 1; row <= n && !e->code; row++) {
    enum plan plan = p->plans[row];
    if (row % ROWS_A_LOOK == 0) txn_go_on(p->a->txn, e);
    if (plan == PLAN_KEEP || diff_fetch(p, row, e)) continue;
    if (plan == PLAN_INSERT) {
      record(p, insert, "inserted", NULL, p->cells, e);
    } else {
      find_old(p, look, p->rows[row], e);
      record(p, insert, "updated", p->old, p->cells, e);
      sqlite3_reset(look);
    }
  }
}

enum err_code changes_record(struct diff_plan *p, struct err *e) {
  const struct apply *a = p->a;
  sqlite3_stmt *look, *insert;
  if (e->code || !a->map->keep_changes || a->map->dry_run) return e->code;
  if (txn_lock(a->txn, "main", "ordersync_runs", e) ||
      runlog_need_row(a->log, e)) {
    return e->code;
  }
  look = diff_prepare_read(p, "=?1", e);
  insert = sql_prepare(a->db, e,
                       "INSERT INTO main.ordersync_changes(run, sync, key, "
                       "kind, changed) VALUES(%lld, %Q, ?3, ?4, ?5)",
                       a->log->run_id, a->map->sync);
  record_deletes(p, look, insert, e);
  record_staged(p, look, insert, e);
  sqlite3_finalize(insert);
  sqlite3_finalize(look);
  return e->code;
}
