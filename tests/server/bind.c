/* Binding: names are resolved, every expression gets its type, implicit
** conversions become nodes. Missing columns are reported one by one, as SQL
** Server does. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine.h"

void bind_error(struct engine *en, int line, int number, int severity,
                int state, const char *fmt, ...) {
  va_list ap;
  struct sqlerr *e;
  if (en->error_count == ERRORS_MAX) return;
  e = &en->errors[en->error_count++];
  e->number = number;
  e->severity = severity;
  e->state = state;
  e->line = line;
  va_start(ap, fmt);
  vsnprintf(e->text, sizeof e->text, fmt, ap);
  va_end(ap);
}

struct variable *engine_var(struct engine *en, const char *name) {
  for (unsigned i = 0; i < en->var_count; i++)
    if (text_equal_name(en->vars[i].name, name, en->s->srv->coll))
      return &en->vars[i];
  return NULL;
}

struct node *node_string(struct engine *en, const char *s) {
  struct node *n = arena_alloc(en->a, sizeof *n);
  n->kind = N_LITERAL;
  n->type = type_string(T_NVARCHAR, (int64_t)strlen(s), en->s->srv->coll);
  n->value = value_str(s);
  return n;
}

static bool same_type(const struct type *a, const struct type *b) {
  if (a->id != b->id) return false;
  if (a->id == T_DECIMAL) return a->prec == b->prec && a->scale == b->scale;
  if (type_is_date(a->id)) return a->scale == b->scale;
  if (type_is_string(a->id) || type_is_binary(a->id)) return a->len == b->len;
  return true;
}

struct node *bind_cast(struct engine *en, struct node *n, struct type to) {
  struct node *c;
  if (n->type.id == T_NONE) { /* NULL takes any type */
    n->type = to;
    n->type.notnull = false;
    if (n->kind == N_LITERAL) {
      n->value.id = to.id;
      return n;
    }
  }
  if (same_type(&n->type, &to)) return n;
  c = arena_alloc(en->a, sizeof *c);
  c->kind = N_CAST;
  c->line = n->line;
  c->type = to;
  c->type.notnull = n->type.notnull;
  c->implicit = true;
  c->arg = arena_alloc(en->a, sizeof *c->arg);
  c->arg[0] = n;
  c->argc = 1;
  c->coll_rank = n->coll_rank;
  /* fold it, unless that fails or depends on a SET before: then at run time */
  if (n->kind == N_LITERAL &&
      !(type_is_date(to.id) && type_is_string(n->type.id))) {
    struct sqlerr e = {0};
    struct value v;
    if (convert(&v, &n->value, &to, -1, &en->s->fmt, en->a, &e)) {
      c->kind = N_LITERAL;
      c->value = v;
      c->argc = 0;
    }
  }
  return c;
}

/* ---- names ---- */

void bind_permission(struct engine *en, int line,
                     const struct source_column *c) {
  if (!c->denied) return;
  en->deferred = true; /* told when the statement runs */
  bind_error(en, line, 230, 14, 1,
             "The SELECT permission was denied on the column '%s' of the "
             "object '%s', database '%s', schema '%s'.",
             c->name, c->table, en->s->srv->database, c->schema);
}

static bool bind_column(struct engine *en, struct scope *scope,
                        struct node *n) {
  unsigned coll = en->s->srv->coll;
  for (struct scope *s = scope; s; s = s->outer) {
    int found = -1;
    for (unsigned i = 0; i < s->n; i++) {
      struct source_column *c = &s->cols[i];
      if (!text_equal_name(c->name, n->name, coll)) continue;
      if (n->qualifier &&
          (!c->qualifier || !text_equal_name(c->qualifier, n->qualifier, coll)))
        continue;
      if (found >= 0) {
        bind_error(en, n->line, 209, 16, 1, "Ambiguous column name '%s'.",
                   n->name);
        return true;
      }
      found = (int)i;
    }
    if (found >= 0) {
      n->scope = s;
      n->index = (unsigned)found;
      n->type = s->cols[found].type;
      n->type.beside = BESIDE_NOTHING;
      n->coll_rank = 2;
      bind_permission(en, n->line, &s->cols[found]);
      s->cols[found].used = true;
      return true;
    }
  }
  n->type = type_of(T_INT);
  if (n->qualifier)
    bind_error(en, n->line, 4104, 16, 1,
               "The multi-part identifier \"%s.%s\" could not be bound.",
               n->qualifier, n->name);
  else
    bind_error(en, n->line, 207, 16, 1, "Invalid column name '%s'.", n->name);
  return true;
}

static bool bind_var(struct engine *en, struct node *n) {
  struct variable *v;
  n->coll_rank = 1;
  if (strncmp(n->name, "@@", 2) == 0) return function_sysvar(en, n);
  v = engine_var(en, n->name);
  if (!v) {
    n->type = type_of(T_INT);
    bind_error(en, n->line, 137, 15, 2,
               "Must declare the scalar variable \"%s\".", n->name);
    return true;
  }
  n->index = (unsigned)(v - en->vars);
  n->type = v->type;
  n->type.notnull = false;
  return true;
}

/* ---- collations ---- */

static void join_collations(struct engine *en, struct node *n, struct node *a,
                            struct node *b, const char *what) {
  const struct node *win = a->coll_rank >= b->coll_rank ? a : b;
  if (!type_is_string(a->type.id))
    win = b;
  else if (!type_is_string(b->type.id))
    win = a;
  else if (a->coll_rank == b->coll_rank && a->coll_rank >= 2 &&
           a->type.coll != b->type.coll)
    bind_error(en, n->line, 468, 16, 9,
               "Cannot resolve the collation conflict between \"%s\" and "
               "\"%s\" in the %s operation.",
               collation_name(b->type.coll), collation_name(a->type.coll),
               what);
  n->type.coll = win->type.coll;
  n->coll_rank = win->coll_rank;
}

/* ---- operators ---- */

static struct type decimal_of(const struct type *t) {
  static const uint8_t digits[] = {1, 3, 5, 10, 19};
  if (type_is_integer(t->id)) return type_decimal(digits[t->id - T_BIT], 0);
  if (t->id == T_MONEY) return type_decimal(19, 4);
  if (t->id == T_SMALLMONEY) return type_decimal(10, 4);
  return *t;
}

/* An integer literal counts the digits it has: 1.0 / 3 is numeric(8,6). */
static struct type decimal_of_node(const struct node *n) {
  if (n->kind == N_LITERAL && type_is_integer(n->type.id) && !n->value.null)
    return type_decimal(dec_digits(n->value.u.i), 0);
  return decimal_of(&n->type);
}

/* "Precision, scale, and length" of the T-SQL reference. */
static struct type decimal_result(int op, const struct type *a,
                                  const struct type *b) {
  int p1 = a->prec, s1 = a->scale, p2 = b->prec, s2 = b->scale, p, s;
  int whole = p1 - s1 > p2 - s2 ? p1 - s1 : p2 - s2;
  struct type t;
  switch (op) {
  case '*':
    p = p1 + p2 + 1;
    s = s1 + s2;
    break;
  case '/':
    s = s1 + p2 + 1 > 6 ? s1 + p2 + 1 : 6;
    p = p1 - s1 + s2 + s;
    break;
  case '%':
    s = s1 > s2 ? s1 : s2;
    p = (p1 - s1 < p2 - s2 ? p1 - s1 : p2 - s2) + s;
    break;
  default:
    s = s1 > s2 ? s1 : s2;
    p = whole + s + 1;
  }
  if (p > 38) {
    int integral = p - s;
    int room = 38 - integral, least = s < 6 ? s : 6;
    if (op == '*' || op == '/')
      s = room > least ? (room < s ? room : s) : least;
    else
      s = room > 0 ? (room < s ? room : s) : 0;
    p = 38;
  }
  t = type_decimal(p, s);
  t.numeric = true;
  return t;
}

static const char *op_name(int op) {
  switch (op) {
  case '+':
    return "add";
  case '-':
    return "subtract";
  case '*':
    return "multiply";
  case '/':
    return "divide";
  case '%':
    return "modulo";
  default:
    return "bitwise";
  }
}

static void incompatible(struct engine *en, struct node *n, const char *what) {
  bind_error(en, n->line, 402, 16, 1,
             "The data types %s and %s are incompatible in the %s operator.",
             type_name(&n->arg[0]->type), type_name(&n->arg[1]->type), what);
}

static bool bind_concat(struct engine *en, struct node *n, struct node *a,
                        struct node *b) {
  bool uni = type_is_unicode(a->type.id) || type_is_unicode(b->type.id);
  bool max = a->type.len == TYPE_MAX || b->type.len == TYPE_MAX;
  int64_t len = max ? -1 : (int64_t)a->type.len + b->type.len;
  enum type_id id = type_is_binary(a->type.id) ? T_VARBINARY
                    : uni                      ? T_NVARCHAR
                                               : T_VARCHAR;
  int most = uni ? 4000 : 8000;
  if (len > most) len = most;
  if (a->type.id == T_NONE) a = n->arg[0] = bind_cast(en, a, b->type);
  if (b->type.id == T_NONE) b = n->arg[1] = bind_cast(en, b, a->type);
  n->type = type_string(id, len, 0);
  join_collations(en, n, a, b, "add");
  return true;
}

static bool bind_binary(struct engine *en, struct node *n) {
  struct node *a = n->arg[0], *b = n->arg[1];
  struct type m;
  bool strings = (type_is_string(a->type.id) || a->type.id == T_NONE) &&
                 (type_is_string(b->type.id) || b->type.id == T_NONE) &&
                 !(a->type.id == T_NONE && b->type.id == T_NONE);
  if (n->op == '+' &&
      (strings || (type_is_binary(a->type.id) && type_is_binary(b->type.id))))
    return bind_concat(en, n, a, b);
  m = type_merge(&a->type, &b->type);
  if (m.id == T_NONE) m = type_of(T_INT);
  n->type = m;
  if (m.id == T_DATETIME || m.id == T_SMALLDATETIME) {
    if (n->op != '+' && n->op != '-') incompatible(en, n, op_name(n->op));
    n->arg[0] = bind_cast(en, a, type_of(T_DATETIME));
    n->arg[1] = bind_cast(en, b, type_of(T_DATETIME));
    n->type = type_of(m.id);
    return true;
  }
  if (!type_is_number(m.id) || (strings && n->op != '+')) {
    if (strings)
      bind_error(en, n->line, 8117, 16, 1,
                 "Operand data type %s is invalid for %s operator.",
                 type_name(&a->type), op_name(n->op));
    else
      incompatible(en, n, op_name(n->op));
    return true;
  }
  if (strchr("&|^", n->op)) {
    if (!type_is_integer(m.id)) incompatible(en, n, op_name(n->op));
    n->arg[0] = bind_cast(en, a, m);
    n->arg[1] = bind_cast(en, b, m);
    return true;
  }
  if (m.id == T_DECIMAL) {
    struct type x = decimal_of_node(a), y = decimal_of_node(b);
    if (!type_is_number(a->type.id)) x = m;
    if (!type_is_number(b->type.id)) y = m;
    n->arg[0] = bind_cast(en, a, x);
    n->arg[1] = bind_cast(en, b, y);
    n->type = decimal_result(n->op, &x, &y);
  } else {
    if (m.id == T_BIT && n->op != '/') m = type_of(T_INT);
    n->arg[0] = bind_cast(en, a, m);
    n->arg[1] = bind_cast(en, b, m);
    n->type = m;
  }
  n->type.notnull = false;
  return true;
}

/* Brings two operands of a comparison to one type. */
static void meet(struct engine *en, struct node *n, struct node **a,
                 struct node **b, const char *what) {
  struct type x = (*a)->type, y = (*b)->type, m;
  if (x.id == T_NONE) {
    *a = bind_cast(en, *a, y.id == T_NONE ? type_of(T_INT) : y);
    return;
  }
  if (y.id == T_NONE) {
    *b = bind_cast(en, *b, x);
    return;
  }
  if (type_is_lob(x.id) || type_is_lob(y.id) || x.id == T_XML ||
      y.id == T_XML) {
    bind_error(en, n->line, x.id == T_XML || y.id == T_XML ? 305 : 402, 16, 1,
               x.id == T_XML || y.id == T_XML
                   ? "The XML data type cannot be compared or sorted, except "
                     "when using the IS NULL operator.%.0s%.0s%.0s"
                   : "The data types %s and %s are incompatible in the %s "
                     "operator.",
               type_name(&x), type_name(&y), what);
    return;
  }
  if (type_is_string(x.id) && type_is_string(y.id)) {
    join_collations(en, n, *a, *b, what);
    return;
  }
  if ((type_is_exact(x.id) || type_is_integer(x.id)) &&
      (type_is_exact(y.id) || type_is_integer(y.id))) {
    if (type_is_integer(x.id) && type_is_integer(y.id)) return;
    /* exact against exact needs no common scale */
    if (type_is_integer(x.id))
      *a = bind_cast(en, *a,
                     y.id == T_MONEY && x.id <= T_INT ? y : decimal_of(&x));
    if (type_is_integer(y.id))
      *b = bind_cast(en, *b,
                     x.id == T_MONEY && y.id <= T_INT ? x : decimal_of(&y));
    return;
  }
  m = type_merge(&x, &y);
  if (type_is_binary(x.id) && type_is_binary(y.id)) return;
  if (type_is_date(m.id)) m.scale = 7;
  if (m.id == T_DATETIME) m.scale = 3;
  if (m.id == T_SMALLDATETIME || m.id == T_DATE) m.scale = 0;
  *a = bind_cast(en, *a, m);
  *b = bind_cast(en, *b, m);
}

static const char *compare_name(int op) {
  switch (op) {
  case '=':
    return "equal to";
  case '!':
    return "not equal to";
  case '<':
    return "less than";
  case '>':
    return "greater than";
  case 'l':
    return "less than or equal to";
  default:
    return "greater than or equal to";
  }
}

static bool bind_in(struct engine *en, struct scope *scope, struct node *n) {
  n->predicate = true;
  if (n->query) {
    unsigned cols;
    const struct column *c;
    n->plan = query_bind(en, n->query, scope);
    if (!n->plan) return false;
    c = query_columns(n->plan, &cols);
    if (cols != 1) {
      bind_error(en, n->line, 116, 16, 1,
                 "Only one expression can be specified in the select list when "
                 "the subquery is not introduced with EXISTS.");
      return true;
    }
    n->type = n->arg[0]->type;
    if (!type_is_string(n->type.id) || !type_is_string(c->type.id)) {
      struct type m = type_merge(&n->arg[0]->type, &c->type);
      n->arg[0] = bind_cast(en, n->arg[0], m);
      n->type = m; /* the rows are converted to this */
    }
    return true;
  }
  for (unsigned i = 1; i < n->argc; i++) {
    struct node *left = n->arg[0];
    meet(en, n, &left, &n->arg[i], "equal to");
    /* one conversion of the left side serves all, if one is needed */
    if (left != n->arg[0]) {
      n->arg[0] = left;
      for (unsigned k = 1; k < i; k++)
        n->arg[k] = bind_cast(en, n->arg[k], left->type);
    }
  }
  return true;
}

/* The type CASE, COALESCE, IIF and ISNULL agree on, over some arguments. */
static void merge_args(struct engine *en, struct node *n, unsigned from,
                       unsigned step) {
  struct type t = type_of(T_NONE);
  bool any = false;
  for (unsigned i = from; i < n->argc; i += step) {
    const struct node *a = n->arg[i];
    t = any ? type_merge(&t, &a->type) : a->type;
    any = true;
    if (type_is_string(a->type.id) && a->coll_rank >= n->coll_rank) {
      n->coll_rank = a->coll_rank;
      t.coll = a->type.coll;
    }
  }
  if (t.id == T_NONE) t = type_of(T_INT);
  n->type = t;
  for (unsigned i = from; i < n->argc; i += step)
    n->arg[i] = bind_cast(en, n->arg[i], t);
}

static bool bind_case(struct engine *en, struct scope *scope, struct node *n) {
  unsigned pairs = n->argc / 2;
  unsigned k = 0;
  struct node values = *n;
  bool ok = true;
  values.arg = arena_alloc(en->a, n->argc * sizeof *values.arg);
  values.argc = 0;
  for (unsigned i = 0; i < pairs && ok; i++) {
    ok = bind_condition(en, scope, n->arg[2 * i]) &&
         bind_expr(en, scope, n->arg[2 * i + 1]);
    values.arg[values.argc++] = n->arg[2 * i + 1];
  }
  if (ok && n->has_else) {
    ok = bind_expr(en, scope, n->arg[n->argc - 1]);
    values.arg[values.argc++] = n->arg[n->argc - 1];
  }
  if (!ok) return false;
  merge_args(en, &values, 0, 1);
  for (unsigned i = 0; i < pairs; i++) n->arg[2 * i + 1] = values.arg[k++];
  if (n->has_else) n->arg[n->argc - 1] = values.arg[k];
  n->type = values.type;
  n->coll_rank = values.coll_rank;
  if (!n->has_else) n->type.notnull = false;
  return true;
}

static bool bind_call(struct engine *en, struct node *n) {
  const struct function *f = function_find(n->name);
  if (!f) {
    n->type = type_of(T_INT);
    bind_error(en, n->line, 195, 15, 10,
               "'%s' is not a recognized built-in function name.", n->name);
    return true;
  }
  if ((int)n->argc < f->min || (int)n->argc > f->max) {
    n->type = type_of(T_INT);
    bind_error(en, n->line, 174, 15, 1,
               "The %s function requires %d argument(s).", n->name, f->min);
    return true;
  }
  n->fn = f;
  if (f->is_volatile) en->s->volatile_answer = true;
  if (n->argc) n->coll_rank = n->arg[0]->coll_rank;
  if (!f->bind) {
    merge_args(en, n, 0, 1); /* COALESCE and its like */
    return true;
  }
  return f->bind(en, n);
}

static bool bind_subquery(struct engine *en, struct scope *scope,
                          struct node *n) {
  unsigned cols;
  const struct column *c;
  n->plan = query_bind(en, n->query, scope);
  if (!n->plan) return false;
  c = query_columns(n->plan, &cols);
  n->predicate = n->kind == N_EXISTS;
  if (n->kind == N_EXISTS) return true;
  if (cols != 1)
    bind_error(en, n->line, 116, 16, 1,
               "Only one expression can be specified in the select list when "
               "the subquery is not introduced with EXISTS.");
  n->type = c->type;
  n->type.notnull = false;
  n->coll_rank = 2;
  return true;
}

static bool bind_cast_node(struct engine *en, struct node *n) {
  struct node *a = n->arg[0];
  bool notnull = a->type.notnull;
  n->coll_rank = a->coll_rank;
  if (type_is_string(n->type.id) && type_is_string(a->type.id) &&
      a->coll_rank > 1)
    n->type.coll = a->type.coll;
  if (type_is_binary(n->type.id)) n->type.coll = a->type.coll; /* whose bytes */
  if (n->coll_rank < 1) n->coll_rank = 1;
  if (a->type.id == T_NONE && a->kind == N_LITERAL) a->value.id = n->type.id;
  n->type.notnull = notnull && !n->tries && type_is_string(n->type.id) &&
                    type_is_string(a->type.id);
  (void)en;
  return true;
}

bool bind_expr(struct engine *en, struct scope *scope, struct node *n) {
  if (n->kind == N_CASE) return bind_case(en, scope, n);
  if (n->kind == N_AGG) return true; /* bound with its query */
  for (unsigned i = 0; i < n->argc; i++) {
    bool logic =
        n->kind == N_AND || n->kind == N_OR || n->kind == N_NOT ||
        (n->kind == N_CALL && i == 0 && strcasecmp(n->name, "IIF") == 0);
    if (!(logic ? bind_condition(en, scope, n->arg[i])
                : bind_expr(en, scope, n->arg[i])))
      return false;
    if (!logic && n->arg[i]->predicate) {
      bind_error(en, n->arg[i]->line, 102, 15, 1, "Incorrect syntax near '='.");
      return true;
    }
  }
  if (n->style && !bind_expr(en, scope, n->style)) return false;
  switch (n->kind) {
  case N_LITERAL:
    n->coll_rank = 1;
    return true;
  case N_COLUMN:
    return bind_column(en, scope, n);
  case N_VAR:
    return bind_var(en, n);
  case N_UNARY:
    n->type = n->arg[0]->type;
    if (type_is_string(n->type.id) || type_is_date(n->type.id)) {
      if (n->op != '+' || !type_is_string(n->type.id))
        bind_error(en, n->line, 8117, 16, 1,
                   "Operand data type %s is invalid for minus operator.",
                   type_name(&n->type));
    }
    if (n->type.id == T_BIT) {
      n->arg[0] = bind_cast(en, n->arg[0], type_of(T_INT));
      n->type = type_of(T_INT);
    }
    return true;
  case N_BINARY:
    return bind_binary(en, n);
  case N_COMPARE:
    n->predicate = true;
    meet(en, n, &n->arg[0], &n->arg[1], compare_name(n->op));
    return true;
  case N_BETWEEN:
    n->predicate = true;
    meet(en, n, &n->arg[0], &n->arg[1], "greater than or equal to");
    meet(en, n, &n->arg[0], &n->arg[2], "less than or equal to");
    if (!same_type(&n->arg[1]->type, &n->arg[0]->type) &&
        !type_is_string(n->arg[0]->type.id))
      meet(en, n, &n->arg[0], &n->arg[1], "greater than or equal to");
    return true;
  case N_IN:
    return bind_in(en, scope, n);
  case N_LIKE:
    n->predicate = true;
    for (unsigned i = 0; i < 2; i++) {
      unsigned id = n->arg[i]->type.id;
      if (id == T_XML || id == T_VARIANT || id == T_IMAGE || id == T_UDT) {
        bind_error(en, n->line, 8116, 16, 1,
                   "Argument data type %s is invalid for argument %u of like "
                   "function.",
                   type_name(&n->arg[i]->type), i + 1);
        return true;
      }
      if (!type_is_string(n->arg[i]->type.id))
        n->arg[i] = bind_cast(en, n->arg[i],
                              type_string(T_VARCHAR, 8000, en->s->srv->coll));
    }
    join_collations(en, n, n->arg[0], n->arg[1], "like");
    return true;
  case N_ISNULL:
  case N_AND:
  case N_OR:
  case N_NOT:
    n->predicate = true;
    return true;
  case N_CAST:
    return n->implicit || bind_cast_node(en, n);
  case N_CALL:
    return bind_call(en, n);
  case N_COLLATE:
    n->type = n->arg[0]->type;
    n->coll_rank = 3;
    if (!collation_parse(n->name, &n->type.coll))
      bind_error(en, n->line, 448, 16, 3, "Invalid collation '%s'.", n->name);
    else if (!type_is_string(n->type.id))
      bind_error(en, n->line, 447, 16, 1,
                 "Expression type %s is invalid for COLLATE clause.",
                 type_name(&n->type));
    return true;
  case N_SUBQUERY:
  case N_EXISTS:
    return bind_subquery(en, scope, n);
  default:
    return true;
  }
}

bool bind_condition(struct engine *en, struct scope *scope, struct node *n) {
  if (!bind_expr(en, scope, n)) return false;
  if (!n->predicate)
    bind_error(en, n->line, 4145, 15, 1,
               "An expression of non-boolean type specified in a context where "
               "a condition is expected.");
  return true;
}
