/* tds-server: a small SQL Server look-alike over a SQLite file.
**
**   tds-server --db FILE [--listen ADDRESS] [--port N] [--port-file FILE]
**              [--log FILE] [--user NAME] [--password TEXT]
**              [--database NAME] [--cert FILE --key FILE]
**              [--encrypt off|on|required|unsupported|strict]
**              [--collation ci|cs|NAME] [--deny TABLE]...
**              [--fault SPEC]... [--fault-file FILE]
**              [--language NAME] [--release YEAR] [--snapshot] [--rcsi]
**              [--keytab FILE]
**
** Port 0 (the default) is any free port; --port-file names the file it is
** written to once the server listens. One thread serves one connection.
** SIGTERM and SIGINT end it. README.md has the rest; fault.h the faults.
*/
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cache.h"
#include "log.h"
#include "session.h"

enum { CONNECTIONS_MAX = 512 };

static const struct release releases[] = {
    {15, 2000, "2019", "15.0.2000.5"}, {11, 7001, "2012", "11.0.7001.0"},
    {12, 6024, "2014", "12.0.6024.0"}, {13, 6300, "2016", "13.0.6300.2"},
    {14, 3456, "2017", "14.0.3456.2"}, {16, 4003, "2022", "16.0.4003.1"}};

static struct server config = {.database = "Sales",
                               .user = "reader",
                               .password = "secret",
                               .release = releases};

/* The sockets in use, so that the end of the server ends them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t empty = PTHREAD_COND_INITIALIZER;
static int sockets[CONNECTIONS_MAX];
static unsigned open_count;

static bool enlist(int fd) {
  bool ok = false;
  pthread_mutex_lock(&lock);
  for (unsigned i = 0; i < CONNECTIONS_MAX && !ok; i++)
    if (sockets[i] < 0) {
      sockets[i] = fd;
      open_count++;
      ok = true;
    }
  pthread_mutex_unlock(&lock);
  return ok;
}

static void delist(int fd) {
  pthread_mutex_lock(&lock);
  for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
    if (sockets[i] == fd) sockets[i] = -1;
  if (--open_count == 0) pthread_cond_signal(&empty);
  pthread_mutex_unlock(&lock);
}

struct start {
  int fd, id;
};

static void *serve(void *arg) {
  struct start *start = arg;
  struct session s;
  int fd = start->fd;
  memset(&s, 0, sizeof s);
  s.srv = &config;
  s.id = start->id;
  free(start);
  net_init(&s.net, fd, (uint16_t)(50 + s.id % 30000));
  net_begin(&s.net, AT_ACCEPT, NULL);
  for (unsigned i = 0; i < s.net.faults.n && !s.net.dead; i++)
    net_fault(&s.net, &s.net.faults.f[i]);
  if (!s.net.dead && login_run(&s)) session_run(&s);
  delist(fd); /* before the number can be given to another socket */
  session_clear(&s);
  return NULL;
}

static int listen_on(const char *address, const char *port) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                           .ai_socktype = SOCK_STREAM};
  struct addrinfo *at;
  int fd, one = 1;
  if (getaddrinfo(address, port, &hints, &at) != 0) return -1;
  fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (fd >= 0 &&
      (bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, 128) != 0)) {
    close(fd);
    fd = -1;
  }
  freeaddrinfo(at);
  return fd;
}

/* Complete or absent: written beside it and renamed. */
static bool write_port(int fd, const char *path) {
  struct sockaddr_storage in;
  socklen_t n = sizeof in;
  char *tmp, port[8];
  FILE *f;
  bool ok;
  if (getsockname(fd, (struct sockaddr *)&in, &n) != 0 ||
      getnameinfo((struct sockaddr *)&in, n, NULL, 0, port, sizeof port,
                  NI_NUMERICSERV) != 0)
    return false;
  if (!path) {
    printf("%s\n", port);
    fflush(stdout);
    return true;
  }
  tmp = mem_format("%s.%d", path, (int)getpid());
  f = fopen(tmp, "w");
  ok = f && fprintf(f, "%s\n", port) > 0;
  ok = f && fclose(f) == 0 && ok && rename(tmp, path) == 0;
  free(tmp);
  return ok;
}

static void accept_one(int listener) {
  static int next_id;
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), one = 1;
  struct start *start;
  pthread_t thread;
  pthread_attr_t attr;
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (!enlist(fd)) {
    close(fd);
    return;
  }
  start = mem_alloc(sizeof *start);
  start->fd = fd;
  start->id = ++next_id;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attr, 4 << 20);
  if (pthread_create(&thread, &attr, serve, start) != 0) {
    delist(fd);
    close(fd);
    free(start);
  }
  pthread_attr_destroy(&attr);
}

static void end_connections(void) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 3;
  pthread_mutex_lock(&lock);
  for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
    if (sockets[i] >= 0) shutdown(sockets[i], SHUT_RDWR);
  while (open_count > 0 && pthread_cond_timedwait(&empty, &lock, &until) == 0)
    ;
  pthread_mutex_unlock(&lock);
}

static int usage(const char *what) {
  fprintf(stderr,
          "tds-server: %s\n"
          "usage: tds-server --db FILE [--listen ADDRESS] [--port N]\n"
          "  [--port-file FILE] [--log FILE] [--user NAME] [--password TEXT]\n"
          "  [--database NAME] [--cert FILE --key FILE]\n"
          "  [--encrypt off|on|required|unsupported|strict]\n"
          "  [--collation NAME] [--deny TABLE]... [--fault SPEC]...\n"
          "  [--fault-file FILE] [--language NAME] [--release YEAR]\n"
          "  [--snapshot] [--rcsi] [--keytab FILE]\n",
          what);
  return 2;
}

static bool encrypt_named(const char *name) {
  static const struct {
    const char *name;
    enum encrypt_mode mode;
  } modes[] = {{"off", ENCRYPT_OFF},
               {"on", ENCRYPT_ON},
               {"required", ENCRYPT_ON},
               {"unsupported", ENCRYPT_NOT_SUP},
               {"strict", ENCRYPT_STRICT}};
  for (unsigned i = 0; i < 5; i++)
    if (strcasecmp(modes[i].name, name) == 0) {
      config.encrypt = modes[i].mode;
      return true;
    }
  return false;
}

static bool release_named(const char *year) {
  for (unsigned i = 0; i < sizeof releases / sizeof *releases; i++)
    if (strcmp(releases[i].year, year) == 0) {
      config.release = &releases[i];
      return true;
    }
  return false;
}

struct options {
  const char *address, *port, *port_file, *log, *cert, *key;
};

/* NULL, or what is wrong with the option's value. */
static const char *read_option(int which, const char *value) {
  bool ok = true;
  switch (which) {
  case 'e':
    ok = encrypt_named(value);
    break;
  case 'C':
    if (strcmp(value, "ci") == 0) break;
    if (strcmp(value, "cs") == 0) value = "SQL_Latin1_General_CP1_CS_AS";
    ok = collation_parse(value, &config.coll);
    break;
  case 'n':
    if (config.denied < 32) config.deny[config.denied++] = value;
    break;
  case 'G':
    config.language = value;
    ok = date_language(value) != NULL;
    break;
  case 'R':
    ok = release_named(value);
    break;
  case 's':
    config.snapshot = true;
    break;
  case 'r':
    config.rcsi = true;
    break;
  case 'f':
    ok = fault_add(value);
    break;
  case 'F':
    fault_file(value);
    break;
  default:
    return "unknown option";
  }
  return ok ? NULL : "an option's value is not understood";
}

static int read_options(int argc, char **argv, struct options *o) {
  const char **texts[] = {&config.db_path,  &o->address,      &o->port,
                          &o->port_file,    &o->log,          &config.user,
                          &config.password, &config.database, &o->cert,
                          &o->key,          &config.keytab};
  static const struct option names[] = {
      /* the number: of `texts` */
      {"db", 1, NULL, 0},          {"listen", 1, NULL, 1},
      {"port", 1, NULL, 2},        {"port-file", 1, NULL, 3},
      {"log", 1, NULL, 4},         {"user", 1, NULL, 5},
      {"password", 1, NULL, 6},    {"database", 1, NULL, 7},
      {"cert", 1, NULL, 8},        {"key", 1, NULL, 9},
      {"keytab", 1, NULL, 10},     {"encrypt", 1, NULL, 'e'},
      {"collation", 1, NULL, 'C'}, {"deny", 1, NULL, 'n'},
      {"fault", 1, NULL, 'f'},     {"fault-file", 1, NULL, 'F'},
      {"language", 1, NULL, 'G'},  {"snapshot", 0, NULL, 's'},
      {"rcsi", 0, NULL, 'r'},      {"release", 1, NULL, 'R'},
      {NULL, 0, NULL, 0}};
  int c;
  while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
    const char *wrong = NULL;
    if (c <= 10)
      *texts[c] = optarg;
    else
      wrong = read_option(c, optarg);
    if (wrong) return usage(wrong);
  }
  if (!config.db_path || optind < argc) return usage("--db FILE is missing");
  return 0;
}

int main(int argc, char **argv) {
  struct options o = {.address = "127.0.0.1", .port = "0"};
  sigset_t signals;
  int rc = read_options(argc, argv, &o), listener, stop;
  if (rc) return rc;
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  stop = signalfd(-1, &signals, SFD_CLOEXEC);
  for (unsigned i = 0; i < CONNECTIONS_MAX; i++) sockets[i] = -1;
  if (o.log && !log_open(o.log)) return usage("cannot write the log");
  if (config.encrypt != ENCRYPT_NOT_SUP) {
    config.tls = tls_context(o.cert, o.key);
    if (!config.tls) return usage("cannot use that certificate or key");
  }
  if (!cache_open(config.db_path)) return usage("cannot open the database");
  listener = listen_on(o.address, o.port);
  if (listener < 0 || !write_port(listener, o.port_file)) {
    fprintf(stderr, "tds-server: cannot listen on %s port %s: %s\n", o.address,
            o.port, strerror(errno));
    return 1;
  }
  for (;;) {
    struct pollfd wait[2] = {{listener, POLLIN, 0}, {stop, POLLIN, 0}};
    if (poll(wait, 2, -1) < 0 && errno != EINTR) break;
    if (wait[1].revents) break;
    if (wait[0].revents) accept_one(listener);
  }
  close(listener);
  end_connections();
  cache_close();
  SSL_CTX_free(config.tls);
  return 0;
}
