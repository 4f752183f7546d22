/* RPC requests: see rpc.h. */
#include "rpc.h"

#include <string.h>
#include <strings.h>

#include "log.h"

static const char *const by_id[] = {NULL,
                                    "sp_cursor",
                                    "sp_cursoropen",
                                    "sp_cursorprepare",
                                    "sp_cursorexecute",
                                    "sp_cursorprepexec",
                                    "sp_cursorunprepare",
                                    "sp_cursorfetch",
                                    "sp_cursoroption",
                                    "sp_cursorclose",
                                    "sp_executesql",
                                    "sp_prepare",
                                    "sp_execute",
                                    "sp_prepexec",
                                    "sp_prepexecrpc",
                                    "sp_unprepare"};

static bool read_param(struct session *s, struct reader *r, struct arena *a,
                       struct rpc_param *p) {
  unsigned len = rd_u8(r), flags;
  const uint8_t *name = rd_bytes(r, 2 * (size_t)len);
  if (!name && len) return false;
  p->name = len ? text_from_utf16(a, name, 2 * (size_t)len, NULL) : "";
  flags = rd_u8(r);
  p->output = flags & 1;
  return wire_read_param(r, &p->type, &p->value, &s->wire, a);
}

struct rpc_call *rpc_read(struct session *s, struct reader *r,
                          struct arena *a) {
  struct rpc_call *c = arena_alloc(a, sizeof *c);
  unsigned len = rd_u16(r), cap = 0;
  if (len == 0xffff) {
    unsigned id = rd_u16(r);
    if (id < 1 || id > 15) return NULL;
    c->name = by_id[id];
  } else {
    const uint8_t *name = rd_bytes(r, 2 * (size_t)len);
    if (!name) return NULL;
    c->name = text_from_utf16(a, name, 2 * (size_t)len, NULL);
  }
  c->no_metadata = rd_u16(r) & 2;
  while (rd_left(r) > 0 && !r->bad) {
    unsigned separator = s->wire.tds >= TDS_72 ? 0xff : 0x80;
    if (*r->p == separator || *r->p == 0xff) { /* the next call */
      rd_u8(r);
      if (rd_left(r) > 0) c->next = rpc_read(s, r, a);
      return rd_left(r) == 0 || c->next ? c : NULL;
    }
    if (c->count == cap) {
      struct rpc_param *bigger;
      cap = cap ? 2 * cap : 8;
      bigger = arena_alloc(a, cap * sizeof *bigger);
      if (c->count) memcpy(bigger, c->params, c->count * sizeof *bigger);
      c->params = bigger;
    }
    if (!read_param(s, r, a, &c->params[c->count])) return NULL;
    c->count++;
  }
  return r->bad ? NULL : c;
}

void rpc_describe(const struct session *s, const struct rpc_call *c,
                  struct arena *a, const char **sql, const char **params) {
  struct buf b = {0};
  unsigned at = strcasecmp(c->name, "sp_executesql") == 0 ? 0
                : strcasecmp(c->name, "sp_prepare") == 0  ? 2
                : strcasecmp(c->name, "sp_prepexec") == 0 ? 2
                                                          : UINT32_MAX;
  *sql = NULL;
  if (at < c->count && type_is_string(c->params[at].value.id) &&
      !c->params[at].value.null)
    *sql = value_string(&c->params[at].value, a);
  if (strcasecmp(c->name, "sp_execute") == 0 && c->count &&
      c->params[0].value.id == T_INT)
    for (unsigned i = 0; i < s->prepared_count; i++)
      if (s->prepared[i].handle == c->params[0].value.u.i)
        *sql = arena_text(a, s->prepared[i].sql, strlen(s->prepared[i].sql));
  if (!*sql) *sql = c->name;
  buf_u8(&b, '[');
  for (unsigned i = 0; i < c->count; i++) {
    struct value v = c->params[i].value;
    if (i == at) continue;
    if (b.n > 1) buf_u8(&b, ',');
    if (type_is_binary(v.id) && !v.null)
      buf_format(&b, "\"(%zu bytes)\"", v.u.s.n);
    else
      json_text(&b, v.null ? NULL : value_string(&v, a));
  }
  buf_u8(&b, ']');
  *params = arena_text(a, (char *)b.p, b.n);
  buf_clear(&b);
}

static void run_one(struct session *s, struct rpc_call *c, struct arena *a) {
  struct sqlerr e = {0};
  struct engine en = {.s = s, .a = a, .e = &e, .in_proc = true};
  const struct fault *f = fault_has(&s->net.faults, DO_ERROR);
  int status = 0;
  bool ok = false;
  e.line = 1;
  if (f && f->after_rows < 0)
    fault_error(f, "", &e);
  else
    ok = proc_run(&en, c->name, c->params, c->count, &status);
  if (s->net.attention || s->net.dead) return;
  for (unsigned i = 0; i < en.error_count; i++)
    engine_error(&en, &en.errors[i]);
  if (e.number) engine_error(&en, &e);
  if (ok || s->first_error == 0) {
    token_return_status(session_out(s), status);
    for (unsigned i = 0; i < c->count; i++)
      if (c->params[i].output)
        token_return_value(session_out(s), &s->wire, i, c->params[i].name,
                           &c->params[i].type, &c->params[i].value);
  } else {
    token_return_status(session_out(s), s->first_error);
  }
  session_done(s, TOK_DONEPROC, ok ? 0 : DONE_ERROR, CMD_EXEC, 0);
}

void rpc_run(struct session *s, struct rpc_call *c, struct arena *a) {
  for (; c && !s->net.attention && !s->net.dead; c = c->next) run_one(s, c, a);
}
