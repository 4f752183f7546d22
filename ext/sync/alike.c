/*
** A column counts by how many values it has: that an order's number is the same
** says much, that its currency is says little. Rows are alike when what is the
** same counts for at least half.
**
** Not every pair is looked at. For the columns with the most values there is an
** index each, and whoever shares a value with a row is a candidate, the first
** few of them. A row that is not found so is deleted and inserted, which costs
** more and is as right.
*/
#include "sync/alike.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLE      512
#define INDEXES     6
#define CANDIDATES  16      /* of one value */
#define STEPS       256     /* to find these among rows that are taken */
#define CELLS_MOST  4000000 /* that are kept in memory, and in the indexes */
#define ROWS_A_LOOK 1000

struct column {
  int at;         /* in the mapping */
  unsigned count; /* values among the sample */
};

struct entry {
  unsigned hash, row;
};

struct alike {
  struct diff_plan *p; /* borrowed */
  struct left *left;   /* borrowed */
  size_t n_left;
  struct column *columns; /* owned; the most telling ones first */
  size_t n_columns, n_indexes;
  unsigned *hashes;     /* owned: n_left * n_columns, of the left rows' cells */
  unsigned *wanted;     /* owned: n_columns, of a staged row's */
  struct entry *index;  /* owned: n_indexes * n_left, each sorted */
  unsigned long whole;  /* what all columns count */
  sqlite3_int64 n_done; /* rows, for looks at cancel */
};

static unsigned hash_cell(const struct cell *cell) {
  sqlite3_uint64 hash = stored_hash(0, cell);
  return (unsigned)(hash ^ hash >> 32);
}

static void hash_cells(const struct alike *a, const struct cell *cells,
                       unsigned *out) {
  for (size_t i = 0; i < a->n_columns; i++) {
    out[i] = hash_cell(&cells[a->columns[i].at]);
  }
}

/* Every step-th left row's chosen cells, hashed into out. */
static void read_left(struct alike *a, size_t step, unsigned *out,
                      struct err *e) {
  sqlite3_stmt *stmt = diff_prepare_read(a->p, "=?1", e);
  for (size_t i = 0; i < a->n_left && !e->code; i += step) {
    sqlite3_bind_int64(stmt, 1, a->left[i].rowid);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
      diff_read_old(a->p, stmt, e);
      if (!e->code) hash_cells(a, a->p->old, out);
    }
    if (sqlite3_reset(stmt)) {
      err_sqlite(e, a->p->a->db, "reading the target");
    }
    out += a->n_columns;
    if (++a->n_done % ROWS_A_LOOK == 0) txn_go_on(a->p->a->txn, e);
  }
  sqlite3_finalize(stmt);
}

static int by_hash(const void *a, const void *b) {
  const unsigned *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static int by_entry(const void *a, const void *b) {
  const struct entry *x = a, *y = b;
  if (x->hash != y->hash) return x->hash > y->hash ? 1 : -1;
  return (x->row > y->row) - (x->row < y->row);
}

static int by_count(const void *a, const void *b) {
  const struct column *x = a, *y = b;
  if (x->count != y->count) return x->count < y->count ? 1 : -1;
  return x->at - y->at;
}

/* How many values column c has among n rows; values is room for them. */
static unsigned count_values(const struct alike *a, const unsigned *sample,
                             unsigned *values, size_t n, size_t c) {
  unsigned count = 1;
  for (size_t i = 0; i < n; i++) values[i] = sample[i * a->n_columns + c];
  qsort(values, n, sizeof *values, by_hash);
  for (size_t i = 1; i < n; i++) count += values[i] != values[i - 1];
  return count;
}

/* Looks at some rows, and sorts the columns by how much they tell. */
static void weigh(struct alike *a, struct err *e) {
  size_t step = a->n_left / SAMPLE + 1, n = (a->n_left + step - 1) / step;
  unsigned *sample = sqlite3_malloc64(n * a->n_columns * sizeof *sample);
  unsigned *values = sqlite3_malloc64(n * sizeof *values);
  if (sample && values) {
    read_left(a, step, sample, e);
    for (size_t c = 0; c < a->n_columns && !e->code; c++) {
      a->columns[c].count = count_values(a, sample, values, n, c);
    }
    qsort(a->columns, a->n_columns, sizeof *a->columns, by_count);
  } else {
    err_nomem(e);
  }
  sqlite3_free(sample);
  sqlite3_free(values);
}

static void prepare(struct alike *a, struct err *e) {
  size_t most;
  a->columns = sqlite3_malloc64(a->n_columns * sizeof *a->columns);
  a->wanted = sqlite3_malloc64(a->n_columns * sizeof *a->wanted);
  if (!a->columns || !a->wanted) {
    err_nomem(e);
    return;
  }
  for (size_t i = 0; i < a->n_columns; i++) {
    a->columns[i] = (struct column){.at = (int)i};
  }
  weigh(a, e);
  most = CELLS_MOST / a->n_left + 1;
  if (a->n_columns > most) a->n_columns = most;
  a->n_indexes = a->n_columns < INDEXES ? a->n_columns : INDEXES;
  for (size_t i = 0; i < a->n_columns; i++) a->whole += a->columns[i].count;
}

static void index_left(struct alike *a, struct err *e) {
  if (e->code) return;
  a->hashes = sqlite3_malloc64(a->n_left * a->n_columns * sizeof *a->hashes);
  a->index = sqlite3_malloc64(a->n_left * a->n_indexes * sizeof *a->index);
  if (!a->hashes || !a->index) {
    err_nomem(e);
    return;
  }
  read_left(a, 1, a->hashes, e);
  for (size_t c = 0; c < a->n_indexes && !e->code; c++) {
    struct entry *index = &a->index[c * a->n_left];
    for (size_t i = 0; i < a->n_left; i++) {
      index[i] = (struct entry){a->hashes[i * a->n_columns + c], (unsigned)i};
    }
    qsort(index, a->n_left, sizeof *index, by_entry);
  }
}

static unsigned long likeness(const struct alike *a, unsigned row) {
  const unsigned *hashes = &a->hashes[row * a->n_columns];
  unsigned long same = 0;
  for (size_t i = 0; i < a->n_columns; i++) {
    if (hashes[i] == a->wanted[i]) same += a->columns[i].count;
  }
  return same;
}

/* Where the hash of column c begins in its index. */
static size_t first_of(const struct alike *a, size_t c) {
  const struct entry *index = &a->index[c * a->n_left];
  size_t low = 0, high = a->n_left;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (index[middle].hash < a->wanted[c])
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The left row that is most like the wanted one, NULL: none is. */
static struct left *find(const struct alike *a) {
  unsigned long best = 0;
  struct left *found = NULL;
  for (size_t c = 0; c < a->n_indexes; c++) {
    const struct entry *index = &a->index[c * a->n_left];
    size_t first = first_of(a, c);
    int candidates = 0;
    for (size_t i = first;
         i < a->n_left && i < first + STEPS && index[i].hash == a->wanted[c] &&
         candidates < CANDIDATES;
         i++) {
      struct left *left = &a->left[index[i].row];
      unsigned long same;
      if (left->staged) continue;
      candidates++;
      same = likeness(a, index[i].row);
      if (2 * same < a->whole || same < best) continue;
      if (same == best && found && found < left) continue;
      best = same;
      found = left;
    }
  }
  return found;
}

static void pair(struct alike *a, struct err *e) {
  struct diff_plan *p = a->p;
  sqlite3_int64 n = staging_rows(p->a->rows);
  for (sqlite3_int64 row = 1; row <= n && !e->code; row++) {
    struct left *left;
    if (p->plans[row] != PLAN_INSERT || diff_fetch(p, row, e)) continue;
    hash_cells(a, p->cells, a->wanted);
    left = find(a);
    if (left) {
      left->staged = row;
      diff_plan_update(p, row, left->rowid);
    }
    if (++a->n_done % ROWS_A_LOOK == 0) txn_go_on(p->a->txn, e);
  }
}

enum err_code alike_pair(struct diff_plan *p, struct left *left,
                         sqlite3_int64 n_left, struct err *e) {
  struct alike a = {.p = p,
                    .left = left,
                    .n_left = (size_t)n_left,
                    .n_columns = (size_t)p->a->map->n_columns};
  if (e->code || n_left == 0 || n_left > 0xffffffffLL) return e->code;
  prepare(&a, e);
  index_left(&a, e);
  if (!e->code) pair(&a, e);
  sqlite3_free(a.index);
  sqlite3_free(a.hashes);
  sqlite3_free(a.wanted);
  sqlite3_free(a.columns);
  return e->code;
}
