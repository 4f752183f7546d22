/*
** Follows the packets of a TDS stream as they pass by ([MS-TDS] 2.2.3), one
** direction each: where a message ends, and how.
*/
#ifndef ORDERSYNC_STREAM_H
#define ORDERSYNC_STREAM_H
#include <stddef.h>

#define STREAM_HEADER 8  /* [MS-TDS] 2.2.3.1 */
#define STREAM_DONE   13 /* [MS-TDS] 2.2.7.6, from TDS 7.2 on */

enum { STREAM_PRELOGIN = 0x12 };
enum { STREAM_DONE_ERROR = 0x0002, STREAM_DONE_SRVERROR = 0x0100 };

struct stream {
  unsigned char header[STREAM_HEADER];
  size_t n_header;
  size_t n_left;                   /* of the packet's payload */
  unsigned char tail[STREAM_DONE]; /* the message's last bytes so far */
  size_t n_tail;
  int in_message; /* more is to come */
  int only;       /* the one type of packet that is allowed; 0: any */
};

/* Follows n bytes; 0 when they are no packets, or not of the type. */
int stream_follow(struct stream *s, const void *bytes, size_t n);

/* The status of the DONE that ended the last message; -1 when it ended without
** one, or has not ended. */
int stream_done(const struct stream *s);

#endif
