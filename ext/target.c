/*
** Checks the target table against the mapping.
*/
#include "target.h"
#include "txn.h"

#include <string.h>

static int mapped_as(const struct mapping *m, const char *column) {
  for (int i = 0; i < m->n_columns; i++) {
    if (sqlite3_stricmp(m->columns[i].target, column) == 0) return i;
  }
  return -1;
}

/* Our own tables and SQLite's are no targets: a refresh would delete the
** configuration that drives it. */
static int is_reserved(const char *table) {
  return sqlite3_strnicmp(table, "sqlite_", 7) == 0 ||
         sqlite3_strnicmp(table, "ordersync_", 10) == 0;
}

static void check_table(struct target *t, sqlite3 *db, const struct mapping *m,
                        struct err *e) {
  sqlite3_stmt *stmt;
  int rc;
  if (e->code) return;
  if (is_reserved(m->target)) {
    err_set(e, ERR_CONFIG, "target \"%s\" is not a table of yours", m->target);
    return;
  }
  stmt = txn_preparef(db, e,
                      "SELECT type, wr FROM pragma_table_list WHERE "
                      "schema = %Q COLLATE nocase AND name = %Q COLLATE nocase",
                      m->schema, m->target);
  if (!stmt) return;
  rc = sqlite3_step(stmt);
  if (rc == SQLITE_DONE) {
    err_set(e, ERR_CONFIG, "there is no target table \"%s\"", m->target);
    err_hint(e, "create it, or run ordersync_install() or ordersync_add()");
  } else if (rc != SQLITE_ROW) {
    err_sqlite(e, db, "looking for the target");
  } else {
    const char *type = (const char *)sqlite3_column_text(stmt, 0);
    t->without_rowid = sqlite3_column_int(stmt, 1);
    if (!type || strcmp(type, "table") != 0) {
      err_set(e, ERR_CONFIG, "target \"%s\" is a %s, not a plain table",
              m->target, type ? type : "mystery");
    }
  }
  sqlite3_finalize(stmt);
}

/* One column of the target: name, declared type, NOT NULL, default, primary
** key, hidden. */
static void check_column(struct target *t, const struct mapping *m,
                         sqlite3_stmt *row, int *seen, struct err *e) {
  const char *name = (const char *)sqlite3_column_text(row, 0);
  const char *decl = (const char *)sqlite3_column_text(row, 1);
  int not_null = sqlite3_column_int(row, 2);
  int has_default = sqlite3_column_type(row, 3) != SQLITE_NULL;
  int is_key = sqlite3_column_int(row, 4) != 0;
  int hidden = sqlite3_column_int(row, 5);
  int at = name ? mapped_as(m, name) : -1;
  if (!name) {
    err_nomem(e);
  } else if (at >= 0 && hidden) {
    err_set(e, ERR_CONFIG, "target column \"%s\".\"%s\" is generated",
            m->target, name);
  } else if (at >= 0) {
    seen[at] = 1;
    t->decls[at] = sqlite3_mprintf("%s", decl ? decl : "");
    if (!t->decls[at]) err_nomem(e);
  } else if (sqlite3_stricmp(name, "created_at") == 0 && !hidden) {
    t->has_created_at = 1;
  } else if (sqlite3_stricmp(name, "updated_at") == 0 && !hidden) {
    t->has_updated_at = 1;
  } else if (not_null && !has_default && !hidden &&
             !(is_key && decl && sqlite3_stricmp(decl, "INTEGER") == 0)) {
    err_set(e, ERR_CONFIG,
            "target column \"%s\".\"%s\" is NOT NULL, has no default, and no "
            "source column is mapped to it",
            m->target, name);
  }
}

static void check_missing(const struct mapping *m, const int *seen,
                          struct err *e) {
  sqlite3_str *list;
  char *text;
  if (e->code) return;
  list = sqlite3_str_new(NULL);
  for (int i = 0; i < m->n_columns; i++) {
    if (seen[i]) continue;
    sqlite3_str_appendf(list, "%s\"%s\"", sqlite3_str_length(list) ? ", " : "",
                        m->columns[i].target);
  }
  if (sqlite3_str_errcode(list)) err_nomem(e);
  text = sqlite3_str_finish(list);
  if (text) {
    err_set(e, ERR_CONFIG, "target table \"%s\" has no column %s", m->target,
            text);
    err_hint(e, "add it to the table, or delete its row in ordersync_columns");
  }
  sqlite3_free(text);
}

static void check_columns(struct target *t, sqlite3 *db,
                          const struct mapping *m, struct err *e) {
  sqlite3_stmt *stmt = NULL;
  int *seen = NULL;
  int rc = SQLITE_DONE;
  sqlite3_uint64 n = (sqlite3_uint64)m->n_columns;
  if (e->code) return;
  seen = sqlite3_malloc64(n * sizeof *seen);
  t->decls = sqlite3_malloc64(n * sizeof *t->decls);
  if (!seen || !t->decls) {
    err_nomem(e);
    goto done;
  }
  memset(seen, 0, n * sizeof *seen);
  memset(t->decls, 0, n * sizeof *t->decls);
  t->n_decls = m->n_columns;
  stmt = txn_preparef(db, e,
                      "SELECT name, type, \"notnull\", dflt_value, pk, hidden "
                      "FROM pragma_table_xinfo(%Q, %Q)",
                      m->target, m->schema);
  while (!e->code && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    check_column(t, m, stmt, seen, e);
  }
  if (!e->code && rc != SQLITE_DONE) err_sqlite(e, db, "reading the target");
  check_missing(m, seen, e);
done:
  sqlite3_finalize(stmt);
  sqlite3_free(seen);
}

/* A mapped column may be called "rowid"; then the row id answers to another
** name. */
static void choose_rowid(struct target *t, const struct mapping *m) {
  static const char *const names[] = {"rowid", "_rowid_", "oid"};
  int i = 0;
  while (i < 2 && mapped_as(m, names[i]) >= 0) i++;
  t->rowid = names[i];
}

/* Deleting every row would delete (CASCADE) or empty (SET NULL, SET DEFAULT)
** the rows of other tables that point at them. */
static void check_children(sqlite3 *db, const struct mapping *m,
                           struct err *e) {
  sqlite3_stmt *stmt;
  if (e->code || m->mode != MODE_REPLACE) return;
  stmt = txn_preparef(
      db, e,
      "SELECT t.name, f.on_delete FROM pragma_table_list t, "
      "pragma_foreign_key_list(t.name, t.schema) f WHERE t.schema = %Q COLLATE "
      "nocase AND t.type = 'table' AND f.\"table\" = %Q COLLATE nocase AND "
      "f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')",
      m->schema, m->target);
  if (!stmt) return;
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    err_set(e, ERR_CONFIG,
            "table \"%s\" points at \"%s\" with ON DELETE %s, and replace mode "
            "deletes every row",
            sqlite3_column_text(stmt, 0), m->target,
            sqlite3_column_text(stmt, 1));
    err_hint(e, "use mode 'diff'");
  }
  if (sqlite3_finalize(stmt) != SQLITE_OK) err_sqlite(e, db, "reading keys");
}

enum err_code target_open(struct target *t, sqlite3 *db,
                          const struct mapping *m, struct err *e) {
  memset(t, 0, sizeof *t);
  if (e->code) return e->code;
  check_table(t, db, m, e);
  check_columns(t, db, m, e);
  check_children(db, m, e);
  choose_rowid(t, m);
  if (!e->code && m->mode == MODE_DIFF && t->without_rowid) {
    err_set(e, ERR_CONFIG,
            "target \"%s\" is WITHOUT ROWID: mode 'diff' needs row ids",
            m->target);
  }
  if (!e->code) {
    t->qualified = sqlite3_mprintf("\"%w\".\"%w\"", m->schema, m->target);
    if (!t->qualified) err_nomem(e);
  }
  err_prefix(e, "sync \"%s\"", m->sync);
  if (e->code) target_clear(t);
  return e->code;
}

void target_clear(struct target *t) {
  for (int i = 0; i < t->n_decls; i++) sqlite3_free(t->decls[i]);
  sqlite3_free(t->decls);
  sqlite3_free(t->qualified);
  memset(t, 0, sizeof *t);
}
