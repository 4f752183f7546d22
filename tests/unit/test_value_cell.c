/*
** The edges: cells into SQLite, sql_variant's texts, values in messages.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "value/json.h"
#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct value text_value(const char *text, size_t n) {
  struct value v = {0};
  v.type = VALUE_TEXT;
  v.bytes = (const unsigned char *)text;
  v.n_bytes = (int)n;
  return v;
}

/* ---- cells into SQLite ------------------------------------------------- */

static struct cell make_cell(int type, sqlite3_int64 integer, double real,
                             const char *bytes, int n_bytes) {
  struct cell c;
  memset(&c, 0, sizeof c);
  c.type = type;
  c.integer = integer;
  c.real = real;
  c.bytes = bytes;
  c.n_bytes = n_bytes;
  return c;
}

/* echo(): the cell that its user data is. */
static void echo(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  (void)argv;
  cell_result(context, sqlite3_user_data(context));
}

/* quote(?1) of the bound cell, or quote(echo()) of the returned one. */
static void check_cell(struct cell *cell, const char *want) {
  sqlite3 *db = NULL;
  sqlite3_stmt *stmt = NULL;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(sqlite3_create_function(db, "echo", 0, SQLITE_UTF8, cell,
                                           echo, NULL, NULL),
                   SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, "SELECT quote(?1), quote(echo())", -1,
                                      &stmt, NULL),
                   SQLITE_OK);
  assert_int_equal(cell_bind(stmt, 1, cell), SQLITE_OK);
  assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
  assert_string_equal((const char *)sqlite3_column_text(stmt, 0), want);
  assert_string_equal((const char *)sqlite3_column_text(stmt, 1), want);
  assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_value__cells_reach_sqlite_as_they_are(void **state) {
  struct cell c = make_cell(SQLITE_INTEGER, LLONG_MIN, 0, NULL, 0);
  (void)state;
  check_cell(&c, "-9223372036854775808");
  c = make_cell(SQLITE_FLOAT, 0, 0.5, NULL, 0);
  check_cell(&c, "0.5");
  c = make_cell(SQLITE_TEXT, 0, 0, "abcdef", 3);
  check_cell(&c, "'abc'");
  c = make_cell(SQLITE_BLOB, 0, 0, "\0\1", 2);
  check_cell(&c, "X'0001'");
  c = make_cell(SQLITE_NULL, 0, 0, NULL, 0);
  check_cell(&c, "NULL");
}

static void test_value__empty_is_not_null(void **state) {
  struct cell c = make_cell(SQLITE_TEXT, 0, 0, NULL, 0);
  (void)state;
  check_cell(&c, "''");
  c = make_cell(SQLITE_BLOB, 0, 0, NULL, 0);
  check_cell(&c, "X''");
}

static void test_value__bind_tells_what_went_wrong(void **state) {
  static const int types[] = {SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT,
                              SQLITE_BLOB, SQLITE_NULL};
  static const char bytes[100] = "x";
  sqlite3 *db = NULL;
  sqlite3_stmt *stmt = NULL;
  (void)state;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, "SELECT ?1", -1, &stmt, NULL),
                   SQLITE_OK);
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    struct cell c = make_cell(types[i], 1, 1, bytes, 1);
    assert_int_equal(cell_bind(stmt, 2, &c), SQLITE_RANGE);
    assert_int_equal(cell_bind(stmt, 0, &c), SQLITE_RANGE);
  }
  (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 50);
  struct cell c = make_cell(SQLITE_TEXT, 0, 0, bytes, 100);
  assert_int_equal(cell_bind(stmt, 1, &c), SQLITE_TOOBIG);
  c.type = SQLITE_BLOB;
  assert_int_equal(cell_bind(stmt, 1, &c), SQLITE_TOOBIG);
  assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
  /* and so does a result */
  assert_int_equal(
      sqlite3_create_function(db, "echo", 0, SQLITE_UTF8, &c, echo, NULL, NULL),
      SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "SELECT echo()", NULL, NULL, NULL),
                   SQLITE_TOOBIG);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- sql_variant ------------------------------------------------------- */

/* The value inside, as SQL would write its raw form; "BAD" when malformed. */
static const char *variant(const char *text, size_t n) {
  static char shown[200];
  struct value out, v;
  struct cell c;
  unsigned char *scratch = malloc(n > VALUE_SCRATCH ? n : VALUE_SCRATCH);
  char *exact = malloc(n ? n : 1);
  assert_non_null(scratch);
  assert_non_null(exact);
  memcpy(exact, text, n);
  v = text_value(exact, n);
  (void)snprintf(shown, sizeof shown, "BAD");
  if (!value_from_variant(&v, scratch, &out)) {
    assert_int_equal(out.type, VALUE_NULL);
  } else if (value_convert(&out, KIND_RAW, &c)) {
    if (c.type == SQLITE_INTEGER)
      (void)snprintf(shown, sizeof shown, "%lld", (long long)c.integer);
    else if (c.type == SQLITE_FLOAT)
      (void)snprintf(shown, sizeof shown, "%.17gr", c.real);
    else if (c.type == SQLITE_TEXT)
      (void)snprintf(shown, sizeof shown, "'%.*s'", c.n_bytes, c.bytes);
    else
      (void)snprintf(shown, sizeof shown, "%d bytes", c.n_bytes);
  }
  free(scratch);
  free(exact);
  return shown;
}

static void test_value__variant_is_by_its_inner_type(void **state) {
  static const struct {
    const char *text, *want;
  } cases[] = {
      {"int:42", "42"},
      {"INT:-42", "-42"},
      {"bigint:-9223372036854775808", "-9223372036854775808"},
      {"bigint:9223372036854775808", "BAD"},
      {"smallint:7", "7"},
      {"tinyint:255", "255"},
      {"bit:1", "1"},
      {"decimal:1.50", "1.5r"},
      {"decimal:.50", "0.5r"},
      {"numeric:-0.00", "0"},
      {"numeric:99999999999999999999999999999999999999",
       "'99999999999999999999999999999999999999'"},
      {"numeric:999999999999999999999999999999999999999", "BAD"},
      {"money:12.3400", "12.34r"},
      {"smallmoney:-214748.3648", "-214748.36480000001r"},
      {"float:0x3FB999999999999A", "0.10000000000000001r"},
      {"float:0xbff8000000000000", "-1.5r"},
      {"float:0x0000000000000001", "4.9406564584124654e-324r"},
      {"float:0x7FF0000000000000", "BAD"}, /* infinite */
      {"float:0x3FB999999999999", "BAD"},
      {"float:0x3FB999999999999AA", "BAD"},
      {"float:0x3FB99999999999xA", "BAD"},
      {"float:1.5", "BAD"},
      {"real:0x3DCCCCCD", "0.10000000000000001r"},
      {"real:0x7F7FFFFF", "3.4028234999999999e+38r"},
      {"real:0x3FB999999999999A", "BAD"},
      {"date:2025-03-01", "'2025-03-01'"},
      {"date:10:11:12", "BAD"},
      {"date:2025-02-30", "BAD"},
      {"time:10:11:12.1234567", "'10:11:12.1234567'"},
      {"time:10:11:12", "'10:11:12'"},
      {"datetime:2025-03-01 10:11:12.003", "'2025-03-01 10:11:12.003'"},
      {"datetime:2025-03-01 10:11:12.000", "'2025-03-01 10:11:12.000'"},
      {"smalldatetime:2025-03-01 10:11:00", "'2025-03-01 10:11:00'"},
      {"datetime2:0001-01-01 00:00:00.0000000",
       "'0001-01-01 00:00:00.0000000'"},
      {"datetime2:2025-03-01 10:11:12.12345678", "BAD"},
      {"datetimeoffset:2025-03-01 00:30:00.12 +05:30",
       "'2025-03-01 00:30:00.12+05:30'"},
      {"datetimeoffset:0001-01-01 00:00:00 +14:00",
       "'0001-01-01 00:00:00+14:00'"},
      {"nvarchar:a:b", "'a:b'"},
      {"varchar:", "''"},
      {"nchar:  x  ", "'  x  '"},
      {"char:\xc3\xa4", "'\xc3\xa4'"},
      {"varbinary:0xDEADbeef", "4 bytes"},
      {"binary:0x", "0 bytes"},
      {"binary:0xF", "BAD"},
      {"binary:0xGG", "BAD"},
      {"binary:DEAD", "BAD"},
      {"uniqueidentifier:6F9619FF-8B86-D011-B42D-00C04FC964FF",
       "'6F9619FF-8B86-D011-B42D-00C04FC964FF'"},
      {"uniqueidentifier:6F9619FF", "BAD"},
      {"", "BAD"},
      {":", "BAD"},
      {"int", "BAD"},
      {"int:", "BAD"},
      {"int:x", "BAD"},
      {"in:1", "BAD"},
      {"integer:1", "BAD"},
      {"xml:<a/>", "BAD"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *got = variant(cases[i].text, strlen(cases[i].text));
    if (strcmp(got, cases[i].want) != 0)
      fail_msg("%s: %s, not %s", cases[i].text, got, cases[i].want);
  }
}

static void test_value__variant_of_other_types(void **state) {
  unsigned char scratch[VALUE_SCRATCH];
  struct value out, v = {0};
  (void)state;
  assert_int_equal(value_from_variant(&v, scratch, &out), 1);
  assert_int_equal(out.type, VALUE_NULL);
  v.type = VALUE_INTEGER;
  assert_int_equal(value_from_variant(&v, scratch, &out), 0);
}

static void test_value__text_has_to_be_utf8(void **state) {
  static const struct {
    const char *text;
    int n;
    const char *at; /* NULL: it is */
  } cases[] = {{"", 0, NULL},
               {"abc\xc3\xa4", 5, NULL},
               {"a\0b", 3, NULL},
               {"ab\xff"
                "c",
                4, "byte 3 of \"ab?c\""},
               {"abcdefghi\xed\xa0\x80", 12, "byte 10 of"},
               {"ab\xe2\x82", 4, "byte 3 of"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct value v = {.type = VALUE_TEXT,
                      .bytes = (const unsigned char *)cases[i].text,
                      .n_bytes = cases[i].n};
    struct err e = {0};
    assert_int_equal(value_check_text(&v, &e),
                     cases[i].at ? ERR_DATA : ERR_NONE);
    if (cases[i].at) assert_non_null(strstr(e.text, cases[i].at));
    v.type = VALUE_BLOB;
    err_reset(&e);
    assert_int_equal(value_check_text(&v, &e), ERR_NONE);
  }
}

static void test_value__malformed_variants_are_errors(void **state) {
  static const char *const bad[] = {"int:x", "int", "xml:<a/>", "hello", ""};
  struct value_scratch scratch = {0};
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct value v = {.type = VALUE_TEXT,
                      .bytes = (const unsigned char *)bad[i],
                      .n_bytes = (int)strlen(bad[i])};
    struct err e = {0};
    assert_int_equal(value_unpack(&v, &scratch, &e), ERR_DATA);
    assert_non_null(strstr(e.text, bad[i]));
  }
  struct value v = {0};
  struct err e = {0};
  assert_int_equal(value_unpack(&v, &scratch, &e), ERR_NONE);
  assert_int_equal(v.type, VALUE_NULL);
  value_scratch_clear(&scratch);
}

static void test_value__variant_binary_of_8000_bytes(void **state) {
  size_t n = strlen("varbinary:0x") + 16000;
  char *text = malloc(n + 1);
  (void)state;
  assert_non_null(text);
  memset(text, 'a', n);
  memcpy(text, "varbinary:0x", 12);
  text[n] = 0;
  assert_string_equal(variant(text, n), "8000 bytes");
  free(text);
}

/* ---- messages ---------------------------------------------------------- */

static const char *described(const struct value *v, size_t n_buffer) {
  static char buffer[100];
  memset(buffer, 0x5a, sizeof buffer);
  value_describe(v, buffer, n_buffer);
  assert_true(strlen(buffer) < n_buffer);
  assert_int_equal(buffer[n_buffer], 0x5a);
  return buffer;
}

#define TEXT(text) text_value(text, sizeof(text) - 1)

static void test_value__messages_show_the_value(void **state) {
  struct value v = TEXT("12 pcs");
  (void)state;
  assert_string_equal(described(&v, 90), "\"12 pcs\"");
  v = TEXT("");
  assert_string_equal(described(&v, 90), "\"\"");
  v = TEXT("a\nb\x7f\0c");
  assert_string_equal(described(&v, 90), "\"a?b??c\"");
  v = TEXT("\xff\xc3");
  assert_string_equal(described(&v, 90), "\"??\"");
  v = TEXT("1234567890123456789012345678901234567890");
  assert_string_equal(described(&v, 90),
                      "\"1234567890123456789012345678901234567890\"");
  v = TEXT("12345678901234567890123456789012345678901");
  assert_string_equal(described(&v, 90),
                      "\"1234567890123456789012345678901234567890...\"");
  v.type = VALUE_BLOB;
  v.n_bytes = 2;
  assert_string_equal(described(&v, 90), "0x3132");
  v.n_bytes = 21;
  assert_string_equal(described(&v, 90),
                      "0x3132333435363738393031323334353637383930...");
  v = (struct value){0};
  assert_string_equal(described(&v, 90), "NULL");
  v.type = VALUE_INTEGER;
  v.integer = LLONG_MIN;
  assert_string_equal(described(&v, 90), "-9223372036854775808");
  v.type = VALUE_DATE;
  v.days = INT_MAX;
  assert_string_equal(described(&v, 90), "out of range");
  v.days = 0;
  assert_string_equal(described(&v, 90), "1900-01-01");
}

/* Whatever the buffer, what is in it is whole characters. */
static void test_value__messages_are_cut_between_characters(void **state) {
  struct value v = TEXT("\xe6\x9d\xb1\xe4\xba\xac\xf0\x9f\x9a\x9a\xc3\xa4\xe6"
                        "\x9d\xb1\xe4\xba\xac\xf0\x9f\x9a\x9a\xc3\xa4\xe6\x9d"
                        "\xb1\xe4\xba\xac\xf0\x9f\x9a\x9a\xc3\xa4\xe6\x9d\xb1"
                        "\xe4\xba\xac\xf0\x9f\x9a\x9a\xc3\xa4");
  (void)state;
  for (size_t n = 1; n < 90; n++) {
    const char *text = described(&v, n);
    size_t i = 0;
    while (text[i]) {
      unsigned char c = (unsigned char)text[i];
      size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
      assert_true(c < 0x80 || c >= 0xc2);
      for (size_t k = 1; k < length; k++)
        assert_int_equal(text[i + k] & 0xc0, 0x80);
      i += length;
    }
  }
  value_describe(&v, NULL, 0);
  assert_string_equal(described(&v, 25),
                      "\"\xe6\x9d\xb1\xe4\xba\xac\xf0\x9f\x9a\x9a\xc3\xa4\xe6"
                      "\x9d\xb1\xe4\xba\xac...\"");
  /* the quotes are closed also where a malformed byte is the last that fits */
  struct value torn = TEXT("ab\xff\xff");
  assert_string_equal(described(&torn, 8), "\"ab...\"");
}

/* ---- JSON -------------------------------------------------------------- */

static void test_json__each_cell_has_one_text(void **state) {
  static const struct {
    int type;
    double number;
    const char *bytes;
    int n;
    const char *want;
  } cases[] = {
      {SQLITE_NULL, 0, NULL, 0, "null"},
      {SQLITE_INTEGER, -5, NULL, 0, "-5"},
      {SQLITE_FLOAT, 5, NULL, 0, "5.0"},
      {SQLITE_FLOAT, 0.1, NULL, 0, "0.1"},
      {SQLITE_FLOAT, -0.0, NULL, 0, "0.0"},
      {SQLITE_FLOAT, 1e300, NULL, 0, "1e+300"},
      {SQLITE_FLOAT, HUGE_VAL, NULL, 0, "9e999"},
      {SQLITE_FLOAT, -HUGE_VAL, NULL, 0, "-9e999"},
      {SQLITE_TEXT, 0, "", 0, "\"\""},
      {SQLITE_TEXT, 0, "a\"\\\n\x7f\xc3\xa4", 7,
       "\"a\\\"\\\\\\u000a\x7f\xc3\xa4\""},
      {SQLITE_TEXT, 0, "a\0b", 3, "{\"text\":\"610062\"}"},
      {SQLITE_TEXT, 0, "\xff", 1, "{\"text\":\"ff\"}"},
      {SQLITE_BLOB, 0, "", 0, "{\"blob\":\"\"}"},
      {SQLITE_BLOB, 0, "\x00\xfe", 2, "{\"blob\":\"00fe\"}"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct cell c =
        make_cell(cases[i].type, cases[i].type == SQLITE_INTEGER ? -5 : 0,
                  cases[i].number, cases[i].bytes, cases[i].n);
    sqlite3_str *out = sqlite3_str_new(NULL);
    json_cell(out, &c);
    char *text = sqlite3_str_finish(out);
    assert_string_equal(text, cases[i].want);
    sqlite3_free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_value__cells_reach_sqlite_as_they_are),
      cmocka_unit_test(test_value__empty_is_not_null),
      cmocka_unit_test(test_value__bind_tells_what_went_wrong),
      cmocka_unit_test(test_value__variant_is_by_its_inner_type),
      cmocka_unit_test(test_value__variant_of_other_types),
      cmocka_unit_test(test_value__text_has_to_be_utf8),
      cmocka_unit_test(test_value__malformed_variants_are_errors),
      cmocka_unit_test(test_value__variant_binary_of_8000_bytes),
      cmocka_unit_test(test_value__messages_show_the_value),
      cmocka_unit_test(test_value__messages_are_cut_between_characters),
      cmocka_unit_test(test_json__each_cell_has_one_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
