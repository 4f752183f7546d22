/*
** The run log: one row a run, one row a detail.
*/
#include "sync/runlog.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long a failed run waits for a writer before it logs elsewhere. */
#define LOG_WAIT_MS 2000

struct runlog_detail {
  struct runlog_detail *next;
  enum trace_level level;
  const char *phase; /* static */
  char at[32];
  char text[]; /* terminated */
};

/* ---- life -------------------------------------------------------------- */

void runlog_init(struct runlog *log, sqlite3 *db, const char *sync) {
  memset(log, 0, sizeof *log);
  log->db = db;
  log->sync = sync;
  log->connect_ms = log->fetch_ms = log->apply_ms = -1;
  log->rows = log->inserted = log->updated = log->deleted = -1;
  log->started_ms = clock_now_ms();
  clock_utc(log->started_at, 0);
  runlog_find_tables(log);
}

/* A view is none, and without the rowid as its key a row is not found again. */
static int is_log_table(sqlite3 *db, const char *table) {
  const char *type = NULL;
  int is_key = 0;
  return sqlite3_table_column_metadata(db, "main", table, "id", &type, NULL,
                                       NULL, &is_key, NULL) == SQLITE_OK &&
         is_key && type && sqlite3_stricmp(type, "INTEGER") == 0;
}

void runlog_find_tables(struct runlog *log) {
  log->has_tables = is_log_table(log->db, "ordersync_runs") &&
                    is_log_table(log->db, "ordersync_run_details");
}

static void drop_details(struct runlog *log) {
  while (log->first) {
    struct runlog_detail *next = log->first->next;
    sqlite3_free(log->first);
    log->first = next;
  }
  log->last = NULL;
}

void runlog_clear(struct runlog *log) {
  if (log->db) runlog_progress(log, NULL, 0);
  drop_details(log);
}

void runlog_detail(struct runlog *log, enum trace_level level,
                   const char *phase, const char *fmt, ...) {
  struct runlog_detail *d;
  va_list args;
  char *text;
  size_t n;
  if (level == TRACE_WARN) log->warnings++;
  va_start(args, fmt);
  text = sqlite3_vmprintf(fmt, args);
  va_end(args);
  if (!text) return; /* a lost detail is better than a lost run */
  if (level != TRACE_INFO && log->mask)
    log->mask(log->mask_arg, text);
  else
    err_mask(text, NULL);
  trace_line(level, log->sync, phase, text);
  n = strlen(text);
  d = log->has_tables ? sqlite3_malloc64(sizeof *d + n + 1) : NULL;
  if (d) {
    d->next = NULL;
    d->level = level;
    d->phase = phase;
    clock_utc(d->at, 0);
    memcpy(d->text, text, n + 1);
    if (log->last)
      log->last->next = d;
    else
      log->first = d;
    log->last = d;
  }
  sqlite3_free(text);
}

void runlog_progress(struct runlog *log, const char *phase,
                     sqlite3_int64 rows) {
  sqlite3_int64 now = clock_now_ms();
  if (!phase) {
    if (log->shown_ms) trace_progress(log->sync, NULL, 0);
    log->shown_ms = 0;
    return;
  }
  if (now - log->started_ms < 2000 || now - log->shown_ms < 500) return;
  log->shown_ms = now;
  trace_progress(log->sync, phase, rows);
}

/* ---- writing ----------------------------------------------------------- */

static void bind_count(sqlite3_stmt *stmt, int index, sqlite3_int64 count) {
  if (count < 0)
    sqlite3_bind_null(stmt, index);
  else
    sqlite3_bind_int64(stmt, index, count);
}

/* Binds the first 23 characters of a timestamp, which end in milliseconds. The
** text must live until the statement has run: a copy could fail. */
static void bind_time(sqlite3_stmt *stmt, int index, const char *text) {
  sqlite3_bind_text(stmt, index, text, 23, SQLITE_STATIC);
}

/* Steps once and finalizes; SQLITE_OK when done. */
static int run_once(sqlite3_stmt *stmt) {
  int rc = sqlite3_step(stmt);
  int rc_end = sqlite3_finalize(stmt);
  return rc == SQLITE_DONE || rc == SQLITE_ROW ? rc_end : rc;
}

static int insert_run(struct runlog *log, sqlite3 *db, const char *status,
                      const char *deadline_at) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(
      db,
      "INSERT INTO main.ordersync_runs(sync, status, mode, dry_run, "
      "started_at, deadline_at, attempts, pid) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
      -1, &stmt, NULL);
  if (rc) return rc;
  sqlite3_bind_text(stmt, 1, log->sync, -1, SQLITE_STATIC);
  sqlite3_bind_text(stmt, 2, status, -1, SQLITE_STATIC);
  sqlite3_bind_text(stmt, 3, log->mode, -1, SQLITE_STATIC);
  sqlite3_bind_int(stmt, 4, log->dry_run);
  bind_time(stmt, 5, log->started_at);
  if (deadline_at) bind_time(stmt, 6, deadline_at);
  sqlite3_bind_int(stmt, 7, log->attempts);
  sqlite3_bind_int(stmt, 8, (int)getpid());
  rc = run_once(stmt);
  if (rc == SQLITE_OK) log->run_id = sqlite3_last_insert_rowid(db);
  return rc;
}

static int update_run(struct runlog *log, sqlite3 *db, const char *status,
                      const struct err *why) {
  sqlite3_stmt *stmt = NULL;
  char now[32];
  int rc = sqlite3_prepare_v2(
      db,
      "UPDATE main.ordersync_runs SET status=?2, mode=?3, finished_at=?4, "
      "attempts=?5, rows=?6, rows_inserted=?7, rows_updated=?8, "
      "rows_deleted=?9, warnings=?10, connect_ms=?11, fetch_ms=?12, "
      "apply_ms=?13, error=?14, error_category=?15, error_number=?16, "
      "dry_run=?17 WHERE id=?1 AND sync=?18 AND started_at=?19",
      -1, &stmt, NULL);
  if (rc) return rc;
  clock_utc(now, 0);
  sqlite3_bind_int64(stmt, 1, log->run_id);
  sqlite3_bind_text(stmt, 2, status, -1, SQLITE_STATIC);
  sqlite3_bind_text(stmt, 3, log->mode, -1, SQLITE_STATIC);
  bind_time(stmt, 4, now);
  sqlite3_bind_int(stmt, 5, log->attempts);
  bind_count(stmt, 6, log->rows);
  bind_count(stmt, 7, log->inserted);
  bind_count(stmt, 8, log->updated);
  bind_count(stmt, 9, log->deleted);
  sqlite3_bind_int(stmt, 10, log->warnings);
  bind_count(stmt, 11, log->connect_ms);
  bind_count(stmt, 12, log->fetch_ms);
  bind_count(stmt, 13, log->apply_ms);
  if (why) {
    sqlite3_bind_text(stmt, 14, why->text, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 15, err_name(why->code), -1, SQLITE_STATIC);
    if (why->server_number) sqlite3_bind_int(stmt, 16, why->server_number);
  }
  sqlite3_bind_int(stmt, 17, log->dry_run);
  sqlite3_bind_text(stmt, 18, log->sync, -1, SQLITE_STATIC);
  bind_time(stmt, 19, log->started_at);
  return run_once(stmt);
}

/* What dead runs left as "running". */
static int mark_interrupted(const struct runlog *log, sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  char now[32];
  int rc = sqlite3_prepare_v2(
      db,
      "UPDATE main.ordersync_runs SET status='interrupted', finished_at=?2, "
      "error='the run did not tell its end: its process died, or could not "
      "write', error_category='interrupt' WHERE sync=?1 AND status='running'",
      -1, &stmt, NULL);
  if (rc) return rc;
  clock_utc(now, 0);
  sqlite3_bind_text(stmt, 1, log->sync, -1, SQLITE_STATIC);
  bind_time(stmt, 2, now);
  return run_once(stmt);
}

/* The outcome's row. There may be none yet (inside the caller's transaction),
** or no more: everything was rolled back, or somebody cleared the log. */
static int write_row(struct runlog *log, sqlite3 *db, const char *status,
                     const struct err *why) {
  int rc = SQLITE_OK;
  if (log->run_id) {
    rc = update_run(log, db, status, why);
    if (rc || sqlite3_changes(db) == 1) return rc;
  }
  if (log->is_owner) rc = mark_interrupted(log, db);
  if (rc == SQLITE_OK) rc = insert_run(log, db, status, NULL);
  if (rc == SQLITE_OK) rc = update_run(log, db, status, why);
  /* An authorizer may have SQLite pass over what is written. */
  if (rc == SQLITE_OK && sqlite3_changes(db) != 1) rc = SQLITE_AUTH;
  return rc;
}

static int insert_details(const struct runlog *log, sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(
      db,
      "INSERT INTO main.ordersync_run_details(run_id, at, level, phase, "
      "message) VALUES(?1,?2,?3,?4,?5)",
      -1, &stmt, NULL);
  for (const struct runlog_detail *d = log->first; d && rc == SQLITE_OK;
       d = d->next) {
    sqlite3_bind_int64(stmt, 1, log->run_id);
    bind_time(stmt, 2, d->at);
    sqlite3_bind_text(stmt, 3, trace_level_name(d->level), -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, d->phase, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 5, d->text, -1, SQLITE_STATIC);
    sqlite3_step(stmt);
    rc = sqlite3_reset(stmt);
  }
  sqlite3_finalize(stmt);
  return rc;
}

/* ---- begin ------------------------------------------------------------- */

/* The caller wants no more of what is done over its connection. */
static int is_cancelled(const struct runlog *log, const sqlite3 *db) {
  return db == log->db && log->interrupt && interrupt_pending(log->interrupt);
}

/* Takes main's write lock within a transaction, by writing nothing; BEGIN
** IMMEDIATE would ask for every attached database's. Waits, unless the
** transaction reads a snapshot that is too old, which does not get better. */
static int take_lock(const struct runlog *log, sqlite3 *db, int own,
                     sqlite3_int64 deadline_ms) {
  int rc;
  while (err_busy_code(
             rc = sqlite3_exec(db, "DELETE FROM main.ordersync_runs WHERE 0", 0,
                               0, 0)) &&
         (own || sqlite3_extended_errcode(db) != SQLITE_BUSY_SNAPSHOT) &&
         clock_now_ms() < deadline_ms) {
    sqlite3_sleep(20);
    if (is_cancelled(log, db)) return SQLITE_INTERRUPT;
  }
  return rc;
}

static int begin_write(const struct runlog *log, sqlite3 *db,
                       sqlite3_int64 deadline_ms) {
  int rc = sqlite3_exec(db, "BEGIN", 0, 0, 0);
  return rc ? rc : take_lock(log, db, 1, deadline_ms);
}

/* Prepared before a transaction, for when it must be undone out of memory or
** after an interrupt: see struct txn. */
static int prepare_pill(sqlite3 *db, sqlite3_stmt **pill) {
  return sqlite3_prepare_v2(db, "PRAGMA main.journal_mode", -1, pill, NULL);
}

static void undo(sqlite3 *db, sqlite3_stmt *pill) {
  if (!sqlite3_get_autocommit(db)) sqlite3_exec(db, "ROLLBACK", 0, 0, 0);
  if (!sqlite3_get_autocommit(db)) sqlite3_step(pill);
}

/* COMMIT may be busy too while others read a rollback-journal database. */
static int commit(const struct runlog *log, sqlite3 *db,
                  sqlite3_int64 deadline_ms) {
  int rc;
  while (err_busy_code(rc = sqlite3_exec(db, "COMMIT", 0, 0, 0)) &&
         clock_now_ms() < deadline_ms) {
    sqlite3_sleep(20);
    if (is_cancelled(log, db)) return SQLITE_INTERRUPT;
  }
  return rc;
}

static int begin_once(struct runlog *log, const char *deadline_at) {
  int rc = begin_write(log, log->db, log->deadline_ms);
  if (rc == SQLITE_OK) rc = mark_interrupted(log, log->db);
  if (rc == SQLITE_OK) rc = insert_run(log, log->db, "running", deadline_at);
  if (rc == SQLITE_OK) rc = commit(log, log->db, log->deadline_ms);
  return rc;
}

static void explain_begin(struct runlog *log, int rc, struct err *e) {
  log->run_id = 0;
  err_reset(e);
  if (rc == SQLITE_INTERRUPT) {
    err_set(e, ERR_INTERRUPT, "interrupted");
    return;
  }
  err_sqlite(e, log->db, "writing the run log");
  if (err_is_busy(e)) {
    err_hint(e, "another connection kept it locked until the deadline");
  }
}

/* A row in the caller's transaction shows nobody anything, so it is left to the
** outcome. The write lock is taken at once: the caller's snapshot would be too
** old once somebody else has committed during the fetch. With a rollback
** journal, a writer that commits waits for us to read no more, so waiting long
** for that one is no use. */
static enum err_code begin_nested(struct runlog *log, struct err *e) {
  sqlite3_int64 until = clock_now_ms() + LOG_WAIT_MS;
  int rc = take_lock(log, log->db, 0,
                     until < log->deadline_ms ? until : log->deadline_ms);
  if (rc == SQLITE_INTERRUPT) return err_set(e, ERR_INTERRUPT, "interrupted");
  if (rc) err_sqlite(e, log->db, "taking the write lock");
  if (rc && err_is_busy(e)) {
    err_hint(e, "another connection is writing; roll back and try again");
  }
  return e->code;
}

enum err_code runlog_begin(struct runlog *log, int deadline_s,
                           sqlite3_int64 deadline_ms,
                           struct interrupt *interrupt, struct err *e) {
  sqlite3_stmt *pill = NULL;
  char deadline_at[32];
  int rc;
  log->deadline_ms = deadline_ms;
  log->interrupt = interrupt;
  log->is_owner = 1;
  if (!log->has_tables) {
    err_set(e, ERR_CONFIG,
            "the run log, ordersync_runs and ordersync_run_details, is not "
            "there, or not as it was made");
    err_hint(e, "Rename what is there and SELECT ordersync_install();");
    return e->code;
  }
  if (!sqlite3_get_autocommit(log->db)) return begin_nested(log, e);
  clock_utc(deadline_at, ((sqlite3_int64)deadline_s + 1) * 1000);
  if (prepare_pill(log->db, &pill)) {
    return err_sqlite(e, log->db, "writing the run log");
  }
  /* With a shared cache, a table that is being read is locked as well. */
  while ((rc = begin_once(log, deadline_at)) != SQLITE_OK) {
    explain_begin(log, rc, e);
    undo(log->db, pill);
    if (!err_busy_code(rc) || clock_now_ms() >= deadline_ms) break;
    sqlite3_sleep(20);
  }
  if (rc == SQLITE_OK) err_reset(e);
  sqlite3_finalize(pill);
  return e->code;
}

/* ---- outcome ----------------------------------------------------------- */

static int prune(struct runlog *log, int keep_days) {
  sqlite3_stmt *stmt = NULL;
  char before[32];
  static const char *const sql[] = {
      "DELETE FROM main.ordersync_run_details WHERE run_id IN (SELECT id FROM "
      "main.ordersync_runs WHERE sync=?1 AND started_at<?2 AND id<>?3)",
      "DELETE FROM main.ordersync_runs WHERE sync=?1 AND started_at<?2 AND "
      "id<>?3"};
  int rc = SQLITE_OK;
  if (keep_days < 0) return SQLITE_OK;
  clock_utc(before, -(sqlite3_int64)keep_days * 86400000);
  for (int i = 0; i < 2 && rc == SQLITE_OK; i++) {
    rc = sqlite3_prepare_v2(log->db, sql[i], -1, &stmt, NULL);
    if (rc) break;
    sqlite3_bind_text(stmt, 1, log->sync, -1, SQLITE_STATIC);
    bind_time(stmt, 2, before);
    sqlite3_bind_int64(stmt, 3, log->run_id);
    rc = run_once(stmt);
  }
  return rc;
}

enum err_code runlog_success(struct runlog *log, int keep_days, struct err *e) {
  int rc;
  if (e->code) return e->code;
  rc = take_lock(log, log->db, 0, log->deadline_ms);
  if (rc == SQLITE_OK) rc = write_row(log, log->db, "success", NULL);
  if (rc == SQLITE_OK) rc = insert_details(log, log->db);
  if (rc == SQLITE_OK) rc = prune(log, keep_days);
  if (rc == SQLITE_AUTH && sqlite3_errcode(log->db) != SQLITE_AUTH) {
    err_set(e, ERR_LOCAL,
            "writing the run log changed nothing; an authorizer of this "
            "program, or a trigger, ignores it");
  } else if (rc == SQLITE_INTERRUPT) {
    err_set(e, ERR_INTERRUPT, "interrupted");
  } else if (rc) {
    err_sqlite(e, log->db, "writing the run log");
  }
  return e->code;
}

/* Row and details in one transaction of db, or inside the one that is open. */
static int write_outcome(struct runlog *log, sqlite3 *db, const char *status,
                         const struct err *why) {
  int hurry = why && why->code == ERR_INTERRUPT;
  sqlite3_int64 deadline_ms =
      clock_now_ms() + (hurry ? LOG_WAIT_MS / 4 : LOG_WAIT_MS);
  sqlite3_int64 old_id = log->run_id;
  int own = sqlite3_get_autocommit(db);
  sqlite3_stmt *pill = NULL;
  int rc = own ? prepare_pill(db, &pill) : SQLITE_OK;
  if (rc == SQLITE_OK) {
    rc = own ? begin_write(log, db, deadline_ms)
             : take_lock(log, db, 0, deadline_ms);
  }
  if (rc == SQLITE_OK) rc = write_row(log, db, status, why);
  if (rc == SQLITE_OK) rc = insert_details(log, db);
  if (rc == SQLITE_OK && own) rc = commit(log, db, deadline_ms);
  if (rc) {
    log->run_id = old_id;
    if (own) undo(db, pill);
  }
  sqlite3_finalize(pill);
  return rc;
}

/* After sqlite3_interrupt() nothing can be written over the caller's
** connection; a second one to the same file can: by the same VFS, whose locks
** it must heed, and if the file is still the same one. */
static int write_beside(struct runlog *log, const char *status,
                        const struct err *why) {
  const char *path = sqlite3_db_filename(log->db, "main");
  sqlite3_vfs *vfs = NULL;
  sqlite3 *db = NULL;
  int moved = 0;
  int rc;
  if (!path || !*path) return SQLITE_CANTOPEN;
  /* It would wait for the caller's own transaction. */
  if (sqlite3_txn_state(log->db, "main") == SQLITE_TXN_WRITE) {
    return SQLITE_BUSY;
  }
  sqlite3_file_control(log->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  sqlite3_file_control(log->db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
  if (moved || !vfs) return SQLITE_CANTOPEN;
  rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, vfs->zName);
  if (rc == SQLITE_OK) rc = write_outcome(log, db, status, why);
  sqlite3_close(db);
  return rc;
}

/* Whoever was in the first connection's way is in the second one's, except
** that this one waits as long as the host's busy handler does. */
static int write_anyhow(struct runlog *log, const char *status,
                        const struct err *why) {
  const char *path = sqlite3_db_filename(log->db, "main");
  int rc = SQLITE_BUSY;
  int was_busy = why && err_is_busy(why) && sqlite3_get_autocommit(log->db) &&
                 path && *path;
  if (!was_busy) {
    rc = write_outcome(log, log->db, status, why);
    if (rc == SQLITE_OK) return rc;
    if (err_busy_code(rc) &&
        sqlite3_extended_errcode(log->db) != SQLITE_BUSY_SNAPSHOT) {
      return rc;
    }
  }
  return write_beside(log, status, why);
}

void runlog_failure(struct runlog *log, const struct err *why) {
  const char *status = why ? "error" : "skipped";
  runlog_progress(log, NULL, 0);
  if (why)
    runlog_detail(log, TRACE_ERROR, err_name(why->code), "%s", why->text);
  if (log->has_tables && write_anyhow(log, status, why)) {
    trace_lost(log->sync, why ? why->text : "skipped: another refresh runs");
  }
}
