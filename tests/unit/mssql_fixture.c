/*
** The servers of the tests of the connection, and what these tests do alike.
** Starts the bundled server itself (ORDERSYNC_TEST_SERVER, by default
** build/tds-server) and fails when there is none.
*/
#include "mssql_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* ---- servers ----------------------------------------------------------- */

void pause_ms(int ms) {
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

void server_start(struct world *w, struct server *s, const char *const *extra) {
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
  for (int i = 0; i < 3000 && !s->port; i++) {
    pause_ms(10);
    s->port = read_port(s->port_file);
  }
  if (!s->port) fail_msg("the test server does not start");
}

void server_stop(struct server *s) {
  if (s->pid <= 0) return;
  (void)kill(s->pid, SIGKILL);
  (void)waitpid(s->pid, NULL, 0);
  (void)unlink(s->port_file);
  (void)unlink(s->fault_file);
  s->pid = 0;
}

void fault(const struct server *s, const char *spec) {
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

int setup_world(void **state) {
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

int teardown_world(void **state) {
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

int clear_faults(void **state) {
  struct world *w = *state;
  write_text(w->plain.fault_file, "");
  write_text(w->tls.fault_file, "");
  (void)unsetenv("ORDERSYNC_PASSWORD");
  return 0;
}

/* ---- profiles and connections ------------------------------------------ */

struct profile profile_for(const struct server *s) {
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

struct mssql *connect_to(const struct server *s) {
  struct profile p = profile_for(s);
  struct mssql *m = NULL;
  struct err e = {0};
  if (mssql_open(&m, &p, NULL, MSSQL_COPY, &e)) fail_msg("%s", e.text);
  if (!m) exit(1); /* not reached; for the static analysers */
  return m;
}

sqlite3_int64 open_fails(const struct profile *p,
                         const struct mssql_hooks *hooks, enum err_code code,
                         const char *text, struct err *e) {
  sqlite3_int64 start = clock_now_ms();
  struct mssql *m = NULL;
  memset(e, 0, sizeof *e);
  mssql_open(&m, p, hooks, MSSQL_LIVE, e);
  assert_null(m);
  if (e->code != code || !strstr(e->text, text)) {
    fail_msg("code %d, \"%s\" instead of code %d, \"...%s...\"", e->code,
             e->text, code, text);
  }
  return clock_now_ms() - start;
}

int read_all(struct mssql *m, const char *sql, struct err *e) {
  int n = 0;
  int has_row = 1;
  if (mssql_query(m, sql, e)) return 0;
  while (!mssql_next(m, &has_row, e) && has_row) n++;
  return n;
}

void expect_works(struct mssql *m) {
  struct err e = {0};
  int n = read_all(m, "SELECT a, b FROM few", &e);
  if (e.code) fail_msg("%s", e.text);
  assert_int_equal(n, 1000);
}

void check_fault(const struct server *s, struct mssql *m,
                 const struct fault_case *c) {
  char spec[160];
  struct err e = {0};
  int n;
  (void)snprintf(spec, sizeof spec, "when=batch match=few %s", c->spec);
  fault(s, spec);
  mssql_deadline(m, clock_now_ms() + 5000);
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

/* ---- the process ------------------------------------------------------- */

int alarm_rings(void *arg) {
  const struct alarm *a = arg;
  return clock_now_ms() >= a->at_ms;
}

sqlite3_int64 quickest(sqlite3_int64 (*once)(void *arg), void *arg,
                       sqlite3_int64 bound_ms) {
  sqlite3_int64 least = once(arg);
  for (int i = 0; i < 4 && least > bound_ms; i++) {
    sqlite3_int64 ms = once(arg);
    if (ms < least) least = ms;
  }
  return least;
}

int count_fds(void) {
  int n = 0;
  for (int fd = 0; fd < 256; fd++) n += fcntl(fd, F_GETFD) >= 0;
  return n;
}
