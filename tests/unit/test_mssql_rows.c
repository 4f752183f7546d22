/*
** The connection's results: none, an empty one, two, one that is left early,
** and a stream that breaks in every way: all the rows or an error, never some
** of them and no error.
*/
#include "mssql_fixture.h"

#include <stdio.h>
#include <string.h>

/* ---- results ----------------------------------------------------------- */

static void test_mssql__passes_over_results_without_columns(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  int has_row = 1;
  assert_int_equal(mssql_query(m, "SET NOCOUNT OFF", &e), ERR_NONE);
  assert_int_equal(mssql_columns(m)->count, 0);
  assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
  assert_int_equal(has_row, 0);
  assert_int_equal(read_all(m, "SET NOCOUNT OFF; SELECT 1 AS a", &e), 1);
  assert_int_equal(e.code, ERR_NONE);
  mssql_close(m);
}

static void test_mssql__reads_an_empty_result(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  int n = read_all(m, "SELECT a, b FROM few WHERE a < 0", &e);
  if (e.code) fail_msg("%s", e.text);
  assert_int_equal(n, 0);
  assert_int_equal(mssql_columns(m)->count, 2);
  mssql_close(m);
}

/* A connection that has read one row of big. */
static struct mssql *connect_amid_rows(void *server) {
  struct mssql *m = connect_to(server);
  struct err e = {0};
  int has_row = 0;
  assert_int_equal(mssql_query(m, "SELECT a, b FROM big", &e), ERR_NONE);
  assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
  assert_int_equal(has_row, 1);
  return m;
}

static void test_mssql__a_query_replaces_an_open_result(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_amid_rows(&w->plain);
  struct err e = {0};
  int has_row = 0;
  mssql_cancel(m);
  if (mssql_alive(m)) expect_works(m);
  mssql_close(m);
  /* Of a result that is short enough to be cancelled in time, every row of the
  ** next is the next one's. */
  m = connect_to(&w->plain);
  assert_int_equal(mssql_query(m, "SELECT a + 5000 AS a FROM few", &e),
                   ERR_NONE);
  assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
  assert_int_equal(mssql_query(m, "SELECT a, b FROM few", &e), ERR_NONE);
  for (int n = 1; !mssql_next(m, &has_row, &e) && has_row; n++) {
    struct value v = {0};
    mssql_value(m, 0, &v);
    assert_int_equal(v.integer, n);
  }
  assert_int_equal(e.code, ERR_NONE);
  mssql_close(m);
}

/* How long the rest of the rows then takes to be given up. */
static sqlite3_int64 closing(void *arg) {
  struct mssql *m = connect_amid_rows(arg);
  sqlite3_int64 start = clock_now_ms();
  mssql_close(m);
  return clock_now_ms() - start;
}

static sqlite3_int64 cancelling(void *arg) {
  struct mssql *m = connect_amid_rows(arg);
  struct err e = {0};
  sqlite3_int64 start = clock_now_ms();
  mssql_cancel(m);
  start = clock_now_ms() - start;
  assert_int_equal(mssql_alive(m), 0);
  assert_int_equal(mssql_query(m, "SELECT 1", &e), ERR_NETWORK);
  assert_int_equal(e.transient, 1);
  mssql_close(m);
  return start;
}

static void test_mssql__closes_without_waiting(void **state) {
  struct world *w = *state;
  fault(&w->plain, "when=batch match=big after_rows=500 do=hang");
  assert_true(quickest(closing, &w->plain, 100) <= 100);
}

static void test_mssql__drops_a_link_that_ignores_a_cancel(void **state) {
  struct world *w = *state;
  fault(&w->plain, "when=batch match=big do=ignore_attention");
  assert_true(quickest(cancelling, &w->plain, 500) <= 500);
}

static void test_mssql__a_second_result_is_an_error(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  assert_int_equal(read_all(m, "SELECT 1 AS a; SELECT 2 AS a", &e), 1);
  assert_int_equal(e.code, ERR_DATA);
  assert_non_null(strstr(e.text, "a second result after the 1 rows"));
  mssql_close(m);
}

/* ---- faults in mid-stream ------------------------------------------------ */

static const struct fault_case fault_cases[] = {
    {"after_rows=500 do=cut", ERR_NETWORK, 0, 1, 0},
    {"after_rows=500 do=close", ERR_NETWORK, 0, 1, 0},
    {"after_rows=500 do=reset", ERR_NETWORK, 0, 1, 0},
    {"after_rows=500 do=garbage", ERR_NETWORK, 0, 1, 0},
    {"after_rows=1000 do=cut", ERR_NETWORK, 0, 1, 0},
    {"after_bytes=7 do=cut", ERR_NETWORK, 0, 1, 0},
    {"after_bytes=60 do=cut", ERR_NETWORK, 0, 1, 0},
    {"after_bytes=9001 do=reset", ERR_NETWORK, 0, 1, 0},
    {"after_rows=0 do=error:208:16:Invalid object name", ERR_REMOTE, 208, 0, 1},
    {"after_rows=500 do=error:1205:13:deadlock victim", ERR_REMOTE, 1205, 1, 1},
    {"after_rows=1000 do=error:1222:16:lock timeout", ERR_REMOTE, 1222, 1, 1},
    {"after_rows=500 do=error:245:16:conversion failed", ERR_REMOTE, 245, 0, 1},
    {"after_rows=500 do=error:229:14:permission denied", ERR_REMOTE, 229, 0, 1},
    {"do=error:40501:20:busy", ERR_REMOTE, 40501, 1, -1},
    {"do=no_count", ERR_DATA, 0, 1, 1},
    {"do=miscount:1", ERR_DATA, 0, 1, 1},
    {"after_rows=500 do=miscount:500", ERR_DATA, 0, 1, 1},
    {"after_rows=500 do=done_bits:2", ERR_DATA, 0, 1, 0},
    {"after_rows=500 do=done_bits:0x100", ERR_DATA, 0, 1, 0},
    {"do=done_bits:2", ERR_DATA, 0, 1, 0},
};

static void test_mssql__notices_every_broken_stream(void **state) {
  struct world *w = *state;
  for (size_t i = 0; i < sizeof fault_cases / sizeof *fault_cases; i++) {
    struct mssql *m = connect_to(&w->plain);
    check_fault(&w->plain, m, &fault_cases[i]);
    mssql_close(m);
  }
}

/* What waits before a batch is sent answers nobody's question. */
static void test_mssql__takes_no_answer_it_did_not_ask_for(void **state) {
  static const char *const specs[] = {
      "when=idle match=few do=again", "when=idle match=few do=stray",
      "when=idle match=few do=stray:8", "when=idle match=few do=cut"};
  struct world *w = *state;
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    struct mssql *m = connect_to(&w->plain);
    struct err e = {0};
    fault(&w->plain, specs[i]);
    expect_works(m);
    for (int k = 0; k < 1000 && mssql_alive(m); k++) pause_ms(10);
    assert_int_equal(mssql_alive(m), 0);
    assert_int_equal(read_all(m, "SELECT a FROM few WHERE a = 3", &e), 0);
    assert_int_equal(e.code, ERR_NETWORK);
    assert_int_equal(e.transient, 1);
    fault(&w->plain, "");
    mssql_close(m);
  }
}

static void test_mssql__a_long_message_keeps_its_number(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  char sql[1200];
  (void)snprintf(sql, sizeof sql, "RAISERROR('%0990d', 16, 1)", 7);
  read_all(m, sql, &e);
  assert_int_equal(e.code, ERR_REMOTE);
  assert_non_null(strstr(e.text, "(message 50000, severity 16"));
  mssql_close(m);
}

static void test_mssql__an_error_token_is_no_end(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  int n;
  fault(&w->plain, "when=batch match=few after_rows=500 "
                   "do=error:1205:13:You lost");
  n = read_all(m, "SELECT a, b FROM few", &e);
  assert_int_equal(n, 500);
  assert_int_equal(e.server_severity, 13);
  assert_non_null(strstr(e.text, "You lost"));
  assert_non_null(strstr(e.text, "500 rows had come"));
  mssql_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      MSSQL_TEST(test_mssql__passes_over_results_without_columns),
      MSSQL_TEST(test_mssql__reads_an_empty_result),
      MSSQL_TEST(test_mssql__a_query_replaces_an_open_result),
      MSSQL_TEST(test_mssql__closes_without_waiting),
      MSSQL_TEST(test_mssql__drops_a_link_that_ignores_a_cancel),
      MSSQL_TEST(test_mssql__notices_every_broken_stream),
      MSSQL_TEST(test_mssql__takes_no_answer_it_did_not_ask_for),
      MSSQL_TEST(test_mssql__a_long_message_keeps_its_number),
      MSSQL_TEST(test_mssql__an_error_token_is_no_end),
      MSSQL_TEST(test_mssql__a_second_result_is_an_error),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
