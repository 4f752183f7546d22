/*
** Syncs and columns: every mistake names the sync, the row and the column.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "source/mapping.h"
#include "source/naming.h"
#include "sql_embedded.h"
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static sqlite3 *open_installed(void) {
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql_schema, 0, 0, 0), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql_open_orders, 0, 0, 0), SQLITE_OK);
  return db;
}

/* Runs the statement, then loads the default sync and expects the text. */
static void expect_error(const char *sql, const char *options,
                         const char *text) {
  struct mapping m = {0};
  struct err e = {0};
  sqlite3 *db = open_installed();
  if (sql) assert_int_equal(sqlite3_exec(db, sql, 0, 0, 0), SQLITE_OK);
  if (!mapping_load(&m, db, NULL, &e)) mapping_options(&m, db, options, &e);
  assert_int_equal(e.code, ERR_CONFIG);
  assert_string_equal(e.text, text);
  mapping_clear(&m);
  sqlite3_close(db);
}

static void test_mapping__default_has_68_columns(void **state) {
  struct mapping m = {0};
  struct err e = {0};
  sqlite3 *db = open_installed();
  int count[KIND_COUNT] = {0};
  (void)state;
  assert_int_equal(mapping_load(&m, db, NULL, &e), ERR_NONE);
  assert_int_equal(m.n_columns, 68);
  for (int i = 0; i < m.n_columns; i++) count[m.columns[i].kind]++;
  assert_int_equal(count[KIND_INTEGER], 21);
  assert_int_equal(count[KIND_DATE], 5);
  assert_int_equal(count[KIND_TEXT], 4);
  assert_int_equal(count[KIND_STRING], 38);
  assert_string_equal(m.target, "open_orders");
  assert_string_equal(m.schema, "main");
  assert_int_equal(m.batch_size, 500);
  assert_int_equal(m.retries, 3);
  assert_true(m.min_rows == -1);
  mapping_clear(&m);
  sqlite3_close(db);
}

static void test_mapping__not_installed_says_so(void **state) {
  struct mapping m = {0};
  struct err e = {0};
  sqlite3 *db;
  (void)state;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(mapping_load(&m, db, NULL, &e), ERR_CONFIG);
  assert_string_equal(e.text, "ordersync is not installed in this database; "
                              "run: SELECT ordersync_install()");
  sqlite3_close(db);
}

static void test_mapping__unknown_sync_lists_the_known(void **state) {
  struct mapping m = {0};
  struct err e = {0};
  sqlite3 *db = open_installed();
  (void)state;
  assert_int_equal(mapping_load(&m, db, "nope", &e), ERR_CONFIG);
  assert_string_equal(e.text, "there is no sync \"nope\"; known syncs are: "
                              "open_orders");
  sqlite3_close(db);
}

static void test_mapping__wrong_settings_are_named(void **state) {
  (void)state;
  expect_error("UPDATE ordersync_syncs SET mode='upsert'", NULL,
               "sync \"open_orders\" in ordersync_syncs: mode is 'upsert', but "
               "must be one of: replace, diff, append, merge");
  expect_error("UPDATE ordersync_syncs SET batch_size=0", NULL,
               "sync \"open_orders\" in ordersync_syncs: batch_size is '0', "
               "but must be a whole number from 1 to 1000000");
  expect_error("UPDATE ordersync_syncs SET retries='many'", NULL,
               "sync \"open_orders\" in ordersync_syncs: retries is 'many', "
               "but must be a whole number from 0 to 100");
  expect_error("UPDATE ordersync_syncs SET max_shrink_percent=101", NULL,
               "sync \"open_orders\" in ordersync_syncs: max_shrink_percent is "
               "'101.0', but must be a number from 0 to 100");
  expect_error("UPDATE ordersync_syncs SET source='  '", NULL,
               "sync \"open_orders\" in ordersync_syncs: source must not be "
               "empty");
}

static void test_mapping__wrong_columns_are_named(void **state) {
  (void)state;
  expect_error("DELETE FROM ordersync_columns", NULL,
               "sync \"open_orders\" has no mapping: no rows in "
               "ordersync_columns");
  expect_error("UPDATE ordersync_columns SET kind='money' WHERE position=17",
               NULL,
               "sync \"open_orders\", ordersync_columns position 17: column "
               "\"orderQty\": there is no kind 'money'; valid are: integer, "
               "string, text, date, real, decimal, datetime, time, boolean, "
               "blob, guid, raw");
  expect_error("UPDATE ordersync_columns SET target_column='SOLD_TO' WHERE "
               "position=2",
               NULL,
               "sync \"open_orders\", ordersync_columns position 2: target "
               "column \"SOLD_TO\" is mapped twice (positions 1 and 2)");
  expect_error("UPDATE ordersync_columns SET source_column='' WHERE "
               "position=3",
               NULL,
               "sync \"open_orders\", ordersync_columns position 3: "
               "source_column is empty");
}

static void test_mapping__wrong_options_are_named(void **state) {
  (void)state;
  expect_error(
      NULL, "{\"mod\":\"diff\"}",
      "sync \"open_orders\", options: there is no option \"mod\"; "
      "valid are: profile, filter, mode, key, watermark, overlap, "
      "full_every, probe, batch_size, on_missing, "
      "on_bad_value, min_rows, max_shrink_percent, retries, "
      "keep_days, keep_changes, stale_after, failing_after, dry_run, force, "
      "full, query_timeout, login_timeout");
  expect_error(NULL, "{\"mode\":",
               "sync \"open_orders\", options: the options "
               "are not JSON: {\"mode\":");
  expect_error(NULL, "[1]",
               "sync \"open_orders\", options: they must be a "
               "JSON object such as {\"mode\":\"diff\"}");
  expect_error(NULL, "7",
               "sync \"open_orders\", options: they must be a JSON "
               "object such as {\"mode\":\"diff\"}");
  expect_error(NULL, "{\"mode\":[1]}",
               "sync \"open_orders\", options: option \"mode\" cannot be an "
               "array");
  expect_error(NULL, "{\"dry_run\":\"yes\"}",
               "sync \"open_orders\", options: dry_run is 'yes', but must be a "
               "whole number from 0 to 1");
}

static void test_mapping__options_override_the_row(void **state) {
  struct mapping m = {0};
  struct err e = {0};
  sqlite3 *db = open_installed();
  (void)state;
  assert_int_equal(mapping_load(&m, db, "open_orders", &e), ERR_NONE);
  assert_int_equal(
      mapping_options(&m, db,
                      "{\"mode\":\"diff\",\"dry_run\":true,\"force\":false,"
                      "\"filter\":\"plant = 8800\",\"min_rows\":12,"
                      "\"max_shrink_percent\":2.5,\"keep_days\":null}",
                      &e),
      ERR_NONE);
  assert_int_equal(m.mode, MODE_DIFF);
  assert_int_equal(m.dry_run, 1);
  assert_int_equal(m.force, 0);
  assert_string_equal(m.filter, "plant = 8800");
  assert_true(m.min_rows == 12);
  assert_true(m.max_shrink_percent == 2.5);
  assert_int_equal(m.keep_days, -1);
  mapping_clear(&m);
  sqlite3_close(db);
}

/* Of these rows of ordersync_syncs, which is meant where none is named? */
static void expect_default(const char *sql, const char *name) {
  struct mapping m = {0};
  struct err e = {0};
  sqlite3 *db = open_installed();
  char *is;
  assert_int_equal(sqlite3_exec(db, sql, 0, 0, 0), SQLITE_OK);
  is = mapping_default(db, &e);
  assert_int_equal(e.code, name ? ERR_NONE : ERR_CONFIG);
  if (name) assert_string_equal(is, name);
  assert_int_equal(mapping_load(&m, db, NULL, &e), e.code);
  if (name) assert_string_equal(m.sync, name);
  mapping_clear(&m);
  sqlite3_free(is);
  sqlite3_close(db);
}

#define MORE                                                                   \
  "INSERT INTO ordersync_syncs(name, source, target) VALUES('a', 'x', 'y'), "  \
  "('z', 'x', 'y');"

static void test_mapping__default_is_open_orders_or_the_only_one(void **state) {
  (void)state;
  expect_default("SELECT 1", "open_orders");
  expect_default(MORE, "open_orders");
  expect_default("UPDATE ordersync_syncs SET name = 'mine'", "mine");
  expect_default(MORE "DELETE FROM ordersync_syncs WHERE name = 'open_orders'",
                 NULL);
  expect_default("DELETE FROM ordersync_syncs", NULL);
}

static void test_mapping__next_goes_through_all(void **state) {
  struct err e = {0};
  sqlite3 *db = open_installed();
  static const char *const names[] = {"", "a", "open_orders", "z"};
  char *name;
  (void)state;
  assert_int_equal(sqlite3_exec(db, MORE, 0, 0, 0), SQLITE_OK);
  for (int i = 0; i < 3; i++) {
    name = mapping_next(db, names[i], &e);
    assert_string_equal(name, names[i + 1]);
    sqlite3_free(name);
  }
  assert_null(mapping_next(db, "z", &e));
  assert_int_equal(e.code, ERR_NONE);
  /* One that would be found again and again. */
  assert_int_equal(
      sqlite3_exec(db,
                   "INSERT INTO ordersync_syncs(name, source, target) "
                   "VALUES('z' || char(0) || 'y', 'x', 'y')",
                   0, 0, 0),
      SQLITE_OK);
  assert_null(mapping_next(db, "z", &e));
  assert_string_equal(e.text, "name holds a NUL character");
  sqlite3_close(db);
}

static void test_mapping__a_key_is_of_whole_names(void **state) {
  struct mapping m = {0};
  struct err e = {0};
  sqlite3 *db = open_installed();
  int n = 0;
  (void)state;
  assert_int_equal(
      sqlite3_exec(db, "UPDATE ordersync_syncs SET key=' ORDER_QTY_UOM ,plant'",
                   0, 0, 0),
      SQLITE_OK);
  assert_int_equal(mapping_load(&m, db, NULL, &e), ERR_NONE);
  assert_true(mapping_has_key(&m));
  for (int i = 0; i < m.n_columns; i++) {
    if (!mapping_is_key(&m, i)) continue;
    n++; /* not order_qty */
    assert_true(strcmp(m.columns[i].target, "order_qty_uom") == 0 ||
                strcmp(m.columns[i].target, "plant") == 0);
  }
  assert_int_equal(n, 2);
  strcpy(m.key, " , \n,");
  assert_false(mapping_has_key(&m));
  mapping_clear(&m);
  sqlite3_close(db);
}

static void test_naming__makes_the_68_names(void **state) {
  struct mapping m = {0};
  struct err e = {0};
  sqlite3 *db = open_installed();
  static const char *const more[][2] = {
      {"", "column_7"},       {"a b-c", "a_b_c_2"},
      {"__x__", "x_3"},       {"HTTPServer", "http_server_4"},
      {"Ümlaut", "Ümlaut_5"}, {"a1B2", "a1_b2_6"},
      {"?!", "column_7_7"},
  };
  (void)state;
  assert_int_equal(mapping_load(&m, db, NULL, &e), ERR_NONE);
  for (int i = 0; i < m.n_columns; i++) {
    char *name = naming_target(m.columns[i].source, i + 1, 1);
    assert_string_equal(name, m.columns[i].target);
    sqlite3_free(name);
  }
  for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
    char *name = naming_target(more[i][0], 7, (int)i + 1);
    assert_string_equal(name, more[i][1]);
    sqlite3_free(name);
  }
  mapping_clear(&m);
  sqlite3_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mapping__default_has_68_columns),
      cmocka_unit_test(test_mapping__not_installed_says_so),
      cmocka_unit_test(test_mapping__unknown_sync_lists_the_known),
      cmocka_unit_test(test_mapping__wrong_settings_are_named),
      cmocka_unit_test(test_mapping__wrong_columns_are_named),
      cmocka_unit_test(test_mapping__wrong_options_are_named),
      cmocka_unit_test(test_mapping__options_override_the_row),
      cmocka_unit_test(test_mapping__default_is_open_orders_or_the_only_one),
      cmocka_unit_test(test_mapping__next_goes_through_all),
      cmocka_unit_test(test_mapping__a_key_is_of_whole_names),
      cmocka_unit_test(test_naming__makes_the_68_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
