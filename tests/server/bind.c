/* Binding: names are resolved, every expression gets its type, implicit
** conversions become nodes (those of operators: bind_operator.c). Missing
** columns are reported one by one, as SQL Server does. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bind_operator.h"

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
  if (type_same(&n->type, &to)) return n;
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

static bool bind_cast_node(struct node *n) {
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
  return true;
}

/* Whether this argument is a condition, not a value. */
static bool takes_condition(const struct node *n, unsigned arg) {
  return n->kind == N_AND || n->kind == N_OR || n->kind == N_NOT ||
         (n->kind == N_CALL && arg == 0 && strcasecmp(n->name, "IIF") == 0);
}

/* *stop: an error was noted, and what holds the arguments is not bound. */
static bool bind_args(struct engine *en, struct scope *scope, struct node *n,
                      bool *stop) {
  *stop = false;
  for (unsigned i = 0; i < n->argc && !*stop; i++) {
    if (takes_condition(n, i)) {
      if (!bind_condition(en, scope, n->arg[i])) return false;
      continue;
    }
    if (!bind_expr(en, scope, n->arg[i])) return false;
    *stop = n->arg[i]->predicate;
    if (*stop)
      bind_error(en, n->arg[i]->line, 102, 15, 1, "Incorrect syntax near '='.");
  }
  return true;
}

bool bind_expr(struct engine *en, struct scope *scope, struct node *n) {
  bool stop;
  if (n->kind == N_CASE) return bind_case(en, scope, n);
  if (n->kind == N_AGG) return true; /* bound with its query */
  if (!bind_args(en, scope, n, &stop)) return false;
  if (stop) return true;
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
    return bind_unary(en, n);
  case N_BINARY:
    return bind_binary(en, n);
  case N_COMPARE:
    return bind_compare(en, n);
  case N_BETWEEN:
    return bind_between(en, n);
  case N_IN:
    return bind_in(en, scope, n);
  case N_LIKE:
    return bind_like(en, n);
  case N_ISNULL:
  case N_AND:
  case N_OR:
  case N_NOT:
    n->predicate = true;
    return true;
  case N_CAST:
    return n->implicit || bind_cast_node(n);
  case N_CALL:
    return bind_call(en, n);
  case N_COLLATE:
    return bind_collate(en, n);
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
