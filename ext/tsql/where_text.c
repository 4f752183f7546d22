/*
** Comparisons with text, as T-SQL: never narrower than BINARY equality after
** the mapping's conversion, under any collation of the server.
*/
#include "tsql/where_local.h"

#include "value/number.h"
#include "value/text.h"

#include <string.h>

/* ---- text -------------------------------------------------------------- */

/* 1 for text that can stand in N'': valid UTF-8, no NUL, not too long. */
int where_is_quotable(const struct cell *v) {
  struct err e = {0};
  sqlite3_str *scratch;
  if (v->type != SQLITE_TEXT || v->n_bytes > TEXT_MOST) return 0;
  scratch = sqlite3_str_new(NULL);
  tsql_string(scratch, v->bytes, v->n_bytes, &e);
  sqlite3_free(sqlite3_str_finish(scratch));
  return e.code == ERR_NONE;
}

/* The text as it stands inside a LIKE pattern inside quotes. */
static void append_pattern(sqlite3_str *out, const char *text, int n) {
  for (int i = 0; i < n; i++) {
    char c = text[i];
    if (c == '[' || c == '%' || c == '_') {
      sqlite3_str_appendf(out, "[%c]", c);
    } else {
      sqlite3_str_appendchar(out, c == '\'' ? 2 : 1, c);
    }
  }
}

/* Patterns are compared by code point: no linguistic rule of the column's
** collation can then miss a character. */
static void append_like(struct printer *p, const char *before,
                        const struct cell *v, const char *after) {
  sqlite3_str_appendf(
      p->out, "CAST(%s AS nvarchar(max)) COLLATE Latin1_General_BIN2 LIKE N'%s",
      p->name, before);
  append_pattern(p->out, v->bytes, v->n_bytes);
  sqlite3_str_appendf(p->out, "%s'", after);
}

/* What is trimmed is white space; whatever is no visible ASCII might be. */
static enum where_result trimmed_text(struct printer *p, const struct cell *v) {
  struct cell inner = *v;
  const unsigned char *text = (const unsigned char *)v->bytes;
  int n = v->n_bytes;
  text_trim(&text, &n);
  if (n == 0 || n != v->n_bytes) return WHERE_SKIP; /* never equal */
  sqlite3_str_appendf(p->out, "%s = ", p->name);
  tsql_string(p->out, v->bytes, v->n_bytes, p->e);
  sqlite3_str_appendall(p->out, " OR ");
  append_like(p, "[^!-~]%", &inner, "%");
  sqlite3_str_appendall(p->out, " OR ");
  append_like(p, "", &inner, "[^!-~]%");
  return WHERE_WIDE;
}

/* Text that becomes a number or a date has these characters in a row. */
static enum where_result parsed_text(struct printer *p, const struct cell *v) {
  struct cell part = {.type = SQLITE_TEXT};
  char digits[24];
  struct instant t;
  if (p->c->kind == KIND_INTEGER) {
    sqlite3_int64 integer = v->integer;
    if (v->type == SQLITE_FLOAT && !integer_from_real(v->real, &integer)) {
      return WHERE_SKIP;
    }
    if (!is_number(v)) return WHERE_SKIP;
    part.n_bytes = integer_format(integer, digits);
    part.bytes = digits;
    if (digits[0] == '-') {
      part.bytes++;
      part.n_bytes--;
    }
    append_like(p, "%", &part, "%");
    return WHERE_WIDE;
  }
  if (p->c->kind == KIND_DATE && where_read_instant(v, &t) && t.exact) {
    part.bytes = v->bytes;
    part.n_bytes = 10;
    append_like(p, "%", &part, "%");
    memcpy(digits, v->bytes, 4);
    memcpy(digits + 4, v->bytes + 5, 2);
    memcpy(digits + 6, v->bytes + 8, 2);
    part.bytes = digits;
    part.n_bytes = 8;
    sqlite3_str_appendall(p->out, " OR ");
    append_like(p, "%", &part, "%");
    return WHERE_WIDE;
  }
  return WHERE_SKIP;
}

enum where_result where_string(struct printer *p, enum where_op op,
                               const struct cell *v) {
  if (op != WHERE_EQ) return WHERE_SKIP;
  if (p->c->kind != KIND_RAW && p->c->kind != KIND_TEXT &&
      p->c->kind != KIND_STRING) {
    return parsed_text(p, v);
  }
  if (!where_is_quotable(v)) return WHERE_SKIP;
  if (p->c->kind == KIND_STRING) return trimmed_text(p, v);
  sqlite3_str_appendf(p->out, "%s = ", p->name);
  tsql_string(p->out, v->bytes, v->n_bytes, p->e);
  return WHERE_WIDE;
}
