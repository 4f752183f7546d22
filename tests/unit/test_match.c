/*
** A mapping beside a source's columns: by name, the SELECT, and whether the
** result is what was asked for.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "source/match.h"
#include "sql_embedded.h"
#include <cmocka.h>

#include <string.h>

static char names[4][16] = {"B", "a", "c", "A"};
static struct remote_column remote_items[4] = {
    {names[0], REMOTE_INT, 0, 0, 4, 1, 0, 0},
    {names[1], REMOTE_STRING, 0, 0, 20, 1, 0, 0},
    {names[2], REMOTE_DATE, 0, 0, 3, 1, 0, 0},
    {names[3], REMOTE_BIT, 0, 0, 1, 1, 0, 0},
};

static sqlite3 *open_small(const char *columns) {
  sqlite3 *db = NULL;
  char *sql = sqlite3_mprintf(
      "INSERT INTO ordersync_syncs(name,source,target) "
      "VALUES('open_orders','v','t'); INSERT INTO ordersync_columns"
      "(sync,position,source_column,target_column,kind) "
      "SELECT 'open_orders',* FROM (VALUES %s)",
      columns);
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql_schema, 0, 0, 0), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, 0, 0, 0), SQLITE_OK);
  sqlite3_free(sql);
  return db;
}

/* Sync "open_orders" of these columns beside the first n of the remote ones. */
struct fixture {
  sqlite3 *db;
  struct mapping map;
  struct match m;
  struct err e;
};

static void open_match(struct fixture *f, const char *columns) {
  memset(f, 0, sizeof *f);
  f->db = open_small(columns);
  assert_int_equal(mapping_load(&f->map, f->db, NULL, &f->e), ERR_NONE);
  assert_int_equal(match_init(&f->m, &f->map, &f->e), ERR_NONE);
}

static void close_match(struct fixture *f) {
  match_clear(&f->m);
  mapping_clear(&f->map);
  sqlite3_close(f->db);
}

static enum err_code match_first(struct fixture *f, int n) {
  struct remote_columns remote = {remote_items, n};
  err_reset(&f->e);
  return match_source(&f->m, &remote, &f->e);
}

static void test_match__exactly_then_ignoring_case(void **state) {
  struct fixture f;
  (void)state;
  open_match(&f, "(1,'A','w','raw'),(2,'a','x','raw'),(3,'C','y','date'),"
                 "(4,'b','z','integer')");
  assert_int_equal(match_first(&f, 4), ERR_NONE);
  assert_int_equal(f.m.columns[0].at, 3);
  assert_int_equal(f.m.columns[1].at, 1);
  assert_int_equal(f.m.columns[2].at, 2);
  assert_int_equal(f.m.columns[3].at, 0);
  close_match(&f);
}

static void test_match__missing_columns_are_all_named(void **state) {
  struct fixture f;
  char *extra;
  int n;
  (void)state;
  open_match(&f, "(1,'a','w','raw'),(2,'x','x','raw'),(3,'y','y','raw')");
  assert_int_equal(match_first(&f, 3), ERR_DATA);
  assert_string_equal(f.e.text,
                      "sync \"open_orders\": the source has no column \"x\", "
                      "\"y\"; ordersync_update('open_orders') shows what to "
                      "do, or set on_missing = 'null'");
  f.map.on_missing = MISSING_NULL;
  assert_int_equal(match_first(&f, 3), ERR_NONE);
  assert_int_equal(f.m.columns[0].at, 1);
  assert_int_equal(f.m.columns[1].at, -1);
  assert_null(match_remote(&f.m, 1));
  extra = match_extra(&f.m, &n);
  assert_string_equal(extra, "\"B\", \"c\"");
  assert_int_equal(n, 2);
  sqlite3_free(extra);
  assert_int_equal(match_first(&f, 1), ERR_DATA);
  assert_string_equal(f.e.text, "sync \"open_orders\": the source has none of "
                                "the mapped columns");
  close_match(&f);
}

static void test_match__impossible_kind_is_an_error(void **state) {
  struct fixture f;
  (void)state;
  open_match(&f, "(1,'A','w','date')");
  assert_int_equal(match_first(&f, 4), ERR_DATA);
  assert_string_equal(f.e.text, "sync \"open_orders\": column \"A\" is bit on "
                                "the server and cannot become date; "
                                "ordersync_update('open_orders') shows what "
                                "to do");
  close_match(&f);
}

static void expect_select(struct fixture *f, const struct match_ask *ask,
                          const char *expected) {
  char *sql = match_select(&f->m, ask, &f->e);
  assert_int_equal(f->e.code, ERR_NONE);
  assert_string_equal(sql, expected);
  sqlite3_free(sql);
}

static void test_match__selects_what_is_there_and_wanted(void **state) {
  struct fixture f;
  struct match_ask ask = {.used = 5, .where = "[A] = 1", .top = 7};
  (void)state;
  open_match(&f, "(1,'b','w','raw'),(2,'x','x','raw'),(3,'C','y','date')");
  f.map.on_missing = MISSING_NULL;
  expect_select(&f, NULL, "SELECT [b], [x], [C] FROM [v]");
  assert_int_equal(match_first(&f, 4), ERR_NONE);
  expect_select(&f, NULL, "SELECT [B], [c] FROM [v]");
  assert_int_equal(f.m.columns[0].position, 0);
  assert_int_equal(f.m.columns[1].position, -1);
  assert_int_equal(f.m.columns[2].position, 1);
  ask.used = 4;
  expect_select(&f, &ask, "SELECT TOP (7) [c] FROM [v] WHERE [A] = 1");
  assert_int_equal(f.m.columns[0].position, -1);
  assert_int_equal(f.m.columns[2].position, 0);
  ask = (struct match_ask){.top = -1};
  expect_select(&f, &ask, "SELECT 1 AS [row] FROM [v]");
  close_match(&f);
}

static void test_match__takes_types_of_the_server_or_of_long_ago(void **state) {
  struct fixture f;
  (void)state;
  open_match(&f, "(1,'a','w','raw'),(2,'x','x','raw')");
  f.map.on_missing = MISSING_NULL;
  f.map.columns[0].source_type = sqlite3_mprintf("Sql_Variant");
  assert_int_equal(match_type(&f.m, 0), REMOTE_VARIANT);
  assert_int_equal(match_type(&f.m, 1), REMOTE_UNKNOWN);
  assert_int_equal(match_first(&f, 4), ERR_NONE);
  assert_int_equal(match_type(&f.m, 0), REMOTE_STRING);
  close_match(&f);
}

/* ---- the result -------------------------------------------------------- */

static char got_names[3][16] = {"B", "a", "more"};

/* What `SELECT [B], [a]` brings, changed by the caller. */
static int is_as_asked(struct fixture *f, int exact, struct remote_column *got,
                       int n) {
  struct remote_columns columns = {got, n};
  sqlite3_free(match_select(&f->m, NULL, &f->e));
  return match_result(&f->m, &columns, exact);
}

static void test_match__result_must_be_what_was_asked(void **state) {
  struct fixture f;
  struct remote_column got[3] = {
      {got_names[0], REMOTE_INT, 0, 0, 4, 1, 0, 0},
      {got_names[1], REMOTE_STRING, 0, 0, 20, 1, 0, 0},
      {got_names[2], REMOTE_INT, 0, 0, 4, 1, 0, 0},
  };
  (void)state;
  open_match(&f, "(1,'b','w','integer'),(2,'a','x','string')");
  assert_int_equal(match_first(&f, 4), ERR_NONE);
  assert_true(is_as_asked(&f, 1, got, 2));
  /* one more, one less */
  assert_false(is_as_asked(&f, 0, got, 3));
  assert_false(is_as_asked(&f, 0, got, 1));
  /* another name, another order */
  got[0].name = got_names[2];
  assert_false(is_as_asked(&f, 0, got, 2));
  got[0].name = got_names[0];
  /* another type that the kind accepts: only where conditions rely on it */
  got[0].type = REMOTE_BIGINT;
  assert_true(is_as_asked(&f, 0, got, 2));
  assert_false(is_as_asked(&f, 1, got, 2));
  got[0].type = REMOTE_DATE;
  assert_false(is_as_asked(&f, 0, got, 2));
  got[0].type = REMOTE_INT;
  /* a sql_variant that was asked for as if it were none */
  got[1].type = REMOTE_VARIANT;
  assert_false(is_as_asked(&f, 0, got, 2));
  got[1].type = REMOTE_STRING;
  got[0].scale = 1;
  assert_false(is_as_asked(&f, 1, got, 2));
  got[0].scale = 0;
  got[0].precision = 1;
  assert_false(is_as_asked(&f, 1, got, 2));
  close_match(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_match__exactly_then_ignoring_case),
      cmocka_unit_test(test_match__missing_columns_are_all_named),
      cmocka_unit_test(test_match__impossible_kind_is_an_error),
      cmocka_unit_test(test_match__selects_what_is_there_and_wanted),
      cmocka_unit_test(test_match__takes_types_of_the_server_or_of_long_ago),
      cmocka_unit_test(test_match__result_must_be_what_was_asked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
