/*
** Conditions on dates and times, printed as T-SQL, and bounded by their text.
*/
#include "where_fixture.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_where__dates_are_bounded_by_their_text),
      cmocka_unit_test(test_where__date_and_time_keep_their_range),
      cmocka_unit_test(test_where__times_of_day),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
