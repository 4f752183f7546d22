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
** While a statement of the caller's reads the main database: makes *hold one
** that keeps an attached target (NULL: it is not attached) as it is, too, to be
** finalized, and finds out that the target is as the last run that the main
** database knows of has left it. SQLITE_BUSY where another run committed
** meanwhile, or one stays half committed.
**
** Who reads the attached file already, in a transaction or beside this
** statement, goes on to read what was there when that began.
*/
enum err_code together_hold(sqlite3_stmt **hold, sqlite3 *db,
                            const struct mapping *m, struct err *e);

#endif
