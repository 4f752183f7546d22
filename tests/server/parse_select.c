/* SELECT of T-SQL: list, FROM, WHERE, GROUP BY, ORDER BY, UNION. */
#include <string.h>
#include <strings.h>

#include "lex.h"

static bool alias_word(const struct parser *p) {
  return p->t.kind == K_NAME || (p->t.kind == K_WORD && !is_reserved(&p->t));
}

/* WITH (NOLOCK, INDEX(x)); the old spelling has no WITH. */
bool parse_hints(struct parser *p) {
  if (at_word(p, "WITH")) {
    const struct token *ahead = lex_ahead(p);
    if (ahead->kind != K_OP || ahead->op != '(') return true;
    lex_next(p);
  } else if (at_op(p, '(')) {
    const struct token *ahead = lex_ahead(p);
    if (ahead->kind != K_WORD || strcasecmp(ahead->text, "NOLOCK") != 0)
      return true;
  } else {
    return true;
  }
  return skip_parens(p);
}

static bool table_alias(struct parser *p, struct table_ref *t) {
  if (take_word(p, "AS") || alias_word(p)) {
    if (!(t->alias = take_name(p))) return false;
  }
  if (t->alias && at_op(p, '(') && t->kind != TR_NAME) {
    lex_next(p);
    do {
      const char *name = take_name(p);
      if (!name) return false;
      t->columns =
          parser_push(p, t->columns, t->column_count, sizeof *t->columns);
      t->columns[t->column_count++] = name;
    } while (take_op(p, ','));
    if (!want_op(p, ')')) return false;
  }
  return parse_hints(p);
}

static bool parse_values(struct parser *p, struct table_ref *t) {
  t->kind = TR_VALUES;
  do {
    unsigned before = t->argc;
    if (!want_op(p, '(') || !parse_exprs(p, &t->arg, &t->argc) ||
        !want_op(p, ')'))
      return false;
    if (t->width == 0) t->width = t->argc;
    if (t->argc - before != t->width) {
      syntax_error(p);
      return false;
    }
  } while (take_op(p, ','));
  return true;
}

static struct table_ref *table_primary(struct parser *p) {
  struct table_ref *t = parser_alloc(p, sizeof *t);
  t->line = p->t.line;
  if (take_op(p, '(')) {
    if (at_word(p, "SELECT")) {
      t->kind = TR_DERIVED;
      if (!(t->query = parse_select(p, true))) return NULL;
    } else if (take_word(p, "VALUES")) {
      if (!parse_values(p, t)) return NULL;
    } else {
      struct table_ref *inner = parse_from(p);
      return inner && want_op(p, ')') ? inner : NULL;
    }
    if (!want_op(p, ')') || !table_alias(p, t)) return NULL;
    if (!t->alias) syntax_error(p); /* a derived table needs its name */
    return t->alias ? t : NULL;
  }
  t->kind = TR_NAME;
  if (!take_object(p, &t->name)) return NULL;
  if (at_op(p, '(')) {
    const struct token *ahead = lex_ahead(p);
    if (ahead->kind != K_WORD || strcasecmp(ahead->text, "NOLOCK") != 0) {
      t->kind = TR_FUNCTION;
      lex_next(p);
      if (!at_op(p, ')') && !parse_exprs(p, &t->arg, &t->argc)) return NULL;
      if (!want_op(p, ')')) return NULL;
    }
  }
  if (!parse_hints(p)) return NULL;
  return table_alias(p, t) ? t : NULL;
}

static struct table_ref *join(struct parser *p, struct table_ref *left,
                              struct table_ref *right) {
  struct table_ref *t = parser_alloc(p, sizeof *t);
  t->kind = TR_JOIN;
  t->line = p->t.line;
  t->left = left;
  t->right = right;
  return t;
}

struct table_ref *parse_from(struct parser *p) {
  struct table_ref *t, *right;
  if (++p->depth > 100) {
    syntax_error(p);
    return NULL;
  }
  t = table_primary(p);
  while (t) {
    bool outer = false, cross = false;
    if (take_op(p, ',')) {
      cross = true;
    } else if (take_word(p, "CROSS")) {
      cross = true;
      if (!want_word(p, "JOIN")) return NULL;
    } else if (take_word(p, "LEFT")) {
      outer = true;
      (void)take_word(p, "OUTER");
      if (!want_word(p, "JOIN")) return NULL;
    } else if (take_word(p, "INNER")) {
      if (!want_word(p, "JOIN")) return NULL;
    } else if (!take_word(p, "JOIN")) {
      break;
    }
    if (!(right = table_primary(p))) return NULL;
    t = join(p, t, right);
    t->outer = outer;
    if (!cross && (!want_word(p, "ON") || !(t->on = parse_expr(p))))
      return NULL;
  }
  p->depth--;
  return t;
}

static bool parse_item(struct parser *p, struct item *it) {
  if (take_op(p, '*')) return true;
  if (p->t.kind == K_VAR) { /* SELECT @x = ... */
    const struct token *ahead = lex_ahead(p);
    if (ahead->kind == K_OP && ahead->op == '=') {
      it->assign = p->t.text;
      lex_next(p);
      lex_next(p);
      return (it->e = parse_expr(p)) != NULL;
    }
  }
  if (alias_word(p)) { /* t.* and alias = ... */
    const struct token *ahead = lex_ahead(p);
    if (ahead->kind == K_OP && ahead->op == '=') {
      it->alias = take_name(p);
      lex_next(p);
      return (it->e = parse_expr(p)) != NULL;
    }
    if (ahead->kind == K_OP && ahead->op == '.') {
      const char *after = p->p;
      while (*after == ' ') after++;
      if (*after == '*') {
        it->star_of = take_name(p);
        lex_next(p);
        lex_next(p);
        return true;
      }
    }
  }
  if (!(it->e = parse_expr(p))) return false;
  if (take_word(p, "AS")) {
    if (p->t.kind == K_STRING || p->t.kind == K_NSTRING) {
      it->alias = p->t.text;
      lex_next(p);
      return true;
    }
    return (it->alias = take_name(p)) != NULL;
  }
  if (p->t.kind == K_STRING) {
    it->alias = p->t.text;
    lex_next(p);
  } else if (alias_word(p)) {
    it->alias = take_name(p);
  }
  return true;
}

static bool parse_top(struct parser *p, struct select *s) {
  if (take_op(p, '(')) {
    if (!(s->top = parse_expr(p)) || !want_op(p, ')')) return false;
  } else {
    struct node *n = parser_alloc(p, sizeof *n);
    if (p->t.kind != K_NUMBER && p->t.kind != K_VAR) {
      syntax_error(p);
      return false;
    }
    if (p->t.kind == K_VAR) {
      n->kind = N_VAR;
      n->name = p->t.text;
    } else {
      int scale;
      i128 v = 0;
      n->kind = N_LITERAL;
      (void)dec_parse(p->t.text, p->t.n, false, &v, &scale);
      n->type = type_of(T_BIGINT);
      n->value = value_int(T_BIGINT, (int64_t)v);
    }
    n->line = p->t.line;
    lex_next(p);
    s->top = n;
  }
  s->percent = take_word(p, "PERCENT");
  if (at_word(p, "WITH")) {
    const struct token *ahead = lex_ahead(p);
    if (ahead->kind == K_WORD && strcasecmp(ahead->text, "TIES") == 0) {
      lex_next(p);
      lex_next(p);
    }
  }
  return true;
}

/* One SELECT without ORDER BY: a member of a UNION. */
static struct select *parse_core(struct parser *p, bool nested) {
  struct select *s = parser_alloc(p, sizeof *s);
  s->line = p->t.line;
  if (!want_word(p, "SELECT")) return NULL;
  if (take_word(p, "DISTINCT"))
    s->distinct = true;
  else
    (void)take_word(p, "ALL");
  if (take_word(p, "TOP") && !parse_top(p, s)) return NULL;
  do {
    struct item it = {0};
    if (!parse_item(p, &it)) return NULL;
    s->items = parser_push(p, s->items, s->item_count, sizeof *s->items);
    s->items[s->item_count++] = it;
  } while (take_op(p, ','));
  if (!nested && take_word(p, "INTO")) {
    struct object_name *into = parser_alloc(p, sizeof *into);
    if (!take_object(p, into)) return NULL;
    s->into = into;
  }
  if (take_word(p, "FROM") && !(s->from = parse_from(p))) return NULL;
  if (take_word(p, "WHERE") && !(s->where = parse_expr(p))) return NULL;
  if (take_word(p, "GROUP")) {
    if (!want_word(p, "BY") || !parse_exprs(p, &s->group, &s->group_count))
      return NULL;
  }
  if (take_word(p, "HAVING") && !(s->having = parse_expr(p))) return NULL;
  return s;
}

static bool parse_order(struct parser *p, struct select *s) {
  if (!want_word(p, "BY")) return false;
  do {
    struct order o = {0};
    if (!(o.e = parse_expr(p))) return false;
    if (take_word(p, "DESC"))
      o.desc = true;
    else
      (void)take_word(p, "ASC");
    s->order = parser_push(p, s->order, s->order_count, sizeof *s->order);
    s->order[s->order_count++] = o;
  } while (take_op(p, ','));
  if (take_word(p, "OFFSET")) {
    if (!(s->offset = parse_expr(p))) return false;
    if (!take_word(p, "ROWS") && !want_word(p, "ROW")) return false;
    if (take_word(p, "FETCH")) {
      if (!take_word(p, "NEXT") && !want_word(p, "FIRST")) return false;
      if (!(s->fetch = parse_expr(p))) return false;
      if (!take_word(p, "ROWS") && !want_word(p, "ROW")) return false;
      if (!want_word(p, "ONLY")) return false;
    }
  }
  return true;
}

/* "ORDER BY clause": not in derived tables and subqueries, unless it chooses
** rows; TOP and OFFSET exclude each other. */
static bool check_order(struct parser *p, const struct select *s, bool nested) {
  struct sqlerr *e = p->env->e;
  if (s->top && s->offset)
    sqlerr_set(e, 10741, 15, 2,
               "A TOP can not be used in the same query or sub-query as a "
               "OFFSET.");
  else if (nested && s->order_count && !s->top && !s->offset)
    sqlerr_set(e, 1033, 15, 1,
               "The ORDER BY clause is invalid in views, inline functions, "
               "derived tables, subqueries, and common table expressions, "
               "unless TOP, OFFSET or FOR XML is also specified.");
  else
    return true;
  e->line = s->line;
  p->failed = true;
  return false;
}

static bool parse_tail(struct parser *p, struct select *s, bool nested) {
  if (take_word(p, "ORDER") && !parse_order(p, s)) return false;
  if (!check_order(p, s, nested)) return false;
  if (nested) return true; /* the caller wants its ) now */
  if (take_word(p, "FOR") && !want_word(p, "BROWSE")) return false;
  return !take_word(p, "OPTION") || skip_parens(p);
}

struct select *parse_select(struct parser *p, bool nested) {
  struct select *first, *last;
  if (++p->depth > 100) {
    syntax_error(p);
    return NULL;
  }
  first = last = parse_core(p, nested);
  while (last && take_word(p, "UNION")) {
    last->next_all = take_word(p, "ALL");
    last->next = parse_core(p, nested);
    last = last->next;
  }
  if (!last) return NULL;
  p->depth--;
  return parse_tail(p, first, nested) ? first
                                      : NULL; /* ORDER BY of the whole */
}
