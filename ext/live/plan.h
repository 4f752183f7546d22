/*
** xBestIndex: which conditions xFilter will get, and what the plan costs.
*/
#ifndef ORDERSYNC_PLAN_H
#define ORDERSYNC_PLAN_H
#include "live/request.h"

int plan_best_index(sqlite3_vtab *base, sqlite3_index_info *info);

/* The plan that plan_best_index() put behind the T-SQL in idxStr. */
void plan_read(struct plan *plan, const char *index_string);

#endif
