/*
** Mode diff: the same table contents as truncate and insert, but only what
** changed is written, and unchanged rows keep their ids.
*/
#ifndef ORDERSYNC_DIFF_H
#define ORDERSYNC_DIFF_H
#include "sync/apply_row.h"

/* Whether map->key, if any, names mapped target columns. */
enum err_code diff_check_key(const struct mapping *m, struct err *e);

/* Inside the transaction: compares, and writes what changed. */
enum err_code diff_rows(const struct apply *a, struct err *e);

#endif
