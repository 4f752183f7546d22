/*
** Logging beside the run log: stderr or syslog, by the environment.
**
**   ORDERSYNC_LOG=stderr          every line from INFO on
**   ORDERSYNC_LOG=syslog:warn     WARN and ERROR, to syslog
**
** Unset or empty: nothing, as befits a library. Texts come masked. What would
** have to wait for a reader of stderr is dropped.
*/
#ifndef ORDERSYNC_TRACE_H
#define ORDERSYNC_TRACE_H
#include "base/err.h"

enum trace_level { TRACE_ERROR = 0, TRACE_WARN, TRACE_INFO };

/* "ERROR", "WARN", "INFO". Static. */
const char *trace_level_name(enum trace_level level);

void trace_line(enum trace_level level, const char *sync, const char *phase,
                const char *text);

/* The last resort for what could not be written to the run log: the host's
** sqlite3_log(). Not stderr: the caller gets the error anyway, once. */
void trace_lost(const char *sync, const char *text);

/* On a terminal, a line that is overwritten: "open_orders: fetch 12000 rows".
** NULL phase: wipes it. */
void trace_progress(const char *sync, const char *phase, sqlite3_int64 rows);

#endif
