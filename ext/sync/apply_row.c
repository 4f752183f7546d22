/*
** One row of the apply phase.
*/
#include "sync/apply_row.h"

#include "base/sql.h"

/* How many rows are read between two looks at cancel and deadline. */
#define ROWS_A_LOOK 1000

/* SQLite makes up a number for a NULL there. */
static void check_row_id(const struct apply *a, const struct cell *cells,
                         sqlite3_int64 row, struct err *e) {
  const struct target *t = a->target;
  if (t->alias_column < 0 || cells[t->alias_column].type != SQLITE_NULL) return;
  err_set(e, ERR_DATA,
          "sync \"%s\" (row %lld): \"%s\" is NULL, which the INTEGER PRIMARY "
          "KEY of \"%s\" cannot be",
          a->map->sync, (long long)row, t->alias, a->map->target);
}

int apply_next(const struct apply *a, struct cell *cells, sqlite3_int64 *row,
               struct err *e) {
  return apply_skim(a, cells, a->map->n_columns, row, e);
}

int apply_skim(const struct apply *a, struct cell *cells, int n,
               sqlite3_int64 *row, struct err *e) {
  int has_row = 0;
  if (e->code) return 0;
  if (*row == 0) staging_seek(a->rows, 0);
  if (staging_skim(a->rows, cells, n, &has_row, e) || !has_row) return 0;
  check_row_id(a, cells, ++*row, e);
  if (*row % ROWS_A_LOOK == 0) txn_go_on(a->txn, e);
  return !e->code;
}

sqlite3_stmt *apply_prepare_insert(const struct apply *a, const char *more,
                                   int n_more, struct err *e) {
  const struct mapping *m = a->map;
  sqlite3_str *sql = sqlite3_str_new(NULL);
  int stamp_created = !more && a->target->has_created_at;
  int n_stamps = stamp_created + a->target->has_updated_at;
  int n = m->n_columns + n_more + n_stamps;
  sqlite3_stmt *stmt;
  sqlite3_str_appendf(sql, "INSERT INTO %s(", a->target->qualified);
  for (int i = 0; i < m->n_columns; i++) {
    sqlite3_str_appendf(sql, "%s\"%w\"", i ? "," : "", m->columns[i].target);
  }
  sqlite3_str_appendf(sql, "%s%s%s) VALUES(?", more,
                      stamp_created ? ",created_at" : "",
                      a->target->has_updated_at ? ",updated_at" : "");
  for (int i = 1; i < n; i++) sqlite3_str_appendall(sql, ",?");
  sqlite3_str_appendall(sql, ")");
  stmt = sql_prepare_str(a->db, sql, e);
  for (int i = n - n_stamps; stmt && i < n; i++) {
    sqlite3_bind_text(stmt, i + 1, a->log->started_at, -1, SQLITE_STATIC);
  }
  return stmt;
}

int apply_step(const struct apply *a, sqlite3_stmt *stmt,
               const struct cell *cells, const char *only) {
  int rc = SQLITE_OK;
  for (int i = 0; i < a->map->n_columns && rc == SQLITE_OK; i++) {
    if (!only || only[i]) rc = cell_bind(stmt, i + 1, &cells[i]);
  }
  if (rc) return rc;
  sqlite3_step(stmt);
  rc = sqlite3_reset(stmt);
  return rc ? sqlite3_extended_errcode(a->db) : rc;
}

void apply_explain(const struct apply *a, sqlite3_int64 row, struct err *e) {
  err_sqlite(e, a->db, "writing the target");
  err_prefix(e, "sync \"%s\" (row %lld)", a->map->sync, (long long)row);
}

void apply_done(const struct apply *a, struct batches *b, struct err *e) {
  if (++b->done % a->map->batch_size != 0 || txn_go_on(a->txn, e)) return;
  runlog_progress(a->log, "writing", b->done);
}

void apply_end(const struct apply *a, const struct batches *b, struct err *e) {
  sqlite3_int64 size = a->map->batch_size;
  if (b->done == 0 || txn_go_on(a->txn, e)) return;
  runlog_detail(a->log, TRACE_INFO, "apply",
                "%lld rows %s, in %lld batches of %lld", (long long)b->done,
                b->verb, (long long)((b->done + size - 1) / size),
                (long long)size);
}
