/*
** Affinities, and cells compared.
*/
#include "sync/stored.h"

#include "base/sql.h"

#include <string.h>

/* A column's affinity may change a value when it is stored: '007' in a column
** that somebody declared NUMERIC becomes 7. Compared unchanged, such a row
** would be written anew at every run. Rows that may be changed so pass through
** a one-row table of the same declared types in a private database; numbers,
** which are many, only where SQLite's rule is not plain. */

static char affinity_of(const struct target *t, const char *decl) {
  /* SQLite's rules, in their order: https://sqlite.org/datatype3.html 3.1 */
  static const struct {
    const char *pattern;
    char affinity;
  } rules[] = {{"%INT%", 'i'},  {"%CHAR%", 't'}, {"%CLOB%", 't'},
               {"%TEXT%", 't'}, {"%BLOB%", 'b'}, {"", 'b'},
               {"%REAL%", 'r'}, {"%FLOA%", 'r'}, {"%DOUB%", 'r'}};
  if (t->is_strict && sqlite3_stricmp(decl, "ANY") == 0) return 'b';
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    if (sqlite3_strlike(rules[i].pattern, decl, 0) == 0) {
      return rules[i].affinity;
    }
  }
  return 'n';
}

/* Whether text may be read as a number: a sign, digits, one point, an
** exponent, blanks around. Wide on purpose; only speed is lost. */
static int may_be_number(const struct cell *cell) {
  int dashes = 0;
  for (int i = 0; i < cell->n_bytes; i++) {
    char c = cell->bytes[i];
    if (c == '-' || c == '+')
      dashes++;
    else if (!strchr("0123456789.eE \t\n\v\f\r", c))
      return 0;
  }
  return dashes < 2 || memchr(cell->bytes, 'e', (size_t)cell->n_bytes) ||
         memchr(cell->bytes, 'E', (size_t)cell->n_bytes);
}

/* SQLite makes U+FFFD of U+FFFE and U+FFFF when it turns UTF-8 into UTF-16. */
static int has_noncharacter(const struct cell *cell) {
  const char *at, *end;
  if (cell->type != SQLITE_TEXT) return 0;
  at = cell->bytes;
  end = at + cell->n_bytes;
  for (; end - at >= 3 && (at = memchr(at, 0xef, (size_t)(end - at) - 2));
       at++) {
    if (at[1] == '\xbf' && (at[2] == '\xbe' || at[2] == '\xbf')) return 1;
  }
  return 0;
}

static int may_change(const struct cell *cell, char affinity_code) {
  if (cell->type == SQLITE_NULL || cell->type == SQLITE_BLOB ||
      affinity_code == 'b') {
    return 0;
  }
  if (affinity_code == 't') return cell->type != SQLITE_TEXT;
  if (cell->type == SQLITE_TEXT) return may_be_number(cell);
  if (cell->type == SQLITE_INTEGER || affinity_code == 'r') return 0;
  /* What is not whole, or beyond 64 bits, stays REAL. */
  return cell->real > -9.3e18 && cell->real < 9.3e18 &&
         (cell->real < -9.2e18 || cell->real > 9.2e18 ||
          cell->real == (double)(sqlite3_int64)cell->real);
}

static void open_scratch(struct stored *s, struct err *e) {
  const struct target *t = s->target;
  sqlite3_str *make = sqlite3_str_new(NULL), *put = sqlite3_str_new(NULL);
  char *text;
  if (t->is_utf16) sqlite3_str_appendall(make, "PRAGMA encoding = 'UTF-16';");
  for (int i = 0; i < t->n_decls; i++) {
    sqlite3_str_appendf(make, "%sc%d \"%w\"", i ? "," : "CREATE TABLE n(", i,
                        *t->decls[i] ? t->decls[i] : "BLOB");
    sqlite3_str_appendf(put, "%sc%d=?", i ? "," : "UPDATE n SET ", i);
  }
  /* In a STRICT table ANY is no affinity, in another it is NUMERIC. */
  sqlite3_str_appendall(make, t->is_strict ? ") STRICT;" : ");");
  sqlite3_str_appendall(make, "INSERT INTO n DEFAULT VALUES");
  text = sqlite3_str_finish(make);
  if (!text) {
    err_nomem(e);
  } else if (sqlite3_open_v2(":memory:", &s->scratch,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                 SQLITE_OPEN_NOMUTEX,
                             NULL) ||
             sqlite3_exec(s->scratch, text, 0, 0, 0)) {
    err_sqlite(e, s->scratch, "comparing rows");
  }
  sqlite3_free(text);
  s->put = sql_prepare_str(s->scratch, put, e);
  s->get = sql_prepare(s->scratch, e, "SELECT * FROM n");
}

void stored_convert(struct stored *s, struct cell *cells, const int *only,
                    int n_only, struct err *e) {
  int changes = 0, rc = SQLITE_OK, n = only ? n_only : s->n;
  for (int k = 0; k < n; k++) {
    int i = only ? only[k] : k;
    if (s->affinities[i] == 'r' && cells[i].type == SQLITE_INTEGER) {
      cells[i].type = SQLITE_FLOAT;
      cells[i].real = (double)cells[i].integer;
    }
    changes |= may_change(&cells[i], s->affinities[i]) ||
               (s->target->is_utf16 && has_noncharacter(&cells[i]));
  }
  if (!changes || e->code) return;
  if (!s->scratch) open_scratch(s, e);
  if (e->code) return;
  sqlite3_reset(s->get);
  for (int i = 0; i < s->n && rc == SQLITE_OK; i++) {
    rc = cell_bind(s->put, i + 1, &cells[i]);
  }
  if (rc == SQLITE_OK) {
    sqlite3_step(s->put);
    rc = sqlite3_reset(s->put);
  }
  /* What a STRICT column will not take, it will refuse by name when written. */
  if ((rc & 0xff) == SQLITE_CONSTRAINT) return;
  if (rc || sqlite3_step(s->get) != SQLITE_ROW) {
    err_sqlite(e, s->scratch, "comparing rows");
    return;
  }
  for (int i = 0; i < s->n; i++) stored_read(s->get, i, &cells[i], e);
}

enum err_code stored_open(struct stored *s, const struct target *target,
                          struct err *e) {
  s->target = target;
  s->n = target->n_decls;
  s->affinities = sqlite3_malloc64((sqlite3_uint64)s->n);
  if (!s->affinities) return err_nomem(e);
  for (int i = 0; i < s->n; i++) {
    s->affinities[i] = affinity_of(target, target->decls[i]);
  }
  return ERR_NONE;
}

void stored_close(struct stored *s) {
  sqlite3_finalize(s->put);
  sqlite3_finalize(s->get);
  sqlite3_close(s->scratch);
  sqlite3_free(s->affinities);
  memset(s, 0, sizeof *s);
}

/* The value is safe to look at: whoever refreshes does so inside a function of
** this connection, which is locked that long; a private one has no lock. */
void stored_read(sqlite3_stmt *stmt, int col, struct cell *cell,
                 struct err *e) {
  sqlite3_value *value = sqlite3_column_value(stmt, col);
  cell->type = sqlite3_value_type(value);
  cell->n_bytes = 0;
  if (cell->type == SQLITE_INTEGER) {
    cell->integer = sqlite3_value_int64(value);
  } else if (cell->type == SQLITE_FLOAT) {
    cell->real = sqlite3_value_double(value);
  } else if (cell->type != SQLITE_NULL) {
    cell->bytes = cell->type == SQLITE_TEXT
                      ? (const char *)sqlite3_value_text(value)
                      : sqlite3_value_blob(value);
    cell->n_bytes = sqlite3_value_bytes(value);
    if (cell->type == SQLITE_TEXT && !cell->bytes) err_nomem(e);
  }
}

int stored_same(const struct cell *a, const struct cell *b) {
  if (a->type != b->type) return 0;
  switch (a->type) {
  case SQLITE_INTEGER:
    return a->integer == b->integer;
  case SQLITE_FLOAT:
    return a->real == b->real;
  case SQLITE_NULL:
    return 1;
  default:
    return a->n_bytes == b->n_bytes &&
           (a->n_bytes == 0 ||
            memcmp(a->bytes, b->bytes, (size_t)a->n_bytes) == 0);
  }
}

static int holds(sqlite3_value *value, const struct cell *cell) {
  const void *bytes;
  if (sqlite3_value_type(value) != cell->type) return 0;
  switch (cell->type) {
  case SQLITE_INTEGER:
    return sqlite3_value_int64(value) == cell->integer;
  case SQLITE_FLOAT:
    return sqlite3_value_double(value) == cell->real;
  case SQLITE_NULL:
    return 1;
  case SQLITE_TEXT:
    bytes = sqlite3_value_text(value);
    break;
  default:
    bytes = sqlite3_value_blob(value);
    break;
  }
  return sqlite3_value_bytes(value) == cell->n_bytes &&
         (cell->n_bytes == 0 ||
          (bytes && memcmp(bytes, cell->bytes, (size_t)cell->n_bytes) == 0));
}

int stored_holds(sqlite3_stmt *stmt, int first, const struct cell *cells,
                 int n) {
  int i = 0;
  while (i < n && holds(sqlite3_column_value(stmt, first + i), &cells[i])) i++;
  return i == n;
}

static sqlite3_uint64 mix(sqlite3_uint64 hash, sqlite3_uint64 word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
  return hash ^ hash >> 29;
}

/* One to seven bytes, some of them twice. */
static sqlite3_uint64 short_word(const char *at, size_t n) {
  const unsigned char *byte = (const unsigned char *)at;
  unsigned first, last;
  if (n < 4) {
    return byte[0] | (sqlite3_uint64)byte[n / 2] << 8 |
           (sqlite3_uint64)byte[n - 1] << 16;
  }
  memcpy(&first, at, sizeof first);
  memcpy(&last, at + n - sizeof last, sizeof last);
  return first | (sqlite3_uint64)last << 32;
}

static sqlite3_uint64 hash_bytes(sqlite3_uint64 hash, const char *at,
                                 size_t n) {
  sqlite3_uint64 word;
  size_t done = 0;
  if (n == 0) return hash;
  if (n < sizeof word) return mix(hash, short_word(at, n));
  for (; n - done > sizeof word; done += sizeof word) {
    memcpy(&word, at + done, sizeof word);
    hash = mix(hash, word);
  }
  memcpy(&word, at + n - sizeof word, sizeof word);
  return mix(hash, word);
}

/* Where whole numbers are small, the others are none of them: a key that is
** NULL and one that is 5 are two, though only their hashes are looked at. */
#define OTHER(type) ((sqlite3_uint64)(type) << 59 ^ 0x2545f4914f6cdd1dULL)

sqlite3_uint64 stored_hash(sqlite3_uint64 hash, const struct cell *cell) {
  sqlite3_uint64 word = 0;
  double real;
  switch (cell->type) {
  case SQLITE_INTEGER:
    return mix(hash, (sqlite3_uint64)cell->integer);
  case SQLITE_FLOAT:
    real = cell->real == 0 ? 0 : cell->real; /* -0.0 is the same */
    memcpy(&word, &real, sizeof word);
    return mix(hash, word ^ OTHER(SQLITE_FLOAT));
  case SQLITE_NULL:
    return mix(hash, OTHER(SQLITE_NULL));
  default:
    word = (sqlite3_uint64)cell->n_bytes;
    hash = mix(hash, word ^ OTHER(cell->type));
    return hash_bytes(hash, cell->bytes, (size_t)cell->n_bytes);
  }
}
