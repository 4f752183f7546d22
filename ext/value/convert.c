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

/* A text without the white space around it. Printable ASCII at both ends, the
** usual case, needs no look at Unicode. */
static void trim(const unsigned char **text, int *n) {
  if (*n == 0 || **text - 0x21U >= 0x5e || (*text)[*n - 1] - 0x21U >= 0x5e)
    text_trim(text, n);
}

/* The double that a real or a float stands for in SQLite. A real's digits
** beyond its precision are no information, so no kind sees them. */
static double real_of(const struct value *v) {
  return v->type == VALUE_SINGLE ? real_from_single(v->real) : v->real;
}

static int decimal_of(const struct value *v, struct cell *cell) {
  struct number number;
  sqlite3_int64 integer;
  double real;
  if (decimal_is_small(v)) {
    if (decimal_integer(v, &integer)) return put_integer(cell, integer);
    if (decimal_real(v, &real)) return put_real(cell, real);
  }
  return number_from_value(&number, v) && put_number(cell, &number);
}

/* Any moment, from value or text. */
static int read_moment(const struct value *v, struct moment *moment) {
  if (v->type == VALUE_TEXT)
    return moment_from_text(moment, v->bytes, v->n_bytes);
  return v->type >= VALUE_DATE && moment_from_value(moment, v);
}

/* ---- the kinds --------------------------------------------------------- */

/* Like all the following, returns 0 when the value does not convert. v is not
** NULL; a text is trimmed and not blank, except for raw, blob and text. */
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
  default:
    return read_moment(v, &moment) && put_moment(cell, &moment);
  }
}

/* Decimals keep the digits of their scale. */
static int to_text(const struct value *v, struct cell *cell) {
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
  cell->type = SQLITE_INTEGER;
  switch (v->type) {
  case VALUE_INTEGER:
    return put_integer(cell, v->integer);
  case VALUE_TEXT:
    return integer_from_text(v->bytes, v->n_bytes, &cell->integer);
  case VALUE_DECIMAL:
    return decimal_integer(v, &cell->integer);
  case VALUE_REAL:
  case VALUE_SINGLE:
    return integer_from_real(real_of(v), &cell->integer);
  default:
    return 0;
  }
}

static int to_date(const struct value *v, struct cell *cell) {
  struct moment moment;
  return read_moment(v, &moment) && moment.has_date &&
         put_text(cell, date_format(moment.days, cell->text));
}

static int to_datetime(const struct value *v, struct cell *cell) {
  struct moment moment;
  if (!read_moment(v, &moment) || !moment.has_date) return 0;
  moment.has_time = 1; /* midnight, where there was none */
  return put_moment(cell, &moment);
}

static int to_time(const struct value *v, struct cell *cell) {
  struct moment moment;
  return read_moment(v, &moment) && moment.has_time &&
         put_text(cell, time_format(&moment, cell->text));
}

static int to_real(const struct value *v, struct cell *cell) {
  struct number number;
  cell->type = SQLITE_FLOAT;
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
    return real_from_text(v->bytes, v->n_bytes, &cell->real);
  default:
    return 0;
  }
}

static int to_decimal(const struct value *v, struct cell *cell) {
  struct number number;
  switch (v->type) {
  case VALUE_DECIMAL:
    return decimal_of(v, cell);
  case VALUE_TEXT:
    return number_from_text(&number, v->bytes, v->n_bytes) &&
           put_number(cell, &number);
  default:
    return to_integer(v, cell) || to_real(v, cell);
  }
}

static int to_boolean(const struct value *v, struct cell *cell) {
  if (v->type != VALUE_TEXT)
    return to_integer(v, cell) && (cell->integer == 0 || cell->integer == 1);
  int meaning = text_boolean(v->bytes, v->n_bytes);
  return meaning >= 0 && put_integer(cell, meaning);
}

static int to_blob(const struct value *v, struct cell *cell) {
  if (v->type == VALUE_GUID && v->n_bytes != GUID_BYTES) return 0;
  if (v->type != VALUE_BLOB && v->type != VALUE_TEXT && v->type != VALUE_GUID)
    return 0;
  return put_bytes(cell, SQLITE_BLOB, v->bytes, v->n_bytes);
}

static int to_guid(const struct value *v, struct cell *cell) {
  unsigned char wire[GUID_BYTES];
  if (v->type == VALUE_TEXT)
    return guid_from_text(v->bytes, v->n_bytes, wire) && put_guid(cell, wire);
  return (v->type == VALUE_GUID || v->type == VALUE_BLOB) &&
         v->n_bytes == GUID_BYTES && put_guid(cell, v->bytes);
}

static int (*const converters[KIND_COUNT])(const struct value *v,
                                           struct cell *cell) = {
    [KIND_RAW] = to_raw,         [KIND_INTEGER] = to_integer,
    [KIND_STRING] = to_text,     [KIND_TEXT] = to_text,
    [KIND_DATE] = to_date,       [KIND_REAL] = to_real,
    [KIND_DECIMAL] = to_decimal, [KIND_DATETIME] = to_datetime,
    [KIND_TIME] = to_time,       [KIND_BOOLEAN] = to_boolean,
    [KIND_BLOB] = to_blob,       [KIND_GUID] = to_guid,
};

int value_convert(const struct value *value, enum value_kind kind,
                  struct cell *cell) {
  struct value trimmed;
  if ((unsigned)kind >= KIND_COUNT) kind = KIND_RAW;
  if (value->type == VALUE_NULL) return put_null(cell);
  if (value->type == VALUE_TEXT && kind != KIND_RAW && kind != KIND_BLOB) {
    const unsigned char *text = value->bytes;
    int n = value->n_bytes;
    trim(&text, &n);
    if (n == 0) return put_null(cell);
    if (kind == KIND_STRING) return put_bytes(cell, SQLITE_TEXT, text, n);
    if (kind != KIND_TEXT) {
      trimmed = (struct value){.type = VALUE_TEXT, .bytes = text, .n_bytes = n};
      value = &trimmed;
    }
  }
  if (converters[kind](value, cell)) return 1;
  put_null(cell);
  return 0;
}
