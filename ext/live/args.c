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

#define BLANKS " \t\r\n\f"

static const char *skip_blank(const char *at) {
  return at + strspn(at, BLANKS);
}

/* The length of text[0..n) without the blanks at its end. */
static int trimmed(const char *text, size_t n) {
  while (n > 0 && strchr(BLANKS, text[n - 1])) n--;
  return (int)n;
}

/* Which of the words; -1: none. */
static int find(const char *const *words, int n_words, const char *text,
                int n) {
  for (int i = 0; i < n_words; i++) {
    if ((int)strlen(words[i]) == n && !sqlite3_strnicmp(text, words[i], n)) {
      return i;
    }
  }
  return -1;
}

/* A plain word, or text in quotes that are doubled inside. */
static char *read_value(const char *key, const char *text, struct err *e) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  int n = trimmed(text, strlen(text));
  int quoted = *text == '\'' || *text == '"', i = quoted;
  while (i < n && (!quoted || text[i] != *text || text[i + 1] == *text)) {
    i += quoted && text[i] == *text;
    sqlite3_str_append(out, &text[i++], 1);
  }
  if (sqlite3_str_errcode(out)) {
    err_nomem(e);
  } else if (quoted && i != n - 1) {
    err_set(e, ERR_CONFIG, "the argument %s=%.60s has no proper end", key,
            text);
  } else if (quoted && sqlite3_str_length(out) == 0) {
    err_set(e, ERR_CONFIG, "the argument %s is empty", key);
  } else if (!quoted && (n == 0 || strpbrk(text, "'\"=()"))) {
    err_set(e, ERR_CONFIG, "the argument %s=%.*s is malformed", key,
            n > 60 ? 60 : n, text);
    err_hint(e, "put the value in 'quotes'");
  }
  return sqlite3_str_finish(out);
}

static enum err_code read_one(char **values, const char *argument,
                              struct err *e) {
  const char *at = skip_blank(argument);
  const char *equals = strchr(at, '=');
  int n = equals ? trimmed(at, (size_t)(equals - at)) : 0;
  int key = equals ? find(keys, KEY_COUNT, at, n) : -1, secret;
  if (key >= 0 && values[key]) {
    return err_set(e, ERR_CONFIG, "the argument %s is given twice", keys[key]);
  }
  if (key >= 0) {
    values[key] = read_value(keys[key], skip_blank(equals + 1), e);
    return e->code;
  }
  secret = find(secrets, (int)(sizeof secrets / sizeof *secrets), at, n);
  if (!equals) {
    err_set(e, ERR_CONFIG, "the argument \"%.60s\" is not key=value", at);
  } else if (secret >= 0) {
    err_set(e, ERR_CONFIG,
            "%s is no argument: the server and the credentials belong in the "
            "profile, not in the database",
            secrets[secret]);
  } else {
    err_set(e, ERR_CONFIG, "there is no argument \"%.*s\"", n > 60 ? 60 : n,
            at);
  }
  err_hint(e, VALID);
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
    tsql_hint_with(values[KEY_QUERY], e);
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
  if (e->code) {
    for (int i = 0; i < KEY_COUNT; i++) sqlite3_free(values[i]);
    return e->code;
  }
  a->sync = values[KEY_SYNC];
  a->is_query = values[KEY_QUERY] != NULL;
  a->source = a->is_query ? values[KEY_QUERY] : values[KEY_SOURCE];
  a->profile = values[KEY_PROFILE];
  return ERR_NONE;
}

void vtab_args_clear(struct vtab_args *a) {
  sqlite3_free(a->sync);
  sqlite3_free(a->source);
  sqlite3_free(a->profile);
  memset(a, 0, sizeof *a);
}
