/*
** A sync whose source has other columns now.
**
**   SELECT ordersync_update('customers');                    -- shows
**   SELECT ordersync_update('customers', '{"apply":true}');
**   SELECT value ->> 'column', value ->> 'action'
**   FROM json_each(ordersync_update('customers'));
*/
#ifndef ORDERSYNC_UPDATE_H
#define ORDERSYNC_UPDATE_H
#include "base/err.h"

/*
** Compares the server's columns with the mapping of sync `name` (NULL: the
** default one) and returns what differs as JSON, to be freed by sqlite3_free():
** an array of {"column", "change": new, dropped or retyped, "from", "to": the
** server's types, "action"}; [] when nothing does.
**
** With "apply" the actions are done, in one transaction, under the run lock: a
** new column gets a mapping and, where the target has no empty one of that name
** to take, a column in the target; a dropped one loses its mapping, and by
** "drop_columns" the target's column; a retyped one gets the new type,
** and the kind proposed for that where it had the one proposed for the old, or
** one that cannot be made of the new. What is left must be a
** sync that works, else nothing is done.
*/
char *update_sync(sqlite3 *db, const char *name, const char *options,
                  struct err *e);

#endif
