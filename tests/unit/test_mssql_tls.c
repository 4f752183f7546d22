/*
** The connection's encryption: certificates are verified and what is wrong with
** one is named, and nothing goes in clear unasked.
*/
#include "mssql_fixture.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

/* ---- certificates ------------------------------------------------------ */

static struct profile profile_tls(const struct server *s) {
  struct profile p = profile_for(s);
  p.encrypt = ENCRYPT_VERIFY;
  p.ca_file = TEXT(CERTS "/ca.pem");
  return p;
}

static void test_mssql__verifies_and_encrypts(void **state) {
  static const struct fault_case cut = {"after_rows=500 do=cut", ERR_NETWORK, 0,
                                        1, 0};
  struct world *w = *state;
  struct profile p = profile_tls(&w->tls);
  struct mssql *m = NULL;
  struct mssql_facts facts;
  struct err e = {0};
  if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
  mssql_facts(m, &facts);
  assert_int_equal(facts.encrypted, 1);
  assert_non_null(facts.tls_detail);
  assert_non_null(strstr(facts.tls_detail, "TLS1."));
  assert_null(strstr(facts.tls_detail, "not verified"));
  expect_works(m);
  check_fault(&w->tls, m, &cut);
  mssql_close(m);
  p.server = TEXT("127.0.0.1");
  if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
  mssql_close(m);
}

static void test_mssql__names_what_is_wrong_with_a_certificate(void **state) {
  static const struct {
    const char *name;
    const char *text;
  } cases[] = {{"wrong-host", "is for elsewhere.example, not localhost"},
               {"expired", "expired on 2020-02-01"},
               {"self-signed", "is self-signed"},
               {"unknown-ca", "unknown authority"}};
  struct world *w = *state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char cert[96];
    char key[96];
    const char *extra[] = {"--encrypt", "on", "--cert", cert,
                           "--key",     key,  NULL};
    struct server s = {0};
    struct profile p;
    struct mssql *m = NULL;
    struct err e;
    (void)snprintf(cert, sizeof cert, CERTS "/%s.pem", cases[i].name);
    (void)snprintf(key, sizeof key, CERTS "/%s-key.pem", cases[i].name);
    server_start(w, &s, extra);
    p = profile_tls(&s);
    open_fails(&p, NULL, ERR_TLS, cases[i].text, &e);
    assert_int_equal(e.transient, 0);
    p.encrypt = ENCRYPT_REQUIRE; /* encrypted, whoever it is */
    p.ca_file = NULL;
    memset(&e, 0, sizeof e);
    if (mssql_open(&m, &p, NULL, MSSQL_LIVE, &e)) fail_msg("%s", e.text);
    mssql_close(m);
    server_stop(&s);
  }
}

static void test_mssql__never_goes_without_encryption_unasked(void **state) {
  struct world *w = *state;
  struct profile p = profile_tls(&w->plain);
  struct err e;
  open_fails(&p, NULL, ERR_TLS, "offers no encryption", &e);
  assert_int_equal(e.transient, 0);
  p.encrypt = ENCRYPT_REQUIRE;
  p.ca_file = NULL;
  open_fails(&p, NULL, ERR_TLS, "offers no encryption", &e);
}

/* ---- downgrades -------------------------------------------------------- */

/* A connected pair over TCP: a socketpair has no TCP_INFO. */
static void tcp_pair(int fds[2]) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t n = sizeof at;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(listener, 1), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
  fds[0] = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fds[0], (struct sockaddr *)&at, sizeof at), 0);
  fds[1] = accept(listener, NULL, NULL);
  assert_true(fds[1] >= 0);
  close(listener);
}

/* What a batch of 10 characters looks like from outside: 50 bytes in clear,
** more in a TLS record; and the first byte of what comes back. */
static int looks_encrypted(size_t n_sent, char first) {
  static const char sql[] = "SELECT 123";
  char bytes[256] = {0};
  int fds[2];
  int encrypted;
  sqlite3_int64 before;
  tcp_pair(fds);
  before = tls_bytes_sent(fds[0]);
  assert_int_equal(send(fds[0], bytes, n_sent, 0), n_sent);
  assert_int_equal(recv(fds[1], bytes, n_sent, MSG_WAITALL), n_sent);
  assert_int_equal(send(fds[1], &first, 1, 0), 1);
  for (int i = 0; i < 100 && recv(fds[0], bytes, 1, MSG_PEEK) != 1; i++) {
    pause_ms(1);
  }
  encrypted = tls_is_encrypted(fds[0], before, sql);
  close(fds[0]);
  close(fds[1]);
  return encrypted;
}

static void test_mssql__notices_a_downgrade(void **state) {
  (void)state;
  assert_int_equal(looks_encrypted(50 + 29, 0x17), 1);
  assert_int_equal(looks_encrypted(50, 0x04), 0);
  assert_int_equal(looks_encrypted(50 + 29, 0x04), 0);
  assert_int_equal(looks_encrypted(50 + 21, 0x17), 1);
  assert_int_equal(looks_encrypted(50 + 16, 0x17), 0); /* a MARS header */
  assert_int_equal(looks_encrypted(50, 0x17), 0);      /* a forged first byte */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      MSSQL_TEST(test_mssql__verifies_and_encrypts),
      MSSQL_TEST(test_mssql__names_what_is_wrong_with_a_certificate),
      MSSQL_TEST(test_mssql__never_goes_without_encryption_unasked),
      MSSQL_TEST(test_mssql__notices_a_downgrade),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
