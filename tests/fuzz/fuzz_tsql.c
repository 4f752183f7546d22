/*
** Names, sources, texts and conditions as T-SQL: no text leaves its quotes.
**
**   byte 0       what to print: a name, a source, a text, a condition
**   bytes 1..6   of a condition: type, kind, operator, precision, scale, class
**   bytes 7..14  integer, and the bits of the double
**   the rest     the text, in memory that ends where it ends
*/
#include "tsql/where.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 15

/* Stops the fuzzer, in builds without assert() too. */
static void require(int truth) {
  if (!truth) abort();
}

/* Passes over what is quoted; returns its end. A quote inside is doubled. */
static const char *skip_quoted(const char *at, char close) {
  for (at++; *at && (*at != close || at[1] == close); at++) {
    if (*at == close) at++;
    require(strncmp(at, "\\\n", 2) != 0 && strncmp(at, "\\\r\n", 3) != 0);
  }
  require(*at == close);
  return at + 1;
}

/* Quotes, brackets and parentheses match, and outside of quotes there is
** nothing but what our own words and numbers are made of. */
static void check_tokens(const char *sql) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstu"
                              "vwxyz0123456789_ .,+-*=<>()\n;";
  int depth = 0;
  while (*sql) {
    if (*sql == '\'' || *sql == '[') {
      sql = skip_quoted(sql, *sql == '[' ? ']' : '\'');
      continue;
    }
    require(strchr(plain, *sql) != NULL);
    require(!(sql[0] == '-' && sql[1] == '-'));
    require(*sql != ';');
    depth += (*sql == '(') - (*sql == ')');
    require(depth >= 0);
    sql++;
  }
  require(depth == 0);
}

/* The text between N' and ' is the text. */
static void check_string(const char *sql, const char *text, size_t n) {
  const char *at = sql + 2;
  require(strncmp(sql, "N'", 2) == 0);
  for (size_t i = 0; i < n; i++) {
    if (i > 0 && text[i - 1] == '\\' && strncmp(at, "' + N'", 6) == 0) at += 6;
    require(*at == text[i]);
    at += *at == '\'' ? 2 : 1;
  }
  require(strcmp(at, "'") == 0);
}

static void fuzz_string(const char *text, size_t n) {
  struct err e = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  char *sql;
  tsql_string(out, "N", text, (int)n, &e);
  sql = sqlite3_str_finish(out);
  if (!e.code) {
    require(memchr(text, 0, n) == NULL);
    check_tokens(sql);
    check_string(sql, text, n);
  }
  sqlite3_free(sql);
}

static void fuzz_name(const char *text) {
  struct err e = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  char *sql;
  tsql_identifier(out, text, &e);
  sql = sqlite3_str_finish(out);
  if (!e.code) check_tokens(sql);
  sqlite3_free(sql);
}

/* A query is T-SQL by purpose; a name is not. */
static void fuzz_source(const char *text) {
  struct err e = {0};
  char *sql = tsql_discover(text, &e);
  require((sql != NULL) == (e.code == ERR_NONE));
  if (sql && !strstr(sql, ") AS [q]")) check_tokens(sql);
  sqlite3_free(sql);
}

static void fuzz_condition(const uint8_t *head, const char *text, size_t n) {
  struct where_column c = {.source = "a]b'c"};
  struct cell values[3] = {{0}, {0}, {0}};
  struct err e = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  int n_values = 1 + head[0] % 3;
  enum where_op op = (enum where_op)(head[2] % 7);
  enum where_result result;
  char *sql;
  c.type = (enum remote_type)(head[0] % (REMOTE_UDT + 1));
  c.kind = (enum value_kind)(head[1] % KIND_COUNT);
  c.precision = 1 + head[3] % 38;
  c.scale = head[4] % (c.precision + 1);
  c.is_ansi = head[3] >> 7;
  c.affinity = where_affinity(value_kind_decl(c.kind, c.type));
  for (int i = 0; i < 3; i++) {
    static const int classes[] = {SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT,
                                  SQLITE_BLOB};
    struct cell *v = &values[i];
    v->type = classes[(head[5] >> (2 * i)) & 3];
    memcpy(&v->integer, head + 6, sizeof v->integer);
    memcpy(&v->real, head + 6, sizeof v->real);
    if (v->real != v->real) v->real = 0; /* SQLite has no NaN */
    v->bytes = text;
    v->n_bytes = (int)n;
    if (i == 1) v->n_bytes /= 2;
  }
  if (op == WHERE_ISNULL || op == WHERE_NOTNULL) n_values = 0;
  if (op != WHERE_EQ && n_values > 1) n_values = 1;
  result = tsql_where(out, &c, op, values, n_values, &e);
  sql = sqlite3_str_finish(out);
  require(e.code == ERR_NONE);
  require((sql != NULL) == (result != WHERE_SKIP));
  if (sql) check_tokens(sql);
  sqlite3_free(sql);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  size_t n;
  char *text;
  if (size < HEAD) return 0;
  n = size - HEAD;
  text = malloc(n + 1);
  if (!text) return 0;
  memcpy(text, data + HEAD, n);
  text[n] = 0;
  switch (data[0] % 4) {
  case 0:
    fuzz_string(text, n);
    break;
  case 1:
    fuzz_name(text);
    break;
  case 2:
    fuzz_source(text);
    break;
  default:
    fuzz_condition(data + 1, text, n);
    break;
  }
  free(text);
  return 0;
}
