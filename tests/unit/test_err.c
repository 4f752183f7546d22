/*
** The error: first failure wins, masked when written, cut between characters.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include <cmocka.h>

#include <string.h>

static void test_err__first_failure_wins(void **state) {
  struct err e = {0};
  (void)state;
  assert_int_equal(err_set(&e, ERR_CONFIG, "one %d", 1), ERR_CONFIG);
  assert_int_equal(err_set(&e, ERR_NETWORK, "two"), ERR_CONFIG);
  assert_int_equal(err_nomem(&e), ERR_CONFIG);
  assert_string_equal(e.text, "one 1");
}

static void test_err__hidden_secret_is_masked_everywhere(void **state) {
  struct err e = {0};
  (void)state;
  err_hide(&e, "S3cret!word");
  err_set(&e, ERR_AUTH, "login S3cret!word refused (S3cret!word)");
  err_prefix(&e, "with S3cret!word");
  err_hint(&e, "is S3cret!word right?");
  assert_null(strstr(e.text, "S3cret"));
  assert_string_equal(e.text,
                      "with ***: login *** refused (***); is *** right?");
}

static void test_err__secret_that_straddles_the_cut_is_masked(void **state) {
  struct err e = {0};
  char filler[1024];
  (void)state;
  memset(filler, 'x', sizeof filler);
  filler[sizeof filler - 8] = 0;
  err_hide(&e, "S3cret!word");
  err_set(&e, ERR_AUTH, "%sS3cret!word", filler);
  assert_null(strstr(e.text, "S3c"));
}

static void test_err__secret_is_masked_in_other_spellings(void **state) {
  static const char *const cases[][2] = {
      {"near 'S3NT''INEL]%' now", "near '***' now"},
      {"S3nt%27inel%5d%25", "***"},
      {"[S3nt'inel]]%]", "[***]"},
      {"s3nt'inel]%s3nt'inel]%", "******"},
      {"S3nt'inel", "S3nt'inel"}, /* not the whole of it */
      {"100% S3nt", "100% S3nt"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[128];
    strcpy(text, cases[i][0]);
    err_mask(text, "S3nt'inel]%");
    assert_string_equal(text, cases[i][1]);
  }
}

static void test_err__other_spellings_are_masked_at_the_cut(void **state) {
  struct err e = {0};
  char filler[1024];
  (void)state;
  memset(filler, 'x', sizeof filler);
  filler[sizeof filler - 10] = 0;
  err_set(&e, ERR_REMOTE, "%sS3NT''INEL and more", filler);
  assert_non_null(strstr(e.text, "S3NT''"));
  err_mask_late(&e, "S3nt'inel");
  assert_null(strstr(e.text, "S3N"));
}

/* Fewer than four characters of it could be anybody's. */
static void test_err__four_characters_at_the_cut_are_masked(void **state) {
  (void)state;
  for (size_t n_shown = 3; n_shown <= 4; n_shown++) {
    struct err e = {0};
    char filler[1024];
    memset(filler, 'x', sizeof filler);
    filler[sizeof e.text - 1 - n_shown] = 0;
    err_set(&e, ERR_REMOTE, "%sS3nt'inel", filler);
    err_mask_late(&e, "S3nt'inel");
    assert_int_equal(strstr(e.text, "xS3n") == NULL, n_shown == 4);
  }
}

static void test_err__control_characters_do_not_pass(void **state) {
  char text[] = "a\r\nordersync: INFO\x1b[2J \xc2\x9bK \xc3\xa9"
                "\xe2\x80\xae \xe2\x81\xa6 \xe2\x80\xa6 \xf5\xff";
  (void)state;
  err_mask(text, NULL);
  assert_string_equal(text, "a  ordersync: INFO?[2J ??K \xc3\xa9"
                            "??? ??? \xe2\x80\xa6 ??");
}

static void test_err__short_secret_is_masked_as_a_word_only(void **state) {
  char text[] = "a bad day for a", words[] = "bad for badly, so bad";
  (void)state;
  err_mask(text, "a");
  assert_string_equal(text, "* bad day for *");
  err_mask(words, "bad");
  assert_string_equal(words, "*** for badly, so ***");
}

static void test_err__connection_strings_are_masked(void **state) {
  static const char *const cases[][2] = {
      {"Server=x;Password=hunter2;Database=y",
       "Server=x;Password=***;Database=y"},
      {"PWD = hunter2, retry", "PWD = ***, retry"},
      {"password='two words' ok", "password=*** ok"},
      {"pwd={a;b}c", "pwd=***c"},
      {"password: hunter2", "password: ***"},
      {"login failed, Password : x1y2", "login failed, Password : ***"},
      {"db_password=hunter2", "db_password=***"},
      {"cannot read /etc/ordersync.password: permission denied",
       "cannot read /etc/ordersync.password: permission denied"},
      {"/run/secrets/pwd: is empty", "/run/secrets/pwd: is empty"},
      {"the password is wrong", "the password is wrong"},
      {"password=", "password="},
      {"password=x", "password=*"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[128];
    strcpy(text, cases[i][0]);
    err_mask(text, NULL);
    assert_string_equal(text, cases[i][1]);
  }
}

static void test_err__long_text_is_cut_between_characters(void **state) {
  struct err e = {0};
  char text[2048];
  size_t n;
  (void)state;
  text[0] = 'x';
  for (n = 1; n + 2 < sizeof text; n += 2) memcpy(text + n, "\xc3\xa4", 2);
  text[n] = 0;
  err_set(&e, ERR_DATA, "%s", text);
  n = strlen(e.text);
  assert_true(n >= sizeof e.text - 3 && n < sizeof e.text);
  assert_int_equal((unsigned char)e.text[n - 1], 0xa4);
}

static void test_err__prefix_comes_once(void **state) {
  struct err e = {0};
  (void)state;
  err_prefix(&e, "nothing to say");
  assert_string_equal(e.text, "");
  err_set(&e, ERR_CONFIG, "kaput");
  err_prefix(&e, "sync \"%s\"", "a");
  err_prefix(&e, "sync \"%s\"", "a");
  assert_string_equal(e.text, "sync \"a\": kaput");
}

static void test_err__hints_are_clauses_or_sentences(void **state) {
  struct err e = {0};
  (void)state;
  err_set(&e, ERR_CONFIG, "kaput");
  err_hint(&e, "mend it");
  err_hint(&e, "Or ask.");
  err_hint(&e, "gave up");
  assert_string_equal(e.text, "kaput; mend it. Or ask; gave up");
}

static void test_err__reset_keeps_the_secret(void **state) {
  struct err e = {0};
  (void)state;
  err_hide(&e, "hunter22");
  err_set(&e, ERR_NETWORK, "first");
  err_reset(&e);
  assert_int_equal(e.code, ERR_NONE);
  err_set(&e, ERR_NETWORK, "hunter22");
  assert_string_equal(e.text, "***");
}

static void test_err__sqlite_code_is_never_ok_for_a_failure(void **state) {
  (void)state;
  for (int code = ERR_CONFIG; code <= ERR_MISUSE; code++) {
    struct err e = {0};
    err_set(&e, (enum err_code)code, "x");
    assert_int_not_equal(err_sqlite_code(&e) & 0xff, SQLITE_OK);
    assert_string_not_equal(err_name(e.code), "");
  }
}

static void test_err__sqlite_failures_keep_their_code(void **state) {
  struct err e = {0};
  sqlite3 *db;
  (void)state;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  sqlite3_exec(db, "CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES(1)", 0, 0,
               0);
  sqlite3_exec(db, "INSERT INTO t VALUES(1)", 0, 0, 0);
  err_sqlite(&e, db, "writing");
  assert_int_equal(e.code, ERR_LOCAL);
  assert_int_equal(err_sqlite_code(&e), SQLITE_CONSTRAINT_UNIQUE);
  assert_string_equal(e.text, "writing: UNIQUE constraint failed: t.a");
  sqlite3_close(db);
}

static void test_err__an_old_snapshot_is_not_waited_for(void **state) {
  struct err e = {.code = ERR_LOCAL, .sqlite_code = SQLITE_BUSY_TIMEOUT};
  (void)state;
  assert_true(err_is_busy(&e));
  e.sqlite_code = SQLITE_LOCKED_SHAREDCACHE;
  assert_true(err_is_busy(&e));
  e.sqlite_code = SQLITE_BUSY_SNAPSHOT;
  assert_false(err_is_busy(&e));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_err__first_failure_wins),
      cmocka_unit_test(test_err__hidden_secret_is_masked_everywhere),
      cmocka_unit_test(test_err__secret_that_straddles_the_cut_is_masked),
      cmocka_unit_test(test_err__secret_is_masked_in_other_spellings),
      cmocka_unit_test(test_err__other_spellings_are_masked_at_the_cut),
      cmocka_unit_test(test_err__four_characters_at_the_cut_are_masked),
      cmocka_unit_test(test_err__control_characters_do_not_pass),
      cmocka_unit_test(test_err__short_secret_is_masked_as_a_word_only),
      cmocka_unit_test(test_err__connection_strings_are_masked),
      cmocka_unit_test(test_err__long_text_is_cut_between_characters),
      cmocka_unit_test(test_err__prefix_comes_once),
      cmocka_unit_test(test_err__hints_are_clauses_or_sentences),
      cmocka_unit_test(test_err__reset_keeps_the_secret),
      cmocka_unit_test(test_err__sqlite_code_is_never_ok_for_a_failure),
      cmocka_unit_test(test_err__sqlite_failures_keep_their_code),
      cmocka_unit_test(test_err__an_old_snapshot_is_not_waited_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
