/*
** Which conditions are printed as T-SQL, and how.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tsql/where.h"
#include "value/text.h"
#include "value/time.h"
#include <cmocka.h>

#include <string.h>

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
  c.affinity = 'T'; /* SQLite compares texts: '10' < '9' */
  prints(c, WHERE_LT, integer(9), WHERE_SKIP, NULL);
  assert_false(tsql_sorts_alike(&c));
}

/* As https://sqlite.org/datatype3.html has them. */
static void test_where__affinity_is_that_of_sqlite(void **state) {
  static const char *const decls[] = {"INTEGER",       "bigint",
                                      "CHARINT",       "varchar(255)",
                                      "CLOB",          "TEXT",
                                      "BLOB",          "",
                                      "REAL",          "double precision",
                                      "FLOAT",         "NUMERIC",
                                      "DECIMAL(13,3)", "BOOLEAN",
                                      "datetime"};
  (void)state;
  for (size_t i = 0; i < sizeof decls / sizeof *decls; i++) {
    assert_int_equal(where_affinity(decls[i]), "IIITTTBBRRRNNNN"[i]);
  }
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
  /* to T-SQL, the minus is none of the literal's */
  prints(c, WHERE_EQ, integer(INT32_MIN), WHERE_EXACT,
         "([c] = CAST(-2147483648 AS bigint))");
}

static void test_where__reals_of_large_integers_are_not_pushed(void **state) {
  struct where_column c = column(REMOTE_BIGINT, KIND_REAL);
  (void)state;
  prints(c, WHERE_EQ, real(9007199254740991.0), WHERE_WIDE,
         "([c] = CAST(9007199254740991 AS bigint))");
  prints(c, WHERE_EQ, real(9007199254740992.0), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, integer(1LL << 53), WHERE_SKIP, NULL);
  c.affinity = 'B'; /* of a target that was declared without a type */
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

/* A list that T-SQL's IN cannot hold: all of it, or nothing. */
static void test_where__lists_of_comparisons(void **state) {
  struct where_column c = column(REMOTE_STRING, KIND_INTEGER);
  struct cell numbers[] = {integer(7), integer(12)};
  struct cell texts[] = {text("7"), text("12")};
  static struct cell many[101];
  sqlite3_str *out = sqlite3_str_new(NULL);
  struct err e = {0};
  (void)state;
  prints_list(c, WHERE_EQ, numbers, 2, WHERE_WIDE,
              "(([c] LIKE N'%7%') OR ([c] LIKE N'%12%'))");
  c = column(REMOTE_INT, KIND_STRING);
  prints_list(c, WHERE_EQ, texts, 2, WHERE_WIDE, "(([c] = 7) OR ([c] = 12))");
  c = column(REMOTE_INT, KIND_BOOLEAN); /* 12 is none, and NULL here */
  prints_list(c, WHERE_EQ, numbers, 2, WHERE_WIDE, "(([c] = 7) OR ([c] = 12))");
  c = column(REMOTE_DATE, KIND_DATE);
  for (int i = 0; i < 101; i++) many[i] = text("2025-01-01");
  assert_int_equal(tsql_where(out, &c, WHERE_EQ, many, 100, &e), WHERE_WIDE);
  sqlite3_free(sqlite3_str_finish(out));
  prints_list(c, WHERE_EQ, many, 101, WHERE_SKIP, NULL);
  many[1] = text("soon");
  prints_list(c, WHERE_EQ, many, 2, WHERE_SKIP, NULL);
}

static void test_where__a_number_never_meets_a_text_column(void **state) {
  struct where_column c = column(REMOTE_STRING, KIND_RAW);
  (void)state;
  prints(c, WHERE_EQ, integer(8800), WHERE_SKIP, NULL);
  /* text that becomes a number */
  c = column(REMOTE_STRING, KIND_INTEGER);
  prints(c, WHERE_EQ, integer(-8800), WHERE_WIDE, "([c] LIKE N'%8800%')");
  prints(c, WHERE_EQ, real(8800.0), WHERE_WIDE, "([c] LIKE N'%8800%')");
  prints(c, WHERE_EQ, real(0.5), WHERE_SKIP, NULL);
  prints(c, WHERE_LT, integer(5), WHERE_SKIP, NULL);
  /* or a date, in either form */
  c = column(REMOTE_STRING, KIND_DATE);
  prints(c, WHERE_EQ, text("2025-03-01"), WHERE_WIDE,
         "([c] LIKE N'%2025-03-01%' OR [c] LIKE N'%20250301%')");
  prints(c, WHERE_EQ, text("2025-03-xx"), WHERE_SKIP, NULL);
}

static void test_where__text_is_compared_for_equality_only(void **state) {
  static char too_long[1001];
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
  memset(too_long, 'a', sizeof too_long);
  two[0].bytes = too_long;
  two[0].n_bytes = sizeof too_long;
  prints(c, WHERE_EQ, two[0], WHERE_SKIP, NULL);
}

/* ---- text that is trimmed ---------------------------------------------- */

/* " OR [c] LIKE N'<space>%after'" for each character that text_trim() takes. */
static void append_spaces(sqlite3_str *out, const char *prefix,
                          const char *after) {
  for (unsigned c = 1; c < 0xFFFF; c++) {
    char text[4];
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
    if (n == 1) text[0] = (char)c;
    if (n == 2) text[0] = (char)(0xC0 | c >> 6);
    if (n == 3) {
      text[0] = (char)(0xE0 | c >> 12);
      text[1] = (char)(0x80 | (c >> 6 & 63));
    }
    if (n > 1) text[n - 1] = (char)(0x80 | (c & 63));
    const unsigned char *left = (const unsigned char *)text;
    int n_left = n;
    text_trim(&left, &n_left);
    if (n_left > 0) continue;
    sqlite3_str_appendf(out, " OR [c] LIKE %s'%.*s%%%s'", prefix, n, text,
                        after);
  }
}

static void prints_spaces(struct where_column c, enum where_op op,
                          const struct cell *values, int n, const char *head,
                          const char *after) {
  sqlite3_str *expected = sqlite3_str_new(NULL);
  char *want;
  sqlite3_str_appendf(expected, "(%s", head);
  append_spaces(expected, c.is_ansi ? "" : "N", after);
  sqlite3_str_appendchar(expected, 1, ')');
  want = sqlite3_str_finish(expected);
  prints_list(c, op, values, n, WHERE_WIDE, want);
  sqlite3_free(want);
}

/* Bare columns only, and ranges only: an index can be sought. */
static void test_where__trimmed_text_is_found_between_blanks(void **state) {
  struct where_column c = column(REMOTE_STRING, KIND_STRING);
  struct cell v = text("a_b");
  (void)state;
  prints_spaces(c, WHERE_EQ, &v, 1,
                "[c] = N'a_b' OR [c] LIKE N'a[_]b%' AND "
                "[c] NOT LIKE N'a[_]b[0-9A-Za-z]%'",
                "a[_]b%");
  v = text("a[%'");
  prints_spaces(c, WHERE_EQ, &v, 1,
                "[c] = N'a[%''' OR [c] LIKE N'a[[][%]''%' AND "
                "[c] NOT LIKE N'a[[][%]''[0-9A-Za-z]%'",
                "a[[][%]''%");
  c.is_ansi = 1;
  v = text("a");
  prints_spaces(c, WHERE_EQ, &v, 1,
                "[c] = 'a' OR [c] LIKE 'a%' AND [c] NOT LIKE 'a[0-9A-Za-z]%'",
                "a%");
  /* what is blank outside is never equal */
  prints(c, WHERE_EQ, text(" a"), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, text(""), WHERE_SKIP, NULL);
}

/* A combining mark melts into the white space before it: no pattern of the
** white space alone would find it under a linguistic collation. */
static void test_where__what_melts_into_blanks_is_not_pushed(void **state) {
  static const char *const whole[] = {"x",      "\u00e4", "\u0416", "\u05d0",
                                      "\u0627", "\u3042", "\u30a2", "\u6771",
                                      "\uac00", "\uff21"};
  static const char *const melts[] = {
      "\u0301", "\u05b0", "\u064b", "\u0e31", "\u200d",     "\u3099",
      "\u309d", "\u30fc", "\ufe0f", "\uff9e", "\U0001F3FB", "\U00010400"};
  struct where_column c = column(REMOTE_STRING, KIND_STRING);
  (void)state;
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
    struct cell v = text(whole[i]);
    struct err e = {0};
    sqlite3_str *out = sqlite3_str_new(NULL);
    assert_int_equal(tsql_where(out, &c, WHERE_EQ, &v, 1, &e), WHERE_WIDE);
    sqlite3_free(sqlite3_str_finish(out));
  }
  for (size_t i = 0; i < sizeof melts / sizeof *melts; i++) {
    prints(c, WHERE_EQ, text(melts[i]), WHERE_SKIP, NULL);
  }
}

static void test_where__lists_of_trimmed_text(void **state) {
  struct where_column c = column(REMOTE_STRING, KIND_STRING);
  static struct cell many[2001];
  sqlite3_str *head = sqlite3_str_new(NULL);
  struct err e = {0};
  char *want;
  (void)state;
  for (int i = 0; i < 2001; i++) many[i] = text("a");
  prints_spaces(c, WHERE_EQ, many, 2,
                "[c] IN (N'a', N'a') OR [c] LIKE N'a%' OR [c] LIKE N'a%'", "");
  /* more than the server would like to seek for: blanks at the end are its
  ** own business, but not a tab before them */
  sqlite3_str_appendall(head, "([c] IN (N'a'");
  for (int i = 1; i < 101; i++) sqlite3_str_appendall(head, ", N'a'");
  sqlite3_str_appendall(
      head, ") OR CAST([c] AS nvarchar(max)) COLLATE Latin1_General_BIN2 LIKE "
            "N'[^!-~]%' OR RTRIM(CAST([c] AS nvarchar(max))) COLLATE "
            "Latin1_General_BIN2 LIKE N'%[^!-~]')");
  want = sqlite3_str_finish(head);
  prints_list(c, WHERE_EQ, many, 101, WHERE_WIDE, want);
  sqlite3_free(want);
  head = sqlite3_str_new(NULL);
  assert_int_equal(tsql_where(head, &c, WHERE_EQ, many, 2000, &e), WHERE_WIDE);
  sqlite3_free(sqlite3_str_finish(head));
  prints_list(c, WHERE_EQ, many, 2001, WHERE_SKIP, NULL);
  c.kind = KIND_RAW;
  prints_list(c, WHERE_EQ, many, 2001, WHERE_SKIP, NULL);
  many[1] = integer(1);
  prints_list(c, WHERE_EQ, many, 2, WHERE_SKIP, NULL);
}

static void test_where__ascii_spares_a_varchar_its_index(void **state) {
  struct where_column c = column(REMOTE_STRING, KIND_RAW);
  struct cell two[] = {text("a"), text("\u00e4")};
  (void)state;
  c.is_ansi = 1;
  prints(c, WHERE_EQ, text("it's"), WHERE_WIDE, "([c] = 'it''s')");
  prints_list(c, WHERE_EQ, two, 2, WHERE_WIDE, "([c] IN ('a', N'\u00e4'))");
}

/* SQL Server deletes a backslash and the line end behind it. */
static void test_where__no_literal_has_a_continued_line(void **state) {
  struct where_column c = column(REMOTE_STRING, KIND_RAW);
  struct cell two[] = {text("\\\n"), text("\\\r\n")};
  (void)state;
  prints(c, WHERE_EQ, text("C:\\tmp\\\nx"), WHERE_WIDE,
         "([c] = N'C:\\tmp\\' + N'\nx')");
  prints_list(c, WHERE_EQ, two, 2, WHERE_WIDE,
              "([c] IN (N'\\' + N'\n', N'\\' + N'\r\n'))");
  prints(c, WHERE_EQ, text("a\\\rb"), WHERE_WIDE, "([c] = N'a\\\rb')");
  c.is_ansi = 1;
  prints(c, WHERE_EQ, text("a\\\nb"), WHERE_WIDE, "([c] = 'a\\' + '\nb')");
  c = column(REMOTE_STRING, KIND_STRING);
  two[0] = text("a\\\nb");
  prints_spaces(c, WHERE_EQ, two, 1,
                "[c] = N'a\\' + N'\nb' OR [c] LIKE N'a\\' + N'\nb%' AND [c] "
                "NOT LIKE N'a\\' + N'\nb[0-9A-Za-z]%'",
                "a\\' + N'\nb%");
}

static void test_where__decimals_are_widened_and_clamped(void **state) {
  struct where_column c = scaled(REMOTE_DECIMAL, KIND_DECIMAL, 13, 3);
  (void)state;
  prints(c, WHERE_EQ, real(1.5), WHERE_WIDE, "([c] BETWEEN 1.5 AND 1.5)");
  prints(c, WHERE_EQ, text("1.500"), WHERE_WIDE, "([c] BETWEEN 1.5 AND 1.5)");
  prints(c, WHERE_EQ, real(1e20), WHERE_WIDE, "(1 = 0)");
  prints(c, WHERE_LE, real(1e20), WHERE_SKIP, NULL);
  prints(c, WHERE_LE, real(-1e20), WHERE_WIDE, "(1 = 0)");
  prints(c, WHERE_GE, real(-0.0001), WHERE_WIDE, "([c] >= 0)");
  prints(c, WHERE_LT, integer(5), WHERE_WIDE, "([c] <= 5)");
  prints(c, WHERE_GT, integer(5), WHERE_WIDE, "([c] >= 5)");
  prints(c, WHERE_GE, real(-0.25), WHERE_WIDE, "([c] >= -0.25)");
  prints(c, WHERE_EQ, text("abc"), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, real(1.0 / 0.0), WHERE_SKIP, NULL);
  prints(c, WHERE_GT, text("5"), WHERE_SKIP, NULL);
  c = scaled(REMOTE_DECIMAL, KIND_REAL, 13, 3);
  prints(c, WHERE_GT, integer(5), WHERE_WIDE, "([c] >= 5)");
  c = scaled(REMOTE_DECIMAL, KIND_INTEGER, 38, 38);
  prints(c, WHERE_EQ, integer(5), WHERE_WIDE, "(1 = 0)");
  c = scaled(REMOTE_DECIMAL, KIND_DECIMAL, 5, 5); /* no whole digit */
  prints(c, WHERE_EQ, real(0.15), WHERE_WIDE, "([c] BETWEEN 0.15 AND 0.15)");
  prints(c, WHERE_GT, real(0.999995), WHERE_WIDE, "([c] >= 0.99999)");
  prints(c, WHERE_LT, real(-0.5), WHERE_WIDE, "([c] <= -0.5)");
  prints(c, WHERE_LT, real(-0.999995), WHERE_WIDE, "([c] <= -0.99999)");
  prints(c, WHERE_LE, real(0.99999), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, integer(2), WHERE_WIDE, "(1 = 0)");
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

/* What the server's type cannot hold is not cast to it: that is an error. */
static void test_where__bounds_have_the_type_that_they_fit(void **state) {
  struct where_column c = scaled(REMOTE_MONEY, KIND_DECIMAL, 19, 4);
  (void)state;
  prints(c, WHERE_LE, real(1000.5), WHERE_WIDE,
         "([c] <= CAST(1000.5 AS money))");
  prints(c, WHERE_LE, real(922337203685478.5), WHERE_WIDE,
         "([c] <= 922337203685481.75)");
  c = scaled(REMOTE_SMALLMONEY, KIND_DECIMAL, 10, 4);
  prints(c, WHERE_EQ, real(-1.5), WHERE_WIDE,
         "([c] BETWEEN CAST(-1.5 AS smallmoney) AND CAST(-1.5 AS smallmoney))");
  prints(c, WHERE_LE, real(214749.5), WHERE_WIDE, "([c] <= 214749.5)");
  c = column(REMOTE_REAL, KIND_REAL);
  prints(c, WHERE_LE, real(1e39), WHERE_WIDE,
         "([c] <= 1.0000004768371582e+39)");
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
  prints(c, WHERE_GE, text("2025-01-01"), WHERE_EXACT,
         "([c] >= CAST('2025-01-01' AS date))");
  prints(c, WHERE_LT, text("2025-01-01"), WHERE_EXACT,
         "([c] < CAST('2025-01-01' AS date))");
  prints(c, WHERE_LT, text("2025-01-01x"), WHERE_WIDE,
         "([c] <= CAST('2025-01-01' AS date))");
  prints(c, WHERE_GE, text("2025-02-30"), WHERE_SKIP, NULL);
  prints(c, WHERE_GE, text("2025-01"), WHERE_SKIP, NULL);
  prints(c, WHERE_GE, integer(2025), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, text("20250101"), WHERE_SKIP, NULL);
  c.kind = KIND_DATETIME; /* midnight comes behind the day alone */
  prints(c, WHERE_GT, text("2025-01-01"), WHERE_WIDE,
         "([c] >= CAST('2025-01-01' AS date))");
}

static void test_where__date_and_time_keep_their_range(void **state) {
  struct where_column c = column(REMOTE_DATETIME, KIND_DATETIME);
  (void)state;
  /* the type's ticks are rounded when shown */
  prints(c, WHERE_GE, text("2025-01-01 00:00:00.003"), WHERE_WIDE,
         "([c] >= CAST('2024-12-31T23:59:59.993' AS datetime))");
  prints(c, WHERE_LE, text("1600-01-01"), WHERE_WIDE,
         "([c] <= CAST('1753-01-01T00:00:00.000' AS datetime))");
  prints(c, WHERE_GE, text("1600-01-01"), WHERE_SKIP, NULL);
  prints(c, WHERE_LE, text("9999-12-31 23:59:59.997"), WHERE_SKIP, NULL);
  prints(c, WHERE_LE, text("9999-12-31 23:59:59.989"), WHERE_SKIP, NULL);
  prints(c, WHERE_LE, text("2025-01-01 23:59:59.995"), WHERE_WIDE,
         "([c] <= CAST('2025-01-02T00:00:00.005' AS datetime))");
  c = scaled(REMOTE_SMALLDATETIME, KIND_DATETIME, 0, 0);
  prints(c, WHERE_GE, text("2100-01-01"), WHERE_WIDE,
         "([c] >= CAST('2079-06-06T00:00:00' AS smalldatetime))");
  prints(c, WHERE_LE, text("2025-01-01 10:00:30"), WHERE_WIDE,
         "([c] <= CAST('2025-01-01T10:00:00' AS smalldatetime))");
  c = scaled(REMOTE_DATETIME2, KIND_DATE, 0, 7);
  prints(
      c, WHERE_EQ, text("2025-01-01"), WHERE_WIDE,
      "([c] >= CAST('2025-01-01T00:00:00.0000000' AS datetime2(7)) AND [c] <= "
      "CAST('2025-01-02T00:00:00.0000000' AS datetime2(7)))");
  prints(c, WHERE_LT, text("2025-01-01 10:00:00"), WHERE_WIDE,
         "([c] <= CAST('2025-01-02T00:00:00.0000000' AS datetime2(7)))");
  prints(c, WHERE_LT, text("9999-12-31"), WHERE_SKIP, NULL);
  prints(c, WHERE_EQ, text("9999-12-31"), WHERE_WIDE,
         "([c] >= CAST('9999-12-31T00:00:00.0000000' AS datetime2(7)))");
  /* as texts, all of a day is less than its T, and than a Z behind seconds */
  c = scaled(REMOTE_DATETIME2, KIND_DATETIME, 0, 0);
  prints(c, WHERE_LT, text("2025-01-01T10:00:00"), WHERE_WIDE,
         "([c] <= CAST('2025-01-02T00:00:00' AS datetime2(0)))");
  prints(c, WHERE_LT, text("2025-01-01 10:00:00Z"), WHERE_WIDE,
         "([c] <= CAST('2025-01-02T00:00:00' AS datetime2(0)))");
  prints(c, WHERE_LT, text("2025-01-01 10:00:00"), WHERE_WIDE,
         "([c] <= CAST('2025-01-01T10:00:00' AS datetime2(0)))");
  c = scaled(REMOTE_DATETIMEOFFSET, KIND_DATETIME, 0, 7);
  prints(c, WHERE_EQ, text("2025-01-01 10:00:00.0000000+05:30"), WHERE_WIDE,
         "([c] >= CAST('2024-12-31T00:00:00+00:00' AS datetimeoffset(7)) AND "
         "[c] < "
         "CAST('2025-01-03T00:00:00+00:00' AS datetimeoffset(7)))");
  prints(c, WHERE_LE, text("9999-12-31"), WHERE_SKIP, NULL);
  prints(c, WHERE_GE, text("0001-01-01"), WHERE_SKIP, NULL);
}

static void test_where__times_of_day(void **state) {
  struct where_column c = scaled(REMOTE_TIME, KIND_TIME, 0, 3);
  (void)state;
  prints(c, WHERE_EQ, text("12:34:56.123"), WHERE_WIDE,
         "([c] = CAST('12:34:56.123' AS time(3)))");
  prints(c, WHERE_EQ, text("12:34:56.1234567"), WHERE_WIDE,
         "([c] >= CAST('12:34:56.123' AS time(3)))");
  prints(c, WHERE_LT, text("12:34:56"), WHERE_WIDE,
         "([c] <= CAST('12:34:56.000' AS time(3)))");
  prints(c, WHERE_GT, text("12:34:56"), WHERE_WIDE,
         "([c] >= CAST('12:34:56.000' AS time(3)))");
  prints(c, WHERE_LT, text("24:00:00"), WHERE_SKIP, NULL);
}

static void test_where__guids_and_binaries(void **state) {
  static const char too_long[1001] = {0};
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
  prints(c, WHERE_EQ, blob(too_long, sizeof too_long), WHERE_SKIP, NULL);
}

static void test_where__null_tests_follow_the_conversion(void **state) {
  (void)state;
  prints_test(column(REMOTE_INT, KIND_INTEGER), WHERE_ISNULL, WHERE_EXACT,
              "([c] IS NULL)");
  prints_test(column(REMOTE_STRING, KIND_RAW), WHERE_ISNULL, WHERE_EXACT,
              "([c] IS NULL)");
  /* blank becomes NULL */
  prints_spaces(column(REMOTE_STRING, KIND_STRING), WHERE_ISNULL, NULL, 0,
                "[c] IS NULL OR [c] = N''", "");
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

/* Whatever a column may hold: where one of these becomes NULL here, its being
** NULL there is not the question. */
static void test_where__a_null_test_is_exact_where_all_converts(void **state) {
  static const unsigned char digits[17] = {1};
  static const struct {
    enum remote_type type;
    struct value value;
  } held[] = {
      {REMOTE_BIT, {.type = VALUE_INTEGER, .integer = 1}},
      {REMOTE_TINYINT, {.type = VALUE_INTEGER, .integer = 2}},
      {REMOTE_BIGINT, {.type = VALUE_INTEGER, .integer = 2}},
      {REMOTE_REAL, {.type = VALUE_SINGLE, .real = 0.5}},
      {REMOTE_FLOAT, {.type = VALUE_REAL, .real = 0.5}},
      {REMOTE_DECIMAL,
       {.type = VALUE_DECIMAL, .scale = 1, .bytes = digits, .n_bytes = 1}},
      {REMOTE_MONEY,
       {.type = VALUE_DECIMAL, .scale = 4, .bytes = digits, .n_bytes = 1}},
      {REMOTE_DATE, {.type = VALUE_DATE}},
      {REMOTE_TIME, {.type = VALUE_TIME}},
      {REMOTE_DATETIME, {.type = VALUE_DATETIME, .scale = 3}},
      {REMOTE_DATETIME2, {.type = VALUE_DATETIME, .scale = 7}},
      /* of the year 0 where it is from */
      {REMOTE_DATETIMEOFFSET,
       {.type = VALUE_DATETIMEOFFSET,
        .days = DAY_FIRST,
        .offset_minutes = -60}},
      {REMOTE_STRING,
       {.type = VALUE_TEXT, .bytes = (const unsigned char *)" ", .n_bytes = 1}},
      {REMOTE_LONGTEXT,
       {.type = VALUE_TEXT, .bytes = (const unsigned char *)" ", .n_bytes = 1}},
      {REMOTE_BINARY, {.type = VALUE_BLOB, .bytes = digits, .n_bytes = 15}},
      {REMOTE_IMAGE, {.type = VALUE_BLOB, .bytes = digits, .n_bytes = 15}},
      {REMOTE_GUID, {.type = VALUE_GUID, .bytes = digits, .n_bytes = 16}},
      {REMOTE_VARIANT,
       {.type = VALUE_TEXT, .bytes = (const unsigned char *)" ", .n_bytes = 1}},
      {REMOTE_UDT, {.type = VALUE_BLOB, .bytes = digits, .n_bytes = 15}}};
  (void)state;
  for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
    for (int kind = 0; kind < KIND_COUNT; kind++) {
      struct where_column c = column(held[i].type, (enum value_kind)kind);
      struct cell cell;
      if (!value_kind_accepts((enum value_kind)kind, held[i].type) ||
          !can_push_null(&c))
        continue;
      if (!value_convert(&held[i].value, (enum value_kind)kind, &cell) ||
          cell.type == SQLITE_NULL) {
        fail_msg("%s as %s", remote_type_name(held[i].type),
                 value_kind_name((enum value_kind)kind));
      }
    }
  }
  prints_test(column(REMOTE_DATETIMEOFFSET, KIND_DATETIME), WHERE_NOTNULL,
              WHERE_WIDE, "([c] IS NOT NULL)");
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
  c = column(REMOTE_DATE, KIND_DATE);
  c.own_order = 1; /* of the host's, whatever it does to digits */
  assert_false(tsql_sorts_alike(&c));
  c = column(REMOTE_INT, KIND_INTEGER);
  c.own_order = 1; /* no collation touches numbers */
  assert_true(tsql_sorts_alike(&c));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_where__whole_numbers_mean_the_same),
      cmocka_unit_test(test_where__affinity_is_that_of_sqlite),
      cmocka_unit_test(test_where__integers_stay_within_the_type),
      cmocka_unit_test(test_where__reals_of_large_integers_are_not_pushed),
      cmocka_unit_test(test_where__lists_of_integers),
      cmocka_unit_test(test_where__long_lists_become_their_range),
      cmocka_unit_test(test_where__lists_of_comparisons),
      cmocka_unit_test(test_where__a_number_never_meets_a_text_column),
      cmocka_unit_test(test_where__text_is_compared_for_equality_only),
      cmocka_unit_test(test_where__lists_of_trimmed_text),
      cmocka_unit_test(test_where__what_melts_into_blanks_is_not_pushed),
      cmocka_unit_test(test_where__ascii_spares_a_varchar_its_index),
      cmocka_unit_test(test_where__no_literal_has_a_continued_line),
      cmocka_unit_test(test_where__trimmed_text_is_found_between_blanks),
      cmocka_unit_test(test_where__decimals_are_widened_and_clamped),
      cmocka_unit_test(test_where__what_may_be_text_is_above_any_number),
      cmocka_unit_test(test_where__bounds_have_the_type_that_they_fit),
      cmocka_unit_test(test_where__floats_are_widened),
      cmocka_unit_test(test_where__dates_are_bounded_by_their_text),
      cmocka_unit_test(test_where__date_and_time_keep_their_range),
      cmocka_unit_test(test_where__times_of_day),
      cmocka_unit_test(test_where__guids_and_binaries),
      cmocka_unit_test(test_where__null_tests_follow_the_conversion),
      cmocka_unit_test(test_where__a_null_test_is_exact_where_all_converts),
      cmocka_unit_test(test_where__what_the_server_cannot_compare),
      cmocka_unit_test(test_where__what_sorts_alike),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
