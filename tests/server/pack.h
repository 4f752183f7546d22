/* Rows kept for sorting, DISTINCT and joins: packed bytes in big chunks. */
#ifndef PACK_H
#define PACK_H

#include "value.h"

struct packed {
  unsigned width;
  struct arena bytes;
  const uint8_t **rows; /* owned array, rows in the arena */
  size_t count, cap;
  struct value *scratch, *other; /* owned: two unpacked rows */
};

typedef int (*row_compare)(const struct value *a, const struct value *b,
                           void *arg);

void packed_begin(struct packed *p, unsigned width);
void packed_add(struct packed *p, const struct value *row);
/* Text stays in the pack: valid until packed_clear. */
void packed_get(struct packed *p, size_t i, struct value *row);
/* Only the first n values of the row. */
void packed_get_some(struct packed *p, size_t i, struct value *row, unsigned n);
/* The comparison sees the first `keys` values of each row. Stable. */
void packed_sort(struct packed *p, unsigned keys, row_compare cmp, void *arg);
void packed_unique(struct packed *p, unsigned keys, row_compare cmp, void *arg);
void packed_clear(struct packed *p);
#endif
