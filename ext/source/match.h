/*
** A mapping beside the columns that its source has, by name.
**
**   struct match m = {0};
**   if (match_init(&m, &map, &e) || match_source(&m, &has, &e)) goto done;
**   sql = match_select(&m, NULL, &e);       -- SELECT [a], [b] FROM [dbo].[t]
**
** Until the source's columns are known they are taken to be as mapped.
*/
#ifndef ORDERSYNC_MATCH_H
#define ORDERSYNC_MATCH_H
#include "source/mapping.h"

struct match_column {
  int at;         /* its place in the source, -1: not there or not known */
  int position;   /* its place in the last SELECT, -1: not asked for */
  int is_variant; /* it arrives as "basetype:value", */
  struct value_scratch scratch; /* and is unpacked in here */
  sqlite3_int64 n_bad;          /* values that did not convert */
  sqlite3_int64 first_bad_row;
  char first_bad[64];
};

/* Starts zeroed. */
struct match {
  const struct mapping *map;    /* borrowed */
  struct remote_columns source; /* owned; none: not known */
  struct match_column *columns; /* owned: one a mapped column */
};

/* Begins with all columns as mapped; map must outlive m. ERR_NOMEM leaves m as
** one that can be cleared. */
enum err_code match_init(struct match *m, const struct mapping *map,
                         struct err *e);
/* Frees; accepts a cleared one. */
void match_clear(struct match *m);

/*
** Finds the mapped columns among those of the source, which are copied:
** exactly, else ignoring ASCII case. ERR_DATA where on_missing is 'error' and
** one is missing, or a type cannot become the kind; the text names them all.
** On failure the columns are not known.
*/
enum err_code match_source(struct match *m, const struct remote_columns *has,
                           struct err *e);

/* The place of the column of that name, or -1. */
int match_find(const struct remote_columns *columns, const char *name);

/* The source's column for column i of the mapping; NULL: it has none, or it is
** not known. */
const struct remote_column *match_remote(const struct match *m, int i);

/* Its type: as the server says, else as it said when the sync was added, else
** REMOTE_UNKNOWN. */
enum remote_type match_type(const struct match *m, int i);

/* The columns that nothing maps: "a", "b". NULL when there are none; *n gets
** their number. Free with sqlite3_free(). */
char *match_extra(const struct match *m, int *n);

/* A sentence about the decimal and money columns whose type has more digits
** than a double keeps; likewise. */
char *match_wide(const struct match *m);

/* What is asked of a source besides its rows. */
struct match_ask {
  sqlite3_uint64 used; /* columns, as SQLite's colUsed; bit 63: all from 63 */
  const char *where;   /* borrowed, as is the next: conditions, or NULL */
  const char *order;   /* "[a], [b] DESC", or NULL */
  sqlite3_int64 top;   /* -1: all rows */
};

/* The SELECT, and with it each column's position. ask NULL: all columns and
** rows. NULL with e set on failure; free with sqlite3_free(). */
char *match_select(struct match *m, const struct match_ask *ask, struct err *e);

/* 1 when a result has the columns that match_select() asked for, in that
** order and of these types; with `exact` to the digit, else as far as the kinds
** accept them. */
int match_result(const struct match *m, const struct remote_columns *got,
                 int exact);

#endif
