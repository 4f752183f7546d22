/*
** Which conditions may go to the server, and how they read there.
**
** By the remote type's class and the kind:
**
**   whole numbers     [c] = 5, [c] <= 4, [c] IN (1, 2): the same meaning
**   decimal, float    [c] BETWEEN lo AND hi, widened by more than a double's
**                     rounding; decimals of more than 15 digits are TEXT in
**                     SQLite and sort after every number, so > and >= include
**                     whatever may be one
**   date and time     [c] >= '2025-01-01': the bytes of canonical text sort by
**                     time, so a right side that begins with a date bounds it
**   text              [c] = N'x', never narrower than BINARY equality; a
**                     trimmed kind also asks for x between white space
**   guid, binary      [c] = '...', [c] = 0x...
**
** Number and text in one comparison depend on the affinity of both sides, and
** only the column's is known here: such pairs are not printed unless SQLite
** has converted the value already.
*/
#include "tsql/where_local.h"

#include "value/number.h"
#include "value/text.h"
#include "value/time.h"

#include <stdint.h>
#include <string.h>

/* An IN list of more is replaced by its range, or not printed. */
#define LIST_MOST      2000
#define LIST_MOST_OR   100 /* of conditions of their own, joined by OR */
#define LIST_MOST_TRIM 10  /* of trimmed texts, which are three each */

char where_affinity(const char *decl) {
  switch (decl[0]) {
  case 'T':
  case 'I':
  case 'R':
    return decl[0];
  default:
    return 'B';
  }
}

/* ---- the rest ---------------------------------------------------------- */

static enum where_result guid(struct printer *p, enum where_op op,
                              const struct cell *v) {
  unsigned char wire[GUID_BYTES];
  char text[GUID_TEXT];
  if (op != WHERE_EQ || p->c->kind == KIND_BLOB || v->type != SQLITE_TEXT ||
      !guid_from_text((const unsigned char *)v->bytes, v->n_bytes, wire)) {
    return WHERE_SKIP;
  }
  guid_format(wire, text);
  sqlite3_str_appendf(p->out, "%s = '%.*s'", p->name, GUID_TEXT, text);
  return WHERE_WIDE;
}

static enum where_result binary(struct printer *p, enum where_op op,
                                const struct cell *v) {
  if (op != WHERE_EQ || v->type != SQLITE_BLOB || v->n_bytes > TEXT_MOST ||
      (p->c->kind != KIND_RAW && p->c->kind != KIND_BLOB)) {
    return WHERE_SKIP;
  }
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
  if (type == REMOTE_STRING) return where_string(p, op, v);
  if (type == REMOTE_GUID) return guid(p, op, v);
  if (type == REMOTE_BINARY) return binary(p, op, v);
  return WHERE_SKIP;
}

/* ---- NULL tests -------------------------------------------------------- */

/* 1 when the conversion makes NULL of NULL only. */
static int keeps_null(const struct where_column *c) {
  enum remote_type t = c->type;
  if (t == REMOTE_UNKNOWN || t == REMOTE_VARIANT ||
      t == REMOTE_DATETIMEOFFSET) {
    return 0;
  }
  switch (c->kind) {
  case KIND_RAW:
    return 1;
  case KIND_INTEGER:
    return is_whole_type(t);
  case KIND_DECIMAL:
    return is_whole_type(t) || is_decimal_type(t);
  case KIND_REAL:
    return is_whole_type(t) || is_decimal_type(t) || is_float_type(t);
  case KIND_BOOLEAN:
    return t == REMOTE_BIT;
  case KIND_STRING:
  case KIND_TEXT:
    return t != REMOTE_STRING && t != REMOTE_LONGTEXT;
  case KIND_DATE:
  case KIND_DATETIME:
    return is_date_type(t);
  case KIND_TIME:
    return t == REMOTE_TIME || (is_date_type(t) && t != REMOTE_DATE);
  case KIND_BLOB:
    return t == REMOTE_BINARY || t == REMOTE_IMAGE || t == REMOTE_UDT;
  case KIND_GUID:
    return t == REMOTE_GUID;
  default:
    return 0;
  }
}

static enum where_result null_test(struct printer *p, enum where_op op) {
  int exact = keeps_null(p->c);
  if (p->c->type == REMOTE_UNKNOWN) return WHERE_SKIP;
  if (op == WHERE_NOTNULL) {
    sqlite3_str_appendf(p->out, "%s IS NOT NULL", p->name);
    return exact ? WHERE_EXACT : WHERE_WIDE;
  }
  if (exact) {
    sqlite3_str_appendf(p->out, "%s IS NULL", p->name);
    return WHERE_EXACT;
  }
  if (p->c->type != REMOTE_STRING || !is_text_kind(p->c->kind)) {
    return WHERE_SKIP;
  }
  /* Blank is what has no visible character; these may all be white space. */
  sqlite3_str_appendf(p->out,
                      "%s IS NULL OR CAST(%s AS nvarchar(max)) COLLATE "
                      "Latin1_General_BIN2 NOT LIKE N'%%[!-~]%%'",
                      p->name, p->name);
  return WHERE_WIDE;
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

static enum where_result text_list(struct printer *p, const struct cell *values,
                                   int n) {
  if (n > LIST_MOST) return WHERE_SKIP;
  for (int i = 0; i < n; i++) {
    if (!where_is_quotable(&values[i])) return WHERE_SKIP;
  }
  sqlite3_str_appendf(p->out, "%s IN (", p->name);
  for (int i = 0; i < n; i++) {
    if (i) sqlite3_str_appendall(p->out, ", ");
    tsql_string(p->out, values[i].bytes, values[i].n_bytes, p->e);
  }
  sqlite3_str_appendchar(p->out, 1, ')');
  return WHERE_WIDE;
}

/* A long list of trimmed texts: one IN, and every value that has something to
** be trimmed, whatever it is. Blanks at the end need no mention: the server's
** = ignores them, and a fixed-length char has them in every row. */
static enum where_result trimmed_list(struct printer *p,
                                      const struct cell *values, int n) {
  static const char like[] = "COLLATE Latin1_General_BIN2 LIKE N'";
  if (text_list(p, values, n) == WHERE_SKIP) return WHERE_SKIP;
  sqlite3_str_appendf(p->out, " OR CAST(%s AS nvarchar(max)) %s[^!-~]%%'",
                      p->name, like);
  sqlite3_str_appendf(p->out,
                      " OR RTRIM(CAST(%s AS nvarchar(max))) %s%%[^!-~]'",
                      p->name, like);
  return WHERE_WIDE;
}

static enum where_result list(struct printer *p, const struct cell *values,
                              int n) {
  enum value_kind kind = p->c->kind;
  if (is_whole_type(p->c->type) &&
      (kind == KIND_INTEGER || kind == KIND_RAW || kind == KIND_DECIMAL)) {
    return whole_list(p, values, n);
  }
  if (p->c->type == REMOTE_STRING && (kind == KIND_RAW || kind == KIND_TEXT)) {
    return text_list(p, values, n);
  }
  if (p->c->type == REMOTE_STRING && kind == KIND_STRING &&
      n > LIST_MOST_TRIM) {
    return trimmed_list(p, values, n);
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
  sqlite3_str *name = sqlite3_str_new(NULL);
  enum where_result result = WHERE_SKIP;
  char *text;
  tsql_identifier(name, c->source, e);
  p.name = sqlite3_str_finish(name);
  p.out = sqlite3_str_new(NULL);
  if (e->code || !p.name) goto done;
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
  sqlite3_free(p.name);
  return result;
}

int tsql_sorts_alike(const struct where_column *c) {
  if (!keeps_null(c)) return 0;
  if (is_whole_type(c->type)) {
    return c->kind == KIND_RAW || c->kind == KIND_INTEGER ||
           c->kind == KIND_DECIMAL || c->kind == KIND_BOOLEAN;
  }
  if (is_decimal_type(c->type)) {
    return decimal_is_number(c) &&
           (c->kind == KIND_RAW || c->kind == KIND_DECIMAL);
  }
  if (is_date_type(c->type)) {
    return c->kind == KIND_RAW || c->kind == KIND_STRING ||
           c->kind == KIND_TEXT || c->kind == KIND_DATETIME ||
           (c->kind == KIND_DATE && c->type == REMOTE_DATE);
  }
  return 0;
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
