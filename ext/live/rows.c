/*
** Rows kept in memory while a statement joins with them, and a hash index on
** one column.
**
**   SELECT ... FROM here JOIN ordersync o ON o.sales_doc = here.doc;
**
** A row is a block of slots, one a column, followed by the bytes that they
** point to. The index chains rows by their number, newest last, so that a
** chain keeps the server's order.
*/
#include "live/rows.h"

#include <string.h>

/* Beyond this the server is asked again and again instead. */
#define ROWS_BYTES_MOST (256LL << 20)

struct slot {
  int type;
  int n_bytes;
  union {
    sqlite3_int64 integer;
    double real;
    const char *bytes; /* in the same block */
  } u;
};

struct rows {
  int n_columns;
  sqlite3_int64 n, room, bytes;
  struct slot **items;    /* owned, as is each */
  unsigned char *classes; /* owned: per column a bit for each type in it */

  int column;            /* indexed; -1: none */
  sqlite3_uint64 mask;   /* buckets - 1 */
  sqlite3_int64 *bucket; /* owned: first row, or -1 */
  sqlite3_int64 *after;  /* owned: per row the next in its bucket */
};

enum err_code rows_new(struct rows **out, int n_columns, struct err *e) {
  struct rows *r = sqlite3_malloc64(sizeof *r);
  *out = r;
  if (!r) return err_nomem(e);
  memset(r, 0, sizeof *r);
  r->n_columns = n_columns;
  r->column = -1;
  r->classes = sqlite3_malloc64((sqlite3_uint64)n_columns);
  if (!r->classes) return err_nomem(e);
  memset(r->classes, 0, (size_t)n_columns);
  return ERR_NONE;
}

void rows_free(struct rows *r) {
  if (!r) return;
  for (sqlite3_int64 i = 0; i < r->n; i++) sqlite3_free(r->items[i]);
  sqlite3_free(r->items);
  sqlite3_free(r->classes);
  sqlite3_free(r->bucket);
  sqlite3_free(r->after);
  sqlite3_free(r);
}

sqlite3_int64 rows_count(const struct rows *r) {
  return r->n;
}

static int has_bytes(int type) {
  return type == SQLITE_TEXT || type == SQLITE_BLOB;
}

static struct slot *pack(const struct cell *cells, int n,
                         sqlite3_uint64 n_bytes) {
  struct slot *block =
      sqlite3_malloc64((sqlite3_uint64)n * sizeof *block + n_bytes + 1);
  char *at;
  if (!block) return NULL;
  at = (char *)&block[n];
  for (int i = 0; i < n; i++) {
    block[i].type = cells[i].type;
    block[i].n_bytes = 0;
    if (cells[i].type == SQLITE_FLOAT) {
      block[i].u.real = cells[i].real;
    } else if (!has_bytes(cells[i].type)) {
      block[i].u.integer = cells[i].integer;
    } else {
      block[i].n_bytes = cells[i].n_bytes;
      block[i].u.bytes = at;
      if (cells[i].n_bytes) {
        memcpy(at, cells[i].bytes, (size_t)cells[i].n_bytes);
      }
      at += cells[i].n_bytes;
    }
  }
  return block;
}

enum err_code rows_add(struct rows *r, const struct cell *cells, int *full,
                       struct err *e) {
  sqlite3_uint64 n_bytes = 0;
  struct slot *block;
  *full = 0;
  if (r->n == r->room) {
    sqlite3_int64 room = r->room ? 2 * r->room : 64;
    struct slot **items =
        sqlite3_realloc64(r->items, (sqlite3_uint64)room * sizeof(void *));
    if (!items) return err_nomem(e);
    r->items = items;
    r->room = room;
  }
  for (int i = 0; i < r->n_columns; i++) {
    if (has_bytes(cells[i].type)) n_bytes += (sqlite3_uint64)cells[i].n_bytes;
    r->classes[i] |= (unsigned char)(1 << cells[i].type);
  }
  block = pack(cells, r->n_columns, n_bytes);
  if (!block) return err_nomem(e);
  r->items[r->n++] = block;
  r->bytes +=
      (sqlite3_int64)n_bytes + r->n_columns * (sqlite3_int64)sizeof *block + 32;
  *full = r->bytes > ROWS_BYTES_MOST;
  return ERR_NONE;
}

void rows_cell(const struct rows *r, sqlite3_int64 row, int column,
               struct cell *cell) {
  const struct slot *slot = &r->items[row][column];
  cell->type = slot->type;
  cell->n_bytes = slot->n_bytes;
  if (slot->type == SQLITE_FLOAT)
    cell->real = slot->u.real;
  else if (has_bytes(slot->type))
    cell->bytes = slot->u.bytes;
  else
    cell->integer = slot->u.integer;
}

/* ---- the index --------------------------------------------------------- */

int rows_are_all(const struct rows *r, int column, int type) {
  return (r->classes[column] & ~(1 << SQLITE_NULL | 1 << type)) == 0;
}

sqlite3_uint64 cell_hash(sqlite3_uint64 h, const struct cell *cell) {
  const char *at = NULL;
  sqlite3_uint64 word = 0;
  size_t n = 0;
  if (cell->type == SQLITE_INTEGER) memcpy(&word, &cell->integer, sizeof word);
  if (cell->type == SQLITE_FLOAT) memcpy(&word, &cell->real, sizeof word);
  if (cell->type == SQLITE_TEXT || cell->type == SQLITE_BLOB) {
    at = cell->bytes;
    n = (size_t)cell->n_bytes;
    word = n;
  }
  /* One after the other: together, NULL would be 4. */
  h = (h ^ (sqlite3_uint64)cell->type) * 0x9e3779b97f4a7c15ULL;
  h ^= h >> 32;
  h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
  h ^= h >> 32;
  while (n > 0) {
    size_t part = n < sizeof word ? n : sizeof word;
    word = 0;
    memcpy(&word, at, part);
    at += part;
    n -= part;
    h = (h ^ word) * 0xbf58476d1ce4e5b9ULL;
    h ^= h >> 29;
  }
  return h;
}

static sqlite3_int64 *bucket_of(const struct rows *r, const struct cell *key) {
  return &r->bucket[cell_hash(CELL_HASH_START, key) & r->mask];
}

enum err_code rows_index(struct rows *r, int column, struct err *e) {
  sqlite3_uint64 n_buckets = 16;
  struct cell cell;
  if (r->column == column) return ERR_NONE;
  sqlite3_free(r->bucket);
  sqlite3_free(r->after);
  r->column = -1;
  while (n_buckets < (sqlite3_uint64)r->n) n_buckets *= 2;
  r->mask = n_buckets - 1;
  r->bucket = sqlite3_malloc64(n_buckets * sizeof *r->bucket);
  r->after = sqlite3_malloc64(((sqlite3_uint64)r->n + 1) * sizeof *r->after);
  if (!r->bucket || !r->after) return err_nomem(e);
  for (sqlite3_uint64 i = 0; i < n_buckets; i++) r->bucket[i] = -1;
  for (sqlite3_int64 row = r->n - 1; row >= 0; row--) {
    sqlite3_int64 *first;
    rows_cell(r, row, column, &cell);
    first = bucket_of(r, &cell);
    r->after[row] = *first;
    *first = row;
  }
  r->column = column;
  return ERR_NONE;
}

sqlite3_int64 rows_first(const struct rows *r, const struct cell *key) {
  return *bucket_of(r, key);
}

sqlite3_int64 rows_after(const struct rows *r, sqlite3_int64 row) {
  return r->after[row];
}
