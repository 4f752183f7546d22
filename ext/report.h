/*
** The page that shows how the syncs stand.
**
**   SELECT ordersync_report();
*/
#ifndef ORDERSYNC_REPORT_H
#define ORDERSYNC_REPORT_H
#include "base/err.h"

/* One self-contained page of HTML, made from the tables of main; reads only.
** To be freed by sqlite3_free(); NULL when e is set. */
char *report_html(sqlite3 *db, int *n_bytes, struct err *e);

#endif
