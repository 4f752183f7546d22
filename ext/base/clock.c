/*
** What time it is.
*/
#include "base/clock.h"

#include <time.h>

sqlite3_int64 clock_now_ms(void) {
  struct timespec ts;
  (void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail for this clock */
  return (sqlite3_int64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void clock_utc(char out[32], sqlite3_int64 offset_ms) {
  struct timespec ts;
  struct tm tm = {0};
  sqlite3_int64 us;
  (void)clock_gettime(CLOCK_REALTIME, &ts);
  us = (sqlite3_int64)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
  us += offset_ms * 1000;
  ts.tv_sec = (time_t)(us / 1000000);
  (void)gmtime_r(&ts.tv_sec, &tm);
  sqlite3_snprintf(32, out, "%04d-%02d-%02d %02d:%02d:%02d.%06lld",
                   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                   tm.tm_min, tm.tm_sec, us % 1000000);
}
