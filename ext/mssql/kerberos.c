/*
** GSSAPI for FreeTDS's archive. Few profiles need Kerberos, and its library
** brings seven more: it is loaded, not linked.
**
** The first step of a login may ask a KDC, which knows no timeout of ours: a
** thread does it, which may be left. GSSAPI keeps reasons for each thread, so
** the text of a failure is made where the failure was.
*/
#include "mssql/kerberos.h"

#include <dlfcn.h>
#include <errno.h>
#include <gssapi/gssapi.h>
#include <krb5/krb5.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What box.syms names is called by FreeTDS's archive only. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define LIBRARY "libgssapi_krb5.so.2"
#define NEW_TICKET                                                             \
  "Get a ticket by kinit, as the user that this program runs as, or name a "   \
  "keytab in KRB5_CLIENT_KTNAME; klist shows what there is"

/* The library's functions, typed by its header. */
#define FUNCTIONS(X)                                                           \
  X(import_name)                                                               \
  X(duplicate_name)                                                            \
  X(release_name)                                                              \
  X(init_sec_context)                                                          \
  X(delete_sec_context)                                                        \
  X(release_buffer)                                                            \
  X(display_status)

struct gss {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name takes none */
#define MEMBER(name) __typeof__(&gss_##name) name;
  FUNCTIONS(MEMBER)
#undef MEMBER
};

static int find_functions(void *library, struct gss *g) {
#define FIND(name)                                                             \
  *(void **)&g->name = dlsym(library, "gss_" #name);                           \
  if (!g->name) return 0;
  FUNCTIONS(FIND)
#undef FIND
  return 1;
}

/* Loaded once a process, for good: NULL, with the loader's words, while that
** does not work. */
static const struct gss *load(char *why, size_t n) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static struct gss functions;
  static int is_loaded;
  void *library;
  int loaded;
  (void)pthread_mutex_lock(&lock);
  if (!is_loaded) {
    library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    is_loaded = library && find_functions(library, &functions);
    if (!is_loaded) (void)snprintf(why, n, "%s", dlerror());
    if (library && !is_loaded) (void)dlclose(library);
  }
  loaded = is_loaded;
  (void)pthread_mutex_unlock(&lock);
  return loaded ? &functions : NULL;
}

/* For what was made by the library: it is there. */
static const struct gss *loaded(void) {
  char why[1];
  return load(why, sizeof why);
}

/* How a step ended. */
struct step {
  OM_uint32 major, minor;
  char text[sizeof((struct box *)0)->kerberos.fault]; /* when it failed */
};

/* GSSAPI's own errors, but for these, leave the mechanism nothing to say. */
static int has_words(const struct step *s) {
  OM_uint32 error = GSS_ROUTINE_ERROR(s->major);
  return s->minor && (error == GSS_S_FAILURE || error == GSS_S_NO_CRED ||
                      error == GSS_S_CREDENTIALS_EXPIRED);
}

static void explain(const struct gss *g, struct step *s) {
  int by_mechanism = has_words(s);
  OM_uint32 minor, more = 0;
  gss_buffer_desc text = {0};
  if (!GSS_ERROR(s->major)) return;
  (void)snprintf(s->text, sizeof s->text, "error %u, %u", s->major, s->minor);
  if (GSS_ERROR(
          g->display_status(&minor, by_mechanism ? s->minor : s->major,
                            by_mechanism ? GSS_C_MECH_CODE : GSS_C_GSS_CODE,
                            GSS_C_NO_OID, &more, &text))) {
    return;
  }
  if (text.length) {
    (void)snprintf(s->text, sizeof s->text, "%.*s", (int)text.length,
                   (const char *)text.value);
  }
  (void)g->release_buffer(&minor, &text);
}

/* What to do about it. */
static const char *hint_of(const struct step *s) {
  switch ((krb5_error_code)s->minor) {
  case KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN:
    return "Server and port must be of an SPN of the server's account (setspn "
           "-L)";
  case KRB5KRB_AP_ERR_SKEW:
    return "Set the clock: this machine's and the domain's must agree";
  case KRB5_KDC_UNREACH:
  case KRB5_REALM_CANT_RESOLVE:
  case KRB5_REALM_UNKNOWN:
  case KRB5_CONFIG_NODEFREALM:
  case KRB5_CONFIG_BADFORMAT:
  case KRB5_CONFIG_CANTOPEN:
    return "Look at krb5.conf, DNS and the way to the KDC (port 88)";
  case KRB5KRB_AP_ERR_TKT_EXPIRED:
    return NEW_TICKET;
  default:
    break;
  }
  if (GSS_ROUTINE_ERROR(s->major) == GSS_S_CREDENTIALS_EXPIRED ||
      GSS_ROUTINE_ERROR(s->major) == GSS_S_NO_CRED) {
    return NEW_TICKET;
  }
  return "Try kvno with the name, and klist";
}

static int passes(const struct step *s) {
  krb5_error_code code = (krb5_error_code)s->minor;
  return code == KRB5_KDC_UNREACH || code == KRB5_REALM_CANT_RESOLVE ||
         code == KRB5_REALM_UNKNOWN || /* DNS has to tell, and did not */
         code == KRB5KDC_ERR_SVC_UNAVAILABLE;
}

static void note(struct box *b, const struct step *s) {
  if (!b || !GSS_ERROR(s->major)) return;
  (void)snprintf(b->kerberos.fault, sizeof b->kerberos.fault, "%s", s->text);
  b->kerberos.hint = hint_of(s);
  b->kerberos.passes = passes(s);
}

enum err_code kerberos_failure(const struct box *b, const char *server,
                               struct err *e) {
  const struct box_kerberos *k = &b->kerberos;
  if (k->is_missing) {
    err_set(e, ERR_PROFILE, "auth = kerberos needs " LIBRARY ": %s", k->fault);
    err_hint(e, "Install the package libgssapi-krb5-2.");
  } else if (k->fault[0]) {
    err_set(e, k->passes ? ERR_NETWORK : ERR_AUTH, "%s: Kerberos: %s", server,
            k->fault);
    if (k->answered)
      err_hint(e, "The server's answer to the ticket for %s proves nothing.",
               k->name);
    else
      err_hint(e, "%s. Asked for was a ticket for %s.", k->hint, k->name);
    e->transient = k->passes;
  }
  return e->code;
}

/* NOLINTBEGIN(readability-non-const-parameter): GSSAPI's signatures */

OM_uint32 kerberos_import_name(OM_uint32 *minor, gss_buffer_t text,
                               gss_OID type, gss_name_t *name) {
  struct box *b = box_current();
  const struct gss *g;
  struct step s = {.major = GSS_S_FAILURE};
  *minor = 0;
  *name = GSS_C_NO_NAME;
  if (!b) return GSS_S_FAILURE;
  (void)snprintf(b->kerberos.name, sizeof b->kerberos.name, "%.*s",
                 (int)text->length, (const char *)text->value);
  g = load(b->kerberos.fault, sizeof b->kerberos.fault);
  b->kerberos.is_missing = !g;
  if (!g) return GSS_S_FAILURE;
  s.major = g->import_name(&s.minor, text, type, name);
  explain(g, &s);
  note(b, &s);
  *minor = s.minor;
  return s.major;
}

OM_uint32 kerberos_release_name(OM_uint32 *minor, gss_name_t *name) {
  const struct gss *g = *name ? loaded() : NULL;
  *minor = 0;
  return g ? g->release_name(minor, name) : GSS_S_COMPLETE;
}

OM_uint32 kerberos_delete_sec_context(OM_uint32 *minor, gss_ctx_id_t *context,
                                      gss_buffer_t token) {
  const struct gss *g = *context ? loaded() : NULL;
  *minor = 0;
  return g ? g->delete_sec_context(minor, context, token) : GSS_S_COMPLETE;
}

OM_uint32 kerberos_release_buffer(OM_uint32 *minor, gss_buffer_t buffer) {
  const struct gss *g = buffer->value ? loaded() : NULL;
  *minor = 0;
  return g ? g->release_buffer(minor, buffer) : GSS_S_COMPLETE;
}

/* The first step: what goes in and what comes out is the thread's. */
struct ask {
  struct net_aside aside;
  const struct gss *gss;
  gss_name_t name; /* owned, as are the next two */
  gss_ctx_id_t context;
  gss_buffer_desc token;
  gss_OID mechanism, used; /* static */
  OM_uint32 flags, seconds;
  struct step step;
  int has_bindings;
  struct gss_channel_bindings_struct bindings; /* of the bytes that follow */
  unsigned char bytes[];
};

static void ask_run(void *work) {
  struct ask *a = work;
  a->step.major = a->gss->init_sec_context(
      &a->step.minor, GSS_C_NO_CREDENTIAL, &a->context, a->name, a->mechanism,
      a->flags, a->seconds,
      a->has_bindings ? &a->bindings : GSS_C_NO_CHANNEL_BINDINGS,
      GSS_C_NO_BUFFER, &a->used, &a->token, &a->flags, &a->seconds);
  explain(a->gss, &a->step);
}

static void ask_clear(void *work) {
  struct ask *a = work;
  OM_uint32 minor;
  if (a->token.value) (void)a->gss->release_buffer(&minor, &a->token);
  if (a->context)
    (void)a->gss->delete_sec_context(&minor, &a->context, GSS_C_NO_BUFFER);
  if (a->name) (void)a->gss->release_name(&minor, &a->name);
  free(a);
}

/* FreeTDS 1.3 has no bindings; later ones' are application data. */
static struct ask *ask_new(const struct gss *g, gss_name_t name,
                           gss_channel_bindings_t bindings) {
  size_t n = bindings ? bindings->application_data.length : 0;
  struct ask *a = calloc(1, sizeof *a + n);
  OM_uint32 minor;
  if (!a) return NULL;
  a->aside.work = a;
  a->aside.run = ask_run;
  a->aside.clear = ask_clear;
  a->gss = g;
  if (bindings) {
    a->has_bindings = 1;
    if (n) memcpy(a->bytes, bindings->application_data.value, n);
    a->bindings.initiator_addrtype = bindings->initiator_addrtype;
    a->bindings.acceptor_addrtype = bindings->acceptor_addrtype;
    a->bindings.application_data.length = n;
    a->bindings.application_data.value = a->bytes;
  }
  if (!GSS_ERROR(g->duplicate_name(&minor, name, &a->name))) return a;
  free(a);
  return NULL;
}

/* Whatever the KDC does, it ends with the connection's deadline. */
static void ask_aside(struct box *b, struct ask *a, struct step *s) {
  enum box_stage stage = b->stage;
  b->stage = BOX_TICKET;
  if (net_aside_run(&b->wait, &a->aside)) {
    *s = a->step;
    b->stage = stage;
  } else if (!b->wait.end) {
    (void)snprintf(s->text, sizeof s->text, "%s", strerror(errno));
  }
}

OM_uint32 kerberos_init_sec_context(
    OM_uint32 *minor, gss_cred_id_t credential, gss_ctx_id_t *context,
    gss_name_t name, gss_OID mechanism, OM_uint32 flags, OM_uint32 seconds,
    gss_channel_bindings_t bindings, gss_buffer_t in, gss_OID *used,
    gss_buffer_t out, OM_uint32 *got_flags, OM_uint32 *got_seconds) {
  struct box *b = box_current();
  const struct gss *g = b ? loaded() : NULL;
  struct step s = {.major = GSS_S_FAILURE};
  struct ask *a = NULL;
  *minor = 0;
  if (!g) return GSS_S_FAILURE;
  b->kerberos.answered = *context != GSS_C_NO_CONTEXT;
  if (*context) { /* nobody is asked */
    s.major = g->init_sec_context(&s.minor, credential, context, name,
                                  mechanism, flags, seconds, bindings, in, used,
                                  out, got_flags, got_seconds);
    explain(g, &s);
  } else if ((a = ask_new(g, name, bindings))) {
    a->mechanism = mechanism;
    a->flags = flags;
    a->seconds = seconds;
    ask_aside(b, a, &s);
  } else {
    (void)snprintf(s.text, sizeof s.text, "%s", strerror(ENOMEM));
  }
  if (a && !GSS_ERROR(s.major)) {
    *context = a->context;
    *out = a->token;
    if (used) *used = a->used;
    if (got_flags) *got_flags = a->flags;
    if (got_seconds) *got_seconds = a->seconds;
    a->context = GSS_C_NO_CONTEXT;
    a->token.value = NULL;
  }
  if (a) net_aside_leave(&a->aside);
  note(b, &s);
  *minor = s.minor;
  return s.major;
}

/* NOLINTEND(readability-non-const-parameter) */
