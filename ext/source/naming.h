/*
** Names of local columns.
*/
#ifndef ORDERSYNC_NAMING_H
#define ORDERSYNC_NAMING_H

/* What the n-th try, from 1, calls the column of a source: "order_qty" for
** "orderQty", "order_qty_uom" for "orderQty_UoM", "name1" for "NAME1", and
** "column_3" for the third, "???"; from the second try on "order_qty_2". NULL
** when out of memory; free with sqlite3_free(). */
char *naming_target(const char *source, int position, int n);

#endif
