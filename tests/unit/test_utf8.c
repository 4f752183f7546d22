/*
** What is UTF-8, and where it may be cut.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/utf8.h"
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* In memory that ends where the text ends. */
static size_t valid(const char *text, size_t n) {
  char *copy = malloc(n ? n : 1);
  size_t result;
  assert_non_null(copy);
  memcpy(copy, text, n);
  result = utf8_valid(copy, n);
  free(copy);
  return result;
}

static void test_utf8__is_valid_up_to_the_first_bad_byte(void **state) {
  static const char *const bad[] = {
      "\x80",         "\xbf",         "\xc0\x80",     "\xc1\xbf",
      "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
      "\xf4\x90\x80", "\xf5\x80\x80", "\xff",         "\xc3",
      "\xe2\x82",     "\xf0\x9f\x9a", "\xc3(",        "\xe2\x82("};
  char text[64];
  (void)state;
  for (size_t at = 0; at < 40; at++) {
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
      memcpy(text + at, bad[i], strlen(bad[i]));
      assert_int_equal(valid(text, at + strlen(bad[i])), at);
      assert_int_equal(valid(text, sizeof text), at);
      memset(text, 'a', sizeof text);
    }
    assert_int_equal(valid(text, at), at);
  }
}

static void test_utf8__one_high_byte_is_no_ascii(void **state) {
  (void)state;
  for (size_t n = 0; n < 40; n++) {
    char *text = malloc(n ? n : 1);
    assert_non_null(text);
    memset(text, 0x7f, n);
    assert_true(ascii_all(text, n));
    for (size_t at = 0; at < n; at++) {
      text[at] = '\x80';
      assert_false(ascii_all(text, n));
      text[at] = '\0';
    }
    assert_true(ascii_all(text, n));
    free(text);
  }
}

static void test_utf8__every_character_is_valid(void **state) {
  static const char *const good[] = {
      "",         "\x01",         "\x7f",         "\xc2\x80",
      "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
      "\xef\xbf", "\xf0\x90\x80", "\xf4\x8f\xbf"};
  char text[64];
  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    size_t n = strlen(good[i]);
    for (size_t at = 0; at < 40; at++) {
      memset(text, 'a', sizeof text);
      memcpy(text + at, good[i], n);
      /* the last ones lack a byte */
      if (i >= 8) text[at + n] = '\xbf';
      assert_int_equal(valid(text, sizeof text), sizeof text);
    }
  }
  assert_int_equal(valid("a\0b", 3), 3);
}

static void test_utf8__cuts_between_characters(void **state) {
  static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x80z";
  static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
  (void)state;
  for (size_t i = 0; i < sizeof text; i++)
    assert_int_equal(utf8_cut(text, i), cuts[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_utf8__is_valid_up_to_the_first_bad_byte),
      cmocka_unit_test(test_utf8__one_high_byte_is_no_ascii),
      cmocka_unit_test(test_utf8__every_character_is_valid),
      cmocka_unit_test(test_utf8__cuts_between_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
