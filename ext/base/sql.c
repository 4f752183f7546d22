/*
** Preparing SQL that is put together.
*/
#include "base/sql.h"

#include <string.h>

static sqlite3_stmt *prepare(sqlite3 *db, unsigned flags, struct err *e,
                             const char *fmt, va_list args) {
  sqlite3_stmt *stmt = NULL;
  char *sql;
  if (e->code) return NULL;
  sql = sqlite3_vmprintf(fmt, args);
  if (!sql) {
    err_nomem(e);
    return NULL;
  }
  if (sqlite3_prepare_v3(db, sql, -1, flags, &stmt, NULL)) {
    err_sqlite(e, db, "preparing a statement");
  }
  sqlite3_free(sql);
  return stmt;
}

sqlite3_stmt *sql_prepare(sqlite3 *db, struct err *e, const char *fmt, ...) {
  sqlite3_stmt *stmt;
  va_list args;
  va_start(args, fmt);
  stmt = prepare(db, 0, e, fmt, args);
  va_end(args);
  return stmt;
}

sqlite3_stmt *sql_prepare_str(sqlite3 *db, sqlite3_str *sql, struct err *e) {
  char *text = sqlite3_str_finish(sql);
  sqlite3_stmt *stmt = text ? sql_prepare(db, e, "%s", text) : NULL;
  if (!text) err_nomem(e);
  sqlite3_free(text);
  return stmt;
}

sqlite3_stmt *sql_prepare_plain(sqlite3 *db, struct err *e, const char *fmt,
                                ...) {
  sqlite3_stmt *stmt;
  va_list args;
  va_start(args, fmt);
  stmt = prepare(db, SQLITE_PREPARE_NO_VTAB, e, fmt, args);
  va_end(args);
  return stmt;
}

int sql_has(sqlite3 *db, const char *table, const char *column) {
  return sqlite3_table_column_metadata(db, "main", table, column, NULL, NULL,
                                       NULL, NULL, NULL) == SQLITE_OK;
}

const char *sql_argument(sqlite3_value *value, int n, struct err *e) {
  const char *text;
  if (sqlite3_value_type(value) == SQLITE_NULL) return NULL;
  text = (const char *)sqlite3_value_text(value);
  if (!text)
    err_nomem(e);
  else if (strlen(text) != (size_t)sqlite3_value_bytes(value))
    err_set(e, ERR_CONFIG, "argument %d holds a NUL character", n);
  return e->code ? NULL : text;
}

char *sql_column(sqlite3_stmt *row, int col, const char *name, struct err *e) {
  const char *text = (const char *)sqlite3_column_text(row, col);
  char *copy = NULL;
  if (text && strlen(text) != (size_t)sqlite3_column_bytes(row, col)) {
    err_set(e, ERR_CONFIG, "%s holds a NUL character", name);
  } else if (text || sqlite3_column_type(row, col) != SQLITE_NULL) {
    copy = text ? sqlite3_mprintf("%s", text) : NULL;
    if (!copy) err_nomem(e);
  }
  return copy;
}

/* SQLite takes blanks, comments, empty statements and a byte order mark before
** a statement as part of it. */
int sql_begins(const char *sql, const char *first, const char *second) {
  const char *words[] = {first, second};
  for (size_t i = 0; sql && i < 2 && words[i];) {
    int n = (int)strlen(words[i]);
    sql += strspn(sql, " \t\r\n\f;\xEF\xBB\xBF");
    if (sql[0] == '-' && sql[1] == '-') {
      sql = strchr(sql, '\n');
    } else if (sql[0] == '/' && sql[1] == '*') {
      sql = strstr(sql + 2, "*/");
      if (sql) sql += 2;
    } else if (sqlite3_strnicmp(sql, words[i], n) == 0) {
      sql += n;
      i++;
    } else {
      return 0;
    }
  }
  return sql != NULL;
}

sqlite3_int64 sql_integer(sqlite3 *db, struct err *e, const char *fmt, ...) {
  sqlite3_int64 value = 0;
  sqlite3_stmt *stmt;
  va_list args;
  va_start(args, fmt);
  stmt = prepare(db, 0, e, fmt, args);
  va_end(args);
  if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
    value = sqlite3_column_int64(stmt, 0);
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, db, "reading the database");
  return value;
}

char *sql_text(sqlite3 *db, struct err *e, const char *fmt, ...) {
  char *value = NULL;
  sqlite3_stmt *stmt;
  va_list args;
  va_start(args, fmt);
  stmt = prepare(db, 0, e, fmt, args);
  va_end(args);
  if (stmt && sqlite3_step(stmt) == SQLITE_ROW &&
      sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
    const char *text = (const char *)sqlite3_column_text(stmt, 0);
    value = text ? sqlite3_mprintf("%s", text) : NULL;
    if (!value) err_nomem(e);
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, db, "reading the database");
  return value;
}

void sql_run(sqlite3 *db, struct err *e, const char *doing, const char *fmt,
             ...) {
  va_list args;
  char *sql;
  if (e->code) return;
  va_start(args, fmt);
  sql = sqlite3_vmprintf(fmt, args);
  va_end(args);
  if (!sql)
    err_nomem(e);
  else if (sqlite3_exec(db, sql, 0, 0, 0))
    err_sqlite(e, db, doing);
  sqlite3_free(sql);
}
