/*
** The table-valued function ordersync_check: every step of a refresh short of
** the rows, each with its outcome. A step that fails does not hide those that
** can be tried without it.
*/
#include "check.h"

#include "base/clock.h"
#include "base/sql.h"
#include "local/target.h"
#include "ordersync.h"
#include "source/reader.h"
#include "tvf.h"

#include <stdio.h>
#include <string.h>

enum { COLUMN_STEP, COLUMN_OK, COLUMN_DETAIL, COLUMN_SYNC };

enum step {
  STEP_VERSIONS,
  STEP_CONFIG,
  STEP_PROFILE,
  STEP_DNS,
  STEP_TCP,
  STEP_TLS,
  STEP_LOGIN,
  STEP_ISOLATION,
  STEP_PERMISSION,
  STEP_COLUMNS,
  N_STEPS
};
static const char *const step_names[] = {
    "versions", "config", "profile",   "dns",        "tcp",
    "tls",      "login",  "isolation", "permission", "columns"};

enum outcome { OUTCOME_UNKNOWN, OUTCOME_FAILED, OUTCOME_OK };

struct check_row {
  enum outcome outcome;
  char *detail; /* owned; NULL: it was not reached */
};

struct check_cursor {
  struct tvf_cursor rows;
  struct check_row steps[N_STEPS];
  char *asked; /* owned: of which sync, for a join that asks again; or NULL */
};

struct check {
  sqlite3 *db;            /* borrowed */
  const char *sync;       /* borrowed; NULL: the default */
  struct check_row *rows; /* borrowed */
  struct mapping map;
  struct profile prof;
  struct interrupt interrupt;
  struct reader reader;
  int no_memory; /* the report would not be true */
};

static void report(struct check *c, enum step step, enum outcome outcome,
                   const char *fmt, ...) {
  va_list args;
  c->rows[step].outcome = outcome;
  va_start(args, fmt);
  c->rows[step].detail = sqlite3_vmprintf(fmt, args);
  va_end(args);
  if (!c->rows[step].detail) c->no_memory = 1;
}

static void report_error(struct check *c, enum step step, const struct err *e) {
  if (e->code == ERR_NOMEM) c->no_memory = 1;
  report(c, step, OUTCOME_FAILED, "%s", e->text);
}

/* The steps return 1 when those that build on them can be tried. */

static int check_config(struct check *c) {
  struct err e = {0};
  struct target target = {0};
  int is_loaded = !mapping_load(&c->map, c->db, c->sync, &e);
  if (!is_loaded || target_open(&target, c->db, &c->map, &e)) {
    report_error(c, STEP_CONFIG, &e);
  } else {
    report(c, STEP_CONFIG, OUTCOME_OK,
           "sync \"%s\": %d columns of %s into \"%s\"", c->map.sync,
           c->map.n_columns, c->map.source, c->map.target);
  }
  target_clear(&target);
  return is_loaded;
}

static int check_profile(struct check *c, const char *name) {
  struct err e = {0};
  if (profile_load(&c->prof, name, &e)) {
    report_error(c, STEP_PROFILE, &e);
    return 0;
  }
  report(c, STEP_PROFILE, OUTCOME_OK, "[%s] of %s%s%s", c->prof.name,
         c->prof.path ? c->prof.path : "the environment",
         c->prof.warning ? "; " : "", c->prof.warning ? c->prof.warning : "");
  return 1;
}

/* A section of freetds.conf says elsewhere where the server is; the login then
** tells whether it could be reached. */
static int check_reach(struct check *c) {
  struct mssql_hooks hooks = {interrupt_pending, &c->interrupt};
  struct mssql_reach reach;
  struct err e = {0};
  if (!c->prof.server) {
    report(c, STEP_DNS, OUTCOME_UNKNOWN, "left to FreeTDS");
    report(c, STEP_TCP, OUTCOME_UNKNOWN, "left to FreeTDS");
    return 1;
  }
  if (mssql_reach(&reach, &c->prof, &hooks, &e) && reach.n_addresses == 0) {
    report_error(c, STEP_DNS, &e);
    return 0;
  }
  report(c, STEP_DNS, OUTCOME_OK, "%s has %d address(es)", c->prof.server,
         reach.n_addresses);
  if (e.code) {
    report_error(c, STEP_TCP, &e);
  } else {
    report(c, STEP_TCP, OUTCOME_OK, "connected to port %d in %lld ms",
           reach.port, (long long)reach.tcp_ms);
  }
  return e.code == ERR_NONE;
}

/* What a query's one row says, "" where it is NULL or the server does not tell.
** Read to its end: to cancel takes a round trip, and patience. */
static void ask(struct check *c, const char *sql, char says[2][400]) {
  struct mssql *remote = c->reader.remote;
  struct err e = {0};
  int has_row = 0;
  mssql_deadline(remote,
                 clock_now_ms() + (sqlite3_int64)c->prof.query_timeout * 1000);
  says[0][0] = says[1][0] = 0;
  if (!mssql_query(remote, sql, &e)) mssql_next(remote, &has_row, &e);
  for (int i = 0; i < 2 && has_row; i++) {
    struct value value;
    struct cell cell;
    mssql_value(remote, i, &value);
    if (value.type != VALUE_NULL && value_convert(&value, KIND_STRING, &cell))
      (void)snprintf(says[i], sizeof says[i], "%.*s", cell.n_bytes, cell.bytes);
  }
  if (has_row) mssql_next(remote, &has_row, &e);
  if (e.code == ERR_NOMEM) c->no_memory = 1;
}

static int check_login(struct check *c) {
  struct err e = {0};
  const char *tls;
  char says[2][400];
  if (reader_connect(&c->reader, &e)) {
    if (e.code != ERR_TLS) report(c, STEP_TLS, OUTCOME_UNKNOWN, "see login");
    report_error(c, e.code == ERR_TLS ? STEP_TLS : STEP_LOGIN, &e);
    return 0;
  }
  tls = mssql_tls(c->reader.remote);
  report(c, STEP_TLS, OUTCOME_OK, "%s%s",
         tls ? tls : "off, as the profile says",
         !tls                                ? ""
         : c->prof.encrypt == ENCRYPT_VERIFY ? ", certificate and host name "
                                               "verified"
                                             : ", certificate NOT verified");
  ask(c,
      "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), "
      "DB_NAME()",
      says);
  report(c, STEP_LOGIN, OUTCOME_OK, "user %s, database %s, server version %s",
         c->prof.user ? c->prof.user : "(none)",
         says[1][0] ? says[1] : "(default)", says[0][0] ? says[0] : "unknown");
  return 1;
}

/* What the source's rows look like while others write to them. */
static void check_isolation(struct check *c) {
  char says[2][400];
  int allowed, versioned, by_locks, refused;
  ask(c,
      "SELECT CAST(snapshot_isolation_state AS int), "
      "CAST(is_read_committed_snapshot_on AS int) "
      "FROM sys.databases WHERE name = DB_NAME()",
      says);
  if (!says[0][0] || !says[1][0]) {
    report(c, STEP_ISOLATION, OUTCOME_UNKNOWN, "the server does not say");
    return;
  }
  allowed = strcmp(says[0], "0") != 0;
  versioned = strcmp(says[1], "0") != 0;
  refused = !allowed && strcmp(c->prof.isolation, "SNAPSHOT") == 0;
  by_locks = !versioned && strcmp(c->prof.isolation, "READ COMMITTED") == 0;
  report(c, STEP_ISOLATION, refused ? OUTCOME_FAILED : OUTCOME_OK,
         "%s; READ_COMMITTED_SNAPSHOT is %s, ALLOW_SNAPSHOT_ISOLATION %s%s%s",
         c->prof.isolation, versioned ? "on" : "off", allowed ? "on" : "off",
         by_locks ? "; a row that moves while it is read may be missed or come "
                    "twice, not under isolation = snapshot"
                  : "",
         by_locks && !allowed ? ", which the database has to allow" : "");
}

static void check_columns(struct check *c, const struct remote_columns *has) {
  struct err e = {0};
  struct match match = {0};
  int n_extra, n_changed = 0;
  if (match_init(&match, &c->map, &e) || match_source(&match, has, &e)) {
    report_error(c, STEP_COLUMNS, &e);
    match_clear(&match);
    return;
  }
  for (int i = 0; i < c->map.n_columns; i++) {
    const char *was = c->map.columns[i].source_type;
    const struct remote_column *is = match_remote(&match, i);
    n_changed += was && is && strcmp(was, remote_type_name(is->type)) != 0;
  }
  sqlite3_free(match_extra(&match, &n_extra));
  report(c, STEP_COLUMNS, OUTCOME_OK,
         "%d mapped, %d on the server that nothing maps, %d of another type "
         "than when the sync was added",
         c->map.n_columns, n_extra, n_changed);
  match_clear(&match);
}

static void check_source(struct check *c) {
  struct err e = {0};
  struct remote_columns has;
  if (reader_describe(&c->reader, c->map.source, &c->map, &has, &e)) {
    report_error(c, STEP_PERMISSION, &e);
  } else {
    report(c, STEP_PERMISSION, OUTCOME_OK, "may select from %s", c->map.source);
    check_columns(c, &has);
  }
  remote_columns_clear(&has);
}

/* Nothing that a server or a configuration says is shown as it is. */
static void mask_rows(struct check *c, int has_profile) {
  struct err e = {0};
  char *password = NULL;
  if (has_profile && profile_password(&c->prof, &password, &e) == ERR_NOMEM)
    c->no_memory = 1;
  for (int i = 0; i < N_STEPS; i++) {
    if (c->rows[i].detail) err_mask(c->rows[i].detail, password);
  }
  profile_password_free(password);
}

static enum err_code check_all(struct check *c, struct err *e) {
  int has_map, has_profile;
  if (interrupt_open(&c->interrupt, c->db, e)) return e->code;
  c->reader = (struct reader){
      .profile = &c->prof, .interrupt = &c->interrupt, .use = MSSQL_LIVE};
  report(c, STEP_VERSIONS, OUTCOME_OK,
         "ordersync " ORDERSYNC_VERSION ", %s, SQLite %s",
         mssql_library_version(), sqlite3_libversion());
  has_map = check_config(c);
  has_profile = check_profile(c, has_map ? c->map.profile : NULL);
  if (has_profile && check_reach(c) && check_login(c)) {
    check_isolation(c);
    if (has_map) check_source(c);
  }
  mask_rows(c, has_profile);
  reader_close(&c->reader);
  interrupt_close(&c->interrupt);
  profile_clear(&c->prof);
  mapping_clear(&c->map);
  return c->no_memory ? err_nomem(e) : e->code;
}

static int check_connect(sqlite3 *db, void *aux, int argc,
                         const char *const *argv, sqlite3_vtab **out,
                         char **message) {
  (void)aux, (void)argc, (void)argv, (void)message;
  return tvf_connect(
      db, "CREATE TABLE x(step TEXT, ok INTEGER, detail TEXT, sync HIDDEN)", 1,
      out);
}

static int check_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  (void)vtab;
  info->estimatedCost = 1e6;
  info->estimatedRows = N_STEPS;
  return tvf_arguments(info, COLUMN_SYNC, 1) < 0 ? SQLITE_CONSTRAINT
                                                 : SQLITE_OK;
}

static int check_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  (void)vtab;
  return tvf_open(sizeof(struct check_cursor), out);
}

static void forget_rows(struct check_cursor *cursor) {
  for (int i = 0; i < N_STEPS; i++) sqlite3_free(cursor->steps[i].detail);
  memset(cursor->steps, 0, sizeof cursor->steps);
  sqlite3_free(cursor->asked);
  cursor->asked = NULL;
}

static int check_close(sqlite3_vtab_cursor *base) {
  forget_rows((struct check_cursor *)base);
  sqlite3_free(base);
  return SQLITE_OK;
}

static int check_filter(sqlite3_vtab_cursor *base, int number,
                        const char *string, int argc, sqlite3_value **argv) {
  struct check_cursor *cursor = (struct check_cursor *)base;
  struct check c = {.db = tvf_db(base), .rows = cursor->steps};
  struct err e = {0};
  char *asked;
  (void)number, (void)string;
  cursor->rows.row = cursor->rows.has_row = 1;
  if (argc > 0) c.sync = sql_argument(argv[0], 1, &e);
  asked = sqlite3_mprintf("%Q", c.sync);
  if (!asked) err_nomem(&e);
  if (asked && !e.code && cursor->asked && strcmp(cursor->asked, asked) == 0) {
    sqlite3_free(asked);
    return SQLITE_OK;
  }
  forget_rows(cursor);
  if (e.code || check_all(&c, &e)) {
    sqlite3_free(asked);
    return err_vtab(&e, &base->pVtab->zErrMsg);
  }
  cursor->asked = asked;
  return SQLITE_OK;
}

static int check_next(sqlite3_vtab_cursor *base) {
  struct tvf_cursor *rows = (struct tvf_cursor *)base;
  rows->has_row = ++rows->row <= N_STEPS;
  return SQLITE_OK;
}

static int check_column(sqlite3_vtab_cursor *base, sqlite3_context *context,
                        int column) {
  const struct check_cursor *cursor = (const struct check_cursor *)base;
  enum step step = (enum step)(cursor->rows.row - 1);
  const struct check_row *row = &cursor->steps[step];
  if (column == COLUMN_STEP) {
    sqlite3_result_text(context, step_names[step], -1, SQLITE_STATIC);
  } else if (column == COLUMN_OK && row->outcome != OUTCOME_UNKNOWN) {
    sqlite3_result_int(context, row->outcome == OUTCOME_OK);
  } else if (column == COLUMN_DETAIL) {
    sqlite3_result_text(context, row->detail ? row->detail : "not reached", -1,
                        SQLITE_TRANSIENT);
  }
  return SQLITE_OK;
}

static const sqlite3_module check_module = {
    .xConnect = check_connect,
    .xBestIndex = check_best_index,
    .xDisconnect = tvf_disconnect,
    .xOpen = check_open,
    .xClose = check_close,
    .xFilter = check_filter,
    .xNext = check_next,
    .xEof = tvf_eof,
    .xColumn = check_column,
    .xRowid = tvf_rowid,
};

int check_register(sqlite3 *db) {
  return sqlite3_create_module_v2(db, "ordersync_check", &check_module, NULL,
                                  NULL);
}
