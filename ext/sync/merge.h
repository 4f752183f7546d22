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

#endif
