/*
** From a profile to a session.
**
** The certificate file and "require encryption" can only be given to FreeTDS
** in a configuration file: it gets one from memory, with one section. User and
** password stay out of it. The section bears the server's own name, since that
** is what FreeTDS then tells the server (Azure's gateway looks at it). Should
** FreeTDS not find its section, it would take the name for a host's and go
** there unencrypted: box.c gives it no address then, and lets nothing out in
** clear.
*/
#include "mssql/login.h"

#include "mssql/error.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_PORT 1433

static enum err_code find_instance(struct box *b, const struct profile *p,
                                   struct err *e) {
  int answer;
  b->stage = BOX_BROWSER;
  answer = net_browse(&b->wait, b->found, p->instance);
  if (answer > 0) {
    b->port = answer;
  } else if (b->wait.end || !net_descriptors_left()) {
    error_from_login(b, p, e);
  } else {
    err_set(e, ERR_NETWORK, "%s\\%s: SQL Browser (UDP port 1434) %s", p->server,
            p->instance,
            answer < 0 ? "knows no TCP port of this instance"
                       : "does not answer, or knows no such instance");
    err_hint(e, "Give the port: server = %s,1433", p->server);
    e->transient = answer == 0;
  }
  return e->code;
}

static enum err_code find_name(struct box *b, const struct profile *p,
                               const char *host, struct err *e) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC,
                           .ai_socktype = SOCK_STREAM,
                           .ai_flags = AI_ADDRCONFIG};
  b->stage = BOX_NAME;
  (void)snprintf(b->host, sizeof b->host, "%s", host);
  box_clear(b);
  b->gai = net_resolve(&b->wait, host, &hints, &b->found);
  return b->gai ? error_from_login(b, p, e) : e->code;
}

enum err_code login_find(struct box *b, const struct profile *p,
                         struct err *e) {
  b->port = p->port ? p->port : DEFAULT_PORT;
  if (find_name(b, p, p->server, e)) return e->code;
  return p->instance && !p->port ? find_instance(b, p, e) : e->code;
}

static enum err_code fill_record(LOGINREC *rec, const struct profile *p,
                                 const char *password, int packet_size,
                                 struct err *e) {
  /* Pinned: under autodetection FreeTDS falls back to a protocol that sends
  ** the password in clear. */
  int version =
      strcmp(p->tds_version, "7.3") == 0 ? DBVERSION_73 : DBVERSION_74;
  int ok = dbsetlversion(rec, (BYTE)version) == SUCCEED &&
           DBSETLAPP(rec, p->app_name) == SUCCEED &&
           DBSETLCHARSET(rec, "UTF-8") == SUCCEED &&
           DBSETLPACKET(rec, packet_size) == SUCCEED;
  if (ok && p->database) ok = DBSETLDBNAME(rec, p->database) == SUCCEED;
  if (ok && p->read_only_intent) ok = DBSETLREADONLY(rec, 1) == SUCCEED;
  if (ok && p->auth == AUTH_KERBEROS) {
    ok = DBSETLNETWORKAUTH(rec, 1) == SUCCEED;
  } else if (ok) {
    ok = DBSETLUSER(rec, p->user) == SUCCEED &&
         DBSETLPWD(rec, password) == SUCCEED;
  }
  if (!ok) err_set(e, ERR_PROFILE, "FreeTDS refuses the login's settings");
  return e->code;
}

/* Every value was checked by profile.c: nothing here can end its line. An
** empty ca file would mean no check at all: never one is written. */
static char *configuration(const struct box *b, const struct profile *p,
                           const char *section) {
  const char *ca_file = p->ca_file ? p->ca_file : "system";
  int verify = p->encrypt == ENCRYPT_VERIFY;
  return sqlite3_mprintf(
      "[%s]\nhost = %s\nport = %d\nencryption = %s\nuse ntlmv2 = yes\n%s%s\n",
      section, b->host, b->port, p->encrypt == ENCRYPT_OFF ? "off" : "require",
      verify ? "check certificate hostname = yes\nca file = " : "",
      verify ? ca_file : "");
}

struct login {
  struct box *box; /* borrowed, as is the next */
  const struct profile *p;
  LOGINREC *rec; /* owned */
  const char *section;
  DBPROCESS *db; /* what comes of it */
};

static int open_session(void *arg) {
  struct login *l = arg;
  l->db = tdsdbopen(l->rec, (char *)(uintptr_t)l->section, 1);
  return 0;
}

/* The section is of our configuration, or the user's own. */
static enum err_code try_login(struct login *l, const char *section,
                               struct err *e) {
  struct box *b = l->box;
  char *conf = l->p->server ? configuration(b, l->p, section) : NULL;
  if (l->p->server && !conf) return err_nomem(e);
  memset(&b->tls, 0, sizeof b->tls);
  memset(&b->kerberos, 0, sizeof b->kerberos);
  b->conf_was_read = b->asked_for_name = 0;
  b->route_host[0] = 0;
  b->n_first = 0;
  memset(&b->in, 0, sizeof b->in);
  memset(&b->out, 0, sizeof b->out);
  l->section = section;
  b->conf = conf;
  (void)box_run(b, open_session, l);
  b->conf = conf ? "" : NULL;
  sqlite3_free(conf);
  return e->code;
}

/* [MS-TDS] 2.2.7.9, ROUTING: Azure, and a listener for read-only intent, send a
** login on to the server that is to do it. */
static void follow(struct login *l, struct err *e) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
  struct box *b = l->box;
  char host[sizeof b->route_host];
  char section[sizeof host + 8];
  (void)snprintf(host, sizeof host, "%s", b->route_host);
  host[strcspn(host, "\\")] = 0; /* the port is what counts */
  if (!host[0] || host[strspn(host, allowed)] || strlen(host) > 200) {
    err_set(e, ERR_REMOTE,
            "%s redirects the login to \"%s\", which is no name of a server",
            l->p->server, b->route_host);
    return;
  }
  (void)snprintf(section, sizeof section, "%s,%d", host, b->route_port);
  memset(b->notes, 0, sizeof *b->notes);
  b->port = b->route_port;
  if (!find_name(b, l->p, host, e)) try_login(l, section, e);
  if (l->db) return;
  if (!e->code && b->route_host[0]) {
    err_set(e, ERR_REMOTE,
            "%s redirects the login to %s, which redirects it to %s: only one "
            "redirect is followed",
            l->p->server, section, b->route_host);
  } else {
    error_from_login(b, l->p, e);
    err_prefix(e, "%s redirects the login to %s", l->p->server, section);
  }
}

static void log_in(struct login *l, struct err *e) {
  if (l->p->freetds_section)
    try_login(l, l->p->freetds_section, e);
  else if (!login_find(l->box, l->p, e))
    try_login(l, l->box->host, e);
  if (!l->db && !e->code && l->box->route_host[0]) follow(l, e);
  if (!l->db) error_from_login(l->box, l->p, e);
}

static void get_password(const struct profile *p, char **password,
                         struct err *e) {
  if (e->code || p->auth == AUTH_KERBEROS) return;
  if (!profile_password(p, password, e) && !*password) {
    err_set(e, ERR_PROFILE, "profile \"%s\" has no password", p->name);
    err_hint(e, "Give password_file, or password.");
  }
}

/* As other programs' configuration wants it; here a value has no quotes. */
static int is_quoted(const char *password) {
  size_t n = password ? strlen(password) : 0;
  return n > 1 && (*password == '"' || *password == '\'') &&
         password[n - 1] == *password;
}

enum err_code login_open(DBPROCESS **out, struct box *b,
                         const struct profile *p, int packet_size,
                         struct err *e) {
  struct login l = {.box = b, .p = p};
  const char *outer_secret = e->secret;
  char *password = NULL;
  b->must_encrypt = p->server && p->encrypt != ENCRYPT_OFF;
  b->must_verify = p->server && p->encrypt == ENCRYPT_VERIFY;
  b->conf = p->server ? "" : NULL;
  get_password(p, &password, e);
  err_hide(e, password);
  if (!e->code && !(l.rec = dblogin())) err_nomem(e);
  if (!e->code && !fill_record(l.rec, p, password, packet_size, e))
    log_in(&l, e);
  if (e->server_number == 18456 && is_quoted(password))
    err_hint(e, "The quotes around the password were sent as part of it.");
  if (l.rec) dbloginfree(l.rec);
  err_hide(e, outer_secret);
  profile_password_free(password);
  *out = l.db;
  return e->code;
}
