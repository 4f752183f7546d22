/*
** The one error type. Everything that can fail takes a struct err and either
** returns its code or, in the sticky style, does nothing once it is set.
**
**   struct err e = {0};
**   if (mapping_load(&map, db, "open_orders", &e)) goto done;
**
** The first failure wins: err_set() on an error that is already set changes
** nothing. The text is masked when it is written, so no printer can forget.
** It becomes an SQLite result only at the edges: err_result() for functions,
** err_vtab() for the virtual table.
*/
#ifndef ORDERSYNC_ERR_H
#define ORDERSYNC_ERR_H

#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3

#include <stdarg.h>

enum err_code {
  ERR_NONE = 0,
  ERR_CONFIG,  /* sync, mapping, options, target: the user mends a row */
  ERR_PROFILE, /* the INI file or the environment */
  ERR_AUTH,    /* the server refused the login */
  ERR_TLS,     /* encryption or certificate */
  ERR_NETWORK, /* could not reach the server, or the link broke */
  ERR_TIMEOUT, /* login, query or whole-run deadline */
  ERR_REMOTE,  /* the server answered with an error message */
  ERR_DATA,    /* a value, a column, an incomplete stream */
  ERR_GUARD,   /* min_rows, max_shrink_percent */
  ERR_LOCAL,   /* SQLite said no: busy, full, read-only, constraint */
  ERR_NOMEM,
  ERR_INTERRUPT, /* sqlite3_interrupt() or Ctrl-C */
  ERR_MISUSE     /* called where it cannot work, e.g. INSERT ... SELECT */
};

struct err {
  enum err_code code;
  int sqlite_code;     /* for ERR_LOCAL; 0 means SQLITE_ERROR */
  int server_number;   /* SQL Server's message number, 0 if none */
  int server_severity; /* 0 if none */
  int transient;       /* 1 when trying again may help */
  const char *secret;  /* borrowed; masked in every text written from now on */
  char text[1024];     /* UTF-8, terminated, never cut inside a character */
};

/* From now on, every text written into e has secret replaced by "***". NULL
** ends that. The caller keeps secret alive in between. */
void err_hide(struct err *e, const char *secret);

/* Sets e unless it is set already; fmt is sqlite3_mprintf's (%q %Q %w too).
** Returns e->code, so that `return err_set(...)` reads well. */
enum err_code err_set(struct err *e, enum err_code code, const char *fmt, ...);

/* ERR_NOMEM, without allocating. */
enum err_code err_nomem(struct err *e);

/* ERR_LOCAL from db's last error, or ERR_NOMEM / ERR_INTERRUPT where that is
** what it was; `doing` is a clause such as "writing to open_orders". */
enum err_code err_sqlite(struct err *e, sqlite3 *db, const char *doing);

/* Whether rc says that another connection was in the way. */
int err_busy_code(int rc);

/* Whether e says that another connection was in the way, so that waiting may
** help. */
int err_is_busy(const struct err *e);

/* Puts "context: " before the text of a set error, once; no-op otherwise. */
void err_prefix(struct err *e, const char *fmt, ...);

/* Appends the way out: a clause ("; use mode 'diff'") or, when it begins with a
** capital, a sentence (". Check the port."); no-op when e is not set. */
void err_hint(struct err *e, const char *fmt, ...);

/* Forgets the failure (the secret stays): for retry loops. */
void err_reset(struct err *e);

/* A word for the run log and JSON: "config", "auth", "network", ... */
const char *err_name(enum err_code code);

/* SQLite's code for e: SQLITE_NOMEM, SQLITE_INTERRUPT, e->sqlite_code, else
** SQLITE_ERROR. */
int err_sqlite_code(const struct err *e);

/* Edge of a function: message first, then code; the other order loses the
** code. */
void err_result(const struct err *e, sqlite3_context *context);

/* Edge of the virtual table: *message (freed and replaced) gets the text;
** returns the code. */
int err_vtab(const struct err *e, char **message);

/* Masks in place what looks like a credential ("password=...", "pwd=...") and
** every occurrence of secret (may be NULL), also in other case, percent-encoded
** or with quotes doubled; control characters become blanks and question marks.
** The text never grows. */
void err_mask(char *text, const char *secret);

/* Masks secret in a text that is written already, also where the text was cut
** in the middle of it. */
void err_mask_late(struct err *e, const char *secret);

#endif
