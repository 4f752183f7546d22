/* Memory and byte buffers for the test server.
**
** The server is a fixture: out of memory ends the process with a message,
** so that no caller has to carry that case. Arenas hold what lives as long
** as a batch or a row; buffers hold what goes to the wire.
*/
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *mem_alloc(size_t bytes);         /* zeroed; free() it */
void *mem_grow(void *p, size_t bytes); /* realloc() */
void *mem_dup(const void *p, size_t bytes);
char *mem_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

struct arena_chunk;
struct arena {
  struct arena_chunk *first, *at; /* owned */
  size_t used;                    /* of *at */
};
void *arena_alloc(struct arena *a, size_t bytes); /* zeroed, aligned */
void *arena_raw(struct arena *a, size_t bytes);   /* not zeroed */
void *arena_dup(struct arena *a, const void *p, size_t bytes);
char *arena_text(struct arena *a, const char *p, size_t bytes); /* NUL added */
char *arena_format(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* An array of `count` elements with room for one more. */
void *arena_push(struct arena *a, void *array, unsigned count, size_t element);
void arena_reset(struct arena *a); /* keeps the chunks for reuse */
void arena_clear(struct arena *a);

struct buf {
  uint8_t *p; /* owned */
  size_t n, cap;
};
void buf_reserve(struct buf *b, size_t more);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_u8(struct buf *b, unsigned v);
void buf_u16(struct buf *b, unsigned v); /* little-endian, as TDS is */
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
void buf_int(struct buf *b, uint64_t v, unsigned bytes);
void buf_text(struct buf *b, const char *s);
void buf_format(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_clear(struct buf *b);

/* Patches bytes written before, once a length is known. */
void buf_set16(struct buf *b, size_t at, unsigned v);
void buf_set32(struct buf *b, size_t at, uint32_t v);

/* A bounded reader over bytes from the network: every read past the end
** sets .bad and returns zeros, so a parser checks once. */
struct reader {
  const uint8_t *p, *end; /* borrowed */
  bool bad;
};
size_t rd_left(const struct reader *r);
const uint8_t *rd_bytes(struct reader *r, size_t n); /* NULL when short */
uint64_t rd_int(struct reader *r, unsigned bytes);
uint8_t rd_u8(struct reader *r);
uint16_t rd_u16(struct reader *r);
uint32_t rd_u32(struct reader *r);

double now_seconds(void); /* monotonic */

/* Signed 128 bits hold every decimal(38). */
__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

#endif
