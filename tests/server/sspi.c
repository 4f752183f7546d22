/* Integrated logins: the tokens of a GSSAPI handshake in LOGIN7, in SSPI tokens
** ([MS-TDS] 2.2.7.22) and in SSPI messages (2.2.6.8), accepted by MIT Kerberos
** with the keys of --keytab. */
#include <ctype.h>
#include <gssapi/gssapi_ext.h>
#include <stdio.h>
#include <string.h>

#include "session.h"

/* Why, for who reads the server's stderr: the client is not told. */
static void complain(const char *what, OM_uint32 major, OM_uint32 minor) {
  OM_uint32 ignored, more = 0;
  gss_buffer_desc text = {0};
  (void)gss_display_status(&ignored, minor ? minor : major,
                           minor ? GSS_C_MECH_CODE : GSS_C_GSS_CODE,
                           GSS_C_NO_OID, &more, &text);
  fprintf(stderr, "tds-server: %s: %.*s\n", what, (int)text.length,
          (const char *)text.value);
  (void)gss_release_buffer(&ignored, &text);
}

static bool own_keys(const char *keytab, gss_cred_id_t *keys) {
  /* Servers share no replay cache: it would be a file of the system's. */
  gss_key_value_element_desc places[] = {{"keytab", keytab},
                                         {"rcache", "none:"}};
  gss_key_value_set_desc store = {2, places};
  OM_uint32 minor, major;
  major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE,
                                GSS_C_NO_OID_SET, GSS_C_ACCEPT, &store, keys,
                                NULL, NULL);
  if (GSS_ERROR(major)) complain("the keytab", major, minor);
  return !GSS_ERROR(major);
}

/* alice@EXAMPLE.COM is EXAMPLE\alice. */
static char *windows_name(gss_name_t client) {
  OM_uint32 minor;
  gss_buffer_desc text = {0};
  const char *at;
  char *name = NULL;
  int n;
  if (GSS_ERROR(gss_display_name(&minor, client, &text, NULL))) return NULL;
  n = (int)text.length;
  at = memchr(text.value, '@', text.length);
  if (at) {
    int user = (int)(at - (const char *)text.value), domain = 0;
    while (user + 1 + domain < n && isalnum((unsigned char)at[1 + domain]))
      domain++;
    name = mem_format("%.*s\\%.*s", domain, at + 1, user,
                      (const char *)text.value);
  }
  (void)gss_release_buffer(&minor, &text);
  return name;
}

/* The client's next token, into `in`. */
static bool ask_for_more(struct session *s, struct buf *in) {
  uint8_t type;
  net_send(&s->net, PKT_REPLY, &s->out, true);
  return !s->net.dead && net_read(&s->net, &type, in) && type == PKT_SSPI;
}

static OM_uint32 shake_hands(struct session *s, gss_cred_id_t keys,
                             gss_ctx_id_t *context, gss_name_t *client,
                             struct buf *in) {
  OM_uint32 major, minor, ignored;
  do {
    gss_buffer_desc came = {in->n, in->p}, answer = {0};
    major = gss_accept_sec_context(&minor, context, keys, &came,
                                   GSS_C_NO_CHANNEL_BINDINGS, client, NULL,
                                   &answer, NULL, NULL, NULL);
    if (GSS_ERROR(major)) {
      complain("an integrated login", major, minor);
    } else if (answer.length) {
      buf_u8(&s->out, 0xed);
      buf_u16(&s->out, (unsigned)answer.length);
      buf_put(&s->out, answer.value, answer.length);
    }
    (void)gss_release_buffer(&ignored, &answer);
  } while (major == GSS_S_CONTINUE_NEEDED && ask_for_more(s, in));
  return major;
}

bool sspi_login(struct session *s, struct buf *token) {
  gss_cred_id_t keys = GSS_C_NO_CREDENTIAL;
  gss_ctx_id_t context = GSS_C_NO_CONTEXT;
  gss_name_t client = GSS_C_NO_NAME;
  OM_uint32 minor;
  char *name = NULL;
  if (s->srv->keytab && own_keys(s->srv->keytab, &keys) &&
      shake_hands(s, keys, &context, &client, token) == GSS_S_COMPLETE)
    name = windows_name(client);
  if (name) {
    free(s->login.user);
    s->login.user = name;
  }
  (void)gss_release_name(&minor, &client);
  if (context) (void)gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
  (void)gss_release_cred(&minor, &keys);
  return name != NULL;
}
