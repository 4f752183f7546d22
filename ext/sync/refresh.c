/*
** One run, from the configuration to the committed rows.
**
**   load -> lock -> "running" row -> connect -> compare columns -> fetch
**        -> [write lock: guards, truncate, insert, count, success row] COMMIT
**
** The database is locked for the last line only. Connecting and fetching are
** tried again, with growing pauses, when the failure was a passing one.
*/
#include "sync/refresh.h"

#include "base/clock.h"
#include "mssql/mssql.h"
#include "sync/apply.h"
#include "sync/lock.h"
#include "tsql/select.h"

#include <string.h>

/* The first pause before another try; it doubles, up to the longest one. */
#define BACKOFF_MS     500
#define BACKOFF_MAX_MS 30000

/* How long a run waits to read its configuration. */
#define LOAD_WAIT_MS  5000
#define LOAD_RETRY_MS 20

/* What the fetch keeps of each mapped column. */
struct fetch_column {
  int is_variant;               /* arrives as "basetype:value" */
  struct value_scratch scratch; /* what a variant's value points into */
  sqlite3_int64 n_bad;          /* values that did not convert */
  sqlite3_int64 first_bad_row;
  char first_bad[64];
};

struct refresh {
  sqlite3 *db; /* borrowed */
  struct mapping map;
  struct profile prof;
  struct target target;
  struct interrupt interrupt;
  struct txn txn;
  struct runlog log;
  int lock_fd;
  sqlite3_int64 deadline_ms;

  /* One attempt's worth. */
  struct mssql *remote;
  struct remote_columns declared; /* what the source has */
  struct staging *staged;
  int *remote_index;            /* per mapped column: the result's, or -1 */
  struct fetch_column *columns; /* per mapped column */
};

/* ---- configuration ----------------------------------------------------- */

/* Everything that can be known to be wrong without the network. */
static enum err_code load(struct refresh *r, const char *name,
                          const char *options, struct err *e) {
  sqlite3_uint64 n;
  if (mapping_load(&r->map, r->db, name, e)) return e->code;
  if (mapping_options(&r->map, r->db, options, e)) return e->code;
  r->log.mode = r->map.mode == MODE_DIFF ? "diff" : "replace";
  r->log.dry_run = r->map.dry_run;
  if (txn_check_caller(r->db, r->map.schema, e)) return e->code;
  if (target_open(&r->target, r->db, &r->map, e)) return e->code;
  if (txn_check_readers(r->db, r->map.schema, r->map.target, e)) return e->code;
  if (apply_check_key(&r->map, e)) return e->code;
  if (profile_load(&r->prof, r->map.profile, e)) return e->code;
  r->log.mask = profile_mask_text;
  r->log.mask_arg = &r->prof;
  r->deadline_ms =
      r->log.started_ms + (sqlite3_int64)r->prof.query_timeout * 1000;
  n = (sqlite3_uint64)r->map.n_columns;
  r->remote_index = sqlite3_malloc64(n * sizeof *r->remote_index);
  r->columns = sqlite3_malloc64(n * sizeof *r->columns);
  if (r->columns) memset(r->columns, 0, n * sizeof *r->columns);
  if (!r->remote_index || !r->columns) return err_nomem(e);
  if (interrupt_open(&r->interrupt, r->db, e)) return e->code;
  return txn_prepare(&r->txn, r->db, r->map.schema, r->map.target,
                     &r->interrupt, r->deadline_ms, e);
}

static void unload(struct refresh *r) {
  txn_clear(&r->txn);
  interrupt_close(&r->interrupt);
  target_clear(&r->target);
  profile_clear(&r->prof);
  sqlite3_free(r->remote_index);
  sqlite3_free(r->columns);
  r->remote_index = NULL;
  r->columns = NULL;
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

/* ---- connecting and columns -------------------------------------------- */

static enum err_code connect_once(struct refresh *r, struct err *e) {
  struct mssql_hooks hooks = {interrupt_pending, &r->interrupt};
  sqlite3_int64 start = clock_now_ms();
  sqlite3_int64 left_s = (r->deadline_ms - start + 999) / 1000;
  int login_timeout = r->prof.login_timeout;
  if (left_s <= 0) {
    return err_set(e, ERR_TIMEOUT, "the run's deadline of %d s passed",
                   r->prof.query_timeout);
  }
  if (login_timeout > left_s) r->prof.login_timeout = (int)left_s;
  mssql_open(&r->remote, &r->prof, &hooks, MSSQL_COPY, e);
  r->prof.login_timeout = login_timeout;
  r->log.connect_ms = clock_now_ms() - start;
  if (e->code) return e->code;
  mssql_deadline(r->remote, r->deadline_ms);
  runlog_detail(&r->log, TRACE_INFO, "connect", "connected in %lld ms",
                (long long)r->log.connect_ms);
  return ERR_NONE;
}

static void warn_extra(struct refresh *r, const struct remote_columns *has,
                       const int *remote_index) {
  sqlite3_str *list = sqlite3_str_new(NULL);
  char *text;
  int lost;
  for (int i = 0; i < has->count; i++) {
    int mapped = 0;
    for (int j = 0; j < r->map.n_columns && !mapped; j++) {
      mapped = remote_index[j] == i;
    }
    if (!mapped) {
      sqlite3_str_appendf(list, "%s\"%s\"",
                          sqlite3_str_length(list) ? ", " : "",
                          has->items[i].name);
    }
  }
  lost = sqlite3_str_errcode(list) != SQLITE_OK;
  text = sqlite3_str_finish(list);
  if (text || lost) {
    runlog_detail(&r->log, TRACE_WARN, "columns",
                  "the source has columns that nothing maps: %s",
                  text ? text : "(out of memory)");
  }
  sqlite3_free(text);
}

static void warn_missing(struct refresh *r) {
  for (int i = 0; i < r->map.n_columns; i++) {
    if (r->remote_index[i] >= 0) continue;
    runlog_detail(&r->log, TRACE_WARN, "columns",
                  "the source has no column \"%s\"; \"%s\" is NULL",
                  r->map.columns[i].source, r->map.columns[i].target);
  }
}

/* A server that speaks TDS but not this much T-SQL is asked for the rows at
** once; only surplus columns then go unnoticed. */
static int is_syntax_error(const struct err *e) {
  return e->code == ERR_REMOTE &&
         (e->server_number == 102 || e->server_number == 156);
}

static void do_without_columns(struct refresh *r, struct err *e) {
  runlog_detail(&r->log, TRACE_WARN, "columns",
                "the server does not tell the source's columns: %s", e->text);
  err_reset(e);
  for (int i = 0; i < r->map.n_columns; i++) r->remote_index[i] = i;
}

/* Asks what columns the source has, and compares them by name before any row
** is asked for. */
static enum err_code compare_columns(struct refresh *r, struct err *e) {
  const struct remote_columns *has;
  char *sql = tsql_discover(r->map.source, e);
  int has_row = 1;
  if (!sql) goto done;
  if (mssql_query(r->remote, sql, e)) {
    if (is_syntax_error(e)) do_without_columns(r, e);
    goto done;
  }
  has = mssql_columns(r->remote);
  if (has->count == 0) {
    err_set(e, ERR_DATA, "the source has no columns");
    goto done;
  }
  if (remote_columns_copy(&r->declared, has, e)) goto done;
  if (mapping_match(&r->map, &r->declared, r->remote_index, e)) goto done;
  while (has_row && !mssql_next(r->remote, &has_row, e)) {
    /* TOP (0) has none; whatever comes is not what we asked for. */
  }
  if (e->code) goto done;
  warn_extra(r, &r->declared, r->remote_index);
  warn_missing(r);
done:
  sqlite3_free(sql);
  return e->code;
}

/* ---- fetching ---------------------------------------------------------- */

static char *select_sql(const struct refresh *r, struct err *e) {
  struct tsql_column *columns =
      sqlite3_malloc64((sqlite3_uint64)r->map.n_columns * sizeof *columns);
  char *sql;
  int n = 0;
  if (!columns) {
    err_nomem(e);
    return NULL;
  }
  for (int i = 0; i < r->map.n_columns; i++) {
    int at = r->remote_index[i];
    if (at < 0) continue;
    columns[n].source = r->map.columns[i].source;
    columns[n].type = REMOTE_UNKNOWN;
    if (at < r->declared.count) { /* in the server's own spelling */
      columns[n].source = r->declared.items[at].name;
      columns[n].type = r->declared.items[at].type;
    }
    columns[n].kind = r->map.columns[i].kind;
    n++;
  }
  sql = tsql_select(r->map.source, r->map.filter, columns, n, e);
  sqlite3_free(columns);
  return sql;
}

/* The rows' own metadata is what counts: the view may have been altered since
** its columns were asked for. */
static enum err_code match_result(struct refresh *r, struct err *e) {
  const struct remote_columns *got = mssql_columns(r->remote);
  int *asked =
      sqlite3_malloc64((sqlite3_uint64)r->map.n_columns * sizeof *asked);
  if (!asked) return err_nomem(e);
  memcpy(asked, r->remote_index, (size_t)r->map.n_columns * sizeof *asked);
  if (!mapping_match(&r->map, got, r->remote_index, e)) {
    for (int i = 0; i < r->map.n_columns && !e->code; i++) {
      if (asked[i] >= 0 && r->remote_index[i] < 0) {
        err_set(e, ERR_DATA,
                "sync \"%s\": the server was asked for column \"%s\" and did "
                "not send it",
                r->map.sync, r->map.columns[i].source);
      }
    }
  }
  sqlite3_free(asked);
  return e->code;
}

/* A value that does not convert is NULL and a warning, or ends the run. */
static enum err_code note_bad(struct refresh *r, int i,
                              const struct value *value, sqlite3_int64 row,
                              struct err *e) {
  struct fetch_column *column = &r->columns[i];
  const struct mapping_column *c = &r->map.columns[i];
  if (r->map.on_bad_value == BAD_VALUE_ERROR) {
    char text[64];
    value_describe(value, text, sizeof text);
    return err_set(e, ERR_DATA,
                   "sync \"%s\", column \"%s\" (row %lld): %s cannot become "
                   "%s",
                   r->map.sync, c->source, (long long)row, text,
                   value_kind_name(c->kind));
  }
  if (column->n_bad++ == 0) {
    column->first_bad_row = row;
    value_describe(value, column->first_bad, sizeof column->first_bad);
  }
  return ERR_NONE;
}

static enum err_code fetch_row(struct refresh *r, struct cell *cells,
                               sqlite3_int64 row, struct err *e) {
  struct value value;
  for (int i = 0; i < r->map.n_columns && !e->code; i++) {
    if (r->remote_index[i] < 0) {
      cells[i].type = SQLITE_NULL;
      continue;
    }
    mssql_value(r->remote, r->remote_index[i], &value);
    if (value_check_text(&value, e) ||
        (r->columns[i].is_variant &&
         value_unpack(&value, &r->columns[i].scratch, e))) {
      err_prefix(e, "column \"%s\" (row %lld)", r->map.columns[i].source, row);
      return e->code;
    }
    if (!value_convert(&value, r->map.columns[i].kind, &cells[i])) {
      note_bad(r, i, &value, row, e);
    }
  }
  if (e->code) return e->code;
  return staging_append(r->staged, cells, e);
}

static enum err_code fetch_rows(struct refresh *r, struct err *e) {
  struct cell *cells =
      sqlite3_malloc64((sqlite3_uint64)r->map.n_columns * sizeof *cells);
  sqlite3_int64 row = 0;
  int has_row = 0;
  if (!cells) return err_nomem(e);
  while (!mssql_next(r->remote, &has_row, e) && has_row) {
    if (fetch_row(r, cells, ++row, e)) break;
    if (row % 1000 == 0) runlog_progress(&r->log, "fetching", row);
  }
  sqlite3_free(cells);
  return e->code;
}

static void warn_bad(struct refresh *r) {
  for (int i = 0; i < r->map.n_columns; i++) {
    const struct fetch_column *column = &r->columns[i];
    if (column->n_bad == 0) continue;
    runlog_detail(&r->log, TRACE_WARN, "fetch",
                  "column \"%s\", for \"%s\": %lld value(s) cannot become %s "
                  "and are NULL; the first is %s in row %lld",
                  r->map.columns[i].source, r->map.columns[i].target,
                  (long long)column->n_bad,
                  value_kind_name(r->map.columns[i].kind), column->first_bad,
                  (long long)column->first_bad_row);
    /* Each value counts; the detail has counted one. */
    r->log.warnings += (int)(column->n_bad - 1);
  }
}

static enum err_code fetch(struct refresh *r, struct err *e) {
  sqlite3_int64 start = clock_now_ms();
  char *sql = select_sql(r, e);
  if (!sql) return e->code;
  for (int i = 0; i < r->map.n_columns; i++) {
    int at = r->remote_index[i];
    r->columns[i].is_variant = at >= 0 && at < r->declared.count &&
                               r->declared.items[at].type == REMOTE_VARIANT;
  }
  if (staging_open(&r->staged, r->map.n_columns, 0, e)) goto done;
  if (mssql_query(r->remote, sql, e)) goto done;
  if (match_result(r, e)) goto done;
  if (fetch_rows(r, e)) goto done;
  r->log.fetch_ms = clock_now_ms() - start;
  warn_bad(r);
  runlog_detail(&r->log, TRACE_INFO, "fetch", "%lld rows in %lld ms%s",
                (long long)staging_rows(r->staged), (long long)r->log.fetch_ms,
                staging_spilled(r->staged) ? ", staged in a temporary file"
                                           : "");
done:
  r->log.fetch_ms = clock_now_ms() - start;
  sqlite3_free(sql);
  return e->code;
}

/* ---- attempts ---------------------------------------------------------- */

static void forget_attempt(struct refresh *r) {
  mssql_close(r->remote);
  r->remote = NULL;
  staging_close(r->staged);
  r->staged = NULL;
  remote_columns_clear(&r->declared);
  for (int i = 0; r->columns && i < r->map.n_columns; i++) {
    r->columns[i].n_bad = 0;
    value_scratch_clear(&r->columns[i].scratch);
  }
}

static enum err_code attempt(struct refresh *r, struct err *e) {
  r->log.attempts++;
  if (!connect_once(r, e) && !compare_columns(r, e)) fetch(r, e);
  /* The link is not needed while we write, and the server has others. */
  mssql_close(r->remote);
  r->remote = NULL;
  profile_mask(&r->prof, e);
  return e->code;
}

/* Half the doubled pause for sure, the other half by chance: many clients that
** lost the same server must not come back at the same moment. */
static sqlite3_int64 pause_ms(int n_failed) {
  sqlite3_int64 pause = BACKOFF_MAX_MS;
  unsigned int chance;
  if (n_failed < 7) pause = (sqlite3_int64)BACKOFF_MS << (n_failed - 1);
  if (pause > BACKOFF_MAX_MS) pause = BACKOFF_MAX_MS;
  sqlite3_randomness(sizeof chance, &chance);
  return pause / 2 + (sqlite3_int64)(chance % (unsigned)(pause / 2 + 1));
}

static enum err_code fetch_with_retries(struct refresh *r, struct err *e) {
  for (;;) {
    sqlite3_int64 until;
    forget_attempt(r);
    if (!attempt(r, e) || !e->transient) break;
    if (r->log.attempts > r->map.retries) break;
    until = clock_now_ms() + pause_ms(r->log.attempts);
    if (until >= r->deadline_ms) break;
    runlog_detail(&r->log, TRACE_WARN, "connect",
                  "attempt %d failed, trying again in %lld ms: %s",
                  r->log.attempts, (long long)(until - clock_now_ms()),
                  e->text);
    err_reset(e);
    interrupt_sleep(&r->interrupt, until);
    if (interrupt_pending(&r->interrupt)) {
      err_set(e, ERR_INTERRUPT, "interrupted");
      break;
    }
  }
  if (e->code && r->log.attempts > 1) {
    err_hint(e, "gave up after %d attempts", r->log.attempts);
  }
  return e->code;
}

/* ---- the run ----------------------------------------------------------- */

static void clear(struct refresh *r) {
  forget_attempt(r);
  txn_clear(&r->txn);
  lock_release(r->lock_fd);
  runlog_clear(&r->log);
  unload(r);
}

static void fail(struct refresh *r, const struct err *e) {
  txn_rollback(&r->txn);
  r->log.rows = r->log.inserted = r->log.updated = r->log.deleted = -1;
  /* Inside a statement that writes, or without leave to write, a log row
  ** would only fail too. */
  if (e->code == ERR_MISUSE || !txn_may_write(r->db)) r->log.has_tables = 0;
  runlog_failure(&r->log, e);
}

enum err_code refresh_run(sqlite3 *db, const char *name, const char *options,
                          struct refresh_result *result, struct err *e) {
  struct refresh r = {.db = db, .lock_fd = -1};
  struct apply apply = {.db = db};
  sqlite3_int64 saved_rowid = sqlite3_last_insert_rowid(db);
  int busy = 0;
  memset(result, 0, sizeof *result);
  runlog_init(&r.log, db, name ? name : MAPPING_DEFAULT_SYNC);
  if (load_patiently(&r, name, options, e)) goto done;
  if (lock_acquire(db, r.map.sync, &r.lock_fd, &busy, e)) goto done;
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
  if (r.prof.warning)
    runlog_detail(&r.log, TRACE_WARN, "config", "profile \"%s\": %s",
                  r.prof.name, r.prof.warning);
  if (fetch_with_retries(&r, e)) goto done;
  apply.map = &r.map;
  apply.target = &r.target;
  apply.rows = r.staged;
  apply.log = &r.log;
  apply.txn = &r.txn;
  apply.interrupt = &r.interrupt;
  if (apply_rows(&apply, e)) goto done;
  result->rows = r.log.rows;
done:
  if (r.map.sync) err_prefix(e, "sync \"%s\"", r.map.sync);
  if (e->code) fail(&r, e);
  clear(&r);
  sqlite3_set_last_insert_rowid(db, saved_rowid);
  return e->code;
}

/* ---- the T-SQL
 * ---------------------------------------------------------------------- */

/* Only sql_variant is selected otherwise than by its name. */
static enum remote_type known_type(const char *source_type) {
  return source_type && sqlite3_stricmp(source_type, "sql_variant") == 0
             ? REMOTE_VARIANT
             : REMOTE_UNKNOWN;
}

char *refresh_sql(sqlite3 *db, const char *name, struct err *e) {
  struct mapping map = {0};
  struct tsql_column *columns = NULL;
  char *sql = NULL;
  if (txn_check_pragma(db, e)) goto done;
  if (mapping_load(&map, db, name, e)) goto done;
  columns = sqlite3_malloc64((sqlite3_uint64)map.n_columns * sizeof *columns);
  if (!columns) {
    err_nomem(e);
    goto done;
  }
  for (int i = 0; i < map.n_columns; i++) {
    columns[i].source = map.columns[i].source;
    columns[i].type = known_type(map.columns[i].source_type);
    columns[i].kind = map.columns[i].kind;
  }
  sql = tsql_select(map.source, map.filter, columns, map.n_columns, e);
done:
  sqlite3_free(columns);
  mapping_clear(&map);
  return sql;
}
