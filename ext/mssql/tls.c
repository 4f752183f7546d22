/*
** Encryption: what FreeTDS does not tell.
**
** Two questions. Was this link really encrypted? FreeTDS asked for it, but a
** server (or somebody between) that answers ENCRYPT_OFF to the prelogin
** silently gets a plain session after the login packet. And why was a
** handshake refused? FreeTDS knows, and says only that the connection failed.
** For the second, and for ordersync_check, a connection of our own goes as
** far as the TLS handshake; its findings are words in a message and never
** change what FreeTDS decided.
*/
#include "mssql/local.h"

#include "base/clock.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* [MS-TDS] 2.2.3.1.1: packet types; 2.2.6.5: PRELOGIN. */
#define TICK_MS           50
#define TDS_HEADER        8
#define TDS_PRELOGIN      0x12
#define TDS_REPLY         0x04
#define PRELOGIN_ENCRYPT  1
#define PRELOGIN_END      0xFF
#define ENCRYPT_ON_OPTION 1
#define ENCRYPT_NOT_SUP   2
#define TLS_OVERHEAD      20
#define TLS_RECORD        0x17 /* application data: RFC 8446, 5.1 */

/* ---- was it encrypted -------------------------------------------------- */

sqlite3_int64 tls_bytes_sent(int fd) {
  struct tcp_info info;
  socklen_t n = sizeof info;
  memset(&info, 0, sizeof info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0) return -1;
  /* Kernels before 4.19, and emulations of Linux, return a shorter one. */
  if (n < offsetof(struct tcp_info, tcpi_bytes_retrans) + 8) return -1;
  return (sqlite3_int64)(info.tcpi_bytes_sent - info.tcpi_bytes_retrans +
                         info.tcpi_notsent_bytes);
}

/*
** A plain batch has a size known to the byte: packet header, ALL_HEADERS (22
** bytes, [MS-TDS] 2.2.5.3), two bytes a character. A TLS record adds 21 bytes
** or more (5 of header, 16 of tag). Nothing else can: FreeTDS's packets hold
** at least 512 bytes, so a short batch is one packet, and a session header
** (MARS), should the peer talk FreeTDS into it, has 16. What we sent the peer
** cannot forge; where the kernel does not count it, the first byte of the
** answer must do: 0x17 for a TLS record, 0x04 for an honest plain reply.
** Call with the answer waiting. sql is ASCII, at most 200 characters.
*/
int tls_is_encrypted(int fd, sqlite3_int64 sent_before, const char *sql) {
  sqlite3_int64 plain = TDS_HEADER + 22 + 2 * (sqlite3_int64)strlen(sql);
  sqlite3_int64 sent_now = tls_bytes_sent(fd);
  unsigned char first = 0;
  ssize_t got = recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got == 1 && first != TLS_RECORD) return 0;
  if (sent_before < 0 || sent_now < 0) return got == 1;
  return sent_now - sent_before >= plain + TLS_OVERHEAD;
}

/* ---- our own connection ------------------------------------------------ */

struct probe {
  int fd;
  const struct mssql_hooks *hooks; /* borrowed; NULL: none */
  sqlite3_int64 deadline_ms;
  gnutls_session_t session;
  unsigned char out[16384]; /* gathered until GnuTLS wants an answer */
  size_t n_out;
  size_t n_in; /* left of the packet that is being read */
};

static int wait_for(int fd, short events, const struct mssql_hooks *hooks,
                    sqlite3_int64 deadline_ms) {
  struct pollfd p = {fd, events, 0};
  for (;;) {
    sqlite3_int64 left = deadline_ms - clock_now_ms();
    int ready;
    if (left <= 0 ||
        (hooks && hooks->interrupted && hooks->interrupted(hooks->arg))) {
      errno = ETIMEDOUT;
      return 0;
    }
    ready = poll(&p, 1, left < TICK_MS ? (int)left : TICK_MS);
    if (ready > 0) return 1;
    if (ready < 0 && errno != EINTR) return 0;
  }
}

int tls_dial(const struct address *at, const struct mssql_hooks *hooks,
             sqlite3_int64 deadline_ms) {
  int failure = 0;
  socklen_t n = sizeof failure;
  int fd =
      socket(at->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (connect(fd, (const struct sockaddr *)&at->at, at->size) == 0) return fd;
  if (errno == EINPROGRESS && wait_for(fd, POLLOUT, hooks, deadline_ms) &&
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &n) == 0) {
    if (failure == 0) return fd;
    errno = failure;
  }
  failure = errno;
  (void)close(fd);
  errno = failure;
  return -1;
}

static int send_all(struct probe *s, const unsigned char *bytes, size_t n) {
  while (n > 0) {
    ssize_t sent = send(s->fd, bytes, n, MSG_NOSIGNAL);
    if (sent > 0) {
      bytes += sent;
      n -= (size_t)sent;
    } else if (errno != EINTR &&
               (errno != EAGAIN ||
                !wait_for(s->fd, POLLOUT, s->hooks, s->deadline_ms))) {
      return 0;
    }
  }
  return 1;
}

static int recv_some(struct probe *s, void *bytes, size_t n) {
  for (;;) {
    ssize_t got = recv(s->fd, bytes, n, 0);
    if (got >= 0) return (int)got;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || !wait_for(s->fd, POLLIN, s->hooks, s->deadline_ms))
      return -1;
  }
}

static int recv_all(struct probe *s, unsigned char *bytes, size_t n) {
  while (n > 0) {
    int got = recv_some(s, bytes, n);
    if (got <= 0) return 0;
    bytes += got;
    n -= (size_t)got;
  }
  return 1;
}

/* Sends what was gathered as one TDS packet. */
static int flush(struct probe *s) {
  size_t n = TDS_HEADER + s->n_out;
  unsigned char header[TDS_HEADER] = {TDS_PRELOGIN,
                                      1, /* end of message */
                                      (unsigned char)(n >> 8),
                                      (unsigned char)n,
                                      0,
                                      0,
                                      1,
                                      0};
  if (s->n_out == 0) return 1;
  if (!send_all(s, header, sizeof header)) return 0;
  if (!send_all(s, s->out, s->n_out)) return 0;
  s->n_out = 0;
  return 1;
}

/* The payload's length of the next TDS packet, or -1. */
static int next_packet(struct probe *s) {
  unsigned char header[TDS_HEADER];
  int n;
  if (!recv_all(s, header, sizeof header)) return -1;
  if (header[0] != TDS_REPLY && header[0] != TDS_PRELOGIN) return -1;
  n = (header[2] << 8 | header[3]) - TDS_HEADER;
  return n > 0 ? n : -1;
}

/* [MS-TDS] 2.2.6.5: during the handshake, TLS records travel in TDS packets.
** GnuTLS's transport functions. */
static ssize_t on_push(gnutls_transport_ptr_t arg, const void *bytes,
                       size_t n) {
  struct probe *s = arg;
  if (n > sizeof s->out - s->n_out) {
    gnutls_transport_set_errno(s->session, EMSGSIZE);
    return -1;
  }
  memcpy(s->out + s->n_out, bytes, n);
  s->n_out += n;
  return (ssize_t)n;
}

static ssize_t on_pull(gnutls_transport_ptr_t arg, void *bytes, size_t n) {
  struct probe *s = arg;
  int got;
  if (!flush(s)) goto broken;
  if (s->n_in == 0) {
    int length = next_packet(s);
    if (length < 0) goto broken;
    s->n_in = (size_t)length;
  }
  got = recv_some(s, bytes, n < s->n_in ? n : s->n_in);
  if (got < 0) goto broken;
  s->n_in -= (size_t)got;
  return got;
broken:
  gnutls_transport_set_errno(s->session, errno == ETIMEDOUT ? ETIMEDOUT : EIO);
  return -1;
}

/* Returns the server's answer to "encryption on, please", or -1. */
static int prelogin(struct probe *s) {
  static const unsigned char ask[] = {0,
                                      0,
                                      11,
                                      0,
                                      6, /* version: offset 11, 6 bytes */
                                      PRELOGIN_ENCRYPT,
                                      0,
                                      17,
                                      0,
                                      1, /* encryption: offset 17, 1 byte */
                                      PRELOGIN_END,
                                      9,
                                      0,
                                      0,
                                      0,
                                      0,
                                      0,
                                      ENCRYPT_ON_OPTION};
  unsigned char answer[1024];
  int n;
  memcpy(s->out, ask, sizeof ask);
  s->n_out = sizeof ask;
  if (!flush(s)) return -1;
  n = next_packet(s);
  if (n < 0 || n > (int)sizeof answer) return -1;
  if (!recv_all(s, answer, (size_t)n)) return -1;
  for (int i = 0; i + 4 < n && answer[i] != PRELOGIN_END; i += 5) {
    int offset = answer[i + 1] << 8 | answer[i + 2];
    if (answer[i] == PRELOGIN_ENCRYPT && offset < n) return answer[offset];
  }
  return -1;
}

/* ---- what a certificate says ------------------------------------------- */

/* The names a certificate is for: "a.example, 10.0.0.1". */
static void list_names(gnutls_x509_crt_t cert, char *text, size_t n_text) {
  size_t used = 0;
  text[0] = 0;
  for (unsigned i = 0; i < 4 && used + 64 < n_text; i++) {
    char name[256];
    size_t n = sizeof name - 1;
    int type = gnutls_x509_crt_get_subject_alt_name(cert, i, name, &n, NULL);
    if (type != GNUTLS_SAN_DNSNAME) {
      if (type < 0) break;
      continue;
    }
    name[n < 60 ? n : 60] = 0;
    used += (size_t)snprintf(text + used, n_text - used, "%s%s",
                             used ? ", " : "", name);
  }
  if (!used) {
    size_t n = n_text;
    if (gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
                                      text, &n) < 0) {
      (void)snprintf(text, n_text, "no name");
    }
  }
}

static void date_text(time_t when, char text[32]) {
  struct tm tm;
  if (when == (time_t)-1 || !gmtime_r(&when, &tm) ||
      strftime(text, 32, "%Y-%m-%d", &tm) == 0) {
    (void)snprintf(text, 32, "an unknown date");
  }
}

/* The reason to refuse, in words, if there is one. */
static void describe_fault(gnutls_x509_crt_t cert, unsigned status,
                           const char *host, struct findings *f) {
  static const char trust[] =
      "If that is the right server, set ca_file to the certificate of its "
      "authority (for a self-signed one: to itself).";
  char date[32];
  char names[160];
  if (status & GNUTLS_CERT_EXPIRED) {
    date_text(gnutls_x509_crt_get_expiration_time(cert), date);
    (void)snprintf(f->fault, sizeof f->fault,
                   "the server's certificate expired on %s", date);
  } else if (status & GNUTLS_CERT_NOT_ACTIVATED) {
    date_text(gnutls_x509_crt_get_activation_time(cert), date);
    (void)snprintf(f->fault, sizeof f->fault,
                   "the server's certificate is not valid before %s", date);
  } else if (status & GNUTLS_CERT_REVOKED) {
    (void)snprintf(f->fault, sizeof f->fault,
                   "the server's certificate was revoked");
  } else if (status & GNUTLS_CERT_SIGNER_NOT_FOUND) {
    int self = gnutls_x509_crt_check_issuer(cert, cert) != 0;
    (void)snprintf(f->fault, sizeof f->fault, "the server's certificate %s",
                   self ? "is self-signed and not among the trusted ones"
                        : "was issued by an unknown authority");
    f->hint = trust;
  } else if (status != 0) {
    gnutls_datum_t words = {NULL, 0};
    int rc = gnutls_certificate_verification_status_print(
        status, GNUTLS_CRT_X509, &words, 0);
    (void)snprintf(f->fault, sizeof f->fault, "%s",
                   rc == 0 ? (const char *)words.data
                           : "the server's certificate is not trusted");
    if (rc == 0) gnutls_free(words.data);
  } else if (!gnutls_x509_crt_check_hostname(cert, host)) {
    list_names(cert, names, sizeof names);
    (void)snprintf(f->fault, sizeof f->fault,
                   "the server's certificate is for %s, not %s", names, host);
    f->hint = "Set server to a name that the certificate has.";
  }
}

/* "TLS1.3, AES-256-GCM, certificate sql.example.com until 2027-01-31" */
static void describe_session(gnutls_session_t session, gnutls_x509_crt_t cert,
                             struct findings *f) {
  char names[160];
  char date[32];
  list_names(cert, names, sizeof names);
  date_text(gnutls_x509_crt_get_expiration_time(cert), date);
  (void)snprintf(
      f->session, sizeof f->session, "%s, %s, certificate %s until %s",
      gnutls_protocol_get_name(gnutls_protocol_get_version(session)),
      gnutls_cipher_get_name(gnutls_cipher_get(session)), names, date);
}

static int examine(gnutls_session_t session, const char *host,
                   struct findings *f) {
  unsigned status = 0;
  unsigned n_certs = 0;
  gnutls_x509_crt_t cert = NULL;
  const gnutls_datum_t *certs = gnutls_certificate_get_peers(session, &n_certs);
  int known = 0;
  if (!certs || n_certs == 0 || gnutls_x509_crt_init(&cert) != 0) return 0;
  if (gnutls_x509_crt_import(cert, &certs[0], GNUTLS_X509_FMT_DER) == 0 &&
      gnutls_certificate_verify_peers2(session, &status) == 0) {
    known = 1;
    describe_session(session, cert, f);
    describe_fault(cert, status, host, f);
  }
  gnutls_x509_crt_deinit(cert);
  return known;
}

static int handshake(struct probe *s) {
  int rc;
  do {
    rc = gnutls_handshake(s->session);
  } while (rc < 0 && !gnutls_error_is_fatal(rc));
  (void)flush(s);
  return rc;
}

/* The connection's failure, not TLS's: a later try may succeed. */
static int is_transport(int rc) {
  return rc == GNUTLS_E_PULL_ERROR || rc == GNUTLS_E_PUSH_ERROR ||
         rc == GNUTLS_E_PREMATURE_TERMINATION || rc == GNUTLS_E_TIMEDOUT;
}

/* The handshake with FreeTDS's own priorities, the certificate accepted
** whatever it is, so that it can be looked at. */
static int look(struct probe *s, const char *host, const char *ca_file,
                struct findings *f) {
  gnutls_certificate_credentials_t trust = NULL;
  int rc;
  int known = 0;
  if (gnutls_certificate_allocate_credentials(&trust) != 0) return 0;
  if (ca_file) {
    (void)gnutls_certificate_set_x509_trust_file(trust, ca_file,
                                                 GNUTLS_X509_FMT_PEM);
  } else {
    (void)gnutls_certificate_set_x509_system_trust(trust);
  }
  if (gnutls_init(&s->session, GNUTLS_CLIENT) != 0) goto done;
  if (gnutls_priority_set_direct(
          s->session, "NORMAL:%COMPAT:-VERS-SSL3.0:-VERS-TLS1.0", NULL) != 0 ||
      gnutls_credentials_set(s->session, GNUTLS_CRD_CERTIFICATE, trust) != 0) {
    goto done;
  }
  gnutls_transport_set_ptr(s->session, s);
  gnutls_transport_set_push_function(s->session, on_push);
  gnutls_transport_set_pull_function(s->session, on_pull);
  rc = handshake(s);
  if (rc == 0) {
    known = examine(s->session, host, f);
  } else if (is_transport(rc)) {
    f->hint = "It breaks off in the TLS handshake.";
  } else {
    known = 1;
    (void)snprintf(f->fault, sizeof f->fault, "the TLS handshake failed: %s",
                   gnutls_strerror(rc));
  }
done:
  if (s->session) gnutls_deinit(s->session);
  gnutls_certificate_free_credentials(trust);
  return known;
}

int tls_probe(const struct addresses *at, const char *host, const char *ca_file,
              const struct mssql_hooks *hooks, sqlite3_int64 deadline_ms,
              struct findings *found) {
  struct probe *s;
  int known = 0;
  memset(found, 0, sizeof *found);
  s = sqlite3_malloc64(sizeof *s);
  if (!s) return -1;
  memset(s, 0, sizeof *s);
  s->hooks = hooks;
  s->deadline_ms = deadline_ms;
  s->fd = -1;
  for (int i = 0; i < at->count && s->fd < 0; i++) {
    s->fd = tls_dial(&at->items[i], hooks, deadline_ms);
  }
  if (s->fd >= 0) {
    int answer = prelogin(s);
    if (answer == ENCRYPT_NOT_SUP) {
      known = 1;
      (void)snprintf(found->fault, sizeof found->fault,
                     "the server offers no encryption");
      found->hint = "encrypt = off would send everything in clear.";
    } else if (answer >= 0) {
      known = look(s, host, ca_file, found);
    }
    (void)close(s->fd);
  }
  sqlite3_free(s);
  return known;
}
