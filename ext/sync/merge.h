/*
** Modes append and merge: rows that are not all there are. What has a known key
** is updated where it differs, the rest inserted, nothing deleted.
*/
#ifndef ORDERSYNC_MERGE_H
#define ORDERSYNC_MERGE_H
#include "sync/diff_write.h"

/* Makes the plan: looks each staged row up by its key, or, where n_key is 0,
** inserts them all. How many rows the table has. */
sqlite3_int64 merge_find(struct diff_plan *p, int n_key, struct err *e);

/* After the plan has been written, by so many changes, and the table should
** have so many rows: how many more it has. Triggers, and a constraint's ON
** CONFLICT REPLACE, insert and delete others: ERR_DATA in mode merge, as
** after a full run; an archive may have such rules, and a warning says so. */
sqlite3_int64 merge_count_others(const struct diff_plan *p, sqlite3_int64 rows,
                                 int changes, struct err *e);

#endif
