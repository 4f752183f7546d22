/*
** The connection's encryption: certificates are verified and what is wrong with
** one is named, and nothing goes in clear unasked.
*/
#include "mssql_fixture.h"

#include <stdio.h>
#include <string.h>

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
  struct err e = {0};
  if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
  assert_non_null(mssql_tls(m));
  assert_non_null(strstr(mssql_tls(m), "TLS1."));
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

/* ---- versions ---------------------------------------------------------- */

static void test_mssql__speaks_no_old_tls(void **state) {
  struct world *w = *state;
  struct profile p = profile_tls(&w->tls);
  struct mssql *m = NULL;
  struct err e;
  fault(&w->tls, "when=tls do=tls:1.0");
  open_fails(&p, NULL, ERR_TLS, "It has to speak TLS 1.2", &e);
  fault(&w->tls, "when=tls do=tls:1.1");
  open_fails(&p, NULL, ERR_TLS, "It has to speak TLS 1.2", &e);
  fault(&w->tls, "when=tls do=tls:1.2");
  memset(&e, 0, sizeof e);
  if (mssql_open(&m, &p, NULL, MSSQL_LIVE, &e)) fail_msg("%s", e.text);
  mssql_close(m);
}

/* ---- orderly ends ------------------------------------------------------ */

/* close_notify at any moment is a lost connection, at once. */
static void test_mssql__an_end_of_tls_is_an_end(void **state) {
  static const char *const specs[] = {
      "when=batch match=few do=bye", "when=batch match=few do=bye:close",
      "when=batch match=few after_rows=500 do=bye",
      "when=batch match=few after_rows=500 do=bye:close",
      "when=batch match=few after_bytes=20001 do=bye"};
  struct world *w = *state;
  struct profile p = profile_tls(&w->tls);
  struct err e = {0};
  struct mssql *m = NULL;
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    struct fault_case c = {specs[i] + strlen("when=batch match=few "),
                           ERR_NETWORK, 0, 1, 0};
    if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
    check_fault(&w->tls, m, &c); /* else it ends as a time-out */
    mssql_close(m);
  }
  fault(&w->tls, "when=login do=bye");
  open_fails(&p, NULL, ERR_NETWORK, "ended the connection during login", &e);
}

/* A link that idles is not used when it has ended. */
static void test_mssql__an_idle_end_of_tls_is_seen(void **state) {
  struct world *w = *state;
  struct profile p = profile_tls(&w->tls);
  struct err e = {0};
  struct mssql *m = NULL;
  if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
  fault(&w->tls, "when=idle match=few do=bye");
  expect_works(m);
  for (int i = 0; i < 100 && mssql_alive(m); i++) pause_ms(10);
  assert_int_equal(mssql_alive(m), 0);
  assert_int_equal(mssql_query(m, "SELECT 1 AS a", &e), ERR_NETWORK);
  assert_int_equal(e.transient, 1);
  mssql_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      MSSQL_TEST(test_mssql__verifies_and_encrypts),
      MSSQL_TEST(test_mssql__names_what_is_wrong_with_a_certificate),
      MSSQL_TEST(test_mssql__never_goes_without_encryption_unasked),
      MSSQL_TEST(test_mssql__speaks_no_old_tls),
      MSSQL_TEST(test_mssql__an_end_of_tls_is_an_end),
      MSSQL_TEST(test_mssql__an_idle_end_of_tls_is_seen),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
