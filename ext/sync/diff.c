/*
** Mode diff: the same table contents as truncate and insert, but only what
** changed is written, and unchanged rows keep their ids.
**
** Both sides are matched as multisets of 128-bit digests (SHA-256, cut), so
** memory is some 56 bytes a row whatever the rows' width:
**
**   local row  -> {digest of the key, digest of the row, rowid}   hash table
**   staged row -> found with the same row digest: keep
**                 found with the same key only:   update that rowid
**                 not found:                      insert
**   what is left in the table:                    delete
**
** Without a key the key is the whole row, and nothing is ever updated.
*/
#include "sync/diff_local.h"

#include "base/sql.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

/* ---- the key ----------------------------------------------------------- */

static int column_named(const struct mapping *m, const char *name, size_t n) {
  for (int i = 0; i < m->n_columns; i++) {
    if (strlen(m->columns[i].target) == n &&
        sqlite3_strnicmp(m->columns[i].target, name, (int)n) == 0) {
      return i;
    }
  }
  return -1;
}

/* Reads "sales_doc, item_number" into is_key (NULL: only checks); returns the
** number of columns. */
static int parse_key(const struct mapping *m, char *is_key, struct err *e) {
  const char *at = m->key ? m->key : "";
  int n_key = 0;
  while (!e->code) {
    size_t n;
    int column;
    at += strspn(at, " ,\t\r\n");
    n = strcspn(at, ",");
    while (n > 0 && strchr(" \t\r\n", at[n - 1])) n--;
    if (n == 0) break;
    column = column_named(m, at, n);
    if (column < 0) {
      err_set(e, ERR_CONFIG,
              "sync \"%s\": key column \"%.*s\" is not a mapped target column",
              m->sync, (int)n, at);
    } else {
      if (is_key) is_key[column] = 1;
      n_key++;
    }
    at += n;
  }
  return n_key;
}

enum err_code apply_check_key(const struct mapping *m, struct err *e) {
  (void)parse_key(m, NULL, e);
  return e->code;
}

/* ---- digests ----------------------------------------------------------- */

static void append_cell(sqlite3_str *out, const struct cell *cell) {
  char tag = (char)cell->type;
  sqlite3_str_append(out, &tag, 1);
  switch (cell->type) {
  case SQLITE_INTEGER:
    sqlite3_str_append(out, (const char *)&cell->integer, sizeof cell->integer);
    break;
  case SQLITE_FLOAT:
    sqlite3_str_append(out, (const char *)&cell->real, sizeof cell->real);
    break;
  case SQLITE_TEXT:
  case SQLITE_BLOB:
    sqlite3_str_append(out, (const char *)&cell->n_bytes, sizeof cell->n_bytes);
    sqlite3_str_append(out, cell->bytes, cell->n_bytes);
    break;
  default:
    break;
  }
}

static void digest_text(sqlite3_str *text, unsigned char out[DIGEST],
                        struct err *e) {
  unsigned char full[32];
  if (sqlite3_str_errcode(text)) {
    err_nomem(e);
  } else if (gnutls_hash_fast(GNUTLS_DIG_SHA256, sqlite3_str_value(text),
                              (size_t)sqlite3_str_length(text), full)) {
    err_set(e, ERR_LOCAL, "cannot compute a row's digest");
  } else {
    memcpy(out, full, DIGEST);
  }
}

/* The digests of the row in cells[]. */
static void digest_row(struct diff *d, struct entry *out, struct err *e) {
  int n = d->a->map->n_columns;
  sqlite3_str_reset(d->text);
  for (int i = 0; i < n; i++) append_cell(d->text, &d->cells[i]);
  digest_text(d->text, out->row, e);
  memcpy(out->key, out->row, DIGEST);
  if (d->n_key == 0 || e->code) return;
  sqlite3_str_reset(d->text);
  for (int i = 0; i < n; i++) {
    if (d->is_key[i]) append_cell(d->text, &d->cells[i]);
  }
  digest_text(d->text, out->key, e);
}

void diff_read_cell(sqlite3_stmt *stmt, int col, struct cell *cell) {
  cell->type = sqlite3_column_type(stmt, col);
  cell->integer = 0;
  cell->n_bytes = 0;
  if (cell->type == SQLITE_INTEGER) {
    cell->integer = sqlite3_column_int64(stmt, col);
  } else if (cell->type == SQLITE_FLOAT) {
    cell->real = sqlite3_column_double(stmt, col);
  } else if (cell->type == SQLITE_TEXT) {
    cell->bytes = (const char *)sqlite3_column_text(stmt, col);
    cell->n_bytes = sqlite3_column_bytes(stmt, col);
  } else if (cell->type == SQLITE_BLOB) {
    cell->bytes = sqlite3_column_blob(stmt, col);
    cell->n_bytes = sqlite3_column_bytes(stmt, col);
  }
}

/* ---- affinities -------------------------------------------------------- */

/* A column's affinity may change a value when it is stored: '007' in a column
** that somebody declared NUMERIC becomes 7. Compared unchanged, such a row
** would be written anew at every run. Rows that may be changed so pass through
** a one-row table of the same declared types in a private database. */

static char affinity(const struct target *t, int column) {
  const char *decl = t->decls[column];
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

static int may_change(const struct cell *cell, char affinity_code) {
  if (cell->type == SQLITE_NULL || cell->type == SQLITE_BLOB ||
      affinity_code == 'b') {
    return 0;
  }
  if (affinity_code == 't') return cell->type != SQLITE_TEXT;
  if (cell->type == SQLITE_TEXT) return may_be_number(cell);
  return cell->type != (affinity_code == 'r' ? SQLITE_FLOAT : SQLITE_INTEGER);
}

static void open_scratch(struct diff *d, struct err *e) {
  const struct target *t = d->a->target;
  sqlite3_str *make = sqlite3_str_new(NULL), *put = sqlite3_str_new(NULL);
  char *make_text, *put_text;
  sqlite3_str_appendall(make, "CREATE TABLE n(");
  sqlite3_str_appendall(put, "REPLACE INTO n(rowid");
  for (int i = 0; i < t->n_decls; i++) {
    sqlite3_str_appendf(make, "%sc%d \"%w\"", i ? "," : "", i,
                        *t->decls[i] ? t->decls[i] : "BLOB");
    sqlite3_str_appendf(put, ",c%d", i);
  }
  /* In a STRICT table ANY is no affinity, in another it is NUMERIC. */
  sqlite3_str_appendall(make, t->is_strict ? ") STRICT" : ")");
  sqlite3_str_appendall(put, ") VALUES(1");
  for (int i = 0; i < t->n_decls; i++) sqlite3_str_appendall(put, ",?");
  sqlite3_str_appendall(put, ")");
  make_text = sqlite3_str_finish(make);
  put_text = sqlite3_str_finish(put);
  if (!make_text || !put_text) {
    err_nomem(e);
  } else if (sqlite3_open_v2(":memory:", &d->scratch,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                             NULL) ||
             sqlite3_exec(d->scratch, make_text, 0, 0, 0) ||
             sqlite3_prepare_v2(d->scratch, put_text, -1, &d->put, NULL) ||
             sqlite3_prepare_v2(d->scratch, "SELECT * FROM n", -1, &d->get,
                                NULL)) {
    err_sqlite(e, d->scratch, "comparing rows");
  }
  sqlite3_free(make_text);
  sqlite3_free(put_text);
}

/* Makes cells[] what the target would hold. */
static void as_stored(struct diff *d, struct err *e) {
  int n = d->a->map->n_columns, changes = 0, rc = SQLITE_OK;
  for (int i = 0; i < n && !changes; i++) {
    changes = may_change(&d->cells[i], affinity(d->a->target, i));
  }
  if (!changes) return;
  if (!d->scratch) open_scratch(d, e);
  if (e->code) return;
  sqlite3_reset(d->get);
  for (int i = 0; i < n && rc == SQLITE_OK; i++) {
    rc = cell_bind(d->put, i + 1, &d->cells[i]);
  }
  if (rc == SQLITE_OK) {
    sqlite3_step(d->put);
    rc = sqlite3_reset(d->put);
  }
  /* What a STRICT column will not take, it will refuse by name when written. */
  if ((rc & 0xff) == SQLITE_CONSTRAINT) return;
  if (rc || sqlite3_step(d->get) != SQLITE_ROW) {
    err_sqlite(e, d->scratch, "comparing rows");
    return;
  }
  for (int i = 0; i < n; i++) diff_read_cell(d->get, i, &d->cells[i]);
}

/* ---- the table --------------------------------------------------------- */

static sqlite3_uint64 slot_of(const struct diff *d, const unsigned char *key) {
  sqlite3_uint64 hash;
  memcpy(&hash, key, sizeof hash);
  return hash & (d->n_slots - 1);
}

static void table_add(struct diff *d, const struct entry *entry) {
  sqlite3_uint64 at = slot_of(d, entry->key);
  while (d->table[at].used) at = (at + 1) & (d->n_slots - 1);
  d->table[at] = *entry;
  d->table[at].used = 1;
  d->left++;
}

/* An unclaimed local row with the same key, the very same row if there is
** one; NULL when there is none. */
static struct entry *table_claim(struct diff *d, const struct entry *wanted) {
  struct entry *found = NULL;
  sqlite3_uint64 at = slot_of(d, wanted->key);
  for (; d->table[at].used; at = (at + 1) & (d->n_slots - 1)) {
    struct entry *entry = &d->table[at];
    if (entry->matched || memcmp(entry->key, wanted->key, DIGEST) != 0) {
      continue;
    }
    if (!found) found = entry;
    if (memcmp(entry->row, wanted->row, DIGEST) == 0) {
      found = entry;
      break;
    }
  }
  if (found) {
    found->matched = 1;
    d->left--;
  }
  return found;
}

static void table_size(struct diff *d, struct err *e) {
  sqlite3_stmt *stmt = sql_prepare(d->a->db, e, "SELECT count(*) FROM %s",
                                   d->a->target->qualified);
  sqlite3_uint64 n = 16;
  if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
    sqlite3_uint64 rows = (sqlite3_uint64)sqlite3_column_int64(stmt, 0);
    while (n < 2 * rows) n *= 2;
  }
  /* Too small a table would have no end. */
  if (sqlite3_finalize(stmt)) err_sqlite(e, d->a->db, "counting the target");
  d->n_slots = n;
  d->table = e->code ? NULL : sqlite3_malloc64(n * sizeof *d->table);
  if (!d->table)
    err_nomem(e);
  else
    memset(d->table, 0, n * sizeof *d->table);
}

/* ---- reading both sides ------------------------------------------------ */

static void read_local(struct diff *d, struct err *e) {
  const struct mapping *m = d->a->map;
  sqlite3_str *sql = sqlite3_str_new(NULL);
  sqlite3_stmt *stmt;
  sqlite3_int64 n = 0;
  int rc = SQLITE_DONE;
  sqlite3_str_appendf(sql, "SELECT %s", d->a->target->rowid);
  for (int i = 0; i < m->n_columns; i++) {
    sqlite3_str_appendf(sql, ",\"%w\"", m->columns[i].target);
  }
  sqlite3_str_appendf(sql, " FROM %s", d->a->target->qualified);
  stmt = sql_prepare_str(d->a->db, sql, e);
  while (!e->code && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    struct entry entry = {0};
    entry.rowid = sqlite3_column_int64(stmt, 0);
    for (int i = 0; i < m->n_columns; i++) {
      diff_read_cell(stmt, i + 1, &d->cells[i]);
    }
    digest_row(d, &entry, e);
    if (!e->code) table_add(d, &entry);
    if (++n % 1000 == 0) txn_go_on(d->a->txn, e);
  }
  if (!e->code && rc != SQLITE_DONE) {
    err_sqlite(e, d->a->db, "reading the target");
  }
  sqlite3_finalize(stmt);
}

static void plan_rows(struct diff *d, struct err *e) {
  sqlite3_int64 row = 0;
  int has_row = 1;
  while (!e->code && !staging_next(d->a->rows, d->cells, &has_row, e) &&
         has_row) {
    struct entry wanted = {0}, *found;
    as_stored(d, e);
    if (!e->code) digest_row(d, &wanted, e);
    if (e->code) break;
    found = table_claim(d, &wanted);
    if (!found)
      d->plan[row] = PLAN_INSERT;
    else if (memcmp(found->row, wanted.row, DIGEST) == 0) {
      d->plan[row] = PLAN_KEEP;
    } else {
      d->plan[row] = found->rowid;
    }
    if (++row % 1000 == 0) txn_go_on(d->a->txn, e);
  }
}

/* ---- all together ------------------------------------------------------ */

static void allocate(struct diff *d, struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)d->a->map->n_columns;
  sqlite3_uint64 rows = (sqlite3_uint64)staging_rows(d->a->rows);
  d->is_key = sqlite3_malloc64(n);
  d->cells = sqlite3_malloc64(n * sizeof *d->cells);
  d->plan = sqlite3_malloc64((rows + 1) * sizeof *d->plan);
  d->text = sqlite3_str_new(NULL);
  if (!d->is_key || !d->cells || !d->plan)
    err_nomem(e);
  else
    memset(d->is_key, 0, n);
}

static void release(struct diff *d) {
  sqlite3_finalize(d->put);
  sqlite3_finalize(d->get);
  sqlite3_close(d->scratch);
  sqlite3_free(sqlite3_str_finish(d->text));
  sqlite3_free(d->plan);
  sqlite3_free(d->cells);
  sqlite3_free(d->table);
  sqlite3_free(d->is_key);
}

enum err_code apply_diff(const struct apply *a, struct err *e) {
  struct diff d = {.a = a};
  allocate(&d, e);
  if (!e->code) d.n_key = parse_key(a->map, d.is_key, e);
  if (!e->code) table_size(&d, e);
  if (!e->code) read_local(&d, e);
  if (!e->code) plan_rows(&d, e);
  if (!e->code) diff_write(&d, e);
  release(&d);
  return e->code;
}
