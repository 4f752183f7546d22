/*
** Text as SQL Server's columns hold it.
**
**   SELECT cust_name FROM ordersync;   -- trimmed; blank is NULL
*/
#include "value/text.h"

#include "base/utf8.h"

#include <string.h>
#include <strings.h>

/*
** The bytes of the White_Space character that p begins with; 0 if there is
** none. The set is Unicode's PropList.txt: U+0009..000D, 0020, 0085, 00A0,
** 1680, 2000..200A, 2028, 2029, 202F, 205F, 3000.
*/
static int space_at(const unsigned char *p, int n) {
  if (n >= 1 && (p[0] == ' ' || (p[0] >= '\t' && p[0] <= '\r'))) return 1;
  if (n >= 2 && p[0] == 0xc2) return p[1] == 0x85 || p[1] == 0xa0 ? 2 : 0;
  if (n < 3) return 0;
  unsigned c = p[0] * 0x10000U + p[1] * 0x100U + p[2];
  return c == 0xe19a80 || (c >= 0xe28080 && c <= 0xe2808a) || c == 0xe280a8 ||
                 c == 0xe280a9 || c == 0xe280af || c == 0xe2819f ||
                 c == 0xe38080
             ? 3
             : 0;
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
        strncasecmp((const char *)text, word, (size_t)n) == 0)
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
    int high = ascii_hex((char)*text++);
    int low = ascii_hex((char)*text++);
    if (high < 0 || low < 0) return 0;
    wire[guid_order[i]] = (unsigned char)(high << 4 | low);
  }
  return 1;
}
