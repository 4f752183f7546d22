/*
** Between FreeTDS and GnuTLS.
**
** FreeTDS only says that a connection failed, and takes an orderly end of TLS
** for "not yet": it would ask for ever. Here an end is an end, TLS before 1.2
** is not spoken, and under `verify` a handshake counts only when its
** certificate was seen to be verified and to name the server.
*/
#include "mssql/tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What box.syms names is called by FreeTDS's archive only. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

int tls_has_pending(const struct box *b) {
  return b->tls.session &&
         gnutls_record_check_pending((gnutls_session_t)b->tls.session) > 0;
}

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

/* The server's own; NULL when there is none. */
static gnutls_x509_crt_t first_certificate(gnutls_session_t session) {
  unsigned n_certs = 0;
  gnutls_x509_crt_t cert = NULL;
  const gnutls_datum_t *certs = gnutls_certificate_get_peers(session, &n_certs);
  if (!certs || n_certs == 0 || gnutls_x509_crt_init(&cert) != 0) return NULL;
  if (gnutls_x509_crt_import(cert, &certs[0], GNUTLS_X509_FMT_DER) == 0)
    return cert;
  gnutls_x509_crt_deinit(cert);
  return NULL;
}

/* The first reason counts. */
__attribute__((format(printf, 3, 4))) static void
refuse(struct box_tls *t, const char *hint, const char *fmt, ...) {
  va_list args;
  if (t->fault[0]) return;
  va_start(args, fmt);
  (void)vsnprintf(t->fault, sizeof t->fault, fmt, args);
  va_end(args);
  t->hint = hint;
}

/* The reason to refuse its chain, in words. */
static void describe_fault(gnutls_x509_crt_t cert, unsigned status,
                           struct box_tls *t) {
  char date[32];
  gnutls_datum_t words = {NULL, 0};
  if (status & GNUTLS_CERT_EXPIRED &&
      gnutls_x509_crt_get_expiration_time(cert) > time(NULL)) {
    refuse(t,
           "Set ca_file to that authority's new certificate; the server may "
           "have to get a new one, too.",
           "the server's certificate is from an authority whose own has "
           "expired");
  } else if (status & GNUTLS_CERT_EXPIRED) {
    date_text(gnutls_x509_crt_get_expiration_time(cert), date);
    refuse(t,
           "It has to be renewed there, unless this computer's clock is wrong.",
           "the server's certificate expired on %s", date);
  } else if (status & GNUTLS_CERT_NOT_ACTIVATED) {
    date_text(gnutls_x509_crt_get_activation_time(cert), date);
    refuse(t, "Is this computer's clock right?",
           "the server's certificate is not valid before %s", date);
  } else if (status & GNUTLS_CERT_REVOKED) {
    refuse(t, NULL, "the server's certificate was revoked");
  } else if (status & GNUTLS_CERT_SIGNER_NOT_FOUND) {
    refuse(t,
           "If that is the right server, set ca_file to the certificate of its "
           "authority (for a self-signed one: to itself).",
           "the server's certificate %s",
           gnutls_x509_crt_check_issuer(cert, cert)
               ? "is self-signed and not among the trusted ones"
               : "was issued by an unknown authority");
  } else if (gnutls_certificate_verification_status_print(
                 status, GNUTLS_CRT_X509, &words, 0) == 0) {
    refuse(t, NULL, "%s", (const char *)words.data);
    gnutls_free(words.data);
  }
  refuse(t, NULL, "the server's certificate is not trusted");
}

/* "TLS1.3, AES-256-GCM, certificate sql.example.com until 2027-01-31" */
static void describe_session(gnutls_session_t session, struct box_tls *t) {
  gnutls_x509_crt_t cert = first_certificate(session);
  char names[160] = "unreadable";
  char date[32] = "an unknown date";
  if (cert) {
    list_names(cert, names, sizeof names);
    date_text(gnutls_x509_crt_get_expiration_time(cert), date);
    gnutls_x509_crt_deinit(cert);
  }
  (void)snprintf(t->facts, sizeof t->facts, "%s, %s, certificate %s until %s",
                 gnutls_protocol_get_name(gnutls_protocol_get_version(session)),
                 gnutls_cipher_get_name(gnutls_cipher_get(session)), names,
                 date);
}

int tls_priority_set_direct(gnutls_session_t session, const char *wanted,
                            const char **place) {
  (void)wanted; /* FreeTDS's own lets TLS 1.1 through */
  return gnutls_priority_set_direct(
      session, "NORMAL:%COMPAT:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", place);
}

/* FreeTDS gives up without a word where the system has none. */
int tls_system_trust(gnutls_certificate_credentials_t credentials) {
  struct box *b = box_current();
  int n_trusted = gnutls_certificate_set_x509_system_trust(credentials);
  if (b && n_trusted <= 0) {
    refuse(&b->tls,
           "Install the package ca-certificates, or set ca_file to the "
           "certificate of the server's authority.",
           "this system trusts no certificate authority at all");
  }
  return n_trusted;
}

int tls_verify_peers(gnutls_session_t session, unsigned *status) {
  struct box *b = box_current();
  int rc = gnutls_certificate_verify_peers2(session, status);
  if (!b) return rc;
  b->tls.chain_trusted = rc == 0 && *status == 0;
  if (rc == 0 && *status != 0) {
    gnutls_x509_crt_t cert = first_certificate(session);
    if (cert) describe_fault(cert, *status, &b->tls);
    gnutls_x509_crt_deinit(cert);
  }
  return rc;
}

unsigned tls_check_hostname(gnutls_x509_crt_t cert, const char *host) {
  struct box *b = box_current();
  unsigned matches = gnutls_x509_crt_check_hostname(cert, host);
  char names[160];
  if (!b) return matches;
  b->tls.name_matches = matches && strcmp(host, b->host) == 0;
  if (!matches) {
    list_names(cert, names, sizeof names);
    refuse(&b->tls, "Set server to a name that the certificate has.",
           "the server's certificate is for %s, not %s", names, host);
  }
  return matches;
}

/* The connection's failure, not TLS's: a later try may succeed. */
static int is_transport(int rc) {
  return rc == GNUTLS_E_PULL_ERROR || rc == GNUTLS_E_PUSH_ERROR ||
         rc == GNUTLS_E_PREMATURE_TERMINATION || rc == GNUTLS_E_TIMEDOUT;
}

static void describe_failure(gnutls_session_t session, int rc,
                             struct box_tls *t) {
  const char *alert = rc == GNUTLS_E_FATAL_ALERT_RECEIVED
                          ? gnutls_alert_get_name(gnutls_alert_get(session))
                          : NULL;
  int is_old =
      rc == GNUTLS_E_UNSUPPORTED_VERSION_PACKET ||
      (alert && gnutls_alert_get(session) == GNUTLS_A_PROTOCOL_VERSION);
  if (!is_transport(rc))
    refuse(t, is_old ? "It has to speak TLS 1.2 or 1.3." : NULL,
           "the TLS handshake failed: %s%s%s", gnutls_strerror(rc),
           alert ? " " : "", alert ? alert : "");
  else if (!t->fault[0])
    t->hint = "It breaks off in the TLS handshake.";
}

/* A failed read may leave any errno behind, EAGAIN too. */
static int is_up(struct box *b) {
  return b->fd >= 0 && !net_must_stop(&b->wait);
}

int tls_handshake(gnutls_session_t session) {
  struct box *b = box_current();
  int rc;
  if (!b) return GNUTLS_E_INTERNAL_ERROR;
  b->tls.begun = b->in_record = 1;
  do {
    rc = gnutls_handshake(session);
  } while (rc < 0 && !gnutls_error_is_fatal(rc) && is_up(b));
  b->in_record = 0;
  if (rc == 0 && b->must_verify &&
      !(b->tls.chain_trusted && b->tls.name_matches)) {
    refuse(&b->tls, NULL, "the server's certificate was not verified");
    return GNUTLS_E_CERTIFICATE_ERROR;
  }
  if (rc < 0) {
    describe_failure(session, rc, &b->tls);
    return rc;
  }
  describe_session(session, &b->tls);
  b->tls.session = session;
  return rc;
}

ssize_t tls_record_recv(gnutls_session_t session, void *bytes, size_t n) {
  struct box *b = box_current();
  ssize_t got;
  if (!b) return GNUTLS_E_INTERNAL_ERROR;
  b->in_record = 1;
  do { /* a ticket or a key update is not for FreeTDS */
    got = gnutls_record_recv(session, bytes, n);
  } while ((got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED) && is_up(b));
  b->in_record = 0;
  if (got == 0) return GNUTLS_E_PREMATURE_TERMINATION;
  if (got > 0 && !box_took(b, bytes, (size_t)got))
    return GNUTLS_E_UNEXPECTED_PACKET;
  return got;
}

ssize_t tls_record_send(gnutls_session_t session, const void *bytes, size_t n) {
  struct box *b = box_current();
  ssize_t sent;
  if (!b) return GNUTLS_E_INTERNAL_ERROR;
  b->in_record = 1;
  sent = gnutls_record_send(session, bytes, n);
  b->in_record = 0;
  return sent;
}

void tls_deinit(gnutls_session_t session) {
  struct box *b = box_current();
  if (b && b->tls.session == session) b->tls.session = NULL;
  gnutls_deinit(session);
}
