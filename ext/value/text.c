/*
** Text as SQL Server's columns hold it.
**
**   SELECT cust_name FROM ordersync;   -- trimmed; blank is NULL
*/
#include "value/text.h"

#include "base/err.h"
#include "base/utf8.h"

#include <string.h>

const char text_spaces[TEXT_SPACES][4] = {
    "\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\xc2\x85",
    "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
    "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028",
    "\u2029", "\u202f", "\u205f", "\u3000"};

/* The bytes of the white space that p begins with; 0 if there is none. */
static int space_at(const unsigned char *p, int n) {
  if (n >= 1 && ascii_is_space((char)p[0])) return 1;
  /* most characters begin with other bytes than the rest of them */
  if (n < 2 || (p[0] != 0xc2 && (p[0] < 0xe1 || p[0] > 0xe3))) return 0;
  for (int i = 0; i < TEXT_SPACES; i++) {
    const char *space = text_spaces[i];
    int length = space[2] ? 3 : 2;
    if (length <= n && memcmp(p, space, (size_t)length) == 0) return length;
  }
  return 0;
}

/* The same before p + n. No such character ends like another. */
static int space_before(const unsigned char *p, int n) {
  for (int length = 1; length <= 3 && length <= n; length++)
    if (space_at(p + n - length, length) == length) return length;
  return 0;
}

void text_trim(const unsigned char **text, int *n) {
  int length;
  while ((length = space_at(*text, *n)) > 0) {
    *text += length;
    *n -= length;
  }
  while ((length = space_before(*text, *n)) > 0) *n -= length;
}

int text_boolean(const unsigned char *text, int n) {
  static const struct {
    char word[6];
    signed char meaning;
  } words[] = {{"1", 1},  {"0", 0},   {"true", 1}, {"false", 0}, {"yes", 1},
               {"no", 0}, {"y", 1},   {"n", 0},    {"t", 1},     {"f", 0},
               {"on", 1}, {"off", 0}, {"x", 1}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    const char *word = words[i].word;
    if ((size_t)n == strlen(word) &&
        sqlite3_strnicmp((const char *)text, word, n) == 0)
      return words[i].meaning;
  }
  return -1;
}

/* Which byte of the wire comes next in the text. */
static const unsigned char guid_order[GUID_BYTES] = {
    3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

static int dash_before(int i) {
  return i == 4 || i == 6 || i == 8 || i == 10;
}

void guid_format(const unsigned char *wire, char *out) {
  static const char hex[] = "0123456789ABCDEF";
  for (int i = 0; i < GUID_BYTES; i++) {
    unsigned char byte = wire[guid_order[i]];
    if (dash_before(i)) *out++ = '-';
    *out++ = hex[byte >> 4];
    *out++ = hex[byte & 15];
  }
}

int guid_from_text(const unsigned char *text, int n, unsigned char *wire) {
  if (n == GUID_TEXT + 2 && text[0] == '{' && text[n - 1] == '}') {
    text++;
    n -= 2;
  }
  if (n != GUID_TEXT) return 0;
  for (int i = 0; i < GUID_BYTES; i++) {
    if (dash_before(i) && *text++ != '-') return 0;
    int byte = ascii_hex_byte((const char *)text);
    if (byte < 0) return 0;
    wire[guid_order[i]] = (unsigned char)byte;
    text += 2;
  }
  return 1;
}
