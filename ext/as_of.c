/*
** The table-valued function ordersync_as_of: key, row, and the hidden columns
** that are its arguments.
*/
#include "as_of.h"

#include "base/sql.h"
#include "sync/past.h"
#include "tvf.h"

enum { COLUMN_KEY, COLUMN_ROW, COLUMN_SYNC, COLUMN_AT };

struct as_of_cursor {
  struct tvf_cursor rows;
  struct past *past; /* owned */
};

static int as_of_connect(sqlite3 *db, void *aux, int argc,
                         const char *const *argv, sqlite3_vtab **out,
                         char **message) {
  (void)aux, (void)argc, (void)argv, (void)message;
  return tvf_connect(
      db, "CREATE TABLE x(key TEXT, row TEXT, sync HIDDEN, at HIDDEN)", 0, out);
}

static int as_of_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  (void)vtab;
  info->estimatedCost = 1e6;
  info->estimatedRows = 10000;
  return tvf_arguments(info, COLUMN_SYNC, 2) < 0 ? SQLITE_CONSTRAINT
                                                 : SQLITE_OK;
}

static int as_of_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  (void)vtab;
  return tvf_open(sizeof(struct as_of_cursor), out);
}

static int as_of_close(sqlite3_vtab_cursor *base) {
  past_close(((struct as_of_cursor *)base)->past);
  sqlite3_free(base);
  return SQLITE_OK;
}

static int as_of_next(sqlite3_vtab_cursor *base) {
  struct as_of_cursor *cursor = (struct as_of_cursor *)base;
  struct err e = {0};
  cursor->rows.row++;
  if (past_next(cursor->past, &cursor->rows.has_row, &e)) {
    return err_vtab(&e, &base->pVtab->zErrMsg);
  }
  return SQLITE_OK;
}

static int as_of_filter(sqlite3_vtab_cursor *base, int number,
                        const char *string, int argc, sqlite3_value **argv) {
  struct as_of_cursor *cursor = (struct as_of_cursor *)base;
  struct err e = {0};
  const char *sync;
  (void)number, (void)string;
  past_close(cursor->past);
  cursor->past = NULL;
  cursor->rows.row = 0;
  if (argc < 2) {
    err_set(&e, ERR_CONFIG, "ordersync_as_of takes a sync and a time");
    err_hint(&e, "SELECT * FROM ordersync_as_of('open_orders', '2025-03-01 "
                 "12:00:00')");
  } else {
    sync = sql_argument(argv[0], 1, &e);
    if (sqlite3_value_type(argv[1]) == SQLITE_TEXT ||
        sqlite3_value_type(argv[1]) == SQLITE_BLOB) {
      (void)sql_argument(argv[1], 2, &e);
    }
    if (!e.code) past_open(&cursor->past, tvf_db(base), sync, argv[1], &e);
  }
  return e.code ? err_vtab(&e, &base->pVtab->zErrMsg) : as_of_next(base);
}

static int as_of_column(sqlite3_vtab_cursor *base, sqlite3_context *context,
                        int column) {
  const struct past *past = ((const struct as_of_cursor *)base)->past;
  if (column <= COLUMN_ROW) {
    sqlite3_result_text(context,
                        column == COLUMN_KEY ? past_key(past) : past_row(past),
                        -1, SQLITE_TRANSIENT);
  }
  return SQLITE_OK;
}

static const sqlite3_module as_of_module = {
    .xConnect = as_of_connect,
    .xBestIndex = as_of_best_index,
    .xDisconnect = tvf_disconnect,
    .xOpen = as_of_open,
    .xClose = as_of_close,
    .xFilter = as_of_filter,
    .xNext = as_of_next,
    .xEof = tvf_eof,
    .xColumn = as_of_column,
    .xRowid = tvf_rowid,
};

int as_of_register(sqlite3 *db) {
  return sqlite3_create_module_v2(db, "ordersync_as_of", &as_of_module, NULL,
                                  NULL);
}
