/* Packets over a socket: [MS-TDS] 2.2.3, TLS included, faults applied.
**
** Writing never stops listening: while a response flows, an attention that
** the client sends is seen and noted in .attention.
*/
#ifndef NET_H
#define NET_H

#include <openssl/ssl.h>

#include "fault.h"

enum {
  PKT_BATCH = 1,
  PKT_OLD_LOGIN = 2,
  PKT_RPC = 3,
  PKT_REPLY = 4,
  PKT_ATTENTION = 6,
  PKT_BULK = 7,
  PKT_TRANSACTION = 14,
  PKT_LOGIN7 = 16,
  PKT_SSPI = 17,
  PKT_PRELOGIN = 18
};

struct net {
  int fd;
  SSL *ssl;      /* owned; NULL before TLS */
  bool tls;      /* records are what the socket carries now */
  struct buf in; /* received, decrypted, not parsed yet */
  size_t in_at;
  struct buf framed; /* scratch */
  uint32_t packet_size;
  uint16_t spid;
  uint8_t seq;
  uint8_t status;          /* of the last packet read: RESETCONNECTION bits */
  bool dead;               /* the connection is of no more use */
  bool attention;          /* the client asked to cancel */
  struct fault_set faults; /* of the response under way */
  uint64_t sent;           /* bytes of it, before TLS */
  int64_t drip_bytes, drip_ms; /* so many each so many ms; 0: no limit */
  bool wrapped; /* the TLS handshake is inside PRELOGIN packets */
};

void net_init(struct net *n, int fd, uint16_t spid);
void net_clear(struct net *n);

/* Reads a whole message; false when the connection ended or is broken. */
bool net_read(struct net *n, uint8_t *type, struct buf *payload);
/* One packet only: for TLS inside PRELOGIN packets. */
bool net_read_packet(struct net *n, uint8_t *type, bool *last,
                     struct buf *payload);
/* Is the first byte a TLS record's (TDS 8)? Waits for it. */
bool net_peek_tls(struct net *n);

void net_reset(struct net *n); /* a response begins, without faults */
void net_begin(struct net *n, enum fault_when when, const char *text);
/* Sends the payload in packets and empties it; what fills no whole packet
** stays in it unless `last`. */
void net_send(struct net *n, uint8_t type, struct buf *payload, bool last);
uint64_t net_framed(const struct net *n, size_t bytes); /* with its headers */
void net_send_all(struct net *n, uint8_t type, const uint8_t *p, size_t bytes,
                  bool last);
/* All of it now, the last packet short but not final. */
void net_send_short(struct net *n, uint8_t type, struct buf *payload);
void net_fault(struct net *n, const struct fault *f); /* do it now */
bool net_check_attention(struct net *n);              /* without waiting */
/* Sleeps, but not through an attention or the end of the connection. */
void net_sleep(struct net *n, int64_t ms);

/* tls.c */
SSL_CTX *tls_context(const char *cert, const char *key);
bool tls_accept(struct net *n, SSL_CTX *ctx, bool wrapped);
void tls_end(struct net *n); /* back to plain packets, after the login */

/* For tls.c: bytes as they are. */
bool net_fill(struct net *n, int timeout_ms);
void net_raw_write(struct net *n, const uint8_t *p, size_t bytes);
void net_write(struct net *n, uint8_t *p, size_t bytes); /* faults apply */
#endif
