/*
** The connection: every type, every way to fail, every wait bounded.
**
** Starts the bundled server itself (ORDERSYNC_TEST_SERVER, by default
** build/tds-server) and fails when there is none. Faults are ordered through
** the server's fault file, before the request that is to suffer them.
*/
#include "mssql_local.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CERTS "build/certs"

extern char **environ;

struct server {
  pid_t pid;
  int port;
  char port_file[128];
  char fault_file[128];
};

/* Shared by all tests: servers are slow to start. */
struct world {
  char dir[64];
  char db[96];
  struct server plain; /* offers no encryption */
  struct server tls;   /* insists on it, with a good certificate */
  int n_servers;
};

/* ---- servers ------------------------------------------------------------ */

static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000L};
  (void)nanosleep(&t, NULL);
}

static void write_text(const char *path, const char *text) {
  char fresh[160];
  FILE *f;
  (void)snprintf(fresh, sizeof fresh, "%s.new", path);
  f = fopen(fresh, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(rename(fresh, path), 0);
}

static int read_port(const char *path) {
  char text[32] = "";
  FILE *f = fopen(path, "r");
  if (!f) return 0;
  if (!fgets(text, sizeof text, f)) text[0] = 0;
  (void)fclose(f);
  return strchr(text, '\n') ? (int)strtol(text, NULL, 10) : 0;
}

/* extra: up to 6 more arguments, ended by NULL. */
static void server_start(struct world *w, struct server *s,
                         const char *const *extra) {
  const char *path = getenv("ORDERSYNC_TEST_SERVER");
  char *argv[16];
  int n = 0;
  if (!path) path = "build/tds-server";
  if (access(path, X_OK) != 0) fail_msg("no test server at %s", path);
  (void)snprintf(s->port_file, sizeof s->port_file, "%s/port%d", w->dir,
                 w->n_servers);
  (void)snprintf(s->fault_file, sizeof s->fault_file, "%s/fault%d", w->dir,
                 w->n_servers++);
  write_text(s->fault_file, "");
  argv[n++] = (char *)(uintptr_t)path;
  argv[n++] = (char *)(uintptr_t) "--db";
  argv[n++] = w->db;
  argv[n++] = (char *)(uintptr_t) "--port-file";
  argv[n++] = s->port_file;
  argv[n++] = (char *)(uintptr_t) "--fault-file";
  argv[n++] = s->fault_file;
  while (*extra) argv[n++] = (char *)(uintptr_t)*extra++;
  argv[n] = NULL;
  assert_int_equal(posix_spawn(&s->pid, path, NULL, NULL, argv, environ), 0);
  for (int i = 0; i < 500 && !s->port; i++) {
    pause_ms(10);
    s->port = read_port(s->port_file);
  }
  if (!s->port) fail_msg("the test server does not start");
}

static void server_stop(struct server *s) {
  if (s->pid <= 0) return;
  (void)kill(s->pid, SIGKILL);
  (void)waitpid(s->pid, NULL, 0);
  (void)unlink(s->port_file);
  (void)unlink(s->fault_file);
  s->pid = 0;
}

static void fault(const struct server *s, const char *spec) {
  char text[256];
  (void)snprintf(text, sizeof text, "%s\n", spec);
  write_text(s->fault_file, text);
}

static void fill_database(const char *path) {
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(
      sqlite3_exec(
          db,
          "CREATE TABLE few(a int, b nvarchar(40));"
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
          " WHERE i < 1000) INSERT INTO few SELECT i, 'row ' || i FROM n;"
          "CREATE TABLE big(a int, b nvarchar(400));"
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
          " WHERE i < 40000) INSERT INTO big SELECT i,"
          " printf('%0200d', i) FROM n;",
          NULL, NULL, NULL),
      SQLITE_OK);
  sqlite3_close(db);
}

static int setup_world(void **state) {
  static const char *const plain[] = {"--encrypt", "unsupported", NULL};
  static const char *const tls[] = {"--encrypt", "on",
                                    "--cert",    CERTS "/server.pem",
                                    "--key",     CERTS "/server-key.pem",
                                    NULL};
  struct world *w = calloc(1, sizeof *w);
  if (!w) return -1;
  strcpy(w->dir, "/tmp/ordersync-mssql-XXXXXX");
  *state = w;
  if (!mkdtemp(w->dir)) return -1;
  (void)snprintf(w->db, sizeof w->db, "%s/source.db", w->dir);
  if (access(CERTS "/self-signed.pem", R_OK) != 0 &&
      system("tests/server/make-cert.sh " CERTS) != 0) {
    return -1;
  }
  fill_database(w->db);
  server_start(w, &w->plain, plain);
  server_start(w, &w->tls, tls);
  return 0;
}

static int teardown_world(void **state) {
  struct world *w = *state;
  char path[160];
  server_stop(&w->plain);
  server_stop(&w->tls);
  for (int i = 0; i < 3; i++) {
    static const char *const tails[] = {"", "-wal", "-shm"};
    (void)snprintf(path, sizeof path, "%s%s", w->db, tails[i]);
    (void)unlink(path);
  }
  (void)rmdir(w->dir);
  free(w);
  return 0;
}

static int clear_faults(void **state) {
  struct world *w = *state;
  write_text(w->plain.fault_file, "");
  write_text(w->tls.fault_file, "");
  (void)unsetenv("ORDERSYNC_PASSWORD");
  return 0;
}

/* ---- profiles and connections ------------------------------------------- */

/* A profile as profile.c would make it; all strings are literals or the
** world's, so there is nothing to clear. Through the environment: that is how
** a password is found without a file. */
#define TEXT(s) ((char *)(uintptr_t)(s))

static struct profile profile_for(const struct server *s) {
  struct profile p = {.name = TEXT("default"),
                      .server = TEXT("localhost"),
                      .port = s->port,
                      .database = TEXT("Sales"),
                      .user = TEXT("reader"),
                      .encrypt = ENCRYPT_OFF,
                      .tds_version = TEXT("7.4"),
                      .login_timeout = 5,
                      .query_timeout = 10,
                      .app_name = TEXT("test"),
                      .isolation = TEXT("READ COMMITTED"),
                      .lock_timeout = -1};
  assert_int_equal(setenv("ORDERSYNC_PASSWORD", "secret", 1), 0);
  return p;
}

static struct mssql *connect_to(const struct server *s) {
  struct profile p = profile_for(s);
  struct mssql *m = NULL;
  struct err e = {0};
  if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
  if (!m) exit(1); /* not reached; for the static analysers */
  return m;
}

/* Expects mssql_open() to fail; returns the milliseconds it took. */
static sqlite3_int64 open_fails(const struct profile *p,
                                const struct mssql_hooks *hooks,
                                enum err_code code, const char *text,
                                struct err *e) {
  sqlite3_int64 start = mssql_now_ms();
  struct mssql *m = NULL;
  memset(e, 0, sizeof *e);
  mssql_open(&m, p, hooks, MSSQL_LIVE, e);
  assert_null(m);
  if (e->code != code || !strstr(e->text, text)) {
    fail_msg("code %d, \"%s\" instead of code %d, \"...%s...\"", e->code,
             e->text, code, text);
  }
  return mssql_now_ms() - start;
}

/* Reads all the rows; returns how many came. */
static int read_all(struct mssql *m, const char *sql, struct err *e) {
  int n = 0;
  int has_row = 1;
  if (mssql_query(m, sql, e)) return 0;
  while (!mssql_next(m, &has_row, e) && has_row) n++;
  return n;
}

static void expect_works(struct mssql *m) {
  struct err e = {0};
  int n = read_all(m, "SELECT a, b FROM few", &e);
  if (e.code) fail_msg("%s", e.text);
  assert_int_equal(n, 1000);
}

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

/* ---- types -------------------------------------------------------------- */

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
    {"CAST(-0.01 AS decimal(5,2))", REMOTE_DECIMAL, 5, 2, "'-0.01'"},
    {"CAST(7 AS decimal(9,0))", REMOTE_DECIMAL, 9, 0, "7"},
    {"CAST('99999999999999999999999999999999999999' AS decimal(38,0))",
     REMOTE_DECIMAL, 38, 0, "'99999999999999999999999999999999999999'"},
    {"CAST('-0.00000000000000000000000000000000000001' AS decimal(38,38))",
     REMOTE_DECIMAL, 38, 38, "'-0.00000000000000000000000000000000000001'"},
    {"CAST(-922337203685477.5808 AS money)", REMOTE_MONEY, 0, 4,
     "'-922337203685477.5808'"},
    {"CAST(922337203685477.5807 AS money)", REMOTE_MONEY, 0, 4,
     "'922337203685477.5807'"},
    {"CAST(-0.0001 AS money)", REMOTE_MONEY, 0, 4, "'-0.0001'"},
    {"CAST(-214748.3648 AS smallmoney)", REMOTE_SMALLMONEY, 0, 4,
     "'-214748.3648'"},
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

static void test_mssql__refuses_characters_that_do_not_convert(void **state) {
  static const char *const sqls[] = {
      "SELECT CAST(0x00D8 AS nvarchar(4)) AS v",
      "SELECT CAST(0x410000D84200 AS nvarchar(4)) AS v",
      "SELECT CAST(0x410000D8 AS nvarchar(max)) AS v"};
  struct world *w = *state;
  for (size_t i = 0; i < 3; i++) {
    struct mssql *m = connect_to(&w->plain);
    struct err e = {0};
    int n = read_all(m, sqls[i], &e);
    assert_int_equal(e.code, ERR_DATA);
    assert_int_equal(n, 0);
    assert_non_null(strstr(e.text, "row 1: "));
    mssql_close(m);
  }
}

/* ---- results ------------------------------------------------------------ */

static void test_mssql__passes_over_results_without_columns(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  int has_row = 1;
  assert_int_equal(mssql_query(m, "SET NOCOUNT OFF", &e), ERR_NONE);
  assert_int_equal(mssql_columns(m)->count, 0);
  assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
  assert_int_equal(has_row, 0);
  assert_int_equal(read_all(m, "SET NOCOUNT OFF; SELECT 1 AS a", &e), 1);
  assert_int_equal(e.code, ERR_NONE);
  mssql_close(m);
}

static void test_mssql__reads_an_empty_result(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  int n = read_all(m, "SELECT a, b FROM few WHERE a < 0", &e);
  if (e.code) fail_msg("%s", e.text);
  assert_int_equal(n, 0);
  assert_int_equal(mssql_columns(m)->count, 2);
  mssql_close(m);
}

static void test_mssql__a_query_replaces_an_open_result(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  int has_row = 0;
  sqlite3_int64 start = mssql_now_ms();
  assert_int_equal(mssql_query(m, "SELECT a, b FROM big", &e), ERR_NONE);
  assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
  assert_int_equal(has_row, 1);
  mssql_cancel(m);
  assert_true(mssql_now_ms() - start < 1000);
  if (mssql_alive(m)) expect_works(m);
  mssql_close(m);
}

static void test_mssql__closes_without_waiting(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  int has_row = 0;
  sqlite3_int64 start;
  assert_int_equal(mssql_query(m, "SELECT a, b FROM big", &e), ERR_NONE);
  assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
  start = mssql_now_ms();
  mssql_close(m);
  assert_true(mssql_now_ms() - start < 200);
}

static void test_mssql__drops_a_link_that_ignores_a_cancel(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  int has_row = 0;
  sqlite3_int64 start;
  fault(&w->plain, "when=batch match=big do=ignore_attention");
  assert_int_equal(mssql_query(m, "SELECT a, b FROM big", &e), ERR_NONE);
  assert_int_equal(mssql_next(m, &has_row, &e), ERR_NONE);
  start = mssql_now_ms();
  mssql_cancel(m);
  assert_true(mssql_now_ms() - start < 800);
  assert_int_equal(mssql_alive(m), 0);
  assert_int_equal(mssql_query(m, "SELECT 1", &e), ERR_NETWORK);
  assert_int_equal(e.transient, 1);
  mssql_close(m);
}

/* ---- faults in mid-stream ----------------------------------------------- */

struct fault_case {
  const char *spec;
  enum err_code code;
  int number;
  int transient;
  int alive; /* -1: either */
};

static const struct fault_case fault_cases[] = {
    {"after_rows=500 do=cut", ERR_NETWORK, 0, 1, 0},
    {"after_rows=500 do=close", ERR_NETWORK, 0, 1, 0},
    {"after_rows=500 do=reset", ERR_NETWORK, 0, 1, 0},
    {"after_rows=500 do=garbage", ERR_NETWORK, 0, 1, 0},
    {"after_rows=1000 do=cut", ERR_NETWORK, 0, 1, 0},
    {"after_bytes=7 do=cut", ERR_NETWORK, 0, 1, 0},
    {"after_bytes=60 do=cut", ERR_NETWORK, 0, 1, 0},
    {"after_bytes=9001 do=reset", ERR_NETWORK, 0, 1, 0},
    {"after_rows=0 do=error:208:16:Invalid object name", ERR_REMOTE, 208, 0, 1},
    {"after_rows=500 do=error:1205:13:deadlock victim", ERR_REMOTE, 1205, 1, 1},
    {"after_rows=1000 do=error:1222:16:lock timeout", ERR_REMOTE, 1222, 1, 1},
    {"after_rows=500 do=error:245:16:conversion failed", ERR_REMOTE, 245, 0, 1},
    {"after_rows=500 do=error:229:14:permission denied", ERR_REMOTE, 229, 0, 1},
    {"do=error:40501:20:busy", ERR_REMOTE, 40501, 1, -1},
    {"do=no_count", ERR_DATA, 0, 1, 1},
};

static void check_fault(const struct server *s, struct mssql *m,
                        const struct fault_case *c) {
  char spec[160];
  struct err e = {0};
  int n;
  (void)snprintf(spec, sizeof spec, "when=batch match=few %s", c->spec);
  fault(s, spec);
  mssql_deadline(m, mssql_now_ms() + 5000);
  n = read_all(m, "SELECT a, b FROM few", &e);
  if (e.code != c->code || e.server_number != c->number ||
      e.transient != c->transient) {
    fail_msg("%s: after %d rows code %d, number %d, transient %d: %s", spec, n,
             e.code, e.server_number, e.transient, e.text);
  }
  if (c->alive >= 0) assert_int_equal(mssql_alive(m), c->alive);
  fault(s, "");
  if (mssql_alive(m)) expect_works(m);
}

static void test_mssql__notices_every_broken_stream(void **state) {
  struct world *w = *state;
  for (size_t i = 0; i < sizeof fault_cases / sizeof *fault_cases; i++) {
    struct mssql *m = connect_to(&w->plain);
    check_fault(&w->plain, m, &fault_cases[i]);
    mssql_close(m);
  }
}

static void test_mssql__an_error_token_is_no_end(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  int n;
  fault(&w->plain, "when=batch match=few after_rows=500 "
                   "do=error:1205:13:You lost");
  n = read_all(m, "SELECT a, b FROM few", &e);
  assert_int_equal(n, 500);
  assert_int_equal(e.server_severity, 13);
  assert_non_null(strstr(e.text, "You lost"));
  assert_non_null(strstr(e.text, "500 rows had come"));
  mssql_close(m);
}

/* ---- deadlines and interrupts ------------------------------------------- */

static void test_mssql__a_second_result_is_an_error(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  assert_int_equal(read_all(m, "SELECT 1 AS a; SELECT 2 AS a", &e), 1);
  assert_int_equal(e.code, ERR_DATA);
  assert_non_null(strstr(e.text, "a second result after the 1 rows"));
  mssql_close(m);
}

static void test_mssql__a_deadline_ends_every_wait(void **state) {
  static const char *const specs[] = {
      "when=batch match=few do=hang",
      "when=batch match=few after_rows=500 do=hang",
      "when=batch match=few after_rows=500 do=drip:20",
      "when=batch match=few do=drip:3", "when=batch match=few do=drop_done"};
  struct world *w = *state;
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    struct mssql *m = connect_to(&w->plain);
    struct err e = {0};
    sqlite3_int64 start = mssql_now_ms();
    fault(&w->plain, specs[i]);
    mssql_deadline(m, start + 300);
    read_all(m, "SELECT a, b FROM few", &e);
    if (e.code != ERR_TIMEOUT) fail_msg("%s: %s", specs[i], e.text);
    assert_true(mssql_now_ms() - start >= 290);
    assert_true(mssql_now_ms() - start < 800);
    assert_int_equal(mssql_alive(m), 0);
    fault(&w->plain, "");
    mssql_close(m);
  }
}

static void test_mssql__an_idle_connection_outlives_a_deadline(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  mssql_deadline(m, mssql_now_ms() + 50);
  pause_ms(100);
  assert_int_equal(mssql_alive(m), 1);
  assert_int_equal(mssql_query(m, "SELECT 1 AS a", &e), ERR_TIMEOUT);
  mssql_close(m);
  m = connect_to(&w->plain);
  mssql_deadline(m, mssql_now_ms() + 50);
  expect_works(m);
  pause_ms(100);
  mssql_deadline(m, 0);
  expect_works(m);
  mssql_close(m);
}

struct alarm {
  sqlite3_int64 at_ms;
};

static int alarm_rings(void *arg) {
  const struct alarm *a = arg;
  return mssql_now_ms() >= a->at_ms;
}

static void test_mssql__an_interrupt_ends_a_wait_soon(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct alarm a = {INT64_MAX};
  struct mssql_hooks hooks = {alarm_rings, &a};
  struct mssql *m = NULL;
  struct err e = {0};
  sqlite3_int64 took;
  if (mssql_open(&m, &p, &hooks, MSSQL_LIVE, &e)) fail_msg("%s", e.text);
  fault(&w->plain, "when=batch match=few do=hang");
  a.at_ms = mssql_now_ms() + 150;
  read_all(m, "SELECT a, b FROM few", &e);
  took = mssql_now_ms() - a.at_ms;
  assert_int_equal(e.code, ERR_INTERRUPT);
  assert_true(took < 200);
  mssql_close(m);
  fault(&w->plain, "when=login do=hang");
  a.at_ms = mssql_now_ms() + 150;
  open_fails(&p, &hooks, ERR_INTERRUPT, "interrupted", &e);
  took = mssql_now_ms() - a.at_ms;
  assert_true(took < 300);
}

static void test_mssql__an_interrupt_ends_a_stall_in_mid_row(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct alarm a = {INT64_MAX};
  struct mssql_hooks hooks = {alarm_rings, &a};
  struct mssql *m = NULL;
  struct err e = {0};
  if (mssql_open(&m, &p, &hooks, MSSQL_LIVE, &e)) fail_msg("%s", e.text);
  fault(&w->plain, "when=batch match=few after_bytes=20000 do=hang");
  a.at_ms = mssql_now_ms() + 100;
  read_all(m, "SELECT a, b FROM few", &e);
  assert_int_equal(e.code, ERR_INTERRUPT);
  assert_true(mssql_now_ms() - a.at_ms < 1500);
  mssql_close(m);
}

static void test_mssql__bounds_the_login(void **state) {
  static const char *const specs[] = {
      "when=accept do=hang", "when=login do=hang", "when=prelogin do=drip:2",
      "when=login do=drip:2"};
  struct world *w = *state;
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    struct profile p = profile_for(&w->plain);
    struct err e;
    sqlite3_int64 took;
    p.login_timeout = 1;
    fault(&w->plain, specs[i]);
    took = open_fails(&p, NULL, ERR_TIMEOUT, "1 second", &e);
    assert_int_equal(e.transient, 1);
    assert_true(took < 1600);
  }
}

/* ---- login -------------------------------------------------------------- */

static void test_mssql__tells_refusals_apart(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct err e;
  assert_int_equal(setenv("ORDERSYNC_PASSWORD", "wrong-one", 1), 0);
  open_fails(&p, NULL, ERR_AUTH, "Login failed", &e);
  assert_int_equal(e.server_number, 18456);
  assert_int_equal(e.transient, 0);
  assert_null(strstr(e.text, "wrong-one"));
  assert_null(e.secret);
  p = profile_for(&w->plain);
  p.database = TEXT("Nowhere");
  open_fails(&p, NULL, ERR_AUTH, "Nowhere", &e);
  assert_int_equal(e.server_number, 4060);
  assert_int_equal(e.transient, 0);
  p = profile_for(&w->plain);
  p.server = TEXT("no-such-host.invalid");
  open_fails(&p, NULL, ERR_NETWORK, "no-such-host.invalid", &e);
  p = profile_for(&w->plain);
  p.port = 1; /* nobody listens there */
  open_fails(&p, NULL, ERR_NETWORK, "Connection refused", &e);
  assert_int_equal(e.transient, 1);
  p = profile_for(&w->plain);
  assert_int_equal(unsetenv("ORDERSYNC_PASSWORD"), 0);
  open_fails(&p, NULL, ERR_PROFILE, "no password", &e);
  p = profile_for(&w->plain);
  fault(&w->plain, "when=login do=refuse_login:40613");
  open_fails(&p, NULL, ERR_REMOTE, "40613", &e);
  assert_int_equal(e.transient, 1);
}

static void test_mssql__refuses_freetds_variables(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct err e;
  assert_int_equal(setenv("TDSPORT", "1", 1), 0);
  open_fails(&p, NULL, ERR_PROFILE, "TDSPORT", &e);
  assert_int_equal(unsetenv("TDSPORT"), 0);
}

static void test_mssql__facts(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct mssql_facts facts;
  mssql_facts(m, &facts);
  assert_int_equal(facts.encrypted, 0);
  assert_non_null(facts.server_version);
  assert_string_equal(facts.database, "Sales");
  assert_non_null(strstr(mssql_library_version(), "freetds"));
  expect_works(m);
  mssql_close(m);
}

static int count_fds(void) {
  int n = 0;
  for (int fd = 0; fd < 256; fd++) n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

/* A socket to the server that looks like FreeTDS's. */
static int decoy(const struct server *s) {
  struct address at = {.size = sizeof(struct sockaddr_in)};
  struct sockaddr_in *in = (void *)&at.at;
  int idle = 40;
  int interval = 2;
  int fd;
  in->sin_family = AF_INET;
  in->sin_port = htons((uint16_t)s->port);
  in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fd = tls_dial(&at, NULL, mssql_now_ms() + 1000);
  assert_true(fd >= 0);
  assert_int_equal(
      setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle), 0);
  assert_int_equal(
      setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval),
      0);
  return fd;
}

static void expect_open(int fd) {
  char byte;
  errno = 0;
  assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
  assert_int_equal(errno, EAGAIN);
  close(fd);
}

static void test_mssql__ends_its_own_login_only(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct alarm a = {mssql_now_ms() + 200};
  struct mssql_hooks hooks = {alarm_rings, &a};
  struct err e;
  int stranger = decoy(&w->plain);
  fault(&w->plain, "when=login do=drip:2");
  open_fails(&p, &hooks, ERR_INTERRUPT, "interrupted", &e);
  expect_open(stranger);
}

struct intruder {
  struct alarm alarm;
  const struct server *server;
  int fd;
};

static int intrude(void *arg) {
  struct intruder *i = arg;
  if (!alarm_rings(&i->alarm)) return 0;
  i->fd = decoy(i->server);
  return 1;
}

/* A socket just like the login's, opened later, is not taken for it. */
static void test_mssql__knows_its_own_login_by_then(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct intruder i = {{mssql_now_ms() + 300}, &w->plain, -1};
  struct mssql_hooks hooks = {intrude, &i};
  struct err e;
  int fds = count_fds();
  fault(&w->plain, "when=login do=drip:2");
  open_fails(&p, &hooks, ERR_INTERRUPT, "interrupted", &e);
  expect_open(i.fd);
  for (int k = 0; k < 50 && count_fds() > fds; k++) pause_ms(10);
  assert_int_equal(count_fds(), fds);
  fault(&w->plain, "");
}

/* ---- encryption --------------------------------------------------------- */

static struct profile profile_tls(const struct server *s) {
  struct profile p = profile_for(s);
  p.encrypt = ENCRYPT_VERIFY;
  p.ca_file = TEXT(CERTS "/ca.pem");
  return p;
}

static void test_mssql__verifies_and_encrypts(void **state) {
  struct world *w = *state;
  struct profile p = profile_tls(&w->tls);
  struct mssql *m = NULL;
  struct mssql_facts facts;
  struct err e = {0};
  if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
  mssql_facts(m, &facts);
  assert_int_equal(facts.encrypted, 1);
  assert_non_null(facts.tls_detail);
  assert_non_null(strstr(facts.tls_detail, "TLS1."));
  assert_null(strstr(facts.tls_detail, "not verified"));
  expect_works(m);
  check_fault(&w->tls, m, &fault_cases[0]);
  mssql_close(m);
  p.server = TEXT("127.0.0.1");
  if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
  mssql_close(m);
}

static void test_mssql__names_what_is_wrong_with_a_certificate(void **state) {
  static const struct {
    const char *name;
    const char *text;
  } cases[] = {{"wrong-host", "is for elsewhere.example, not localhost"},
               {"expired", "expired on 2020-02-01"},
               {"self-signed", "is self-signed"},
               {"unknown-ca", "unknown authority"}};
  struct world *w = *state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char cert[96];
    char key[96];
    const char *extra[] = {"--encrypt", "on", "--cert", cert,
                           "--key",     key,  NULL};
    struct server s = {0};
    struct profile p;
    struct mssql *m = NULL;
    struct err e;
    (void)snprintf(cert, sizeof cert, CERTS "/%s.pem", cases[i].name);
    (void)snprintf(key, sizeof key, CERTS "/%s-key.pem", cases[i].name);
    server_start(w, &s, extra);
    p = profile_tls(&s);
    open_fails(&p, NULL, ERR_TLS, cases[i].text, &e);
    assert_int_equal(e.transient, 0);
    p.encrypt = ENCRYPT_REQUIRE; /* encrypted, whoever it is */
    p.ca_file = NULL;
    memset(&e, 0, sizeof e);
    if (mssql_open(&m, &p, NULL, MSSQL_LIVE, &e)) fail_msg("%s", e.text);
    mssql_close(m);
    server_stop(&s);
  }
}

static void test_mssql__never_goes_without_encryption_unasked(void **state) {
  struct world *w = *state;
  struct profile p = profile_tls(&w->plain);
  struct err e;
  open_fails(&p, NULL, ERR_TLS, "offers no encryption", &e);
  assert_int_equal(e.transient, 0);
  p.encrypt = ENCRYPT_REQUIRE;
  p.ca_file = NULL;
  open_fails(&p, NULL, ERR_TLS, "offers no encryption", &e);
}

/* A connected pair over TCP: a socketpair has no TCP_INFO. */
static void tcp_pair(int fds[2]) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t n = sizeof at;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(listener, 1), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
  fds[0] = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fds[0], (struct sockaddr *)&at, sizeof at), 0);
  fds[1] = accept(listener, NULL, NULL);
  assert_true(fds[1] >= 0);
  close(listener);
}

/* What a batch of 10 characters looks like from outside: 50 bytes in clear,
** more in a TLS record; and the first byte of what comes back. */
static int looks_encrypted(size_t n_sent, char first) {
  static const char sql[] = "SELECT 123";
  char bytes[256] = {0};
  int fds[2];
  int encrypted;
  sqlite3_int64 before;
  tcp_pair(fds);
  before = tls_bytes_sent(fds[0]);
  assert_int_equal(send(fds[0], bytes, n_sent, 0), n_sent);
  assert_int_equal(recv(fds[1], bytes, n_sent, MSG_WAITALL), n_sent);
  assert_int_equal(send(fds[1], &first, 1, 0), 1);
  for (int i = 0; i < 100 && recv(fds[0], bytes, 1, MSG_PEEK) != 1; i++) {
    pause_ms(1);
  }
  encrypted = tls_is_encrypted(fds[0], before, sql);
  close(fds[0]);
  close(fds[1]);
  return encrypted;
}

static void test_mssql__notices_a_downgrade(void **state) {
  (void)state;
  assert_int_equal(looks_encrypted(50 + 29, 0x17), 1);
  assert_int_equal(looks_encrypted(50, 0x04), 0);
  assert_int_equal(looks_encrypted(50 + 29, 0x04), 0);
  assert_int_equal(looks_encrypted(50 + 21, 0x17), 1);
  assert_int_equal(looks_encrypted(50 + 16, 0x17), 0); /* a MARS header */
  assert_int_equal(looks_encrypted(50, 0x17), 0);      /* a forged first byte */
}

/* ---- SQL Browser -------------------------------------------------------- */

struct browser {
  int fd;
  const char *answer; /* after the header */
};

static void *browser_run(void *arg) {
  const struct browser *b = arg;
  unsigned char bytes[512];
  struct sockaddr_in from;
  socklen_t n = sizeof from;
  ssize_t got =
      recvfrom(b->fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &n);
  if (got > 1 && bytes[0] == 4 && strcmp((char *)bytes + 1, "SQL1") == 0) {
    size_t length = strlen(b->answer);
    bytes[0] = 5;
    bytes[1] = (unsigned char)length;
    bytes[2] = 0;
    memcpy(bytes + 3, b->answer, length);
    (void)sendto(b->fd, bytes, length + 3, 0, (struct sockaddr *)&from, n);
  }
  return NULL;
}

static int ask_browser(const char *answer, const char *instance) {
  struct addresses at = {.count = 1};
  struct sockaddr_in *in = (void *)&at.items[0].at;
  struct browser b = {socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), answer};
  struct timeval patience = {1, 0};
  pthread_t thread;
  int port;
  in->sin_family = AF_INET;
  in->sin_port = htons(1434);
  /* An address of our own in 127/8: others may test at the same time. */
  in->sin_addr.s_addr = htonl(0x7F400000u | ((uint32_t)getpid() & 0x3FFFFFu));
  at.items[0].size = sizeof *in;
  assert_int_equal(bind(b.fd, (struct sockaddr *)in, sizeof *in), 0);
  assert_int_equal(
      setsockopt(b.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  assert_int_equal(pthread_create(&thread, NULL, browser_run, &b), 0);
  port = browser_port(&at, instance, mssql_now_ms() + 400);
  pthread_join(thread, NULL);
  close(b.fd);
  return port;
}

static void test_mssql__asks_sql_browser(void **state) {
  (void)state;
  assert_int_equal(ask_browser("ServerName;A;InstanceName;SQL1;IsClustered;No;"
                               "Version;16.0.1000.6;tcp;51433;np;x;;",
                               "SQL1"),
                   51433);
  assert_int_equal(ask_browser("ServerName;A;InstanceName;SQL1;np;x;;", "SQL1"),
                   -1);
  assert_int_equal(ask_browser("", "silent"), 0);
}

/* ---- the process around us ---------------------------------------------- */

/* NOLINTBEGIN(readability-non-const-parameter): FreeTDS's signatures */
static int their_error(DBPROCESS *db, int severity, int number, int oserr,
                       char *text, char *os_text) {
  (void)db, (void)severity, (void)number, (void)oserr, (void)text,
      (void)os_text;
  return INT_CANCEL;
}

static int their_message(DBPROCESS *db, DBINT number, int state, int severity,
                         char *text, char *server, char *procedure, int line) {
  (void)db, (void)number, (void)state, (void)severity, (void)text, (void)server,
      (void)procedure, (void)line;
  return 0;
}

/* NOLINTEND(readability-non-const-parameter) */

static void test_mssql__leaves_the_hosts_handlers_alone(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct err e;
  struct mssql *m;
  (void)dberrhandle(their_error);
  (void)dbmsghandle(their_message);
  m = connect_to(&w->plain);
  expect_works(m);
  mssql_close(m);
  assert_int_equal(setenv("ORDERSYNC_PASSWORD", "x", 1), 0);
  open_fails(&p, NULL, ERR_AUTH, "Login failed", &e);
  assert_true(dberrhandle(NULL) == their_error);
  assert_true(dbmsghandle(NULL) == their_message);
}

static void test_mssql__refuses_use_after_fork(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  int status = 0;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct err e = {0};
    int ok = !mssql_alive(m) && mssql_query(m, "SELECT 1", &e) == ERR_MISUSE;
    mssql_close(m);
    _exit(ok ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  expect_works(m);
  mssql_close(m);
}

static void *thread_run(void *arg) {
  const struct server *s = arg;
  sqlite3_int64 rows = 0;
  for (int i = 0; i < 4; i++) {
    struct profile p = profile_for(s);
    struct mssql *m = NULL;
    struct err e = {0};
    if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) break;
    rows += read_all(m, "SELECT a, b FROM few", &e);
    mssql_close(m);
  }
  return (void *)(intptr_t)rows;
}

/* Logs in where nobody answers, until the timeout. */
static void *hang_run(void *arg) {
  struct profile p = profile_for(arg);
  struct mssql *m = NULL;
  struct err e = {0};
  p.login_timeout = 2;
  return (void *)(intptr_t)mssql_open(&m, &p, NULL, MSSQL_COPY, &e);
}

static void test_mssql__a_hung_login_delays_no_other(void **state) {
  struct world *w = *state;
  struct profile good = profile_for(&w->tls);
  pthread_t hung[3];
  struct err e = {0};
  int fds = count_fds();
  good.encrypt = ENCRYPT_REQUIRE;
  fault(&w->plain, "when=login do=hang");
  for (int i = 0; i < 3; i++) {
    assert_int_equal(pthread_create(&hung[i], NULL, hang_run, &w->plain), 0);
  }
  pause_ms(100);
  for (int i = 0; i < 3; i++) {
    struct mssql *m = NULL;
    sqlite3_int64 start = mssql_now_ms();
    if (mssql_open(&m, &good, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
    assert_true(mssql_now_ms() - start < 1200);
    mssql_close(m);
  }
  for (int i = 0; i < 3; i++) {
    void *code = NULL;
    assert_int_equal(pthread_join(hung[i], &code), 0);
    assert_int_equal((intptr_t)code, ERR_TIMEOUT);
  }
  /* Each knew its own socket, so none was left behind. */
  assert_int_equal(count_fds(), fds);
  fault(&w->plain, "");
}

static void test_mssql__works_in_several_threads(void **state) {
  struct world *w = *state;
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, thread_run, &w->plain),
                     0);
  }
  for (int i = 0; i < 4; i++) {
    void *rows = NULL;
    assert_int_equal(pthread_join(threads[i], &rows), 0);
    assert_int_equal((intptr_t)rows, 4000);
  }
}

static void test_mssql__leaks_nothing(void **state) {
  struct world *w = *state;
  struct profile p = profile_for(&w->plain);
  struct err e;
  sqlite3_int64 memory;
  int fds;
  mssql_close(connect_to(&w->plain));
  memory = sqlite3_memory_used();
  fds = count_fds();
  for (int i = 0; i < 5; i++) {
    struct mssql *m = connect_to(&w->plain);
    expect_works(m);
    assert_true(fcntl(dbiordesc(m->db), F_GETFD) & FD_CLOEXEC);
    mssql_close(m);
    assert_int_equal(setenv("ORDERSYNC_PASSWORD", "x", 1), 0);
    open_fails(&p, NULL, ERR_AUTH, "Login failed", &e);
  }
  assert_int_equal(sqlite3_memory_used(), memory);
  assert_int_equal(count_fds(), fds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, clear_faults, clear_faults)
      T(test_mssql__reads_every_type_exactly),
      T(test_mssql__tells_null_from_empty),
      T(test_mssql__never_cuts_a_long_text),
      T(test_mssql__refuses_characters_that_do_not_convert),
      T(test_mssql__passes_over_results_without_columns),
      T(test_mssql__reads_an_empty_result),
      T(test_mssql__a_query_replaces_an_open_result),
      T(test_mssql__closes_without_waiting),
      T(test_mssql__drops_a_link_that_ignores_a_cancel),
      T(test_mssql__notices_every_broken_stream),
      T(test_mssql__an_error_token_is_no_end),
      T(test_mssql__a_second_result_is_an_error),
      T(test_mssql__a_deadline_ends_every_wait),
      T(test_mssql__an_idle_connection_outlives_a_deadline),
      T(test_mssql__an_interrupt_ends_a_wait_soon),
      T(test_mssql__an_interrupt_ends_a_stall_in_mid_row),
      T(test_mssql__bounds_the_login),
      T(test_mssql__tells_refusals_apart),
      T(test_mssql__refuses_freetds_variables),
      T(test_mssql__facts),
      T(test_mssql__ends_its_own_login_only),
      T(test_mssql__knows_its_own_login_by_then),
      T(test_mssql__verifies_and_encrypts),
      T(test_mssql__names_what_is_wrong_with_a_certificate),
      T(test_mssql__never_goes_without_encryption_unasked),
      T(test_mssql__notices_a_downgrade),
      T(test_mssql__asks_sql_browser),
      T(test_mssql__leaves_the_hosts_handlers_alone),
      T(test_mssql__refuses_use_after_fork),
      T(test_mssql__a_hung_login_delays_no_other),
      T(test_mssql__works_in_several_threads),
      T(test_mssql__leaks_nothing),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
