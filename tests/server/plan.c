/* Would SQL Server seek? A condition is sargable where a bare column that leads
** an index stands against what is constant for the query: "Query processing
** architecture guide" and "Data type precedence" of its documentation.
**
** Nothing here changes how rows are found: it is for the log, so that a test
** can tell a look-up from a scan.
*/
#include <string.h>

#include "engine.h"

static bool constant(const struct node *n) {
  if (n->kind == N_COLUMN || n->kind == N_AGG || n->query) return false;
  for (unsigned i = 0; i < n->argc; i++)
    if (!constant(n->arg[i])) return false;
  return true;
}

/* The column of this query itself. Binding wraps it where the other side has
** the higher type; only a time type's own other scale leaves a range. */
static const struct source_column *bare(const struct scope *scope,
                                        const struct node *n) {
  if (n->kind == N_CAST && n->implicit && n->argc == 1 &&
      n->arg[0]->type.id == n->type.id && type_is_date(n->type.id))
    n = n->arg[0];
  if (n->kind != N_COLUMN || n->scope != scope) return NULL;
  return scope->cols[n->index].index ? &scope->cols[n->index] : NULL;
}

/* Text: an N'' literal converts a varchar column, and under a SQL_ collation
** the two orders differ; COLLATE asks for another order than the index has.
** money ranks below decimal: the column is converted, though not here. */
static bool same_order(const struct source_column *c, const struct node *cmp,
                       const struct node *other) {
  if (c->type.id == T_MONEY || c->type.id == T_SMALLMONEY)
    return other->type.id != T_DECIMAL;
  if (!type_is_string(c->type.id)) return true;
  if (cmp->type.coll != c->type.coll) return false;
  return type_is_unicode(c->type.id) || !type_is_unicode(other->type.id) ||
         !collation_is_sql(c->type.coll);
}

/* The index that helps a column against a constant, or NULL. */
static const char *against(const struct scope *scope, const struct node *cmp,
                           const struct node *a, const struct node *b) {
  const struct source_column *c = bare(scope, a);
  return c && constant(b) && same_order(c, cmp, b) ? c->index : NULL;
}

/* A pattern is a range as far as it begins with plain characters. */
static bool has_prefix(const struct node *n) {
  const struct node *p = n->arg[1];
  const struct value *escape = n->argc > 2 ? &n->arg[2]->value : NULL;
  if (p->kind != N_LITERAL || p->value.null || p->value.u.s.n == 0)
    return false;
  if (escape && !escape->null && escape->u.s.n &&
      escape->u.s.p[0] == p->value.u.s.p[0])
    return p->value.u.s.n > 1;
  return strchr("%_[", p->value.u.s.p[0]) == NULL;
}

const char *plan_seek(const struct scope *scope, const struct node *n) {
  const char *index = NULL;
  switch (n->kind) {
  case N_AND:
    for (unsigned i = 0; i < n->argc && !index; i++)
      index = plan_seek(scope, n->arg[i]);
    return index;
  case N_OR: /* one part that reads everything is enough to read everything */
    for (unsigned i = 0; i < n->argc; i++)
      if (!(index = plan_seek(scope, n->arg[i]))) return NULL;
    return index;
  case N_COMPARE:
    if (n->op == '!') return NULL;
    index = against(scope, n, n->arg[0], n->arg[1]);
    return index ? index : against(scope, n, n->arg[1], n->arg[0]);
  case N_BETWEEN:
  case N_IN:
    if (n->negate || n->query) return NULL;
    for (unsigned i = 1; i < n->argc; i++)
      if (!(index = against(scope, n, n->arg[0], n->arg[i]))) return NULL;
    return index;
  case N_LIKE:
    if (n->negate || !has_prefix(n)) return NULL;
    return against(scope, n, n->arg[0], n->arg[1]);
  case N_ISNULL: {
    const struct source_column *c = bare(scope, n->arg[0]);
    return c && !n->negate ? c->index : NULL;
  }
  default:
    return NULL;
  }
}
