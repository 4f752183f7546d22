/*
** A folder for each test, and an environment that says nothing else.
*/
#include "profile_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

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

void write_file(const char *path, const char *text, mode_t mode) {
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(chmod(path, mode), 0);
}

int setup_place(void **state) {
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

int teardown_place(void **state) {
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
