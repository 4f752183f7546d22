/*
** A server's answers, recorded and replayed.
**
** A stream is all that a server sent over one connection, TDS packet headers
** included. The replaying server sends an answer (packets up to one marked as
** the last of its message) for each message that it gets, as the real one
** did, and does what it is told to do wrong.
*/
#ifndef CUT_WIRE_H
#define CUT_WIRE_H

#include <pthread.h>
#include <stddef.h>

struct stream {
  unsigned char *bytes; /* owned */
  size_t n;
};
int stream_load(struct stream *s, const char *path);
int stream_save(const struct stream *s, const char *path);
void stream_clear(struct stream *s);

/* A listening socket on 127.0.0.1, or -1. */
int wire_listen(int *port);

/* Passes one connection through to a server, and keeps what that one sends.
** Join the thread, then s is complete. */
struct recorder {
  int listener, server_port;
  struct stream s;
  pthread_t thread;
};
int recorder_start(struct recorder *r);
void recorder_join(struct recorder *r);

enum wire_end {
  END_FIN,  /* a polite end */
  END_RST,  /* a reset */
  END_STALL /* silence, until the client closes */
};

/* What goes wrong: after `cut` bytes the connection ends; the byte at `flip`
** is changed by `mask` (0: none is). */
struct fault_plan {
  size_t cut;
  enum wire_end end;
  size_t flip;
  unsigned char mask;
  int idle_ms; /* a client that says nothing for so long is waiting for more */
};

struct replayer {
  int listener;
  const struct stream *s; /* borrowed */
  pthread_mutex_t lock;
  struct fault_plan plan; /* under lock; read when a connection begins */
  pthread_t thread;
};
int replayer_start(struct replayer *r, const struct stream *s, int *port);
void replayer_plan(struct replayer *r, const struct fault_plan *plan);
/* Closes the listener, which ends the thread. */
void replayer_stop(struct replayer *r);

#endif
