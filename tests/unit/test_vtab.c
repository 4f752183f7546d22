/*
** The live view without a server: arguments, plans, kept rows.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "live/args.h"
#include "live/memory.h"
#include "live/plan.h"
#include "live/vtab.h"
#include "sql_embedded.h"
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* ---- arguments --------------------------------------------------------- */

static void refuses_all(int argc, const char *const *argv, const char *text) {
  struct vtab_args a;
  struct err e = {0};
  assert_int_equal(vtab_args_parse(&a, argc, argv, &e), ERR_CONFIG);
  assert_non_null(strstr(e.text, text));
  assert_null(a.sync);
  assert_null(a.source);
  vtab_args_clear(&a);
}

static void refuses(const char *argument, const char *text) {
  refuses_all(1, &argument, text);
}

static void test_args__forms(void **state) {
  const char *sync[] = {" sync = customers "};
  const char *source[] = {"source='dbo.it''s'", "PROFILE=\"re\"\"porting\""};
  const char *query[] = {"query = 'SELECT a, b FROM t WHERE c = 1'"};
  const char *comment[] = {"query = '/* late */ SELECT a FROM t'"};
  const char *empty[] = {"  "};
  struct vtab_args a;
  struct err e = {0};
  (void)state;
  assert_int_equal(vtab_args_parse(&a, 1, sync, &e), ERR_NONE);
  assert_string_equal(a.sync, "customers");
  vtab_args_clear(&a);
  assert_int_equal(vtab_args_parse(&a, 2, source, &e), ERR_NONE);
  assert_string_equal(a.source, "dbo.it's");
  assert_string_equal(a.profile, "re\"porting");
  vtab_args_clear(&a);
  assert_int_equal(vtab_args_parse(&a, 1, query, &e), ERR_NONE);
  assert_string_equal(a.source, "SELECT a, b FROM t WHERE c = 1");
  assert_int_equal(a.is_query, 1);
  vtab_args_clear(&a);
  assert_int_equal(vtab_args_parse(&a, 1, comment, &e), ERR_NONE);
  vtab_args_clear(&a);
  assert_int_equal(vtab_args_parse(&a, 1, empty, &e), ERR_NONE);
  assert_null(a.sync);
  vtab_args_clear(&a);
}

static void test_args__mistakes_are_named(void **state) {
  const char *twice[] = {"sync=a", "sync=b"};
  const char *both[] = {"sync=a", "source=b"};
  const char *profile[] = {"sync=a", "profile=b"};
  (void)state;
  refuses("src=x", "there is no argument \"src\"; valid are: sync=NAME");
  refuses("s=x", "there is no argument \"s\""); /* nor the half of one */
  refuses("=x", "there is no argument \"\"");
  refuses("x", "the argument \"x\" is not key=value");
  refuses("sync=", "the argument sync= is malformed");
  refuses("sync=''", "the argument sync is empty");
  refuses("sync='a", "no proper end");
  refuses("sync='a' b", "no proper end");
  refuses("profile=x", "sync, source or query is missing");
  refuses("query='DROP TABLE x'", "does not begin with SELECT");
  refuses_all(2, twice, "the argument sync is given twice");
  refuses_all(2, both, "exclude each other");
  refuses_all(2, profile, "profile does not go with sync");
}

static void test_args__credentials_are_refused(void **state) {
  (void)state;
  refuses("password=hunter2", "belong in the profile");
  refuses("PWD=hunter2", "belong in the profile");
  refuses("user=sa", "belong in the profile");
}

/* ---- kept rows --------------------------------------------------------- */

static void test_rows__are_found_by_hash(void **state) {
  struct rows *r = NULL;
  struct err e = {0};
  struct cell cells[2], key = {.type = SQLITE_INTEGER}, got;
  sqlite3_int64 before = -1;
  int full, found = 0;
  char text[20];
  (void)state;
  assert_int_equal(rows_new(&r, 2, &e), ERR_NONE);
  for (int i = 0; i < 1000; i++) {
    memset(cells, 0, sizeof cells);
    cells[0].type = SQLITE_INTEGER;
    cells[0].integer = i % 100;
    sqlite3_snprintf(sizeof text, text, "row %d", i);
    cells[1].type = SQLITE_TEXT;
    cells[1].bytes = text;
    cells[1].n_bytes = (int)strlen(text);
    assert_int_equal(rows_add(r, cells, &full, &e), ERR_NONE);
    assert_false(full);
  }
  assert_int_equal(rows_index(r, 0, &e), ERR_NONE);
  key.integer = 42;
  for (sqlite3_int64 at = rows_first(r, &key); at >= 0;
       at = rows_after(r, at)) {
    rows_cell(r, at, 0, &got);
    assert_true(at > before); /* the server's order is kept */
    before = at;
    if (got.integer != 42) continue; /* the same bucket */
    found++;
    rows_cell(r, at, 1, &got);
    assert_int_equal(atoi(got.bytes + 4) % 100, 42);
  }
  assert_int_equal(found, 10);
  assert_true(rows_are_all(r, 0, SQLITE_INTEGER));
  assert_false(rows_are_all(r, 1, SQLITE_INTEGER));
  cells[0].type = SQLITE_NULL;
  cells[1].type = SQLITE_FLOAT;
  assert_int_equal(rows_add(r, cells, &full, &e), ERR_NONE);
  assert_true(rows_are_all(r, 0, SQLITE_INTEGER));
  assert_false(rows_are_all(r, 1, SQLITE_TEXT));
  cells[1].type = SQLITE_TEXT; /* what came before still counts */
  assert_int_equal(rows_add(r, cells, &full, &e), ERR_NONE);
  assert_false(rows_are_all(r, 1, SQLITE_TEXT));
  /* by another column */
  assert_int_equal(rows_index(r, 1, &e), ERR_NONE);
  key.type = SQLITE_TEXT;
  key.bytes = "row 7";
  key.n_bytes = 5;
  found = 0;
  for (sqlite3_int64 at = rows_first(r, &key); at >= 0; at = rows_after(r, at))
    found += at == 7;
  assert_int_equal(found, 1);
  rows_free(r);
  /* of none */
  assert_int_equal(rows_new(&r, 1, &e), ERR_NONE);
  assert_int_equal(rows_index(r, 0, &e), ERR_NONE);
  assert_int_equal(rows_first(r, &key), -1);
  rows_free(r);
}

/* ---- memory of earlier scans ------------------------------------------- */

static const char *idx_str = "plan"; /* only its address counts */

static enum memory_advice consider(struct memories *m, const char *a,
                                   const char *b) {
  struct request r = {.n = 2};
  struct err e = {0};
  enum memory_advice advice;
  r.texts[0] = a ? sqlite3_mprintf("%s", a) : NULL;
  r.texts[1] = sqlite3_mprintf("%s", b);
  advice = memories_consider(m, idx_str, &r, &e);
  request_clear(&r);
  assert_int_equal(e.code, ERR_NONE);
  return advice;
}

static void test_memory__fetches_once_after_some_misses(void **state) {
  struct memories m = {0};
  struct err e = {0};
  char text[20];
  (void)state;
  for (int i = 0; i < 8; i++) {
    sqlite3_snprintf(sizeof text, text, "a = %d", i);
    assert_int_equal(consider(&m, text, "b = 1"), MEMORY_SCAN);
  }
  assert_int_equal(consider(&m, "a = 8", "b = 1"), MEMORY_FETCH);
  assert_true(m.current->varied[0] && !m.current->varied[1]);
  rows_new(&m.current->rows, 1, &e);
  assert_int_equal(consider(&m, "a = 9", "b = 1"), MEMORY_LOCAL);
  assert_int_equal(consider(&m, NULL, "b = 1"), MEMORY_LOCAL);
  /* what was kept was fetched by b = 1 */
  assert_int_equal(consider(&m, "a = 9", "b = 2"), MEMORY_FETCH);
  assert_null(m.current->rows);
  assert_true(m.current->varied[1]);
  memories_clear(&m);
}

static void test_memory__keeps_at_once_what_comes_again(void **state) {
  struct memories m = {0};
  (void)state;
  assert_int_equal(consider(&m, "a = 1", "b = 1"), MEMORY_SCAN);
  assert_int_equal(consider(&m, "a = 1", "b = 1"), MEMORY_FETCH);
  memories_clear(&m);
}

/* A few look-ups are no reason to read a table of any size. */
static void
test_memory__fetches_no_more_than_the_scans_are_worth(void **state) {
  struct memories m = {0};
  char text[20];
  int n_fetches = 0, last = 0;
  (void)state;
  for (int i = 1; i <= 600; i++) {
    sqlite3_snprintf(sizeof text, text, "a = %d", i / 2); /* each twice */
    if (consider(&m, text, "b = 1") != MEMORY_FETCH) continue;
    assert_int_equal(m.current->most, 5000 * i);
    assert_true(i > 8 * last);
    last = i;
    n_fetches++;
    memory_give_up(m.current);
    assert_false(m.current->too_large);
  }
  assert_int_equal(n_fetches, 3);
  memories_clear(&m);
  /* the very same scan costs as much each time */
  consider(&m, "a = 1", "b = 1");
  assert_int_equal(consider(&m, "a = 1", "b = 1"), MEMORY_FETCH);
  assert_int_equal(m.current->most, 0);
  memory_give_up(m.current);
  assert_int_equal(consider(&m, "a = 1", "b = 1"), MEMORY_SCAN);
  memories_clear(&m);
}

/* The cursor of a subquery goes on where the one that it replaces was; that of
** another statement does not. */
static void test_memory__is_handed_on_within_a_statement(void **state) {
  struct memories m = {0}, next = {0};
  struct err e = {0};
  (void)state;
  consider(&m, "a = 1", "b = 1");
  rows_new(&m.current->rows, 1, &e);
  memories_hand_on(&m, &next);
  assert_null(m.list);
  assert_int_equal(consider(&next, "a = 1", "b = 1"), MEMORY_LOCAL);
  memories_hand_on(&next, &m);
  idx_str++; /* of another statement */
  assert_int_equal(consider(&m, "a = 1", "b = 1"), MEMORY_SCAN);
  assert_null(m.current->rows);
  memories_clear(&m);
}

/* ---- through SQLite, without a server ---------------------------------- */

static sqlite3 *open_db(int installed) {
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(vtab_register(db), SQLITE_OK);
  if (installed) {
    assert_int_equal(sqlite3_exec(db, sql_schema, 0, 0, 0), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql_open_orders, 0, 0, 0), SQLITE_OK);
  }
  return db;
}

static void fails(sqlite3 *db, const char *sql, const char *text) {
  char *message = NULL;
  assert_int_not_equal(sqlite3_exec(db, sql, 0, 0, &message), SQLITE_OK);
  if (!strstr(message, text)) fail_msg("%s: %s", sql, message);
  sqlite3_free(message);
}

static char *plan_of(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
  sqlite3_str *out = sqlite3_str_new(NULL);
  assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL), SQLITE_OK);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    sqlite3_str_appendall(out, (const char *)sqlite3_column_text(stmt, 3));
  }
  sqlite3_finalize(stmt);
  sqlite3_free(explain);
  return sqlite3_str_finish(out);
}

/* The plan ends with this text. */
static void plans(sqlite3 *db, const char *sql, const char *text) {
  char *plan = plan_of(db, sql);
  size_t n = strlen(text), has = strlen(plan);
  if (has < n || strcmp(plan + has - n, text) != 0) {
    fail_msg("%s: %s", sql, plan);
  }
  sqlite3_free(plan);
}

static void test_vtab__says_that_nothing_is_installed(void **state) {
  sqlite3 *db = open_db(0);
  (void)state;
  fails(db, "SELECT * FROM ordersync", "not installed");
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_vtab__plans_without_a_network(void **state) {
  sqlite3 *db = open_db(1);
  (void)state;
  plans(db, "SELECT sales_doc FROM ordersync WHERE plant = 8800",
        "SELECT [plant], [salesDoc] FROM [dbo].[vwZSDOrder_Advanced] "
        "WHERE ([plant] = 8800)");
  plans(db, "SELECT plant FROM ordersync WHERE plant = 1 LIMIT 2 OFFSET 1",
        "SELECT [plant] FROM [dbo].[vwZSDOrder_Advanced] WHERE ([plant] = 1)");
  plans(db, "SELECT plant FROM ordersync WHERE plant = NULL",
        "SELECT [plant] FROM [dbo].[vwZSDOrder_Advanced] WHERE ([plant] = ?)");
  plans(db, "SELECT count(*) FROM ordersync",
        "SELECT 1 AS [row] FROM [dbo].[vwZSDOrder_Advanced]");
  plans(db, "SELECT plant FROM ordersync WHERE plant IN (1,2,3)",
        "([plant] IN (?))");
  plans(db, "SELECT plant FROM ordersync WHERE plant <> 1",
        "SELECT [plant] FROM [dbo].[vwZSDOrder_Advanced]");
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* What a plan has no place for stays here; the rest is sent. */
static void test_vtab__plans_hold_so_many_conditions(void **state) {
  sqlite3 *db = open_db(1);
  sqlite3_str *many = sqlite3_str_new(db);
  char *sql;
  (void)state;
  sqlite3_str_appendall(many, "SELECT plant FROM ordersync WHERE 1");
  for (int i = 0; i < 3 * PLAN_TERMS; i++) {
    sqlite3_str_appendf(many, " AND plant > %d", i);
  }
  sql = sqlite3_str_finish(many);
  plans(db, sql, "AND ([plant] >= 64)");
  sqlite3_free(sql);
  plans(db, "SELECT plant FROM ordersync WHERE rowid = 1 AND plant = 2",
        "SELECT [plant] FROM [dbo].[vwZSDOrder_Advanced] WHERE ([plant] = 2)");
  plans(db, "SELECT plant FROM ordersync ORDER BY rowid, plant",
        "FROM [dbo].[vwZSDOrder_Advanced]USE TEMP B-TREE FOR ORDER BY");
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_vtab__is_read_only(void **state) {
  sqlite3 *db = open_db(1);
  (void)state;
  fails(db, "INSERT INTO ordersync(plant) VALUES(1)",
        "table ordersync may not be modified");
  fails(db, "DELETE FROM ordersync", "table ordersync may not be modified");
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_vtab__notices_a_changed_mapping(void **state) {
  sqlite3 *db = open_db(1);
  (void)state;
  plans(db, "SELECT plant FROM ordersync",
        "SELECT [plant] FROM [dbo].[vwZSDOrder_Advanced]");
  assert_int_equal(
      sqlite3_exec(db,
                   "UPDATE ordersync_columns SET target_column='factory' WHERE "
                   "target_column='plant'",
                   0, 0, 0),
      SQLITE_OK);
  fails(db, "SELECT plant FROM ordersync", "have changed since");
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The second statement ends between opening its cursor and using it; what it
** has left behind, the first finds when it closes its own. */
static void test_vtab__a_cursor_may_close_unused(void **state) {
  sqlite3 *db = open_db(1);
  sqlite3_stmt *first;
  (void)state;
  assert_int_equal(
      sqlite3_prepare_v2(db,
                         "SELECT plant FROM ordersync WHERE plant = NULL UNION "
                         "ALL SELECT 1",
                         -1, &first, NULL),
      SQLITE_OK);
  assert_int_equal(sqlite3_step(first), SQLITE_ROW);
  fails(db,
        "SELECT plant FROM ordersync WHERE plant = (SELECT "
        "abs(-9223372036854775808 + count(*) * 0) FROM ordersync_syncs)",
        "integer overflow");
  assert_int_equal(sqlite3_finalize(first), SQLITE_OK);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A file from somewhere else, whose table has lost what it needs, can be
** looked at and mended, and never makes us call out. */
static void test_vtab__a_broken_table_can_be_dropped(void **state) {
  sqlite3 *db = open_db(0);
  (void)state;
  assert_int_equal(
      sqlite3_exec(
          db,
          "PRAGMA writable_schema=ON;"
          "INSERT INTO sqlite_schema VALUES('table','x','x',0,"
          "'CREATE VIRTUAL TABLE x USING ordersync(source=''dbo.v'')');"
          "INSERT INTO sqlite_schema VALUES('table','y','y',0,"
          "'CREATE VIRTUAL TABLE y USING ordersync(sync=gone)');"
          "PRAGMA writable_schema=RESET",
          0, 0, 0),
      SQLITE_OK);
  fails(db, "SELECT * FROM x", "is gone: DROP and CREATE");
  fails(db, "SELECT * FROM y", "not installed");
  assert_int_equal(sqlite3_exec(db, "DROP TABLE x; DROP TABLE y", 0, 0, 0),
                   SQLITE_OK);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_args__forms),
      cmocka_unit_test(test_args__mistakes_are_named),
      cmocka_unit_test(test_args__credentials_are_refused),
      cmocka_unit_test(test_rows__are_found_by_hash),
      cmocka_unit_test(test_memory__fetches_once_after_some_misses),
      cmocka_unit_test(test_memory__keeps_at_once_what_comes_again),
      cmocka_unit_test(test_memory__fetches_no_more_than_the_scans_are_worth),
      cmocka_unit_test(test_memory__is_handed_on_within_a_statement),
      cmocka_unit_test(test_vtab__says_that_nothing_is_installed),
      cmocka_unit_test(test_vtab__plans_without_a_network),
      cmocka_unit_test(test_vtab__plans_hold_so_many_conditions),
      cmocka_unit_test(test_vtab__is_read_only),
      cmocka_unit_test(test_vtab__notices_a_changed_mapping),
      cmocka_unit_test(test_vtab__a_cursor_may_close_unused),
      cmocka_unit_test(test_vtab__a_broken_table_can_be_dropped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
