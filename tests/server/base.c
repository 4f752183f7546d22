/* Memory, buffers and the bounded reader: see base.h. */
#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *must(void *p) {
  if (p == NULL) {
    fputs("tds-server: out of memory\n", stderr);
    abort();
  }
  return p;
}

void *mem_alloc(size_t bytes) {
  return must(calloc(1, bytes ? bytes : 1));
}

void *mem_grow(void *p, size_t bytes) {
  return must(realloc(p, bytes ? bytes : 1));
}

void *mem_dup(const void *p, size_t bytes) {
  void *copy = must(malloc(bytes ? bytes : 1));
  if (bytes) memcpy(copy, p, bytes);
  return copy;
}

char *mem_format(const char *fmt, ...) {
  va_list ap;
  char *out = NULL;
  va_start(ap, fmt);
  if (vasprintf(&out, fmt, ap) < 0) out = NULL;
  va_end(ap);
  return must(out);
}

/* ---- arena ---- */

struct arena_chunk {
  struct arena_chunk *next;
  size_t size;
  max_align_t data[];
};

enum { ARENA_CHUNK = 64 * 1024 - 64 };

void *arena_raw(struct arena *a, size_t bytes) {
  size_t need = (bytes + 15) & ~(size_t)15;
  void *out;
  for (;;) {
    struct arena_chunk *fresh;
    if (a->at && a->used + need <= a->at->size) break;
    if (a->at && a->at->next && need <= a->at->next->size) {
      a->at = a->at->next;
      a->used = 0;
      continue;
    }
    fresh =
        must(malloc(sizeof *fresh + (need > ARENA_CHUNK ? need : ARENA_CHUNK)));
    fresh->size = need > ARENA_CHUNK ? need : ARENA_CHUNK;
    if (a->at) {
      fresh->next = a->at->next;
      a->at->next = fresh;
    } else {
      fresh->next = NULL;
      a->first = fresh;
    }
    a->at = fresh;
    a->used = 0;
  }
  out = (char *)a->at->data + a->used;
  a->used += need;
  return out;
}

void *arena_alloc(struct arena *a, size_t bytes) {
  return memset(arena_raw(a, bytes), 0, bytes);
}

void *arena_dup(struct arena *a, const void *p, size_t bytes) {
  void *out = arena_raw(a, bytes ? bytes : 1);
  if (bytes) memcpy(out, p, bytes);
  return out;
}

char *arena_text(struct arena *a, const char *p, size_t bytes) {
  char *out = arena_raw(a, bytes + 1);
  if (bytes) memcpy(out, p, bytes);
  out[bytes] = 0;
  return out;
}

char *arena_format(struct arena *a, const char *fmt, ...) {
  va_list ap;
  char *tmp = NULL, *out;
  int n;
  va_start(ap, fmt);
  n = vasprintf(&tmp, fmt, ap);
  va_end(ap);
  must(n < 0 ? NULL : tmp);
  out = arena_text(a, tmp, (size_t)n);
  free(tmp);
  return out;
}

void *arena_push(struct arena *a, void *array, unsigned count, size_t element) {
  void *bigger;
  if (count && (count & (count - 1)) != 0) return array;
  bigger = arena_alloc(a, element * (count ? 2 * (size_t)count : 1));
  if (count) memcpy(bigger, array, element * count);
  return bigger;
}

void arena_reset(struct arena *a) {
  a->at = a->first;
  a->used = 0;
}

void arena_clear(struct arena *a) {
  while (a->first) {
    struct arena_chunk *next = a->first->next;
    free(a->first);
    a->first = next;
  }
  a->at = NULL;
  a->used = 0;
}

/* ---- buffer ---- */

void buf_reserve(struct buf *b, size_t more) {
  if (b->n + more <= b->cap) return;
  b->cap = b->cap * 2 > b->n + more ? b->cap * 2 : b->n + more + 256;
  b->p = mem_grow(b->p, b->cap);
}

void buf_put(struct buf *b, const void *p, size_t n) {
  if (n == 0) return;
  buf_reserve(b, n);
  memcpy(b->p + b->n, p, n);
  b->n += n;
}

void buf_int(struct buf *b, uint64_t v, unsigned bytes) {
  buf_reserve(b, 8);
  for (unsigned i = 0; i < bytes; i++) b->p[b->n + i] = (uint8_t)(v >> (8 * i));
  b->n += bytes;
}

void buf_u8(struct buf *b, unsigned v) {
  buf_reserve(b, 1);
  b->p[b->n++] = (uint8_t)v;
}

void buf_u16(struct buf *b, unsigned v) {
  buf_int(b, v, 2);
}
void buf_u32(struct buf *b, uint32_t v) {
  buf_int(b, v, 4);
}
void buf_u64(struct buf *b, uint64_t v) {
  buf_int(b, v, 8);
}
void buf_text(struct buf *b, const char *s) {
  buf_put(b, s, strlen(s));
}

void buf_format(struct buf *b, const char *fmt, ...) {
  va_list ap;
  char *tmp = NULL;
  int n;
  va_start(ap, fmt);
  n = vasprintf(&tmp, fmt, ap);
  va_end(ap);
  must(n < 0 ? NULL : tmp);
  buf_put(b, tmp, (size_t)n);
  free(tmp);
}

void buf_clear(struct buf *b) {
  free(b->p);
  memset(b, 0, sizeof *b);
}

void buf_set16(struct buf *b, size_t at, unsigned v) {
  b->p[at] = (uint8_t)v;
  b->p[at + 1] = (uint8_t)(v >> 8);
}

void buf_set32(struct buf *b, size_t at, uint32_t v) {
  buf_set16(b, at, v & 0xffff);
  buf_set16(b, at + 2, v >> 16);
}

/* ---- reader ---- */

size_t rd_left(const struct reader *r) {
  return (size_t)(r->end - r->p);
}

const uint8_t *rd_bytes(struct reader *r, size_t n) {
  const uint8_t *p = r->p;
  if (r->bad || rd_left(r) < n) {
    r->bad = true;
    return NULL;
  }
  r->p += n;
  return p;
}

uint64_t rd_int(struct reader *r, unsigned bytes) {
  const uint8_t *p = rd_bytes(r, bytes);
  uint64_t v = 0;
  for (unsigned i = 0; p && i < bytes; i++) v |= (uint64_t)p[i] << (8 * i);
  return v;
}

uint8_t rd_u8(struct reader *r) {
  return (uint8_t)rd_int(r, 1);
}
uint16_t rd_u16(struct reader *r) {
  return (uint16_t)rd_int(r, 2);
}
uint32_t rd_u32(struct reader *r) {
  return (uint32_t)rd_int(r, 4);
}

double now_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
