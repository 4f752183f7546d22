/*
** The connection's login: refusals told apart, what is known once it is
** through, redirects, ports of SQL Browser.
*/
#include "mssql/net.h"
#include "mssql_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
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
  fault(&w->plain, "when=login do=refuse_login:40532");
  open_fails(&p, NULL, ERR_AUTH, "Azure wants the server's full name", &e);
}

/* What Microsoft's messages and lists say of each, beside the table in
** mssql/error.c. 4060 is Azure's only as transient. */
static void test_mssql__knows_why_a_login_was_refused(void **state) {
  static const struct {
    enum err_code code;
    int transient;
    int numbers[48]; /* 0 ends them */
  } cases[] = {
      /* for what it is: nothing but another login, or its rights, helps */
      {ERR_AUTH,
       0,
       {916, 4060, 4064, 18452, 18456, 18470, 18486, 18487, 18488, 40532,
        40615}},
      /* for what the server is, until somebody mends that */
      {ERR_REMOTE,
       0,
       {924, 942, 945, 979, 5064, 5180, 18461, 40544, 40549, 40550, 40551,
        40552, 40553}},
      /* for what the server is, for a while */
      {ERR_REMOTE,
       1,
       {233,   596,   601,   615,   701,   802,   922,   941,   40642, 926,
        927,   952,   976,   978,   982,   983,   988,   1204,  1205,  1222,
        3960,  4221,  6005,  8645,  8651,  10060, 10928, 10929, 10936, 17142,
        17187, 17188, 17809, 17830, 40197, 40501, 40613, 49918, 49919, 49920}}};
  struct world *w = *state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (const int *number = cases[i].numbers; *number; number++) {
      struct profile p = profile_for(&w->plain);
      struct err e = {0};
      struct mssql *m = NULL;
      char spec[64];
      (void)snprintf(spec, sizeof spec, "when=login do=refuse_login:%d",
                     *number);
      fault(&w->plain, spec);
      mssql_open(&m, &p, NULL, MSSQL_LIVE, &e);
      if (m || e.code != cases[i].code || e.server_number != *number ||
          e.transient != cases[i].transient ||
          !strstr(e.text, "the server refused the login")) {
        fail_msg("%d: code %d, number %d, transient %d: %s", *number, e.code,
                 e.server_number, e.transient, e.text);
      }
    }
  }
  fault(&w->plain, "");
}

/* The largest that a profile lets through: what a TLS record holds. */
static void test_mssql__fits_packets_into_tls_records(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->tls);
  struct mssql *m = NULL;
  struct err e = {0};
  p.encrypt = ENCRYPT_REQUIRE;
  p.packet_size = 16383;
  if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
  expect_works(m);
  mssql_close(m);
}

/* They would override even a section that FreeTDS found. */
static void test_mssql__ignores_freetds_variables(void **state) {
  static const char *const names[] = {"TDSHOST",       "TDSPORT",
                                      "TDSVER",        "TDSDUMP",
                                      "TDSDUMPCONFIG", "FREETDSCONF"};
  struct world *w = *state;
  char dump[96];
  (void)snprintf(dump, sizeof dump, "%s/1", w->dir);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_int_equal(setenv(names[i], dump, 1), 0);
  }
  assert_int_equal(setenv("TDSPORT", "1", 1), 0);
  assert_int_equal(setenv("TDSVER", "5.0", 1), 0);
  mssql_close(connect_to(&w->plain));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_int_equal(unsetenv(names[i]), 0);
  }
  assert_int_not_equal(access(dump, F_OK), 0);
}

/* ---- what is known ----------------------------------------------------- */

static void test_mssql__facts(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  assert_null(mssql_tls(m));
  assert_non_null(strstr(mssql_library_version(), "freetds"));
  expect_works(m);
  mssql_close(m);
}

/* ---- redirects --------------------------------------------------------- */

static void test_mssql__follows_a_redirect(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->tls);
  char spec[96];
  struct mssql *m = NULL;
  struct err e = {0};
  p.encrypt = ENCRYPT_VERIFY;
  p.ca_file = TEXT(CERTS "/ca.pem");
  (void)snprintf(spec, sizeof spec, "when=login times=1 do=route:127.0.0.1,%d",
                 w->tls.port);
  fault(&w->tls, spec);
  if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
  expect_works(m);
  mssql_close(m);
  fault(&w->tls, "when=login do=route:localhost,1");
  open_fails(&p, NULL, ERR_NETWORK,
             "localhost redirects the login to localhost,1: cannot connect to "
             "localhost port 1: Connection refused",
             &e);
  (void)snprintf(spec, sizeof spec, "when=login do=route:localhost,%d",
                 w->tls.port);
  fault(&w->tls, spec);
  open_fails(&p, NULL, ERR_REMOTE, "only one redirect is followed", &e);
  fault(&w->tls, "when=login do=route:a#b,1");
  open_fails(&p, NULL, ERR_REMOTE, "is no name of a server", &e);
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
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(1434)};
  struct addrinfo at = {.ai_family = AF_INET,
                        .ai_addrlen = sizeof in,
                        .ai_addr = (struct sockaddr *)&in};
  /* Short where nobody will answer: that is waited for to its end. */
  struct net_wait wait = {.deadline_ms =
                              clock_now_ms() + (*answer ? 10000 : 400)};
  struct browser b = {socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), answer};
  struct timeval patience = {10, 0};
  pthread_t thread;
  int port;
  /* An address of our own in 127/8: others may test at the same time. */
  in.sin_addr.s_addr = htonl(0x7F400000u | ((uint32_t)getpid() & 0x3FFFFFu));
  assert_int_equal(bind(b.fd, (struct sockaddr *)&in, sizeof in), 0);
  assert_int_equal(
      setsockopt(b.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  assert_int_equal(pthread_create(&thread, NULL, browser_run, &b), 0);
  port = net_browse(&wait, &at, instance);
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

/* Who gives both an instance and its port need not run SQL Browser. */
static void test_mssql__a_port_spares_sql_browser(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct mssql *m = NULL;
  struct err e = {0};
  p.instance = TEXT("SQL1");
  if (mssql_open(&m, &p, NULL, MSSQL_LIVE, &e)) fail_msg("%s", e.text);
  mssql_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      MSSQL_TEST(test_mssql__tells_refusals_apart),
      MSSQL_TEST(test_mssql__knows_why_a_login_was_refused),
      MSSQL_TEST(test_mssql__fits_packets_into_tls_records),
      MSSQL_TEST(test_mssql__ignores_freetds_variables),
      MSSQL_TEST(test_mssql__facts),
      MSSQL_TEST(test_mssql__follows_a_redirect),
      MSSQL_TEST(test_mssql__asks_sql_browser),
      MSSQL_TEST(test_mssql__a_port_spares_sql_browser),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
