/*
** Conditions and ORDER BY of the live view as T-SQL.
**
**   SELECT * FROM ordersync WHERE plant = 8800 AND order_date >= '2025-01-01';
**
** A condition that is printed is never narrower than SQLite's own: it is true
** on the server for every row for which SQLite, after the conversion by kind,
** finds it true. It may be true for more; SQLite looks again. Where that
** cannot be proven from the remote type, the kind and the value, nothing is
** printed. No printed condition makes the server fail: literals are clamped
** to the range and the precision of the column's type. Pure text, no I/O.
*/
#ifndef ORDERSYNC_WHERE_H
#define ORDERSYNC_WHERE_H
#include "tsql/printer.h"
#include "tsql/select.h"

/*
** Prints one condition, in parentheses where it needs them. values has the
** right sides, none of them NULL: one, or for WHERE_EQ a list (IN); none for
** the NULL tests. They are compared under BINARY, with the column's affinity.
*/
enum where_result tsql_where(sqlite3_str *out, const struct where_column *c,
                             enum where_op op, const struct cell *values,
                             int n_values, struct err *e);

#endif
