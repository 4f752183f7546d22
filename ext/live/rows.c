/*
** Rows kept in memory while a statement joins with them, and a hash index on
** one column.
**
**   SELECT ... FROM here JOIN ordersync o ON o.sales_doc = here.doc;
**
** A row is a slot a column; the bytes of all rows lie one behind the other. The
** index chains rows by their number, newest last, so that a chain keeps the
** server's order.
*/
#include "live/rows.h"

#include <string.h>

/* Beyond this the server is asked again and again instead. */
#define ROWS_BYTES_MOST (256 << 20)

struct slot {
  int type;
  int n_bytes;
  union {
    sqlite3_int64 integer;
    double real;
    size_t at; /* of bytes */
  } u;
};

struct rows {
  int n_columns;
  sqlite3_int64 n;
  sqlite3_str *slots;     /* owned: n_columns a row */
  sqlite3_str *bytes;     /* owned */
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
  r->slots = sqlite3_str_new(NULL);
  r->bytes = sqlite3_str_new(NULL);
  r->classes = sqlite3_malloc64((sqlite3_uint64)n_columns);
  if (!r->classes) return err_nomem(e);
  memset(r->classes, 0, (size_t)n_columns);
  return ERR_NONE;
}

void rows_free(struct rows *r) {
  if (!r) return;
  sqlite3_free(sqlite3_str_finish(r->slots));
  sqlite3_free(sqlite3_str_finish(r->bytes));
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

enum err_code rows_add(struct rows *r, const struct cell *cells, int *full,
                       struct err *e) {
  int rc;
  for (int i = 0; i < r->n_columns; i++) {
    struct slot slot = {.type = cells[i].type};
    if (slot.type == SQLITE_FLOAT) {
      slot.u.real = cells[i].real;
    } else if (!has_bytes(slot.type)) {
      slot.u.integer = cells[i].integer;
    } else {
      slot.n_bytes = cells[i].n_bytes;
      slot.u.at = (size_t)sqlite3_str_length(r->bytes);
      sqlite3_str_append(r->bytes, cells[i].bytes, slot.n_bytes);
    }
    sqlite3_str_append(r->slots, (const char *)&slot, sizeof slot);
    r->classes[i] |= (unsigned char)(1 << slot.type);
  }
  r->n++;
  rc = sqlite3_str_errcode(r->slots);
  if (!rc) rc = sqlite3_str_errcode(r->bytes);
  *full = rc == SQLITE_TOOBIG ||
          sqlite3_str_length(r->slots) + sqlite3_str_length(r->bytes) >
              ROWS_BYTES_MOST;
  return rc == SQLITE_NOMEM ? err_nomem(e) : ERR_NONE;
}

void rows_cell(const struct rows *r, sqlite3_int64 row, int column,
               struct cell *cell) {
  struct slot slot;
  memcpy(&slot,
         sqlite3_str_value(r->slots) +
             (row * r->n_columns + column) * (sqlite3_int64)sizeof slot,
         sizeof slot);
  cell->type = slot.type;
  cell->n_bytes = slot.n_bytes;
  if (slot.type == SQLITE_FLOAT)
    cell->real = slot.u.real;
  else if (!has_bytes(slot.type))
    cell->integer = slot.u.integer;
  else
    cell->bytes = slot.n_bytes ? sqlite3_str_value(r->bytes) + slot.u.at : "";
}

int rows_are_all(const struct rows *r, int column, int type) {
  return (r->classes[column] & ~(1 << SQLITE_NULL | 1 << type)) == 0;
}

sqlite3_uint64 cell_hash(sqlite3_uint64 h, const struct cell *cell) {
  const void *is = cell->bytes;
  size_t n = has_bytes(cell->type) ? (size_t)cell->n_bytes : 0;
  if (cell->type == SQLITE_INTEGER) {
    is = &cell->integer;
    n = sizeof cell->integer;
  } else if (cell->type == SQLITE_FLOAT) {
    is = &cell->real;
    n = sizeof cell->real;
  }
  h = (h ^ n << 3 ^ (sqlite3_uint64)cell->type) * 0x9e3779b97f4a7c15ULL;
  for (size_t at = 0; at < n; at += sizeof h) {
    sqlite3_uint64 word = 0;
    memcpy(&word, (const char *)is + at, n - at < sizeof h ? n - at : sizeof h);
    h = (h ^ h >> 32 ^ word) * 0xbf58476d1ce4e5b9ULL;
  }
  return h ^ h >> 29;
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
