/*
** Two clocks: one for durations and deadlines, one for the log.
*/
#ifndef ORDERSYNC_CLOCK_H
#define ORDERSYNC_CLOCK_H
#include "base/err.h"

/* Milliseconds of CLOCK_MONOTONIC, which nobody sets. All deadlines are of
** this clock. */
sqlite3_int64 clock_now_ms(void);

/* UTC, so many milliseconds from now, as YYYY-MM-DD HH:MM:SS.ffffff (26
** characters). */
void clock_utc(char out[32], sqlite3_int64 offset_ms);

#endif
