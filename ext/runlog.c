/*
** The run log: one row a run, one row a detail.
*/
#include "runlog.h"

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

/* ---- clocks ---------------------------------------------------------------
 */

sqlite3_int64 runlog_now_ms(void) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return (sqlite3_int64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void format_utc(char out[32], time_t second, long microseconds) {
  struct tm tm = {0};
  (void)gmtime_r(&second, &tm);
  (void)snprintf(out, 32, "%04u-%02u-%02u %02u:%02u:%02u.%06u",
                 (unsigned)(tm.tm_year + 1900) % 10000u,
                 (unsigned)(tm.tm_mon + 1) % 100u, (unsigned)tm.tm_mday % 100u,
                 (unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u,
                 (unsigned)tm.tm_sec % 100u, (unsigned)microseconds % 1000000u);
}

void runlog_timestamp(char out[32]) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_REALTIME, &ts);
  format_utc(out, ts.tv_sec, ts.tv_nsec / 1000);
}

/* ---- life -----------------------------------------------------------------
 */

void runlog_init(struct runlog *log, sqlite3 *db, const char *sync) {
  memset(log, 0, sizeof *log);
  log->db = db;
  log->sync = sync;
  log->connect_ms = log->fetch_ms = log->apply_ms = -1;
  log->rows = log->inserted = log->updated = log->deleted = -1;
  log->started_ms = runlog_now_ms();
  runlog_timestamp(log->started_at);
  runlog_find_tables(log);
}

void runlog_find_tables(struct runlog *log) {
  sqlite3 *db = log->db;
  log->has_tables =
      sqlite3_table_column_metadata(db, "main", "ordersync_runs", "id", NULL,
                                    NULL, NULL, NULL, NULL) == SQLITE_OK &&
      sqlite3_table_column_metadata(db, "main", "ordersync_run_details", "id",
                                    NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
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
  err_mask(text, NULL);
  trace_line(level, log->sync, phase, text);
  n = strlen(text);
  d = log->has_tables ? sqlite3_malloc64(sizeof *d + n + 1) : NULL;
  if (d) {
    d->next = NULL;
    d->level = level;
    d->phase = phase;
    runlog_timestamp(d->at);
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
  sqlite3_int64 now = runlog_now_ms();
  if (!phase) {
    if (log->shown_ms) trace_progress(log->sync, NULL, 0);
    log->shown_ms = 0;
    return;
  }
  if (now - log->started_ms < 2000 || now - log->shown_ms < 500) return;
  log->shown_ms = now;
  trace_progress(log->sync, phase, rows);
}

/* ---- writing --------------------------------------------------------------
 */

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

/* Inserts the row, with its id fixed if it has one already (a second
** connection must write what the first one lost). */
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
      "dry_run=?17 WHERE id=?1",
      -1, &stmt, NULL);
  if (rc) return rc;
  runlog_timestamp(now);
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
  return run_once(stmt);
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

/* ---- begin ----------------------------------------------------------------
 */

static int is_busy(int rc) {
  return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

static int begin_write(sqlite3 *db, sqlite3_int64 deadline_ms) {
  int rc;
  while (is_busy(rc = sqlite3_exec(db, "BEGIN IMMEDIATE", 0, 0, 0)) &&
         runlog_now_ms() < deadline_ms) {
    sqlite3_sleep(20);
  }
  return rc;
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
static int commit(sqlite3 *db, sqlite3_int64 deadline_ms) {
  int rc;
  while (is_busy(rc = sqlite3_exec(db, "COMMIT", 0, 0, 0)) &&
         runlog_now_ms() < deadline_ms) {
    sqlite3_sleep(20);
  }
  return rc;
}

static int mark_interrupted(struct runlog *log) {
  sqlite3_stmt *stmt = NULL;
  char now[32];
  int rc = sqlite3_prepare_v2(
      log->db,
      "UPDATE main.ordersync_runs SET status='interrupted', finished_at=?2, "
      "error='the process died during the run', error_category='interrupt' "
      "WHERE sync=?1 AND status='running'",
      -1, &stmt, NULL);
  if (rc) return rc;
  runlog_timestamp(now);
  sqlite3_bind_text(stmt, 1, log->sync, -1, SQLITE_STATIC);
  bind_time(stmt, 2, now);
  return run_once(stmt);
}

enum err_code runlog_begin(struct runlog *log, int deadline_s,
                           sqlite3_int64 deadline_ms, struct err *e) {
  int own = sqlite3_get_autocommit(log->db);
  sqlite3_stmt *pill = NULL;
  char deadline_at[32];
  int rc = SQLITE_OK;
  if (!log->has_tables) return ERR_NONE;
  format_utc(deadline_at, time(NULL) + deadline_s + 1, 0);
  if (own) rc = prepare_pill(log->db, &pill);
  if (rc == SQLITE_OK && own) rc = begin_write(log->db, deadline_ms);
  if (rc == SQLITE_OK) rc = mark_interrupted(log);
  if (rc == SQLITE_OK) rc = insert_run(log, log->db, "running", deadline_at);
  if (rc == SQLITE_OK && own) rc = commit(log->db, deadline_ms);
  if (rc) {
    err_sqlite(e, log->db, "writing the run log");
    if (err_is_busy(e)) {
      err_hint(e, own ? "another connection kept it locked until the deadline"
                      : "another connection is writing");
    }
    log->run_id = 0;
    if (own) undo(log->db, pill);
  }
  sqlite3_finalize(pill);
  return e->code;
}

/* ---- outcome --------------------------------------------------------------
 */

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
  format_utc(before, time(NULL) - (time_t)keep_days * 86400, 0);
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
  if (!log->has_tables) return ERR_NONE;
  rc = update_run(log, log->db, "success", NULL);
  if (rc == SQLITE_OK) rc = insert_details(log, log->db);
  if (rc == SQLITE_OK) rc = prune(log, keep_days);
  if (rc) err_sqlite(e, log->db, "writing the run log");
  return e->code;
}

/* Row and details in one transaction of db, or inside the one that is open. */
static int write_outcome(struct runlog *log, sqlite3 *db, const char *status,
                         const struct err *why) {
  sqlite3_int64 deadline_ms = runlog_now_ms() + LOG_WAIT_MS;
  sqlite3_int64 old_id = log->run_id;
  int own = sqlite3_get_autocommit(db);
  sqlite3_stmt *pill = NULL;
  int rc = own ? prepare_pill(db, &pill) : SQLITE_OK;
  if (rc == SQLITE_OK && own) rc = begin_write(db, deadline_ms);
  if (rc == SQLITE_OK && log->run_id == 0) {
    rc = insert_run(log, db, status, NULL);
  }
  if (rc == SQLITE_OK) rc = update_run(log, db, status, why);
  if (rc == SQLITE_OK) rc = insert_details(log, db);
  if (rc == SQLITE_OK && own) rc = commit(db, deadline_ms);
  if (rc) {
    log->run_id = old_id;
    if (own) undo(db, pill);
  }
  sqlite3_finalize(pill);
  return rc;
}

/* After sqlite3_interrupt() nothing can be written over the caller's
** connection; a second one to the same file can. */
static int write_beside(struct runlog *log, const char *status,
                        const struct err *why) {
  const char *path = sqlite3_db_filename(log->db, "main");
  sqlite3 *db = NULL;
  int rc;
  if (!path || !*path) return SQLITE_CANTOPEN;
  rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
  if (rc == SQLITE_OK) rc = write_outcome(log, db, status, why);
  sqlite3_close(db);
  return rc;
}

void runlog_failure(struct runlog *log, const struct err *why) {
  const char *status = why ? "error" : "skipped";
  int rc = SQLITE_ERROR;
  runlog_progress(log, NULL, 0);
  if (why)
    runlog_detail(log, TRACE_ERROR, err_name(why->code), "%s", why->text);
  if (log->has_tables) {
    rc = write_outcome(log, log->db, status, why);
    /* Whoever was in the first connection's way is in the second one's. */
    if (rc && !is_busy(rc)) rc = write_beside(log, status, why);
    if (rc) {
      trace_lost(log->sync, why ? why->text : "skipped: another refresh runs");
    }
  }
}
