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

enum keyword_type {
  KW_TEXT,
  KW_CONF, /* a text that reaches FreeTDS's conf: nothing that it misreads */
  KW_SECRET,
  KW_INTEGER,
  KW_BOOLEAN,
  KW_CHOICE, /* the number of the word */
  KW_WORD    /* the word, in capitals */
};

/* A key is named as its field. */
#define FIELD(f) .name = #f, .offset = offsetof(struct profile, f)

static const struct keyword {
  const char *name;
  size_t offset;
  enum keyword_type type;
  int least, most;      /* integers; most is a text's bytes, too, 0: any */
  const char *fallback; /* where nobody says anything */
  const char *choices[4];
} keywords[KEY_COUNT] = {
    [KEY_SERVER] = {FIELD(server), KW_TEXT},
    [KEY_PORT] = {FIELD(port), KW_INTEGER, 1, 65535},
    [KEY_SECTION] = {FIELD(freetds_section), KW_CONF, .most = PROFILE_NAME_CAP},
    [KEY_DATABASE] = {FIELD(database), KW_TEXT, .most = PROFILE_NAME_CAP},
    [KEY_USER] = {FIELD(user), KW_TEXT, .most = PROFILE_NAME_CAP},
    [KEY_PASSWORD] = {.name = "password", .type = KW_SECRET},
    [KEY_PASSWORD_FILE] = {FIELD(password_file), KW_TEXT},
    [KEY_AUTH] = {FIELD(auth), KW_CHOICE,
                  .choices = {"sql", "ntlm", "kerberos"}},
    [KEY_ENCRYPT] = {FIELD(encrypt), KW_CHOICE,
                     .choices = {"verify", "require", "off"}},
    [KEY_CA_FILE] = {FIELD(ca_file), KW_CONF},
    /* Versions before 7.3 lack the date types. */
    [KEY_TDS_VERSION] = {FIELD(tds_version), KW_WORD, .fallback = "7.4",
                         .choices = {"7.4", "7.3"}},
    [KEY_LOGIN_TIMEOUT] = {FIELD(login_timeout), KW_INTEGER, 1,
                           PROFILE_LOGIN_TIMEOUT_MOST, "30"},
    [KEY_QUERY_TIMEOUT] = {FIELD(query_timeout), KW_INTEGER, 1,
                           PROFILE_QUERY_TIMEOUT_MOST, "300"},
    [KEY_PACKET_SIZE] = {FIELD(packet_size), KW_INTEGER, 512, 32767},
    [KEY_APP_NAME] = {FIELD(app_name), KW_TEXT, .most = PROFILE_NAME_CAP,
                      .fallback = "ordersync"},
    [KEY_READ_ONLY_INTENT] = {FIELD(read_only_intent), KW_BOOLEAN},
    [KEY_ISOLATION] = {FIELD(isolation), KW_WORD, .fallback = "read committed",
                       .choices = {"read committed", "snapshot",
                                   "read uncommitted"}},
    [KEY_LOCK_TIMEOUT] = {FIELD(lock_timeout), KW_INTEGER, -1, INT_MAX,
                          "30000"},
    [KEY_ALLOW_IN_SCHEMA] = {FIELD(allow_in_schema), KW_BOOLEAN},
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

static int *int_field(struct profile *p, const struct keyword *k) {
  return (int *)(void *)((char *)p + k->offset);
}

static char **text_field(struct profile *p, const struct keyword *k) {
  return (char **)(void *)((char *)p + k->offset);
}

/* In capitals, where the field takes words. */
static void set_copy(struct profile *p, const struct keyword *k,
                     const char *value, struct err *e) {
  char *copy = sqlite3_mprintf("%s", value);
  if (!copy) {
    err_nomem(e);
    return;
  }
  for (char *c = copy; k->type == KW_WORD && *c; c++) *c = ascii_upper(*c);
  sqlite3_free(*text_field(p, k));
  *text_field(p, k) = copy;
}

static void set_text(struct profile *p, const struct keyword *k,
                     const char *value, struct err *e) {
  const char *hazard = k->type == KW_CONF ? keyword_conf_hazard(value) : NULL;
  if (utf8_units(value, strlen(value)) < 0) {
    err_set(e, ERR_PROFILE, "the value is not UTF-8");
  } else if (hazard) {
    err_set(e, ERR_PROFILE, "the value %s", hazard);
  } else if (k->most && strlen(value) > (size_t)k->most) {
    err_set(e, ERR_PROFILE, "the value is longer than %d bytes", k->most);
  } else {
    set_copy(p, k, value, e);
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
  } else if (k->type == KW_WORD) {
    set_copy(p, k, value, e);
  } else {
    *int_field(p, k) = i;
  }
}

void keyword_set(struct profile *p, enum profile_key key, const char *value,
                 struct err *e) {
  const struct keyword *k = &keywords[key];
  if (k->type == KW_TEXT || k->type == KW_CONF) set_text(p, k, value, e);
  if (k->type == KW_INTEGER) set_integer(p, k, value, e);
  if (k->type == KW_BOOLEAN) set_boolean(p, k, value, e);
  if (k->type == KW_CHOICE || k->type == KW_WORD) set_choice(p, k, value, e);
}

void keyword_defaults(struct profile *p, struct err *e) {
  for (int i = 0; i < KEY_COUNT; i++) {
    const char *value = keywords[i].fallback;
    if (value) keyword_set(p, (enum profile_key)i, value, e);
  }
}

/* "ORDERSYNC_<KEY>" into name, and its value: NULL when unset or empty. */
static const char *variable(enum profile_key key, char name[64]) {
  const char *value;
  sqlite3_snprintf(64, name, "ORDERSYNC_%s", keywords[key].name);
  for (char *c = name; *c; c++) *c = ascii_upper(*c);
  value = getenv(name);
  return value && *value ? value : NULL;
}

const char *keyword_environment(enum profile_key key) {
  char name[64];
  return variable(key, name);
}

void keyword_override(struct profile *p, struct err *e) {
  for (int i = 0; i < KEY_COUNT && !e->code; i++) {
    char name[64];
    const char *value = variable((enum profile_key)i, name);
    if (value) keyword_set(p, (enum profile_key)i, value, e);
    err_prefix(e, "environment variable %s", name);
  }
}

static int is_text(const struct keyword *k) {
  return k->type == KW_TEXT || k->type == KW_CONF || k->type == KW_WORD;
}

static int same_field(const struct profile *p, const struct profile *o,
                      const struct keyword *k) {
  const char *a = (const char *)p + k->offset, *b = (const char *)o + k->offset;
  const char *text, *other;
  if (k->type == KW_SECRET) return 1; /* has no field */
  if (!is_text(k)) return memcmp(a, b, sizeof(int)) == 0;
  memcpy(&text, a, sizeof text);
  memcpy(&other, b, sizeof other);
  return text && other ? strcmp(text, other) == 0 : text == other;
}

int keyword_same(const struct profile *p, const struct profile *o) {
  int i = 0;
  while (i < KEY_COUNT && same_field(p, o, &keywords[i])) i++;
  return i == KEY_COUNT;
}

void keyword_free(struct profile *p) {
  for (int i = 0; i < KEY_COUNT; i++) {
    const struct keyword *k = &keywords[i];
    if (is_text(k)) sqlite3_free(*text_field(p, k));
  }
}
