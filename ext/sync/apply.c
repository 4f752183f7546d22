/*
** The apply phase.
*/
#include "sync/apply.h"

#include "base/clock.h"
#include "base/sql.h"
#include "sync/diff.h"

/* How often rows are compared without the write lock, where somebody has
** committed in between. */
#define COMPARES_BESIDE 3

/* The page cache while rows are written: the indexes' pages come in no order.
** Less where the staged rows are in memory. */
#define CACHE_MOST_KIB        65536
#define CACHE_BESIDE_ROWS_KIB 32768

static sqlite3_int64 count_rows(const struct apply *a, struct err *e) {
  return sql_integer(a->db, e, "SELECT count(*) FROM %s", a->target->qualified);
}

static void truncate(const struct apply *a, struct err *e) {
  sqlite3_stmt *stmt =
      sql_prepare(a->db, e, "DELETE FROM %s", a->target->qualified);
  if (stmt) sqlite3_step(stmt);
  if (sqlite3_finalize(stmt)) err_sqlite(e, a->db, "truncating the target");
  a->log->deleted = sqlite3_changes(a->db);
}

/* ignored: the first row whose INSERT did nothing, or 0. */
static void replace_all(const struct apply *a, sqlite3_int64 *ignored,
                        struct err *e) {
  struct batches b = {.verb = "inserted"};
  struct cell *cells =
      sqlite3_malloc64((sqlite3_uint64)a->map->n_columns * sizeof *cells);
  sqlite3_stmt *insert;
  sqlite3_int64 row = 0;
  if (!cells) err_nomem(e);
  truncate(a, e);
  insert = apply_prepare_insert(a, NULL, 0, e);
  while (apply_next(a, cells, &row, e)) {
    if (apply_step(a, insert, cells, NULL))
      apply_explain(a, row, e);
    else if (sqlite3_changes(a->db) != 1 && *ignored == 0)
      *ignored = row;
    if (!e->code) apply_done(a, &b, e);
  }
  apply_end(a, &b, e);
  a->log->inserted = row;
  a->log->updated = 0;
  sqlite3_finalize(insert);
  sqlite3_free(cells);
}

/* What must not be written even though it arrived whole. */
static enum err_code check_guards(const struct apply *a, const struct diff *d,
                                  struct err *e) {
  sqlite3_int64 after = staging_rows(a->rows), before = 0;
  const struct mapping *m = a->map;
  double lost;
  if (a->state->is_part) return ERR_NONE; /* they are about the whole table */
  if (after == 0 && !a->state->keeps) {
    runlog_detail(a->log, TRACE_WARN, "guard",
                  "the server returned no rows; the target will be empty");
  }
  if (m->force) return ERR_NONE;
  if (d)
    before = diff_rows_before(d);
  else if (m->max_shrink_percent >= 0)
    before = count_rows(a, e);
  if (e->code) return e->code;
  if (a->state->keeps) before = 0; /* nothing is lost */
  lost = before > after ? 100.0 * (double)(before - after) / (double)before : 0;
  if (m->min_rows >= 0 && after < m->min_rows) {
    err_set(e, ERR_GUARD,
            "sync \"%s\": the server returned %lld rows, fewer than min_rows = "
            "%lld",
            m->sync, (long long)after, (long long)m->min_rows);
  } else if (m->max_shrink_percent >= 0 && lost > m->max_shrink_percent) {
    err_set(e, ERR_GUARD,
            "sync \"%s\": the server returned %lld rows where the target has "
            "%lld, a loss of %.1f%%, more than max_shrink_percent = %g",
            m->sync, (long long)after, (long long)before, lost,
            m->max_shrink_percent);
  }
  err_hint(e,
           "if that is right, run ordersync_refresh('%q', '{\"force\":true}')",
           m->sync);
  return e->code;
}

/* A trigger or another table's rule may have changed what was written. */
static enum err_code check_count(const struct apply *a, sqlite3_int64 ignored,
                                 struct err *e) {
  sqlite3_int64 fetched = staging_rows(a->rows), stored;
  char text[64];
  stored = count_rows(a, e);
  if (e->code) return e->code;
  a->log->rows = stored;
  if (stored == fetched) return ERR_NONE;
  (void)sqlite3_snprintf(sizeof text, text, " (row %lld was not inserted)",
                         (long long)ignored);
  return err_set(e, ERR_DATA,
                 "sync \"%s\": %lld rows were fetched, but the target would "
                 "have %lld%s; does a trigger, or a constraint with ON "
                 "CONFLICT IGNORE or REPLACE, change it?",
                 a->map->sync, (long long)fetched, (long long)stored,
                 ignored ? text : "");
}

/* Asked before COMMIT, which would only say that some key is wrong, and of a
** dry run never. */
static void explain_foreign_key(const struct apply *a, struct err *e) {
  sqlite3_stmt *stmt = sql_prepare(
      a->db, e,
      "SELECT f.\"table\", f.rowid, f.parent FROM pragma_table_list t, "
      "pragma_foreign_key_check(t.name, t.schema) f WHERE t.schema = %Q "
      "COLLATE nocase AND t.type = 'table' AND %Q COLLATE nocase IN "
      "(f.\"table\", f.parent)",
      a->map->schema, a->map->target);
  if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
    err_set(e, ERR_LOCAL,
            "FOREIGN KEY constraint failed: row %lld of \"%s\" would point at "
            "a row that \"%s\" does not have",
            (long long)sqlite3_column_int64(stmt, 1),
            sqlite3_column_text(stmt, 0), sqlite3_column_text(stmt, 2));
    err_hint(e, "mend or delete that row, or declare its key ON DELETE "
                "CASCADE and use mode 'diff' with a key");
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, a->db, "checking foreign keys");
  err_set(e, ERR_LOCAL, "FOREIGN KEY constraint failed");
  if (e->code == ERR_LOCAL && !e->sqlite_code) {
    e->sqlite_code = SQLITE_CONSTRAINT_FOREIGNKEY;
  }
}

/* What only the table has stays, with its values. */
static void hint_at_full(const struct apply *a, struct err *e) {
  if ((!a->state->is_part && !a->state->keeps) ||
      (e->sqlite_code != SQLITE_CONSTRAINT_UNIQUE &&
       e->sqlite_code != SQLITE_CONSTRAINT_PRIMARYKEY &&
       e->sqlite_code != SQLITE_CONSTRAINT_ROWID)) {
    return;
  }
  err_hint(
      e,
      "a row that the source no longer has, or under another key, may hold "
      "the value: ordersync_refresh('%q', '{\"full\":true}') deletes it",
      a->map->sync);
}

static enum err_code write_rows(const struct apply *a, struct diff *d,
                                struct err *e) {
  sqlite3_int64 ignored = 0;
  /* Children without an action must only be right in the end. */
  if (txn_defer_foreign_keys(a->txn, e)) return e->code;
  txn_enlarge_cache(a->txn, staging_spilled(a->rows) ? CACHE_MOST_KIB
                                                     : CACHE_BESIDE_ROWS_KIB);
  if (d)
    diff_apply(d, e);
  else
    replace_all(a, &ignored, e);
  hint_at_full(a, e);
  /* Of a part no count is known, but that each row was written. */
  if (a->state->is_part || a->state->keeps)
    a->log->rows = diff_rows_after(d);
  else if (!e->code)
    check_count(a, ignored, e);
  if (!e->code && txn_owes_foreign_keys(a->txn)) explain_foreign_key(a, e);
  return e->code;
}

/* A dry run writes its own row and nothing else: what was done to the target
** is undone at a savepoint. */
static enum err_code rehearse(const struct apply *a, struct diff *d,
                              struct err *e) {
  if (sqlite3_exec(a->db, "SAVEPOINT ordersync_rehearsal", 0, 0, 0)) {
    return err_sqlite(e, a->db, "starting a dry run");
  }
  write_rows(a, d, e);
  if (sqlite3_exec(a->db,
                   "ROLLBACK TO ordersync_rehearsal; "
                   "RELEASE ordersync_rehearsal",
                   0, 0, 0)) {
    err_sqlite(e, a->db, "ending a dry run");
  }
  return e->code;
}

static void tell(const struct apply *a) {
  runlog_detail(a->log, TRACE_INFO, "apply",
                "%s%lld rows: %lld inserted, %lld updated, %lld deleted; %lld "
                "ms under the write lock",
                a->map->dry_run ? "dry run, nothing written: " : "",
                (long long)a->log->rows, (long long)a->log->inserted,
                (long long)a->log->updated, (long long)a->log->deleted,
                (long long)a->log->apply_ms);
}

/* Compares on a snapshot, while others may write. *version is the snapshot's;
** -1: there is none, inside the caller's transaction, which others wait for
** anyway. */
static struct diff *compare_beside(struct apply *a, sqlite3_int64 *version,
                                   struct err *e) {
  struct diff *d = NULL;
  *version = -1;
  if (a->map->mode == MODE_REPLACE || a->txn->nested) return NULL;
  runlog_progress(a->log, "comparing", 0);
  if (!txn_read(a->txn, version, e) &&
      !target_recheck(a->target, a->db, a->map, e)) {
    diff_open(&d, a, e);
  }
  txn_commit(a->txn, e);
  txn_rollback(a->txn);
  return d;
}

/* The write lock, and *d is true of what it holds: else it is compared once
** more. While somebody keeps committing, in the end under the lock. */
static enum err_code lock(struct apply *a, struct diff **d, struct err *e) {
  for (int tries = 1;; tries++) {
    sqlite3_int64 version;
    *d = compare_beside(a, &version, e);
    if (*d && diff_is_nothing(*d)) return e->code;
    runlog_progress(a->log, "waiting for the write lock", 0);
    if (txn_begin(a->txn, e)) return e->code;
    a->locked_ms = clock_now_ms();
    if (*d && txn_version(a->txn, e) == version) return e->code;
    diff_close(*d);
    *d = NULL;
    if (version < 0 || tries == COMPARES_BESIDE || e->code) break;
    txn_rollback(a->txn);
  }
  if (e->code || target_recheck(a->target, a->db, a->map, e)) return e->code;
  if (a->map->mode != MODE_REPLACE) diff_open(d, a, e);
  return e->code;
}

/* The mark and the answer of the probe, and the run's success. */
static enum err_code write_success(const struct apply *a, struct txn *txn,
                                   struct err *e) {
  if (!a->map->dry_run) state_store(a->state, a->db, a->log->rows, e);
  return runlog_success(a->log, txn, a->map->keep_days, e);
}

/* Nothing of the target is written, in a transaction of its own. */
static enum err_code keep_all(const struct apply *a, sqlite3_int64 rows,
                              struct err *e) {
  struct txn txn = {0};
  a->log->rows = rows;
  a->log->inserted = a->log->updated = a->log->deleted = a->log->apply_ms = 0;
  tell(a);
  txn_prepare(&txn, a->db, "main", "ordersync_runs", a->txn->interrupt,
              a->txn->deadline_ms, e);
  txn_begin(&txn, e);
  if (!e->code) write_success(a, &txn, e);
  txn_commit(&txn, e);
  txn_clear(&txn);
  return e->code;
}

enum err_code apply_rows(struct apply *a, struct err *e) {
  struct diff *d = NULL;
  if (a->state->is_unchanged) return keep_all(a, a->state->rows, e);
  if (lock(a, &d, e) || check_guards(a, d, e)) goto done;
  if (!a->txn->open) {
    keep_all(a, diff_rows_after(d), e);
    goto done;
  }
  if (a->map->dry_run)
    rehearse(a, d, e);
  else
    write_rows(a, d, e);
  a->log->apply_ms = clock_now_ms() - a->locked_ms;
  if (e->code) goto done;
  tell(a);
  write_success(a, a->txn, e);
  txn_commit(a->txn, e);
done:
  diff_close(d);
  txn_rollback(a->txn);
  return e->code;
}
