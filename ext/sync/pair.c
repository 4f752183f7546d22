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
#include "sync/pair.h"

#include "sync/alike.h"

#include <string.h>

/* Rows between two looks at cancel and deadline. */
#define ROWS_A_LOOK 1000

/* So many rows of one key are many. */
#define CROWD 16

/* So many rows that are not near may follow each other. */
#define MISSES 8

struct pair {
  struct diff_plan *p; /* borrowed */
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
  sqlite3_int64 n_looks;
};

static int by_row(const struct pair *d) {
  return d->n_key == 0 || d->is_crowded;
}

/* Of the key's cells, or of all. */
static sqlite3_uint64 hash_row(const struct pair *d, const struct cell *cells) {
  int n = by_row(d) ? d->p->a->map->n_columns : d->n_key;
  sqlite3_uint64 hash = 0;
  for (int k = 0; k < n; k++) {
    hash = stored_hash(hash, &cells[by_row(d) ? k : d->p->keys[k]]);
  }
  return hash;
}

static unsigned *head_of(const struct pair *d, sqlite3_uint64 hash) {
  return &d->heads[(hash ^ hash >> 32) & (d->n_heads - 1)];
}

static void link_row(struct pair *d, unsigned row) {
  unsigned *head = head_of(d, d->hashes[row]);
  d->next[row] = *head;
  *head = row;
}

/* How many rows before it in its list have its hash, CROWD at most. */
static int n_like(const struct pair *d, unsigned row) {
  int n = 0;
  for (unsigned k = d->next[row]; k && n < CROWD; k = d->next[k]) {
    n += d->hashes[k] == d->hashes[row];
  }
  return n;
}

/* So many cells, from the first, hold what index_staged() looks at: the key,
** and the row id. */
static int n_indexed(const struct pair *d) {
  int n = d->p->a->map->n_columns;
  while (!by_row(d) && !d->p->is_key[n - 1] &&
         d->p->a->target->alias_column != n - 1) {
    n--;
  }
  return n;
}

static int go_on(struct pair *d, struct err *e) {
  if (++d->n_looks % ROWS_A_LOOK == 0) txn_go_on(d->p->a->txn, e);
  return !e->code;
}

/* Where each one is. The row id is looked at. */
static void locate_staged(struct pair *d, struct err *e) {
  sqlite3_int64 row = 0, at = 0;
  int n = d->p->a->target->alias_column + 1;
  while (apply_skim(d->p->a, d->p->cells, n, &row, e)) {
    d->p->at[row] = at;
    d->p->plans[row] = PLAN_INSERT;
    at = staging_tell(d->p->a->rows);
  }
}

/* Those that are left. */
static void hash_staged(struct pair *d, struct err *e) {
  int n = n_indexed(d), has_row = 0;
  for (int i = n; i < d->p->a->map->n_columns; i++) {
    d->p->cells[i].type = SQLITE_NULL;
  }
  for (sqlite3_int64 row = 1; row <= staging_rows(d->p->a->rows); row++) {
    if (d->p->plans[row] != PLAN_INSERT) continue;
    staging_seek(d->p->a->rows, d->p->at[row]);
    if (!go_on(d, e) ||
        staging_skim(d->p->a->rows, d->p->cells, n, &has_row, e)) {
      return;
    }
    stored_convert(&d->p->stored, d->p->cells, by_row(d) ? NULL : d->p->keys,
                   d->n_key, e);
    d->hashes[row] = hash_row(d, d->p->cells);
  }
}

/* Each list is in the order in which the rows came. */
static void list_staged(struct pair *d) {
  int look = d->n_key && !d->is_crowded;
  memset(d->heads, 0, d->n_heads * sizeof *d->heads);
  for (sqlite3_int64 row = staging_rows(d->p->a->rows); row > 0; row--) {
    int like;
    if (d->p->plans[row] != PLAN_INSERT) continue;
    link_row(d, (unsigned)row);
    if (!look) continue;
    like = n_like(d, (unsigned)row);
    d->p->keys_repeat |= like > 0;
    d->is_crowded = like == CROWD;
    if (d->is_crowded) break;
  }
}

static void index_staged(struct pair *d, struct err *e) {
  sqlite3_uint64 rows = (sqlite3_uint64)staging_rows(d->p->a->rows) + 1;
  d->n_heads = 1;
  while (d->n_heads < rows) d->n_heads *= 2;
  d->hashes = sqlite3_malloc64(rows * sizeof *d->hashes);
  d->next = sqlite3_malloc64(rows * sizeof *d->next);
  d->heads = sqlite3_malloc64(d->n_heads * sizeof *d->heads);
  if (!d->hashes || !d->next || !d->heads) {
    err_nomem(e);
    return;
  }
  hash_staged(d, e);
  if (!e->code) list_staged(d);
  if (e->code || !d->is_crowded) return;
  hash_staged(d, e);
  if (!e->code) list_staged(d);
}

/* Those that are left, by their keys. */
static void index_left(struct pair *d, struct err *e) {
  d->is_crowded = 0;
  memset(d->heads, 0, d->n_heads * sizeof *d->heads);
  for (sqlite3_int64 row = staging_rows(d->p->a->rows); row > 0; row--) {
    if (d->p->plans[row] != PLAN_INSERT) continue;
    if (!go_on(d, e) || diff_fetch(d->p, row, e)) return;
    d->hashes[row] = hash_row(d, d->p->cells);
    link_row(d, (unsigned)row);
  }
}

/* How the row in old[] compares with the one in cells[]. */
enum likeness { OTHER, SAME_KEY, SAME };
static enum likeness compare_cells(const struct pair *d) {
  enum likeness likeness = SAME;
  for (int i = 0; i < d->p->a->map->n_columns; i++) {
    if (stored_same(&d->p->old[i], &d->p->cells[i])) continue;
    if (d->n_key == 0 || d->p->is_key[i]) return OTHER;
    likeness = SAME_KEY;
  }
  return likeness;
}

/* With a staged row. */
static enum likeness compare(struct pair *d, sqlite3_int64 row, struct err *e) {
  return diff_fetch(d->p, row, e) ? OTHER : compare_cells(d);
}

static void claim(struct pair *d, sqlite3_int64 row) {
  d->p->plans[row] = PLAN_KEEP;
  d->n_missed = 0;
  d->last = row;
}

/* Most are the next one, even before that is converted. */
static int claim_next(struct pair *d, sqlite3_stmt *stmt, struct err *e) {
  struct staging *rows = d->p->a->rows;
  sqlite3_int64 row = d->last + 1 + d->n_missed;
  int has_row = 0;
  if (d->n_missed > MISSES || row > staging_rows(rows) ||
      d->p->plans[row] != PLAN_INSERT) {
    return 0;
  }
  staging_seek(rows, d->p->at[row]);
  if (staging_next(rows, d->p->cells, &has_row, e) ||
      !stored_holds(stmt, 1, d->p->cells, d->p->a->map->n_columns)) {
    return 0;
  }
  claim(d, row);
  return 1;
}

/* Looks for the row in old[] where it is if those before it were updated, or
** deleted, or one was inserted. */
static int claim_near(struct pair *d, struct err *e) {
  sqlite3_int64 near[] = {d->last + 1 + d->n_missed, d->last + 1, d->last + 2};
  if (d->n_missed > MISSES) return 0;
  for (size_t i = d->n_missed ? 0 : 1; i < sizeof near / sizeof *near; i++) {
    sqlite3_int64 row = near[i];
    if (row > staging_rows(d->p->a->rows) || d->p->plans[row] != PLAN_INSERT ||
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
static int claim_same(struct pair *d, sqlite3_int64 *same_key, struct err *e) {
  sqlite3_uint64 hash;
  unsigned *link;
  *same_key = 0;
  if (!d->heads) index_staged(d, e);
  if (e->code) return 0;
  hash = hash_row(d, d->p->old);
  link = head_of(d, hash);
  for (unsigned row; (row = *link) != 0 && go_on(d, e);) {
    enum likeness likeness = OTHER;
    if (d->p->plans[row] != PLAN_INSERT) {
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

static void add_left(struct pair *d, sqlite3_int64 rowid, sqlite3_int64 staged,
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

static void read_local(struct pair *d, struct err *e) {
  sqlite3_stmt *stmt = diff_prepare_read(d->p, "", e);
  while (!e->code && sqlite3_step(stmt) == SQLITE_ROW) {
    sqlite3_int64 staged = ASIDE;
    d->n_local++;
    if (!go_on(d, e) || claim_next(d, stmt, e) || e->code) continue;
    diff_read_old(d->p, stmt, e);
    if (claim_near(d, e) || e->code) continue;
    if ((d->heads || d->n_missed > MISSES) && claim_same(d, &staged, e)) {
      continue;
    }
    if (!e->code) add_left(d, sqlite3_column_int64(stmt, 0), staged, e);
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, d->p->a->db, "reading the target");
}

/* Whether a row that was put aside is not there. Nor is one that a damaged file
** has, and not by its row id. */
static int is_left(struct pair *d, sqlite3_stmt *stmt, struct left *left,
                   struct err *e) {
  int found = 0;
  left->staged = 0;
  sqlite3_bind_int64(stmt, 1, left->rowid);
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    diff_read_old(d->p, stmt, e);
    found = !e->code && claim_same(d, &left->staged, e);
  }
  if (sqlite3_reset(stmt)) err_sqlite(e, d->p->a->db, "reading the target");
  return !found;
}

static void look_again(struct pair *d, struct err *e) {
  sqlite3_stmt *stmt = diff_prepare_read(d->p, "=?1", e);
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
static sqlite3_int64 find_key(struct pair *d, unsigned *link,
                              sqlite3_uint64 hash, struct err *e) {
  for (unsigned row; (row = *link) != 0 && go_on(d, e);) {
    if (d->p->plans[row] != PLAN_INSERT) {
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
static sqlite3_int64 find_left(struct pair *d, sqlite3_stmt *stmt,
                               const struct left *left, struct err *e) {
  sqlite3_int64 row = 0;
  sqlite3_bind_int64(stmt, 1, left->rowid);
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    sqlite3_uint64 hash;
    diff_read_old(d->p, stmt, e);
    hash = hash_row(d, d->p->old);
    row = find_key(d, left->staged ? &d->next[left->staged] : head_of(d, hash),
                   hash, e);
  }
  if (sqlite3_reset(stmt)) err_sqlite(e, d->p->a->db, "reading the target");
  return row;
}

/* Most keys are keys: the row that was found first is there still. */
static void pair_by_key(struct pair *d, struct err *e) {
  sqlite3_stmt *stmt;
  int was_crowded = d->is_crowded;
  if (e->code || !d->heads) return; /* nothing is left */
  stmt = diff_prepare_read(d->p, "=?1", e);
  if (was_crowded) index_left(d, e);
  for (sqlite3_int64 i = 0; i < d->n_left && !e->code; i++) {
    struct left *left = &d->left[i];
    if (was_crowded) left->staged = 0;
    if (was_crowded ||
        (left->staged && d->p->plans[left->staged] != PLAN_INSERT)) {
      left->staged = find_left(d, stmt, left, e);
    }
    if (left->staged) diff_plan_update(d->p, left->staged, left->rowid);
  }
  sqlite3_finalize(stmt);
}

static void list_deletes(struct pair *d, struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)d->n_left + 1;
  if (e->code) return;
  d->p->deletes = sqlite3_malloc64(n * sizeof *d->p->deletes);
  if (!d->p->deletes) err_nomem(e);
  for (sqlite3_int64 i = 0; i < d->n_left && d->p->deletes; i++) {
    if (d->left[i].staged)
      d->p->n_updates++;
    else
      d->p->deletes[d->p->n_deletes++] = d->left[i].rowid;
  }
  d->p->n_inserts =
      staging_rows(d->p->a->rows) - (d->n_local - d->p->n_deletes);
}

sqlite3_int64 pair_find(struct diff_plan *p, int n_key, struct err *e) {
  struct pair d = {.p = p, .n_key = n_key};
  if (!e->code) locate_staged(&d, e);
  /* Whether keys repeat is to be known of all rows. */
  if (p->a->map->keep_changes && n_key && !e->code) index_staged(&d, e);
  read_local(&d, e);
  look_again(&d, e);
  if (n_key)
    pair_by_key(&d, e);
  else
    alike_pair(p, d.left, d.n_left, e);
  list_deletes(&d, e);
  sqlite3_free(d.hashes);
  sqlite3_free(d.next);
  sqlite3_free(d.heads);
  sqlite3_free(d.left);
  return d.n_local;
}
