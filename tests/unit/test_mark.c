/*
** Marks of every type: compared, as text and back, moved back to the ends of
** their types, and as conditions.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tsql/mark.h"
#include "value/number.h"
#include <cmocka.h>

#include <string.h>

static char column_name[] = "a]b";

static struct remote_column column(enum remote_type type, int precision,
                                   int scale) {
  return (struct remote_column){.name = column_name,
                                .type = type,
                                .precision = precision,
                                .scale = scale};
}

static struct remote_column rowversion(void) {
  struct remote_column c = column(REMOTE_BINARY, 0, 0);
  c.is_rowversion = 1;
  return c;
}

/* The text becomes a mark, goes back by the overlap, and reads so. */
static void back(struct remote_column c, const char *text, double overlap,
                 const char *expected) {
  struct mark m;
  char *found;
  assert_true(mark_parse(&m, &c, text));
  mark_move_back(&m, &c, overlap);
  found = mark_text(&m, &c);
  assert_string_equal(found, expected);
  sqlite3_free(found);
}

static void test_mark__moves_back_to_the_first_value(void **state) {
  (void)state;
  back(column(REMOTE_TINYINT, 0, 0), "tinyint 5", 0, "tinyint 5");
  back(column(REMOTE_TINYINT, 0, 0), "tinyint 5", 4.2, "tinyint 0");
  back(column(REMOTE_TINYINT, 0, 0), "tinyint 5", 6, "tinyint 0");
  back(column(REMOTE_SMALLINT, 0, 0), "smallint -32760", 9, "smallint -32768");
  back(column(REMOTE_INT, 0, 0), "int -5", 1, "int -6");
  back(column(REMOTE_INT, 0, 0), "int 5", 1e15, "int -2147483648");
  back(column(REMOTE_BIGINT, 0, 0), "bigint -9223372036854775807", 9,
       "bigint -9223372036854775808");
  back(column(REMOTE_DECIMAL, 38, 0), "decimal(38,0) 1", 2, "decimal(38,0) -1");
  back(rowversion(), "rowversion 0x0000000000000005", 6,
       "rowversion 0x0000000000000000");
  back(rowversion(), "rowversion 0x8000000000000000", 1,
       "rowversion 0x7FFFFFFFFFFFFFFF");
  back(rowversion(), "rowversion 0xFFFFFFFFFFFFFFFF", 0,
       "rowversion 0xFFFFFFFFFFFFFFFF");
}

static void test_mark__moves_back_over_days(void **state) {
  struct remote_column fine = column(REMOTE_DATETIME2, 0, 7);
  (void)state;
  back(fine, "datetime2(7) 2025-03-01 00:00:00.0000000", 0.0000001,
       "datetime2(7) 2025-02-28 23:59:59.9999999");
  back(fine, "datetime2(7) 2025-03-01 12:00:00.0000000", 2 * 86400 + 1,
       "datetime2(7) 2025-02-27 11:59:59.0000000");
  back(fine, "datetime2(7) 0001-01-01 00:00:00.0000001", 1,
       "datetime2(7) 0001-01-01 00:00:00.0000000");
  back(fine, "datetime2(7) 2025-03-01 12:00:00.0000000", 1e15,
       "datetime2(7) 0001-01-01 00:00:00.0000000");
  back(column(REMOTE_DATETIME2, 0, 1), "datetime2(1) 2025-03-01 12:00:00.0",
       0.01, "datetime2(1) 2025-03-01 11:59:59.9");
  back(column(REMOTE_DATE, 0, 0), "date 2025-03-01", 1, "date 2025-02-28");
  back(column(REMOTE_DATE, 0, 0), "date 2025-03-01", 86400, "date 2025-02-28");
  back(column(REMOTE_DATE, 0, 0), "date 2025-03-01", 86401, "date 2025-02-27");
  back(column(REMOTE_SMALLDATETIME, 0, 0), "smalldatetime 1900-01-01 00:01:00",
       61, "smalldatetime 1900-01-01 00:00:00");
  back(column(REMOTE_DATETIME, 0, 3), "datetime 1753-01-01 00:00:00.003", 0.001,
       "datetime 1753-01-01 00:00:00.000");
  back(column(REMOTE_DATETIMEOFFSET, 0, 0),
       "datetimeoffset(0) 2025-03-01 00:00:00+00:00", 1,
       "datetimeoffset(0) 2025-02-28 23:59:59+00:00");
}

static void test_mark__refuses_text_of_another_type(void **state) {
  static const char *const wrong[] = {
      "",
      "int",
      "int ",
      "int x",
      "bigint 5",
      "int 5x",
      "int 9223372036854775808",
  };
  struct remote_column whole = column(REMOTE_INT, 0, 0), rv = rowversion();
  struct remote_column time = column(REMOTE_DATETIME2, 0, 3);
  struct mark m;
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_false(mark_parse(&m, &whole, wrong[i]));
    assert_false(m.is_set);
  }
  assert_false(mark_parse(&m, &rv, "rowversion 0x05"));
  assert_false(mark_parse(&m, &rv, "rowversion 0x000000000000000g"));
  assert_false(mark_parse(&m, &time, "datetime2(3) 2025-03-01"));
  assert_false(mark_parse(&m, &time, "datetime2(7) 2025-03-01 12:00:00.000"));
  assert_false(mark_parse(&m, &time, "datetime2(3) 2025-02-30 12:00:00.000"));
  assert_false(
      mark_parse(&m, &time, "datetime2(3) 2025-03-01 12:00:00.000+01:00"));
  assert_false(mark_parse(&m, &time,
                          "datetime2(3) 2025-03-01 12:00:00.1234567"
                          "89"));
}

static void test_mark__sorts_as_the_server(void **state) {
  struct remote_column rv = rowversion(), c = column(REMOTE_DATETIME2, 0, 7);
  struct mark low, high, none = {0};
  (void)state;
  assert_true(mark_parse(&low, &rv, "rowversion 0x7FFFFFFFFFFFFFFF"));
  assert_true(mark_parse(&high, &rv, "rowversion 0x8000000000000000"));
  assert_true(mark_compare(&low, &high) < 0);
  assert_true(mark_compare(&none, &low) < 0);
  assert_int_equal(mark_compare(&high, &high), 0);
  assert_true(mark_parse(&low, &c, "datetime2(7) 1899-12-31 23:59:59.0000000"));
  assert_true(
      mark_parse(&high, &c, "datetime2(7) 1900-01-01 00:00:00.0000000"));
  assert_true(mark_compare(&high, &low) > 0);
}

static void test_mark__refuses_values_beyond_64_bits(void **state) {
  unsigned char magnitude[17] = {0};
  struct remote_column c = column(REMOTE_DECIMAL, 38, 0);
  struct value v = {.type = VALUE_DECIMAL, .bytes = magnitude, .n_bytes = 17};
  struct mark m;
  (void)state;
  magnitude[16] = 7;
  assert_true(mark_from_value(&m, &c, &v));
  assert_true(m.is_set && m.n == 7);
  magnitude[8] = 1; /* 2^64 */
  assert_false(mark_from_value(&m, &c, &v));
  assert_false(m.is_set);
  v.type = VALUE_NULL;
  assert_true(mark_from_value(&m, &c, &v));
  assert_false(m.is_set);
}

static void where(struct remote_column c, const char *text, enum mark_rows rows,
                  const char *expected) {
  struct err e = {0};
  struct mark m;
  char *found;
  assert_true(mark_parse(&m, &c, text));
  found = mark_where(&m, &c, rows, &e);
  assert_int_equal(e.code, ERR_NONE);
  assert_string_equal(found, expected);
  sqlite3_free(found);
}

static void test_mark__compares_with_the_columns_own_type(void **state) {
  struct remote_column c = column(REMOTE_INT, 0, 0);
  (void)state;
  where(c, "int -7", MARK_ABOVE, "([a]]b] > CAST(-7 AS int))");
  where(c, "int -7", MARK_FROM_OR_NULL, "([a]]b] >= CAST(-7 AS int))");
  c.nullable = 1;
  where(c, "int -7", MARK_FROM, "([a]]b] >= CAST(-7 AS int))");
  where(c, "int -7", MARK_FROM_OR_NULL,
        "([a]]b] >= CAST(-7 AS int) OR [a]]b] IS NULL)");
  where(column(REMOTE_DATETIMEOFFSET, 0, 2),
        "datetimeoffset(2) 2025-03-01 12:00:00.25+00:00", MARK_FROM,
        "([a]]b] >= CAST('2025-03-01T12:00:00.25+00:00' AS "
        "datetimeoffset(2)))");
  where(column(REMOTE_DATE, 0, 0), "date 2025-03-01", MARK_FROM,
        "([a]]b] >= CAST('2025-03-01' AS date))");
  where(rowversion(), "rowversion 0x00000000000007D1", MARK_FROM,
        "([a]]b] >= CAST(0x00000000000007D1 AS binary(8)))");
}

static void test_mark__accepts_what_grows(void **state) {
  static const enum remote_type no[] = {
      REMOTE_UNKNOWN, REMOTE_BIT,       REMOTE_REAL,   REMOTE_FLOAT,
      REMOTE_MONEY,   REMOTE_TIME,      REMOTE_STRING, REMOTE_LONGTEXT,
      REMOTE_BINARY,  REMOTE_IMAGE,     REMOTE_GUID,   REMOTE_VARIANT,
      REMOTE_UDT,     REMOTE_SMALLMONEY};
  struct remote_column c = rowversion();
  (void)state;
  assert_true(mark_accepts(&c));
  assert_false(mark_is_number(&c));
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
    c = column(no[i], 0, 0);
    assert_false(mark_accepts(&c));
  }
  c = column(REMOTE_DECIMAL, 9, 2);
  assert_false(mark_accepts(&c));
  c = column(REMOTE_DECIMAL, 9, 0);
  assert_true(mark_accepts(&c) && mark_is_number(&c));
  c = column(REMOTE_DATE, 0, 0);
  assert_true(mark_accepts(&c) && !mark_is_number(&c));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mark__moves_back_to_the_first_value),
      cmocka_unit_test(test_mark__moves_back_over_days),
      cmocka_unit_test(test_mark__refuses_text_of_another_type),
      cmocka_unit_test(test_mark__sorts_as_the_server),
      cmocka_unit_test(test_mark__refuses_values_beyond_64_bits),
      cmocka_unit_test(test_mark__compares_with_the_columns_own_type),
      cmocka_unit_test(test_mark__accepts_what_grows),
  };
  return cmocka_run_group_tests_name("mark", tests, NULL, NULL);
}
