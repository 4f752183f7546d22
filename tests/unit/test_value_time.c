/*
** Dates and times: every day against SQLite's calendar, every scale, both
** ends of the calendar, and text that only looks like a date.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "value/value.h"
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_DAY (-693595) /* 0001-01-01 */
#define LAST_DAY  2958463   /* 9999-12-31 */
#define DAY_TICKS 864000000000LL

static const char *shown(const struct value *v, enum value_kind kind) {
  static char text[64];
  struct cell c;
  if (!value_convert(v, kind, &c)) return "BAD";
  if (c.type != SQLITE_TEXT) return "NULL";
  (void)snprintf(text, sizeof text, "%.*s", c.n_bytes, c.bytes);
  return text;
}

static struct value moment(enum value_type type, int days, sqlite3_int64 ticks,
                           int scale, int offset_minutes) {
  struct value v = {0};
  v.type = type;
  v.days = days;
  v.integer = ticks;
  v.scale = (unsigned char)scale;
  v.offset_minutes = (short)offset_minutes;
  return v;
}

/* hh:mm:ss and a fraction of 7 digits, as ticks. */
static sqlite3_int64 ticks(int hour, int minute, int second, int fraction) {
  return ((hour * 60LL + minute) * 60 + second) * 10000000 + fraction;
}

/* ---- from the wire ----------------------------------------------------- */

static void test_value__dates_from_year_1_to_9999(void **state) {
  static const struct {
    int days;
    const char *want;
  } cases[] = {
      {FIRST_DAY, "0001-01-01"}, {LAST_DAY, "9999-12-31"},
      {0, "1900-01-01"},         {-1, "1899-12-31"},
      {58, "1900-02-28"},        {59, "1900-03-01"},
      {36582, "2000-02-28"},     {36583, "2000-02-29"},
      {36584, "2000-03-01"},     {45715, "2025-03-01"},
      {FIRST_DAY - 1, "BAD"},    {LAST_DAY + 1, "BAD"},
      {INT_MIN, "BAD"},          {INT_MAX, "BAD"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct value v = moment(VALUE_DATE, cases[i].days, 0, 0, 0);
    assert_string_equal(shown(&v, KIND_DATE), cases[i].want);
    assert_string_equal(shown(&v, KIND_RAW), cases[i].want);
    assert_string_equal(shown(&v, KIND_STRING), cases[i].want);
  }
}

static void test_value__every_century_agrees_with_sqlite(void **state) {
  sqlite3 *db = NULL;
  sqlite3_stmt *stmt = NULL;
  (void)state;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(
      sqlite3_prepare_v2(db,
                         "SELECT date(2415020.5 + ?1), "
                         "CAST(julianday(?2) - 2415020.5 AS INTEGER)",
                         -1, &stmt, NULL),
      SQLITE_OK);
  /* a prime stride meets every day of the year */
  for (int days = FIRST_DAY; days <= LAST_DAY; days += 37) {
    struct value v = moment(VALUE_DATE, days, 0, 0, 0);
    struct cell c;
    assert_int_equal(value_convert(&v, KIND_DATE, &c), 1);
    assert_int_equal(cell_bind(stmt, 2, &c), SQLITE_OK);
    assert_int_equal(sqlite3_bind_int(stmt, 1, days), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(c.n_bytes, 10);
    assert_memory_equal(c.bytes, sqlite3_column_text(stmt, 0), 10);
    assert_int_equal(sqlite3_column_int(stmt, 1), days);
    assert_int_equal(sqlite3_reset(stmt), SQLITE_OK);
    /* as text it is read as the same day */
    char compact[9];
    (void)snprintf(compact, sizeof compact, "%.4s%.2s%.2s", c.bytes,
                   c.bytes + 5, c.bytes + 8);
    struct value t = {0};
    t.type = VALUE_TEXT;
    t.bytes = (const unsigned char *)compact;
    t.n_bytes = 8;
    assert_memory_equal(shown(&t, KIND_DATE), c.bytes, 10);
  }
  assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_value__times_have_exactly_their_scale(void **state) {
  static const char *const want[] = {
      "12:34:56",      "12:34:56.1",     "12:34:56.12",     "12:34:56.123",
      "12:34:56.1234", "12:34:56.12345", "12:34:56.123456", "12:34:56.1234567"};
  static const char *const zero[] = {
      "00:00:00",      "00:00:00.0",     "00:00:00.00",     "00:00:00.000",
      "00:00:00.0000", "00:00:00.00000", "00:00:00.000000", "00:00:00.0000000"};
  (void)state;
  for (int scale = 0; scale <= 7; scale++) {
    char text[64];
    struct value v =
        moment(VALUE_TIME, 0, ticks(12, 34, 56, 1234567), scale, 0);
    assert_string_equal(shown(&v, KIND_TIME), want[scale]);
    assert_string_equal(shown(&v, KIND_RAW), want[scale]);
    assert_string_equal(shown(&v, KIND_DATE), "BAD");
    assert_string_equal(shown(&v, KIND_DATETIME), "BAD");
    v.integer = 0;
    assert_string_equal(shown(&v, KIND_TIME), zero[scale]);
    v = moment(VALUE_DATETIME, 45715, ticks(12, 34, 56, 1234567), scale, 0);
    (void)snprintf(text, sizeof text, "2025-03-01 %s", want[scale]);
    assert_string_equal(shown(&v, KIND_DATETIME), text);
    assert_string_equal(shown(&v, KIND_RAW), text);
    assert_string_equal(shown(&v, KIND_TIME), want[scale]);
    assert_string_equal(shown(&v, KIND_DATE), "2025-03-01");
    v = moment(VALUE_DATETIMEOFFSET, 45715, ticks(7, 4, 56, 1234567), scale,
               330);
    (void)snprintf(text, sizeof text, "2025-03-01 %s+05:30", want[scale]);
    assert_string_equal(shown(&v, KIND_DATETIME), text);
    assert_string_equal(shown(&v, KIND_STRING), text);
    assert_string_equal(shown(&v, KIND_TIME), want[scale]);
  }
}

static void test_value__nothing_is_rounded_up(void **state) {
  (void)state;
  for (int scale = 0; scale <= 7; scale++) {
    struct value v = moment(VALUE_DATETIME, LAST_DAY, DAY_TICKS - 1, scale, 0);
    const char *got = shown(&v, KIND_DATETIME);
    assert_memory_equal(got, "9999-12-31 23:59:59", 19);
    assert_int_equal(strlen(got), scale ? 20 + scale : 19);
    assert_int_equal(strspn(got + 19, ".9"), scale ? scale + 1 : 0);
  }
}

static void test_value__datetime_has_three_digits(void **state) {
  struct value v = moment(VALUE_DATETIME, -53690, ticks(0, 0, 0, 30000), 3, 0);
  (void)state;
  assert_string_equal(shown(&v, KIND_RAW), "1753-01-01 00:00:00.003");
  v = moment(VALUE_DATETIME, LAST_DAY, ticks(23, 59, 59, 9970000), 3, 0);
  assert_string_equal(shown(&v, KIND_RAW), "9999-12-31 23:59:59.997");
  v = moment(VALUE_DATETIME, 0, 0, 3, 0);
  assert_string_equal(shown(&v, KIND_RAW), "1900-01-01 00:00:00.000");
  v = moment(VALUE_DATE, 0, 0, 0, 0);
  assert_string_equal(shown(&v, KIND_DATETIME), "1900-01-01 00:00:00");
  assert_string_equal(shown(&v, KIND_TIME), "BAD");
}

static void test_value__offsets_show_local_time(void **state) {
  static const struct {
    int days, hour, offset;
    const char *want;
  } cases[] = {
      {45715, 0, 0, "2025-03-01 00:00:00+00:00"},
      {45715, 0, -1, "2025-02-28 23:59:00-00:01"},
      {45715, 23, 60, "2025-03-02 00:00:00+01:00"},
      {45715, 0, -840, "2025-02-28 10:00:00-14:00"},
      {45715, 23, 840, "2025-03-02 13:00:00+14:00"},
      {45715, 19, 330, "2025-03-02 00:30:00+05:30"},
      /* both ends of the calendar, by the local clock */
      {FIRST_DAY, 0, 840, "0001-01-01 14:00:00+14:00"},
      {FIRST_DAY, 0, -1, "BAD"},
      {FIRST_DAY - 1, 10, 840, "0001-01-01 00:00:00+14:00"},
      {FIRST_DAY - 1, 9, 840, "BAD"},
      {FIRST_DAY - 2, 23, 840, "BAD"},
      {LAST_DAY, 23, 60, "BAD"},
      {LAST_DAY, 23, 59, "9999-12-31 23:59:00+00:59"},
      {LAST_DAY + 1, 13, -840, "9999-12-31 23:00:00-14:00"},
      {LAST_DAY + 1, 14, -840, "BAD"},
      {45715, 0, 841, "BAD"},
      {45715, 0, -841, "BAD"},
      {45715, 0, 32767, "BAD"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct value v = moment(VALUE_DATETIMEOFFSET, cases[i].days,
                            ticks(cases[i].hour, 0, 0, 0), 0, cases[i].offset);
    assert_string_equal(shown(&v, KIND_DATETIME), cases[i].want);
    assert_string_equal(shown(&v, KIND_RAW), cases[i].want);
  }
}

static void test_value__garbage_times_do_not_convert(void **state) {
  static const sqlite3_int64 bad[] = {-1, DAY_TICKS, LLONG_MIN, LLONG_MAX};
  static const enum value_type types[] = {VALUE_TIME, VALUE_DATETIME,
                                          VALUE_DATETIMEOFFSET};
  (void)state;
  for (int t = 0; t < 3; t++) {
    struct value v = moment(types[t], 0, 0, 8, 0);
    assert_string_equal(shown(&v, KIND_RAW), "BAD");
    v.scale = 255;
    assert_string_equal(shown(&v, KIND_TIME), "BAD");
    for (int i = 0; i < 4; i++) {
      v = moment(types[t], 0, bad[i], 0, 0);
      assert_string_equal(shown(&v, KIND_RAW), "BAD");
      assert_string_equal(shown(&v, KIND_STRING), "BAD");
    }
  }
}

/* ---- from text --------------------------------------------------------- */

/* A text by the kinds date, datetime and time. */
struct text_case {
  const char *text, *date, *datetime, *time;
};

static void check_texts(const struct text_case *cases, size_t n) {
  for (size_t i = 0; i < n; i++) {
    size_t length = strlen(cases[i].text);
    char *exact = malloc(length ? length : 1);
    struct value v = {0};
    assert_non_null(exact);
    memcpy(exact, cases[i].text, length);
    v.type = VALUE_TEXT;
    v.bytes = (const unsigned char *)exact;
    v.n_bytes = (int)length;
    if (strcmp(shown(&v, KIND_DATE), cases[i].date) != 0)
      fail_msg("\"%s\" as date: %s", cases[i].text, shown(&v, KIND_DATE));
    if (strcmp(shown(&v, KIND_DATETIME), cases[i].datetime) != 0)
      fail_msg("\"%s\" as datetime: %s", cases[i].text,
               shown(&v, KIND_DATETIME));
    if (strcmp(shown(&v, KIND_TIME), cases[i].time) != 0)
      fail_msg("\"%s\" as time: %s", cases[i].text, shown(&v, KIND_TIME));
    free(exact);
  }
}

#define D "2025-03-01"
#define B "BAD"

static void test_value__text_becomes_dates_and_times(void **state) {
  static const struct text_case cases[] = {
      {"", "NULL", "NULL", "NULL"},
      {" \t", "NULL", "NULL", "NULL"},
      {"2025-03-01", D, D " 00:00:00", B},
      {" 2025-03-01 ", D, D " 00:00:00", B},
      {"20250301", D, D " 00:00:00", B},
      {"2025-03-01 10:11", D, D " 10:11:00", "10:11:00"},
      {"2025-03-01 10:11:12", D, D " 10:11:12", "10:11:12"},
      {"2025-03-01T10:11:12", D, D " 10:11:12", "10:11:12"},
      {"20250301t10:11:12.5", D, D " 10:11:12.5", "10:11:12.5"},
      {"2025-03-01 10:11:12.123456789", D, D " 10:11:12.123456789",
       "10:11:12.123456789"},
      {"2025-03-01 10:11:12.1234567890", B, B, B},
      {"2025-03-01T10:11:12Z", D, D " 10:11:12+00:00", "10:11:12"},
      {"2025-03-01 10:11:12 +05:30", D, D " 10:11:12+05:30", "10:11:12"},
      {"2025-03-01 10:11:12.7-14:00", D, D " 10:11:12.7-14:00", "10:11:12.7"},
      {"2025-03-01 10:11:12+14:01", B, B, B},
      {"2025-03-01 10:11:12+15:00", B, B, B},
      {"2025-03-01 10:11:12+05", B, B, B},
      {"2025-03-01 10:11:12 05:30", B, B, B},
      {"10:11", B, B, "10:11:00"},
      {"23:59:59.9999999", B, B, "23:59:59.9999999"},
      {"24:00:00", B, B, B},
      {"10:60", B, B, B},
      {"10:11:60", B, B, B},
      {"10:11:12.", B, B, B},
      {"10:11:12Z", B, B, B},
      {"1:11", B, B, B},
  };
  (void)state;
  check_texts(cases, sizeof cases / sizeof cases[0]);
}

static void test_value__days_that_do_not_exist_do_not_convert(void **state) {
  static const struct text_case cases[] = {
      {"0001-01-01", "0001-01-01", "0001-01-01 00:00:00", B},
      {"9999-12-31", "9999-12-31", "9999-12-31 00:00:00", B},
      {"2024-02-29", "2024-02-29", "2024-02-29 00:00:00", B},
      {"2000-02-29", "2000-02-29", "2000-02-29 00:00:00", B},
      {"2025-02-29", B, B, B},
      {"1900-02-29", B, B, B},
      {"2025-02-30", B, B, B},
      {"2025-04-31", B, B, B},
      {"2025-13-01", B, B, B},
      {"2025-00-10", B, B, B},
      {"2025-10-00", B, B, B},
      {"2025-10-32", B, B, B},
      {"0000-01-01", B, B, B},
      {"00000000", B, B, B},
      {"10000-01-01", B, B, B},
      {"-2025-01-01", B, B, B},
      {"2025-3-1", B, B, B},
      {"2025-0301", B, B, B},
      {"202503-01", B, B, B},
      {"2025/03/01", B, B, B},
      {"01.03.2025", B, B, B},
      {"2025-03-01x", B, B, B},
      {"2025-03-01 ", "2025-03-01", "2025-03-01 00:00:00", B},
      {"2025-03-01T", B, B, B},
      {"2025-03-01  10:11", B, B, B},
      {"2025-03", B, B, B},
      {"2025", B, B, B},
      {"2025-03-0", B, B, B},
      {"2025-03-:1", B, B, B},
      {"tomorrow", B, B, B},
  };
  (void)state;
  check_texts(cases, sizeof cases / sizeof cases[0]);
}

/* Every string of date characters either names a day that SQLite knows too,
** or does not convert. */
static void test_value__random_dates_agree_with_sqlite(void **state) {
  sqlite3 *db = NULL;
  sqlite3_stmt *stmt = NULL;
  unsigned random = 1;
  int n_good = 0;
  (void)state;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  /* date() lets the 31st of a short month run over: it must come back */
  assert_int_equal(sqlite3_prepare_v2(db, "SELECT date(?1, '+0 days') IS ?1",
                                      -1, &stmt, NULL),
                   SQLITE_OK);
  for (int i = 0; i < 20000; i++) {
    char text[16];
    random = random * 1664525 + 1013904223;
    (void)snprintf(text, sizeof text, "%04u-%02u-%02u", random >> 8 & 8191,
                   random >> 21 & 15, random >> 25 & 63);
    struct value v = {0};
    v.type = VALUE_TEXT;
    v.bytes = (const unsigned char *)text;
    v.n_bytes = (int)strlen(text);
    int good = strcmp(shown(&v, KIND_DATE), text) == 0;
    assert_int_equal(sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int theirs = sqlite3_column_int(stmt, 0);
    /* SQLite has a year 0 */
    if (strncmp(text, "0000", 4) == 0) theirs = 0;
    if (good != theirs) fail_msg("%s: %d, SQLite says %d", text, good, theirs);
    n_good += good;
    assert_int_equal(sqlite3_reset(stmt), SQLITE_OK);
  }
  assert_true(n_good > 5000);
  assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_value__dates_from_year_1_to_9999),
      cmocka_unit_test(test_value__every_century_agrees_with_sqlite),
      cmocka_unit_test(test_value__times_have_exactly_their_scale),
      cmocka_unit_test(test_value__nothing_is_rounded_up),
      cmocka_unit_test(test_value__datetime_has_three_digits),
      cmocka_unit_test(test_value__offsets_show_local_time),
      cmocka_unit_test(test_value__garbage_times_do_not_convert),
      cmocka_unit_test(test_value__text_becomes_dates_and_times),
      cmocka_unit_test(test_value__days_that_do_not_exist_do_not_convert),
      cmocka_unit_test(test_value__random_dates_agree_with_sqlite),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
