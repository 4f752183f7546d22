/*
** The types of the server's columns, and values that may be in them: the ends
** of each range, and what compares unlike on the two sides. No decimal of more
** than 15 digits has the double of another: which of the two is max() in a
** query that compares them as numbers depends on SQLite's order of rows.
*/
#include "diff.h"

#include <stdio.h>
#include <string.h>

/* ---- what there is ----------------------------------------------------- */

static const struct kind_of_type types[] = {
    {"bit", C_INT, "raw integer boolean string real decimal", "0|1"},
    {"tinyint", C_INT, "raw integer boolean string real decimal text",
     "0|1|2|7|254|255"},
    {"smallint", C_INT, "raw integer boolean string real decimal text",
     "-32768|-1|0|1|2|10|12|32767"},
    {"int", C_INT, "raw integer boolean string real decimal text",
     "-2147483648|-1|0|1|2|3|10|42|8800|2147483647"},
    {"bigint", C_INT, "raw integer boolean string real decimal text",
     "-9223372036854775808|-9007199254740993|-1|0|1|2|10|9007199254740992|"
     "9007199254740993|9223372036854775806|9223372036854775807"},
    {"real", C_FLT, "raw integer real decimal string boolean text",
     "-3.4028234e38|-1.5|0|0.1|0.2|1|1.1|2.5|16777216|3.4028234e38|1e-30"},
    {"float", C_FLT, "raw integer real decimal string boolean text",
     "-1.7976931348623157e308|-1.5|0|0.1|0.30000000000000004|0.3|1|1.1|2.5|"
     "9007199254740993|1e20|1e-300|1.7976931348623157e308"},
    {"decimal(38,0) text", C_DEC,
     "raw integer real decimal string boolean text",
     "'-99999999999999999999999999999999999999'|'-1'|'0'|'1'|'2'|"
     "'9223372036854775807'|'9223372036854775808'|'12345678901234567890'|"
     "'99999999999999999999999999999999999999'"},
    {"decimal(18,4) text", C_DEC,
     "raw integer real decimal string boolean text",
     "'-99999999999999.9999'|'-1.5000'|'0'|'0.0001'|'1'|'1.5'|'1.5001'|'2'|"
     "'0.3'|'0.1'|'99999999999999.9999'"},
    {"numeric(38,38) text", C_DEC, "raw integer real decimal string text",
     "'-0.99999999999999999999999999999999999999'|'0'|'0.5'|"
     "'0.10000000000000010000000000000000000001'|'0.1'|"
     "'0.30000000000000004440892098500626161695'"},
    {"decimal(13,3) text", C_DEC,
     "raw integer real decimal string boolean text",
     "'-1'|'0'|'0.001'|'1'|'1.5'|'2'|'10'|'12.345'|'9999999999.999'"},
    /* of 15 digits all are numbers; of more, some are text */
    {"decimal(5,5) text", C_DEC, "raw real decimal string",
     "'-0.99999'|'-0.00001'|'0'|'0.00001'|'0.1'|'0.3'|'0.5'|'0.99999'"},
    {"decimal(15,2) text", C_DEC, "raw real decimal string",
     "'-9999999999999.99'|'-1000'|'-0.01'|'0'|'0.01'|'0.1'|'1.1'|'2'|'999.99'|"
     "'1000'|'1000.01'|'9999999999999.98'|'9999999999999.99'"},
    {"decimal(16,2) text", C_DEC, "raw real decimal string",
     "'-99999999999999.99'|'-10000000000000.01'|'-10000000000000'|"
     "'-9999999999999.99'|'-0.01'|'0'|'1.1'|'2'|'1000'|'9999999999999.99'|"
     "'10000000000000'|'10000000000000.01'|'99999999999999.99'"},
    {"decimal(18,2) text", C_DEC, "raw real decimal string",
     "'-9999999999999999.99'|'-12345678901234.56'|'-0.01'|'0'|'0.1'|'1.5'|'3'|"
     "'1000'|'1000.01'|'10000000000000.10'|'12345678901234.50'|"
     "'12345678901234.56'|'9999999999999999.99'"},
    {"decimal(20,0) text", C_DEC, "raw integer real decimal string",
     "'-99999999999999999999'|'-9223372036854777857'|'-9223372036854775808'|"
     "'-1'|'0'|'1000'|'9007199254740993'|'9223372036854775807'|"
     "'10000000000000000000'|'12345678901234567890'"},
    {"decimal(38,10) text", C_DEC, "raw real decimal string",
     "'-1234567890123456789012345678.0123456789'|'-100000.0000000001'|'-1.5'|"
     "'0'|'0.0000000001'|'0.1'|'99999.9999999999'|'100000'|"
     "'100000.0000000001'|'1000000000000000000000000000'|"
     "'1234567890123456789012345678.0123456789'"},
    {"decimal(16,16) text", C_DEC, "raw real decimal string",
     "'-0.9999999999999999'|'-0.1'|'0'|'0.1'|'0.0000000000000001'|"
     "'0.1234567890123450'|'0.1234567890123456'|'0.9999999999999999'"},
    {"money text", C_DEC, "raw integer real decimal string text",
     "'-922337203685477.5808'|'-1'|'0'|'0.0001'|'1'|'1.5'|'12.34'|"
     "'922337203685477.5807'"},
    {"smallmoney text", C_DEC, "raw integer real decimal string text",
     "'-214748.3648'|'-1'|'0'|'0.1'|'1'|'12.34'|'214748.3647'"},
    {"date", C_DATE, "raw date datetime string text",
     "'0001-01-01'|'1752-12-31'|'1899-12-31'|'1900-01-01'|'2024-02-29'|"
     "'2025-01-01'|'2025-01-02'|'2025-12-31'|'9999-12-30'|'9999-12-31'"},
    {"time(0)", C_DATE, "raw time string text",
     "'00:00:00'|'00:00:01'|'12:34:56'|'23:59:59'"},
    {"time(3)", C_DATE, "raw time string text",
     "'00:00:00.000'|'00:00:00.001'|'12:34:56.123'|'23:59:59.999'"},
    {"time(7)", C_DATE, "raw time string text",
     "'00:00:00.0000000'|'00:00:00.0000001'|'12:34:56.1234567'|"
     "'23:59:59.9999999'"},
    {"datetime", C_DATE, "raw date datetime time string text",
     "'1753-01-01 00:00:00.000'|'1899-12-31 23:59:59.997'|"
     "'2025-01-01 00:00:00.000'|'2025-01-01 00:00:00.003'|"
     "'2025-01-01 00:00:00.007'|'2025-01-01 12:00:00.000'|"
     "'2025-01-01 23:59:59.997'|'2025-01-02 00:00:00.000'|"
     "'9999-12-31 23:59:59.997'"},
    {"smalldatetime", C_DATE, "raw date datetime time string text",
     "'1900-01-01 00:00:00'|'2025-01-01 00:00:00'|'2025-01-01 00:01:00'|"
     "'2025-01-01 23:59:00'|'2025-01-02 00:00:00'|'2079-06-06 23:59:00'"},
    {"datetime2(0)", C_DATE, "raw date datetime time string text",
     "'0001-01-01 00:00:00'|'2025-01-01 00:00:00'|'2025-01-01 00:00:01'|"
     "'2025-01-02 00:00:00'|'9999-12-31 23:59:59'"},
    {"datetime2(3)", C_DATE, "raw date datetime time string text",
     "'0001-01-01 00:00:00.000'|'2025-01-01 00:00:00.001'|"
     "'2025-01-01 00:00:00.000'|'2025-01-01 12:34:56.789'|"
     "'9999-12-31 23:59:59.999'"},
    {"datetime2(7)", C_DATE, "raw date datetime time string text",
     "'0001-01-01 00:00:00.0000000'|'2025-01-01 00:00:00.0000000'|"
     "'2025-01-01 00:00:00.0000001'|'2025-01-01 12:34:56.1234567'|"
     "'9999-12-31 23:59:59.9999999'"},
    {"datetimeoffset(0)", C_DATE, "raw date datetime time string text",
     "'0001-01-02 00:00:00+00:00'|'2025-01-01 00:00:00+14:00'|"
     "'2025-01-01 00:00:00-14:00'|'2025-01-01 23:59:59-14:00'|"
     "'2024-12-31 12:00:00+00:00'|'9999-12-31 09:59:59-14:00'"},
    {"datetimeoffset(7)", C_DATE, "raw date datetime time string text",
     "'2025-01-01 00:00:00.0000001+05:30'|'2025-01-01 00:00:00.0000000+00:00'|"
     "'2025-01-01 12:34:56.1234567-08:00'|'9999-12-30 23:59:59.9999999+00:00'"},
    {"char(8)", C_STR, "raw string text integer decimal real", "TEXT8"},
    {"varchar(30)", C_STR, "raw string text", "TEXT"},
    {"nvarchar(40)", C_STR,
     "raw string text string text integer date datetime decimal real boolean "
     "guid time blob",
     "TEXT"},
    {"nvarchar(60)", C_STR, "integer decimal real boolean raw string",
     "NUMBER"},
    {"nvarchar(61)", C_STR, "date datetime raw string time", "DATES"},
    {"nchar(10)", C_STR, "raw string text", "TEXT8"},
    {"nvarchar(max)", C_STR, "raw string text", "TEXT"},
    {"varchar(max)", C_STR, "raw string text", "TEXT"},
    {"nvarchar(40) COLLATE Latin1_General_BIN2", C_STR, "raw string text",
     "TEXT"},
    {"nvarchar(40) COLLATE SQL_Latin1_General_CP1_CS_AS", C_STR,
     "raw string text", "TEXT"},
    {"varchar(90) COLLATE Latin1_General_BIN2", C_STR, "raw string text",
     "TEXT"},
    {"varchar(90) COLLATE Latin1_General_100_CI_AS_SC_UTF8", C_STR,
     "raw string text", "TEXT"},
    {"varchar(90) COLLATE Latin1_General_100_CS_AS_SC_UTF8", C_STR,
     "raw string text", "TEXT"},
    {"varchar(90) COLLATE Latin1_General_100_BIN2_UTF8", C_STR,
     "raw string text", "TEXT"},
    {"nvarchar(40) COLLATE Turkish_CI_AS", C_STR, "raw string text", "TEXT"},
    {"varchar(30) COLLATE Turkish_100_CS_AS", C_STR, "raw string text", "TEXT"},
    {"nvarchar(50) COLLATE Japanese_CI_AS_KS_WS", C_STR, "raw string text",
     "TEXT"},
    {"nvarchar(40) COLLATE Danish_Norwegian_CI_AI", C_STR, "raw string text",
     "TEXT"},
    {"ntext", C_LONG, "raw string text", "TEXT"},
    {"text", C_LONG, "raw string text", "TEXT"},
    {"xml", C_LONG, "raw string", "'<a/>'|'<b>x</b>'|'<a b=\"c\">\u00e9</a>'"},
    {"binary(4)", C_BIN, "raw blob",
     "x'00000000'|x'01000000'|x'FFFFFFFF'|x'00000001'"},
    {"varbinary(20)", C_BIN, "raw blob",
     "x''|x'00'|x'0000'|x'01'|x'0100'|x'DEADBEEF'|x'FF'"},
    {"varbinary(max)", C_BIN, "raw blob", "x''|x'00'|x'01'|x'DEADBEEF'"},
    {"rowversion", C_BIN, "raw blob",
     "x'0000000000000000'|x'00000000000007D1'|x'00000000000007D2'|"
     "x'FFFFFFFFFFFFFFFF'"},
    {"hierarchyid", C_BIN, "raw blob", "x''|x'58'|x'5AC0'"},
    {"sql_variant", C_LONG,
     "raw string text integer decimal real date datetime boolean",
     "'int:5'|'bigint:9223372036854775807'|'nvarchar(20):abc'|"
     "'varchar(20): abc '|'date:2025-01-01'|'bit:1'|'float:0.1'|'real:0.1'|"
     "'datetime:2025-01-01 00:00:00.003'|'decimal(9,2):12.30'|"
     "'money:1.5000'|'varbinary(4):0x01FF'|'nvarchar(20):'|'nvarchar(20):5'|"
     "'uniqueidentifier:6F9619FF-8B86-D011-B42D-00C04FC964FF'"},
    {"image", C_BIN, "raw blob", "x''|x'00'|x'01'|x'CAFE'"},
    {"uniqueidentifier", C_GUID, "raw guid string text",
     "'00000000-0000-0000-0000-000000000000'|"
     "'6F9619FF-8B86-D011-B42D-00C04FC964FF'|"
     "'6F9619FF-8B86-D011-B42D-00C04FC964FE'|"
     "'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'"},
};

/* What text columns hold: SQL expressions, separated by bars. */
static const char *const texts[] = {"''",
                                    "' '",
                                    "'   '",
                                    "'a'",
                                    "'A'",
                                    "'a '",
                                    "' a'",
                                    "' a '",
                                    "'abc'",
                                    "'ABC'",
                                    "'Abc'",
                                    "'abc  '",
                                    "char(9)||'abc'",
                                    "'abc'||char(10)",
                                    "char(160)||'abc'",
                                    "'abc'||char(160)||' '",
                                    "char(160)",
                                    "char(9,10,13)",
                                    "'\u00e4'",
                                    "'\u00c4'",
                                    "'stra\u00dfe'",
                                    "'strasse'",
                                    "'STRASSE'",
                                    "'\u00e9t\u00e9'",
                                    "'ete'",
                                    "'%'",
                                    "'_'",
                                    "'a%b'",
                                    "'a_b'",
                                    "'axb'",
                                    "'[a]'",
                                    "'a[b'",
                                    "'a]b'",
                                    "'it''s'",
                                    "''''",
                                    "'5'",
                                    "'05'",
                                    "'5 '",
                                    "' 5'",
                                    "'5.0'",
                                    "'-1'",
                                    "'0'",
                                    "'1e3'",
                                    "'abc '||char(9)||' '",
                                    "'a b'",
                                    "'a  b'",
                                    "'\\'",
                                    "'--'",
                                    "'a'||char(92,10)||'b'",
                                    "char(92,13,10)||'b'"};

/* What the conversion trims. A code page has the first of them. */
static const int spaces[] = {9,    10,   11,   12,   13,   32,   160,
                             133,  5760, 8192, 8193, 8194, 8195, 8196,
                             8197, 8198, 8199, 8200, 8201, 8202, 8232,
                             8233, 8239, 8287, 12288};
#define CODE_PAGE_SPACES 7

/* What only the n-types can hold, and what a code page has instead. */
static const char *const plain_texts[] = {"'\u20ac'", "'abc'"};
static const char *const wide_texts[] = {"char(12288)||'abc'||char(8195)",
                                         "'a\u0308'",
                                         "char(8203)||'abc'",
                                         "char(65279)||'abc'",
                                         "'a'||char(769)",
                                         "char(8232)||'a'",
                                         "char(8239)",
                                         "char(5760)||'abc'||char(133)",
                                         "'\U0001F69A'",
                                         "'\u6771\u4eac'",
                                         "'\U0001F69A '",
                                         "'x\U0001F69Ay'",
                                         "'\uff15'",
                                         "'\u0416'"};

static const char *const numbers[] = {"'1'",
                                      "' 1 '",
                                      "'01'",
                                      "'+1'",
                                      "'1.0'",
                                      "'1.000'",
                                      "'-1'",
                                      "'0'",
                                      "'-0'",
                                      "'00'",
                                      "'12'",
                                      "'12 pcs'",
                                      "''",
                                      "'  '",
                                      "'8800'",
                                      "'18800'",
                                      "'88001'",
                                      "'8800.5'",
                                      "'9223372036854775807'",
                                      "'9223372036854775808'",
                                      "'-9223372036854775808'",
                                      "'1.5'",
                                      "' 1.50'",
                                      "'0.1'",
                                      "'1e3'",
                                      "'yes'",
                                      "'X'",
                                      "'false'",
                                      "char(160)||'12'||char(9)"};

static const char *const dates[] = {"'2025-01-01'",
                                    "'20250101'",
                                    "' 2025-01-01 '",
                                    "'2025-01-01T10:11:12'",
                                    "'2025-01-01 10:11:12'",
                                    "'2025-02-30'",
                                    "''",
                                    "'x'",
                                    "'20250102'",
                                    "'2025-01-02'",
                                    "'0001-01-01'",
                                    "'9999-12-31'",
                                    "'10:11:12'",
                                    "'2025-01-01 00:00:00'"};

/* ---- what is drawn ----------------------------------------------------- */

/* A value of a bar-separated list, into buffer. */
static const char *choose(struct diff *d, const char *list, char *buffer,
                          size_t room) {
  int n = 1, k;
  for (const char *s = list; *s; s++) n += *s == '|';
  for (k = rnd(d, n); k > 0; k--) list = strchr(list, '|') + 1;
  (void)snprintf(buffer, room, "%.*s", (int)strcspn(list, "|"), list);
  return buffer;
}

static const char *random_text(struct diff *d, const struct column *c,
                               char *buffer, size_t room) {
  int n = (int)(sizeof texts / sizeof *texts);
  int is_wide = c->type->decl[0] == 'n' || c->type->decl[0] == 'x' ||
                strstr(c->type->decl, "UTF8") != NULL;
  const char *text = texts[(c->window + rnd(d, 12)) % n];
  if (chance(d, 10))
    text = is_wide ? PICK(d, wide_texts) : PICK(d, plain_texts);
  if (chance(d, 15)) {
    int among =
        is_wide ? (int)(sizeof spaces / sizeof *spaces) : CODE_PAGE_SPACES;
    int before = chance(d, 60), after = !before || chance(d, 40);
    (void)snprintf(buffer, room, "char(%d)||%s||char(%d)",
                   before ? spaces[rnd(d, among)] : 32, text,
                   after ? spaces[rnd(d, among)] : 32);
    return buffer;
  }
  (void)snprintf(buffer, room, "%s", text);
  return buffer;
}

const char *types_value(struct diff *d, const struct column *c, char *buffer,
                        size_t room) {
  const char *values = c->type->values;
  if (strcmp(values, "TEXT") == 0) return random_text(d, c, buffer, room);
  if (strcmp(values, "TEXT8") == 0) {
    char inner[200];
    int n = c->type->decl[0] == 'n' ? 10 : 8;
    random_text(d, c, inner, sizeof inner);
    /* fixed length: padded, as SQL Server keeps it */
    (void)snprintf(buffer, room, "substr(%s||'          ',1,%d)", inner, n);
    return buffer;
  }
  if (strcmp(values, "NUMBER") == 0) {
    (void)snprintf(buffer, room, "%s", PICK(d, numbers));
    return buffer;
  }
  if (strcmp(values, "DATES") == 0) {
    (void)snprintf(buffer, room, "%s", PICK(d, dates));
    return buffer;
  }
  return choose(d, values, buffer, room);
}

/* Half of the columns are of the types that people have, so that what is
** special about these meets its value often enough. */
static const struct kind_of_type *usual_type(struct diff *d) {
  static const char *const usual[] = {
      "int",          "bigint",       "date",
      "datetime2(3)", "nvarchar(40)", "decimal(13,3) text",
      "varchar(30)",  "nvarchar(60)", "decimal(18,2) text"};
  const char *decl = PICK(d, usual);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (strcmp(types[i].decl, decl) == 0) return &types[i];
  }
  return &types[0];
}

void types_draw(struct diff *d, struct column *c) {
  c->type = chance(d, 50) ? usual_type(d) : &PICK(d, types);
  c->window = rnd(d, (int)(sizeof texts / sizeof *texts));
  for (int k = 0; k < 8; k++) types_value(d, c, c->pool[k], sizeof *c->pool);
}
