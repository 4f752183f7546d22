/*
** Comparisons with dates and times, as T-SQL: bounds that begin with a date,
** widened by what the type rounds.
*/
#include "tsql/where_moment.h"

#include "value/time.h"

#include <string.h>

/* ---- dates and times --------------------------------------------------- */

#define DAY_NANOS 86400000000000LL

/* Days since 1900-01-01 of the first and the last day of a type. */
static int first_day(enum remote_type type) {
  return type == REMOTE_DATETIME        ? -53690 /* 1753-01-01 */
         : type == REMOTE_SMALLDATETIME ? 0
                                        : -693595; /* 0001-01-01 */
}

static int last_day(enum remote_type type) {
  return type == REMOTE_SMALLDATETIME ? 65535    /* 2079-06-06 */
                                      : 2958463; /* 9999-12-31 */
}

int where_read_instant(const struct cell *v, struct instant *t) {
  struct moment m;
  const unsigned char *text = (const unsigned char *)v->bytes;
  *t = (struct instant){0};
  if (v->type != SQLITE_TEXT || v->n_bytes < 10) return 0;
  if (text[4] != '-' || text[7] != '-') return 0;
  if (!moment_from_text(&m, text, 10)) return 0;
  t->days = m.days;
  t->exact = v->n_bytes == 10;
  /* seconds written out, joined by a blank: as the canonical form has it */
  if (v->n_bytes >= 19 && text[10] == ' ' && text[16] == ':' &&
      moment_from_text(&m, text, v->n_bytes) && m.has_time && !m.has_offset) {
    t->has_time = 1;
    t->nanos = m.nanos;
  }
  return 1;
}

/* CAST('2025-01-01' AS date), or what type the column is. */
static void append_literal(struct printer *p, const char *text, int n) {
  const char *type = remote_type_name(p->c->type);
  sqlite3_str_appendf(p->out, "CAST('%.*s' AS %s", n, text, type);
  if (p->c->type == REMOTE_DATETIME2 || p->c->type == REMOTE_TIME ||
      p->c->type == REMOTE_DATETIMEOFFSET) {
    sqlite3_str_appendf(p->out, "(%d)", p->c->scale > 7 ? 7 : p->c->scale);
  }
  sqlite3_str_appendchar(p->out, 1, ')');
}

/* The day, followed by a text. */
static void append_date(struct printer *p, int days, const char *rest) {
  char date[DATE_TEXT], text[DATE_TEXT + 20];
  int n = date_format(days, date);
  sqlite3_snprintf(sizeof text, text, "%.*s%s", n, date, rest);
  append_literal(p, text, (int)strlen(text));
}

/* 'YYYY-MM-DDTHH:MM:SS.fff': read alike under any language. */
static void append_moment(struct printer *p, int days, sqlite3_int64 nanos) {
  struct moment m = {.has_date = 1, .has_time = 1};
  char text[MOMENT_TEXT];
  int n;
  m.days = days;
  m.scale = p->c->type == REMOTE_SMALLDATETIME ? 0 : p->c->scale;
  if (m.scale > 7) m.scale = 7;
  m.nanos = nanos;
  n = moment_format(&m, text);
  text[10] = 'T';
  append_literal(p, text, n);
}

/* [c] >= or <= a point in time, moved outward to what the type can hold. */
static int print_moment_bound(struct printer *p, int lower, int days,
                              sqlite3_int64 nanos) {
  enum remote_type type = p->c->type;
  if (type == REMOTE_DATETIME) {
    /* its ticks are thirds of 10 ms, shown rounded */
    nanos += lower ? -10000000 : 10000000;
  } else if (type == REMOTE_SMALLDATETIME) {
    nanos -= nanos % 60000000000LL;
  }
  if (nanos < 0) {
    nanos += DAY_NANOS;
    days--;
  } else if (nanos >= DAY_NANOS) {
    nanos -= DAY_NANOS;
    days++;
  }
  if (lower && days < first_day(type)) return 0;
  if (!lower && days > last_day(type)) return 0;
  /* a datetime of 23:59:59.999 is rounded into the year 10000 */
  if (!lower && days == last_day(type) && type == REMOTE_DATETIME) return 0;
  if (days < first_day(type)) {
    days = first_day(type);
    nanos = 0;
  }
  if (days > last_day(type)) {
    days = last_day(type);
    nanos = 0;
  }
  sqlite3_str_appendf(p->out, "%s %s ", p->name, lower ? ">=" : "<=");
  append_moment(p, days, nanos);
  return 1;
}

/* The bounds of a column with date and time; 0 when nothing was printed. */
static int print_moments(struct printer *p, enum where_op op,
                         const struct instant *t) {
  int lower = op == WHERE_EQ || op == WHERE_GT || op == WHERE_GE;
  int upper = op == WHERE_EQ || op == WHERE_LT || op == WHERE_LE;
  int fine = t->has_time && p->c->kind != KIND_DATE;
  int printed = 0;
  if (lower) {
    printed = print_moment_bound(p, 1, t->days, fine ? t->nanos : 0);
  }
  if (upper) {
    size_t before = (size_t)sqlite3_str_length(p->out);
    int days = fine ? t->days : t->days + 1;
    if (days > last_day(p->c->type)) return printed;
    if (printed) sqlite3_str_appendall(p->out, " AND ");
    if (!print_moment_bound(p, 0, days, fine ? t->nanos : 0)) {
      if (before) sqlite3_str_appendall(p->out, "1 = 1");
      return printed;
    }
    printed = 1;
  }
  return printed;
}

static enum where_result date_only(struct printer *p, enum where_op op,
                                   const struct instant *t) {
  static const char *const signs[] = {"=", "<", "<=", ">", ">="};
  const char *sign = signs[op];
  int same = t->exact && p->c->kind != KIND_DATETIME;
  /* "2025-01-01x" is greater than the day itself, and so on */
  if (!same && op == WHERE_LT) sign = "<=";
  if (!same && op == WHERE_GT) sign = ">=";
  sqlite3_str_appendf(p->out, "%s %s ", p->name, sign);
  append_date(p, t->days, "");
  return same ? WHERE_EXACT : WHERE_WIDE;
}

/* The local date is known; the point in time is within 14 hours of it. */
static enum where_result with_offset(struct printer *p, enum where_op op,
                                     const struct instant *t) {
  int lower = op == WHERE_EQ || op == WHERE_GT || op == WHERE_GE;
  int upper = op == WHERE_EQ || op == WHERE_LT || op == WHERE_LE;
  int printed = 0;
  if (lower && date_in_range(t->days - 1)) {
    sqlite3_str_appendf(p->out, "%s >= ", p->name);
    append_date(p, t->days - 1, "T00:00:00+00:00");
    printed = 1;
  }
  if (upper && date_in_range(t->days + 2)) {
    sqlite3_str_appendf(p->out, "%s%s < ", printed ? " AND " : "", p->name);
    append_date(p, t->days + 2, "T00:00:00+00:00");
    printed = 1;
  }
  return printed ? WHERE_WIDE : WHERE_SKIP;
}

enum where_result where_moment(struct printer *p, enum where_op op,
                               const struct cell *v) {
  struct instant t;
  if (!where_read_instant(v, &t)) return WHERE_SKIP;
  if (p->c->type == REMOTE_DATE) return date_only(p, op, &t);
  if (p->c->type == REMOTE_DATETIMEOFFSET) return with_offset(p, op, &t);
  return print_moments(p, op, &t) ? WHERE_WIDE : WHERE_SKIP;
}

enum where_result where_time_of_day(struct printer *p, enum where_op op,
                                    const struct cell *v) {
  static const char *const signs[] = {"=", "<=", "<=", ">=", ">="};
  const unsigned char *text = (const unsigned char *)v->bytes;
  struct moment m;
  char canonical[24];
  if (v->type != SQLITE_TEXT || v->n_bytes < 8 || text[2] != ':' ||
      text[5] != ':' || !moment_from_text(&m, text, v->n_bytes) || m.has_date) {
    return WHERE_SKIP;
  }
  /* Finer than the column: cut, and then the lower side has to give. */
  if (op == WHERE_EQ && m.scale > p->c->scale) op = WHERE_GE;
  m.scale = p->c->scale > 7 ? 7 : p->c->scale;
  sqlite3_str_appendf(p->out, "%s %s ", p->name, signs[op]);
  append_literal(p, canonical, time_format(&m, canonical));
  return WHERE_WIDE;
}
