/*
** Recording and replaying a TDS server's answers.
*/
#include "cut_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 8
#define EOM    1 /* [MS-TDS] 2.2.3.1.2: the last packet of a message */

/* ---- streams ----------------------------------------------------------- */

static void stream_append(struct stream *s, const void *bytes, size_t n) {
  unsigned char *grown = realloc(s->bytes, s->n + n);
  if (!grown) abort();
  memcpy(grown + s->n, bytes, n);
  s->bytes = grown;
  s->n += n;
}

int stream_load(struct stream *s, const char *path) {
  unsigned char buffer[4096];
  size_t n;
  FILE *f = fopen(path, "rb");
  if (!f) return 0;
  while ((n = fread(buffer, 1, sizeof buffer, f)) > 0) {
    stream_append(s, buffer, n);
  }
  (void)fclose(f);
  return s->n > 0;
}

int stream_save(const struct stream *s, const char *path) {
  FILE *f = fopen(path, "wb");
  int ok = f && fwrite(s->bytes, 1, s->n, f) == s->n;
  if (f && fclose(f) != 0) ok = 0;
  return ok;
}

void stream_clear(struct stream *s) {
  free(s->bytes);
  s->bytes = NULL;
  s->n = 0;
}

/* Where the answer that starts at `at` ends. */
static size_t answer_end(const struct stream *s, size_t at) {
  int last = 0;
  while (!last && at + HEADER <= s->n) {
    size_t size = (size_t)s->bytes[at + 2] << 8 | s->bytes[at + 3];
    last = s->bytes[at + 1] & EOM;
    at += size < HEADER ? HEADER : size;
  }
  return at < s->n ? at : s->n;
}

/* ---- sockets ----------------------------------------------------------- */

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in in = {0};
  in.sin_family = AF_INET;
  in.sin_port = htons((unsigned short)port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return in;
}

int wire_listen(int *port) {
  struct sockaddr_in in = loopback(0);
  socklen_t n = sizeof in;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (bind(fd, (struct sockaddr *)&in, sizeof in) != 0 || listen(fd, 64) != 0 ||
      getsockname(fd, (struct sockaddr *)&in, &n) != 0) {
    (void)close(fd);
    return -1;
  }
  *port = ntohs(in.sin_port);
  return fd;
}

static int send_all(int fd, const unsigned char *bytes, size_t n) {
  while (n > 0) {
    ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return 0;
    bytes += sent;
    n -= (size_t)sent;
  }
  return 1;
}

static int wait_readable(int fd, int timeout_ms) {
  struct pollfd p = {fd, POLLIN, 0};
  int ready;
  do {
    ready = poll(&p, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

/* ---- recording --------------------------------------------------------- */

static int connect_to(int port) {
  struct sockaddr_in in = loopback(port);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&in, sizeof in) != 0) {
    (void)close(fd);
    fd = -1;
  }
  return fd;
}

/* Passes on what is there; 0 at the end. */
static int pass(int from, int to, struct stream *kept) {
  unsigned char buffer[4096];
  ssize_t n = recv(from, buffer, sizeof buffer, 0);
  if (n <= 0) return 0;
  if (kept) stream_append(kept, buffer, (size_t)n);
  return send_all(to, buffer, (size_t)n);
}

static void *record(void *arg) {
  struct recorder *r = arg;
  int client = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
  int server = connect_to(r->server_port);
  int on = client >= 0 && server >= 0;
  while (on) {
    struct pollfd p[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(p, 2, -1) < 0 && errno != EINTR) break;
    if (p[0].revents) on = pass(client, server, NULL);
    if (on && p[1].revents) on = pass(server, client, &r->s);
  }
  if (client >= 0) (void)close(client);
  if (server >= 0) (void)close(server);
  return NULL;
}

int recorder_start(struct recorder *r) {
  return pthread_create(&r->thread, NULL, record, r) == 0;
}

void recorder_join(struct recorder *r) {
  (void)pthread_join(r->thread, NULL);
}

/* ---- replaying --------------------------------------------------------- */

static int recv_all(int fd, unsigned char *bytes, size_t n, int idle_ms) {
  while (n > 0) {
    ssize_t got;
    if (!wait_readable(fd, idle_ms)) return 0;
    got = recv(fd, bytes, n, 0);
    if (got <= 0) return 0;
    bytes += got;
    n -= (size_t)got;
  }
  return 1;
}

/* Reads the client's next message; 0 when there is none. */
static int recv_message(int fd, int idle_ms) {
  unsigned char packet[65536];
  size_t size;
  do {
    if (!recv_all(fd, packet, HEADER, idle_ms)) return 0;
    size = (size_t)packet[2] << 8 | packet[3];
    if (size < HEADER) return 0;
    if (!recv_all(fd, packet + HEADER, size - HEADER, idle_ms)) return 0;
  } while (!(packet[1] & EOM));
  return 1;
}

static int send_answer(int fd, const struct stream *s,
                       const struct fault_plan *plan, size_t at, size_t end) {
  unsigned char changed;
  if (end > plan->cut) end = plan->cut;
  if (at >= end) return 1;
  if (!plan->mask || plan->flip < at || plan->flip >= end) {
    return send_all(fd, s->bytes + at, end - at);
  }
  changed = s->bytes[plan->flip] ^ plan->mask;
  return send_all(fd, s->bytes + at, plan->flip - at) &&
         send_all(fd, &changed, 1) &&
         send_all(fd, s->bytes + plan->flip + 1, end - plan->flip - 1);
}

static void end_connection(int fd, enum wire_end end) {
  struct linger now = {1, 0};
  unsigned char rest[4096];
  if (end == END_RST) {
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  } else {
    /* What is left unread would turn the end into a reset. */
    if (end == END_FIN) (void)shutdown(fd, SHUT_WR);
    while (recv(fd, rest, sizeof rest, 0) > 0) {
    }
  }
  (void)close(fd);
}

static void serve(int fd, const struct stream *s,
                  const struct fault_plan *plan) {
  size_t at = 0;
  int one = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  while (at < s->n && at <= plan->cut) {
    size_t end = answer_end(s, at);
    if (!recv_message(fd, plan->idle_ms)) break;
    if (!send_answer(fd, s, plan, at, end)) break;
    at = end;
  }
  /* All was sent: the client closes. */
  if (at >= s->n && plan->cut >= s->n) (void)wait_readable(fd, plan->idle_ms);
  end_connection(fd, plan->end);
}

static void *replay(void *arg) {
  struct replayer *r = arg;
  for (;;) {
    struct fault_plan plan;
    int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return NULL;
    (void)pthread_mutex_lock(&r->lock);
    plan = r->plan;
    (void)pthread_mutex_unlock(&r->lock);
    serve(fd, r->s, &plan);
  }
}

int replayer_start(struct replayer *r, const struct stream *s, int *port) {
  r->s = s;
  r->plan = (struct fault_plan){.cut = s->n, .idle_ms = 5000};
  (void)pthread_mutex_init(&r->lock, NULL);
  r->listener = wire_listen(port);
  return r->listener >= 0 && pthread_create(&r->thread, NULL, replay, r) == 0;
}

void replayer_plan(struct replayer *r, const struct fault_plan *plan) {
  (void)pthread_mutex_lock(&r->lock);
  r->plan = *plan;
  (void)pthread_mutex_unlock(&r->lock);
}

void replayer_stop(struct replayer *r) {
  (void)shutdown(r->listener, SHUT_RDWR);
  (void)pthread_join(r->thread, NULL);
  (void)close(r->listener);
  (void)pthread_mutex_destroy(&r->lock);
}
