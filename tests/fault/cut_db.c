/*
** The database that is refreshed over bad connections.
*/
#include "cut.h"

#include "ordersync.h"

#include <stdio.h>
#include <string.h>

#define TARGET "SELECT * FROM types ORDER BY id"

static int open_db(sqlite3 **db, const char *path) {
  char *message = NULL;
  int rc = sqlite3_open(path, db);
  if (rc == SQLITE_OK) rc = sqlite3_ordersync_init(*db, &message, NULL);
  sqlite3_free(message);
  return rc;
}

static int exec(sqlite3 *db, const char *sql) {
  char *message = NULL;
  int rc = sqlite3_exec(db, sql, NULL, NULL, &message);
  if (rc) (void)fprintf(stderr, "%s: %s\n", sql, message ? message : "?");
  sqlite3_free(message);
  return rc == SQLITE_OK;
}

int cut_db_make(const char *path, int (*record)(void *arg), void *arg) {
  sqlite3 *db = NULL;
  int ok = open_db(&db, path) == SQLITE_OK &&
           exec(db, "SELECT ordersync_add('types', 'dbo.vwCut',"
                    "  '{\"retries\":0}')") &&
           record(arg) && exec(db, "SELECT ordersync_refresh('types')") &&
           exec(db, "CREATE TABLE new_types AS " TARGET) &&
           exec(db, "UPDATE types SET c_int = -7, c_varchar = 'old'"
                    "  WHERE id > 1; DELETE FROM types WHERE id = 4;"
                    "INSERT INTO types(id) VALUES(77), (78);"
                    "CREATE TABLE old_types AS " TARGET);
  sqlite3_close(db);
  return ok;
}

/* ---- states ------------------------------------------------------------ */

static sqlite3_uint64 fnv(sqlite3_uint64 hash, const void *bytes, int n) {
  const unsigned char *at = bytes;
  for (int i = 0; i < n; i++) hash = (hash ^ at[i]) * 1099511628211u;
  return hash;
}

/* A hash over all values with their types; *count gets the rows. */
static sqlite3_uint64 hash_rows(sqlite3_stmt *stmt, sqlite3_int64 *count) {
  sqlite3_uint64 hash = 14695981039346656037u;
  *count = 0;
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    ++*count;
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
      int type = sqlite3_column_type(stmt, i);
      double real = sqlite3_column_double(stmt, i);
      hash = fnv(hash, &type, sizeof type);
      if (type == SQLITE_FLOAT) {
        hash = fnv(hash, &real, sizeof real);
      } else {
        const void *bytes = sqlite3_column_blob(stmt, i);
        hash = fnv(hash, bytes, sqlite3_column_bytes(stmt, i));
      }
    }
  }
  if (sqlite3_reset(stmt)) hash = 0;
  return hash;
}

static sqlite3_uint64 hash_table(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  sqlite3_int64 count;
  sqlite3_uint64 hash = 0;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
    hash = hash_rows(stmt, &count);
  }
  sqlite3_finalize(stmt);
  return hash;
}

int cut_db_open(struct cut_db *c, const char *path) {
  memset(c, 0, sizeof *c);
  if (open_db(&c->db, path)) return 0;
  if (!exec(c->db, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY")) {
    return 0;
  }
  if (sqlite3_prepare_v2(c->db, TARGET, -1, &c->rows, NULL) ||
      sqlite3_prepare_v2(c->db,
                         "SELECT status, rows FROM ordersync_runs "
                         "ORDER BY id DESC LIMIT 1",
                         -1, &c->last_run, NULL) ||
      sqlite3_prepare_v2(c->db, "SELECT ordersync_refresh('types')", -1,
                         &c->refresh, NULL)) {
    return 0;
  }
  c->old_hash = hash_table(c->db, "SELECT * FROM old_types ORDER BY id");
  c->new_hash = hash_table(c->db, "SELECT * FROM new_types ORDER BY id");
  return c->old_hash && c->new_hash && c->old_hash != c->new_hash;
}

void cut_db_close(struct cut_db *c) {
  sqlite3_finalize(c->rows);
  sqlite3_finalize(c->last_run);
  sqlite3_finalize(c->refresh);
  sqlite3_close(c->db);
}

static int log_agrees(const struct cut_db *c, const struct outcome *o) {
  int ok = 0;
  if (sqlite3_step(c->last_run) == SQLITE_ROW) {
    const char *status = (const char *)sqlite3_column_text(c->last_run, 0);
    if (o->rc) {
      ok = strcmp(status, "error") == 0;
    } else {
      ok = strcmp(status, "success") == 0 &&
           sqlite3_column_int64(c->last_run, 1) == o->returned;
    }
  }
  sqlite3_reset(c->last_run);
  return ok;
}

void cut_db_refresh(struct cut_db *c, struct outcome *o) {
  sqlite3_uint64 hash;
  memset(o, 0, sizeof *o);
  o->rc = sqlite3_step(c->refresh);
  if (o->rc == SQLITE_ROW) {
    o->rc = SQLITE_OK;
    o->returned = sqlite3_column_int64(c->refresh, 0);
  } else {
    (void)snprintf(o->message, sizeof o->message, "%s", sqlite3_errmsg(c->db));
  }
  sqlite3_reset(c->refresh);
  hash = hash_rows(c->rows, &o->count);
  o->is_old = hash == c->old_hash;
  o->is_new = hash == c->new_hash;
  o->log_agrees = log_agrees(c, o);
}

int cut_db_restore(struct cut_db *c) {
  return exec(c->db,
              "BEGIN; DELETE FROM types; INSERT INTO types SELECT * FROM "
              "old_types; DELETE FROM ordersync_run_details; DELETE FROM "
              "ordersync_runs; COMMIT");
}
