/*
** The table of keys, and how a value becomes a field.
*/
#include "profile/keyword.h"

#include "base/utf8.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

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
} keywords[KEY_COUNT] = {
    [KEY_SERVER] = {.name = "server", .offset = FIELD(server)},
    [KEY_PORT] = {.name = "port",
                  .offset = FIELD(port),
                  .type = KW_INTEGER,
                  .least = 1,
                  .most = 65535},
    [KEY_SECTION] = {.name = "freetds_section",
                     .offset = FIELD(freetds_section),
                     .rules = RULE_CONF | RULE_NAME},
    [KEY_DATABASE] = {.name = "database",
                      .offset = FIELD(database),
                      .rules = RULE_NAME},
    [KEY_USER] = {.name = "user", .offset = FIELD(user), .rules = RULE_NAME},
    [KEY_PASSWORD] = {.name = "password", .type = KW_SECRET},
    [KEY_PASSWORD_FILE] = {.name = "password_file",
                           .offset = FIELD(password_file)},
    [KEY_AUTH] = {.name = "auth",
                  .offset = FIELD(auth),
                  .type = KW_CHOICE,
                  .choices = {"sql", "ntlm", "kerberos"}},
    [KEY_ENCRYPT] = {.name = "encrypt",
                     .offset = FIELD(encrypt),
                     .type = KW_CHOICE,
                     .choices = {"verify", "require", "off"}},
    [KEY_CA_FILE] = {.name = "ca_file",
                     .offset = FIELD(ca_file),
                     .rules = RULE_CONF},
    /* Versions before 7.3 lack the date types. */
    [KEY_TDS_VERSION] = {.name = "tds_version",
                         .offset = FIELD(tds_version),
                         .type = KW_CHOICE,
                         .choices = {"7.4", "7.3"},
                         .as_text = 1},
    [KEY_LOGIN_TIMEOUT] = {.name = "login_timeout",
                           .offset = FIELD(login_timeout),
                           .type = KW_INTEGER,
                           .least = 1,
                           .most = 600},
    [KEY_QUERY_TIMEOUT] = {.name = "query_timeout",
                           .offset = FIELD(query_timeout),
                           .type = KW_INTEGER,
                           .least = 1,
                           .most = 86400},
    [KEY_PACKET_SIZE] = {.name = "packet_size",
                         .offset = FIELD(packet_size),
                         .type = KW_INTEGER,
                         .least = 512,
                         .most = 32767},
    [KEY_APP_NAME] = {.name = "app_name",
                      .offset = FIELD(app_name),
                      .rules = RULE_NAME},
    [KEY_READ_ONLY_INTENT] = {.name = "read_only_intent",
                              .offset = FIELD(read_only_intent),
                              .type = KW_BOOLEAN},
    [KEY_ISOLATION] = {.name = "isolation",
                       .offset = FIELD(isolation),
                       .type = KW_CHOICE,
                       .choices = {"read committed", "snapshot",
                                   "read uncommitted"},
                       .as_text = 1},
    [KEY_LOCK_TIMEOUT] = {.name = "lock_timeout",
                          .offset = FIELD(lock_timeout),
                          .type = KW_INTEGER,
                          .least = -1,
                          .most = INT_MAX},
    [KEY_ALLOW_IN_SCHEMA] = {.name = "allow_in_schema",
                             .offset = FIELD(allow_in_schema),
                             .type = KW_BOOLEAN},
};

enum profile_key keyword_find(const char *name) {
  for (int i = 0; i < KEY_COUNT; i++) {
    if (sqlite3_stricmp(keywords[i].name, name) == 0)
      return (enum profile_key)i;
  }
  return KEY_NONE;
}

const char *keyword_name(enum profile_key key) {
  return keywords[key].name;
}

void keyword_hint(struct err *e) {
  sqlite3_str *list = sqlite3_str_new(NULL);
  char *text;
  for (int i = 0; i < KEY_COUNT; i++) {
    sqlite3_str_appendf(list, "%s%s", i ? ", " : "", keywords[i].name);
  }
  text = sqlite3_str_finish(list);
  if (text) err_hint(e, "Valid keys: %s.", text);
  sqlite3_free(text);
}

/* ---- the environment --------------------------------------------------- */

void keyword_variable(enum profile_key key, char name[KEYWORD_VARIABLE]) {
  sqlite3_snprintf(KEYWORD_VARIABLE, name, "ORDERSYNC_%s", keywords[key].name);
  for (char *c = name; *c; c++) *c = ascii_upper(*c);
}

const char *keyword_environment(enum profile_key key) {
  char name[KEYWORD_VARIABLE];
  const char *value;
  keyword_variable(key, name);
  value = getenv(name);
  return value && *value ? value : NULL;
}

/* ---- texts ------------------------------------------------------------- */

/* What FreeTDS's conf parser would misread in a value, or NULL: it ends a
** value at # and ;, a line at a newline, and collapses runs of blanks. */
const char *keyword_conf_hazard(const char *text) {
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

char *keyword_password(const char *value, const char *where, struct err *e) {
  int units = utf8_units(value, strlen(value));
  char *copy;
  if (units < 0 || strlen(value) > NAME_CAP) {
    err_set(e, ERR_PROFILE,
            "%s: the password is not UTF-8 or longer than %d bytes", where,
            NAME_CAP);
    return NULL;
  }
  copy = sqlite3_mprintf("%s", value);
  if (!copy) err_nomem(e);
  return copy;
}

/* ---- a value into its field -------------------------------------------- */

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
  char *copy = sqlite3_mprintf("%s", value);
  if (!copy) {
    err_nomem(e);
    return;
  }
  sqlite3_free(*field);
  *field = copy;
}

static void set_text(struct profile *p, const struct keyword *k,
                     const char *value, struct err *e) {
  const char *hazard = k->rules & RULE_CONF ? keyword_conf_hazard(value) : NULL;
  if (utf8_units(value, strlen(value)) < 0) {
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
    if (sqlite3_stricmp(value, words[i]) == 0) {
      *int_field(p, k) = i & 1;
      return;
    }
  }
  err_set(e, ERR_PROFILE, "\"%.40s\" is neither yes nor no", value);
}

static void set_choice(struct profile *p, const struct keyword *k,
                       const char *value, struct err *e) {
  int i = 0;
  while (k->choices[i] && sqlite3_stricmp(value, k->choices[i]) != 0) i++;
  if (!k->choices[i]) {
    err_set(e, ERR_PROFILE, "\"%.40s\" is not one of: %s, %s%s%s", value,
            k->choices[0], k->choices[1], k->choices[2] ? ", " : "",
            k->choices[2] ? k->choices[2] : "");
  } else if (k->as_text) {
    replace_text(text_field(p, k), k->choices[i], e);
    for (char *c = *text_field(p, k); c && *c; c++) *c = ascii_upper(*c);
  } else {
    *int_field(p, k) = i;
  }
}

void keyword_set(struct profile *p, enum profile_key key, const char *value,
                 struct err *e) {
  const struct keyword *k = &keywords[key];
  if (!*value) {
    err_set(e, ERR_PROFILE, "the value is empty; give one or remove the line");
    return;
  }
  if (k->type == KW_TEXT) set_text(p, k, value, e);
  if (k->type == KW_INTEGER) set_integer(p, k, value, e);
  if (k->type == KW_BOOLEAN) set_boolean(p, k, value, e);
  if (k->type == KW_CHOICE) set_choice(p, k, value, e);
}

void keyword_free(struct profile *p) {
  for (int i = 0; i < KEY_COUNT; i++) {
    if (is_text(&keywords[i])) sqlite3_free(*text_field(p, &keywords[i]));
  }
}
