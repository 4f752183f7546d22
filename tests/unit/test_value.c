/*
** Kinds: what each makes of every type of value; text in and out.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "value/value.h"
#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What a cell is, as SQL would write it; "BAD" when it does not convert. */
static const char *shown(const struct value *v, enum value_kind kind) {
  static char text[600];
  struct cell c;
  memset(&c, 0x5a, sizeof c);
  int ok = value_convert(v, kind, &c);
  if (!ok) {
    assert_int_equal(c.type, SQLITE_NULL);
    return "BAD";
  }
  switch (c.type) {
  case SQLITE_INTEGER:
    (void)snprintf(text, sizeof text, "%lld", (long long)c.integer);
    break;
  case SQLITE_FLOAT:
    (void)snprintf(text, sizeof text, "%.17gr", c.real);
    break;
  case SQLITE_TEXT:
    (void)snprintf(text, sizeof text, "'%.*s'", c.n_bytes, c.bytes);
    break;
  case SQLITE_BLOB:
    (void)snprintf(text, sizeof text, "x'");
    for (int i = 0; i < c.n_bytes; i++)
      (void)snprintf(text + 2 + 2L * i, 4, "%02X'", (unsigned char)c.bytes[i]);
    if (c.n_bytes == 0) (void)snprintf(text, sizeof text, "x''");
    break;
  default:
    return "NULL";
  }
  return text;
}

static struct value text_value(const char *text, size_t n) {
  struct value v = {0};
  v.type = VALUE_TEXT;
  v.bytes = (const unsigned char *)text;
  v.n_bytes = (int)n;
  return v;
}

static struct value integer_value(sqlite3_int64 integer) {
  struct value v = {0};
  v.type = VALUE_INTEGER;
  v.integer = integer;
  return v;
}

/* A text, and what it is by one kind. */
struct text_case {
  const char *text;
  const char *want;
};

/* The text stands at the end of its memory, so that ASan sees one byte read
** too far. */
static void check_texts(enum value_kind kind, const struct text_case *cases,
                        size_t n) {
  for (size_t i = 0; i < n; i++) {
    size_t length = strlen(cases[i].text);
    char *exact = malloc(length ? length : 1);
    assert_non_null(exact);
    memcpy(exact, cases[i].text, length);
    struct value v = text_value(exact, length);
    const char *got = shown(&v, kind);
    if (strcmp(got, cases[i].want) != 0)
      fail_msg("%s of \"%s\": %s, not %s", value_kind_name(kind), cases[i].text,
               got, cases[i].want);
    free(exact);
  }
}

#define CHECK_TEXTS(kind, ...)                                                 \
  do {                                                                         \
    static const struct text_case cases[] = {__VA_ARGS__};                     \
    check_texts(kind, cases, LENGTH(cases));                                   \
  } while (0)

/* ---- text by kind ------------------------------------------------------ */

static void test_value__integer_takes_exact_whole_numbers(void **state) {
  (void)state;
  CHECK_TEXTS(KIND_INTEGER, {"0", "0"}, {"12", "12"}, {" 12 ", "12"},
              {"+12", "12"}, {"-12", "-12"}, {"-0", "0"}, {"007", "7"},
              {"12.000", "12"}, {"12.", "12"}, {".0", "0"}, {"-.0", "0"},
              {"9223372036854775807", "9223372036854775807"},
              {"9223372036854775808", "BAD"},
              {"-9223372036854775808", "-9223372036854775808"},
              {"-9223372036854775809", "BAD"},
              {"00000000000000000000000000000000000000042", "42"},
              {"18446744073709551615", "BAD"}, {"18446744073709551616", "BAD"},
              {"99999999999999999999999999999999999999999999", "BAD"},
              {"12.5", "BAD"}, {"12.0001", "BAD"}, {"1e3", "BAD"},
              {"12 pcs", "BAD"}, {"1 2", "BAD"}, {"0x10", "BAD"}, {"-", "BAD"},
              {"+", "BAD"}, {".", "BAD"}, {"+.", "BAD"}, {"--1", "BAD"},
              {"1.0.0", "BAD"}, {"1,000", "BAD"}, {"NaN", "BAD"},
              {"\xd9\xa1", "BAD"}, {"", "NULL"}, {"   ", "NULL"},
              {"\xc2\xa0", "NULL"}, {"\xc2\xa0 7\xe3\x80\x80", "7"});
}

static void test_value__string_is_trimmed_and_blank_is_null(void **state) {
  (void)state;
  CHECK_TEXTS(KIND_STRING, {"a", "'a'"}, {"  a b  ", "'a b'"},
              {"\t\n\v\f\r a \r\f\v\n\t", "'a'"}, {"", "NULL"}, {" ", "NULL"},
              {" \t\r\n", "NULL"}, {"\xc2\x85x\xc2\x85", "'x'"},
              {"\xc2\xa0x\xc2\xa0", "'x'"},
              {"\xe1\x9a\x80x\xe1\x9a\x80", "'x'"},
              {"\xe2\x80\x80x\xe2\x80\x8a", "'x'"},
              {"\xe2\x80\xa8x\xe2\x80\xa9", "'x'"},
              {"\xe2\x80\xafx\xe2\x81\x9f", "'x'"},
              {"\xe3\x80\x80x\xe3\x80\x80", "'x'"},
              {"\xe3\x80\x80\xc2\xa0 \xe2\x80\x83", "NULL"},
              /* not White_Space: zero width space, byte order mark */
              {"\xe2\x80\x8bx", "'\xe2\x80\x8bx'"},
              {"x\xef\xbb\xbf", "'x\xef\xbb\xbf'"},
              /* letters that share bytes with white space */
              {"\xc3\xa0", "'\xc3\xa0'"}, {"\xc4\x85", "'\xc4\x85'"},
              {"\xe4\x80\x80", "'\xe4\x80\x80'"},
              {"\xf0\x9f\x9a\x9a ", "'\xf0\x9f\x9a\x9a'"});
}

static void test_value__text_is_kept_unless_blank(void **state) {
  (void)state;
  CHECK_TEXTS(KIND_TEXT, {" a ", "' a '"}, {"", "NULL"}, {" \t ", "NULL"},
              {"\xe3\x80\x80", "NULL"}, {"a", "'a'"});
}

static void test_value__raw_keeps_blank_text(void **state) {
  (void)state;
  CHECK_TEXTS(KIND_RAW, {"", "''"}, {"  ", "'  '"}, {" a ", "' a '"});
}

static void test_value__blob_takes_the_bytes_of_text(void **state) {
  (void)state;
  CHECK_TEXTS(KIND_BLOB, {"", "x''"}, {" ", "x'20'"},
              {"A\xc3\xa4", "x'41C3A4'"});
}

static void test_value__real_reads_decimal_notation(void **state) {
  (void)state;
  CHECK_TEXTS(
      KIND_REAL, {"0", "0r"}, {"-0", "-0r"}, {"1.5", "1.5r"}, {" 1.5 ", "1.5r"},
      {".5", "0.5r"}, {"5.", "5r"}, {"0.1", "0.10000000000000001r"},
      {"1e3", "1000r"}, {"1E+3", "1000r"}, {"1e-3", "0.001r"},
      {"1.0000000000000000e+000", "1r"},
      {"1.7976931348623157e308", "1.7976931348623157e+308r"},
      {"4.9e-324", "4.9406564584124654e-324r"}, {"1e-400", "0r"},
      {"1e400", "BAD"}, {"-1e400", "BAD"}, {"1e99999999999999999999", "BAD"},
      {"1e-99999999999999999999", "0r"}, {"0e99999999999999999999", "0r"},
      {"9007199254740993", "9007199254740992r"},
      {"9007199254740993.0000000000000000000001", "9007199254740994r"},
      {"inf", "BAD"}, {"nan", "BAD"}, {"1e", "BAD"}, {"e1", "BAD"},
      {"1e+", "BAD"}, {".e1", "BAD"}, {"1e1.5", "BAD"}, {"0x1p3", "BAD"},
      {"1,5", "BAD"}, {"", "NULL"}, {" ", "NULL"});
}

/* Half way between two doubles, and the least bit more. */
static void test_value__real_reads_digits_without_end(void **state) {
  char text[900] = "9007199254740993.";
  struct value v;
  (void)state;
  memset(text + strlen(text), '0', sizeof text - 1 - strlen(text));
  v = text_value(text, sizeof text - 1);
  assert_string_equal(shown(&v, KIND_REAL), "9007199254740992r");
  text[sizeof text - 2] = '1';
  assert_string_equal(shown(&v, KIND_REAL), "9007199254740994r");
}

static void test_value__decimal_keeps_every_digit_of_text(void **state) {
  (void)state;
  CHECK_TEXTS(
      KIND_DECIMAL, {"1.50", "1.5r"}, {"1.00", "1"}, {".5", "0.5r"},
      {"-.5", "-0.5r"}, {"+1.5", "1.5r"}, {"5.", "5"}, {"-0", "0"},
      {"-0.00", "0"}, {"007.50", "7.5r"}, {" 0.05 ", "0.050000000000000003r"},
      {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775808", "'9223372036854775808'"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"-9223372036854775809", "'-9223372036854775809'"},
      {"99999999999999999999999999999999999999",
       "'99999999999999999999999999999999999999'"},
      {"-0.99999999999999999999999999999999999999",
       "'-0.99999999999999999999999999999999999999'"},
      {"0.00000000000000000000000000000000000001", "9.9999999999999996e-39r"},
      {"123456789012.345", "123456789012.345r"},
      {"1234567890123.456", "'1234567890123.456'"},
      {"0.1234567890123450", "0.123456789012345r"},
      {"0.1234567890123456", "'0.1234567890123456'"},
      {"10000000000000000000000", "1e+22r"},
      {"0.000000000000000000000000000000000000001", "BAD"},
      {"100000000000000000000000000000000000000", "BAD"}, {"1e3", "BAD"},
      {"1.2.3", "BAD"}, {".", "BAD"}, {"-", "BAD"}, {"1 pcs", "BAD"},
      {"", "NULL"}, {"\t", "NULL"});
}

static void test_value__boolean_knows_the_usual_words(void **state) {
  (void)state;
  CHECK_TEXTS(KIND_BOOLEAN, {"1", "1"}, {"0", "0"}, {"true", "1"},
              {"FALSE", "0"}, {"Yes", "1"}, {"no", "0"}, {"y", "1"}, {"N", "0"},
              {"t", "1"}, {"f", "0"}, {"on", "1"}, {"OFF", "0"}, {" X ", "1"},
              {"2", "BAD"}, {"-1", "BAD"}, {"maybe", "BAD"}, {"truest", "BAD"},
              {"", "NULL"}, {" ", "NULL"});
}

static void test_value__guid_is_upper_case(void **state) {
  (void)state;
  CHECK_TEXTS(KIND_GUID,
              {"6f9619ff-8b86-d011-b42d-00c04fc964ff",
               "'6F9619FF-8B86-D011-B42D-00C04FC964FF'"},
              {" {6F9619FF-8b86-D011-B42D-00C04FC964FF} ",
               "'6F9619FF-8B86-D011-B42D-00C04FC964FF'"},
              {"{6f9619ff-8b86-d011-b42d-00c04fc964ff", "BAD"},
              {"{6f9619ff-8b86-d011-b42d-00c04fc964ff]", "BAD"},
              {"6f9619ff-8b86-d011-b42d-00c04fc964f", "BAD"},
              {"6f9619ff-8b86-d011-b42d-00c04fc964ffa", "BAD"},
              {"6f9619ff-8b86-d011-b42d-00c04fc964fg", "BAD"},
              {"6f9619ff+8b86-d011-b42d-00c04fc964ff", "BAD"},
              {"6f9619ff8b86d011b42d00c04fc964ff", "BAD"}, {"", "NULL"},
              {" ", "NULL"});
}

/* ---- other types by kind ----------------------------------------------- */

#define N KIND_COUNT

/* One value by all the kinds, in the order of the enum: raw, integer, string,
** text, date, real, decimal, datetime, time, boolean, blob, guid. */
static void check_kinds(const struct value *v, const char *const want[N]) {
  for (int k = 0; k < N; k++) {
    const char *got = shown(v, (enum value_kind)k);
    if (strcmp(got, want[k]) != 0)
      fail_msg("type %d as %s: %s, not %s", (int)v->type,
               value_kind_name((enum value_kind)k), got, want[k]);
  }
}

static void test_value__null_is_null_by_every_kind(void **state) {
  struct value v = {0};
  (void)state;
  for (int k = 0; k < N; k++)
    assert_string_equal(shown(&v, (enum value_kind)k), "NULL");
}

static void test_value__integers_by_every_kind(void **state) {
  static const char *const one[N] = {"1", "1",   "'1'", "'1'", "BAD", "1r",
                                     "1", "BAD", "BAD", "1",   "BAD", "BAD"};
  static const char *const min[N] = {"-9223372036854775808",
                                     "-9223372036854775808",
                                     "'-9223372036854775808'",
                                     "'-9223372036854775808'",
                                     "BAD",
                                     "-9.2233720368547758e+18r",
                                     "-9223372036854775808",
                                     "BAD",
                                     "BAD",
                                     "BAD",
                                     "BAD",
                                     "BAD"};
  static const char *const max[N] = {"9223372036854775807",
                                     "9223372036854775807",
                                     "'9223372036854775807'",
                                     "'9223372036854775807'",
                                     "BAD",
                                     "9.2233720368547758e+18r",
                                     "9223372036854775807",
                                     "BAD",
                                     "BAD",
                                     "BAD",
                                     "BAD",
                                     "BAD"};
  struct value v = integer_value(1);
  (void)state;
  check_kinds(&v, one);
  v.integer = LLONG_MIN;
  check_kinds(&v, min);
  v.integer = LLONG_MAX;
  check_kinds(&v, max);
}

static void test_value__blobs_by_every_kind(void **state) {
  static const unsigned char bytes[17] = {0xff, 0x19, 0x96, 0x6f, 0x86, 0x8b,
                                          0x11, 0xd0, 0xb4, 0x2d, 0x00, 0xc0,
                                          0x4f, 0xc9, 0x64, 0xff};
  static const char *const empty[N] = {"x''", "BAD", "BAD", "BAD",
                                       "BAD", "BAD", "BAD", "BAD",
                                       "BAD", "BAD", "x''", "BAD"};
  struct value v = {0};
  (void)state;
  v.type = VALUE_BLOB;
  check_kinds(&v, empty);
  v.bytes = bytes;
  v.n_bytes = 16;
  assert_string_equal(shown(&v, KIND_RAW),
                      "x'FF19966F868B11D0B42D00C04FC964FF'");
  assert_string_equal(shown(&v, KIND_GUID),
                      "'6F9619FF-8B86-D011-B42D-00C04FC964FF'");
  v.n_bytes = 17;
  assert_string_equal(shown(&v, KIND_GUID), "BAD");
}

static void test_value__guid_bytes_are_mixed_endian(void **state) {
  static const unsigned char bytes[16] = {3, 2, 1,  0,  5,  4,  7,  6,
                                          8, 9, 10, 11, 12, 13, 14, 15};
#define GUID "'00010203-0405-0607-0809-0A0B0C0D0E0F'"
  static const char *const want[N] = {GUID,
                                      "BAD",
                                      GUID,
                                      GUID,
                                      "BAD",
                                      "BAD",
                                      "BAD",
                                      "BAD",
                                      "BAD",
                                      "BAD",
                                      "x'030201000504070608090A0B0C0D0E0F'",
                                      GUID};
  struct value v = {0};
  (void)state;
  v.type = VALUE_GUID;
  v.bytes = bytes;
  v.n_bytes = 16;
  check_kinds(&v, want);
  v.n_bytes = 15;
  assert_string_equal(shown(&v, KIND_GUID), "BAD");
  assert_string_equal(shown(&v, KIND_RAW), "BAD");
  assert_string_equal(shown(&v, KIND_BLOB), "BAD");
}

static void test_value__invalid_utf8_is_passed_on_untouched(void **state) {
  static const char *const bytes[] = {
      "\xff", "\xc2", "\xe2\x80", "\x80\x80", "\xc2\x20\xe2", "\xed\xa0\x80"};
  (void)state;
  for (size_t i = 0; i < LENGTH(bytes); i++) {
    struct value v = text_value(bytes[i], strlen(bytes[i]));
    struct cell c;
    for (int k = 0; k < N; k++) (void)value_convert(&v, (enum value_kind)k, &c);
    assert_int_equal(value_convert(&v, KIND_STRING, &c), 1);
    assert_int_equal(c.n_bytes, v.n_bytes);
    assert_memory_equal(c.bytes, bytes[i], (size_t)v.n_bytes);
  }
}

static void test_value__text_may_hold_nul(void **state) {
  struct value v = text_value(" a\0b ", 5);
  struct cell c;
  (void)state;
  assert_int_equal(value_convert(&v, KIND_STRING, &c), 1);
  assert_int_equal(c.n_bytes, 3);
  assert_memory_equal(c.bytes, "a\0b", 3);
  v = text_value("1\0", 2);
  assert_string_equal(shown(&v, KIND_INTEGER), "BAD");
}

static void test_value__no_pair_of_type_and_kind_crashes(void **state) {
  static const unsigned char bytes[40] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                          0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                          0xff, 0xff, 0xff, 0xff, 0xff};
  static const sqlite3_int64 integers[] = {
      0, -1, LLONG_MIN, LLONG_MAX, 863999999999, 864000000000};
  static const int days[] = {INT_MIN, -693597, -693596, -693595, 0,
                             2958463, 2958464, 2958465, INT_MAX};
  static const double reals[] = {0,       -0.0,   NAN,    INFINITY,
                                 1e308,   5e-324, 3.5e38, -INFINITY,
                                 1.5e-45, 0.1,    9.3e18, -9.3e18};
  static const short offsets[] = {SHRT_MIN, -841, -840, 0, 840, SHRT_MAX};
  static const unsigned char scales[] = {0, 7, 8, 9, 38, 39, 255};
  (void)state;
  for (int n = 0; n < 300000; n++) {
    unsigned r = (unsigned)n;
    struct value v = {0};
    struct cell c;
    char text[50];
    v.type = (enum value_type)(r % 13); /* one that there is not, too */
    v.bytes = bytes;
    v.n_bytes = (int)(r / 13 % 41);
    v.negative = (unsigned char)(r / 7 % 2);
    v.integer = integers[r / 13 % LENGTH(integers)];
    v.days = days[r / 17 % LENGTH(days)];
    v.real = reals[r / 13 % LENGTH(reals)];
    v.offset_minutes = offsets[r / 153 % LENGTH(offsets)];
    v.scale = scales[r / 918 % LENGTH(scales)];
    for (int k = -1; k <= N; k++)
      (void)value_convert(&v, (enum value_kind)k, &c);
    value_describe(&v, text, sizeof text);
    assert_true(strlen(text) < sizeof text);
  }
}

/* ---- what is known about kinds and types ------------------------------- */

static void test_value__kind_names_parse_in_any_case(void **state) {
  (void)state;
  for (int k = 0; k < N; k++) {
    const char *name = value_kind_name((enum value_kind)k);
    assert_int_equal(value_kind_parse(name), k);
    assert_non_null(strstr(value_kind_list(), name));
  }
  assert_int_equal(value_kind_parse("INTEGER"), KIND_INTEGER);
  assert_int_equal(value_kind_parse("int"), -1);
  assert_int_equal(value_kind_parse(""), -1);
  assert_int_equal(value_kind_parse(NULL), -1);
  assert_string_equal(value_kind_name((enum value_kind)99), "raw");
  assert_string_equal(remote_type_name((enum remote_type)99), "unknown");
}

static void test_value__declared_types_keep_values_as_they_are(void **state) {
  (void)state;
  assert_string_equal(value_kind_decl(KIND_DECIMAL, REMOTE_DECIMAL), "");
  assert_string_equal(value_kind_decl(KIND_RAW, REMOTE_MONEY), "");
  assert_string_equal(value_kind_decl(KIND_RAW, REMOTE_VARIANT), "");
  assert_string_equal(value_kind_decl(KIND_RAW, REMOTE_BIGINT), "INTEGER");
  assert_string_equal(value_kind_decl(KIND_RAW, REMOTE_STRING), "TEXT");
  assert_string_equal(value_kind_decl(KIND_RAW, REMOTE_DATE), "TEXT");
  assert_string_equal(value_kind_decl(KIND_RAW, REMOTE_UDT), "BLOB");
  assert_string_equal(value_kind_decl(KIND_RAW, REMOTE_REAL), "REAL");
  assert_string_equal(value_kind_decl(KIND_STRING, REMOTE_INT), "TEXT");
  assert_string_equal(value_kind_decl(KIND_DATE, REMOTE_INT), "TEXT");
  assert_string_equal(value_kind_decl(KIND_REAL, REMOTE_DECIMAL), "REAL");
  assert_string_equal(value_kind_decl(KIND_BOOLEAN, REMOTE_BIT), "INTEGER");
  assert_string_equal(value_kind_decl(KIND_BLOB, REMOTE_UDT), "BLOB");
}

static void test_value__impossible_kinds_are_refused_early(void **state) {
  (void)state;
  assert_false(value_kind_accepts(KIND_DATE, REMOTE_BIT));
  assert_false(value_kind_accepts(KIND_DATE, REMOTE_TIME));
  assert_false(value_kind_accepts(KIND_TIME, REMOTE_DATE));
  assert_false(value_kind_accepts(KIND_INTEGER, REMOTE_DATETIME));
  assert_false(value_kind_accepts(KIND_STRING, REMOTE_BINARY));
  assert_false(value_kind_accepts(KIND_GUID, REMOTE_INT));
  assert_true(value_kind_accepts(KIND_DATE, REMOTE_DATETIMEOFFSET));
  assert_true(value_kind_accepts(KIND_INTEGER, REMOTE_DECIMAL));
  for (int k = 0; k < N; k++) {
    assert_true(value_kind_accepts((enum value_kind)k, REMOTE_STRING));
    assert_true(value_kind_accepts((enum value_kind)k, REMOTE_VARIANT));
  }
  for (int t = REMOTE_UNKNOWN; t <= REMOTE_UDT; t++) {
    enum remote_type type = (enum remote_type)t;
    assert_true(value_kind_accepts(KIND_RAW, type));
    assert_true(value_kind_accepts(value_kind_default(type), type));
  }
}

static void test_value__columns_are_copied_deeply(void **state) {
  static char name[] = "orderQty";
  struct remote_column item = {name, REMOTE_DECIMAL, 13, 3, 17, 1, 0, 0};
  struct remote_columns from = {&item, 1}, to = {0};
  struct err e = {0};
  (void)state;
  assert_int_equal(remote_columns_copy(&to, &from, &e), ERR_NONE);
  assert_int_equal(to.count, 1);
  assert_ptr_not_equal(to.items[0].name, name);
  assert_string_equal(to.items[0].name, "orderQty");
  assert_int_equal(to.items[0].scale, 3);
  item.scale = 2;
  assert_int_equal(remote_columns_copy(&to, &from, &e), ERR_NONE);
  assert_int_equal(to.count, 2);
  assert_int_equal(to.items[0].scale, 3);
  assert_int_equal(to.items[1].scale, 2);
  remote_columns_clear(&to);
  remote_columns_clear(&to);
  from.count = 0;
  assert_int_equal(remote_columns_copy(&to, &from, &e), ERR_NONE);
  assert_null(to.items);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_value__integer_takes_exact_whole_numbers),
      cmocka_unit_test(test_value__string_is_trimmed_and_blank_is_null),
      cmocka_unit_test(test_value__text_is_kept_unless_blank),
      cmocka_unit_test(test_value__raw_keeps_blank_text),
      cmocka_unit_test(test_value__blob_takes_the_bytes_of_text),
      cmocka_unit_test(test_value__real_reads_decimal_notation),
      cmocka_unit_test(test_value__real_reads_digits_without_end),
      cmocka_unit_test(test_value__decimal_keeps_every_digit_of_text),
      cmocka_unit_test(test_value__boolean_knows_the_usual_words),
      cmocka_unit_test(test_value__guid_is_upper_case),
      cmocka_unit_test(test_value__null_is_null_by_every_kind),
      cmocka_unit_test(test_value__integers_by_every_kind),
      cmocka_unit_test(test_value__blobs_by_every_kind),
      cmocka_unit_test(test_value__guid_bytes_are_mixed_endian),
      cmocka_unit_test(test_value__invalid_utf8_is_passed_on_untouched),
      cmocka_unit_test(test_value__text_may_hold_nul),
      cmocka_unit_test(test_value__no_pair_of_type_and_kind_crashes),
      cmocka_unit_test(test_value__kind_names_parse_in_any_case),
      cmocka_unit_test(test_value__declared_types_keep_values_as_they_are),
      cmocka_unit_test(test_value__impossible_kinds_are_refused_early),
      cmocka_unit_test(test_value__columns_are_copied_deeply),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
