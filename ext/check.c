/*
** The table-valued function ordersync_check: every step of a refresh short of
** the rows, each with its outcome. A step that fails does not hide those that
** can be tried without it.
*/
#include "check.h"

#include "base/clock.h"
#include "base/interrupt.h"
#include "local/target.h"
#include "mssql/mssql.h"
#include "ordersync.h"
#include "source/match.h"
#include "sync/runlog.h"
#include "tsql/select.h"

#include <string.h>

enum { COLUMN_STEP, COLUMN_OK, COLUMN_DETAIL, COLUMN_SYNC };
enum outcome { OUTCOME_FAILED = 0, OUTCOME_OK = 1, OUTCOME_UNREACHED = 2 };

struct check_row {
  const char *step; /* static */
  enum outcome outcome;
  char *detail; /* owned */
};

struct check_table {
  sqlite3_vtab base;
  sqlite3 *db; /* borrowed */
};

struct check_cursor {
  sqlite3_vtab_cursor base;
  struct check_row rows[16];
  int n_rows;
  int at;
};

/* ---- the steps --------------------------------------------------------- */

struct check {
  sqlite3 *db;              /* borrowed */
  const char *sync;         /* borrowed; NULL: the default */
  struct check_cursor *out; /* borrowed */
  struct mapping map;
  struct profile prof;
  struct interrupt interrupt;
  struct mssql *remote;
  int has_map, has_profile;
  int no_memory; /* the report would not be true */
};

static void report(struct check *c, const char *step, enum outcome outcome,
                   const char *fmt, ...) {
  struct check_row *row = &c->out->rows[c->out->n_rows++];
  va_list args;
  row->step = step;
  row->outcome = outcome;
  va_start(args, fmt);
  row->detail = sqlite3_vmprintf(fmt, args);
  va_end(args);
  if (!row->detail) c->no_memory = 1;
}

static void report_error(struct check *c, const char *step,
                         const struct err *e) {
  if (e->code == ERR_NOMEM) c->no_memory = 1;
  report(c, step, OUTCOME_FAILED, "%s", e->text);
}

static void report_unreached(struct check *c, const char *step) {
  report(c, step, OUTCOME_UNREACHED, "not reached");
}

static void check_versions(struct check *c) {
  report(c, "versions", OUTCOME_OK,
         "ordersync " ORDERSYNC_VERSION ", %s, SQLite %s",
         mssql_library_version(), sqlite3_libversion());
}

static void check_config(struct check *c) {
  struct err e = {0};
  struct target target = {0};
  if (mapping_load(&c->map, c->db, c->sync, &e)) {
    report_error(c, "config", &e);
    return;
  }
  c->has_map = 1;
  if (target_open(&target, c->db, &c->map, &e)) {
    report_error(c, "config", &e);
  } else {
    report(c, "config", OUTCOME_OK, "sync \"%s\": %d columns of %s into \"%s\"",
           c->map.sync, c->map.n_columns, c->map.source, c->map.target);
  }
  target_clear(&target);
}

static void check_profile(struct check *c) {
  struct err e = {0};
  const char *name = c->has_map ? c->map.profile : NULL;
  if (profile_load(&c->prof, name, &e)) {
    report_error(c, "profile", &e);
    return;
  }
  c->has_profile = 1;
  report(c, "profile", OUTCOME_OK, "[%s] of %s%s%s", c->prof.name,
         c->prof.path ? c->prof.path : "the environment",
         c->prof.warning ? "; " : "", c->prof.warning ? c->prof.warning : "");
}

/* ---- DNS and TCP ------------------------------------------------------- */

/* A section of freetds.conf says elsewhere where the server is; the login then
** tells whether it could be reached. */
static int check_reach(struct check *c) {
  struct mssql_hooks hooks = {interrupt_pending, &c->interrupt};
  struct mssql_reach reach;
  struct err e = {0};
  if (!c->has_profile) {
    report_unreached(c, "dns");
    report_unreached(c, "tcp");
    return 0;
  }
  if (!c->prof.server) {
    report(c, "dns", OUTCOME_UNREACHED, "left to FreeTDS");
    report(c, "tcp", OUTCOME_UNREACHED, "left to FreeTDS");
    return 1;
  }
  if (mssql_reach(&reach, &c->prof, &hooks, &e) && reach.n_addresses == 0) {
    report_error(c, "dns", &e);
    report_unreached(c, "tcp");
    return 0;
  }
  report(c, "dns", OUTCOME_OK, "%s has %d address(es)", c->prof.server,
         reach.n_addresses);
  if (e.code) {
    report_error(c, "tcp", &e);
  } else {
    report(c, "tcp", OUTCOME_OK, "connected to port %d in %lld ms", reach.port,
           (long long)reach.tcp_ms);
  }
  return e.code == ERR_NONE;
}

/* ---- TLS, login, permission, columns ----------------------------------- */

static void check_login(struct check *c) {
  struct mssql_hooks hooks = {interrupt_pending, &c->interrupt};
  struct mssql_facts facts = {0};
  struct err e = {0};
  if (mssql_open(&c->remote, &c->prof, &hooks, MSSQL_LIVE, &e)) {
    if (e.code == ERR_TLS) {
      report_error(c, "tls", &e);
      report_unreached(c, "login");
    } else {
      report(c, "tls", OUTCOME_UNREACHED, "see login");
      report_error(c, "login", &e);
    }
    return;
  }
  mssql_deadline(c->remote,
                 clock_now_ms() + (sqlite3_int64)c->prof.query_timeout * 1000);
  mssql_facts(c->remote, &facts);
  if (facts.no_memory) c->no_memory = 1;
  if (facts.encrypted) {
    report(c, "tls", OUTCOME_OK, "%s%s",
           facts.tls_detail ? facts.tls_detail : "encrypted",
           c->prof.encrypt == ENCRYPT_VERIFY
               ? ", certificate and host name verified"
               : ", certificate NOT verified");
  } else {
    report(c, "tls", OUTCOME_OK, "off, as the profile says");
  }
  report(c, "login", OUTCOME_OK, "user %s, database %s, server version %s",
         c->prof.user ? c->prof.user : "(none)",
         facts.database ? facts.database : "(default)",
         facts.server_version ? facts.server_version : "unknown");
}

/* What the source's rows look like while others write to them. */
static void check_isolation(struct check *c) {
  struct err e = {0};
  struct value allowed = {0}, versioned = {0};
  int has_row = 0, by_locks, refused;
  if (!mssql_query(c->remote,
                   "SELECT CAST(snapshot_isolation_state AS int), "
                   "CAST(is_read_committed_snapshot_on AS int) "
                   "FROM sys.databases WHERE name = DB_NAME()",
                   &e) &&
      !mssql_next(c->remote, &has_row, &e) && has_row) {
    mssql_value(c->remote, 0, &allowed);
    mssql_value(c->remote, 1, &versioned);
  }
  mssql_cancel(c->remote);
  if (e.code == ERR_NOMEM) c->no_memory = 1;
  if (allowed.type != VALUE_INTEGER || versioned.type != VALUE_INTEGER) {
    report(c, "isolation", OUTCOME_UNREACHED, "%s", "the server does not say");
    return;
  }
  refused = !allowed.integer && strcmp(c->prof.isolation, "SNAPSHOT") == 0;
  by_locks =
      !versioned.integer && strcmp(c->prof.isolation, "READ COMMITTED") == 0;
  report(c, "isolation", refused ? OUTCOME_FAILED : OUTCOME_OK,
         "%s; READ_COMMITTED_SNAPSHOT is %s, ALLOW_SNAPSHOT_ISOLATION %s%s%s",
         c->prof.isolation, versioned.integer ? "on" : "off",
         allowed.integer ? "on" : "off",
         by_locks ? "; a row that moves while it is read may be missed or come "
                    "twice, not under isolation = snapshot"
                  : "",
         by_locks && !allowed.integer ? ", which the database has to allow"
                                      : "");
}

static void report_columns(struct check *c, const struct remote_columns *has) {
  struct err e = {0};
  struct match match = {0};
  int n_extra, n_changed = 0;
  if (match_init(&match, &c->map, &e) || match_source(&match, has, &e)) {
    report_error(c, "columns", &e);
    match_clear(&match);
    return;
  }
  for (int i = 0; i < c->map.n_columns; i++) {
    const char *was = c->map.columns[i].source_type;
    const struct remote_column *is = match_remote(&match, i);
    n_changed += was && is && strcmp(was, remote_type_name(is->type)) != 0;
  }
  sqlite3_free(match_extra(&match, &n_extra));
  report(c, "columns", OUTCOME_OK,
         "%d mapped, %d on the server that nothing maps, %d of another type "
         "than when the sync was added",
         c->map.n_columns, n_extra, n_changed);
  match_clear(&match);
}

static void check_source(struct check *c) {
  struct err e = {0};
  char *sql = tsql_discover(c->map.source, &e);
  if (!sql || mssql_query(c->remote, sql, &e)) {
    profile_mask(&c->prof, &e);
    report_error(c, "permission", &e);
    report_unreached(c, "columns");
  } else {
    report(c, "permission", OUTCOME_OK, "may select from %s", c->map.source);
    report_columns(c, mssql_columns(c->remote));
  }
  sqlite3_free(sql);
}

/* Nothing that a server or a configuration says is shown as it is. */
static void mask_rows(struct check *c) {
  struct err e = {0};
  char *password = NULL;
  if (c->has_profile && profile_password(&c->prof, &password, &e) == ERR_NOMEM)
    c->no_memory = 1;
  for (int i = 0; i < c->out->n_rows; i++) {
    if (c->out->rows[i].detail) err_mask(c->out->rows[i].detail, password);
  }
  profile_password_free(password);
}

static enum err_code check_all(struct check *c, struct err *e) {
  if (interrupt_open(&c->interrupt, c->db, e)) return e->code;
  check_versions(c);
  check_config(c);
  check_profile(c);
  if (check_reach(c)) {
    check_login(c);
  } else {
    report_unreached(c, "tls");
    report_unreached(c, "login");
  }
  if (c->remote)
    check_isolation(c);
  else
    report_unreached(c, "isolation");
  if (c->remote && c->has_map) {
    check_source(c);
  } else {
    report_unreached(c, "permission");
    report_unreached(c, "columns");
  }
  mask_rows(c);
  mssql_close(c->remote);
  interrupt_close(&c->interrupt);
  profile_clear(&c->prof);
  mapping_clear(&c->map);
  return c->no_memory ? err_nomem(e) : e->code;
}

/* ---- the table-valued function
 * ---------------------------------------------------- */

static int check_connect(sqlite3 *db, void *aux, int argc,
                         const char *const *argv, sqlite3_vtab **out,
                         char **message) {
  struct check_table *table;
  int rc = sqlite3_declare_vtab(
      db, "CREATE TABLE x(step TEXT, ok INTEGER, detail TEXT, sync HIDDEN)");
  (void)aux;
  (void)argc;
  (void)argv;
  (void)message;
  if (rc) return rc;
  sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  table = sqlite3_malloc64(sizeof *table);
  if (!table) return SQLITE_NOMEM;
  memset(table, 0, sizeof *table);
  table->db = db;
  *out = &table->base;
  return SQLITE_OK;
}

static int check_disconnect(sqlite3_vtab *vtab) {
  sqlite3_free(vtab);
  return SQLITE_OK;
}

static int check_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  (void)vtab;
  info->estimatedCost = 1e6;
  info->estimatedRows = 10;
  for (int i = 0; i < info->nConstraint; i++) {
    if (info->aConstraint[i].iColumn != COLUMN_SYNC ||
        info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) {
      continue;
    }
    if (!info->aConstraint[i].usable) return SQLITE_CONSTRAINT;
    info->aConstraintUsage[i].argvIndex = 1;
    info->aConstraintUsage[i].omit = 1;
    info->idxNum = 1;
    break;
  }
  return SQLITE_OK;
}

static int check_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  struct check_cursor *cursor = sqlite3_malloc64(sizeof *cursor);
  (void)vtab;
  if (!cursor) return SQLITE_NOMEM;
  memset(cursor, 0, sizeof *cursor);
  *out = &cursor->base;
  return SQLITE_OK;
}

static void forget_rows(struct check_cursor *cursor) {
  for (int i = 0; i < cursor->n_rows; i++) {
    sqlite3_free(cursor->rows[i].detail);
  }
  cursor->n_rows = cursor->at = 0;
}

static int check_close(sqlite3_vtab_cursor *base) {
  forget_rows((struct check_cursor *)base);
  sqlite3_free(base);
  return SQLITE_OK;
}

static int check_filter(sqlite3_vtab_cursor *base, int idxNum,
                        const char *idxStr, int argc, sqlite3_value **argv) {
  struct check_cursor *cursor = (struct check_cursor *)base;
  struct check_table *table = (struct check_table *)base->pVtab;
  struct check c = {.db = table->db, .out = cursor};
  struct err e = {0};
  (void)idxStr;
  forget_rows(cursor);
  if (idxNum == 1 && argc == 1) {
    c.sync = (const char *)sqlite3_value_text(argv[0]);
  }
  if (check_all(&c, &e)) return err_vtab(&e, &base->pVtab->zErrMsg);
  return SQLITE_OK;
}

static int check_next(sqlite3_vtab_cursor *base) {
  ((struct check_cursor *)base)->at++;
  return SQLITE_OK;
}

static int check_eof(sqlite3_vtab_cursor *base) {
  const struct check_cursor *cursor = (const struct check_cursor *)base;
  return cursor->at >= cursor->n_rows;
}

static int check_column(sqlite3_vtab_cursor *base, sqlite3_context *context,
                        int column) {
  const struct check_cursor *cursor = (const struct check_cursor *)base;
  const struct check_row *row = &cursor->rows[cursor->at];
  if (column == COLUMN_STEP) {
    sqlite3_result_text(context, row->step, -1, SQLITE_STATIC);
  } else if (column == COLUMN_OK && row->outcome != OUTCOME_UNREACHED) {
    sqlite3_result_int(context, row->outcome == OUTCOME_OK);
  } else if (column == COLUMN_DETAIL) {
    sqlite3_result_text(context, row->detail, -1, SQLITE_TRANSIENT);
  }
  return SQLITE_OK;
}

static int check_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  *rowid = ((const struct check_cursor *)base)->at + 1;
  return SQLITE_OK;
}

/* No xCreate: there is nothing to create, it is only called by its name. */
static const sqlite3_module check_module = {
    .xConnect = check_connect,
    .xBestIndex = check_best_index,
    .xDisconnect = check_disconnect,
    .xOpen = check_open,
    .xClose = check_close,
    .xFilter = check_filter,
    .xNext = check_next,
    .xEof = check_eof,
    .xColumn = check_column,
    .xRowid = check_rowid,
};

int check_register(sqlite3 *db) {
  return sqlite3_create_module_v2(db, "ordersync_check", &check_module, NULL,
                                  NULL);
}
