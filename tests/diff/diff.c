/*
** The live view against a full local copy.
**
**   diff-test EXTENSION SERVER_DB WORK_DIR SEED QUERIES
**
** Makes tables of random types and values in the server's database, a live
** view of each, and a full copy of it in SQLite. Then the same random query
** runs on both, and has to give the same rows. The random numbers depend on
** the seed alone.
*/
#include "diff.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- results ----------------------------------------------------------- */

struct result {
  char **rows; /* owned */
  int n;
  char *error; /* owned */
};

static void result_clear(struct result *r) {
  for (int i = 0; i < r->n; i++) sqlite3_free(r->rows[i]);
  free(r->rows);
  sqlite3_free(r->error);
  memset(r, 0, sizeof *r);
}

/* The query's text on one of the tables. */
static char *on_table(const char *text, const char *table) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  for (; *text; text++) {
    if (*text == '@')
      sqlite3_str_appendall(out, table);
    else
      sqlite3_str_appendchar(out, 1, *text);
  }
  return sqlite3_str_finish(out);
}

static void bind(const struct diff *d, sqlite3_stmt *stmt) {
  for (int i = 0; i < d->query.n_params; i++) {
    sqlite3_stmt *one;
    char *sql = sqlite3_mprintf("SELECT %s", d->query.params[i]);
    if (sqlite3_prepare_v2(d->db, sql, -1, &one, NULL) ||
        sqlite3_step(one) != SQLITE_ROW) {
      die(d, "parameter", sql, sqlite3_errmsg(d->db));
    }
    sqlite3_bind_value(stmt, i + 1, sqlite3_column_value(one, 0));
    sqlite3_finalize(one);
    sqlite3_free(sql);
  }
}

static char *row_text(sqlite3_stmt *stmt) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  for (int i = 0; i < sqlite3_column_count(stmt); i++) {
    int type = sqlite3_column_type(stmt, i);
    if (i) sqlite3_str_appendchar(out, 1, '|');
    if (type == SQLITE_NULL) {
      sqlite3_str_appendall(out, "NULL");
    } else if (type == SQLITE_INTEGER) {
      sqlite3_str_appendf(out, "%lld", sqlite3_column_int64(stmt, i));
    } else if (type == SQLITE_FLOAT) {
      char number[40];
      (void)snprintf(number, sizeof number, "%.17gf",
                     sqlite3_column_double(stmt, i));
      sqlite3_str_appendall(out, number);
    } else {
      const unsigned char *bytes = sqlite3_column_blob(stmt, i);
      int n = sqlite3_column_bytes(stmt, i);
      sqlite3_str_appendchar(out, 1, type == SQLITE_TEXT ? 't' : 'x');
      sqlite3_str_appendchar(out, 1, '\'');
      for (int k = 0; k < n; k++) {
        if (type == SQLITE_TEXT && bytes[k] >= ' ' && bytes[k] != 127)
          sqlite3_str_appendchar(out, 1, (char)bytes[k]);
        else
          sqlite3_str_appendf(out, "\\%02x", bytes[k]);
      }
      sqlite3_str_appendchar(out, 1, '\'');
    }
  }
  return sqlite3_str_finish(out);
}

static struct result execute(const struct diff *d, const char *text,
                             const char *table) {
  struct result r = {0};
  char *sql = on_table(text, table);
  sqlite3_stmt *stmt = NULL;
  int room = 0, rc;
  if (sqlite3_prepare_v2(d->db, sql, -1, &stmt, NULL)) {
    r.error = sqlite3_mprintf("%s", sqlite3_errmsg(d->db));
    sqlite3_free(sql);
    return r;
  }
  bind(d, stmt);
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    if (r.n == room) {
      room = room ? 2 * room : 64;
      r.rows = realloc(r.rows, (size_t)room * sizeof *r.rows);
    }
    r.rows[r.n++] = row_text(stmt);
  }
  if (rc != SQLITE_DONE) r.error = sqlite3_mprintf("%s", sqlite3_errmsg(d->db));
  sqlite3_finalize(stmt);
  sqlite3_free(sql);
  return r;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct result *r) {
  if (r->n) qsort(r->rows, (size_t)r->n, sizeof *r->rows, by_text);
}

static int same_rows(const struct result *a, const struct result *b) {
  if (a->n != b->n) return 0;
  for (int i = 0; i < a->n; i++) {
    if (strcmp(a->rows[i], b->rows[i]) != 0) return 0;
  }
  return 1;
}

/* Every row of part is in all, as often. Both are sorted. */
static int is_part(const struct result *part, const struct result *all) {
  int k = 0;
  for (int i = 0; i < part->n; i++, k++) {
    while (k < all->n && strcmp(part->rows[i], all->rows[k]) != 0) k++;
    if (k == all->n) return 0;
  }
  return 1;
}

static int expected_count(const struct query *q, int all) {
  int left = all - q->offset;
  if (left < 0) left = 0;
  return left < q->limit ? left : q->limit;
}

/* The sort keys, which are the first column, one by one. */
static int same_keys(const struct result *a, const struct result *b) {
  if (a->n != b->n) return 0;
  for (int i = 0; i < a->n; i++) {
    size_t n = strcspn(a->rows[i], "|"), m = strcspn(b->rows[i], "|");
    if (n != m || memcmp(a->rows[i], b->rows[i], n) != 0) return 0;
  }
  return 1;
}

static void show(const char *name, const struct result *r) {
  (void)fprintf(stderr, "  %s: %d rows%s%s\n", name, r->n,
                r->error ? ", error " : "", r->error ? r->error : "");
  for (int i = 0; i < r->n && i < 8; i++) {
    (void)fprintf(stderr, "    %.300s\n", r->rows[i]);
  }
}

static void show_plan(const struct diff *d) {
  char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", d->query.text);
  char *on = on_table(sql, d->table.live);
  sqlite3_stmt *stmt = NULL;
  if (!sqlite3_prepare_v2(d->db, on, -1, &stmt, NULL)) {
    while (sqlite3_step(stmt) == SQLITE_ROW) {
      (void)fprintf(stderr, "    %.600s\n", sqlite3_column_text(stmt, 3));
    }
  }
  sqlite3_finalize(stmt);
  sqlite3_free(on);
  sqlite3_free(sql);
}

static void show_columns(const struct table *t) {
  for (int i = 0; i < t->n_columns && t->n_columns < 20; i++) {
    (void)fprintf(stderr, "    %s %s %s\n", t->columns[i].name,
                  t->columns[i].type->decl, t->columns[i].decl);
  }
}

static void show_failure(const struct diff *d, const struct result *live,
                         const struct result *copy) {
  const struct query *q = &d->query;
  (void)fprintf(stderr, "FAIL %s, on %s:\n  %s\n", d->where, d->table.live,
                q->text);
  for (int i = 0; i < q->n_params; i++) {
    (void)fprintf(stderr, "  ?%d = %s\n", i + 1, q->params[i]);
  }
  show("live", live);
  show("copy", copy);
  show_columns(&d->table);
  show_plan(d);
}

/* 1 when live view and copy agree. */
static int compare(const struct diff *d) {
  const struct query *q = &d->query;
  struct result a = execute(d, q->text, d->table.live);
  struct result b = execute(d, q->text, d->table.copy);
  struct result all = {0};
  int ok = !a.error && !b.error;
  if (!ok) {
    /* what cannot work here must not work there either */
    ok = a.error && b.error;
  } else if (q->how == IN_ORDER) {
    ok = same_rows(&a, &b);
  } else if (q->how == AS_SET) {
    sort(&a);
    sort(&b);
    ok = same_rows(&a, &b);
  } else {
    all = execute(d, q->all, d->table.copy);
    ok = a.n == b.n && a.n == expected_count(q, all.n);
    if (q->how == LIMITED_BY_KEY) ok = ok && same_keys(&a, &b);
    sort(&a);
    sort(&all);
    ok = ok && is_part(&a, &all);
  }
  if (!ok) show_failure(d, &a, &b);
  result_clear(&a);
  result_clear(&b);
  result_clear(&all);
  return ok;
}

/* ---- a statement that runs again --------------------------------------- */

static int first_integer(const struct diff *d, sqlite3_stmt *stmt) {
  int n;
  if (sqlite3_step(stmt) != SQLITE_ROW) {
    die(d, "again", sqlite3_sql(stmt), sqlite3_errmsg(d->db));
  }
  n = sqlite3_column_int(stmt, 0);
  sqlite3_reset(stmt);
  return n;
}

/* The rows that a join keeps end with its run: the next one sees what the
** server has then, also while another statement holds the table open. 1: it
** does. */
static int sees_new_rows(struct diff *d) {
  static const char *const joins[] = {
      "SELECT sum((SELECT count(*) FROM m WHERE k = i.value)) FROM "
      "json_each('[1,2,3,4,5,6,7,8,9,10,11,12]') AS i",
      "SELECT count(m.k) FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12]') AS i "
      "LEFT JOIN m ON m.k = i.value"};
  sqlite3_stmt *stmt = NULL, *other = NULL;
  int ok = 1;
  for (int i = 0; i < 4; i++) {
    run(d, d->server, "CREATE TABLE m(k int); INSERT INTO m VALUES(1)");
    run(d, d->db, "CREATE VIRTUAL TABLE temp.m USING ordersync(source='m')");
    if (sqlite3_prepare_v2(d->db, joins[i % 2], -1, &stmt, NULL) ||
        sqlite3_prepare_v2(d->db, "SELECT k FROM m", -1, &other, NULL)) {
      die(d, "again", joins[i % 2], sqlite3_errmsg(d->db));
    }
    if (i >= 2) sqlite3_step(other);
    ok = ok && first_integer(d, stmt) == 1;
    run(d, d->server, "INSERT INTO m VALUES(2)");
    ok = ok && first_integer(d, stmt) == 2;
    sqlite3_finalize(stmt);
    sqlite3_finalize(other);
    run(d, d->db, "DROP TABLE temp.m");
    run(d, d->server, "DROP TABLE m");
  }
  if (!ok)
    (void)fprintf(stderr, "FAIL a statement sees rows of its last run\n");
  return ok;
}

/* What a column's own collation sorts, no server can. 1: it is sorted here. */
static int sorts_as_the_host_does(struct diff *d) {
  struct result live, copy;
  int ok;
  run(d, d->server, "CREATE TABLE o(d date)");
  run(d, d->server, "INSERT INTO o VALUES('2025-01-01'), ('2025-01-02')");
  run(d, d->db,
      "CREATE TABLE o(d TEXT COLLATE backwards); "
      "INSERT INTO ordersync_syncs(name, source, target) VALUES('o','o','o'); "
      "INSERT INTO ordersync_columns(sync, position, source_column, "
      "target_column, kind) VALUES('o', 1, 'd', 'd', 'date'); "
      "CREATE VIRTUAL TABLE temp.p USING ordersync(sync=o); "
      "SELECT ordersync_refresh('o'); SELECT d FROM p /* its types */");
  live = execute(d, "SELECT d, (SELECT max(d) FROM @) FROM @ ORDER BY d", "p");
  copy = execute(d, "SELECT d, (SELECT max(d) FROM @) FROM @ ORDER BY d", "o");
  ok = copy.n == 2 && same_rows(&live, &copy);
  if (!ok) {
    (void)fprintf(stderr, "FAIL rows sorted by the host's own collation\n");
    show("live", &live);
    show("copy", &copy);
  }
  result_clear(&live);
  result_clear(&copy);
  run(d, d->db,
      "DROP TABLE p; DROP TABLE o; DELETE FROM ordersync_columns; "
      "DELETE FROM ordersync_syncs");
  run(d, d->server, "DROP TABLE o");
  return ok;
}

/* ---- the loop ---------------------------------------------------------- */

static int backwards(void *unused, int n, const void *a, int m, const void *b) {
  int order = memcmp(a, b, (size_t)(n < m ? n : m));
  (void)unused;
  return order ? -order : m - n;
}

/* Opens both ends; 0 when the files cannot be opened. Of two seeds in a row one
** has a host whose text is UTF-16. */
static int open_both(struct diff *d, const char *extension, const char *served,
                     const char *work, uint64_t seed) {
  char *message = NULL, path[600];
  (void)snprintf(path, sizeof path, "%s/local.db", work);
  if (sqlite3_open(served, &d->server) || sqlite3_open(path, &d->db)) return 0;
  sqlite3_busy_timeout(d->server, 10000);
  sqlite3_create_collation(d->db, "backwards", SQLITE_UTF8, NULL, backwards);
  sqlite3_enable_load_extension(d->db, 1);
  if (sqlite3_load_extension(d->db, extension, NULL, &message)) {
    die(d, "load", extension, message);
  }
  /* SQLite finds nothing by an automatic index where the condition's collation
  ** is not the column's (seen in 3.40): JOIN t ON t.c > l.n WHERE t.c = 'x '
  ** COLLATE RTRIM. Only the copy could have such an index. */
  run(d, d->db,
      "PRAGMA encoding='UTF-%d'; PRAGMA automatic_index=OFF; "
      "PRAGMA synchronous=OFF; SELECT ordersync_install()",
      seed % 2 ? 16 : 8);
  run(d, d->db, "DELETE FROM ordersync_columns; DELETE FROM ordersync_syncs");
  run(d, d->server, "PRAGMA synchronous=OFF");
  return 1;
}

/* Each table and each query has a seed of its own: no query depends on how
** much its predecessors drew. */
static void run_queries(struct diff *d, uint64_t seed, int n_queries,
                        int *passed, int *failed) {
  for (int i = 0; i < n_queries && *failed < 10; i++) {
    if (i % 50 == 0) {
      if (i) schema_drop(d);
      d->random = seed * 1000003 + (uint64_t)i;
      schema_make(d);
    }
    (void)snprintf(d->where, sizeof d->where, "seed %llu, query %d",
                   (unsigned long long)seed, i);
    d->random = seed * 1000003 + (uint64_t)i + 0x5000000000ULL;
    query_make(d);
    if (compare(d))
      (*passed)++;
    else
      (*failed)++;
    query_clear(&d->query);
  }
  schema_drop(d);
}

int main(int argc, char **argv) {
  int passed = 0, failed = 0;
  uint64_t seed;
  struct diff *d;
  /* a host of another language */
  if (!setlocale(LC_ALL, "") || *localeconv()->decimal_point != ',') {
    (void)fprintf(stderr,
                  "the locale of LC_ALL has no comma, or is not there\n");
    return 2;
  }
  if (argc != 6) {
    (void)fprintf(stderr,
                  "usage: diff-test EXTENSION SERVER_DB WORK SEED QUERIES\n");
    return 2;
  }
  seed = strtoull(argv[4], NULL, 10);
  d = calloc(1, sizeof *d);
  if (!d) return 2;
  (void)snprintf(d->where, sizeof d->where, "seed %llu",
                 (unsigned long long)seed);
  if (!open_both(d, argv[1], argv[2], argv[3], seed)) return 2;
  if (sees_new_rows(d))
    passed++;
  else
    failed++;
  if (sorts_as_the_host_does(d))
    passed++;
  else
    failed++;
  run_queries(d, seed, (int)strtol(argv[5], NULL, 10), &passed, &failed);
  sqlite3_close(d->db);
  sqlite3_close(d->server);
  free(d);
  (void)printf("%d %d\n", passed, failed);
  return failed != 0;
}
