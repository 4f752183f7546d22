/*
** Dates and times: from the wire's days and ticks, or from ISO-8601 text, to
** the canonical text. Integer arithmetic only. Serves convert.c and
** variant.c.
*/
#ifndef ORDERSYNC_VALUE_TIME_H
#define ORDERSYNC_VALUE_TIME_H
#include "value/value.h"

/* Room for "2025-03-01 12:00:00.123456789+05:30". */
#define MOMENT_TEXT 35
#define DATE_TEXT   10

/* Days since 1900-01-01: 0001-01-01 and 9999-12-31. */
#define DAY_FIRST (-693595)
#define DAY_LAST  2958463

#define DAY_NANOS 86400000000000LL

/* A point in time, or only its date or time of day, as a local clock and
** calendar show it. */
struct moment {
  int has_date;
  int has_time;
  int has_offset;
  int days;            /* since 1900-01-01 */
  sqlite3_int64 nanos; /* since local midnight */
  int scale;           /* fraction digits, 0..9 */
  int offset_minutes;  /* local less UTC, -840..840 */
};

/* From a DATE, TIME, DATETIME or DATETIMEOFFSET. 0 when out of range: years 1
** to 9999, by the local calendar. */
int moment_from_value(struct moment *out, const struct value *value);

/*
** From text. A date is YYYY-MM-DD or YYYYMMDD; a time HH:MM[:SS[.f]] with up
** to nine fraction digits; both are joined by T or one blank. After a time
** that has a date, Z or [blank]+HH:MM may follow. 0 for anything else, and for
** days that the Gregorian calendar does not have.
*/
int moment_from_text(struct moment *out, const unsigned char *text, int n);

/* To a struct value of the type that its parts make; 0 when it has more than
** seven fraction digits. */
int moment_to_value(const struct moment *moment, struct value *out);

/* Write DATE_TEXT bytes, at most 18, at most MOMENT_TEXT; not terminated.
** Return the bytes that count. moment_format() writes the parts that there are.
*/
int date_format(int days, char *out);
int time_format(const struct moment *moment, char *out);
int moment_format(const struct moment *moment, char *out);

/* 1 when the day is within the years 1 to 9999. */
int date_in_range(int days);

/* The first day that a column of this type, which has a date, can hold. */
int date_first(enum remote_type type);

#endif
