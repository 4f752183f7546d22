/*
** Staged rows into the target, in one transaction: the second half of a
** refresh, and the only part that holds the write lock.
*/
#ifndef ORDERSYNC_APPLY_H
#define ORDERSYNC_APPLY_H
#include "sync/apply_row.h"

/*
** Truncates and inserts, or writes the difference, compares the counts, writes
** the run's success and commits. With map->dry_run nothing is written but the
** run's row. On failure everything is rolled back.
*/
enum err_code apply_rows(struct apply *a, struct err *e);

#endif
