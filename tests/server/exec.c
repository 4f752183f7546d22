/* Running a batch: everything is bound before anything runs, so a misspelt
** column returns no rows; a missing table is an error only when its statement
** is reached, as in SQL Server. */
#include <string.h>

#include "statement.h"

enum { VARS_MAX = 2200 }; /* 2100 parameters, and some */

static bool run_list(struct engine *en, struct stmt *st);

bool engine_declare(struct engine *en, const char *name, struct type type) {
  struct variable *v;
  if (!en->vars) en->vars = arena_alloc(en->a, VARS_MAX * sizeof *en->vars);
  if (engine_var(en, name) || en->var_count == VARS_MAX) return false;
  v = &en->vars[en->var_count++];
  v->name = name;
  v->type = type;
  v->type.notnull = false;
  v->value = value_null(type.id);
  return true;
}

void engine_error(struct engine *en, const struct sqlerr *e) {
  session_error(en->s, e, en->proc);
}

static void statement_done(struct engine *en, unsigned status, unsigned cmd,
                           uint64_t rows) {
  if (en->in_proc) {
    if ((en->s->options & OPT_NOCOUNT) && !(status & DONE_ERROR)) return;
    session_done(en->s, TOK_DONEINPROC, status, cmd, rows);
  } else {
    session_done(en->s, TOK_DONE, status, cmd, rows);
  }
}

/* ---- binding before running ---- */

static void check_assign_targets(struct engine *en, const struct select *sel) {
  for (unsigned i = 0; i < sel->item_count; i++)
    if (sel->items[i].assign && !engine_var(en, sel->items[i].assign))
      bind_error(en, sel->line, 137, 15, 1,
                 "Must declare the scalar variable \"%s\".",
                 sel->items[i].assign);
}

static void bind_statement(struct engine *en, struct stmt *st) {
  switch (st->kind) {
  case S_SELECT:
    check_assign_targets(en, st->select);
    query_free(query_bind(en, st->select, NULL));
    break;
  case S_SET_VAR:
    if (!engine_var(en, st->name))
      bind_error(en, st->line, 137, 15, 1,
                 "Must declare the scalar variable \"%s\".", st->name);
    (void)bind_expr(en, NULL, st->e);
    break;
  case S_PRINT:
  case S_WAITFOR:
    (void)bind_expr(en, NULL, st->e);
    break;
  case S_IF:
  case S_WHILE:
    (void)bind_condition(en, NULL, st->e);
    break;
  case S_EXEC:
    for (unsigned i = 0; i < st->list_count; i++)
      if (st->list[i].e) (void)bind_expr(en, NULL, st->list[i].e);
    if (st->e) (void)bind_expr(en, NULL, st->e);
    break;
  case S_RAISERROR:
  case S_THROW:
    for (unsigned i = 0; i < st->row_count; i++)
      (void)bind_expr(en, NULL, st->rows[i]);
    break;
  case S_DECLARE:
    for (unsigned i = 0; i < st->list_count; i++)
      if (st->list[i].e) (void)bind_expr(en, NULL, st->list[i].e);
    break;
  default:
    break;
  }
}

static void check(struct engine *en, struct stmt *st) {
  for (; st && en->error_count < ERRORS_MAX; st = st->next) {
    unsigned before = en->error_count;
    struct sqlerr ignored = {0}, *saved = en->e;
    en->e = &ignored;
    en->deferred = false;
    if (st->kind == S_DECLARE)
      for (unsigned i = 0; i < st->list_count; i++)
        if (!engine_declare(en, st->list[i].name, st->list[i].type))
          bind_error(en, st->line, 134, 15, 2,
                     "The variable name '%s' has already been declared. "
                     "Variable names must be unique within a query batch or "
                     "stored procedure.",
                     st->list[i].name);
    bind_statement(en, st);
    if (en->deferred) en->error_count = before; /* told when it runs */
    en->e = saved;
    check(en, st->body);
    check(en, st->other);
  }
}

/* ---- running ---- */

/* A statement's DONE: CurCmd, and whether its rows are counted there. */
static const struct {
  uint8_t command;
  bool counts;
} done_of[S_RETURN + 1] = {
    [S_SELECT] = {CMD_SELECT, true}, [S_SET] = {CMD_SET, false},
    [S_INSERT] = {CMD_INSERT, true}, [S_UPDATE] = {CMD_UPDATE, true},
    [S_DELETE] = {CMD_DELETE, true}, [S_TRUNCATE] = {CMD_DELETE, false},
    [S_CREATE] = {CMD_CREATE, false}};

/* Errors that end their statement only; all others end the batch. */
static bool goes_on_after(int number) {
  return number == 8134 || number == 8115 || number == 220 || number == 512 ||
         number == 50000 || number == 2627 || number == 515 || number == 3902 ||
         number == 3903 || number == 911;
}

static bool flow(struct engine *en, struct stmt *st, bool *handled) {
  struct eval ev = {en, en->a};
  int yes;
  *handled = true;
  switch (st->kind) {
  case S_BLOCK:
    return run_list(en, st->body);
  case S_IF:
    if (!bind_condition(en, NULL, st->e)) return false;
    yes = eval_condition(&ev, st->e);
    if (yes == -2) return false;
    return run_list(en, yes == 1 ? st->body : st->other);
  case S_WHILE:
    for (;;) {
      if (!bind_condition(en, NULL, st->e)) return false;
      yes = eval_condition(&ev, st->e);
      if (yes == -2) return false;
      if (yes != 1 || session_cancelled(en->s)) return true;
      if (!run_list(en, st->body)) return false;
    }
  case S_EXEC:
    return exec_call(en, st);
  default:
    *handled = false;
    return true;
  }
}

/* "SET ARITHABORT": what became NULL is told, unless ARITHIGNORE says not to.
 */
static void arithmetic_warnings(struct engine *en) {
  bool tell = !(en->s->options & OPT_ARITHIGNORE);
  if (en->overflowed && tell)
    exec_message(en, 3606, 10, 0, "Arithmetic overflow occurred.");
  if (en->divided && tell)
    exec_message(en, 3607, 10, 0, "Division by zero occurred.");
  en->overflowed = en->divided = false;
}

/* The DONE of a statement that ran, with its count. */
static void tell_done(struct engine *en, const struct stmt *st, int64_t rows) {
  struct session *s = en->s;
  bool counts = done_of[st->kind].counts &&
                !(st->kind == S_SELECT && (s->options & OPT_FMTONLY));
  bool shows = counts && !(s->options & OPT_NOCOUNT);
  arithmetic_warnings(en);
  s->last_error = 0;
  s->last_rows = counts ? rows : 0;
  statement_done(en, shows ? DONE_COUNT : 0, done_of[st->kind].command,
                 shows ? (uint64_t)rows : 0);
}

/* The errors of one that failed, and its DONE; whether the batch goes on. */
static bool tell_errors(struct engine *en, const struct stmt *st) {
  bool bound = en->error_count == 0;
  if (bound && en->e->number == 0) return false; /* told already */
  for (unsigned i = 0; i < en->error_count; i++)
    engine_error(en, &en->errors[i]);
  if (en->e->number) engine_error(en, en->e);
  statement_done(en, DONE_ERROR, done_of[st->kind].command, 0);
  en->error_count = 0;
  return bound && goes_on_after(en->e->number);
}

static bool run_statement(struct engine *en, struct stmt *st) {
  const struct net *net = &en->s->net;
  struct sqlerr e = {0};
  bool ok, handled;
  int64_t rows = 0;
  en->e = &e;
  e.line = st->line;
  en->error_count = 0;
  ok = flow(en, st, &handled);
  if (!handled) ok = exec_statement(en, st, &rows);
  if (ok && handled) return true;
  if (!ok) return !net->dead && tell_errors(en, st);
  if (net->attention || net->dead) return false;
  tell_done(en, st, rows);
  return true;
}

static bool run_list(struct engine *en, struct stmt *st) {
  for (; st; st = st->next) {
    struct sqlerr *saved = en->e;
    bool ok = st->kind == S_RETURN ? false : run_statement(en, st);
    en->e = saved;
    en->catalog = NULL; /* the next one may see another */
    if (!ok || session_cancelled(en->s)) return false;
  }
  return true;
}

bool exec_batch(struct engine *en, struct stmt *first) {
  check(en, first);
  if (en->error_count) {
    for (unsigned i = 0; i < en->error_count; i++)
      engine_error(en, &en->errors[i]);
    statement_done(en, DONE_ERROR, CMD_NONE, 0);
    return false;
  }
  return run_list(en, first);
}

bool exec_text(struct engine *en, const char *sql, struct variable *vars,
               unsigned var_count, const char *proc) {
  struct engine inner = {.s = en->s, .a = en->a, .in_proc = en->in_proc};
  struct sqlerr e = {0};
  struct parse_env env = {en->a, &e, en->s->options & OPT_QUOTED,
                          en->s->srv->coll};
  struct stmt *first;
  bool ok;
  if (en->nesting >= 32)
    return sqlerr_set(en->e, 217, 16, 1,
                      "Maximum stored procedure, function, trigger, or view "
                      "nesting level exceeded (limit 32).");
  inner.nesting = en->nesting + 1;
  if (proc) inner.in_proc = true;
  inner.e = &e;
  inner.vars = arena_alloc(en->a, VARS_MAX * sizeof *inner.vars);
  if (var_count > VARS_MAX) var_count = VARS_MAX;
  if (var_count) memcpy(inner.vars, vars, var_count * sizeof *vars);
  inner.var_count = var_count;
  first = parse_batch(sql ? sql : "", &env);
  if (!first) {
    engine_error(&inner, &e);
    statement_done(&inner, DONE_ERROR, CMD_NONE, 0);
    return false;
  }
  ok = exec_batch(&inner, first);
  if (var_count) memcpy(vars, inner.vars, var_count * sizeof *vars);
  return ok;
}
