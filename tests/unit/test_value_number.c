/*
** Decimals and doubles: every digit, every scale, against a naive big number
** and the C library.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "value/number.h"
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* xorshift64*, seeded the same each time. */
static uint64_t next_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * 2685821657736338717ULL;
}

/* A decimal from digits, as the wire has it: 17 bytes, big-endian. */
static struct value decimal(const char *digits, int scale, int negative,
                            unsigned char bytes[17]) {
  struct value v = {0};
  memset(bytes, 0, 17);
  for (; *digits; digits++) {
    unsigned carry = (unsigned)(*digits - '0');
    for (int i = 16; i >= 0; i--) {
      carry += bytes[i] * 10U;
      bytes[i] = (unsigned char)carry;
      carry >>= 8;
    }
  }
  v.type = VALUE_DECIMAL;
  v.negative = (unsigned char)negative;
  v.scale = (unsigned char)scale;
  v.bytes = bytes;
  v.n_bytes = 17;
  return v;
}

/* A number's text or integer as text; "BAD" when it does not convert. */
static const char *shown(const struct value *v, enum value_kind kind) {
  static char text[64];
  struct cell c;
  if (!value_convert(v, kind, &c)) return "BAD";
  if (c.type == SQLITE_INTEGER)
    (void)snprintf(text, sizeof text, "%lld", (long long)c.integer);
  else if (c.type == SQLITE_TEXT)
    (void)snprintf(text, sizeof text, "%.*s", c.n_bytes, c.bytes);
  else if (c.type == SQLITE_FLOAT)
    (void)snprintf(text, sizeof text, "%.17g", c.real);
  else
    return "NULL";
  return text;
}

/* The significant digits of a decimal text, and the power of ten of the last.
 */
static int significant(const char *text, char *digits, int *exponent) {
  int n = 0, point = 0;
  *exponent = 0;
  for (; *text && *text != 'e'; text++) {
    if (*text == '.') point = 1;
    if (*text < '0' || *text > '9') continue;
    if (point) --*exponent;
    if (n > 0 || *text != '0') digits[n++] = *text;
  }
  if (*text == 'e') *exponent += atoi(text + 1);
  for (; n > 0 && digits[n - 1] == '0'; n--) ++*exponent;
  digits[n] = 0;
  return n;
}

/* A decimal that is not an INTEGER, as the canonical form: where it has few
** digits, the double that gives back just these. */
static void canonical(const char *exact, char *out) {
  char digits[100], again[100], text[40];
  int exponent, its_exponent;
  if (significant(exact, digits, &exponent) > 15) {
    (void)sprintf(out, "%s", exact);
    return;
  }
  double real = strtod(exact, NULL);
  (void)snprintf(text, sizeof text, "%.14e", real);
  (void)significant(text, again, &its_exponent);
  assert_string_equal(again, digits);
  assert_int_equal(its_exponent, exponent);
  (void)snprintf(out, 64, "%.17g", real);
}

/* A decimal with every digit, by moving its point as a person would. */
static void expected(const char *digits, int scale, int negative, char *out) {
  char padded[100];
  int n = (int)strlen(digits);
  int zeros = n <= scale ? scale + 1 - n : 0;
  memset(padded, '0', (size_t)zeros);
  memcpy(padded + zeros, digits, (size_t)n + 1);
  char *whole = padded;
  while (whole[0] == '0' && whole + scale + 1 < padded + strlen(padded))
    whole++;
  int n_whole = (int)strlen(whole) - scale;
  const char *fraction = whole + n_whole;
  int is_whole = strspn(fraction, "0") == strlen(fraction);
  char whole_part[100];
  (void)snprintf(whole_part, sizeof whole_part, "%.*s", n_whole, whole);
  const char *limit = negative ? "9223372036854775808" : "9223372036854775807";
  int fits = n_whole < 19 || (n_whole == 19 && strcmp(whole_part, limit) <= 0);
  const char *sign = negative ? "-" : "";
  if (is_whole && fits)
    (void)sprintf(out, "%s%s", strcmp(whole_part, "0") ? sign : "", whole_part);
  else
    (void)sprintf(out, "%s%s%s%s", sign, whole_part, scale ? "." : "",
                  fraction);
}

/* A whole number outside of 64 bits. */
static int is_beyond(const char *whole) {
  int negative = *whole == '-';
  const char *limit = negative ? "9223372036854775808" : "9223372036854775807";
  whole += negative;
  return strlen(whole) > 19 ||
         (strlen(whole) == 19 && strcmp(whole, limit) > 0);
}

static void check_decimal(const char *digits, int scale, int negative) {
  unsigned char bytes[17];
  char want[120], exact[120];
  struct value v = decimal(digits, scale, negative, bytes);
  expected(digits, scale, negative, exact);
  int is_integer = !strchr(exact, '.') && strtod(exact, NULL) < 9.3e18 &&
                   strtod(exact, NULL) > -9.3e18 && !is_beyond(exact);
  if (is_integer)
    (void)sprintf(want, "%s", exact);
  else
    canonical(exact, want);
  const char *got = shown(&v, KIND_DECIMAL);
  if (strcmp(got, want) != 0)
    fail_msg("%s%s at scale %d: %s, not %s", negative ? "-" : "", digits, scale,
             got, want);
  assert_string_equal(shown(&v, KIND_RAW), want);
  assert_string_equal(shown(&v, KIND_STRING), exact);
  /* the same value with its leading zero bytes cut */
  while (v.n_bytes > 0 && v.bytes[0] == 0) v.bytes++, v.n_bytes--;
  assert_string_equal(shown(&v, KIND_DECIMAL), want);
  /* as an integer: exactly that, or not at all */
  assert_string_equal(shown(&v, KIND_INTEGER), is_integer ? exact : "BAD");
  /* as a real: what the C library reads */
  assert_true(strtod(shown(&v, KIND_REAL), NULL) == strtod(exact, NULL));
}

/* ---- decimals ---------------------------------------------------------- */

static void test_value__decimals_by_their_digits(void **state) {
  static const struct {
    const char *digits;
    int scale, negative;
    const char *want;
  } cases[] = {
      {"150", 2, 0, "1.5"},
      {"150", 2, 1, "-1.5"},
      {"100", 2, 0, "1"},
      {"5", 1, 0, "0.5"},
      {"5", 2, 1, "-0.050000000000000003"},
      {"0", 0, 0, "0"},
      {"0", 10, 1, "0"},
      {"", 38, 1, "0"},
      {"9223372036854775807", 0, 0, "9223372036854775807"},
      {"9223372036854775808", 0, 0, "9223372036854775808"},
      {"9223372036854775808", 0, 1, "-9223372036854775808"},
      {"92233720368547758080000", 4, 1, "-9223372036854775808"},
      {"92233720368547758080000", 4, 0, "9223372036854775808.0000"},
      {"99999999999999999999999999999999999999", 0, 0,
       "99999999999999999999999999999999999999"},
      {"99999999999999999999999999999999999999", 38, 1,
       "-0.99999999999999999999999999999999999999"},
      {"1", 38, 0, "9.9999999999999996e-39"},
      /* money: the smallest and the largest */
      {"9223372036854775808", 4, 1, "-922337203685477.5808"},
      {"9223372036854775807", 4, 0, "922337203685477.5807"},
      {"2147483648", 4, 1, "-214748.36480000001"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    unsigned char bytes[17];
    struct value v =
        decimal(cases[i].digits, cases[i].scale, cases[i].negative, bytes);
    assert_string_equal(shown(&v, KIND_DECIMAL), cases[i].want);
  }
}

static void test_value__decimal_at_every_scale_and_length(void **state) {
  (void)state;
  for (int n = 1; n <= 38; n++) {
    char nines[40], one[40], mixed[40];
    memset(nines, '9', (size_t)n);
    memset(one, '0', (size_t)n);
    one[0] = '1';
    for (int i = 0; i < n; i++) mixed[i] = (char)('1' + i % 9);
    nines[n] = one[n] = mixed[n] = 0;
    for (int scale = 0; scale <= 38; scale++) {
      for (int negative = 0; negative <= 1; negative++) {
        check_decimal(nines, scale, negative);
        check_decimal(one, scale, negative);
        check_decimal(mixed, scale, negative);
      }
    }
  }
}

static void test_value__random_decimals_match_a_naive_number(void **state) {
  uint64_t seed = 20251125;
  (void)state;
  for (int i = 0; i < 40000; i++) {
    char digits[40];
    int n = 1 + (int)(next_random(&seed) % 38);
    int zeros = (int)(next_random(&seed) % 3 ? 0 : next_random(&seed) % 20);
    for (int d = 0; d < n; d++)
      digits[d] = (char)('0' + (n - d <= zeros ? 0 : next_random(&seed) % 10));
    if (digits[0] == '0') digits[0] = '1';
    digits[n] = 0;
    check_decimal(digits, (int)(next_random(&seed) % 39),
                  (int)(next_random(&seed) % 2));
  }
}

/* At every scale, 15 digits are a double of their own, in their own order. */
static void test_value__fifteen_digits_are_told_apart(void **state) {
  uint64_t seed = 15;
  (void)state;
  for (int scale = 0; scale <= 38; scale++) {
    for (int i = 0; i < 3000; i++) {
      uint64_t n = next_random(&seed) % 1000000000000000ULL;
      double real[2];
      if (i == 0) n = 999999999999998ULL;
      if (i == 1) n = 100000000000000ULL;
      if (i == 2) n = 0;
      for (int k = 0; k < 2; k++) {
        char digits[40];
        unsigned char bytes[17];
        struct cell c;
        (void)snprintf(digits, sizeof digits, "%llu",
                       (unsigned long long)n + (unsigned)k);
        struct value v = decimal(digits, scale, 0, bytes);
        assert_int_equal(value_convert(&v, KIND_DECIMAL, &c), 1);
        assert_true(c.type == SQLITE_FLOAT || c.type == SQLITE_INTEGER);
        real[k] = c.type == SQLITE_FLOAT ? c.real : (double)c.integer;
        check_decimal(digits, scale, 0);
      }
      assert_true(real[0] < real[1]);
    }
  }
}

static void test_value__garbage_magnitudes_do_not_convert(void **state) {
  static const enum value_kind kinds[] = {
      KIND_RAW,  KIND_DECIMAL, KIND_REAL,   KIND_STRING,
      KIND_TEXT, KIND_INTEGER, KIND_BOOLEAN};
  unsigned char bytes[40];
  struct value v = {0};
  (void)state;
  memset(bytes, 0xff, sizeof bytes);
  v.type = VALUE_DECIMAL;
  v.bytes = bytes;
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
    for (int scale = 0; scale <= 255; scale++) {
      v.scale = (unsigned char)scale;
      for (v.n_bytes = 17; v.n_bytes <= 40; v.n_bytes++)
        assert_string_equal(shown(&v, kinds[k]), "BAD");
    }
  }
  /* 10^38: one digit too many */
  char digits[] = "100000000000000000000000000000000000000";
  v = decimal(digits, 0, 0, bytes);
  assert_string_equal(shown(&v, KIND_DECIMAL), "BAD");
  v = decimal("1", 39, 0, bytes);
  assert_string_equal(shown(&v, KIND_DECIMAL), "BAD");
  v.n_bytes = 0;
  v.scale = 2;
  assert_string_equal(shown(&v, KIND_DECIMAL), "0");
}

/* ---- doubles ----------------------------------------------------------- */

static struct value real_value(enum value_type type, double real) {
  struct value v = {0};
  v.type = type;
  v.real = real;
  return v;
}

static struct value text_value(const char *text) {
  struct value v = {0};
  v.type = VALUE_TEXT;
  v.bytes = (const unsigned char *)text;
  v.n_bytes = (int)strlen(text);
  return v;
}

static double random_double(uint64_t *seed) {
  uint64_t bits = next_random(seed);
  double real;
  memcpy(&real, &bits, sizeof real);
  return real;
}

/* The fewest digits that the C library reads back. */
static int digits_needed(double real) {
  char text[40];
  for (int n = 1; n < 17; n++) {
    (void)snprintf(text, sizeof text, "%.*e", n - 1, real);
    if (strtod(text, NULL) == real) return n;
  }
  return 17;
}

static int count_digits(const char *text) {
  int n = 0, zeros = 0;
  for (; *text && *text != 'e'; text++) {
    if (*text < '0' || *text > '9' || (n == 0 && *text == '0')) continue;
    zeros = *text == '0' ? zeros + 1 : 0;
    n++;
  }
  return n - zeros;
}

static void check_double(double real) {
  char text[64];
  struct value v = real_value(VALUE_REAL, real);
  struct cell c;
  assert_int_equal(value_convert(&v, KIND_RAW, &c), 1);
  assert_int_equal(c.type, SQLITE_FLOAT);
  assert_true(c.real == real);
  (void)snprintf(text, sizeof text, "%s", shown(&v, KIND_STRING));
  assert_true(strtod(text, NULL) == real);
  if (count_digits(text) > digits_needed(real))
    fail_msg("%.17g became %s, not the shortest", real, text);
  /* and back, by our own reader */
  v = text_value(text);
  assert_int_equal(value_convert(&v, KIND_REAL, &c), 1);
  assert_true(c.real == real);
}

static void test_value__random_doubles_round_trip(void **state) {
  uint64_t seed = 1;
  (void)state;
  for (int i = 0; i < 20000; i++) {
    double real = random_double(&seed);
    if (isfinite(real)) check_double(real);
    check_double((double)(int64_t)next_random(&seed) / 1000.0);
    check_double((double)(next_random(&seed) % 100000) / 100.0);
  }
  check_double(DBL_MAX);
  check_double(-DBL_MAX);
  check_double(DBL_MIN);
  check_double(5e-324);
  check_double(9007199254740993.0);
}

static void test_value__random_texts_are_read_as_strtod_does(void **state) {
  uint64_t seed = 2;
  (void)state;
  for (int i = 0; i < 20000; i++) {
    char text[64];
    struct cell c;
    int n = 0;
    int n_digits = 1 + (int)(next_random(&seed) % 30);
    int point = (int)(next_random(&seed) % 32);
    for (int d = 0; d < n_digits; d++) {
      if (d == point) text[n++] = '.';
      text[n++] = (char)('0' + next_random(&seed) % 10);
    }
    n += snprintf(text + n, 16, "e%d", (int)(next_random(&seed) % 700) - 350);
    struct value v = text_value(text);
    double want = strtod(text, NULL);
    int ok = value_convert(&v, KIND_REAL, &c);
    assert_int_equal(ok, isfinite(want) != 0);
    if (ok && c.real != want)
      fail_msg("%s: %.17g, not %.17g", text, c.real, want);
  }
}

/* The shortest text that is the same float, and the double it stands for. */
static double shortest_single(float single) {
  char text[40];
  for (int n = 1; n < 9; n++) {
    (void)snprintf(text, sizeof text, "%.*e", n - 1, (double)single);
    if (strtof(text, NULL) == single) return strtod(text, NULL);
  }
  (void)snprintf(text, sizeof text, "%.8e", (double)single);
  return strtod(text, NULL);
}

static void check_single(float single) {
  struct value v = real_value(VALUE_SINGLE, (double)single);
  struct cell c;
  double want = shortest_single(single);
  assert_int_equal(value_convert(&v, KIND_REAL, &c), 1);
  assert_true((float)c.real == single);
  if (c.real != want)
    fail_msg("%.9g became %.17g, not %.17g", (double)single, c.real, want);
}

static void test_value__reals_give_the_shortest_decimal(void **state) {
  static const float singles[] = {
      0.1F,           -0.1F,       1.5F,     3.4028234e38F, 1e-45F,
      1.1754944e-38F, 16777216.0F, 123.456F, 1e10F,         0.0001F,
      9.999999F,      0.3F,        2.5e-5F,  33554432.0F};
  uint64_t seed = 3;
  (void)state;
  struct value v = real_value(VALUE_SINGLE, (double)0.1F);
  assert_string_equal(shown(&v, KIND_REAL), "0.10000000000000001");
  assert_string_equal(shown(&v, KIND_STRING), "0.1");
  assert_string_equal(shown(&v, KIND_DECIMAL), "0.10000000000000001");
  for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++)
    check_single(singles[i]);
  for (int i = 0; i < 60000; i++) {
    uint32_t bits = (uint32_t)next_random(&seed);
    float single;
    memcpy(&single, &bits, sizeof single);
    if (isfinite(single) && fabsf(single) <= 3.4028231e38F)
      check_single(single);
    check_single((float)(next_random(&seed) % 10000000) / 1000.0F);
  }
}

static void test_value__nan_and_infinity_do_not_convert(void **state) {
  static const double bad[] = {NAN, INFINITY, -INFINITY};
  (void)state;
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < KIND_COUNT; k++) {
      struct value v = real_value(VALUE_REAL, bad[i]);
      assert_string_equal(shown(&v, (enum value_kind)k), "BAD");
      v.type = VALUE_SINGLE;
      assert_string_equal(shown(&v, (enum value_kind)k), "BAD");
    }
  }
}

static void test_value__whole_doubles_become_integers(void **state) {
  static const struct {
    double real;
    const char *integer, *decimal, *string;
  } cases[] = {
      {0, "0", "0", "0"},
      {-0.0, "0", "0", "0"},
      {12, "12", "12", "12"},
      {12.5, "BAD", "12.5", "12.5"},
      {-0.05, "BAD", "-0.050000000000000003", "-0.05"},
      {1e15, "1000000000000000", "1000000000000000", "1000000000000000"},
      {-9223372036854775808.0, "-9223372036854775808", "-9223372036854775808",
       "-9.223372036854776e+18"},
      {9223372036854775808.0, "BAD", "9.2233720368547758e+18",
       "9.223372036854776e+18"},
      {1e300, "BAD", "1.0000000000000001e+300", "1e+300"},
      {1.5e-7, "BAD", "1.4999999999999999e-07", "1.5e-07"},
      {1e-39, "BAD", "9.9999999999999993e-40", "1e-39"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct value v = real_value(VALUE_REAL, cases[i].real);
    assert_string_equal(shown(&v, KIND_INTEGER), cases[i].integer);
    assert_string_equal(shown(&v, KIND_DECIMAL), cases[i].decimal);
    assert_string_equal(shown(&v, KIND_STRING), cases[i].string);
  }
}

static void test_value__booleans_are_zero_or_one(void **state) {
  unsigned char bytes[17];
  struct value v = decimal("10", 1, 0, bytes);
  (void)state;
  assert_string_equal(shown(&v, KIND_BOOLEAN), "1");
  v = decimal("15", 1, 0, bytes);
  assert_string_equal(shown(&v, KIND_BOOLEAN), "BAD");
  v = real_value(VALUE_REAL, 1);
  assert_string_equal(shown(&v, KIND_BOOLEAN), "1");
  v.real = 2;
  assert_string_equal(shown(&v, KIND_BOOLEAN), "BAD");
}

/* The short ways and the long one, bit by bit. */
static void check_short_ways(uint64_t magnitude, int scale, int negative) {
  char digits[24];
  unsigned char bytes[17];
  struct number number;
  sqlite3_int64 whole[2] = {0, 0};
  double real[2] = {0, 0};
  (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)magnitude);
  struct value v = decimal(digits, scale, negative, bytes);
  assert_int_equal(decimal_is_small(&v), scale <= 19);
  assert_int_equal(number_from_value(&number, &v), 1);
  assert_int_equal(decimal_integer(&v, &whole[0]),
                   number_whole(&number, &whole[1]));
  assert_int_equal(whole[0], whole[1]);
  if (!decimal_real(&v, &real[0])) {
    assert_true(scale > 19 || magnitude >= 1000000000000000U);
    return;
  }
  assert_int_equal(number_real_exact(&number, &real[1]), 1);
  assert_memory_equal(&real[0], &real[1], sizeof *real);
}

static void test_value__short_ways_are_the_long_one(void **state) {
  uint64_t seed = 68, ten = 1;
  (void)state;
  for (int scale = 0; scale <= 38; scale++) {
    for (int i = 0; i < 4000; i++) {
      uint64_t magnitude = next_random(&seed) >> next_random(&seed) % 64;
      check_short_ways(magnitude, scale, i & 1);
      check_short_ways(magnitude % 1000000 * ten, scale, i & 1);
      ten = ten < 10000000000000U ? ten * 10 : 1;
    }
    for (uint64_t near = 1; near <= 1000000000000000000U; near *= 10) {
      for (int d = -1; d <= 1; d++)
        check_short_ways(near + (uint64_t)d, scale, 0);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_value__short_ways_are_the_long_one),
      cmocka_unit_test(test_value__decimals_by_their_digits),
      cmocka_unit_test(test_value__decimal_at_every_scale_and_length),
      cmocka_unit_test(test_value__random_decimals_match_a_naive_number),
      cmocka_unit_test(test_value__fifteen_digits_are_told_apart),
      cmocka_unit_test(test_value__garbage_magnitudes_do_not_convert),
      cmocka_unit_test(test_value__random_doubles_round_trip),
      cmocka_unit_test(test_value__random_texts_are_read_as_strtod_does),
      cmocka_unit_test(test_value__reals_give_the_shortest_decimal),
      cmocka_unit_test(test_value__nan_and_infinity_do_not_convert),
      cmocka_unit_test(test_value__whole_doubles_become_integers),
      cmocka_unit_test(test_value__booleans_are_zero_or_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
