/*
** The plan of modes diff, append and merge: made by pair.c or merge.c,
** written by diff_write.c, recorded by changes.c.
*/
#include "sync/diff.h"

#include "sync/changes.h"
#include "sync/diff_write.h"
#include "sync/merge.h"
#include "sync/pair.h"
#include "sync/stored.h"

#include <string.h>

struct diff {
  struct diff_plan p; /* all in it is owned, but for p.a */
  int n_key;
  sqlite3_int64 n_local;
  sqlite3_int64 n_others; /* rows that triggers have added, less than 0: taken;
                          ** looked for where not all rows were fetched */
};

static int is_mapped(const struct mapping *m, const char *name, size_t n) {
  int i = 0;
  while (i < m->n_columns &&
         (strlen(m->columns[i].target) != n ||
          sqlite3_strnicmp(m->columns[i].target, name, (int)n) != 0)) {
    i++;
  }
  return i < m->n_columns;
}

enum err_code diff_check_key(const struct mapping *m, struct err *e) {
  size_t n;
  const char *at = mapping_key_name(m->key, &n);
  while (n > 0 && !e->code) {
    if (!is_mapped(m, at, n)) {
      err_set(e, ERR_CONFIG,
              "sync \"%s\": key column \"%.*s\" is not a mapped target column",
              m->sync, (int)n, at);
    }
    at = mapping_key_name(at + n, &n);
  }
  return e->code;
}

static void *allocate(sqlite3_uint64 n, size_t size, struct err *e) {
  void *made = sqlite3_malloc64(n * size);
  if (!made) err_nomem(e);
  return made;
}

/* The staged rows count from 1. */
static void prepare(struct diff *d, const struct apply *a, struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)a->map->n_columns;
  sqlite3_uint64 rows = (sqlite3_uint64)staging_rows(a->rows) + 1;
  d->p.a = a;
  if (rows > 0xffffffffU) {
    err_set(e, ERR_DATA, "mode 'diff' compares at most 4,294,967,294 rows");
    return;
  }
  stored_open(&d->p.stored, a->target, e);
  d->p.is_key = allocate(n, 1, e);
  d->p.keys = allocate(n, sizeof *d->p.keys, e);
  d->p.cells = allocate(n, sizeof *d->p.cells, e);
  d->p.old = allocate(n, sizeof *d->p.old, e);
  d->p.plans = allocate(rows, sizeof *d->p.plans, e);
  d->p.rows = allocate(rows, sizeof *d->p.rows, e);
  d->p.at = allocate(rows, sizeof *d->p.at, e);
  for (int i = 0; i < a->map->n_columns && !e->code; i++) {
    d->p.is_key[i] = (char)mapping_is_key(a->map, i);
    if (d->p.is_key[i]) d->p.keys[d->n_key++] = i;
  }
  /* A watermark that does without a key is one: without it a row that has
  ** another column now would come twice. */
  if (a->state->keeps && !d->n_key && !e->code) {
    d->p.keys[d->n_key++] = mapping_watermark(a->map);
    d->p.is_key[d->p.keys[0]] = 1;
  }
}

enum err_code diff_open(struct diff **out, const struct apply *a,
                        struct err *e) {
  struct diff *d = e->code ? NULL : sqlite3_malloc64(sizeof *d);
  *out = NULL;
  if (e->code) return e->code;
  if (!d) return err_nomem(e);
  memset(d, 0, sizeof *d);
  prepare(d, a, e);
  if (e->code) goto done;
  if (a->state->is_part)
    d->n_local = merge_find(&d->p, d->n_key, e);
  else
    d->n_local = pair_find(&d->p, d->n_key, e);
  if (a->state->keeps) d->p.n_deletes = 0;
done:
  *out = d;
  if (e->code) {
    diff_close(d);
    *out = NULL;
  }
  return e->code;
}

void diff_close(struct diff *d) {
  if (!d) return;
  stored_close(&d->p.stored);
  sqlite3_free(d->p.deletes);
  sqlite3_free(d->p.at);
  sqlite3_free(d->p.rows);
  sqlite3_free(d->p.plans);
  sqlite3_free(d->p.old);
  sqlite3_free(d->p.cells);
  sqlite3_free(d->p.keys);
  sqlite3_free(d->p.is_key);
  sqlite3_free(d);
}

sqlite3_int64 diff_rows_before(const struct diff *d) {
  return d->n_local;
}

sqlite3_int64 diff_rows_after(const struct diff *d) {
  return d->n_local + d->p.n_inserts - d->p.n_deletes + d->n_others;
}

int diff_is_nothing(const struct diff *d) {
  return d->p.n_deletes + d->p.n_updates + d->p.n_inserts == 0;
}

enum err_code diff_apply(struct diff *d, struct err *e) {
  const struct state *s = d->p.a->state;
  int changes;
  if (changes_record(&d->p, e)) return e->code;
  changes = sqlite3_total_changes(d->p.a->db);
  diff_write(&d->p, e);
  changes = sqlite3_total_changes(d->p.a->db) - changes;
  if (s->is_part || s->keeps) {
    d->n_others = merge_count_others(&d->p, diff_rows_after(d), changes, e);
  }
  return e->code;
}
