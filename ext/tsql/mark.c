/*
** Marks: from values, to and from text, and to a condition.
*/
#include "tsql/mark.h"

#include "base/utf8.h"
#include "tsql/select.h"
#include "value/number.h"
#include "value/time.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define ROWVERSION_BYTES 8
#define SECOND_TICKS     10000000LL
#define DAY_TICKS        (86400 * SECOND_TICKS)

/* What a type is, to us. */
enum form { FORM_NONE = 0, FORM_NUMBER, FORM_MOMENT, FORM_ROWVERSION };
static enum form form_of(const struct remote_column *c) {
  switch (c->type) {
  case REMOTE_TINYINT:
  case REMOTE_SMALLINT:
  case REMOTE_INT:
  case REMOTE_BIGINT:
    return FORM_NUMBER;
  case REMOTE_DECIMAL:
    return c->scale == 0 ? FORM_NUMBER : FORM_NONE;
  case REMOTE_DATE:
  case REMOTE_DATETIME:
  case REMOTE_SMALLDATETIME:
  case REMOTE_DATETIME2:
  case REMOTE_DATETIMEOFFSET:
    return FORM_MOMENT;
  default:
    return c->is_rowversion ? FORM_ROWVERSION : FORM_NONE;
  }
}

int mark_accepts(const struct remote_column *c) {
  return form_of(c) != FORM_NONE;
}

int mark_is_number(const struct remote_column *c) {
  return form_of(c) == FORM_NUMBER;
}

/* ---- values ------------------------------------------------------------ */

/* A rowversion sorts by its bytes, as an unsigned number. */
static sqlite3_int64 from_unsigned(uint64_t n) {
  return (sqlite3_int64)(n ^ (uint64_t)1 << 63);
}
static uint64_t to_unsigned(sqlite3_int64 n) {
  return (uint64_t)n ^ (uint64_t)1 << 63;
}

static int from_number(struct mark *m, const struct value *v) {
  if (v->type == VALUE_DECIMAL) return decimal_integer(v, &m->n);
  m->n = v->integer;
  return v->type == VALUE_INTEGER;
}

static int from_moment(struct mark *m, const struct value *v) {
  struct moment valid;
  if (v->type < VALUE_DATE || v->type == VALUE_TIME ||
      !moment_from_value(&valid, v)) {
    return 0;
  }
  m->days = v->days;
  m->n = v->type == VALUE_DATE ? 0 : v->integer;
  return 1;
}

static int from_rowversion(struct mark *m, const struct value *v) {
  uint64_t n = 0;
  if (v->type != VALUE_BLOB || v->n_bytes != ROWVERSION_BYTES) return 0;
  for (int i = 0; i < ROWVERSION_BYTES; i++) n = n << 8 | v->bytes[i];
  m->n = from_unsigned(n);
  return 1;
}

int mark_from_value(struct mark *m, const struct remote_column *c,
                    const struct value *v) {
  enum form form = form_of(c);
  *m = (struct mark){0};
  if (v->type == VALUE_NULL) return 1;
  m->is_set = form == FORM_NUMBER       ? from_number(m, v)
              : form == FORM_MOMENT     ? from_moment(m, v)
              : form == FORM_ROWVERSION ? from_rowversion(m, v)
                                        : 0;
  return m->is_set;
}

int mark_compare(const struct mark *a, const struct mark *b) {
  if (a->is_set != b->is_set) return a->is_set - b->is_set;
  if (a->days != b->days) return a->days < b->days ? -1 : 1;
  return (a->n > b->n) - (a->n < b->n);
}

/* ---- text -------------------------------------------------------------- */

/* "datetime2(7)": as T-SQL declares it, but for a rowversion. */
static void type_text(char out[40], const struct remote_column *c) {
  const char *name =
      c->is_rowversion ? "rowversion" : remote_type_name(c->type);
  if (c->type == REMOTE_DECIMAL)
    sqlite3_snprintf(40, out, "decimal(%d,0)", c->precision);
  else if (c->type == REMOTE_DATETIME2 || c->type == REMOTE_DATETIMEOFFSET)
    sqlite3_snprintf(40, out, "%s(%d)", name, c->scale);
  else
    sqlite3_snprintf(40, out, "%s", name);
}

/* separator: of date and time. T is read alike under any language. */
static void value_text(char out[64], const struct mark *m,
                       const struct remote_column *c, char separator) {
  struct moment t = {.has_date = 1,
                     .has_time = c->type != REMOTE_DATE,
                     .has_offset = c->type == REMOTE_DATETIMEOFFSET,
                     .days = m->days,
                     .scale = c->scale};
  switch (form_of(c)) {
  case FORM_ROWVERSION:
    sqlite3_snprintf(64, out, "0x%016llX",
                     (unsigned long long)to_unsigned(m->n));
    break;
  case FORM_MOMENT:
    t.nanos = m->n * 100;
    out[moment_format(&t, out)] = 0;
    if (t.has_time) out[DATE_TEXT] = separator;
    break;
  default:
    sqlite3_snprintf(64, out, "%lld", (long long)m->n);
    break;
  }
}

char *mark_text(const struct mark *m, const struct remote_column *c) {
  char type[40], text[64];
  type_text(type, c);
  value_text(text, m, c, ' ');
  return sqlite3_mprintf("%s %s", type, text);
}

static int parse_rowversion(struct mark *m, const char *text) {
  uint64_t n = 0;
  if (strncmp(text, "0x", 2) != 0 ||
      strlen(text) != 2 + 2 * (size_t)ROWVERSION_BYTES) {
    return 0;
  }
  for (const char *at = text + 2; *at; at += 2) {
    int byte = ascii_hex_byte(at);
    if (byte < 0) return 0;
    n = n << 8 | (unsigned)byte;
  }
  m->n = from_unsigned(n);
  return 1;
}

static int parse_moment(struct mark *m, const struct remote_column *c,
                        const unsigned char *text, int n) {
  struct moment t;
  struct value v = {.type = VALUE_NULL};
  if (!moment_from_text(&t, text, n) || !t.has_date ||
      t.has_time != (c->type != REMOTE_DATE) ||
      t.has_offset != (c->type == REMOTE_DATETIMEOFFSET) ||
      !moment_to_value(&t, &v)) {
    return 0;
  }
  return from_moment(m, &v);
}

int mark_parse(struct mark *m, const struct remote_column *c,
               const char *text) {
  char type[40];
  size_t n_type;
  int n;
  *m = (struct mark){0};
  type_text(type, c);
  n_type = strlen(type);
  if (strncmp(text, type, n_type) != 0 || text[n_type] != ' ') return 0;
  text += n_type + 1;
  n = (int)strlen(text);
  switch (form_of(c)) {
  case FORM_NUMBER:
    m->is_set = integer_from_text((const unsigned char *)text, n, &m->n);
    break;
  case FORM_MOMENT:
    m->is_set = parse_moment(m, c, (const unsigned char *)text, n);
    break;
  case FORM_ROWVERSION:
    m->is_set = parse_rowversion(m, text);
    break;
  default:
    break;
  }
  return m->is_set;
}

/* ---- overlap ----------------------------------------------------------- */

static sqlite3_int64 least_number(const struct remote_column *c) {
  switch (c->type) {
  case REMOTE_TINYINT:
    return 0;
  case REMOTE_SMALLINT:
    return INT16_MIN;
  case REMOTE_INT:
    return INT32_MIN;
  default:
    return INT64_MIN;
  }
}

static void number_back(struct mark *m, const struct remote_column *c,
                        double overlap) {
  sqlite3_int64 least =
      form_of(c) == FORM_ROWVERSION ? INT64_MIN : least_number(c);
  uint64_t room = (uint64_t)m->n - (uint64_t)least, units;
  units = overlap < 9e18 ? (uint64_t)ceil(overlap) : UINT64_MAX;
  m->n = units < room ? (sqlite3_int64)((uint64_t)m->n - units) : least;
}

/* What the type can tell apart: a datetime's are thirds of 10 ms. */
static sqlite3_int64 step_of(const struct remote_column *c) {
  sqlite3_int64 step = SECOND_TICKS;
  if (c->type == REMOTE_DATE) return DAY_TICKS;
  if (c->type == REMOTE_SMALLDATETIME) return 60 * SECOND_TICKS;
  if (c->type == REMOTE_DATETIME) return SECOND_TICKS / 100;
  for (int i = 0; i < c->scale; i++) step /= 10;
  return step;
}

static void moment_back(struct mark *m, const struct remote_column *c,
                        double overlap) {
  int first = date_first(c->type);
  double days = floor(overlap / 86400);
  double rest = ceil((overlap - days * 86400) * SECOND_TICKS);
  sqlite3_int64 step = step_of(c);
  if (days > m->days - first) {
    m->days = first;
    m->n = 0;
    return;
  }
  m->days -= (int)days;
  m->n -= (sqlite3_int64)rest;
  if (m->n < 0 || m->n >= DAY_TICKS) { /* no more than one day */
    m->n += DAY_TICKS;
    m->days--;
  }
  m->n -= m->n % step;
  if (m->days < first) {
    m->days = first;
    m->n = 0;
  }
}

void mark_move_back(struct mark *m, const struct remote_column *c,
                    double overlap) {
  if (!m->is_set || !(overlap > 0)) return;
  if (form_of(c) == FORM_MOMENT)
    moment_back(m, c, overlap);
  else
    number_back(m, c, overlap);
}

/* ---- T-SQL ------------------------------------------------------------- */

char *mark_where(const struct mark *m, const struct remote_column *c,
                 enum mark_rows rows, struct err *e) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  const char *quote = form_of(c) == FORM_MOMENT ? "'" : "";
  char type[40], text[64];
  type_text(type, c);
  value_text(text, m, c, 'T');
  sqlite3_str_appendchar(out, 1, '(');
  tsql_identifier(out, c->name, e);
  sqlite3_str_appendf(out, " %s CAST(%s%s%s AS %s)",
                      rows == MARK_ABOVE ? ">" : ">=", quote, text, quote,
                      c->is_rowversion ? "binary(8)" : type);
  if (rows == MARK_FROM_OR_NULL && c->nullable) {
    sqlite3_str_appendall(out, " OR ");
    tsql_identifier(out, c->name, e);
    sqlite3_str_appendall(out, " IS NULL");
  }
  sqlite3_str_appendchar(out, 1, ')');
  return tsql_finish(out, e);
}
