/*
** From what FreeTDS and the server said to the one error type.
*/
#include "mssql/error.h"

#include "mssql/kerberos.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sybdb.h>
#include <sys/resource.h>

#define TLS_ALERT    0x15 /* RFC 8446, 5.1: the type of a record */
#define LONG_MESSAGE 600  /* beyond, its number is told first */

/* NOLINTBEGIN(readability-non-const-parameter): FreeTDS's signatures */

/* INT_CANCEL is the one answer that FreeTDS takes for every error. */
static int on_error(DBPROCESS *db, int severity, int number, int oserr,
                    char *text, char *os_text) {
  const struct box *b = box_current();
  struct notes *n = b ? b->notes : NULL;
  (void)db, (void)severity, (void)os_text;
  if (!n || n->lib_number) return INT_CANCEL;
  /* "check messages" and "connection failed" follow what says more. */
  if (number == SYBESMSG || number == SYBEFCON) return INT_CANCEL;
  n->lib_number = number;
  n->lib_oserr = oserr;
  (void)snprintf(n->lib_text, sizeof n->lib_text, "%s", text ? text : "");
  return INT_CANCEL;
}

static int on_message(DBPROCESS *db, DBINT number, int state, int severity,
                      char *text, char *server, char *procedure, int line) {
  const struct box *b = box_current();
  struct notes *n = b ? b->notes : NULL;
  (void)db, (void)server;
  if (!n || severity <= 10 || severity <= n->severity) return 0;
  /* "Login failed" follows what says more: 4060, 4064, 40532. */
  if (n->number && number == 18456) return 0;
  n->number = number;
  n->severity = severity;
  n->state = state;
  n->line = line;
  (void)snprintf(n->text, sizeof n->text, "%s", text ? text : "");
  (void)snprintf(n->procedure, sizeof n->procedure, "%s",
                 procedure ? procedure : "");
  return 0;
}

/* NOLINTEND(readability-non-const-parameter) */

void error_listen(void) {
  (void)dberrhandle(on_error);
  (void)dbmsghandle(on_message);
}

/*
** Server messages after which a later try may succeed; everything else is for
** a person to mend. Sources, by letter:
**   A  learn.microsoft.com, "Troubleshoot connectivity issues and other errors
**      with Azure SQL Database": the list of transient faults
**   C  Microsoft.Data.SqlClient, "Configurable retry logic": its default list
**   E  Entity Framework Core, SqlServerTransientExceptionDetector
**   M  sys.messages (learn.microsoft.com, "Database Engine events and errors"):
**      the text says that it passes, or to try again
**   U  believed: its text was not looked up
*/
/* clang-format off */
static const int transient_numbers[] = {
    -2, 20, 64, 121, 10053, 10054, /* E the connection timed out or broke */
    233, 10060, /* CE likewise */
    997, /* C likewise */
    41301, 41302, 41305, 41325, 41839, /* E memory-optimised: to be repeated */
    42108, 42109, /* C a pool of resources is paused or warming up */
    596, /* M the session is in the kill state */
    601, 617, 669, 1203, 2816, 3961, 3966, 9515, /* M something moved there */
    615, /* A likewise */
    701, 802, 845, 1105, 8628, 8645, 8651, 17197, /* M no memory, latch... */
    904, 921, 922, 927, 941, 952, 3935, 5171, /* M a database is not ready */
    976, 978, 982, 983, 988, 3906, 10922, /* M a replica changes over */
    926, /* A likewise */
    4221, /* AC likewise */
    1204, 1222, /* CM locks ran out, or a wait for one */
    1205, /* CEM deadlock victim */
    3960, /* M snapshot update conflict */
    17809, /* M all connections that the server allows are taken */
    6005, 14355, 17142, 17187, 17188, 18401, 18451, /* M server is not ready */
    17830, /* U the network, or a login that took too long */
    10928, 10929, /* CE limits of Azure SQL Database */
    10936, 40642, /* M likewise */
    40020, 40166, /* A failover, within 40197 */
    40143, 40540, /* AC likewise */
    40197, 40501, 40613, 49918, 49919, 49920, /* ACE failover, or too busy */
    0};
/* clang-format on */

/* Azure's gateway knows a database that is being moved as little as one that
** never was; list A has 4060, elsewhere it is a person's mistake. */
static int is_azure(const char *host) {
  static const char *const domains[] = {".database.windows.net",
                                        ".database.usgovcloudapi.net",
                                        ".database.chinacloudapi.cn"};
  size_t n = strlen(host);
  for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
    size_t n_end = strlen(domains[i]);
    if (n >= n_end && sqlite3_stricmp(host + n - n_end, domains[i]) == 0)
      return 1;
  }
  return 0;
}

/* What keeps everybody out, whatever the login, until its administrator has
** done something. M: a single user has the database (924), it is offline (942).
** U: a single user has it (5064) or the whole server (18461), its files are not
** there (945, 5180), it is a replica that takes no readers (979); Azure: it is
** full (40544), or its session took too much (40549 to 40553). */
static const int unavailable_numbers[] = {924,   942,   945,   979,   5064,
                                          5180,  18461, 40544, 40549, 40550,
                                          40551, 40552, 40553, 0};

static int is_among(const int *numbers, int number) {
  while (*numbers && *numbers != number) numbers++;
  return *numbers != 0;
}

static int is_transient(int number, const char *host) {
  return is_among(transient_numbers, number) ||
         (number == 4060 && is_azure(host));
}

/* Whether a login was refused for what it is, not for what the server is. */
static enum err_code refusal(int number, const char *host) {
  if (is_transient(number, host) || is_among(unavailable_numbers, number))
    return ERR_REMOTE;
  return ERR_AUTH;
}

static int is_auth(int number) {
  return number == 18452 || /* untrusted domain */
         number == 18456 || /* login failed */
         number == 18470 || /* account disabled */
         number == 18486 || /* account locked */
         number == 18487 || /* password expired */
         number == 18488;   /* password must be changed */
}

/* "Invalid object name 'x'. (message 208, severity 16, state 1, line 1)". A
** long text goes last: it is what a full buffer cuts off. */
static void set_server(const struct box *b, enum err_code code,
                       const char *what, struct err *e) {
  const struct notes *n = b->notes;
  char facts[sizeof n->procedure + 128];
  (void)snprintf(facts, sizeof facts,
                 "message %d, severity %d, state %d, %s%s%sline %d", n->number,
                 n->severity, n->state, n->procedure[0] ? "procedure " : "",
                 n->procedure, n->procedure[0] ? ", " : "", n->line);
  if (strlen(n->text) > LONG_MESSAGE)
    err_set(e, code, "%s (%s): %s", what, facts, n->text);
  else
    err_set(e, code, "%s: %s (%s)", what, n->text, facts);
  e->server_number = n->number;
  e->server_severity = n->severity;
  e->transient = is_transient(n->number, b->host);
}

/* "what: Connection refused" */
static void set_network(int oserr, const char *what, struct err *e) {
  err_set(e, ERR_NETWORK, "%s%s%s", what, oserr ? ": " : "",
          oserr ? strerror(oserr) : "");
  e->transient = 1;
}

static void set_plain(const struct box *b, struct err *e) {
  err_set(e, ERR_TLS,
          "%s agreed to encrypt the login only: the data would be sent in "
          "clear",
          b->host);
  err_hint(e, "The server must support encryption; something between may have "
              "taken it away.");
}

enum err_code error_from_box(const struct box *b, const char *doing,
                             struct err *e) {
  const struct notes *n = b->notes;
  char what[128];
  if (e->code) return e->code;
  if (b->no_memory) return err_nomem(e);
  if (n->severity > 10) {
    (void)snprintf(what, sizeof what, "the server reported an error while %s",
                   doing);
    set_server(b, ERR_REMOTE, what, e);
    if (n->number == 3952) {
      err_hint(e, "The database does not allow snapshots: ALTER DATABASE ... "
                  "SET ALLOW_SNAPSHOT_ISOLATION ON, or another isolation in "
                  "the profile.");
    } else if (n->number == 208) {
      err_hint(e, "ordersync_catalog lists what the login may read");
    }
  } else if (b->wait.end == NET_INTERRUPT) {
    err_set(e, ERR_INTERRUPT, "interrupted while %s", doing);
  } else if (b->wait.end == NET_DEADLINE) {
    err_set(e, ERR_TIMEOUT, "out of time while %s", doing);
  } else if (b->would_be_plain) {
    set_plain(b, e);
  } else {
    (void)snprintf(what, sizeof what, "the connection broke while %s", doing);
    set_network(n->lib_oserr, what, e);
  }
  return e->code;
}

static void login_refused(const struct box *b, const struct profile *p,
                          struct err *e) {
  int number = b->notes->number;
  char what[sizeof e->text];
  (void)snprintf(what, sizeof what, "the server refused the login%s%s%s",
                 p->user ? " of \"" : "", p->user ? p->user : "",
                 p->user ? "\"" : "");
  set_server(b, refusal(number, b->host), what, e);
  if (is_auth(number) && p->auth == AUTH_KERBEROS) {
    err_hint(
        e,
        "The ticket's user (klist) needs a login there, and the server the "
        "key of %s; its log has the reason.",
        b->kerberos.name);
  } else if (is_auth(number)) {
    err_hint(e,
             "Check user and password of profile \"%s\"; the server's log "
             "has the reason.",
             p->name);
  }
  if (number == 4060 || number == 4064) {
    err_hint(e,
             "Check database of profile \"%s\", and the login's rights to "
             "it.",
             p->name);
  }
  if (number == 40532) {
    err_hint(e, "Azure wants the server's full name (name.database.windows.net)"
                " or user = name@server.");
  }
}

static const char *name_of(const struct profile *p) {
  return p->server ? p->server : p->freetds_section;
}

static void set_timeout(const struct box *b, const struct profile *p,
                        struct err *e) {
  static const char *const doing[] = {
      "looking up the name", "asking SQL Browser for the instance's port",
      "connecting", "logging in", "asking Kerberos for a ticket"};
  err_set(e, ERR_TIMEOUT, "%s: no login within %d seconds, while %s",
          name_of(p), p->login_timeout, doing[b->stage]);
  if (b->stage == BOX_LOGIN && b->n_received == 0) {
    err_hint(e, "it took the connection and never answered");
  } else if (b->stage == BOX_LOGIN) {
    err_hint(e, "it went silent, or was slow, after %lld bytes", b->n_received);
  } else if (b->stage == BOX_TICKET) {
    err_hint(e,
             "no KDC answers: look at krb5.conf, DNS and the way to port 88");
  }
  e->transient = 1;
}

/* [MS-TDS] 2.2.6.5: the answer to PRELOGIN, as far as it came, says that there
** is no encryption. */
static int offers_none(const struct box *b) {
  const unsigned char *at = b->first + STREAM_HEADER;
  int n = (int)b->n_first - STREAM_HEADER;
  for (int i = 0; i + 4 < n && at[i] != 0xFF; i += 5) {
    int offset = at[i + 1] << 8 | at[i + 2];
    if (at[i] == 1) return offset < n && at[offset] == 2;
  }
  return 0;
}

static int set_tls(const struct box *b, const struct profile *p,
                   struct err *e) {
  if (b->tls.fault[0]) {
    err_set(e, ERR_TLS, "%s: %s", name_of(p), b->tls.fault);
    if (b->tls.hint) err_hint(e, "%s", b->tls.hint);
  } else if (b->must_encrypt && offers_none(b)) {
    err_set(e, ERR_TLS, "%s: the server offers no encryption", p->server);
    err_hint(e, "encrypt = off would send everything in clear.");
  } else if (b->would_be_plain) {
    set_plain(b, e);
  }
  return e->code != ERR_NONE;
}

static void set_broken(const struct box *b, const struct profile *p,
                       struct err *e) {
  const struct notes *n = b->notes;
  int no_connection = b->stage == BOX_CONNECT || n->lib_number == SYBECONN ||
                      n->lib_number == SYBESOCK;
  int oserr = b->oserr ? b->oserr : n->lib_oserr;
  char what[sizeof e->text];
  if (!no_connection)
    (void)snprintf(what, sizeof what, "%s ended the connection during login",
                   name_of(p));
  else if (!p->server)
    (void)snprintf(what, sizeof what, "cannot connect to %s", name_of(p));
  else if (p->instance && strcmp(b->host, p->server) == 0)
    (void)snprintf(what, sizeof what, "cannot connect to %s\\%s", p->server,
                   p->instance);
  else
    (void)snprintf(what, sizeof what, "cannot connect to %s port %d", b->host,
                   b->port);
  set_network(oserr, what, e);
  if (oserr == ECONNREFUSED) {
    err_hint(e, "Nothing listens there: check server and port.");
  } else if (!no_connection && p->server && p->encrypt == ENCRYPT_OFF) {
    err_hint(e, "It may insist on encryption; the profile says encrypt = off.");
  } else if (b->tls.hint) {
    err_hint(e, "%s", b->tls.hint);
  } else if (!no_connection && b->out.header[0] &&
             (!b->n_received || b->first[0] == TLS_ALERT)) {
    err_hint(e, "It may insist on TDS 8 (strict encryption), which FreeTDS "
                "does not speak.");
  }
}

/* FreeTDS, GnuTLS and the resolver each say something else when they get none:
** "Name or service not known". By now all are closed again. */
static int set_descriptors(const struct box *b, const struct profile *p,
                           struct err *e) {
  struct rlimit limit = {0};
  int left;
  if (b->tls.fault[0] || b->oserr == ECONNREFUSED) return 0;
  left = net_descriptors_left();
  if (left == NET_DESCRIPTORS) return 0;
  (void)getrlimit(RLIMIT_NOFILE, &limit);
  err_set(e, ERR_LOCAL,
          "cannot log in to %s: that takes up to %d file descriptors, and this "
          "process can open %d more",
          name_of(p), NET_DESCRIPTORS, left);
  err_hint(e, "Its limit is %llu (ulimit -n): close some, or raise it.",
           (unsigned long long)limit.rlim_cur);
  e->transient = 1;
  return 1;
}

enum err_code error_from_login(const struct box *b, const struct profile *p,
                               struct err *e) {
  const struct notes *n = b->notes;
  if (e->code) return e->code;
  if (b->no_memory) return err_nomem(e);
  if (n->severity > 10) {
    login_refused(b, p, e);
  } else if (b->wait.end == NET_INTERRUPT) {
    err_set(e, ERR_INTERRUPT, "interrupted while connecting");
  } else if (b->wait.end == NET_DEADLINE) {
    set_timeout(b, p, e);
  } else if (set_descriptors(b, p, e) || kerberos_failure(b, name_of(p), e)) {
    return e->code;
  } else if (b->gai) {
    err_set(e, ERR_NETWORK, "cannot resolve the server's name \"%s\": %s",
            b->host[0] ? b->host : p->freetds_section, gai_strerror(b->gai));
    err_hint(e, "Check server in profile \"%s\", and this machine's DNS.",
             p->name);
    e->transient = b->gai == EAI_AGAIN;
  } else if (n->lib_number == SYBEINTF || n->lib_number == SYBEUHST) {
    err_set(e, ERR_PROFILE, "FreeTDS finds no server for section [%s]: %s",
            p->freetds_section ? p->freetds_section : b->host, n->lib_text);
  } else if (!set_tls(b, p, e)) {
    set_broken(b, p, e);
  }
  return e->code;
}
