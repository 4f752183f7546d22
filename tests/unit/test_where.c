/*
** What is printed as T-SQL whatever the type: affinities, lists of comparisons,
** tests for NULL, what the server cannot compare, and what it sorts alike.
*/
#include "where_fixture.h"

#include "value/time.h"

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
      cmocka_unit_test(test_where__affinity_is_that_of_sqlite),
      cmocka_unit_test(test_where__lists_of_comparisons),
      cmocka_unit_test(test_where__guids_and_binaries),
      cmocka_unit_test(test_where__null_tests_follow_the_conversion),
      cmocka_unit_test(test_where__a_null_test_is_exact_where_all_converts),
      cmocka_unit_test(test_where__what_the_server_cannot_compare),
      cmocka_unit_test(test_where__what_sorts_alike),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
