/*
** Runs the embedded SQL.
*/
#include "local/install.h"

#include "base/clock.h"
#include "base/sql.h"
#include "local/caller.h"
#include "local/txn.h"
#include "ordersync.h"
#include "sql_embedded.h"

#include <string.h>

/* An index on a column that somebody else's table does not have is left out;
** the refresh names the column if a mapping needs it. */
static int may_be_left_out(sqlite3 *db, const char *sql) {
  return sql_begins(sql, "CREATE INDEX IF NOT EXISTS main.index_", NULL) &&
         (strstr(sqlite3_errmsg(db), "no such column") ||
          strstr(sqlite3_errmsg(db), "no column named"));
}

static void run_script(sqlite3 *db, const char *sql, struct err *e) {
  while (!e->code && *sql) {
    sqlite3_stmt *stmt = NULL;
    const char *tail = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, &tail);
    if (rc && may_be_left_out(db, sql)) rc = SQLITE_OK;
    while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
    }
    if (sqlite3_finalize(stmt) || rc) err_sqlite(e, db, "installing");
    sql = tail;
  }
}

static void run_scripts(sqlite3 *db, int with_open_orders, struct err *e) {
  run_script(db, sql_schema, e);
  if (with_open_orders) run_script(db, sql_open_orders, e);
}

static const char *article(const char *type) {
  return *type == 'i' ? "an" : "a";
}

/* What has a name of ours must be what we would make. */
static void check_kinds(sqlite3 *db, sqlite3 *fresh, struct err *e) {
  sqlite3_stmt *ours = sql_prepare(
      fresh, e,
      "SELECT name, type FROM sqlite_schema WHERE name LIKE '%%order%%'");
  while (!e->code && sqlite3_step(ours) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(ours, 0);
    const char *type = (const char *)sqlite3_column_text(ours, 1);
    char *other = sql_text(db, e,
                           "SELECT type FROM main.sqlite_schema WHERE name=%Q "
                           "COLLATE NOCASE AND type<>%Q",
                           name, type);
    if (other) {
      err_set(e, ERR_CONFIG,
              "this database has %s %s named \"%s\", where ordersync has %s %s",
              article(other), other, name, article(type), type);
      err_hint(e, "Rename it, then run ordersync_install() again.");
    }
    sqlite3_free(other);
  }
  if (sqlite3_finalize(ours)) err_sqlite(e, fresh, "installing");
}

/* Adds what our tables lack. */
static void upgrade(sqlite3 *db, sqlite3 *fresh, struct err *e) {
  /* NOT NULL can only be added together with a default. */
  sqlite3_stmt *stmt = sql_prepare(
      fresh, e,
      "SELECT m.name, c.name, printf('ALTER TABLE main.\"%%w\" ADD COLUMN "
      "\"%%w\" %%s%%s', m.name, c.name, c.type, iif(c.\"notnull\", "
      "' NOT NULL', '') || ' DEFAULT ' || c.dflt_value) FROM sqlite_schema m, "
      "pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name LIKE "
      "'ordersync%%'");
  while (!e->code && sqlite3_step(stmt) == SQLITE_ROW) {
    const char *table = (const char *)sqlite3_column_text(stmt, 0);
    const char *column = (const char *)sqlite3_column_text(stmt, 1);
    const char *alter = (const char *)sqlite3_column_text(stmt, 2);
    if (!table || !column || !alter) {
      err_nomem(e);
    } else if (sql_has(db, table, NULL) && !sql_has(db, table, column) &&
               sqlite3_exec(db, alter, 0, 0, 0)) {
      err_sqlite(e, db, "upgrading");
    }
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, fresh, "upgrading");
}

static void report_missing(const char *kind, const char *name, struct err *e) {
  err_set(
      e, ERR_LOCAL,
      "the %s \"%s\" was not made: an authorizer of this program ignores it",
      kind, name);
  err_hint(e, "let it pass, or deny it");
}

/* What was to be made is there: an authorizer that answers SQLITE_IGNORE has
** SQLite pass over a statement without a word. Views and triggers are made anew
** and so are ours to the letter; an index may have been left out, and SQLite's
** own table is for AUTOINCREMENT, which somebody else's table may not have. */
static void check_all_made(sqlite3 *db, sqlite3 *fresh, struct err *e) {
  sqlite3_stmt *ours = sql_prepare(
      fresh, e,
      "SELECT m.type, m.name, iif(m.type IN ('view', 'trigger'), m.sql, NULL), "
      "c.name FROM sqlite_schema m LEFT JOIN pragma_table_info(m.name) c ON "
      "m.type = 'table' AND m.name LIKE 'ordersync%%' WHERE m.sql IS NOT NULL "
      "AND m.name NOT LIKE 'index!_%%' ESCAPE '!' AND m.name NOT LIKE "
      "'sqlite!_%%' ESCAPE '!'");
  while (!e->code && sqlite3_step(ours) == SQLITE_ROW) {
    const char *type = (const char *)sqlite3_column_text(ours, 0);
    const char *name = (const char *)sqlite3_column_text(ours, 1);
    const char *sql = (const char *)sqlite3_column_text(ours, 2);
    const char *column = (const char *)sqlite3_column_text(ours, 3);
    if (!sql_integer(db, e,
                     "SELECT count(*) FROM main.sqlite_schema WHERE type=%Q "
                     "AND name=%Q COLLATE NOCASE AND sql=coalesce(%Q, sql)",
                     type, name, sql))
      report_missing(type, name, e);
    else if (column && !sql_has(db, name, column))
      report_missing("column", column, e);
  }
  if (sqlite3_finalize(ours)) err_sqlite(e, fresh, "installing");
}

/* Compares with the same script run in an empty database, so that the script
** stays the one place that says what the tables are. */
enum err_code install_tables(sqlite3 *db, int with_open_orders, struct err *e) {
  sqlite3 *fresh = NULL;
  if (e->code) return e->code;
  if (sqlite3_open_v2(":memory:", &fresh,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL))
    err_sqlite(e, fresh, "upgrading");
  run_scripts(fresh, with_open_orders, e);
  check_kinds(db, fresh, e);
  upgrade(db, fresh, e);
  run_scripts(db, with_open_orders, e);
  check_all_made(db, fresh, e);
  sqlite3_close(fresh);
  return e->code;
}

/* The example comes along where there is nothing else yet, and stays with
** those who have it; whoever has only syncs of their own is not given it. */
static int wants_open_orders(sqlite3 *db, struct err *e) {
  return !sql_has(db, "ordersync_syncs", "name") ||
         sql_integer(db, e,
                     "SELECT count(*) = 0 OR sum(name = 'open_orders') > 0 "
                     "FROM main.ordersync_syncs");
}

void install_prefer_wal(sqlite3 *db) {
  const char *path = sqlite3_db_filename(db, "main");
  struct err ignored = {0};
  char *mode;
  if (!path || !*path || !sqlite3_get_autocommit(db) ||
      sql_integer(db, &ignored, "PRAGMA main.page_count") != 0 ||
      ignored.code) {
    return;
  }
  mode = sql_text(db, &ignored, "PRAGMA main.journal_mode");
  if (mode && sqlite3_stricmp(mode, "delete") == 0) {
    sqlite3_free(sql_text(db, &ignored, "PRAGMA main.journal_mode = wal"));
  }
  sqlite3_free(mode);
}

/* Tables of a version whose kind decimal made TEXT. */
static int is_older(sqlite3 *db) {
  return sql_has(db, "ordersync_syncs", "name") &&
         !sql_has(db, "ordersync_syncs", "stale_after");
}

/* Of older versions. SQLite drops none while a statement reads, as the one does
** that guards the transaction. */
static void drop_indexes(sqlite3 *db, struct err *e) {
  sql_run(db, e, "upgrading",
          "DROP INDEX IF EXISTS main.ordersync_runs_by_sync; "
          "DROP INDEX IF EXISTS main.ordersync_changes_by_key");
}

/* A sentence. A database without a file has no other readers. */
static char *describe(sqlite3 *db, int was_older, struct err *e) {
  const char *path = sqlite3_db_filename(db, "main");
  char *mode = sql_text(db, e, "PRAGMA main.journal_mode"), *text = NULL;
  int readers_wait = path && *path && mode && sqlite3_stricmp(mode, "wal") != 0;
  /* The form of these has changed. */
  int decimals = was_older && sql_integer(db, e,
                                          "SELECT EXISTS(SELECT 1 FROM "
                                          "main.ordersync_columns WHERE kind = "
                                          "'decimal')") != 0;
  if (!e->code) {
    text = sqlite3_mprintf(
        "ordersync " ORDERSYNC_VERSION " installed%s%s",
        decimals ? "; columns of kind decimal hold REAL instead of TEXT, up to "
                   "15 digits, from their next refresh on"
                 : "",
        readers_wait ? "; readers wait while a refresh writes: PRAGMA "
                       "journal_mode = wal lets them read on"
                     : "");
    if (!text) err_nomem(e);
  }
  sqlite3_free(mode);
  return text;
}

char *install_all(sqlite3 *db, enum install_what what, struct err *e) {
  char *text = NULL;
  struct interrupt interrupt = {0};
  struct txn txn = {0};
  sqlite3_int64 saved_rowid = sqlite3_last_insert_rowid(db);
  int was_older;
  if (caller_check_beside(db, "main", e)) return NULL;
  if (interrupt_open(&interrupt, db, e)) return NULL;
  install_prefer_wal(db);
  txn_prepare(&txn, db, "main", NULL, &interrupt, clock_now_ms() + TXN_WAIT_MS,
              e);
  if (!txn_begin(&txn, e)) {
    drop_indexes(db, e);
    txn_guard(&txn);
    was_older = is_older(db);
    if (what == INSTALL_AUTO && wants_open_orders(db, e))
      what = INSTALL_OPEN_ORDERS;
    if (!e->code) install_tables(db, what == INSTALL_OPEN_ORDERS, e);
    text = describe(db, was_older, e);
    txn_commit(&txn, e);
  }
  txn_clear(&txn);
  interrupt_close(&interrupt);
  sqlite3_set_last_insert_rowid(db, saved_rowid);
  if (!e->code) return text;
  sqlite3_free(text);
  return NULL;
}
