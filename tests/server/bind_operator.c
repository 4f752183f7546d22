/* Binding of operators and predicates: the types in which their operands meet,
** what they yield, and in which collation. */
#include "bind_operator.h"

#include <string.h>

bool type_same(const struct type *a, const struct type *b) {
  if (a->id != b->id) return false;
  if (a->id == T_DECIMAL) return a->prec == b->prec && a->scale == b->scale;
  if (type_is_date(a->id)) return a->scale == b->scale;
  if (type_is_string(a->id) || type_is_binary(a->id)) return a->len == b->len;
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

bool bind_binary(struct engine *en, struct node *n) {
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

bool bind_unary(struct engine *en, struct node *n) {
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
}

bool bind_compare(struct engine *en, struct node *n) {
  n->predicate = true;
  meet(en, n, &n->arg[0], &n->arg[1], compare_name(n->op));
  return true;
}

bool bind_between(struct engine *en, struct node *n) {
  n->predicate = true;
  meet(en, n, &n->arg[0], &n->arg[1], "greater than or equal to");
  meet(en, n, &n->arg[0], &n->arg[2], "less than or equal to");
  if (!type_same(&n->arg[1]->type, &n->arg[0]->type) &&
      !type_is_string(n->arg[0]->type.id))
    meet(en, n, &n->arg[0], &n->arg[1], "greater than or equal to");
  return true;
}

bool bind_like(struct engine *en, struct node *n) {
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
}

bool bind_in(struct engine *en, struct scope *scope, struct node *n) {
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

bool bind_collate(struct engine *en, struct node *n) {
  n->type = n->arg[0]->type;
  n->coll_rank = 3;
  if (!collation_parse(n->name, &n->type.coll))
    bind_error(en, n->line, 448, 16, 3, "Invalid collation '%s'.", n->name);
  else if (!type_is_string(n->type.id))
    bind_error(en, n->line, 447, 16, 1,
               "Expression type %s is invalid for COLLATE clause.",
               type_name(&n->type));
  return true;
}
