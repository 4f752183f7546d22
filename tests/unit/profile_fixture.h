/*
** What the tests of profiles (test_profile*.c) share: every test writes its own
** files into a fresh directory.
*/
#ifndef PROFILE_FIXTURE_H
#define PROFILE_FIXTURE_H
#include "profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

/* *state of a test; ini is what ORDERSYNC_CONFIG names, and not there yet. */
struct place {
  char dir[64];
  char ini[96];
};

/* Before and after each test. */
int setup_place(void **state);
int teardown_place(void **state);
#define PROFILE_TEST(f)                                                        \
  cmocka_unit_test_setup_teardown(f, setup_place, teardown_place)

void write_file(const char *path, const char *text, mode_t mode);

#endif
