/*
** One SELECT and its rows: what is asked, and how the answer is read.
*/
#ifndef ORDERSYNC_SCAN_H
#define ORDERSYNC_SCAN_H
#include "base/trace.h"
#include "live/request.h"

/* Starts zeroed. */
struct scan {
  struct live_table *table; /* borrowed */
  struct match match;
  struct link *link; /* owned while rows are being read */
  struct match_ask ask;
  char *where, *order; /* owned: of ask */

  /* Should the rest of the rows be asked for anew, those that SQLite has seen
  ** are passed over: after a TOP, when SQLite comes back for more, and after a
  ** condition that the server refused in the middle. */
  sqlite3_str *seen; /* owned: hashes of the rows so far, then sorted; NULL:
                     ** nothing was asked */
  size_t n_skip;
  struct progress progress; /* on a terminal */
};

/* Makes s ready for the table's columns by map, which must outlive it. */
enum err_code scan_init(struct scan *s, struct live_table *table,
                        const struct mapping *map, struct err *e);
/* Ends what is under way, and frees; accepts a cleared one. */
void scan_clear(struct scan *s);

/* Learns the source's columns; needs a connection only for the first time. */
enum err_code scan_describe(struct scan *s, const struct plan *plan,
                            struct err *e);

/* Sends the SELECT. s takes over `where` (conditions, or NULL), also on
** failure. top: rows at most; -1: all. *changed: the source no longer has the
** columns it was known to have. They are forgotten, so call scan_describe() and
** then this again. */
enum err_code scan_start(struct scan *s, const struct plan *plan, char *where,
                         sqlite3_int64 top, int *changed, struct err *e);

/* The next row; after the last one the link is given back. */
enum err_code scan_step(struct scan *s, int *has_row, struct err *e);

/* Abandons what is left, and gives the link back. */
void scan_end(struct scan *s);

/* Column i of the mapping, converted; NULL where the plan does without it. */
enum err_code scan_cell(struct scan *s, int i, struct cell *cell,
                        struct err *e);

#endif
