/*
** Comparisons with dates and times. Literals are CAST to the column's own type:
** neither DATEFORMAT nor LANGUAGE touches them, and no index is lost.
*/
#ifndef ORDERSYNC_WHERE_MOMENT_H
#define ORDERSYNC_WHERE_MOMENT_H
#include "tsql/printer.h"

/* A right side as far as it is canonical. */
struct instant {
  int has_time; /* the whole text is a date and a time */
  int exact;    /* the whole text is a date */
  int days;
  sqlite3_int64 nanos;
};

/* Reads text that begins with a date. 0: it does not. */
int where_read_instant(const struct cell *v, struct instant *t);

/* The column has a date; is a time. */
enum where_result where_moment(struct printer *p, enum where_op op,
                               const struct cell *v);
enum where_result where_time_of_day(struct printer *p, enum where_op op,
                                    const struct cell *v);

#endif
