/*
** Most rows are what they were, and come in the order in which they came last
** time. The table is read once, beside the staged rows:
**
**   local row -> the same as a staged row near the last such one:  keep
**                else, by hash:
**                the same staged row is there:   keep
**                one with its key only:          left, with that one
**                neither:                        left
**   left local rows, in the table's order:
**                the first one with its key that is left:  update its rowid
**                none:                                     delete
**   staged rows that are left:                             insert
**
** What is not near is put aside, and looked for when the others are found: then
** few staged rows are left to be hashed. Where many in a row are not, there is
** no such order, and all that are left are hashed at once.
**
** A hash only says where to look; the cells decide. It is of the key, and
** without one of the whole row; then alike.c finds out which row has become
** which. Where many rows have one key (NULL, say), its list would be gone
** through again and again: there, too, it is of the whole row, and what is left
** is listed by key then.
**
** Memory is some 40 bytes a row whatever the rows' width.
*/
#include "sync/diff.h"

#include "base/sql.h"
#include "sync/alike.h"
#include "sync/changes.h"
#include "sync/diff_write.h"
#include "sync/merge.h"
#include "sync/stored.h"

#include <string.h>

/* Rows between two looks at cancel and deadline. */
#define ROWS_A_LOOK 1000

/* So many rows of one key are many. */
#define CROWD 16

/* So many rows that are not near may follow each other. */
#define MISSES 8

struct diff {
  struct diff_plan p; /* all in it is owned, but for p.a */
  int n_key;
  sqlite3_int64 last; /* the staged row that was found last */
  int n_missed;       /* rows since then that were not near */
  int is_crowded;     /* many rows have one key: the hashes are of whole rows */
  /* NULL until rows are looked for by hash; owned, as are all of these */
  sqlite3_uint64 *hashes; /* per staged row */
  unsigned *next;  /* per staged row, from 1: the next one in its list, or 0 */
  unsigned *heads; /* where the lists begin */
  sqlite3_uint64 n_heads; /* a power of two */
  struct left *left;
  sqlite3_int64 n_left, n_local;
  sqlite3_int64 n_others; /* rows that triggers have added, less than 0: taken;
                          ** looked for where not all rows were fetched */
  sqlite3_int64 n_looks;
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
  const char *at = m->key ? m->key : "";
  size_t n = 1;
  while (n > 0 && !e->code) {
    at += strspn(at, " ,\t\r\n");
    n = strcspn(at, ",");
    while (n > 0 && strchr(" \t\r\n", at[n - 1])) n--;
    if (n > 0 && !is_mapped(m, at, n)) {
      err_set(e, ERR_CONFIG,
              "sync \"%s\": key column \"%.*s\" is not a mapped target column",
              m->sync, (int)n, at);
    }
    at += n;
  }
  return e->code;
}

static int by_row(const struct diff *d) {
  return d->n_key == 0 || d->is_crowded;
}

/* Of the key's cells, or of all. */
static sqlite3_uint64 hash_row(const struct diff *d, const struct cell *cells) {
  sqlite3_uint64 hash = 0;
  for (int i = 0; i < d->p.a->map->n_columns; i++) {
    if (by_row(d) || d->p.is_key[i]) hash = stored_hash(hash, &cells[i]);
  }
  return hash;
}

static unsigned *head_of(const struct diff *d, sqlite3_uint64 hash) {
  return &d->heads[(hash ^ hash >> 32) & (d->n_heads - 1)];
}

static void link_row(struct diff *d, unsigned row) {
  unsigned *head = head_of(d, d->hashes[row]);
  d->next[row] = *head;
  *head = row;
}

/* How many rows before it in its list have its hash, CROWD at most. */
static int n_like(const struct diff *d, unsigned row) {
  int n = 0;
  for (unsigned k = d->next[row]; k && n < CROWD; k = d->next[k]) {
    n += d->hashes[k] == d->hashes[row];
  }
  return n;
}

/* So many cells, from the first, hold what index_staged() looks at: the key,
** and the row id. */
static int n_indexed(const struct diff *d) {
  int n = d->p.a->map->n_columns;
  while (!by_row(d) && !d->p.is_key[n - 1] &&
         d->p.a->target->alias_column != n - 1) {
    n--;
  }
  return n;
}

static void *allocate(sqlite3_uint64 n, size_t size, struct err *e) {
  void *made = sqlite3_malloc64(n * size);
  if (!made) err_nomem(e);
  return made;
}

static int go_on(struct diff *d, struct err *e) {
  if (++d->n_looks % ROWS_A_LOOK == 0) txn_go_on(d->p.a->txn, e);
  return !e->code;
}

/* Where each one is. The row id is looked at. */
static void locate_staged(struct diff *d, struct err *e) {
  sqlite3_int64 row = 0, at = 0;
  int n = d->p.a->target->alias_column + 1;
  while (apply_skim(d->p.a, d->p.cells, n, &row, e)) {
    d->p.at[row] = at;
    d->p.plans[row] = PLAN_INSERT;
    at = staging_tell(d->p.a->rows);
  }
}

/* Those that are left. */
static void hash_staged(struct diff *d, struct err *e) {
  int n = n_indexed(d), has_row = 0;
  for (int i = n; i < d->p.a->map->n_columns; i++) {
    d->p.cells[i].type = SQLITE_NULL;
  }
  for (sqlite3_int64 row = 1; row <= staging_rows(d->p.a->rows); row++) {
    if (d->p.plans[row] != PLAN_INSERT) continue;
    staging_seek(d->p.a->rows, d->p.at[row]);
    if (!go_on(d, e) ||
        staging_skim(d->p.a->rows, d->p.cells, n, &has_row, e)) {
      return;
    }
    stored_convert(&d->p.stored, d->p.cells, by_row(d) ? NULL : d->p.is_key, e);
    d->hashes[row] = hash_row(d, d->p.cells);
  }
}

/* Each list is in the order in which the rows came. */
static void list_staged(struct diff *d) {
  int look = d->n_key && !d->is_crowded;
  memset(d->heads, 0, d->n_heads * sizeof *d->heads);
  for (sqlite3_int64 row = staging_rows(d->p.a->rows); row > 0; row--) {
    int like;
    if (d->p.plans[row] != PLAN_INSERT) continue;
    link_row(d, (unsigned)row);
    if (!look) continue;
    like = n_like(d, (unsigned)row);
    d->p.keys_repeat |= like > 0;
    d->is_crowded = like == CROWD;
    if (d->is_crowded) break;
  }
}

static void index_staged(struct diff *d, struct err *e) {
  sqlite3_uint64 rows = (sqlite3_uint64)staging_rows(d->p.a->rows) + 1;
  d->n_heads = 1;
  while (d->n_heads < rows) d->n_heads *= 2;
  d->hashes = allocate(rows, sizeof *d->hashes, e);
  d->next = allocate(rows, sizeof *d->next, e);
  d->heads = allocate(d->n_heads, sizeof *d->heads, e);
  if (!e->code) hash_staged(d, e);
  if (!e->code) list_staged(d);
  if (e->code || !d->is_crowded) return;
  hash_staged(d, e);
  if (!e->code) list_staged(d);
}

/* Those that are left, by their keys. */
static void index_left(struct diff *d, struct err *e) {
  d->is_crowded = 0;
  memset(d->heads, 0, d->n_heads * sizeof *d->heads);
  for (sqlite3_int64 row = staging_rows(d->p.a->rows); row > 0; row--) {
    if (d->p.plans[row] != PLAN_INSERT) continue;
    if (!go_on(d, e) || diff_fetch(&d->p, row, e)) return;
    d->hashes[row] = hash_row(d, d->p.cells);
    link_row(d, (unsigned)row);
  }
}

/* How the row in old[] compares with the one in cells[]. */
enum likeness { OTHER, SAME_KEY, SAME };
static enum likeness compare_cells(const struct diff *d) {
  enum likeness likeness = SAME;
  for (int i = 0; i < d->p.a->map->n_columns; i++) {
    if (stored_same(&d->p.old[i], &d->p.cells[i])) continue;
    if (d->n_key == 0 || d->p.is_key[i]) return OTHER;
    likeness = SAME_KEY;
  }
  return likeness;
}

/* With a staged row. Most are the same even before they are converted. */
static enum likeness compare(struct diff *d, sqlite3_int64 row, struct err *e) {
  int has_row = 0;
  staging_seek(d->p.a->rows, d->p.at[row]);
  if (staging_next(d->p.a->rows, d->p.cells, &has_row, e)) return OTHER;
  if (compare_cells(d) == SAME) return SAME;
  stored_convert(&d->p.stored, d->p.cells, NULL, e);
  return compare_cells(d);
}

static void claim(struct diff *d, sqlite3_int64 row) {
  d->p.plans[row] = PLAN_KEEP;
  d->n_missed = 0;
  d->last = row;
}

/* Looks for the row in old[] where it is if those before it were updated, or
** deleted, or one was inserted. */
static int claim_near(struct diff *d, struct err *e) {
  sqlite3_int64 near[] = {d->last + 1 + d->n_missed, d->last + 1, d->last + 2};
  if (d->n_missed > MISSES) return 0;
  for (size_t i = d->n_missed ? 0 : 1; i < sizeof near / sizeof *near; i++) {
    sqlite3_int64 row = near[i];
    if (row > staging_rows(d->p.a->rows) || d->p.plans[row] != PLAN_INSERT ||
        compare(d, row, e) != SAME || e->code) {
      continue;
    }
    claim(d, row);
    return 1;
  }
  d->n_missed++;
  return 0;
}

/* The same by hash. *same_key: 0, or the first staged row that is left and has
** only its key. */
static int claim_same(struct diff *d, sqlite3_int64 *same_key, struct err *e) {
  sqlite3_uint64 hash;
  unsigned *link;
  *same_key = 0;
  if (!d->heads) index_staged(d, e);
  if (e->code) return 0;
  hash = hash_row(d, d->p.old);
  link = head_of(d, hash);
  for (unsigned row; (row = *link) != 0 && go_on(d, e);) {
    enum likeness likeness = OTHER;
    if (d->p.plans[row] != PLAN_INSERT) {
      *link = d->next[row];
      continue;
    }
    if (d->hashes[row] == hash) likeness = compare(d, row, e);
    if (e->code) return 0;
    if (likeness == SAME) {
      int missed = row == d->last + 1 ? 0 : d->n_missed;
      claim(d, row);
      d->n_missed = missed;
      return 1;
    }
    if (likeness == SAME_KEY && *same_key == 0) *same_key = row;
    link = &d->next[row];
  }
  return 0;
}

static void add_left(struct diff *d, sqlite3_int64 rowid, sqlite3_int64 staged,
                     struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)d->n_left;
  if ((n & (n - 1)) == 0) { /* full at 0, 1, 2, 4, ... */
    struct left *grown =
        sqlite3_realloc64(d->left, (n ? 2 * n : 1) * sizeof *grown);
    if (!grown) {
      err_nomem(e);
      return;
    }
    d->left = grown;
  }
  d->left[d->n_left++] = (struct left){rowid, staged};
}

#define ASIDE (-1) /* in the place of a staged row: not looked for yet */

static void read_local(struct diff *d, struct err *e) {
  sqlite3_stmt *stmt = diff_prepare_read(&d->p, "", e);
  while (!e->code && sqlite3_step(stmt) == SQLITE_ROW) {
    sqlite3_int64 staged = ASIDE;
    d->n_local++;
    diff_read_old(&d->p, stmt, e);
    if (!go_on(d, e) || claim_near(d, e) || e->code) continue;
    if ((d->heads || d->n_missed > MISSES) && claim_same(d, &staged, e)) {
      continue;
    }
    if (!e->code) add_left(d, sqlite3_column_int64(stmt, 0), staged, e);
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, d->p.a->db, "reading the target");
}

/* Whether a row that was put aside is not there. */
static int is_left(struct diff *d, sqlite3_stmt *stmt, struct left *left,
                   struct err *e) {
  int found = 0;
  sqlite3_bind_int64(stmt, 1, left->rowid);
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    diff_read_old(&d->p, stmt, e);
    found = !e->code && claim_same(d, &left->staged, e);
  }
  if (sqlite3_reset(stmt)) err_sqlite(e, d->p.a->db, "reading the target");
  return !found;
}

static void look_again(struct diff *d, struct err *e) {
  sqlite3_stmt *stmt = diff_prepare_read(&d->p, "=?1", e);
  sqlite3_int64 n = 0;
  for (sqlite3_int64 i = 0; i < d->n_left && !e->code; i++) {
    struct left left = d->left[i];
    if (left.staged != ASIDE || is_left(d, stmt, &left, e)) d->left[n++] = left;
  }
  d->n_left = n;
  sqlite3_finalize(stmt);
}

/* The first staged row of a list that is left and has the key of the row in
** old[]. Rows of another key may have its hash. */
static sqlite3_int64 find_key(struct diff *d, unsigned *link,
                              sqlite3_uint64 hash, struct err *e) {
  for (unsigned row; (row = *link) != 0 && go_on(d, e);) {
    if (d->p.plans[row] != PLAN_INSERT) {
      *link = d->next[row];
    } else if (d->hashes[row] == hash && compare(d, row, e) != OTHER) {
      return row;
    } else {
      link = &d->next[row];
    }
  }
  return 0;
}

/* The staged row that was found first is taken; 0: none was looked for. */
static sqlite3_int64 find_left(struct diff *d, sqlite3_stmt *stmt,
                               const struct left *left, struct err *e) {
  sqlite3_int64 row = 0;
  sqlite3_bind_int64(stmt, 1, left->rowid);
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    sqlite3_uint64 hash;
    diff_read_old(&d->p, stmt, e);
    hash = hash_row(d, d->p.old);
    row = find_key(d, left->staged ? &d->next[left->staged] : head_of(d, hash),
                   hash, e);
  }
  if (sqlite3_reset(stmt)) err_sqlite(e, d->p.a->db, "reading the target");
  return row;
}

/* Most keys are keys: the row that was found first is there still. */
static void pair_by_key(struct diff *d, struct err *e) {
  sqlite3_stmt *stmt = diff_prepare_read(&d->p, "=?1", e);
  int was_crowded = d->is_crowded;
  if (was_crowded) index_left(d, e);
  for (sqlite3_int64 i = 0; i < d->n_left && !e->code; i++) {
    struct left *left = &d->left[i];
    if (was_crowded) left->staged = 0;
    if (was_crowded ||
        (left->staged && d->p.plans[left->staged] != PLAN_INSERT)) {
      left->staged = find_left(d, stmt, left, e);
    }
    if (left->staged) diff_plan_update(&d->p, left->staged, left->rowid);
  }
  sqlite3_finalize(stmt);
}

static void list_deletes(struct diff *d, struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)d->n_left + 1;
  if (e->code) return;
  d->p.deletes = sqlite3_malloc64(n * sizeof *d->p.deletes);
  if (!d->p.deletes) err_nomem(e);
  for (sqlite3_int64 i = 0; i < d->n_left && d->p.deletes; i++) {
    if (d->left[i].staged)
      d->p.n_updates++;
    else
      d->p.deletes[d->p.n_deletes++] = d->left[i].rowid;
  }
  d->p.n_inserts = staging_rows(d->p.a->rows) - (d->n_local - d->p.n_deletes);
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
  d->p.cells = allocate(n, sizeof *d->p.cells, e);
  d->p.old = allocate(n, sizeof *d->p.old, e);
  d->p.plans = allocate(rows, sizeof *d->p.plans, e);
  d->p.rows = allocate(rows, sizeof *d->p.rows, e);
  d->p.at = allocate(rows, sizeof *d->p.at, e);
  for (int i = 0; i < a->map->n_columns && !e->code; i++) {
    d->p.is_key[i] = (char)mapping_is_key(a->map, i);
    d->n_key += d->p.is_key[i];
  }
  /* A watermark that does without a key is one: without it a row that has
  ** another column now would come twice. */
  if (a->state->keeps && !d->n_key && !e->code) {
    d->p.is_key[mapping_watermark(a->map)] = 1;
    d->n_key = 1;
  }
}

/* What only the comparing needs. */
static void forget(struct diff *d) {
  sqlite3_free(d->hashes);
  sqlite3_free(d->next);
  sqlite3_free(d->heads);
  sqlite3_free(d->left);
  d->hashes = NULL;
  d->next = d->heads = NULL;
  d->left = NULL;
}

enum err_code diff_open(struct diff **out, const struct apply *a,
                        struct err *e) {
  struct diff *d = e->code ? NULL : sqlite3_malloc64(sizeof *d);
  *out = NULL;
  if (e->code) return e->code;
  if (!d) return err_nomem(e);
  memset(d, 0, sizeof *d);
  prepare(d, a, e);
  if (a->state->is_part) {
    d->n_local = merge_find(&d->p, d->n_key, e);
  } else {
    locate_staged(d, e);
    /* Whether keys repeat is to be known of all rows. */
    if (a->map->keep_changes && d->n_key && !e->code) index_staged(d, e);
    read_local(d, e);
    look_again(d, e);
    if (d->n_key)
      pair_by_key(d, e);
    else
      alike_pair(&d->p, d->left, d->n_left, e);
    list_deletes(d, e);
    if (a->state->keeps) d->p.n_deletes = 0;
  }
  forget(d);
  *out = d;
  if (e->code) {
    diff_close(d);
    *out = NULL;
  }
  return e->code;
}

void diff_close(struct diff *d) {
  if (!d) return;
  forget(d);
  stored_close(&d->p.stored);
  sqlite3_free(d->p.deletes);
  sqlite3_free(d->p.at);
  sqlite3_free(d->p.rows);
  sqlite3_free(d->p.plans);
  sqlite3_free(d->p.old);
  sqlite3_free(d->p.cells);
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
