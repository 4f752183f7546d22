/*
** The run log: one row a run, one row a detail.
*/
#include "sync/runlog.h"

#include "base/clock.h"
#include "base/sql.h"
#include "local/caller.h"

#include <string.h>
#include <unistd.h>

/* How long a failed run waits for a writer before it logs elsewhere. */
#define LOG_WAIT_MS 2000

/* A shorter run shows no progress. */
#define PROGRESS_AFTER_MS 2000

static const char writing[] = "writing the run log";

struct runlog_detail {
  struct runlog_detail *next;
  enum trace_level level;
  const char *phase; /* static */
  char at[32];
  char *text; /* owned */
};

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
  log->has_duration = sql_has(log->db, "ordersync_runs", "duration_ms");
}

static void forget_password(struct runlog *log) {
  profile_password_free(log->password);
  log->password = NULL;
}

void runlog_clear(struct runlog *log) {
  forget_password(log);
  if (log->db) runlog_progress(log, NULL, 0);
  while (log->first) {
    struct runlog_detail *next = log->first->next;
    sqlite3_free(log->first->text);
    sqlite3_free(log->first);
    log->first = next;
  }
  log->last = NULL;
}

/* Warnings come many at a time: one a column. */
static void mask(struct runlog *log, enum trace_level level, char *text) {
  struct err ignored = {0};
  if (level != TRACE_INFO && !log->password && log->profile &&
      log->profile->name) {
    (void)profile_password(log->profile, &log->password, &ignored);
  }
  err_mask(text, log->password);
  if (level != TRACE_WARN) forget_password(log);
}

void runlog_detail(struct runlog *log, enum trace_level level,
                   const char *phase, const char *fmt, ...) {
  struct runlog_detail *d;
  va_list args;
  char *text;
  if (level == TRACE_WARN) log->warnings++;
  va_start(args, fmt);
  text = sqlite3_vmprintf(fmt, args);
  va_end(args);
  if (!text) return; /* a lost detail is better than a lost run */
  mask(log, level, text);
  trace_line(level, log->sync, phase, text);
  d = log->has_tables ? sqlite3_malloc64(sizeof *d) : NULL;
  if (!d) {
    sqlite3_free(text);
    return;
  }
  *d = (struct runlog_detail){.level = level, .phase = phase, .text = text};
  clock_utc(d->at, 0);
  if (log->last)
    log->last->next = d;
  else
    log->first = d;
  log->last = d;
}

void runlog_progress(struct runlog *log, const char *phase,
                     sqlite3_int64 rows) {
  if (phase)
    progress_at(&log->progress, phase, rows);
  else
    progress_end(&log->progress);
}

/* The run is on; how many rows there will be the last one tells. */
static void begin_progress(struct runlog *log) {
  struct err ignored = {0};
  progress_begin(&log->progress, log->sync, PROGRESS_AFTER_MS);
  if (!log->progress.wanted) return;
  log->interrupt->on_tick = progress_tick;
  log->interrupt->on_tick_arg = &log->progress;
  log->progress.total =
      sql_integer(log->db, &ignored,
                  "SELECT rows FROM main.ordersync_runs WHERE sync=%Q AND "
                  "status IN ('success', 'unchanged') AND NOT dry_run ORDER "
                  "BY id DESC LIMIT 1",
                  log->sync);
}

/* deadline_s: how long the run may take; 0: it is over. The first 23 characters
** of a timestamp end in milliseconds: %.23Q. */
static void insert_run(struct runlog *log, sqlite3 *db, int deadline_s,
                       struct err *e) {
  char deadline_at[32];
  clock_utc(deadline_at, ((sqlite3_int64)deadline_s + 1) * 1000);
  sql_run(db, e, writing,
          "INSERT INTO main.ordersync_runs(sync, status, mode, dry_run, "
          "started_at, deadline_at, pid) VALUES(%Q, 'running', %Q, %d, %.23Q, "
          "%.23Q, %d)",
          log->sync, log->mode, log->dry_run, log->started_at,
          deadline_s ? deadline_at : NULL, (int)getpid());
  if (!e->code) log->run_id = sqlite3_last_insert_rowid(db);
  /* Of a run that somebody deleted, whose number comes again. */
  sql_run(db, e, writing,
          "DELETE FROM main.ordersync_run_details WHERE run_id=%lld",
          log->run_id);
}

static void update_run(struct runlog *log, sqlite3 *db, const char *status,
                       const struct err *why, struct err *e) {
  char now[32], duration[48];
  clock_utc(now, 0);
  /* A log that an older version has made has no such column. */
  (void)sqlite3_snprintf(sizeof duration, duration,
                         log->has_duration ? ", duration_ms=%lld" : "",
                         clock_now_ms() - log->started_ms);
  sql_run(
      db, e, writing,
      "UPDATE main.ordersync_runs SET status=%Q, mode=%Q, finished_at=%.23Q, "
      "error=%Q, error_category=%Q, error_number=nullif(%d,0), dry_run=%d, "
      "attempts=%d, warnings=%d, rows=nullif(%lld,-1), "
      "rows_inserted=nullif(%lld,-1), rows_updated=nullif(%lld,-1), "
      "rows_deleted=nullif(%lld,-1), connect_ms=nullif(%lld,-1), "
      "fetch_ms=nullif(%lld,-1), apply_ms=nullif(%lld,-1)%s "
      "WHERE id=%lld AND sync=%Q AND started_at=%.23Q",
      status, log->mode, now, why ? why->text : NULL,
      why ? err_name(why->code) : NULL, why ? why->server_number : 0,
      log->dry_run, log->attempts, log->warnings, log->rows, log->inserted,
      log->updated, log->deleted, log->connect_ms, log->fetch_ms, log->apply_ms,
      duration, log->run_id, log->sync, log->started_at);
}

/* Runs that are still "running" while we hold the run lock. Whoever has held it
** before and got so far as to connect has marked what was older: the log may be
** long, and is read from its end. */
static void mark_lost(const struct runlog *log, sqlite3 *db, struct err *e) {
  char now[32];
  clock_utc(now, 0);
  sql_run(
      db, e, writing,
      "UPDATE main.ordersync_runs SET status='lost', finished_at=%.23Q, "
      "error='the run never finished: its process died, or could not write "
      "this log', error_category='lost' WHERE sync=%Q AND status='running' "
      "AND id>coalesce((SELECT id FROM main.ordersync_runs WHERE sync=%Q AND "
      "attempts>0 AND status<>'running' ORDER BY id DESC LIMIT 1), 0)",
      now, log->sync, log->sync);
}

/* Whether the row says how the run ended: an authorizer may have a column left
** out of the update. */
static int is_written(const struct runlog *log, sqlite3 *db, const char *status,
                      const struct err *why, struct err *e) {
  return sqlite3_changes(db) == 1 &&
         sql_integer(db, e,
                     "SELECT status=%Q AND finished_at NOT NULL AND error IS "
                     "%Q AND rows IS nullif(%lld,-1) FROM main.ordersync_runs "
                     "WHERE id=%lld",
                     status, why ? why->text : NULL, log->rows, log->run_id);
}

/* The outcome's row. There may be none yet (inside the caller's transaction),
** or no more: everything was rolled back, or somebody cleared the log. */
static void write_row(struct runlog *log, sqlite3 *db, const char *status,
                      const struct err *why, struct err *e) {
  if (log->run_id) {
    update_run(log, db, status, why, e);
    if (e->code || is_written(log, db, status, why, e)) return;
    if (sqlite3_changes(db) == 1) goto ignored;
  }
  if (log->is_owner) mark_lost(log, db, e);
  insert_run(log, db, 0, e);
  update_run(log, db, status, why, e);
  if (e->code || is_written(log, db, status, why, e)) return;
ignored:
  err_set(e, ERR_LOCAL,
          "writing the run log changed nothing; an authorizer of this program, "
          "or a trigger, ignores it");
}

/* There is none yet inside the caller's transaction; or somebody has cleared
** the log, and another run may have its number. */
enum err_code runlog_need_row(struct runlog *log, struct err *e) {
  sqlite3_int64 found = sql_integer(
      log->db, e,
      "SELECT count(*) FROM main.ordersync_runs WHERE id=%lld AND sync=%Q AND "
      "started_at=%.23Q",
      log->run_id, log->sync, log->started_at);
  if (!e->code && !found) {
    if (log->is_owner) mark_lost(log, log->db, e);
    insert_run(log, log->db, 0, e);
  }
  return e->code;
}

static void insert_details(const struct runlog *log, sqlite3 *db,
                           struct err *e) {
  sqlite3_stmt *stmt = NULL;
  if (e->code) return;
  sqlite3_prepare_v2(db,
                     "INSERT INTO main.ordersync_run_details(run_id, at, "
                     "level, phase, message) VALUES(?1,?2,?3,?4,?5)",
                     -1, &stmt, NULL);
  if (!stmt) err_sqlite(e, db, writing);
  for (const struct runlog_detail *d = log->first; d && !e->code; d = d->next) {
    const char *texts[] = {d->at, trace_level_name(d->level), d->phase,
                           d->text};
    sqlite3_bind_int64(stmt, 1, log->run_id);
    for (int i = 0; i < 4; i++) {
      sqlite3_bind_text(stmt, i + 2, texts[i], i ? -1 : 23, SQLITE_STATIC);
    }
    sqlite3_step(stmt);
    if (sqlite3_reset(stmt)) err_sqlite(e, db, writing);
  }
  sqlite3_finalize(stmt);
}

enum err_code runlog_begin(struct runlog *log, int deadline_s,
                           sqlite3_int64 deadline_ms,
                           struct interrupt *interrupt, struct err *e) {
  struct txn txn = {0};
  /* With a rollback journal, a writer that commits waits for the caller's
  ** transaction to read no more, so waiting long for that one is no use. */
  int nested = !sqlite3_get_autocommit(log->db);
  sqlite3_int64 until = clock_now_ms() + LOG_WAIT_MS;
  if (!nested || until > deadline_ms) until = deadline_ms;
  log->interrupt = interrupt;
  log->is_owner = 1;
  if (!log->has_tables) {
    err_set(e, ERR_CONFIG,
            "the run log, ordersync_runs and ordersync_run_details, is not "
            "there, or not as it was made");
    err_hint(e, "Rename what is there and SELECT ordersync_install();");
    return e->code;
  }
  txn_prepare(&txn, log->db, "main", "ordersync_runs", interrupt, until, e);
  txn_begin(&txn, e);
  /* A row in the caller's transaction shows nobody anything, so it is left to
  ** the outcome. The write lock stays: the caller's snapshot would be too old
  ** once somebody else has committed during the fetch. */
  if (!nested) {
    mark_lost(log, log->db, e);
    insert_run(log, log->db, deadline_s, e);
  }
  if (txn_commit(&txn, e)) log->run_id = 0;
  txn_clear(&txn);
  if (!e->code) begin_progress(log);
  return e->code;
}

/* The oldest runs are looked at, up to the first that is to stay; not one of
** the future, when the clock was wrong: all after it would stay as well. It
** goes with the next one that goes. */
static void prune(const struct runlog *log, int keep_days, struct err *e) {
  char before[32], now[32], *runs;
  if (keep_days < 0) return;
  clock_utc(before, -(sqlite3_int64)keep_days * 86400000);
  clock_utc(now, 0);
  runs = sqlite3_mprintf(
      "main.ordersync_runs WHERE sync=%Q AND id<=(SELECT max(id) FROM "
      "main.ordersync_runs WHERE sync=%Q AND started_at<%.23Q AND id<coalesce("
      "(SELECT id FROM main.ordersync_runs WHERE started_at BETWEEN %.23Q AND "
      "%.23Q ORDER BY id LIMIT 1), %lld))",
      log->sync, log->sync, before, before, now, log->run_id);
  if (!runs) err_nomem(e);
  sql_run(log->db, e, writing,
          "DELETE FROM main.ordersync_run_details WHERE run_id IN (SELECT id "
          "FROM %s)",
          runs);
  sql_run(log->db, e, writing, "DELETE FROM %s", runs);
  sqlite3_free(runs);
}

/* Whether the run's row says all there is to say. */
static int is_uneventful(const struct runlog *log) {
  return log->inserted + log->updated + log->deleted == 0 && !log->dry_run &&
         log->warnings == 0;
}

enum err_code runlog_success(struct runlog *log, struct txn *txn, int keep_days,
                             struct err *e) {
  if (txn_lock(txn, "main", "ordersync_runs", e)) return e->code;
  write_row(log, log->db, log->is_unchanged ? "unchanged" : "success", NULL, e);
  if (!is_uneventful(log)) insert_details(log, log->db, e);
  prune(log, keep_days, e);
  return e->code;
}

/* Row and details in one transaction of db. */
static void write_outcome(struct runlog *log, sqlite3 *db,
                          const struct err *why, struct err *e) {
  int hurry = why && why->code == ERR_INTERRUPT;
  const char *status = !why ? "skipped" : hurry ? "cancelled" : "error";
  sqlite3_int64 old_id = log->run_id;
  struct txn txn = {0};
  txn_prepare(&txn, db, "main", "ordersync_runs",
              db == log->db ? log->interrupt : NULL,
              clock_now_ms() + (hurry ? LOG_WAIT_MS / 4 : LOG_WAIT_MS), e);
  if (!txn_begin(&txn, e)) {
    write_row(log, db, status, why, e);
    insert_details(log, db, e);
  }
  if (txn_commit(&txn, e)) log->run_id = old_id;
  txn_clear(&txn);
}

/* After sqlite3_interrupt() nothing can be written over the caller's
** connection; a second one to the same file can: by the same VFS, whose locks
** it must heed, and if the file is still the same one. */
static void write_beside(struct runlog *log, const char *path,
                         const struct err *why, struct err *e) {
  sqlite3_vfs *vfs = NULL;
  sqlite3 *db = NULL;
  err_reset(e);
  caller_check_place(log->db, "main", e);
  sqlite3_file_control(log->db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
  if (!e->code && sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE,
                                  vfs ? vfs->zName : NULL)) {
    err_sqlite(e, db, writing);
  }
  if (!e->code) write_outcome(log, db, why, e);
  sqlite3_close(db);
}

void runlog_failure(struct runlog *log, const struct err *why) {
  struct err e = {0};
  const char *path = sqlite3_db_filename(log->db, "main");
  int has_file = path && *path, was_busy;
  runlog_progress(log, NULL, 0);
  if (why)
    runlog_detail(log, TRACE_ERROR, err_name(why->code), "%s", why->text);
  if (!log->has_tables) return;
  /* Whoever was in the run's way is in its log's as well: the host's busy
  ** handler has had its time, and the second connection has none. */
  was_busy = why && err_is_busy(why) && sqlite3_get_autocommit(log->db);
  if (!was_busy || !has_file) write_outcome(log, log->db, why, &e);
  /* Inside the caller's write transaction it would wait for that one. */
  if (has_file && (was_busy || (e.code && !err_is_busy(&e))) &&
      sqlite3_txn_state(log->db, "main") != SQLITE_TXN_WRITE) {
    write_beside(log, path, why, &e);
  }
  if (e.code) {
    trace_lost(log->sync, why ? why->text : "skipped: another refresh runs");
  }
}
