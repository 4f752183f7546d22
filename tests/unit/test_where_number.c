/*
** Conditions on numbers, printed as T-SQL: none finds less than SQLite would.
*/
#include "where_fixture.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_where__whole_numbers_mean_the_same),
      cmocka_unit_test(test_where__integers_stay_within_the_type),
      cmocka_unit_test(test_where__reals_of_large_integers_are_not_pushed),
      cmocka_unit_test(test_where__lists_of_integers),
      cmocka_unit_test(test_where__long_lists_become_their_range),
      cmocka_unit_test(test_where__decimals_are_widened_and_clamped),
      cmocka_unit_test(test_where__what_may_be_text_is_above_any_number),
      cmocka_unit_test(test_where__bounds_have_the_type_that_they_fit),
      cmocka_unit_test(test_where__floats_are_widened),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
