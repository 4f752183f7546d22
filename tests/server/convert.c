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

#include "value.h"

struct job {
  const struct value *in;
  const struct type *to;
  int style;
  const struct session_format *fmt;
  struct arena *a;
  struct sqlerr *e;
  struct value *out;
};

static const char *name_of(unsigned id) {
  struct type t = type_of(id);
  if (id == T_DECIMAL) return "numeric";
  return type_name(&t);
}

static bool not_allowed(struct job *j) {
  return sqlerr_set(j->e, 529, 16, 2,
                    "Explicit conversion from data type %s to %s is not "
                    "allowed.",
                    name_of(j->in->id), type_name(j->to));
}

static bool overflow(struct job *j) {
  return sqlerr_set(j->e, 8115, 16, 2,
                    "Arithmetic overflow error converting %s to data type %s.",
                    type_is_string(j->in->id)    ? name_of(j->in->id)
                    : j->in->id == T_FLOAT       ? "float"
                    : type_is_exact(j->in->id)   ? name_of(j->in->id)
                    : type_is_integer(j->in->id) ? "expression"
                                                 : name_of(j->in->id),
                    j->to->id == T_DECIMAL ? "numeric" : type_name(j->to));
}

static bool failed(struct job *j) { /* 8114, or 245 for int and smaller */
  const struct value *in = j->in;
  unsigned to = j->to->id;
  if (type_is_string(in->id) && (type_is_integer(to) && to != T_BIGINT))
    return sqlerr_set(j->e, 245, 16, 1,
                      "Conversion failed when converting the %s value '%.*s' "
                      "to data type %s.",
                      name_of(in->id), (int)(in->u.s.n > 200 ? 200 : in->u.s.n),
                      in->u.s.p, type_name(j->to));
  if (type_is_string(in->id) && (to == T_MONEY || to == T_SMALLMONEY))
    return sqlerr_set(j->e, 235, 16, 0,
                      "Cannot convert a char value to money. The char value "
                      "has incorrect syntax.");
  return sqlerr_set(j->e, 8114, 16, 5, "Error converting data type %s to %s.",
                    name_of(in->id),
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
                      name_of(in->id), (int)in->u.s.n, in->u.s.p);
  if (type_is_string(in->id) && k < 3)
    return sqlerr_set(j->e, 244, 16, k == 1 ? 1 : 2,
                      "The conversion of the %s value '%.*s' overflowed an %s "
                      "column. Use a larger integer column.",
                      name_of(in->id), (int)in->u.s.n, in->u.s.p,
                      k == 1 ? "INT1" : "INT2");
  if (type_is_integer(in->id) && k < 3)
    return sqlerr_set(j->e, 220, 16, k == 1 ? 2 : 1,
                      "Arithmetic overflow error for data type %s, value = "
                      "%lld.",
                      type_name(j->to), (long long)in->u.i);
  return overflow(j);
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

static bool to_integer(struct job *j) {
  const struct value *in = j->in;
  static const size_t width[] = {1, 1, 2, 4, 8};
  i128 v = 0;
  if (type_is_integer(in->id)) {
    v = in->u.i;
  } else if (type_is_exact(in->id)) {
    v = in->u.dec;
    if (j->to->id == T_BIT) { /* 0.4 is true */
      j->out->u.i = v != 0;
      return true;
    }
    if (in->id == T_DECIMAL)
      v /= dec_pow10(in->scale); /* truncates; money rounds */
    else
      (void)dec_rescale(&v, in->scale, 0);
  } else if (in->id == T_FLOAT || in->id == T_REAL) {
    if (j->to->id == T_BIT) {
      j->out->u.i = in->u.f != 0;
      return true;
    }
    if (fabs(in->u.f) >= 9.3e18)
      return type_is_integer(j->to->id) && j->to->id != T_BIGINT
                 ? sqlerr_set(j->e, 232, 16, 3,
                              "Arithmetic overflow error for type %s, value = "
                              "%f.",
                              type_name(j->to), in->u.f)
                 : overflow(j);
    v = (i128)in->u.f;
  } else if (type_is_string(in->id)) {
    int scale = 0;
    size_t n = in->u.s.n, i = 0;
    while (n && in->u.s.p[n - 1] == ' ') n--;
    while (i < n && in->u.s.p[i] == ' ') i++;
    if (j->to->id == T_BIT && n - i >= 4) {
      if (n - i == 4 && strncasecmp(in->u.s.p + i, "true", 4) == 0)
        return j->out->u.i = 1, true;
      if (n - i == 5 && strncasecmp(in->u.s.p + i, "false", 5) == 0)
        return j->out->u.i = 0, true;
    }
    if (i == n) return j->out->u.i = 0, true; /* '' is 0 */
    if (memchr(in->u.s.p, '.', n) ||
        !dec_parse(in->u.s.p, n, false, &v, &scale))
      return failed(j);
  } else if (in->id == T_BINARY || in->id == T_VARBINARY ||
             in->id == T_ROWVERSION) {
    v = from_big_endian(in, width[j->to->id - T_BIT]);
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
    if (!dec_from_double(in->u.f, j->to->scale, &v)) return overflow(j);
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
      if (j->to->id != T_DECIMAL && strspn(clean, " ") >= n) v = 0;
      else return failed(j);
    }
  } else if (type_is_binary(in->id) && j->to->id != T_DECIMAL) {
    v = from_big_endian(in, 8);
    scale = 4;
  } else {
    return not_allowed(j);
  }
  if (!dec_rescale(&v, scale, j->to->scale)) return overflow(j);
  if (j->to->id == T_MONEY ? v < INT64_MIN || v > INT64_MAX
      : j->to->id == T_SMALLMONEY ? v < INT32_MIN || v > INT32_MAX
                                  : !dec_fits(v, prec))
    return overflow(j);
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
    if (!isfinite(j->out->u.f)) return overflow(j);
  } else {
    return not_allowed(j);
  }
  if (j->to->id == T_REAL) {
    j->out->u.f = (double)(float)j->out->u.f;
    if (!isfinite(j->out->u.f)) return overflow(j);
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
                      name_of(j->in->id), type_name(j->to));
  return overflow(j);
}

static bool to_date(struct job *j) {
  const struct value *in = j->in;
  struct when w = {DAYS_TO_1900, 0, 0};
  int has = 0;
  if (type_is_date(in->id)) {
    w = in->u.w;
    if (in->id == T_TIME) w.days = DAYS_TO_1900;
    if (in->id == T_DATE && j->to->id == T_TIME)
      return not_allowed(j);
  } else if (type_is_string(in->id)) {
    has = date_parse(in->u.s.p, in->u.s.n, j->fmt->order, &w);
    if (!has && j->style >= 0) { /* CONVERT(date, '31/12/2024', 103) */
      int s = j->style % 100;
      enum date_order o = s == 3 || s == 4 || s == 5 || s == 6 ? ORDER_DMY
                          : s == 2 || s == 11                  ? ORDER_YMD
                                                               : ORDER_MDY;
      has = date_parse(in->u.s.p, in->u.s.n, o, &w);
    }
    if (has && (has & HAS_OFFSET) && j->to->id != T_DATETIMEOFFSET &&
        (j->to->id == T_DATETIME || j->to->id == T_SMALLDATETIME))
      has = 0;
    /* datetime takes at most three digits of the second's fraction */
    if (has && (j->to->id == T_DATETIME || j->to->id == T_SMALLDATETIME)) {
      const char *dot = memchr(in->u.s.p, '.', in->u.s.n);
      size_t frac = 0;
      while (dot && dot + 1 + frac < in->u.s.p + in->u.s.n &&
             isdigit((unsigned char)dot[1 + frac]))
        frac++;
      if (frac > 3 && memchr(in->u.s.p, ':', in->u.s.n)) has = 0;
    }
    if (!has)
      return sqlerr_set(j->e, j->to->id == T_SMALLDATETIME ? 295 : 241, 16,
                        j->to->id == T_SMALLDATETIME ? 3 : 1,
                        j->to->id == T_SMALLDATETIME
                            ? "Conversion failed when converting character "
                              "string to smalldatetime data type."
                            : "Conversion failed when converting date and/or "
                              "time from character string.");
  } else if (type_is_number(in->id) &&
             (j->to->id == T_DATETIME || j->to->id == T_SMALLDATETIME)) {
    double d = type_is_integer(in->id) ? (double)in->u.i
               : type_is_exact(in->id) ? dec_to_double(in->u.dec, in->scale)
                                       : in->u.f;
    if (fabs(d) > 4e6) return overflow(j);
    w.days = DAYS_TO_1900 + (int32_t)floor(d);
    w.ticks = (int64_t)((d - floor(d)) * (double)TICKS_PER_DAY);
  } else if (type_is_number(in->id)) {
    return sqlerr_set(j->e, 206, 16, 2,
                      "Operand type clash: %s is incompatible with %s",
                      name_of(in->id), type_name(j->to));
  } else {
    return not_allowed(j);
  }
  if (!date_in_range(j, &w)) return false;
  switch (j->to->id) {
  case T_DATE:
    w.ticks = 0;
    w.offset = 0;
    break;
  case T_TIME:
    w.days = DAYS_TO_1900;
    date_round(&w, j->to->scale);
    w.days = DAYS_TO_1900; /* 23:59:59.9999999 wraps to midnight */
    w.offset = 0;
    break;
  case T_DATETIME:
    datetime_round(&w);
    break;
  case T_SMALLDATETIME:
    smalldatetime_round(&w);
    break;
  case T_DATETIME2:
    date_round(&w, j->to->scale);
    w.offset = 0;
    break;
  default:
    date_round(&w, j->to->scale);
  }
  if (!date_in_range(j, &w)) return false;
  j->out->scale = j->to->scale;
  j->out->u.w = w;
  return true;
}

/* ---- to strings ---- */

int float_format(char out[64], double d, int digits) {
  char tmp[64];
  char *e;
  snprintf(tmp, sizeof tmp, digits == 16 || digits == 8 ? "%.*e" : "%.*g",
           digits == 16 || digits == 8 ? digits - 1 : digits, d);
  e = strchr(tmp, 'e');
  if (e) { /* SQL Server writes three digits of exponent */
    int exp = atoi(e + 1);
    *e = 0;
    return snprintf(out, 64, "%se%c%03d", tmp, exp < 0 ? '-' : '+', abs(exp));
  }
  return snprintf(out, 64, "%s", tmp);
}

static void commas(char text[DEC_TEXT + 24]) {
  char *dot = strchr(text, '.');
  size_t start = text[0] == '-', at = dot ? (size_t)(dot - text) : strlen(text);
  while (at > start + 3) {
    at -= 3;
    memmove(text + at + 1, text + at, strlen(text + at) + 1);
    text[at] = ',';
  }
}

static char *date_text(struct job *j) {
  const struct value *in = j->in;
  const struct when *w = &in->u.w;
  char date[DATE_TEXT], time[DATE_TEXT], off[16] = "";
  int y, m, d, style = j->style, s = (int)(w->ticks / TICKS_PER_SECOND);
  bool old = in->id == T_DATETIME || in->id == T_SMALLDATETIME;
  int h = s / 3600, scale = in->id == T_DATETIME        ? 3
                            : in->id == T_SMALLDATETIME ? 0
                                                        : in->scale;
  date_civil(w->days, &y, &m, &d);
  date_format(date, w->days);
  if (in->id == T_DATETIME) {
    int ms = datetime_millis(w->ticks);
    snprintf(time, sizeof time, "%02d:%02d:%02d.%03d", h, s / 60 % 60, s % 60,
             ms);
  } else {
    time_format(time, w->ticks, scale);
  }
  if (in->id == T_DATETIMEOFFSET)
    snprintf(off, sizeof off, " %c%02d:%02d", w->offset < 0 ? '-' : '+',
             abs(w->offset) / 60, abs(w->offset) % 60);
  if (style < 0) style = old ? 0 : 121;
  switch (style) {
  case 0:
  case 100:
    if (in->id == T_TIME)
      return arena_format(j->a, "%2d:%02d%s", (h + 11) % 12 + 1, s / 60 % 60,
                          h < 12 ? "AM" : "PM");
    if (in->id == T_DATE)
      return arena_format(j->a, "%.3s %2d %d", month_names[m - 1], d, y);
    return arena_format(j->a, "%.3s %2d %d %2d:%02d%s%s", month_names[m - 1], d,
                        y, (h + 11) % 12 + 1, s / 60 % 60, h < 12 ? "AM" : "PM",
                        off);
  case 1:
    return arena_format(j->a, "%02d/%02d/%02d", m, d, y % 100);
  case 101:
    return arena_format(j->a, "%02d/%02d/%d", m, d, y);
  case 2:
    return arena_format(j->a, "%02d.%02d.%02d", y % 100, m, d);
  case 102:
    return arena_format(j->a, "%d.%02d.%02d", y, m, d);
  case 3:
    return arena_format(j->a, "%02d/%02d/%02d", d, m, y % 100);
  case 103:
    return arena_format(j->a, "%02d/%02d/%d", d, m, y);
  case 104:
    return arena_format(j->a, "%02d.%02d.%d", d, m, y);
  case 110:
    return arena_format(j->a, "%02d-%02d-%d", m, d, y);
  case 111:
    return arena_format(j->a, "%d/%02d/%02d", y, m, d);
  case 12:
    return arena_format(j->a, "%02d%02d%02d", y % 100, m, d);
  case 112:
    return arena_format(j->a, "%04d%02d%02d", y, m, d);
  case 8:
  case 108:
    return arena_format(j->a, "%.8s", time);
  case 14:
  case 114:
    if (time[8] == '.' && old) time[8] = ':';
    return arena_format(j->a, "%s", time);
  case 23:
    return arena_format(j->a, "%s", date);
  case 20:
  case 120:
    if (in->id == T_DATE) return arena_format(j->a, "%s", date);
    if (in->id == T_TIME) return arena_format(j->a, "%.8s", time);
    return arena_format(j->a, "%s %.8s%s", date, time, off);
  case 21:
  case 25:
  case 121:
    if (in->id == T_SMALLDATETIME)
      return arena_format(j->a, "%s %s.000", date, time);
    if (in->id == T_DATE) return arena_format(j->a, "%s", date);
    if (in->id == T_TIME) return arena_format(j->a, "%s", time);
    return arena_format(j->a, "%s %s%s", date, time, off);
  case 126:
  case 127:
    if (in->id == T_DATE) return arena_format(j->a, "%s", date);
    if (in->id == T_TIME) return arena_format(j->a, "%s", time);
    /* datetime leaves a zero fraction out */
    if (in->id == T_DATETIME && strcmp(time + 8, ".000") == 0) time[8] = 0;
    if (style == 127 && in->id == T_DATETIMEOFFSET) {
      struct when u = date_utc(w);
      char ut[DATE_TEXT];
      date_format(date, u.days);
      time_format(ut, u.ticks, scale);
      return arena_format(j->a, "%sT%sZ", date, ut);
    }
    return arena_format(j->a, "%sT%s%s", date, time, off[0] ? off + 1 : "");
  default:
    sqlerr_set(j->e, 281, 16, 1,
               "%d is not a valid style number when converting from %s to a "
               "character string.",
               style, name_of(in->id));
    return NULL;
  }
}

static char *hex_text(struct job *j) {
  static const char hex[] = "0123456789ABCDEF";
  size_t n = j->in->u.s.n, at = 0;
  char *out = arena_raw(j->a, 2 * n + 3);
  if (j->style == 1) {
    out[at++] = '0';
    out[at++] = 'x';
  }
  for (size_t i = 0; i < n; i++) {
    out[at++] = hex[(unsigned char)j->in->u.s.p[i] >> 4];
    out[at++] = hex[(unsigned char)j->in->u.s.p[i] & 15];
  }
  out[at] = 0;
  return out;
}

/* Code page 1252 has no such character: SQL Server puts '?' in its place. */
static void squeeze_1252(struct job *j) {
  struct buf b = {0};
  struct value *v = j->out;
  if (text_is_ascii(v->u.s.p, v->u.s.n)) return;
  text_to_1252(&b, v->u.s.p, v->u.s.n);
  v->u.s.p = text_from_1252(j->a, b.p, b.n, &v->u.s.n);
  buf_clear(&b);
}

static bool fit_string(struct job *j) {
  const struct type *to = j->to;
  struct value *v = j->out;
  size_t want = (size_t)to->len, have;
  bool uni = type_is_unicode(to->id), utf8 = !uni && (to->coll & COLL_UTF8);
  if (!uni && !utf8 && !v->raw) squeeze_1252(j);
  if (to->len == TYPE_MAX || type_is_lob(to->id) || to->id == T_XML)
    return true;
  have = utf8  ? v->u.s.n
         : uni ? text_utf16_units(v->u.s.p, v->u.s.n)
               : text_chars(v->u.s.p, v->u.s.n);
  if (have > want && !type_is_string(j->in->id) && !type_is_binary(j->in->id)) {
    if (type_is_integer(j->in->id) && j->in->id != T_BIT) {
      v->u.s.p = "*"; /* a number too long for its text */
      v->u.s.n = 1;
      return true;
    }
    if (type_is_date(j->in->id)) {
      v->u.s.n = want;
      return true;
    }
    return overflow(j);
  }
  if (have > want) {
    if (utf8) {
      size_t i = 0, k = 0;
      while (k < v->u.s.n) {
        (void)text_next(v->u.s.p, v->u.s.n, &k);
        if (k > want) break;
        i = k;
      }
      v->u.s.n = i;
    } else if (uni) {
      v->u.s.n = text_offset(v->u.s.p, v->u.s.n, want);
    } else {
      size_t i = 0;
      while (want--) (void)text_next(v->u.s.p, v->u.s.n, &i);
      v->u.s.n = i;
    }
  } else if (have < want && (to->id == T_CHAR || to->id == T_NCHAR)) {
    char *p = arena_raw(j->a, v->u.s.n + want - have);
    memcpy(p, v->u.s.p, v->u.s.n);
    memset(p + v->u.s.n, ' ', want - have);
    v->u.s.p = p;
    v->u.s.n += want - have;
  }
  return true;
}

static bool to_string(struct job *j) {
  const struct value *in = j->in;
  char text[DEC_TEXT + 24];
  char *p = text;
  if (type_is_string(in->id)) {
    j->out->u.s = in->u.s;
    return fit_string(j);
  }
  if (type_is_integer(in->id)) {
    snprintf(text, sizeof text, "%lld", (long long)in->u.i);
  } else if (type_is_exact(in->id)) {
    i128 v = in->u.dec;
    int scale = in->scale;
    if (in->id != T_DECIMAL && j->style != 2) {
      (void)dec_rescale(&v, scale, 2);
      scale = 2;
    }
    dec_format(text, v, scale);
    if (in->id != T_DECIMAL && j->style == 1) commas(text);
  } else if (in->id == T_FLOAT || in->id == T_REAL) {
    int digits = j->style == 1   ? 8
                 : j->style == 2 ? 16
                 : j->style == 3 ? 17
                                 : 6;
    if (digits == 17) { /* the shortest that reads back the same */
      for (digits = in->id == T_REAL ? 6 : 15; digits < 17; digits++) {
        char back[64];
        snprintf(back, sizeof back, "%.*g", digits, in->u.f);
        if (in->id == T_REAL ? strtof(back, NULL) == (float)in->u.f
                             : strtod(back, NULL) == in->u.f)
          break;
      }
      snprintf(text, 64, "%.*g", digits, in->u.f);
    } else {
      float_format(text, in->u.f, digits);
    }
  } else if (type_is_date(in->id)) {
    p = date_text(j);
    if (!p) return false;
  } else if (in->id == T_GUID) {
    p = arena_raw(j->a, 37);
    guid_format(in->u.guid, p);
  } else if (j->style == 1 || j->style == 2) {
    p = hex_text(j);
  } else {
    const uint8_t *bytes = (const uint8_t *)in->u.s.p;
    if (type_is_unicode(j->to->id))
      j->out->u.s.p = text_from_utf16(j->a, bytes, in->u.s.n, &j->out->u.s.n);
    else if (j->to->coll & COLL_UTF8)
      j->out->u.s = in->u.s;
    else
      j->out->u.s.p = text_from_1252(j->a, bytes, in->u.s.n, &j->out->u.s.n);
    return fit_string(j);
  }
  j->out->u.s.n = strlen(p);
  j->out->u.s.p = p == text ? arena_text(j->a, p, j->out->u.s.n) : p;
  return fit_string(j);
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

static bool to_binary(struct job *j) {
  const struct value *in = j->in;
  struct buf b = {0};
  bool ok = true, right = false; /* numbers are padded on the left */
  size_t want = (size_t)j->to->len;
  if (type_is_binary(in->id)) {
    buf_put(&b, in->u.s.p, in->u.s.n);
  } else if (type_is_string(in->id)) {
    if (j->style == 1 || j->style == 2)
      ok = from_hex(j, &b);
    else if (type_is_unicode(in->id))
      text_to_utf16(&b, in->u.s.p, in->u.s.n);
    else
      text_to_1252(&b, in->u.s.p, in->u.s.n);
  } else if (type_is_integer(in->id)) {
    static const unsigned width[] = {1, 1, 2, 4, 8};
    for (unsigned i = width[in->id - T_BIT]; i-- > 0;)
      buf_u8(&b, (unsigned)((uint64_t)in->u.i >> (8 * i)) & 255);
    right = true;
  } else if (in->id == T_GUID) {
    buf_put(&b, in->u.guid, 16);
  } else {
    return not_allowed(j);
  }
  if (ok && j->to->len > 0 && j->to->id != T_IMAGE && j->to->id != T_UDT) {
    if (b.n > want) {
      if (right) memmove(b.p, b.p + (b.n - want), want);
      b.n = want;
    } else if (j->to->id != T_VARBINARY && b.n < want) {
      size_t have = b.n;
      buf_reserve(&b, want - have);
      if (right) {
        memmove(b.p + (want - have), b.p, have);
        memset(b.p, 0, want - have);
      } else {
        memset(b.p + have, 0, want - have);
      }
      b.n = want;
    }
  }
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
  if (type_is_string(to->id)) return to_string(&j);
  if (to->id == T_GUID) return to_guid(&j);
  return to_binary(&j);
}
