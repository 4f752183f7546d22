/*
** Opening a connection: name, port, FreeTDS's configuration, login.
**
** All of it runs on a thread of its own while the caller waits, 50 ms at a
** time, for the end, an interrupt or the deadline. getaddrinfo() has no
** timeout, and FreeTDS's timeouts are per wait on the socket, so a silent
** resolver or a server that drips bytes could hold the caller for ever. At
** the deadline the thread's socket is shut down; should the thread still not
** end (it is in getaddrinfo(), say), it is abandoned: it owns everything it
** touches and frees it whenever it gets that far. Other logins do not wait for
** it.
**
** The certificate file and "require encryption" can only be given to
** FreeTDS in a configuration file. It is written to a memfd; the section's
** name ends in .invalid because FreeTDS, should it fail to read the file,
** takes the name for a host's and connects there unencrypted. User and
** password stay out of it.
*/
#include "mssql/local.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS      50
#define GRACE_MS     300
#define DEFAULT_PORT 1433
#define READ_MS      300 /* after which FreeTDS has read its configuration */
#define REFUSED_MS   250 /* after which nobody seems to answer the connect */
#define REFUSAL_MS   200 /* how long a refusal is waited for */

enum stage {
  STAGE_DNS,
  STAGE_BROWSER,
  STAGE_CONNECT,
  STAGE_QUEUE,
  STAGE_LOGIN
};

/*
** Shared by the caller and the login's thread; whoever is last frees it. From
** libc's heap: the thread may outlive the caller's use of SQLite, which may
** not even be built for threads.
*/
struct login {
  pthread_mutex_t lock;
  pthread_cond_t change;
  int done; /* under lock, as is all down to the line */
  int abandoned;
  enum stage stage;
  struct hunt_before before;
  struct addresses found;
  unsigned long token; /* the door's, until it was passed on */
  sqlite3_int64 began_ms;
  int sock; /* FreeTDS's, a duplicate, owned; -1: not found yet */
  /* the thread's alone until done: */
  LOGINREC *rec; /* owned */
  DBPROCESS *db; /* owned until taken */
  struct notes notes;
  int conf;        /* memfd, owned; -1 under freetds_section */
  int gai;         /* getaddrinfo()'s failure */
  int unreachable; /* an errno: no address has a route, or answers */
  int no_port;     /* the browser's: 0 silent, -1 no such; 1: has one */
  int no_conf;     /* it could not be written */
  int locked_out;
  int only_reach; /* no login */
  sqlite3_int64 tcp_ms;
  int port;
  int timeout; /* seconds */
  sqlite3_int64 deadline_ms;
  enum profile_encrypt encrypt;
  char section[160];
  char host[256]; /* "" under freetds_section */
  char instance[256];
  char ca_file[256];
};

/* ---- freeing ----------------------------------------------------------- */

static void login_free(struct login *l) {
  if (l->db || l->rec) {
    door_enter(&l->notes);
    if (l->db) dbclose(l->db);
    if (l->rec) dbloginfree(l->rec);
    door_leave();
  }
  if (l->conf >= 0) (void)close(l->conf);
  hunt_release(l->sock);
  (void)pthread_cond_destroy(&l->change);
  (void)pthread_mutex_destroy(&l->lock);
  free(l);
}

static struct login *login_new(struct err *e) {
  pthread_condattr_t attr;
  struct login *l = calloc(1, sizeof *l);
  if (!l) {
    err_nomem(e);
    return NULL;
  }
  l->conf = l->sock = -1;
  (void)pthread_mutex_init(&l->lock, NULL); /* these cannot fail on Linux */
  (void)pthread_condattr_init(&attr);
  (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  (void)pthread_cond_init(&l->change, &attr);
  (void)pthread_condattr_destroy(&attr);
  return l;
}

/* ---- on the login's thread --------------------------------------------- */

static void enter_stage(struct login *l, enum stage stage) {
  (void)pthread_mutex_lock(&l->lock);
  l->stage = stage;
  (void)pthread_mutex_unlock(&l->lock);
}

static void set_port(struct address *a, int port) {
  if (a->at.ss_family == AF_INET6) {
    ((struct sockaddr_in6 *)(void *)&a->at)->sin6_port = htons((uint16_t)port);
  } else {
    ((struct sockaddr_in *)(void *)&a->at)->sin_port = htons((uint16_t)port);
  }
}

static int resolve(struct login *l) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC,
                           .ai_socktype = SOCK_STREAM,
                           .ai_flags = AI_ADDRCONFIG};
  struct addrinfo *list = NULL;
  struct addresses found = {0};
  l->gai = getaddrinfo(l->host, NULL, &hints, &list);
  if (l->gai) return 0;
  for (struct addrinfo *a = list; a && found.count < LOGIN_ADDRESSES;
       a = a->ai_next) {
    struct address *to = &found.items[found.count];
    if (a->ai_addrlen > sizeof to->at) continue;
    memcpy(&to->at, a->ai_addr, a->ai_addrlen);
    to->size = a->ai_addrlen;
    set_port(to, l->port ? l->port : DEFAULT_PORT);
    found.count++;
  }
  freeaddrinfo(list);
  (void)pthread_mutex_lock(&l->lock);
  l->found = found;
  (void)pthread_mutex_unlock(&l->lock);
  return 1;
}

/* The instance's port, from SQL Browser. */
static int find_port(struct login *l) {
  int port = browser_port(&l->found, l->instance, l->deadline_ms);
  l->no_port = port > 0 ? 1 : port;
  if (port <= 0) return 0;
  l->port = port;
  (void)pthread_mutex_lock(&l->lock);
  for (int i = 0; i < l->found.count; i++) set_port(&l->found.items[i], port);
  (void)pthread_mutex_unlock(&l->lock);
  return 1;
}

/* Is there a way to any of the addresses? Connecting a datagram socket sends
** nothing, but looks the route up. FreeTDS waits for its whole timeout when
** connect() fails at once, and then does not say why. */
static int has_route(struct login *l) {
  for (int i = 0; i < l->found.count; i++) {
    const struct address *to = &l->found.items[i];
    int fd = socket(to->at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc =
        fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&to->at, to->size);
    l->unreachable = rc ? errno : 0;
    if (fd >= 0) (void)close(fd);
    if (rc == 0) return 1;
  }
  return l->found.count == 0;
}

/* Every value was checked by profile.c: nothing here can end its line. */
static int write_conf(struct login *l) {
  const char *encryption = l->encrypt == ENCRYPT_OFF ? "off" : "require";
  l->conf = memfd_create("ordersync", MFD_CLOEXEC);
  if (l->conf < 0) return 0;
  if (dprintf(l->conf,
              "[%s]\nhost = %s\nport = %d\nencryption = %s\n"
              "connect timeout = %d\nenable tls v1 = no\nuse ntlmv2 = yes\n",
              l->section, l->host, l->port ? l->port : DEFAULT_PORT, encryption,
              l->timeout) < 0) {
    return 0;
  }
  /* An empty ca file would mean no check at all: never write one. */
  return l->encrypt != ENCRYPT_VERIFY ||
         dprintf(l->conf, "ca file = %s\ncheck certificate hostname = yes\n",
                 l->ca_file[0] ? l->ca_file : "system") > 0;
}

/* Connects, no more. Every address gets its share of the time. */
static void try_connect(struct login *l) {
  sqlite3_int64 start = clock_now_ms();
  l->unreachable = EHOSTUNREACH;
  for (int i = 0; i < l->found.count && l->unreachable; i++) {
    sqlite3_int64 now = clock_now_ms();
    int fd = tls_dial(&l->found.items[i], NULL,
                      now + (l->deadline_ms - now) / (l->found.count - i));
    l->unreachable = fd < 0 ? errno : 0;
    if (fd >= 0) (void)close(fd);
  }
  l->tcp_ms = clock_now_ms() - start;
}

static void open_freetds(struct login *l) {
  char path[64] = "";
  unsigned long token;
  if (l->conf >= 0) {
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", l->conf);
  }
  door_enter(&l->notes);
  token = door_open_begin(path, l->deadline_ms);
  if (token) {
    (void)pthread_mutex_lock(&l->lock);
    hunt_note(&l->before);
    l->token = token;
    l->began_ms = clock_now_ms();
    l->stage = STAGE_LOGIN;
    (void)pthread_mutex_unlock(&l->lock);
    l->db = tdsdbopen(l->rec, l->section, 1);
    door_open_end(token);
  }
  l->locked_out = !token;
  door_leave();
}

/* Where the server is; 0 when that failed. */
static int find_server(struct login *l) {
  if (!resolve(l)) return 0;
  if (l->instance[0] && !l->port) {
    enter_stage(l, STAGE_BROWSER);
    if (!find_port(l)) return 0;
  }
  return has_route(l);
}

static void login_work(struct login *l) {
  if (l->host[0] && !find_server(l)) return;
  if (l->only_reach) {
    enter_stage(l, STAGE_CONNECT);
    try_connect(l);
    return;
  }
  if (l->host[0] && !write_conf(l)) {
    l->no_conf = 1;
    return;
  }
  enter_stage(l, STAGE_QUEUE);
  open_freetds(l);
}

static void *login_run(void *arg) {
  struct login *l = arg;
  int abandoned;
  login_work(l);
  (void)pthread_mutex_lock(&l->lock);
  l->done = 1;
  abandoned = l->abandoned;
  (void)pthread_cond_signal(&l->change);
  (void)pthread_mutex_unlock(&l->lock);
  if (abandoned) login_free(l);
  return NULL;
}

/* ---- on the caller's thread -------------------------------------------- */

/* Waits for the thread until `until_ms`; 1 when it is done. Locked. */
static int wait_done(struct login *l, sqlite3_int64 until_ms) {
  struct timespec at = {until_ms / 1000, (until_ms % 1000) * 1000 * 1000};
  while (!l->done) {
    if (pthread_cond_timedwait(&l->change, &l->lock, &at) == ETIMEDOUT) break;
  }
  return l->done;
}

/* What it was waiting for. Locked. */
static void set_timeout(const struct login *l, const struct profile *p,
                        struct err *e) {
  static const char *const doing[] = {
      "looking up the name", "asking SQL Browser for the instance's port",
      "connecting", "waiting for another login of this process", "logging in"};
  sqlite3_int64 received = hunt_received(l->sock);
  enum stage stage = l->stage;
  if (stage == STAGE_LOGIN && l->host[0] && l->sock < 0) stage = STAGE_CONNECT;
  err_set(e, ERR_TIMEOUT, "%s: no login within %d seconds, while %s",
          p->server ? p->server : p->freetds_section, p->login_timeout,
          doing[stage]);
  if (stage == STAGE_LOGIN && received == 0) {
    err_hint(e, "it took the connection and never answered");
  } else if (stage == STAGE_LOGIN && received > 0) {
    err_hint(e, "it went silent, or was slow, after %lld bytes", received);
  }
  e->transient = 1;
}

/* Looks after FreeTDS's login: which socket is its own, and may the next one
** begin? Locked. */
static void watch_login(struct login *l) {
  if (l->stage != STAGE_LOGIN) return;
  if (l->sock < 0) l->sock = hunt_claim(&l->before, &l->found);
  if (l->token && (l->sock >= 0 || clock_now_ms() - l->began_ms >= READ_MS)) {
    door_open_pass(l->token);
    l->token = 0;
  }
}

/* With several addresses that all refuse, FreeTDS waits for its whole timeout:
** when its connection does not come about, they are asked. Not locked; found
** does not change any more. */
static int is_refused(const struct addresses *found) {
  int error = 0;
  for (int i = 0; i < found->count; i++) {
    int fd = tls_dial(&found->items[i], NULL, clock_now_ms() + REFUSAL_MS);
    if (fd < 0) error = errno;
    if (fd >= 0) (void)close(fd);
    if (fd >= 0 || error == ETIMEDOUT) return 0;
  }
  return error;
}

static void set_unreachable(const struct profile *p, int port, int error,
                            struct err *e) {
  err_set(e, ERR_NETWORK, "cannot connect to %s port %d: %s", p->server,
          port ? port : DEFAULT_PORT, strerror(error));
  if (error == ECONNREFUSED) {
    err_hint(e, "Nothing listens there: check server and port.");
  }
  e->transient = 1;
}

/* One look between two ticks, unlocked. */
static void check_on(struct login *l, const struct profile *p,
                     const struct mssql_hooks *hooks, int seems_refused,
                     struct err *e) {
  if (hooks && hooks->interrupted && hooks->interrupted(hooks->arg)) {
    err_set(e, ERR_INTERRUPT, "interrupted while connecting");
  } else if (seems_refused) {
    int error = is_refused(&l->found);
    if (error) set_unreachable(p, l->port, error, e);
  }
}

/* 1 when the thread ended; else e is set and the thread may be abandoned.
** *found gets the addresses, if there are any yet. */
static int await(struct login *l, const struct profile *p,
                 const struct mssql_hooks *hooks, struct addresses *found,
                 struct err *e) {
  int done = 0, asked = 0;
  (void)pthread_mutex_lock(&l->lock);
  while (!done && !e->code) {
    sqlite3_int64 now = clock_now_ms();
    sqlite3_int64 next = now + TICK_MS;
    int seems_refused;
    if (next > l->deadline_ms) next = l->deadline_ms;
    done = wait_done(l, next);
    if (done) break;
    watch_login(l);
    seems_refused = !asked && l->stage == STAGE_LOGIN && l->sock < 0 &&
                    l->found.count > 1 && now - l->began_ms >= REFUSED_MS;
    asked |= seems_refused;
    (void)pthread_mutex_unlock(&l->lock);
    check_on(l, p, hooks, seems_refused, e);
    (void)pthread_mutex_lock(&l->lock);
    if (clock_now_ms() >= l->deadline_ms) set_timeout(l, p, e);
  }
  if (!done) {
    watch_login(l);
    if (l->sock >= 0) (void)shutdown(l->sock, SHUT_RDWR);
    done = wait_done(l, clock_now_ms() + GRACE_MS);
    l->abandoned = !done;
    if (l->abandoned && l->token) door_open_pass(l->token);
  }
  *found = l->found;
  (void)pthread_mutex_unlock(&l->lock);
  return done;
}

/* Runs l on a thread of its own. 1 when it is over, and l is the caller's
** again; else l belongs to the thread, and e is set. */
static int run(struct login *l, const struct profile *p,
               const struct mssql_hooks *hooks, struct addresses *found,
               struct err *e) {
  pthread_t thread;
  int rc = thread_start(&thread, login_run, l);
  if (rc != 0) {
    err_set(e, ERR_LOCAL, "cannot start a thread: %s", strerror(rc));
    return 1;
  }
  if (!await(l, p, hooks, found, e)) {
    (void)pthread_detach(thread);
    return 0;
  }
  (void)pthread_join(thread, NULL);
  return 1;
}

/* FreeTDS's environment variables override even our section: another host,
** no encryption, a log with the data in it. */
static enum err_code refuse_environment(struct err *e) {
  static const char *const names[] = {"TDSHOST", "TDSPORT", "TDSVER", "TDSDUMP",
                                      "TDSDUMPCONFIG"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!getenv(names[i])) continue;
    err_set(e, ERR_PROFILE,
            "the environment variable %s is set and would override the profile",
            names[i]);
    err_hint(e, "Unset it.");
    break;
  }
  return e->code;
}

static enum err_code fill_record(struct login *l, const struct profile *p,
                                 const char *password, int packet_size,
                                 struct err *e) {
  int ok;
  door_enter(&l->notes);
  l->rec = dblogin();
  if (!l->rec) {
    door_leave();
    return err_nomem(e);
  }
  /* Pinned: under autodetection FreeTDS falls back to a protocol that sends
  ** the password in clear, and ignores the login timeout. */
  ok = dbsetlversion(l->rec, strcmp(p->tds_version, "7.3") == 0
                                 ? DBVERSION_73
                                 : DBVERSION_74) == SUCCEED &&
       DBSETLAPP(l->rec, p->app_name) == SUCCEED &&
       DBSETLCHARSET(l->rec, "UTF-8") == SUCCEED &&
       DBSETLPACKET(l->rec, packet_size) == SUCCEED;
  if (ok && p->database) ok = DBSETLDBNAME(l->rec, p->database) == SUCCEED;
  if (ok && p->read_only_intent) ok = DBSETLREADONLY(l->rec, 1) == SUCCEED;
  if (ok && p->auth == AUTH_KERBEROS) {
    ok = DBSETLNETWORKAUTH(l->rec, 1) == SUCCEED;
  } else if (ok) {
    ok = DBSETLUSER(l->rec, p->user) == SUCCEED &&
         DBSETLPWD(l->rec, password) == SUCCEED;
  }
  door_leave();
  if (!ok) err_set(e, ERR_PROFILE, "FreeTDS refuses the login's settings");
  return e->code;
}

static void fill_place(struct login *l, const struct profile *p) {
  unsigned long long random = 0;
  l->port = p->port;
  l->timeout = p->login_timeout;
  l->encrypt = p->encrypt;
  if (p->freetds_section) {
    (void)snprintf(l->section, sizeof l->section, "%s", p->freetds_section);
    return;
  }
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0) random = 0;
  (void)snprintf(l->section, sizeof l->section, "ordersync-%016llx.invalid",
                 random);
  (void)snprintf(l->host, sizeof l->host, "%s", p->server);
  (void)snprintf(l->instance, sizeof l->instance, "%s",
                 p->instance ? p->instance : "");
  (void)snprintf(l->ca_file, sizeof l->ca_file, "%s",
                 p->ca_file ? p->ca_file : "");
}

/* The thread ended: with a connection, or with a reason. */
static void conclude(struct login *l, const struct profile *p, struct err *e) {
  if (l->db || e->code) return;
  if (l->gai) {
    err_set(e, ERR_NETWORK, "cannot resolve the server's name \"%s\": %s",
            p->server, gai_strerror(l->gai));
    e->transient = l->gai == EAI_AGAIN;
  } else if (l->unreachable) {
    set_unreachable(p, l->port, l->unreachable, e);
  } else if (l->host[0] && l->instance[0] && l->no_port != 1 && !l->port) {
    err_set(e, ERR_NETWORK, "%s\\%s: SQL Browser (UDP port 1434) %s", p->server,
            p->instance,
            l->no_port < 0 ? "knows no TCP port of this instance"
                           : "does not answer, or knows no such instance");
    err_hint(e, "Give the port: server = %s,1433", p->server);
    e->transient = l->no_port == 0;
  } else if (l->locked_out || (l->notes.timed_out && !l->notes.number)) {
    set_timeout(l, p, e); /* FreeTDS's clock was a little ahead of ours */
  } else if (l->no_conf) {
    err_set(e, ERR_LOCAL, "cannot write FreeTDS's configuration to memory");
  } else {
    error_from_login(&l->notes, p, e);
  }
}

enum err_code login_reach(struct reach *out, const struct profile *p,
                          const struct mssql_hooks *hooks,
                          sqlite3_int64 deadline_ms, struct err *e) {
  struct login *l = login_new(e);
  memset(out, 0, sizeof *out);
  if (!l) return e->code;
  fill_place(l, p);
  l->only_reach = 1;
  l->deadline_ms = deadline_ms;
  if (!run(l, p, hooks, &out->found, e)) return e->code;
  out->port = l->port ? l->port : DEFAULT_PORT;
  out->tcp_ms = l->tcp_ms;
  if (l->gai || l->unreachable || (l->instance[0] && !l->port)) {
    conclude(l, p, e);
  }
  login_free(l);
  return e->code;
}

enum err_code login_open(DBPROCESS **out, const struct profile *p,
                         const struct mssql_hooks *hooks, int packet_size,
                         sqlite3_int64 deadline_ms, struct addresses *found,
                         struct err *e) {
  const char *outer_secret = e->secret;
  struct login *l = NULL;
  char *password = NULL;
  if (refuse_environment(e)) return e->code;
  if (p->auth != AUTH_KERBEROS && profile_password(p, &password, e)) {
    return e->code;
  }
  if (p->auth != AUTH_KERBEROS && !password) {
    err_set(e, ERR_PROFILE, "profile \"%s\" has no password", p->name);
    err_hint(e, "Give password_file, or password.");
    return e->code;
  }
  err_hide(e, password);
  l = login_new(e);
  if (!l) goto done;
  fill_place(l, p);
  l->deadline_ms = deadline_ms;
  if (fill_record(l, p, password, packet_size, e)) goto done;
  if (!run(l, p, hooks, found, e)) {
    l = NULL; /* the thread's */
    goto done;
  }
  conclude(l, p, e);
  if (!e->code) {
    *out = l->db;
    l->db = NULL;
  }
done:
  if (l) login_free(l);
  err_hide(e, outer_secret);
  profile_password_free(password);
  return e->code;
}
