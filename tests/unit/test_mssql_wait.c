/*
** Every wait of the connection is bounded: a deadline ends it, an interrupt
** ends it soon, and the login has a timeout of its own.
*/
#include "mssql_fixture.h"

#include <stdint.h>

static void test_mssql__a_deadline_ends_every_wait(void **state) {
  static const char *const specs[] = {
      "when=batch match=few do=hang",
      "when=batch match=few after_rows=500 do=hang",
      "when=batch match=few after_rows=500 do=drip:20",
      "when=batch match=few do=drip:3", "when=batch match=few do=drop_done"};
  struct world *w = *state;
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    struct mssql *m = connect_to(&w->plain);
    struct err e = {0};
    sqlite3_int64 start = clock_now_ms();
    fault(&w->plain, specs[i]);
    mssql_deadline(m, start + 300);
    read_all(m, "SELECT a, b FROM few", &e);
    if (e.code != ERR_TIMEOUT) fail_msg("%s: %s", specs[i], e.text);
    assert_true(clock_now_ms() - start >= 290);
    assert_true(clock_now_ms() - start < 800);
    assert_int_equal(mssql_alive(m), 0);
    fault(&w->plain, "");
    mssql_close(m);
  }
}

static void test_mssql__an_idle_connection_outlives_a_deadline(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  mssql_deadline(m, clock_now_ms() + 50);
  pause_ms(100);
  assert_int_equal(mssql_alive(m), 1);
  assert_int_equal(mssql_query(m, "SELECT 1 AS a", &e), ERR_TIMEOUT);
  mssql_close(m);
  m = connect_to(&w->plain);
  mssql_deadline(m, clock_now_ms() + 50);
  expect_works(m);
  pause_ms(100);
  mssql_deadline(m, 0);
  expect_works(m);
  mssql_close(m);
}

static void test_mssql__an_interrupt_ends_a_wait_soon(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct alarm a = {INT64_MAX};
  struct mssql_hooks hooks = {alarm_rings, &a};
  struct mssql *m = NULL;
  struct err e = {0};
  sqlite3_int64 took;
  if (mssql_open(&m, &p, &hooks, MSSQL_LIVE, &e)) fail_msg("%s", e.text);
  fault(&w->plain, "when=batch match=few do=hang");
  a.at_ms = clock_now_ms() + 150;
  read_all(m, "SELECT a, b FROM few", &e);
  took = clock_now_ms() - a.at_ms;
  assert_int_equal(e.code, ERR_INTERRUPT);
  assert_true(took < 200);
  mssql_close(m);
  fault(&w->plain, "when=login do=hang");
  a.at_ms = clock_now_ms() + 150;
  open_fails(&p, &hooks, ERR_INTERRUPT, "interrupted", &e);
  took = clock_now_ms() - a.at_ms;
  assert_true(took < 300);
}

static void test_mssql__an_interrupt_ends_a_stall_in_mid_row(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct alarm a = {INT64_MAX};
  struct mssql_hooks hooks = {alarm_rings, &a};
  struct mssql *m = NULL;
  struct err e = {0};
  if (mssql_open(&m, &p, &hooks, MSSQL_LIVE, &e)) fail_msg("%s", e.text);
  fault(&w->plain, "when=batch match=few after_bytes=20000 do=hang");
  a.at_ms = clock_now_ms() + 100;
  read_all(m, "SELECT a, b FROM few", &e);
  assert_int_equal(e.code, ERR_INTERRUPT);
  assert_true(clock_now_ms() - a.at_ms < 1500);
  mssql_close(m);
}

static void test_mssql__bounds_the_login(void **state) {
  static const char *const specs[] = {
      "when=accept do=hang", "when=login do=hang", "when=prelogin do=drip:2",
      "when=login do=drip:2"};
  struct world *w = *state;
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    struct profile p = profile_for(&w->plain);
    struct err e;
    sqlite3_int64 took;
    p.login_timeout = 1;
    fault(&w->plain, specs[i]);
    took = open_fails(&p, NULL, ERR_TIMEOUT, "1 second", &e);
    assert_int_equal(e.transient, 1);
    assert_true(took < 1600);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      MSSQL_TEST(test_mssql__a_deadline_ends_every_wait),
      MSSQL_TEST(test_mssql__an_idle_connection_outlives_a_deadline),
      MSSQL_TEST(test_mssql__an_interrupt_ends_a_wait_soon),
      MSSQL_TEST(test_mssql__an_interrupt_ends_a_stall_in_mid_row),
      MSSQL_TEST(test_mssql__bounds_the_login),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
