/* Running a batch: everything is bound before anything runs, so a misspelt
** column returns no rows; a missing table is an error only when its statement
** is reached, as in SQL Server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "settings.h"

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

/* ---- rows to the client ---- */

/* Faults that a row's number triggers. False: the statement ends here;
** *stop: as if these were all rows. */
static bool row_faults(struct engine *en, int64_t rows, bool *stop) {
  struct net *net = &en->s->net;
  for (unsigned i = 0; i < net->faults.n; i++) {
    struct fault f = net->faults.f[i];
    if (f.after_rows != rows) continue;
    if (f.what == DO_ERROR) {
      net->faults.f[i] = net->faults.f[--net->faults.n];
      return fault_error(&f, "", en->e);
    }
    if (f.what == DO_DONE_BITS || f.what == DO_MISCOUNT) *stop = true;
    if (f.what > DO_BYE) continue;
    net->faults.f[i] = net->faults.f[--net->faults.n];
    /* even a part of a packet goes out, so the client has these rows */
    if (!session_flush(en->s)) return false;
    net_send_short(net, PKT_REPLY, &en->s->out);
    en->s->carried = 0;
    net_fault(net, &f);
    if (net->dead) return false;
    i = (unsigned)-1; /* the set has changed: look again */
  }
  return true;
}

bool exec_send(struct engine *en, struct query *q, int64_t *rows) {
  struct session *s = en->s;
  unsigned n;
  const struct column *cols = query_columns(q, &n);
  struct value *row = arena_alloc(en->a, (n + 1) * sizeof *row);
  const struct fault *chunks = fault_has(&s->net.faults, DO_CHUNKS);
  bool by_rows = false, stop = false, ok;
  int got = 0;
  *rows = 0;
  for (unsigned i = 0; i < s->net.faults.n; i++)
    by_rows |= s->net.faults.f[i].after_rows >= 0;
  s->wire.chunk = chunks && chunks->arg > 0 ? (size_t)chunks->arg : 0;
  wire_colmetadata(session_out(s), cols, n, &s->wire);
  if (s->options & OPT_FMTONLY) return true;
  ok = query_open(q);
  while (ok) {
    if (by_rows && !row_faults(en, *rows, &stop)) {
      ok = false;
      break;
    }
    if (stop) break;
    if (s->rowcount && *rows >= s->rowcount) break;
    got = query_next(q, row);
    if (got != 1) break;
    wire_row(&s->out, cols, row, n, &s->wire);
    ++*rows;
    s->rows_sent++;
    if (s->out.n >= 64 << 10 ? !session_flush(s)
                             : *rows % 64 == 0 && session_cancelled(s))
      break;
  }
  query_close(q);
  return ok && got >= 0;
}

static bool assign_vars(struct engine *en, struct query *q,
                        const struct select *sel, int64_t *rows) {
  unsigned n;
  struct value *row;
  int got;
  (void)query_columns(q, &n);
  row = arena_alloc(en->a, (n + 1) * sizeof *row);
  *rows = 0;
  if (!query_open(q)) return false;
  while ((got = query_next(q, row)) == 1) {
    ++*rows;
    for (unsigned i = 0; i < n; i++) {
      struct variable *v = engine_var(en, sel->items[i].assign);
      if (!convert(&v->value, &row[i], &v->type, -1, &en->s->fmt, en->a,
                   en->e)) {
        got = -1;
        break;
      }
      value_copy(&v->value, en->a);
    }
    if (got < 0) break;
  }
  query_close(q);
  return got >= 0;
}

/* ---- binding before running ---- */

static bool assigns(const struct select *sel) {
  return sel->item_count > 0 && sel->items[0].assign;
}

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

/* ---- statements ---- */

static bool value_of(struct engine *en, struct node *n, struct value *v) {
  struct eval ev = {en, en->a};
  return bind_expr(en, NULL, n) && en->error_count == 0 && eval_expr(&ev, n, v);
}

static bool set_var(struct engine *en, const char *name, struct node *e) {
  struct variable *v = engine_var(en, name);
  struct value raw;
  return v && value_of(en, e, &raw) &&
         convert(&v->value, &raw, &v->type, -1, &en->s->fmt, en->a, en->e);
}

/* Somebody else holds the rows (fault lock): a reader that takes locks waits,
** for LOCK_TIMEOUT at most; one that reads versions does not. */
static bool wait_for_lock(struct engine *en, const struct select *sel) {
  struct session *s = en->s;
  const struct fault *f = fault_has(&s->net.faults, DO_LOCK);
  int64_t held = f ? f->arg : 0, patience = s->lock_timeout;
  if (!f || !sel->from || s->isolation == ISO_READ_UNCOMMITTED ||
      s->isolation == ISO_SNAPSHOT ||
      (s->isolation == ISO_READ_COMMITTED && s->srv->rcsi))
    return true;
  if (held < 0) held = (int64_t)1 << 40;
  net_sleep(&s->net, patience >= 0 && patience < held ? patience : held);
  return patience < 0 || patience >= held ||
         sqlerr_set(en->e, 1222, 16, 45,
                    "Lock request time out period exceeded.");
}

static bool run_select(struct engine *en, struct stmt *st, int64_t *rows) {
  struct query *q = query_bind(en, st->select, NULL);
  bool ok;
  if (!q || !wait_for_lock(en, st->select)) return false;
  if (query_plan(q))
    snprintf(en->s->plan, sizeof en->s->plan, "%s", query_plan(q));
  if (st->select->into)
    return sqlerr_set(en->e, 40517, 16, 1,
                      "SELECT INTO is not supported by this server.");
  ok = assigns(st->select) ? assign_vars(en, q, st->select, rows)
                           : exec_send(en, q, rows);
  query_free(q);
  return ok;
}

static bool run_use(struct engine *en, const char *name) {
  struct session *s = en->s;
  struct sqlerr e = {5701, 0, 2, 1, ""};
  char before[130];
  memcpy(before, s->db, sizeof before);
  if (!session_is_database(s, name))
    return sqlerr_set(en->e, 911, 16, 1,
                      "Database '%s' does not exist. Make sure that the name "
                      "is entered correctly.",
                      name);
  strncpy(s->db, name, sizeof s->db - 1);
  token_env(session_out(s), ENV_DATABASE, s->db, before);
  e.number = 0;
  sqlerr_set(&e, 5701, 0, 2, "Changed database context to '%s'.", s->db);
  token_message(session_out(s), &s->wire, &e, en->proc);
  s->volatile_answer = true;
  return true;
}

static void message(struct engine *en, int number, int severity, int state,
                    const char *text) {
  struct sqlerr e = {0};
  if (severity == 10) severity = 0; /* "Database engine error severities" */
  e.line = en->e->line;
  sqlerr_set(&e, number ? number : 1, severity, state, "%s", text);
  e.number = number;
  engine_error(en, &e);
}

/* RAISERROR('%s has %d', 16, 1, N'x', 5) */
static bool run_raiserror(struct engine *en, struct stmt *st) {
  struct value v[16];
  struct buf b = {0};
  const char *fmt;
  unsigned next = 3;
  int number = 50000, severity, state;
  for (unsigned i = 0; i < st->row_count && i < 16; i++)
    if (!value_of(en, st->rows[i], &v[i])) return false;
  if (st->row_count < 3)
    return sqlerr_set(en->e, 102, 15, 1, "Incorrect syntax near ')'.");
  severity = (int)v[1].u.i;
  state = (int)v[2].u.i;
  if (type_is_integer(v[0].id)) number = (int)v[0].u.i;
  fmt = type_is_string(v[0].id) && !v[0].null ? value_string(&v[0], en->a)
                                              : "A message of the user's.";
  for (const char *p = fmt; *p; p++) {
    if (*p != '%') {
      buf_u8(&b, (unsigned char)*p);
      continue;
    }
    p++;
    while (*p && strchr("0123456789-+ .*l", *p)) p++;
    if (*p == '%') {
      buf_u8(&b, '%');
    } else if (next < st->row_count && next < 16) {
      const char *s = value_string(&v[next++], en->a);
      buf_text(&b, s ? s : "(null)");
    } else {
      buf_text(&b, "(null)");
    }
    if (!*p) break;
  }
  buf_u8(&b, 0);
  if (severity <= 10)
    message(en, number, severity, state, (char *)b.p);
  else
    sqlerr_set(en->e, number, severity, state, "%s", (char *)b.p);
  buf_clear(&b);
  return severity <= 10;
}

static bool run_throw(struct engine *en, struct stmt *st) {
  struct value v[3];
  for (unsigned i = 0; i < 3; i++)
    if (st->row_count < 3 || !value_of(en, st->rows[i], &v[i])) return false;
  return sqlerr_set(en->e, (int)v[0].u.i, 16, (int)v[2].u.i, "%s",
                    value_string(&v[1], en->a));
}

static bool run_waitfor(struct engine *en, struct stmt *st) {
  struct value v, t;
  struct type time = type_of(T_TIME);
  if (!value_of(en, st->e, &v) ||
      !convert(&t, &v, &time, -1, &en->s->fmt, en->a, en->e))
    return false;
  net_sleep(&en->s->net, t.u.w.ticks / 10000);
  en->s->volatile_answer = true;
  return true;
}

static bool run_tran(struct engine *en, struct stmt *st) {
  struct session *s = en->s;
  s->volatile_answer = true;
  switch (st->op) {
  case 'b':
    session_begin_tran(s);
    return true;
  case 's':
    return true;
  default:
    if (s->trancount == 0)
      return sqlerr_set(en->e, st->op == 'c' ? 3902 : 3903, 16, 1,
                        "The %s TRANSACTION request has no corresponding BEGIN "
                        "TRANSACTION.",
                        st->op == 'c' ? "COMMIT" : "ROLLBACK");
    session_end_tran(s, st->op == 'c');
    return true;
  }
}

static bool run_exec(struct engine *en, struct stmt *st) {
  struct rpc_param *p;
  int status = 0;
  bool ok;
  if (!st->name) { /* EXEC ('text') */
    struct value v;
    if (!value_of(en, st->e, &v)) return false;
    return exec_text(en, value_string(&v, en->a), NULL, 0, NULL);
  }
  p = arena_alloc(en->a, (st->list_count + 1) * sizeof *p);
  for (unsigned i = 0; i < st->list_count; i++) {
    struct assign *a = &st->list[i];
    p[i].name = a->name ? a->name : "";
    p[i].output = a->output;
    p[i].value = value_null(T_NVARCHAR);
    if (!a->e) continue;
    if (!value_of(en, a->e, &p[i].value)) return false;
    p[i].type = a->e->type;
  }
  ok = proc_run(en, st->name, p, st->list_count, &status);
  for (unsigned i = 0; i < st->list_count; i++) {
    const struct assign *a = &st->list[i];
    struct variable *v = a->output && a->e && a->e->kind == N_VAR
                             ? engine_var(en, a->e->name)
                             : NULL;
    if (v)
      (void)convert(&v->value, &p[i].value, &v->type, -1, &en->s->fmt, en->a,
                    en->e);
  }
  if (st->retvar && engine_var(en, st->retvar))
    engine_var(en, st->retvar)->value = value_int(T_INT, status);
  if (!ok) return false;
  if (!en->in_proc) {
    token_return_status(session_out(en->s), status);
    session_done(en->s, TOK_DONEPROC, 0, CMD_EXEC, 0);
  }
  return true;
}

static bool run_declare(struct engine *en, const struct stmt *st) {
  for (unsigned i = 0; i < st->list_count; i++)
    if (st->list[i].e && !set_var(en, st->list[i].name, st->list[i].e))
      return false;
  return true;
}

static bool run_print(struct engine *en, const struct stmt *st) {
  struct value v;
  if (!value_of(en, st->e, &v)) return false;
  message(en, 0, 0, 1, v.null ? " " : value_string(&v, en->a));
  return true;
}

/* "SET IMPLICIT_TRANSACTIONS" */
static bool begins_transaction(const struct session *s, const struct stmt *st) {
  if (!(s->options & OPT_IMPLICIT_TRAN) || s->trancount > 0) return false;
  return (st->kind == S_SELECT && st->select->from) || st->kind == S_INSERT ||
         st->kind == S_UPDATE || st->kind == S_DELETE || st->kind == S_CREATE ||
         st->kind == S_DROP || st->kind == S_TRUNCATE;
}

/* A statement's DONE: CurCmd, and whether its rows are counted there. */
static const struct {
  uint8_t command;
  bool counts;
} done_of[S_RETURN + 1] = {
    [S_SELECT] = {CMD_SELECT, true}, [S_SET] = {CMD_SET, false},
    [S_INSERT] = {CMD_INSERT, true}, [S_UPDATE] = {CMD_UPDATE, true},
    [S_DELETE] = {CMD_DELETE, true}, [S_TRUNCATE] = {CMD_DELETE, false},
    [S_CREATE] = {CMD_CREATE, false}};

static bool run_one(struct engine *en, struct stmt *st, int64_t *rows) {
  struct session *s = en->s;
  if (begins_transaction(s, st)) session_begin_tran(s);
  switch (st->kind) {
  case S_SELECT:
    return run_select(en, st, rows);
  case S_SET:
    s->volatile_answer = true;
    return set_option(en, st);
  case S_SET_VAR:
    return set_var(en, st->name, st->e);
  case S_DECLARE:
    return run_declare(en, st);
  case S_USE:
    return run_use(en, st->name);
  case S_PRINT:
    return run_print(en, st);
  case S_RAISERROR:
    return run_raiserror(en, st);
  case S_THROW:
    return run_throw(en, st);
  case S_WAITFOR:
    return run_waitfor(en, st);
  case S_TRAN:
    return run_tran(en, st);
  case S_INSERT:
    return exec_insert(en, st, rows);
  case S_UPDATE:
  case S_DELETE:
  case S_TRUNCATE:
    return exec_update(en, st, rows);
  case S_CREATE:
    return exec_create(en, st);
  case S_DROP:
    return exec_drop(en, st);
  default:
    return true;
  }
}

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
    return run_exec(en, st);
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
    message(en, 3606, 10, 0, "Arithmetic overflow occurred.");
  if (en->divided && tell)
    message(en, 3607, 10, 0, "Division by zero occurred.");
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
  if (!handled) ok = run_one(en, st, &rows);
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
