/*
** Which conditions may go to the server. Deciding is apart from printing: what
** is refused here is never printed, and what is not may still find no text for
** an odd value (see where.h).
**
** By the remote type's class and the kind:
**
**   whole numbers     all comparisons, IN: the same meaning on both sides
**   decimal, float    an interval that is wider than any rounding
**   date and time     the bytes of canonical text sort by time, so a right side
**                     that begins with a date is a bound
**   text              = and IN only: collations sort differently
**   guid, binary      = and IN only
*/
#ifndef ORDERSYNC_CAN_PUSH_H
#define ORDERSYNC_CAN_PUSH_H
#include "value/value.h"

enum where_op {
  WHERE_EQ = 0, /* one value, or a list */
  WHERE_LT,
  WHERE_LE,
  WHERE_GT,
  WHERE_GE,
  WHERE_ISNULL,
  WHERE_NOTNULL
};

struct where_column {
  const char *source; /* borrowed; the server's column name */
  enum remote_type type;
  int precision; /* as in struct remote_column, as are the next two */
  int scale;
  int is_ansi;
  enum value_kind kind;
  char affinity; /* of the local column, as where_affinity() has it */
  int own_order; /* its collation is not one of SQLite's */
};

/* The affinity that SQLite gives a column of this declared type: 'T'ext,
** 'I'nteger, 'R'eal, 'N'umeric, or 'B' for none. */
char where_affinity(const char *decl);

/* 1 when a condition of this form can be true on the server wherever SQLite
** finds it true. Under BINARY only. */
int can_push(const struct where_column *c, enum where_op op);

/* 1 when the conversion by kind turns no value but NULL into NULL, so that IS
** NULL means the same on both sides. */
int can_push_null(const struct where_column *c);

/* 1 when the server sorts the column as SQLite sorts its conversion. */
int tsql_sorts_alike(const struct where_column *c);

static inline int is_whole_type(enum remote_type type) {
  return type >= REMOTE_BIT && type <= REMOTE_BIGINT;
}

static inline int is_decimal_type(enum remote_type type) {
  return type >= REMOTE_DECIMAL && type <= REMOTE_SMALLMONEY;
}

/* A decimal of so many digits comes back unchanged from a double. */
#define DECIMAL_REAL_DIGITS 15

/* 1 when every value of a decimal column becomes INTEGER or REAL. */
static inline int decimal_is_number(const struct where_column *c) {
  return c->precision > 0 && c->precision <= DECIMAL_REAL_DIGITS;
}

static inline int is_float_type(enum remote_type type) {
  return type == REMOTE_FLOAT || type == REMOTE_REAL;
}

/* Types with a date whose text has a fixed form. */
static inline int is_date_type(enum remote_type type) {
  return type == REMOTE_DATE || type == REMOTE_DATETIME ||
         type == REMOTE_SMALLDATETIME || type == REMOTE_DATETIME2;
}

static inline int is_text_kind(enum value_kind kind) {
  return kind == KIND_STRING || kind == KIND_TEXT;
}

#endif
