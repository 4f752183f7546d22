/*
** What the files that print conditions share: tsql_where.c (which one it
** is), tsql_number.c, tsql_moment.c and tsql_text.c.
*/
#ifndef ORDERSYNC_DEPARSE_LOCAL_H
#define ORDERSYNC_DEPARSE_LOCAL_H
#include "tsql/where.h"

/* Longer texts and blobs are compared by SQLite alone. */
#define TEXT_MOST 1000

/* No row can match. */
#define NEVER "1 = 0"

/* What a condition is printed from. */
struct printer {
  sqlite3_str *out;
  const struct where_column *c;
  char *name; /* owned: [c] */
  struct err *e;
};

/* Smallest and largest integer that satisfies a comparison. */
struct whole {
  int never;
  int has_low, has_high;
  sqlite3_int64 low, high;
};

/* The integers of the type for which `column op v` is true. */
struct whole where_whole_bounds(enum remote_type type, enum where_op op,
                                const struct cell *v);

/* A literal that the server takes for an int or a bigint. */
void where_append_whole(sqlite3_str *out, sqlite3_int64 v);

/* A right side as far as it is canonical. */
struct instant {
  int has_time; /* the whole text is a date and a time */
  int exact;    /* the whole text is a date */
  int days;
  sqlite3_int64 nanos;
};

/* Reads text that begins with a date. 0: it does not. */
int where_read_instant(const struct cell *v, struct instant *t);

/* Whether a text may stand in N'': valid UTF-8 without NUL, not too long. */
int where_is_quotable(const struct cell *v);

/* One comparison, by the remote type's class. */
enum where_result where_whole(struct printer *p, enum where_op op,
                              const struct cell *v);
enum where_result where_number(struct printer *p, enum where_op op,
                               const struct cell *v);
enum where_result where_moment(struct printer *p, enum where_op op,
                               const struct cell *v);
enum where_result where_time_of_day(struct printer *p, enum where_op op,
                                    const struct cell *v);
enum where_result where_string(struct printer *p, enum where_op op,
                               const struct cell *v);

static inline int is_whole_type(enum remote_type type) {
  return type == REMOTE_BIT || type == REMOTE_TINYINT ||
         type == REMOTE_SMALLINT || type == REMOTE_INT || type == REMOTE_BIGINT;
}

static inline int is_decimal_type(enum remote_type type) {
  return type == REMOTE_DECIMAL || type == REMOTE_MONEY ||
         type == REMOTE_SMALLMONEY;
}

static inline int is_float_type(enum remote_type type) {
  return type == REMOTE_FLOAT || type == REMOTE_REAL;
}

/* Types with a date whose text has a fixed form. */
static inline int is_date_type(enum remote_type type) {
  return type == REMOTE_DATE || type == REMOTE_DATETIME ||
         type == REMOTE_SMALLDATETIME || type == REMOTE_DATETIME2;
}

/* A double gives so many digits back as they are. */
#define DECIMAL_REAL_DIGITS 15

/* 1 when every value of a decimal column becomes INTEGER or REAL. */
static inline int decimal_is_number(const struct where_column *c) {
  return c->precision > 0 && c->precision <= DECIMAL_REAL_DIGITS;
}

static inline int is_text_kind(enum value_kind kind) {
  return kind == KIND_STRING || kind == KIND_TEXT;
}

static inline int is_number(const struct cell *v) {
  return v->type == SQLITE_INTEGER || v->type == SQLITE_FLOAT;
}

#endif
