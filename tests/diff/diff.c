/*
** The live view against a full local copy.
**
**   diff-test EXTENSION SERVER_DB WORK_DIR SEED QUERIES
**
** Makes tables of random types and values in the server's database, a live
** view of each, and a full copy of it in SQLite. Then the same random query
** runs on both, and has to give the same rows. The random numbers depend on
** the seed alone.
*/
#include <sqlite3.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MOST 1000
#define PARAMS_MOST  20

/* ---- random numbers ---------------------------------------------------- */

static uint64_t state;

static uint64_t rnd64(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/* 0 .. n-1 */
static int rnd(int n) {
  return (int)(rnd64() % (uint64_t)n);
}

static int chance(int percent) {
  return rnd(100) < percent;
}

#define PICK(list) ((list)[rnd((int)(sizeof(list) / sizeof *(list)))])

/* ---- the connections --------------------------------------------------- */

static sqlite3 *server; /* the server's tables, directly */
static sqlite3 *db;     /* the extension's user */
static const char *where_we_are = "";

static void die(const char *what, const char *sql, const char *message) {
  fprintf(stderr, "diff: %s: %s: %s\n  %s\n", where_we_are, what, message, sql);
  exit(2);
}

static void run(sqlite3 *on, const char *format, ...) {
  char *message = NULL;
  va_list args;
  va_start(args, format);
  char *sql = sqlite3_vmprintf(format, args);
  va_end(args);
  if (sqlite3_exec(on, sql, NULL, NULL, &message)) die("failed", sql, message);
  sqlite3_free(sql);
}

/* ---- types ------------------------------------------------------------- */

enum class_of { C_INT, C_DEC, C_FLT, C_DATE, C_STR, C_LONG, C_BIN, C_GUID };

static const struct kind_of_type {
  const char *decl; /* as the server's table declares it */
  enum class_of is;
  const char *kinds; /* that it may become, blank-separated */
  const char *values;
} types[] = {
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
     "'0.10000000000000000000000000000000000001'|'0.1'|"
     "'0.30000000000000004440892098500626161695'"},
    {"decimal(13,3) text", C_DEC,
     "raw integer real decimal string boolean text",
     "'-1'|'0'|'0.001'|'1'|'1.5'|'2'|'10'|'12.345'|'9999999999.999'"},
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
    {"ntext", C_LONG, "raw string text", "TEXT"},
    {"text", C_LONG, "raw string text", "TEXT"},
    {"xml", C_LONG, "raw string", "'<a/>'|'<b>x</b>'|'<a b=\"c\">\u00e9</a>'"},
    {"binary(4)", C_BIN, "raw blob",
     "x'00000000'|x'01000000'|x'FFFFFFFF'|x'00000001'"},
    {"varbinary(20)", C_BIN, "raw blob",
     "x''|x'00'|x'0000'|x'01'|x'0100'|x'DEADBEEF'|x'FF'"},
    {"varbinary(max)", C_BIN, "raw blob", "x''|x'00'|x'01'|x'DEADBEEF'"},
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
                                    "'--'"};

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

/* ---- one table --------------------------------------------------------- */

struct column {
  char name[40];
  const struct kind_of_type *type;
  char affinity;
  int window;        /* where in texts[] its values are: alike ones together */
  char pool[8][300]; /* most values are among these */
};

static struct column columns[COLUMNS_MOST];
static int n_columns, n_rows;
static int serial; /* numbers the tables */
static char live[40], copy[40];

/* A value of a bar-separated list, into buffer. */
static const char *choose(const char *list, char *buffer, size_t room) {
  int n = 1, k;
  for (const char *s = list; *s; s++) n += *s == '|';
  for (k = rnd(n); k > 0; k--) list = strchr(list, '|') + 1;
  snprintf(buffer, room, "%.*s", (int)strcspn(list, "|"), list);
  return buffer;
}

static const char *random_text(const struct column *c, char *buffer,
                               size_t room) {
  int n = (int)(sizeof texts / sizeof *texts);
  int is_wide = c->type->decl[0] == 'n' || c->type->decl[0] == 'x';
  const char *text = texts[(c->window + rnd(12)) % n];
  if (chance(10)) text = is_wide ? PICK(wide_texts) : PICK(plain_texts);
  snprintf(buffer, room, "%s", text);
  return buffer;
}

static const char *server_value(const struct column *c, char *buffer,
                                size_t room) {
  const char *values = c->type->values;
  if (strcmp(values, "TEXT") == 0) return random_text(c, buffer, room);
  if (strcmp(values, "TEXT8") == 0) {
    char inner[200];
    int n = c->type->decl[0] == 'n' ? 10 : 8;
    random_text(c, inner, sizeof inner);
    /* fixed length: padded, as SQL Server keeps it */
    snprintf(buffer, room, "substr(%s||'          ',1,%d)", inner, n);
    return buffer;
  }
  if (strcmp(values, "NUMBER") == 0) {
    snprintf(buffer, room, "%s", PICK(numbers));
    return buffer;
  }
  if (strcmp(values, "DATES") == 0) {
    snprintf(buffer, room, "%s", PICK(dates));
    return buffer;
  }
  return choose(values, buffer, room);
}

static void make_server_table(void) {
  sqlite3_str *sql = sqlite3_str_new(NULL);
  char value[300], *text;
  sqlite3_str_appendf(sql, "CREATE TABLE \"t%d\"(", serial);
  for (int i = 0; i < n_columns; i++) {
    sqlite3_str_appendf(sql, "%s\"%s\" \"%s\"", i ? ", " : "", columns[i].name,
                        columns[i].type->decl);
  }
  sqlite3_str_appendall(sql, ")");
  text = sqlite3_str_finish(sql);
  run(server, "%s", text);
  sqlite3_free(text);
  run(server, "BEGIN");
  for (int r = 0; r < n_rows; r++) {
    sql = sqlite3_str_new(NULL);
    if (r > 0 && chance(12)) { /* a whole row again */
      sqlite3_str_appendf(sql,
                          "INSERT INTO t%d SELECT * FROM t%d WHERE rowid=%d",
                          serial, serial, 1 + rnd(r));
    } else {
      sqlite3_str_appendf(sql, "INSERT INTO t%d VALUES(", serial);
      for (int i = 0; i < n_columns; i++) {
        sqlite3_str_appendf(
            sql, "%s%s", i ? "," : "",
            chance(12) ? "NULL"
                       : server_value(&columns[i], value, sizeof value));
      }
      sqlite3_str_appendall(sql, ")");
    }
    text = sqlite3_str_finish(sql);
    run(server, "%s", text);
    sqlite3_free(text);
  }
  run(server, "COMMIT");
}

/* Half of the columns are of the types that people have, so that what is
** special about these meets its value often enough. */
static const struct kind_of_type *random_type(void) {
  static const char *const usual[] = {"int",          "bigint",
                                      "date",         "datetime2(3)",
                                      "nvarchar(40)", "decimal(13,3) text",
                                      "varchar(30)",  "nvarchar(60)"};
  const char *decl = PICK(usual);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (strcmp(types[i].decl, decl) == 0) return &types[i];
  }
  return &types[0];
}

static const char *random_kind(const char *list, char *buffer, size_t room) {
  int n = 1, k;
  for (const char *s = list; *s; s++) n += *s == ' ';
  for (k = rnd(n); k > 0; k--) list = strchr(list, ' ') + 1;
  snprintf(buffer, room, "%.*s", (int)strcspn(list, " "), list);
  return buffer;
}

/* The copy's columns are declared as the live view's are. */
static void make_copy_table(void) {
  sqlite3_stmt *stmt;
  sqlite3_str *sql = sqlite3_str_new(NULL);
  char *text = sqlite3_mprintf("PRAGMA table_info(\"%w\")", live);
  int n = 0;
  if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL)) {
    die("table_info", text, sqlite3_errmsg(db));
  }
  sqlite3_free(text);
  sqlite3_str_appendf(sql, "CREATE TABLE %s(", copy);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    const char *decl = (const char *)sqlite3_column_text(stmt, 2);
    columns[n].affinity = decl[0] ? decl[0] : 'B';
    sqlite3_str_appendf(sql, "%s\"%w\" %s", n ? "," : "",
                        sqlite3_column_text(stmt, 1), decl);
    n++;
  }
  sqlite3_finalize(stmt);
  if (n != n_columns) die("columns", live, "their number differs");
  sqlite3_str_appendall(sql, ")");
  text = sqlite3_str_finish(sql);
  run(db, "%s", text);
  sqlite3_free(text);
}

static void make_live_source(void) {
  if (chance(50)) {
    run(db, "CREATE VIRTUAL TABLE temp.%s USING ordersync(source='dbo.t%d')",
        live, serial);
  } else {
    run(db,
        "CREATE VIRTUAL TABLE %s USING ordersync("
        "query='SELECT * FROM [t%d]')",
        live, serial);
  }
  make_copy_table();
  run(db, "INSERT INTO %s SELECT * FROM %s", copy, live);
}

static void make_live_sync(void) {
  char kind[20];
  run(db,
      "INSERT INTO ordersync_syncs(name, source, target, on_missing) "
      "VALUES('s%d', 't%d', '%s', 'null')",
      serial, serial, copy);
  for (int i = 0; i < n_columns; i++) {
    random_kind(columns[i].type->kinds, kind, sizeof kind);
    run(db,
        "INSERT INTO ordersync_columns(sync, position, source_column, "
        "target_column, kind) VALUES('s%d', %d, '%q', '%q', '%q')",
        serial, i + 1, columns[i].name, columns[i].name, kind);
  }
  if (chance(25)) { /* one that the server lacks */
    run(db,
        "UPDATE ordersync_columns SET source_column='gone' WHERE sync='s%d' "
        "AND position=%d AND %d > 1",
        serial, 1 + rnd(n_columns), n_columns);
  }
  run(db, "CREATE VIRTUAL TABLE temp.%s USING ordersync(sync=s%d)", live,
      serial);
  make_copy_table();
  run(db, "SELECT ordersync_refresh('s%d')", serial);
}

/* Local tables to join: values of the copy's columns, and others. */
static void make_local(void) {
  run(db, "DROP TABLE IF EXISTS l; CREATE TABLE l(n INTEGER, k, i INTEGER, "
          "t TEXT, d DATE)");
  for (int i = 0; i < 6 + (chance(30) ? 40 : 0); i++) {
    const struct column *c = &columns[rnd(n_columns)];
    run(db,
        "INSERT INTO l SELECT %d, (SELECT \"%w\" FROM %s LIMIT 1 OFFSET %d),"
        "(SELECT \"%w\" FROM %s LIMIT 1 OFFSET %d),"
        "(SELECT \"%w\" FROM %s LIMIT 1 OFFSET %d),"
        "(SELECT \"%w\" FROM %s LIMIT 1 OFFSET %d)",
        i, c->name, copy, rnd(n_rows + 1), c->name, copy, rnd(n_rows + 1),
        c->name, copy, rnd(n_rows + 1), c->name, copy, rnd(n_rows + 1));
  }
}

static void new_table(void) {
  static const int widths[] = {1, 62, 63, 64, 65, 68, 200, 1000};
  int wide = chance(15);
  serial++;
  n_columns = wide ? PICK(widths) : 2 + rnd(9);
  n_rows = n_columns >= 200 ? 6 : chance(5) ? 0 : 3 + rnd(40);
  for (int i = 0; i < n_columns; i++) {
    columns[i].type = chance(50) ? random_type() : &PICK(types);
    columns[i].window = rnd((int)(sizeof texts / sizeof *texts));
    for (int k = 0; k < 8; k++) {
      server_value(&columns[i], columns[i].pool[k], sizeof *columns[i].pool);
    }
    snprintf(columns[i].name, sizeof columns[i].name, "%s%d",
             chance(10) ? "A ]b'\xc3\xa4" : "c", i);
  }
  snprintf(live, sizeof live, "v%d", serial);
  snprintf(copy, sizeof copy, "k%d", serial);
  make_server_table();
  if (chance(40))
    make_live_source();
  else
    make_live_sync();
  make_local();
}

static void drop_table(void) {
  run(db, "DROP TABLE %s; DROP TABLE %s", live, copy);
  run(db, "DELETE FROM ordersync_columns; DELETE FROM ordersync_syncs");
  run(server, "DROP TABLE t%d", serial);
}

/* ---- expressions ------------------------------------------------------- */

static char *params[PARAMS_MOST]; /* literals that are bound */
static int n_params, use_params;

static void append_name(sqlite3_str *out, const char *alias, int i) {
  sqlite3_str_appendf(out, "%s%s\"%w\"", alias, *alias ? "." : "",
                      columns[i].name);
}

/* A value that the column has, as a literal. */
static char *copied_value(int i) {
  sqlite3_stmt *stmt;
  char *sql = sqlite3_mprintf("SELECT quote(\"%w\") FROM %s LIMIT 1 OFFSET %d",
                              columns[i].name, copy, rnd(n_rows + 1));
  char *value = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL)) {
    die("value", sql, sqlite3_errmsg(db));
  }
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    value = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 0));
  }
  sqlite3_finalize(stmt);
  sqlite3_free(sql);
  return value ? value : sqlite3_mprintf("NULL");
}

static const char *const odd_values[] = {
    "NULL",
    "0",
    "1",
    "-1",
    "2",
    "5",
    "1.5",
    "0.1",
    "0.3",
    "1e3",
    "1e30",
    "-1e30",
    "9e999",
    "-9e999",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775807.0",
    "9007199254740993",
    "9007199254740992.0",
    "99999999999999999999",
    "''",
    "' '",
    "'a'",
    "'ABC'",
    "'abc'",
    "' abc'",
    "'5'",
    "'05'",
    "'5.0'",
    "' 5'",
    "'1'",
    "'1.5'",
    "'0.10'",
    "x''",
    "x'00'",
    "x'616263'",
    "'0001-01-01'",
    "'9999-12-31'",
    "'2025-01-01'",
    "'2025-01'",
    "'2025-01-01 '",
    "'2025-01-01 00:00:00'",
    "'2025-01-01 00:00:00.000'",
    "'2025-01-01 00:00:00.0000001'",
    "'2025-01-01 00:00:00.005'",
    "'2025-01-01T00:00:00'",
    "'2025-02-30'",
    "'1600-01-01'",
    "'0000-00-00'",
    "'2025-01-01 12'",
    "'2025-01-01zzz'",
    "'12:34'",
    "'12:34:56'",
    "'12:34:56.1234567'",
    "'12:34:56.1'",
    "'23:59:59.99999999'",
    "'9999-12-31 23:59:59.9999999'",
    "'9999-12-31 23:59:59.999'",
    "'99999999999999999999999999999999999999'",
    "'999999999999999999999999999999999999999999'",
    "'0.10000000000000000000000000000000000001'",
    "'-99999999999999.9999'",
    "'6f9619ff-8b86-d011-b42d-00c04fc964ff'",
    "'{6F9619FF-8B86-D011-B42D-00C04FC964FF}'",
    "'6F9619FF-8B86-D011-B42D-00C04FC964FF'",
    "char(0)",
    "'a'||char(0)",
    "CAST(x'FF' AS TEXT)",
    "'%'",
    "'_'",
    "'it''s'",
    "'a[b'",
    "'STRASSE'",
    "CAST('1' AS INTEGER)",
    "CAST(5 AS TEXT)",
    "CAST('1.5' AS REAL)",
    "CAST('0.3' AS NUMERIC)",
    "+1",
    "-(1)",
    "(SELECT 1)",
    "8800",
    "8800.0",
    "'8800'",
    "true",
    "printf('%d', 12)"};

/* What is next to a value of a class; %s is the value. */
static const char *const near_int[] = {"%s + 0.5", "%s - 0.5", "%s + 1",
                                       "%s - 1",   "%s * 1.0", "%s || ''"};
static const char *const near_real[] = {"%s * 1.0000000000000002",
                                        "%s - 1e-9",
                                        "%s + 0.0001",
                                        "CAST(%s AS REAL)",
                                        "%s || '0'",
                                        "CAST(%s AS INTEGER)",
                                        "%s - 0.5",
                                        "%s || ''"};
static const char *const near_date[] = {"%s || ' '",
                                        "%s || 'x'",
                                        "substr(%s, 1, 10)",
                                        "substr(%s, 1, 19)",
                                        "%s || '0'",
                                        "substr(%s, 1, 10) || ' '",
                                        "substr(%s, 1, 22)",
                                        "substr(%s, 12)",
                                        "substr(%s, 1, 10) || ' 00:00:00'",
                                        "substr(%s, 1, 7)",
                                        "replace(%s,'-','')"};
static const char *const near_text[] = {
    "trim(%s, char(9, 10, 13, 32, 160, 8232, 8195, 12288, 133))",
    "trim(%s)",
    "upper(%s)",
    "lower(%s)",
    "%s || ' '",
    "' ' || %s",
    "substr(%s, 1, 2)",
    "%s + 0",
    "CAST(%s AS BLOB)"};

static const char *near_of(const struct column *c) {
  switch (c->type->is) {
  case C_INT:
    return PICK(near_int);
  case C_DEC:
  case C_FLT:
    return PICK(near_real);
  case C_DATE:
    return PICK(near_date);
  default:
    return PICK(near_text);
  }
}

/* A literal or an expression without columns. */
static char *value_for(int i) {
  sqlite3_str *out;
  char *value;
  if (chance(20)) return sqlite3_mprintf("%s", PICK(odd_values));
  value = copied_value(i);
  if (chance(45)) return value;
  out = sqlite3_str_new(NULL);
  sqlite3_str_appendall(out, "(");
  for (const char *at = near_of(&columns[i]); *at; at++) {
    if (at[0] == '%' && at[1] == 's') {
      sqlite3_str_appendall(out, value);
      at++;
    } else {
      sqlite3_str_appendchar(out, 1, *at);
    }
  }
  sqlite3_str_appendall(out, ")");
  sqlite3_free(value);
  return sqlite3_str_finish(out);
}

static void append_value(sqlite3_str *out, int i) {
  char *value = value_for(i);
  if (use_params && n_params < PARAMS_MOST && chance(60)) {
    params[n_params++] = value;
    sqlite3_str_appendf(out, "?%d", n_params);
    return;
  }
  sqlite3_str_appendall(out, value);
  sqlite3_free(value);
}

static void append_list(sqlite3_str *out, int i) {
  int n = chance(5) ? 150 : chance(20) ? 11 + rnd(20) : rnd(7);
  sqlite3_str_appendall(out, "(");
  for (int k = 0; k < n; k++) {
    if (k) sqlite3_str_appendall(out, ", ");
    append_value(out, i);
  }
  sqlite3_str_appendall(out, ")");
}

static int any_column(void) {
  /* either side of what colUsed can tell apart */
  if (n_columns > 61 && chance(50)) {
    int i = 60 + rnd(6);
    return i < n_columns ? i : n_columns - 1;
  }
  return rnd(n_columns);
}

static void append_comparison(sqlite3_str *out, const char *a) {
  static const char *const ops[] = {
      "=", "=", "=", "=", "<", "<=", ">", ">=", "<>", "IS", "IS NOT"};
  static const char *const collations[] = {"NOCASE", "RTRIM", "BINARY"};
  int i = any_column();
  if (chance(30)) { /* what is pushed */
    static const char *const pushed[] = {"=", "<", "<=", ">", ">="};
    append_name(out, a, i);
    sqlite3_str_appendf(out, " %s ", PICK(pushed));
    append_value(out, i);
    return;
  }
  switch (rnd(16)) {
  case 0:
    append_name(out, a, i);
    sqlite3_str_appendall(out, chance(50) ? " IS NULL" : " IS NOT NULL");
    break;
  case 1:
  case 2:
    append_name(out, a, i);
    sqlite3_str_appendall(out, chance(80) ? " IN " : " NOT IN ");
    append_list(out, i);
    break;
  case 3:
    append_name(out, a, i);
    sqlite3_str_appendf(out, " IN (SELECT %s FROM l)",
                        chance(50)   ? "k"
                        : chance(50) ? "t"
                                     : "i");
    break;
  case 4:
  case 5:
    append_name(out, a, i);
    sqlite3_str_appendall(out, " BETWEEN ");
    append_value(out, i);
    sqlite3_str_appendall(out, " AND ");
    append_value(out, i);
    break;
  case 6:
    append_name(out, a, i);
    sqlite3_str_appendf(out, " %s '%s'", chance(50) ? "LIKE" : "GLOB",
                        chance(30)   ? "a%"
                        : chance(30) ? "2025-01*"
                        : chance(30) ? "abc*"
                                     : "%5%");
    break;
  case 7: { /* row values */
    int j = any_column();
    sqlite3_str_appendall(out, "(");
    append_name(out, a, i);
    sqlite3_str_appendall(out, ", ");
    append_name(out, a, j);
    sqlite3_str_appendf(out, ") %s (", PICK(ops));
    append_value(out, i);
    sqlite3_str_appendall(out, ", ");
    append_value(out, j);
    sqlite3_str_appendall(out, ")");
    break;
  }
  case 8:
    append_name(out, a, i);
    sqlite3_str_appendf(out, " %s ", PICK(ops));
    append_name(out, a, any_column());
    break;
  case 9:
    append_value(out, i);
    sqlite3_str_appendf(out, " %s ", PICK(ops));
    append_name(out, a, i);
    break;
  case 10:
    append_name(out, a, i);
    sqlite3_str_appendf(out, " %s ", chance(50) ? "=" : PICK(ops));
    if (chance(60)) {
      char *value = copied_value(i);
      sqlite3_str_appendf(out, "%s(%s)", chance(50) ? "upper" : "lower", value);
      sqlite3_free(value);
    } else {
      append_value(out, i);
    }
    sqlite3_str_appendf(out, " COLLATE %s", PICK(collations));
    break;
  case 11:
    sqlite3_str_appendall(out, chance(50) ? "+" : "length(");
    if (sqlite3_str_value(out)[sqlite3_str_length(out) - 1] == '(') {
      append_name(out, a, i);
      sqlite3_str_appendf(out, ") > %d", rnd(6));
    } else {
      append_name(out, a, i);
      sqlite3_str_appendall(out, " = ");
      append_value(out, i);
    }
    break;
  default:
    append_name(out, a, i);
    sqlite3_str_appendf(out, " %s ", PICK(ops));
    append_value(out, i);
    break;
  }
}

static void append_predicate(sqlite3_str *out, const char *a, int depth) {
  int n;
  if (depth == 0 || chance(50)) {
    append_comparison(out, a);
    return;
  }
  if (chance(12)) {
    sqlite3_str_appendall(out, "NOT (");
    append_predicate(out, a, depth - 1);
    sqlite3_str_appendall(out, ")");
    return;
  }
  n = 2 + rnd(2);
  const char *word = chance(55) ? " AND " : " OR ";
  for (int k = 0; k < n; k++) {
    if (k) sqlite3_str_appendall(out, word);
    sqlite3_str_appendall(out, "(");
    append_predicate(out, a, depth - 1);
    sqlite3_str_appendall(out, ")");
  }
}

/* ---- queries ----------------------------------------------------------- */

/* How two results are compared. */
enum compare { AS_SET, IN_ORDER, LIMITED, LIMITED_BY_KEY };

struct query {
  char *text; /* with @ for the table */
  char *all;  /* the same without LIMIT, for LIMITED */
  enum compare how;
  int limit, offset;
};

static void append_columns(sqlite3_str *out, const char *a, int *list, int n) {
  for (int k = 0; k < n; k++) {
    if (k) sqlite3_str_appendall(out, ", ");
    append_name(out, a, list[k]);
  }
}

static struct query make_query(void) {
  struct query q = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  int list[6], n = 1 + rnd(4), what = rnd(20);
  int where = chance(90);
  for (int k = 0; k < n; k++) list[k] = any_column();
  q.limit = -1;
  if (what <= 5 || what >= 17) {
    int limited = what >= 3 && what != 17;
    sqlite3_str_appendf(out, "SELECT %s", what == 17 ? "DISTINCT " : "");
    if (what == 0 && n_columns < 80)
      sqlite3_str_appendall(out, "*");
    else
      append_columns(out, "", list, n);
    sqlite3_str_appendall(out, " FROM @");
    if (where) {
      sqlite3_str_appendall(out, " WHERE ");
      append_predicate(out, "", what >= 18 || chance(40) ? 0 : 2);
    }
    if (what == 4 || what == 5 || (what == 3 && chance(50))) {
      sqlite3_str_appendall(out, " ORDER BY ");
      q.how = IN_ORDER;
      for (int k = 0; k < n; k++) {
        if (k) sqlite3_str_appendall(out, ", ");
        append_name(out, "", list[k]);
        if (chance(30)) sqlite3_str_appendall(out, " DESC");
      }
    } else if (limited) {
      q.how = LIMITED;
      if (chance(40)) {
        q.how = LIMITED_BY_KEY;
        sqlite3_str_appendall(out, " ORDER BY ");
        append_name(out, "", list[0]);
        if (chance(40)) sqlite3_str_appendall(out, " DESC");
      }
    }
    if (limited) {
      q.limit = rnd(8);
      q.offset = chance(40) ? rnd(6) : 0;
      if (q.how == LIMITED || q.how == LIMITED_BY_KEY) {
        q.all = sqlite3_mprintf("%s", sqlite3_str_value(out));
      }
      sqlite3_str_appendf(out, " LIMIT %d", q.limit);
      if (q.offset) sqlite3_str_appendf(out, " OFFSET %d", q.offset);
    }
  } else if (what <= 7) {
    sqlite3_str_appendall(out, "SELECT count(*)");
    if (chance(60)) {
      sqlite3_str_appendall(out, ", count(");
      append_name(out, "", list[0]);
      sqlite3_str_appendall(out, "), min(");
      append_name(out, "", list[0]);
      sqlite3_str_appendall(out, "), max(");
      append_name(out, "", list[0]);
      sqlite3_str_appendall(out, ")");
    }
    sqlite3_str_appendall(out, " FROM @");
    if (where) {
      sqlite3_str_appendall(out, " WHERE ");
      append_predicate(out, "", 2);
    }
  } else if (what == 8) {
    sqlite3_str_appendall(out, "SELECT ");
    append_name(out, "", list[0]);
    sqlite3_str_appendall(out, ", count(*) FROM @ WHERE ");
    append_predicate(out, "", 2);
    sqlite3_str_appendall(out, " GROUP BY ");
    append_name(out, "", list[0]);
  } else if (what <= 11) {
    static const char *const keys[] = {"k", "i", "t", "d", "n"};
    sqlite3_str_appendall(out, "SELECT l.n, ");
    append_columns(out, "t", list, n);
    sqlite3_str_appendf(out, " FROM l %s @ AS t ON ",
                        chance(30) ? "LEFT JOIN"
                        : chance(20) && sqlite3_libversion_number() >= 3039000
                            ? (chance(50) ? "RIGHT JOIN" : "FULL JOIN")
                        : chance(40) ? "CROSS JOIN"
                                     : "JOIN");
    append_name(out, "t", any_column());
    sqlite3_str_appendf(out, " %s l.%s",
                        chance(80)   ? "="
                        : chance(50) ? "<="
                                     : ">",
                        PICK(keys));
    if (chance(50)) {
      sqlite3_str_appendall(out, " AND ");
      append_predicate(out, "t", 0);
    }
    if (chance(50)) {
      sqlite3_str_appendall(out, " WHERE ");
      append_predicate(out, "t", 1);
    }
  } else if (what == 12) {
    sqlite3_str_appendall(out, "SELECT a.");
    sqlite3_str_appendf(out, "\"%w\", ", columns[list[0]].name);
    append_name(out, "b", any_column());
    sqlite3_str_appendall(out, " FROM @ AS a JOIN @ AS b ON ");
    append_name(out, "a", list[0]);
    sqlite3_str_appendall(out, " = ");
    append_name(out, "b", chance(50) ? list[0] : any_column());
    sqlite3_str_appendall(out, " WHERE ");
    append_predicate(out, "a", 1);
  } else if (what == 13) {
    sqlite3_str_appendall(out, "SELECT n, (SELECT count(*) FROM @ AS t WHERE ");
    append_name(out, "t", list[0]);
    sqlite3_str_appendf(out, " = l.%s) FROM l", chance(50) ? "k" : "t");
  } else if (what == 14) {
    sqlite3_str_appendf(out,
                        "SELECT n FROM l WHERE %sEXISTS (SELECT 1 FROM "
                        "@ AS t WHERE ",
                        chance(50) ? "NOT " : "");
    append_name(out, "t", list[0]);
    sqlite3_str_appendall(out, " = l.k AND ");
    append_predicate(out, "t", 0);
    sqlite3_str_appendall(out, ")");
  } else if (what == 15) {
    for (int k = 0; k < 2; k++) {
      if (k) {
        sqlite3_str_appendf(out, " %s ",
                            chance(50)   ? "UNION ALL"
                            : chance(50) ? "EXCEPT"
                                         : "INTERSECT");
      }
      sqlite3_str_appendall(out, "SELECT ");
      append_columns(out, "", list, n);
      sqlite3_str_appendall(out, " FROM @ WHERE ");
      append_predicate(out, "", 1);
    }
  } else {
    sqlite3_str_appendall(out, "SELECT ");
    append_columns(out, "", list, n);
    sqlite3_str_appendall(out, " FROM @ WHERE ");
    append_name(out, "", list[0]);
    sqlite3_str_appendall(out, " = (SELECT max(");
    append_name(out, "", list[0]);
    sqlite3_str_appendall(out, ") FROM @ WHERE ");
    append_predicate(out, "", 1);
    sqlite3_str_appendall(out, ")");
  }
  q.text = sqlite3_str_finish(out);
  return q;
}

/* ---- results ----------------------------------------------------------- */

struct result {
  char **rows; /* owned */
  int n;
  char *error; /* owned */
};

static void result_clear(struct result *r) {
  for (int i = 0; i < r->n; i++) sqlite3_free(r->rows[i]);
  free(r->rows);
  sqlite3_free(r->error);
  memset(r, 0, sizeof *r);
}

/* The query's text on one of the tables. */
static char *on_table(const char *text, const char *table) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  for (; *text; text++) {
    if (*text == '@')
      sqlite3_str_appendall(out, table);
    else
      sqlite3_str_appendchar(out, 1, *text);
  }
  return sqlite3_str_finish(out);
}

static void bind(sqlite3_stmt *stmt) {
  for (int i = 0; i < n_params; i++) {
    sqlite3_stmt *one;
    char *sql = sqlite3_mprintf("SELECT %s", params[i]);
    if (sqlite3_prepare_v2(db, sql, -1, &one, NULL) ||
        sqlite3_step(one) != SQLITE_ROW) {
      die("parameter", sql, sqlite3_errmsg(db));
    }
    sqlite3_bind_value(stmt, i + 1, sqlite3_column_value(one, 0));
    sqlite3_finalize(one);
    sqlite3_free(sql);
  }
}

static char *row_text(sqlite3_stmt *stmt) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  for (int i = 0; i < sqlite3_column_count(stmt); i++) {
    int type = sqlite3_column_type(stmt, i);
    sqlite3_str_appendall(out, i ? "|" : "");
    if (type == SQLITE_NULL) {
      sqlite3_str_appendall(out, "NULL");
    } else if (type == SQLITE_INTEGER) {
      sqlite3_str_appendf(out, "%lld", sqlite3_column_int64(stmt, i));
    } else if (type == SQLITE_FLOAT) {
      char number[40];
      snprintf(number, sizeof number, "%.17gf", sqlite3_column_double(stmt, i));
      sqlite3_str_appendall(out, number);
    } else {
      const unsigned char *bytes = sqlite3_column_blob(stmt, i);
      int n = sqlite3_column_bytes(stmt, i);
      sqlite3_str_appendchar(out, 1, type == SQLITE_TEXT ? 't' : 'x');
      sqlite3_str_appendchar(out, 1, '\'');
      for (int k = 0; k < n; k++) {
        if (type == SQLITE_TEXT && bytes[k] >= ' ' && bytes[k] != 127)
          sqlite3_str_appendchar(out, 1, (char)bytes[k]);
        else
          sqlite3_str_appendf(out, "\\%02x", bytes[k]);
      }
      sqlite3_str_appendchar(out, 1, '\'');
    }
  }
  return sqlite3_str_finish(out);
}

static struct result execute(const char *text, const char *table) {
  struct result r = {0};
  char *sql = on_table(text, table);
  sqlite3_stmt *stmt = NULL;
  int room = 0, rc;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL)) {
    r.error = sqlite3_mprintf("%s", sqlite3_errmsg(db));
    sqlite3_free(sql);
    return r;
  }
  bind(stmt);
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    if (r.n == room) {
      room = room ? 2 * room : 64;
      r.rows = realloc(r.rows, (size_t)room * sizeof *r.rows);
    }
    r.rows[r.n++] = row_text(stmt);
  }
  if (rc != SQLITE_DONE) r.error = sqlite3_mprintf("%s", sqlite3_errmsg(db));
  sqlite3_finalize(stmt);
  sqlite3_free(sql);
  return r;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct result *r) {
  if (r->n) qsort(r->rows, (size_t)r->n, sizeof *r->rows, by_text);
}

static int same_rows(const struct result *a, const struct result *b) {
  if (a->n != b->n) return 0;
  for (int i = 0; i < a->n; i++) {
    if (strcmp(a->rows[i], b->rows[i]) != 0) return 0;
  }
  return 1;
}

/* Every row of part is in all, as often. Both are sorted. */
static int is_part(const struct result *part, const struct result *all) {
  int k = 0;
  for (int i = 0; i < part->n; i++, k++) {
    while (k < all->n && strcmp(part->rows[i], all->rows[k]) != 0) k++;
    if (k == all->n) return 0;
  }
  return 1;
}

static int expected_count(const struct query *q, int all) {
  int left = all - q->offset;
  if (left < 0) left = 0;
  return left < q->limit ? left : q->limit;
}

/* The sort keys, which are the first column, one by one. */
static int same_keys(const struct result *a, const struct result *b) {
  if (a->n != b->n) return 0;
  for (int i = 0; i < a->n; i++) {
    size_t n = strcspn(a->rows[i], "|"), m = strcspn(b->rows[i], "|");
    if (n != m || memcmp(a->rows[i], b->rows[i], n) != 0) return 0;
  }
  return 1;
}

static void show(const char *name, const struct result *r) {
  fprintf(stderr, "  %s: %d rows%s%s\n", name, r->n, r->error ? ", error " : "",
          r->error ? r->error : "");
  for (int i = 0; i < r->n && i < 8; i++) {
    fprintf(stderr, "    %.300s\n", r->rows[i]);
  }
}

static void show_plan(const char *text) {
  char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", text);
  char *on = on_table(sql, live);
  sqlite3_stmt *stmt = NULL;
  if (!sqlite3_prepare_v2(db, on, -1, &stmt, NULL)) {
    while (sqlite3_step(stmt) == SQLITE_ROW) {
      fprintf(stderr, "    %.600s\n", sqlite3_column_text(stmt, 3));
    }
  }
  sqlite3_finalize(stmt);
  sqlite3_free(on);
  sqlite3_free(sql);
}

static void show_columns(void) {
  for (int i = 0; i < n_columns && n_columns < 20; i++) {
    fprintf(stderr, "    %s %s %c\n", columns[i].name, columns[i].type->decl,
            columns[i].affinity);
  }
}

/* 1 when live view and copy agree. */
static int compare(const struct query *q) {
  struct result a = execute(q->text, live), b = execute(q->text, copy);
  struct result all = {0};
  int ok = !a.error && !b.error;
  if (!ok) {
    /* what cannot work here must not work there either */
    ok = a.error && b.error;
  } else if (q->how == IN_ORDER) {
    ok = same_rows(&a, &b);
  } else if (q->how == AS_SET) {
    sort(&a);
    sort(&b);
    ok = same_rows(&a, &b);
  } else {
    all = execute(q->all, copy);
    ok = a.n == b.n && a.n == expected_count(q, all.n);
    if (q->how == LIMITED_BY_KEY) ok = ok && same_keys(&a, &b);
    sort(&a);
    sort(&all);
    ok = ok && is_part(&a, &all);
  }
  if (!ok) {
    fprintf(stderr, "FAIL %s, on %s:\n  %s\n", where_we_are, live, q->text);
    for (int i = 0; i < n_params; i++) {
      fprintf(stderr, "  ?%d = %s\n", i + 1, params[i]);
    }
    show("live", &a);
    show("copy", &b);
    show_columns();
    show_plan(q->text);
  }
  result_clear(&a);
  result_clear(&b);
  result_clear(&all);
  return ok;
}

int main(int argc, char **argv) {
  int n_queries, passed = 0, failed = 0;
  uint64_t seed;
  char *message = NULL, path[600], where[200];
  if (argc != 6) {
    fprintf(stderr, "usage: diff-test EXTENSION SERVER_DB WORK SEED QUERIES\n");
    return 2;
  }
  seed = strtoull(argv[4], NULL, 10);
  n_queries = atoi(argv[5]);
  snprintf(path, sizeof path, "%s/local.db", argv[3]);
  where_we_are = where;
  snprintf(where, sizeof where, "seed %llu", (unsigned long long)seed);
  if (sqlite3_open(argv[2], &server) || sqlite3_open(path, &db)) return 2;
  sqlite3_busy_timeout(server, 10000);
  sqlite3_enable_load_extension(db, 1);
  if (sqlite3_load_extension(db, argv[1], NULL, &message)) {
    die("load", argv[1], message);
  }
  run(db, "PRAGMA synchronous=OFF; SELECT ordersync_install()");
  run(db, "DELETE FROM ordersync_columns; DELETE FROM ordersync_syncs");
  run(server, "PRAGMA synchronous=OFF");
  for (int i = 0; i < n_queries; i++) {
    struct query q;
    if (i % 50 == 0) {
      if (i) drop_table();
      state = seed * 1000003 + (uint64_t)i;
      new_table();
    }
    snprintf(where, sizeof where, "seed %llu, query %d",
             (unsigned long long)seed, i);
    state = seed * 1000003 + (uint64_t)i + 0x5000000000ULL;
    n_params = 0;
    use_params = chance(25);
    q = make_query();
    if (compare(&q))
      passed++;
    else
      failed++;
    sqlite3_free(q.text);
    sqlite3_free(q.all);
    for (int k = 0; k < n_params; k++) sqlite3_free(params[k]);
    if (failed >= 10) break;
  }
  drop_table();
  sqlite3_close(db);
  sqlite3_close(server);
  printf("%d %d\n", passed, failed);
  return failed != 0;
}
