/*
** Passwords of profiles: who else may read one is told, and a file is read
** whole or not at all.
*/
#include "profile_fixture.h"

#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

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

int main(void) {
  const struct CMUnitTest tests[] = {
      PROFILE_TEST(test_profile__refuses_a_public_password),
      PROFILE_TEST(test_profile__reads_password_files),
      PROFILE_TEST(test_profile__root_may_let_a_group_read),
      PROFILE_TEST(test_profile__a_secret_is_its_owners),
      PROFILE_TEST(test_profile__a_secret_of_a_container_is_taken),
      PROFILE_TEST(test_profile__reads_a_file_whole_or_not_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
