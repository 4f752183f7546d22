/*
** One attempt: connect -> compare columns -> SELECT -> convert row by row.
*/
#include "sync/fetch.h"

#include "base/clock.h"
#include "sync/part.h"
#include "sync/stored.h"

#include <stdlib.h>
#include <string.h>

/* The first pause before another try; it doubles, up to the longest one, the
** seventh. */
#define BACKOFF_MS     500
#define BACKOFF_MAX_MS 30000
#define BACKOFFS       7

static void tell_columns(const struct fetch *f, const struct match *m) {
  int n;
  char *names = match_extra(m, &n), *wide = match_wide(m);
  if (n > 0) {
    runlog_detail(f->log, TRACE_WARN, "columns",
                  "the source has columns that nothing maps: %s; "
                  "ordersync_update(%Q) shows what to do",
                  names ? names : "(out of memory)", f->map->sync);
  }
  if (wide) runlog_detail(f->log, TRACE_INFO, "columns", "%s", wide);
  sqlite3_free(names);
  sqlite3_free(wide);
  for (int i = 0; i < f->map->n_columns; i++) {
    if (match_remote(m, i)) continue;
    runlog_detail(f->log, TRACE_WARN, "columns",
                  "the source has no column \"%s\"; \"%s\" is NULL",
                  f->map->columns[i].source, f->map->columns[i].target);
  }
}

static void warn_values(const struct fetch *f, const struct match *m) {
  for (int i = 0; i < f->map->n_columns; i++) {
    const struct match_column *c = &m->columns[i];
    if (c->n_bad == 0) continue;
    runlog_detail(f->log, TRACE_WARN, "fetch",
                  "column \"%s\", for \"%s\": %lld value(s) cannot become %s "
                  "and are NULL; the first is %s in row %lld",
                  f->map->columns[i].source, f->map->columns[i].target,
                  c->n_bad, value_kind_name(f->map->columns[i].kind),
                  c->first_bad, c->first_bad_row);
    /* Each value counts; the detail has counted one. */
    f->log->warnings += (int)(c->n_bad - 1);
  }
}

/* What was asked for, and what it means for the next run. */
static void tell_mark(const struct fetch *f) {
  const struct state *s = f->state;
  if (s->n_nulls) {
    runlog_detail(f->log, TRACE_WARN, "fetch",
                  "%lld row(s) have no watermark: \"%s\" is NULL; %s",
                  (long long)s->n_nulls, f->map->watermark,
                  mapping_has_key(f->map)
                      ? "they are fetched every time"
                      : "none like them is fetched any more");
  }
  if (!mapping_has_mark(f->map)) return;
  runlog_detail(f->log, TRACE_INFO, "fetch", "%s%s%s; the mark is %s",
                s->is_part ? "rows above the mark" : "all rows: ",
                s->is_part ? "" : s->full,
                s->keeps ? "; what only the table has stays" : "",
                s->watermark_now ? s->watermark_now : "not set");
}

/* Beyond this many rows nobody looks. */
#define KEYS_MOST 4000000

/* A row read twice, while the server moves it, shows in no count of rows. */
struct keys {
  const struct mapping *map; /* borrowed */
  int *columns;              /* owned: those of the key */
  int n_columns;
  struct stored stored;
  sqlite3_uint64 *hashes; /* owned: one a row */
  sqlite3_int64 n;
};

/* Of a row that is staged already: its key becomes what the target would hold,
** where '7' and '007' may be one. */
static enum err_code note_key(struct keys *k, struct cell *cells,
                              struct err *e) {
  sqlite3_uint64 hash = 0;
  if (e->code || k->n == KEYS_MOST) return e->code;
  if ((k->n & (k->n - 1)) == 0) { /* full at 0, 1, 2, 4, ... */
    sqlite3_uint64 room = k->n ? 2 * (sqlite3_uint64)k->n : 1;
    sqlite3_uint64 *grown = sqlite3_realloc64(k->hashes, room * sizeof *grown);
    if (!grown) return err_nomem(e);
    k->hashes = grown;
  }
  stored_convert(&k->stored, cells, k->columns, k->n_columns, e);
  for (int i = 0; i < k->n_columns; i++) {
    hash = stored_hash(hash, &cells[k->columns[i]]);
  }
  k->hashes[k->n++] = hash;
  return e->code;
}

static int by_value(const void *a, const void *b) {
  const sqlite3_uint64 *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* Whoever looks rows up by their key must have one: of a part the last row of a
** key is its newest, but of all rows none. */
static void judge_keys(struct keys *k, const struct fetch *f, struct err *e) {
  sqlite3_int64 n_twice = 0;
  if (k->n) qsort(k->hashes, (size_t)k->n, sizeof *k->hashes, by_value);
  for (sqlite3_int64 i = 1; i < k->n; i++) {
    n_twice += k->hashes[i] == k->hashes[i - 1];
  }
  if (n_twice && mapping_has_mark(f->map) && !f->state->is_part) {
    err_set(e, ERR_DATA,
            "sync \"%s\": %lld row(s) have the key (%s) of another row, and "
            "mode '%s' would take them for one",
            f->map->sync, (long long)n_twice, f->map->key,
            mapping_mode_name(f->map->mode));
    err_hint(e, "set the columns that identify a row; if these do, the source "
                "changed while it was read: try again");
  } else if (n_twice) {
    runlog_detail(f->log, TRACE_WARN, "fetch",
                  "%lld row(s) have the key (%s) of another row: it is no key, "
                  "or the source changed while it was read",
                  n_twice, k->map->key);
  }
}

/* Compares the source's columns with the mapping before any row is asked for,
** then asks; once more where the source has been altered in between. */
static enum err_code start(const struct fetch *f, struct reader *r,
                           struct match *m, struct err *e) {
  int changed = 0;
  for (int i = 0; i < 2; i++) {
    static const struct match_ask all = {.used = ~0ULL, .top = -1};
    struct match_ask above = all;
    struct remote_columns has;
    char *where = NULL;
    err_reset(e);
    if (reader_describe(r, f->map->source, f->map, &has, e)) return e->code;
    match_source(m, &has, e);
    remote_columns_clear(&has);
    if (e->code || part_where(f->state, r, m, &where, e)) return e->code;
    above.where = where;
    reader_start(r, m, where ? &above : NULL, &changed, e);
    sqlite3_free(where);
    if (!e->code || !changed) break;
  }
  if (!e->code) tell_columns(f, m);
  return e->code;
}

static enum err_code read_rows(const struct fetch *f, struct reader *r,
                               struct match *m, struct staging *staged,
                               struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)f->map->n_columns;
  struct cell *cells = sqlite3_malloc64(n * sizeof *cells);
  struct keys keys = {.map = f->map};
  int rowid = f->target->alias_column, has_row = 0;
  int has_key = mapping_has_key(f->map);
  keys.columns = sqlite3_malloc64(n * sizeof *keys.columns);
  if (!cells || !keys.columns) {
    err_nomem(e);
    goto done;
  }
  for (int i = 0; i < f->map->n_columns; i++) {
    if (mapping_is_key(f->map, i)) keys.columns[keys.n_columns++] = i;
  }
  stored_open(&keys.stored, f->target, e);
  while (!reader_next(r, &has_row, e) && has_row) {
    reader_row(r, m, cells, e);
    if (!e->code && mapping_has_mark(f->map)) part_see(f->state, r, m, e);
    /* SQLite would invent a number. */
    if (!e->code && rowid >= 0 && cells[rowid].type == SQLITE_NULL) {
      reader_refuse(r, m, rowid, "an INTEGER PRIMARY KEY", e);
    }
    if (e->code || staging_append(staged, cells, e)) break;
    if (has_key && note_key(&keys, cells, e)) break;
    if (r->row % 100 == 0) runlog_progress(f->log, "fetching", r->row);
  }
  if (!e->code) judge_keys(&keys, f, e);
done:
  stored_close(&keys.stored);
  sqlite3_free(keys.columns);
  sqlite3_free(keys.hashes);
  sqlite3_free(cells);
  return e->code;
}

static enum err_code attempt(const struct fetch *f, struct staging **out,
                             struct err *e) {
  struct reader r = {.profile = f->profile,
                     .interrupt = f->interrupt,
                     .use = MSSQL_COPY,
                     .deadline_ms = f->deadline_ms};
  struct match m = {0};
  sqlite3_int64 began = clock_now_ms();
  f->log->attempts++;
  part_begin(f->state);
  if (match_init(&m, f->map, e)) goto done;
  runlog_progress(f->log, "connecting", 0);
  reader_connect(&r, e);
  f->log->connect_ms = clock_now_ms() - began;
  if (e->code) goto done;
  runlog_detail(f->log, TRACE_INFO, "connect", "connected in %lld ms",
                f->log->connect_ms);
  began = clock_now_ms();
  if (part_probe(f->state, &r, e)) goto done;
  if (f->state->is_unchanged) {
    runlog_detail(f->log, TRACE_INFO, "fetch",
                  "unchanged: the probe still answers %s", f->state->probe);
    goto done;
  }
  if (staging_open(out, f->map->n_columns, 0, e)) goto done;
  runlog_progress(f->log, "waiting for rows", 0);
  if (!start(f, &r, &m, e)) read_rows(f, &r, &m, *out, e);
  staging_settle(*out);
  if (!e->code) part_end(f->state, e);
  f->log->fetch_ms = clock_now_ms() - began;
  if (e->code) goto done;
  warn_values(f, &m);
  tell_mark(f);
  runlog_detail(f->log, TRACE_INFO, "fetch", "%lld rows in %lld ms%s",
                staging_rows(*out), f->log->fetch_ms,
                staging_spilled(*out) ? ", staged in a temporary file" : "");
done:
  reader_close(&r);
  match_clear(&m);
  if (e->code) {
    staging_close(*out);
    *out = NULL;
  }
  return e->code;
}

/* Half the doubled pause for sure, the other half by chance: many clients that
** lost the same server must not come back at the same moment. */
static sqlite3_int64 pause_ms(int n_failed) {
  sqlite3_int64 pause = BACKOFF_MAX_MS;
  unsigned int chance;
  if (n_failed < BACKOFFS) pause = (sqlite3_int64)BACKOFF_MS << (n_failed - 1);
  sqlite3_randomness(sizeof chance, &chance);
  return pause / 2 + (sqlite3_int64)(chance % (unsigned)(pause / 2 + 1));
}

enum err_code fetch_rows(const struct fetch *f, struct staging **out,
                         struct err *e) {
  struct runlog *log = f->log;
  *out = NULL;
  while (attempt(f, out, e) && e->transient &&
         log->attempts <= f->map->retries) {
    sqlite3_int64 until = clock_now_ms() + pause_ms(log->attempts);
    if (until >= f->deadline_ms) break;
    runlog_detail(log, TRACE_WARN, "connect",
                  "attempt %d failed, trying again in %lld ms: %s",
                  log->attempts, until - clock_now_ms(), e->text);
    err_reset(e);
    interrupt_sleep(f->interrupt, until);
    if (interrupt_pending(f->interrupt)) {
      err_set(e, ERR_INTERRUPT, "interrupted");
      break;
    }
  }
  if (log->attempts > 1) {
    err_hint(e, "gave up after %d attempts", log->attempts);
  }
  return e->code;
}
