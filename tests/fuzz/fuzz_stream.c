/*
** Server bytes: whatever a server answers, a refresh brings the new rows or
** leaves the old ones, and the process lives.
**
**   04 ...                       the whole of what a server sends, as recorded
**                                by tests/fault/cut.sh
**   'F' hi lo DISCOVER SELECT    the tokens of two answers: to the query for
**                                the columns (hi * 256 + lo bytes), and to the
**                                one for the rows; login and packet headers
**                                are put around them
**
** All is sent at once and the sending side closed: TDS is question and answer,
** so the client finds each answer when it looks for it, and nobody waits.
*/
#include "ordersync.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MOST   ((size_t)1 << 18)
#define PACKET_MOST 4000
#define HEADER      8

static void require(int truth) {
  if (!truth) abort();
}

/* ---- the answers ------------------------------------------------------- */

static struct {
  pthread_mutex_t lock;
  int listener;
  uint8_t bytes[SIZE_MOST];
  size_t n;
} answers = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void add(const uint8_t *bytes, size_t n) {
  if (n > SIZE_MOST - answers.n) n = SIZE_MOST - answers.n;
  memcpy(answers.bytes + answers.n, bytes, n);
  answers.n += n;
}

/* One message, in as many packets as it takes. */
static void add_message(const uint8_t *bytes, size_t n) {
  do {
    size_t part = n > PACKET_MOST ? PACKET_MOST : n;
    size_t size = part + HEADER;
    const uint8_t header[HEADER] = {
        4, n == part, (uint8_t)(size >> 8), (uint8_t)size, 0, 52, 1, 0};
    add(header, sizeof header);
    add(bytes, part);
    bytes += part;
    n -= part;
  } while (n > 0);
}

/* [MS-TDS] 2.2.6.5 PRELOGIN, 2.2.7.14 LOGINACK, 2.2.7.6 DONE: no encryption,
** TDS 7.4, done. */
static void add_login(void) {
  static const uint8_t prelogin[] = {0, 0,    11, 0, 6, 1, 0, 17, 0,
                                     1, 0xFF, 16, 0, 0, 0, 0, 0,  2};
  static const uint8_t login[] = {0xAD, 16, 0,   1, 0x74, 0, 0, 4, 3,    'S', 0,
                                  'Q',  0,  'L', 0, 16,   0, 0, 0, 0xFD, 0,   0,
                                  0,    0,  0,   0, 0,    0, 0, 0, 0,    0};
  static const uint8_t done[] = {0xFD, 0, 0, 0xBE, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  add_message(prelogin, sizeof prelogin);
  add_message(login, sizeof login);
  add_message(done, sizeof done);
  add_message(done, sizeof done);
}

static void set_answers(const uint8_t *data, size_t size) {
  (void)pthread_mutex_lock(&answers.lock);
  answers.n = 0;
  if (size >= 3 && data[0] == 'F') {
    size_t n = (size_t)data[1] << 8 | data[2];
    if (n > size - 3) n = size - 3;
    add_login();
    add_message(data + 3, n);
    add_message(data + 3 + n, size - 3 - n);
  } else {
    add(data, size);
  }
  (void)pthread_mutex_unlock(&answers.lock);
}

/* ---- the server -------------------------------------------------------- */

static void serve(int fd) {
  uint8_t rest[4096];
  size_t done = 0;
  (void)pthread_mutex_lock(&answers.lock);
  while (done < answers.n) {
    ssize_t n = send(fd, answers.bytes + done, answers.n - done, MSG_NOSIGNAL);
    if (n <= 0) break;
    done += (size_t)n;
  }
  (void)pthread_mutex_unlock(&answers.lock);
  (void)shutdown(fd, SHUT_WR);
  while (recv(fd, rest, sizeof rest, 0) > 0) {
  }
  (void)close(fd);
}

static void *run_server(void *arg) {
  (void)arg;
  for (;;) {
    int fd = accept(answers.listener, NULL, NULL);
    if (fd < 0) return NULL;
    serve(fd);
  }
}

static void start_server(void) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof in;
  pthread_t thread;
  char port[16];
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  require(fd >= 0 && bind(fd, (struct sockaddr *)&in, sizeof in) == 0 &&
          listen(fd, 16) == 0 &&
          getsockname(fd, (struct sockaddr *)&in, &n) == 0);
  answers.listener = fd;
  (void)snprintf(port, sizeof port, "%d", ntohs(in.sin_port));
  (void)setenv("ORDERSYNC_PORT", port, 1);
  require(pthread_create(&thread, NULL, run_server, NULL) == 0);
}

/* ---- the client -------------------------------------------------------- */

static void exec(sqlite3 *db, const char *sql) {
  require(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3_int64 number(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  sqlite3_int64 n;
  require(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK);
  require(sqlite3_step(stmt) == SQLITE_ROW);
  n = sqlite3_column_int64(stmt, 0);
  sqlite3_finalize(stmt);
  return n;
}

/* The columns of tests/fault/cut_server.sql, any of which may be missing. */
static sqlite3 *make_db(void) {
  static const char *const settings[][2] = {
      {"SERVER", "127.0.0.1"}, {"USER", "fuzz"},       {"PASSWORD", "fuzzing"},
      {"ENCRYPT", "off"},      {"LOGIN_TIMEOUT", "5"}, {"QUERY_TIMEOUT", "5"}};
  sqlite3 *db = NULL;
  char *message = NULL;
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    char name[64];
    (void)snprintf(name, sizeof name, "ORDERSYNC_%s", settings[i][0]);
    (void)setenv(name, settings[i][1], 1);
  }
  /* The environment is all there is. */
  (void)unsetenv("ORDERSYNC_CONFIG");
  (void)setenv("HOME", "/nonexistent", 1);
  (void)unsetenv("XDG_CONFIG_HOME");
  require(sqlite3_open(":memory:", &db) == SQLITE_OK);
  require(sqlite3_ordersync_init(db, &message, NULL) == SQLITE_OK);
  exec(db, "SELECT ordersync_install(); DROP TABLE open_orders;"
           "DELETE FROM ordersync_columns; DELETE FROM ordersync_syncs;"
           "INSERT INTO ordersync_syncs(name, source, target, retries,"
           "  on_missing) VALUES('t', 'dbo.vwCut', 't', 0, 'null');"
           "CREATE TABLE t(id, c_int, c_decimal, c_real, c_offset, c_nvarchar,"
           "  c_nvarchar_max, c_varbinary_max, c_text, c_guid, c_variant);"
           "INSERT INTO ordersync_columns(sync, position, source_column,"
           "  target_column, kind) SELECT 't', cid, name, name,"
           "  iif(name = 'c_int', 'integer', 'raw')"
           "  FROM pragma_table_info('t');");
  return db;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static sqlite3 *db;
  sqlite3_stmt *stmt = NULL;
  int rc;
  if (!db) {
    db = make_db();
    start_server();
  }
  exec(db, "DELETE FROM t; INSERT INTO t(id) VALUES('old'), ('older');"
           "DELETE FROM ordersync_run_details; DELETE FROM ordersync_runs");
  set_answers(data, size);
  require(sqlite3_prepare_v2(db, "SELECT ordersync_refresh('t')", -1, &stmt,
                             NULL) == SQLITE_OK);
  rc = sqlite3_step(stmt);
  if (rc == SQLITE_ROW) {
    require(sqlite3_column_int64(stmt, 0) ==
            number(db, "SELECT count(*) FROM t"));
    require(number(db, "SELECT count(*) FROM ordersync_runs "
                       "WHERE status = 'success'") == 1);
  } else {
    require(sqlite3_errmsg(db)[0] != 0);
    require(number(db, "SELECT count(*) FROM t WHERE id LIKE 'old%'") == 2);
    require(number(db, "SELECT count(*) FROM t") == 2);
    require(number(db, "SELECT count(*) FROM ordersync_runs "
                       "WHERE status = 'error'") == 1);
  }
  sqlite3_finalize(stmt);
  require(sqlite3_get_autocommit(db));
  return 0;
}
