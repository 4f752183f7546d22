/* A connection after its login: requests in, responses out, [MS-TDS] 3.3.5.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cache.h"
#include "engine.h"
#include "log.h"
#include "rpc.h"
#include "settings.h"

bool session_is_database(const struct session *s, const char *name) {
  static const char *const system[] = {"master", "tempdb", "model", "msdb"};
  for (unsigned i = 0; i < 4; i++)
    if (strcasecmp(system[i], name) == 0) return true;
  return strcasecmp(s->srv->database, name) == 0;
}

/* ---- tokens out ---- */

static void put_pending(struct session *s, unsigned more) {
  if (!s->pending.have) return;
  s->pending.have = false;
  token_done(&s->out, &s->wire, s->pending.token, s->pending.status | more,
             s->pending.command, s->pending.rows);
}

struct buf *session_out(struct session *s) {
  put_pending(s, DONE_MORE);
  return &s->out;
}

void session_done(struct session *s, unsigned token, unsigned status,
                  unsigned command, uint64_t rows) {
  put_pending(s, DONE_MORE);
  if (fault_has(&s->net.faults, DO_NO_COUNT)) {
    status &= ~(unsigned)DONE_COUNT;
    rows = 0;
  }
  s->pending.have = true;
  s->pending.token = token;
  s->pending.status = status;
  s->pending.command = command;
  s->pending.rows = rows;
}

void session_error(struct session *s, const struct sqlerr *e,
                   const char *proc) {
  if (e->severity > 10) {
    if (!s->first_error) s->first_error = e->number;
    s->last_error = e->number;
  }
  token_message(session_out(s), &s->wire, e, proc);
}

bool session_flush(struct session *s) {
  if (s->capture && s->out.n > s->carried)
    capture_add(s->capture, s->out.p + s->carried, s->out.n - s->carried,
                s->rows_sent);
  net_send(&s->net, PKT_REPLY, &s->out, false);
  s->carried = s->out.n;
  return !session_cancelled(s);
}

bool session_cancelled(struct session *s) {
  return net_check_attention(&s->net);
}

/* A message of its own that acknowledges an attention, [MS-TDS] 2.2.1.7. */
static void acknowledge(struct session *s) {
  s->net.attention = false;
  s->net.faults.n = 0;
  s->out.n = 0;
  token_done(&s->out, &s->wire, TOK_DONE, DONE_ATTN, 0, 0);
  net_send(&s->net, PKT_REPLY, &s->out, true);
}

/* The end of a response: its last DONE. One that an attention cut short ends
** with an error, and the acknowledgement follows. */
static void put_end(struct session *s) {
  const struct fault *bits = fault_has(&s->net.faults, DO_DONE_BITS);
  const struct fault *wrong = fault_has(&s->net.faults, DO_MISCOUNT);
  if (bits) s->pending.status |= (unsigned)bits->arg;
  if (wrong) s->pending.rows += (uint64_t)wrong->arg;
  if (s->net.attention) {
    s->pending.have = false;
    token_done(&s->out, &s->wire, TOK_DONE, DONE_ERROR, 0, 0);
  } else if (fault_has(&s->net.faults, DO_DROP_DONE)) {
    s->pending.have = false;
  } else {
    put_pending(s, 0);
  }
  if (s->capture && s->out.n > s->carried)
    capture_add(s->capture, s->out.p + s->carried, s->out.n - s->carried,
                s->rows_sent);
}

static void send_end(struct session *s) {
  s->carried = 0;
  net_send(&s->net, PKT_REPLY, &s->out, true);
  if (s->net.attention) acknowledge(s);
}

/* ---- transactions ---- */

void session_begin_tran(struct session *s) {
  if (s->trancount++ > 0) return;
  sqlite3_exec(s->sq, "BEGIN", NULL, NULL, NULL);
  s->tran_id = ((uint64_t)(unsigned)s->id << 32) + (uint32_t)++s->last_handle;
  if (s->wire.tds >= TDS_72)
    token_env_transaction(session_out(s), ENV_BEGIN, s->tran_id);
}

void session_end_tran(struct session *s, bool commit) {
  if (s->trancount == 0) return;
  if (commit && --s->trancount > 0) return;
  s->trancount = 0;
  sqlite3_exec(s->sq, commit ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL);
  if (s->wire.tds >= TDS_72)
    token_env_transaction(session_out(s), commit ? ENV_COMMIT : ENV_ROLLBACK,
                          s->tran_id);
}

/* [MS-TDS] 2.2.6.9 */
static void transaction_request(struct session *s, struct reader *r) {
  unsigned type = rd_u16(r);
  struct sqlerr e = {0};
  bool chain;
  switch (type) {
  case 0: /* TM_GET_DTC_ADDRESS: there is none */
    break;
  case 5:
    session_begin_tran(s);
    break;
  case 7:
  case 8:
    if (s->trancount == 0)
      sqlerr_set(&e, type == 7 ? 3902 : 3903, 16, 1,
                 "The %s TRANSACTION request has no corresponding BEGIN "
                 "TRANSACTION.",
                 type == 7 ? "COMMIT" : "ROLLBACK");
    session_end_tran(s, type == 7);
    (void)rd_bytes(r, rd_u8(r)); /* the name */
    chain = rd_u8(r) & 1;
    if (chain && !r->bad) session_begin_tran(s);
    break;
  case 9:
    break;
  default:
    sqlerr_set(&e, 3905, 16, 1, "This transaction request is unknown.");
  }
  if (e.number) session_error(s, &e, NULL);
  session_done(s, TOK_DONE, e.number ? DONE_ERROR : 0, 0, 0);
}

/* ---- a batch ---- */

static void run_batch(struct session *s, struct arena *a, const char *sql) {
  struct sqlerr e = {0};
  struct engine en = {.s = s, .a = a, .e = &e};
  struct parse_env env = {a, &e, s->options & OPT_QUOTED, s->srv->coll};
  const struct fault *f = fault_has(&s->net.faults, DO_ERROR);
  struct stmt *first;
  if (f && f->after_rows < 0) {
    fault_error(f, "", &e);
    session_error(s, &e, NULL);
    session_done(s, TOK_DONE, DONE_ERROR, 0, 0);
    return;
  }
  first = parse_batch(sql, &env);
  if (!first) {
    session_error(s, &e, NULL);
    session_done(s, TOK_DONE, DONE_ERROR, 0, 0);
    return;
  }
  (void)exec_batch(&en, first);
  if (!s->pending.have && !s->net.attention) session_done(s, TOK_DONE, 0, 0, 0);
}

/* Everything besides the request's bytes that shapes an answer. */
static void cache_key(struct session *s, struct buf *key, uint8_t type,
                      struct reader request) {
  buf_format(key, "%d %d %d %u %u %d %lld %d %s %s\n", type, s->wire.tds,
             s->wire.utf8, s->wire.textsize, s->options, s->isolation,
             (long long)s->rowcount, (int)s->fmt.order, s->fmt.language->name,
             s->db);
  buf_put(key, request.p, rd_left(&request));
}

/* All but the last part, which waits in s->out. False: an attention ended it
** early. */
static bool replay(struct session *s, const struct capture *c) {
  size_t at = 0;
  for (size_t i = 0; i < c->cut_count && !session_cancelled(s); i++) {
    bool last = i + 1 == c->cut_count;
    buf_put(&s->out, c->bytes.p + at, c->cuts[i].at - at);
    at = c->cuts[i].at;
    s->rows_sent = c->cuts[i].rows;
    if (last) return true;
    if (s->out.n >= 256 << 10) net_send(&s->net, PKT_REPLY, &s->out, false);
  }
  return false;
}

/* May this response be kept, or answered from what was kept? */
static bool cacheable(const struct session *s, uint8_t type) {
  if (type != PKT_BATCH && type != PKT_RPC) return false;
  if (s->trancount > 0 || (s->options & OPT_IMPLICIT_TRAN)) return false;
  for (unsigned i = 0; i < s->net.faults.n; i++) {
    const struct fault *f = &s->net.faults.f[i];
    if (f->after_rows >= 0 || f->what >= DO_ERROR) return false;
  }
  return true;
}

static void skip_headers(struct session *s, struct reader *r) {
  /* ALL_HEADERS, [MS-TDS] 2.2.5.3: its length counts itself */
  uint32_t total;
  struct reader peek = *r;
  if (s->wire.tds < TDS_72) return;
  total = rd_u32(&peek);
  if (peek.bad || total < 4 || total > rd_left(r)) {
    r->bad = true;
    return;
  }
  (void)rd_bytes(r, total);
}

/* What was asked, and what became of it. */
struct request {
  uint8_t type;
  struct arena arena;
  struct reader body;               /* behind the headers */
  struct rpc_call *call;            /* of an RPC */
  const char *event, *sql, *params; /* for the log */
  double started;
  bool cancelled, cached;
  uint64_t waiting; /* bytes still to be sent when the log is written */
};

static void log_request(struct session *s, const struct request *q) {
  struct log_event ev = {.event = q->event,
                         .connection = s->id,
                         .tls = s->net.tls,
                         .user = s->login.user,
                         .database = s->db,
                         .app = s->login.app,
                         .sql = q->sql,
                         .params = q->params,
                         .plan = s->plan,
                         .rows = s->rows_sent,
                         .bytes = (int64_t)(s->net.sent + q->waiting),
                         .cancelled = q->cancelled,
                         .cached = q->cached,
                         .ok = s->first_error == 0 && !s->net.dead,
                         .error = s->first_error,
                         .ms = (now_seconds() - q->started) * 1000};
  log_write(&ev);
}

/* The faults of a response, and those of the silence after it: chosen now, so
** that a test which has the response may ask for others. */
void session_faults(struct session *s, enum fault_when when, const char *text) {
  net_begin(&s->net, when, text);
  fault_pick(AT_IDLE, when == AT_BATCH ? text : "", &s->after);
}

static void fixture_sql(struct session *s, const char *sql) {
  char *why = NULL;
  if (sqlite3_exec(s->sq, sql, NULL, NULL, &why) != SQLITE_OK)
    fprintf(stderr, "tds-server: fault sql: %s\n", why);
  sqlite3_free(why);
}

static bool answer(struct session *s, uint8_t type, const struct buf *in,
                   bool again);

/* What goes wrong between the requests. `in` is the one just answered. */
static void idle(struct session *s, uint8_t type, const struct buf *in) {
  struct fault_set due = s->after;
  s->net.drip_bytes = 0;
  for (unsigned i = 0; i < due.n && !s->net.dead; i++) {
    const struct fault *f = &due.f[i];
    if (f->what == DO_SQL)
      fixture_sql(s, f->text);
    else if (f->what == DO_AGAIN && in)
      (void)answer(s, type, in, true);
    else
      net_fault(&s->net, f);
  }
}

/* False: the message is malformed. */
static bool read_request(struct session *s, struct request *q) {
  struct reader copy;
  q->event = q->type == PKT_BATCH ? "batch"
             : q->type == PKT_RPC ? "rpc"
                                  : "transaction";
  skip_headers(s, &q->body);
  if (q->body.bad) return false;
  if (q->type == PKT_BATCH)
    q->sql = text_from_utf16(&q->arena, q->body.p, rd_left(&q->body), NULL);
  if (q->type != PKT_RPC) return true;
  copy = q->body;
  q->call = rpc_read(s, &copy, &q->arena);
  if (q->call) rpc_describe(s, q->call, &q->arena, &q->sql, &q->params);
  return q->call != NULL;
}

/* Into s->out; cap NULL: not to be kept. */
static void run_request(struct session *s, struct request *q,
                        struct capture *cap) {
  s->capture = cap;
  if (q->type == PKT_BATCH)
    run_batch(s, &q->arena, q->sql);
  else if (q->type == PKT_RPC)
    rpc_run(s, q->call, &q->arena);
  else
    transaction_request(s, &q->body);
  q->cancelled = s->net.attention;
  if (s->volatile_answer || s->first_error || q->cancelled) s->capture = NULL;
  put_end(s);
}

/* The same from the cache, or into it. */
static void run_cached(struct session *s, struct request *q) {
  struct buf key = {0};
  int64_t version = cache_version();
  struct capture cap = {0};
  struct cached *hit;
  cache_key(s, &key, q->type, q->body);
  hit = cache_find(&key, version);
  if (hit) {
    q->cached = true;
    q->cancelled = !replay(s, cached_response(hit));
    if (q->cancelled) put_end(s);
    memcpy(s->plan, cached_response(hit)->plan, sizeof s->plan);
    cache_release(hit);
  } else {
    run_request(s, q, &cap);
    memcpy(cap.plan, s->plan, sizeof cap.plan);
    if (s->capture && !s->net.dead) cache_store(&key, version, &cap);
    s->capture = NULL;
    capture_clear(&cap);
  }
  buf_clear(&key);
}

/* What comes before the first byte of the response. */
static void begin_response(struct session *s, bool reset) {
  for (unsigned i = 0; i < s->net.faults.n; i++)
    if (s->net.faults.f[i].what == DO_SQL)
      fixture_sql(s, s->net.faults.f[i].text);
  if (!reset) return;
  session_end_tran(s, false);
  settings_reset(s);
  token_env(session_out(s), ENV_RESET, "", "");
}

/* Whether what is asked for has been done before the response goes out. */
static bool faults_are_over(const struct fault_set *set) {
  for (unsigned i = 0; i < set->n; i++)
    if (set->f[i].what != DO_ERROR && set->f[i].what != DO_SQL &&
        set->f[i].what != DO_LOCK)
      return false;
  return true;
}

/* Sends the response, and logs the request. Who has the response finds its line
** in the log. Only under a fault of the link or of the bytes it is written when
** all is over, and says what came of it. */
static void end_response(struct session *s, struct request *q) {
  bool early =
      faults_are_over(&s->net.faults) && !s->net.attention && !s->net.dead;
  if (early) {
    q->waiting = net_framed(&s->net, s->out.n);
    log_request(s, q);
  }
  send_end(s);
  if (!early) log_request(s, q);
}

/* Answers one request. False: the message was malformed; the connection ends,
** as SQL Server ends it. `again`: once more, though nobody asked. */
static bool answer(struct session *s, uint8_t type, const struct buf *in,
                   bool again) {
  struct request q = {.type = type,
                      .body = {in->p, in->p + in->n, false},
                      .started = now_seconds()};
  bool reset = s->net.status & 0x18;
  s->out.n = s->carried = 0;
  s->pending.have = false;
  s->rows_sent = 0;
  s->first_error = 0;
  s->plan[0] = 0;
  s->volatile_answer = reset;
  if (!read_request(s, &q)) {
    arena_clear(&q.arena);
    return false;
  }
  if (again)
    net_reset(&s->net);
  else
    session_faults(s, AT_BATCH, q.sql ? q.sql : "");
  begin_response(s, reset);
  if (cacheable(s, type) && !reset)
    run_cached(s, &q);
  else
    run_request(s, &q, NULL);
  end_response(s, &q);
  if (!again && !s->net.dead) idle(s, type, in);
  arena_clear(&q.arena);
  return true;
}

/* One thread has it, so SQLite needs no lock. */
static bool open_fixture(struct session *s) {
  int rc = sqlite3_open_v2(s->srv->db_path, &s->sq,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc != SQLITE_OK) {
    sqlite3_close(s->sq);
    rc = sqlite3_open_v2(s->srv->db_path, &s->sq,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
  }
  if (rc != SQLITE_OK) {
    fprintf(stderr, "tds-server: %s: %s\n", s->srv->db_path,
            sqlite3_errmsg(s->sq));
    return false;
  }
  sqlite3_busy_timeout(s->sq, 5000);
  sqlite3_exec(s->sq, "PRAGMA case_sensitive_like=0", NULL, NULL, NULL);
  return true;
}

void session_run(struct session *s) {
  struct buf in = {0};
  uint8_t type;
  bool good = open_fixture(s);
  if (good) idle(s, 0, NULL);
  while (good && net_read(&s->net, &type, &in)) {
    switch (type) {
    case PKT_ATTENTION: /* nothing runs: acknowledge all the same */
      if (!fault_has(&s->net.faults, DO_IGNORE_ATTENTION)) acknowledge(s);
      break;
    case PKT_BATCH:
    case PKT_RPC:
    case PKT_TRANSACTION:
      good = answer(s, type, &in, false) && !s->net.dead;
      break;
    default:
      good = false;
    }
  }
  buf_clear(&in);
}

void session_clear(struct session *s) {
  struct login *l = &s->login;
  for (unsigned i = 0; i < s->prepared_count; i++) {
    free(s->prepared[i].sql);
    free(s->prepared[i].params);
  }
  free(s->prepared);
  free(l->host);
  free(l->user);
  free(l->password);
  free(l->app);
  free(l->server);
  free(l->language);
  free(l->database);
  buf_clear(&s->out);
  sqlite3_close(s->sq);
  net_clear(&s->net);
}
