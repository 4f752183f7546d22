/*
** A connection to SQL Server through FreeTDS's DB-Library.
**
**   SELECT ordersync_refresh();     -- one connection, one SELECT, all rows
**   SELECT * FROM ordersync;        -- the same, a cursor at a time
**
** DB-Library reports trouble in passing, through handlers, and often reports
** success all the same: an error token in mid-stream ends a result as if
** there were no more rows. So success is never taken from a return code
** alone. A result is complete when the last row was announced, no message
** above severity 10 came, the server's row count is the number of rows that
** were read, and the answer ended with a DONE that bears no error mark.
*/
#include "mssql/mssql.h"

#include "base/clock.h"
#include "mssql/column.h"
#include "mssql/error.h"
#include "mssql/login.h"
#include "mssql/tls.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROWS_PER_CHECK  64
#define CANCEL_GRACE_MS 250
#define COPY_PACKET     16000 /* TLS records end at 16 KiB */
#define LIVE_PACKET     8000

enum mssql_state {
  STATE_IDLE, /* no result is open */
  STATE_ROWS, /* rows may follow */
  STATE_DONE  /* the last row was read and the end was proper */
};

struct mssql {
  DBPROCESS *db; /* owned */
  pid_t pid;
  struct box box;
  struct notes notes;
  enum mssql_state state;
  int dead;
  sqlite3_int64 n_rows;
  struct remote_columns columns;
  struct slot *slots; /* owned, columns.count of them */
};

const char *mssql_library_version(void) {
  return dbversion();
}

const char *mssql_tls(const struct mssql *m) {
  return m->box.tls.session ? m->box.tls.facts : NULL;
}

/* ---- ends -------------------------------------------------------------- */

static void drop(struct mssql *m) {
  if (m->box.fd >= 0) (void)shutdown(m->box.fd, SHUT_RDWR);
  m->dead = 1;
}

static void forget_result(struct mssql *m) {
  remote_columns_clear(&m->columns);
  sqlite3_free(m->slots);
  m->slots = NULL;
  m->state = STATE_IDLE;
  m->n_rows = 0;
}

/* Runs a step of DB-Library's; its answer. Dead when it did not come back, or
** only because a wait was ended. */
static int run(struct mssql *m, int (*step)(void *), void *arg) {
  int answer = box_run(&m->box, step, arg);
  if (answer == BOX_BROKEN || m->box.wait.end || m->box.fd < 0) m->dead = 1;
  return answer;
}

/* A DONE may tell of an error that no message explains: a session that was
** killed, say. */
static int is_marked(const struct mssql *m) {
  int status = stream_done(&m->box.in);
  return status >= 0 &&
         (status & (STREAM_DONE_ERROR | STREAM_DONE_SRVERROR)) != 0;
}

/* The current operation failed: says why, and gets rid of what is left of the
** stream. */
static enum err_code fail(struct mssql *m, const char *doing, struct err *e) {
  if (!m->dead && !m->notes.severity && !m->notes.lib_number && is_marked(m)) {
    err_set(e, ERR_DATA,
            "the server marked its answer as failed while %s, and does not say "
            "why",
            doing);
    e->transient = 1;
  }
  error_from_box(&m->box, doing, e);
  /* An interrupt or a deadline leaves a server at work: not worth another
  ** use. */
  if (m->notes.severity <= 10) drop(m);
  mssql_cancel(m);
  return e->code;
}

/* An answer nobody asked for would be taken for the next batch's, and an end of
** the connection may be waiting. */
static int is_quiet(const struct mssql *m) {
  struct pollfd p = {m->box.fd, POLLIN, 0};
  return m->box.fd >= 0 && !m->box.in.in_message && m->box.n_ahead == 0 &&
         !tls_has_pending(&m->box) && poll(&p, 1, 0) == 0;
}

/* Refuses, before anything is sent. */
static enum err_code check_usable(const struct mssql *m, struct err *e) {
  if (m->pid != getpid()) {
    return err_set(e, ERR_MISUSE,
                   "a connection cannot be used after fork(): open another");
  }
  if (m->dead) {
    err_set(e, ERR_NETWORK, "the connection was closed");
    e->transient = 1;
  }
  return e->code;
}

/* ---- one batch --------------------------------------------------------- */

struct batch {
  DBPROCESS *db;
  const char *sql;
};

static int send_step(void *arg) {
  struct batch *b = arg;
  dbfreebuf(b->db);
  return dbcmd(b->db, b->sql) == SUCCEED && dbsqlsend(b->db) == SUCCEED &&
         dbsqlok(b->db) == SUCCEED;
}

static int send_batch(struct mssql *m, const char *sql) {
  struct batch b = {m->db, sql};
  memset(&m->notes, 0, sizeof m->notes);
  return !net_must_stop(&m->box.wait) && run(m, send_step, &b) == 1;
}

static int result_step(void *db) {
  RETCODE rc = dbresults(db);
  while (rc == SUCCEED && dbnumcols(db) == 0) rc = dbresults(db);
  if (dbdead(db)) return -1;
  return rc == SUCCEED ? 1 : rc == NO_MORE_RESULTS ? 0 : -1;
}

/* Goes on to the next result that has columns. 1: there is one, 0: there is
** none, negative: failure. */
static int next_result(struct mssql *m) {
  int found = run(m, result_step, m->db);
  if (m->notes.severity > 10 || m->notes.lib_number || m->dead) return -1;
  if (found == 0 && (is_marked(m) || stream_done(&m->box.in) < 0)) return -1;
  return found;
}

struct description {
  struct mssql *m;
  struct err *e;
};

static int describe_step(void *arg) {
  struct description *d = arg;
  return !column_describe(d->m->db, &d->m->columns, &d->m->slots, d->e);
}

enum err_code mssql_query(struct mssql *m, const char *sql, struct err *e) {
  static const char doing[] = "running the query";
  struct description d = {m, e};
  int found;
  if (check_usable(m, e)) return e->code;
  mssql_cancel(m);
  forget_result(m);
  if (!m->dead && !is_quiet(m)) drop(m);
  if (check_usable(m, e)) return e->code;
  if (!send_batch(m, sql)) return fail(m, doing, e);
  m->state = STATE_ROWS;
  found = next_result(m);
  if (found < 0) return fail(m, doing, e);
  if (found == 0) {
    m->state = STATE_DONE;
  } else if (run(m, describe_step, &d) != 1) {
    mssql_cancel(m);
    forget_result(m);
    return err_nomem(e);
  }
  return e->code;
}

const struct remote_columns *mssql_columns(const struct mssql *m) {
  return &m->columns;
}

/* ---- rows -------------------------------------------------------------- */

static enum err_code fail_row(struct mssql *m, struct err *e) {
  fail(m, "reading the rows", e);
  err_hint(e, "%lld rows had come.", m->n_rows);
  return e->code;
}

static int count_step(void *arg) {
  struct mssql *m = arg;
  /* dbcount() cuts the count to 32 bits; so is ours. */
  return !dbiscount(m->db) ? 0 : dbcount(m->db) == (DBINT)m->n_rows ? 1 : 2;
}

/* After the last row: was it really the last, and does nothing bad follow? */
static enum err_code finish(struct mssql *m, struct err *e) {
  int counted = run(m, count_step, m), more;
  if (m->notes.severity > 10 || m->dead) return fail_row(m, e);
  if (counted != 1 && !is_marked(m)) {
    mssql_cancel(m);
    err_set(e, ERR_DATA,
            "the server's answer is incomplete: it ended after %lld rows %s",
            m->n_rows,
            counted ? "with another count of rows" : "without a count of rows");
    e->transient = 1;
    return e->code;
  }
  more = next_result(m);
  if (more < 0) return fail_row(m, e);
  if (more > 0) {
    mssql_cancel(m);
    return err_set(e, ERR_DATA,
                   "the server sent a second result after the %lld rows of the "
                   "first; one was asked for",
                   m->n_rows);
  }
  m->state = STATE_DONE;
  return ERR_NONE;
}

static int row_step(void *db) {
  return dbnextrow(db);
}

enum err_code mssql_next(struct mssql *m, int *has_row, struct err *e) {
  int status;
  *has_row = 0;
  if (m->state != STATE_ROWS) {
    if (m->state == STATE_DONE) return ERR_NONE;
    return err_set(e, ERR_MISUSE, "no result is open");
  }
  if (m->n_rows % ROWS_PER_CHECK == 0) {
    /* getpid() is a system call: not for each row. */
    if (check_usable(m, e)) return e->code;
    if (net_must_stop(&m->box.wait)) return fail_row(m, e);
  }
  status = run(m, row_step, m->db);
  if (m->notes.lib_number || m->dead) return fail_row(m, e);
  if (status == NO_MORE_ROWS) return finish(m, e);
  if (status != REG_ROW || m->notes.severity > 10) return fail_row(m, e);
  m->n_rows++;
  *has_row = 1;
  return ERR_NONE;
}

void mssql_value(struct mssql *m, int i, struct value *v) {
  if (i < 0 || i >= m->columns.count || m->state != STATE_ROWS) {
    v->type = VALUE_NULL;
  } else {
    column_value(m->db, i, &m->slots[i], v);
  }
}

static int cancel_step(void *db) {
  return dbcancel(db) == SUCCEED && !dbdead(db);
}

/* An attention, with a short grace for the server to take note. Whoever wanted
** to interrupt has done so. */
void mssql_cancel(struct mssql *m) {
  struct notes heard = m->notes;
  struct net_wait wait = m->box.wait;
  if (m->pid != getpid() || m->state != STATE_ROWS) return;
  m->state = STATE_IDLE;
  if (m->dead) return;
  m->box.wait.interrupted = NULL;
  m->box.wait.deadline_ms = clock_now_ms() + CANCEL_GRACE_MS;
  if (run(m, cancel_step, m->db) != 1) m->dead = 1;
  wait.end = m->box.wait.end;
  m->box.wait = wait;
  m->notes = heard;
}

int mssql_alive(const struct mssql *m) {
  if (m->dead || m->pid != getpid()) return 0;
  return m->state == STATE_ROWS || is_quiet(m);
}

void mssql_deadline(struct mssql *m, sqlite3_int64 monotonic_ms) {
  m->box.wait.deadline_ms = monotonic_ms;
}

/* ---- opening ----------------------------------------------------------- */

/*
** DB-Library's logins get DB-Library's defaults: ANSI options off, texts cut
** at 4096 bytes. And results must not depend on the login's language.
*/
static const char settings_wanted[] =
    "SET LANGUAGE us_english; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; "
    "SET ARITHABORT ON; SET NUMERIC_ROUNDABORT OFF; SET DEADLOCK_PRIORITY LOW;";

/* Without these the rows could be wrong. DATEFORMAT comes after LANGUAGE,
** which sets it. Row counts must be on: they prove that a result is whole. */
static const char settings_needed[] =
    "SET NOCOUNT OFF; SET ROWCOUNT 0; SET TEXTSIZE 2147483647; "
    "SET DATEFORMAT ymd; SET ANSI_NULLS ON; SET QUOTED_IDENTIFIER ON; "
    "SET CONCAT_NULL_YIELDS_NULL ON; SET IMPLICIT_TRANSACTIONS OFF; "
    "SET LOCK_TIMEOUT %d; SET TRANSACTION ISOLATION LEVEL %s;";

static int skip_step(void *db) {
  return dbcanquery(db);
}

/* Runs a batch that yields no rows. If it is optional, a server's refusal is no
** error. */
static enum err_code run_settings(struct mssql *m, const char *sql,
                                  int optional, struct err *e) {
  int found = -1;
  if (!sql) return err_nomem(e);
  if (send_batch(m, sql)) found = next_result(m);
  m->state = STATE_ROWS; /* so that a failure cleans up */
  while (found > 0) {
    (void)run(m, skip_step, m->db);
    found = next_result(m);
  }
  if (found < 0 && optional && m->notes.severity > 10 && !m->dead) {
    mssql_cancel(m);
    if (!m->dead) return ERR_NONE;
  }
  if (found < 0) return fail(m, "setting up the session", e);
  m->state = STATE_IDLE;
  return ERR_NONE;
}

static enum err_code set_up(struct mssql *m, const struct profile *p,
                            struct err *e) {
  char *needed =
      sqlite3_mprintf(settings_needed, p->lock_timeout, p->isolation);
  if (dbtds(m->db) < DBTDS_7_3) {
    err_set(e, ERR_REMOTE,
            "the server speaks a TDS version older than 7.3 (SQL Server 2008)");
  } else if (!run_settings(m, settings_wanted, 1, e)) {
    run_settings(m, needed, 0, e);
  }
  sqlite3_free(needed);
  return e->code;
}

static void begin(struct box *b, struct notes *notes, const struct profile *p,
                  const struct mssql_hooks *hooks) {
  box_init(b, p->login_timeout);
  b->notes = notes;
  if (!hooks) return;
  b->hook = hooks->interrupted;
  b->hook_arg = hooks->arg;
  b->wait.interrupted = b->hook ? box_ask : NULL;
  b->wait.arg = b;
}

enum err_code mssql_open(struct mssql **out, const struct profile *p,
                         const struct mssql_hooks *hooks, enum mssql_use use,
                         struct err *e) {
  int packet = p->packet_size      ? p->packet_size
               : use == MSSQL_COPY ? COPY_PACKET
                                   : LIVE_PACKET;
  struct mssql *m = sqlite3_malloc64(sizeof *m);
  *out = NULL;
  if (!m) return err_nomem(e);
  memset(m, 0, sizeof *m);
  m->pid = getpid();
  begin(&m->box, &m->notes, p, hooks);
  if (!box_ready()) err_nomem(e);
  error_listen();
  if (!e->code && !login_open(&m->db, &m->box, p, packet, e)) set_up(m, p, e);
  m->box.wait.deadline_ms = 0;
  profile_mask(p, e); /* of what came after the login; no-op without error */
  if (e->code)
    mssql_close(m);
  else
    *out = m;
  return e->code;
}

enum err_code mssql_reach(struct mssql_reach *out, const struct profile *p,
                          const struct mssql_hooks *hooks, struct err *e) {
  struct notes notes = {0};
  struct box b;
  sqlite3_int64 start;
  int fd;
  memset(out, 0, sizeof *out);
  begin(&b, &notes, p, hooks);
  login_find(&b, p, e);
  out->port = b.port;
  for (const struct addrinfo *a = b.found; a; a = a->ai_next)
    out->n_addresses++;
  if (!e->code) {
    start = clock_now_ms();
    b.stage = BOX_CONNECT;
    fd = net_dial(&b.wait, b.found, b.port);
    b.oserr = fd < 0 ? errno : 0;
    out->tcp_ms = clock_now_ms() - start;
    if (fd < 0)
      error_from_login(&b, p, e);
    else
      (void)close(fd);
  }
  box_clear(&b);
  return e->code;
}

static int close_step(void *db) {
  dbclose(db);
  return 0;
}

/*
** shutdown() first: dbclose() then finds a dead socket and cannot wait on it.
** In a forked child the link and FreeTDS's locks are the parent's: only the
** descriptor and our own memory are given back.
*/
void mssql_close(struct mssql *m) {
  if (!m) return;
  if (m->pid == getpid()) {
    drop(m);
    if (m->db) (void)box_run(&m->box, close_step, m->db);
  }
  if (m->box.fd >= 0) (void)close(m->box.fd);
  box_clear(&m->box);
  forget_result(m);
  sqlite3_free(m);
}
