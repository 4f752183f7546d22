/*
** T-SQL as text: names, sources, strings, and which conditions are printed.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tsql/where.h"
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
  tsql_string(out, bytes, n, &e);
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

static void test_tsql__sources_are_names_or_queries(void **state) {
  (void)state;
  discovers("dbo.vwX", "SELECT TOP (0) * FROM [dbo].[vwX]");
  discovers("[a.b].\"c d\"", "SELECT TOP (0) * FROM [a.b].[c d]");
  discovers("SELECT 1 AS a;", "SELECT TOP (0) * FROM (SELECT 1 AS a\n) AS [q]");
  discovers("dbo.vwX; DROP TABLE y", NULL);
  discovers("a.b.c.d.e", NULL);
  discovers("[a", NULL);
}

/* ---- conditions -------------------------------------------------------- */

static struct cell integer(sqlite3_int64 v) {
  struct cell c = {.type = SQLITE_INTEGER, .integer = v};
  return c;
}

static struct cell real(double v) {
  struct cell c = {.type = SQLITE_FLOAT, .real = v};
  return c;
}

static struct cell text(const char *v) {
  struct cell c = {.type = SQLITE_TEXT};
  c.bytes = v;
  c.n_bytes = (int)strlen(v);
  return c;
}

static struct cell blob(const char *v, int n) {
  struct cell c = {.type = SQLITE_BLOB};
  c.bytes = v;
  c.n_bytes = n;
  return c;
}

static struct where_column column(enum remote_type type, enum value_kind kind) {
  struct where_column c = {.source = "c", .type = type, .kind = kind};
  c.affinity = where_affinity(value_kind_decl(kind, type));
  if (type == REMOTE_MONEY || type == REMOTE_SMALLMONEY) {
    c.precision = type == REMOTE_MONEY ? 19 : 10;
    c.scale = 4;
  }
  if (type == REMOTE_DATETIME) c.scale = 3;
  return c;
}

static struct where_column scaled(enum remote_type type, enum value_kind kind,
                                  int precision, int scale) {
  struct where_column c = column(type, kind);
  c.precision = precision;
  c.scale = scale;
  return c;
}

/* expected NULL: nothing may be printed. */
static void prints_list(struct where_column c, enum where_op op,
                        const struct cell *values, int n,
                        enum where_result result, const char *expected) {
  struct err e = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  enum where_result got = tsql_where(out, &c, op, values, n, &e);
  char *printed = sqlite3_str_finish(out);
  assert_int_equal(e.code, ERR_NONE);
  if (expected) {
    assert_non_null(printed);
    assert_string_equal(printed, expected);
  } else {
    assert_null(printed);
  }
  assert_int_equal(got, result);
  sqlite3_free(printed);
}

static void prints(struct where_column c, enum where_op op, struct cell v,
                   enum where_result result, const char *expected) {
  prints_list(c, op, &v, 1, result, expected);
}

static void prints_test(struct where_column c, enum where_op op,
                        enum where_result result, const char *expected) {
  prints_list(c, op, NULL, 0, result, expected);
}

static void test_where__whole_numbers_mean_the_same(void **state) {
  struct where_column c = column(REMOTE_INT, KIND_INTEGER);
  (void)state;
  prints(c, WHERE_EQ, integer(8800), WHERE_EXACT, "([c] = 8800)");
  prints(c, WHERE_LT, integer(5), WHERE_EXACT, "([c] <= 4)");
  prints(c, WHERE_GT, integer(-1), WHERE_EXACT, "([c] >= 0)");
  prints(c, WHERE_EQ, real(8800.0), WHERE_EXACT, "([c] = 8800)");
  prints(c, WHERE_EQ, real(0.5), WHERE_EXACT, "(1 = 0)");
  prints(c, WHERE_LT, real(2.5), WHERE_EXACT, "([c] <= 2)");
  prints(c, WHERE_GT, real(2.5), WHERE_EXACT, "([c] >= 3)");
  prints(c, WHERE_GE, real(-2.5), WHERE_EXACT, "([c] >= -2)");
  prints(c, WHERE_LE, real(-2.5), WHERE_EXACT, "([c] <= -3)");
  prints(c, WHERE_LT, real(3.0), WHERE_EXACT, "([c] <= 2)");
  prints(c, WHERE_LT, real(1e30), WHERE_SKIP, NULL);
  prints(c, WHERE_GT, real(1e30), WHERE_EXACT, "(1 = 0)");
  prints(c, WHERE_GT, real(-1e30), WHERE_SKIP, NULL);
  prints(c, WHERE_LT, integer(INT64_MIN), WHERE_EXACT, "(1 = 0)");
  prints(c, WHERE_GT, integer(INT64_MAX), WHERE_EXACT, "(1 = 0)");
  prints(c, WHERE_EQ, text("abc"), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, blob("1", 1), WHERE_SKIP, NULL);
}

/* The server would have to convert one of the sides, and might overflow. */
static void test_where__integers_stay_within_the_type(void **state) {
  struct where_column c = column(REMOTE_SMALLINT, KIND_INTEGER);
  struct cell two[] = {integer(1), integer(1LL << 53)};
  (void)state;
  prints(c, WHERE_EQ, integer(32768), WHERE_EXACT, "(1 = 0)");
  prints(c, WHERE_EQ, integer(32767), WHERE_EXACT, "([c] = 32767)");
  prints(c, WHERE_GE, integer(40000), WHERE_EXACT, "(1 = 0)");
  prints(c, WHERE_LE, integer(40000), WHERE_SKIP, NULL);
  prints(c, WHERE_GE, integer(-40000), WHERE_SKIP, NULL);
  prints_list(c, WHERE_EQ, two, 2, WHERE_EXACT, "([c] IN (1))");
  c = column(REMOTE_BIGINT, KIND_INTEGER);
  prints_list(c, WHERE_EQ, two, 2, WHERE_EXACT,
              "([c] IN (1, CAST(9007199254740992 AS bigint)))");
  prints(c, WHERE_GT, integer(INT64_MIN), WHERE_EXACT,
         "([c] >= CAST(-9223372036854775807 AS bigint))");
}

static void test_where__reals_of_large_integers_are_not_pushed(void **state) {
  struct where_column c = column(REMOTE_BIGINT, KIND_REAL);
  (void)state;
  prints(c, WHERE_EQ, real(9007199254740991.0), WHERE_WIDE,
         "([c] = CAST(9007199254740991 AS bigint))");
  prints(c, WHERE_EQ, real(9007199254740992.0), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, integer(1LL << 53), WHERE_SKIP, NULL);
}

static void test_where__lists_of_integers(void **state) {
  struct where_column c = column(REMOTE_BIGINT, KIND_INTEGER);
  struct cell three[] = {integer(1), real(2.5), integer(3)};
  struct cell none[] = {real(0.5), real(1.5)};
  struct cell mixed[] = {integer(1), text("x")};
  (void)state;
  prints_list(c, WHERE_EQ, three, 3, WHERE_EXACT, "([c] IN (1, 3))");
  prints_list(c, WHERE_EQ, none, 2, WHERE_EXACT, "(1 = 0)");
  prints_list(c, WHERE_EQ, mixed, 2, WHERE_SKIP, NULL);
}

static void test_where__long_lists_become_their_range(void **state) {
  struct where_column c = column(REMOTE_INT, KIND_INTEGER);
  static struct cell many[5000];
  (void)state;
  for (int i = 0; i < 5000; i++) many[i] = integer(2 * i);
  prints_list(c, WHERE_EQ, many, 5000, WHERE_WIDE, "([c] BETWEEN 0 AND 9998)");
}

static void test_where__a_number_never_meets_a_text_column(void **state) {
  struct where_column c = column(REMOTE_STRING, KIND_RAW);
  (void)state;
  prints(c, WHERE_EQ, integer(8800), WHERE_SKIP, NULL);
  /* text that becomes a number: no CAST that could fail */
  c = column(REMOTE_STRING, KIND_INTEGER);
  prints(c, WHERE_EQ, integer(-8800), WHERE_WIDE,
         "(CAST([c] AS nvarchar(max)) COLLATE Latin1_General_BIN2 LIKE "
         "N'%8800%')");
  prints(c, WHERE_LT, integer(5), WHERE_SKIP, NULL);
}

static void test_where__text_is_compared_for_equality_only(void **state) {
  struct where_column c = column(REMOTE_STRING, KIND_TEXT);
  struct cell two[] = {text("a"), text("b'c")};
  (void)state;
  prints(c, WHERE_EQ, text("it's"), WHERE_WIDE, "([c] = N'it''s')");
  prints_list(c, WHERE_EQ, two, 2, WHERE_WIDE, "([c] IN (N'a', N'b''c'))");
  prints(c, WHERE_LT, text("a"), WHERE_SKIP, NULL);
  prints(c, WHERE_GE, text("a"), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, text("\xff"), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, blob("a", 1), WHERE_SKIP, NULL);
  two[0].bytes = "a\0b";
  two[0].n_bytes = 3;
  prints(c, WHERE_EQ, two[0], WHERE_SKIP, NULL);
}

/* Blanks at the end are the server's business, but not a tab before them. */
static void test_where__long_lists_of_trimmed_text_are_one_in(void **state) {
  struct where_column c = column(REMOTE_STRING, KIND_STRING);
  struct cell values[11];
  (void)state;
  for (int i = 0; i < 11; i++) values[i] = text("a");
  prints_list(c, WHERE_EQ, values, 11, WHERE_WIDE,
              "([c] IN (N'a', N'a', N'a', N'a', N'a', N'a', N'a', N'a', N'a', "
              "N'a', N'a') OR CAST([c] AS nvarchar(max)) COLLATE "
              "Latin1_General_BIN2 LIKE N'[^!-~]%' OR RTRIM(CAST([c] AS "
              "nvarchar(max))) COLLATE Latin1_General_BIN2 LIKE N'%[^!-~]')");
  values[10] = integer(1);
  prints_list(c, WHERE_EQ, values, 11, WHERE_SKIP, NULL);
}

#define BIN "CAST([c] AS nvarchar(max)) COLLATE Latin1_General_BIN2 "

static void test_where__trimmed_text_is_found_between_blanks(void **state) {
  struct where_column c = column(REMOTE_STRING, KIND_STRING);
  (void)state;
  prints(c, WHERE_EQ, text("a_b"), WHERE_WIDE,
         "([c] = N'a_b' OR " BIN "LIKE N'[^!-~]%a[_]b%' OR " BIN
         "LIKE N'a[_]b[^!-~]%')");
  prints(c, WHERE_EQ, text("a[%'"), WHERE_WIDE,
         "([c] = N'a[%''' OR " BIN "LIKE N'[^!-~]%a[[][%]''%' OR " BIN
         "LIKE N'a[[][%]''[^!-~]%')");
  /* what is blank outside is never equal */
  prints(c, WHERE_EQ, text(" a"), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, text(""), WHERE_SKIP, NULL);
}

static void test_where__decimals_are_widened_and_clamped(void **state) {
  struct where_column c = scaled(REMOTE_DECIMAL, KIND_DECIMAL, 13, 3);
  (void)state;
  prints(c, WHERE_EQ, real(1.5), WHERE_WIDE, "([c] BETWEEN 1.5 AND 1.5)");
  prints(c, WHERE_EQ, text("1.500"), WHERE_WIDE, "([c] BETWEEN 1.5 AND 1.5)");
  prints(c, WHERE_EQ, real(1e20), WHERE_WIDE, "(1 = 0)");
  prints(c, WHERE_LE, real(1e20), WHERE_SKIP, NULL);
  prints(c, WHERE_LT, integer(5), WHERE_WIDE, "([c] <= 5)");
  prints(c, WHERE_GT, integer(5), WHERE_WIDE, "([c] >= 5)");
  prints(c, WHERE_GE, real(-0.25), WHERE_WIDE, "([c] >= -0.25)");
  prints(c, WHERE_EQ, text("abc"), WHERE_SKIP, NULL);
  prints(c, WHERE_GT, text("5"), WHERE_SKIP, NULL);
  c = scaled(REMOTE_DECIMAL, KIND_REAL, 13, 3);
  prints(c, WHERE_GT, integer(5), WHERE_WIDE, "([c] >= 5)");
  c = scaled(REMOTE_DECIMAL, KIND_INTEGER, 38, 38);
  prints(c, WHERE_EQ, integer(5), WHERE_WIDE, "(1 = 0)");
  c = column(REMOTE_SMALLMONEY, KIND_REAL);
  prints(c, WHERE_LT, real(2e6), WHERE_SKIP, NULL);
  prints(c, WHERE_GT, real(2e6), WHERE_WIDE, "(1 = 0)");
}

/* What has more than 15 digits is TEXT, which is greater than any number. */
static void test_where__what_may_be_text_is_above_any_number(void **state) {
  struct where_column c = scaled(REMOTE_DECIMAL, KIND_DECIMAL, 18, 2);
  (void)state;
  prints(c, WHERE_GT, integer(5), WHERE_WIDE,
         "([c] >= 5 OR [c] <= -10000000000000)");
  prints(c, WHERE_GE, real(1e15), WHERE_WIDE,
         "([c] >= 10000000000000 OR [c] <= -10000000000000)");
  prints(c, WHERE_GT, real(1e30), WHERE_WIDE,
         "([c] >= 10000000000000 OR [c] <= -10000000000000)");
  prints(c, WHERE_GT, real(-1e17), WHERE_SKIP, NULL);
  prints(c, WHERE_LT, integer(5), WHERE_WIDE, "([c] <= 5)");
  prints(c, WHERE_EQ, integer(5), WHERE_WIDE, "([c] BETWEEN 5 AND 5)");
  c.kind = KIND_REAL;
  prints(c, WHERE_GT, integer(5), WHERE_WIDE, "([c] >= 5)");
  c = scaled(REMOTE_DECIMAL, KIND_RAW, 38, 20);
  prints(c, WHERE_GT, integer(5), WHERE_WIDE,
         "([c] >= 0.00001 OR [c] <= -0.00001)");
  c = scaled(REMOTE_DECIMAL, KIND_RAW, 16, 0);
  prints(c, WHERE_GT, integer(5), WHERE_WIDE,
         "([c] >= 5 OR [c] <= -1000000000000000)");
  c = scaled(REMOTE_DECIMAL, KIND_RAW, 38, 38);
  prints(c, WHERE_GT, real(0.5), WHERE_WIDE,
         "([c] >= 0 OR [c] <= -0.00000000000000000000001)");
}

static void test_where__floats_are_widened(void **state) {
  struct where_column c = column(REMOTE_FLOAT, KIND_REAL);
  (void)state;
  prints(c, WHERE_EQ, real(1.0), WHERE_WIDE,
         "([c] BETWEEN 9.9999999999999645e-01 AND 1.0000000000000036e+00)");
  prints(c, WHERE_LT, real(1.7976931348623157e308), WHERE_SKIP, NULL);
  prints(c, WHERE_GT, real(1.0 / 0.0), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, text("1.5"), WHERE_SKIP, NULL);
}

static void test_where__dates_are_bounded_by_their_text(void **state) {
  struct where_column c = column(REMOTE_DATE, KIND_DATE);
  (void)state;
  prints(c, WHERE_GE, text("2025-01-01"), WHERE_EXACT, "([c] >= '2025-01-01')");
  prints(c, WHERE_LT, text("2025-01-01"), WHERE_EXACT, "([c] < '2025-01-01')");
  prints(c, WHERE_LT, text("2025-01-01x"), WHERE_WIDE, "([c] <= '2025-01-01')");
  prints(c, WHERE_GE, text("2025-02-30"), WHERE_SKIP, NULL);
  prints(c, WHERE_GE, text("2025-01"), WHERE_SKIP, NULL);
  prints(c, WHERE_GE, integer(2025), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, text("20250101"), WHERE_SKIP, NULL);
}

static void test_where__date_and_time_keep_their_range(void **state) {
  struct where_column c = column(REMOTE_DATETIME, KIND_DATETIME);
  (void)state;
  /* the type's ticks are rounded when shown */
  prints(c, WHERE_GE, text("2025-01-01 00:00:00.003"), WHERE_WIDE,
         "([c] >= '2024-12-31T23:59:59.993')");
  prints(c, WHERE_LE, text("1600-01-01"), WHERE_WIDE,
         "([c] <= '1753-01-01T00:00:00.000')");
  prints(c, WHERE_GE, text("1600-01-01"), WHERE_SKIP, NULL);
  prints(c, WHERE_LE, text("9999-12-31 23:59:59.997"), WHERE_SKIP, NULL);
  c = scaled(REMOTE_SMALLDATETIME, KIND_DATETIME, 0, 0);
  prints(c, WHERE_GE, text("2100-01-01"), WHERE_WIDE,
         "([c] >= '2079-06-06T00:00:00')");
  c = scaled(REMOTE_DATETIME2, KIND_DATE, 0, 7);
  prints(c, WHERE_EQ, text("2025-01-01"), WHERE_WIDE,
         "([c] >= '2025-01-01T00:00:00.0000000' AND [c] <= "
         "'2025-01-02T00:00:00.0000000')");
  prints(c, WHERE_LT, text("9999-12-31"), WHERE_SKIP, NULL);
  c = scaled(REMOTE_DATETIMEOFFSET, KIND_DATETIME, 0, 7);
  prints(c, WHERE_EQ, text("2025-01-01 10:00:00.0000000+05:30"), WHERE_WIDE,
         "([c] >= '2024-12-31T00:00:00+00:00' AND [c] < "
         "'2025-01-03T00:00:00+00:00')");
  prints(c, WHERE_LE, text("9999-12-31"), WHERE_SKIP, NULL);
}

static void test_where__times_of_day(void **state) {
  struct where_column c = scaled(REMOTE_TIME, KIND_TIME, 0, 3);
  (void)state;
  prints(c, WHERE_EQ, text("12:34:56.123"), WHERE_WIDE,
         "([c] = '12:34:56.123')");
  prints(c, WHERE_EQ, text("12:34:56.1234567"), WHERE_WIDE,
         "([c] >= '12:34:56.123')");
  prints(c, WHERE_LT, text("12:34:56"), WHERE_WIDE, "([c] <= '12:34:56.000')");
  prints(c, WHERE_LT, text("24:00:00"), WHERE_SKIP, NULL);
}

static void test_where__guids_and_binaries(void **state) {
  struct where_column c = column(REMOTE_GUID, KIND_GUID);
  (void)state;
  prints(c, WHERE_EQ, text("6F9619FF-8B86-D011-B42D-00C04FC964FF"), WHERE_WIDE,
         "([c] = '6F9619FF-8B86-D011-B42D-00C04FC964FF')");
  prints(c, WHERE_EQ, text("x"), WHERE_SKIP, NULL);
  prints(c, WHERE_LT, text("6F9619FF-8B86-D011-B42D-00C04FC964FF"), WHERE_SKIP,
         NULL);
  c = column(REMOTE_BINARY, KIND_BLOB);
  prints(c, WHERE_EQ, blob("\x01\xff", 2), WHERE_WIDE, "([c] = 0x01FF)");
  prints(c, WHERE_EQ, blob("", 0), WHERE_WIDE, "([c] = 0x)");
  prints(c, WHERE_EQ, text("a"), WHERE_SKIP, NULL);
  prints(c, WHERE_LT, blob("a", 1), WHERE_SKIP, NULL);
}

static void test_where__null_tests_follow_the_conversion(void **state) {
  (void)state;
  prints_test(column(REMOTE_INT, KIND_INTEGER), WHERE_ISNULL, WHERE_EXACT,
              "([c] IS NULL)");
  prints_test(column(REMOTE_STRING, KIND_RAW), WHERE_ISNULL, WHERE_EXACT,
              "([c] IS NULL)");
  /* blank becomes NULL */
  prints_test(column(REMOTE_STRING, KIND_STRING), WHERE_ISNULL, WHERE_WIDE,
              "([c] IS NULL OR " BIN "NOT LIKE N'%[!-~]%')");
  prints_test(column(REMOTE_STRING, KIND_STRING), WHERE_NOTNULL, WHERE_WIDE,
              "([c] IS NOT NULL)");
  /* so does what does not convert */
  prints_test(column(REMOTE_STRING, KIND_INTEGER), WHERE_ISNULL, WHERE_SKIP,
              NULL);
  prints_test(column(REMOTE_DECIMAL, KIND_INTEGER), WHERE_ISNULL, WHERE_SKIP,
              NULL);
  prints_test(column(REMOTE_UNKNOWN, KIND_RAW), WHERE_NOTNULL, WHERE_SKIP,
              NULL);
}

static void test_where__what_the_server_cannot_compare(void **state) {
  (void)state;
  prints(column(REMOTE_LONGTEXT, KIND_RAW), WHERE_EQ, text("a"), WHERE_SKIP,
         NULL);
  prints(column(REMOTE_IMAGE, KIND_BLOB), WHERE_EQ, blob("a", 1), WHERE_SKIP,
         NULL);
  prints(column(REMOTE_VARIANT, KIND_RAW), WHERE_EQ, integer(1), WHERE_SKIP,
         NULL);
  prints(column(REMOTE_UNKNOWN, KIND_RAW), WHERE_EQ, integer(1), WHERE_SKIP,
         NULL);
}

static void test_where__what_sorts_alike(void **state) {
  struct where_column c = column(REMOTE_INT, KIND_INTEGER);
  (void)state;
  assert_true(tsql_sorts_alike(&c));
  c = column(REMOTE_DATE, KIND_DATE);
  assert_true(tsql_sorts_alike(&c));
  c = column(REMOTE_STRING, KIND_RAW);
  assert_false(tsql_sorts_alike(&c));
  c = column(REMOTE_INT, KIND_STRING);
  assert_false(tsql_sorts_alike(&c));
  c = scaled(REMOTE_DECIMAL, KIND_DECIMAL, 15, 3);
  assert_true(tsql_sorts_alike(&c));
  c = scaled(REMOTE_DECIMAL, KIND_DECIMAL, 16, 3);
  assert_false(tsql_sorts_alike(&c));
  c = scaled(REMOTE_DECIMAL, KIND_STRING, 15, 3);
  assert_false(tsql_sorts_alike(&c));
  c = column(REMOTE_DECIMAL, KIND_DECIMAL); /* not told */
  assert_false(tsql_sorts_alike(&c));
  c = column(REMOTE_DATETIME, KIND_DATE);
  assert_false(tsql_sorts_alike(&c));
}

/* ---- whole statements -------------------------------------------------- */

static void test_live__puts_the_parts_together(void **state) {
  struct tsql_column columns[] = {{"a", REMOTE_INT, KIND_RAW},
                                  {"b]", REMOTE_INT, KIND_RAW}};
  struct live_select s = {.source = "dbo.v", .columns = columns, .top = -1};
  struct err e = {0};
  char *sql;
  (void)state;
  sql = tsql_live(&s, &e);
  assert_string_equal(sql, "SELECT 1 AS [row] FROM [dbo].[v]");
  sqlite3_free(sql);
  s.n_columns = 2;
  s.where = "([a] = 1)";
  s.order = "[a] DESC";
  s.top = 10;
  sql = tsql_live(&s, &e);
  assert_string_equal(sql, "SELECT TOP (10) [a], [b]]] FROM [dbo].[v] WHERE "
                           "([a] = 1) ORDER BY [a] DESC");
  sqlite3_free(sql);
  s.filter = "x = 1 -- why";
  sql = tsql_live(&s, &e);
  assert_string_equal(sql, "SELECT TOP (10) [a], [b]]] FROM [dbo].[v] WHERE "
                           "(x = 1 -- why\n) AND ([a] = 1) ORDER BY [a] DESC");
  sqlite3_free(sql);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tsql__quotes_closing_bracket),
      cmocka_unit_test(test_tsql__strings_cannot_leave_their_quotes),
      cmocka_unit_test(test_tsql__sources_are_names_or_queries),
      cmocka_unit_test(test_where__whole_numbers_mean_the_same),
      cmocka_unit_test(test_where__integers_stay_within_the_type),
      cmocka_unit_test(test_where__reals_of_large_integers_are_not_pushed),
      cmocka_unit_test(test_where__lists_of_integers),
      cmocka_unit_test(test_where__long_lists_become_their_range),
      cmocka_unit_test(test_where__a_number_never_meets_a_text_column),
      cmocka_unit_test(test_where__text_is_compared_for_equality_only),
      cmocka_unit_test(test_where__long_lists_of_trimmed_text_are_one_in),
      cmocka_unit_test(test_where__trimmed_text_is_found_between_blanks),
      cmocka_unit_test(test_where__decimals_are_widened_and_clamped),
      cmocka_unit_test(test_where__what_may_be_text_is_above_any_number),
      cmocka_unit_test(test_where__floats_are_widened),
      cmocka_unit_test(test_where__dates_are_bounded_by_their_text),
      cmocka_unit_test(test_where__date_and_time_keep_their_range),
      cmocka_unit_test(test_where__times_of_day),
      cmocka_unit_test(test_where__guids_and_binaries),
      cmocka_unit_test(test_where__null_tests_follow_the_conversion),
      cmocka_unit_test(test_where__what_the_server_cannot_compare),
      cmocka_unit_test(test_where__what_sorts_alike),
      cmocka_unit_test(test_live__puts_the_parts_together),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
