/*
** Logging beside the run log: stderr or syslog, by the environment.
**
**   ORDERSYNC_LOG=stderr          every line from INFO on
**   ORDERSYNC_LOG=syslog:warn     WARN and ERROR, to syslog
**
** Unset or empty: nothing, as befits a library. Texts come masked. What would
** have to wait for a reader of stderr, or for a syslog daemon that hangs, is
** dropped.
*/
#ifndef ORDERSYNC_TRACE_H
#define ORDERSYNC_TRACE_H
#include "base/err.h"

enum trace_level { TRACE_ERROR = 0, TRACE_WARN, TRACE_INFO };

/* "ERROR", "WARN", "INFO". Static. */
const char *trace_level_name(enum trace_level level);

/* Writes one line, if ORDERSYNC_LOG asks for this level: the sync's name, a
** phase such as "fetch", a text that is masked already. Never waits, never
** fails. */
void trace_line(enum trace_level level, const char *sync, const char *phase,
                const char *text);

/* The last resort for what could not be written to the run log: the host's
** sqlite3_log(). Not stderr: the caller gets the error anyway, once. */
void trace_lost(const char *sync, const char *text);

/*
** On a terminal, a line that is drawn anew twice a second and wiped at the end:
**
**   ordersync: open_orders: fetching, 12,000 rows of about 50,000 (24 %), ...
**
** Only where stderr is a terminal, and neither ORDERSYNC_PROGRESS=off nor a log
** that goes elsewhere says otherwise. Starts zeroed.
*/
struct progress {
  const char *name;  /* borrowed: a sync's */
  const char *phase; /* static; NULL: nothing to tell yet */
  int wanted, drawn;
  sqlite3_int64 started_ms, phase_ms, due_ms; /* monotonic */
  sqlite3_int64 rows;                         /* of this phase so far */
  sqlite3_int64 total;                        /* of a phase; 0: not known */
};

/* Nothing shows before after_ms have passed. */
void progress_begin(struct progress *p, const char *name, int after_ms);
/* Where the work is. Cheap while nobody looks. */
void progress_at(struct progress *p, const char *phase, sqlite3_int64 rows);
/* Draws what was said last, when it is time; arg is the struct progress. */
void progress_tick(void *arg);
/* Wipes the line, to be drawn again later. */
void progress_erase(struct progress *p);
/* Wipes it for good. */
void progress_end(struct progress *p);

#endif
