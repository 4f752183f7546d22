/* Expressions and predicates of T-SQL, by recursive descent. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lex.h"

enum { DEPTH_MAX = 200 }; /* deeper nesting is refused as SQL Server does */

static struct node *make(struct parser *p, enum node_kind kind) {
  struct node *n = parser_alloc(p, sizeof *n);
  n->kind = kind;
  n->line = p->t.line;
  return n;
}

static void push(struct parser *p, struct node *n, struct node *arg) {
  n->arg = parser_push(p, n->arg, n->argc, sizeof *n->arg);
  n->arg[n->argc++] = arg;
}

static struct node *make2(struct parser *p, enum node_kind kind, int op,
                          struct node *a, struct node *b) {
  struct node *n = make(p, kind);
  n->op = op;
  push(p, n, a);
  if (b) push(p, n, b);
  return n;
}

bool parse_exprs(struct parser *p, struct node ***list, unsigned *count) {
  do {
    struct node *e = parse_expr(p);
    if (!e) return false;
    *list = parser_push(p, *list, *count, sizeof **list);
    (*list)[(*count)++] = e;
  } while (take_op(p, ','));
  return true;
}

static void take_text(struct parser *p, struct buf *b) {
  buf_put(b, p->t.text, p->t.n);
  lex_next(p);
}

/* A type's declaration, as text again: "char varying(5)". `first`: its name. */
static bool type_words(struct parser *p, struct buf *b, const char **first) {
  *first = p->t.text;
  if (p->t.kind != K_WORD && p->t.kind != K_NAME) {
    syntax_error(p);
    return false;
  }
  take_text(p, b);
  if (take_op(p, '.')) { /* sys.nvarchar */
    b->n = 0;
    *first = p->t.text;
    take_text(p, b);
  }
  if (at_word(p, "varying") || at_word(p, "precision")) {
    buf_u8(b, ' ');
    take_text(p, b);
  }
  if (take_op(p, '(')) {
    buf_u8(b, '(');
    while (!at_op(p, ')') && p->t.kind != K_END) take_text(p, b);
    buf_u8(b, ')');
    if (!want_op(p, ')')) return false;
  }
  buf_u8(b, 0);
  return true;
}

bool parse_type(struct parser *p, struct type *t) {
  struct buf b = {0};
  const char *first;
  int line = p->t.line;
  bool ok = type_words(p, &b, &first);
  if (ok && !type_parse(t, (char *)b.p, p->env->coll, p->env->a)) {
    ok = false;
    if (!p->failed) {
      sqlerr_set(p->env->e, 2715, 16, 3,
                 "Column, parameter, or variable #1: Cannot find data type "
                 "%.100s.",
                 first);
      p->env->e->line = line;
    }
    p->failed = true;
  }
  /* without a length, CAST gives 30 and a declaration 1: the caller decides */
  if (ok && !strchr((char *)b.p, '(') && type_has_length(t->id) && t->len == 1)
    t->len = 0;
  buf_clear(&b);
  return ok;
}

static struct node *number_literal(struct parser *p) {
  struct node *n = make(p, N_LITERAL);
  const char *s = p->t.text;
  n->type = type_of(T_INT);
  if (strpbrk(s, "eE")) {
    n->type = type_of(T_FLOAT);
    n->value.id = T_FLOAT;
    n->value.u.f = strtod(s, NULL);
    if (!isfinite(n->value.u.f)) {
      p->failed = true;
      sqlerr_set(p->env->e, 168, 15, 1,
                 "The floating point value '%.64s' is out of the range of "
                 "computer representation (8 bytes).",
                 s);
      return NULL;
    }
  } else {
    int scale = 0;
    i128 v;
    if (!dec_parse(s, p->t.n, false, &v, &scale)) {
      p->failed = true;
      sqlerr_set(p->env->e, 1007, 15, 1,
                 "The number '%.64s' is out of the range for numeric "
                 "representation (maximum precision 38).",
                 s);
      p->env->e->line = p->t.line;
      return NULL;
    }
    if (!strchr(s, '.') && v <= INT32_MAX) {
      n->value = value_int(T_INT, (int64_t)v);
    } else {
      int digits = dec_digits(v);
      n->type = type_decimal(digits > scale ? digits : scale, scale);
      n->type.numeric = true;
      n->value.id = T_DECIMAL;
      n->value.scale = (uint8_t)scale;
      n->value.u.dec = v;
    }
  }
  n->type.notnull = true;
  lex_next(p);
  return n;
}

static struct node *money_literal(struct parser *p) {
  struct node *n = make(p, N_LITERAL);
  int scale = 0;
  i128 v = 0;
  (void)dec_parse(p->t.text, p->t.n, false, &v, &scale);
  (void)dec_rescale(&v, scale, 4);
  n->type = type_of(T_MONEY);
  n->type.notnull = true;
  n->value.id = T_MONEY;
  n->value.scale = 4;
  n->value.u.dec = v;
  lex_next(p);
  return n;
}

static struct node *string_literal(struct parser *p) {
  struct node *n = make(p, N_LITERAL);
  bool national = p->t.kind == K_NSTRING;
  size_t chars = national ? text_utf16_units(p->t.text, p->t.n)
                          : page_bytes(p->t.text, p->t.n, p->env->coll);
  n->type = type_string(national ? T_NVARCHAR : T_VARCHAR, (int64_t)chars,
                        p->env->coll);
  n->type.notnull = true;
  n->value = value_text(n->type.id, p->t.text, p->t.n);
  if (!national && !text_is_ascii(p->t.text, p->t.n)) {
    /* characters outside the code page are lost already here */
    struct buf b = {0};
    page_encode(&b, p->t.text, p->t.n, p->env->coll);
    n->value.u.s.p =
        page_decode(p->env->a, b.p, b.n, p->env->coll, &n->value.u.s.n);
    buf_clear(&b);
  }
  lex_next(p);
  return n;
}

static struct node *hex_literal(struct parser *p) {
  struct node *n = make(p, N_LITERAL);
  const char *s = p->t.text + 2;
  size_t digits = p->t.n - 2, bytes = (digits + 1) / 2, at = 0;
  char *out = arena_alloc(p->env->a, bytes + 1);
  for (size_t i = 0; i < digits; i++) {
    int c = s[i] <= '9' ? s[i] - '0' : (s[i] | 32) - 'a' + 10;
    size_t nibble = i + (digits & 1); /* 0xabc is 0x0abc */
    at = nibble / 2;
    out[at] = (char)(out[at] << 4 | c);
  }
  n->type = type_string(T_VARBINARY, (int64_t)bytes, 0);
  n->type.notnull = true;
  n->value = value_text(T_VARBINARY, out, bytes);
  lex_next(p);
  return n;
}

/* CASE x WHEN a THEN ... becomes CASE WHEN x = a THEN ... */
static struct node *parse_case(struct parser *p) {
  struct node *n = make(p, N_CASE), *subject = NULL;
  lex_next(p);
  if (!at_word(p, "WHEN") && !(subject = parse_expr(p))) return NULL;
  while (take_word(p, "WHEN")) {
    struct node *when = parse_expr(p), *then;
    if (!when || !want_word(p, "THEN") || !(then = parse_expr(p))) return NULL;
    if (subject) when = make2(p, N_COMPARE, '=', subject, when);
    push(p, n, when);
    push(p, n, then);
  }
  if (n->argc == 0) {
    syntax_error(p);
    return NULL;
  }
  if (take_word(p, "ELSE")) {
    struct node *other = parse_expr(p);
    if (!other) return NULL;
    push(p, n, other);
    n->has_else = true;
  }
  return want_word(p, "END") ? n : NULL;
}

static void cast_default(struct type *t) {
  if (t->len == 0) t->len = 30;
}

static struct node *parse_cast(struct parser *p, bool tries, bool convert) {
  struct node *n = make(p, N_CAST), *e;
  n->tries = tries;
  lex_next(p);
  lex_next(p); /* the ( */
  if (convert) {
    if (!parse_type(p, &n->type) || !want_op(p, ',')) return NULL;
    if (!(e = parse_expr(p))) return NULL;
    if (take_op(p, ',') && !(n->style = parse_expr(p))) return NULL;
  } else {
    if (!(e = parse_expr(p)) || !want_word(p, "AS")) return NULL;
    if (!parse_type(p, &n->type)) return NULL;
  }
  cast_default(&n->type);
  push(p, n, e);
  return want_op(p, ')') ? n : NULL;
}

static struct node *parse_call(struct parser *p, const char *name) {
  struct node *n = make(p, N_CALL);
  n->name = name;
  lex_next(p); /* the ( */
  if (at_op(p, '*')) {
    lex_next(p);
    n->star = true;
  } else if (!at_op(p, ')')) {
    if (take_word(p, "DISTINCT")) n->distinct = true;
    (void)take_word(p, "ALL");
    if (!parse_exprs(p, &n->arg, &n->argc)) return NULL;
    if (at_word(p, "FROM") && strcasecmp(name, "TRIM") == 0) {
      lex_next(p); /* TRIM('x' FROM s): the string first */
      struct node *e = parse_expr(p);
      if (!e) return NULL;
      push(p, n, n->arg[0]);
      n->arg[0] = e;
    }
  }
  return want_op(p, ')') ? n : NULL;
}

static struct node *subquery(struct parser *p, enum node_kind kind) {
  struct node *n = make(p, kind);
  n->query = parse_select(p, true);
  return n->query && want_op(p, ')') ? n : NULL;
}

static struct node *parse_column(struct parser *p) {
  struct node *n = make(p, N_COLUMN);
  const char *name;
  if (!(name = take_name(p))) return NULL;
  while (at_op(p, '.')) {
    lex_next(p);
    n->qualifier = name;
    if (!(name = take_name(p))) return NULL;
    if (at_op(p, '(')) return parse_call(p, name);
  }
  n->name = name;
  return n;
}

static struct node *parse_word(struct parser *p) {
  static const char *const niladic[] = {"CURRENT_TIMESTAMP", "CURRENT_USER",
                                        "SESSION_USER", "SYSTEM_USER", "USER"};
  struct token *ahead = lex_ahead(p);
  bool call = ahead->kind == K_OP && ahead->op == '(';
  if (at_word(p, "NULL")) {
    struct node *n = make(p, N_LITERAL);
    n->type = type_of(T_NONE);
    n->value = value_null(T_NONE);
    lex_next(p);
    return n;
  }
  if (at_word(p, "CASE")) return parse_case(p);
  if (at_word(p, "EXISTS") && call) {
    lex_next(p);
    lex_next(p);
    return subquery(p, N_EXISTS);
  }
  if (call) {
    const char *name = p->t.text;
    if (at_word(p, "CAST")) return parse_cast(p, false, false);
    if (at_word(p, "TRY_CAST")) return parse_cast(p, true, false);
    if (at_word(p, "CONVERT")) return parse_cast(p, false, true);
    if (at_word(p, "TRY_CONVERT")) return parse_cast(p, true, true);
    if (!is_reserved(&p->t) || at_word(p, "LEFT") || at_word(p, "RIGHT") ||
        at_word(p, "COALESCE") || at_word(p, "NULLIF")) {
      lex_next(p);
      return parse_call(p, name);
    }
    syntax_error(p);
    return NULL;
  }
  for (size_t i = 0; i < sizeof niladic / sizeof *niladic; i++)
    if (at_word(p, niladic[i])) {
      struct node *n = make(p, N_CALL);
      n->name = niladic[i];
      lex_next(p);
      return n;
    }
  return parse_column(p);
}

/* {d '...'}, {t '...'}, {ts '...'}: the ODBC escapes of "Constants"; datetime
** in one format, whatever DATEFORMAT says. */
static struct node *odbc_literal(struct parser *p) {
  static const struct date_style iso = {ORDER_YMD, NULL, false};
  struct node *n = make(p, N_LITERAL);
  bool known = at_word(p, "d") || at_word(p, "t") || at_word(p, "ts");
  bool good;
  if (known) lex_next(p);
  if (!known || p->t.kind != K_STRING) {
    syntax_error(p);
    return NULL;
  }
  n->type = type_of(T_DATETIME);
  n->type.notnull = true;
  n->value.id = T_DATETIME;
  n->value.scale = 3;
  good = p->t.n >= 8 && (p->t.text[4] == '-' || p->t.text[2] == ':') &&
         date_parse(p->t.text, p->t.n, &iso, &n->value.u.w) > 0;
  if (!good && !p->failed) {
    p->failed = true;
    sqlerr_set(p->env->e, 241, 16, 3,
               "Conversion failed when converting date and/or time from "
               "character string.");
  }
  datetime_round(&n->value.u.w);
  lex_next(p);
  return want_op(p, '}') ? n : NULL;
}

static struct node *parse_primary(struct parser *p) {
  struct node *n;
  switch (p->t.kind) {
  case K_NUMBER:
    return number_literal(p);
  case K_MONEY:
    return money_literal(p);
  case K_STRING:
  case K_NSTRING:
    return string_literal(p);
  case K_HEX:
    return hex_literal(p);
  case K_VAR:
    n = make(p, N_VAR);
    n->name = p->t.text;
    lex_next(p);
    return n;
  case K_NAME:
    return parse_column(p);
  case K_WORD:
    return parse_word(p);
  default:
    if (take_op(p, '(')) {
      if (at_word(p, "SELECT")) return subquery(p, N_SUBQUERY);
      n = parse_expr(p);
      return n && want_op(p, ')') ? n : NULL;
    }
    if (take_op(p, '{')) return odbc_literal(p);
    syntax_error(p);
    return NULL;
  }
}

static struct node *parse_unary(struct parser *p) {
  struct node *n;
  int op = p->t.kind == K_OP ? p->t.op : 0;
  if (op == '-' || op == '+' || op == '~') {
    lex_next(p);
    if (++p->depth > DEPTH_MAX) {
      syntax_error(p);
      return NULL;
    }
    n = parse_unary(p);
    p->depth--;
    if (!n) return NULL;
    if (op == '-' && n->kind == N_LITERAL && type_is_integer(n->type.id)) {
      n->value.u.i = -n->value.u.i;
      return n;
    }
    return make2(p, N_UNARY, op, n, NULL);
  }
  n = parse_primary(p);
  while (n && take_word(p, "COLLATE")) {
    struct node *c = make2(p, N_COLLATE, 0, n, NULL);
    c->name = take_name(p);
    n = c->name ? c : NULL;
  }
  return n;
}

static struct node *parse_product(struct parser *p) {
  struct node *n = parse_unary(p);
  while (n && (at_op(p, '*') || at_op(p, '/') || at_op(p, '%'))) {
    int op = p->t.op;
    struct node *b;
    lex_next(p);
    b = parse_unary(p);
    n = b ? make2(p, N_BINARY, op, n, b) : NULL;
  }
  return n;
}

static struct node *parse_sum(struct parser *p) {
  struct node *n = parse_product(p);
  while (n && (at_op(p, '+') || at_op(p, '-') || at_op(p, '&') ||
               at_op(p, '|') || at_op(p, '^'))) {
    int op = p->t.op;
    struct node *b;
    lex_next(p);
    b = parse_product(p);
    n = b ? make2(p, N_BINARY, op, n, b) : NULL;
  }
  return n;
}

static struct node *parse_in(struct parser *p, struct node *left) {
  struct node *n = make2(p, N_IN, 0, left, NULL);
  if (!want_op(p, '(')) return NULL;
  if (at_word(p, "SELECT")) {
    n->query = parse_select(p, true);
    if (!n->query) return NULL;
  } else if (!parse_exprs(p, &n->arg, &n->argc)) {
    return NULL;
  }
  return want_op(p, ')') ? n : NULL;
}

static struct node *parse_predicate(struct parser *p) {
  struct node *n = parse_sum(p), *b, *c;
  for (;;) {
    bool negate = false;
    if (!n) return NULL;
    if (p->t.kind == K_OP && strchr("=<>!lg", p->t.op) && p->t.op) {
      int op = p->t.op;
      lex_next(p);
      b = parse_sum(p);
      n = b ? make2(p, N_COMPARE, op, n, b) : NULL;
      continue;
    }
    if (take_word(p, "IS")) {
      n = make2(p, N_ISNULL, 0, n, NULL);
      n->negate = take_word(p, "NOT");
      if (!want_word(p, "NULL")) return NULL;
      continue;
    }
    if (at_word(p, "NOT")) {
      const struct token *ahead = lex_ahead(p);
      if (ahead->kind != K_WORD || (strcasecmp(ahead->text, "IN") != 0 &&
                                    strcasecmp(ahead->text, "LIKE") != 0 &&
                                    strcasecmp(ahead->text, "BETWEEN") != 0))
        return n;
      lex_next(p);
      negate = true;
    }
    if (take_word(p, "BETWEEN")) {
      if (!(b = parse_sum(p)) || !want_word(p, "AND") || !(c = parse_sum(p)))
        return NULL;
      n = make2(p, N_BETWEEN, 0, n, b);
      push(p, n, c);
    } else if (take_word(p, "LIKE")) {
      if (!(b = parse_sum(p))) return NULL;
      n = make2(p, N_LIKE, 0, n, b);
      if (take_word(p, "ESCAPE")) {
        if (!(c = parse_sum(p))) return NULL;
        push(p, n, c);
      }
    } else if (take_word(p, "IN")) {
      n = parse_in(p, n);
    } else {
      return n;
    }
    if (n) n->negate = negate;
  }
}

static struct node *parse_not(struct parser *p) {
  struct node *n;
  if (++p->depth > DEPTH_MAX) {
    if (!p->failed) {
      p->failed = true;
      sqlerr_set(p->env->e, 191, 15, 1,
                 "Some part of your SQL statement is nested too deeply. "
                 "Rewrite the query or break it up into smaller queries.");
    }
    return NULL;
  }
  if (take_word(p, "NOT")) {
    n = parse_not(p);
    n = n ? make2(p, N_NOT, 0, n, NULL) : NULL;
  } else {
    n = parse_predicate(p);
  }
  p->depth--;
  return n;
}

static struct node *parse_and(struct parser *p) {
  struct node *n = parse_not(p), *b;
  if (!n || !at_word(p, "AND")) return n;
  n = make2(p, N_AND, 0, n, NULL); /* flat: long chains do not recurse */
  while (take_word(p, "AND")) {
    if (!(b = parse_not(p))) return NULL;
    push(p, n, b);
  }
  return n;
}

struct node *parse_expr(struct parser *p) {
  struct node *n = parse_and(p), *b;
  if (!n || !at_word(p, "OR")) return n;
  n = make2(p, N_OR, 0, n, NULL);
  while (take_word(p, "OR")) {
    if (!(b = parse_and(p))) return NULL;
    push(p, n, b);
  }
  return n;
}
