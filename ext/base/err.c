/*
** The error: set once, masked when written, turned into SQLite's terms only
** at the edges.
*/
#include "base/err.h"

#include "base/utf8.h"

#include <string.h>

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
static const char *const credential_words[] = {"password",   "passwd", "pwd",
                                               "passphrase", "secret", NULL};

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

/* How many bytes of text spell c: itself in either case, twice where it is the
** quote that is doubled, or percent-encoded; 0: they do not. */
static size_t spelled_char(const char *text, char c, char quote) {
  if (*text == '%' && ascii_hex_byte(text + 1) == (unsigned char)c) return 3;
  if (ascii_upper(*text) != ascii_upper(c)) return 0;
  if (c != quote) return 1;
  return text[1] == c || text[1] == 0 ? 2 : 0;
}

/* The same for the secret; *n_chars gets how many of its characters matched. */
static size_t spelled(const char *text, const char *secret, char quote,
                      size_t *n_chars) {
  size_t at = 0, i = 0;
  while (secret[i] && text[at]) {
    size_t n = spelled_char(text + at, secret[i], quote);
    if (n == 0) break;
    at += text[at + n - 1] ? n : n - 1; /* the text ends within the quotes */
    i++;
  }
  *n_chars = i;
  return at;
}

/* A server or a driver may echo a secret in another spelling: upper case,
** percent-encoded, or with one kind of quote doubled. */
static const char doubled_quotes[] = {0, '\'', '"', ']'};

/* The bytes at text that spell the whole secret; 0: they do not. With is_cut,
** also those up to the text's end that spell four or more characters of it. */
static size_t secret_at(const char *text, const char *secret, int is_cut) {
  for (size_t k = 0; k < sizeof doubled_quotes; k++) {
    size_t n_chars;
    size_t n = spelled(text, secret, doubled_quotes[k], &n_chars);
    if (!secret[n_chars]) return n;
    if (is_cut && n_chars >= 4 && !text[n]) return n;
  }
  return 0;
}

static void mask_secret(char *text, const char *secret, int is_cut) {
  int is_short = strlen(secret) < 4;
  if (!*secret) return;
  for (char *at = text; *at; at++) {
    size_t n = secret_at(at, secret, is_cut);
    if (n == 0) continue;
    /* A secret of a few letters is masked only as a whole word, else it would
    ** eat the message (and so tell what it is). */
    if (is_short &&
        ((at > text && ascii_is_alnum(at[-1])) || ascii_is_alnum(at[n]))) {
      continue;
    }
    blot(at, n);
    at += (n < 3 ? n : 3) - 1;
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
  while (text[n] && !strchr(ASCII_BLANKS ";,&)", text[n])) n++;
  return n;
}

/* Whether c may stand before a word that is the end of a file's name. */
static int is_name(char c) {
  return c == '.' || c == '/' || c == '-' || c == '_' || ascii_is_alnum(c);
}

static void mask_word(char *text, const char *word) {
  size_t n_word = strlen(word);
  for (char *at = text; *at; at++) {
    if (sqlite3_strnicmp(at, word, (int)n_word) != 0) continue;
    char *value = at + n_word;
    while (*value == ' ') value++;
    if (*value != '=' && *value != ':') continue;
    if (*value == ':' && at > text && is_name(at[-1])) continue;
    value++;
    while (*value == ' ') value++;
    size_t n = credential_length(value);
    if (n > 0) blot(value, n);
    at = value;
    if (!*at) break;
  }
}

/* U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F: they break a line, turn
** its direction or hide. */
static int is_invisible(const unsigned char *at) {
  unsigned tail = at[0] == 0xe2 && at[1] ? at[1] * 256U + at[2] : 0;
  return (tail >= 0x808b && tail <= 0x808f) ||
         (tail >= 0x80a8 && tail <= 0x80ae) ||
         (tail >= 0x81a0 && tail <= 0x81af);
}

/* Control characters, those of C1 included, would let a server forge lines of
** a log, or command a terminal. Nor is there a byte that no UTF-8 has. */
static void flatten(char *text) {
  for (unsigned char *at = (unsigned char *)text; *at; at++) {
    if (*at == '\t' || *at == '\n' || *at == '\r') *at = ' ';
    if (*at < ' ' || *at == 0x7f || *at > 0xf4) *at = '?';
    if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) at[0] = at[1] = '?';
    if (is_invisible(at)) at[0] = at[1] = at[2] = '?';
  }
}

static void mask(char *text, const char *secret, int is_cut) {
  flatten(text);
  if (secret) mask_secret(text, secret, is_cut);
  for (int i = 0; credential_words[i]; i++)
    mask_word(text, credential_words[i]);
}

void err_mask(char *text, const char *secret) {
  mask(text, secret, 0);
}

void err_mask_late(struct err *e, const char *secret) {
  mask(e->text, secret, strlen(e->text) + 4 >= sizeof e->text);
}

void err_hide(struct err *e, const char *secret) {
  e->secret = secret;
}

/* Frees full; NULL: out of memory. It is masked at its full length and cut
** afterwards: a secret that straddles the cut would otherwise show its first
** half. */
static void set_text(struct err *e, char *full) {
  if (full) err_mask(full, e->secret);
  copy_text(e->text, sizeof e->text, full ? full : "out of memory");
  sqlite3_free(full);
}

enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...) {
  va_list args;
  if (e->code) return e->code;
  e->code = code;
  va_start(args, fmt);
  set_text(e, sqlite3_vmprintf(fmt, args));
  va_end(args);
  return e->code;
}

enum err_code err_nomem(struct err *e) {
  if (e->code) return e->code;
  e->code = ERR_NOMEM;
  e->sqlite_code = SQLITE_NOMEM;
  set_text(e, NULL);
  return e->code;
}

/* What SQLite's words about the file leave out: what to look at. */
static void hint_file(struct err *e) {
  if (e->sqlite_code == SQLITE_READONLY_DIRECTORY) {
    err_hint(e, "its directory is what cannot be written");
  } else if (e->sqlite_code == SQLITE_READONLY_DBMOVED) {
    err_hint(e, "the file was moved or deleted while it is open");
  } else if ((e->sqlite_code & 0xff) == SQLITE_READONLY) {
    err_hint(e, "may this user write the file, what lies beside it (-wal, "
                "-shm) and its folder?");
  } else if ((e->sqlite_code & 0xff) == SQLITE_FULL) {
    err_hint(e, "make room on its disk (df shows it)");
  } else if ((e->sqlite_code & 0xff) == SQLITE_IOERR) {
    err_hint(e, "its disk may be full (df) or broken (dmesg)");
  } else if ((e->sqlite_code & 0xff) == SQLITE_CORRUPT ||
             (e->sqlite_code & 0xff) == SQLITE_NOTADB) {
    err_hint(e, "restore it, or make it anew in another file");
  }
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
  /* A row that should be there is not: to a host, that code is no error. */
  if (rc == SQLITE_ROW || rc == SQLITE_DONE) e->sqlite_code = SQLITE_ERROR;
  hint_file(e);
  return e->code;
}

int err_busy_code(int rc) {
  return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

int err_is_busy(const struct err *e) {
  return e->code == ERR_LOCAL && err_busy_code(e->sqlite_code) &&
         e->sqlite_code != SQLITE_BUSY_SNAPSHOT;
}

void err_prefix(struct err *e, const char *fmt, ...) {
  char *context;
  va_list args;
  if (!e->code || e->code == ERR_NOMEM) return;
  va_start(args, fmt);
  context = sqlite3_vmprintf(fmt, args);
  va_end(args);
  if (!context) return;
  err_mask(context, e->secret);
  if (strncmp(e->text, context, strlen(context)) != 0) {
    char *full = sqlite3_mprintf("%s: %s", context, e->text);
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
                           hint[0] >= 'A' && hint[0] <= 'Z' ? "." : ";", hint);
  }
  if (full) set_text(e, full);
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
