/*
** Mode diff, the second half: deletes, then updates, then inserts, so that each
** finds the values free that the ones before it give up.
**
** SQLite checks a UNIQUE column row by row. An update that wants what another
** row still holds is put off and tried again after the others:
**
**   1 -> 2, 2 -> 3      the second, then the first
**   1 -> 2, 2 -> 1      neither, ever: both rows are taken out, and put in
**                       again with their row ids and the columns that no
**                       source column is mapped to
**
** Every statement must have changed its row. A trigger's RAISE(IGNORE) and a
** constraint's ON CONFLICT IGNORE leave it alone, and SQLite calls that OK.
*/
#include "sync/diff_write.h"

#include "base/sql.h"
#include "base/utf8.h"

#include <string.h>

/* Rows between two looks at cancel and deadline. */
#define ROWS_A_LOOK 1000

/* Of updates; then one with all columns does for the rest. */
#define SHAPES 64

/* The updates that set the same columns: SQLite writes anew every index that
** one of these is in, whether its value has changed or not. */
struct shape {
  char *columns; /* owned: per mapped column, whether it is set */
  int is_checked;
  sqlite3_stmt *plain, *strict; /* owned */
};

/* One kind of change, for all rows. */
struct writer {
  struct diff_plan *p; /* borrowed */
  struct batches batches;
  sqlite3_stmt
      *insert; /* owned, as are all of these; the rest is for updates */
  sqlite3_stmt *look;
  struct shape shapes[SHAPES + 1];
  int n_shapes;
  char *columns;         /* which have changed in this row */
  int has_on_conflict;   /* some constraint may say what to do about one */
  int has_triggers;      /* they may change what was set */
  sqlite3_int64 waiting; /* they were put off */
  sqlite3_stmt *take, *put;
  struct staging *old; /* of rows taken out: row id, other columns; in order */
  struct cell *cells;  /* one row of them */
  int n_cells;
};

enum err_code diff_fetch(struct diff_plan *p, sqlite3_int64 row,
                         struct err *e) {
  int has_row = 0;
  if (e->code) return e->code;
  staging_seek(p->a->rows, p->at[row]);
  if (!staging_next(p->a->rows, p->cells, &has_row, e)) {
    stored_convert(&p->stored, p->cells, NULL, 0, e);
  }
  return e->code;
}

sqlite3_stmt *diff_prepare_read(const struct diff_plan *p, const char *which,
                                struct err *e) {
  const struct mapping *m = p->a->map;
  const struct target *t = p->a->target;
  sqlite3_str *sql = sqlite3_str_new(NULL);
  sqlite3_str_appendf(sql, "SELECT %s", t->rowid);
  for (int i = 0; i < m->n_columns; i++) {
    sqlite3_str_appendf(sql, ",\"%w\"", m->columns[i].target);
  }
  sqlite3_str_appendf(sql, " FROM %s", t->qualified);
  if (*which)
    sqlite3_str_appendf(sql, " WHERE %s%s", t->rowid, which);
  else
    sqlite3_str_appendf(sql, " ORDER BY %s", t->rowid);
  return sql_prepare_str(p->a->db, sql, e);
}

void diff_read_old(const struct diff_plan *p, sqlite3_stmt *stmt,
                   struct err *e) {
  for (int i = 0; i < p->a->map->n_columns; i++) {
    stored_read(stmt, i + 1, &p->old[i], e);
  }
}

/* Does it to each staged row whose plan is that. */
static void each_row(struct writer *w, enum plan plan,
                     void (*change)(struct writer *w, sqlite3_int64 row,
                                    struct err *e),
                     struct err *e) {
  struct diff_plan *p = w->p;
  sqlite3_int64 n = staging_rows(p->a->rows);
  for (sqlite3_int64 row = 1; row <= n && !e->code; row++) {
    if (p->plans[row] == plan && !diff_fetch(p, row, e)) {
      change(w, row, e);
      if (row % ROWS_A_LOOK == 0) txn_go_on(p->a->txn, e);
    }
  }
}

static void append_value(sqlite3_str *out, const struct cell *cell) {
  int n = cell->n_bytes;
  switch (cell->type) {
  case SQLITE_INTEGER:
    sqlite3_str_appendf(out, "%lld", (long long)cell->integer);
    break;
  case SQLITE_FLOAT:
    sqlite3_str_appendf(out, "%!.15g", cell->real);
    break;
  case SQLITE_TEXT:
    if (n > 60) n = (int)utf8_cut(cell->bytes, 60);
    sqlite3_str_appendf(out, "'%.*s'", n, cell->bytes);
    break;
  default:
    sqlite3_str_appendall(out, cell->type == SQLITE_BLOB ? "a blob" : "NULL");
    break;
  }
}

/* SQLite said OK, and the row is not as it should be. */
static void explain_unchanged(const struct writer *w, sqlite3_int64 row,
                              struct err *e) {
  const struct mapping *m = w->p->a->map;
  sqlite3_str *key = sqlite3_str_new(NULL);
  char *text;
  for (int i = 0; i < m->n_columns; i++) {
    if (!w->p->is_key[i]) continue;
    sqlite3_str_appendf(key, ", %s ", m->columns[i].target);
    append_value(key, &w->p->cells[i]);
  }
  text = sqlite3_str_finish(key);
  err_set(e, ERR_DATA,
          "sync \"%s\" (row %lld%s): the row was not %s; does a trigger "
          "RAISE(IGNORE) or delete it, or a constraint say ON CONFLICT IGNORE?",
          m->sync, (long long)row, text ? text : "", w->batches.verb);
  sqlite3_free(text);
}

/* What became of writing a row, whose statement ended with rc. */
static int is_written(struct writer *w, int rc, sqlite3_int64 row,
                      struct err *e) {
  const struct apply *a = w->p->a;
  if (rc)
    apply_explain(a, row, e);
  else if (sqlite3_changes(a->db) != 1)
    explain_unchanged(w, row, e);
  else
    apply_done(a, &w->batches, e);
  return !e->code;
}

static sqlite3_stmt *prepare_rowid(const struct apply *a, const char *verb,
                                   struct err *e) {
  return sql_prepare(a->db, e, "%s FROM %s WHERE %s=?1", verb,
                     a->target->qualified, a->target->rowid);
}

/* Steps a statement about one row. */
static int step_rowid(sqlite3_stmt *stmt, sqlite3_int64 rowid) {
  sqlite3_bind_int64(stmt, 1, rowid);
  return sqlite3_step(stmt);
}

/* Gone already is as good: the row of a parent that was deleted before it, or
** what a trigger took along. */
static void delete_row(const struct apply *a, sqlite3_stmt *stmt,
                       sqlite3_stmt *look, sqlite3_int64 rowid, struct err *e) {
  (void)step_rowid(stmt, rowid);
  if (sqlite3_reset(stmt)) {
    err_sqlite(e, a->db, "deleting a row");
    return;
  }
  if (sqlite3_changes(a->db) == 1) return;
  if (step_rowid(look, rowid) == SQLITE_ROW) {
    err_set(e, ERR_DATA,
            "sync \"%s\": the row with rowid %lld was not "
            "deleted; does a trigger RAISE(IGNORE)?",
            a->map->sync, (long long)rowid);
  }
  if (sqlite3_reset(look)) err_sqlite(e, a->db, "looking for a row");
}

static void delete_rows(struct diff_plan *p, struct err *e) {
  sqlite3_stmt *stmt, *look;
  p->a->log->deleted = p->n_deletes;
  if (p->n_deletes == 0) return;
  stmt = prepare_rowid(p->a, "DELETE", e);
  look = prepare_rowid(p->a, "SELECT 1", e);
  for (sqlite3_int64 i = 0; i < p->n_deletes && !e->code; i++) {
    delete_row(p->a, stmt, look, p->deletes[i], e);
    if (i % 1000 == 999) txn_go_on(p->a->txn, e);
  }
  sqlite3_finalize(stmt);
  sqlite3_finalize(look);
}

static sqlite3_stmt *prepare_update(const struct apply *a, const char *verb,
                                    const char *columns, struct err *e) {
  const struct mapping *m = a->map;
  sqlite3_str *sql = sqlite3_str_new(NULL);
  const char *comma = "";
  sqlite3_str_appendf(sql, "%s %s SET ", verb, a->target->qualified);
  for (int i = 0; i < m->n_columns; i++) {
    if (!columns[i]) continue;
    sqlite3_str_appendf(sql, "%s\"%w\"=?%d", comma, m->columns[i].target,
                        i + 1);
    comma = ",";
  }
  if (a->target->has_updated_at) {
    sqlite3_str_appendf(sql, ",updated_at=%Q", a->log->started_at);
  }
  sqlite3_str_appendf(sql, " WHERE %s=?%d", a->target->rowid, m->n_columns + 1);
  return sql_prepare_str(a->db, sql, e);
}

static struct shape *add_shape(struct writer *w, struct err *e) {
  struct shape *shape = &w->shapes[w->n_shapes++];
  size_t n = (size_t)w->p->a->map->n_columns;
  shape->columns = sqlite3_malloc64(n);
  if (!shape->columns) {
    err_nomem(e);
    return shape;
  }
  memcpy(shape->columns, w->columns, n);
  shape->plain = prepare_update(w->p->a, "UPDATE", shape->columns, e);
  if (w->has_on_conflict) {
    shape->strict =
        prepare_update(w->p->a, "UPDATE OR ABORT", shape->columns, e);
  }
  return shape;
}

/* Which columns of the row in cells[] differ from the table's row. All where
** that is gone (the update will say so), or a trigger has made them the same.
*/
static void compare_row(struct writer *w, sqlite3_int64 rowid, struct err *e) {
  const struct diff_plan *p = w->p;
  size_t n = (size_t)p->a->map->n_columns;
  int found = step_rowid(w->look, rowid) == SQLITE_ROW, differ = 0;
  if (found) diff_read_old(p, w->look, e);
  for (size_t i = 0; i < n && found; i++) {
    w->columns[i] = (char)!stored_same(&p->old[i], &p->cells[i]);
    differ |= w->columns[i];
  }
  if (!differ) memset(w->columns, 1, n);
  if (sqlite3_reset(w->look)) err_sqlite(e, p->a->db, "reading a row");
}

static struct shape *find_shape(struct writer *w, sqlite3_int64 rowid,
                                struct err *e) {
  size_t n = (size_t)w->p->a->map->n_columns;
  compare_row(w, rowid, e);
  for (int again = 0; again < 2; again++) {
    for (int i = 0; i < w->n_shapes; i++) {
      if (memcmp(w->shapes[i].columns, w->columns, n) == 0) {
        return &w->shapes[i];
      }
    }
    if (w->n_shapes < SHAPES) break;
    memset(w->columns, 1, n);
  }
  return e->code ? NULL : add_shape(w, e);
}

int diff_has_on_conflict(const struct apply *a, struct err *e) {
  return sql_integer(a->db, e,
                     "SELECT count(*) FROM \"%w\".sqlite_schema WHERE type = "
                     "'table' AND name = %Q COLLATE nocase AND sql LIKE "
                     "'%%conflict%%'",
                     a->map->schema, a->map->target) > 0;
}

/* A value that is still held by another row, in a transaction that goes on (a
** constraint may say ON CONFLICT ROLLBACK). */
static int is_taken(const struct writer *w, int rc) {
  return (rc == SQLITE_CONSTRAINT_UNIQUE ||
          rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
          rc == SQLITE_CONSTRAINT_ROWID) &&
         !sqlite3_get_autocommit(w->p->a->db);
}

static int update_row(const struct writer *w, sqlite3_stmt *stmt,
                      const char *columns, sqlite3_int64 rowid) {
  const struct apply *a = w->p->a;
  int rc = sqlite3_bind_int64(stmt, a->map->n_columns + 1, rowid);
  return rc ? rc : apply_step(a, stmt, w->p->cells, columns);
}

static int has_triggers(const struct apply *a, struct err *e) {
  return sql_integer(
             a->db, e,
             "SELECT count(*) FROM (SELECT type, tbl_name FROM "
             "\"%w\".sqlite_schema UNION ALL SELECT type, tbl_name FROM "
             "temp.sqlite_schema) WHERE type = 'trigger' AND tbl_name = "
             "%Q COLLATE nocase",
             a->map->schema, a->map->target) > 0;
}

/* Looks at the first row that was written so. SQLite leaves a column out of an
** UPDATE, without a word, where the program's authorizer answers SQLITE_IGNORE.
*/
static void check_all_set(struct writer *w, struct shape *shape,
                          sqlite3_int64 rowid, struct err *e) {
  const struct diff_plan *p = w->p;
  const struct mapping *m = p->a->map;
  shape->is_checked = 1;
  if (w->has_triggers || w->has_on_conflict) return; /* or these did it */
  if (step_rowid(w->look, rowid) == SQLITE_ROW) {
    diff_read_old(p, w->look, e);
    for (int i = 0; i < m->n_columns && !e->code; i++) {
      if (!shape->columns[i] || stored_same(&p->old[i], &p->cells[i])) continue;
      err_set(
          e, ERR_LOCAL,
          "an authorizer of this program ignores the UPDATE of \"%s\".\"%s\"",
          m->target, m->columns[i].target);
      err_hint(e, "let it pass, or deny it");
    }
  }
  if (sqlite3_reset(w->look)) err_sqlite(e, p->a->db, "reading a row");
}

/* UPDATE OR ABORT first where a constraint would drop this row or another one
** (ON CONFLICT IGNORE, REPLACE) instead of saying that the value is taken. It
** also overrules NOT NULL ON CONFLICT REPLACE, which is not to be, and what a
** trigger says: so whatever else it meets is left to a plain UPDATE. */
static void try_update(struct writer *w, sqlite3_int64 row, struct err *e) {
  sqlite3_int64 rowid = w->p->rows[row];
  struct shape *shape = find_shape(w, rowid, e);
  int rc = SQLITE_CONSTRAINT;
  if (!shape || e->code) return;
  if (shape->strict) rc = update_row(w, shape->strict, shape->columns, rowid);
  if ((rc & 0xff) == SQLITE_CONSTRAINT && !is_taken(w, rc)) {
    rc = update_row(w, shape->plain, shape->columns, rowid);
  }
  if (is_taken(w, rc)) {
    w->waiting++;
    return;
  }
  if (!is_written(w, rc, row, e)) return;
  w->p->plans[row] = PLAN_KEEP;
  if (!shape->is_checked) check_all_set(w, shape, rowid, e);
}

static void update_pass(struct writer *w, struct err *e) {
  w->waiting = 0;
  each_row(w, PLAN_UPDATE, try_update, e);
}

static sqlite3_stmt *prepare_take(const struct apply *a, struct err *e) {
  const struct target *t = a->target;
  return sql_prepare(a->db, e, "DELETE FROM %s WHERE %s=?1 RETURNING %s%s",
                     t->qualified, t->rowid, t->rowid, t->others);
}

/* Its parameters: the mapped columns, then what prepare_take() reads, but for
** the row id where a mapped INTEGER PRIMARY KEY is that already. */
static sqlite3_stmt *prepare_put(const struct apply *a, struct err *e) {
  const struct target *t = a->target;
  int has_id = t->alias_column < 0;
  char *more = sqlite3_mprintf("%s%s%s", has_id ? "," : "",
                               has_id ? t->rowid : "", t->others);
  sqlite3_stmt *stmt;
  if (!more) err_nomem(e);
  stmt = apply_prepare_insert(a, more, has_id + t->n_others, e);
  sqlite3_free(more);
  return stmt;
}

/* A row that somebody else's trigger took has no old values left. */
static void take_row(struct writer *w, sqlite3_int64 row, struct err *e) {
  int found = step_rowid(w->take, w->p->rows[row]) == SQLITE_ROW;
  for (int i = 0; i < w->n_cells && found && !e->code; i++) {
    stored_read(w->take, i, &w->cells[i], e);
  }
  if (found && !e->code) staging_append(w->old, w->cells, e);
  if (found) (void)sqlite3_step(w->take);
  if (sqlite3_reset(w->take)) apply_explain(w->p->a, row, e);
  if (!found && !e->code) explain_unchanged(w, row, e);
}

static void put_row(struct writer *w, sqlite3_int64 row, struct err *e) {
  const struct apply *a = w->p->a;
  int without_id = a->target->alias_column >= 0;
  int rc = SQLITE_OK, has_row = 0;
  if (staging_next(w->old, w->cells, &has_row, e)) return;
  for (int i = without_id; i < w->n_cells && rc == SQLITE_OK; i++) {
    rc =
        cell_bind(w->put, a->map->n_columns + i + 1 - without_id, &w->cells[i]);
  }
  if (rc == SQLITE_OK) rc = apply_step(a, w->put, w->p->cells, NULL);
  (void)is_written(w, rc, row, e);
}

static void rewrite_rows(struct writer *w, struct err *e) {
  const struct apply *a = w->p->a;
  w->n_cells = a->target->n_others + 1;
  w->cells = sqlite3_malloc64((sqlite3_uint64)w->n_cells * sizeof *w->cells);
  if (!w->cells) err_nomem(e);
  if (!e->code) staging_open(&w->old, w->n_cells, 0, e);
  w->take = prepare_take(a, e);
  w->put = prepare_put(a, e);
  each_row(w, PLAN_UPDATE, take_row, e);
  each_row(w, PLAN_UPDATE, put_row, e);
}

/* As long as trying again helps much; a chain of n rows in the wrong order
** would take n passes. Where taking rows out would change those of another
** table, as long as it helps at all. */
static void update_waiting(struct writer *w, struct err *e) {
  const struct apply *a = w->p->a;
  int act =
      a->target->acting_child && sql_integer(a->db, e, "PRAGMA foreign_keys");
  sqlite3_int64 before;
  do {
    before = w->waiting;
    update_pass(w, e);
  } while (!e->code && w->waiting &&
           w->waiting <= (act ? before - 1 : before / 2));
  if (e->code || w->waiting == 0) return;
  if (!act) {
    rewrite_rows(w, e);
    return;
  }
  err_set(e, ERR_LOCAL,
          "sync \"%s\": %lld rows exchange values of a UNIQUE column or "
          "PRIMARY KEY; to write them they would have to be deleted for a "
          "moment, and with them the rows of \"%s\" that point at them",
          a->map->sync, (long long)w->waiting, a->target->acting_child);
  err_hint(e, "PRAGMA foreign_keys = 0 for this refresh, or do without the "
              "UNIQUE or the ON DELETE action");
  e->sqlite_code = SQLITE_CONSTRAINT_UNIQUE;
}

static void close_updates(struct writer *w) {
  for (int i = 0; i < w->n_shapes; i++) {
    sqlite3_free(w->shapes[i].columns);
    sqlite3_finalize(w->shapes[i].plain);
    sqlite3_finalize(w->shapes[i].strict);
  }
  sqlite3_finalize(w->look);
  sqlite3_finalize(w->take);
  sqlite3_finalize(w->put);
  staging_close(w->old);
  sqlite3_free(w->cells);
  sqlite3_free(w->columns);
}

static void update_rows(struct diff_plan *p, struct err *e) {
  struct writer w = {.p = p, .batches = {.verb = "updated"}};
  p->a->log->updated = 0;
  if (e->code || p->n_updates == 0) return;
  w.columns = sqlite3_malloc64((sqlite3_uint64)p->a->map->n_columns);
  if (!w.columns) err_nomem(e);
  w.look = diff_prepare_read(p, "=?1", e);
  w.has_on_conflict = diff_has_on_conflict(p->a, e);
  w.has_triggers = has_triggers(p->a, e);
  if (!e->code) update_pass(&w, e);
  if (!e->code && w.waiting) update_waiting(&w, e);
  apply_end(p->a, &w.batches, e);
  p->a->log->updated = w.batches.done;
  close_updates(&w);
}

static void insert_row(struct writer *w, sqlite3_int64 row, struct err *e) {
  (void)is_written(w, apply_step(w->p->a, w->insert, w->p->cells, NULL), row,
                   e);
}

static void insert_rows(struct diff_plan *p, struct err *e) {
  struct writer w = {.p = p, .batches = {.verb = "inserted"}};
  p->a->log->inserted = 0;
  if (e->code || p->n_inserts == 0) return;
  w.insert = apply_prepare_insert(p->a, NULL, 0, e);
  each_row(&w, PLAN_INSERT, insert_row, e);
  apply_end(p->a, &w.batches, e);
  p->a->log->inserted = w.batches.done;
  sqlite3_finalize(w.insert);
}

enum err_code diff_write(struct diff_plan *p, struct err *e) {
  delete_rows(p, e);
  update_rows(p, e);
  insert_rows(p, e);
  return e->code;
}
