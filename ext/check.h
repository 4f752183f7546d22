/*
** What works and what does not, step by step.
**
**   SELECT * FROM ordersync_check;                 -- the default sync
**   SELECT step, ok, detail FROM ordersync_check('customers');
*/
#ifndef ORDERSYNC_CHECK_H
#define ORDERSYNC_CHECK_H
#include "base/err.h"

/*
** Registers the table-valued function ordersync_check([sync]) with columns
** step, ok (1, 0, or NULL when it was not reached) and detail. Direct use
** only: it reaches the network. Writes nothing. Returns SQLite's code.
*/
int check_register(sqlite3 *db);

#endif
