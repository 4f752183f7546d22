/*
** What the table-valued functions have in common: sqlite3_module methods, and
** pieces of them.
**
**   SELECT * FROM ordersync_check('customers');
**
** Arguments are the hidden columns, which come last; without xCreate a module
** is only called by its name.
*/
#ifndef ORDERSYNC_TVF_H
#define ORDERSYNC_TVF_H
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3

#include <stddef.h>

/* xConnect; columns is the CREATE TABLE. Direct use only: not from the views
** and triggers of a file. */
int tvf_connect(sqlite3 *db, const char *columns, int is_direct_only,
                sqlite3_vtab **out);

/* xDisconnect. */
int tvf_disconnect(sqlite3_vtab *vtab);

/* What a cursor begins with. */
struct tvf_cursor {
  sqlite3_vtab_cursor base;
  sqlite3_int64 row; /* the present one, from 1: its rowid */
  int has_row;       /* 0: behind the last */
};

/* xOpen; all is zeroed. xClose frees it by sqlite3_free(). */
int tvf_open(size_t cursor_bytes, sqlite3_vtab_cursor **out);

/* xEof, xRowid. */
int tvf_eof(sqlite3_vtab_cursor *base);
int tvf_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid);

/* For xBestIndex: asks for the values of up to n arguments, of which `first` is
** the first hidden column. They come to xFilter in this order, up to the first
** one that the call leaves out. Returns how many; -1 where a value is not known
** yet in the plan that SQLite tries: then xBestIndex returns SQLITE_CONSTRAINT.
*/
int tvf_arguments(sqlite3_index_info *info, int first, int n);

/* For a function that keeps its answer between scans: the table's slot for the
** cursor that was opened last. xOpen fills it; xFilter and xClose of any cursor
** empty it. For each row of an outer query SQLite opens a subquery's next cursor
** and then closes the one before, whose xClose so finds its successor here and
** can hand the answer over. */
sqlite3_vtab_cursor **tvf_opened(sqlite3_vtab *vtab);

/* The connection. */
sqlite3 *tvf_db(const sqlite3_vtab_cursor *cursor);

#endif
