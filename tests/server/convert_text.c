/* Values as text: CAST and CONVERT to the character types. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert_job.h"

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
  const char *month;
  char date[DATE_TEXT], time[DATE_TEXT], off[16] = "";
  int y, m, d, brief, style = j->style, s = (int)(w->ticks / TICKS_PER_SECOND);
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
  month = date_month(j->fmt->language, m);
  brief = (int)text_offset(month, strlen(month), 3);
  switch (style) {
  case 0:
  case 100:
    if (in->id == T_TIME)
      return arena_format(j->a, "%2d:%02d%s", (h + 11) % 12 + 1, s / 60 % 60,
                          h < 12 ? "AM" : "PM");
    if (in->id == T_DATE)
      return arena_format(j->a, "%.*s %2d %d", brief, month, d, y);
    return arena_format(j->a, "%.*s %2d %d %2d:%02d%s%s", brief, month, d, y,
                        (h + 11) % 12 + 1, s / 60 % 60, h < 12 ? "AM" : "PM",
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
               style, convert_name(in->id));
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

/* What the code page lacks is lost here. */
static void squeeze(struct job *j) {
  struct buf b = {0};
  struct value *v = j->out;
  if (text_is_ascii(v->u.s.p, v->u.s.n)) return;
  page_encode(&b, v->u.s.p, v->u.s.n, j->to->coll);
  v->u.s.p = page_decode(j->a, b.p, b.n, j->to->coll, &v->u.s.n);
  buf_clear(&b);
}

static bool fit_string(struct job *j) {
  const struct type *to = j->to;
  struct value *v = j->out;
  size_t want = (size_t)to->len, have;
  bool uni = type_is_unicode(to->id), utf8 = !uni && (to->coll & COLL_UTF8);
  if (!uni && !utf8 && !v->raw) squeeze(j);
  if (to->len == TYPE_MAX || type_is_lob(to->id) || to->id == T_XML)
    return true;
  have = uni ? text_utf16_units(v->u.s.p, v->u.s.n)
             : page_bytes(v->u.s.p, v->u.s.n, to->coll);
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
    return convert_overflow(j);
  }
  if (have > want) {
    size_t i = 0, k = 0;
    while (!uni && k < v->u.s.n) {
      (void)text_next(v->u.s.p, v->u.s.n, &k);
      if (page_bytes(v->u.s.p + i, k - i, to->coll) > want) break;
      want -= page_bytes(v->u.s.p + i, k - i, to->coll);
      i = k;
    }
    v->u.s.n = uni ? text_offset(v->u.s.p, v->u.s.n, want) : i;
  } else if (have < want && (to->id == T_CHAR || to->id == T_NCHAR)) {
    char *p = arena_raw(j->a, v->u.s.n + want - have);
    memcpy(p, v->u.s.p, v->u.s.n);
    memset(p + v->u.s.n, ' ', want - have);
    v->u.s.p = p;
    v->u.s.n += want - have;
  }
  return true;
}

bool convert_to_string(struct job *j) {
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
    int digits = j->style == 1                         ? 8
                 : j->style == 2                       ? 16
                 : j->style == 3 && !j->fmt->no_style3 ? 17
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
    else
      j->out->u.s.p =
          page_decode(j->a, bytes, in->u.s.n, j->to->coll, &j->out->u.s.n);
    return fit_string(j);
  }
  j->out->u.s.n = strlen(p);
  j->out->u.s.p = p == text ? arena_text(j->a, p, j->out->u.s.n) : p;
  return fit_string(j);
}
