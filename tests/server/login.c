/* PRELOGIN and LOGIN7: [MS-TDS] 2.2.6.4, 2.2.6.5 and 3.2.5. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "settings.h"

enum { /* ENCRYPT octet of PRELOGIN */
       ASK_OFF = 0,
       ASK_ON = 1,
       ASK_NOT_SUP = 2,
       ASK_REQ = 3
};

/* The table of [MS-TDS] 2.2.6.5: what is answered, and whether the
** connection can live with it. */
static unsigned negotiate(enum encrypt_mode mode, unsigned asked, bool *ok) {
  *ok = true;
  if (asked == ASK_REQ) asked = ASK_ON; /* the server decides the same */
  if (mode == ENCRYPT_NOT_SUP) {
    *ok = asked != ASK_ON;
    return ASK_NOT_SUP;
  }
  if (mode == ENCRYPT_OFF) return asked;
  *ok = asked != ASK_NOT_SUP;
  return asked == ASK_ON ? ASK_ON : ASK_REQ;
}

/* Returns the ENCRYPT octet, or -1 when the message is no PRELOGIN. */
static int read_prelogin(const struct buf *in, bool *mars) {
  unsigned asked = ASK_NOT_SUP;
  for (size_t at = 0; at < in->n && in->p[at] != 0xff; at += 5) {
    size_t offset, length;
    if (at + 5 > in->n) return -1;
    offset = (size_t)in->p[at + 1] << 8 | in->p[at + 2];
    length = (size_t)in->p[at + 3] << 8 | in->p[at + 4];
    if (offset + length > in->n) return -1;
    if (in->p[at] == 1 && length >= 1) asked = in->p[offset] & 0x0f;
    if (in->p[at] == 4 && length >= 1) *mars = in->p[offset] != 0;
  }
  return asked > ASK_REQ ? -1 : (int)asked;
}

static void send_prelogin(struct session *s, unsigned encrypt) {
  static const struct {
    uint8_t token, bytes;
  } options[] = {{0, 6}, {1, 1}, {2, 1}, {3, 0}, {4, 1}};
  struct buf b = {0};
  unsigned offset = 5 * 5 + 1;
  for (unsigned i = 0; i < 5; i++) {
    buf_u8(&b, options[i].token);
    buf_u8(&b, offset >> 8);
    buf_u8(&b, offset & 255);
    buf_u8(&b, 0);
    buf_u8(&b, options[i].bytes);
    offset += options[i].bytes;
  }
  buf_u8(&b, 0xff);
  token_program_version(&b, s->srv->release);
  buf_u16(&b, 0);
  buf_u8(&b, encrypt);
  buf_u8(&b, 0); /* the instance's name is right */
  buf_u8(&b, 0); /* no MARS */
  net_send(&s->net, PKT_REPLY, &b, true);
  buf_clear(&b);
}

/* ---- LOGIN7 ---- */

static char *ucs2_field(const struct buf *in, size_t at, bool secret) {
  struct arena a = {0};
  size_t offset, bytes, n;
  char *out, *text;
  struct buf clear = {0};
  if (at + 4 > in->n) return NULL;
  offset = (size_t)(in->p[at] | in->p[at + 1] << 8);
  bytes = 2 * (size_t)(in->p[at + 2] | in->p[at + 3] << 8);
  if (bytes > 256 || offset + bytes > in->n) return NULL;
  buf_put(&clear, in->p + offset, bytes);
  for (size_t i = 0; secret && i < bytes; i++) {
    uint8_t c = clear.p[i] ^ 0xa5; /* 2.2.6.4: XOR, then swap the nibbles */
    clear.p[i] = (uint8_t)(c << 4 | c >> 4);
  }
  text = text_from_utf16(&a, clear.p, bytes, &n);
  out = mem_dup(text, n + 1);
  arena_clear(&a);
  buf_clear(&clear);
  return out;
}

static int tds_version(uint32_t v) {
  switch (v >> 24) {
  case 0x70:
    return TDS_70;
  case 0x71:
    return TDS_71;
  case 0x72:
    return TDS_72;
  case 0x73:
    return (v >> 16 & 0xff) == 0x0b ? TDS_73B : TDS_73A;
  default:
    return v >> 24 > 0x74 || v >> 24 == 8 ? TDS_74
           : v >> 24 == 0x74              ? TDS_74
                                          : 0;
  }
}

/* FeatureExt, 2.2.6.4: only UTF8_SUPPORT (0x0a) matters here. */
static void read_features(struct session *s, const struct buf *in) {
  struct reader r = {in->p, in->p + in->n, false};
  size_t offset;
  if (in->n < 62) return;
  offset = (size_t)(in->p[56] | in->p[57] << 8);
  if (offset + 4 > in->n) return;
  r.p = in->p + offset;
  offset = rd_u32(&r);
  if (offset >= in->n) return;
  r.p = in->p + offset;
  s->login.features = true;
  while (!r.bad) {
    unsigned id = rd_u8(&r);
    uint32_t n;
    if (id == 0xff || r.bad) break;
    n = rd_u32(&r);
    if (id == 0x0a) s->login.utf8_asked = true;
    (void)rd_bytes(&r, n);
  }
}

static bool read_login7(struct session *s, const struct buf *in) {
  struct login *l = &s->login;
  uint32_t version;
  if (in->n < 86) return false;
  version = (uint32_t)in->p[4] | (uint32_t)in->p[5] << 8 |
            (uint32_t)in->p[6] << 16 | (uint32_t)in->p[7] << 24;
  s->wire.tds = tds_version(version);
  if (!s->wire.tds) return false;
  l->packet_size = (uint32_t)in->p[8] | (uint32_t)in->p[9] << 8 |
                   (uint32_t)in->p[10] << 16 | (uint32_t)in->p[11] << 24;
  l->odbc = in->p[25] & 0x02;
  l->integrated = in->p[25] & 0x80;
  l->read_only = in->p[26] & 0x20; /* TypeFlags.fReadOnlyIntent */
  l->host = ucs2_field(in, 36, false);
  l->user = ucs2_field(in, 40, false);
  l->password = ucs2_field(in, 44, true);
  l->app = ucs2_field(in, 48, false);
  l->server = ucs2_field(in, 52, false);
  l->language = ucs2_field(in, 64, false);
  l->database = ucs2_field(in, 68, false);
  if (!l->host || !l->user || !l->password || !l->app || !l->server ||
      !l->language || !l->database)
    return false;
  if (s->wire.tds >= TDS_74 && (in->p[27] & 0x10)) read_features(s, in);
  s->wire.utf8 = l->utf8_asked;
  return true;
}

/* What the client is told when it may not come in. */
static bool check(struct session *s, struct sqlerr *e) {
  const struct login *l = &s->login;
  const struct fault *f = fault_has(&s->net.faults, DO_REFUSE_LOGIN);
  if (f)
    return fault_error(f,
                       f->arg == 4060    ? l->database
                       : f->arg == 40532 ? l->server
                                         : l->user,
                       e);
  if (l->integrated && !l->trusted)
    return sqlerr_set(e, 18452, 14, 1,
                      "Login failed. The login is from an untrusted domain and "
                      "cannot be used with Integrated authentication.");
  if (!l->integrated && (strcasecmp(l->user, s->srv->user) != 0 ||
                         strcmp(l->password, s->srv->password) != 0))
    return sqlerr_set(e, 18456, 14, 1, "Login failed for user '%s'.", l->user);
  if (l->database[0] && !session_is_database(s, l->database)) {
    return sqlerr_set(e, 4060, 11, 1,
                      "Cannot open database \"%s\" requested by the login. The "
                      "login failed.",
                      l->database);
  }
  return true;
}

/* SSPI of LOGIN7, 2.2.6.4: 64 KB and more are counted by cbSSPILong. */
static bool read_sspi(const struct buf *in, struct buf *token) {
  size_t offset = (size_t)(in->p[78] | in->p[79] << 8);
  size_t bytes = (size_t)(in->p[80] | in->p[81] << 8);
  if (bytes == 0xffff && in->n >= 94 && offset >= 94)
    bytes = (size_t)in->p[90] | (size_t)in->p[91] << 8 |
            (size_t)in->p[92] << 16 | (size_t)in->p[93] << 24;
  if (offset > in->n || bytes > in->n - offset) return false;
  buf_put(token, in->p + offset, bytes);
  return true;
}

static bool integrated(struct session *s, const struct buf *in) {
  struct buf token = {0};
  bool ok = read_sspi(in, &token);
  if (ok) s->login.trusted = sspi_login(s, &token);
  buf_clear(&token);
  return ok && !s->net.dead;
}

static void info(struct session *s, int number, const char *text) {
  struct sqlerr e = {number, 0, number == 5701 ? 2 : 1, 1, ""};
  snprintf(e.text, sizeof e.text, "%s", text);
  token_message(&s->out, &s->wire, &e, NULL);
}

/* [MS-TDS] 2.2.7.9: the client is to hang up and try there. */
static bool redirect(struct session *s) {
  const struct fault *f = fault_has(&s->net.faults, DO_ROUTE);
  const char *comma = f ? strchr(f->text, ',') : NULL;
  char host[256];
  if (!comma) return false;
  snprintf(host, sizeof host, "%.*s", (int)(comma - f->text), f->text);
  token_env_routing(&s->out, host, (unsigned)atoi(comma + 1));
  return true;
}

static void accept_login(struct session *s) {
  struct fault polite = {.what = DO_CUT};
  bool routed;
  struct buf *b = &s->out;
  char text[256], told[128], size[16], old[16];
  uint32_t asked = s->login.packet_size;
  /* 2.2.6.4: 0 is the server's default; else 512 to 32767 */
  if (asked == 0) asked = 4096;
  if (asked < 512) asked = 512;
  if (asked > 32767) asked = 32767;
  snprintf(size, sizeof size, "%u", asked);
  snprintf(old, sizeof old, "%u", 4096u);
  snprintf(text, sizeof text, "Changed database context to '%s'.", s->db);
  token_env(b, ENV_DATABASE, s->db, "master");
  info(s, 5701, text);
  if (s->wire.tds >= TDS_71) token_env_collation(b, s->srv->coll);
  settings_reset(s);
  snprintf(told, sizeof told, "Changed language setting to %s.",
           s->fmt.language->name);
  token_env(b, ENV_LANGUAGE, s->fmt.language->name, "");
  info(s, 5703, told);
  token_loginack(b, &s->wire, s->srv->release);
  if (s->login.features) { /* FEATUREEXTACK, 2.2.7.11 */
    buf_u8(b, 0xae);
    if (s->login.utf8_asked) {
      buf_u8(b, 0x0a);
      buf_u32(b, 1);
      buf_u8(b, 1);
    }
    buf_u8(b, 0xff);
  }
  token_env(b, ENV_PACKET_SIZE, size, old);
  routed = redirect(s);
  token_done(b, &s->wire, TOK_DONE, 0, 0, 0);
  net_send(&s->net, PKT_REPLY, b, true);
  s->net.packet_size = asked;
  if (routed && !s->net.dead) net_fault(&s->net, &polite);
}

static void log_login(struct session *s, const struct sqlerr *e, bool full,
                      double started) {
  struct log_event ev = {.event = "login",
                         .connection = s->id,
                         .tls = full,
                         .encrypted_login = s->login.encrypted,
                         .user = s->login.user,
                         .database = s->login.database,
                         .app = s->login.app,
                         .host = s->login.host,
                         .server = s->login.server,
                         .tds = s->wire.tds,
                         .packet_size = (int)s->login.packet_size,
                         .read_only = s->login.read_only,
                         .bytes = (int64_t)s->net.sent,
                         .ok = e->number == 0,
                         .error = e->number,
                         .ms = (now_seconds() - started) * 1000};
  log_write(&ev);
}

/* PRELOGIN and, where agreed, the TLS handshake. *full: TLS stays on. */
static bool prelogin(struct session *s, struct buf *in, bool *full,
                     bool *login_came) {
  uint8_t type;
  int asked;
  unsigned answer;
  bool ok, mars = false;
  *login_came = false;
  if (net_peek_tls(&s->net)) {
    if (!s->srv->tls || !tls_accept(&s->net, s->srv->tls, false)) return false;
    *full = true;
  } else if (s->srv->encrypt == ENCRYPT_STRICT) {
    return false;
  }
  if (!net_read(&s->net, &type, in)) return false;
  if (type == PKT_LOGIN7 && s->srv->encrypt != ENCRYPT_ON) {
    *login_came = true; /* TDS 7.0 clients know no PRELOGIN */
    return true;
  }
  if (type != PKT_PRELOGIN) return false;
  asked = read_prelogin(in, &mars);
  if (asked < 0) return false;
  net_begin(&s->net, AT_PRELOGIN, NULL);
  if (*full) { /* TDS 8: encryption is settled already */
    send_prelogin(s, (unsigned)asked);
    return !s->net.dead;
  }
  answer = negotiate(s->srv->encrypt, (unsigned)asked, &ok);
  if (fault_has(&s->net.faults, DO_NO_ENCRYPT)) {
    answer = ASK_NOT_SUP;
    ok = true;
  }
  send_prelogin(s, answer);
  if (s->net.dead || !ok) return false;
  if (answer == ASK_NOT_SUP) return true;
  if (!tls_accept(&s->net, s->srv->tls, true)) return false;
  *full = answer != ASK_OFF;
  return true;
}

/* What match= of a fault at the login looks into. */
static void begin_login(struct session *s) {
  const struct login *l = &s->login;
  char *text = mem_format("user=%s database=%s server=%s app=%s intent=%s",
                          l->user, l->database, l->server, l->app,
                          l->read_only ? "readonly" : "readwrite");
  session_faults(s, AT_LOGIN, text);
  free(text);
}

bool login_run(struct session *s) {
  struct buf in = {0};
  struct sqlerr e = {0};
  uint8_t type = PKT_LOGIN7;
  bool full = false, came, ok = false;
  double started = now_seconds();
  if (!prelogin(s, &in, &full, &came)) goto done;
  if (!came && !net_read(&s->net, &type, &in)) goto done;
  if (type != PKT_LOGIN7 || !read_login7(s, &in)) goto done;
  s->login.encrypted = s->net.tls;
  if (s->net.tls && !full) tls_end(&s->net);
  if (s->login.integrated && !integrated(s, &in)) goto done;
  begin_login(s);
  if (!check(s, &e)) {
    if (e.number == 4060 ||
        e.number == 40532) { /* SQL Server adds the general failure */
      struct sqlerr also = {0};
      session_error(s, &e, NULL);
      sqlerr_set(&also, 18456, 14, 1, "Login failed for user '%s'.",
                 s->login.user);
      session_error(s, &also, NULL);
    } else {
      session_error(s, &e, NULL);
    }
    token_done(&s->out, &s->wire, TOK_DONE, DONE_ERROR, 0, 0);
    net_send(&s->net, PKT_REPLY, &s->out, true);
  } else {
    snprintf(s->db, sizeof s->db, "%s",
             s->login.database[0] ? s->login.database : s->srv->database);
    s->wire.db = s->db;
    accept_login(s);
    ok = !s->net.dead;
  }
  log_login(s, &e, full, started);
done:
  buf_clear(&in);
  return ok;
}
