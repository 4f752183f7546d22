/*
** Values, columns, and what is expected to be printed of them.
*/
#include "where_fixture.h"

#include "value/text.h"

#include <string.h>

struct cell integer(sqlite3_int64 v) {
  struct cell c = {.type = SQLITE_INTEGER, .integer = v};
  return c;
}

struct cell real(double v) {
  struct cell c = {.type = SQLITE_FLOAT, .real = v};
  return c;
}

struct cell text(const char *v) {
  struct cell c = {.type = SQLITE_TEXT};
  c.bytes = v;
  c.n_bytes = (int)strlen(v);
  return c;
}

struct cell blob(const char *v, int n) {
  struct cell c = {.type = SQLITE_BLOB};
  c.bytes = v;
  c.n_bytes = n;
  return c;
}

struct where_column column(enum remote_type type, enum value_kind kind) {
  struct where_column c = {.source = "c", .type = type, .kind = kind};
  c.affinity = where_affinity(value_kind_decl(kind, type));
  if (type == REMOTE_MONEY || type == REMOTE_SMALLMONEY) {
    c.precision = type == REMOTE_MONEY ? 19 : 10;
    c.scale = 4;
  }
  if (type == REMOTE_DATETIME) c.scale = 3;
  return c;
}

struct where_column scaled(enum remote_type type, enum value_kind kind,
                           int precision, int scale) {
  struct where_column c = column(type, kind);
  c.precision = precision;
  c.scale = scale;
  return c;
}

void prints_list(struct where_column c, enum where_op op,
                 const struct cell *values, int n, enum where_result result,
                 const char *expected) {
  struct err e = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  enum where_result got = tsql_where(out, &c, op, values, n, &e);
  char *printed = sqlite3_str_finish(out);
  assert_int_equal(e.code, ERR_NONE);
  if (expected) {
    assert_non_null(printed);
    assert_string_equal(printed, expected);
  } else {
    assert_null(printed);
  }
  assert_int_equal(got, result);
  sqlite3_free(printed);
}

void prints(struct where_column c, enum where_op op, struct cell v,
            enum where_result result, const char *expected) {
  prints_list(c, op, &v, 1, result, expected);
}

void prints_test(struct where_column c, enum where_op op,
                 enum where_result result, const char *expected) {
  prints_list(c, op, NULL, 0, result, expected);
}

/* " OR [c] LIKE N'<space>%after'" for each character that text_trim() takes. */
static void append_spaces(sqlite3_str *out, const char *prefix,
                          const char *after) {
  for (unsigned c = 1; c < 0xFFFF; c++) {
    char text[4];
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
    if (n == 1) text[0] = (char)c;
    if (n == 2) text[0] = (char)(0xC0 | c >> 6);
    if (n == 3) {
      text[0] = (char)(0xE0 | c >> 12);
      text[1] = (char)(0x80 | (c >> 6 & 63));
    }
    if (n > 1) text[n - 1] = (char)(0x80 | (c & 63));
    const unsigned char *left = (const unsigned char *)text;
    int n_left = n;
    text_trim(&left, &n_left);
    if (n_left > 0) continue;
    sqlite3_str_appendf(out, " OR [c] LIKE %s'%.*s%%%s'", prefix, n, text,
                        after);
  }
}

void prints_spaces(struct where_column c, enum where_op op,
                   const struct cell *values, int n, const char *head,
                   const char *after) {
  sqlite3_str *expected = sqlite3_str_new(NULL);
  char *want;
  sqlite3_str_appendf(expected, "(%s", head);
  append_spaces(expected, c.is_ansi ? "" : "N", after);
  sqlite3_str_appendchar(expected, 1, ')');
  want = sqlite3_str_finish(expected);
  prints_list(c, op, values, n, WHERE_WIDE, want);
  sqlite3_free(want);
}
