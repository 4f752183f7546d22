/*
** A transaction that ends cleanly whatever happens in it.
*/
#include "local/txn.h"

#include "base/clock.h"
#include "base/sql.h"
#include "local/caller.h"

#include <string.h>

#define RETRY_MS 20

/* What ends a transaction. To SQLite a look at the journal mode is a write
** ([vdbeaux.c] OP_JournalMode), needs no table, and answers a row, so it can be
** left running. */
static enum err_code prepare_ends(struct txn *t, struct err *e) {
  t->rollback =
      sql_prepare(t->db, e, t->nested ? "ROLLBACK TO ordersync" : "ROLLBACK");
  t->commit = sql_prepare(t->db, e, t->nested ? "RELEASE ordersync" : "COMMIT");
  t->undo_all = sql_prepare(t->db, e, "PRAGMA \"%w\".journal_mode", t->schema);
  return e->code;
}

static void finalize_ends(struct txn *t) {
  sqlite3_finalize(t->commit);
  sqlite3_finalize(t->rollback);
  sqlite3_finalize(t->undo_all);
  t->commit = t->rollback = t->undo_all = NULL;
}

static sqlite3_stmt *prepare_lock(sqlite3 *db, const char *schema,
                                  const char *table, struct err *e) {
  return sql_prepare(db, e, "DELETE FROM \"%w\".\"%w\" WHERE 0", schema, table);
}

enum err_code txn_prepare(struct txn *t, sqlite3 *db, const char *schema,
                          const char *table, struct interrupt *interrupt,
                          sqlite3_int64 deadline_ms, struct err *e) {
  /* It would lock every attached database as well. */
  const char *begin = table || sqlite3_stricmp(schema, "main") != 0
                          ? "BEGIN"
                          : "BEGIN IMMEDIATE";
  memset(t, 0, sizeof *t);
  t->db = db;
  t->schema = schema;
  t->interrupt = interrupt;
  t->deadline_ms = deadline_ms;
  t->nested = !sqlite3_get_autocommit(db);
  t->beside = t->nested || sqlite3_txn_state(db, NULL) != SQLITE_TXN_NONE;
  t->begin =
      sql_prepare(db, e, "%s", t->nested ? "SAVEPOINT ordersync" : begin);
  if (table) t->lock = prepare_lock(db, schema, table, e);
  return prepare_ends(t, e);
}

static int is_cancelled(const struct txn *t) {
  return t->interrupt && interrupt_pending(t->interrupt);
}

static int step_once(sqlite3_stmt *stmt) {
  sqlite3_step(stmt);
  return sqlite3_reset(stmt);
}

/* Steps a statement that may find the database busy, until the deadline. Our
** own loop, because setting a busy timeout would replace the host's handler.
** The stale snapshot (BUSY_SNAPSHOT) of a caller that is reading does not get
** better by waiting. */
static int step_patiently(const struct txn *t, sqlite3_stmt *stmt) {
  int rc;
  while (
      err_busy_code(rc = step_once(stmt)) &&
      (!t->beside || sqlite3_extended_errcode(t->db) != SQLITE_BUSY_SNAPSHOT) &&
      clock_now_ms() < t->deadline_ms) {
    sqlite3_sleep(RETRY_MS);
    if (is_cancelled(t)) return SQLITE_INTERRUPT;
  }
  return rc;
}

static enum err_code explain(const struct txn *t, int rc, const char *doing,
                             struct err *e) {
  if (rc == SQLITE_OK) return e->code;
  if (rc == SQLITE_INTERRUPT) return err_set(e, ERR_INTERRUPT, "interrupted");
  err_sqlite(e, t->db, doing);
  if (err_is_busy(e)) {
    err_hint(e, t->nested
                    ? "another connection is writing; roll back and try again"
                    : "another connection kept it locked until the deadline");
  }
  return e->code;
}

static const char locking[] = "taking the write lock";

static enum err_code begin(struct txn *t, struct err *e) {
  int rc;
  if (e->code) return e->code;
  rc = step_patiently(t, t->begin);
  if (rc) return explain(t, rc, locking, e);
  t->open = 1;
  if (sqlite3_get_autocommit(t->db)) {
    err_set(e, ERR_LOCAL,
            "BEGIN did nothing: an authorizer of this program ignores "
            "transactions, and a failure could not be undone");
  }
  return e->code;
}

static sqlite3_stmt *prepare_version(const struct txn *t, struct err *e) {
  return sql_prepare(t->db, e, "PRAGMA \"%w\".data_version", t->schema);
}

static sqlite3_int64 step_version(const struct txn *t, sqlite3_stmt *stmt,
                                  struct err *e) {
  sqlite3_int64 version = -1;
  if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
    version = sqlite3_column_int64(stmt, 0);
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, t->db, "reading the database");
  return version;
}

sqlite3_int64 txn_version(const struct txn *t, struct err *e) {
  return step_version(t, prepare_version(t, e), e);
}

/* The version's first reading begins the transaction at the file, too. */
enum err_code txn_read(struct txn *t, sqlite3_int64 *version, struct err *e) {
  sqlite3_stmt *look;
  *version = -1;
  if (begin(t, e)) return e->code;
  look = prepare_version(t, e);
  if (look) explain(t, step_patiently(t, look), "reading the database", e);
  if (e->code) {
    sqlite3_finalize(look);
    return e->code;
  }
  *version = step_version(t, look, e);
  return e->code;
}

enum err_code txn_begin(struct txn *t, struct err *e) {
  if (begin(t, e)) return e->code;
  /* The savepoint and a plain BEGIN lock nothing yet: write nothing, once. */
  if (t->lock) explain(t, step_patiently(t, t->lock), locking, e);
  caller_check_place(t->db, t->schema, e);
  return caller_check_place(t->db, "main", e);
}

enum err_code txn_lock(struct txn *t, const char *schema, const char *table,
                       struct err *e) {
  sqlite3_stmt *lock = prepare_lock(t->db, schema, table, e);
  if (lock) explain(t, step_patiently(t, lock), locking, e);
  sqlite3_finalize(lock);
  return e->code;
}

void txn_guard(struct txn *t) {
  if (t->open) (void)sqlite3_step(t->undo_all);
  t->guarded = t->open;
}

/* What ends the transaction, prepared anew while the one that is running still
** guards it: statements that expired would be prepared when they are stepped,
** and out of memory then, nothing would end it. */
static enum err_code renew_ends(struct txn *t, struct err *e) {
  struct txn renewed = *t;
  if (!t->guarded) return ERR_NONE;
  renewed.commit = renewed.rollback = renewed.undo_all = NULL;
  if (prepare_ends(&renewed, e)) {
    finalize_ends(&renewed);
    return e->code;
  }
  renewed.guarded = 0;
  finalize_ends(t);
  *t = renewed;
  return ERR_NONE;
}

/* This pragma expires every prepared statement too, and is on or off once it
** has been prepared, whatever stepping it then meets. */
static enum err_code set_deferral(struct txn *t, int on, struct err *e) {
  txn_guard(t);
  if (on) t->deferred = t->nested;
  if (sqlite3_exec(t->db,
                   on ? "PRAGMA defer_foreign_keys = 1"
                      : "PRAGMA defer_foreign_keys = 0",
                   0, 0, 0)) {
    return err_sqlite(e, t->db, "deferring foreign keys");
  }
  if (!on) t->deferred = 0;
  return renew_ends(t, e);
}

/* This pragma works when it is prepared. With its end and without blanks, since
** it is there that SQLite looks for an interrupt ([tokenize.c]
** sqlite3RunParser()): after one, too, the caller gets the cache back. */
static char *cache_sql(const struct txn *t, sqlite3_int64 size) {
  return sqlite3_mprintf("PRAGMA\"%w\".cache_size=%lld;", t->schema, size);
}

static int prepare_only(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  int rc = sql ? sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) : SQLITE_NOMEM;
  sqlite3_finalize(stmt);
  return rc;
}

void txn_enlarge_cache(struct txn *t, int larger_kib) {
  struct err e = {0};
  sqlite3_int64 size =
      sql_integer(t->db, &e, "PRAGMA \"%w\".cache_size", t->schema);
  sqlite3_int64 page =
      sql_integer(t->db, &e, "PRAGMA \"%w\".page_size", t->schema);
  /* pages, or else KiB */
  sqlite3_int64 kib = size < 0 ? -size : size * page / 1024;
  if (!e.code && !t->cache_back && t->open && kib < larger_kib) {
    char *larger = cache_sql(t, -larger_kib);
    t->cache_back = cache_sql(t, size);
    if (t->cache_back) (void)prepare_only(t->db, larger);
    sqlite3_free(larger);
  }
  err_reset(&e);
}

/* Failing, it is tried again by txn_rollback(): out of memory passes. */
static int give_cache_back(struct txn *t) {
  int rc = t->cache_back ? prepare_only(t->db, t->cache_back) : SQLITE_OK;
  if (rc == SQLITE_OK) {
    sqlite3_free(t->cache_back);
    t->cache_back = NULL;
  }
  return rc;
}

static int is_owing(sqlite3 *db) {
  int owed = 0, ignored = 0;
  sqlite3_db_status(db, SQLITE_DBSTATUS_DEFERRED_FKS, &owed, &ignored, 0);
  return owed;
}

enum err_code txn_defer_foreign_keys(struct txn *t, struct err *e) {
  if (e->code) return e->code;
  t->owed_before = is_owing(t->db);
  /* What the caller deferred, the caller's COMMIT checks. */
  if (t->nested && sql_integer(t->db, e, "PRAGMA defer_foreign_keys")) {
    return e->code;
  }
  return e->code ? e->code : set_deferral(t, 1, e);
}

/* Where the caller's own keys are violated, nobody can tell ours from them. */
int txn_owes_foreign_keys(const struct txn *t) {
  return (t->deferred || !t->nested) && !t->owed_before && is_owing(t->db);
}

enum err_code txn_commit(struct txn *t, struct err *e) {
  if (e->code || renew_ends(t, e)) return e->code;
  /* Not later: an error after COMMIT would be none. */
  if (give_cache_back(t) == SQLITE_NOMEM) return err_nomem(e);
  /* Turning the deferral off forgets what violated it. While the caller owes,
  ** it stays on instead: the caller's COMMIT will look. */
  if (t->deferred && !is_owing(t->db) && set_deferral(t, 0, e)) return e->code;
  sqlite3_reset(t->undo_all);
  if (explain(t, step_patiently(t, t->commit), "committing", e)) return e->code;
  if (!t->nested && !sqlite3_get_autocommit(t->db)) {
    return err_set(e, ERR_LOCAL,
                   "COMMIT did nothing: an authorizer of this program ignores "
                   "it, and what was written is rolled back");
  }
  t->open = 0;
  return ERR_NONE;
}

/* Once nothing is prepared any more that the pragma could expire. The savepoint
** is rolled back, so there is nothing to forget; what cannot be prepared now is
** out of memory or interrupted, and then all is rolled back. */
static void undo_deferral(struct txn *t) {
  static const char sql[] = "PRAGMA defer_foreign_keys = 0";
  int rc;
  if (!t->deferred || sqlite3_get_autocommit(t->db)) return;
  rc = sqlite3_exec(t->db, sql, 0, 0, 0);
  if (rc) rc = sqlite3_exec(t->db, sql, 0, 0, 0); /* out of memory passes */
  if (rc) {
    sqlite3_step(t->undo_all);
    sqlite3_reset(t->undo_all);
  }
  t->deferred = 0;
}

/* Out of memory in a statement within a statement, SQLite's connection does
** nothing any more until the outer one is over, ROLLBACK not excepted. */
void txn_rollback(struct txn *t) {
  int done;
  if (!t->open) return;
  t->open = 0;
  /* SQLITE_FULL, IOERR and the like may have rolled back already. */
  done = sqlite3_get_autocommit(t->db);
  if (!done) done = step_once(t->rollback) == SQLITE_OK;
  if (!done) sqlite3_step(t->undo_all);
  sqlite3_reset(t->undo_all);
  if (!sqlite3_get_autocommit(t->db) && t->nested) (void)step_once(t->commit);
  undo_deferral(t);
  (void)give_cache_back(t);
}

void txn_clear(struct txn *t) {
  txn_rollback(t);
  (void)give_cache_back(t);
  sqlite3_free(t->cache_back);
  sqlite3_finalize(t->begin);
  sqlite3_finalize(t->lock);
  finalize_ends(t);
  memset(t, 0, sizeof *t);
}

enum err_code txn_go_on(struct txn *t, struct err *e) {
  if (e->code) return e->code;
  if (is_cancelled(t)) return err_set(e, ERR_INTERRUPT, "interrupted");
  if (clock_now_ms() >= t->deadline_ms) {
    return err_set(e, ERR_TIMEOUT, "the run's deadline passed while writing");
  }
  return ERR_NONE;
}
