/*
** keep_changes: what a refresh inserts, updates and deletes, a row each in
** ordersync_changes.
**
**   SELECT kind, key, changed FROM ordersync_changes WHERE run = 812;
**
**   key       {"sales_doc":"45","item_number":10}: JSON, the key's columns in
**             the mapping's order
**   changed   {"qty":[5,6]}: of each column that changed what was, what is. Of
**             a row that was inserted or deleted, and of all rows where keys
**             come twice, every mapped column; null where there was no row
**
** The cells are those that the table holds, in the form of value/json.h.
*/
#ifndef ORDERSYNC_CHANGES_H
#define ORDERSYNC_CHANGES_H
#include "sync/diff_write.h"

/* Whether there is a table for changes: ERR_CONFIG. */
enum err_code changes_check_table(sqlite3 *db, struct err *e);

/* Whether the sync can keep its changes, if it is to. */
enum err_code changes_check(const struct mapping *m, sqlite3 *db,
                            struct err *e);

/* Appends what identifies the row. */
void changes_key(sqlite3_str *out, const struct mapping *m,
                 const struct cell *cells);

/* Records what the plan is about to write, if changes are kept, in its
** transaction. Nothing must have been written yet: the table has the old cells.
*/
enum err_code changes_record(struct diff_plan *p, struct err *e);

#endif
