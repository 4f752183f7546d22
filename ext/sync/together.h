/*
** The log and its changes are in the main database; a table may be in an
** attached one. These are two files, which commit one after the other:
**
**   a refresh    main commits --------- the table's file commits
**   a reader          reads main -- reads the table: older than the log says
*/
#ifndef ORDERSYNC_TOGETHER_H
#define ORDERSYNC_TOGETHER_H
#include "source/mapping.h"

/*
** For a target in an attached file, while a statement of the caller's reads the
** main database. Makes *hold a statement that is reading the attached file too:
** until the caller finalizes it, no run of somebody else shows in either file.
** Then checks that the two belong together: that the target is as the last run
** in the main file's log left it. ERR_LOCAL with SQLITE_BUSY where another run
** committed in between, or one stays half committed. *hold is NULL where the
** target is in the main file: there is nothing to do.
**
** Who reads the attached file already, in a transaction or beside this
** statement, goes on to read what was there when that began.
*/
enum err_code together_hold(sqlite3_stmt **hold, sqlite3 *db,
                            const struct mapping *m, struct err *e);

#endif
