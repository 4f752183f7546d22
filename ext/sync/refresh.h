/*
** The refresh engine.
**
**   SELECT ordersync_refresh();
**   SELECT ordersync_refresh('customers', '{"mode":"diff"}');
**
** Fetches everything first and only then locks, truncates and inserts, in one
** transaction. If anything at all fails, the old rows stay and the run is
** logged.
*/
#ifndef ORDERSYNC_REFRESH_H
#define ORDERSYNC_REFRESH_H
#include "base/err.h"

struct refresh_result {
  int skipped;        /* another refresh of this sync is running */
  sqlite3_int64 rows; /* in the target now; under dry_run: would be */
};

/* Runs sync `name` (NULL: the default one) with JSON options (NULL: none). */
enum err_code refresh_run(sqlite3 *db, const char *name, const char *options,
                          struct refresh_result *result, struct err *e);

/* The T-SQL that a refresh would send; free with sqlite3_free(). No network:
** column types are those that the server last declared. */
char *refresh_sql(sqlite3 *db, const char *name, struct err *e);

#endif
