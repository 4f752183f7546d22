/* CAST, CONVERT and the implicit conversions, with SQL Server's errors.
**
** Every pair goes through one function per target family. Style numbers are
** those of CONVERT; -1 is "none given".
*/
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert_job.h"

const char *convert_name(unsigned id) {
  struct type t = type_of(id);
  if (id == T_DECIMAL) return "numeric";
  return type_name(&t);
}

static bool not_allowed(struct job *j) {
  return sqlerr_set(j->e, 529, 16, 2,
                    "Explicit conversion from data type %s to %s is not "
                    "allowed.",
                    convert_name(j->in->id), type_name(j->to));
}

bool convert_overflow(struct job *j) {
  return sqlerr_set(j->e, 8115, 16, 2,
                    "Arithmetic overflow error converting %s to data type %s.",
                    type_is_string(j->in->id)    ? convert_name(j->in->id)
                    : j->in->id == T_FLOAT       ? "float"
                    : type_is_exact(j->in->id)   ? convert_name(j->in->id)
                    : type_is_integer(j->in->id) ? "expression"
                                                 : convert_name(j->in->id),
                    j->to->id == T_DECIMAL ? "numeric" : type_name(j->to));
}

static bool failed(struct job *j) { /* 8114, or 245 for int and smaller */
  const struct value *in = j->in;
  unsigned to = j->to->id;
  if (type_is_string(in->id) && (type_is_integer(to) && to != T_BIGINT))
    return sqlerr_set(j->e, 245, 16, 1,
                      "Conversion failed when converting the %s value '%.*s' "
                      "to data type %s.",
                      convert_name(in->id),
                      (int)(in->u.s.n > 200 ? 200 : in->u.s.n), in->u.s.p,
                      type_name(j->to));
  if (type_is_string(in->id) && (to == T_MONEY || to == T_SMALLMONEY))
    return sqlerr_set(j->e, 235, 16, 0,
                      "Cannot convert a char value to money. The char value "
                      "has incorrect syntax.");
  return sqlerr_set(j->e, 8114, 16, 5, "Error converting data type %s to %s.",
                    convert_name(in->id),
                    to == T_DECIMAL ? "numeric" : type_name(j->to));
}

/* ---- to numbers ---- */

static bool integer_fits(struct job *j, i128 v) {
  static const int64_t lo[] = {0, 0, INT16_MIN, INT32_MIN, INT64_MIN};
  static const int64_t hi[] = {1, 255, INT16_MAX, INT32_MAX, INT64_MAX};
  unsigned k = j->to->id - T_BIT;
  const struct value *in = j->in;
  if (k == 0) v = v != 0;
  if (v >= lo[k] && v <= hi[k]) {
    j->out->u.i = (int64_t)v;
    return true;
  }
  if (type_is_string(in->id) && k == 3)
    return sqlerr_set(j->e, 248, 16, 1,
                      "The conversion of the %s value '%.*s' overflowed an int "
                      "column.",
                      convert_name(in->id), (int)in->u.s.n, in->u.s.p);
  if (type_is_string(in->id) && k < 3)
    return sqlerr_set(j->e, 244, 16, k == 1 ? 1 : 2,
                      "The conversion of the %s value '%.*s' overflowed an %s "
                      "column. Use a larger integer column.",
                      convert_name(in->id), (int)in->u.s.n, in->u.s.p,
                      k == 1 ? "INT1" : "INT2");
  if (type_is_integer(in->id) && k < 3)
    return sqlerr_set(j->e, 220, 16, k == 1 ? 2 : 1,
                      "Arithmetic overflow error for data type %s, value = "
                      "%lld.",
                      type_name(j->to), (long long)in->u.i);
  return convert_overflow(j);
}

static i128 from_big_endian(const struct value *in, size_t most) {
  uint64_t v = 0;
  size_t from = in->u.s.n > most ? in->u.s.n - most : 0;
  for (size_t i = from; i < in->u.s.n; i++)
    v = v << 8 | (unsigned char)in->u.s.p[i];
  if (most == 4) return (int32_t)(uint32_t)v;
  if (most == 2) return (int16_t)(uint16_t)v;
  if (most == 1) return (uint8_t)v;
  return (int64_t)v;
}

/* Bytes of bit ... bigint. */
static unsigned integer_bytes(unsigned id) {
  static const uint8_t bytes[] = {1, 1, 2, 4, 8};
  return bytes[id - T_BIT];
}

static bool float_to_integer(struct job *j, i128 *v) {
  double d = j->in->u.f;
  if (j->to->id == T_BIT) {
    *v = d != 0;
  } else if (fabs(d) < 9.3e18) {
    *v = (i128)d;
  } else if (j->to->id == T_BIGINT) {
    return convert_overflow(j);
  } else {
    return sqlerr_set(j->e, 232, 16, 3,
                      "Arithmetic overflow error for type %s, value = %f.",
                      type_name(j->to), d);
  }
  return true;
}

static bool text_to_integer(struct job *j, i128 *v) {
  const char *text = j->in->u.s.p;
  size_t n = j->in->u.s.n;
  int scale = 0;
  while (n && text[n - 1] == ' ') n--;
  while (n && *text == ' ') {
    text++;
    n--;
  }
  *v = 0; /* as is '' */
  if (n == 0) return true;
  if (j->to->id == T_BIT) {
    *v = n == 4 && strncasecmp(text, "true", 4) == 0;
    if (*v || (n == 5 && strncasecmp(text, "false", 5) == 0)) return true;
  }
  return (!memchr(text, '.', n) && dec_parse(text, n, false, v, &scale)) ||
         failed(j);
}

static bool to_integer(struct job *j) {
  const struct value *in = j->in;
  i128 v = 0;
  if (type_is_integer(in->id)) {
    v = in->u.i;
  } else if (type_is_exact(in->id)) {
    v = in->u.dec;
    if (j->to->id == T_BIT)
      v = v != 0; /* 0.4 is true */
    else if (in->id == T_DECIMAL)
      v /= dec_pow10(in->scale); /* truncates; money rounds */
    else
      (void)dec_rescale(&v, in->scale, 0);
  } else if (in->id == T_FLOAT || in->id == T_REAL) {
    if (!float_to_integer(j, &v)) return false;
  } else if (type_is_string(in->id)) {
    if (!text_to_integer(j, &v)) return false;
  } else if (in->id == T_BINARY || in->id == T_VARBINARY ||
             in->id == T_ROWVERSION) {
    v = from_big_endian(in, integer_bytes(j->to->id));
  } else {
    return not_allowed(j);
  }
  return integer_fits(j, v);
}

static bool to_decimal(struct job *j) {
  const struct value *in = j->in;
  int scale = 0, prec = j->to->prec;
  i128 v = 0;
  j->out->scale = j->to->scale;
  if (type_is_integer(in->id)) {
    v = in->u.i;
  } else if (type_is_exact(in->id)) {
    v = in->u.dec;
    scale = in->scale;
  } else if (in->id == T_FLOAT || in->id == T_REAL) {
    if (!dec_from_double(in->u.f, j->to->scale, &v)) return convert_overflow(j);
    scale = j->to->scale;
  } else if (type_is_string(in->id)) {
    char clean[128];
    size_t n = 0;
    for (size_t i = 0; i < in->u.s.n && n < sizeof clean; i++) {
      char c = in->u.s.p[i];
      if (j->to->id != T_DECIMAL && (c == ',' || c == '$')) continue;
      clean[n++] = c;
    }
    if (!dec_parse(clean, n, false, &v, &scale)) {
      if (j->to->id != T_DECIMAL && strspn(clean, " ") >= n)
        v = 0;
      else
        return failed(j);
    }
  } else if (type_is_binary(in->id) && j->to->id != T_DECIMAL) {
    v = from_big_endian(in, 8);
    scale = 4;
  } else {
    return not_allowed(j);
  }
  if (!dec_rescale(&v, scale, j->to->scale)) return convert_overflow(j);
  if (j->to->id == T_MONEY        ? v < INT64_MIN || v > INT64_MAX
      : j->to->id == T_SMALLMONEY ? v < INT32_MIN || v > INT32_MAX
                                  : !dec_fits(v, prec))
    return convert_overflow(j);
  j->out->u.dec = v;
  return true;
}

static bool to_float(struct job *j) {
  const struct value *in = j->in;
  if (type_is_integer(in->id)) {
    j->out->u.f = (double)in->u.i;
  } else if (type_is_exact(in->id)) {
    j->out->u.f = dec_to_double(in->u.dec, in->scale);
  } else if (in->id == T_FLOAT || in->id == T_REAL) {
    j->out->u.f = in->u.f;
  } else if (type_is_string(in->id)) {
    char *text = arena_text(j->a, in->u.s.p, in->u.s.n), *end;
    size_t n = strlen(text);
    while (n && text[n - 1] == ' ') text[--n] = 0;
    if (n && (strpbrk(text, "xXnNiI") != NULL)) return failed(j);
    j->out->u.f = n ? strtod(text, &end) : 0;
    if (n && *end) return failed(j);
    if (!isfinite(j->out->u.f)) return convert_overflow(j);
  } else {
    return not_allowed(j);
  }
  if (j->to->id == T_REAL) {
    j->out->u.f = (double)(float)j->out->u.f;
    if (!isfinite(j->out->u.f)) return convert_overflow(j);
  }
  return true;
}

/* ---- to dates ---- */

static bool date_in_range(struct job *j, const struct when *w) {
  int32_t lo = 0, hi = date_days(9999, 12, 31);
  if (j->to->id == T_DATETIME) lo = date_days(1753, 1, 1);
  if (j->to->id == T_SMALLDATETIME) {
    lo = DAYS_TO_1900;
    hi = date_days(2079, 6, 6);
  }
  if (w->days >= lo && w->days <= hi) return true;
  if (type_is_string(j->in->id))
    return sqlerr_set(j->e, 242, 16, 3,
                      "The conversion of a %s data type to a %s data type "
                      "resulted in an out-of-range value.",
                      convert_name(j->in->id), type_name(j->to));
  return convert_overflow(j);
}

static bool is_old_date(enum type_id id) {
  return id == T_DATETIME || id == T_SMALLDATETIME;
}

/* datetime takes at most three digits of the second's fraction. */
static bool has_long_fraction(const struct value *in) {
  const char *end = in->u.s.p + in->u.s.n;
  const char *dot = memchr(in->u.s.p, '.', in->u.s.n);
  size_t n = 0;
  while (dot && dot + 1 + n < end && isdigit((unsigned char)dot[1 + n])) n++;
  return n > 3 && memchr(in->u.s.p, ':', in->u.s.n);
}

static bool date_from_text(struct job *j, struct when *w) {
  const struct value *in = j->in;
  bool is_small = j->to->id == T_SMALLDATETIME;
  struct date_style style = {j->fmt->order, j->fmt->language,
                             is_old_date(j->to->id)};
  int has = date_parse(in->u.s.p, in->u.s.n, &style, w);
  if (has <= 0 && j->style >= 0) { /* CONVERT(date, '31/12/2024', 103) */
    int s = j->style % 100;
    style.order = s == 3 || s == 4 || s == 5 || s == 6      ? ORDER_DMY
                  : s == 2 || s == 11 || s >= 20 || s == 12 ? ORDER_YMD
                                                            : ORDER_MDY;
    has = date_parse(in->u.s.p, in->u.s.n, &style, w);
  }
  if (has < 0 && style.old)
    return sqlerr_set(j->e, 242, 16, 3,
                      "The conversion of a %s data type to a %s data type "
                      "resulted in an out-of-range value.",
                      convert_name(in->id), type_name(j->to));
  if (has > 0 && style.old && ((has & HAS_OFFSET) || has_long_fraction(in)))
    has = 0;
  if (has > 0) return true;
  return sqlerr_set(j->e, is_small ? 295 : 241, 16, is_small ? 3 : 1,
                    is_small
                        ? "Conversion failed when converting character string "
                          "to smalldatetime data type."
                        : "Conversion failed when converting date and/or time "
                          "from character string.");
}

static bool date_from_number(struct job *j, struct when *w) {
  const struct value *in = j->in;
  double d = type_is_integer(in->id) ? (double)in->u.i
             : type_is_exact(in->id) ? dec_to_double(in->u.dec, in->scale)
                                     : in->u.f;
  if (!is_old_date(j->to->id))
    return sqlerr_set(j->e, 206, 16, 2,
                      "Operand type clash: %s is incompatible with %s",
                      convert_name(in->id), type_name(j->to));
  if (fabs(d) > 4e6) return convert_overflow(j);
  w->days = DAYS_TO_1900 + (int32_t)floor(d);
  w->ticks = (int64_t)((d - floor(d)) * (double)TICKS_PER_DAY);
  return true;
}

/* To what the type can hold. */
static void round_to(struct when *w, const struct type *to) {
  switch (to->id) {
  case T_DATE:
    w->ticks = 0;
    w->offset = 0;
    break;
  case T_TIME:
    w->days = DAYS_TO_1900;
    date_round(w, to->scale);
    w->days = DAYS_TO_1900; /* 23:59:59.9999999 wraps to midnight */
    w->offset = 0;
    break;
  case T_DATETIME:
    datetime_round(w);
    break;
  case T_SMALLDATETIME:
    smalldatetime_round(w);
    break;
  case T_DATETIME2:
    date_round(w, to->scale);
    w->offset = 0;
    break;
  default:
    date_round(w, to->scale);
  }
}

static bool to_date(struct job *j) {
  const struct value *in = j->in;
  struct when w = {DAYS_TO_1900, 0, 0};
  if (type_is_date(in->id)) {
    w = in->u.w;
    if (in->id == T_TIME) w.days = DAYS_TO_1900;
    if (in->id == T_DATE && j->to->id == T_TIME) return not_allowed(j);
  } else if (type_is_string(in->id)) {
    if (!date_from_text(j, &w)) return false;
  } else if (type_is_number(in->id)) {
    if (!date_from_number(j, &w)) return false;
  } else {
    return not_allowed(j);
  }
  if (!date_in_range(j, &w)) return false;
  round_to(&w, j->to);
  if (!date_in_range(j, &w)) return false;
  j->out->scale = j->to->scale;
  j->out->u.w = w;
  return true;
}

/* ---- to binaries ---- */

static bool from_hex(struct job *j, struct buf *b) {
  const char *s = j->in->u.s.p;
  size_t n = j->in->u.s.n, i = 0;
  if (j->style == 1) {
    if (n < 2 || s[0] != '0' || (s[1] | 32) != 'x') return failed(j);
    i = 2;
  }
  if ((n - i) % 2) return failed(j);
  for (; i < n; i += 2) {
    char two[3] = {s[i], s[i + 1], 0}, *end;
    unsigned v = (unsigned)strtoul(two, &end, 16);
    if (*end) return failed(j);
    buf_u8(b, v);
  }
  return true;
}

/* Big-endian, as numbers become binaries. */
static void put_number(struct buf *b, const struct value *in) {
  uint64_t bits = (uint64_t)in->u.i;
  unsigned n = sizeof bits;
  if (in->id == T_REAL) {
    float single = (float)in->u.f;
    bits = 0;
    n = sizeof single;
    memcpy(&bits, &single, n);
  } else if (in->id == T_FLOAT) {
    memcpy(&bits, &in->u.f, sizeof bits);
  } else {
    n = integer_bytes(in->id);
  }
  while (n-- > 0) buf_u8(b, (unsigned)(bits >> (8 * n)) & 255);
}

/* Numbers lose and get bytes on the left, all else on the right. */
static void fit_binary(struct buf *b, const struct type *to, bool is_number) {
  size_t want = (size_t)to->len, have = b->n;
  if (to->len <= 0 || to->id == T_IMAGE || to->id == T_UDT) return;
  if (have > want) {
    if (is_number) memmove(b->p, b->p + (have - want), want);
    b->n = want;
  } else if (to->id != T_VARBINARY && have < want) {
    size_t gap = is_number ? 0 : have;
    buf_reserve(b, want - have);
    if (is_number) memmove(b->p + (want - have), b->p, have);
    memset(b->p + gap, 0, want - have);
    b->n = want;
  }
}

static bool to_binary(struct job *j) {
  const struct value *in = j->in;
  struct buf b = {0};
  bool ok = true, is_number = false;
  if (type_is_binary(in->id)) {
    buf_put(&b, in->u.s.p, in->u.s.n);
  } else if (type_is_string(in->id)) {
    if (j->style == 1 || j->style == 2)
      ok = from_hex(j, &b);
    else if (type_is_unicode(in->id))
      text_to_utf16(&b, in->u.s.p, in->u.s.n);
    else
      page_encode(&b, in->u.s.p, in->u.s.n, j->to->coll);
  } else if (type_is_integer(in->id) || in->id == T_FLOAT || in->id == T_REAL) {
    put_number(&b, in);
    is_number = true;
  } else if (in->id == T_GUID) {
    buf_put(&b, in->u.guid, 16);
  } else {
    return not_allowed(j);
  }
  if (ok) fit_binary(&b, j->to, is_number);
  j->out->u.s.p = arena_dup(j->a, b.p, b.n);
  j->out->u.s.n = b.n;
  buf_clear(&b);
  return ok;
}

static bool to_guid(struct job *j) {
  const struct value *in = j->in;
  uint8_t guid[16] = {0};
  if (in->id == T_GUID) {
    memcpy(guid, in->u.guid, 16);
  } else if (type_is_string(in->id)) {
    if (!guid_parse(in->u.s.p, in->u.s.n, guid))
      return sqlerr_set(j->e, 8169, 16, 2,
                        "Conversion failed when converting from a character "
                        "string to uniqueidentifier.");
  } else if (type_is_binary(in->id)) {
    memcpy(guid, in->u.s.p, in->u.s.n < 16 ? in->u.s.n : 16);
  } else {
    return not_allowed(j);
  }
  memcpy(j->out->u.guid, guid, 16);
  return true;
}

bool convert(struct value *out, const struct value *in, const struct type *to,
             int style, const struct session_format *fmt, struct arena *a,
             struct sqlerr *e) {
  struct value src = *in;
  struct job j = {&src, to, style, fmt, a, e, out};
  struct value result = {.id = to->id};
  out = j.out;
  if (in->null || to->id == T_NONE) {
    *out = src;
    if (to->id != T_NONE) *out = value_null(to->id);
    return true;
  }
  if (in->raw) {
    *out = src;
    out->id = to->id;
    return true;
  }
  if (to->id == T_VARIANT) {
    *out = src;
    if (!src.inner) {
      struct type inner = type_of(src.id);
      inner.scale = src.scale;
      if (src.id == T_DECIMAL) inner.prec = 38;
      if (type_is_string(src.id))
        inner = type_string(type_is_unicode(src.id) ? T_NVARCHAR : T_VARCHAR,
                            8000, 0);
      if (type_is_unicode(inner.id)) inner.len = 4000;
      if (type_is_binary(src.id)) inner = type_string(T_VARBINARY, 8000, 0);
      out->inner = arena_dup(a, &inner, sizeof inner);
    }
    return true;
  }
  src.inner = NULL;
  *out = result;
  if (type_is_integer(to->id)) return to_integer(&j);
  if (type_is_exact(to->id)) return to_decimal(&j);
  if (to->id == T_FLOAT || to->id == T_REAL) return to_float(&j);
  if (type_is_date(to->id)) return to_date(&j);
  if (type_is_string(to->id)) return convert_to_string(&j);
  if (to->id == T_GUID) return to_guid(&j);
  return to_binary(&j);
}
