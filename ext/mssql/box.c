/*
** FreeTDS's outside world: every function here stands for the system's of the
** same name, which box.syms renames in FreeTDS's archive.
*/
#include "mssql/box.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sybdb.h>
#include <sys/socket.h>
#include <unistd.h>

/* What box.syms names is called by FreeTDS's archive only. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* FreeTDS's first name of a configuration file, for all connections: which text
** it means is found by the connection. */
static char conf_name[] = "ordersync";

/* Behind the end of a connection, in a row. A COLINFO of 64 KiB takes 65,535 of
** them and then ends by itself. */
#define READS_MANY 100
#define READS_MOST 1000000

static __thread struct box *current;

struct box *box_current(void) {
  return current;
}

void box_init(struct box *b, int seconds) {
  memset(b, 0, sizeof *b);
  b->wait.deadline_ms = clock_now_ms() + (sqlite3_int64)seconds * 1000;
  b->fd = -1;
}

void box_clear(struct box *b) {
  if (b->found) freeaddrinfo(b->found);
  b->found = NULL;
}

/* What FreeTDS prints, it prints into these. Its archive reads them without
** the GOT, so they have to be ours and hidden. */
FILE *box_stdout, *box_stderr;

/* What is left for dbinit(), on the thread that calls it. */
static __thread struct {
  char *at;
  size_t n;
} spare;

#define SPARE_BYTES 40960 /* it takes 8 for each of 4,096 connections */

/* The start of FreeTDS, which dies where memory is short in it, or counts as
** done the next time: what it takes is there before. It gives nothing back. */
static int start(void) {
  char *memory = calloc(1, SPARE_BYTES);
  int rc;
  if (!memory) return 0;
  spare.at = memory;
  spare.n = SPARE_BYTES;
  rc = dbinit();
  spare.n = 0;
  if (rc == SUCCEED) dbsetifile(conf_name);
  return rc == SUCCEED;
}

/* Tried again by the next connection when memory ran out. */
int box_ready(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static int is_ready;
  cookie_io_functions_t nowhere = {0};
  int ready;
  (void)pthread_mutex_lock(&lock);
  if (!box_stdout) box_stdout = fopencookie(NULL, "w", nowhere);
  if (!box_stderr) box_stderr = fopencookie(NULL, "w", nowhere);
  if (!is_ready && box_stdout && box_stderr) is_ready = start();
  ready = is_ready;
  (void)pthread_mutex_unlock(&lock);
  return ready;
}

/* FreeTDS never closes it now, and the server would keep the session. */
static void abandon(struct box *b) {
  b->broken = 1;
  if (b->fd >= 0) (void)close(b->fd);
  b->fd = -1;
}

int box_run(struct box *b, int (*fn)(void *), void *arg) {
  struct box *outer = current; /* a hook may use another connection */
  int answer = BOX_BROKEN;
  if (b->broken) return BOX_BROKEN;
  b->n_vain = 0;
  current = b;
  if (setjmp(b->way_out) == 0)
    answer = fn(arg);
  else
    abandon(b);
  current = outer;
  return answer;
}

int box_ask(void *box) {
  struct box *b = box, *outer = current;
  int answer;
  current = NULL;
  answer = b->hook(b->hook_arg);
  current = outer;
  return answer;
}

_Noreturn void box_exit(int code) {
  (void)code;
  if (!current) abort();
  longjmp(current->way_out, 1);
}

/* An assertion of FreeTDS's that a server made fail is not the host's end. */
_Noreturn void box_assert_fail(const char *expression, const char *file,
                               unsigned line, const char *function) {
  (void)expression, (void)file, (void)line, (void)function;
  box_exit(1);
}

/* FreeTDS goes on with NULL in some places, and dies of it. What it had by then
** is lost. */
static void *have(void *memory) {
  if (memory || !current) return memory;
  current->no_memory = 1;
  box_exit(1);
}

/* Zeroed; NULL where it is not dbinit() that asks, or it asks for too much. */
static void *take_spare(size_t n) {
  char *memory = spare.at;
  n = (n + 15) / 16 * 16; /* as malloc() aligns */
  if (n > spare.n) return NULL;
  spare.at += n;
  spare.n -= n;
  return memory;
}

void *box_malloc(size_t n) {
  void *memory = spare.n ? take_spare(n) : NULL;
  return memory ? memory : have(malloc(n));
}

void *box_calloc(size_t n, size_t n_bytes) {
  void *memory = spare.n ? take_spare(n * n_bytes) : NULL;
  return memory ? memory : have(calloc(n, n_bytes));
}

void *box_realloc(void *memory, size_t n) {
  return have(realloc(memory, n ? n : 1)); /* of none it would free them */
}

char *box_strdup(const char *text) {
  size_t n = strlen(text) + 1;
  char *copy = box_malloc(n);
  return copy ? memcpy(copy, text, n) : NULL;
}

/* FreeTDS reads on when a connection has ended, and gets zeros. Where it waits
** for another byte it would do so for ever: for the 0xFF behind a FEATUREEXTACK
** ([MS-TDS] 2.2.7.11) that was cut, which it then gets. These names are the
** linker's (--wrap, see the Makefile). */
/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_tds_read_packet(void *tds);
int __wrap_tds_read_packet(void *tds) {
  int got = __real_tds_read_packet(tds);
  if (current && got >= 0) current->n_vain = 0;
  if (current && got < 0 && ++current->n_vain > READS_MOST) box_exit(1);
  return got;
}

unsigned char __real_tds_get_byte(void *tds);
unsigned char __wrap_tds_get_byte(void *tds) {
  unsigned char byte = __real_tds_get_byte(tds);
  if (byte) return byte;
  return current && current->n_vain > READS_MANY ? 0xFF : byte;
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* Only somebody whose profile names a section of his freetds.conf means it. */
static int is_theirs(void) {
  return current && !current->conf;
}

char *box_getenv(const char *name) {
  if (!is_theirs()) return NULL;
  /* The others (TDSHOST, TDSPORT, TDSVER, TDSDUMP) would override it. */
  if (strcmp(name, "FREETDSCONF") != 0 && strcmp(name, "FREETDS") != 0 &&
      strcmp(name, "HOME") != 0) {
    return NULL;
  }
  return getenv(name);
}

FILE *box_fopen(const char *path, const char *mode) {
  FILE *f;
  if (is_theirs()) return strcmp(path, conf_name) ? fopen(path, mode) : NULL;
  if (!current) return NULL;
  f = fmemopen((char *)(uintptr_t)current->conf, strlen(current->conf), "r");
  if (f) current->conf_was_read = 1;
  return f;
}

/*
** Where conf's server is was found out before; FreeTDS gets some address, and
** box_connect() goes to the right ones. It looks a name up once: should it do
** so again, the server has sent it elsewhere, and that is for login.c.
*/
static int stand_in(struct box *b, const char *host, struct addrinfo **out) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST,
                           .ai_socktype = SOCK_STREAM};
  if (!b->conf_was_read) return EAI_FAIL; /* it would go there unencrypted */
  if (b->asked_for_name++ > 0) {
    (void)snprintf(b->route_host, sizeof b->route_host, "%s", host);
  }
  return getaddrinfo("127.0.0.1", NULL, &hints, out);
}

int box_getaddrinfo(const char *host, const char *service,
                    const struct addrinfo *hints, struct addrinfo **out) {
  struct box *b = current;
  (void)service; /* never given */
  if (!b) return EAI_FAIL;
  /* With AI_CANONNAME it is for Kerberos. */
  if (b->conf && !(hints->ai_flags & AI_CANONNAME))
    return stand_in(b, host, out);
  b->gai = net_resolve(&b->wait, host, hints, out);
  return b->gai;
}

int box_socket(int family, int type, int protocol) {
  return socket(family, type | SOCK_CLOEXEC, protocol);
}

/* Puts a connection to the server in place of FreeTDS's socket. */
static int dial(struct box *b, int fd) {
  int ours;
  b->stage = BOX_CONNECT;
  ours = net_dial(&b->wait, b->found, b->port);
  b->oserr = ours < 0 ? errno : 0;
  if (ours < 0) return -1;
  if (dup3(ours, fd, O_CLOEXEC) < 0) b->oserr = errno;
  (void)close(ours);
  if (b->oserr) return -1;
  b->stage = BOX_LOGIN;
  return 0;
}

int box_connect(int fd, const struct sockaddr *to, socklen_t n) {
  struct box *b = current;
  errno = ECONNABORTED;
  if (!b || net_must_stop(&b->wait)) return -1;
  if (!b->conf) {
    b->stage = BOX_LOGIN;
    return connect(fd, to, n);
  }
  if (!b->route_host[0]) return dial(b, fd);
  b->route_port =
      ntohs(((const struct sockaddr_in *)(const void *)to)->sin_port);
  return -1;
}

int box_close(int fd) {
  if (current && current->fd == fd) {
    current->fd = -1;
    current->n_ahead = 0;
  }
  return close(fd);
}

/* Something came along already; or the last read got all it asked for, and then
** there is more, nearly always: where not, reading says so, and FreeTDS waits
** again. */
static int is_flowing(struct box *b, const struct pollfd *fds) {
  int flowing = b->flowing;
  if (fds[0].fd != b->fd || fds[0].events != POLLIN) return 0;
  if (b->n_ahead == 0) b->flowing = 0;
  return (flowing || b->n_ahead > 0) && !net_must_stop(&b->wait);
}

int box_poll(struct pollfd *fds, nfds_t n, int timeout_ms) {
  if (n == 0 || !current) { /* it would wait for a connection that failed */
    errno = ECONNABORTED;
    return -1;
  }
  if (is_flowing(current, fds)) {
    for (nfds_t i = 0; i < n; i++) fds[i].revents = 0;
    fds[0].revents = POLLIN;
    return 1;
  }
  return net_poll(&current->wait, fds, n, timeout_ms);
}

int box_took(struct box *b, const void *bytes, size_t n) {
  if (!b->tls.begun && b->n_first < sizeof b->first) {
    size_t keep = sizeof b->first - b->n_first;
    if (keep > n) keep = n;
    memcpy(b->first + b->n_first, bytes, keep);
    b->n_first += keep;
  }
  return stream_follow(&b->in, bytes, n);
}

/* As recv(); the bytes behind go into `ahead`. */
static ssize_t receive(struct box *b, void *bytes, size_t n) {
  struct iovec parts[2] = {{bytes, n}, {b->ahead, sizeof b->ahead}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  ssize_t got = recvmsg(b->fd, &message, MSG_DONTWAIT);
  if (got <= 0) return got;
  b->flowing = (size_t)got >= n;
  b->n_received += got;
  if ((size_t)got <= n) return got;
  b->ahead_at = 0;
  b->n_ahead = (size_t)got - n;
  return (ssize_t)n;
}

/* From `ahead`. */
static ssize_t take(struct box *b, void *bytes, size_t n) {
  if (n > b->n_ahead) n = b->n_ahead;
  memcpy(bytes, b->ahead + b->ahead_at, n);
  b->ahead_at += n;
  b->n_ahead -= n;
  return (ssize_t)n;
}

ssize_t box_recv(int fd, void *bytes, size_t n, int flags) {
  struct box *b = current;
  ssize_t got;
  errno = ECONNABORTED;
  if (!b || net_must_stop(&b->wait)) return -1;
  if (fd != b->fd) return recv(fd, bytes, n, flags | MSG_DONTWAIT);
  got = b->n_ahead ? take(b, bytes, n) : receive(b, bytes, n);
  if (got <= 0) return got;
  if (!b->in_record && !box_took(b, bytes, (size_t)got)) {
    errno = EPROTO;
    return -1;
  }
  return got;
}

/* Where encryption is a must, nothing leaves in clear but prelogin packets
** ([MS-TDS] 2.2.6.5): whatever the server answered, and whatever FreeTDS made
** of it. */
ssize_t box_send(int fd, const void *bytes, size_t n, int flags) {
  struct box *b = current;
  struct stream look;
  ssize_t sent;
  errno = ECONNABORTED;
  if (!b || net_must_stop(&b->wait)) return -1;
  b->fd = fd;
  if (b->in_record) return send(fd, bytes, n, flags | MSG_NOSIGNAL);
  look = b->out;
  look.only = b->must_encrypt ? STREAM_PRELOGIN : 0;
  if (!stream_follow(&look, bytes, n)) {
    b->would_be_plain = b->must_encrypt;
    return -1;
  }
  sent = send(fd, bytes, n, flags | MSG_NOSIGNAL);
  if (sent > 0) (void)stream_follow(&b->out, bytes, (size_t)sent);
  return sent;
}
