/*
** The connection in its process: a fork owns nothing, threads do not delay each
** other, and nothing leaks.
*/
#include "mssql/box.h"
#include "mssql/net.h"
#include "mssql_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_mssql__refuses_use_after_fork(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  int status = 0;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct err e = {0};
    int ok = !mssql_alive(m) && mssql_query(m, "SELECT 1", &e) == ERR_MISUSE;
    mssql_close(m);
    _exit(ok ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  expect_works(m);
  mssql_close(m);
}

static void *thread_run(void *arg) {
  const struct server *s = arg;
  sqlite3_int64 rows = 0;
  for (int i = 0; i < 4; i++) {
    struct profile p = profile_for(s);
    struct mssql *m = NULL;
    struct err e = {0};
    if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) break;
    rows += read_all(m, "SELECT a, b FROM few", &e);
    mssql_close(m);
  }
  return (void *)(intptr_t)rows;
}

static struct alarm hang_until = {INT64_MAX};

/* Logs in where nobody answers, until it is interrupted. */
static void *hang_run(void *arg) {
  struct profile p = profile_for(arg);
  struct mssql_hooks hooks = {alarm_rings, &hang_until};
  struct mssql *m = NULL;
  struct err e = {0};
  p.login_timeout = 60;
  return (void *)(intptr_t)mssql_open(&m, &p, &hooks, MSSQL_COPY, &e);
}

static void test_mssql__a_hung_login_delays_no_other(void **state) {
  struct world *w = *state;
  struct profile good = profile_for(&w->tls);
  pthread_t hung[3];
  struct err e = {0};
  int fds = count_fds();
  good.encrypt = ENCRYPT_REQUIRE;
  fault(&w->plain, "when=login do=hang");
  for (int i = 0; i < 3; i++) {
    assert_int_equal(pthread_create(&hung[i], NULL, hang_run, &w->plain), 0);
  }
  pause_ms(100);
  for (int i = 0; i < 3; i++) {
    struct mssql *m = NULL;
    if (mssql_open(&m, &good, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
    mssql_close(m);
  }
  hang_until.at_ms = 0;
  for (int i = 0; i < 3; i++) {
    void *code = NULL;
    assert_int_equal(pthread_join(hung[i], &code), 0);
    assert_int_equal((intptr_t)code, ERR_INTERRUPT);
  }
  assert_int_equal(count_fds(), fds);
  fault(&w->plain, "");
}

static void test_mssql__works_in_several_threads(void **state) {
  struct world *w = *state;
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, thread_run, &w->plain),
                     0);
  }
  for (int i = 0; i < 4; i++) {
    void *rows = NULL;
    assert_int_equal(pthread_join(threads[i], &rows), 0);
    assert_int_equal((intptr_t)rows, 4000);
  }
}

/* Descriptors that a program the host starts would get. */
static int count_inherited(void) {
  int n = 0;
  for (int fd = 0; fd < 256; fd++) {
    int flags = fcntl(fd, F_GETFD);
    n += flags >= 0 && !(flags & FD_CLOEXEC);
  }
  return n;
}

static void test_mssql__leaks_nothing(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct err e;
  sqlite3_int64 memory;
  int fds, inherited;
  mssql_close(connect_to(&w->plain));
  memory = sqlite3_memory_used();
  fds = count_fds();
  inherited = count_inherited();
  for (int i = 0; i < 5; i++) {
    struct mssql *m = connect_to(&w->plain);
    expect_works(m);
    assert_int_equal(count_inherited(), inherited);
    mssql_close(m);
    assert_int_equal(setenv("ORDERSYNC_PASSWORD", "x", 1), 0);
    open_fails(&p, NULL, ERR_AUTH, "Login failed", &e);
  }
  assert_int_equal(sqlite3_memory_used(), memory);
  assert_int_equal(count_fds(), fds);
}

struct nothing {
  struct net_aside aside;
};

static void nothing_run(void *work) {
  (void)work;
}

/* The thread may still be on its way out when the caller goes on: a host that
** counts its descriptors, or passes them on, must not meet one of ours. */
static void test_net__work_aside_leaves_no_descriptor(void **state) {
  int fds = count_fds();
  (void)state;
  for (int i = 0; i < 2000; i++) {
    struct net_wait wait = {0};
    struct nothing *n = calloc(1, sizeof *n);
    assert_non_null(n);
    n->aside.work = n;
    n->aside.run = nothing_run;
    n->aside.clear = free;
    assert_int_equal(net_aside_run(&wait, &n->aside), 1);
    net_aside_leave(&n->aside);
    assert_int_equal(count_fds(), fds);
  }
}

_Noreturn void box_exit(int code); /* what FreeTDS gets for exit() */

static int give_up(void *arg) {
  (void)arg;
  box_exit(1);
}

/* The server must not keep the session of a connection that FreeTDS gave up. */
static void test_box__hangs_up_when_freetds_gives_up(void **state) {
  struct box b;
  int fds = count_fds();
  int pair[2];
  char byte;
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  box_init(&b, 10);
  b.fd = pair[0];
  assert_int_equal(box_run(&b, give_up, NULL), BOX_BROKEN);
  assert_int_equal(b.fd, -1);
  assert_int_equal(recv(pair[1], &byte, 1, MSG_DONTWAIT), 0);
  assert_int_equal(box_run(&b, give_up, NULL), BOX_BROKEN);
  (void)close(pair[1]);
  assert_int_equal(count_fds(), fds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      MSSQL_TEST(test_mssql__refuses_use_after_fork),
      MSSQL_TEST(test_mssql__a_hung_login_delays_no_other),
      MSSQL_TEST(test_mssql__works_in_several_threads),
      MSSQL_TEST(test_mssql__leaks_nothing),
      cmocka_unit_test(test_box__hangs_up_when_freetds_gives_up),
      cmocka_unit_test(test_net__work_aside_leaves_no_descriptor),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
