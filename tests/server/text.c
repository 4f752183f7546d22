/* Characters and collations: see text.h. */
#include "text.h"

#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

uint32_t text_next(const char *s, size_t n, size_t *i) {
  const unsigned char *p = (const unsigned char *)s + *i;
  size_t left = n - *i, need = 0;
  uint32_t cp = p[0];
  if (cp < 0x80) {
    ++*i;
    return cp;
  }
  if (cp >= 0xf0 && cp < 0xf5) {
    need = 3;
    cp &= 7;
  } else if (cp >= 0xe0) {
    need = cp < 0xf0 ? 2 : 0;
    cp &= 15;
  } else if (cp >= 0xc2) {
    need = 1;
    cp &= 31;
  }
  if (need == 0 || left <= need) {
    ++*i;
    return 0xfffd;
  }
  for (size_t k = 1; k <= need; k++) {
    if ((p[k] & 0xc0) != 0x80) {
      ++*i;
      return 0xfffd;
    }
    cp = cp << 6 | (p[k] & 0x3fu);
  }
  *i += need + 1;
  return cp;
}

unsigned text_put(char *out, uint32_t cp) {
  unsigned char *p = (unsigned char *)out;
  if (cp < 0x80) {
    p[0] = (unsigned char)cp;
    return 1;
  }
  if (cp < 0x800) {
    p[0] = (unsigned char)(0xc0 | cp >> 6);
    p[1] = (unsigned char)(0x80 | (cp & 0x3f));
    return 2;
  }
  if (cp < 0x10000) {
    p[0] = (unsigned char)(0xe0 | cp >> 12);
    p[1] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
    p[2] = (unsigned char)(0x80 | (cp & 0x3f));
    return 3;
  }
  p[0] = (unsigned char)(0xf0 | cp >> 18);
  p[1] = (unsigned char)(0x80 | (cp >> 12 & 0x3f));
  p[2] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
  p[3] = (unsigned char)(0x80 | (cp & 0x3f));
  return 4;
}

bool text_is_ascii(const char *s, size_t n) {
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)s[i] >= 0x80) return false;
  return true;
}

size_t text_chars(const char *s, size_t n) {
  size_t chars = 0;
  for (size_t i = 0; i < n; chars++) (void)text_next(s, n, &i);
  return chars;
}

size_t text_utf16_units(const char *s, size_t n) {
  size_t units = 0;
  for (size_t i = 0; i < n;) units += text_next(s, n, &i) >= 0x10000 ? 2 : 1;
  return units;
}

/* The byte offset where `units` UTF-16 units end. A cut through a pair of
** surrogates stays before the pair. */
size_t text_offset(const char *s, size_t n, size_t units) {
  size_t i = 0, seen = 0;
  while (i < n) {
    size_t j = i;
    seen += text_next(s, n, &j) >= 0x10000 ? 2 : 1;
    if (seen > units) break;
    i = j;
  }
  return i;
}

void text_to_utf16(struct buf *b, const char *s, size_t n) {
  uint8_t *out;
  buf_reserve(b, 2 * n);
  out = b->p + b->n;
  for (size_t i = 0; i < n;) {
    uint32_t cp = (unsigned char)s[i];
    if (cp < 0x80)
      i++;
    else
      cp = text_next(s, n, &i);
    if (cp >= 0x10000) {
      uint32_t hi = 0xd800 + ((cp - 0x10000) >> 10);
      cp = 0xdc00 + ((cp - 0x10000) & 0x3ff);
      *out++ = (uint8_t)hi;
      *out++ = (uint8_t)(hi >> 8);
    }
    *out++ = (uint8_t)cp;
    *out++ = (uint8_t)(cp >> 8);
  }
  b->n = (size_t)(out - b->p);
}

char *text_from_utf16(struct arena *a, const uint8_t *p, size_t bytes,
                      size_t *n_out) {
  char *out = arena_raw(a, bytes / 2 * 3 + 1);
  size_t n = 0;
  for (size_t i = 0; i + 1 < bytes; i += 2) {
    uint32_t cp = (uint32_t)(p[i] | p[i + 1] << 8);
    if (cp >= 0xd800 && cp < 0xdc00 && i + 3 < bytes) {
      uint32_t lo = (uint32_t)(p[i + 2] | p[i + 3] << 8);
      if (lo >= 0xdc00 && lo < 0xe000) {
        cp = 0x10000 + ((cp - 0xd800) << 10) + (lo - 0xdc00);
        i += 2;
      }
    }
    n += text_put(out + n, cp);
  }
  out[n] = 0;
  if (n_out) *n_out = n;
  return out;
}

/* ---- case ---- */

/* The C library's Unicode tables, whatever locale the process runs in. */
static locale_t utf8_locale;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;
static void utf8_init(void) {
  utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

uint32_t text_upper(uint32_t cp) {
  if (cp < 0x80) return cp >= 'a' && cp <= 'z' ? cp - 32 : cp;
  pthread_once(&utf8_once, utf8_init);
  return utf8_locale ? (uint32_t)towupper_l((wint_t)cp, utf8_locale) : cp;
}

uint32_t text_fold(uint32_t cp) {
  if (cp < 0x80) return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
  pthread_once(&utf8_once, utf8_init);
  if (!utf8_locale) return cp;
  return (uint32_t)towlower_l(towupper_l((wint_t)cp, utf8_locale), utf8_locale);
}

/* A sort weight: punctuation, then digits, then letters, as Windows
** collations order them. Accented Latin letters stay beside their base by a
** second, lower weight. */
static uint32_t weight(uint32_t cp, unsigned coll) {
  static const char base[] = /* U+00C0..U+00FF */
      "aaaaaaaceeeeiiiidnooooo*ouuuuypsaaaaaaaceeeeiiiidnooooo/ouuuuypy";
  uint32_t c = text_fold(coll & COLL_AI ? text_unaccented(cp) : cp);
  if (c == '*' || c == '/') return 0x100 + c;
  if (c >= 0xe0 && c <= 0xff && c != 0xf7)
    return 0x30000u + (uint32_t)base[c - 0xc0] * 0x100 + (c - 0xc0);
  if (c == 0xdf) return 0x30000u + 's' * 0x100 + 0x60;
  if (c >= 'a' && c <= 'z') return 0x30000u + c * 0x100;
  if (c >= '0' && c <= '9') return 0x20000u + c;
  if (c < 0x80) return 0x100 + c;
  return 0x40000u + c;
}

static size_t trimmed(const char *s, size_t n) {
  while (n && s[n - 1] == ' ') n--;
  return n;
}

int text_compare(const char *a, size_t an, const char *b, size_t bn,
                 unsigned coll) {
  size_t i = 0, j = 0;
  int tie = 0;
  an = trimmed(a, an);
  bn = trimmed(b, bn);
  while (i < an && i < bn && a[i] == b[i]) i++; /* what they share */
  if (i == an && i == bn) return 0;
  while (i > 0 && i < an && ((unsigned char)a[i] & 0xc0) == 0x80) i--;
  while (i > 0 && i < bn && ((unsigned char)b[i] & 0xc0) == 0x80) i--;
  j = i;
  while (i < an || j < bn) {
    /* The shorter string is padded with blanks. */
    uint32_t x = i < an ? text_next(a, an, &i) : ' ';
    uint32_t y = j < bn ? text_next(b, bn, &j) : ' ';
    uint32_t wx, wy;
    if (x == y) continue;
    if (coll & COLL_BIN) return x < y ? -1 : 1;
    wx = weight(x, coll);
    wy = weight(y, coll);
    if (wx != wy) return wx < wy ? -1 : 1;
    /* Lower case sorts first where case counts at all. */
    if (coll & COLL_AI) {
      x = text_unaccented(x);
      y = text_unaccented(y);
    }
    if ((coll & COLL_CS) && tie == 0 && x != y) tie = x > y ? -1 : 1;
  }
  return tie;
}

bool text_equal_name(const char *a, const char *b, unsigned coll) {
  size_t an = strlen(a), bn = strlen(b);
  return text_compare(a, an, b, bn, coll) == 0;
}

static bool same_char(uint32_t x, uint32_t y, unsigned coll) {
  if (coll & COLL_AI) {
    x = text_unaccented(x);
    y = text_unaccented(y);
  }
  if (x == y) return true;
  return !(coll & (COLL_CS | COLL_BIN)) && text_fold(x) == text_fold(y);
}

/* ---- LIKE ---- */

/* What _ stands for: a UTF-16 unit, under an _SC collation a character. */
struct units {
  uint32_t small[256], *p; /* owned when it is not `small` */
  size_t n;
};

static void units_of(struct units *u, const char *s, size_t n, unsigned coll) {
  u->p = n > 256 ? mem_alloc(n * sizeof *u->p) : u->small;
  u->n = 0;
  for (size_t i = 0; i < n;) {
    uint32_t cp = text_next(s, n, &i);
    if (cp >= 0x10000 && !(coll & COLL_SC)) {
      u->p[u->n++] = 0xd800 + ((cp - 0x10000) >> 10);
      cp = 0xdc00 + ((cp - 0x10000) & 0x3ff);
    }
    u->p[u->n++] = cp;
  }
}

struct like {
  const uint32_t *pat;
  size_t n;
  uint32_t escape;
  unsigned coll;
};

/* The pattern's unit at *at, which an escape may make plain. */
static uint32_t set_unit(const struct like *l, size_t *at, bool *plain) {
  *plain = l->escape && l->pat[*at] == l->escape && *at + 1 < l->n;
  if (*plain) ++*at;
  return l->pat[(*at)++];
}

/* [abc], [^a-z]: `at` stands after the bracket; *next after the closing one.
** Without that nothing matches. */
static bool in_set(const struct like *l, uint32_t c, size_t at, size_t *next) {
  bool found = false, plain;
  bool negate = at < l->n && l->pat[at] == '^' && l->escape != '^';
  if (negate) at++;
  while (at < l->n) {
    uint32_t lo = set_unit(l, &at, &plain), hi = lo;
    if (lo == ']' && !plain) {
      *next = at;
      return found != negate;
    }
    if (at + 1 < l->n && l->pat[at] == '-' && l->escape != '-' &&
        l->pat[at + 1] != ']') {
      at++;
      hi = set_unit(l, &at, &plain);
    }
    if (l->coll & COLL_BIN)
      found |= c >= lo && c <= hi;
    else
      found |= same_char(c, lo, l->coll) || same_char(c, hi, l->coll) ||
               (weight(c, l->coll) > weight(lo, l->coll) &&
                weight(c, l->coll) < weight(hi, l->coll));
  }
  return false;
}

/* `end`: where the text may end; only blanks follow there. */
static bool like_from(const struct like *l, const uint32_t *s, size_t n,
                      size_t end) {
  size_t i = 0, j = 0, star_i = 0, star_j = 0;
  bool star = false;
  for (;;) {
    bool ok = false;
    size_t next = j + 1;
    uint32_t p = j < l->n ? l->pat[j] : 0;
    if (j == l->n && i >= end) return true;
    if (j < l->n && p == '%' && p != l->escape) {
      star = true;
      star_i = i;
      star_j = j = next;
      continue;
    }
    if (j < l->n && l->escape && p == l->escape) {
      if (next == l->n) return false; /* nothing after it */
      ok = i < n && same_char(s[i], l->pat[next++], l->coll);
    } else if (j < l->n && i < n) {
      ok = p == '_'   ? true
           : p == '[' ? in_set(l, s[i], next, &next)
                      : same_char(s[i], p, l->coll);
    }
    if (ok) {
      i++;
      j = next;
      continue;
    }
    if (!star || star_i >= n) return false;
    i = ++star_i;
    j = star_j;
  }
}

bool text_like(const char *s, size_t n, const char *pat, size_t pn,
               uint32_t escape, unsigned coll, bool blanks) {
  struct units text, pattern;
  struct like l;
  size_t end;
  bool yes;
  units_of(&text, s, n, coll);
  units_of(&pattern, pat, pn, coll);
  l = (struct like){pattern.p, pattern.n, escape, coll};
  end = text.n;
  while (blanks && end && text.p[end - 1] == ' ') end--;
  yes = like_from(&l, text.p, text.n, end);
  if (text.p != text.small) free(text.p);
  if (pattern.p != pattern.small) free(pattern.p);
  return yes;
}
