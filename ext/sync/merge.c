/*
** Each staged row is looked up in the target by its key, by an index. A key may
** come twice: a row that is changed while the server reads by an index of the
** watermark moves ahead, and is read again. The last one that came counts; its
** watermark is the greater, and the next run reads it once more.
*/
#include "sync/merge.h"

#include "base/sql.h"

#include <stdlib.h>
#include <string.h>

/* Rows between two looks at cancel and deadline. */
#define ROWS_A_LOOK 1000

struct keyed {
  sqlite3_uint64 hash;
  sqlite3_int64 row;
};

struct merge {
  struct diff_plan *p;  /* borrowed */
  sqlite3_stmt *by_key; /* owned */
  struct keyed *keys;   /* owned: one a staged row */
};

static int n_columns(const struct merge *m) {
  return m->p->a->map->n_columns;
}

/* The key of the row in old[] and of the one in cells[]. */
static int is_same(const struct merge *m, int only_key) {
  for (int i = 0; i < n_columns(m); i++) {
    if ((!only_key || m->p->is_key[i]) &&
        !stored_same(&m->p->old[i], &m->p->cells[i])) {
      return 0;
    }
  }
  return 1;
}

/* The index may have another collation: the cells decide. */
static void look_up(struct merge *m, sqlite3_int64 row, struct err *e) {
  struct diff_plan *p = m->p;
  int rc = SQLITE_OK, n = 0;
  for (int i = 0; i < n_columns(m) && rc == SQLITE_OK; i++) {
    if (p->is_key[i]) rc = cell_bind(m->by_key, ++n, &p->cells[i]);
  }
  while (rc == SQLITE_OK && p->plans[row] == PLAN_INSERT &&
         sqlite3_step(m->by_key) == SQLITE_ROW && !e->code) {
    diff_read_old(p, m->by_key, e);
    if (!is_same(m, 1)) continue;
    diff_plan_update(p, row, sqlite3_column_int64(m->by_key, 0));
    if (is_same(m, 0)) p->plans[row] = PLAN_KEEP;
  }
  if (rc || sqlite3_reset(m->by_key)) {
    err_sqlite(e, p->a->db, "looking for a key");
  }
}

static void look_up_all(struct merge *m, int n_key, struct err *e) {
  struct diff_plan *p = m->p;
  sqlite3_int64 row = 0, at = 0;
  while (m->keys && apply_next(p->a, p->cells, &row, e)) {
    sqlite3_uint64 hash = 0;
    p->at[row] = at;
    at = staging_tell(p->a->rows);
    p->plans[row] = PLAN_INSERT;
    if (n_key == 0) continue;
    stored_convert(&p->stored, p->cells, NULL, 0, e);
    for (int i = 0; i < n_columns(m); i++) {
      if (p->is_key[i]) hash = stored_hash(hash, &p->cells[i]);
    }
    m->keys[row - 1] = (struct keyed){hash, row};
    if (!e->code) look_up(m, row, e);
  }
}

static int by_hash(const void *a, const void *b) {
  const struct keyed *x = a, *y = b;
  if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
  return (x->row > y->row) - (x->row < y->row);
}

/* A staged row's key as the target would hold it: 1 when both have it. */
static int have_one_key(struct merge *m, sqlite3_int64 row, sqlite3_int64 other,
                        struct err *e) {
  struct diff_plan *p = m->p;
  sqlite3_uint64 n = (sqlite3_uint64)n_columns(m);
  struct staging *copy = NULL;
  int has_row = 0, same = 0;
  /* The cells of a row stay until the next one is read. */
  if (diff_fetch(p, other, e) || staging_open(&copy, (int)n, 0, e) ||
      staging_append(copy, p->cells, e) ||
      staging_next(copy, p->old, &has_row, e) || diff_fetch(p, row, e)) {
    goto done;
  }
  same = is_same(m, 1);
done:
  staging_close(copy);
  return same;
}

/* Of those with one key the last stays in the plan. */
static void drop_earlier(struct merge *m, struct err *e) {
  struct diff_plan *p = m->p;
  sqlite3_int64 n = staging_rows(p->a->rows);
  if (n > 0) qsort(m->keys, (size_t)n, sizeof *m->keys, by_hash);
  for (sqlite3_int64 i = 0; i < n && !e->code; i++) {
    for (sqlite3_int64 j = i + 1;
         j < n && m->keys[j].hash == m->keys[i].hash && !e->code; j++) {
      if (!have_one_key(m, m->keys[j].row, m->keys[i].row, e)) continue;
      p->plans[m->keys[i].row] = PLAN_KEEP;
      break;
    }
    if (i % ROWS_A_LOOK == 0) txn_go_on(p->a->txn, e);
  }
}

static void count(struct diff_plan *p) {
  sqlite3_int64 n = staging_rows(p->a->rows);
  for (sqlite3_int64 row = 1; row <= n; row++) {
    if (p->plans[row] == PLAN_INSERT)
      p->n_inserts++;
    else if (p->plans[row] == PLAN_UPDATE)
      p->n_updates++;
  }
}

static sqlite3_int64 count_rows(const struct apply *a, struct err *e) {
  return sql_integer(a->db, e, "SELECT count(*) FROM %s", a->target->qualified);
}

/* Counting reads a whole index, so only where somebody else may have written:
** what a trigger does counts as a change, what REPLACE deletes does not. */
sqlite3_int64 merge_count_others(const struct diff_plan *p, sqlite3_int64 rows,
                                 int changes, struct err *e) {
  const struct apply *a = p->a;
  sqlite3_int64 ours = a->log->inserted + a->log->updated + a->log->deleted;
  sqlite3_int64 found;
  if (e->code || (changes == (int)ours && !diff_has_on_conflict(a, e))) {
    return 0;
  }
  found = count_rows(a, e);
  if (e->code || found == rows) return 0;
  if (a->map->mode == MODE_MERGE) {
    err_set(e, ERR_DATA,
            "sync \"%s\": the target would have %lld rows where %lld are "
            "expected; does a trigger, or a constraint with ON CONFLICT "
            "REPLACE, insert or delete others?",
            a->map->sync, (long long)found, (long long)rows);
    return 0;
  }
  runlog_detail(a->log, TRACE_WARN, "apply",
                "the target has %lld rows where %lld are expected: a trigger, "
                "or a constraint with ON CONFLICT REPLACE, has inserted or "
                "deleted others",
                (long long)found, (long long)rows);
  return found - rows;
}

sqlite3_int64 merge_find(struct diff_plan *p, int n_key, struct err *e) {
  struct merge m = {.p = p};
  sqlite3_uint64 n = (sqlite3_uint64)staging_rows(p->a->rows) + 1;
  sqlite3_int64 n_local = 0;
  if (e->code) return 0;
  m.keys = sqlite3_malloc64(n * sizeof *m.keys);
  if (!m.keys) err_nomem(e);
  if (n_key && !e->code) {
    m.by_key = state_prepare_by_key(p->a->map, p->a->target, p->a->db, "", e);
  }
  look_up_all(&m, n_key, e);
  if (n_key && !e->code) drop_earlier(&m, e);
  if (!e->code) count(p);
  n_local = count_rows(p->a, e);
  sqlite3_finalize(m.by_key);
  sqlite3_free(m.keys);
  return n_local;
}
