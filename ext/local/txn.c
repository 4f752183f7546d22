/*
** A transaction that ends cleanly whatever happens in it.
*/
#include "local/txn.h"

#include "base/clock.h"
#include "base/sql.h"

#include <string.h>

#define RETRY_MS 20

/* ---- may we? ----------------------------------------------------------- */

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
    if (sqlite3_stmt_busy(stmt) &&
        sql_begins(sqlite3_sql(stmt), "PRAGMA", NULL)) {
      return 1;
    }
  }
  return 0;
}

enum err_code txn_check_pragma(sqlite3 *db, struct err *e) {
  if (e->code || !pragma_is_active(db)) return e->code;
  return err_set(e, ERR_MISUSE,
                 "it cannot run inside a PRAGMA; a CHECK of this database "
                 "called it, which it must not");
}

static int has_moved(sqlite3 *db, const char *schema) {
  int moved = 0;
  return sqlite3_file_control(db, schema, SQLITE_FCNTL_HAS_MOVED, &moved) ==
             SQLITE_OK &&
         moved;
}

/* The file is no longer there; what is written to the WAL of a file that was
** replaced would be read by whoever opens the new one. */
static enum err_code check_place(sqlite3 *db, const char *schema,
                                 struct err *e) {
  if (e->code || !has_moved(db, schema)) return e->code;
  err_set(e, ERR_LOCAL,
          "the file of database \"%s\" was moved, replaced or deleted while "
          "it is open: nobody would see what is written",
          schema);
  err_hint(e, "Close it and open it again.");
  e->sqlite_code = SQLITE_READONLY_DBMOVED;
  return e->code;
}

/* Where a failure could not be undone. */
static enum err_code check_journal(sqlite3 *db, const char *schema,
                                   struct err *e) {
  sqlite3_stmt *stmt = sql_prepare(db, e, "PRAGMA \"%w\".journal_mode", schema);
  const char *mode = NULL;
  if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
    mode = (const char *)sqlite3_column_text(stmt, 0);
  }
  if (mode && sqlite3_stricmp(mode, "off") == 0) {
    err_set(e, ERR_LOCAL,
            "PRAGMA journal_mode of \"%s\" is off: what fails could not be "
            "undone",
            schema);
    err_hint(e, "PRAGMA journal_mode = wal.");
  }
  if ((sqlite3_finalize(stmt) & 0xff) == SQLITE_NOMEM) err_nomem(e);
  return e->code;
}

enum err_code txn_check_caller(sqlite3 *db, const char *schema, struct err *e) {
  if (e->code) return e->code;
  if (writer_is_active(db)) {
    return err_set(e, ERR_MISUSE,
                   "it cannot run inside a statement that writes; call it as "
                   "SELECT ordersync_refresh()");
  }
  if (txn_check_pragma(db, e)) return e->code;
  if (sqlite3_get_autocommit(db) &&
      sqlite3_txn_state(db, NULL) != SQLITE_TXN_NONE) {
    return err_set(
        e, ERR_MISUSE,
        "this connection has a query that is still reading; finish "
        "it first, and call SELECT ordersync_refresh() without FROM");
  }
  if (sqlite3_db_readonly(db, schema) != 0) {
    err_set(e, ERR_LOCAL,
            sqlite3_db_readonly(db, schema) < 0
                ? "there is no attached database \"%s\""
                : "the database \"%s\" is open read-only",
            schema);
    e->sqlite_code = SQLITE_READONLY;
    return e->code;
  }
  if (sql_pragma_is_on(db, "PRAGMA query_only", e)) {
    err_set(e, ERR_LOCAL, "PRAGMA query_only is on, so nothing can be written");
    e->sqlite_code = SQLITE_READONLY;
  }
  if (!e->code) check_journal(db, schema, e);
  check_place(db, schema, e);
  return check_place(db, "main", e);
}

int txn_may_write(sqlite3 *db) {
  struct err ignored = {0};
  return sqlite3_db_readonly(db, "main") == 0 && !has_moved(db, "main") &&
         !sql_pragma_is_on(db, "PRAGMA query_only", &ignored);
}

/* ---- who reads the target? --------------------------------------------- */

/* SQLite numbers main 0, temp 1 and the attached ones from 2. */
static int schema_number(sqlite3 *db, const char *schema, struct err *e) {
  sqlite3_stmt *stmt =
      sql_prepare(db, e,
                  "SELECT seq FROM pragma_database_list WHERE name=%Q "
                  "COLLATE NOCASE",
                  schema);
  int number = stmt && sqlite3_step(stmt) == SQLITE_ROW
                   ? sqlite3_column_int(stmt, 0)
                   : -1;
  if (sqlite3_finalize(stmt)) err_sqlite(e, db, "reading the databases");
  return number;
}

/* Does the program of this statement open the table, or an index of it?
** Nothing else tells what a statement that is running reads. */
static int opens_table(sqlite3 *db, sqlite3_stmt *stmt, int number,
                       sqlite3_stmt *roots, struct err *e) {
  sqlite3_stmt *program = sql_prepare(db, e, "EXPLAIN %s", sqlite3_sql(stmt));
  int found = 0;
  while (program && !found && sqlite3_step(program) == SQLITE_ROW) {
    const char *opcode = (const char *)sqlite3_column_text(program, 1);
    if (!opcode || strcmp(opcode, "OpenRead") != 0) continue;
    if (sqlite3_column_int(program, 4) != number) continue;
    sqlite3_bind_int(roots, 1, sqlite3_column_int(program, 3));
    found = sqlite3_step(roots) == SQLITE_ROW;
    if (sqlite3_reset(roots)) err_sqlite(e, db, "reading the schema");
  }
  if (sqlite3_finalize(program)) err_sqlite(e, db, "reading a query");
  return found;
}

enum err_code txn_check_readers(sqlite3 *db, const char *schema,
                                const char *table, struct err *e) {
  sqlite3_stmt *roots = NULL, *stmt = NULL;
  int number, found = 0;
  /* Outside a transaction txn_check_caller() has seen any reader. */
  if (e->code || sqlite3_get_autocommit(db)) return e->code;
  number = schema_number(db, schema, e);
  roots = sql_prepare(db, e,
                      "SELECT 1 FROM \"%w\".sqlite_schema WHERE rootpage=?1 "
                      "AND tbl_name=%Q COLLATE NOCASE",
                      schema, table);
  while (roots && !found && (stmt = sqlite3_next_stmt(db, stmt)) != NULL) {
    struct err ours = {0};
    if (stmt == roots || !sqlite3_stmt_busy(stmt)) continue;
    found = opens_table(db, stmt, number, roots, &ours);
    /* One that cannot be explained is left alone. */
    if (ours.code == ERR_NOMEM) err_nomem(e);
  }
  sqlite3_finalize(roots);
  if (found) {
    err_set(e, ERR_MISUSE,
            "a query of this connection is reading \"%s\" and would see old "
            "rows and new; finish it first",
            table);
  }
  return e->code;
}

/* ---- life -------------------------------------------------------------- */

/* What ends a transaction. To SQLite the pill is a write ([vdbeaux.c]
** OP_JournalMode), needs no table, and answers a row, so it can be left
** running. */
static enum err_code prepare_ends(struct txn *t, const char *schema,
                                  struct err *e) {
  if (t->nested) {
    t->rollback = sql_prepare(t->db, e, "ROLLBACK TO ordersync");
    t->release = sql_prepare(t->db, e, "RELEASE ordersync");
    t->commit = sql_prepare(t->db, e, "RELEASE ordersync");
  } else {
    t->rollback = sql_prepare(t->db, e, "ROLLBACK");
    t->commit = sql_prepare(t->db, e, "COMMIT");
  }
  t->pill = sql_prepare(t->db, e, "PRAGMA \"%w\".journal_mode", schema);
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
  t->begin =
      sql_prepare(db, e, "%s", t->nested ? "SAVEPOINT ordersync" : begin);
  if (table) {
    t->first =
        sql_prepare(db, e, "DELETE FROM \"%w\".\"%w\" WHERE 0", schema, table);
  }
  return prepare_ends(t, schema, e);
}

static int step_once(sqlite3_stmt *stmt) {
  sqlite3_step(stmt);
  return sqlite3_reset(stmt);
}

/* Steps a statement that may find the database busy, until the deadline. Our
** own loop, because setting a busy timeout would replace the host's handler.
** A caller's stale snapshot (BUSY_SNAPSHOT) does not get better by waiting. */
static int step_patiently(struct txn *t, sqlite3_stmt *stmt) {
  int rc;
  while (
      err_busy_code(rc = step_once(stmt)) &&
      (!t->nested || sqlite3_extended_errcode(t->db) != SQLITE_BUSY_SNAPSHOT) &&
      clock_now_ms() < t->deadline_ms) {
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
  if (sqlite3_get_autocommit(t->db)) {
    return err_set(e, ERR_LOCAL,
                   "BEGIN did nothing: an authorizer of this program ignores "
                   "transactions, and a failure could not be undone");
  }
  /* The savepoint and a plain BEGIN lock nothing yet: write nothing, once. */
  rc = t->first ? step_patiently(t, t->first) : SQLITE_OK;
  if (rc) return explain(t, rc, "taking the write lock", e);
  check_place(t->db, t->schema, e);
  return check_place(t->db, "main", e);
}

void txn_guard(struct txn *t) {
  if (t->open) (void)sqlite3_step(t->pill);
  t->guarded = t->open;
}

/* What ends the transaction, prepared anew while the pill that is running
** still guards it: statements that expired would be prepared when they are
** stepped, and out of memory then, nothing would end it. */
static enum err_code renew_ends(struct txn *t, struct err *e) {
  struct txn renewed = *t;
  if (!t->guarded) return ERR_NONE;
  renewed.commit = renewed.rollback = renewed.release = renewed.pill = NULL;
  if (prepare_ends(&renewed, t->schema, e)) {
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

static int is_owing(sqlite3 *db) {
  int owed = 0, ignored = 0;
  sqlite3_db_status(db, SQLITE_DBSTATUS_DEFERRED_FKS, &owed, &ignored, 0);
  return owed;
}

enum err_code txn_defer_foreign_keys(struct txn *t, struct err *e) {
  if (e->code) return e->code;
  t->owed_before = is_owing(t->db);
  /* What the caller deferred, the caller's COMMIT checks. */
  if (t->nested && sql_pragma_is_on(t->db, "PRAGMA defer_foreign_keys", e)) {
    return e->code;
  }
  return e->code ? e->code : set_deferral(t, 1, e);
}

/* Where the caller's own keys are violated, nobody can tell ours from them. */
int txn_owes_foreign_keys(const struct txn *t) {
  return (t->deferred || !t->nested) && !t->owed_before && is_owing(t->db);
}

/* Turning the deferral off forgets what violated it. While the caller owes,
** it stays on instead: COMMIT will look. */
static enum err_code end_deferral(struct txn *t, struct err *e) {
  if (!t->deferred || is_owing(t->db)) return e->code;
  return set_deferral(t, 0, e);
}

enum err_code txn_commit(struct txn *t, struct err *e) {
  int rc;
  if (e->code || renew_ends(t, e) || end_deferral(t, e)) return e->code;
  sqlite3_reset(t->pill);
  rc = step_patiently(t, t->commit);
  if (rc) return explain(t, rc, "committing", e);
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
    sqlite3_step(t->pill);
    sqlite3_reset(t->pill);
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
  if (!done) sqlite3_step(t->pill);
  sqlite3_reset(t->pill);
  if (!sqlite3_get_autocommit(t->db) && t->nested) (void)step_once(t->release);
  undo_deferral(t);
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
  if (clock_now_ms() >= t->deadline_ms) {
    return err_set(e, ERR_TIMEOUT, "the run's deadline passed while writing");
  }
  return ERR_NONE;
}
