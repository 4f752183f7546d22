/*
** Staged rows come back as they went in, from memory and from the file.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "sync/staging.h"
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define COLUMNS 5

/* Row number n of the test data: every type, and text of a varying length. */
static void make_row(struct cell *cells, int n, char *text, size_t n_text) {
  memset(cells, 0, COLUMNS * sizeof *cells);
  memset(text, 'a' + n % 26, n_text);
  cells[0].type = SQLITE_INTEGER;
  cells[0].integer = (sqlite3_int64)n * 0x123456789abLL - 5;
  cells[1].type = SQLITE_FLOAT;
  cells[1].real = n / 7.0;
  cells[2].type = SQLITE_TEXT;
  cells[2].bytes = text;
  cells[2].n_bytes = (int)((size_t)n * 2654435761u % n_text);
  cells[3].type = n % 3 ? SQLITE_BLOB : SQLITE_NULL;
  cells[3].bytes = text;
  cells[3].n_bytes = n % 5;
  cells[4].type = SQLITE_TEXT;
  cells[4].bytes = "";
}

static void expect_row(const struct cell *got, int n, char *text,
                       size_t n_text) {
  struct cell want[COLUMNS];
  make_row(want, n, text, n_text);
  for (int i = 0; i < COLUMNS; i++) {
    assert_int_equal(got[i].type, want[i].type);
    if (want[i].type == SQLITE_INTEGER) {
      assert_true(got[i].integer == want[i].integer);
    } else if (want[i].type == SQLITE_FLOAT) {
      assert_true(got[i].real == want[i].real);
    } else if (want[i].type != SQLITE_NULL) {
      assert_int_equal(got[i].n_bytes, want[i].n_bytes);
      assert_memory_equal(got[i].bytes, want[i].bytes, (size_t)want[i].n_bytes);
    }
  }
}

static struct staging *stage(int n_rows, sqlite3_int64 cap, char *text,
                             size_t n_text, int spilled) {
  struct staging *s = NULL;
  struct err e = {0};
  struct cell cells[COLUMNS];
  assert_int_equal(staging_open(&s, COLUMNS, cap, &e), ERR_NONE);
  for (int n = 0; n < n_rows; n++) {
    make_row(cells, n, text, n_text);
    assert_int_equal(staging_append(s, cells, &e), ERR_NONE);
  }
  assert_true(staging_rows(s) == n_rows);
  assert_int_equal(staging_spilled(s), spilled);
  return s;
}

static void round_trip(int n_rows, sqlite3_int64 cap, size_t n_text,
                       int spilled) {
  struct err e = {0};
  struct cell cells[COLUMNS];
  char *text = malloc(n_text);
  struct staging *s = stage(n_rows, cap, text, n_text, spilled);
  int has_row = 0;
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 1) staging_settle(s);
    staging_seek(s, 0);
    for (int n = 0; n < n_rows; n++) {
      assert_int_equal(staging_next(s, cells, &has_row, &e), ERR_NONE);
      assert_int_equal(has_row, 1);
      expect_row(cells, n, text, n_text);
    }
    assert_int_equal(staging_next(s, cells, &has_row, &e), ERR_NONE);
    assert_int_equal(has_row, 0);
  }
  staging_close(s);
  free(text);
}

/* In another order than they were written in, some of them twice. */
static void jumps(sqlite3_int64 cap, size_t n_text, int spilled) {
  enum { ROWS = 3000 };
  static sqlite3_int64 at[ROWS];
  struct err e = {0};
  struct cell cells[COLUMNS];
  char *text = malloc(n_text);
  struct staging *s = stage(ROWS, cap, text, n_text, spilled);
  int has_row = 0;
  for (int n = 0; n < ROWS; n++) {
    int some = n % COLUMNS; /* none at all, too */
    at[n] = staging_tell(s);
    make_row(cells, n, text, n_text);
    cells[some].type = cells[0].type = -1;
    assert_int_equal(staging_skim(s, cells, some, &has_row, &e), ERR_NONE);
    assert_int_equal(has_row, 1);
    assert_int_equal(cells[some].type, -1);
    if (some > 0) assert_true(cells[0].integer == n * 0x123456789abLL - 5);
    if (some > 0) assert_int_equal(cells[0].type, SQLITE_INTEGER);
  }
  for (int i = 0; i < ROWS; i++) {
    int n = (int)((unsigned)i * 1103u % ROWS);
    staging_seek(s, at[n]);
    for (int more = 0; more < 2 && n + more < ROWS; more++) {
      assert_int_equal(staging_next(s, cells, &has_row, &e), ERR_NONE);
      assert_int_equal(has_row, 1);
      expect_row(cells, n + more, text, n_text);
    }
  }
  staging_close(s);
  free(text);
}

static void test_staging__rows_are_read_from_anywhere(void **state) {
  (void)state;
  jumps(0, 300, 0);
  jumps(1, 300, 1);
  jumps(1 << 18, 300, 1);
  jumps(1, 30000, 1);
}

static void test_staging__no_rows(void **state) {
  (void)state;
  round_trip(0, 0, 10, 0);
}

static void test_staging__rows_in_memory(void **state) {
  (void)state;
  round_trip(5000, 0, 300, 0);
}

static void test_staging__rows_in_the_file(void **state) {
  (void)state;
  round_trip(20000, 1, 300, 1);
}

static void test_staging__rows_in_both(void **state) {
  (void)state;
  round_trip(20000, 1 << 20, 300, 1);
}

static void test_staging__rows_larger_than_a_block(void **state) {
  (void)state;
  round_trip(20, 1 << 20, 3 << 20, 1);
}

/* A host that keeps its SQLite small. */
static void test_staging__takes_no_more_than_the_host_allows(void **state) {
  sqlite3_int64 before = sqlite3_hard_heap_limit64(8 << 20);
  (void)state;
  round_trip(2000, 0, 1000, 0);
  (void)sqlite3_hard_heap_limit64(before);
  (void)sqlite3_memory_highwater(1);
  round_trip(2000, 1 << 20, 1000, 1);
  assert_true(sqlite3_memory_highwater(0) < 8 << 20);
}

/* The rest is for whoever writes the rows. */
static void test_staging__keeps_no_more_than_the_rows_need(void **state) {
  sqlite3_int64 before = sqlite3_memory_used();
  char text[300];
  struct staging *s = stage(5000, 0, text, sizeof text, 0);
  (void)state;
  staging_settle(s);
  assert_true(sqlite3_memory_used() - before < 3 << 20);
  staging_close(s);
}

static void test_staging__close_accepts_null(void **state) {
  (void)state;
  staging_close(NULL);
}

static void test_staging__a_full_disk_is_an_error_that_says_so(void **state) {
  struct staging *s = NULL;
  struct err e = {0};
  struct cell cells[COLUMNS];
  struct rlimit old, small;
  char text[300];
  (void)state;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 100000;
  (void)signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  assert_int_equal(staging_open(&s, COLUMNS, 1, &e), ERR_NONE);
  for (int n = 0; n < 100000 && !e.code; n++) {
    make_row(cells, n, text, sizeof text);
    staging_append(s, cells, &e);
  }
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  (void)signal(SIGXFSZ, SIG_DFL);
  assert_int_equal(e.code, ERR_LOCAL);
  assert_int_equal(e.sqlite_code, SQLITE_FULL);
  assert_non_null(strstr(e.text, "cannot write the temporary file"));
  staging_close(s);
}

static void test_staging__a_directory_that_is_away_is_an_error(void **state) {
  struct staging *s = NULL;
  struct err e = {0};
  struct cell cells[COLUMNS];
  char text[300];
  struct rlimit old, none;
  (void)state;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  none = old;
  none.rlim_cur = 3; /* no file can be opened any more */
  assert_int_equal(staging_open(&s, COLUMNS, 1, &e), ERR_NONE);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int n = 0; n < 100000 && !e.code; n++) {
    make_row(cells, n, text, sizeof text);
    staging_append(s, cells, &e);
  }
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
  assert_int_equal(e.code, ERR_LOCAL);
  assert_non_null(strstr(e.text, "cannot make the temporary file"));
  staging_close(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_staging__takes_no_more_than_the_host_allows),
      cmocka_unit_test(test_staging__keeps_no_more_than_the_rows_need),
      cmocka_unit_test(test_staging__no_rows),
      cmocka_unit_test(test_staging__rows_in_memory),
      cmocka_unit_test(test_staging__rows_in_the_file),
      cmocka_unit_test(test_staging__rows_in_both),
      cmocka_unit_test(test_staging__rows_larger_than_a_block),
      cmocka_unit_test(test_staging__rows_are_read_from_anywhere),
      cmocka_unit_test(test_staging__close_accepts_null),
      cmocka_unit_test(test_staging__a_full_disk_is_an_error_that_says_so),
      cmocka_unit_test(test_staging__a_directory_that_is_away_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
