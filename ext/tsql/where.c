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

#include "value/text.h"

/* Of conditions of their own, joined by OR. */
#define LIST_MOST_OR 100

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
  if (type == REMOTE_STRING) return where_strings(p, v, 1);
  if (type == REMOTE_GUID) return guid(p, v);
  if (type == REMOTE_BINARY) return binary(p, v);
  return WHERE_SKIP;
}

static enum where_result null_test(struct printer *p, enum where_op op) {
  int exact = can_push_null(p->c);
  if (op == WHERE_ISNULL && !exact) return where_blank(p);
  sqlite3_str_appendf(p->out, "%s IS %sNULL", p->name,
                      op == WHERE_ISNULL ? "" : "NOT ");
  return exact ? WHERE_EXACT : WHERE_WIDE;
}

static enum where_result list(struct printer *p, const struct cell *values,
                              int n) {
  enum value_kind kind = p->c->kind;
  if (is_whole_type(p->c->type) &&
      (kind == KIND_INTEGER || kind == KIND_RAW || kind == KIND_DECIMAL)) {
    return where_whole_list(p, values, n);
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

enum where_result tsql_where(sqlite3_str *out, const struct where_column *c,
                             enum where_op op, const struct cell *values,
                             int n_values, struct err *e) {
  struct printer p = {.c = c, .e = e};
  enum where_result result = WHERE_SKIP;
  char *text = NULL, *name;
  if (!can_push(c, op)) return WHERE_SKIP;
  p.out = sqlite3_str_new(NULL);
  tsql_identifier(p.out, c->source, e);
  p.name = name = tsql_finish(p.out, e);
  if (!name) return WHERE_SKIP;
  p.out = sqlite3_str_new(NULL);
  if (op == WHERE_ISNULL || op == WHERE_NOTNULL)
    result = null_test(&p, op);
  else if (n_values == 1)
    result = compare(&p, op, &values[0]);
  else if (op == WHERE_EQ && n_values > 1)
    result = list(&p, values, n_values);
  text = sqlite3_str_finish(p.out);
  if (e->code || !text) result = WHERE_SKIP;
  if (result != WHERE_SKIP) sqlite3_str_appendf(out, "(%s)", text);
  sqlite3_free(text);
  sqlite3_free(name);
  return result;
}
