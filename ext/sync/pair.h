/*
** Mode diff, the first half: which staged row is which row of the table.
*/
#ifndef ORDERSYNC_PAIR_H
#define ORDERSYNC_PAIR_H
#include "sync/diff_write.h"

/* Makes the plan: staged rows that are there are kept, what has become of
** others is updated, by the key's n_key columns or, where that is 0, by
** likeness; the rest is inserted, and deleted. How many rows the table has. */
sqlite3_int64 pair_find(struct diff_plan *p, int n_key, struct err *e);

#endif
