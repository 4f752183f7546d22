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

/* Styles that show the day alone: Y is the year, y its last two digits, M and D
** are month and day. */
static const struct {
  int style;
  const char *form;
} day_styles[] = {{1, "M/D/y"},   {101, "M/D/Y"}, {2, "y.M.D"},
                  {102, "Y.M.D"}, {3, "D/M/y"},   {103, "D/M/Y"},
                  {104, "D.M.Y"}, {110, "M-D-Y"}, {111, "Y/M/D"},
                  {12, "yMD"},    {112, "YMD"},   {23, "Y-M-D"}};

/* NULL: a style of another kind. */
static char *day_text(struct job *j, int style) {
  int y, m, d;
  char out[DATE_TEXT];
  size_t n = 0;
  const char *form = NULL;
  for (size_t i = 0; i < sizeof day_styles / sizeof *day_styles; i++)
    if (day_styles[i].style == style) form = day_styles[i].form;
  if (!form) return NULL;
  date_civil(j->in->u.w.days, &y, &m, &d);
  for (; *form; form++) {
    int part = *form == 'Y' ? y : *form == 'y' ? y % 100 : *form == 'M' ? m : d;
    if (strchr("YyMD", *form))
      n += (size_t)snprintf(out + n, sizeof out - n, "%0*d",
                            *form == 'Y' ? 4 : 2, part);
    else
      out[n++] = *form;
  }
  return arena_text(j->a, out, n);
}

/* A date or time as its parts. */
struct spelt {
  char date[DATE_TEXT], time[DATE_TEXT + 4], offset[16];
};

static void spell(struct spelt *out, const struct value *in,
                  const struct when *w) {
  date_format(out->date, w->days);
  if (in->id == T_DATETIME)
    snprintf(out->time + time_format(out->time, w->ticks, 0), 5, ".%03d",
             datetime_millis(w->ticks));
  else
    time_format(out->time, w->ticks, in->id == T_SMALLDATETIME ? 0 : in->scale);
  out->offset[0] = 0;
  if (in->id == T_DATETIMEOFFSET)
    snprintf(out->offset, sizeof out->offset, " %c%02d:%02d",
             w->offset < 0 ? '-' : '+', abs(w->offset) / 60,
             abs(w->offset) % 60);
}

static char *joined(struct job *j, const struct spelt *t, const char *between) {
  if (j->in->id == T_DATE) return arena_format(j->a, "%s", t->date);
  if (j->in->id == T_TIME) return arena_format(j->a, "%s", t->time);
  return arena_format(j->a, "%s%s%s%s", t->date, between, t->time, t->offset);
}

/* Feb 29 2024 12:34PM: styles 0 and 100. */
static char *month_name_text(struct job *j, const char *offset) {
  const struct when *w = &j->in->u.w;
  int y, m, d, minutes = (int)(w->ticks / TICKS_PER_MINUTE), h = minutes / 60;
  const char *month;
  char *day, *time;
  date_civil(w->days, &y, &m, &d);
  month = date_month(j->fmt->language, m);
  day = arena_format(j->a, "%.*s %2d %d",
                     (int)text_offset(month, strlen(month), 3), month, d, y);
  time = arena_format(j->a, "%2d:%02d%s", (h + 11) % 12 + 1, minutes % 60,
                      h < 12 ? "AM" : "PM");
  if (j->in->id == T_DATE) return day;
  if (j->in->id == T_TIME) return time;
  return arena_format(j->a, "%s %s%s", day, time, offset);
}

/* ISO 8601: style 126, and 127, which shows UTC. */
static char *iso8601_text(struct job *j, struct spelt *t, int style) {
  struct when utc = date_utc(&j->in->u.w);
  /* datetime leaves a zero fraction out */
  if (j->in->id == T_DATETIME && strcmp(t->time + 8, ".000") == 0)
    t->time[8] = 0;
  if (j->in->id == T_DATETIMEOFFSET && style == 127) {
    spell(t, j->in, &utc);
    strcpy(t->offset, "Z");
  } else if (t->offset[0]) {
    memmove(t->offset, t->offset + 1, strlen(t->offset)); /* the blank */
  }
  return joined(j, t, "T");
}

static char *date_text(struct job *j) {
  const struct value *in = j->in;
  bool old = in->id == T_DATETIME || in->id == T_SMALLDATETIME;
  int style = j->style >= 0 ? j->style : old ? 0 : 121;
  struct spelt t;
  char *day;
  spell(&t, in, &in->u.w);
  switch (style) {
  case 0:
  case 100:
    return month_name_text(j, t.offset);
  case 8:
  case 108:
    return arena_text(j->a, t.time, 8);
  case 14:
  case 114:
    if (t.time[8] == '.' && old) t.time[8] = ':';
    return arena_format(j->a, "%s", t.time);
  case 20:
  case 120:
    t.time[8] = 0;
    return joined(j, &t, " ");
  case 21:
  case 25:
  case 121:
    if (in->id == T_SMALLDATETIME) strcat(t.time, ".000");
    return joined(j, &t, " ");
  case 126:
  case 127:
    return iso8601_text(j, &t, style);
  default:
    day = day_text(j, style);
    if (!day)
      sqlerr_set(j->e, 281, 16, 1,
                 "%d is not a valid style number when converting from %s to a "
                 "character string.",
                 style, convert_name(in->id));
    return day;
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

/* What of v fits into `want` units of the type: no character is split. */
static size_t fitting_bytes(const struct value *v, const struct type *to,
                            size_t want) {
  const char *text = v->u.s.p;
  size_t at = 0, next = 0;
  if (type_is_unicode(to->id)) return text_offset(text, v->u.s.n, want);
  while (next < v->u.s.n) {
    size_t bytes;
    (void)text_next(text, v->u.s.n, &next);
    bytes = page_bytes(text + at, next - at, to->coll);
    if (bytes > want) break;
    want -= bytes;
    at = next;
  }
  return at;
}

/* Text that is too long for its type. */
static bool cut_string(struct job *j, size_t want) {
  struct value *v = j->out;
  unsigned from = j->in->id;
  if (type_is_string(from) || type_is_binary(from)) {
    v->u.s.n = fitting_bytes(v, j->to, want);
  } else if (type_is_integer(from) && from != T_BIT) {
    v->u.s.p = "*"; /* a number too long for its text */
    v->u.s.n = 1;
  } else if (type_is_date(from)) {
    v->u.s.n = want;
  } else {
    return convert_overflow(j);
  }
  return true;
}

static void pad_string(struct job *j, size_t blanks) {
  struct value *v = j->out;
  char *p = arena_raw(j->a, v->u.s.n + blanks);
  memcpy(p, v->u.s.p, v->u.s.n);
  memset(p + v->u.s.n, ' ', blanks);
  v->u.s.p = p;
  v->u.s.n += blanks;
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
  if (have > want) return cut_string(j, want);
  if (have < want && (to->id == T_CHAR || to->id == T_NCHAR))
    pad_string(j, want - have);
  return true;
}

static void exact_text(char text[DEC_TEXT + 24], const struct job *j) {
  const struct value *in = j->in;
  bool is_money = in->id != T_DECIMAL;
  i128 v = in->u.dec;
  int scale = in->scale;
  if (is_money && j->style != 2) {
    (void)dec_rescale(&v, scale, 2);
    scale = 2;
  }
  dec_format(text, v, scale);
  if (is_money && j->style == 1) commas(text);
}

/* The fewest digits that read back the same. */
static int shortest_digits(const struct value *in) {
  bool is_real = in->id == T_REAL;
  int digits = is_real ? 6 : 15;
  for (; digits < 17; digits++) {
    char back[64];
    snprintf(back, sizeof back, "%.*g", digits, in->u.f);
    if (is_real ? strtof(back, NULL) == (float)in->u.f
                : strtod(back, NULL) == in->u.f)
      break;
  }
  return digits;
}

static void float_text(char text[DEC_TEXT + 24], const struct job *j) {
  if (j->style == 3 && !j->fmt->no_style3)
    snprintf(text, 64, "%.*g", shortest_digits(j->in), j->in->u.f);
  else
    float_format(text, j->in->u.f, j->style == 1 ? 8 : j->style == 2 ? 16 : 6);
}

/* Bytes are taken for text of the type. */
static void bytes_text(struct job *j) {
  const uint8_t *bytes = (const uint8_t *)j->in->u.s.p;
  size_t n = j->in->u.s.n, *n_out = &j->out->u.s.n;
  j->out->u.s.p = type_is_unicode(j->to->id)
                      ? text_from_utf16(j->a, bytes, n, n_out)
                      : page_decode(j->a, bytes, n, j->to->coll, n_out);
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
    exact_text(text, j);
  } else if (in->id == T_FLOAT || in->id == T_REAL) {
    float_text(text, j);
  } else if (type_is_date(in->id)) {
    p = date_text(j);
    if (!p) return false;
  } else if (in->id == T_GUID) {
    p = arena_raw(j->a, 37);
    guid_format(in->u.guid, p);
  } else if (j->style == 1 || j->style == 2) {
    p = hex_text(j);
  } else {
    bytes_text(j);
    return fit_string(j);
  }
  j->out->u.s.n = strlen(p);
  j->out->u.s.p = p == text ? arena_text(j->a, p, j->out->u.s.n) : p;
  return fit_string(j);
}
