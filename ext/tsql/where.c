/*
** How the conditions that may be pushed read in T-SQL.
**
**   whole numbers     [c] = 5, [c] <= 4, [c] IN (1, 2)
**   decimal, float    [c] BETWEEN lo AND hi; decimals of more than 15 digits
**                     are TEXT in SQLite and sort after every number, so >
**                     and >= include whatever may be one
**   date and time     [c] >= CAST('2025-01-01' AS date)
**   text              [c] = N'x', and patterns for white space around it
**   guid, binary      [c] = '...', [c] = 0x...
**
** Number and text in one comparison depend on the affinity of both sides, and
** only the column's is known here: such pairs are not printed unless SQLite
** has converted the value already.
*/
#include "tsql/where.h"

#include "tsql/where_moment.h"
#include "tsql/where_number.h"
#include "tsql/where_text.h"

#include "value/text.h"

#include <stdint.h>
#include <string.h>

/* An IN list of more is replaced by its range. */
#define LIST_MOST    2000
#define LIST_MOST_OR 100 /* of conditions of their own, joined by OR */

/* ---- the rest ---------------------------------------------------------- */

static enum where_result guid(struct printer *p, const struct cell *v) {
  unsigned char wire[GUID_BYTES];
  char text[GUID_TEXT];
  if (v->type != SQLITE_TEXT ||
      !guid_from_text((const unsigned char *)v->bytes, v->n_bytes, wire)) {
    return WHERE_SKIP;
  }
  guid_format(wire, text);
  sqlite3_str_appendf(p->out, "%s = '%.*s'", p->name, GUID_TEXT, text);
  return WHERE_WIDE;
}

static enum where_result binary(struct printer *p, const struct cell *v) {
  if (v->type != SQLITE_BLOB || v->n_bytes > TEXT_MOST) return WHERE_SKIP;
  sqlite3_str_appendf(p->out, "%s = 0x", p->name);
  for (int i = 0; i < v->n_bytes; i++) {
    sqlite3_str_appendf(p->out, "%02X", (unsigned char)v->bytes[i]);
  }
  return WHERE_WIDE;
}

/* One comparison with one value. */
static enum where_result compare(struct printer *p, enum where_op op,
                                 const struct cell *v) {
  enum remote_type type = p->c->type;
  if (is_whole_type(type)) return where_whole(p, op, v);
  if (is_decimal_type(type) || is_float_type(type)) {
    return where_number(p, op, v);
  }
  if (is_date_type(type) || type == REMOTE_DATETIMEOFFSET) {
    return where_moment(p, op, v);
  }
  if (type == REMOTE_TIME) return where_time_of_day(p, op, v);
  if (type == REMOTE_STRING) return where_string(p, v);
  if (type == REMOTE_GUID) return guid(p, v);
  if (type == REMOTE_BINARY) return binary(p, v);
  return WHERE_SKIP;
}

/* ---- NULL tests -------------------------------------------------------- */

static enum where_result null_test(struct printer *p, enum where_op op) {
  int exact = can_push_null(p->c);
  if (op == WHERE_ISNULL && !exact) return where_blank(p);
  sqlite3_str_appendf(p->out, "%s IS %sNULL", p->name,
                      op == WHERE_ISNULL ? "" : "NOT ");
  return exact ? WHERE_EXACT : WHERE_WIDE;
}

/* ---- lists ------------------------------------------------------------- */

/* [c] IN (1, 2, ...): whole numbers, all with the same meaning. */
static enum where_result whole_list(struct printer *p,
                                    const struct cell *values, int n) {
  sqlite3_int64 low = INT64_MAX, high = INT64_MIN;
  int n_printed = 0;
  for (int i = 0; i < n; i++) {
    struct whole w;
    if (!is_number(&values[i])) return WHERE_SKIP;
    w = where_whole_bounds(p->c->type, WHERE_EQ, &values[i]);
    if (w.never) continue;
    if (w.low < low) low = w.low;
    if (w.low > high) high = w.low;
    n_printed++;
  }
  if (n_printed == 0) {
    sqlite3_str_appendall(p->out, NEVER);
    return WHERE_EXACT;
  }
  if (n_printed > LIST_MOST) {
    sqlite3_str_appendf(p->out, "%s BETWEEN ", p->name);
    where_append_whole(p->out, low);
    sqlite3_str_appendall(p->out, " AND ");
    where_append_whole(p->out, high);
    return WHERE_WIDE;
  }
  sqlite3_str_appendf(p->out, "%s IN (", p->name);
  n_printed = 0;
  for (int i = 0; i < n; i++) {
    struct whole w = where_whole_bounds(p->c->type, WHERE_EQ, &values[i]);
    if (w.never) continue;
    if (n_printed++) sqlite3_str_appendall(p->out, ", ");
    where_append_whole(p->out, w.low);
  }
  sqlite3_str_appendchar(p->out, 1, ')');
  return WHERE_EXACT;
}

static enum where_result list(struct printer *p, const struct cell *values,
                              int n) {
  enum value_kind kind = p->c->kind;
  if (is_whole_type(p->c->type) &&
      (kind == KIND_INTEGER || kind == KIND_RAW || kind == KIND_DECIMAL)) {
    return whole_list(p, values, n);
  }
  if (p->c->type == REMOTE_STRING && (kind == KIND_RAW || is_text_kind(kind))) {
    return where_strings(p, values, n);
  }
  if (n > LIST_MOST_OR) return WHERE_SKIP;
  for (int i = 0; i < n; i++) {
    sqlite3_str_appendall(p->out, i ? " OR (" : "(");
    if (compare(p, WHERE_EQ, &values[i]) == WHERE_SKIP) return WHERE_SKIP;
    sqlite3_str_appendchar(p->out, 1, ')');
  }
  return WHERE_WIDE;
}

/* ---- the whole --------------------------------------------------------- */

enum where_result tsql_where(sqlite3_str *out, const struct where_column *c,
                             enum where_op op, const struct cell *values,
                             int n_values, struct err *e) {
  struct printer p = {.c = c, .e = e};
  sqlite3_str *name_out = sqlite3_str_new(NULL);
  enum where_result result = WHERE_SKIP;
  char *text, *name;
  tsql_identifier(name_out, c->source, e);
  p.name = name = sqlite3_str_finish(name_out);
  p.out = sqlite3_str_new(NULL);
  if (e->code || !name || !can_push(c, op)) goto done;
  if (op == WHERE_ISNULL || op == WHERE_NOTNULL)
    result = null_test(&p, op);
  else if (n_values == 1)
    result = compare(&p, op, &values[0]);
  else if (op == WHERE_EQ && n_values > 1)
    result = list(&p, values, n_values);
done:
  text = sqlite3_str_finish(p.out);
  if (e->code || !text) result = WHERE_SKIP;
  if (result != WHERE_SKIP) sqlite3_str_appendf(out, "(%s)", text);
  sqlite3_free(text);
  sqlite3_free(name);
  return result;
}

char *tsql_live(const struct live_select *s, struct err *e) {
  sqlite3_str *out;
  char *base = tsql_select(s->source, s->filter, s->columns, s->n_columns, e);
  char *text;
  if (!base) return NULL;
  out = sqlite3_str_new(NULL);
  sqlite3_str_appendall(out, "SELECT ");
  if (s->top >= 0) sqlite3_str_appendf(out, "TOP (%lld) ", s->top);
  if (s->n_columns == 0) sqlite3_str_appendall(out, "1 AS [row]");
  sqlite3_str_appendall(out, base + strlen("SELECT "));
  if (s->where) {
    sqlite3_str_appendall(out, s->filter ? " AND " : " WHERE ");
    sqlite3_str_appendall(out, s->where);
  }
  if (s->order) sqlite3_str_appendf(out, " ORDER BY %s", s->order);
  sqlite3_free(base);
  text = sqlite3_str_finish(out);
  if (!text) err_nomem(e);
  return text;
}
