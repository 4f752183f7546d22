/*
** Names of local columns.
*/
#include "source/naming.h"

#include "base/utf8.h"

#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3

#include <string.h>

static int is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
static int is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
static int is_word(char c) {
  return ascii_is_alnum(c) || (c & 0x80);
}

/* Whether a new word starts at name[i]: at a capital after a small letter or
** a digit, unless it is the word's last letter (the M of "UoM"), and at the
** last capital of a run before a small letter (the N of "custPONum"). */
static int word_starts(const char *name, size_t i) {
  char next = name[i + 1];
  if (i == 0 || !is_upper(name[i])) return 0;
  if (is_upper(name[i - 1])) return is_lower(next);
  return is_word(name[i - 1]) && is_word(next);
}

static char *snake_case(const char *name) {
  size_t n = strlen(name), n_out = 0;
  char *out = sqlite3_malloc64(2 * n + 2);
  if (!out) return NULL;
  for (size_t i = 0; i < n; i++) {
    if (!is_word(name[i]) || word_starts(name, i)) {
      if (n_out > 0 && out[n_out - 1] != '_') out[n_out++] = '_';
    }
    if (is_word(name[i])) {
      int c = is_upper(name[i]) ? name[i] - 'A' + 'a' : name[i];
      out[n_out++] = (char)c;
    }
  }
  while (n_out > 0 && out[n_out - 1] == '_') n_out--;
  out[n_out] = 0;
  return out;
}

char *naming_target(const char *source, int position, int n) {
  char *base = snake_case(source), *name = NULL;
  if (base && !*base) {
    sqlite3_free(base);
    base = sqlite3_mprintf("column_%d", position);
  }
  if (!base || n == 1) return base;
  name = sqlite3_mprintf("%s_%d", base, n);
  sqlite3_free(base);
  return name;
}
