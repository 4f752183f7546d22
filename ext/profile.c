/*
** Where the server is and who we are: an INI file and the environment.
**
**   ORDERSYNC_SERVER=sql.example.com ORDERSYNC_USER=reader \
**   ORDERSYNC_PASSWORD_FILE=/run/secrets/orders sqlite3 orders.db ...
**
** One table of keywords drives everything. A password never enters the
** profile: profile_password() reads for it anew, on demand.
*/
#include "profile.h"
#include "profile_file.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* FreeTDS's conf parser reads lines into 256 bytes; the rest is the key. */
#define CONF_VALUE_CAP 200
/* LOGIN7's limit in UTF-16 units ([MS-TDS] 2.2.6.4) and DB-Library's in
** bytes. */
#define NAME_CAP 128

enum keyword_type { KW_TEXT, KW_SECRET, KW_INTEGER, KW_BOOLEAN, KW_CHOICE };

/* How a text is checked. */
enum {
  RULE_CONF = 1, /* reaches FreeTDS's conf: no characters it misreads */
  RULE_NAME = 2  /* at most NAME_CAP long */
};

#define FIELD(f) offsetof(struct profile, f)

/* A choice stores the number of the chosen word, or, where the field is a
** text, the word in capitals. */
static const struct keyword {
  const char *name;
  size_t offset;
  const char *choices[4];
  enum keyword_type type;
  int as_text;
  int least; /* integers */
  int most;
  int rules; /* texts */
} keywords[] = {
    {.name = "server", .type = KW_TEXT, .offset = FIELD(server)},
    {.name = "port",
     .type = KW_INTEGER,
     .offset = FIELD(port),
     .least = 1,
     .most = 65535},
    {.name = "freetds_section",
     .type = KW_TEXT,
     .offset = FIELD(freetds_section),
     .rules = RULE_CONF | RULE_NAME},
    {.name = "database",
     .type = KW_TEXT,
     .offset = FIELD(database),
     .rules = RULE_NAME},
    {.name = "user",
     .type = KW_TEXT,
     .offset = FIELD(user),
     .rules = RULE_NAME},
    {.name = "password", .type = KW_SECRET},
    {.name = "password_file", .type = KW_TEXT, .offset = FIELD(password_file)},
    {.name = "auth",
     .type = KW_CHOICE,
     .offset = FIELD(auth),
     .choices = {"sql", "ntlm", "kerberos"}},
    {.name = "encrypt",
     .type = KW_CHOICE,
     .offset = FIELD(encrypt),
     .choices = {"verify", "require", "off"}},
    {.name = "ca_file",
     .type = KW_TEXT,
     .offset = FIELD(ca_file),
     .rules = RULE_CONF},
    {.name = "tds_version",
     .type = KW_CHOICE,
     .offset = FIELD(tds_version),
     .choices = {"7.4", "7.3"}, /* older ones lack the date types */
     .as_text = 1},
    {.name = "login_timeout",
     .type = KW_INTEGER,
     .offset = FIELD(login_timeout),
     .least = 1,
     .most = 600},
    {.name = "query_timeout",
     .type = KW_INTEGER,
     .offset = FIELD(query_timeout),
     .least = 1,
     .most = 86400},
    {.name = "packet_size",
     .type = KW_INTEGER,
     .offset = FIELD(packet_size),
     .least = 512,
     .most = 32767},
    {.name = "app_name",
     .type = KW_TEXT,
     .offset = FIELD(app_name),
     .rules = RULE_NAME},
    {.name = "read_only_intent",
     .type = KW_BOOLEAN,
     .offset = FIELD(read_only_intent)},
    {.name = "isolation",
     .type = KW_CHOICE,
     .offset = FIELD(isolation),
     .choices = {"read committed", "snapshot", "read uncommitted"},
     .as_text = 1},
    {.name = "lock_timeout",
     .type = KW_INTEGER,
     .offset = FIELD(lock_timeout),
     .least = -1,
     .most = INT_MAX},
    {.name = "allow_in_schema",
     .type = KW_BOOLEAN,
     .offset = FIELD(allow_in_schema)},
};

#define N_KEYWORDS ((int)(sizeof keywords / sizeof *keywords))

/* ---- texts -----------------------------------------------------------------
 */

static char *copy_text(const char *text, struct err *e) {
  char *copy = sqlite3_mprintf("%s", text);
  if (!copy) err_nomem(e);
  return copy;
}

/* UTF-16 units of a UTF-8 text; -1 when it is not UTF-8. */
static int utf16_units(const char *text) {
  const unsigned char *at = (const unsigned char *)text;
  int units = 0;
  while (*at) {
    unsigned c = *at++;
    unsigned low = 0x80;
    unsigned high = 0xBF; /* the range of the second byte */
    int more = c < 0x80 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    if ((c >= 0x80 && c < 0xC2) || c > 0xF4) return -1;
    if (c == 0xE0) low = 0xA0;  /* overlong */
    if (c == 0xED) high = 0x9F; /* surrogates */
    if (c == 0xF0) low = 0x90;
    if (c == 0xF4) high = 0x8F; /* beyond U+10FFFF */
    units += more == 3 ? 2 : 1;
    for (; more > 0; more--, at++) {
      if (*at < low || *at > high) return -1;
      low = 0x80;
      high = 0xBF;
    }
  }
  return units;
}

/* What FreeTDS's conf parser would misread in a value, or NULL: it ends a
** value at # and ;, a line at a newline, and collapses runs of blanks. */
static const char *conf_hazard(const char *text) {
  size_t n = strlen(text);
  if (n > CONF_VALUE_CAP) return "is longer than 200 bytes";
  if (n > 0 && (text[0] == ' ' || text[n - 1] == ' ')) {
    return "begins or ends with a blank";
  }
  if (strstr(text, "  ")) return "has two blanks in a row";
  for (size_t i = 0; i < n; i++) {
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7F) {
      return "has a control character";
    }
    if (strchr("#;[]", text[i])) {
      return "has one of the characters # ; [ ], which FreeTDS cannot take";
    }
  }
  return NULL;
}

/* ---- one key = value
 * --------------------------------------------------------- */

static const struct keyword *keyword_find(const char *name) {
  for (int i = 0; i < N_KEYWORDS; i++) {
    if (strcasecmp(keywords[i].name, name) == 0) return &keywords[i];
  }
  return NULL;
}

static const struct keyword *secret_keyword(void) {
  const struct keyword *k = keywords;
  while (k->type != KW_SECRET) k++;
  return k;
}

static int *int_field(struct profile *p, const struct keyword *k) {
  return (int *)(void *)((char *)p + k->offset);
}

static char **text_field(struct profile *p, const struct keyword *k) {
  return (char **)(void *)((char *)p + k->offset);
}

static int is_text(const struct keyword *k) {
  return k->type == KW_TEXT || (k->type == KW_CHOICE && k->as_text);
}

static void replace_text(char **field, const char *value, struct err *e) {
  char *copy = copy_text(value, e);
  if (!copy) return;
  sqlite3_free(*field);
  *field = copy;
}

static void set_text(struct profile *p, const struct keyword *k,
                     const char *value, struct err *e) {
  const char *hazard = k->rules & RULE_CONF ? conf_hazard(value) : NULL;
  if (utf16_units(value) < 0) {
    err_set(e, ERR_PROFILE, "the value is not UTF-8");
  } else if (hazard) {
    err_set(e, ERR_PROFILE, "the value %s", hazard);
  } else if (k->rules & RULE_NAME && strlen(value) > NAME_CAP) {
    err_set(e, ERR_PROFILE, "the value is longer than %d bytes", NAME_CAP);
  } else {
    replace_text(text_field(p, k), value, e);
  }
}

static void set_integer(struct profile *p, const struct keyword *k,
                        const char *value, struct err *e) {
  char *end = NULL;
  long number;
  errno = 0;
  number = strtol(value, &end, 10);
  if (errno || end == value || *end || number < k->least || number > k->most) {
    err_set(e, ERR_PROFILE, "\"%.40s\" is not a number from %d to %d", value,
            k->least, k->most);
    return;
  }
  *int_field(p, k) = (int)number;
}

static void set_boolean(struct profile *p, const struct keyword *k,
                        const char *value, struct err *e) {
  static const char *const words[] = {"no",  "yes", "false", "true",
                                      "off", "on",  "0",     "1"};
  for (int i = 0; i < 8; i++) {
    if (strcasecmp(value, words[i]) == 0) {
      *int_field(p, k) = i & 1;
      return;
    }
  }
  err_set(e, ERR_PROFILE, "\"%.40s\" is neither yes nor no", value);
}

static void set_choice(struct profile *p, const struct keyword *k,
                       const char *value, struct err *e) {
  int i = 0;
  while (k->choices[i] && strcasecmp(value, k->choices[i]) != 0) i++;
  if (!k->choices[i]) {
    err_set(e, ERR_PROFILE, "\"%.40s\" is not one of: %s, %s%s%s", value,
            k->choices[0], k->choices[1], k->choices[2] ? ", " : "",
            k->choices[2] ? k->choices[2] : "");
  } else if (k->as_text) {
    replace_text(text_field(p, k), k->choices[i], e);
    for (char *c = *text_field(p, k); c && *c; c++) {
      *c = (char)toupper((unsigned char)*c);
    }
  } else {
    *int_field(p, k) = i;
  }
}

static void set_value(struct profile *p, const struct keyword *k,
                      const char *value, struct err *e) {
  if (!*value) {
    err_set(e, ERR_PROFILE, "the value is empty; give one or remove the line");
    return;
  }
  if (k->type == KW_TEXT) set_text(p, k, value, e);
  if (k->type == KW_INTEGER) set_integer(p, k, value, e);
  if (k->type == KW_BOOLEAN) set_boolean(p, k, value, e);
  if (k->type == KW_CHOICE) set_choice(p, k, value, e);
}

/* A copy of a password that can be sent, from `where`. */
static char *check_password(const char *value, const char *where,
                            struct err *e) {
  int units = utf16_units(value);
  if (units < 0 || units > NAME_CAP || strlen(value) > NAME_CAP) {
    err_set(e, ERR_PROFILE,
            "%s: the password is not UTF-8 or longer than %d bytes", where,
            NAME_CAP);
    return NULL;
  }
  return copy_text(value, e);
}

/* ---- the file
 * ------------------------------------------------------------------ */

/* One reading of the file: into a profile, or for its password. */
struct search {
  const char *wanted; /* borrowed: the section's name */
  struct profile *p;  /* borrowed; NULL: not wanted */
  char **password;    /* borrowed; NULL: not wanted */
  int found;
  int lines[N_KEYWORDS]; /* where the section has each key; 0: nowhere */
  sqlite3_str *sections; /* owned: all the names, for a hint */
};

static void hint_keywords(struct err *e) {
  sqlite3_str *list = sqlite3_str_new(NULL);
  char *text;
  for (int i = 0; i < N_KEYWORDS; i++) {
    sqlite3_str_appendf(list, "%s%s", i ? ", " : "", keywords[i].name);
  }
  text = sqlite3_str_finish(list);
  if (text) err_hint(e, "Valid keys: %s.", text);
  sqlite3_free(text);
}

static void take_password(struct search *s, const struct profile_line *line,
                          struct err *e) {
  if (line->has_comment) {
    err_set(e, ERR_PROFILE,
            "a semicolon after a blank begins a comment and would cut the "
            "value");
    err_hint(e, "Put it into a file of its own and name that with "
                "password_file.");
  } else if (!*line->value) {
    err_set(e, ERR_PROFILE, "the value is empty; give one or remove the line");
  } else if (s->password && !*s->password) {
    *s->password = check_password(line->value, line->path, e);
  }
}

/* A pair of the wanted section. */
static void take_pair(struct search *s, const struct keyword *k,
                      const struct profile_line *line, struct err *e) {
  int *seen = &s->lines[k - keywords];
  if (*seen) err_set(e, ERR_PROFILE, "given twice, first in line %d", *seen);
  *seen = line->number;
  if (e->code) return;
  if (k->type == KW_SECRET)
    take_password(s, line, e);
  else if (s->p)
    set_value(s->p, k, line->value, e);
}

/* Keys are checked in every section; values only in the wanted one. */
static int on_line(void *arg, const struct profile_line *line, struct err *e) {
  struct search *s = arg;
  int wanted = strcmp(line->section, s->wanted) == 0;
  const struct keyword *k;
  s->found |= wanted;
  if (!line->key) {
    sqlite3_str_appendf(s->sections, "%s[%s]",
                        sqlite3_str_length(s->sections) ? ", " : "",
                        line->section);
    return 0;
  }
  k = keyword_find(line->key);
  if (!*line->section) {
    err_set(e, ERR_PROFILE, "%s:%d: \"%.40s\" stands before any [section]",
            line->path, line->number, line->key);
    return 0;
  }
  if (!k) {
    err_set(e, ERR_PROFILE, "%s:%d: [%s] has an unknown key \"%.40s\"",
            line->path, line->number, line->section, line->key);
    hint_keywords(e);
    return 0;
  }
  if (wanted) {
    take_pair(s, k, line, e);
    err_prefix(e, "%s:%d: [%s] %s", line->path, line->number, line->section,
               k->name);
  }
  return k->type == KW_SECRET;
}

/* The file to read, for sqlite3_free(); NULL with e unset when there is none
** to try. *optional: its absence is no error. `i` counts the places. */
static char *place(int i, int *optional, struct err *e) {
  const char *env = getenv("ORDERSYNC_CONFIG");
  const char *xdg = getenv("XDG_CONFIG_HOME");
  const char *home = getenv("HOME");
  char *path = NULL;
  int skip = 0;
  *optional = 1;
  if (env && *env) {
    *optional = 0;
    if (i == 0)
      path = sqlite3_mprintf("%s", env);
    else
      skip = 1;
  } else if (i == 0) {
    /* [XDG base directories]: a relative path is invalid and ignored; it
    ** would also mean the working directory. */
    skip = !xdg || *xdg != '/';
    if (!skip) path = sqlite3_mprintf("%s/ordersync.ini", xdg);
  } else if (i == 1) {
    skip = !home || *home != '/';
    if (!skip) path = sqlite3_mprintf("%s/.config/ordersync.ini", home);
  } else {
    path = sqlite3_mprintf("/etc/ordersync.ini");
  }
  if (!path && !skip) err_nomem(e);
  return path;
}

/* Reads the first file that exists; *path stays NULL when none does. */
static enum err_code search_files(struct search *s, char **path,
                                  struct err *e) {
  for (int i = 0; i < 3 && !*path && !e->code; i++) {
    int optional = 1;
    int exists = 0;
    char *candidate = place(i, &optional, e);
    if (!candidate) continue;
    profile_file_lines(candidate, optional, on_line, s, &exists, e);
    if (exists && !e->code)
      *path = candidate;
    else
      sqlite3_free(candidate);
  }
  return e->code;
}

/* ---- the environment
 * ------------------------------------------------------------ */

/* "ORDERSYNC_<KEY>" into name. */
static void environment_name(const struct keyword *k, char name[64]) {
  sqlite3_snprintf(64, name, "ORDERSYNC_%s", k->name);
  for (char *c = name; *c; c++) *c = (char)toupper((unsigned char)*c);
}

/* An empty variable counts as unset. */
static const char *environment(const struct keyword *k) {
  char name[64];
  const char *value;
  environment_name(k, name);
  value = getenv(name);
  return value && *value ? value : NULL;
}

static const struct keyword *keyword_of(size_t offset) {
  const struct keyword *k = keywords;
  while (k->type == KW_SECRET || k->offset != offset) k++;
  return k;
}

static void drop_text(char **text) {
  sqlite3_free(*text);
  *text = NULL;
}

/*
** Overrides what the file said. A server from the environment replaces the
** file's whole idea of where the server is, its port and section included.
*/
static void override(struct profile *p, struct err *e) {
  int server = environment(keyword_of(FIELD(server))) != NULL;
  int section = environment(keyword_of(FIELD(freetds_section))) != NULL;
  if (server || section) {
    drop_text(&p->server);
    drop_text(&p->freetds_section);
    p->port = 0;
  }
  for (int i = 0; i < N_KEYWORDS && !e->code; i++) {
    const char *value = environment(&keywords[i]);
    char variable[64];
    if (!value || keywords[i].type == KW_SECRET) continue;
    set_value(p, &keywords[i], value, e);
    environment_name(&keywords[i], variable);
    err_prefix(e, "environment variable %s", variable);
  }
}

/* ---- the whole
 * -------------------------------------------------------------------- */

static void parse_port(struct profile *p, const char *text, struct err *e) {
  struct profile found = {0};
  set_integer(&found, keyword_of(FIELD(port)), text, e);
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
  if (strncasecmp(host, "tcp:", 4) == 0) {
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
  hazard = conf_hazard(p->server);
  if (!hazard && p->instance) hazard = conf_hazard(p->instance);
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
static void check_transport(const struct profile *p, struct err *e) {
  if (p->ca_file && p->encrypt != ENCRYPT_VERIFY) {
    err_set(e, ERR_PROFILE, "ca_file has no use without encrypt = verify");
  }
  if (p->ca_file && *p->ca_file != '/') {
    err_set(e, ERR_PROFILE, "ca_file must be an absolute path");
  }
  if (p->ca_file) {
    profile_file_certificates(p->ca_file, e);
    err_prefix(e, "ca_file");
  }
  if (p->packet_size > 16383 && p->encrypt != ENCRYPT_OFF) {
    err_set(e, ERR_PROFILE,
            "packet_size is at most 16383 when the link is encrypted");
  }
}

static void set_defaults(struct profile *p, const char *name, struct err *e) {
  p->login_timeout = 30;
  p->query_timeout = 300;
  p->lock_timeout = 30000;
  p->name = copy_text(name, e);
  p->tds_version = copy_text("7.4", e);
  p->app_name = copy_text("ordersync", e);
  p->isolation = copy_text("READ COMMITTED", e);
}

/* With no file, or no such section in it, the environment may define the
** default profile alone. */
static void check_found(const struct search *s, const char *path,
                        struct err *e) {
  int is_default = strcmp(s->wanted, "default") == 0;
  char *known = NULL;
  if (e->code || s->found) return;
  if (is_default && (environment(keyword_of(FIELD(server))) ||
                     environment(keyword_of(FIELD(freetds_section))))) {
    return;
  }
  if (!path) {
    err_set(e, ERR_PROFILE, "there is no configuration file");
    err_hint(e, "Write ~/.config/ordersync.ini%s.",
             is_default ? ", or set ORDERSYNC_SERVER and its like" : "");
    return;
  }
  err_set(e, ERR_PROFILE, "%s has no section [%s]", path, s->wanted);
  if (sqlite3_str_length(s->sections)) {
    known = sqlite3_mprintf("%s", sqlite3_str_value(s->sections));
  }
  err_hint(e, "It has: %s.", known ? known : "none");
  sqlite3_free(known);
}

enum err_code profile_load(struct profile *p, const char *name, struct err *e) {
  struct search s = {.wanted = name ? name : "default", .p = p};
  memset(p, 0, sizeof *p);
  s.sections = sqlite3_str_new(NULL);
  set_defaults(p, s.wanted, e);
  if (e->code) goto done;
  if (search_files(&s, &p->path, e)) goto done;
  check_found(&s, p->path, e);
  if (!s.found) { /* the environment alone */
    sqlite3_free(p->path);
    p->path = NULL;
  }
  if (s.lines[secret_keyword() - keywords] && p->password_file) {
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

void profile_clear(struct profile *p) {
  if (p->user) explicit_bzero(p->user, strlen(p->user));
  for (int i = 0; i < N_KEYWORDS; i++) {
    if (is_text(&keywords[i])) sqlite3_free(*text_field(p, &keywords[i]));
  }
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
  const char *env = is_default ? environment(secret_keyword()) : NULL;
  const char *env_file =
      is_default ? environment(keyword_of(FIELD(password_file))) : NULL;
  char *found = NULL;
  *password = NULL;
  if (env) {
    found = check_password(env, "ORDERSYNC_PASSWORD", e);
  } else if (p->path && !env_file) {
    struct search s = {.wanted = p->name, .password = &found};
    int exists = 0;
    s.sections = sqlite3_str_new(NULL);
    profile_file_lines(p->path, 0, on_line, &s, &exists, e);
    sqlite3_free(sqlite3_str_finish(s.sections));
  }
  if (!e->code && !found && p->password_file) {
    char *text = NULL;
    if (!profile_file_secret(p->password_file, &text, e)) {
      found = check_password(text, p->password_file, e);
    }
    profile_password_free(text);
    err_prefix(e, "password_file");
  }
  if (e->code) {
    profile_password_free(found);
    return e->code;
  }
  *password = found;
  return ERR_NONE;
}

void profile_password_free(char *password) {
  if (password) profile_file_wipe(password, strlen(password));
}
