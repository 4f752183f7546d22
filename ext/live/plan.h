/*
** xBestIndex: which conditions xFilter will get, and what the plan costs.
*/
#ifndef ORDERSYNC_PLAN_H
#define ORDERSYNC_PLAN_H
#include "live/request.h"

/* xBestIndex. Sets idxStr to the T-SQL that EXPLAIN QUERY PLAN shows, followed
** by the plan in a form for plan_read(). */
int plan_best_index(sqlite3_vtab *base, sqlite3_index_info *info);

/* Reads the plan back from that idxStr. */
void plan_read(struct plan *plan, const char *index_string);

#endif
