/* Packed rows: see pack.h. A value is a tag byte (its type, high bit for
** NULL), its scale, and what its type needs. */
#include "pack.h"

#include <stdlib.h>
#include <string.h>

void packed_begin(struct packed *p, unsigned width) {
  p->width = width;
  p->scratch = mem_alloc((width + 1) * sizeof *p->scratch);
  p->other = mem_alloc((width + 1) * sizeof *p->other);
}

static bool has_text(const struct value *v) {
  return v->raw || type_is_string(v->id) || type_is_binary(v->id);
}

static size_t payload(const struct value *v) {
  if (v->null) return 0;
  if (has_text(v)) return sizeof(size_t) + v->u.s.n;
  if (type_is_exact(v->id)) return sizeof(i128);
  if (type_is_date(v->id)) return sizeof(struct when);
  if (v->id == T_GUID) return 16;
  return 8;
}

void packed_add(struct packed *p, const struct value *row) {
  size_t bytes = 0;
  uint8_t *out;
  for (unsigned i = 0; i < p->width; i++)
    bytes += 2 + payload(&row[i]) + (row[i].inner ? sizeof(struct type) : 0);
  out = arena_raw(&p->bytes, bytes);
  if (p->count == p->cap) {
    p->cap = p->cap ? 2 * p->cap : 64;
    p->rows = mem_grow(p->rows, p->cap * sizeof *p->rows);
  }
  p->rows[p->count++] = out;
  for (unsigned i = 0; i < p->width; i++) {
    const struct value *v = &row[i];
    size_t n = payload(v);
    *out++ = (uint8_t)(v->id | (v->null ? 0x80 : 0) | (v->raw ? 0x40 : 0));
    *out++ = (uint8_t)(v->scale | (v->inner ? 0x80 : 0));
    if (v->inner) {
      memcpy(out, v->inner, sizeof *v->inner);
      out += sizeof *v->inner;
    }
    if (n && has_text(v)) {
      memcpy(out, &v->u.s.n, sizeof v->u.s.n);
      if (v->u.s.n) memcpy(out + sizeof v->u.s.n, v->u.s.p, v->u.s.n);
    } else if (n) {
      memcpy(out, &v->u, n);
    }
    out += n;
  }
}

void packed_get(struct packed *p, size_t i, struct value *row) {
  packed_get_some(p, i, row, p->width);
}

void packed_get_some(struct packed *p, size_t i, struct value *row,
                     unsigned n_values) {
  const uint8_t *in = p->rows[i];
  for (unsigned k = 0; k < n_values; k++) {
    struct value *v = &row[k];
    size_t n;
    memset(v, 0, sizeof *v);
    v->id = *in & 0x3f;
    v->null = *in & 0x80;
    v->raw = *in++ & 0x40;
    v->scale = *in & 0x7f;
    if (*in++ & 0x80) {
      /* the packed copy is not aligned */
      struct type *inner = arena_raw(&p->bytes, sizeof *inner);
      memcpy(inner, in, sizeof *inner);
      v->inner = inner;
      in += sizeof *inner;
    }
    if (!v->null && has_text(v)) {
      memcpy(&v->u.s.n, in, sizeof v->u.s.n);
      v->u.s.p = (const char *)in + sizeof v->u.s.n;
    }
    n = payload(v);
    if (n && !has_text(v)) memcpy(&v->u, in, n);
    in += n;
  }
}

struct sorter {
  struct packed *p;
  unsigned keys;
  row_compare cmp;
  void *arg;
};

static int compare(const struct sorter *s, size_t a, size_t b,
                   const uint8_t **rows) {
  const uint8_t **saved = s->p->rows;
  s->p->rows = rows;
  packed_get_some(s->p, a, s->p->scratch, s->keys);
  packed_get_some(s->p, b, s->p->other, s->keys);
  s->p->rows = saved;
  return s->cmp(s->p->scratch, s->p->other, s->arg);
}

/* Merge sort: stable, and the comparison may be anything. */
static void merge_sort(const struct sorter *s, const uint8_t **rows,
                       const uint8_t **tmp, size_t n) {
  size_t half = n / 2, i = 0, j = half, k = 0;
  if (n < 2) return;
  merge_sort(s, rows, tmp, half);
  merge_sort(s, rows + half, tmp, n - half);
  while (i < half && j < n)
    tmp[k++] = compare(s, i, j, rows) <= 0 ? rows[i++] : rows[j++];
  while (i < half) tmp[k++] = rows[i++];
  while (j < n) tmp[k++] = rows[j++];
  memcpy(rows, tmp, n * sizeof *rows);
}

void packed_sort(struct packed *p, unsigned keys, row_compare cmp, void *arg) {
  struct sorter s = {p, keys, cmp, arg};
  const uint8_t **tmp = mem_alloc(p->count * sizeof *tmp);
  merge_sort(&s, p->rows, tmp, p->count);
  free(tmp);
}

void packed_unique(struct packed *p, unsigned keys, row_compare cmp,
                   void *arg) {
  struct sorter s = {p, keys, cmp, arg};
  size_t kept = 0;
  packed_sort(p, keys, cmp, arg);
  for (size_t i = 0; i < p->count; i++) {
    if (kept && compare(&s, kept - 1, i, p->rows) == 0) continue;
    p->rows[kept++] = p->rows[i];
  }
  p->count = kept;
}

void packed_clear(struct packed *p) {
  arena_clear(&p->bytes);
  free(p->rows);
  free(p->scratch);
  free(p->other);
  memset(p, 0, sizeof *p);
}
