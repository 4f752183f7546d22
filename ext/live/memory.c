/*
** What a cursor remembers of its earlier scans, for the length of a statement.
**
** SQLite closes and opens the cursor of a correlated subquery for each row of
** the outer query. So a closed cursor's memory is parked at the table, and
** taken up by the next cursor if the very same statements are still running,
** each in the same run, nothing was planned since, and no second has passed.
** A statement that reuses another's address was planned after it; a new run
** of the same one has a higher count.
*/
#include "live/local.h"

#include "base/clock.h"

#include <stdint.h>
#include <string.h>

/* Scans with differing values, before rows are fetched to be kept. */
#define SCANS_MOST 8

#define PARKED_MS 1000

/* Which statements are running, and in which of their runs. */
static sqlite3_uint64 statements_running(sqlite3 *db) {
  struct cell c = {.type = SQLITE_INTEGER};
  sqlite3_uint64 h = CELL_HASH_START;
  for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s;
       s = sqlite3_next_stmt(db, s)) {
    if (!sqlite3_stmt_busy(s)) continue;
    c.integer = (sqlite3_int64)(intptr_t)s;
    h = cell_hash(h, &c);
    c.integer = sqlite3_stmt_status(s, SQLITE_STMTSTATUS_RUN, 0);
    h = cell_hash(h, &c);
  }
  return h;
}

/* All but whose it is. */
static void forget(struct memory *m) {
  struct memory clean = {.statements = m->statements,
                         .n_plans = m->n_plans,
                         .too_large = m->too_large,
                         .indexed = -1};
  for (int i = 0; i < m->n_terms; i++) sqlite3_free(m->texts[i]);
  sqlite3_free(m->plan);
  rows_free(m->rows);
  *m = clean;
}

void memory_free(struct memory *m) {
  if (!m) return;
  forget(m);
  sqlite3_free(m);
}

static int is_used(const struct memory *m) {
  return m->n_scans > 0 || m->rows;
}

struct memory *memory_open(struct live_table *t) {
  sqlite3_uint64 statements = statements_running(t->pool->db);
  struct memory *m = t->parked;
  t->parked = NULL;
  if (!m) {
    m = sqlite3_malloc64(sizeof *m);
    if (!m) return NULL;
    memset(m, 0, sizeof *m);
    m->indexed = -1;
  } else if (m->n_plans != t->n_plans || m->statements != statements ||
             clock_now_ms() - m->parked_ms > PARKED_MS) {
    forget(m);
    m->too_large = 0;
  }
  m->statements = statements;
  m->n_plans = t->n_plans;
  t->latest = m;
  return m;
}

/* SQLite opens the next cursor before it closes the one that it replaces: so
** that one may be there already, and not have remembered anything yet. */
void memory_close(struct live_table *t, struct memory *m) {
  struct memory *next = t->latest;
  if (next == m) t->latest = NULL;
  if (m && is_used(m) && next && next != m && !is_used(next) &&
      next->statements == m->statements && next->n_plans == m->n_plans) {
    struct memory unused = *next;
    *next = *m;
    *m = unused;
  }
  if (!m || !is_used(m)) {
    memory_free(m);
    return;
  }
  m->parked_ms = clock_now_ms();
  memory_free(t->parked);
  t->parked = m;
}

static int same_text(const char *a, const char *b) {
  return a == b || (a && b && strcmp(a, b) == 0);
}

/* Takes the conditions over; 1 when some other than those that vary anyway is
** not as it was. */
static int take_over(struct memory *m, const struct request *r, int *n_other) {
  int other = 0;
  *n_other = 0;
  for (int i = 0; i < r->n; i++) {
    if (i < m->n_terms && same_text(m->texts[i], r->texts[i])) continue;
    (*n_other)++;
    if (m->n_scans > 0 || m->rows) {
      if (!m->varied[i]) other = 1;
      m->varied[i] = 1;
    }
    if (i < m->n_terms) sqlite3_free(m->texts[i]);
    m->texts[i] = r->texts[i] ? sqlite3_mprintf("%s", r->texts[i]) : NULL;
    if (i >= m->n_terms) m->n_terms = i + 1;
  }
  return other;
}

enum memory_advice memory_consider(struct memory *m, const char *plan,
                                   const struct request *r) {
  int n_other = 0, other, is_first;
  if (!m->plan || strcmp(m->plan, plan) != 0 || m->n_terms != r->n) {
    forget(m);
    m->plan = sqlite3_mprintf("%s", plan);
  }
  is_first = m->n_scans == 0 && !m->rows;
  other = take_over(m, r, &n_other);
  if (m->rows && !other) return MEMORY_LOCAL;
  if (m->rows || m->too_large) {
    /* kept by a condition that has changed now */
    rows_free(m->rows);
    m->rows = NULL;
    m->indexed = -1;
    return m->too_large ? MEMORY_SCAN : MEMORY_FETCH;
  }
  m->n_scans++;
  if (is_first) return MEMORY_SCAN;
  return n_other == 0 || m->n_scans > SCANS_MOST ? MEMORY_FETCH : MEMORY_SCAN;
}
