/*
** A host's locale: a German comma and a Turkish i reach nothing of ours. The
** locales are made here, so that no machine lacks them.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"
#include "tsql/where.h"
#include "value/value.h"
#include <cmocka.h>

#include <ctype.h>
#include <ftw.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test_locale_XXXXXX";

static int make_locales(void **state) {
  static const char *const names[] = {"de_DE", "tr_TR"};
  (void)state;
  if (!mkdtemp(dir) || setenv("LOCPATH", dir, 1)) return -1;
  for (int i = 0; i < 2; i++) {
    char command[200];
    (void)snprintf(command, sizeof command,
                   "localedef -i %s -f UTF-8 %s/%s.UTF-8", names[i], dir,
                   names[i]);
    if (system(command) != 0) return -1; /* Debian's package locales */
  }
  return 0;
}

static int unlink_one(const char *path, const struct stat *st, int type,
                      struct FTW *where) {
  (void)st;
  (void)type;
  (void)where;
  return remove(path);
}

static int remove_locales(void **state) {
  (void)state;
  return nftw(dir, unlink_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int german(void **state) {
  (void)state;
  if (!setlocale(LC_ALL, "de_DE.UTF-8")) return -1;
  return strcmp(localeconv()->decimal_point, ",") == 0 ? 0 : -1;
}

static int turkish(void **state) {
  (void)state;
  if (!setlocale(LC_ALL, "tr_TR.UTF-8")) return -1;
  return toupper('i') == 'i' ? 0 : -1; /* the test would say nothing */
}

static int plain(void **state) {
  (void)state;
  return setlocale(LC_ALL, "C") ? 0 : -1;
}

static void check_where(struct where_column c, double real, const char *want) {
  struct cell v = {.type = SQLITE_FLOAT, .real = real};
  struct err e = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  c.source = "c";
  assert_int_equal(tsql_where(out, &c, WHERE_GE, &v, 1, &e), WHERE_WIDE);
  char *text = sqlite3_str_finish(out);
  assert_string_equal(text, want);
  sqlite3_free(text);
}

static void test_locale__numbers_for_the_server_have_a_point(void **state) {
  struct where_column c = {.type = REMOTE_DECIMAL,
                           .kind = KIND_DECIMAL,
                           .precision = 13,
                           .scale = 3,
                           .affinity = 'B'};
  (void)state;
  check_where(c, 1234.5, "([c] >= 1234.5)");
  check_where(c, -0.001, "([c] >= -0.001)");
  c = (struct where_column){
      .type = REMOTE_FLOAT, .kind = KIND_REAL, .affinity = 'R'};
  check_where(c, 1.0, "([c] >= 9.9999999999999645e-01)");
}

static void check_value(enum value_kind kind, const char *text, double want,
                        const char *string) {
  struct value v = {.type = VALUE_TEXT,
                    .bytes = (const unsigned char *)text,
                    .n_bytes = (int)strlen(text)};
  struct cell c;
  assert_int_equal(value_convert(&v, kind, &c), 1);
  assert_int_equal(c.type, SQLITE_FLOAT);
  assert_true(c.real == want);
  v = (struct value){.type = VALUE_REAL, .real = want};
  assert_int_equal(value_convert(&v, KIND_STRING, &c), 1);
  assert_int_equal(c.n_bytes, strlen(string));
  assert_memory_equal(c.bytes, string, strlen(string));
}

static void test_locale__values_have_a_point(void **state) {
  (void)state;
  check_value(KIND_REAL, "1.5", 1.5, "1.5");
  check_value(KIND_REAL, "1.7976931348623157e308", 1.7976931348623157e308,
              "1.7976931348623157e+308");
  check_value(KIND_REAL, "0.1234567890123456789", 0.1234567890123456789,
              "0.12345678901234568");
  check_value(KIND_DECIMAL, "-0.05", -0.05, "-0.05");
  check_value(KIND_DECIMAL, "0.00000000000000000000000000012345", 1.2345e-28,
              "1.2345e-28");
}

static void test_locale__a_profile_is_read_in_ascii(void **state) {
  struct profile p;
  struct err e = {0};
  (void)state;
  assert_int_equal(setenv("HOME", dir, 1) | unsetenv("XDG_CONFIG_HOME"), 0);
  assert_int_equal(setenv("ORDERSYNC_SERVER", "h", 1), 0);
  assert_int_equal(setenv("ORDERSYNC_USER", "u", 1), 0);
  assert_int_equal(setenv("ORDERSYNC_LOGIN_TIMEOUT", "7", 1), 0);
  assert_int_equal(setenv("ORDERSYNC_ISOLATION", "READ UNCOMMITTED", 1), 0);
  assert_int_equal(setenv("ORDERSYNC_ENCRYPT", "REQUIRE", 1), 0);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  assert_int_equal(p.login_timeout, 7);
  assert_string_equal(p.isolation, "READ UNCOMMITTED");
  assert_int_equal(p.encrypt, ENCRYPT_REQUIRE);
  profile_clear(&p);
}

static void test_locale__secrets_are_masked_in_ascii(void **state) {
  char text[] = "PASSPHRASE=x1; hIdDeN";
  (void)state;
  err_mask(text, "hidden");
  assert_string_equal(text, "PASSPHRASE=**; ***");
}

#define BOTH(f)                                                                \
  cmocka_unit_test_setup_teardown(f, german, plain),                           \
      cmocka_unit_test_setup_teardown(f, turkish, plain)

int main(void) {
  const struct CMUnitTest tests[] = {
      BOTH(test_locale__numbers_for_the_server_have_a_point),
      BOTH(test_locale__values_have_a_point),
      BOTH(test_locale__a_profile_is_read_in_ascii),
      BOTH(test_locale__secrets_are_masked_in_ascii),
  };
  return cmocka_run_group_tests(tests, make_locales, remove_locales);
}
