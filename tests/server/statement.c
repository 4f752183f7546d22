/* What each kind of statement does: rows to the client, variables, messages,
** transactions, calls. Control flow and a statement's DONE are exec.c's. */
#include <stdio.h>
#include <string.h>

#include "settings.h"
#include "statement.h"

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

static bool assigns(const struct select *sel) {
  return sel->item_count > 0 && sel->items[0].assign;
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

void exec_message(struct engine *en, int number, int severity, int state,
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
    exec_message(en, number, severity, state, (char *)b.p);
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

bool exec_call(struct engine *en, struct stmt *st) {
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
  exec_message(en, 0, 0, 1, v.null ? " " : value_string(&v, en->a));
  return true;
}

/* "SET IMPLICIT_TRANSACTIONS" */
static bool begins_transaction(const struct session *s, const struct stmt *st) {
  if (!(s->options & OPT_IMPLICIT_TRAN) || s->trancount > 0) return false;
  return (st->kind == S_SELECT && st->select->from) || st->kind == S_INSERT ||
         st->kind == S_UPDATE || st->kind == S_DELETE || st->kind == S_CREATE ||
         st->kind == S_DROP || st->kind == S_TRUNCATE;
}

bool exec_statement(struct engine *en, struct stmt *st, int64_t *rows) {
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
