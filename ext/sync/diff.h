/*
** Mode diff: the same table contents as truncate and insert, but only what
** changed is written, and unchanged rows keep their ids.
*/
#ifndef ORDERSYNC_DIFF_H
#define ORDERSYNC_DIFF_H
#include "sync/apply_row.h"

struct diff;

/* Whether map->key, if any, names mapped target columns. */
enum err_code diff_check_key(const struct mapping *m, struct err *e);

/* Compares the staged rows with the table (with those of the same keys only,
** where they are not all there are), in the transaction that is open:
** one that reads will do. What it finds is true of what that one sees. NULL
** when e is set. */
enum err_code diff_open(struct diff **out, const struct apply *a,
                        struct err *e);
/* Accepts NULL. */
void diff_close(struct diff *d);

/* How many rows the table had, and will have; after diff_apply() has, where not
** all rows were fetched. */
sqlite3_int64 diff_rows_before(const struct diff *d);
sqlite3_int64 diff_rows_after(const struct diff *d);

/* Whether there is nothing to write. */
int diff_is_nothing(const struct diff *d);

/* Writes what has changed, once, in a transaction that sees what was compared.
 */
enum err_code diff_apply(struct diff *d, struct err *e);

#endif
