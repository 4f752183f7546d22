/*
** Writes JSON; SQLite reads it.
*/
#include "value/json.h"

#include "base/utf8.h"
#include "value/number.h"

#include <string.h>

static void append_text(sqlite3_str *out, const char *bytes, size_t n) {
  size_t done = 0;
  sqlite3_str_appendchar(out, 1, '"');
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (c >= ' ' && c != '"' && c != '\\') continue;
    sqlite3_str_append(out, bytes + done, (int)(i - done));
    if (c < ' ')
      sqlite3_str_appendf(out, "\\u%04x", c);
    else
      sqlite3_str_appendf(out, "\\%c", c);
    done = i + 1;
  }
  sqlite3_str_append(out, bytes + done, (int)(n - done));
  sqlite3_str_appendchar(out, 1, '"');
}

static void append_hex(sqlite3_str *out, const char *what,
                       const struct cell *cell) {
  static const char digits[] = "0123456789abcdef";
  sqlite3_str_appendf(out, "{\"%s\":\"", what);
  for (int i = 0; i < cell->n_bytes; i++) {
    unsigned char byte = (unsigned char)cell->bytes[i];
    char pair[2] = {digits[byte >> 4], digits[byte & 15]};
    sqlite3_str_append(out, pair, 2);
  }
  sqlite3_str_appendall(out, "\"}");
}

static void append_real(sqlite3_str *out, double real) {
  char text[32];
  int n;
  if (real - real != 0) { /* SQLite has no NaN */
    sqlite3_str_appendall(out, real < 0 ? "-9e999" : "9e999");
  } else {
    n = real_format(real, text);
    sqlite3_str_append(out, text, n);
    if (!memchr(text, '.', (size_t)n) && !memchr(text, 'e', (size_t)n)) {
      sqlite3_str_appendall(out, ".0");
    }
  }
}

void json_cell(sqlite3_str *out, const struct cell *cell) {
  size_t n = (size_t)cell->n_bytes;
  switch (cell->type) {
  case SQLITE_INTEGER:
    sqlite3_str_appendf(out, "%lld", (long long)cell->integer);
    break;
  case SQLITE_FLOAT:
    append_real(out, cell->real);
    break;
  case SQLITE_TEXT:
    if (n == 0)
      sqlite3_str_appendall(out, "\"\"");
    else if (memchr(cell->bytes, 0, n) || utf8_valid(cell->bytes, n) != n)
      append_hex(out, "text", cell);
    else
      append_text(out, cell->bytes, n);
    break;
  case SQLITE_BLOB:
    append_hex(out, "blob", cell);
    break;
  default:
    sqlite3_str_appendall(out, "null");
    break;
  }
}

void json_text(sqlite3_str *out, const char *text) {
  append_text(out, text, strlen(text));
}

void json_name(sqlite3_str *out, const char *name) {
  json_text(out, name);
  sqlite3_str_appendchar(out, 1, ':');
}
