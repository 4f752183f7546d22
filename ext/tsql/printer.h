/*
** What the files that print conditions share.
*/
#ifndef ORDERSYNC_PRINTER_H
#define ORDERSYNC_PRINTER_H
#include "tsql/can_push.h"
#include "value/time.h"

/* Characters or bytes of a literal at most; what is longer is compared by
** SQLite alone. */
#define TEXT_MOST 1000

/* Values of an IN at most; a longer list is not printed, or as a range. */
#define LIST_MOST 2000

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

/* Whether the comparison bounds the column from below, from above. */
static inline int has_lower(enum where_op op) {
  return op == WHERE_EQ || op == WHERE_GT || op == WHERE_GE;
}
static inline int has_upper(enum where_op op) {
  return op == WHERE_EQ || op == WHERE_LT || op == WHERE_LE;
}

static inline int is_number(const struct cell *v) {
  return v->type == SQLITE_INTEGER || v->type == SQLITE_FLOAT;
}

/* Each prints a comparison that can_push() lets pass. The column is of a whole
** type; */
enum where_result where_whole(struct printer *p, enum where_op op,
                              const struct cell *v);
/* the same, [c] IN (1, 2), for kinds that change no number; */
enum where_result where_whole_list(struct printer *p, const struct cell *values,
                                   int n);
/* decimal, money or a float; */
enum where_result where_number(struct printer *p, enum where_op op,
                               const struct cell *v);
/* of a type that has a date; */
enum where_result where_moment(struct printer *p, enum where_op op,
                               const struct cell *v);
/* time; */
enum where_result where_time_of_day(struct printer *p, enum where_op op,
                                    const struct cell *v);
/* a string. A list is of text kinds and raw. */
enum where_result where_strings(struct printer *p, const struct cell *values,
                                int n);
/* [c] IS NULL, of a column whose blank text becomes NULL. */
enum where_result where_blank(struct printer *p);

/* Reads text that begins with a date, and with a time where the whole of it is
** canonical. 0: it does not. */
int where_read_moment(const struct cell *v, struct moment *m);

#endif
