/*
** The iconv that FreeTDS calls.
**
**   SELECT doc_text FROM ordersync;   -- nvarchar: UTF-16 on the wire
**
** The C library goes from UTF-16 to UTF-8 by way of UCS-4, two loops and a
** buffer for each cell, and knows the code pages as their standards have them,
** where SQL Server has them as Windows does.
*/
#include "mssql/text.h"

#include "base/err.h"
#include "base/utf8.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define UTF8_MOST 3    /* bytes of a character within a code page or UCS-2 */
#define NO_UTF8   0xff /* stands for what is no character */
#define EURO      0x20ac
#define NOT_ASCII 0xff80ff80ff80ff80ULL /* in four units of UTF-16 */

/* What is left of both sides. */
struct run {
  unsigned char *in, *in_end, *out, *out_end;
};

struct converter;

/* Returns 0, or iconv's errno; stops before the character in question. */
typedef int convert_run(const struct converter *c, struct run *r);

struct converter {
  convert_run *convert;
  iconv_t system; /* owned */
  int n_bad;      /* bytes that stand for NO_UTF8; 0: EILSEQ is the caller's */
  int has_euro;   /* 0x80, as Windows has it in GBK */
  size_t n_waiting; /* bytes of half a character that the last call left */
  struct {
    unsigned char n; /* 0: no character */
    unsigned char utf8[UTF8_MOST];
  } high[128]; /* a code page from 0x80 on */
};

static uint64_t load64(const unsigned char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return le64toh(word);
}

/* Four units of ASCII as four bytes. */
static uint32_t narrow(uint64_t units) {
  units = (units | units >> 8) & 0x0000ffff0000ffffULL;
  return htole32((uint32_t)(units | units >> 16));
}

/* Eight units of ASCII become eight bytes; 0: they are not ASCII. */
static int narrow_eight(const unsigned char *in, unsigned char *out) {
#ifdef __SSE2__
  __m128i units = _mm_loadu_si128((const __m128i *)(const void *)in);
  __m128i high = _mm_and_si128(units, _mm_set1_epi16((short)0xff80));
  if (_mm_movemask_epi8(_mm_cmpeq_epi16(high, _mm_setzero_si128())) != 0xffff)
    return 0;
  _mm_storel_epi64((__m128i *)(void *)out, _mm_packus_epi16(units, units));
#else
  uint64_t first = load64(in), last = load64(in + 8);
  uint32_t bytes[2];
  if ((first | last) & NOT_ASCII) return 0;
  bytes[0] = narrow(first);
  bytes[1] = narrow(last);
  memcpy(out, bytes, sizeof bytes);
#endif
  return 1;
}

/* Of n units, for which there is room, as many as are ASCII before the first
** that is not; returns how many. What no eight, or four, are left of goes
** together with units that are done: once more the same. */
static size_t narrow_ascii(const unsigned char *in, size_t n,
                           unsigned char *out) {
  size_t done = 0;
  if (n >= 8) {
    while (n - done >= 8 && narrow_eight(in + 2 * done, out + done)) done += 8;
    if (n - done < 8 && narrow_eight(in + 2 * n - 16, out + n - 8)) return n;
  } else if (n >= 4) {
    uint64_t first = load64(in), last = load64(in + 2 * n - 8);
    if (!((first | last) & NOT_ASCII)) {
      uint32_t bytes[2] = {narrow(first), narrow(last)};
      memcpy(out, &bytes[0], 4);
      memcpy(out + n - 4, &bytes[1], 4);
      return n;
    }
  }
  for (; done < n && !in[2 * done + 1] && in[2 * done] < 0x80; done++) {
    out[done] = in[2 * done];
  }
  return done;
}

/* Returns the bytes written, 0 where there is no room. */
static size_t put_utf8(unsigned char *out, size_t room, unsigned c) {
  size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  if (n > room) return 0;
  for (size_t i = n - 1; i > 0; i--) {
    out[i] = (unsigned char)(0x80 | (c & 0x3f));
    c >>= 6;
  }
  out[0] = (unsigned char)(lead[n] | c);
  return n;
}

static int from_utf16(const struct converter *unused, struct run *r) {
  (void)unused;
  for (;;) {
    size_t left = (size_t)(r->in_end - r->in), n_in = 2;
    size_t room = (size_t)(r->out_end - r->out);
    size_t done =
        narrow_ascii(r->in, left / 2 < room ? left / 2 : room, r->out);
    r->in += 2 * done;
    r->out += done;
    left -= 2 * done;
    if (left < 2) return left ? EINVAL : 0;
    unsigned c = r->in[0] | (unsigned)r->in[1] << 8;
    if (c >= 0xdc00 && c <= 0xdfff) return EILSEQ;
    if (c >= 0xd800 && c <= 0xdbff) {
      if (left < 4) return EINVAL;
      unsigned low = r->in[2] | (unsigned)r->in[3] << 8;
      if (low < 0xdc00 || low > 0xdfff) return EILSEQ;
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      n_in = 4;
    }
    size_t n = put_utf8(r->out, (size_t)(r->out_end - r->out), c);
    if (n == 0) return E2BIG;
    r->in += n_in;
    r->out += n;
  }
}

/* Whether all of what is left could be the beginning of a character. */
static int is_cut(const unsigned char *in, size_t left) {
  size_t n = in[0] < 0xc2   ? 0
             : in[0] < 0xe0 ? 2
             : in[0] < 0xf0 ? 3
             : in[0] < 0xf5 ? 4
                            : 0;
  for (size_t i = 1; i < left; i++) {
    if ((in[i] & 0xc0) != 0x80) return 0;
  }
  return left < n;
}

static unsigned decode(const unsigned char *in, int n) {
  unsigned c = n == 1 ? in[0] : in[0] & (0x7fU >> n);
  for (int i = 1; i < n; i++) c = c << 6 | (in[i] & 0x3f);
  return c;
}

static int to_utf16(const struct converter *unused, struct run *r) {
  (void)unused;
  for (;;) {
    size_t left = (size_t)(r->in_end - r->in);
    if (left == 0) return 0;
    int n = utf8_length((const char *)r->in, left);
    if (n == 0) return is_cut(r->in, left) ? EINVAL : EILSEQ;
    unsigned c = decode(r->in, n);
    if (r->out_end - r->out < (n == 4 ? 4 : 2)) return E2BIG;
    if (n == 4) {
      unsigned high = 0xd800 + ((c - 0x10000) >> 10);
      *r->out++ = (unsigned char)high;
      *r->out++ = (unsigned char)(high >> 8);
      c = 0xdc00 + (c & 0x3ff);
    }
    *r->out++ = (unsigned char)c;
    *r->out++ = (unsigned char)(c >> 8);
    r->in += n;
  }
}

static int from_page(const struct converter *c, struct run *r) {
  for (;;) {
    while (r->in_end - r->in >= 8 && r->out_end - r->out >= 8 &&
           !(load64(r->in) & 0x8080808080808080ULL)) {
      memcpy(r->out, r->in, 8);
      r->in += 8;
      r->out += 8;
    }
    if (r->in == r->in_end) return 0;
    unsigned char byte = *r->in;
    size_t n = byte < 0x80 ? 1 : c->high[byte - 0x80].n;
    if (n == 0) return EILSEQ;
    if ((size_t)(r->out_end - r->out) < n) return E2BIG;
    memcpy(r->out, byte < 0x80 ? &byte : c->high[byte - 0x80].utf8, n);
    r->out += n;
    r->in++;
  }
}

/* From 0xA0 on, Windows counts the undefined bytes of all its code pages
** through the private use area (the WindowsBestFit tables of Unicode). The
** Hebrew point is later than the standard. */
static unsigned undefined_byte(int page, unsigned byte) {
  static const struct {
    int page;
    unsigned first, last, character;
  } ranges[] = {
      {874, 0xdb, 0xde, 0xf8c1},  {874, 0xfc, 0xff, 0xf8c5},
      {1253, 0xaa, 0xaa, 0xf8f9}, {1253, 0xd2, 0xd2, 0xf8fa},
      {1253, 0xff, 0xff, 0xf8fb}, {1255, 0xca, 0xca, 0x05ba},
      {1255, 0xd9, 0xdf, 0xf88d}, {1255, 0xfb, 0xfc, 0xf894},
      {1255, 0xff, 0xff, 0xf896}, {1257, 0xa1, 0xa1, 0xf8fc},
      {1257, 0xa5, 0xa5, 0xf8fd},
  };
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    if (ranges[i].page == page && byte >= ranges[i].first &&
        byte <= ranges[i].last)
      return ranges[i].character + (byte - ranges[i].first);
  }
  return byte;
}

/* Each byte by itself, and its end told, since the C library waits for what
** it might compose. */
static void fill_page(struct converter *c, int page) {
  for (unsigned i = 0; i < 128; i++) {
    char byte = (char)(i + 0x80), *in = &byte, utf8[8], *out = utf8;
    size_t in_left = 1, left = sizeof utf8;
    if (iconv(c->system, &in, &in_left, &out, &left) == (size_t)-1 ||
        iconv(c->system, NULL, NULL, &out, &left) == (size_t)-1 ||
        sizeof utf8 - left > UTF8_MOST || left == sizeof utf8) {
      (void)iconv(c->system, NULL, NULL, NULL, NULL);
      c->high[i].n = (unsigned char)put_utf8(c->high[i].utf8, UTF8_MOST,
                                             undefined_byte(page, i + 0x80));
      continue;
    }
    c->high[i].n = (unsigned char)(sizeof utf8 - left);
    memcpy(c->high[i].utf8, utf8, c->high[i].n);
  }
}

static int from_system(const struct converter *c, struct run *r) {
  char *in = (char *)r->in, *out = (char *)r->out;
  size_t in_left = (size_t)(r->in_end - r->in);
  size_t left = (size_t)(r->out_end - r->out);
  size_t rc = iconv(c->system, &in, &in_left, &out, &left);
  r->in = (unsigned char *)in;
  r->out = (unsigned char *)out;
  return rc == (size_t)-1 ? errno : 0;
}

/* Puts something in the place of what is no character. Returns as
** convert_run. */
static int skip_bad(const struct converter *c, struct run *r) {
  size_t room = (size_t)(r->out_end - r->out), n = room > 0;
  ptrdiff_t n_left = r->in_end - r->in;
  if (c->has_euro && *r->in == 0x80)
    n = put_utf8(r->out, room, EURO);
  else if (n)
    *r->out = NO_UTF8;
  if (n == 0) return E2BIG;
  r->in += n_left < c->n_bad ? n_left : c->n_bad;
  r->out += n;
  return 0;
}

static const struct converter utf16_to_utf8 = {.convert = from_utf16,
                                               .n_bad = 2};
static const struct converter utf8_to_utf16 = {.convert = to_utf16};
static const struct converter ascii_only = {.convert = from_page, .n_bad = 1};

static iconv_t shared(const struct converter *c) {
  return (iconv_t)(uintptr_t)c;
}

static int is_shared(const struct converter *c) {
  return c == &utf16_to_utf8 || c == &utf8_to_utf16 || c == &ascii_only;
}

/* Half a character, and that is all there is: a server may cut a value between
** any two bytes, or that is its end. FreeTDS would give up on EINVAL, but where
** nothing was done it reads on, and asks for the same if nothing comes. */
static int must_wait(struct converter *c, size_t n) {
  if (!c->n_bad || is_shared(c) || c->n_waiting == n) return 0;
  c->n_waiting = n;
  return 1;
}

static int is_bad(const struct converter *c, int failed, int is_alone) {
  return c->n_bad && (failed == EILSEQ || (failed == EINVAL && is_alone));
}

static int is_utf16(const char *name) {
  return strcmp(name, "UTF-16LE") == 0 || strcmp(name, "UCS-2LE") == 0;
}

/* The number of a single-byte code page of Windows, or 0. */
static int page_number(const char *name) {
  int page = 0;
  if (strncmp(name, "CP", 2) != 0) return 0;
  for (name += 2; *name >= '0' && *name <= '9' && page < 10000; name++)
    page = page * 10 + (*name - '0');
  return !*name && ((page >= 1250 && page <= 1258) || page == 874) ? page : 0;
}

/* NULL with errno. */
static struct converter *open_system(const char *tocode, const char *fromcode) {
  struct converter *c = sqlite3_malloc64(sizeof *c);
  errno = ENOMEM;
  if (!c) return NULL;
  *c = (struct converter){.convert = from_system};
  c->system = iconv_open(tocode, fromcode);
  if (c->system != (iconv_t)-1) return c;
  sqlite3_free(c);
  return NULL;
}

/* One of its own, which can wait; without memory the one that cannot. */
static iconv_t open_utf16(void) {
  struct converter *c = sqlite3_malloc64(sizeof *c);
  if (!c) return shared(&utf16_to_utf8);
  *c = utf16_to_utf8;
  return c;
}

iconv_t text_iconv_open(const char *tocode, const char *fromcode) {
  struct converter *c;
  int to_utf8 = strcmp(tocode, "UTF-8") == 0;
  int page = page_number(fromcode);
  if (to_utf8 && is_utf16(fromcode)) return open_utf16();
  if (is_utf16(tocode) && strcmp(fromcode, "UTF-8") == 0)
    return shared(&utf8_to_utf16);
  c = open_system(tocode, fromcode);
  if (!to_utf8) return c ? c : (iconv_t)-1;
  if (!c) return shared(&ascii_only);
  c->n_bad = 1;
  c->has_euro =
      strcmp(fromcode, "CP936") == 0 || strcmp(fromcode, "GB18030") == 0;
  if (page) {
    c->convert = from_page;
    fill_page(c, page);
  }
  return c;
}

/* Most text is ASCII from end to end, and short. */
static int all_is_ascii(char **in, size_t *in_left, char **out,
                        size_t *out_left) {
  size_t n = *in_left / 2;
  if (n > *out_left) return 0;
  n = narrow_ascii((unsigned char *)*in, n, (unsigned char *)*out);
  *in += 2 * n;
  *in_left -= 2 * n;
  *out += n;
  *out_left -= n;
  return *in_left == 0;
}

size_t text_iconv(iconv_t cd, char **in, size_t *in_left, char **out,
                  size_t *out_left) {
  struct converter *c = cd;
  const char *begin;
  int failed;
  if (!in || !*in) /* only the C library's have a state */
    return c->convert == from_system
               ? iconv(c->system, in, in_left, out, out_left)
               : 0;
  begin = *in;
  if (c->convert == from_utf16 && all_is_ascii(in, in_left, out, out_left)) {
    if (c->n_waiting) c->n_waiting = 0;
    return 0;
  }
  struct run r = {.in = (unsigned char *)*in,
                  .in_end = (unsigned char *)*in + *in_left,
                  .out = (unsigned char *)*out,
                  .out_end = (unsigned char *)*out + *out_left};
  failed = c->convert(c, &r);
  if (failed == EINVAL && (char *)r.in == begin && must_wait(c, *in_left)) {
    return 0;
  }
  if (c->n_waiting) c->n_waiting = 0; /* what is shared is read only */
  while (is_bad(c, failed, (char *)r.in == begin) &&
         !(failed = skip_bad(c, &r))) {
    failed = c->convert(c, &r);
  }
  *in = (char *)r.in;
  *in_left = (size_t)(r.in_end - r.in);
  *out = (char *)r.out;
  *out_left = (size_t)(r.out_end - r.out);
  if (!failed) return 0;
  errno = failed;
  return (size_t)-1;
}

int text_iconv_close(iconv_t cd) {
  struct converter *c = cd;
  if (is_shared(c)) return 0;
  if (c->convert != from_utf16) (void)iconv_close(c->system);
  sqlite3_free(c);
  return 0;
}
