/*
** The rows of a sync's table as an earlier run left them: what there is now,
** and the changes since, undone.
**
**   SELECT key, row FROM ordersync_as_of('open_orders', '2025-03-01 12:00:00');
**
** Needs no network, and writes nothing. Memory is that of the rows that have
** changed since; the others are read as they are asked for.
*/
#ifndef ORDERSYNC_PAST_H
#define ORDERSYNC_PAST_H
#include "base/err.h"

struct past;

/* Opens the table of `sync` (NULL: mapping_default()) as the last successful
** run up to `at` left it: a number is a run's id, a text a moment in UTC.
** ERR_CONFIG where the recorded changes do not go back that far. *out is NULL
** on failure. */
enum err_code past_open(struct past **out, sqlite3 *db, const char *sync,
                        sqlite3_value *at, struct err *e);
/* Accepts NULL. */
void past_close(struct past *p);

/* Steps to the next row; the first call to the first one. *has_row is 0 at the
** end. ERR_DATA where somebody changed the table since the last run. */
enum err_code past_next(struct past *p, int *has_row, struct err *e);

/* The row's key and the row, as JSON; until the next call. */
const char *past_key(const struct past *p);
const char *past_row(const struct past *p);

#endif
