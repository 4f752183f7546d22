/* TLS, first inside PRELOGIN packets ([MS-TDS] 2.2.6.5, 3.2.5.1), then around
** all packets or, in login-only encryption, around the login alone. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "net.h"

/* What SQL Server does when nobody gave it a certificate: it makes one that
** nobody can verify. */
static bool self_signed(SSL_CTX *ctx) {
  EVP_PKEY *key = EVP_RSA_gen(2048);
  X509 *cert = X509_new();
  X509_NAME *name;
  bool ok = key && cert;
  if (ok) {
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 60L * 60 * 24 * 365);
    X509_set_pubkey(cert, key);
    name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_ASC,
        (const unsigned char *)"SSL_Self_Signed_Fallback", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    ok = X509_sign(cert, key, EVP_sha256()) > 0 &&
         SSL_CTX_use_certificate(ctx, cert) == 1 &&
         SSL_CTX_use_PrivateKey(ctx, key) == 1;
  }
  X509_free(cert);
  EVP_PKEY_free(key);
  return ok;
}

static int choose_alpn(SSL *ssl, const unsigned char **out,
                       unsigned char *outlen, const unsigned char *in,
                       unsigned int inlen, void *arg) {
  static const unsigned char tds8[] = "\x07tds/8.0";
  unsigned char *picked;
  (void)ssl;
  (void)arg;
  if (SSL_select_next_proto(&picked, outlen, tds8, 8, in, inlen) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = picked;
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *tls_context(const char *cert, const char *key) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  bool ok = ctx != NULL;
  if (ok && cert)
    ok = SSL_CTX_use_certificate_chain_file(ctx, cert) == 1 &&
         SSL_CTX_use_PrivateKey_file(ctx, key ? key : cert, SSL_FILETYPE_PEM) ==
             1;
  else if (ok)
    ok = self_signed(ctx);
  if (!ok) {
    ERR_print_errors_fp(stderr);
    SSL_CTX_free(ctx);
    return NULL;
  }
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(ctx, 0); /* TLS 1.3 sends them after its end */
  SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
  return ctx;
}

static void flush(struct net *n, bool wrapped) {
  char *data;
  long ready = BIO_get_mem_data(SSL_get_wbio(n->ssl), &data);
  if (ready <= 0) return;
  if (wrapped)
    net_send_all(n, PKT_PRELOGIN, (uint8_t *)data, (size_t)ready, true);
  else
    net_write(n, (uint8_t *)data, (size_t)ready);
  (void)BIO_reset(SSL_get_wbio(n->ssl));
}

/* Offers one version of TLS only; OpenSSL holds the old ones for too weak. */
static void pin_version(struct net *n) {
  static const struct {
    const char *name;
    int version;
  } versions[] = {{"1.0", TLS1_VERSION},
                  {"1.1", TLS1_1_VERSION},
                  {"1.2", TLS1_2_VERSION},
                  {"1.3", TLS1_3_VERSION}};
  const struct fault *f = fault_has(&n->faults, DO_TLS_VERSION);
  for (unsigned i = 0; f && i < 4; i++)
    if (strcmp(f->text, versions[i].name) == 0) {
      SSL_set_security_level(n->ssl, 0);
      (void)SSL_set_cipher_list(n->ssl, "ALL:@SECLEVEL=0");
      (void)SSL_set_max_proto_version(n->ssl, versions[i].version);
      (void)SSL_set_min_proto_version(n->ssl, versions[i].version);
    }
}

/* What has arrived and nobody has read goes to TLS. */
static void feed(struct net *n) {
  BIO_write(SSL_get_rbio(n->ssl), n->in.p + n->in_at,
            (int)(n->in.n - n->in_at));
  n->in_at = n->in.n = 0;
}

/* More of the client's handshake; false: something else came. */
static bool feed_handshake(struct net *n) {
  struct buf packet = {0};
  uint8_t type;
  bool last, ok = true;
  if (!n->wrapped) {
    if (n->in_at < n->in.n || net_fill(n, 60000)) feed(n);
    return true;
  }
  ok = net_read_packet(n, &type, &last, &packet) && type == PKT_PRELOGIN;
  if (ok) BIO_write(SSL_get_rbio(n->ssl), packet.p, (int)packet.n);
  buf_clear(&packet);
  return ok;
}

static bool handshake(struct net *n) {
  bool ok = false;
  while (!n->dead) {
    int rc = SSL_do_handshake(n->ssl);
    int why = SSL_get_error(n->ssl, rc);
    flush(n, n->wrapped);
    ok = rc == 1;
    if (ok || why != SSL_ERROR_WANT_READ || !feed_handshake(n)) break;
  }
  ERR_clear_error();
  return ok && !n->dead;
}

/* What came with the last of the handshake: bytes, and records. */
static void take_leftovers(struct net *n) {
  if (n->in.n > n->in_at) feed(n);
  for (;;) {
    int plain;
    buf_reserve(&n->in, 16384);
    plain = SSL_read(n->ssl, n->in.p + n->in.n, 16384);
    if (plain <= 0) break;
    n->in.n += (size_t)plain;
  }
}

bool tls_accept(struct net *n, SSL_CTX *ctx, bool wrapped) {
  BIO *rbio = BIO_new(BIO_s_mem()), *wbio = BIO_new(BIO_s_mem());
  n->ssl = SSL_new(ctx);
  if (!n->ssl || !rbio || !wbio) {
    BIO_free(rbio);
    BIO_free(wbio);
    return false;
  }
  SSL_set_bio(n->ssl, rbio, wbio);
  /* TDS 7 ends its handshake inside PRELOGIN packets, which TLS 1.3 with its
  ** messages after the handshake does not allow; TDS 8 has no such limit. */
  if (wrapped) SSL_set_max_proto_version(n->ssl, TLS1_2_VERSION);
  n->wrapped = wrapped;
  SSL_set_accept_state(n->ssl);
  net_begin(n, AT_TLS, NULL);
  pin_version(n);
  if (!handshake(n)) return false;
  take_leftovers(n);
  n->tls = true;
  return true;
}

void tls_end(struct net *n) {
  n->tls = false;
}
