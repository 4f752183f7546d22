/*
** The log's clock: its form, and how far from now.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include <cmocka.h>

#include <string.h>
#include <time.h>

/* Seconds from now; 1e9: it is no time of the log. */
static double distance(sqlite3_int64 offset_ms) {
  char text[32];
  struct tm tm = {0};
  clock_utc(text, offset_ms);
  const char *end = strptime(text, "%Y-%m-%d %H:%M:%S.", &tm);
  if (!end || strlen(end) != 6 || strspn(end, "0123456789") != 6) return 1e9;
  return difftime(timegm(&tm), time(NULL));
}

static void test_clock__an_offset_is_in_milliseconds(void **state) {
  (void)state;
  assert_true(distance(0) >= -60 && distance(0) <= 0);
  assert_true(distance(301000) >= 240 && distance(301000) <= 302);
  assert_true(distance(-86400000) >= -86460 && distance(-86400000) < -86399);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_clock__an_offset_is_in_milliseconds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
