/*
** The error: set once, masked when written, turned into SQLite's terms only
** at the edges.
*/
#include "err.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Every code's word in the run log, and what SQLite is told. */
static const struct {
  const char *name;
  int sqlite_code;
} err_table[] = {
    [ERR_NONE] = {"ok", SQLITE_OK},
    [ERR_CONFIG] = {"config", SQLITE_ERROR},
    [ERR_PROFILE] = {"profile", SQLITE_ERROR},
    [ERR_AUTH] = {"auth", SQLITE_ERROR},
    [ERR_TLS] = {"tls", SQLITE_ERROR},
    [ERR_NETWORK] = {"network", SQLITE_ERROR},
    [ERR_TIMEOUT] = {"timeout", SQLITE_ERROR},
    [ERR_REMOTE] = {"server", SQLITE_ERROR},
    [ERR_DATA] = {"data", SQLITE_ERROR},
    [ERR_GUARD] = {"guard", SQLITE_ERROR},
    [ERR_LOCAL] = {"local", SQLITE_ERROR},
    [ERR_NOMEM] = {"memory", SQLITE_NOMEM},
    [ERR_INTERRUPT] = {"interrupt", SQLITE_INTERRUPT},
    [ERR_MISUSE] = {"misuse", SQLITE_ERROR},
};

/* Words after which a value is a credential, in messages of drivers and
** servers and in connection strings that people paste. */
static const char *const credential_words[] = {"password", "passwd", "pwd",
                                               "passphrase", "secret"};

/* The last place before `limit` where text may be cut without splitting a
** UTF-8 character. */
static size_t utf8_cut(const char *text, size_t limit) {
  while (limit > 0 && ((unsigned char)text[limit] & 0xC0) == 0x80) limit--;
  return limit;
}

static void copy_text(char *to, size_t n_to, const char *from) {
  size_t n = strlen(from);
  if (n >= n_to) n = utf8_cut(from, n_to - 1);
  memcpy(to, from, n);
  to[n] = 0;
}

/* Replaces text[0..n_old) by "***", or by as many stars as fit. */
static void blot(char *text, size_t n_old) {
  size_t n_new = n_old < 3 ? n_old : 3;
  memset(text, '*', n_new);
  memmove(text + n_new, text + n_old, strlen(text + n_old) + 1);
}

static void mask_secret(char *text, const char *secret) {
  size_t n = strlen(secret);
  char *at = text;
  if (n == 0) return;
  while ((at = strstr(at, secret)) != NULL) {
    /* A secret of a few letters is masked only as a whole word, else it would
    ** eat the message (and so tell what it is). */
    int inside = n < 4 && ((at > text && isalnum((unsigned char)at[-1])) ||
                           isalnum((unsigned char)at[n]));
    if (inside) {
      at++;
      continue;
    }
    blot(at, n);
    at += n < 3 ? n : 3;
  }
}

/* The length of a credential that starts at text: quoted, braced, or up to a
** separator. */
static size_t credential_length(const char *text) {
  char close = 0;
  size_t n = 0;
  if (*text == '\'' || *text == '"') close = *text;
  if (*text == '{') close = '}';
  if (close) {
    const char *end = strchr(text + 1, close);
    return end ? (size_t)(end - text) + 1 : strlen(text);
  }
  while (text[n] && !strchr(" \t\r\n;,&)", text[n])) n++;
  return n;
}

static void mask_word(char *text, const char *word) {
  size_t n_word = strlen(word);
  for (char *at = text; *at; at++) {
    if (strncasecmp(at, word, n_word) != 0) continue;
    char *value = at + n_word;
    while (*value == ' ') value++;
    if (*value != '=' && *value != ':') continue;
    value++;
    while (*value == ' ') value++;
    size_t n = credential_length(value);
    if (n > 0) blot(value, n);
    at = value;
    if (!*at) break;
  }
}

void err_mask(char *text, const char *secret) {
  if (secret) mask_secret(text, secret);
  for (size_t i = 0; i < sizeof credential_words / sizeof *credential_words;
       i++) {
    mask_word(text, credential_words[i]);
  }
}

void err_mask_late(struct err *e, const char *secret) {
  size_t n_text, n = strlen(secret);
  err_mask(e->text, secret);
  n_text = strlen(e->text);
  if (n_text + 4 < sizeof e->text) return; /* it was not cut */
  while (--n >= 4 && n < n_text) {
    if (memcmp(e->text + n_text - n, secret, n) == 0) {
      blot(e->text + n_text - n, n);
      return;
    }
  }
}

void err_hide(struct err *e, const char *secret) {
  e->secret = secret;
}

/* The text is masked at its full length and cut afterwards: a secret that
** straddles the cut would otherwise show its first half. */
static void write_text(struct err *e, const char *fmt, va_list args) {
  char *full = sqlite3_vmprintf(fmt, args);
  if (!full) { /* out of memory: the bare text, without arguments */
    copy_text(e->text, sizeof e->text, "out of memory");
    return;
  }
  err_mask(full, e->secret);
  copy_text(e->text, sizeof e->text, full);
  sqlite3_free(full);
}

enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...) {
  va_list args;
  if (e->code) return e->code;
  e->code = code;
  va_start(args, fmt);
  write_text(e, fmt, args);
  va_end(args);
  return e->code;
}

enum err_code err_nomem(struct err *e) {
  if (e->code) return e->code;
  e->code = ERR_NOMEM;
  e->sqlite_code = SQLITE_NOMEM;
  copy_text(e->text, sizeof e->text, "out of memory");
  return e->code;
}

enum err_code err_sqlite(struct err *e, sqlite3 *db, const char *doing) {
  int rc = sqlite3_errcode(db);
  if (e->code) return e->code;
  if (rc == SQLITE_NOMEM) return err_nomem(e);
  if (sqlite3_extended_errcode(db) == SQLITE_BUSY_SNAPSHOT) {
    err_set(e, ERR_LOCAL,
            "%s: the caller's transaction reads an old snapshot of the "
            "database and cannot write; roll it back and try again",
            doing);
  } else {
    err_set(e, rc == SQLITE_INTERRUPT ? ERR_INTERRUPT : ERR_LOCAL, "%s: %s",
            doing, sqlite3_errmsg(db));
  }
  e->sqlite_code = sqlite3_extended_errcode(db);
  if (e->sqlite_code == SQLITE_READONLY_DIRECTORY) {
    err_hint(e, "its directory is what cannot be written");
  } else if (e->sqlite_code == SQLITE_READONLY_DBMOVED) {
    err_hint(e, "the file was moved or deleted while it is open");
  }
  return e->code;
}

int err_is_busy(const struct err *e) {
  int code = e->sqlite_code & 0xff;
  return e->code == ERR_LOCAL &&
         (code == SQLITE_BUSY || code == SQLITE_LOCKED) &&
         e->sqlite_code != SQLITE_BUSY_SNAPSHOT;
}

void err_prefix(struct err *e, const char *fmt, ...) {
  char before[sizeof e->text];
  char *context;
  va_list args;
  if (!e->code || e->code == ERR_NOMEM) return;
  va_start(args, fmt);
  context = sqlite3_vmprintf(fmt, args);
  va_end(args);
  if (!context) return;
  err_mask(context, e->secret);
  memcpy(before, e->text, sizeof before);
  if (strncmp(before, context, strlen(context)) != 0) {
    char *full = sqlite3_mprintf("%s: %s", context, before);
    if (full) copy_text(e->text, sizeof e->text, full);
    sqlite3_free(full);
  }
  sqlite3_free(context);
}

void err_hint(struct err *e, const char *fmt, ...) {
  char *hint, *full = NULL;
  va_list args;
  if (!e->code || e->code == ERR_NOMEM) return;
  va_start(args, fmt);
  hint = sqlite3_vmprintf(fmt, args);
  va_end(args);
  /* A hint is a clause or a sentence of its own, by its first letter. */
  if (hint) {
    size_t n = strlen(e->text);
    if (n > 0 && e->text[n - 1] == '.') n--;
    full = sqlite3_mprintf("%.*s%s %s", (int)n, e->text,
                           isupper((unsigned char)hint[0]) ? "." : ";", hint);
  }
  if (full) {
    err_mask(full, e->secret);
    copy_text(e->text, sizeof e->text, full);
  }
  sqlite3_free(full);
  sqlite3_free(hint);
}

void err_reset(struct err *e) {
  const char *secret = e->secret;
  memset(e, 0, sizeof *e);
  e->secret = secret;
}

const char *err_name(enum err_code code) {
  return err_table[code].name;
}

int err_sqlite_code(const struct err *e) {
  if (e->code == ERR_NONE) return SQLITE_OK;
  if (e->code == ERR_LOCAL && e->sqlite_code) return e->sqlite_code;
  return err_table[e->code].sqlite_code;
}

void err_result(const struct err *e, sqlite3_context *context) {
  int rc = err_sqlite_code(e);
  if (rc == SQLITE_NOMEM) {
    sqlite3_result_error_nomem(context);
    return;
  }
  sqlite3_result_error(context, e->text, -1);
  /* The shell exits with the code's low byte, which must not be 0. */
  sqlite3_result_error_code(context, (rc & 0xff) ? rc : SQLITE_ERROR);
}

int err_vtab(const struct err *e, char **message) {
  if (message && e->code) {
    sqlite3_free(*message);
    *message = sqlite3_mprintf("%s", e->text);
  }
  return err_sqlite_code(e);
}
