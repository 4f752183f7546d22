/*
** A database for one run, and what it holds afterwards.
*/
#include "torture.h"

#include "ordersync.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- texts ------------------------------------------------------------- */

static void text_append(struct text *t, const char *bytes, size_t n) {
  char *grown = realloc(t->bytes, t->n + n + 1);
  if (!grown) abort();
  memcpy(grown + t->n, bytes, n);
  t->bytes = grown;
  t->n += n;
  t->bytes[t->n] = 0;
}

void text_add(struct text *t, const char *fmt, ...) {
  char *made = NULL;
  va_list args;
  int n;
  va_start(args, fmt);
  n = vasprintf(&made, fmt, args);
  va_end(args);
  if (n < 0) abort();
  text_append(t, made, (size_t)n);
  free(made);
}

void text_clear(struct text *t) {
  free(t->bytes);
  t->bytes = NULL;
  t->n = 0;
}

int text_equal(const struct text *a, const struct text *b) {
  return a->n == b->n && (a->n == 0 || memcmp(a->bytes, b->bytes, a->n) == 0);
}

int file_copy(const char *from, const char *to) {
  char buffer[65536];
  int in = open(from, O_RDONLY | O_CLOEXEC);
  int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  ssize_t n = -1;
  while (in >= 0 && out >= 0 && (n = read(in, buffer, sizeof buffer)) > 0) {
    if (write(out, buffer, (size_t)n) != n) n = -1;
    if (n < 0) break;
  }
  if (in >= 0) (void)close(in);
  if (out >= 0) (void)close(out);
  return n == 0;
}

/* ---- SQL --------------------------------------------------------------- */

/* One value. A text that SQLite could not hand over (it had to be converted,
** and there was no memory) is the failure that it would be for any host. */
static int add_value(sqlite3_stmt *stmt, int i, struct text *out) {
  int type = sqlite3_column_type(stmt, i);
  const unsigned char *bytes;
  int n;
  switch (type) {
  case SQLITE_NULL:
    text_add(out, "NULL");
    return SQLITE_OK;
  case SQLITE_INTEGER:
    text_add(out, "%lld", (long long)sqlite3_column_int64(stmt, i));
    return SQLITE_OK;
  case SQLITE_FLOAT:
    text_add(out, "%.17g", sqlite3_column_double(stmt, i));
    return SQLITE_OK;
  case SQLITE_TEXT:
    bytes = sqlite3_column_text(stmt, i);
    n = sqlite3_column_bytes(stmt, i);
    if (!bytes) return SQLITE_NOMEM;
    text_add(out, "'%.*s'", n, (const char *)bytes);
    return SQLITE_OK;
  default:
    bytes = sqlite3_column_blob(stmt, i);
    n = sqlite3_column_bytes(stmt, i);
    text_add(out, "x'");
    for (int k = 0; k < n; k++) text_add(out, "%02x", bytes[k]);
    text_add(out, "'");
    return SQLITE_OK;
  }
}

static int step_all(sqlite3_stmt *stmt, struct text *out) {
  int rc;
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    for (int i = 0; out && i < sqlite3_column_count(stmt); i++) {
      if (i) text_add(out, "|");
      if (add_value(stmt, i, out)) return SQLITE_NOMEM;
    }
    if (out) text_add(out, "\n");
  }
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int db_run(sqlite3 *db, const char *sql, struct text *out, char *message) {
  int rc = SQLITE_OK;
  if (message) message[0] = 0;
  while (rc == SQLITE_OK && *sql) {
    sqlite3_stmt *stmt = NULL;
    rc = sqlite3_prepare_v2(db, sql, -1, &stmt, &sql);
    if (rc == SQLITE_OK && stmt) rc = step_all(stmt, out);
    if (rc && message) {
      (void)snprintf(message, 256, "%s", sqlite3_errmsg(db));
    }
    sqlite3_finalize(stmt);
  }
  return rc;
}

/* As a host loads it, or, linked into the program, by its entry point. */
static int load(sqlite3 *db, char **text) {
#ifdef SQLITE_CORE
  return sqlite3_ordersync_init(db, text, NULL);
#else
  (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
  return sqlite3_load_extension(db, getenv("TORTURE_EXTENSION"), NULL, text);
#endif
}

int db_open(sqlite3 **db, const char *path, char *message) {
  char *text = NULL;
  int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                           NULL);
  if (message) message[0] = 0;
  if (rc) {
    if (message) (void)snprintf(message, 256, "%s", sqlite3_errmsg(*db));
    return rc;
  }
  rc = load(*db, &text);
  if (rc && message) {
    (void)snprintf(message, 256, "loading: %s", text ? text : "out of memory");
  }
  sqlite3_free(text);
  return rc;
}
