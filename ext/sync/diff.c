/*
** Both sides are matched as multisets of 128-bit digests (SHA-256, cut), so
** memory is some 150 bytes a row whatever the rows' width:
**
**   local row  -> {digest of the key, digest of the rest, rowid}   hash table
**   staged row -> both digests found:        keep
**                 that of the key only:      update that rowid
**                 neither:                   insert
**   what is left in the table:               delete
**
** Without a key the key is the whole row, and nothing is ever updated.
*/
#include "sync/diff.h"

#include "base/sql.h"
#include "sync/diff_write.h"

#include <nettle/sha2.h>
#include <string.h>

#define DIGEST 16

struct entry {
  unsigned char key[DIGEST];
  unsigned char rest[DIGEST];
  sqlite3_int64 rowid;
  struct entry *next; /* with the same end of the key's digest */
  int matched;        /* a staged row has claimed it */
};

struct diff {
  struct diff_plan p; /* its arrays are owned */
  char *affinities;   /* owned, per mapped column */
  int n_key;
  struct entry *local; /* owned, per local row */
  sqlite3_uint64 n_local, max_local;
  struct entry **heads; /* owned: a power of two, where lists begin */
  sqlite3_uint64 n_heads;
  unsigned char (*keys)[DIGEST]; /* owned, per staged row */
  sqlite3 *scratch;        /* owned; applies column affinities, see below */
  sqlite3_stmt *put, *get; /* owned */
};

static int is_mapped(const struct mapping *m, const char *name, size_t n) {
  int i = 0;
  while (i < m->n_columns &&
         (strlen(m->columns[i].target) != n ||
          sqlite3_strnicmp(m->columns[i].target, name, (int)n) != 0)) {
    i++;
  }
  return i < m->n_columns;
}

enum err_code diff_check_key(const struct mapping *m, struct err *e) {
  const char *at = m->key ? m->key : "";
  size_t n = 1;
  while (n > 0 && !e->code) {
    at += strspn(at, " ,\t\r\n");
    n = strcspn(at, ",");
    while (n > 0 && strchr(" \t\r\n", at[n - 1])) n--;
    if (n > 0 && !is_mapped(m, at, n)) {
      err_set(e, ERR_CONFIG,
              "sync \"%s\": key column \"%.*s\" is not a mapped target column",
              m->sync, (int)n, at);
    }
    at += n;
  }
  return e->code;
}

static void hash_cell(struct sha256_ctx *hash, const struct cell *cell) {
  uint8_t head[1 + sizeof(sqlite3_int64)] = {(uint8_t)cell->type};
  size_t n_head = sizeof head;
  if (cell->type == SQLITE_INTEGER) {
    memcpy(head + 1, &cell->integer, sizeof cell->integer);
  } else if (cell->type == SQLITE_FLOAT) {
    memcpy(head + 1, &cell->real, sizeof cell->real);
  } else if (cell->type == SQLITE_NULL) {
    n_head = 1;
  } else {
    memcpy(head + 1, &cell->n_bytes, sizeof cell->n_bytes);
    n_head = 1 + sizeof cell->n_bytes;
  }
  sha256_update(hash, n_head, head);
  /* None where it is a number: whoever reads a cell here sets that. */
  if (cell->n_bytes > 0) {
    sha256_update(hash, (size_t)cell->n_bytes, (const uint8_t *)cell->bytes);
  }
}

/* The digests of the row in cells[]: of its key, and of what else it has. */
static void digest_row(const struct diff *d, struct entry *out) {
  struct sha256_ctx key, rest;
  sha256_init(&key);
  sha256_init(&rest);
  for (int i = 0; i < d->p.a->map->n_columns; i++) {
    int is_key = d->n_key == 0 || d->p.is_key[i];
    hash_cell(is_key ? &key : &rest, &d->p.cells[i]);
  }
  sha256_digest(&key, DIGEST, out->key);
  sha256_digest(&rest, DIGEST, out->rest);
}

/* A column's affinity may change a value when it is stored: '007' in a column
** that somebody declared NUMERIC becomes 7. Compared unchanged, such a row
** would be written anew at every run. Rows that may be changed so pass through
** a one-row table of the same declared types in a private database. */

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
  const struct target *t = d->p.a->target;
  sqlite3_str *make = sqlite3_str_new(NULL), *put = sqlite3_str_new(NULL);
  char *text;
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
  } else if (sqlite3_open_v2(":memory:", &d->scratch,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                             NULL) ||
             sqlite3_exec(d->scratch, text, 0, 0, 0)) {
    err_sqlite(e, d->scratch, "comparing rows");
  }
  sqlite3_free(text);
  d->put = sql_prepare_str(d->scratch, put, e);
  d->get = sql_prepare(d->scratch, e, "SELECT * FROM n");
}

/* Makes cells[] what the target would hold. */
static void as_stored(struct diff *d, struct err *e) {
  int n = d->p.a->map->n_columns, changes = 0, rc = SQLITE_OK;
  for (int i = 0; i < n && !changes; i++) {
    changes = may_change(&d->p.cells[i], d->affinities[i]);
  }
  if (!changes) return;
  if (!d->scratch) open_scratch(d, e);
  if (e->code) return;
  sqlite3_reset(d->get);
  for (int i = 0; i < n && rc == SQLITE_OK; i++) {
    rc = cell_bind(d->put, i + 1, &d->p.cells[i]);
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
  for (int i = 0; i < n; i++) diff_read_cell(d->get, i, &d->p.cells[i], e);
}

static void add_local(struct diff *d, sqlite3_int64 rowid, struct err *e) {
  if (d->n_local == d->max_local) {
    sqlite3_uint64 max = d->max_local ? 2 * d->max_local : 1024;
    struct entry *grown = sqlite3_realloc64(d->local, max * sizeof *grown);
    if (!grown) {
      err_nomem(e);
      return;
    }
    d->local = grown;
    d->max_local = max;
  }
  d->local[d->n_local] = (struct entry){.rowid = rowid};
  digest_row(d, &d->local[d->n_local++]);
}

static struct entry **head_of(const struct diff *d, const unsigned char *key) {
  sqlite3_uint64 hash;
  memcpy(&hash, key, sizeof hash);
  return &d->heads[hash & (d->n_heads - 1)];
}

/* Each list is in the order of the table. */
static void index_local(struct diff *d, struct err *e) {
  if (e->code) return;
  d->n_heads = 1;
  while (d->n_heads < d->n_local) d->n_heads *= 2;
  d->heads = sqlite3_malloc64(d->n_heads * sizeof(struct entry *));
  if (!d->heads) {
    err_nomem(e);
    return;
  }
  for (sqlite3_uint64 i = 0; i < d->n_heads; i++) d->heads[i] = NULL;
  for (sqlite3_uint64 i = d->n_local; i-- > 0;) {
    struct entry **head = head_of(d, d->local[i].key);
    d->local[i].next = *head;
    *head = &d->local[i];
  }
}

/* An unclaimed local row with this key, and with this rest unless that is NULL;
** NULL when there is none. */
static struct entry *claim(const struct diff *d, const unsigned char *key,
                           const unsigned char *rest) {
  struct entry *entry = *head_of(d, key);
  while (entry && (entry->matched || memcmp(entry->key, key, DIGEST) != 0 ||
                   (rest && memcmp(entry->rest, rest, DIGEST) != 0))) {
    entry = entry->next;
  }
  if (entry) entry->matched = 1;
  return entry;
}

static void read_local(struct diff *d, struct err *e) {
  const struct mapping *m = d->p.a->map;
  sqlite3_str *sql = sqlite3_str_new(NULL);
  sqlite3_stmt *stmt;
  sqlite3_str_appendf(sql, "SELECT %s", d->p.a->target->rowid);
  for (int i = 0; i < m->n_columns; i++) {
    sqlite3_str_appendf(sql, ",\"%w\"", m->columns[i].target);
  }
  sqlite3_str_appendf(sql, " FROM %s", d->p.a->target->qualified);
  stmt = sql_prepare_str(d->p.a->db, sql, e);
  while (!e->code && sqlite3_step(stmt) == SQLITE_ROW) {
    for (int i = 0; i < m->n_columns; i++) {
      diff_read_cell(stmt, i + 1, &d->p.cells[i], e);
    }
    if (!e->code) add_local(d, sqlite3_column_int64(stmt, 0), e);
    if (d->n_local % 1000 == 0) txn_go_on(d->p.a->txn, e);
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, d->p.a->db, "reading the target");
}

/* First every row that is there already, so that among rows of one key none of
** these is updated; then what shares only its key with a row. */
static void plan_rows(struct diff *d, struct err *e) {
  sqlite3_int64 row = 0;
  while (apply_next(d->p.a, d->p.cells, &row, e)) {
    struct entry wanted;
    as_stored(d, e);
    if (e->code) return;
    digest_row(d, &wanted);
    memcpy(d->keys[row - 1], wanted.key, DIGEST);
    d->p.rows[row - 1] =
        claim(d, wanted.key, wanted.rest) ? PLAN_KEEP : PLAN_INSERT;
  }
  for (sqlite3_int64 i = 0; i < row && d->n_key && !e->code; i++) {
    const struct entry *old = NULL;
    if (d->p.rows[i] == PLAN_INSERT) old = claim(d, d->keys[i], NULL);
    if (!old) continue;
    d->p.rows[i] = old->rowid;
    d->p.n_updates++;
  }
}

static void list_left(struct diff *d, struct err *e) {
  if (e->code) return;
  d->p.deletes = sqlite3_malloc64((d->n_local + 1) * sizeof *d->p.deletes);
  if (!d->p.deletes) err_nomem(e);
  for (sqlite3_uint64 i = 0; d->p.deletes && i < d->n_local; i++) {
    if (!d->local[i].matched)
      d->p.deletes[d->p.n_deletes++] = d->local[i].rowid;
  }
}

static void allocate(struct diff *d, struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)d->p.a->map->n_columns;
  sqlite3_uint64 rows = (sqlite3_uint64)staging_rows(d->p.a->rows);
  d->p.is_key = sqlite3_malloc64(n);
  d->affinities = sqlite3_malloc64(n);
  d->p.cells = sqlite3_malloc64(n * sizeof *d->p.cells);
  d->keys = sqlite3_malloc64((rows + 1) * sizeof *d->keys);
  d->p.rows = sqlite3_malloc64((rows + 1) * sizeof *d->p.rows);
  if (!d->p.is_key || !d->affinities || !d->p.cells || !d->keys || !d->p.rows) {
    err_nomem(e);
    return;
  }
  for (int i = 0; i < d->p.a->map->n_columns; i++) {
    d->p.is_key[i] = (char)mapping_is_key(d->p.a->map, i);
    d->n_key += d->p.is_key[i];
  }
  for (int i = 0; i < d->p.a->target->n_decls; i++) {
    d->affinities[i] = affinity_of(d->p.a->target, d->p.a->target->decls[i]);
  }
}

static void release(struct diff *d) {
  sqlite3_finalize(d->put);
  sqlite3_finalize(d->get);
  sqlite3_close(d->scratch);
  sqlite3_free(d->p.deletes);
  sqlite3_free(d->p.rows);
  sqlite3_free(d->keys);
  sqlite3_free(d->p.cells);
  sqlite3_free(d->heads);
  sqlite3_free(d->local);
  sqlite3_free(d->affinities);
  sqlite3_free(d->p.is_key);
}

enum err_code diff_rows(const struct apply *a, struct err *e) {
  struct diff d = {.p = {.a = a}};
  allocate(&d, e);
  read_local(&d, e);
  index_local(&d, e);
  plan_rows(&d, e);
  list_left(&d, e);
  diff_write(&d.p, e);
  release(&d);
  return e->code;
}
