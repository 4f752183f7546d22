/*
** What the files that print conditions are given.
*/
#ifndef ORDERSYNC_PRINTER_H
#define ORDERSYNC_PRINTER_H
#include "tsql/can_push.h"

/* Longer texts and blobs are compared by SQLite alone. */
#define TEXT_MOST 1000

/* No row can match. */
#define NEVER "1 = 0"

enum where_result {
  WHERE_SKIP = 0, /* nothing was printed */
  WHERE_WIDE,     /* printed, may be true for more rows */
  WHERE_EXACT     /* printed, true for the same rows */
};

struct printer {
  sqlite3_str *out;
  const struct where_column *c;
  const char *name; /* [c] */
  struct err *e;
};

static inline int is_number(const struct cell *v) {
  return v->type == SQLITE_INTEGER || v->type == SQLITE_FLOAT;
}

#endif
