/*
** Conditions on texts, printed as T-SQL: blanks that are trimmed here, what
** melts into them, and literals.
*/
#include "where_fixture.h"

#include <string.h>

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_where__a_number_never_meets_a_text_column),
      cmocka_unit_test(test_where__text_is_compared_for_equality_only),
      cmocka_unit_test(test_where__trimmed_text_is_found_between_blanks),
      cmocka_unit_test(test_where__what_melts_into_blanks_is_not_pushed),
      cmocka_unit_test(test_where__lists_of_trimmed_text),
      cmocka_unit_test(test_where__ascii_spares_a_varchar_its_index),
      cmocka_unit_test(test_where__no_literal_has_a_continued_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
