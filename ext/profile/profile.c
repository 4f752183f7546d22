/*
** Where the server is and who we are: an INI file and the environment.
**
**   ORDERSYNC_SERVER=sql.example.com ORDERSYNC_USER=reader \
**   ORDERSYNC_PASSWORD_FILE=/run/secrets/orders sqlite3 orders.db ...
**
** The keys are in keyword.c. A password never enters the profile:
** profile_password() looks for it anew, on demand.
*/
#include "profile/profile.h"

#include "base/utf8.h"
#include "profile/file.h"

#include <stdlib.h>
#include <string.h>

/* A copy of a password that can be sent; where it is from, for the error. */
static char *copy_password(const char *value, const char *where,
                           struct err *e) {
  char *copy = NULL;
  if (utf8_units(value, strlen(value)) < 0 ||
      strlen(value) > PROFILE_NAME_CAP) {
    err_set(e, ERR_PROFILE,
            "%s: the password is not UTF-8 or longer than %d bytes", where,
            PROFILE_NAME_CAP);
  } else {
    copy = sqlite3_mprintf("%s", value);
    if (!copy) err_nomem(e);
  }
  return copy;
}

/* ---- the file ---------------------------------------------------------- */

/* One reading of the file: into a profile, or for its password. */
struct search {
  const char *wanted; /* borrowed: the section's name */
  struct profile *p;  /* borrowed; NULL: not wanted */
  char **password;    /* borrowed; NULL: not wanted */
  int found;
  int lines[KEY_COUNT];  /* where the section has each key; 0: nowhere */
  sqlite3_str *sections; /* owned: all the names, for a hint */
};

/* A pair of the wanted section. */
static void take_pair(struct search *s, enum profile_key key,
                      const struct profile_line *line, struct err *e) {
  int *seen = &s->lines[key];
  int is_password = key == KEY_PASSWORD;
  if (*seen) {
    err_set(e, ERR_PROFILE, "given twice, first in line %d", *seen);
  } else if (is_password && line->has_comment) {
    err_set(e, ERR_PROFILE,
            "a semicolon after a blank begins a comment and would cut the "
            "value");
    err_hint(e, "Put it into a file of its own and name that with "
                "password_file.");
  } else if (!*line->value) {
    err_set(e, ERR_PROFILE, "the value is empty; give one or remove the line");
  } else if (is_password && s->password) {
    *s->password = copy_password(line->value, line->path, e);
  } else if (s->p) {
    keyword_set(s->p, key, line->value, e);
  }
  *seen = line->number;
}

/* Keys are checked in every section; values only in the wanted one. */
static int on_line(void *arg, const struct profile_line *line, struct err *e) {
  struct search *s = arg;
  int wanted = strcmp(line->section, s->wanted) == 0;
  enum profile_key key;
  s->found |= wanted;
  if (!line->key) {
    sqlite3_str_appendf(s->sections, "%s[%s]",
                        sqlite3_str_length(s->sections) ? ", " : "",
                        line->section);
    return 0;
  }
  key = keyword_find(line->key);
  if (!*line->section) {
    err_set(e, ERR_PROFILE, "%s:%d: \"%.40s\" stands before any [section]",
            line->path, line->number, line->key);
    return 0;
  }
  if (key == KEY_NONE) {
    err_set(e, ERR_PROFILE, "%s:%d: [%s] has an unknown key \"%.40s\"",
            line->path, line->number, line->section, line->key);
    keyword_hint(e);
    return 0;
  }
  if (wanted) {
    take_pair(s, key, line, e);
    err_prefix(e, "%s:%d: [%s] %s", line->path, line->number, line->section,
               keyword_name(key));
  }
  return key == KEY_PASSWORD;
}

/* Where the file may be: behind a variable's value. */
static const struct {
  const char *variable, *rest;
} places[] = {
    {"ORDERSYNC_CONFIG", ""},
    {"XDG_CONFIG_HOME", "/ordersync.ini"},
    {"HOME", "/.config/ordersync.ini"},
    {NULL, "/etc/ordersync.ini"},
};

/* Reads the first file that exists; *path stays NULL when none does. */
static enum err_code search_files(struct search *s, char **path,
                                  struct err *e) {
  const char *config = getenv("ORDERSYNC_CONFIG");
  int is_given = config && *config; /* then no other will do */
  for (int i = !is_given; i < (is_given ? 1 : 4) && !*path && !e->code; i++) {
    const char *value = places[i].variable ? getenv(places[i].variable) : "";
    int exists = 0;
    char *candidate;
    /* [XDG base directories]: a relative path is invalid and ignored; it
    ** would also mean the working directory. */
    if (!is_given && places[i].variable && (!value || *value != '/')) continue;
    candidate = sqlite3_mprintf("%s%s", value, places[i].rest);
    if (!candidate) return err_nomem(e);
    profile_file_lines(candidate, !is_given, on_line, s, &exists, e);
    if (exists && !e->code)
      *path = candidate;
    else
      sqlite3_free(candidate);
  }
  return e->code;
}

/*
** Overrides what the file said. A server from the environment replaces the
** file's whole idea of where the server is, its port and section included.
*/
static void override(struct profile *p, struct err *e) {
  if (keyword_environment(KEY_SERVER) || keyword_environment(KEY_SECTION)) {
    sqlite3_free(p->server);
    sqlite3_free(p->freetds_section);
    p->server = p->freetds_section = NULL;
    p->port = 0;
  }
  keyword_override(p, e);
}

/* ---- the whole --------------------------------------------------------- */

static void parse_port(struct profile *p, const char *text, struct err *e) {
  struct profile found = {0};
  keyword_set(&found, KEY_PORT, text, e);
  err_prefix(e, "server, port");
  if (!e->code && p->port && p->port != found.port) {
    err_set(e, ERR_PROFILE, "server says port %d, but port is %d", found.port,
            p->port);
  }
  p->port = found.port;
}

/*
** Takes p->server apart, in place: host, host,port, host:port,
** host\instance, [address]:port, an optional "tcp:" before them (as in ADO's
** connection strings). A bare IPv6 address has more than one colon and no
** port.
*/
static void parse_server(struct profile *p, struct err *e) {
  char *host = p->server;
  char *rest;
  size_t n;
  if (sqlite3_strnicmp(host, "tcp:", 4) == 0) {
    memmove(host, host + 4, strlen(host + 4) + 1);
  }
  if (*host == '[') {
    rest = strchr(host, ']');
    n = rest ? (size_t)(rest - host) - 1 : 0;
    if (!rest || (rest[1] && !strchr(",:\\", rest[1]))) {
      err_set(e, ERR_PROFILE, "server \"%s\": no matching ]", host);
      return;
    }
    rest++;
    memmove(host, host + 1, n);
  } else {
    n = strcspn(host, ",\\");
    if (!host[n]) {
      char *colon = strchr(host, ':');
      if (colon && !strchr(colon + 1, ':')) n = (size_t)(colon - host);
    }
    rest = host + n;
  }
  if (*rest == '\\') {
    size_t n_instance = strcspn(rest + 1, ",:");
    p->instance = sqlite3_mprintf("%.*s", (int)n_instance, rest + 1);
    if (!p->instance) err_nomem(e);
    rest += 1 + n_instance;
  }
  if (*rest) parse_port(p, rest + 1, e);
  host[n] = 0;
}

static void check_server(struct profile *p, struct err *e) {
  const char *hazard;
  if (p->server && p->freetds_section) {
    err_set(e, ERR_PROFILE, "server and freetds_section exclude each other");
  }
  if (!p->server && !p->freetds_section) {
    err_set(e, ERR_PROFILE, "neither server nor freetds_section is given");
  }
  if (e->code || !p->server) return;
  parse_server(p, e);
  if (e->code) return;
  hazard = keyword_conf_hazard(p->server);
  if (!hazard && p->instance) hazard = keyword_conf_hazard(p->instance);
  if (!hazard && strpbrk(p->server, " \t/\\'\"")) hazard = "is not a host name";
  if (hazard) err_set(e, ERR_PROFILE, "server: the value %s", hazard);
  if (!*p->server) err_set(e, ERR_PROFILE, "server: no host name");
  if (p->instance && !*p->instance) {
    err_set(e, ERR_PROFILE, "server: no instance name after the backslash");
  }
}

static void check_login(const struct profile *p, struct err *e) {
  if (p->auth != AUTH_KERBEROS && !p->user) {
    err_set(e, ERR_PROFILE, "user is missing");
    err_hint(e, "Only auth = kerberos does without.");
    return;
  }
  if (p->auth == AUTH_KERBEROS && p->user) {
    err_set(e, ERR_PROFILE, "auth = kerberos uses the ticket, not a user");
    err_hint(e, "Remove user, or say auth = sql.");
  }
  if (p->auth == AUTH_NTLM && !strchr(p->user, '\\')) {
    err_set(e, ERR_PROFILE, "auth = ntlm needs user = DOMAIN\\name");
  }
  /* FreeTDS takes a backslash in the name for a Windows login. */
  if (p->auth == AUTH_SQL && strchr(p->user, '\\')) {
    err_set(e, ERR_PROFILE, "user has a backslash: that is a Windows login");
    err_hint(e, "Say auth = ntlm.");
  }
}

/* An unreadable or empty CA file leaves FreeTDS without a check, or with a
** message that says nothing: so it is looked at here. */
static void check_transport(struct profile *p, struct err *e) {
  /* not an error: one run may do without what the file asks for */
  if (p->ca_file && p->encrypt != ENCRYPT_VERIFY)
    p->warning = "ca_file has no effect without encrypt = verify";
  if (p->ca_file && *p->ca_file != '/') {
    err_set(e, ERR_PROFILE, "ca_file must be an absolute path");
  }
  if (p->ca_file) {
    profile_file_certificates(p->ca_file, e);
    err_prefix(e, "ca_file");
  }
  /* A TLS record is too short for more. */
  if (p->packet_size > 16383 && p->encrypt != ENCRYPT_OFF) {
    err_set(e, ERR_PROFILE,
            "packet_size is at most 16383 when the link is encrypted");
  }
}

/* The files that were looked for: cron and services have another HOME than who
** tries by hand, or none. */
static void hint_places(int is_default, struct err *e) {
  const char *home = getenv("HOME");
  const char *more = is_default ? ", or set ORDERSYNC_SERVER and its like" : "";
  if (home && *home == '/')
    err_hint(e, "Write %s/.config/ordersync.ini or /etc/ordersync.ini%s.", home,
             more);
  else
    err_hint(e, "HOME is not set: write /etc/ordersync.ini%s.", more);
}

/* With no file, or no such section in it, the environment may define the
** default profile alone. */
static void check_found(const struct search *s, const char *path,
                        struct err *e) {
  int is_default = strcmp(s->wanted, "default") == 0;
  const char *known = sqlite3_str_value(s->sections);
  if (e->code || s->found) return;
  if (is_default &&
      (keyword_environment(KEY_SERVER) || keyword_environment(KEY_SECTION))) {
    return;
  }
  if (!path) {
    err_set(e, ERR_PROFILE, "there is no configuration file");
    hint_places(is_default, e);
    return;
  }
  err_set(e, ERR_PROFILE, "%s has no section [%s]", path, s->wanted);
  err_hint(e, "It has: %s.", known ? known : "none");
}

enum err_code profile_load(struct profile *p, const char *name, struct err *e) {
  struct search s = {.wanted = name ? name : "default", .p = p};
  memset(p, 0, sizeof *p);
  s.sections = sqlite3_str_new(NULL);
  p->name = sqlite3_mprintf("%s", s.wanted);
  if (!p->name) err_nomem(e);
  keyword_defaults(p, e);
  if (e->code) goto done;
  if (search_files(&s, &p->path, e)) goto done;
  check_found(&s, p->path, e);
  if (!s.found) { /* the environment alone */
    sqlite3_free(p->path);
    p->path = NULL;
  }
  if (s.lines[KEY_PASSWORD] && p->password_file) {
    err_set(e, ERR_PROFILE, "password and password_file exclude each other");
  }
  if (!e->code && strcmp(s.wanted, "default") == 0) override(p, e);
  if (!e->code) check_server(p, e);
  if (!e->code) check_login(p, e);
  if (!e->code) check_transport(p, e);
  err_prefix(e, "profile \"%s\"", s.wanted);
done:
  sqlite3_free(sqlite3_str_finish(s.sections));
  if (e->code) profile_clear(p);
  return e->code;
}

int profile_is_current(const struct profile *p) {
  struct profile now;
  struct err e = {0};
  int same = 1;
  if (!profile_load(&now, p->name, &e)) {
    same = keyword_same(p, &now) &&
           (p->instance && now.instance ? strcmp(p->instance, now.instance) == 0
                                        : p->instance == now.instance);
  }
  profile_clear(&now);
  return same;
}

void profile_clear(struct profile *p) {
  if (p->user) explicit_bzero(p->user, strlen(p->user));
  keyword_free(p);
  sqlite3_free(p->name);
  sqlite3_free(p->path);
  sqlite3_free(p->instance);
  explicit_bzero(p, sizeof *p);
}

/*
** The nearest wins: the environment's password, its password_file (already in
** the profile), the section's password, its password_file.
*/
enum err_code profile_password(const struct profile *p, char **password,
                               struct err *e) {
  int is_default = strcmp(p->name, "default") == 0;
  const char *env = is_default ? keyword_environment(KEY_PASSWORD) : NULL;
  const char *env_file =
      is_default ? keyword_environment(KEY_PASSWORD_FILE) : NULL;
  *password = NULL;
  if (env) {
    *password = copy_password(env, "ORDERSYNC_PASSWORD", e);
  } else if (p->path && !env_file) {
    struct search s = {.wanted = p->name, .password = password};
    int exists = 0;
    s.sections = sqlite3_str_new(NULL);
    profile_file_lines(p->path, 0, on_line, &s, &exists, e);
    sqlite3_free(sqlite3_str_finish(s.sections));
  }
  if (!e->code && !*password && p->password_file) {
    char *text = NULL;
    if (!profile_file_secret(p->password_file, &text, e)) {
      *password = copy_password(text, p->password_file, e);
    }
    profile_password_free(text);
    err_prefix(e, "password_file");
  }
  if (e->code) {
    profile_password_free(*password);
    *password = NULL;
  }
  return e->code;
}

void profile_password_free(char *password) {
  if (password) profile_file_wipe(password, strlen(password));
}

void profile_mask(const struct profile *p, struct err *e) {
  struct err ignored = {0};
  char *password = NULL;
  if (!e->code || !p->name) return;
  (void)profile_password(p, &password, &ignored);
  if (password) err_mask_late(e, password);
  profile_password_free(password);
}

void profile_hint_timeout(const struct profile *p, enum profile_key key,
                          struct err *e) {
  const char *name = keyword_name(key);
  if (e->code != ERR_TIMEOUT || strstr(e->text, "_timeout is ")) return;
  err_hint(e,
           "%s is %d seconds: raise it in profile \"%s\", or for one run with "
           "'{\"%s\": ...}'",
           name, key == KEY_LOGIN_TIMEOUT ? p->login_timeout : p->query_timeout,
           p->name, name);
}
