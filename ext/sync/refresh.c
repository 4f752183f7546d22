/*
** One run, from the configuration to the committed rows.
**
**   load -> lock -> "running" row -> connect -> compare columns -> fetch
**        -> [write lock: guards, truncate, insert, count, success row] COMMIT
**
** The database is locked for the last line only.
*/
#include "sync/refresh.h"

#include "base/clock.h"
#include "local/caller.h"
#include "source/match.h"
#include "sync/apply.h"
#include "sync/changes.h"
#include "sync/diff.h"
#include "sync/fetch.h"
#include "sync/lock.h"

#include <string.h>

/* How long a run waits to read its configuration. */
#define LOAD_WAIT_MS  5000
#define LOAD_RETRY_MS 20

struct refresh {
  sqlite3 *db; /* borrowed */
  char *only;  /* owned: the sync's name where none was given */
  struct mapping map;
  struct profile prof;
  struct target target;
  struct interrupt interrupt;
  struct txn txn;
  struct runlog log;
  struct state state;
  struct lock lock;
  sqlite3_int64 deadline_ms;
};

/* Everything that can be known to be wrong without the network. */
static enum err_code load(struct refresh *r, const char *name,
                          const char *options, struct err *e) {
  if (!name && !r->only) r->only = mapping_default(r->db, e);
  if (!name) name = r->only;
  if (name) r->log.sync = name;
  if (e->code || mapping_load(&r->map, r->db, name, e) ||
      mapping_options(&r->map, r->db, options, e)) {
    return e->code;
  }
  r->log.mode = mapping_mode_name(r->map.mode);
  r->log.dry_run = r->map.dry_run;
  if (caller_check(r->db, r->map.schema, e) ||
      target_open(&r->target, r->db, &r->map, e) ||
      caller_check_readers(r->db, r->map.schema, r->map.target, e) ||
      diff_check_key(&r->map, e) || changes_check(&r->map, r->db, e) ||
      state_check(&r->map, &r->target, r->db, e) ||
      profile_load(&r->prof, r->map.profile, e)) {
    return e->code;
  }
  mapping_timeouts(&r->map, &r->prof);
  r->log.profile = &r->prof;
  r->deadline_ms =
      r->log.started_ms + (sqlite3_int64)r->prof.query_timeout * 1000;
  if (interrupt_open(&r->interrupt, r->db, e)) return e->code;
  return txn_prepare(&r->txn, r->db, r->map.schema, r->map.target,
                     &r->interrupt, r->deadline_ms, e);
}

static void unload(struct refresh *r) {
  state_clear(&r->state);
  txn_clear(&r->txn);
  interrupt_close(&r->interrupt);
  target_clear(&r->target);
  profile_clear(&r->prof);
  mapping_clear(&r->map);
}

/* Reading waits too: others lock readers out while they commit (rollback
** journal), recover, or are the last to close a WAL database, all of it short.
** The host's busy handler may not wait at all (the sqlite3 shell's does not),
** and the run's deadline is not known yet. */
static enum err_code load_patiently(struct refresh *r, const char *name,
                                    const char *options, struct err *e) {
  sqlite3_int64 until = r->log.started_ms + LOAD_WAIT_MS;
  while (load(r, name, options, e) && err_is_busy(e) &&
         clock_now_ms() < until) {
    unload(r);
    err_reset(e);
    sqlite3_sleep(LOAD_RETRY_MS);
  }
  if (err_is_busy(e)) {
    err_hint(e, "another connection kept it locked for %d seconds",
             LOAD_WAIT_MS / 1000);
  }
  if (!r->log.has_tables) runlog_find_tables(&r->log);
  return e->code;
}

static void fail(struct refresh *r, const struct err *e) {
  txn_rollback(&r->txn);
  r->log.rows = r->log.inserted = r->log.updated = r->log.deleted = -1;
  /* Inside a statement that writes, or without leave to write, a log row
  ** would only fail too. */
  if (e->code == ERR_MISUSE || !caller_may_write(r->db)) r->log.has_tables = 0;
  runlog_failure(&r->log, e);
}

static void warn_rivals(struct refresh *r) {
  struct err ignored = {0};
  char *rivals = mapping_rivals(&r->map, r->db, &ignored);
  if (rivals) {
    runlog_detail(&r->log, TRACE_WARN, "load",
                  "\"%s\" is also the target of sync %s: each deletes the "
                  "other's rows",
                  r->map.target, rivals);
  }
  sqlite3_free(rivals);
}

/* Under the run lock nobody else moves the mark. Waits as load_patiently(). */
static enum err_code recall(struct refresh *r, struct err *e) {
  sqlite3_int64 until = clock_now_ms() + LOAD_WAIT_MS;
  while (state_load(&r->state, r->db, &r->map, &r->target, &r->prof, e) &&
         err_is_busy(e) && clock_now_ms() < until) {
    err_reset(e);
    sqlite3_sleep(LOAD_RETRY_MS);
  }
  return e->code;
}

static enum err_code transfer(struct refresh *r, struct err *e) {
  struct fetch fetch = {&r->map, &r->target, &r->prof,      &r->interrupt,
                        &r->log, &r->state,  r->deadline_ms};
  struct apply apply = {.db = r->db,
                        .map = &r->map,
                        .target = &r->target,
                        .log = &r->log,
                        .state = &r->state,
                        .txn = &r->txn};
  if (recall(r, e)) return e->code;
  if (!fetch_rows(&fetch, &apply.rows, e)) {
    r->log.is_unchanged = r->state.is_unchanged;
    apply_rows(&apply, e);
  }
  profile_hint_timeout(&r->prof, KEY_QUERY_TIMEOUT, e);
  staging_close(apply.rows);
  return e->code;
}

enum err_code refresh_run(sqlite3 *db, const char *name, const char *options,
                          struct refresh_result *result, struct err *e) {
  struct refresh r = {.db = db};
  sqlite3_int64 saved_rowid = sqlite3_last_insert_rowid(db);
  int busy = 0;
  memset(result, 0, sizeof *result);
  runlog_init(&r.log, db, name ? name : MAPPING_DEFAULT_SYNC);
  if (load_patiently(&r, name, options, e)) goto done;
  if (lock_acquire(&r.lock, db, r.map.sync, &busy, e)) goto done;
  if (busy) {
    runlog_detail(&r.log, TRACE_INFO, "lock",
                  "skipped: another refresh of this sync is running");
    runlog_failure(&r.log, NULL);
    result->skipped = 1;
    goto done;
  }
  if (runlog_begin(&r.log, r.prof.query_timeout, r.deadline_ms, &r.interrupt,
                   e)) {
    goto done;
  }
  if (r.prof.warning) {
    runlog_detail(&r.log, TRACE_WARN, "config", "profile \"%s\": %s",
                  r.prof.name, r.prof.warning);
  }
  warn_rivals(&r);
  if (!transfer(&r, e)) result->rows = r.log.rows;
done:
  if (r.map.sync) err_prefix(e, "sync \"%s\"", r.map.sync);
  if (e->code) fail(&r, e);
  txn_clear(&r.txn);
  lock_release(&r.lock);
  runlog_clear(&r.log);
  unload(&r);
  sqlite3_free(r.only);
  sqlite3_set_last_insert_rowid(db, saved_rowid);
  return e->code;
}

char *refresh_sql(sqlite3 *db, const char *name, struct err *e) {
  struct mapping map = {0};
  struct match match = {0};
  char *sql = NULL;
  if (!caller_check_pragma(db, e) && !mapping_load(&map, db, name, e) &&
      !match_init(&match, &map, e)) {
    sql = match_select(&match, NULL, e);
  }
  match_clear(&match);
  mapping_clear(&map);
  return sql;
}
