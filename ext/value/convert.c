/*
** value_convert(): the only place where canonical forms are made.
**
**   SELECT source_column, target_column, kind FROM ordersync_columns;
**
** A kind is a function from a value to a cell. Each begins with the types
** that are common for it, since a refresh calls it for every cell.
*/
#include "value/number.h"
#include "value/text.h"
#include "value/time.h"

#include <math.h>
#include <string.h>

/* ---- cells ------------------------------------------------------------- */

/* These return 1: converted. */

static int put_null(struct cell *cell) {
  cell->type = SQLITE_NULL;
  cell->n_bytes = 0;
  return 1;
}

static int put_integer(struct cell *cell, sqlite3_int64 integer) {
  cell->type = SQLITE_INTEGER;
  cell->integer = integer;
  return 1;
}

static int put_real(struct cell *cell, double real) {
  cell->type = SQLITE_FLOAT;
  cell->real = real;
  return 1;
}

/* n bytes that live as long as the value. */
static int put_bytes(struct cell *cell, int type, const unsigned char *bytes,
                     int n) {
  cell->type = type;
  cell->bytes = n > 0 ? (const char *)bytes : "";
  cell->n_bytes = n;
  return 1;
}

/* n bytes that are in cell->text. */
static int put_text(struct cell *cell, int n) {
  cell->type = SQLITE_TEXT;
  cell->bytes = cell->text;
  cell->n_bytes = n;
  return 1;
}

static int put_moment(struct cell *cell, const struct moment *moment) {
  return put_text(cell, moment_format(moment, cell->text));
}

static int put_guid(struct cell *cell, const unsigned char *wire) {
  guid_format(wire, cell->text);
  return put_text(cell, GUID_TEXT);
}

/* Whole and within 64 bits: INTEGER; what a double tells exactly: REAL, so
** that it compares as a number; else every digit. */
static int put_number(struct cell *cell, const struct number *number) {
  sqlite3_int64 integer;
  double real;
  if (number_whole(number, &integer)) return put_integer(cell, integer);
  if (number_real_exact(number, &real)) return put_real(cell, real);
  return put_text(cell, number_format(number, cell->text));
}

/* ---- what several kinds need ------------------------------------------- */

/* Text without the white space around it. */
struct span {
  const unsigned char *at;
  int n;
};

/* Printable ASCII at both ends, the usual case, needs no look at Unicode. */
static struct span trimmed(const struct value *v) {
  struct span s = {v->bytes, v->n_bytes};
  if (s.n > 0 && s.at[0] - 0x21U < 0x5e && s.at[s.n - 1] - 0x21U < 0x5e)
    return s;
  text_trim(&s.at, &s.n);
  return s;
}

static int is_moment(const struct value *v) {
  return v->type == VALUE_DATE || v->type == VALUE_TIME ||
         v->type == VALUE_DATETIME || v->type == VALUE_DATETIMEOFFSET;
}

/* The double that a real or a float stands for in SQLite. A real's digits
** beyond its precision are no information, so no kind sees them. */
static double real_of(const struct value *v) {
  return v->type == VALUE_SINGLE ? real_from_single(v->real) : v->real;
}

static int decimal_of(const struct value *v, struct cell *cell) {
  struct number number;
  sqlite3_int64 integer;
  if (decimal_integer(v, &integer)) return put_integer(cell, integer);
  return number_from_value(&number, v) && put_number(cell, &number);
}

/* Any moment, from value or text; blank text answers -1. */
static int read_moment(const struct value *v, struct moment *moment) {
  if (v->type != VALUE_TEXT)
    return is_moment(v) && moment_from_value(moment, v);
  struct span s = trimmed(v);
  if (s.n == 0) return -1;
  return moment_from_text(moment, s.at, s.n);
}

/* ---- the kinds --------------------------------------------------------- */

/* Like all the following, returns 0 when the value does not convert. v is not
** NULL. */
static int to_raw(const struct value *v, struct cell *cell) {
  struct moment moment;
  switch (v->type) {
  case VALUE_INTEGER:
    return put_integer(cell, v->integer);
  case VALUE_TEXT:
    return put_bytes(cell, SQLITE_TEXT, v->bytes, v->n_bytes);
  case VALUE_BLOB:
    return put_bytes(cell, SQLITE_BLOB, v->bytes, v->n_bytes);
  case VALUE_REAL:
  case VALUE_SINGLE:
    return isfinite(v->real) && put_real(cell, real_of(v));
  case VALUE_DECIMAL:
    return decimal_of(v, cell);
  case VALUE_GUID:
    return v->n_bytes == GUID_BYTES && put_guid(cell, v->bytes);
  case VALUE_DATE:
  case VALUE_TIME:
  case VALUE_DATETIME:
  case VALUE_DATETIMEOFFSET:
    return moment_from_value(&moment, v) && put_moment(cell, &moment);
  case VALUE_NULL:
    break;
  }
  return put_null(cell);
}

/* The text of any value but text. Decimals keep the digits of their scale. */
static int as_text(const struct value *v, struct cell *cell) {
  struct number number;
  if (v->type == VALUE_DECIMAL && !decimal_integer(v, &cell->integer))
    return number_from_value(&number, v) &&
           put_text(cell, number_format(&number, cell->text));
  if (!to_raw(v, cell)) return 0;
  if (cell->type == SQLITE_INTEGER)
    return put_text(cell, integer_format(cell->integer, cell->text));
  if (cell->type == SQLITE_FLOAT)
    return put_text(cell, real_format(cell->real, cell->text));
  return cell->type == SQLITE_TEXT;
}

static int to_integer(const struct value *v, struct cell *cell) {
  sqlite3_int64 integer;
  struct span s;
  switch (v->type) {
  case VALUE_INTEGER:
    return put_integer(cell, v->integer);
  case VALUE_TEXT:
    s = trimmed(v);
    if (s.n == 0) return put_null(cell);
    return integer_from_text(s.at, s.n, &integer) && put_integer(cell, integer);
  case VALUE_DECIMAL:
    return decimal_integer(v, &integer) && put_integer(cell, integer);
  case VALUE_REAL:
  case VALUE_SINGLE:
    return integer_from_real(real_of(v), &integer) &&
           put_integer(cell, integer);
  default:
    return 0;
  }
}

static int to_string(const struct value *v, struct cell *cell) {
  if (v->type != VALUE_TEXT) return as_text(v, cell);
  struct span s = trimmed(v);
  if (s.n == 0) return put_null(cell);
  return put_bytes(cell, SQLITE_TEXT, s.at, s.n);
}

static int to_text(const struct value *v, struct cell *cell) {
  if (v->type != VALUE_TEXT) return as_text(v, cell);
  if (text_is_blank(v->bytes, v->n_bytes)) return put_null(cell);
  return put_bytes(cell, SQLITE_TEXT, v->bytes, v->n_bytes);
}

static int text_to_date(const struct value *v, struct cell *cell) {
  struct moment moment;
  struct span s = trimmed(v);
  if (s.n == 0) return put_null(cell);
  if (!moment_from_text(&moment, s.at, s.n) || !moment.has_date) return 0;
  /* so long is only YYYY-MM-DD: right as it is */
  if (s.n == DATE_TEXT) return put_bytes(cell, SQLITE_TEXT, s.at, s.n);
  return put_text(cell, date_format(moment.days, cell->text));
}

static int to_date(const struct value *v, struct cell *cell) {
  struct moment moment;
  if (v->type == VALUE_TEXT) return text_to_date(v, cell);
  if (v->type == VALUE_DATE)
    return date_in_range(v->days) &&
           put_text(cell, date_format(v->days, cell->text));
  if (!is_moment(v) || !moment_from_value(&moment, v) || !moment.has_date)
    return 0;
  return put_text(cell, date_format(moment.days, cell->text));
}

static int to_datetime(const struct value *v, struct cell *cell) {
  struct moment moment;
  int rc = read_moment(v, &moment);
  if (rc < 0) return put_null(cell);
  if (rc == 0 || !moment.has_date) return 0;
  moment.has_time = 1; /* midnight, where there was none */
  return put_moment(cell, &moment);
}

static int to_time(const struct value *v, struct cell *cell) {
  struct moment moment;
  int rc = read_moment(v, &moment);
  if (rc < 0) return put_null(cell);
  if (rc == 0 || !moment.has_time) return 0;
  return put_text(cell, time_format(&moment, cell->text));
}

static int to_real(const struct value *v, struct cell *cell) {
  struct number number;
  struct span s;
  double real;
  switch (v->type) {
  case VALUE_INTEGER:
    return put_real(cell, (double)v->integer);
  case VALUE_REAL:
  case VALUE_SINGLE:
    return isfinite(v->real) && put_real(cell, real_of(v));
  case VALUE_DECIMAL:
    return number_from_value(&number, v) &&
           put_real(cell, number_real(&number));
  case VALUE_TEXT:
    s = trimmed(v);
    if (s.n == 0) return put_null(cell);
    return real_from_text(s.at, s.n, &real) && put_real(cell, real);
  default:
    return 0;
  }
}

static int to_decimal(const struct value *v, struct cell *cell) {
  struct number number;
  struct span s;
  sqlite3_int64 integer;
  double real;
  switch (v->type) {
  case VALUE_INTEGER:
    return put_integer(cell, v->integer);
  case VALUE_DECIMAL:
    return decimal_of(v, cell);
  case VALUE_REAL:
  case VALUE_SINGLE:
    real = real_of(v);
    if (integer_from_real(real, &integer)) return put_integer(cell, integer);
    return isfinite(real) && put_real(cell, real);
  case VALUE_TEXT:
    s = trimmed(v);
    if (s.n == 0) return put_null(cell);
    return number_from_text(&number, s.at, s.n) && put_number(cell, &number);
  default:
    return 0;
  }
}

static int to_boolean(const struct value *v, struct cell *cell) {
  if (v->type == VALUE_TEXT) {
    struct span s = trimmed(v);
    if (s.n == 0) return put_null(cell);
    int meaning = text_boolean(s.at, s.n);
    return meaning >= 0 && put_integer(cell, meaning);
  }
  return to_integer(v, cell) && (cell->integer == 0 || cell->integer == 1);
}

static int to_blob(const struct value *v, struct cell *cell) {
  if (v->type == VALUE_GUID && v->n_bytes != GUID_BYTES) return 0;
  if (v->type != VALUE_BLOB && v->type != VALUE_TEXT && v->type != VALUE_GUID)
    return 0;
  return put_bytes(cell, SQLITE_BLOB, v->bytes, v->n_bytes);
}

static int to_guid(const struct value *v, struct cell *cell) {
  unsigned char wire[GUID_BYTES];
  struct span s;
  switch (v->type) {
  case VALUE_GUID:
  case VALUE_BLOB:
    return v->n_bytes == GUID_BYTES && put_guid(cell, v->bytes);
  case VALUE_TEXT:
    s = trimmed(v);
    if (s.n == 0) return put_null(cell);
    return guid_from_text(s.at, s.n, wire) && put_guid(cell, wire);
  default:
    return 0;
  }
}

static int dispatch(const struct value *v, enum value_kind kind,
                    struct cell *cell) {
  switch (kind) {
  case KIND_INTEGER:
    return to_integer(v, cell);
  case KIND_STRING:
    return to_string(v, cell);
  case KIND_TEXT:
    return to_text(v, cell);
  case KIND_DATE:
    return to_date(v, cell);
  case KIND_REAL:
    return to_real(v, cell);
  case KIND_DECIMAL:
    return to_decimal(v, cell);
  case KIND_DATETIME:
    return to_datetime(v, cell);
  case KIND_TIME:
    return to_time(v, cell);
  case KIND_BOOLEAN:
    return to_boolean(v, cell);
  case KIND_BLOB:
    return to_blob(v, cell);
  case KIND_GUID:
    return to_guid(v, cell);
  case KIND_RAW:
  case KIND_COUNT:
    break;
  }
  return to_raw(v, cell);
}

int value_convert(const struct value *value, enum value_kind kind,
                  struct cell *cell) {
  if (value->type == VALUE_NULL) return put_null(cell);
  if (dispatch(value, kind, cell)) return 1;
  put_null(cell);
  return 0;
}
