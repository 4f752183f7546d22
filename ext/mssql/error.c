/*
** From what FreeTDS and the server said to the one error type.
*/
#include "mssql/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sybdb.h>

#define TLS_ALERT    0x15 /* RFC 8446, 5.1: the type of a record */
#define LONG_MESSAGE 600  /* beyond, its number is told first */

/* ---- listening --------------------------------------------------------- */

static void note_library(struct notes *n, int number, int oserr,
                         const char *text) {
  /* "check messages" and "connection failed" follow what says more. */
  if (number == SYBESMSG || number == SYBEFCON) return;
  if (number >= 2400 && number <= 2404) {
    if (!n->conversion) n->conversion = number;
    return;
  }
  if (n->lib_number) return;
  n->lib_number = number;
  n->lib_oserr = oserr;
  (void)snprintf(n->lib_text, sizeof n->lib_text, "%s", text ? text : "");
}

/* NOLINTBEGIN(readability-non-const-parameter): FreeTDS's signatures */

/* INT_CANCEL is the one answer that FreeTDS takes for every error. */
static int on_error(DBPROCESS *db, int severity, int number, int oserr,
                    char *text, char *os_text) {
  const struct box *b = box_current();
  (void)db, (void)severity, (void)os_text;
  if (b && b->notes) note_library(b->notes, number, oserr, text);
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

/* ---- what may pass ----------------------------------------------------- */

/*
** Server messages after which a later try may succeed; everything else is for
** a person to mend. Sources, by letter:
**   A  learn.microsoft.com, "Troubleshoot connectivity issues and other errors
**      with Azure SQL Database": the list of transient faults
**   C  Microsoft.Data.SqlClient, "Configurable retry logic": its default list
**   E  Entity Framework Core, SqlServerTransientExceptionDetector
**   M  sys.messages (learn.microsoft.com, "Database Engine events and errors"):
**      the text says that it passes, or to try again
*/
static const int transient_numbers[] = {
    -2,    /* E a client's own number for a timeout */
    20,    /* E no encryption, from a server that is starting */
    64,    /* E the connection was closed after login */
    121,   /* E the semaphore timeout period has expired */
    233,   /* CE ... before login finished */
    596,   /* M the session is in the kill state */
    601,   /* M a NOLOCK scan ran into data movement */
    615,   /* A a database's object was moved under the query */
    617,   /* M descriptor of an object vanished: recompile */
    669,   /* M row object inconsistent: rerun the query */
    701,   /* M not enough memory to run this query */
    802,   /* M not enough memory in the buffer pool */
    845,   /* M timed out waiting for a page latch */
    904,   /* M database cannot be autostarted at this moment */
    921,   /* M database not recovered yet */
    922,   /* M database is being recovered */
    926,   /* A replicated master is being shut down by a reconfiguration */
    927,   /* M database is being restored */
    976,   /* M availability replica is not accessible now */
    978,   /* M ... only for read intent: a failover is under way */
    983,   /* M ... its role is resolving */
    997,   /* C overlapped I/O in progress */
    1105,  /* M filegroup (tempdb) is full */
    1204,  /* CM out of locks */
    1205,  /* CEM deadlock victim */
    1222,  /* CM lock request time out */
    3906,  /* M read-only for the moment: failover */
    3935,  /* M FILESTREAM transaction context not initialised yet */
    3960,  /* M snapshot update conflict */
    3961,  /* M snapshot: schema changed since the transaction began */
    3966,  /* M snapshot: version not available */
    4221,  /* AC replica waits for row versions */
    5171,  /* M a database file is not ready */
    6005,  /* M shutdown in progress */
    8628,  /* M timed out waiting to optimise */
    8645,  /* M timed out waiting for memory */
    8651,  /* M low memory condition */
    9515,  /* M schema changed while the query was compiled */
    10053, /* E connection aborted */
    10054, /* E connection reset */
    10060, /* CE connect timed out */
    10922, /* M availability group: not ready */
    10928, /* CE limit of workers or sessions reached */
    10929, /* CE too busy to serve beyond the minimum */
    10936, /* M Azure: request limit of the pool reached */
    14355, /* M MSDTC is busy */
    17142, /* M server is paused */
    17187, /* M server is not ready to accept clients: starting */
    17188, /* M ... shutting down */
    17197, /* M login timed out waiting for a worker */
    18401, /* M server is in script upgrade mode */
    18451, /* M only administrators may connect now */
    40020, /* A embedded in 40197: a failover */
    40143, /* AC embedded in 40197: request could not be processed */
    40166, /* A embedded in 40197 */
    40197, /* ACE reconfiguration, upgrade or failover */
    40501, /* ACE busy, retry after 10 seconds */
    40540, /* AC embedded in 40197: aborted by a failover */
    40613, /* ACE database not available now */
    41301, /* E memory-optimised: a transaction depended on failed */
    41302, /* E ... update conflict */
    41305, /* E ... repeatable read validation failed */
    41325, /* E ... serializable validation failed */
    41839, /* E ... too many commit dependencies */
    42108, /* C pool is paused */
    42109, /* C pool is warming up */
    49918, /* ACE not enough resources */
    49919, /* ACE too many create or update operations */
    49920, /* ACE too many operations in the subscription */
};

static int ends_with(const char *text, const char *end) {
  size_t n = strlen(text), n_end = strlen(end);
  return n >= n_end && strcasecmp(text + n - n_end, end) == 0;
}

/* Azure's gateway knows a database that is being moved as little as one that
** never was; list A has 4060, elsewhere it is a person's mistake. */
static int is_azure(const char *host) {
  static const char *const domains[] = {".database.windows.net",
                                        ".database.usgovcloudapi.net",
                                        ".database.chinacloudapi.cn"};
  for (size_t i = 0; host && i < sizeof domains / sizeof *domains; i++) {
    if (ends_with(host, domains[i])) return 1;
  }
  return 0;
}

static int is_transient(int number, const char *host) {
  for (size_t i = 0; i < sizeof transient_numbers / sizeof *transient_numbers;
       i++) {
    if (transient_numbers[i] == number) return 1;
  }
  return number == 4060 && is_azure(host);
}

static int is_auth(int number) {
  return number == 18452 || /* untrusted domain */
         number == 18456 || /* login failed */
         number == 18470 || /* account disabled */
         number == 18486 || /* account locked */
         number == 18487 || /* password expired */
         number == 18488;   /* password must be changed */
}

/* ---- writing ----------------------------------------------------------- */

static void fill_server(const struct box *b, struct err *e) {
  e->server_number = b->notes->number;
  e->server_severity = b->notes->severity;
  e->transient = is_transient(b->notes->number, b->host);
}

/* "Invalid object name 'x'. (message 208, severity 16, state 1, line 1)". A
** long text goes last: it is what a full buffer cuts off. */
static enum err_code set_server(const struct box *b, enum err_code code,
                                const char *what, struct err *e) {
  const struct notes *n = b->notes;
  const char *procedure = n->procedure[0] ? n->procedure : NULL;
  char *facts;
  if (e->code) return e->code;
  facts = sqlite3_mprintf(
      "message %d, severity %d, state %d, %s%s%sline %d", n->number,
      n->severity, n->state, procedure ? "procedure " : "",
      procedure ? procedure : "", procedure ? ", " : "", n->line);
  if (!facts) return err_nomem(e);
  if (strlen(n->text) > LONG_MESSAGE) {
    err_set(e, code, "%s (%s): %s", what, facts, n->text);
  } else {
    err_set(e, code, "%s: %s (%s)", what, n->text, facts);
  }
  sqlite3_free(facts);
  fill_server(b, e);
  return e->code;
}

/* "what: Connection refused" */
static void set_network(int oserr, const char *what, struct err *e) {
  if (e->code) return;
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
  char *what;
  if (e->code) return e->code;
  if (n->severity > 10) {
    what = sqlite3_mprintf("the server reported an error while %s", doing);
    if (!what) return err_nomem(e);
    set_server(b, ERR_REMOTE, what, e);
    sqlite3_free(what);
    if (n->number == 3952) {
      err_hint(e, "The database does not allow snapshots: ALTER DATABASE ... "
                  "SET ALLOW_SNAPSHOT_ISOLATION ON, or another isolation in "
                  "the profile.");
    }
  } else if (b->wait.end == NET_INTERRUPT) {
    err_set(e, ERR_INTERRUPT, "interrupted while %s", doing);
  } else if (b->wait.end == NET_DEADLINE) {
    err_set(e, ERR_TIMEOUT, "out of time while %s", doing);
  } else if (n->conversion) {
    err_set(e, ERR_DATA,
            "the server sent characters that are no valid Unicode (FreeTDS "
            "message %d)",
            n->conversion);
  } else if (b->would_be_plain) {
    set_plain(b, e);
  } else {
    what = sqlite3_mprintf("the connection broke while %s", doing);
    if (!what) return err_nomem(e);
    set_network(n->lib_oserr, what, e);
    sqlite3_free(what);
  }
  return e->code;
}

/* ---- logins ------------------------------------------------------------ */

static enum err_code login_refused(const struct box *b, const struct profile *p,
                                   struct err *e) {
  int number = b->notes->number;
  char *what = sqlite3_mprintf("the server refused the login%s%s%s",
                               p->user ? " of \"" : "", p->user ? p->user : "",
                               p->user ? "\"" : "");
  if (!what) return err_nomem(e);
  set_server(b, is_transient(number, b->host) ? ERR_REMOTE : ERR_AUTH, what, e);
  sqlite3_free(what);
  if (is_auth(number)) {
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
  return e->code;
}

static char *place_of(const struct box *b, const struct profile *p) {
  if (!p->server) return sqlite3_mprintf("%s", p->freetds_section);
  if (p->instance && strcmp(b->host, p->server) == 0)
    return sqlite3_mprintf("%s\\%s", p->server, p->instance);
  return sqlite3_mprintf("%s port %d", b->host, b->port);
}

static void set_timeout(const struct box *b, const struct profile *p,
                        struct err *e) {
  static const char *const doing[] = {
      "looking up the name", "asking SQL Browser for the instance's port",
      "connecting", "logging in"};
  err_set(e, ERR_TIMEOUT, "%s: no login within %d seconds, while %s",
          p->server ? p->server : p->freetds_section, p->login_timeout,
          doing[b->stage]);
  if (b->stage == BOX_LOGIN && b->n_received == 0) {
    err_hint(e, "it took the connection and never answered");
  } else if (b->stage == BOX_LOGIN) {
    err_hint(e, "it went silent, or was slow, after %lld bytes", b->n_received);
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
    err_set(e, ERR_TLS, "%s: %s", p->server ? p->server : p->freetds_section,
            b->tls.fault);
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
  const char *host = p->server ? p->server : p->freetds_section;
  const struct notes *n = b->notes;
  int no_connection = b->stage == BOX_CONNECT || n->lib_number == SYBECONN ||
                      n->lib_number == SYBESOCK;
  int oserr = b->oserr ? b->oserr : n->lib_oserr;
  char *place = place_of(b, p);
  char *what =
      !place ? NULL
      : no_connection
          ? sqlite3_mprintf("cannot connect to %s", place)
          : sqlite3_mprintf("%s ended the connection during login", host);
  sqlite3_free(place);
  if (!what) {
    err_nomem(e);
    return;
  }
  set_network(oserr, what, e);
  sqlite3_free(what);
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

enum err_code error_from_login(const struct box *b, const struct profile *p,
                               struct err *e) {
  const struct notes *n = b->notes;
  if (e->code) return e->code;
  if (n->severity > 10) return login_refused(b, p, e);
  if (b->wait.end == NET_INTERRUPT) {
    err_set(e, ERR_INTERRUPT, "interrupted while connecting");
  } else if (b->wait.end == NET_DEADLINE) {
    set_timeout(b, p, e);
  } else if (b->gai) {
    err_set(e, ERR_NETWORK, "cannot resolve the server's name \"%s\": %s",
            b->host[0] ? b->host : p->freetds_section, gai_strerror(b->gai));
    e->transient = b->gai == EAI_AGAIN;
  } else if (n->lib_number == SYBEINTF || n->lib_number == SYBEUHST) {
    err_set(e, ERR_PROFILE, "FreeTDS finds no server for section [%s]: %s",
            p->freetds_section ? p->freetds_section : b->host, n->lib_text);
  } else if (!set_tls(b, p, e)) {
    set_broken(b, p, e);
  }
  return e->code;
}
