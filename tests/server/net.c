/* Packets over a socket: see net.h. */
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  MESSAGE_MAX = 64 << 20, /* no client sends more; a broken one might */
  FRAME_BYTES = 256 << 10
};

void net_init(struct net *n, int fd, uint16_t spid) {
  memset(n, 0, sizeof *n);
  n->fd = fd;
  n->spid = spid;
  n->packet_size = 4096;
}

void net_clear(struct net *n) {
  SSL_free(n->ssl);
  buf_clear(&n->in);
  buf_clear(&n->framed);
  if (n->fd >= 0) close(n->fd);
  n->fd = -1;
}

/* ---- reading ---- */

/* Takes what the socket has. False: nothing within the time, or dead. */
bool net_fill(struct net *n, int timeout_ms) {
  struct pollfd p = {n->fd, POLLIN, 0};
  uint8_t raw[16384];
  ssize_t got;
  int rc;
  if (n->dead) return false;
  rc = poll(&p, 1, timeout_ms);
  if (rc == 0 || (rc < 0 && errno == EINTR)) return false;
  got = recv(n->fd, raw, sizeof raw, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got <= 0) {
    n->dead = true;
    return false;
  }
  if (n->in_at == n->in.n) n->in_at = n->in.n = 0;
  if (!n->tls) {
    buf_put(&n->in, raw, (size_t)got);
    return true;
  }
  BIO_write(SSL_get_rbio(n->ssl), raw, (int)got);
  for (;;) {
    int plain;
    buf_reserve(&n->in, 16384);
    plain = SSL_read(n->ssl, n->in.p + n->in.n, 16384);
    if (plain <= 0) {
      int err = SSL_get_error(n->ssl, plain);
      if (err != SSL_ERROR_WANT_READ && err != SSL_ERROR_WANT_WRITE)
        n->dead = true;
      break;
    }
    n->in.n += (size_t)plain;
  }
  return !n->dead;
}

static const uint8_t *pending(const struct net *n, size_t bytes) {
  return n->in.n - n->in_at >= bytes ? n->in.p + n->in_at : NULL;
}

bool net_peek_tls(struct net *n) {
  while (!pending(n, 1) && !n->dead) (void)net_fill(n, 60000);
  return !n->dead && *pending(n, 1) == 0x16;
}

bool net_read_packet(struct net *n, uint8_t *type, bool *last,
                     struct buf *payload) {
  const uint8_t *h;
  size_t bytes;
  while ((h = pending(n, 8)) == NULL) {
    if (n->dead) return false;
    (void)net_fill(n, 60000);
  }
  bytes = (size_t)h[2] << 8 | h[3];
  if (bytes < 8) {
    n->dead = true;
    return false;
  }
  while ((h = pending(n, bytes)) == NULL) {
    if (n->dead) return false;
    (void)net_fill(n, 60000);
  }
  *type = h[0];
  *last = h[1] & 1;
  n->status = h[1];
  buf_put(payload, h + 8, bytes - 8);
  n->in_at += bytes;
  return true;
}

bool net_read(struct net *n, uint8_t *type, struct buf *payload) {
  bool last = false;
  uint8_t first = 0;
  payload->n = 0;
  while (!last) {
    if (!net_read_packet(n, type, &last, payload)) return false;
    if (*type == PKT_ATTENTION) {
      payload->n = 0;
      return true;
    }
    if (first && *type != first) return false;
    first = *type;
    if (payload->n > MESSAGE_MAX) return false;
  }
  return true;
}

bool net_check_attention(struct net *n) {
  for (;;) {
    const uint8_t *h = pending(n, 8);
    if (h) {
      if (h[0] == PKT_ATTENTION) {
        n->in_at += 8;
        if (!fault_has(&n->faults, DO_IGNORE_ATTENTION)) n->attention = true;
        continue;
      }
      break;
    }
    if (!net_fill(n, 0)) break;
  }
  return n->attention || n->dead;
}

void net_sleep(struct net *n, int64_t ms) {
  double end = now_seconds() + (double)ms / 1000;
  while (!net_check_attention(n)) {
    double left = end - now_seconds();
    struct pollfd p = {n->fd, POLLIN, 0};
    if (left <= 0) break;
    if (pending(n, 8)) { /* another request waits already: do not spin */
      p.fd = -1;
      if (left > 0.05) left = 0.05;
    }
    (void)poll(&p, 1, left > 1 ? 1000 : (int)(left * 1000) + 1);
  }
}

/* ---- writing ---- */

void net_raw_write(struct net *n, const uint8_t *p, size_t bytes) {
  while (bytes && !n->dead) {
    ssize_t put = send(n->fd, p, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put > 0) {
      p += put;
      bytes -= (size_t)put;
    } else if (errno == EAGAIN) {
      struct pollfd f = {n->fd, POLLIN | POLLOUT, 0};
      /* Once a request of the client's waits, only room matters. */
      if (pending(n, 8)) f.events = POLLOUT;
      (void)poll(&f, 1, 1000);
      if (f.revents & (POLLERR | POLLHUP)) n->dead = true;
      if (f.revents & POLLIN) (void)net_check_attention(n);
    } else if (errno != EINTR) {
      n->dead = true;
    }
  }
}

static void write_plain(struct net *n, const uint8_t *p, size_t bytes) {
  n->sent += bytes;
  if (!n->tls) {
    net_raw_write(n, p, bytes);
    return;
  }
  while (bytes && !n->dead) {
    int put = SSL_write(n->ssl, p, bytes > 65536 ? 65536 : (int)bytes);
    char *data;
    long ready;
    if (put <= 0) {
      n->dead = true;
      return;
    }
    p += put;
    bytes -= (size_t)put;
    ready = BIO_get_mem_data(SSL_get_wbio(n->ssl), &data);
    net_raw_write(n, (uint8_t *)data, (size_t)ready);
    (void)BIO_reset(SSL_get_wbio(n->ssl));
  }
}

static void write_slowly(struct net *n, const uint8_t *p, size_t bytes) {
  while (bytes && !n->dead) {
    size_t slice = n->drip_bytes ? (size_t)n->drip_bytes : bytes;
    if (slice > bytes) slice = bytes;
    write_plain(n, p, slice);
    p += slice;
    bytes -= slice;
    if (n->drip_bytes) {
      net_sleep(n, n->drip_ms);
      if (n->attention) n->drip_bytes = 0; /* the rest of the packet at once */
    }
  }
}

/* The orderly end of TLS, close_notify; in its handshake an alert of the same
** name, not encrypted. */
static void end_tls(struct net *n) {
  static const uint8_t alert[] = {0x15, 3, 3, 0, 2, 1, 0};
  char *data;
  if (!n->ssl) return;
  if (!SSL_is_init_finished(n->ssl)) {
    uint8_t h[8] = {PKT_PRELOGIN, 1, 0, 8 + sizeof alert};
    if (n->wrapped) net_raw_write(n, h, sizeof h);
    net_raw_write(n, alert, sizeof alert);
  } else if (n->tls) {
    (void)SSL_shutdown(n->ssl);
    long ready = BIO_get_mem_data(SSL_get_wbio(n->ssl), &data);
    net_raw_write(n, (uint8_t *)data, (size_t)ready);
  }
}

static void nonsense(struct net *n, size_t bytes) {
  uint8_t b[256];
  for (unsigned i = 0; i < sizeof b; i++) b[i] = (uint8_t)(i * 197 + 91);
  for (; bytes && !n->dead; bytes -= bytes < sizeof b ? bytes : sizeof b)
    write_plain(n, b, bytes < sizeof b ? bytes : sizeof b);
}

/* Silence until the client gives up. */
static void hang(struct net *n) {
  uint8_t dropped[4096];
  while (!n->dead && recv(n->fd, dropped, sizeof dropped, 0) > 0)
    ;
  n->dead = true;
}

static void set_drip(struct net *n, int64_t bytes, int64_t ms) {
  if (bytes < 1) bytes = 1;
  if (ms <= 0) { /* so many a second: a slice each 50 ms, or each byte */
    ms = bytes < 20 ? 1000 / bytes : 50;
    if (bytes >= 20)
      bytes /= 20;
    else
      bytes = 1;
  }
  n->drip_bytes = bytes;
  n->drip_ms = ms;
}

void net_fault(struct net *n, const struct fault *f) {
  struct linger hard = {1, 0};
  switch (f->what) {
  case DO_BYE:
    end_tls(n);
    if (strcmp(f->text, "close") == 0)
      n->dead = true;
    else
      hang(n);
    break;
  case DO_HANG:
    hang(n);
    break;
  case DO_CUT:
    shutdown(n->fd, SHUT_WR);
    for (double end = now_seconds() + 5; !n->dead && now_seconds() < end;) {
      (void)net_fill(n, 200);
      n->in.n = n->in_at = 0;
    }
    n->dead = true;
    break;
  case DO_RESET:
    /* net_clear() closes it, and this makes that an RST */
    (void)setsockopt(n->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    n->dead = true;
    break;
  case DO_GARBAGE:
    nonsense(n, 256);
    n->dead = true;
    break;
  case DO_STRAY:
    nonsense(n, (size_t)f->arg);
    break;
  case DO_CLOSE:
    n->dead = true;
    break;
  case DO_DELAY:
    net_sleep(n, f->arg);
    break;
  case DO_HOLD:
    while (!n->dead && !n->attention && fault_asked(DO_HOLD)) net_sleep(n, 10);
    break;
  case DO_DRIP:
    set_drip(n, f->arg, f->arg2);
    break;
  default:
    break;
  }
}

static bool at_a_byte(const struct fault *f) {
  return f->what <= DO_BYE && f->after_rows < 0;
}

/* Writes framed bytes, stopping wherever a fault is due. */
void net_write(struct net *n, uint8_t *p, size_t bytes) {
  for (unsigned i = 0; i < n->faults.n; i++) {
    const struct fault *f = &n->faults.f[i];
    if (f->what == DO_FLIP && (uint64_t)f->arg >= n->sent &&
        (uint64_t)f->arg - n->sent < bytes)
      p[(uint64_t)f->arg - n->sent] ^= (uint8_t)f->arg2;
  }
  while (!n->dead) {
    const struct fault *due = NULL;
    unsigned which = 0;
    size_t before = bytes;
    for (unsigned i = 0; i < n->faults.n; i++) {
      const struct fault *f = &n->faults.f[i];
      uint64_t at = f->after_bytes > 0 ? (uint64_t)f->after_bytes : 0;
      if (!at_a_byte(f) || at > n->sent + before) continue;
      if (at == n->sent + bytes && bytes) continue; /* the next call's */
      due = f;
      which = i;
      before = at > n->sent ? (size_t)(at - n->sent) : 0;
    }
    if (before) write_slowly(n, p, before);
    p += before;
    bytes -= before;
    if (!due) break;
    {
      struct fault now = *due;
      n->faults.f[which] = n->faults.f[--n->faults.n];
      if (!n->dead) net_fault(n, &now);
    }
  }
}

void net_reset(struct net *n) {
  n->sent = 0;
  n->seq = 0;
  n->drip_bytes = 0;
  n->faults.n = 0;
}

void net_begin(struct net *n, enum fault_when when, const char *text) {
  net_reset(n);
  fault_pick(when, text, &n->faults);
}

uint64_t net_framed(const struct net *n, size_t bytes) {
  size_t room = n->packet_size - 8;
  return bytes + 8 * (bytes ? (bytes + room - 1) / room : 1);
}

void net_send_all(struct net *n, uint8_t type, const uint8_t *p, size_t bytes,
                  bool last) {
  size_t room = n->packet_size - 8;
  bool done = false;
  while (!done && !n->dead) {
    n->framed.n = 0;
    while (!done && n->framed.n < FRAME_BYTES) {
      size_t part = bytes < room ? bytes : room;
      bool final = last && part == bytes;
      size_t length = part + 8;
      uint8_t h[8] = {type,
                      final ? 1 : 0,
                      (uint8_t)(length >> 8),
                      (uint8_t)length,
                      (uint8_t)(n->spid >> 8),
                      (uint8_t)n->spid,
                      ++n->seq,
                      0};
      if (part < room && !last) {
        done = true;
        break;
      }
      buf_put(&n->framed, h, 8);
      buf_put(&n->framed, p, part);
      p += part;
      bytes -= part;
      done = final || (!last && bytes < room);
    }
    if (n->framed.n) net_write(n, n->framed.p, n->framed.n);
    if (!last) (void)net_check_attention(n); /* noted; tokens stay whole */
  }
  /* A cut exactly at the end of the response. */
  if (last) {
    for (unsigned i = 0; i < n->faults.n && !n->dead; i++) {
      struct fault f = n->faults.f[i];
      if (at_a_byte(&f) && f.after_bytes == (int64_t)n->sent) net_fault(n, &f);
    }
  }
}

void net_send_short(struct net *n, uint8_t type, struct buf *payload) {
  uint8_t h[8] = {type, 0, 0, 0, (uint8_t)(n->spid >> 8), (uint8_t)n->spid,
                  0,    0};
  net_send(n, type, payload, false);
  if (payload->n == 0 || n->dead) return;
  h[2] = (uint8_t)((payload->n + 8) >> 8);
  h[3] = (uint8_t)(payload->n + 8);
  h[6] = ++n->seq;
  n->framed.n = 0;
  buf_put(&n->framed, h, 8);
  buf_put(&n->framed, payload->p, payload->n);
  net_write(n, n->framed.p, n->framed.n);
  payload->n = 0;
}

void net_send(struct net *n, uint8_t type, struct buf *payload, bool last) {
  size_t room = n->packet_size - 8;
  size_t whole = last ? payload->n : payload->n / room * room;
  if (whole || last) net_send_all(n, type, payload->p, whole, last);
  memmove(payload->p, payload->p + whole, payload->n - whole);
  payload->n -= whole;
}
