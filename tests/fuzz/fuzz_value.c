/*
** Any value by any kind: value_convert(), value_from_variant(),
** value_describe().
**
**   byte 0       kind, and whether the rest is a sql_variant's text
**   byte 1       type
**   bytes 2..13  sign, scale, offset, days
**   bytes 14..21 integer, and the bits of the double
**   the rest     the bytes, in memory that ends where they end
*/
#include "value/value.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 22

/* Stops the fuzzer, in builds without assert() too. */
static void require(int truth) {
  if (!truth) abort();
}

static int inside(const char *at, int n, const void *start, int n_start) {
  uintptr_t a = (uintptr_t)at, s = (uintptr_t)start;
  return a >= s && a + (size_t)n <= s + (size_t)n_start;
}

static struct value text_value(const char *bytes, int n) {
  struct value v = {0};
  v.type = VALUE_TEXT;
  v.bytes = (const unsigned char *)bytes;
  v.n_bytes = n;
  return v;
}

/* What came out is one of SQLite's types, and its bytes are somebody's. */
static void check_cell(const struct value *v, const struct cell *c) {
  switch (c->type) {
  case SQLITE_NULL:
  case SQLITE_INTEGER:
    break;
  case SQLITE_FLOAT:
    require(isfinite(c->real) != 0);
    break;
  case SQLITE_TEXT:
  case SQLITE_BLOB:
    require(c->n_bytes >= 0 && c->bytes != NULL);
    require(c->n_bytes == 0 ||
            inside(c->bytes, c->n_bytes, c->text, (int)sizeof c->text) ||
            inside(c->bytes, c->n_bytes, v->bytes, v->n_bytes));
    break;
  default:
    abort();
  }
}

/* A text that a kind made is, by the same kind, itself. */
static void check_again(const struct cell *c, enum value_kind kind) {
  struct value v = text_value(c->bytes, c->n_bytes);
  struct cell again;
  require(value_convert(&v, kind, &again));
  require(again.type == SQLITE_TEXT && again.n_bytes == c->n_bytes);
  require(memcmp(again.bytes, c->bytes, (size_t)c->n_bytes) == 0);
}

/* A number's text is that number again. */
static void check_number(const struct cell *c) {
  struct value v = {0};
  struct cell text, again;
  v.type = c->type == SQLITE_INTEGER ? VALUE_INTEGER : VALUE_REAL;
  v.integer = c->integer;
  v.real = c->real;
  require(value_convert(&v, KIND_STRING, &text));
  v = text_value(text.bytes, text.n_bytes);
  if (c->type == SQLITE_INTEGER) {
    require(value_convert(&v, KIND_INTEGER, &again));
    require(again.type == SQLITE_INTEGER && again.integer == c->integer);
  } else {
    require(value_convert(&v, KIND_REAL, &again));
    require(again.type == SQLITE_FLOAT);
    require(again.real <= c->real && again.real >= c->real);
  }
}

static void check_value(const struct value *v, enum value_kind kind) {
  struct cell c;
  char text[64];
  memset(&c, 0x5a, sizeof c);
  if (!value_convert(v, kind, &c)) {
    require(c.type == SQLITE_NULL);
  } else {
    check_cell(v, &c);
    if (c.type == SQLITE_TEXT) check_again(&c, kind);
    if (c.type == SQLITE_INTEGER || c.type == SQLITE_FLOAT) check_number(&c);
  }
  for (size_t n = 0; n < sizeof text; n += 9) {
    memset(text, 0x5a, sizeof text);
    value_describe(v, text, n);
    require(n == 0 || memchr(text, 0, n) != NULL);
    require(text[n] == 0x5a);
  }
}

static void check_variant(const unsigned char *bytes, int n,
                          enum value_kind kind) {
  size_t room = n > VALUE_SCRATCH ? (size_t)n : VALUE_SCRATCH;
  struct value v = text_value((const char *)bytes, n), inner;
  unsigned char *scratch = malloc(room);
  if (!scratch) return;
  if (value_from_variant(&v, scratch, &inner))
    check_value(&inner, kind);
  else
    require(inner.type == VALUE_NULL);
  free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct value v = {0};
  if (size < HEAD || size > 100000) return 0;
  enum value_kind kind = (enum value_kind)(data[0] % KIND_COUNT);
  size_t n = size - HEAD;
  unsigned char *bytes = malloc(n ? n : 1);
  if (!bytes) return 0;
  if (n) memcpy(bytes, data + HEAD, n);
  v.type = (enum value_type)(data[1] % (VALUE_DATETIMEOFFSET + 1));
  v.negative = data[2] & 1;
  v.scale = data[3];
  memcpy(&v.offset_minutes, data + 4, sizeof v.offset_minutes);
  memcpy(&v.days, data + 6, sizeof v.days);
  memcpy(&v.integer, data + 14, sizeof v.integer);
  memcpy(&v.real, data + 14, sizeof v.real);
  /* most random days and ticks are far out of range */
  if (data[2] & 2) v.days %= 3660000;
  if (data[2] & 4) v.integer %= 900000000000LL;
  if (data[2] & 8) v.scale %= 40;
  if (data[2] & 16) v.offset_minutes %= 900;
  v.bytes = bytes;
  v.n_bytes = (int)n;
  if (data[0] & 128)
    check_variant(bytes, (int)n, kind);
  else
    check_value(&v, kind);
  free(bytes);
  return 0;
}
