/*
** Looks at SQL: how a statement begins, what a file merely holds.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sql.h"
#include <cmocka.h>

static void test_sql__what_stands_before_a_word_is_passed_over(void **state) {
  static const char *const create[] = {
      "CREATE VIRTUAL TABLE x",
      " \t\r\n;create\fvirtual TABLE x",
      "/* CREATE */CREATE /**/ VIRTUAL",
      "/*/ VIRTUAL */ CREATE /* * / */ VIRTUAL",
      "-- DROP\n-- it\nCREATE -- a\nVIRTUAL",
      "\xEF\xBB\xBF CREATE VIRTUAL",
  };
  static const char *const other[] = {
      "CREATE TABLE virtual", "SELECT 'CREATE VIRTUAL'",  "",
      "-- CREATE VIRTUAL",    "/* CREATE VIRTUAL",        "CREATE",
      "CREATE -- VIRTUAL",    "/* */ / CREATE VIRTUAL x",
  };
  (void)state;
  for (size_t i = 0; i < sizeof create / sizeof *create; i++)
    assert_true(sql_begins(create[i], "CREATE", "VIRTUAL"));
  for (size_t i = 0; i < sizeof other / sizeof *other; i++)
    assert_false(sql_begins(other[i], "CREATE", "VIRTUAL"));
  assert_true(sql_begins("/*x*/pragma a", "PRAGMA", NULL));
  assert_false(sql_begins(NULL, "PRAGMA", NULL));
}

static void test_sql__a_look_takes_no_virtual_table(void **state) {
  struct err e = {0};
  sqlite3 *db;
  sqlite3_stmt *stmt;
  (void)state;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(
      sqlite3_exec(db, "CREATE VIRTUAL TABLE v USING rtree(a, b, c)", 0, 0, 0),
      SQLITE_OK);
  stmt = sql_prepare(db, &e, "SELECT * FROM %Q", "v");
  assert_non_null(stmt);
  sqlite3_finalize(stmt);
  assert_null(sql_prepare_plain(db, &e, "SELECT * FROM %Q", "v"));
  assert_int_equal(e.code, ERR_LOCAL);
  sqlite3_close(db);
}

static void test_sql__a_failure_is_kept(void **state) {
  struct err e = {0};
  sqlite3 *db;
  (void)state;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_true(sql_integer(db, &e, "SELECT %d", 7) == 7);
  assert_true(sql_integer(db, &e, "SELECT 1 WHERE 0") == 0);
  assert_null(sql_text(db, &e, "SELECT NULL"));
  assert_int_equal(e.code, ERR_NONE);
  sql_run(db, &e, "trying", "INSERT INTO nowhere VALUES(1)");
  assert_string_equal(e.text, "trying: no such table: nowhere");
  sql_run(db, &e, "trying", "CREATE TABLE t(a)");
  assert_true(sql_integer(db, &e, "SELECT 7") == 0);
  assert_null(sql_text(db, &e, "SELECT 'x'"));
  err_reset(&e);
  assert_true(sql_integer(db, &e, "SELECT count(*) FROM sqlite_schema") == 0);
  sqlite3_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sql__what_stands_before_a_word_is_passed_over),
      cmocka_unit_test(test_sql__a_look_takes_no_virtual_table),
      cmocka_unit_test(test_sql__a_failure_is_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
