/*
** Mode diff without a key: which row has become which.
*/
#ifndef ORDERSYNC_ALIKE_H
#define ORDERSYNC_ALIKE_H
#include "sync/diff_write.h"

/* A row of the table whose like was not fetched. */
struct left {
  sqlite3_int64 rowid;
  sqlite3_int64 staged; /* the row that it becomes, from 1; 0: none. While rows
                        ** are compared: the first one with its key */
};

/* Gives each staged row that would be inserted the left row, if any, that is
** most like it: the plan becomes an update. */
enum err_code alike_pair(struct diff_plan *p, struct left *left,
                         sqlite3_int64 n_left, struct err *e);

#endif
