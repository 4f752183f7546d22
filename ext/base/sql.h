/*
** Statements from SQL that is put together, and a few looks at SQL.
*/
#ifndef ORDERSYNC_SQL_H
#define ORDERSYNC_SQL_H
#include "base/err.h"

/* sqlite3_prepare_v2 with the SQL made by sqlite3_mprintf; NULL and e set on
** failure. */
sqlite3_stmt *sql_prepare(sqlite3 *db, struct err *e, const char *fmt, ...);

/* The same of what was put together; sql is finished and freed. */
sqlite3_stmt *sql_prepare_str(sqlite3 *db, sqlite3_str *sql, struct err *e);

/* Runs statements that give no rows; doing says what for, in an error. Nothing
** where e is set. */
void sql_run(sqlite3 *db, struct err *e, const char *doing, const char *fmt,
             ...);

/* The first value of the first row, "PRAGMA foreign_keys"; 0 when there is none
** or e is set. */
sqlite3_int64 sql_integer(sqlite3 *db, struct err *e, const char *fmt, ...);

/* The same as text, to be freed by sqlite3_free(); NULL also for NULL. */
char *sql_text(sqlite3 *db, struct err *e, const char *fmt, ...);

/* sql_prepare() where a file is merely looked at: no virtual table is taken
** for the table that is meant, ours would ask the server. */
sqlite3_stmt *sql_prepare_plain(sqlite3 *db, struct err *e, const char *fmt,
                                ...);

/* Whether the main database has the table, or view, and in it the column; NULL:
** any. */
int sql_has(sqlite3 *db, const char *table, const char *column);

/* The text of a function's n-th argument, from 1; NULL for NULL. What cannot be
** had whole is refused: its beginning could name another sync. */
const char *sql_argument(sqlite3_value *value, int n, struct err *e);

/* A text of a row, to be freed by sqlite3_free(); NULL for NULL. An error calls
** it `name`; a NUL character in it is one. */
char *sql_column(sqlite3_stmt *row, int col, const char *name, struct err *e);

/* Whether sql begins with these words; second may be NULL. */
int sql_begins(const char *sql, const char *first, const char *second);

#endif
