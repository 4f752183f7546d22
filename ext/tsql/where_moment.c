/*
** Comparisons with dates and times, as T-SQL: bounds that begin with a date,
** widened by what the type rounds. Literals are CAST to the column's own type:
** neither DATEFORMAT nor LANGUAGE touches them, and no index is lost.
*/
#include "tsql/printer.h"

#include <string.h>

/* Days since 1900-01-01: 2079-06-06. */
#define SMALLDATETIME_LAST 65535

int where_read_moment(const struct cell *v, struct moment *m) {
  const unsigned char *text = (const unsigned char *)v->bytes;
  struct moment whole;
  if (v->type != SQLITE_TEXT || v->n_bytes < 10 || text[4] != '-' ||
      text[7] != '-' || !moment_from_text(m, text, 10)) {
    return 0;
  }
  /* seconds written out, joined by a blank: as the canonical form has it */
  if (v->n_bytes >= 19 && text[10] == ' ' && text[16] == ':' &&
      moment_from_text(&whole, text, v->n_bytes) && !whole.has_offset) {
    *m = whole;
  }
  return 1;
}

static int scale_of(const struct where_column *c) {
  return c->scale > 7 ? 7 : c->scale;
}

/* CAST('2025-01-01' AS date), or what type the column is. */
static void append_literal(struct printer *p, const char *text, int n) {
  enum remote_type type = p->c->type;
  sqlite3_str_appendf(p->out, "CAST('%.*s' AS %s", n, text,
                      remote_type_name(type));
  if (type == REMOTE_DATETIME2 || type == REMOTE_TIME ||
      type == REMOTE_DATETIMEOFFSET) {
    sqlite3_str_appendf(p->out, "(%d)", scale_of(p->c));
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

/* [c] >= or <= a point in time, moved outward to what the type can hold; after
** another bound, with AND. 0: nothing, for that is every or no value of it. */
static int print_bound(struct printer *p, int lower, int days,
                       sqlite3_int64 nanos, int after) {
  enum remote_type type = p->c->type;
  int first = date_first(type);
  int last = type == REMOTE_SMALLDATETIME ? SMALLDATETIME_LAST : DAY_LAST;
  struct moment m = {.has_date = 1, .has_time = 1};
  char text[MOMENT_TEXT];
  int n;
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
  if (lower ? days < first : days > last) return 0;
  /* a datetime of 23:59:59.999 is rounded into the year 10000 */
  if (!lower && days == last && type == REMOTE_DATETIME) return 0;
  if (days < first || days > last) {
    days = days < first ? first : last;
    nanos = 0;
  }
  m.days = days;
  m.nanos = nanos;
  m.scale = type == REMOTE_SMALLDATETIME ? 0 : scale_of(p->c);
  n = moment_format(&m, text);
  text[10] = 'T'; /* read alike under any language */
  sqlite3_str_appendf(p->out, "%s%s %s ", after ? " AND " : "", p->name,
                      lower ? ">=" : "<=");
  append_literal(p, text, n);
  return 1;
}

/* The bounds of a column with date and time. */
static enum where_result date_and_time(struct printer *p, enum where_op op,
                                       const struct moment *t) {
  int fine = t->has_time && p->c->kind != KIND_DATE;
  sqlite3_int64 nanos = fine ? t->nanos : 0;
  int printed = has_lower(op) && print_bound(p, 1, t->days, nanos, 0);
  if (has_upper(op)) {
    printed |= print_bound(p, 0, fine ? t->days : t->days + 1, nanos, printed);
  }
  return printed ? WHERE_WIDE : WHERE_SKIP;
}

static enum where_result date_only(struct printer *p, enum where_op op,
                                   const struct moment *t, int exact) {
  static const char *const signs[] = {"=", "<", "<=", ">", ">="};
  const char *sign = signs[op];
  /* "2025-01-01x" is greater than the day itself, and so on */
  if (!exact && op == WHERE_LT) sign = "<=";
  if (!exact && op == WHERE_GT) sign = ">=";
  sqlite3_str_appendf(p->out, "%s %s ", p->name, sign);
  append_date(p, t->days, "");
  return exact ? WHERE_EXACT : WHERE_WIDE;
}

/* The local date is known; the point in time is within 14 hours of it. */
static enum where_result with_offset(struct printer *p, enum where_op op,
                                     const struct moment *t) {
  int lower = has_lower(op) && date_in_range(t->days - 1);
  int upper = has_upper(op) && date_in_range(t->days + 2);
  if (lower) {
    sqlite3_str_appendf(p->out, "%s >= ", p->name);
    append_date(p, t->days - 1, "T00:00:00+00:00");
  }
  if (upper) {
    sqlite3_str_appendf(p->out, "%s%s < ", lower ? " AND " : "", p->name);
    append_date(p, t->days + 2, "T00:00:00+00:00");
  }
  return lower || upper ? WHERE_WIDE : WHERE_SKIP;
}

enum where_result where_moment(struct printer *p, enum where_op op,
                               const struct cell *v) {
  int exact = v->n_bytes == DATE_TEXT && p->c->kind != KIND_DATETIME;
  struct moment t;
  if (!where_read_moment(v, &t)) return WHERE_SKIP;
  if (p->c->type == REMOTE_DATE) return date_only(p, op, &t, exact);
  if (p->c->type == REMOTE_DATETIMEOFFSET) return with_offset(p, op, &t);
  return date_and_time(p, op, &t);
}

enum where_result where_time_of_day(struct printer *p, enum where_op op,
                                    const struct cell *v) {
  static const char *const signs[] = {"=", "<=", "<=", ">=", ">="};
  const unsigned char *text = (const unsigned char *)v->bytes;
  struct moment m;
  char canonical[24];
  if (v->type != SQLITE_TEXT || v->n_bytes < 8 || text[2] != ':' ||
      text[5] != ':' || !moment_from_text(&m, text, v->n_bytes)) {
    return WHERE_SKIP;
  }
  /* Finer than the column: cut, and then the lower side has to give. */
  if (op == WHERE_EQ && m.scale > p->c->scale) op = WHERE_GE;
  m.scale = scale_of(p->c);
  sqlite3_str_appendf(p->out, "%s %s ", p->name, signs[op]);
  append_literal(p, canonical, time_format(&m, canonical));
  return WHERE_WIDE;
}
