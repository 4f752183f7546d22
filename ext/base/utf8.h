/*
** UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing beyond
** U+10FFFF.
*/
#ifndef ORDERSYNC_UTF8_H
#define ORDERSYNC_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How many bytes the character at text takes, where n_bytes are left; 0 when it
** is malformed or cut off. */
int utf8_length(const char *text, size_t n_bytes);

/* How many bytes from the beginning of text are valid UTF-8: n_bytes where all
** of them are. */
size_t utf8_valid(const char *text, size_t n_bytes);

/* The greatest length, at most limit bytes, to which text can be cut without
** splitting a character. */
size_t utf8_cut(const char *text, size_t limit);

/* The UTF-16 units that the text takes; -1 when it is not UTF-8. */
int utf8_units(const char *text, size_t n_bytes);

/* Whether all bytes are ASCII, eight at a time, the last of which may overlap.
** Inline: it is asked for each cell, and most are short. */
static inline int ascii_all(const char *text, size_t n_bytes) {
  const uint64_t not_ascii = 0x8080808080808080U;
  uint64_t word = 0, seen = 0;
  if (n_bytes >= sizeof word) {
    for (size_t i = 0; n_bytes - i > sizeof word; i += sizeof word) {
      memcpy(&word, text + i, sizeof word);
      seen |= word;
    }
    memcpy(&word, text + n_bytes - sizeof word, sizeof word);
  } else if (n_bytes >= 4) {
    uint32_t ends[2];
    memcpy(&ends[0], text, 4);
    memcpy(&ends[1], text + n_bytes - 4, 4);
    word = ends[0] | ends[1];
  } else if (n_bytes > 0) {
    word = (unsigned char)(text[0] | text[n_bytes / 2] | text[n_bytes - 1]);
  }
  return ((seen | word) & not_ascii) == 0;
}

/* ASCII, whatever the host's locale makes of it: in Turkish, toupper('i') is no
** I. */
static inline char ascii_upper(char c) {
  if (c >= 'a' && c <= 'z') return (char)(c - 'a' + 'A');
  return c;
}

static inline int ascii_is_alnum(char c) {
  return (c >= '0' && c <= '9') ||
         (ascii_upper(c) >= 'A' && ascii_upper(c) <= 'Z');
}

static inline int ascii_is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What counts as a blank in configuration and between words of T-SQL. */
#define ASCII_BLANKS " \t\r\n"

/* Whether text is NULL, empty or nothing but blanks. */
static inline int ascii_is_blank(const char *text) {
  return !text || text[strspn(text, ASCII_BLANKS)] == 0;
}

/* The value of a hexadecimal digit, or -1. */
static inline int ascii_hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = ascii_upper(c);
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that two such digits spell, or -1. */
static inline int ascii_hex_byte(const char *digits) {
  int high = ascii_hex(digits[0]);
  int low = high < 0 ? -1 : ascii_hex(digits[1]);
  return low < 0 ? -1 : high << 4 | low;
}

#endif
