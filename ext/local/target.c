/*
** Checks the target table against the mapping.
*/
#include "local/target.h"

#include "base/sql.h"

#include <string.h>

static int mapped_as(const struct mapping *m, const char *column) {
  for (int i = 0; i < m->n_columns; i++) {
    if (sqlite3_stricmp(m->columns[i].target, column) == 0) return i;
  }
  return -1;
}

static sqlite3_int64 schema_version(sqlite3 *db, const struct mapping *m,
                                    struct err *e) {
  return sql_integer(db, e, "PRAGMA \"%w\".schema_version", m->schema);
}

/* The version first: what is then looked at is that one or a later one. The
** pragmas that tell about tables answer from what the connection has read of
** the schema; only a statement that reads the file notices that it is old. */
static void read_schema(struct target *t, sqlite3 *db, const struct mapping *m,
                        struct err *e) {
  if (e->code) return;
  if (sqlite3_db_readonly(db, m->schema) < 0) {
    err_set(e, ERR_CONFIG, "there is no attached database \"%s\"", m->schema);
    err_hint(e, "attach it, or mend the sync's target \"%s.%s\"", m->schema,
             m->target);
    return;
  }
  t->schema = schema_version(db, m, e);
  (void)sql_integer(db, e, "SELECT count(*) FROM \"%w\".sqlite_schema",
                    m->schema);
}

enum err_code target_check_name(const char *name, struct err *e) {
  if (sqlite3_strnicmp(name, "sqlite_", 7) == 0 ||
      sqlite3_strnicmp(name, "ordersync_", 10) == 0) {
    err_set(e, ERR_CONFIG, "target \"%s\" is not a table of yours", name);
  }
  return e->code;
}

static void check_table(struct target *t, sqlite3 *db, const struct mapping *m,
                        struct err *e) {
  sqlite3_stmt *stmt;
  int rc;
  target_check_name(m->target, e);
  stmt = sql_prepare(db, e,
                     "SELECT type, wr, strict FROM pragma_table_list WHERE "
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
    t->is_strict = sqlite3_column_int(stmt, 2);
    if (!type || strcmp(type, "table") != 0) {
      err_set(e, ERR_CONFIG, "target \"%s\" is a %s, not a plain table",
              m->target, type ? type : "mystery");
    }
  }
  sqlite3_finalize(stmt);
}

/* The INTEGER PRIMARY KEY that is the row id has no index of its own; one that
** only looks like it (DESC, WITHOUT ROWID, one of several columns) has. */
static void find_alias(struct target *t, sqlite3 *db, const struct mapping *m,
                       struct err *e) {
  t->alias = sql_text(
      db, e,
      "SELECT max(name) FROM pragma_table_xinfo(%Q, %Q) WHERE pk GROUP BY 1=1 "
      "HAVING NOT EXISTS(SELECT 1 FROM pragma_index_list(%Q, %Q) WHERE origin "
      "= 'pk')",
      m->target, m->schema, m->target, m->schema);
  if (t->alias) t->alias_column = mapped_as(m, t->alias);
}

/* Any column, mapped or not, may be called "rowid"; then the row id answers to
** another name. */
static void choose_rowid(struct target *t, sqlite3 *db, const struct mapping *m,
                         struct err *e) {
  t->rowid = sql_text(
      db, e,
      "WITH id(called) AS (VALUES(%Q), ('rowid'), ('_rowid_'), ('oid')) "
      "SELECT printf('\"%%w\"', called) FROM id WHERE called = %Q OR called "
      "NOT NULL AND NOT EXISTS(SELECT 1 FROM pragma_table_xinfo(%Q, %Q) WHERE "
      "name = called COLLATE nocase) LIMIT 1",
      t->alias, t->alias, m->target, m->schema);
  if (e->code || m->mode == MODE_REPLACE) return;
  if (t->without_rowid) {
    err_set(e, ERR_CONFIG,
            "target \"%s\" is WITHOUT ROWID: mode 'diff' needs row ids",
            m->target);
  } else if (!t->rowid) {
    err_set(e, ERR_CONFIG,
            "target \"%s\" has columns called rowid, _rowid_ and oid, which "
            "hide its row ids: mode 'diff' needs them",
            m->target);
    err_hint(e, "rename one of these columns, add an INTEGER PRIMARY KEY, or "
                "use mode 'replace'");
  }
}

/* One column of the target: name, declared type, NOT NULL, default, hidden. */
static void check_column(struct target *t, const struct mapping *m,
                         sqlite3_stmt *row, sqlite3_str *others,
                         struct err *e) {
  const char *name = (const char *)sqlite3_column_text(row, 0);
  const char *decl = (const char *)sqlite3_column_text(row, 1);
  int must_fill =
      sqlite3_column_int(row, 2) && sqlite3_column_type(row, 3) == SQLITE_NULL;
  int hidden = sqlite3_column_int(row, 4);
  int at = name ? mapped_as(m, name) : -1;
  if (!name) {
    err_nomem(e);
  } else if (at >= 0 && hidden) {
    err_set(e, ERR_CONFIG, "target column \"%s\".\"%s\" is generated",
            m->target, name);
  } else if (at >= 0) {
    t->decls[at] = sqlite3_mprintf("%s", decl ? decl : "");
    if (!t->decls[at]) err_nomem(e);
  } else if (hidden || (t->alias && sqlite3_stricmp(name, t->alias) == 0)) {
    return;
  } else if (sqlite3_stricmp(name, "updated_at") == 0) {
    t->has_updated_at = 1;
  } else {
    int stamped = sqlite3_stricmp(name, "created_at") == 0;
    sqlite3_str_appendf(others, ",\"%w\"", name);
    t->n_others++;
    t->has_created_at |= stamped;
    if (stamped || !must_fill) return;
    err_set(e, ERR_CONFIG,
            "target column \"%s\".\"%s\" is NOT NULL, has no default, and no "
            "source column is mapped to it",
            m->target, name);
  }
}

static void check_missing(const struct target *t, const struct mapping *m,
                          struct err *e) {
  sqlite3_str *list = sqlite3_str_new(NULL);
  char *text;
  for (int i = 0; i < m->n_columns; i++) {
    if (t->decls[i]) continue;
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
  sqlite3_uint64 n_bytes = (sqlite3_uint64)m->n_columns * sizeof *t->decls;
  sqlite3_str *others;
  sqlite3_stmt *stmt;
  if (e->code) return;
  t->decls = sqlite3_malloc64(n_bytes);
  if (!t->decls) {
    err_nomem(e);
    return;
  }
  memset(t->decls, 0, n_bytes);
  t->n_decls = m->n_columns;
  others = sqlite3_str_new(NULL);
  stmt = sql_prepare(db, e,
                     "SELECT name, type, \"notnull\", dflt_value, hidden "
                     "FROM pragma_table_xinfo(%Q, %Q)",
                     m->target, m->schema);
  while (!e->code && sqlite3_step(stmt) == SQLITE_ROW) {
    check_column(t, m, stmt, others, e);
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, db, "reading the target");
  if (sqlite3_str_errcode(others)) err_nomem(e);
  t->others = sqlite3_str_finish(others);
  if (!e->code) check_missing(t, m, e);
}

/* Where an authorizer says no, rows are written that need not be. */
static void check_encoding(struct target *t, sqlite3 *db) {
  struct err ignored = {0};
  char *name = sql_text(db, &ignored, "PRAGMA encoding");
  t->is_utf16 = name && strcmp(name, "UTF-8") != 0;
  sqlite3_free(name);
}

/* Deleting a row would delete (CASCADE) or empty (SET NULL, SET DEFAULT) the
** rows of other tables that point at it. That is as it should be for a row
** that vanished on the server, but not for one that comes back at once. */
static void check_children(struct target *t, sqlite3 *db,
                           const struct mapping *m, struct err *e) {
  sqlite3_stmt *stmt = sql_prepare(
      db, e,
      "SELECT t.name, f.on_delete FROM pragma_table_list t, "
      "pragma_foreign_key_list(t.name, t.schema) f WHERE t.schema = %Q COLLATE "
      "nocase AND t.type = 'table' AND f.\"table\" = %Q COLLATE nocase AND "
      "f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')",
      m->schema, m->target);
  if (!stmt) return;
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    const char *child = (const char *)sqlite3_column_text(stmt, 0);
    t->acting_child = child ? sqlite3_mprintf("%s", child) : NULL;
    if (!t->acting_child) err_nomem(e);
    if (!mapping_has_key(m) || m->mode == MODE_REPLACE) {
      err_set(e, ERR_CONFIG,
              "table \"%s\" points at \"%s\" with ON DELETE %s, and %s",
              t->acting_child, m->target, sqlite3_column_text(stmt, 1),
              m->mode != MODE_REPLACE
                  ? "mode 'diff' without a key deletes every "
                    "row that changed"
                  : "replace mode deletes every row");
    }
    err_hint(e, "use mode 'diff' with a key");
  }
  if (sqlite3_finalize(stmt) != SQLITE_OK) err_sqlite(e, db, "reading keys");
}

enum err_code target_open(struct target *t, sqlite3 *db,
                          const struct mapping *m, struct err *e) {
  memset(t, 0, sizeof *t);
  t->alias_column = -1;
  t->schema = -1;
  if (e->code) return e->code;
  read_schema(t, db, m, e);
  check_table(t, db, m, e);
  find_alias(t, db, m, e);
  check_columns(t, db, m, e);
  choose_rowid(t, db, m, e);
  check_children(t, db, m, e);
  if (!e->code) check_encoding(t, db);
  if (!e->code) {
    t->qualified = sqlite3_mprintf("\"%w\".\"%w\"", m->schema, m->target);
    if (!t->qualified) err_nomem(e);
  }
  err_prefix(e, "sync \"%s\"", m->sync);
  if (e->code) target_clear(t);
  return e->code;
}

enum err_code target_recheck(struct target *t, sqlite3 *db,
                             const struct mapping *m, struct err *e) {
  sqlite3_int64 now = schema_version(db, m, e);
  if (e->code || (now == t->schema && now >= 0)) return e->code;
  target_clear(t);
  if (target_open(t, db, m, e)) {
    err_hint(e, "The table was changed while the rows were being fetched");
  }
  return e->code;
}

void target_clear(struct target *t) {
  for (int i = 0; i < t->n_decls; i++) sqlite3_free(t->decls[i]);
  sqlite3_free(t->decls);
  sqlite3_free(t->others);
  sqlite3_free(t->alias);
  sqlite3_free(t->rowid);
  sqlite3_free(t->acting_child);
  sqlite3_free(t->qualified);
  memset(t, 0, sizeof *t);
}
