/*
** From what FreeTDS and the server said to the one error type.
*/
#include "mssql/local.h"

#include <errno.h>
#include <string.h>

/*
** Server messages after which a later try may succeed. Everything else is
** for a person to mend. Meanings as in sys.messages and in Azure SQL's lists
** of transient errors.
*/
static const int transient_numbers[] = {
    -2,    /* a client's own number for a timeout */
    64,    /* the connection was closed after login */
    233,   /* ... before login finished */
    601,   /* a NOLOCK scan ran into data movement */
    615,   /* a database's object was moved under the query */
    617,   /* descriptor of an object vanished: recompile */
    669,   /* row object inconsistent: rerun the query */
    701,   /* not enough memory to run this query */
    904,   /* database cannot be autostarted at this moment */
    921,   /* database not recovered yet */
    922,   /* database is being recovered */
    927,   /* database is being restored */
    976,   /* availability replica is not accessible now */
    978,   /* ... only for read intent: a failover is under way */
    983,   /* ... its role is resolving */
    1105,  /* filegroup (tempdb) is full */
    1204,  /* out of locks */
    1205,  /* deadlock victim */
    1222,  /* lock request time out */
    3906,  /* read-only for the moment: failover */
    3935,  /* FILESTREAM transaction context not initialised yet */
    3960,  /* snapshot update conflict */
    3961,  /* snapshot: schema changed since the transaction began */
    3966,  /* snapshot: version not available */
    4221,  /* replica waits for row versions */
    5171,  /* a database file is not ready */
    6005,  /* shutdown in progress */
    8628,  /* timed out waiting to optimise */
    8645,  /* timed out waiting for memory */
    8651,  /* low memory condition */
    9515,  /* schema changed while the query was compiled */
    10053, /* connection aborted */
    10054, /* connection reset */
    10060, /* connect timed out */
    10922, /* availability group: not ready */
    10928, /* Azure: limit of workers or sessions reached */
    10929, /* Azure: too busy to serve beyond the minimum */
    14355, /* MSDTC is busy */
    17142, /* server is paused */
    17197, /* login timed out waiting for a worker */
    18401, /* server is in script upgrade mode */
    18451, /* only administrators may connect now */
    40143, /* Azure: request could not be processed */
    40197, /* Azure: reconfiguration, upgrade or failover */
    40501, /* Azure: busy, retry after 10 seconds */
    40540, /* Azure: transaction aborted by a failover */
    40613, /* Azure: database not available now */
    42108, /* Azure: pool is paused */
    42109, /* Azure: pool is warming up */
    49918, /* Azure: not enough resources */
    49919, /* Azure: too many create or update operations */
    49920, /* Azure: too many operations in the subscription */
};

int error_is_transient(int number) {
  for (size_t i = 0; i < sizeof transient_numbers / sizeof *transient_numbers;
       i++) {
    if (transient_numbers[i] == number) return 1;
  }
  return 0;
}

static int is_auth(int number) {
  return number == 18452 || /* untrusted domain */
         number == 18456 || /* login failed */
         number == 18470 || /* account disabled */
         number == 18486 || /* account locked */
         number == 18487 || /* password expired */
         number == 18488;   /* password must be changed */
}

static void fill_server(const struct notes *n, struct err *e) {
  e->server_number = n->number;
  e->server_severity = n->severity;
  e->transient = error_is_transient(n->number);
}

/* "message 208, severity 16, line 1: Invalid object name 'x'." */
static enum err_code set_server(const struct notes *n, enum err_code code,
                                const char *what, struct err *e) {
  int in_procedure = n->procedure[0] != 0;
  if (e->code) return e->code;
  err_set(e, code, "%s: %s (message %d, severity %d, state %d, %s%s%sline %d)",
          what, n->text, n->number, n->severity, n->state,
          in_procedure ? "procedure " : "", n->procedure,
          in_procedure ? ", " : "", n->line);
  fill_server(n, e);
  return e->code;
}

/* "error text: Connection refused" */
static void set_network(const struct notes *n, const char *what,
                        struct err *e) {
  if (e->code) return;
  if (n->lib_oserr) {
    err_set(e, ERR_NETWORK, "%s: %s", what, strerror(n->lib_oserr));
  } else {
    err_set(e, ERR_NETWORK, "%s", what);
  }
  e->transient = 1;
}

enum err_code error_from_notes(const struct notes *n, const char *doing,
                               struct err *e) {
  if (e->code) return e->code;
  if (n->severity > 10) {
    char *what =
        sqlite3_mprintf("the server reported an error while %s", doing);
    if (!what) return err_nomem(e);
    set_server(n, ERR_REMOTE, what, e);
    sqlite3_free(what);
  } else if (n->interrupted) {
    err_set(e, ERR_INTERRUPT, "interrupted while %s", doing);
  } else if (n->timed_out) {
    err_set(e, ERR_TIMEOUT, "out of time while %s", doing);
  } else if (n->conversion) {
    err_set(e, ERR_DATA,
            "the server sent characters that are no valid Unicode (FreeTDS "
            "message %d)",
            n->conversion);
  } else {
    char *what = sqlite3_mprintf("the connection broke while %s", doing);
    if (!what) return err_nomem(e);
    set_network(n, what, e);
    sqlite3_free(what);
  }
  return e->code;
}

static enum err_code login_refused(const struct notes *n,
                                   const struct profile *p, struct err *e) {
  char *what = sqlite3_mprintf("the server refused the login%s%s%s",
                               p->user ? " of \"" : "", p->user ? p->user : "",
                               p->user ? "\"" : "");
  if (!what) return err_nomem(e);
  set_server(n, error_is_transient(n->number) ? ERR_REMOTE : ERR_AUTH, what, e);
  sqlite3_free(what);
  if (is_auth(n->number)) {
    err_hint(e,
             "Check user and password of profile \"%s\"; the server's log "
             "has the reason.",
             p->name);
  }
  if (n->number == 4060 || n->number == 4064) {
    err_hint(e,
             "Check database of profile \"%s\", and the login's rights to "
             "it.",
             p->name);
  }
  return e->code;
}

enum err_code error_from_login(const struct notes *n, const struct profile *p,
                               struct err *e) {
  const char *host = p->server ? p->server : p->freetds_section;
  char *what;
  if (e->code) return e->code;
  if (n->severity > 10) return login_refused(n, p, e);
  if (n->lib_number == SYBEINTF || n->lib_number == SYBEUHST) {
    return err_set(e, ERR_PROFILE,
                   "FreeTDS finds no server for section [%s]: %s", host,
                   n->lib_text);
  }
  if (n->lib_number == SYBECONN || n->lib_number == SYBESOCK) {
    what = p->instance || !p->server
               ? sqlite3_mprintf("cannot connect to %s%s%s", host,
                                 p->instance ? "\\" : "",
                                 p->instance ? p->instance : "")
               : sqlite3_mprintf("cannot connect to %s port %d", host,
                                 p->port ? p->port : 1433);
  } else {
    what = sqlite3_mprintf("%s ended the connection during login", host);
  }
  if (!what) return err_nomem(e);
  set_network(n, what, e);
  sqlite3_free(what);
  if (n->lib_oserr == ECONNREFUSED) {
    err_hint(e, "Nothing listens there: check server and port.");
  } else if (n->lib_number != SYBECONN && p->encrypt == ENCRYPT_OFF &&
             !p->freetds_section) {
    err_hint(e, "It may insist on encryption; the profile says encrypt = off.");
  }
  return e->code;
}
