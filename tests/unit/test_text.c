/*
** The iconv of FreeTDS against the C library's: every unit, every pair of
** surrogates, every byte of every code page, every cut of the input and every
** size of the output.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "mssql/text.h"
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

typedef size_t convert(iconv_t, char **, size_t *, char **, size_t *);

/* What one call made of an input. */
struct result {
  size_t rc;
  int error;
  size_t used, made;
  char out[4096];
};

/* In memory that ends where the input and the room end. */
static void run(convert *f, iconv_t cd, const void *bytes, size_t n,
                size_t room, struct result *r) {
  char *in = malloc(n ? n : 1), *out = malloc(room ? room : 1);
  char *in_at = in, *out_at = out;
  size_t in_left = n, out_left = room;
  assert_true(in && out && room <= sizeof r->out);
  if (n) memcpy(in, bytes, n);
  errno = 0;
  r->rc = f(cd, &in_at, &in_left, &out_at, &out_left);
  r->error = r->rc == (size_t)-1 ? errno : 0;
  r->used = (size_t)(in_at - in);
  r->made = (size_t)(out_at - out);
  assert_int_equal(r->used, n - in_left);
  assert_int_equal(r->made, room - out_left);
  memcpy(r->out, out, r->made);
  free(in);
  free(out);
}

static void same(const struct result *ours, const struct result *theirs) {
  assert_int_equal(ours->rc, theirs->rc);
  assert_int_equal(ours->used, theirs->used);
  assert_int_equal(ours->made, theirs->made);
  assert_memory_equal(ours->out, theirs->out, ours->made);
  assert_int_equal(ours->error, theirs->error);
}

struct pair {
  iconv_t ours, theirs;
};

static struct pair open_pair(const char *to, const char *from) {
  struct pair p = {text_iconv_open(to, from), iconv_open(to, from)};
  assert_true(p.ours != (iconv_t)-1 && p.theirs != (iconv_t)-1);
  return p;
}

static void close_pair(struct pair p) {
  assert_int_equal(text_iconv_close(p.ours), 0);
  assert_int_equal(iconv_close(p.theirs), 0);
}

static void compare(struct pair p, const void *bytes, size_t n, size_t room) {
  static struct result ours, theirs;
  run(text_iconv, p.ours, bytes, n, room, &ours);
  run(iconv, p.theirs, bytes, n, room, &theirs);
  same(&ours, &theirs);
}

/* At the end of an input: what was left to wait for more is asked for again. */
static void run_last(iconv_t cd, const void *bytes, size_t n, size_t room,
                     struct result *r) {
  run(text_iconv, cd, bytes, n, room, r);
  if (n > 0 && r->rc == 0 && r->used == 0)
    run(text_iconv, cd, bytes, n, room, r);
}

/* The same for a way to UTF-8, where 0xFF stands for n_bad bytes that the C
** library refuses, or for half a character that is all there is. */
static void compare_marked(struct pair p, const void *bytes, size_t n,
                           size_t room, size_t n_bad) {
  static struct result ours, theirs, more;
  run_last(p.ours, bytes, n, room, &ours);
  run(iconv, p.theirs, bytes, n, room, &theirs);
  while (theirs.error == EILSEQ || (theirs.error == EINVAL && !theirs.used)) {
    if (theirs.made == room) {
      theirs.error = E2BIG;
      break;
    }
    theirs.out[theirs.made++] = (char)0xff;
    theirs.used += n - theirs.used < n_bad ? n - theirs.used : n_bad;
    run(iconv, p.theirs, (const char *)bytes + theirs.used, n - theirs.used,
        room - theirs.made, &more);
    memcpy(theirs.out + theirs.made, more.out, more.made);
    theirs.made += more.made;
    theirs.used += more.used;
    theirs.error = more.error;
    theirs.rc = more.rc;
  }
  same(&ours, &theirs);
}

static size_t put_unit(unsigned char *at, unsigned unit) {
  at[0] = (unsigned char)unit;
  at[1] = (unsigned char)(unit >> 8);
  return 2;
}

/* ---- UTF-16 and UTF-8 -------------------------------------------------- */

static void test_text__every_unit_and_back(void **state) {
  struct pair down = open_pair("UTF-8", "UTF-16LE");
  struct pair up = open_pair("UTF-16LE", "UTF-8");
  static struct result utf8, again;
  unsigned char bytes[2];
  (void)state;
  for (unsigned unit = 0; unit < 0x10000; unit++) {
    (void)put_unit(bytes, unit);
    compare_marked(down, bytes, 2, 8, 2);
    if (unit >= 0xd800 && unit <= 0xdfff) continue;
    run(text_iconv, down.ours, bytes, 2, 8, &utf8);
    compare(up, utf8.out, utf8.made, 8);
    run(text_iconv, up.ours, utf8.out, utf8.made, 8, &again);
    assert_int_equal(again.made, 2);
    assert_memory_equal(again.out, bytes, 2);
  }
  close_pair(down);
  close_pair(up);
}

static void test_text__every_pair_of_surrogates_and_back(void **state) {
  iconv_t down = text_iconv_open("UTF-8", "UCS-2LE");
  iconv_t up = text_iconv_open("UCS-2LE", "UTF-8");
  iconv_t theirs = iconv_open("UTF-8", "UTF-16LE");
  static unsigned char in[4 * 1024];
  static char ours[4 * 1024], reference[4 * 1024], again[4 * 1024];
  (void)state;
  for (unsigned high = 0xd800; high < 0xdc00; high++) {
    char *at = (char *)in, *out = ours;
    size_t left = sizeof in, room = sizeof ours;
    for (unsigned low = 0; low < 1024; low++) {
      (void)put_unit(in + 4 * low, high);
      (void)put_unit(in + 4 * low + 2, 0xdc00 + low);
    }
    assert_int_equal(text_iconv(down, &at, &left, &out, &room), 0);
    assert_int_equal(room, 0);
    at = (char *)in, out = reference, left = sizeof in, room = sizeof in;
    assert_int_equal(iconv(theirs, &at, &left, &out, &room), 0);
    assert_memory_equal(ours, reference, sizeof ours);
    at = ours, out = again, left = sizeof ours, room = sizeof again;
    assert_int_equal(text_iconv(up, &at, &left, &out, &room), 0);
    assert_memory_equal(again, in, sizeof in);
  }
  (void)text_iconv_close(down);
  (void)text_iconv_close(up);
  (void)iconv_close(theirs);
}

/* Every unit beside every neighbour of a surrogate. */
static void test_text__lone_surrogates_are_marked(void **state) {
  static const unsigned units[] = {0,      0x41,   0x7f,   0x80,   0xd7ff,
                                   0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000};
  enum { N = sizeof units / sizeof *units };
  struct pair p = open_pair("UTF-8", "UTF-16LE");
  unsigned char in[16];
  (void)state;
  for (int i = 0; i < N * N * N; i++) {
    size_t n = put_unit(in, 'a');
    n += put_unit(in + n, units[i % N]);
    n += put_unit(in + n, units[i / N % N]);
    n += put_unit(in + n, units[i / N / N]);
    for (size_t cut = 0; cut <= n; cut++) {
      compare_marked(p, in, cut, 64, 2);
      compare_marked(p, in, n, cut, 2);
    }
  }
  close_pair(p);
}

/* As FreeTDS reads a value that comes in pieces: what is left is put before the
** next piece, and at the end asked for once more, alone. Returns what was made;
** it does not stop at what was left twice. */
static size_t read_in_pieces(iconv_t cd, const char *bytes, size_t n,
                             size_t piece, char *out) {
  char held[64];
  size_t n_held = 0, made = 0, done = 0;
  static struct result r;
  for (int steps = 0; n_held > 0 || done < n; steps++) {
    size_t more = n - done < piece ? n - done : piece;
    assert_true(steps < 1000);
    memcpy(held + n_held, bytes + done, more);
    done += more;
    n_held += more;
    run(text_iconv, cd, held, n_held, 256, &r);
    assert_true(r.rc == 0 || (r.error == EINVAL && r.used > 0));
    memcpy(out + made, r.out, r.made);
    made += r.made;
    n_held -= r.used;
    memmove(held, held + r.used, n_held);
  }
  return made;
}

static void test_text__pieces_may_end_anywhere(void **state) {
  static const struct {
    const char *from, *in, *utf8;
    size_t n;
  } texts[] = {
      {"UTF-16LE", "a\0\x3d\xd8\0\xde\x22\x6fz\0\x3d\xd8\1\xde",
       "a\xf0\x9f\x98\x80\xe6\xbc\xa2z\xf0\x9f\x98\x81", 14},
      {"UTF-16LE", "\x3d\xd8\0\xde\x3d\xd8\x22", "\xf0\x9f\x98\x80\xff\xff", 7},
      {"UTF-16LE", "a\0b", "a\xff", 3},
      {"UTF-16LE", "\x3d\xd8", "\xff", 2},
      {"UTF-16LE", "\x3d\xd8z\0", "\xffz", 4},
      {"CP936", "a\xc4\xe3\xba\xc3z", "a\xe4\xbd\xa0\xe5\xa5\xbdz", 6},
      {"CP936", "\xc4\xe3\xba", "\xe4\xbd\xa0\xff", 3},
  };
  char out[256];
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    iconv_t cd = text_iconv_open("UTF-8", texts[i].from);
    for (size_t piece = 1; piece <= texts[i].n; piece++) {
      /* the second time as the first: nothing is left of it */
      for (int again = 0; again < 2; again++) {
        size_t n = read_in_pieces(cd, texts[i].in, texts[i].n, piece, out);
        assert_int_equal(n, strlen(texts[i].utf8));
        assert_memory_equal(out, texts[i].utf8, n);
      }
    }
    (void)text_iconv_close(cd);
  }
}

/* Characters of one to four bytes among runs of ASCII that end anywhere. */
static const char mixed[] = "0123456789abcdefghijklmnopqrstuvwxyz\xc3\xa4"
                            "ABCDEFG\xe2\x82\xac\xf0\x9f\x9a\x80\xf0\x9f\x9a"
                            "\x80\xc2\x80\xef\xbf\xbf.0123456789abcdef-";

static void test_text__any_cut_and_any_room(void **state) {
  struct pair down = open_pair("UTF-8", "UTF-16LE");
  struct pair up = open_pair("UTF-16LE", "UTF-8");
  static struct result utf16;
  size_t n = sizeof mixed; /* with its NUL, a character as any */
  (void)state;
  run(text_iconv, up.ours, mixed, n, 512, &utf16);
  for (size_t from = 0; from < 40; from++) {
    for (size_t cut = from; cut <= n; cut++)
      for (size_t room = 0; room <= 2 * n; room += cut == n ? 1 : 13)
        compare(up, mixed + from, cut - from, room);
    for (size_t cut = 2 * from; cut <= utf16.made; cut++)
      for (size_t room = 0; room <= n; room += cut == utf16.made ? 1 : 13)
        compare_marked(down, utf16.out + 2 * from, cut - 2 * from, room, 2);
  }
  close_pair(down);
  close_pair(up);
}

/* Three bytes of all sorts between ASCII. */
static void test_text__malformed_utf8_is_refused(void **state) {
  static const unsigned char bytes[] = {
      0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
      0xe0, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xf7, 0xf8, 0xfc, 0xfe, 0xff};
  enum { N = sizeof bytes };
  struct pair p = open_pair("UTF-16LE", "UTF-8");
  static struct result ours, theirs;
  (void)state;
  for (int i = 0; i < N * N * N * N; i++) {
    unsigned char in[] = {'a',
                          bytes[i % N],
                          bytes[i / N % N],
                          bytes[i / N / N % N],
                          bytes[i / N / N / N],
                          'z'};
    run(text_iconv, p.ours, in, sizeof in, 64, &ours);
    run(iconv, p.theirs, in, sizeof in, 64, &theirs);
    /* it waits for the end of what can have none */
    if (theirs.error == EINVAL && ours.error == EILSEQ) theirs.error = EILSEQ;
    same(&ours, &theirs);
  }
  close_pair(p);
}

static void test_text__utf8_cut_short_is_no_error_yet(void **state) {
  iconv_t cd = text_iconv_open("UTF-16LE", "UTF-8");
  static struct result r;
  (void)state;
  run(text_iconv, cd, "a\xf0\x9f\x9a", 4, 64, &r);
  assert_int_equal(r.error, EINVAL);
  assert_int_equal(r.used, 1);
  run(text_iconv, cd, "a\xf0\x9f\x9a\x80", 5, 5, &r);
  assert_int_equal(r.error, E2BIG);
  assert_int_equal(r.used, 1);
  assert_int_equal(r.made, 2);
  (void)text_iconv_close(cd);
}

/* ---- code pages -------------------------------------------------------- */

/* What Windows makes of the bytes that the C library does not know. */
static unsigned windows(const char *page, unsigned byte) {
  static const struct {
    char page[8];
    unsigned byte, character;
  } private_use[] = {
      {"CP874", 0xdb, 0xf8c1},  {"CP874", 0xdc, 0xf8c2},
      {"CP874", 0xdd, 0xf8c3},  {"CP874", 0xde, 0xf8c4},
      {"CP874", 0xfc, 0xf8c5},  {"CP874", 0xfd, 0xf8c6},
      {"CP874", 0xfe, 0xf8c7},  {"CP874", 0xff, 0xf8c8},
      {"CP1253", 0xaa, 0xf8f9}, {"CP1253", 0xd2, 0xf8fa},
      {"CP1253", 0xff, 0xf8fb}, {"CP1255", 0xca, 0x05ba},
      {"CP1255", 0xd9, 0xf88d}, {"CP1255", 0xda, 0xf88e},
      {"CP1255", 0xdb, 0xf88f}, {"CP1255", 0xdc, 0xf890},
      {"CP1255", 0xdd, 0xf891}, {"CP1255", 0xde, 0xf892},
      {"CP1255", 0xdf, 0xf893}, {"CP1255", 0xfb, 0xf894},
      {"CP1255", 0xfc, 0xf895}, {"CP1255", 0xff, 0xf896},
      {"CP1257", 0xa1, 0xf8fc}, {"CP1257", 0xa5, 0xf8fd},
  };
  for (size_t i = 0; i < sizeof private_use / sizeof *private_use; i++)
    if (!strcmp(private_use[i].page, page) && private_use[i].byte == byte)
      return private_use[i].character;
  assert_true(byte >= 0x80 && byte < 0xa0);
  return byte;
}

/* The character of one byte, by the C library; 0 when it has none. */
static unsigned standard(const char *page, unsigned byte) {
  iconv_t cd = iconv_open("UTF-16LE", page);
  char in = (char)byte, *in_at = &in;
  unsigned char out[8] = {0};
  char *at = (char *)out;
  size_t left = 1, room = sizeof out;
  assert_true(cd != (iconv_t)-1);
  int failed = iconv(cd, &in_at, &left, &at, &room) == (size_t)-1 ||
               iconv(cd, NULL, NULL, &at, &room) == (size_t)-1;
  assert_int_equal(iconv_close(cd), 0);
  assert_true(failed || room == sizeof out - 2);
  return failed ? 0 : out[0] | (unsigned)out[1] << 8;
}

static void test_text__every_byte_of_the_code_pages_of_windows(void **state) {
  static const char *const pages[] = {"CP874",  "CP1250", "CP1251", "CP1252",
                                      "CP1253", "CP1254", "CP1255", "CP1256",
                                      "CP1257", "CP1258"};
  iconv_t back = text_iconv_open("UTF-16LE", "UTF-8");
  static struct result r, units;
  (void)state;
  for (size_t p = 0; p < sizeof pages / sizeof *pages; p++) {
    iconv_t cd = text_iconv_open("UTF-8", pages[p]);
    unsigned char all[256];
    for (unsigned byte = 0; byte < 256; byte++) all[byte] = (unsigned char)byte;
    run(text_iconv, cd, all, sizeof all, 1024, &r);
    assert_int_equal(r.rc, 0);
    run(text_iconv, back, r.out, r.made, 1024, &units);
    assert_int_equal(units.made, 512);
    for (unsigned byte = 0; byte < 256; byte++) {
      unsigned c = byte ? standard(pages[p], byte) : 0;
      if (!c && byte) c = windows(pages[p], byte);
      assert_int_equal((unsigned char)units.out[2 * byte], c & 0xff);
      assert_int_equal((unsigned char)units.out[2 * byte + 1], c >> 8);
    }
    assert_int_equal(text_iconv_close(cd), 0);
  }
  (void)text_iconv_close(back);
}

/* A letter and a tone of Vietnamese stay two characters. */
static void test_text__code_pages_compose_nothing(void **state) {
  iconv_t cd = text_iconv_open("UTF-8", "CP1258");
  static struct result r;
  (void)state;
  run(text_iconv, cd, "A\xcc", 2, 64, &r);
  assert_int_equal(r.made, 3);
  assert_memory_equal(r.out, "A\xcc\x80", 3);
  (void)text_iconv_close(cd);
}

static void test_text__code_pages_stop_where_the_room_ends(void **state) {
  iconv_t cd = text_iconv_open("UTF-8", "CP1252");
  static const char in[] = "0123456789abcdef\x80xyz\xe4";
  static const char utf8[] = "0123456789abcdef\xe2\x82\xacxyz\xc3\xa4";
  static struct result r;
  (void)state;
  for (size_t room = 0; room < sizeof utf8; room++) {
    run(text_iconv, cd, in, sizeof in - 1, room, &r);
    assert_int_equal(r.error, room == sizeof utf8 - 1 ? 0 : E2BIG);
    assert_true(r.made <= room && room - r.made < 3);
    assert_memory_equal(r.out, utf8, r.made);
    if (r.used >= 17) assert_int_equal(r.made, r.used + 2 + (r.used == 21));
  }
  (void)text_iconv_close(cd);
}

static void test_text__the_euro_sign_of_simplified_chinese(void **state) {
  static const char *const names[] = {"CP936", "GB18030"};
  static const char in[] = "\x80 \xc4\xe3\xba\xc3\x80";
  static const char utf8[] = "\xe2\x82\xac \xe4\xbd\xa0\xe5\xa5\xbd\xe2\x82"
                             "\xac";
  static struct result r;
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    iconv_t cd = text_iconv_open("UTF-8", names[i]);
    for (size_t room = 0; room < sizeof utf8; room++) {
      run(text_iconv, cd, in, sizeof in - 1, room, &r);
      assert_int_equal(r.error, room == sizeof utf8 - 1 ? 0 : E2BIG);
      assert_memory_equal(r.out, utf8, r.made);
    }
    run(text_iconv, cd, "ab\xff\x80", 4, 64, &r);
    assert_int_equal(r.error, 0);
    assert_int_equal(r.made, 6);
    assert_memory_equal(r.out, "ab\xff\xe2\x82\xac", 6);
    run(text_iconv, cd, "ab\xc4", 3, 64, &r);
    assert_int_equal(r.error, EINVAL);
    (void)text_iconv_close(cd);
  }
}

/* ---- the rest ---------------------------------------------------------- */

static void test_text__the_rest_is_the_c_librarys(void **state) {
  static const char *const names[][2] = {
      {"UTF-8", "ISO-8859-1"}, {"ISO-8859-1", "UTF-8"}, {"UTF-8", "CP932"},
      {"UCS-2BE", "UTF-8"},    {"CP1252", "UTF-8"},     {"UCS-2LE", "UCS-2BE"},
      {"UTF-8", "UTF-8"}};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct pair p = open_pair(names[i][0], names[i][1]);
    for (size_t room = 0; room < 16; room++)
      if (strcmp(names[i][0], "UTF-8") == 0)
        compare_marked(p, "ab\xc3\xa4\x81", 5, room, 1);
      else
        compare(p, "ab\xc3\xa4\x81", 5, room);
    close_pair(p);
  }
}

/* FreeTDS would copy the bytes or take them for another character set. */
static void test_text__an_unknown_character_set_is_not_guessed(void **state) {
  iconv_t cd = text_iconv_open("UTF-8", "CP99999");
  static struct result r;
  (void)state;
  assert_true(cd != (iconv_t)-1);
  run(text_iconv, cd, "ab\xe4z", 4, 64, &r);
  assert_int_equal(r.error, 0);
  assert_int_equal(r.made, 4);
  assert_memory_equal(r.out, "ab\xffz", 4);
  assert_int_equal(text_iconv_close(cd), 0);
  assert_true(text_iconv_open("CP99999", "UTF-8") == (iconv_t)-1);
  assert_int_equal(errno, EINVAL);
}

static void test_text__a_reset_is_accepted_at_any_time(void **state) {
  static const char *const names[][2] = {{"UTF-8", "UTF-16LE"},
                                         {"UTF-16LE", "UTF-8"},
                                         {"UTF-8", "CP1252"},
                                         {"UTF-8", "GB18030"},
                                         {"UTF-8", "CP932"}};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    iconv_t cd = text_iconv_open(names[i][0], names[i][1]);
    char buffer[8], *null = NULL, *out = buffer;
    size_t left = 0, room = sizeof buffer;
    assert_int_equal(text_iconv(cd, NULL, NULL, NULL, NULL), 0);
    assert_int_equal(text_iconv(cd, NULL, NULL, &out, &room), 0);
    assert_int_equal(text_iconv(cd, &null, &left, &out, &room), 0);
    assert_int_equal(room, sizeof buffer);
    (void)text_iconv_close(cd);
  }
}

static void test_text__memory_is_given_back(void **state) {
  sqlite3_int64 before = sqlite3_memory_used();
  iconv_t page = text_iconv_open("UTF-8", "CP1252");
  iconv_t utf16 = text_iconv_open("UTF-8", "UTF-16LE");
  (void)state;
  assert_true(sqlite3_memory_used() > before);
  (void)text_iconv_close(page);
  (void)text_iconv_close(utf16);
  assert_int_equal(sqlite3_memory_used(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text__every_unit_and_back),
      cmocka_unit_test(test_text__every_pair_of_surrogates_and_back),
      cmocka_unit_test(test_text__lone_surrogates_are_marked),
      cmocka_unit_test(test_text__pieces_may_end_anywhere),
      cmocka_unit_test(test_text__any_cut_and_any_room),
      cmocka_unit_test(test_text__malformed_utf8_is_refused),
      cmocka_unit_test(test_text__utf8_cut_short_is_no_error_yet),
      cmocka_unit_test(test_text__every_byte_of_the_code_pages_of_windows),
      cmocka_unit_test(test_text__code_pages_compose_nothing),
      cmocka_unit_test(test_text__code_pages_stop_where_the_room_ends),
      cmocka_unit_test(test_text__the_euro_sign_of_simplified_chinese),
      cmocka_unit_test(test_text__the_rest_is_the_c_librarys),
      cmocka_unit_test(test_text__an_unknown_character_set_is_not_guessed),
      cmocka_unit_test(test_text__a_reset_is_accepted_at_any_time),
      cmocka_unit_test(test_text__memory_is_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
