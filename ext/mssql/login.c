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

#define DEFAULT_PORT   1433
#define ENCRYPTED_MOST 16383 /* a TLS record's, less one */

static enum err_code find_instance(struct box *b, const struct profile *p,
                                   struct err *e) {
  int answer;
  b->stage = BOX_BROWSER;
  answer = net_browse(&b->wait, b->found, p->instance);
  if (answer > 0) {
    b->port = answer;
  } else if (b->wait.end) {
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

struct opening {
  LOGINREC *rec;       /* borrowed */
  const char *section; /* borrowed */
  DBPROCESS *db;
};

static int open_session(void *arg) {
  struct opening *o = arg;
  o->db = tdsdbopen(o->rec, (char *)(uintptr_t)o->section, 1);
  return 0;
}

static DBPROCESS *try_login(struct box *b, LOGINREC *rec, const char *section) {
  struct opening o = {rec, section, NULL};
  memset(&b->tls, 0, sizeof b->tls);
  b->conf_was_read = b->asked_for_name = 0;
  b->route_host[0] = 0;
  b->n_first = 0;
  memset(&b->in, 0, sizeof b->in);
  memset(&b->out, 0, sizeof b->out);
  (void)box_run(b, open_session, &o);
  return o.db;
}

static enum err_code login_at(DBPROCESS **out, struct box *b,
                              const struct profile *p, LOGINREC *rec,
                              const char *section, struct err *e) {
  char *conf = configuration(b, p, section);
  if (!conf) return err_nomem(e);
  b->conf = conf;
  *out = try_login(b, rec, section);
  b->conf = "";
  sqlite3_free(conf);
  return e->code;
}

/* [MS-TDS] 2.2.7.9, ROUTING: Azure, and a listener for read-only intent, send a
** login on to the server that is to do it. */
static enum err_code follow(DBPROCESS **out, struct box *b,
                            const struct profile *p, LOGINREC *rec,
                            struct err *e) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
  char host[sizeof b->route_host];
  char section[sizeof host + 8];
  (void)snprintf(host, sizeof host, "%s", b->route_host);
  host[strcspn(host, "\\")] = 0; /* the port is what counts */
  if (!host[0] || host[strspn(host, allowed)] || strlen(host) > 200) {
    return err_set(e, ERR_REMOTE,
                   "%s redirects the login to \"%s\", which is "
                   "no name of a server",
                   p->server, b->route_host);
  }
  (void)snprintf(section, sizeof section, "%s,%d", host, b->route_port);
  memset(b->notes, 0, sizeof *b->notes);
  b->port = b->route_port;
  if (find_name(b, p, host, e) || login_at(out, b, p, rec, section, e)) {
    err_prefix(e, "%s redirects the login to %s", p->server, section);
    return e->code;
  }
  if (!*out && b->route_host[0]) {
    err_set(e, ERR_REMOTE,
            "%s redirects the login to %s, which redirects it "
            "to %s: only one redirect is followed",
            p->server, section, b->route_host);
  } else if (!*out) {
    error_from_login(b, p, e);
    err_prefix(e, "%s redirects the login to %s", p->server, section);
  }
  return e->code;
}

static enum err_code log_in(DBPROCESS **out, struct box *b,
                            const struct profile *p, LOGINREC *rec,
                            struct err *e) {
  if (p->freetds_section) {
    *out = try_login(b, rec, p->freetds_section);
  } else {
    if (login_find(b, p, e)) return e->code;
    if (login_at(out, b, p, rec, b->host, e)) return e->code;
    if (!*out && b->route_host[0]) return follow(out, b, p, rec, e);
  }
  return *out ? e->code : error_from_login(b, p, e);
}

static enum err_code check_packet_size(const struct profile *p, struct err *e) {
  if (p->packet_size > ENCRYPTED_MOST && p->server &&
      p->encrypt != ENCRYPT_OFF) {
    err_set(e, ERR_PROFILE,
            "profile \"%s\": packet_size %d is too large for an encrypted "
            "connection",
            p->name, p->packet_size);
    err_hint(e, "At most %d.", ENCRYPTED_MOST);
  }
  return e->code;
}

static enum err_code get_password(const struct profile *p, char **password,
                                  struct err *e) {
  if (p->auth == AUTH_KERBEROS) return e->code;
  if (!profile_password(p, password, e) && !*password) {
    err_set(e, ERR_PROFILE, "profile \"%s\" has no password", p->name);
    err_hint(e, "Give password_file, or password.");
  }
  return e->code;
}

enum err_code login_open(DBPROCESS **out, struct box *b,
                         const struct profile *p, int packet_size,
                         struct err *e) {
  const char *outer_secret = e->secret;
  LOGINREC *rec = NULL;
  char *password = NULL;
  *out = NULL;
  if (check_packet_size(p, e) || get_password(p, &password, e)) return e->code;
  err_hide(e, password);
  b->must_encrypt = p->server && p->encrypt != ENCRYPT_OFF;
  b->must_verify = p->server && p->encrypt == ENCRYPT_VERIFY;
  b->conf = p->server ? "" : NULL;
  rec = dblogin();
  if (!rec) {
    err_nomem(e);
    goto done;
  }
  if (!fill_record(rec, p, password, packet_size, e)) log_in(out, b, p, rec, e);
done:
  if (rec) dbloginfree(rec);
  err_hide(e, outer_secret);
  profile_password_free(password);
  return e->code;
}
