/*
** Waits that end, and what must be known before FreeTDS can connect: where a
** name lives ([MC-SQLR]: also an instance) and which of its addresses answers.
*/
#include "mssql/net.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STACK_BYTES     ((size_t)1024 * 1024)
#define BROWSER_PORT    1434
#define BROWSER_MOST_MS 5000
#define BROWSER_TRY_MS  1000
#define BROWSER_PEERS   8
#define CLNT_UCAST_INST 0x04 /* [MC-SQLR] 2.2.3 */
#define SVR_RESP        0x05 /* [MC-SQLR] 2.2.5 */

/* ---- waiting ----------------------------------------------------------- */

enum net_end net_must_stop(struct net_wait *w) {
  sqlite3_int64 now;
  if (w->end) return w->end;
  now = clock_now_ms();
  if (w->interrupted && now - w->asked_ms >= NET_TICK_MS) {
    w->asked_ms = now;
    if (w->interrupted(w->arg)) return w->end = NET_INTERRUPT;
  }
  if (w->deadline_ms && now >= w->deadline_ms) w->end = NET_DEADLINE;
  return w->end;
}

/* The milliseconds of one slice of a wait. */
static int slice(const struct net_wait *w, sqlite3_int64 left) {
  sqlite3_int64 now = clock_now_ms();
  if (left < 0 || left > NET_TICK_MS) left = NET_TICK_MS;
  if (w->deadline_ms && w->deadline_ms - now < left)
    left = w->deadline_ms - now;
  return left > 0 ? (int)left : 0;
}

int net_poll(struct net_wait *w, struct pollfd *fds, nfds_t n, int timeout_ms) {
  sqlite3_int64 until = clock_now_ms() + timeout_ms;
  for (;;) {
    sqlite3_int64 left = timeout_ms < 0 ? -1 : until - clock_now_ms();
    int ready;
    if (net_must_stop(w)) {
      errno = ECONNABORTED;
      return -1;
    }
    if (timeout_ms >= 0 && left < 0) left = 0;
    ready = poll(fds, n, slice(w, left));
    if (ready != 0 && !(ready < 0 && errno == EINTR)) return ready;
    if (timeout_ms >= 0 && clock_now_ms() >= until) return 0;
  }
}

/* ---- names ------------------------------------------------------------- */

/* Shared with the thread; whoever is last frees it. From libc's heap: the
** thread may outlive the caller's use of SQLite. */
struct lookup {
  pthread_mutex_t lock;
  pthread_cond_t change;
  int done, abandoned;
  int failure;
  int oserr;
  struct addrinfo hints;
  struct addrinfo *found;
  char host[];
};

static void lookup_free(struct lookup *l) {
  if (l->found) freeaddrinfo(l->found);
  (void)pthread_cond_destroy(&l->change);
  (void)pthread_mutex_destroy(&l->lock);
  free(l);
}

static void *lookup_run(void *arg) {
  struct lookup *l = arg;
  struct addrinfo *found = NULL;
  int failure = getaddrinfo(l->host, NULL, &l->hints, &found);
  int oserr = errno;
  int abandoned;
  (void)pthread_mutex_lock(&l->lock);
  l->found = failure ? NULL : found;
  l->failure = failure;
  l->oserr = oserr;
  l->done = 1;
  abandoned = l->abandoned;
  (void)pthread_cond_signal(&l->change);
  (void)pthread_mutex_unlock(&l->lock);
  if (abandoned) lookup_free(l);
  return NULL;
}

static struct lookup *lookup_new(const char *host,
                                 const struct addrinfo *hints) {
  size_t n = strlen(host) + 1;
  struct lookup *l = calloc(1, sizeof *l + n);
  pthread_condattr_t attr;
  if (!l) return NULL;
  memcpy(l->host, host, n);
  l->hints = *hints;
  (void)pthread_mutex_init(&l->lock, NULL); /* these cannot fail on Linux */
  (void)pthread_condattr_init(&attr);
  (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  (void)pthread_cond_init(&l->change, &attr);
  (void)pthread_condattr_destroy(&attr);
  return l;
}

/* What a fault of the thread's own raises: blocked, the kernel would end the
** process without asking the host's crash handler. */
static const int own_faults[] = {SIGSEGV, SIGBUS,  SIGFPE,
                                 SIGILL,  SIGABRT, SIGTRAP};

/* A detached thread on which none of the host's signals is handled. */
static int thread_start(void *(*run)(void *), void *arg) {
  pthread_t thread;
  pthread_attr_t attr;
  sigset_t most, old;
  int rc;
  (void)sigfillset(&most);
  for (size_t i = 0; i < sizeof own_faults / sizeof *own_faults; i++) {
    (void)sigdelset(&most, own_faults[i]);
  }
  (void)pthread_attr_init(&attr);
  (void)pthread_attr_setstacksize(&attr, STACK_BYTES);
  (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  (void)pthread_sigmask(SIG_SETMASK, &most, &old);
  rc = pthread_create(&thread, &attr, run, arg);
  (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
  (void)pthread_attr_destroy(&attr);
  return rc;
}

/* 1 when the thread is through, and l the caller's again; 0 when it was left
** behind, and l is the thread's. */
static int await(struct lookup *l, struct net_wait *w) {
  int done;
  (void)pthread_mutex_lock(&l->lock);
  while (!l->done && !l->abandoned) {
    sqlite3_int64 at_ms = clock_now_ms() + slice(w, -1);
    struct timespec at = {at_ms / 1000, (at_ms % 1000) * 1000 * 1000};
    (void)pthread_cond_timedwait(&l->change, &l->lock, &at);
    if (l->done) break;
    /* The hook is a stranger: it is not asked with our lock held. */
    (void)pthread_mutex_unlock(&l->lock);
    (void)net_must_stop(w);
    (void)pthread_mutex_lock(&l->lock);
    l->abandoned = w->end && !l->done;
  }
  done = l->done;
  (void)pthread_mutex_unlock(&l->lock);
  return done;
}

int net_resolve(struct net_wait *w, const char *host,
                const struct addrinfo *hints, struct addrinfo **out) {
  struct addrinfo numeric = *hints;
  struct lookup *l;
  int failure;
  *out = NULL;
  numeric.ai_flags = AI_NUMERICHOST; /* asks nobody */
  if (getaddrinfo(host, NULL, &numeric, out) == 0) return 0;
  *out = NULL;
  if (net_must_stop(w)) goto stopped;
  l = lookup_new(host, hints);
  if (!l) return EAI_MEMORY;
  failure = thread_start(lookup_run, l);
  if (failure) {
    lookup_free(l);
    errno = failure;
    return EAI_SYSTEM;
  }
  if (!await(l, w)) goto stopped;
  failure = l->failure;
  errno = l->oserr;
  *out = l->found;
  l->found = NULL;
  lookup_free(l);
  return failure;
stopped:
  errno = ECONNABORTED;
  return EAI_SYSTEM;
}

/* ---- connecting -------------------------------------------------------- */

static void with_port(const struct addrinfo *a, int port,
                      struct sockaddr_storage *to) {
  memset(to, 0, sizeof *to);
  memcpy(to, a->ai_addr, a->ai_addrlen);
  if (to->ss_family == AF_INET6) {
    ((struct sockaddr_in6 *)(void *)to)->sin6_port = htons((uint16_t)port);
  } else {
    ((struct sockaddr_in *)(void *)to)->sin_port = htons((uint16_t)port);
  }
}

static int socket_to(const struct addrinfo *a, int port, int type) {
  struct sockaddr_storage to;
  int fd, failure;
  if (a->ai_addrlen > sizeof to) {
    errno = EAFNOSUPPORT;
    return -1;
  }
  with_port(a, port, &to);
  fd = socket(a->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, (const struct sockaddr *)&to, a->ai_addrlen) == 0 ||
      errno == EINPROGRESS) {
    return fd;
  }
  failure = errno;
  (void)close(fd);
  errno = failure;
  return -1;
}

/* Waits for fd's connection; 0 or an errno. */
static int connected(struct net_wait *w, int fd, sqlite3_int64 most_ms) {
  struct pollfd p = {fd, POLLOUT, 0};
  int failure = 0;
  socklen_t n = sizeof failure;
  int ready = net_poll(w, &p, 1, (int)most_ms);
  if (ready < 0) return errno;
  if (ready == 0) return ETIMEDOUT;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &n) != 0) return errno;
  return failure;
}

/* A dead peer shows within a minute or two. FreeTDS corks the socket itself. */
static void tune(int fd) {
  static const struct {
    int level, name, value;
  } options[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},
                 {IPPROTO_TCP, TCP_KEEPIDLE, 40},
                 {IPPROTO_TCP, TCP_KEEPINTVL, 2},
                 {IPPROTO_TCP, TCP_NODELAY, 1}};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                     sizeof options[i].value);
  }
}

int net_dial(struct net_wait *w, const struct addrinfo *found, int port) {
  int failure = EHOSTUNREACH;
  int n_left = 0;
  for (const struct addrinfo *a = found; a; a = a->ai_next) n_left++;
  for (const struct addrinfo *a = found; a && !w->end; a = a->ai_next) {
    /* The last one's ends with the deadline. */
    sqlite3_int64 share = w->deadline_ms && n_left > 1
                              ? (w->deadline_ms - clock_now_ms()) / n_left
                              : -1;
    int fd = socket_to(a, port, SOCK_STREAM);
    n_left--;
    failure = fd < 0 ? errno : connected(w, fd, share);
    if (failure == 0) {
      tune(fd);
      return fd;
    }
    if (fd >= 0) (void)close(fd);
  }
  errno = failure;
  return -1;
}

/* ---- SQL Browser ------------------------------------------------------- */

/* The text is "ServerName;A;InstanceName;B;...;tcp;1433;;". Returns the port,
** or -1. */
static int parse_port(char *text) {
  char *at = text;
  while (*at) {
    char *end = strchr(at, ';');
    if (!end) break;
    *end = 0;
    if (strcasecmp(at, "tcp") == 0) {
      char *stop = NULL;
      long port = strtol(end + 1, &stop, 10);
      return port > 0 && port < 65536 && stop != end + 1 ? (int)port : -1;
    }
    at = end + 1;
  }
  return -1;
}

/* Reads one answer; 0 when there is none that counts. */
static int take_answer(int fd) {
  unsigned char answer[2048];
  ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
  if (n < 4 || answer[0] != SVR_RESP) return 0;
  answer[n] = 0;
  return parse_port((char *)answer + 3);
}

/* Asks every peer once and waits for the first answer. */
static int ask(struct net_wait *w, struct pollfd *peers, nfds_t n,
               const char *question, size_t n_question) {
  sqlite3_int64 until = clock_now_ms() + BROWSER_TRY_MS;
  sqlite3_int64 left = BROWSER_TRY_MS;
  int port = 0;
  for (nfds_t i = 0; i < n; i++) {
    peers[i].events = POLLIN;
    (void)send(peers[i].fd, question, n_question, MSG_NOSIGNAL);
  }
  while (!port && left > 0 && net_poll(w, peers, n, (int)left) > 0) {
    for (nfds_t i = 0; i < n && !port; i++) {
      if (!peers[i].revents) continue;
      port = take_answer(peers[i].fd);
      if (!port) peers[i].events = 0; /* refused: asked again later */
    }
    left = until - clock_now_ms();
  }
  return port;
}

int net_browse(struct net_wait *w, const struct addrinfo *found,
               const char *instance) {
  struct pollfd peers[BROWSER_PEERS];
  char question[260];
  sqlite3_int64 end = clock_now_ms() + BROWSER_MOST_MS;
  int n_question =
      snprintf(question, sizeof question, "%c%s", CLNT_UCAST_INST, instance);
  nfds_t n = 0;
  int port = 0;
  if (n_question < 1 || n_question >= (int)sizeof question) return -1;
  for (const struct addrinfo *a = found; a && n < BROWSER_PEERS;
       a = a->ai_next) {
    /* Connected: only this peer's datagrams are let in. */
    peers[n].fd = socket_to(a, BROWSER_PORT, SOCK_DGRAM);
    if (peers[n].fd >= 0) n++;
  }
  while (n && !port && !w->end && clock_now_ms() < end) {
    port = ask(w, peers, n, question, (size_t)n_question + 1);
  }
  for (nfds_t i = 0; i < n; i++) (void)close(peers[i].fd);
  return port;
}
