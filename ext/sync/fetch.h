/*
** The rows of a source into staging: the first half of a refresh, and the only
** part that needs the server.
*/
#ifndef ORDERSYNC_FETCH_H
#define ORDERSYNC_FETCH_H
#include "local/target.h"
#include "profile/profile.h"
#include "sync/runlog.h"
#include "sync/staging.h"
#include "sync/state.h"

struct fetch {
  const struct mapping *map; /* all borrowed */
  const struct target *target;
  const struct profile *profile;
  struct interrupt *interrupt;
  struct runlog *log;
  struct state *state;
  sqlite3_int64 deadline_ms; /* monotonic */
};

/* All rows, or those above the mark, converted, into *out, which is the
** caller's to close; NULL on failure, and where the probe says that nothing has
** changed. A passing failure is tried again, from the connection on, after
** growing pauses. What is odd about columns and values becomes run details. */
enum err_code fetch_rows(const struct fetch *f, struct staging **out,
                         struct err *e);

#endif
