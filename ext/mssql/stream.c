/*
** Packets, as far as anybody needs to know who does not read them.
*/
#include "mssql/stream.h"

#include <string.h>

enum { END_OF_MESSAGE = 0x01, TOKEN_DONE = 0xFD };

static void keep_tail(struct stream *s, const unsigned char *bytes, size_t n) {
  size_t keep;
  if (n >= STREAM_DONE) {
    memcpy(s->tail, bytes + n - STREAM_DONE, STREAM_DONE);
    s->n_tail = STREAM_DONE;
    return;
  }
  keep = s->n_tail + n > STREAM_DONE ? STREAM_DONE - n : s->n_tail;
  memmove(s->tail, s->tail + s->n_tail - keep, keep);
  memcpy(s->tail + keep, bytes, n);
  s->n_tail = keep + n;
}

int stream_follow(struct stream *s, const void *bytes, size_t n) {
  const unsigned char *at = bytes;
  while (n > 0) {
    size_t take;
    if (s->n_header == 0 && s->only && *at != s->only) return 0;
    if (s->n_header < STREAM_HEADER) {
      take = STREAM_HEADER - s->n_header < n ? STREAM_HEADER - s->n_header : n;
      memcpy(s->header + s->n_header, at, take);
      s->n_header += take;
      if (s->n_header == STREAM_HEADER) {
        size_t length = (size_t)s->header[2] << 8 | s->header[3];
        if (length < STREAM_HEADER) return 0;
        s->n_left = length - STREAM_HEADER;
        if (!s->in_message) s->n_tail = 0;
        s->in_message = 1;
      }
    } else {
      take = s->n_left < n ? s->n_left : n;
      keep_tail(s, at, take);
      s->n_left -= take;
    }
    at += take;
    n -= take;
    if (s->n_header == STREAM_HEADER && s->n_left == 0) {
      s->in_message = !(s->header[1] & END_OF_MESSAGE);
      s->n_header = 0;
    }
  }
  return 1;
}

int stream_done(const struct stream *s) {
  if (s->in_message || s->n_header || s->n_tail < STREAM_DONE ||
      s->tail[0] < TOKEN_DONE) {
    return -1;
  }
  return s->tail[1] | s->tail[2] << 8;
}
