/*
** The connection's encryption: certificates are verified and what is wrong with
** one is named, and nothing goes in clear unasked.
*/
#include "mssql/tls.h"
#include "mssql_fixture.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
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

/* ---- what FreeTDS may forget ------------------------------------------- */

/* FreeTDS is told to look at the certificate. These are tried without it, as if
** it did not. */
int tls_handshake(gnutls_session_t session);
int tls_verify_peers(gnutls_session_t session, unsigned *status);
unsigned tls_check_hostname(gnutls_x509_crt_t cert, const char *host);

static void *greet(void *fd) {
  gnutls_certificate_credentials_t own;
  gnutls_session_t session;
  assert_int_equal(gnutls_certificate_allocate_credentials(&own), 0);
  assert_int_equal(gnutls_certificate_set_x509_key_file(
                       own, CERTS "/server.pem", CERTS "/server-key.pem",
                       GNUTLS_X509_FMT_PEM),
                   0);
  assert_int_equal(gnutls_init(&session, GNUTLS_SERVER), 0);
  assert_int_equal(gnutls_set_default_priority(session), 0);
  (void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, own);
  gnutls_transport_set_int(session, *(int *)fd);
  (void)gnutls_handshake(session);
  gnutls_deinit(session);
  gnutls_certificate_free_credentials(own);
  return NULL;
}

struct visit {
  struct box *box;
  int fd;
  int trusted, matches; /* what is taken to have been seen */
  int rc;               /* the handshake's */
};

static void look_at(gnutls_session_t session, struct box *b,
                    gnutls_certificate_credentials_t known) {
  gnutls_x509_crt_t cert;
  unsigned status, n;
  b->tls.chain_trusted = 1;
  assert_int_equal(tls_verify_peers(session, &status), 0);
  assert_false(b->tls.chain_trusted); /* nobody vouches for it */
  assert_true(gnutls_certificate_set_x509_trust_file(known, CERTS "/ca.pem",
                                                     GNUTLS_X509_FMT_PEM) > 0);
  assert_int_equal(tls_verify_peers(session, &status), 0);
  assert_true(b->tls.chain_trusted);
  assert_int_equal(gnutls_x509_crt_init(&cert), 0);
  assert_int_equal(
      gnutls_x509_crt_import(cert, gnutls_certificate_get_peers(session, &n),
                             GNUTLS_X509_FMT_DER),
      0);
  (void)snprintf(b->host, sizeof b->host, "localhost");
  assert_true(tls_check_hostname(cert, "localhost"));
  assert_true(b->tls.name_matches);
  (void)snprintf(b->host, sizeof b->host, "elsewhere.example");
  assert_true(tls_check_hostname(cert, "localhost"));
  assert_false(b->tls.name_matches); /* another was to be looked at */
  b->tls.name_matches = 1;
  assert_false(tls_check_hostname(cert, "elsewhere.example"));
  assert_false(b->tls.name_matches);
  gnutls_x509_crt_deinit(cert);
}

static int visit_step(void *arg) {
  struct visit *v = arg;
  gnutls_certificate_credentials_t known;
  gnutls_session_t session;
  assert_int_equal(gnutls_certificate_allocate_credentials(&known), 0);
  assert_int_equal(gnutls_init(&session, GNUTLS_CLIENT), 0);
  assert_int_equal(gnutls_set_default_priority(session), 0);
  (void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, known);
  gnutls_transport_set_int(session, v->fd);
  v->box->tls.chain_trusted = v->trusted;
  v->box->tls.name_matches = v->matches;
  v->rc = tls_handshake(session);
  if (v->rc == 0) look_at(session, v->box, known);
  gnutls_deinit(session);
  gnutls_certificate_free_credentials(known);
  return 0;
}

static int visit(int must_verify, int trusted, int matches, const char *fault) {
  struct box b;
  int fds[2];
  struct visit v = {.box = &b, .trusted = trusted, .matches = matches};
  pthread_t server;
  box_init(&b, 10);
  b.must_verify = must_verify;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  b.fd = v.fd = fds[0];
  assert_int_equal(pthread_create(&server, NULL, greet, &fds[1]), 0);
  assert_int_equal(box_run(&b, visit_step, &v), 0);
  assert_int_equal(pthread_join(server, NULL), 0);
  if (v.rc != 0) assert_non_null(strstr(b.tls.fault, fault));
  (void)close(fds[0]);
  (void)close(fds[1]);
  return v.rc == 0;
}

static void test_tls__a_certificate_that_nobody_looked_at_is_refused(void **s) {
  static const char refused[] = "was not verified";
  (void)s;
  assert_false(visit(1, 0, 0, refused));
  assert_false(visit(1, 1, 0, refused));
  assert_false(visit(1, 0, 1, refused));
  assert_true(visit(1, 1, 1, refused));
  assert_true(visit(0, 0, 0, refused));
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
  for (int i = 0; i < 1000 && mssql_alive(m); i++) pause_ms(10);
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
      cmocka_unit_test(
          test_tls__a_certificate_that_nobody_looked_at_is_refused),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
