/*
** What time it is.
*/
#include "base/clock.h"

#include <stdio.h>
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
  (void)snprintf(out, 32, "%04u-%02u-%02u %02u:%02u:%02u.%06u",
                 (unsigned)(tm.tm_year + 1900) % 10000u,
                 (unsigned)(tm.tm_mon + 1) % 100u, (unsigned)tm.tm_mday % 100u,
                 (unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u,
                 (unsigned)tm.tm_sec % 100u, (unsigned)(us % 1000000));
}
