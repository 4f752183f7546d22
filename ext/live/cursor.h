/*
** The cursor of the live view: the methods that sqlite3_module names alike,
** xOpen to xRowid, with their contract. They return SQLite's code; the text of
** an error is in the table's zErrMsg.
*/
#ifndef ORDERSYNC_CURSOR_H
#define ORDERSYNC_CURSOR_H
#include <sqlite3ext.h>

int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out);
int cursor_close(sqlite3_vtab_cursor *base);
int cursor_filter(sqlite3_vtab_cursor *base, int number, const char *string,
                  int argc, sqlite3_value **argv);
int cursor_next(sqlite3_vtab_cursor *base);
int cursor_eof(sqlite3_vtab_cursor *base);
int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i);
int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid);

#endif
