/*
** Comparisons with numbers.
*/
#ifndef ORDERSYNC_WHERE_NUMBER_H
#define ORDERSYNC_WHERE_NUMBER_H
#include "tsql/printer.h"

/* Smallest and largest integer that satisfies a comparison. */
struct whole {
  int never;
  int has_low, has_high;
  sqlite3_int64 low, high;
};

/* The integers of the type for which `column op v` is true. */
struct whole where_whole_bounds(enum remote_type type, enum where_op op,
                                const struct cell *v);

/* A literal that the server takes for an int or a bigint. */
void where_append_whole(sqlite3_str *out, sqlite3_int64 v);

/* The column is of a whole type; of decimal or a float. */
enum where_result where_whole(struct printer *p, enum where_op op,
                              const struct cell *v);
enum where_result where_number(struct printer *p, enum where_op op,
                               const struct cell *v);

#endif
