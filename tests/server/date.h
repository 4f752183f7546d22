/* Dates and times: days since 0001-01-01, 100 ns ticks since midnight, an
** offset in minutes. Reads and writes ISO and T-SQL's other spellings. */
#ifndef DATE_H
#define DATE_H

#include "base.h"

#define TICKS_PER_SECOND INT64_C(10000000)
#define TICKS_PER_MINUTE (60 * TICKS_PER_SECOND)
#define TICKS_PER_DAY    (1440 * TICKS_PER_MINUTE)

enum { DAYS_TO_1900 = 693595, DATE_TEXT = 64 };

struct when {
  int32_t days;   /* since 0001-01-01 */
  int64_t ticks;  /* since midnight; of datetimeoffset: local time */
  int16_t offset; /* minutes east of UTC */
};

enum date_order {
  ORDER_MDY,
  ORDER_DMY,
  ORDER_YMD,
  ORDER_YDM,
  ORDER_MYD,
  ORDER_DYM
};
struct language {
  const char *name, *alias;
  enum date_order order;
  const char *months[12];
};
struct date_style { /* how text is read as a date */
  enum date_order order;
  const struct language *language; /* NULL: us_english */
  bool old;                        /* as datetime and smalldatetime do */
};
enum { HAS_DATE = 1, HAS_TIME = 2, HAS_OFFSET = 4 };

int32_t date_days(int y, int m, int d);
void date_civil(int32_t days, int *y, int *m, int *d);
bool date_valid(int y, int m, int d);
const struct language *date_language(const char *name); /* NULL: unknown */
const char *date_month(const struct language *l, int month);
/* Returns the HAS_ bits found, 0 when the text is no date or time, -1 when it
** is one that no calendar has. */
int date_parse(const char *s, size_t n, const struct date_style *style,
               struct when *out);
void date_round(struct when *w, int scale); /* to `scale` digits */
int64_t datetime_units(int64_t ticks);      /* 1/300 s, rounded */
int64_t datetime_ticks(int64_t units);      /* back, to 100 ns */
void datetime_round(struct when *w);
void smalldatetime_round(struct when *w);
struct when date_utc(const struct when *w);
struct when date_now(void); /* UTC */

int date_format(char out[DATE_TEXT], int32_t days);
/* `scale` digits of the second's fraction, none for 0. */
int time_format(char out[DATE_TEXT], int64_t ticks, int scale);
int datetime_millis(int64_t ticks); /* of the second: 0, 3, 7, 10, ... */
#endif
