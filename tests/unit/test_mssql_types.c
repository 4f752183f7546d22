/*
** The connection reads every type exactly: its ends, NULL and empty values,
** long texts, and characters that do not convert.
*/
#include "base/utf8.h"
#include "mssql_fixture.h"

#include <stdio.h>
#include <string.h>

/* The first row's column i in canonical form. */
static void text_of(struct mssql *m, int i, char *text, size_t n_text) {
  struct value v = {0};
  struct cell c = {0};
  mssql_value(m, i, &v);
  assert_int_equal(value_convert(&v, KIND_RAW, &c), 1);
  switch (c.type) {
  case SQLITE_NULL:
    (void)snprintf(text, n_text, "NULL");
    break;
  case SQLITE_INTEGER:
    (void)snprintf(text, n_text, "%lld", c.integer);
    break;
  case SQLITE_FLOAT:
    (void)snprintf(text, n_text, "%.17g", c.real);
    break;
  case SQLITE_TEXT:
    (void)snprintf(text, n_text, "'%.*s'", c.n_bytes, c.bytes);
    break;
  default:
    (void)snprintf(text, n_text, "x");
    for (int k = 0; k < c.n_bytes && k < 40; k++) {
      (void)snprintf(text + 1 + 2 * (size_t)k, n_text - 1 - 2 * (size_t)k,
                     "%02X", (unsigned char)c.bytes[k]);
    }
  }
}

struct type_case {
  const char *sql; /* an expression */
  enum remote_type type;
  int precision;
  int scale;
  const char *text;
};

static const struct type_case type_cases[] = {
    {"CAST(0 AS bit)", REMOTE_BIT, 0, 0, "0"},
    {"CAST(1 AS bit)", REMOTE_BIT, 0, 0, "1"},
    {"CAST(0 AS tinyint)", REMOTE_TINYINT, 0, 0, "0"},
    {"CAST(255 AS tinyint)", REMOTE_TINYINT, 0, 0, "255"},
    {"CAST(-32768 AS smallint)", REMOTE_SMALLINT, 0, 0, "-32768"},
    {"CAST(-2147483648 AS int)", REMOTE_INT, 0, 0, "-2147483648"},
    {"CAST(-9223372036854775808 AS bigint)", REMOTE_BIGINT, 0, 0,
     "-9223372036854775808"},
    {"CAST(9223372036854775807 AS bigint)", REMOTE_BIGINT, 0, 0,
     "9223372036854775807"},
    {"CAST(0.5 AS real)", REMOTE_REAL, 0, 0, "0.5"},
    {"CAST(1.1 AS float)", REMOTE_FLOAT, 0, 0, "1.1000000000000001"},
    {"CAST(-1.7976931348623157E308 AS float)", REMOTE_FLOAT, 0, 0,
     "-1.7976931348623157e+308"},
    {"CAST(-0.01 AS decimal(5,2))", REMOTE_DECIMAL, 5, 2, "-0.01"},
    {"CAST(12345678901234.56 AS decimal(18,2))", REMOTE_DECIMAL, 18, 2,
     "'12345678901234.56'"},
    {"CAST(7 AS decimal(9,0))", REMOTE_DECIMAL, 9, 0, "7"},
    {"CAST('99999999999999999999999999999999999999' AS decimal(38,0))",
     REMOTE_DECIMAL, 38, 0, "'99999999999999999999999999999999999999'"},
    {"CAST('-0.00000000000000000000000000000000000001' AS decimal(38,38))",
     REMOTE_DECIMAL, 38, 38, "-9.9999999999999996e-39"},
    {"CAST(-922337203685477.5808 AS money)", REMOTE_MONEY, 0, 4,
     "'-922337203685477.5808'"},
    {"CAST(922337203685477.5807 AS money)", REMOTE_MONEY, 0, 4,
     "'922337203685477.5807'"},
    {"CAST(-0.0001 AS money)", REMOTE_MONEY, 0, 4, "-0.0001"},
    {"CAST(-214748.3648 AS smallmoney)", REMOTE_SMALLMONEY, 0, 4,
     "-214748.36480000001"},
    {"CAST('0001-01-01' AS date)", REMOTE_DATE, 0, 0, "'0001-01-01'"},
    {"CAST('9999-12-31' AS date)", REMOTE_DATE, 0, 0, "'9999-12-31'"},
    {"CAST('23:59:59.9999999' AS time)", REMOTE_TIME, 0, 7,
     "'23:59:59.9999999'"},
    {"CAST('00:00:00' AS time(0))", REMOTE_TIME, 0, 0, "'00:00:00'"},
    {"CAST('1753-01-01' AS datetime)", REMOTE_DATETIME, 0, 3,
     "'1753-01-01 00:00:00.000'"},
    {"CAST('2024-02-29 23:59:59.997' AS datetime)", REMOTE_DATETIME, 0, 3,
     "'2024-02-29 23:59:59.997'"},
    {"CAST('2024-02-29 12:00:00.003' AS datetime)", REMOTE_DATETIME, 0, 3,
     "'2024-02-29 12:00:00.003'"},
    {"CAST('2079-06-06 23:59' AS smalldatetime)", REMOTE_SMALLDATETIME, 0, 0,
     "'2079-06-06 23:59:00'"},
    {"CAST('0001-01-01 00:00:00.123' AS datetime2(3))", REMOTE_DATETIME2, 0, 3,
     "'0001-01-01 00:00:00.123'"},
    {"CAST('9999-12-31 23:59:59.9999999' AS datetime2)", REMOTE_DATETIME2, 0, 7,
     "'9999-12-31 23:59:59.9999999'"},
    {"CAST('2024-05-06 01:02:03.4567891 +05:30' AS datetimeoffset)",
     REMOTE_DATETIMEOFFSET, 0, 7, "'2024-05-06 01:02:03.4567891+05:30'"},
    {"CAST('2024-05-06 23:30:00 -11:00' AS datetimeoffset(0))",
     REMOTE_DATETIMEOFFSET, 0, 0, "'2024-05-06 23:30:00-11:00'"},
    {"CAST('abc' AS char(5))", REMOTE_STRING, 0, 0, "'abc  '"},
    {"CAST('' AS varchar(10))", REMOTE_STRING, 0, 0, "''"},
    {"CAST(N'' AS nvarchar(max))", REMOTE_STRING, 0, 0, "''"},
    {"N'h\xC3\xA4\xC3\x9F \xF0\x9F\x98\x80'", REMOTE_STRING, 0, 0,
     "'h\xC3\xA4\xC3\x9F \xF0\x9F\x98\x80'"},
    {"CAST(N'x' AS ntext)", REMOTE_LONGTEXT, 0, 0, "'x'"},
    {"CAST('x' AS text)", REMOTE_LONGTEXT, 0, 0, "'x'"},
    {"CAST(N'<a>1</a>' AS xml)", REMOTE_LONGTEXT, 0, 0, "'<a>1</a>'"},
    {"CAST(0x0100 AS binary(3))", REMOTE_BINARY, 0, 0, "x010000"},
    {"CAST(0x AS varbinary(5))", REMOTE_BINARY, 0, 0, "x"},
    {"CAST(0x AS varbinary(max))", REMOTE_BINARY, 0, 0, "x"},
    {"CAST(0xFF00 AS varbinary(max))", REMOTE_BINARY, 0, 0, "xFF00"},
    {"CAST(0x02 AS image)", REMOTE_IMAGE, 0, 0, "x02"},
    {"CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS uniqueidentifier)",
     REMOTE_GUID, 0, 0, "'6F9619FF-8B86-D011-B42D-00C04FC964FF'"},
};

static const char *const null_types[] = {"bit",
                                         "tinyint",
                                         "smallint",
                                         "int",
                                         "bigint",
                                         "real",
                                         "float",
                                         "decimal(38,10)",
                                         "money",
                                         "smallmoney",
                                         "date",
                                         "time",
                                         "datetime",
                                         "smalldatetime",
                                         "datetime2",
                                         "datetimeoffset",
                                         "char(3)",
                                         "nvarchar(10)",
                                         "nvarchar(max)",
                                         "varbinary(3)",
                                         "xml",
                                         "varbinary(max)",
                                         "uniqueidentifier",
                                         "varchar(max)"};

static void check_type(struct mssql *m, const struct type_case *c) {
  struct err e = {0};
  int has_row = 0;
  char sql[256];
  char text[256];
  const struct remote_columns *columns;
  (void)snprintf(sql, sizeof sql, "SELECT %s AS v", c->sql);
  if (mssql_query(m, sql, &e)) fail_msg("%s: %s", sql, e.text);
  columns = mssql_columns(m);
  assert_int_equal(columns->count, 1);
  assert_string_equal(columns->items[0].name, "v");
  if (columns->items[0].type != c->type) {
    fail_msg("%s came as %s", sql, remote_type_name(columns->items[0].type));
  }
  assert_int_equal(columns->items[0].precision, c->precision);
  assert_int_equal(columns->items[0].scale, c->scale);
  if (mssql_next(m, &has_row, &e) || !has_row) fail_msg("%s: %s", sql, e.text);
  text_of(m, 0, text, sizeof text);
  if (strcmp(text, c->text) != 0) fail_msg("%s: %s", sql, text);
  if (mssql_next(m, &has_row, &e) || has_row) fail_msg("%s: %s", sql, e.text);
}

static void test_mssql__reads_every_type_exactly(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  for (size_t i = 0; i < sizeof type_cases / sizeof *type_cases; i++) {
    check_type(m, &type_cases[i]);
  }
  mssql_close(m);
}

static void test_mssql__tells_null_from_empty(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  for (size_t i = 0; i < sizeof null_types / sizeof *null_types; i++) {
    struct err e = {0};
    int has_row = 0;
    char sql[96];
    char text[96];
    (void)snprintf(sql, sizeof sql, "SELECT CAST(NULL AS %s) AS v",
                   null_types[i]);
    if (mssql_query(m, sql, &e)) fail_msg("%s: %s", sql, e.text);
    assert_int_equal(mssql_columns(m)->items[0].nullable, 1);
    if (mssql_next(m, &has_row, &e) || !has_row) fail_msg("%s", e.text);
    text_of(m, 0, text, sizeof text);
    if (strcmp(text, "NULL") != 0) fail_msg("%s: %s", sql, text);
    assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
  }
  mssql_close(m);
}

static void test_mssql__never_cuts_a_long_text(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  struct value v = {0};
  int has_row = 0;
  if (mssql_query(m,
                  "SELECT REPLICATE(CAST(N'\xC3\xA4' AS nvarchar(max)), "
                  "300000) AS v",
                  &e)) {
    fail_msg("%s", e.text);
  }
  if (mssql_next(m, &has_row, &e) || !has_row) fail_msg("%s", e.text);
  mssql_value(m, 0, &v);
  assert_int_equal(v.n_bytes, 600000);
  for (int i = 0; i < v.n_bytes; i += 2) {
    if (v.bytes[i] != 0xC3 || v.bytes[i + 1] != 0xA4) fail_msg("at %d", i);
  }
  assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
  mssql_close(m);
}

#define MANY(text) "REPLICATE(CAST(N'" text "' AS nvarchar(max)), 2000)"
#define IN_PAGE(text, collation)                                               \
  "CAST(" MANY(text) " COLLATE " collation " AS varchar(max))"

/* A value comes in chunks as long as the server likes: half a character at the
** end of one is none that does not convert. */
static void test_mssql__joins_chunks_within_a_character(void **state) {
  static const struct {
    const char *text, *sql;
  } cases[] = {{"\U0001F600b", MANY("\U0001F600b")},
               {"\U0001F600b",
                IN_PAGE("\U0001F600b", "Latin1_General_100_CI_AS_SC_UTF8")},
               {"\u4e2db", IN_PAGE("\u4e2db", "Chinese_PRC_CI_AS")}};
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  for (int i = 0; i < 3 * 6; i++) {
    size_t n = strlen(cases[i / 6].text);
    char spec[64], sql[256];
    struct err e = {0};
    struct value v = {0};
    int has_row = 0;
    (void)snprintf(spec, sizeof spec, "when=batch match=chunked do=chunks:%d",
                   i % 6 + 1);
    fault(&w->plain, spec);
    (void)snprintf(sql, sizeof sql, "SELECT %s AS chunked", cases[i / 6].sql);
    assert_int_equal(mssql_query(m, sql, &e), ERR_NONE);
    assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
    mssql_value(m, 0, &v);
    assert_int_equal(v.n_bytes, 2000 * n);
    for (size_t k = 0; k < 2000 * n; k += n) {
      assert_memory_equal(v.bytes + k, cases[i / 6].text, n);
    }
    assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
    assert_int_equal(has_row, 0);
  }
  mssql_close(m);
}

/* Left to whoever reads the value, and can name its column: as 0xFF. */
static void test_mssql__marks_characters_that_do_not_convert(void **state) {
  static const struct {
    const char *sql, *text;
  } cases[] = {{"SELECT CAST(0x00D8 AS nvarchar(4)) AS v", "\xff"},
               {"SELECT CAST(0x410000D84200 AS nvarchar(4)) AS v", "A\xff"
                                                                   "B"},
               {"SELECT CAST(0x410000D8 AS nvarchar(9)) AS v", "A\xff"},
               {"SELECT CAST(0x410000D8 AS nvarchar(max)) AS v", "A\xff"}};
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct err e = {0};
    struct value v = {0};
    int has_row = 0;
    assert_int_equal(mssql_query(m, cases[i].sql, &e), ERR_NONE);
    assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
    mssql_value(m, 0, &v);
    assert_int_equal(v.type, VALUE_TEXT);
    assert_int_equal(v.n_bytes, strlen(cases[i].text));
    assert_memory_equal(v.bytes, cases[i].text, strlen(cases[i].text));
    assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
    assert_int_equal(has_row, 0);
  }
  mssql_close(m);
}

/* The answer to a batch with this text will have byte `at` changed by mask.
** Returns m, or another connection where that is used up. */
static struct mssql *before_a_flip(struct world *w, struct mssql *m,
                                   const char *match, int at, int mask,
                                   int ms) {
  char spec[64];
  (void)snprintf(spec, sizeof spec, "when=batch match=%s do=flip:%d:%d", match,
                 at, mask);
  fault(&w->plain, spec);
  if (!m || !mssql_alive(m)) {
    mssql_close(m);
    m = connect_to(&w->plain);
  }
  mssql_deadline(m, clock_now_ms() + ms);
  return m;
}

/* Flips what makes up the answer's bytes from..to, one a time, and returns at
** how many of them once() found what is looked for. A damaged length is waited
** for in vain, a good one in time or, where the machine is busy, in the next
** round, which waits for longer. */
static int flipped(struct world *w, const char *match, int from, int to,
                   int mask, int least, int (*once)(struct mssql *m)) {
  char found[64] = {0};
  struct mssql *m = NULL;
  int n = 0;
  assert_true(to <= (int)sizeof found);
  for (int ms = 150; ms < 3000 && n < least; ms *= 2) {
    for (int at = from; at < to; at++) {
      m = before_a_flip(w, m, match, at, mask, ms);
      if (!once(m) || found[at]) continue;
      found[at] = 1;
      n++;
    }
  }
  mssql_close(m);
  fault(&w->plain, "");
  return n;
}

static int refuses_the_name(struct mssql *m) {
  struct err e = {0};
  if (!mssql_query(m, "SELECT 1 AS qty", &e)) {
    const struct remote_columns *has = mssql_columns(m);
    for (int i = 0; i < has->count; i++) {
      size_t n = strlen(has->items[i].name);
      assert_int_equal(utf8_valid(has->items[i].name, n), n);
    }
  }
  return strstr(e.text, "the name of column 1 is no valid Unicode") != NULL;
}

/* A name is no row's value: nobody else looks at it. The high byte of each of
** its units becomes a surrogate's. */
static void test_mssql__a_name_that_is_no_unicode_is_refused(void **state) {
  assert_true(flipped(*state, "qty", 8, 40, 216, 3, refuses_the_name) >= 3);
}

static int reads_a_value(struct mssql *m) {
  struct err e = {0};
  int has_row = 0, n_read = 0;
  if (mssql_query(m, "SELECT CAST('1753-01-01' AS datetime) AS t", &e)) {
    return 0;
  }
  while (!mssql_next(m, &has_row, &e) && has_row) {
    for (int i = 0; i < mssql_columns(m)->count; i++) {
      struct value v;
      struct cell cell;
      mssql_value(m, i, &v);
      (void)value_convert(&v, KIND_DATETIME, &cell);
      n_read++;
    }
  }
  return n_read > 0;
}

/* Whatever a byte of the answer becomes, reading it is defined; the sanitizers
** watch. A datetime's time is signed on the wire and is never negative. From
** the packet's header to the DONE; its eight bytes, at least, are read. */
static void test_mssql__reads_a_datetime_with_any_byte_inverted(void **state) {
  assert_true(flipped(*state, "1753", 8, 60, 255, 9, reads_a_value) >= 9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      MSSQL_TEST(test_mssql__reads_every_type_exactly),
      MSSQL_TEST(test_mssql__tells_null_from_empty),
      MSSQL_TEST(test_mssql__never_cuts_a_long_text),
      MSSQL_TEST(test_mssql__joins_chunks_within_a_character),
      MSSQL_TEST(test_mssql__marks_characters_that_do_not_convert),
      MSSQL_TEST(test_mssql__a_name_that_is_no_unicode_is_refused),
      MSSQL_TEST(test_mssql__reads_a_datetime_with_any_byte_inverted),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
