/*
** Profiles: what an INI file and the environment may say, and how each
** mistake is told.
*/
#include "profile_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

/* Loads and expects the text, which may be NULL for success. */
static void expect(struct place *at, const char *ini, const char *name,
                   const char *text) {
  struct profile p;
  struct err e = {0};
  write_file(at->ini, ini, 0600);
  profile_load(&p, name, &e);
  if (text) {
    assert_int_equal(e.code, ERR_PROFILE);
    if (!strstr(e.text, text)) fail_msg("\"%s\" lacks \"%s\"", e.text, text);
  } else if (e.code) {
    fail_msg("unexpected: %s", e.text);
  }
  profile_clear(&p);
}

static void test_profile__reads_every_key(void **state) {
  struct place *at = *state;
  struct profile p;
  struct err e = {0};
  write_file(at->ini,
             "\xEF\xBB\xBF# comment\n; comment\n\n[other]\nserver = x\n"
             "[default]\r\n  server = sql.example.com,1444\r\n"
             "database : Sales\nuser=reader\nencrypt = Require\n"
             "tds_version = 7.3\nlogin_timeout = 7\nquery_timeout = 90\n"
             "packet_size = 8000\napp_name = nightly\nread_only_intent = yes\n"
             "isolation = Read Uncommitted\nlock_timeout = -1\n"
             "allow_in_schema = on ; why not\npassword_file = /nowhere\n",
             0644);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  assert_string_equal(p.name, "default");
  assert_string_equal(p.path, at->ini);
  assert_string_equal(p.server, "sql.example.com");
  assert_int_equal(p.port, 1444);
  assert_null(p.instance);
  assert_string_equal(p.database, "Sales");
  assert_string_equal(p.user, "reader");
  assert_int_equal(p.encrypt, ENCRYPT_REQUIRE);
  assert_string_equal(p.tds_version, "7.3");
  assert_int_equal(p.login_timeout, 7);
  assert_int_equal(p.query_timeout, 90);
  assert_int_equal(p.packet_size, 8000);
  assert_string_equal(p.app_name, "nightly");
  assert_int_equal(p.read_only_intent, 1);
  assert_string_equal(p.isolation, "READ UNCOMMITTED");
  assert_int_equal(p.lock_timeout, -1);
  assert_int_equal(p.allow_in_schema, 1);
  profile_clear(&p);
  profile_clear(&p);
}

static void test_profile__has_safe_defaults(void **state) {
  struct place *at = *state;
  struct profile p;
  struct err e = {0};
  write_file(at->ini, "[default]\nserver = h\nuser = u\n", 0644);
  if (profile_load(&p, "default", &e)) fail_msg("%s", e.text);
  assert_int_equal(p.encrypt, ENCRYPT_VERIFY);
  assert_int_equal(p.auth, AUTH_SQL);
  assert_null(p.ca_file);
  assert_string_equal(p.tds_version, "7.4");
  assert_int_equal(p.login_timeout, 30);
  assert_int_equal(p.query_timeout, 300);
  assert_string_equal(p.isolation, "READ COMMITTED");
  assert_int_equal(p.read_only_intent, 0);
  profile_clear(&p);
}

static void test_profile__takes_servers_apart(void **state) {
  static const struct {
    const char *text;
    const char *host;
    const char *instance;
    int port;
  } cases[] = {{"h", "h", NULL, 0},
               {"h,1500", "h", NULL, 1500},
               {"h:1500", "h", NULL, 1500},
               {"tcp:h,1500", "h", NULL, 1500},
               {"h\\SQL1", "h", "SQL1", 0},
               {"h\\SQL1,1500", "h", "SQL1", 1500},
               {"10.0.0.1", "10.0.0.1", NULL, 0},
               {"::1", "::1", NULL, 0},
               {"[::1]", "::1", NULL, 0},
               {"[fe80::1]:1500", "fe80::1", NULL, 1500},
               {"[fe80::1],1500", "fe80::1", NULL, 1500},
               {"[::1]\\SQL1", "::1", "SQL1", 0}};
  struct place *at = *state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char ini[256];
    struct profile p;
    struct err e = {0};
    (void)snprintf(ini, sizeof ini, "[default]\nuser = u\nserver = %s\n",
                   cases[i].text);
    write_file(at->ini, ini, 0644);
    if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
    assert_string_equal(p.server, cases[i].host);
    assert_int_equal(p.port, cases[i].port);
    if (cases[i].instance)
      assert_string_equal(p.instance, cases[i].instance);
    else
      assert_null(p.instance);
    profile_clear(&p);
  }
}

static void test_profile__names_line_section_and_key(void **state) {
  static const struct {
    const char *body;
    const char *text;
  } cases[] = {
      {"servr = h", "ordersync.ini:2: [default] has an unknown key \"servr\""},
      {"servr = h", "Valid keys: server, port, freetds_section, database"},
      {"server = h\nserver = i", "ini:3: [default] server: given twice, first "
                                 "in line 2"},
      {"port = 70000", "[default] port: \"70000\" is not a number from 1 to "
                       "65535"},
      {"port = 1x", "is not a number"},
      {"port = 99999999999999999999", "is not a number"},
      {"encrypt = maybe", "is not one of: verify, require, off"},
      {"isolation = chaos", "read committed, snapshot, read uncommitted"},
      {"read_only_intent = perhaps", "is neither yes nor no"},
      {"tds_version = 5.0", "is not one of: 7.4, 7.3"},
      {"user =", "the value is empty"},
      {"ca_file =", "ca_file: the value is empty"},
      {"what is this", "ini:2: neither [section] nor key = value"},
      {"[broken", "ini:2: neither [section] nor key = value"},
      {"user = \xFF\xFE", "not UTF-8"},
      {"user = u", "neither server nor freetds_section"},
      {"user = u\nserver = h\nfreetds_section = s", "exclude each other"},
      {"user = u\nserver = h\npacket_size = 16384",
       "packet_size is at most 16383 when the link is encrypted"},
      {"server = h", "user is missing"},
      {"server = h\nuser = u\nauth = ntlm", "DOMAIN\\name"},
      {"server = h\nuser = D\\u", "Say auth = ntlm"},
      {"server = h\nuser = u\nauth = kerberos", "not a user"},
      {"user = u\nserver = h,0", "server, port: \"0\" is not a number"},
      {"user = u\nserver = h,1433\nport = 1434", "server says port 1433, but "
                                                 "port is 1434"},
      {"user = u\nserver = h\\", "no instance name"},
      {"user = u\nserver = ,1433", "no host name"},
      {"user = u\nserver = [::1", "no matching ]"},
      {"user = u\nserver = h#x", "# ; [ ]"},
      {"user = u\nserver = a b", "is not a host name"},
      {"user = u\nserver = h\nca_file = /no/such/file", "cannot read /no/such"},
      {"user = u\nserver = h\nca_file = relative.pem", "absolute path"},
      {"user = u\nserver = h\nca_file = /dev/null", "not a regular file"},
      {"user = u\nserver = h\nca_file = /a  b", "two blanks in a row"},
      {"user = u\nserver = h\npacket_size = 16384", "at most 16383"},
      {"password = p\npassword_file = /x\nuser = u\nserver = h",
       "password and password_file exclude each other"},
      {"password = geheim ;und mehr", "begins a comment"}};
  struct place *at = *state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char ini[512];
    (void)snprintf(ini, sizeof ini, "[default]\n%s\n", cases[i].body);
    expect(at, ini, NULL, cases[i].text);
  }
}

/* What finding the password says; NULL: it is found. */
static void expect_password(struct place *at, const char *ini,
                            const char *text) {
  char whole[1200];
  struct profile p;
  struct err e = {0};
  char *password = NULL;
  (void)snprintf(whole, sizeof whole, "%s%s", ini,
                 text ? "server = h\nuser = u\n" : "");
  write_file(at->ini, whole, 0600);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  (void)profile_password(&p, &password, &e);
  assert_int_equal(e.code == ERR_NONE, text == NULL);
  assert_int_equal(password != NULL, text == NULL);
  if (text) assert_non_null(strstr(e.text, text));
  profile_password_free(password);
  profile_clear(&p);
}

static void test_profile__refuses_long_lines(void **state) {
  struct place *at = *state;
  char ini[1024];
  (void)snprintf(ini, sizeof ini, "# %0400d\n[default]\nserver = %0190d\n", 0,
                 0);
  expect(at, ini, NULL, "ini:3: the line is too long");
  (void)snprintf(ini, sizeof ini, "[%050d]\n", 0);
  expect(at, ini, NULL, "a section is at most 49 bytes");
  (void)snprintf(ini, sizeof ini, "[default]\nuser = %0129d\n", 0);
  expect(at, ini, NULL, "longer than 128 bytes");
  (void)snprintf(ini, sizeof ini, "[default]\npassword = %0129d\n", 0);
  expect_password(at, ini, "the password is not UTF-8 or longer than 128");
}

static void test_profile__takes_the_longest(void **state) {
  struct place *at = *state;
  char ini[1024];
  (void)snprintf(ini, sizeof ini,
                 "[%049d]\n[default]\nserver = h\npacket_size = 16383\n"
                 "user = %0128d\npassword = %0128d\n",
                 0, 0, 0);
  expect_password(at, ini, NULL);
}

static void test_profile__lists_the_sections_it_has(void **state) {
  struct place *at = *state;
  expect(at, "[default]\nserver = h\nuser = u\n[plant2]\n", "plant3",
         "It has: [default], [plant2]");
}

static void test_profile__checks_keys_of_other_sections(void **state) {
  struct place *at = *state;
  expect(at, "[a]\nsrever = h\n[default]\nserver = h\nuser = u\n", NULL,
         "ini:2: [a] has an unknown key \"srever\"");
  expect(at, "server = h\n", NULL, "stands before any [section]");
}

static void test_profile__environment_overrides_the_default(void **state) {
  struct place *at = *state;
  struct profile p;
  struct err e = {0};
  write_file(at->ini,
             "[default]\nserver = h\nport = 1500\nuser = u\n"
             "[b]\nserver = hb\nuser = ub\n",
             0644);
  assert_int_equal(setenv("ORDERSYNC_SERVER", "other", 1), 0);
  assert_int_equal(setenv("ORDERSYNC_LOGIN_TIMEOUT", "9", 1), 0);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  assert_string_equal(p.server, "other");
  assert_int_equal(p.port, 0);
  assert_int_equal(p.login_timeout, 9);
  profile_clear(&p);
  if (profile_load(&p, "b", &e)) fail_msg("%s", e.text);
  assert_string_equal(p.server, "hb");
  assert_int_equal(p.login_timeout, 30);
  profile_clear(&p);
  assert_int_equal(setenv("ORDERSYNC_LOGIN_TIMEOUT", "0", 1), 0);
  assert_int_equal(profile_load(&p, NULL, &e), ERR_PROFILE);
  assert_non_null(strstr(e.text, "ORDERSYNC_LOGIN_TIMEOUT"));
}

static void test_profile__environment_alone_is_enough(void **state) {
  struct place *at = *state;
  struct profile p;
  struct err e = {0};
  char *password = NULL;
  assert_int_equal(profile_load(&p, NULL, &e), ERR_PROFILE);
  assert_non_null(strstr(e.text, "No such file")); /* $ORDERSYNC_CONFIG */
  err_reset(&e);
  assert_int_equal(unsetenv("ORDERSYNC_CONFIG"), 0);
  assert_int_equal(setenv("HOME", at->dir, 1), 0);
  assert_int_equal(profile_load(&p, NULL, &e), ERR_PROFILE);
  err_reset(&e);
  assert_int_equal(setenv("ORDERSYNC_SERVER", "h\\I", 1), 0);
  assert_int_equal(setenv("ORDERSYNC_USER", "u", 1), 0);
  assert_int_equal(setenv("ORDERSYNC_PASSWORD", "geheim", 1), 0);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  assert_null(p.path);
  assert_string_equal(p.instance, "I");
  assert_int_equal(profile_password(&p, &password, &e), ERR_NONE);
  assert_string_equal(password, "geheim");
  profile_password_free(password);
  profile_clear(&p);
}

/* Behind a NUL, nothing would be read, and nobody told. */
static void test_profile__a_nul_cuts_nothing(void **state) {
  static const char zero[] = "[default]\nserver = h\nuser = u\0v\n";
  struct place *at = *state;
  struct profile p;
  struct err e = {0};
  char *password = NULL;
  char ini[200];
  FILE *f = fopen(at->ini, "w");
  assert_non_null(f);
  assert_int_equal(fwrite(zero, 1, sizeof zero - 1, f), sizeof zero - 1);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(profile_load(&p, NULL, &e), ERR_PROFILE);
  assert_non_null(strstr(e.text, ":3: the line has a NUL character"));
  err_reset(&e);
  (void)snprintf(ini, sizeof ini,
                 "[default]\nserver = h\nuser = u\npassword_file = %s/secret\n",
                 at->dir);
  write_file(at->ini, ini, 0600);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  write_file(p.password_file, "", 0600);
  f = fopen(p.password_file, "w");
  assert_non_null(f);
  assert_int_equal(fwrite("a\0b\n", 1, 4, f), 4);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(profile_password(&p, &password, &e), ERR_PROFILE);
  assert_non_null(strstr(e.text, "has a NUL character"));
  profile_clear(&p);
}

static void test_profile__values_at_their_bounds(void **state) {
  struct place *at = *state;
  static const char ini[] = "[default]\nserver = h\nuser = u\n";
  char host[202];
  expect(at, "[default]\nserver = a;b\nuser = u\n", NULL,
         "one of the characters # ; [ ]");
  expect(at, "[default]\nserver = h\nport = 65535\n  user = u\n", NULL, NULL);
  expect(at, "[default]\nserver = h\nport = 65536\nuser = u\n", NULL,
         "from 1 to 65535");
  assert_int_equal(setenv("ORDERSYNC_PORT", "", 1), 0); /* as if unset */
  expect(at, ini, NULL, NULL);
  assert_int_equal(setenv("ORDERSYNC_SERVER", "h ", 1), 0);
  expect(at, ini, NULL, "begins or ends with a blank");
  memset(host, 'h', sizeof host - 1);
  host[sizeof host - 1] = 0;
  assert_int_equal(setenv("ORDERSYNC_SERVER", host, 1), 0);
  expect(at, ini, NULL, "is longer than 200 bytes");
}

/* Which a connection that is kept has to follow. */
static void test_profile__notices_what_changes(void **state) {
  static const char *const others[] = {
      "[default]\nserver = h\nuser = u\ndatabase = d\n", /* was none */
      "[default]\nserver = h\nuser = u\nport = 1444\n",
      "[default]\nserver = h\nuser = v\n"};
  static const char ini[] = "[default]\nserver = h\nuser = u\n";
  struct place *at = *state;
  struct profile p;
  struct err e = {0};
  write_file(at->ini, ini, 0600);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  assert_true(profile_is_current(&p));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    write_file(at->ini, others[i], 0600);
    assert_false(profile_is_current(&p));
  }
  write_file(at->ini, ini, 0600);
  assert_true(profile_is_current(&p));
  profile_clear(&p);
}

static void test_profile__a_setting_without_effect_is_a_warning(void **state) {
  struct place *at = *state;
  struct profile p;
  struct err e = {0};
  char ini[256], ca[96];
  (void)snprintf(ca, sizeof ca, "%s/ca.pem", at->dir);
  write_file(ca, "-----BEGIN CERTIFICATE-----\n", 0600);
  (void)snprintf(ini, sizeof ini,
                 "[default]\nserver = h\nuser = u\nca_file = %s\n", ca);
  write_file(at->ini, ini, 0600);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  assert_null(p.warning);
  profile_clear(&p);
  assert_int_equal(setenv("ORDERSYNC_ENCRYPT", "require", 1), 0);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  assert_string_equal(p.warning,
                      "ca_file has no effect without encrypt = verify");
  profile_clear(&p);
  assert_int_equal(unsetenv("ORDERSYNC_ENCRYPT"), 0);
}

static void test_profile__never_reads_the_working_directory(void **state) {
  struct place *at = *state;
  struct profile p;
  struct err e = {0};
  char old[512];
  write_file(at->ini, "[default]\nserver = h\nuser = u\n", 0600);
  assert_non_null(getcwd(old, sizeof old));
  assert_int_equal(chdir(at->dir), 0);
  assert_int_equal(unsetenv("ORDERSYNC_CONFIG"), 0);
  assert_int_equal(setenv("XDG_CONFIG_HOME", ".", 1), 0);
  assert_int_equal(setenv("HOME", "", 1), 0);
  assert_int_equal(profile_load(&p, NULL, &e), ERR_PROFILE);
  err_reset(&e);
  assert_int_equal(setenv("XDG_CONFIG_HOME", at->dir, 1), 0);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  profile_clear(&p);
  assert_int_equal(chdir(old), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PROFILE_TEST(test_profile__reads_every_key),
      PROFILE_TEST(test_profile__has_safe_defaults),
      PROFILE_TEST(test_profile__takes_servers_apart),
      PROFILE_TEST(test_profile__names_line_section_and_key),
      PROFILE_TEST(test_profile__refuses_long_lines),
      PROFILE_TEST(test_profile__takes_the_longest),
      PROFILE_TEST(test_profile__lists_the_sections_it_has),
      PROFILE_TEST(test_profile__checks_keys_of_other_sections),
      PROFILE_TEST(test_profile__environment_overrides_the_default),
      PROFILE_TEST(test_profile__environment_alone_is_enough),
      PROFILE_TEST(test_profile__a_nul_cuts_nothing),
      PROFILE_TEST(test_profile__values_at_their_bounds),
      PROFILE_TEST(test_profile__notices_what_changes),
      PROFILE_TEST(test_profile__a_setting_without_effect_is_a_warning),
      PROFILE_TEST(test_profile__never_reads_the_working_directory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
