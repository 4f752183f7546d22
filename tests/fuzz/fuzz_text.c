/*
** The iconv of FreeTDS against the C library's.
**
**   byte 0     which conversion
**   byte 1     the room for the output, in eighths of what it may take
**   the rest   the input, in memory that ends where it ends
*/
#include "mssql/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[][2] = {
    {"UTF-8", "UTF-16LE"}, {"UTF-16LE", "UTF-8"}, {"UTF-8", "CP1252"},
    {"UTF-8", "CP1251"},   {"UTF-8", "CP874"},    {"UTF-8", "GB18030"},
    {"UTF-8", "CP932"}};

/* Stops the fuzzer, in builds without assert() too. */
static void require(int truth) {
  if (!truth) abort();
}

struct side {
  size_t rc, left, room;
  int error;
  char *in, *out, *at, *to;
};

static int prepare(struct side *s, const uint8_t *data, size_t size,
                   size_t room) {
  *s = (struct side){.left = size, .room = room};
  s->in = malloc(size ? size : 1);
  s->out = malloc(room ? room : 1);
  if (!s->in || !s->out) return 0;
  if (size) memcpy(s->in, data, size);
  s->at = s->in;
  s->to = s->out;
  errno = 0;
  return 1;
}

static void settle(struct side *s, size_t size, size_t room) {
  s->error = s->rc == (size_t)-1 ? errno : 0;
  require((size_t)(s->at - s->in) + s->left == size);
  require((size_t)(s->to - s->out) + s->room == room);
}

/* Where only the C library stops at what is no character, ours goes on. */
static void compare(const struct side *ours, const struct side *theirs,
                    size_t which) {
  require((ours->rc == 0) == (ours->left == 0 && ours->error == 0));
  require(theirs->to - theirs->out <= ours->to - ours->out);
  require(!memcmp(ours->out, theirs->out, (size_t)(theirs->to - theirs->out)));
  if (which != 1 && (theirs->error == EILSEQ ||
                     (theirs->error == EINVAL && theirs->at == theirs->in)))
    return;
  require(ours->left == theirs->left && ours->room == theirs->room);
  /* it may wait for more of what is malformed already, or for room for it */
  if (which == 1 && ours->error == EILSEQ && theirs->error) return;
  require(ours->error == theirs->error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct side ours, theirs;
  if (size < 2 || size > 65536) return 0;
  size_t which = data[0] % (sizeof names / sizeof *names);
  size_t room = (size - 2) * 4 * (data[1] % 9) / 8;
  iconv_t cd = text_iconv_open(names[which][0], names[which][1]);
  iconv_t system = iconv_open(names[which][0], names[which][1]);
  require(cd != (iconv_t)-1 && system != (iconv_t)-1);
  if (prepare(&ours, data + 2, size - 2, room)) {
    ours.rc = text_iconv(cd, &ours.at, &ours.left, &ours.to, &ours.room);
    if (ours.rc == 0 && ours.left > 0) /* it waits for more */
      ours.rc = text_iconv(cd, &ours.at, &ours.left, &ours.to, &ours.room);
    settle(&ours, size - 2, room);
  }
  if (prepare(&theirs, data + 2, size - 2, room)) {
    theirs.rc =
        iconv(system, &theirs.at, &theirs.left, &theirs.to, &theirs.room);
    settle(&theirs, size - 2, room);
  }
  if (ours.at && theirs.at) compare(&ours, &theirs, which);
  free(ours.in), free(ours.out);
  free(theirs.in), free(theirs.out);
  (void)text_iconv_close(cd);
  (void)iconv_close(system);
  return 0;
}
