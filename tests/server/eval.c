/* Evaluation of bound expressions, with three-valued logic. */
#include <math.h>
#include <string.h>

#include "engine.h"

/* "SET ARITHABORT": with that and ANSI_WARNINGS off an error of arithmetic
** yields NULL. */
static bool yields_null(const struct eval *ev, struct value *out,
                        bool *noticed) {
  if (ev->en->s->options & (OPT_ARITHABORT | OPT_ANSI_WARNINGS)) return false;
  *noticed = true;
  out->null = true;
  return true;
}

static bool overflow(const struct eval *ev, const struct type *t,
                     struct value *out) {
  if (yields_null(ev, out, &ev->en->overflowed)) return true;
  return sqlerr_set(ev->en->e, 8115, 16, 2,
                    "Arithmetic overflow error converting expression to data "
                    "type %s.",
                    t->id == T_DECIMAL ? "numeric" : type_name(t));
}

static bool divide_by_zero(const struct eval *ev, struct value *out) {
  if (yields_null(ev, out, &ev->en->divided)) return true;
  return sqlerr_set(ev->en->e, 8134, 16, 1,
                    "Divide by zero error encountered.");
}

static bool integer_math(const struct eval *ev, const struct node *n, int64_t a,
                         int64_t b, struct value *out) {
  static const int64_t lo[] = {0, 0, INT16_MIN, INT32_MIN, INT64_MIN};
  static const int64_t hi[] = {1, 255, INT16_MAX, INT32_MAX, INT64_MAX};
  unsigned k = n->type.id - T_BIT;
  int64_t v = 0;
  bool bad = false;
  switch (n->op) {
  case '+':
    bad = __builtin_add_overflow(a, b, &v);
    break;
  case '-':
    bad = __builtin_sub_overflow(a, b, &v);
    break;
  case '*':
    bad = __builtin_mul_overflow(a, b, &v);
    break;
  case '&':
    v = a & b;
    break;
  case '|':
    v = a | b;
    break;
  case '^':
    v = a ^ b;
    break;
  default:
    if (b == 0) return divide_by_zero(ev, out);
    if (a == INT64_MIN && b == -1)
      bad = true;
    else
      v = n->op == '/' ? a / b : a % b;
  }
  if (bad || v < lo[k] || v > hi[k]) return overflow(ev, &n->type, out);
  out->u.i = v;
  return true;
}

static bool decimal_math(const struct eval *ev, const struct node *n,
                         const struct value *a, const struct value *b,
                         struct value *out) {
  i128 x = a->u.dec, y = b->u.dec, v = 0;
  int scale = n->type.id == T_DECIMAL ? n->type.scale : 4, have = scale;
  bool bad = false;
  out->scale = (uint8_t)scale;
  switch (n->op) {
  case '*':
    bad = __builtin_mul_overflow(x, y, &v);
    have = a->scale + b->scale;
    break;
  case '/':
    if (y == 0) return divide_by_zero(ev, out);
    bad = !dec_divide(x, a->scale, y, b->scale, scale, &v);
    break;
  default:
    have = a->scale > b->scale ? a->scale : b->scale;
    bad = !dec_rescale(&x, a->scale, have) || !dec_rescale(&y, b->scale, have);
    if (n->op == '%') {
      if (y == 0) return divide_by_zero(ev, out);
      v = x % y;
    } else if (n->op == '+') {
      bad |= __builtin_add_overflow(x, y, &v);
    } else {
      bad |= __builtin_sub_overflow(x, y, &v);
    }
  }
  if (bad || !dec_rescale(&v, have, scale) || !dec_fits(v, 38))
    return overflow(ev, &n->type, out);
  if (n->type.id == T_MONEY && (v > INT64_MAX || v < INT64_MIN))
    return overflow(ev, &n->type, out);
  out->u.dec = v;
  return true;
}

static bool float_math(const struct eval *ev, const struct node *n, double a,
                       double b, struct value *out) {
  switch (n->op) {
  case '+':
    out->u.f = a + b;
    break;
  case '-':
    out->u.f = a - b;
    break;
  case '*':
    out->u.f = a * b;
    break;
  default:
    if (b == 0) return divide_by_zero(ev, out);
    out->u.f = n->op == '/' ? a / b : fmod(a, b);
  }
  if (n->type.id == T_REAL) out->u.f = (double)(float)out->u.f;
  return isfinite(out->u.f) || overflow(ev, &n->type, out);
}

/* datetime +- datetime: days and ticks since 1900-01-01 add up. */
static bool date_math(const struct eval *ev, const struct node *n,
                      const struct when *a, const struct when *b,
                      struct value *out) {
  int sign = n->op == '-' ? -1 : 1;
  int64_t days = (int64_t)a->days + sign * ((int64_t)b->days - DAYS_TO_1900);
  int64_t ticks = a->ticks + sign * b->ticks;
  if (ticks < 0) {
    ticks += TICKS_PER_DAY;
    days--;
  } else if (ticks >= TICKS_PER_DAY) {
    ticks -= TICKS_PER_DAY;
    days++;
  }
  if (days < 0 || days > 3652058) return overflow(ev, &n->type, out);
  out->u.w.days = (int32_t)days;
  out->u.w.ticks = ticks;
  out->u.w.offset = 0;
  if (n->type.id == T_DATETIME)
    datetime_round(&out->u.w);
  else
    smalldatetime_round(&out->u.w);
  return true;
}

static bool eval_concat(const struct eval *ev, const struct node *n,
                        const struct value *a, const struct value *b,
                        struct value *out) {
  char *p = arena_raw(ev->a, a->u.s.n + b->u.s.n + 1);
  if (a->u.s.n) memcpy(p, a->u.s.p, a->u.s.n);
  if (b->u.s.n) memcpy(p + a->u.s.n, b->u.s.p, b->u.s.n);
  *out = value_text(n->type.id, p, a->u.s.n + b->u.s.n);
  if (n->type.len > 0 && out->u.s.n > (size_t)n->type.len &&
      type_is_string(n->type.id)) {
    struct value whole = *out;
    return convert(out, &whole, &n->type, -1, &ev->en->s->fmt, ev->a,
                   ev->en->e);
  }
  return true;
}

static bool eval_binary(const struct eval *ev, const struct node *n,
                        struct value *out) {
  struct value a, b;
  if (!eval_expr(ev, n->arg[0], &a) || !eval_expr(ev, n->arg[1], &b))
    return false;
  *out = value_null(n->type.id);
  if (type_is_string(n->type.id) && !(ev->en->s->options & OPT_CONCAT_NULL)) {
    /* "SET CONCAT_NULL_YIELDS_NULL" off: NULL is the empty string */
    if (a.null) a = value_text(n->type.id, "", 0);
    if (b.null) b = value_text(n->type.id, "", 0);
  }
  if (a.null || b.null) return true;
  out->null = false;
  if (type_is_string(n->type.id) || type_is_binary(n->type.id))
    return eval_concat(ev, n, &a, &b, out);
  if (type_is_integer(n->type.id))
    return integer_math(ev, n, a.u.i, b.u.i, out);
  if (type_is_exact(n->type.id)) return decimal_math(ev, n, &a, &b, out);
  if (type_is_date(n->type.id)) return date_math(ev, n, &a.u.w, &b.u.w, out);
  return float_math(ev, n, a.u.f, b.u.f, out);
}

static bool eval_unary(const struct eval *ev, const struct node *n,
                       struct value *out) {
  if (!eval_expr(ev, n->arg[0], out)) return false;
  if (out->null || n->op == '+') return true;
  if (type_is_integer(out->id)) {
    int64_t v = out->u.i;
    out->id = n->type.id;
    if (n->op == '~')
      out->u.i = ~v;
    else if (v == INT64_MIN || (out->id == T_INT && v == INT32_MIN))
      return overflow(ev, &n->type, out);
    else
      out->u.i = -v;
  } else if (type_is_exact(out->id)) {
    out->u.dec = -out->u.dec;
  } else if (out->id == T_FLOAT || out->id == T_REAL) {
    out->u.f = -out->u.f;
  }
  return true;
}

static bool eval_case(const struct eval *ev, const struct node *n,
                      struct value *out) {
  for (unsigned i = 0; i + 1 < n->argc; i += 2) {
    int yes = eval_condition(ev, n->arg[i]);
    if (yes == -2) return false;
    if (yes == 1) return eval_expr(ev, n->arg[i + 1], out);
  }
  if (n->has_else) return eval_expr(ev, n->arg[n->argc - 1], out);
  *out = value_null(n->type.id);
  return true;
}

static bool eval_cast(const struct eval *ev, const struct node *n,
                      struct value *out) {
  struct value in;
  struct sqlerr quiet = {0};
  int style = -1;
  if (n->style) {
    struct value s;
    if (!eval_expr(ev, n->style, &s)) return false;
    if (s.null) {
      *out = value_null(n->type.id);
      return true;
    }
    style = (int)s.u.i;
  }
  if (!eval_expr(ev, n->arg[0], &in)) return false;
  if (n->type.id == T_VARIANT && n->arg[0]->type.id != T_VARIANT)
    in.inner = &n->arg[0]->type;
  if (convert(out, &in, &n->type, style, &ev->en->s->fmt, ev->a, &quiet))
    return true;
  if (!n->tries && (quiet.number == 8115 || quiet.number == 220) &&
      yields_null(ev, out, &ev->en->overflowed))
    quiet.number = 0;
  else if (!n->tries)
    return sqlerr_set(ev->en->e, quiet.number, quiet.severity, quiet.state,
                      "%s", quiet.text);
  *out = value_null(n->type.id);
  return true;
}

static bool eval_call(const struct eval *ev, const struct node *n,
                      struct value *out) {
  struct value args[16] = {0};
  unsigned argc = n->argc < 16 ? n->argc : 16;
  if (strcmp(n->fn->name, "COALESCE") == 0) {
    for (unsigned i = 0; i < n->argc; i++) {
      if (!eval_expr(ev, n->arg[i], out)) return false;
      if (!out->null) return true;
    }
    return true;
  }
  if (strcmp(n->fn->name, "IIF") == 0) {
    int yes = eval_condition(ev, n->arg[0]);
    return yes != -2 && eval_expr(ev, n->arg[yes == 1 ? 1 : 2], out);
  }
  *out = value_null(n->type.id);
  for (unsigned i = 0; i < argc; i++) {
    if (!eval_expr(ev, n->arg[i], &args[i])) return false;
    if (args[i].null && !n->fn->takes_null) return true;
  }
  out->null = false;
  return n->fn->run(ev, n, args, out);
}

static bool eval_subquery(const struct eval *ev, const struct node *n,
                          struct value *out) {
  struct value v;
  int got;
  *out = value_null(n->type.id);
  if (!query_open(n->plan)) return false;
  got = query_next(n->plan, &v);
  if (got == 1) {
    value_copy(&v, ev->a);
    *out = v;
    got = query_next(n->plan, &v);
    if (got == 1) {
      query_close(n->plan);
      return sqlerr_set(ev->en->e, 512, 16, 1,
                        "Subquery returned more than 1 value. This is not "
                        "permitted when the subquery follows =, !=, <, <= , >, "
                        ">= or when the subquery is used as an expression.");
    }
  }
  query_close(n->plan);
  return got >= 0;
}

bool eval_expr(const struct eval *ev, const struct node *n, struct value *out) {
  switch (n->kind) {
  case N_LITERAL:
    *out = n->value;
    return true;
  case N_COLUMN:
  case N_AGG:
    *out = n->scope->row[n->index];
    return true;
  case N_VAR:
    if (n->name[1] == '@') return sysvar_eval(ev, n, out);
    *out = ev->en->vars[n->index].value;
    return true;
  case N_UNARY:
    return eval_unary(ev, n, out);
  case N_BINARY:
    return eval_binary(ev, n, out);
  case N_CASE:
    return eval_case(ev, n, out);
  case N_CAST:
    return eval_cast(ev, n, out);
  case N_CALL:
    return eval_call(ev, n, out);
  case N_COLLATE:
    return eval_expr(ev, n->arg[0], out);
  case N_SUBQUERY:
    return eval_subquery(ev, n, out);
  default:
    return false;
  }
}

/* ---- predicates ---- */

int compare_values(const struct eval *ev, const struct value *a,
                   const struct value *b, unsigned coll) {
  if ((a->inner || b->inner) && a->id != b->id && type_is_number(a->id) &&
      type_is_number(b->id)) {
    /* variants of one family compare by value */
    struct type x = type_of(a->id), y = type_of(b->id), t;
    struct value va, vb;
    struct sqlerr e = {0};
    t = type_rank(a->id) > type_rank(b->id) ? x : y;
    if (t.id == T_DECIMAL)
      t = type_decimal(38, a->scale > b->scale ? a->scale : b->scale);
    if (convert(&va, a, &t, -1, &ev->en->s->fmt, ev->a, &e) &&
        convert(&vb, b, &t, -1, &ev->en->s->fmt, ev->a, &e))
      return value_compare(&va, &vb, coll);
  }
  return value_compare(a, b, coll);
}

static int test(int op, int c) {
  switch (op) {
  case '=':
    return c == 0;
  case '!':
    return c != 0;
  case '<':
    return c < 0;
  case '>':
    return c > 0;
  case 'l':
    return c <= 0;
  default:
    return c >= 0;
  }
}

static int eval_in(const struct eval *ev, const struct node *n) {
  struct value left, v;
  int result = 0, got;
  if (!eval_expr(ev, n->arg[0], &left)) return -2;
  if (n->query) {
    if (!query_open(n->plan)) return -2;
    while ((got = query_next(n->plan, &v)) == 1) {
      struct value as = v;
      if (!type_is_string(n->type.id) &&
          !convert(&as, &v, &n->type, -1, &ev->en->s->fmt, ev->a, ev->en->e)) {
        got = -1;
        break;
      }
      if (left.null || as.null) {
        result = -1;
      } else if (compare_values(ev, &left, &as, n->arg[0]->type.coll) == 0) {
        result = 1;
        break;
      }
    }
    query_close(n->plan);
    if (got < 0) return -2;
  } else {
    for (unsigned i = 1; i < n->argc; i++) {
      if (!eval_expr(ev, n->arg[i], &v)) return -2;
      if (left.null || v.null) {
        result = -1;
      } else if (compare_values(ev, &left, &v, n->type.coll) == 0) {
        result = 1;
        break;
      }
    }
  }
  return n->negate && result >= 0 ? !result : result;
}

static int eval_like(const struct eval *ev, const struct node *n) {
  struct value s, pat, esc;
  uint32_t escape = 0;
  int yes;
  if (!eval_expr(ev, n->arg[0], &s) || !eval_expr(ev, n->arg[1], &pat))
    return -2;
  if (n->argc > 2) {
    size_t at = 0;
    if (!eval_expr(ev, n->arg[2], &esc)) return -2;
    if (esc.null) return -1;
    if (esc.u.s.n) escape = text_next(esc.u.s.p, esc.u.s.n, &at);
    if (at == 0 || at < esc.u.s.n) {
      sqlerr_set(ev->en->e, 506, 16, 1,
                 "The invalid escape character \"%.*s\" was specified in a "
                 "LIKE predicate.",
                 (int)(esc.u.s.n > 100 ? 100 : esc.u.s.n), esc.u.s.p);
      return -2;
    }
  }
  if (s.null || pat.null || s.raw) return -1;
  yes = text_like(s.u.s.p, s.u.s.n, pat.u.s.p, pat.u.s.n, escape, n->type.coll,
                  !type_is_unicode(s.id) && !type_is_unicode(pat.id));
  return n->negate ? !yes : yes;
}

static int eval_between(const struct eval *ev, const struct node *n) {
  struct value v, lo, hi;
  int low, high, yes;
  if (!eval_expr(ev, n->arg[0], &v) || !eval_expr(ev, n->arg[1], &lo) ||
      !eval_expr(ev, n->arg[2], &hi))
    return -2;
  if (v.null) return -1;
  low = lo.null ? -1 : compare_values(ev, &v, &lo, n->type.coll) >= 0;
  high = hi.null ? -1 : compare_values(ev, &v, &hi, n->type.coll) <= 0;
  if (low == 0 || high == 0)
    yes = 0;
  else
    yes = low == 1 && high == 1 ? 1 : -1;
  return n->negate && yes >= 0 ? !yes : yes;
}

/* "SET ANSI_NULLS" off: = and <> find NULL where one side is NULL as written
** or a variable; two columns compare as ever. */
static bool nulls_compare(const struct eval *ev, const struct node *n) {
  if (ev->en->s->options & OPT_ANSI_NULLS) return false;
  if (n->op != '=' && n->op != '!') return false;
  for (unsigned i = 0; i < 2; i++) {
    const struct node *a = n->arg[i];
    while (a->kind == N_CAST && a->implicit) a = a->arg[0];
    if (a->kind == N_VAR || a->kind == N_LITERAL) return true;
  }
  return false;
}

/* AND, OR: `decides` is the operand that settles the result at once. */
static int eval_chain(const struct eval *ev, const struct node *n,
                      int decides) {
  int result = !decides;
  for (unsigned i = 0; i < n->argc; i++) {
    int got = eval_condition(ev, n->arg[i]);
    if (got == decides || got == -2) return got;
    if (got == -1) result = -1;
  }
  return result;
}

static int eval_compare(const struct eval *ev, const struct node *n) {
  struct value a, b;
  if (!eval_expr(ev, n->arg[0], &a) || !eval_expr(ev, n->arg[1], &b)) return -2;
  if ((a.null || b.null) && nulls_compare(ev, n))
    return (a.null && b.null) == (n->op == '=');
  if (a.null || b.null) return -1;
  return test(n->op, compare_values(ev, &a, &b, n->type.coll));
}

static int eval_exists(const struct node *n) {
  int got;
  if (!query_open(n->plan)) return -2;
  got = query_next(n->plan, NULL);
  query_close(n->plan);
  return got < 0 ? -2 : got;
}

int eval_condition(const struct eval *ev, const struct node *n) {
  struct value v;
  int got;
  switch (n->kind) {
  case N_AND:
    return eval_chain(ev, n, 0);
  case N_OR:
    return eval_chain(ev, n, 1);
  case N_NOT:
    got = eval_condition(ev, n->arg[0]);
    return got < 0 ? got : !got;
  case N_COMPARE:
    return eval_compare(ev, n);
  case N_BETWEEN:
    return eval_between(ev, n);
  case N_IN:
    return eval_in(ev, n);
  case N_LIKE:
    return eval_like(ev, n);
  case N_ISNULL:
    return eval_expr(ev, n->arg[0], &v) ? v.null != n->negate : -2;
  case N_EXISTS:
    return eval_exists(n);
  default:
    sqlerr_set(ev->en->e, 4145, 15, 1,
               "An expression of non-boolean type specified in a context where "
               "a condition is expected.");
    return -2;
  }
}
