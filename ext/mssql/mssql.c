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
** above severity 10 came, the link is alive, and the server's row count is
** the number of rows that were read.
*/
#include "mssql/local.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS         50
#define ROWS_PER_CHECK  64
#define CANCEL_GRACE_MS 250
#define PROBE_MOST_MS   5000
#define COPY_PACKET     16000 /* TLS records end at 16 KiB */
#define LIVE_PACKET     8000

const char *mssql_library_version(void) {
  return dbversion();
}

/* ---- going on or not --------------------------------------------------- */

/* 1 when the operation has to end; the reason is noted. */
static int must_stop(struct mssql *m) {
  if (m->hooks.interrupted && m->hooks.interrupted(m->hooks.arg)) {
    m->notes.interrupted = 1;
  }
  if (m->deadline_ms && clock_now_ms() >= m->deadline_ms) {
    m->notes.timed_out = 1;
  }
  return m->notes.interrupted || m->notes.timed_out;
}

/* DB-Library's interrupt hooks: asked once a second while a socket is idle.
** FreeTDS then closes the link. */
static int on_check(void *db) {
  struct mssql *m = (struct mssql *)(void *)dbgetuserdata(db);
  return m && must_stop(m);
}

static int on_interrupt(void *db) {
  (void)db;
  return INT_CANCEL;
}

/* Waits for the answer's first byte, looking up every 50 ms. */
static int wait_readable(struct mssql *m) {
  struct pollfd p = {m->fd, POLLIN, 0};
  for (;;) {
    int ready = poll(&p, 1, TICK_MS);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return 1;
    if (must_stop(m)) return 0;
  }
}

/* ---- ends -------------------------------------------------------------- */

static void drop(struct mssql *m) {
  if (!m->dead) (void)shutdown(m->fd, SHUT_RDWR);
  m->dead = 1;
}

static void forget_result(struct mssql *m) {
  remote_columns_clear(&m->columns);
  sqlite3_free(m->slots);
  m->slots = NULL;
  m->state = STATE_IDLE;
  m->n_rows = 0;
}

/* The current operation failed: says why, and gets rid of what is left of the
** stream. */
static enum err_code fail(struct mssql *m, const char *doing, struct err *e) {
  if (watch_fired(&m->watch)) m->notes.timed_out = 1;
  if (dbdead(m->db)) m->dead = 1;
  error_from_notes(&m->notes, doing, e);
  /* An interrupt or a deadline leaves a server at work, and characters that
  ** did not convert leave FreeTDS inside a value: not worth another use. */
  if (m->notes.severity <= 10) drop(m);
  mssql_cancel(m);
  return e->code;
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

/* Sends sql. The answer's first byte is waiting when this returns 1. */
static int send_batch(struct mssql *m, const char *sql) {
  int ok;
  notes_clear(&m->notes);
  if (must_stop(m)) return 0;
  watch_arm(&m->watch, m->deadline_ms);
  door_enter(&m->notes);
  dbfreebuf(m->db);
  ok = dbcmd(m->db, sql) == SUCCEED && dbsqlsend(m->db) == SUCCEED;
  door_leave();
  return ok && wait_readable(m);
}

/* Goes on to the next result that has columns. 1: there is one, 0: there is
** none, -1: failure. */
static int next_result(struct mssql *m, int first) {
  int found = -1;
  door_enter(&m->notes);
  if (!first || dbsqlok(m->db) == SUCCEED) {
    RETCODE rc = dbresults(m->db);
    while (rc == SUCCEED && dbnumcols(m->db) == 0) rc = dbresults(m->db);
    if (rc == SUCCEED) found = 1;
    if (rc == NO_MORE_RESULTS) found = 0;
  }
  if (dbdead(m->db)) found = -1;
  door_leave();
  if (m->notes.severity > 10 || m->notes.conversion || m->notes.interrupted ||
      m->notes.timed_out) {
    found = -1;
  }
  return found;
}

enum err_code mssql_query(struct mssql *m, const char *sql, struct err *e) {
  static const char doing[] = "running the query";
  int found;
  if (check_usable(m, e)) return e->code;
  mssql_cancel(m);
  forget_result(m);
  if (check_usable(m, e)) return e->code;
  if (!send_batch(m, sql)) return fail(m, doing, e);
  m->state = STATE_ROWS;
  found = next_result(m, 1);
  if (found < 0) return fail(m, doing, e);
  if (found == 0) {
    m->state = STATE_DONE;
    watch_arm(&m->watch, 0);
    return ERR_NONE;
  }
  if (column_describe(m, e)) {
    mssql_cancel(m);
    forget_result(m);
  }
  return e->code;
}

const struct remote_columns *mssql_columns(const struct mssql *m) {
  return &m->columns;
}

/* ---- rows -------------------------------------------------------------- */

static enum err_code fail_row(struct mssql *m, struct err *e) {
  sqlite3_int64 n_rows = m->n_rows;
  int in_row = m->notes.conversion != 0;
  fail(m, "reading the rows", e);
  if (in_row && e->code == ERR_DATA)
    err_prefix(e, "row %lld", n_rows + 1);
  else
    err_hint(e, "%lld rows had come.", n_rows);
  return e->code;
}

/* After the last row: was it really the last, and does nothing bad follow? */
static enum err_code finish(struct mssql *m, struct err *e) {
  sqlite3_int64 count, n_rows = m->n_rows;
  int counted, more;
  door_enter(&m->notes);
  counted = dbiscount(m->db);
  count = dbcount(m->db);
  door_leave();
  if (m->notes.severity > 10 || dbdead(m->db)) return fail_row(m, e);
  /* dbcount() cuts the count to 32 bits; so is ours. */
  if (!counted || count != (DBINT)m->n_rows) {
    mssql_cancel(m);
    err_set(e, ERR_DATA,
            "the server's answer is incomplete: it ended after %lld rows %s",
            m->n_rows,
            counted ? "with another count of rows" : "without a count of rows");
    e->transient = 1;
    return e->code;
  }
  more = next_result(m, 0);
  if (more < 0) return fail_row(m, e);
  if (more > 0) {
    mssql_cancel(m);
    return err_set(e, ERR_DATA,
                   "the server sent a second result after the %lld rows of the "
                   "first; one was asked for",
                   n_rows);
  }
  m->state = STATE_DONE;
  watch_arm(&m->watch, 0);
  return ERR_NONE;
}

enum err_code mssql_next(struct mssql *m, int *has_row, struct err *e) {
  STATUS status;
  *has_row = 0;
  if (m->state != STATE_ROWS) {
    if (m->state == STATE_DONE) return ERR_NONE;
    return err_set(e, ERR_MISUSE, "no result is open");
  }
  if (m->n_rows % ROWS_PER_CHECK == 0) {
    /* getpid() is a system call: not for each row. */
    if (check_usable(m, e)) return e->code;
    if (must_stop(m)) return fail_row(m, e);
  }
  door_enter(&m->notes);
  status = dbnextrow(m->db);
  door_leave();
  if (m->notes.conversion) return fail_row(m, e);
  if (status == REG_ROW && m->notes.severity <= 10) {
    m->n_rows++;
    *has_row = 1;
    return ERR_NONE;
  }
  if (status == NO_MORE_ROWS && !m->notes.timed_out && !m->notes.interrupted) {
    return finish(m, e);
  }
  return fail_row(m, e);
}

void mssql_cancel(struct mssql *m) {
  int open = m->state == STATE_ROWS;
  if (m->pid != getpid()) return;
  if (open && !m->dead) {
    struct notes unheard = {.owner = m};
    watch_arm(&m->watch, clock_now_ms() + CANCEL_GRACE_MS);
    door_enter(&unheard);
    (void)dbcancel(m->db);
    if (dbdead(m->db)) m->dead = 1;
    door_leave();
  }
  watch_arm(&m->watch, 0);
  if (watch_fired(&m->watch)) m->dead = 1;
  if (open) m->state = STATE_IDLE;
}

int mssql_alive(const struct mssql *m) {
  return !m->dead && m->pid == getpid();
}

void mssql_deadline(struct mssql *m, sqlite3_int64 monotonic_ms) {
  m->deadline_ms = monotonic_ms;
  if (m->state == STATE_ROWS) watch_arm(&m->watch, monotonic_ms);
}

/* ---- opening ----------------------------------------------------------- */

/*
** DB-Library's logins get DB-Library's defaults: ANSI options off, texts cut
** at 4096 bytes. And results must not depend on the login's language.
*/
static const char wishes[] =
    "SET LANGUAGE us_english; SET ANSI_PADDING ON; SET ANSI_WARNINGS ON; "
    "SET ARITHABORT ON; SET NUMERIC_ROUNDABORT OFF; SET DEADLOCK_PRIORITY LOW;";

/* Without these the rows could be wrong. DATEFORMAT comes after LANGUAGE,
** which sets it. Row counts must be on: they prove that a result is whole. */
static char *demands(const struct profile *p) {
  return sqlite3_mprintf(
      "SET NOCOUNT OFF; SET ROWCOUNT 0; SET TEXTSIZE 2147483647; "
      "SET DATEFORMAT ymd; SET ANSI_NULLS ON; SET QUOTED_IDENTIFIER ON; "
      "SET CONCAT_NULL_YIELDS_NULL ON; SET IMPLICIT_TRANSACTIONS OFF; "
      "SET LOCK_TIMEOUT %d; SET TRANSACTION ISOLATION LEVEL %s;",
      p->lock_timeout, p->isolation);
}

/* Runs a batch that yields no rows. A server's refusal is e, or nothing. */
static enum err_code run_settings(struct mssql *m, int optional,
                                  struct err *e) {
  static const char doing[] = "setting up the session";
  int found = next_result(m, 1);
  m->state = STATE_ROWS; /* so that a failure cleans up */
  while (found > 0) {
    door_enter(&m->notes);
    (void)dbcanquery(m->db);
    door_leave();
    found = next_result(m, 0);
  }
  if (found < 0 && optional && m->notes.severity > 10 && !dbdead(m->db)) {
    mssql_cancel(m);
    if (!m->dead) return ERR_NONE;
  }
  if (found < 0) return fail(m, doing, e);
  m->state = STATE_IDLE;
  watch_arm(&m->watch, 0);
  return ERR_NONE;
}

static enum err_code refuse_plain(struct mssql *m, const struct profile *p,
                                  struct err *e) {
  int wanted = !p->freetds_section && p->encrypt != ENCRYPT_OFF;
  if (m->encrypted || !wanted) return e->code;
  drop(m);
  err_set(e, ERR_TLS,
          "%s agreed to encrypt the login only: the data would be sent in "
          "clear",
          p->server);
  err_hint(e, "The server must support encryption; something between may have "
              "taken it away.");
  return e->code;
}

static enum err_code set_up(struct mssql *m, const struct profile *p,
                            struct err *e) {
  static const char doing[] = "setting up the session";
  sqlite3_int64 sent = tls_bytes_sent(m->fd);
  char *sql = NULL;
  if (!send_batch(m, wishes)) return fail(m, doing, e);
  m->encrypted = tls_is_encrypted(m->fd, sent, wishes);
  if (refuse_plain(m, p, e)) return e->code;
  if (run_settings(m, 1, e)) return e->code;
  sql = demands(p);
  if (!sql) return err_nomem(e);
  if (!send_batch(m, sql))
    fail(m, doing, e);
  else
    run_settings(m, 0, e);
  sqlite3_free(sql);
  return e->code;
}

static enum err_code check_version(struct mssql *m, struct err *e) {
  int version = dbtds(m->db);
  if (version < DBTDS_7_3) {
    err_set(e, ERR_REMOTE,
            "the server speaks a TDS version older than 7.3 (SQL Server 2008)");
  }
  return e->code;
}

/* The rest of the login was fine, yet FreeTDS gave up: it may have been sent
** on to another server, which some versions cannot under TLS. */
static const char redirected[] =
    "If the server redirects logins (Azure SQL, read-only replicas): FreeTDS "
    "1.3.16 and 1.3.17 cannot follow them under TLS, later ones can.";

/* After FreeTDS's "connection failed", under verify or require: was it TLS? */
static void diagnose(const struct profile *p, const struct addresses *found,
                     const struct mssql_hooks *hooks, sqlite3_int64 deadline_ms,
                     struct err *e) {
  sqlite3_int64 now = clock_now_ms();
  sqlite3_int64 until = now + PROBE_MOST_MS;
  struct findings f;
  struct err tls = {0};
  if (e->code != ERR_NETWORK || e->server_number || found->count == 0) return;
  if (p->freetds_section || p->encrypt == ENCRYPT_OFF) return;
  if (until > deadline_ms) until = deadline_ms;
  if (tls_probe(found, p->server, p->ca_file, hooks, until, &f) <= 0 ||
      !f.fault[0]) {
    if (f.session[0]) err_hint(e, "%s", redirected);
    if (f.hint) err_hint(e, "%s", f.hint);
    return;
  }
  tls.secret = e->secret;
  err_set(&tls, ERR_TLS, "%s: %s", p->server, f.fault);
  if (f.hint) err_hint(&tls, "%s", f.hint);
  *e = tls;
}

static struct mssql *mssql_new(const struct profile *p,
                               const struct mssql_hooks *hooks, struct err *e) {
  struct mssql *m = sqlite3_malloc64(sizeof *m);
  if (!m) goto nomem;
  memset(m, 0, sizeof *m);
  m->fd = -1;
  m->pid = getpid();
  m->notes.owner = m;
  if (hooks) m->hooks = *hooks;
  if (p->server) m->host = sqlite3_mprintf("%s", p->server);
  if (p->ca_file) m->ca_file = sqlite3_mprintf("%s", p->ca_file);
  if ((!p->server || m->host) && (!p->ca_file || m->ca_file)) return m;
  mssql_close(m);
nomem:
  err_nomem(e);
  return NULL;
}

/* The login's thread is over: the DBPROCESS is this thread's from here on. */
static enum err_code adopt(struct mssql *m, struct err *e) {
  int fd = dbiordesc(m->db);
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* FreeTDS does not */
  m->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (m->fd < 0) {
    return err_set(e, ERR_LOCAL, "cannot duplicate a descriptor: %s",
                   strerror(errno));
  }
  dbsetuserdata(m->db, (BYTE *)(void *)m);
  dbsetinterrupt(m->db, on_check, on_interrupt);
  return watch_start(&m->watch, m->fd, e);
}

enum err_code mssql_open(struct mssql **out, const struct profile *p,
                         const struct mssql_hooks *hooks, enum mssql_use use,
                         struct err *e) {
  sqlite3_int64 deadline =
      clock_now_ms() + (sqlite3_int64)p->login_timeout * 1000;
  int packet = p->packet_size      ? p->packet_size
               : use == MSSQL_COPY ? COPY_PACKET
                                   : LIVE_PACKET;
  struct mssql *m;
  *out = NULL;
  m = mssql_new(p, hooks, e);
  if (!m) return e->code;
  m->deadline_ms = deadline;
  if (login_open(&m->db, p, hooks, packet, deadline, &m->addresses, e)) {
    diagnose(p, &m->addresses, hooks, deadline, e);
    goto done;
  }
  if (adopt(m, e)) goto done;
  if (check_version(m, e)) goto done;
  if (set_up(m, p, e)) goto done;
  m->deadline_ms = 0;
  *out = m;
done:
  profile_mask(p, e); /* of what came after the login; no-op without error */
  if (e->code) mssql_close(m);
  return e->code;
}

enum err_code mssql_reach(struct mssql_reach *out, const struct profile *p,
                          const struct mssql_hooks *hooks, struct err *e) {
  struct reach r;
  login_reach(&r, p, hooks,
              clock_now_ms() + (sqlite3_int64)p->login_timeout * 1000, e);
  out->n_addresses = r.found.count;
  out->port = r.port;
  out->tcp_ms = r.tcp_ms;
  return e->code;
}

/* ---- closing ----------------------------------------------------------- */

/*
** shutdown() first: dbclose() then finds a dead socket and cannot wait on it.
** In a forked child the link, the watchdog and FreeTDS's locks are the
** parent's: only descriptors and our own memory are given back.
*/
void mssql_close(struct mssql *m) {
  struct notes unheard = {0};
  if (!m) return;
  if (m->pid == getpid()) {
    watch_stop(&m->watch);
    if (m->fd >= 0) (void)shutdown(m->fd, SHUT_RDWR);
    if (m->db) {
      door_enter(&unheard);
      dbclose(m->db);
      door_leave();
    }
  }
  if (m->fd >= 0) (void)close(m->fd);
  forget_result(m);
  sqlite3_free(m->host);
  sqlite3_free(m->ca_file);
  sqlite3_free(m->tls);
  sqlite3_free(m->version);
  sqlite3_free(m->database);
  sqlite3_free(m);
}

/* ---- facts ------------------------------------------------------------- */

/* NULL, too, for what is no text. */
static char *value_text(struct mssql *m, int i, struct err *e) {
  struct value v = {0};
  char *text;
  mssql_value(m, i, &v);
  if (v.type != VALUE_TEXT) return NULL;
  text = sqlite3_mprintf("%.*s", v.n_bytes, (const char *)v.bytes);
  if (!text) err_nomem(e);
  return text;
}

static void ask_server(struct mssql *m, struct err *e) {
  int has_row = 0;
  if (mssql_query(m,
                  "SELECT CAST(SERVERPROPERTY('ProductVersion') AS "
                  "nvarchar(128)), DB_NAME()",
                  e)) {
    return;
  }
  if (!mssql_next(m, &has_row, e) && has_row) {
    m->version = value_text(m, 0, e);
    m->database = value_text(m, 1, e);
    (void)mssql_next(m, &has_row, e); /* the end: nothing to cancel */
  }
}

static void ask_tls(struct mssql *m, struct err *e) {
  struct findings f;
  int known = m->host ? tls_probe(&m->addresses, m->host, m->ca_file, &m->hooks,
                                  clock_now_ms() + PROBE_MOST_MS, &f)
                      : 0;
  if (known < 0) err_nomem(e);
  if (known <= 0) return;
  m->tls = sqlite3_mprintf("%s%s%s", f.session,
                           f.fault[0] ? "; not verified: " : "", f.fault);
  if (!m->tls) err_nomem(e);
}

void mssql_facts(struct mssql *m, struct mssql_facts *facts) {
  struct err server = {0}, tls = {0};
  if (mssql_alive(m) && m->state != STATE_ROWS) {
    if (!m->version) ask_server(m, &server);
    if (m->encrypted && !m->tls) ask_tls(m, &tls);
  }
  facts->no_memory = server.code == ERR_NOMEM || tls.code == ERR_NOMEM;
  facts->encrypted = m->encrypted;
  facts->tls_detail = m->tls;
  facts->server_version = m->version;
  facts->database = m->database;
}
