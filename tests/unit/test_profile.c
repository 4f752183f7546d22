/*
** Profiles: what an INI file and the environment may say, and how each
** mistake is told. Every test writes its own files into a fresh directory.
*/
#include "profile/profile.h"

#include <linux/magic.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
  char dir[64];
  char ini[96];
};

static const char *const variables[] = {"ORDERSYNC_CONFIG",
                                        "ORDERSYNC_SERVER",
                                        "ORDERSYNC_PORT",
                                        "ORDERSYNC_USER",
                                        "ORDERSYNC_PASSWORD",
                                        "ORDERSYNC_DATABASE",
                                        "ORDERSYNC_CA_FILE",
                                        "ORDERSYNC_PASSWORD_FILE",
                                        "ORDERSYNC_AUTH",
                                        "XDG_CONFIG_HOME",
                                        "HOME",
                                        "ORDERSYNC_LOGIN_TIMEOUT",
                                        "ORDERSYNC_FREETDS_SECTION"};

static void write_file(const char *path, const char *text, mode_t mode) {
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state) {
  struct place *at = calloc(1, sizeof *at);
  assert_non_null(at);
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    assert_int_equal(unsetenv(variables[i]), 0);
  }
  strcpy(at->dir, "/tmp/ordersync-profile-XXXXXX");
  assert_non_null(mkdtemp(at->dir));
  (void)snprintf(at->ini, sizeof at->ini, "%s/ordersync.ini", at->dir);
  assert_int_equal(setenv("ORDERSYNC_CONFIG", at->ini, 1), 0);
  *state = at;
  return 0;
}

static int teardown(void **state) {
  struct place *at = *state;
  char other[96];
  (void)snprintf(other, sizeof other, "%s/secret", at->dir);
  (void)unlink(other);
  (void)snprintf(other, sizeof other, "%s/ca.pem", at->dir);
  (void)unlink(other);
  (void)unlink(at->ini);
  (void)rmdir(at->dir);
  free(at);
  return 0;
}

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

static void test_profile__refuses_a_public_password(void **state) {
  struct place *at = *state;
  struct profile p;
  struct err e = {0};
  char *password = NULL;
  const char *ini = "[default]\nserver = h\nuser = u\npassword = geheim#; x\n";
  write_file(at->ini, ini, 0644);
  assert_int_equal(profile_load(&p, NULL, &e), ERR_PROFILE);
  assert_non_null(strstr(e.text, "chmod 600"));
  assert_null(strstr(e.text, "geheim"));
  err_reset(&e);
  assert_int_equal(chmod(at->ini, 0600), 0);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  assert_int_equal(profile_password(&p, &password, &e), ERR_NONE);
  assert_string_equal(password, "geheim#; x");
  profile_password_free(password);
  profile_clear(&p);
}

static void test_profile__reads_password_files(void **state) {
  struct place *at = *state;
  struct profile p;
  struct err e = {0};
  char *password = NULL;
  char secret[96];
  char ini[256];
  (void)snprintf(secret, sizeof secret, "%s/secret", at->dir);
  write_file(secret, " with blanks ;#\r\n", 0600);
  (void)snprintf(ini, sizeof ini,
                 "[default]\nserver = h\nuser = u\npassword_file = %s\n",
                 secret);
  write_file(at->ini, ini, 0644);
  if (profile_load(&p, NULL, &e)) fail_msg("%s", e.text);
  assert_int_equal(profile_password(&p, &password, &e), ERR_NONE);
  assert_string_equal(password, " with blanks ;#");
  profile_password_free(password);
  assert_int_equal(chmod(secret, 0604), 0);
  assert_int_equal(profile_password(&p, &password, &e), ERR_PROFILE);
  assert_null(password);
  assert_non_null(strstr(e.text, "chmod 600"));
  err_reset(&e);
  static const char *const firsts[][2] = {{"a\nb\n", "a"},
                                          {"a", "a"},
                                          {"\xef\xbb\xbf"
                                           "a b\r\nc",
                                           "a b"},
                                          {"a\r", "a"}};
  for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
    write_file(secret, firsts[i][0], 0600);
    if (profile_password(&p, &password, &e)) fail_msg("%s", e.text);
    assert_string_equal(password, firsts[i][1]);
    profile_password_free(password);
  }
  static const char *const empty[] = {"", "\n", "\r\nx", "\xef\xbb\xbf"};
  for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
    write_file(secret, empty[i], 0600);
    assert_int_equal(profile_password(&p, &password, &e), ERR_PROFILE);
    assert_non_null(strstr(e.text, "secret has an empty first line"));
    err_reset(&e);
  }
  assert_int_equal(unlink(secret), 0);
  assert_int_equal(profile_password(&p, &password, &e), ERR_PROFILE);
  assert_non_null(strstr(e.text, "No such file"));
  profile_clear(&p);
}

/* As systemd hands out credentials; whoever may write it is another matter. */
static void test_profile__root_may_let_a_group_read(void **state) {
  static const mode_t modes[] = {0600, 0400, 0640, 0440, 0660, 0620, 0644};
  struct place *at = *state;
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    int is_fine =
        (modes[i] & 077) == 0 || (geteuid() == 0 && (modes[i] & 077) == 040);
    struct profile p;
    struct err e = {0};
    write_file(at->ini, "[default]\nserver = h\nuser = u\npassword = hunter2\n",
               modes[i]);
    assert_int_equal(profile_load(&p, NULL, &e) == ERR_NONE, is_fine);
    if (!is_fine) assert_non_null(strstr(e.text, "others may read or change"));
    profile_clear(&p);
    assert_int_equal(unlink(at->ini), 0);
  }
}

/* Whether a file with a password is taken, by euid. */
static int is_taken(const char *path, uid_t euid) {
  struct profile p;
  struct err e = {0};
  int taken;
  assert_int_equal(setenv("ORDERSYNC_CONFIG", path, 1), 0);
  assert_int_equal(seteuid(euid), 0);
  taken = profile_load(&p, NULL, &e) == ERR_NONE;
  assert_int_equal(seteuid(0), 0);
  if (!taken) assert_non_null(strstr(e.text, "holds a password"));
  profile_clear(&p);
  return taken;
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

static void test_profile__a_secret_is_its_owners(void **state) {
  struct place *at = *state;
  const uid_t nobody = 65534;
  if (geteuid() != 0) {
    print_message("skip a secret's owner: only root can give a file away\n");
    skip();
  }
  write_file(at->ini, "[default]\nserver = h\nuser = u\npassword = x\n", 0600);
  assert_int_equal(chmod(at->dir, 0755), 0);
  assert_int_equal(chown(at->ini, nobody, 0), 0);
  assert_true(is_taken(at->ini, nobody));
  assert_false(is_taken(at->ini, 0)); /* root is not nobody */
  assert_int_equal(chmod(at->ini, 0640), 0);
  assert_false(is_taken(at->ini, nobody)); /* whose group is anybody's */
}

static const char shared_ini[] =
    "[default]\nserver = h\nuser = u\npassword = x\n";

/* Its own mounts are gone with it. 0: as it should be. */
static int try_mounts(const char *dir) {
  struct statfs fs;
  char path[96];
  (void)snprintf(path, sizeof path, "%s/secret", dir);
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
    return 77;
  write_file(path, shared_ini, 0444);
  if (mount(dir, dir, NULL, MS_BIND, NULL) ||
      mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
    return 77;
  /* Read-only, but on a disk; unless the tests' own folder is in memory. */
  if (statfs(dir, &fs)) return 77;
  if (fs.f_type != TMPFS_MAGIC && is_taken(path, 0)) return 1;
  if (mount("tmpfs", dir, "tmpfs", 0, NULL)) return 77;
  write_file(path, shared_ini, 0444);
  if (is_taken(path, 0)) return 2; /* in memory, but may be written */
  if (mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL)) return 77;
  if (!is_taken(path, 0)) return 3;
  if (mount(NULL, dir, NULL, MS_REMOUNT, NULL)) return 77;
  if (chmod(path, 0464)) return 77;
  if (mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL)) return 77;
  return is_taken(path, 0) ? 4 : 0;
}

/* As container runtimes hand out secrets. */
static void test_profile__a_secret_of_a_container_is_taken(void **state) {
  struct place *at = *state;
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) _exit(try_mounts(at->dir));
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    print_message("skip a container's secret: no mount can be made here\n");
    skip();
  }
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* What is there and cannot be read is not passed over, cut or waited for. */
static void test_profile__reads_a_file_whole_or_not_at_all(void **state) {
  struct place *at = *state;
  struct err e = {0};
  static char large[4098], name[] = "x";
  struct profile p = {.name = name, .user = name};
  char secret[96];
  char *password = NULL;
  int free_fd = dup(0), still_free;
  (void)close(free_fd);
  (void)snprintf(secret, sizeof secret, "%s/secret", at->dir);
  p.password_file = secret;
  memset(large, '\n', sizeof large - 1);
  large[0] = 'a';
  write_file(secret, large, 0600);
  assert_int_equal(profile_password(&p, &password, &e), ERR_PROFILE);
  assert_non_null(strstr(e.text, "is larger than 4096 bytes"));
  err_reset(&e);
  assert_int_equal(unlink(secret), 0);
  assert_int_equal(mkfifo(secret, 0600), 0);
  (void)alarm(10);
  assert_int_equal(profile_password(&p, &password, &e), ERR_PROFILE);
  (void)alarm(0);
  assert_non_null(strstr(e.text, "is not a regular file"));
  err_reset(&e);
  assert_int_equal(unsetenv("ORDERSYNC_CONFIG"), 0);
  assert_int_equal(setenv("XDG_CONFIG_HOME", at->dir, 1), 0);
  assert_int_equal(symlink(at->ini, at->ini), 0);
  assert_int_equal(profile_load(&p, NULL, &e), ERR_PROFILE);
  assert_non_null(strstr(e.text, "cannot read"));
  still_free = dup(0);
  (void)close(still_free);
  assert_int_equal(free_fd, still_free);
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
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
      T(test_profile__reads_every_key),
      T(test_profile__has_safe_defaults),
      T(test_profile__takes_servers_apart),
      T(test_profile__names_line_section_and_key),
      T(test_profile__refuses_long_lines),
      T(test_profile__takes_the_longest),
      T(test_profile__lists_the_sections_it_has),
      T(test_profile__checks_keys_of_other_sections),
      T(test_profile__environment_overrides_the_default),
      T(test_profile__environment_alone_is_enough),
      T(test_profile__refuses_a_public_password),
      T(test_profile__reads_password_files),
      T(test_profile__a_nul_cuts_nothing),
      T(test_profile__values_at_their_bounds),
      T(test_profile__notices_what_changes),
      T(test_profile__a_secret_is_its_owners),
      T(test_profile__a_secret_of_a_container_is_taken),
      T(test_profile__reads_a_file_whole_or_not_at_all),
      T(test_profile__root_may_let_a_group_read),
      T(test_profile__a_setting_without_effect_is_a_warning),
      T(test_profile__never_reads_the_working_directory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
