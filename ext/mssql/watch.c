/*
** The watchdog: one thread a connection, asleep until a deadline.
**
** FreeTDS's timeouts are per wait on the socket, so a server that drips bytes
** can hold a call for ever. shutdown(2) on the socket ends any such call at
** once and cleanly (dbcancel() from another thread does not). The descriptor
** is a duplicate of our own: FreeTDS closes its socket when a link dies, and
** the number may by then be a stranger's.
*/
#include "mssql/local.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define STACK_BYTES ((size_t)1024 * 1024)

static void *watch_run(void *arg) {
  struct watch *w = arg;
  (void)pthread_mutex_lock(&w->lock);
  while (!w->stop) {
    sqlite3_int64 until = w->deadline_ms;
    struct timespec at = {until / 1000, (until % 1000) * 1000 * 1000};
    if (!until) {
      (void)pthread_cond_wait(&w->change, &w->lock);
    } else if (clock_now_ms() < until) {
      (void)pthread_cond_timedwait(&w->change, &w->lock, &at);
    } else {
      w->fired = 1;
      w->deadline_ms = 0;
      (void)shutdown(w->fd, SHUT_RDWR);
    }
  }
  (void)pthread_mutex_unlock(&w->lock);
  return NULL;
}

/* What a fault of the thread's own raises: blocked, the kernel would end the
** process without asking the host's crash handler. */
static const int own_faults[] = {SIGSEGV, SIGBUS,  SIGFPE,
                                 SIGILL,  SIGABRT, SIGTRAP};

int thread_start(pthread_t *thread, void *(*run)(void *), void *arg) {
  sigset_t most, old;
  pthread_attr_t attr;
  int rc;
  (void)sigfillset(&most);
  for (size_t i = 0; i < sizeof own_faults / sizeof *own_faults; i++) {
    (void)sigdelset(&most, own_faults[i]);
  }
  (void)pthread_attr_init(&attr); /* cannot fail on Linux */
  (void)pthread_attr_setstacksize(&attr, STACK_BYTES);
  (void)pthread_sigmask(SIG_SETMASK, &most, &old);
  rc = pthread_create(thread, &attr, run, arg);
  (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
  (void)pthread_attr_destroy(&attr);
  return rc;
}

static int init_monotonic(pthread_cond_t *cond) {
  pthread_condattr_t attr;
  int failed = pthread_condattr_init(&attr) != 0;
  if (failed) return failed;
  failed = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
           pthread_cond_init(cond, &attr) != 0;
  (void)pthread_condattr_destroy(&attr);
  return failed;
}

enum err_code watch_start(struct watch *w, int fd, struct err *e) {
  int failed;
  memset(w, 0, sizeof *w);
  w->fd = fd;
  if (init_monotonic(&w->change)) return err_nomem(e);
  (void)pthread_mutex_init(&w->lock, NULL); /* cannot fail on Linux */
  failed = thread_start(&w->thread, watch_run, w);
  if (failed) {
    (void)pthread_cond_destroy(&w->change);
    (void)pthread_mutex_destroy(&w->lock);
    return err_set(e, ERR_LOCAL, "cannot start a thread: %s", strerror(failed));
  }
  w->running = 1;
  return ERR_NONE;
}

void watch_arm(struct watch *w, sqlite3_int64 deadline_ms) {
  (void)pthread_mutex_lock(&w->lock);
  if (w->deadline_ms != deadline_ms) {
    w->deadline_ms = deadline_ms;
    (void)pthread_cond_signal(&w->change);
  }
  (void)pthread_mutex_unlock(&w->lock);
}

int watch_fired(struct watch *w) {
  int fired;
  (void)pthread_mutex_lock(&w->lock);
  fired = w->fired;
  (void)pthread_mutex_unlock(&w->lock);
  return fired;
}

void watch_stop(struct watch *w) {
  if (!w->running) return;
  (void)pthread_mutex_lock(&w->lock);
  w->stop = 1;
  (void)pthread_cond_signal(&w->change);
  (void)pthread_mutex_unlock(&w->lock);
  (void)pthread_join(w->thread, NULL);
  (void)pthread_cond_destroy(&w->change);
  (void)pthread_mutex_destroy(&w->lock);
  w->running = 0;
}
