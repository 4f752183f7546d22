/*
** The connection's login: refusals told apart, what is known once it is
** through, sockets that are not its own left alone, ports of SQL Browser.
*/
#include "mssql_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <unistd.h>

/* ---- refusals ---------------------------------------------------------- */

static void test_mssql__tells_refusals_apart(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct err e;
  assert_int_equal(setenv("ORDERSYNC_PASSWORD", "wrong-one", 1), 0);
  open_fails(&p, NULL, ERR_AUTH, "Login failed", &e);
  assert_int_equal(e.server_number, 18456);
  assert_int_equal(e.transient, 0);
  assert_null(strstr(e.text, "wrong-one"));
  assert_null(e.secret);
  p = profile_for(&w->plain);
  p.database = TEXT("Nowhere");
  open_fails(&p, NULL, ERR_AUTH, "Nowhere", &e);
  assert_int_equal(e.server_number, 4060);
  assert_int_equal(e.transient, 0);
  p = profile_for(&w->plain);
  p.server = TEXT("no-such-host.invalid");
  open_fails(&p, NULL, ERR_NETWORK, "no-such-host.invalid", &e);
  p = profile_for(&w->plain);
  p.port = 1; /* nobody listens there */
  open_fails(&p, NULL, ERR_NETWORK, "Connection refused", &e);
  assert_int_equal(e.transient, 1);
  p = profile_for(&w->plain);
  assert_int_equal(unsetenv("ORDERSYNC_PASSWORD"), 0);
  open_fails(&p, NULL, ERR_PROFILE, "no password", &e);
  p = profile_for(&w->plain);
  fault(&w->plain, "when=login do=refuse_login:40613");
  open_fails(&p, NULL, ERR_REMOTE, "40613", &e);
  assert_int_equal(e.transient, 1);
}

static void test_mssql__refuses_freetds_variables(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct err e;
  assert_int_equal(setenv("TDSPORT", "1", 1), 0);
  open_fails(&p, NULL, ERR_PROFILE, "TDSPORT", &e);
  assert_int_equal(unsetenv("TDSPORT"), 0);
}

/* ---- what is known ----------------------------------------------------- */

static void test_mssql__facts(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct mssql_facts facts;
  mssql_facts(m, &facts);
  assert_int_equal(facts.encrypted, 0);
  assert_non_null(facts.server_version);
  assert_string_equal(facts.database, "Sales");
  assert_non_null(strstr(mssql_library_version(), "freetds"));
  expect_works(m);
  mssql_close(m);
}

/* ---- the login's socket ------------------------------------------------ */

/* A socket to the server that looks like FreeTDS's. */
static int decoy(const struct server *s) {
  struct address at = {.size = sizeof(struct sockaddr_in)};
  struct sockaddr_in *in = (void *)&at.at;
  int idle = 40;
  int interval = 2;
  int fd;
  in->sin_family = AF_INET;
  in->sin_port = htons((uint16_t)s->port);
  in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fd = tls_dial(&at, NULL, clock_now_ms() + 1000);
  assert_true(fd >= 0);
  assert_int_equal(
      setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle), 0);
  assert_int_equal(
      setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval),
      0);
  return fd;
}

static void expect_open(int fd) {
  char byte;
  errno = 0;
  assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
  assert_int_equal(errno, EAGAIN);
  close(fd);
}

static void test_mssql__ends_its_own_login_only(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct alarm a = {clock_now_ms() + 200};
  struct mssql_hooks hooks = {alarm_rings, &a};
  struct err e;
  int stranger = decoy(&w->plain);
  fault(&w->plain, "when=login do=drip:2");
  open_fails(&p, &hooks, ERR_INTERRUPT, "interrupted", &e);
  expect_open(stranger);
}

struct intruder {
  struct alarm alarm;
  const struct server *server;
  int fd;
};

static int intrude(void *arg) {
  struct intruder *i = arg;
  if (!alarm_rings(&i->alarm)) return 0;
  i->fd = decoy(i->server);
  return 1;
}

/* A socket just like the login's, opened later, is not taken for it. */
static void test_mssql__knows_its_own_login_by_then(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct intruder i = {{clock_now_ms() + 300}, &w->plain, -1};
  struct mssql_hooks hooks = {intrude, &i};
  struct err e;
  int fds = count_fds();
  fault(&w->plain, "when=login do=drip:2");
  open_fails(&p, &hooks, ERR_INTERRUPT, "interrupted", &e);
  expect_open(i.fd);
  for (int k = 0; k < 50 && count_fds() > fds; k++) pause_ms(10);
  assert_int_equal(count_fds(), fds);
  fault(&w->plain, "");
}

/* ---- SQL Browser ------------------------------------------------------- */

struct browser {
  int fd;
  const char *answer; /* after the header */
};

static void *browser_run(void *arg) {
  const struct browser *b = arg;
  unsigned char bytes[512];
  struct sockaddr_in from;
  socklen_t n = sizeof from;
  ssize_t got =
      recvfrom(b->fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &n);
  if (got > 1 && bytes[0] == 4 && strcmp((char *)bytes + 1, "SQL1") == 0) {
    size_t length = strlen(b->answer);
    bytes[0] = 5;
    bytes[1] = (unsigned char)length;
    bytes[2] = 0;
    memcpy(bytes + 3, b->answer, length);
    (void)sendto(b->fd, bytes, length + 3, 0, (struct sockaddr *)&from, n);
  }
  return NULL;
}

static int ask_browser(const char *answer, const char *instance) {
  struct addresses at = {.count = 1};
  struct sockaddr_in *in = (void *)&at.items[0].at;
  struct browser b = {socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), answer};
  struct timeval patience = {1, 0};
  pthread_t thread;
  int port;
  in->sin_family = AF_INET;
  in->sin_port = htons(1434);
  /* An address of our own in 127/8: others may test at the same time. */
  in->sin_addr.s_addr = htonl(0x7F400000u | ((uint32_t)getpid() & 0x3FFFFFu));
  at.items[0].size = sizeof *in;
  assert_int_equal(bind(b.fd, (struct sockaddr *)in, sizeof *in), 0);
  assert_int_equal(
      setsockopt(b.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  assert_int_equal(pthread_create(&thread, NULL, browser_run, &b), 0);
  port = browser_port(&at, instance, clock_now_ms() + 400);
  pthread_join(thread, NULL);
  close(b.fd);
  return port;
}

static void test_mssql__asks_sql_browser(void **state) {
  (void)state;
  assert_int_equal(ask_browser("ServerName;A;InstanceName;SQL1;IsClustered;No;"
                               "Version;16.0.1000.6;tcp;51433;np;x;;",
                               "SQL1"),
                   51433);
  assert_int_equal(ask_browser("ServerName;A;InstanceName;SQL1;np;x;;", "SQL1"),
                   -1);
  assert_int_equal(ask_browser("", "silent"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      MSSQL_TEST(test_mssql__tells_refusals_apart),
      MSSQL_TEST(test_mssql__refuses_freetds_variables),
      MSSQL_TEST(test_mssql__facts),
      MSSQL_TEST(test_mssql__ends_its_own_login_only),
      MSSQL_TEST(test_mssql__knows_its_own_login_by_then),
      MSSQL_TEST(test_mssql__asks_sql_browser),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
