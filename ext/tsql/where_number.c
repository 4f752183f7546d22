/*
** Comparisons with numbers, as T-SQL: whole ones exactly, decimals and floats
** as intervals that are wider than any rounding.
*/
#include "tsql/printer.h"

#include "value/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* More than the error of a double, a real, and of converting a decimal. */
#define SLACK_FLOAT 3.5527136788005009e-15 /* 2^-48 */
#define SLACK_REAL  4.76837158203125e-07   /* 2^-21 */

/* Room for a literal. */
#define LITERAL 400

/* An empty bound is none. */
static void print_between(struct printer *p, const char *low,
                          const char *high) {
  int both = *low && *high;
  sqlite3_str_appendf(p->out, "%s %s %s%s%s", p->name,
                      both   ? "BETWEEN"
                      : *low ? ">="
                             : "<=",
                      low, both ? " AND " : "", high);
}

/* Doubles from here on have no place among 64-bit integers; from the next on
** they skip some. */
#define WHOLE_END  9223372036854775808.0
#define EXACT_REAL 9007199254740992.0

/* Smallest and largest integer that satisfies a comparison. */
struct whole {
  int never;
  int has_low, has_high;
  sqlite3_int64 low, high;
};

static struct whole bounds(enum where_op op, const struct cell *v) {
  struct whole w = {.has_low = has_lower(op), .has_high = has_upper(op)};
  if (v->type == SQLITE_INTEGER) {
    w.low = w.high = v->integer;
  } else if (v->real >= -WHOLE_END && v->real < WHOLE_END) {
    w.low = w.high = (sqlite3_int64)v->real;
    if ((double)w.low < v->real) w.low++;
    if ((double)w.high > v->real) w.high--;
  } else {
    w.never = v->real > 0 ? w.has_low : w.has_high;
    w.has_low = w.has_high = 0;
  }
  if (w.low != w.high) { /* what is strict is so already */
    w.never = op == WHERE_EQ;
  } else if (op == WHERE_GT && w.has_low) {
    w.never = w.low == INT64_MAX;
    w.low += !w.never;
  } else if (op == WHERE_LT && w.has_high) {
    w.never = w.high == INT64_MIN;
    w.high -= !w.never;
  }
  return w;
}

/* What a type can hold. Beyond it nothing is compared: the server would have
** to convert one of the sides, and might overflow. */
static const struct {
  sqlite3_int64 low, high;
} limits[] = {[REMOTE_BIT] = {0, 1},
              [REMOTE_TINYINT] = {0, UINT8_MAX},
              [REMOTE_SMALLINT] = {INT16_MIN, INT16_MAX},
              [REMOTE_INT] = {INT32_MIN, INT32_MAX},
              [REMOTE_BIGINT] = {INT64_MIN, INT64_MAX}};

/* The integers of the type for which `column op v` is true. */
static struct whole bounds_of_type(enum remote_type type, enum where_op op,
                                   const struct cell *v) {
  struct whole w = bounds(op, v);
  sqlite3_int64 low = limits[type].low, high = limits[type].high;
  if ((w.has_low && w.low > high) || (w.has_high && w.high < low)) w.never = 1;
  if (w.never || (w.has_low && w.has_high)) return w;
  if (w.low <= low) w.has_low = 0;
  if (w.high >= high) w.has_high = 0;
  return w;
}

/* A literal beyond int would be a numeric of just its digits, to which a
** bigint would be converted. */
static const char *whole_text(char *out, sqlite3_int64 v) {
  int is_int = v <= INT32_MAX && v >= -INT32_MAX;
  return sqlite3_snprintf(LITERAL, out,
                          is_int ? "%lld" : "CAST(%lld AS bigint)", v);
}

static void print_whole(struct printer *p, const struct whole *w) {
  char low[LITERAL] = "", high[LITERAL] = "";
  if (w->has_low) whole_text(low, w->low);
  if (w->has_high) whole_text(high, w->high);
  if (w->never)
    sqlite3_str_appendall(p->out, NEVER);
  else if (strcmp(low, high) == 0)
    sqlite3_str_appendf(p->out, "%s = %s", p->name, low);
  else
    print_between(p, low, high);
}

enum where_result where_whole(struct printer *p, enum where_op op,
                              const struct cell *v) {
  enum value_kind kind = p->c->kind;
  struct cell parsed = {.type = SQLITE_INTEGER};
  struct whole w;
  if (is_text_kind(kind) && v->type == SQLITE_TEXT) {
    /* The text of an integer has one form. */
    if (!integer_from_text((const unsigned char *)v->bytes, v->n_bytes,
                           &parsed.integer)) {
      return WHERE_SKIP;
    }
    v = &parsed;
  } else if (is_text_kind(kind) || !is_number(v)) {
    return WHERE_SKIP;
  } else if (kind == KIND_REAL || p->c->affinity == 'R') {
    double real = v->type == SQLITE_INTEGER ? (double)v->integer : v->real;
    if (!(fabs(real) < EXACT_REAL)) return WHERE_SKIP;
  }
  w = bounds_of_type(p->c->type, op, v);
  if (!w.never && !w.has_low && !w.has_high) return WHERE_SKIP;
  print_whole(p, &w);
  return is_text_kind(kind) || kind == KIND_REAL ||
                 (kind == KIND_BOOLEAN && p->c->type != REMOTE_BIT)
             ? WHERE_WIDE
             : WHERE_EXACT;
}

enum where_result where_whole_list(struct printer *p, const struct cell *values,
                                   int n) {
  struct whole all = {
      .has_low = 1, .low = INT64_MAX, .has_high = 1, .high = INT64_MIN};
  char text[LITERAL];
  int n_printed = 0;
  sqlite3_str_appendf(p->out, "%s IN (", p->name);
  if (p->c->affinity == 'R') return WHERE_SKIP; /* rounded from 2^53 on */
  for (int i = 0; i < n; i++) {
    struct whole w;
    if (!is_number(&values[i])) return WHERE_SKIP;
    w = bounds_of_type(p->c->type, WHERE_EQ, &values[i]);
    if (w.never) continue;
    if (w.low < all.low) all.low = w.low;
    if (w.low > all.high) all.high = w.low;
    if (n_printed++ >= LIST_MOST) continue;
    sqlite3_str_appendf(p->out, "%s%s", n_printed > 1 ? ", " : "",
                        whole_text(text, w.low));
  }
  sqlite3_str_appendchar(p->out, 1, ')');
  if (n_printed > 0 && n_printed <= LIST_MOST) return WHERE_EXACT;
  sqlite3_str_reset(p->out);
  all.never = n_printed == 0;
  print_whole(p, &all);
  return all.never ? WHERE_EXACT : WHERE_WIDE;
}

struct range {
  int never;
  int has_low, has_high;
  double low, high;
};

static struct range around(enum where_op op, double v, double slack) {
  /* the constant is for what is next to zero */
  double give = fabs(v) * slack + (slack == SLACK_REAL ? 1e-37 : 1e-290);
  return (struct range){.has_low = has_lower(op),
                        .has_high = has_upper(op),
                        .low = v - give,
                        .high = v + give};
}

/* A decimal column holds multiples of its last digit within its precision:
** the bounds are rounded to such, which keeps every value inside. */
static void clamp_decimal(struct range *r, const struct where_column *c) {
  double end = 1, last = 1; /* what the greatest value lacks to the end */
  for (int i = c->scale; i < c->precision; i++) end *= 10;
  if (c->scale == c->precision && decimal_is_number(c)) {
    for (int i = 0; i < c->scale; i++) last /= 10;
  }
  if (r->has_low && r->low >= end) r->never = 1;
  if (r->has_high && r->high <= -end) r->never = 1;
  if (r->high >= end - last) r->has_high = 0;
  if (r->low <= last - end) r->has_low = 0;
  if (r->low > end - last) r->low = end - last;
  if (r->high < last - end) r->high = last - end;
}

/* Whatever the host's locale makes of printf()'s point; a decimal without the
** zeros at its end. */
static void plain_text(char *out, const struct where_column *c, double v) {
  char text[LITERAL];
  size_t n = 0;
  int is_float = is_float_type(c->type), point = 0;
  (void)snprintf(text, sizeof text, is_float ? "%.*e" : "%.*f",
                 is_float ? 16 : c->scale, v);
  for (const char *at = text; *at; at++) {
    if (strchr("+-0123456789e", *at))
      out[n++] = *at;
    else if (!point++)
      out[n++] = '.';
  }
  while (point && !is_float && n > 0 && out[n - 1] == '0') n--;
  if (n > 0 && out[n - 1] == '.') n--;
  out[n] = 0;
  if (strcmp(out, "-0") == 0) memcpy(out, "0", 2);
}

/* A numeric ranks above money, a float above real: the column would be
** converted, and no index of it sought. Beyond its type a bound stays as it
** is. */
static int is_outranked(enum remote_type type, double v) {
  return type == REMOTE_MONEY        ? fabs(v) < 922337203685477.0
         : type == REMOTE_SMALLMONEY ? fabs(v) < 214748.0
                                     : type == REMOTE_REAL && fabs(v) < 3.4e38;
}

/* A literal that leaves the column as it is. */
static const char *real_text(char *out, const struct where_column *c,
                             double v) {
  char text[LITERAL];
  plain_text(text, c, v);
  return sqlite3_snprintf(LITERAL, out,
                          is_outranked(c->type, v) ? "CAST(%s AS %s)" : "%s",
                          text, remote_type_name(c->type));
}

static enum where_result print_range(struct printer *p, struct range *r) {
  char low[LITERAL] = "", high[LITERAL] = "";
  if (is_float_type(p->c->type)) {
    r->has_low = r->has_low && isfinite(r->low);
    r->has_high = r->has_high && isfinite(r->high);
  } else {
    clamp_decimal(r, p->c);
  }
  if (r->has_low) real_text(low, p->c, r->low);
  if (r->has_high) real_text(high, p->c, r->high);
  if (r->never)
    sqlite3_str_appendall(p->out, NEVER);
  else if (!r->has_low && !r->has_high)
    return WHERE_SKIP;
  else
    print_between(p, low, high);
  return WHERE_WIDE;
}

/* Decimals of more than 15 digits may be TEXT, which is greater than any
** number. Such a one is a whole number of more than 15 digits of its last
** place, so it lies beyond 10^(15 - scale) on either side of zero. */
static int may_be_text(const struct where_column *c) {
  return is_decimal_type(c->type) && !decimal_is_number(c) &&
         (c->kind == KIND_RAW || c->kind == KIND_DECIMAL);
}

static enum where_result above_or_text(struct printer *p, struct range *r) {
  char low[LITERAL] = "", high[LITERAL] = "";
  double text = 1;
  for (int i = p->c->scale; i < DECIMAL_REAL_DIGITS; i++) text *= 10;
  for (int i = DECIMAL_REAL_DIGITS; i < p->c->scale; i++) text /= 10;
  if (r->low > text) r->low = text;
  clamp_decimal(r, p->c);
  if (!r->has_low) return WHERE_SKIP;
  sqlite3_str_appendf(p->out, "%s >= %s OR %s <= %s", p->name,
                      real_text(low, p->c, r->low), p->name,
                      real_text(high, p->c, -text));
  return WHERE_WIDE;
}

enum where_result where_number(struct printer *p, enum where_op op,
                               const struct cell *v) {
  const struct where_column *c = p->c;
  double real = v->type == SQLITE_INTEGER ? (double)v->integer : v->real;
  struct range r;
  if (v->type == SQLITE_TEXT) {
    /* decimals may be text, whose order is not theirs */
    int may_equal = is_text_kind(c->kind) ||
                    (op == WHERE_EQ && !is_float_type(c->type) &&
                     (c->kind == KIND_RAW || c->kind == KIND_DECIMAL));
    if (!may_equal || v->n_bytes == 0 ||
        !real_from_text((const unsigned char *)v->bytes, v->n_bytes, &real)) {
      return WHERE_SKIP;
    }
  } else if (is_text_kind(c->kind) || !is_number(v)) {
    return WHERE_SKIP;
  }
  if (!isfinite(real)) return WHERE_SKIP;
  r = around(op, real, c->type == REMOTE_REAL ? SLACK_REAL : SLACK_FLOAT);
  if (may_be_text(c) && (op == WHERE_GT || op == WHERE_GE)) {
    return above_or_text(p, &r);
  }
  return print_range(p, &r);
}
