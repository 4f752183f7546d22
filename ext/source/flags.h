/*
** Options of a function that are true or false.
**
**   SELECT ordersync_remove('customers', '{"drop_table":true}');
*/
#ifndef ORDERSYNC_FLAGS_H
#define ORDERSYNC_FLAGS_H
#include "base/err.h"

struct flag {
  const char *name;
  int *value; /* borrowed; 0 or 1 */
};

/* Reads them from a JSON object; NULL: none is set. ERR_CONFIG names what is
** wrong and lists the valid ones. */
enum err_code flags_read(const struct flag *flags, int n_flags, sqlite3 *db,
                         const char *json, struct err *e);

#endif
