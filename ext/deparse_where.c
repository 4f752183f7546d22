/*
** Which conditions may go to the server, and how they read there.
**
** By the remote type's class and the kind:
**
**   whole numbers     [c] = 5, [c] <= 4, [c] IN (1, 2): the same meaning
**   decimal, float    [c] BETWEEN lo AND hi, widened by more than a double's
**                     rounding; a decimal's fractions are TEXT in SQLite and
**                     sort after every number, so > and >= are not printed
**   date and time     [c] >= '2025-01-01': the bytes of canonical text sort by
**                     time, so a right side that begins with a date bounds it
**   text              [c] = N'x', never narrower than BINARY equality; a
**                     trimmed kind also asks for x between white space
**   guid, binary      [c] = '...', [c] = 0x...
**
** Number and text in one comparison depend on the affinity of both sides, and
** only the column's is known here: such pairs are not printed unless SQLite
** has converted the value already.
*/
#include "deparse_where.h"

#include "value_number.h"
#include "value_text.h"
#include "value_time.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Longer texts and blobs are compared by SQLite alone. */
#define TEXT_MOST 1000

/* An IN list of more is replaced by its range, or not printed. */
#define LIST_MOST      2000
#define LIST_MOST_OR   100 /* of conditions of their own, joined by OR */
#define LIST_MOST_TRIM 10  /* of trimmed texts, which are three each */

/* More than the error of a double, a real, and of converting a decimal. */
#define SLACK_FLOAT 3.5527136788005009e-15 /* 2^-48 */
#define SLACK_REAL  4.76837158203125e-07   /* 2^-21 */

/* No row can match. */
#define NEVER "1 = 0"

/* What a condition is printed from. */
struct printer {
  sqlite3_str *out;
  const struct where_column *c;
  char *name; /* owned: [c] */
  struct err *e;
};

char where_affinity(const char *decl) {
  switch (decl[0]) {
  case 'T':
  case 'I':
  case 'R':
    return decl[0];
  default:
    return 'B';
  }
}

static int is_whole_type(enum remote_type type) {
  return type == REMOTE_BIT || type == REMOTE_TINYINT ||
         type == REMOTE_SMALLINT || type == REMOTE_INT || type == REMOTE_BIGINT;
}

static int is_decimal_type(enum remote_type type) {
  return type == REMOTE_DECIMAL || type == REMOTE_MONEY ||
         type == REMOTE_SMALLMONEY;
}

static int is_float_type(enum remote_type type) {
  return type == REMOTE_FLOAT || type == REMOTE_REAL;
}

/* Types with a date whose text has a fixed form. */
static int is_date_type(enum remote_type type) {
  return type == REMOTE_DATE || type == REMOTE_DATETIME ||
         type == REMOTE_SMALLDATETIME || type == REMOTE_DATETIME2;
}

static int is_text_kind(enum value_kind kind) {
  return kind == KIND_STRING || kind == KIND_TEXT;
}

static int is_number(const struct cell *v) {
  return v->type == SQLITE_INTEGER || v->type == SQLITE_FLOAT;
}

/* ---- whole numbers ----------------------------------------------------- */

/* Smallest and largest integer that satisfies a comparison. */
struct whole {
  int never;
  int has_low, has_high;
  sqlite3_int64 low, high;
};

/* Doubles from here on have no place among 64-bit integers. */
#define WHOLE_END 9223372036854775808.0

/* floor(), without the mathematical library; v is within 64 bits. */
static double round_down(double v) {
  double cut = (double)(sqlite3_int64)v;
  return cut > v ? cut - 1 : cut;
}

static struct whole whole_bounds(enum where_op op, const struct cell *v) {
  struct whole w = {0};
  int lower = op == WHERE_EQ || op == WHERE_GT || op == WHERE_GE;
  int upper = op == WHERE_EQ || op == WHERE_LT || op == WHERE_LE;
  if (v->type == SQLITE_INTEGER) {
    w.low = w.high = v->integer;
    w.has_low = lower;
    w.has_high = upper;
  } else {
    double most = v->real, least = v->real;
    if (v->real > -WHOLE_END && v->real < WHOLE_END) {
      most = round_down(v->real);
      least = most < v->real ? most + 1 : most;
    }
    w.has_low = lower && least >= -WHOLE_END;
    w.has_high = upper && most < WHOLE_END;
    w.never = (lower && least >= WHOLE_END) || (upper && most < -WHOLE_END) ||
              (op == WHERE_EQ && least > most);
    if (w.never) return w;
    if (w.has_low) w.low = (sqlite3_int64)least;
    if (w.has_high) w.high = (sqlite3_int64)most;
    /* what is strict is so already when the bound was rounded */
    if (op == WHERE_GT && least > v->real) op = WHERE_GE;
    if (op == WHERE_LT && most < v->real) op = WHERE_LE;
  }
  if (op == WHERE_GT && w.has_low) {
    if (w.low == INT64_MAX)
      w.never = 1;
    else
      w.low++;
  }
  if (op == WHERE_LT && w.has_high) {
    if (w.high == INT64_MIN)
      w.never = 1;
    else
      w.high--;
  }
  return w;
}

static void print_whole(struct printer *p, const struct whole *w) {
  if (w->never) {
    sqlite3_str_appendall(p->out, NEVER);
  } else if (w->has_low && w->has_high && w->low == w->high) {
    sqlite3_str_appendf(p->out, "%s = %lld", p->name, w->low);
  } else if (w->has_low && w->has_high) {
    sqlite3_str_appendf(p->out, "%s BETWEEN %lld AND %lld", p->name, w->low,
                        w->high);
  } else {
    sqlite3_str_appendf(p->out, "%s %s %lld", p->name, w->has_low ? ">=" : "<=",
                        w->has_low ? w->low : w->high);
  }
}

/* ---- intervals of numbers ---------------------------------------------- */

struct range {
  int never;
  int has_low, has_high;
  double low, high;
};

static struct range around(enum where_op op, double v, double slack) {
  struct range r = {0};
  /* the constant is for what is next to zero */
  double give = fabs(v) * slack + (slack == SLACK_REAL ? 1e-37 : 1e-290);
  r.has_low = op == WHERE_EQ || op == WHERE_GT || op == WHERE_GE;
  r.has_high = op == WHERE_EQ || op == WHERE_LT || op == WHERE_LE;
  r.low = v - give;
  r.high = v + give;
  return r;
}

/* A decimal column holds multiples of its last digit within its precision:
** the bounds are rounded to such, which keeps every value inside. */
static void clamp_decimal(struct range *r, int whole_digits) {
  double end = 1;
  for (int i = 0; i < whole_digits; i++) end *= 10;
  if (r->has_low && r->low >= end) r->never = 1;
  if (r->has_high && r->high <= -end) r->never = 1;
  if (r->has_high && r->high >= end - 1) r->has_high = 0;
  if (r->has_low && r->low <= 1 - end) r->has_low = 0;
  if (r->low > end - 1) r->low = end - 1;
  if (r->high < 1 - end) r->high = 1 - end;
}

static void append_decimal(sqlite3_str *out, double v, int scale) {
  char text[400];
  (void)snprintf(text, sizeof text, "%.*f", scale, v);
  if (strchr(text, '.')) {
    size_t end = strlen(text);
    while (text[end - 1] == '0') end--;
    if (text[end - 1] == '.') end--;
    text[end] = 0;
  }
  sqlite3_str_appendall(out, strcmp(text, "-0") == 0 ? "0" : text);
}

static void append_bound(struct printer *p, double v) {
  char text[40];
  if (is_float_type(p->c->type)) {
    (void)snprintf(text, sizeof text, "%.16e", v);
    sqlite3_str_appendall(p->out, text);
  } else {
    append_decimal(p->out, v, p->c->scale);
  }
}

/* 0 when there is no bound at all. */
static int print_range(struct printer *p, struct range *r) {
  if (is_float_type(p->c->type)) {
    if (r->has_low && !isfinite(r->low)) r->has_low = 0;
    if (r->has_high && !isfinite(r->high)) r->has_high = 0;
  } else {
    clamp_decimal(r, p->c->precision - p->c->scale);
  }
  if (r->never) {
    sqlite3_str_appendall(p->out, NEVER);
    return 1;
  }
  if (!r->has_low && !r->has_high) return 0;
  sqlite3_str_appendf(p->out, "%s %s ", p->name,
                      r->has_low && r->has_high ? "BETWEEN"
                      : r->has_low              ? ">="
                                                : "<=");
  if (r->has_low) append_bound(p, r->low);
  if (r->has_low && r->has_high) sqlite3_str_appendall(p->out, " AND ");
  if (r->has_high) append_bound(p, r->high);
  return 1;
}

/* The number that a value stands for; 0 when it is none, or beyond what can
** be widened safely. */
static int value_real(const struct cell *v, double *out) {
  if (v->type == SQLITE_INTEGER) {
    *out = (double)v->integer;
  } else if (v->type == SQLITE_FLOAT) {
    *out = v->real;
  } else if (v->type != SQLITE_TEXT || v->n_bytes == 0 ||
             !real_from_text((const unsigned char *)v->bytes, v->n_bytes,
                             out)) {
    return 0;
  }
  return 1;
}

/* ---- decimals and floats ----------------------------------------------- */

static enum where_result decimal_or_float(struct printer *p, enum where_op op,
                                          const struct cell *v) {
  const struct where_column *c = p->c;
  struct range r;
  double real;
  double slack = c->type == REMOTE_REAL ? SLACK_REAL : SLACK_FLOAT;
  switch (c->kind) {
  case KIND_INTEGER:
  case KIND_BOOLEAN:
  case KIND_REAL:
    if (!is_number(v)) return WHERE_SKIP;
    break;
  case KIND_STRING:
  case KIND_TEXT:
    if (op != WHERE_EQ || v->type != SQLITE_TEXT) return WHERE_SKIP;
    break;
  case KIND_RAW:
    if (is_float_type(c->type)) {
      if (!is_number(v)) return WHERE_SKIP;
      break;
    }
    /* fall through */
  case KIND_DECIMAL:
    /* Fractions are TEXT, and greater than any number unless the other side
    ** has a numeric affinity. */
    if (op == WHERE_GT || op == WHERE_GE) return WHERE_SKIP;
    if (op != WHERE_EQ && !is_number(v)) return WHERE_SKIP;
    break;
  default:
    return WHERE_SKIP;
  }
  if (!value_real(v, &real) || !isfinite(real)) return WHERE_SKIP;
  r = around(op, real, slack);
  return print_range(p, &r) ? WHERE_WIDE : WHERE_SKIP;
}

static enum where_result whole(struct printer *p, enum where_op op,
                               const struct cell *v) {
  struct whole w;
  struct cell number = {.type = SQLITE_INTEGER};
  switch (p->c->kind) {
  case KIND_STRING:
  case KIND_TEXT:
    /* The text of an integer has one form. */
    if (op != WHERE_EQ || v->type != SQLITE_TEXT ||
        !integer_from_text((const unsigned char *)v->bytes, v->n_bytes,
                           &number.integer)) {
      return WHERE_SKIP;
    }
    w = whole_bounds(op, &number);
    print_whole(p, &w);
    return WHERE_WIDE;
  case KIND_REAL:
    /* From 2^53 on integers are rounded when they become REAL. */
    if (v->type == SQLITE_INTEGER
            ? v->integer >= 1LL << 53 || v->integer <= -(1LL << 53)
            : !(v->real < 9007199254740992.0 &&
                v->real > -9007199254740992.0)) {
      return WHERE_SKIP;
    }
    break;
  case KIND_RAW:
  case KIND_INTEGER:
  case KIND_DECIMAL:
  case KIND_BOOLEAN:
    break;
  default:
    return WHERE_SKIP;
  }
  if (!is_number(v)) return WHERE_SKIP;
  w = whole_bounds(op, v);
  if (!w.never && !w.has_low && !w.has_high) return WHERE_SKIP;
  print_whole(p, &w);
  return p->c->kind == KIND_REAL ||
                 (p->c->kind == KIND_BOOLEAN && p->c->type != REMOTE_BIT)
             ? WHERE_WIDE
             : WHERE_EXACT;
}

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

/* A right side as far as it is canonical. */
struct instant {
  int has_time; /* the whole text is a date and a time */
  int exact;    /* the whole text is a date */
  int days;
  sqlite3_int64 nanos;
};

static int read_instant(const struct cell *v, struct instant *t) {
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

static void append_date(sqlite3_str *out, int days) {
  char text[16];
  sqlite3_str_append(out, text, date_format(days, text));
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
  sqlite3_str_appendf(p->out, "'%.*s'", n, text);
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
  sqlite3_str_appendf(p->out, "%s %s '", p->name, sign);
  append_date(p->out, t->days);
  sqlite3_str_appendchar(p->out, 1, '\'');
  return same ? WHERE_EXACT : WHERE_WIDE;
}

/* The local date is known; the point in time is within 14 hours of it. */
static enum where_result with_offset(struct printer *p, enum where_op op,
                                     const struct instant *t) {
  int lower = op == WHERE_EQ || op == WHERE_GT || op == WHERE_GE;
  int upper = op == WHERE_EQ || op == WHERE_LT || op == WHERE_LE;
  int printed = 0;
  if (lower && date_in_range(t->days - 1)) {
    sqlite3_str_appendf(p->out, "%s >= '", p->name);
    append_date(p->out, t->days - 1);
    sqlite3_str_appendall(p->out, "T00:00:00+00:00'");
    printed = 1;
  }
  if (upper && date_in_range(t->days + 2)) {
    sqlite3_str_appendf(p->out, "%s%s < '", printed ? " AND " : "", p->name);
    append_date(p->out, t->days + 2);
    sqlite3_str_appendall(p->out, "T00:00:00+00:00'");
    printed = 1;
  }
  return printed ? WHERE_WIDE : WHERE_SKIP;
}

static enum where_result moment(struct printer *p, enum where_op op,
                                const struct cell *v) {
  struct instant t;
  if (p->c->kind == KIND_TIME || !read_instant(v, &t)) return WHERE_SKIP;
  if (p->c->type == REMOTE_DATE) return date_only(p, op, &t);
  if (p->c->type == REMOTE_DATETIMEOFFSET) return with_offset(p, op, &t);
  return print_moments(p, op, &t) ? WHERE_WIDE : WHERE_SKIP;
}

static enum where_result time_of_day(struct printer *p, enum where_op op,
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
  sqlite3_str_appendf(p->out, "%s %s '%.*s'", p->name, signs[op],
                      time_format(&m, canonical), canonical);
  return WHERE_WIDE;
}

/* ---- text -------------------------------------------------------------- */

/* 1 for text that can stand in N'': valid UTF-8, no NUL, not too long. */
static int is_quotable(const struct cell *v) {
  struct err e = {0};
  sqlite3_str *scratch;
  if (v->type != SQLITE_TEXT || v->n_bytes > TEXT_MOST) return 0;
  scratch = sqlite3_str_new(NULL);
  deparse_string(scratch, v->bytes, v->n_bytes, &e);
  sqlite3_free(sqlite3_str_finish(scratch));
  return e.code == ERR_NONE;
}

/* The text as it stands inside a LIKE pattern inside quotes. */
static void append_pattern(sqlite3_str *out, const char *text, int n) {
  for (int i = 0; i < n; i++) {
    char c = text[i];
    if (c == '[' || c == '%' || c == '_') {
      sqlite3_str_appendf(out, "[%c]", c);
    } else {
      sqlite3_str_appendchar(out, c == '\'' ? 2 : 1, c);
    }
  }
}

/* Patterns are compared by code point: no linguistic rule of the column's
** collation can then miss a character. */
static void append_like(struct printer *p, const char *before,
                        const struct cell *v, const char *after) {
  sqlite3_str_appendf(
      p->out, "CAST(%s AS nvarchar(max)) COLLATE Latin1_General_BIN2 LIKE N'%s",
      p->name, before);
  append_pattern(p->out, v->bytes, v->n_bytes);
  sqlite3_str_appendf(p->out, "%s'", after);
}

/* What is trimmed is white space; whatever is no visible ASCII might be. */
static enum where_result trimmed_text(struct printer *p, const struct cell *v) {
  struct cell inner = *v;
  const unsigned char *text = (const unsigned char *)v->bytes;
  int n = v->n_bytes;
  text_trim(&text, &n);
  if (n == 0 || n != v->n_bytes) return WHERE_SKIP; /* never equal */
  sqlite3_str_appendf(p->out, "%s = ", p->name);
  deparse_string(p->out, v->bytes, v->n_bytes, p->e);
  sqlite3_str_appendall(p->out, " OR ");
  append_like(p, "[^!-~]%", &inner, "%");
  sqlite3_str_appendall(p->out, " OR ");
  append_like(p, "", &inner, "[^!-~]%");
  return WHERE_WIDE;
}

/* Text that becomes a number or a date has these characters in a row. */
static enum where_result parsed_text(struct printer *p, const struct cell *v) {
  struct cell part = {.type = SQLITE_TEXT};
  char digits[24];
  struct instant t;
  if (p->c->kind == KIND_INTEGER) {
    sqlite3_int64 integer = v->integer;
    if (v->type == SQLITE_FLOAT && !integer_from_real(v->real, &integer)) {
      return WHERE_SKIP;
    }
    if (!is_number(v)) return WHERE_SKIP;
    part.n_bytes = integer_format(integer, digits);
    part.bytes = digits;
    if (digits[0] == '-') {
      part.bytes++;
      part.n_bytes--;
    }
    append_like(p, "%", &part, "%");
    return WHERE_WIDE;
  }
  if (p->c->kind == KIND_DATE && read_instant(v, &t) && t.exact) {
    part.bytes = v->bytes;
    part.n_bytes = 10;
    append_like(p, "%", &part, "%");
    memcpy(digits, v->bytes, 4);
    memcpy(digits + 4, v->bytes + 5, 2);
    memcpy(digits + 6, v->bytes + 8, 2);
    part.bytes = digits;
    part.n_bytes = 8;
    sqlite3_str_appendall(p->out, " OR ");
    append_like(p, "%", &part, "%");
    return WHERE_WIDE;
  }
  return WHERE_SKIP;
}

static enum where_result string(struct printer *p, enum where_op op,
                                const struct cell *v) {
  if (op != WHERE_EQ) return WHERE_SKIP;
  if (p->c->kind != KIND_RAW && p->c->kind != KIND_TEXT &&
      p->c->kind != KIND_STRING) {
    return parsed_text(p, v);
  }
  if (!is_quotable(v)) return WHERE_SKIP;
  if (p->c->kind == KIND_STRING) return trimmed_text(p, v);
  sqlite3_str_appendf(p->out, "%s = ", p->name);
  deparse_string(p->out, v->bytes, v->n_bytes, p->e);
  return WHERE_WIDE;
}

/* ---- the rest ---------------------------------------------------------- */

static enum where_result guid(struct printer *p, enum where_op op,
                              const struct cell *v) {
  unsigned char wire[GUID_BYTES];
  char text[GUID_TEXT];
  if (op != WHERE_EQ || p->c->kind == KIND_BLOB || v->type != SQLITE_TEXT ||
      !guid_from_text((const unsigned char *)v->bytes, v->n_bytes, wire)) {
    return WHERE_SKIP;
  }
  guid_format(wire, text);
  sqlite3_str_appendf(p->out, "%s = '%.*s'", p->name, GUID_TEXT, text);
  return WHERE_WIDE;
}

static enum where_result binary(struct printer *p, enum where_op op,
                                const struct cell *v) {
  if (op != WHERE_EQ || v->type != SQLITE_BLOB || v->n_bytes > TEXT_MOST ||
      (p->c->kind != KIND_RAW && p->c->kind != KIND_BLOB)) {
    return WHERE_SKIP;
  }
  sqlite3_str_appendf(p->out, "%s = 0x", p->name);
  for (int i = 0; i < v->n_bytes; i++) {
    sqlite3_str_appendf(p->out, "%02X", (unsigned char)v->bytes[i]);
  }
  return WHERE_WIDE;
}

/* One comparison with one value. */
static enum where_result compare(struct printer *p, enum where_op op,
                                 const struct cell *v) {
  enum remote_type type = p->c->type;
  if (is_whole_type(type)) return whole(p, op, v);
  if (is_decimal_type(type) || is_float_type(type)) {
    return decimal_or_float(p, op, v);
  }
  if (is_date_type(type) || type == REMOTE_DATETIMEOFFSET) {
    return moment(p, op, v);
  }
  if (type == REMOTE_TIME) return time_of_day(p, op, v);
  if (type == REMOTE_STRING) return string(p, op, v);
  if (type == REMOTE_GUID) return guid(p, op, v);
  if (type == REMOTE_BINARY) return binary(p, op, v);
  return WHERE_SKIP;
}

/* ---- NULL tests -------------------------------------------------------- */

/* 1 when the conversion makes NULL of NULL only. */
static int keeps_null(const struct where_column *c) {
  enum remote_type t = c->type;
  if (t == REMOTE_UNKNOWN || t == REMOTE_VARIANT ||
      t == REMOTE_DATETIMEOFFSET) {
    return 0;
  }
  switch (c->kind) {
  case KIND_RAW:
    return 1;
  case KIND_INTEGER:
    return is_whole_type(t);
  case KIND_DECIMAL:
    return is_whole_type(t) || is_decimal_type(t);
  case KIND_REAL:
    return is_whole_type(t) || is_decimal_type(t) || is_float_type(t);
  case KIND_BOOLEAN:
    return t == REMOTE_BIT;
  case KIND_STRING:
  case KIND_TEXT:
    return t != REMOTE_STRING && t != REMOTE_LONGTEXT;
  case KIND_DATE:
  case KIND_DATETIME:
    return is_date_type(t);
  case KIND_TIME:
    return t == REMOTE_TIME || (is_date_type(t) && t != REMOTE_DATE);
  case KIND_BLOB:
    return t == REMOTE_BINARY || t == REMOTE_IMAGE || t == REMOTE_UDT;
  case KIND_GUID:
    return t == REMOTE_GUID;
  default:
    return 0;
  }
}

static enum where_result null_test(struct printer *p, enum where_op op) {
  int exact = keeps_null(p->c);
  if (p->c->type == REMOTE_UNKNOWN) return WHERE_SKIP;
  if (op == WHERE_NOTNULL) {
    sqlite3_str_appendf(p->out, "%s IS NOT NULL", p->name);
    return exact ? WHERE_EXACT : WHERE_WIDE;
  }
  if (exact) {
    sqlite3_str_appendf(p->out, "%s IS NULL", p->name);
    return WHERE_EXACT;
  }
  if (p->c->type != REMOTE_STRING || !is_text_kind(p->c->kind)) {
    return WHERE_SKIP;
  }
  /* Blank is what has no visible character; these may all be white space. */
  sqlite3_str_appendf(p->out,
                      "%s IS NULL OR CAST(%s AS nvarchar(max)) COLLATE "
                      "Latin1_General_BIN2 NOT LIKE N'%%[!-~]%%'",
                      p->name, p->name);
  return WHERE_WIDE;
}

/* ---- lists ------------------------------------------------------------- */

/* [c] IN (1, 2, ...): whole numbers, all with the same meaning. */
static enum where_result whole_list(struct printer *p,
                                    const struct cell *values, int n) {
  sqlite3_int64 low = INT64_MAX, high = INT64_MIN;
  int n_printed = 0;
  for (int i = 0; i < n; i++) {
    struct whole w;
    if (!is_number(&values[i])) return WHERE_SKIP;
    w = whole_bounds(WHERE_EQ, &values[i]);
    if (w.never) continue;
    if (w.low < low) low = w.low;
    if (w.low > high) high = w.low;
    n_printed++;
  }
  if (n_printed == 0) {
    sqlite3_str_appendall(p->out, NEVER);
    return WHERE_EXACT;
  }
  if (n_printed > LIST_MOST) {
    sqlite3_str_appendf(p->out, "%s BETWEEN %lld AND %lld", p->name, low, high);
    return WHERE_WIDE;
  }
  sqlite3_str_appendf(p->out, "%s IN (", p->name);
  n_printed = 0;
  for (int i = 0; i < n; i++) {
    struct whole w = whole_bounds(WHERE_EQ, &values[i]);
    if (w.never) continue;
    sqlite3_str_appendf(p->out, "%s%lld", n_printed++ ? ", " : "", w.low);
  }
  sqlite3_str_appendchar(p->out, 1, ')');
  return WHERE_EXACT;
}

static enum where_result text_list(struct printer *p, const struct cell *values,
                                   int n) {
  if (n > LIST_MOST) return WHERE_SKIP;
  for (int i = 0; i < n; i++) {
    if (!is_quotable(&values[i])) return WHERE_SKIP;
  }
  sqlite3_str_appendf(p->out, "%s IN (", p->name);
  for (int i = 0; i < n; i++) {
    if (i) sqlite3_str_appendall(p->out, ", ");
    deparse_string(p->out, values[i].bytes, values[i].n_bytes, p->e);
  }
  sqlite3_str_appendchar(p->out, 1, ')');
  return WHERE_WIDE;
}

/* A long list of trimmed texts: one IN, and every value that has something to
** be trimmed, whatever it is. Blanks at the end need no mention: the server's
** = ignores them, and a fixed-length char has them in every row. */
static enum where_result trimmed_list(struct printer *p,
                                      const struct cell *values, int n) {
  static const char like[] = "COLLATE Latin1_General_BIN2 LIKE N'";
  if (text_list(p, values, n) == WHERE_SKIP) return WHERE_SKIP;
  sqlite3_str_appendf(p->out, " OR CAST(%s AS nvarchar(max)) %s[^!-~]%%'",
                      p->name, like);
  sqlite3_str_appendf(p->out,
                      " OR RTRIM(CAST(%s AS nvarchar(max))) %s%%[^!-~]'",
                      p->name, like);
  return WHERE_WIDE;
}

static enum where_result list(struct printer *p, const struct cell *values,
                              int n) {
  enum value_kind kind = p->c->kind;
  if (is_whole_type(p->c->type) &&
      (kind == KIND_INTEGER || kind == KIND_RAW || kind == KIND_DECIMAL)) {
    return whole_list(p, values, n);
  }
  if (p->c->type == REMOTE_STRING && (kind == KIND_RAW || kind == KIND_TEXT)) {
    return text_list(p, values, n);
  }
  if (p->c->type == REMOTE_STRING && kind == KIND_STRING &&
      n > LIST_MOST_TRIM) {
    return trimmed_list(p, values, n);
  }
  if (n > LIST_MOST_OR) return WHERE_SKIP;
  for (int i = 0; i < n; i++) {
    sqlite3_str_appendall(p->out, i ? " OR (" : "(");
    if (compare(p, WHERE_EQ, &values[i]) == WHERE_SKIP) return WHERE_SKIP;
    sqlite3_str_appendchar(p->out, 1, ')');
  }
  return WHERE_WIDE;
}

/* ---- the whole --------------------------------------------------------- */

enum where_result deparse_where(sqlite3_str *out, const struct where_column *c,
                                enum where_op op, const struct cell *values,
                                int n_values, struct err *e) {
  struct printer p = {.c = c, .e = e};
  sqlite3_str *name = sqlite3_str_new(NULL);
  enum where_result result = WHERE_SKIP;
  char *text;
  deparse_identifier(name, c->source, e);
  p.name = sqlite3_str_finish(name);
  p.out = sqlite3_str_new(NULL);
  if (e->code || !p.name) goto done;
  if (op == WHERE_ISNULL || op == WHERE_NOTNULL)
    result = null_test(&p, op);
  else if (n_values == 1)
    result = compare(&p, op, &values[0]);
  else if (op == WHERE_EQ && n_values > 1)
    result = list(&p, values, n_values);
done:
  text = sqlite3_str_finish(p.out);
  if (e->code || !text) result = WHERE_SKIP;
  if (result != WHERE_SKIP) sqlite3_str_appendf(out, "(%s)", text);
  sqlite3_free(text);
  sqlite3_free(p.name);
  return result;
}

int deparse_sorts_alike(const struct where_column *c) {
  if (!keeps_null(c)) return 0;
  if (is_whole_type(c->type)) {
    return c->kind == KIND_RAW || c->kind == KIND_INTEGER ||
           c->kind == KIND_DECIMAL || c->kind == KIND_BOOLEAN;
  }
  if (is_date_type(c->type)) {
    return c->kind == KIND_RAW || c->kind == KIND_STRING ||
           c->kind == KIND_TEXT || c->kind == KIND_DATETIME ||
           (c->kind == KIND_DATE && c->type == REMOTE_DATE);
  }
  return 0;
}

char *deparse_live(const struct live_select *s, struct err *e) {
  sqlite3_str *out;
  char *base =
      deparse_select(s->source, s->filter, s->columns, s->n_columns, e);
  char *text;
  if (!base) return NULL;
  out = sqlite3_str_new(NULL);
  sqlite3_str_appendall(out, "SELECT ");
  if (s->top >= 0) sqlite3_str_appendf(out, "TOP (%lld) ", s->top);
  if (s->n_columns == 0) sqlite3_str_appendall(out, "1 AS [row]");
  sqlite3_str_appendall(out, base + strlen("SELECT "));
  if (s->where) {
    sqlite3_str_appendall(out, s->filter ? " AND " : " WHERE ");
    sqlite3_str_appendall(out, s->where);
  }
  if (s->order) sqlite3_str_appendf(out, " ORDER BY %s", s->order);
  sqlite3_free(base);
  text = sqlite3_str_finish(out);
  if (!text) err_nomem(e);
  return text;
}
