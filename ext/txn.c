/*
** A transaction that ends cleanly whatever happens in it.
*/
#include "txn.h"
#include "runlog.h"

#include <string.h>

#define RETRY_MS 20

sqlite3_stmt *txn_preparef(sqlite3 *db, struct err *e, const char *fmt, ...) {
  sqlite3_stmt *stmt = NULL;
  va_list args;
  char *sql;
  if (e->code) return NULL;
  va_start(args, fmt);
  sql = sqlite3_vmprintf(fmt, args);
  va_end(args);
  if (!sql) {
    err_nomem(e);
    return NULL;
  }
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL)) {
    err_sqlite(e, db, "preparing a statement");
  }
  sqlite3_free(sql);
  return stmt;
}

/* ---- may we? --------------------------------------------------------------
 */

static int writer_is_active(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  while ((stmt = sqlite3_next_stmt(db, stmt)) != NULL) {
    if (sqlite3_stmt_busy(stmt) && !sqlite3_stmt_readonly(stmt)) return 1;
  }
  return 0;
}

/* SQLite evaluates a table's CHECKs in PRAGMA integrity_check without asking
** whether the functions in them are for direct use only, so there a hostile
** file would get us called. No honest call comes from a PRAGMA. */
static int pragma_is_active(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  while ((stmt = sqlite3_next_stmt(db, stmt)) != NULL) {
    const char *sql = sqlite3_sql(stmt);
    if (sql && sqlite3_stmt_busy(stmt) &&
        (sqlite3_strlike("%integrity_check%", sql, 0) == 0 ||
         sqlite3_strlike("%quick_check%", sql, 0) == 0)) {
      return 1;
    }
  }
  return 0;
}

static int pragma_is_on(sqlite3 *db, const char *sql, struct err *e) {
  sqlite3_stmt *stmt = txn_preparef(db, e, "%s", sql);
  int on = stmt && sqlite3_step(stmt) == SQLITE_ROW &&
           sqlite3_column_int(stmt, 0) != 0;
  sqlite3_finalize(stmt);
  return on;
}

enum err_code txn_check_caller(sqlite3 *db, const char *schema, struct err *e) {
  if (e->code) return e->code;
  if (writer_is_active(db)) {
    return err_set(e, ERR_MISUSE,
                   "it cannot run inside a statement that writes; call it as "
                   "SELECT ordersync_refresh()");
  }
  if (pragma_is_active(db)) {
    return err_set(e, ERR_MISUSE,
                   "it cannot run inside a PRAGMA; a CHECK of this database "
                   "called it, which it must not");
  }
  if (sqlite3_get_autocommit(db) &&
      sqlite3_txn_state(db, NULL) != SQLITE_TXN_NONE) {
    return err_set(
        e, ERR_MISUSE,
        "this connection has a query that is still reading; finish "
        "it first, and call SELECT ordersync_refresh() without FROM");
  }
  if (sqlite3_db_readonly(db, schema) != 0) {
    err_set(e, ERR_LOCAL, "%s",
            sqlite3_db_readonly(db, schema) < 0
                ? "there is no such attached database"
                : "the database is open read-only");
    e->sqlite_code = SQLITE_READONLY;
    return e->code;
  }
  if (pragma_is_on(db, "PRAGMA query_only", e)) {
    err_set(e, ERR_LOCAL, "PRAGMA query_only is on, so nothing can be written");
    e->sqlite_code = SQLITE_READONLY;
  }
  return e->code;
}

/* ---- life -----------------------------------------------------------------
 */

/* What ends a transaction. To SQLite the pill is a write ([vdbeaux.c]
** OP_JournalMode), needs no table, and answers a row, so it can be left
** running. */
static enum err_code prepare_ends(struct txn *t, const char *schema,
                                  struct err *e) {
  if (t->nested) {
    t->rollback = txn_preparef(t->db, e, "ROLLBACK TO ordersync");
    t->release = txn_preparef(t->db, e, "RELEASE ordersync");
    t->commit = txn_preparef(t->db, e, "RELEASE ordersync");
  } else {
    t->rollback = txn_preparef(t->db, e, "ROLLBACK");
    t->commit = txn_preparef(t->db, e, "COMMIT");
  }
  t->pill = txn_preparef(t->db, e, "PRAGMA \"%w\".journal_mode", schema);
  return e->code;
}

static void finalize_ends(struct txn *t) {
  sqlite3_finalize(t->commit);
  sqlite3_finalize(t->rollback);
  sqlite3_finalize(t->release);
  sqlite3_finalize(t->pill);
  t->commit = t->rollback = t->release = t->pill = NULL;
}

enum err_code txn_prepare(struct txn *t, sqlite3 *db, const char *schema,
                          const char *table, struct interrupt *interrupt,
                          sqlite3_int64 deadline_ms, struct err *e) {
  /* BEGIN IMMEDIATE would lock every attached database as well. */
  const char *begin =
      sqlite3_stricmp(schema, "main") == 0 ? "BEGIN IMMEDIATE" : "BEGIN";
  memset(t, 0, sizeof *t);
  t->db = db;
  t->schema = schema;
  t->interrupt = interrupt;
  t->deadline_ms = deadline_ms;
  t->nested = !sqlite3_get_autocommit(db);
  t->begin =
      txn_preparef(db, e, "%s", t->nested ? "SAVEPOINT ordersync" : begin);
  if (table) {
    t->first =
        txn_preparef(db, e, "DELETE FROM \"%w\".\"%w\" WHERE 0", schema, table);
  }
  return prepare_ends(t, schema, e);
}

static int step_once(sqlite3_stmt *stmt) {
  sqlite3_step(stmt);
  return sqlite3_reset(stmt);
}

static int is_busy(int rc) {
  return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

/* Steps a statement that may find the database busy, until the deadline. Our
** own loop, because setting a busy timeout would replace the host's handler.
** A stale snapshot (BUSY_SNAPSHOT) does not get better by waiting. */
static int step_patiently(struct txn *t, sqlite3_stmt *stmt) {
  int rc;
  while (is_busy(rc = step_once(stmt)) &&
         sqlite3_extended_errcode(t->db) != SQLITE_BUSY_SNAPSHOT &&
         runlog_now_ms() < t->deadline_ms) {
    sqlite3_sleep(RETRY_MS);
    if (interrupt_pending(t->interrupt)) return SQLITE_INTERRUPT;
  }
  return rc;
}

static enum err_code explain(struct txn *t, int rc, const char *doing,
                             struct err *e) {
  if (rc == SQLITE_INTERRUPT) return err_set(e, ERR_INTERRUPT, "interrupted");
  err_sqlite(e, t->db, doing);
  if (err_is_busy(e)) {
    err_hint(e, "another connection kept it locked until the deadline");
  }
  return e->code;
}

enum err_code txn_begin(struct txn *t, struct err *e) {
  int rc;
  if (e->code) return e->code;
  rc = step_patiently(t, t->begin);
  if (rc) return explain(t, rc, "taking the write lock", e);
  t->open = 1;
  /* The savepoint and a plain BEGIN lock nothing yet: write nothing, once. */
  rc = t->first ? step_patiently(t, t->first) : SQLITE_OK;
  if (rc) return explain(t, rc, "taking the write lock", e);
  return ERR_NONE;
}

void txn_guard(struct txn *t) {
  if (t->open) (void)sqlite3_step(t->pill);
}

/* This pragma expires every prepared statement too. */
enum err_code txn_defer_foreign_keys(struct txn *t, struct err *e) {
  struct txn renewed = *t;
  if (e->code || t->nested) return e->code;
  txn_guard(t);
  if (sqlite3_exec(t->db, "PRAGMA defer_foreign_keys = 1", 0, 0, 0)) {
    return err_sqlite(e, t->db, "deferring foreign keys");
  }
  renewed.commit = renewed.rollback = renewed.release = renewed.pill = NULL;
  if (prepare_ends(&renewed, t->schema, e)) {
    finalize_ends(&renewed); /* the old pill is running still */
    return e->code;
  }
  finalize_ends(t);
  *t = renewed;
  return ERR_NONE;
}

enum err_code txn_commit(struct txn *t, struct err *e) {
  int rc;
  if (e->code) return e->code;
  sqlite3_reset(t->pill);
  rc = step_patiently(t, t->commit);
  if (rc) return explain(t, rc, "committing", e);
  t->open = 0;
  return ERR_NONE;
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
  if (!done) sqlite3_step(t->pill);
  sqlite3_reset(t->pill);
  if (!sqlite3_get_autocommit(t->db) && t->nested) (void)step_once(t->release);
}

void txn_clear(struct txn *t) {
  txn_rollback(t);
  sqlite3_finalize(t->begin);
  sqlite3_finalize(t->first);
  finalize_ends(t);
  memset(t, 0, sizeof *t);
}

enum err_code txn_go_on(struct txn *t, struct err *e) {
  if (e->code) return e->code;
  if (interrupt_pending(t->interrupt)) {
    return err_set(e, ERR_INTERRUPT, "interrupted");
  }
  if (runlog_now_ms() >= t->deadline_ms) {
    return err_set(e, ERR_TIMEOUT, "the run's deadline passed while writing");
  }
  return ERR_NONE;
}
