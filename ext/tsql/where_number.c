/*
** Comparisons with numbers, as T-SQL: whole ones exactly, decimals and floats
** as intervals that are wider than any rounding.
*/
#include "tsql/where_number.h"

#include "value/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* More than the error of a double, a real, and of converting a decimal. */
#define SLACK_FLOAT 3.5527136788005009e-15 /* 2^-48 */
#define SLACK_REAL  4.76837158203125e-07   /* 2^-21 */

/* ---- whole numbers ----------------------------------------------------- */

/* Doubles from here on have no place among 64-bit integers. */
#define WHOLE_END 9223372036854775808.0

/* floor(), without the mathematical library; v is within 64 bits. */
static double round_down(double v) {
  double cut = (double)(sqlite3_int64)v;
  return cut > v ? cut - 1 : cut;
}

static struct whole bounds(enum where_op op, const struct cell *v) {
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

/* What a type can hold. Beyond it nothing is compared: the server would have
** to convert one of the sides, and might overflow. */
static void limits(enum remote_type type, sqlite3_int64 *low,
                   sqlite3_int64 *high) {
  *low = type == REMOTE_SMALLINT ? INT16_MIN
         : type == REMOTE_INT    ? INT32_MIN
         : type == REMOTE_BIGINT ? INT64_MIN
                                 : 0;
  *high = type == REMOTE_BIT        ? 1
          : type == REMOTE_TINYINT  ? UINT8_MAX
          : type == REMOTE_SMALLINT ? INT16_MAX
          : type == REMOTE_INT      ? INT32_MAX
                                    : INT64_MAX;
}

struct whole where_whole_bounds(enum remote_type type, enum where_op op,
                                const struct cell *v) {
  struct whole w = bounds(op, v);
  sqlite3_int64 low, high;
  limits(type, &low, &high);
  if (w.has_low && w.low > high) w.never = 1;
  if (w.has_high && w.high < low) w.never = 1;
  if (w.never || (w.has_low && w.has_high)) return w;
  if (w.has_low && w.low <= low) w.has_low = 0;
  if (w.has_high && w.high >= high) w.has_high = 0;
  return w;
}

/* A literal beyond int would be a numeric of just its digits, to which a
** bigint would be converted. */
void where_append_whole(sqlite3_str *out, sqlite3_int64 v) {
  int is_int = v <= INT32_MAX && v >= -INT32_MAX;
  sqlite3_str_appendf(out, is_int ? "%lld" : "CAST(%lld AS bigint)", v);
}

static void print_whole(struct printer *p, const struct whole *w) {
  int is_equal = w->has_low && w->has_high && w->low == w->high;
  if (w->never) {
    sqlite3_str_appendall(p->out, NEVER);
    return;
  }
  sqlite3_str_appendf(p->out, "%s %s ", p->name,
                      is_equal                    ? "="
                      : w->has_low && w->has_high ? "BETWEEN"
                      : w->has_low                ? ">="
                                                  : "<=");
  if (w->has_low) where_append_whole(p->out, w->low);
  if (is_equal) return;
  if (w->has_low && w->has_high) sqlite3_str_appendall(p->out, " AND ");
  if (w->has_high) where_append_whole(p->out, w->high);
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

/* printf()'s text of a number, whatever the host's locale made of its point;
** a fraction without the zeros at its end. */
static void append_printed(sqlite3_str *out, const char *text, int is_float) {
  char plain[400] = "";
  size_t n = 0;
  int point = 0;
  for (; *text; text++) {
    if (strchr("+-0123456789e", *text))
      plain[n++] = *text;
    else if (!point++)
      plain[n++] = '.';
  }
  if (point && !is_float) {
    while (plain[n - 1] == '0') n--;
    if (plain[n - 1] == '.') n--;
  }
  if (n == 2 && plain[0] == '-' && plain[1] == '0') plain[--n - 1] = '0';
  sqlite3_str_append(out, plain, (int)n);
}

/* A numeric ranks above money, a float above real: the column would be
** converted, and no index of it sought. Beyond its type a bound stays as it
** is. */
static int is_outranked(enum remote_type type, double v) {
  return type == REMOTE_MONEY        ? fabs(v) < 922337203685477.0
         : type == REMOTE_SMALLMONEY ? fabs(v) < 214748.0
                                     : type == REMOTE_REAL && fabs(v) < 3.4e38;
}

static void append_bound(struct printer *p, double v) {
  enum remote_type type = p->c->type;
  char text[400];
  int is_float = is_float_type(type), is_cast = is_outranked(type, v);
  if (is_float)
    (void)snprintf(text, sizeof text, "%.16e", v);
  else
    (void)snprintf(text, sizeof text, "%.*f", p->c->scale, v);
  if (is_cast) sqlite3_str_appendall(p->out, "CAST(");
  append_printed(p->out, text, is_float);
  if (is_cast) sqlite3_str_appendf(p->out, " AS %s)", remote_type_name(type));
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

/* Decimals of more than 15 digits may be TEXT, which is greater than any
** number. Such a one is a whole number of more than 15 digits of its last
** place, so it lies beyond 10^(15 - scale) on either side of zero. */
static int may_be_text(const struct where_column *c) {
  return is_decimal_type(c->type) && !decimal_is_number(c) &&
         (c->kind == KIND_RAW || c->kind == KIND_DECIMAL);
}

static enum where_result above_or_text(struct printer *p, struct range *r) {
  double text = 1;
  for (int i = p->c->scale; i < DECIMAL_REAL_DIGITS; i++) text *= 10;
  for (int i = DECIMAL_REAL_DIGITS; i < p->c->scale; i++) text /= 10;
  if (r->low > text) r->low = text;
  clamp_decimal(r, p->c->precision - p->c->scale);
  if (!r->has_low) return WHERE_SKIP;
  sqlite3_str_appendf(p->out, "%s >= ", p->name);
  append_bound(p, r->low);
  sqlite3_str_appendf(p->out, " OR %s <= ", p->name);
  append_bound(p, -text);
  return WHERE_WIDE;
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

enum where_result where_number(struct printer *p, enum where_op op,
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
  case KIND_DECIMAL:
    /* decimals may be text, whose order is not theirs */
    if (!is_number(v) && (op != WHERE_EQ || is_float_type(c->type)))
      return WHERE_SKIP;
    break;
  default:
    return WHERE_SKIP;
  }
  if (!value_real(v, &real) || !isfinite(real)) return WHERE_SKIP;
  r = around(op, real, slack);
  if (may_be_text(c) && (op == WHERE_GT || op == WHERE_GE))
    return above_or_text(p, &r);
  return print_range(p, &r) ? WHERE_WIDE : WHERE_SKIP;
}

enum where_result where_whole(struct printer *p, enum where_op op,
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
    w = where_whole_bounds(p->c->type, op, &number);
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
  w = where_whole_bounds(p->c->type, op, v);
  if (!w.never && !w.has_low && !w.has_high) return WHERE_SKIP;
  print_whole(p, &w);
  return p->c->kind == KIND_REAL ||
                 (p->c->kind == KIND_BOOLEAN && p->c->type != REMOTE_BIT)
             ? WHERE_WIDE
             : WHERE_EXACT;
}
