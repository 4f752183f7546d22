/*
** Reading UTF-8.
*/
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

int utf8_length(const char *text, size_t n_bytes) {
  const unsigned char *at = (const unsigned char *)text;
  unsigned char c = n_bytes ? at[0] : 0xFF;
  unsigned low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
  unsigned high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
  size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
  if (n == 1) return 1;
  if (c < 0xC2 || c > 0xF4 || n > n_bytes) return 0;
  if (at[1] < low || at[1] > high) return 0;
  for (size_t i = 2; i < n; i++) {
    if ((at[i] & 0xC0) != 0x80) return 0;
  }
  return (int)n;
}

static int is_ascii_word(const char *text) {
  uint64_t word;
  memcpy(&word, text, sizeof word);
  return (word & 0x8080808080808080U) == 0;
}

/* So many of the bytes, at least, are ASCII. Behind whole words the end is
** looked at as one, too, which overlaps. */
static size_t skip_ascii(const char *text, size_t n) {
  const size_t step = sizeof(uint64_t);
  size_t i = 0;
  for (; n - i >= step; i += step) {
    if (!is_ascii_word(text + i)) return i;
  }
  if (i > 0 && is_ascii_word(text + n - step)) return n;
  while (i < n && (unsigned char)text[i] < 0x80) i++;
  return i;
}

size_t utf8_valid(const char *text, size_t n_bytes) {
  size_t i = skip_ascii(text, n_bytes);
  while (i < n_bytes) {
    int n = utf8_length(text + i, n_bytes - i);
    if (n == 0) break;
    i += (size_t)n;
    i += skip_ascii(text + i, n_bytes - i);
  }
  return i;
}

size_t utf8_cut(const char *text, size_t limit) {
  while (limit > 0 && ((unsigned char)text[limit] & 0xC0) == 0x80) limit--;
  return limit;
}

int utf8_units(const char *text, size_t n_bytes) {
  int units = 0;
  for (size_t i = 0; i < n_bytes;) {
    int n = utf8_length(text + i, n_bytes - i);
    if (n == 0) return -1;
    units += n == 4 ? 2 : 1;
    i += (size_t)n;
  }
  return units;
}
