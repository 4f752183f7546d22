/*
** T-SQL as text: names, sources, strings, whole statements.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tsql/select.h"
#include <cmocka.h>

#include <string.h>

/* ---- plain ------------------------------------------------------------- */

static void test_tsql__quotes_closing_bracket(void **state) {
  struct err e = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  char *text;
  (void)state;
  tsql_identifier(out, "a]b[c'd", &e);
  text = sqlite3_str_finish(out);
  assert_int_equal(e.code, ERR_NONE);
  assert_string_equal(text, "[a]]b[c'd]");
  sqlite3_free(text);
}

static void quote(const char *bytes, int n, const char *expected) {
  struct err e = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  char *text;
  tsql_string(out, "N", bytes, n, &e);
  text = sqlite3_str_finish(out);
  if (expected) {
    assert_int_equal(e.code, ERR_NONE);
    assert_string_equal(text, expected);
  } else {
    assert_int_not_equal(e.code, ERR_NONE);
  }
  sqlite3_free(text);
}

static void test_tsql__strings_cannot_leave_their_quotes(void **state) {
  (void)state;
  quote("it's", 4, "N'it''s'");
  quote("'; DROP TABLE x --", 18, "N'''; DROP TABLE x --'");
  quote("", 0, "N''");
  quote("a\0b", 3, NULL);
  quote("\xff", 1, NULL);
  quote("\xc3", 1, NULL);
  quote("\xed\xa0\x80", 3, NULL);
}

static void discovers(const char *source, const char *expected) {
  struct err e = {0};
  char *text = tsql_discover(source, &e);
  if (expected) {
    assert_int_equal(e.code, ERR_NONE);
    assert_string_equal(text, expected);
  } else {
    assert_null(text);
    assert_int_equal(e.code, ERR_CONFIG);
  }
  sqlite3_free(text);
}

static void identifier(const char *name, const char *expected) {
  struct err e = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  tsql_identifier(out, name, &e);
  if (!strstr(e.text, expected)) fail_msg("%s", e.text);
  assert_int_equal(e.code, *expected ? ERR_CONFIG : ERR_NONE);
  sqlite3_free(sqlite3_str_finish(out));
}

/* SQL Server counts UTF-16 units: a character beyond U+FFFF is two. */
static void test_tsql__names_have_at_most_128_units(void **state) {
  char name[600] = "";
  (void)state;
  for (int i = 0; i < 64; i++) strcat(name, "\U0001F69A");
  identifier(name, "");
  strcat(name, "a");
  identifier(name, "more than 128 characters");
  memset(name, 'a', 128);
  name[128] = 0;
  identifier(name, "");
  strcat(name, "\u00e4");
  identifier(name, "more than 128 characters");
  identifier("", "\"\" cannot be a name: it is empty");
  identifier("a\\\nb", "a backslash before a line end");
}

static void test_tsql__sources_are_names_or_queries(void **state) {
  (void)state;
  discovers("dbo.vwX", "SELECT TOP (0) * FROM [dbo].[vwX]");
  discovers("[a.b].\"c d\"", "SELECT TOP (0) * FROM [a.b].[c d]");
  discovers("[a]]b].c", "SELECT TOP (0) * FROM [a]]b].[c]");
  discovers("selected", "SELECT TOP (0) * FROM [selected]");
  discovers("(SELECT 1 AS a)",
            "SELECT TOP (0) * FROM ((SELECT 1 AS a)\n) AS [q]");
  discovers("SELECT 1 AS a;", "SELECT TOP (0) * FROM (SELECT 1 AS a\n) AS [q]");
  discovers("-- all\n/* of /* it */ */ SELECT 1 AS a",
            "SELECT TOP (0) * FROM (-- all\n/* of /* it */ */ SELECT 1 AS "
            "a\n) AS [q]");
  discovers("/* open SELECT 1", NULL);
  discovers("Sales..vwO", "SELECT TOP (0) * FROM [Sales]..[vwO]");
  discovers("LINK.Sales..vwO", "SELECT TOP (0) * FROM [LINK].[Sales]..[vwO]");
  discovers("..vwO", NULL);
  discovers("Sales..", NULL);
  discovers("Sales.[].vwO", NULL);
  discovers("dbo.vwX; DROP TABLE y", NULL);
  discovers("a.b.c.d.e", NULL);
  discovers("[a", NULL);
  discovers("[a] b", NULL);
  discovers("SELECT '\xff' AS a", NULL);
}

/* ---- whole statements -------------------------------------------------- */

static void test_live__puts_the_parts_together(void **state) {
  struct tsql_column columns[] = {{"a", REMOTE_INT}, {"b]", REMOTE_INT}};
  struct tsql_select s = {.source = "dbo.v", .columns = columns, .top = -1};
  struct err e = {0};
  char *sql;
  (void)state;
  sql = tsql_select(&s, &e);
  assert_string_equal(sql, "SELECT 1 AS [row] FROM [dbo].[v]");
  sqlite3_free(sql);
  s.n_columns = 2;
  s.where = "([a] = 1)";
  s.order = "[a] DESC";
  s.top = 10;
  sql = tsql_select(&s, &e);
  assert_string_equal(sql, "SELECT TOP (10) [a], [b]]] FROM [dbo].[v] WHERE "
                           "([a] = 1) ORDER BY [a] DESC");
  sqlite3_free(sql);
  s.filter = "x = 1 -- why";
  sql = tsql_select(&s, &e);
  assert_string_equal(sql, "SELECT TOP (10) [a], [b]]] FROM [dbo].[v] WHERE "
                           "(x = 1 -- why\n) AND ([a] = 1) ORDER BY [a] DESC");
  sqlite3_free(sql);
  columns[0].type = REMOTE_VARIANT; /* without a style it would be in words */
  sql = tsql_select(&s, &e);
  assert_non_null(strstr(sql, "IN (N'smalldatetime') THEN "
                              "CONVERT(nvarchar(max), [a], 120)"));
  sqlite3_free(sql);
  s.filter = "x = '\xff'";
  assert_null(tsql_select(&s, &e));
  assert_int_equal(e.code, ERR_CONFIG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tsql__quotes_closing_bracket),
      cmocka_unit_test(test_tsql__strings_cannot_leave_their_quotes),
      cmocka_unit_test(test_tsql__names_have_at_most_128_units),
      cmocka_unit_test(test_tsql__sources_are_names_or_queries),
      cmocka_unit_test(test_live__puts_the_parts_together),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
