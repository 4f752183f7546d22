/*
** key=value, as SQLite hands it over: the text between the commas.
**
**   USING ordersync(source='dbo.vwStock', profile=reporting)
*/
#include "live/args.h"

#include "tsql/select.h"

#include <string.h>

#define VALID                                                                  \
  "valid are: sync=NAME, or source='NAME' or query='SELECT ...', these two "   \
  "with profile=NAME"

enum key { KEY_SYNC, KEY_SOURCE, KEY_QUERY, KEY_PROFILE, KEY_COUNT };

static const char *const keys[KEY_COUNT] = {"sync", "source", "query",
                                            "profile"};

/* What people might write here and must not: it would stay in the file. */
static const char *const secrets[] = {
    "password", "pwd",    "pass",     "user",  "uid",  "login",
    "secret",   "server", "database", "token", "auth", "password_file"};

static const char *skip_blank(const char *at) {
  return at + strspn(at, " \t\r\n\f");
}

/* The length of text without the blanks at its end. */
static int trimmed_length(const char *text) {
  size_t n = strlen(text);
  while (n > 0 && strchr(" \t\r\n\f", text[n - 1])) n--;
  return (int)n;
}

static int same(const char *text, int n, const char *word) {
  return (int)strlen(word) == n && sqlite3_strnicmp(text, word, n) == 0;
}

/* Which key; -1 with e set. */
static int read_key(const char *text, int n, struct err *e) {
  for (int i = 0; i < KEY_COUNT; i++) {
    if (same(text, n, keys[i])) return i;
  }
  for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
    if (!same(text, n, secrets[i])) continue;
    err_set(e, ERR_CONFIG,
            "%s is no argument: the server and the credentials belong in the "
            "profile, not in the database",
            secrets[i]);
    err_hint(e, VALID);
    return -1;
  }
  err_set(e, ERR_CONFIG, "there is no argument \"%.*s\"", n > 60 ? 60 : n,
          text);
  err_hint(e, VALID);
  return -1;
}

/* A plain word, or text in quotes that are doubled inside. */
static char *read_value(const char *key, const char *text, struct err *e) {
  const char *at = skip_blank(text);
  int n = trimmed_length(at);
  char quote = *at;
  char *value, *to;
  if (quote != '\'' && quote != '"') {
    value = sqlite3_mprintf("%.*s", n, at);
    if (value && (n == 0 || strpbrk(value, "'\"=()"))) {
      err_set(e, ERR_CONFIG, "the argument %s=%.60s is malformed", key, value);
      err_hint(e, "put the value in 'quotes'");
    }
  } else {
    const char *end = at + n;
    value = sqlite3_malloc64((sqlite3_uint64)n + 1);
    to = value;
    for (at++; value && at < end && (*at != quote || at[1] == quote); at++) {
      if (*at == quote) at++;
      *to++ = *at;
    }
    if (value) {
      *to = 0;
      if (at != end - 1) {
        err_set(e, ERR_CONFIG, "the argument %s=%.60s has no proper end", key,
                text);
      } else if (!*value) {
        err_set(e, ERR_CONFIG, "the argument %s is empty", key);
      }
    }
  }
  if (!value) err_nomem(e);
  if (!e->code) return value;
  sqlite3_free(value);
  return NULL;
}

static enum err_code read_one(char **values, const char *argument,
                              struct err *e) {
  const char *at = skip_blank(argument);
  const char *equals = strchr(at, '=');
  int n, key;
  if (!equals) {
    err_set(e, ERR_CONFIG, "the argument \"%.60s\" is not key=value", at);
    err_hint(e, VALID);
    return e->code;
  }
  n = (int)(equals - at);
  while (n > 0 && strchr(" \t\r\n\f", at[n - 1])) n--;
  key = read_key(at, n, e);
  if (key < 0) return e->code;
  if (values[key]) {
    return err_set(e, ERR_CONFIG, "the argument %s is given twice", keys[key]);
  }
  values[key] = read_value(keys[key], equals + 1, e);
  return e->code;
}

static enum err_code check(char **values, struct err *e) {
  int n = (values[KEY_SYNC] != NULL) + (values[KEY_SOURCE] != NULL) +
          (values[KEY_QUERY] != NULL);
  if (n > 1) {
    err_set(e, ERR_CONFIG, "sync, source and query exclude each other");
  } else if (values[KEY_SYNC] && values[KEY_PROFILE]) {
    err_set(e, ERR_CONFIG,
            "profile does not go with sync: the sync's row has its profile");
  } else if (n == 0) {
    err_set(e, ERR_CONFIG, "sync, source or query is missing");
    err_hint(e, VALID);
  } else if (values[KEY_QUERY] && !tsql_is_query(values[KEY_QUERY])) {
    err_set(e, ERR_CONFIG, "the query does not begin with SELECT: %.60s",
            skip_blank(values[KEY_QUERY]));
  }
  return e->code;
}

enum err_code vtab_args_parse(struct vtab_args *a, int argc,
                              const char *const *argv, struct err *e) {
  char *values[KEY_COUNT] = {NULL};
  memset(a, 0, sizeof *a);
  /* USING ordersync() has one argument, and it is empty. */
  if (argc == 1 && !*skip_blank(argv[0])) argc = 0;
  for (int i = 0; i < argc && !e->code; i++) read_one(values, argv[i], e);
  if (argc > 0 && !e->code) check(values, e);
  a->sync = values[KEY_SYNC];
  a->is_query = values[KEY_QUERY] != NULL;
  a->source = a->is_query ? values[KEY_QUERY] : values[KEY_SOURCE];
  if (a->is_query) sqlite3_free(values[KEY_SOURCE]);
  a->profile = values[KEY_PROFILE];
  if (e->code) vtab_args_clear(a);
  return e->code;
}

void vtab_args_clear(struct vtab_args *a) {
  sqlite3_free(a->sync);
  sqlite3_free(a->source);
  sqlite3_free(a->profile);
  memset(a, 0, sizeof *a);
}
