/*
** Log lines for people and journals.
*/
#include "base/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

enum trace_sink { SINK_NONE = 0, SINK_STDERR, SINK_SYSLOG };

static const struct {
  const char *name;
  int priority;
} levels[] = {
    [TRACE_ERROR] = {"ERROR", LOG_ERR},
    [TRACE_WARN] = {"WARN", LOG_WARNING},
    [TRACE_INFO] = {"INFO", LOG_INFO},
};

const char *trace_level_name(enum trace_level level) {
  return levels[level].name;
}

/* Reads "stderr:warn". An unknown level means INFO: a typing error should
** show too much rather than nothing. */
static enum trace_sink configured(enum trace_level *max_level) {
  const char *setting = getenv("ORDERSYNC_LOG");
  const char *colon;
  *max_level = TRACE_INFO;
  if (!setting || !*setting) return SINK_NONE;
  colon = strchr(setting, ':');
  for (int i = TRACE_ERROR; colon && i <= TRACE_INFO; i++) {
    if (strcasecmp(colon + 1, levels[i].name) == 0) {
      *max_level = (enum trace_level)i;
    }
  }
  if (strncasecmp(setting, "syslog", 6) == 0) return SINK_SYSLOG;
  if (strncasecmp(setting, "stderr", 6) == 0) return SINK_STDERR;
  return SINK_NONE;
}

void trace_line(enum trace_level level, const char *sync, const char *phase,
                const char *text) {
  enum trace_level max_level;
  enum trace_sink sink = configured(&max_level);
  if (sink == SINK_NONE || level > max_level) return;
  if (sink == SINK_SYSLOG) {
    /* No openlog(): the identity belongs to the host program. */
    syslog(LOG_USER | levels[level].priority, "ordersync: %s: %s: %s", sync,
           phase, text);
    return;
  }
  (void)fprintf(stderr, "ordersync: %s %s: %s: %s\n", levels[level].name, sync,
                phase, text);
}

void trace_lost(const char *sync, const char *text) {
  sqlite3_log(SQLITE_WARNING, "ordersync: %s: not in the run log: %s", sync,
              text);
}

void trace_progress(const char *sync, const char *phase, sqlite3_int64 rows) {
  if (!isatty(STDERR_FILENO)) return;
  if (phase) {
    (void)fprintf(stderr, "\r\033[Kordersync: %s: %s, %lld rows", sync, phase,
                  (long long)rows);
  } else {
    (void)fputs("\r\033[K", stderr);
  }
  (void)fflush(stderr);
}
