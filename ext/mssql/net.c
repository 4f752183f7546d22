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
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS         50 /* how long a wait goes unasked */
#define STACK_BYTES     ((size_t)1024 * 1024)
#define BROWSER_PORT    1434
#define BROWSER_MOST_MS 5000
#define BROWSER_TRY_MS  1000
#define BROWSER_PEERS   8
#define CLNT_UCAST_INST 0x04 /* [MC-SQLR] 2.2.3 */
#define SVR_RESP        0x05 /* [MC-SQLR] 2.2.5 */

enum net_end net_must_stop(struct net_wait *w) {
  sqlite3_int64 now;
  if (w->end) return w->end;
  now = clock_now_ms();
  if (w->interrupted && now - w->asked_ms >= TICK_MS) {
    w->asked_ms = now;
    if (w->interrupted(w->arg)) return w->end = NET_INTERRUPT;
  }
  if (w->deadline_ms && now >= w->deadline_ms) w->end = NET_DEADLINE;
  return w->end;
}

int net_poll(struct net_wait *w, struct pollfd *fds, nfds_t n, int timeout_ms) {
  sqlite3_int64 until = clock_now_ms() + timeout_ms;
  for (;;) {
    sqlite3_int64 now = clock_now_ms(), most = TICK_MS;
    int ready;
    if (net_must_stop(w)) {
      errno = ECONNABORTED;
      return -1;
    }
    if (timeout_ms >= 0 && until - now < most) most = until - now;
    if (w->deadline_ms && w->deadline_ms - now < most)
      most = w->deadline_ms - now;
    ready = poll(fds, n, most > 0 ? (int)most : 0);
    if (ready != 0 && !(ready < 0 && errno == EINTR)) return ready;
    if (timeout_ms >= 0 && clock_now_ms() >= until) return 0;
  }
}

int net_descriptors_left(void) {
  int fds[NET_DESCRIPTORS], n = 0;
  while (n < NET_DESCRIPTORS && (fds[n] = eventfd(0, EFD_CLOEXEC)) >= 0) n++;
  for (int i = 0; i < n; i++) (void)close(fds[i]);
  return n;
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

void net_aside_leave(struct net_aside *a) {
  if (!atomic_flag_test_and_set(&a->is_left)) return;
  if (a->through >= 0) (void)close(a->through);
  a->clear(a->work);
}

static void *aside_main(void *arg) {
  struct net_aside *a = arg;
  a->run(a->work);
  (void)eventfd_write(a->through, 1);
  net_aside_leave(a);
  return NULL;
}

int net_aside_run(struct net_wait *w, struct net_aside *a) {
  struct pollfd through = {.events = POLLIN};
  int failure = 0;
  atomic_flag_clear(&a->is_left);
  through.fd = a->through = eventfd(0, EFD_CLOEXEC);
  if (a->through < 0) failure = errno;
  if (!failure) failure = thread_start(aside_main, a);
  if (failure) {
    (void)atomic_flag_test_and_set(&a->is_left); /* there is no thread */
    errno = failure;
    return 0;
  }
  if (net_poll(w, &through, 1, -1) != 1) return 0;
  /* The thread has told and is about to leave, which may be after this returns:
  ** the host is to find no descriptor that it did not have. */
  (void)close(a->through);
  a->through = -1;
  return 1;
}

struct lookup {
  struct net_aside aside;
  int failure;
  int oserr;
  struct addrinfo *found;
  struct addrinfo hints;
  char host[];
};

static void lookup_run(void *work) {
  struct lookup *l = work;
  l->failure = getaddrinfo(l->host, NULL, &l->hints, &l->found);
  l->oserr = errno;
  if (l->failure) l->found = NULL;
}

static void lookup_clear(void *work) {
  struct lookup *l = work;
  if (l->found) freeaddrinfo(l->found);
  free(l);
}

int net_resolve(struct net_wait *w, const char *host,
                const struct addrinfo *hints, struct addrinfo **out) {
  struct addrinfo numeric = *hints;
  size_t n = strlen(host) + 1;
  struct lookup *l;
  int failure = EAI_SYSTEM, oserr;
  *out = NULL;
  numeric.ai_flags = AI_NUMERICHOST; /* asks nobody */
  if (getaddrinfo(host, NULL, &numeric, out) == 0) return 0;
  *out = NULL;
  errno = ECONNABORTED;
  if (net_must_stop(w)) return EAI_SYSTEM;
  l = calloc(1, sizeof *l + n);
  if (!l) return EAI_MEMORY;
  memcpy(l->host, host, n);
  l->hints = *hints;
  l->aside.work = l;
  l->aside.run = lookup_run;
  l->aside.clear = lookup_clear;
  if (net_aside_run(w, &l->aside)) {
    failure = l->failure;
    oserr = l->oserr;
    *out = l->found;
    l->found = NULL;
  } else {
    oserr = errno;
  }
  net_aside_leave(&l->aside);
  errno = oserr;
  return failure;
}

static int socket_to(const struct addrinfo *a, int port, int type) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } to = {0};
  int fd, failure;
  errno = EAFNOSUPPORT;
  if (a->ai_addrlen > sizeof to) return -1;
  memcpy(&to, a->ai_addr, a->ai_addrlen);
  if (a->ai_family == AF_INET6)
    to.v6.sin6_port = htons((uint16_t)port);
  else
    to.v4.sin_port = htons((uint16_t)port);
  fd = socket(a->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, &to.any, a->ai_addrlen) == 0 || errno == EINPROGRESS)
    return fd;
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

/* Reads one answer, whose text is "ServerName;A;InstanceName;B;...;tcp;1433;;".
** The port; -1: it has none; 0: there is no answer that counts. */
static int take_answer(int fd) {
  char answer[2048], *at, *stop;
  ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
  long port;
  if (n < 4 || answer[0] != SVR_RESP) return 0;
  answer[n] = 0;
  at = strcasestr(answer + 3, ";tcp;");
  if (!at) return -1;
  port = strtol(at + 5, &stop, 10);
  return port > 0 && port < 65536 && stop != at + 5 ? (int)port : -1;
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
