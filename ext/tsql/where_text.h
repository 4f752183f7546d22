/*
** Comparisons with text: never narrower than BINARY equality after the
** mapping's conversion, under any collation of the server, and on the bare
** column, so that an index on it can be sought.
*/
#ifndef ORDERSYNC_WHERE_TEXT_H
#define ORDERSYNC_WHERE_TEXT_H
#include "tsql/printer.h"

/* [c] = 'x', for a char, varchar, nchar or nvarchar column. */
enum where_result where_string(struct printer *p, const struct cell *v);

/* The same for a list; of text kinds and raw. */
enum where_result where_strings(struct printer *p, const struct cell *values,
                                int n);

/* [c] IS NULL, of a column whose blank text becomes NULL. */
enum where_result where_blank(struct printer *p);

#endif
