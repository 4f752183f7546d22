/*
** A table of random columns and rows on the server, a live view of it, and a
** full copy, by CREATE VIRTUAL TABLE over a source or a query, or by a sync
** and ordersync_refresh().
*/
#include "diff.h"

#include <stdio.h>
#include <string.h>

/* ---- making it --------------------------------------------------------- */

static void make_server_table(struct diff *d) {
  const struct table *t = &d->table;
  sqlite3_str *sql = sqlite3_str_new(NULL);
  char value[300], *text, has_null[COLUMNS_MOST];
  sqlite3_str_appendf(sql, "CREATE TABLE \"t%d\"(", t->serial);
  for (int i = 0; i < t->n_columns; i++) {
    has_null[i] =
        chance(d, 80) && strcmp(t->columns[i].type->decl, "rowversion") != 0;
    sqlite3_str_appendf(sql, "%s\"%s\" \"%s\"%s", i ? ", " : "",
                        t->columns[i].name, t->columns[i].type->decl,
                        has_null[i] ? "" : " NOT NULL");
  }
  sqlite3_str_appendall(sql, ")");
  text = sqlite3_str_finish(sql);
  run(d, d->server, "%s", text);
  sqlite3_free(text);
  run(d, d->server, "BEGIN");
  for (int r = 0; r < t->n_rows; r++) {
    sql = sqlite3_str_new(NULL);
    if (r > 0 && chance(d, 12)) { /* a whole row again */
      sqlite3_str_appendf(sql,
                          "INSERT INTO t%d SELECT * FROM t%d WHERE rowid=%d",
                          t->serial, t->serial, 1 + rnd(d, r));
    } else {
      sqlite3_str_appendf(sql, "INSERT INTO t%d VALUES(", t->serial);
      for (int i = 0; i < t->n_columns; i++) {
        sqlite3_str_appendf(
            sql, "%s%s", i ? "," : "",
            chance(d, 12) && has_null[i]
                ? "NULL"
                : types_value(d, &t->columns[i], value, sizeof value));
      }
      sqlite3_str_appendall(sql, ")");
    }
    text = sqlite3_str_finish(sql);
    run(d, d->server, "%s", text);
    sqlite3_free(text);
  }
  run(d, d->server, "COMMIT");
}

static const char *random_kind(struct diff *d, const char *list, char *buffer,
                               size_t room) {
  int n = 1, k;
  for (const char *s = list; *s; s++) n += *s == ' ';
  for (k = rnd(d, n); k > 0; k--) list = strchr(list, ' ') + 1;
  (void)snprintf(buffer, room, "%.*s", (int)strcspn(list, " "), list);
  return buffer;
}

/* The copy's columns are declared as the live view's are; where it was there
** before, the other way round. */
static void make_copy_table(struct diff *d) {
  struct table *t = &d->table;
  sqlite3_stmt *stmt;
  sqlite3_str *sql = sqlite3_str_new(NULL);
  char *text = sqlite3_mprintf("PRAGMA table_info(\"%w\")", t->live);
  int n = 0;
  if (sqlite3_prepare_v2(d->db, text, -1, &stmt, NULL)) {
    die(d, "table_info", text, sqlite3_errmsg(d->db));
  }
  sqlite3_free(text);
  sqlite3_str_appendf(sql, "CREATE TABLE IF NOT EXISTS %s(", t->copy);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    const char *decl = (const char *)sqlite3_column_text(stmt, 2);
    if (*t->columns[n].decl && strcmp(decl, t->columns[n].decl) != 0) {
      die(d, "declared", decl, t->columns[n].decl);
    }
    sqlite3_str_appendf(sql, "%s\"%w\" %s", n ? "," : "",
                        sqlite3_column_text(stmt, 1), decl);
    n++;
  }
  sqlite3_finalize(stmt);
  if (n != t->n_columns) die(d, "columns", t->live, "their number differs");
  sqlite3_str_appendall(sql, ")");
  text = sqlite3_str_finish(sql);
  run(d, d->db, "%s", text);
  sqlite3_free(text);
}

static void make_live_source(struct diff *d) {
  const struct table *t = &d->table;
  if (chance(d, 50)) {
    run(d, d->db,
        "CREATE VIRTUAL TABLE temp.%s USING ordersync(source='dbo.t%d')",
        t->live, t->serial);
  } else {
    run(d, d->db,
        "CREATE VIRTUAL TABLE %s USING ordersync("
        "query='SELECT * FROM [t%d]')",
        t->live, t->serial);
  }
  make_copy_table(d);
  run(d, d->db, "INSERT INTO %s SELECT * FROM %s", t->copy, t->live);
}

/* What people declare for a column of this kind, what holds such values in any
** case, and sometimes what stores them as something else. */
static const char *random_decl(struct diff *d, const struct column *c,
                               const char *kind) {
  static const char *const texts[] = {"TEXT", "TEXT", "varchar(255)", "CLOB"};
  static const char *const dates[] = {"TEXT", "DATE", "datetime", "NUMERIC"};
  static const char *const wholes[] = {"INTEGER", "bigint", "INT", "NUMERIC"};
  static const char *const reals[] = {"REAL", "double", "FLOAT"};
  static const char *const blobs[] = {"BLOB", "TEXT", "INTEGER"};
  static const char *const others[] = {"INTEGER", "TEXT", "REAL", "NUMERIC"};
  enum class_of is = c->type->is;
  if (chance(d, 15)) return PICK(d, others);
  if (strcmp(kind, "raw") != 0) {
    is = !strcmp(kind, "integer") || !strcmp(kind, "boolean") ? C_INT
         : !strcmp(kind, "real")                              ? C_FLT
         : !strcmp(kind, "decimal")                           ? C_DEC
         : !strcmp(kind, "blob")                              ? C_BIN
         : !strcmp(kind, "string") || !strcmp(kind, "text")   ? C_STR
                                                              : C_DATE;
  }
  switch (is) {
  case C_INT:
    return PICK(d, wholes);
  case C_FLT:
    return PICK(d, reals);
  case C_DATE:
    return PICK(d, dates);
  case C_DEC:
    return "BLOB";
  case C_BIN:
    return PICK(d, blobs);
  default:
    return PICK(d, texts);
  }
}

/* The target, as somebody may have made it. */
static void make_target(struct diff *d) {
  const struct table *t = &d->table;
  sqlite3_str *sql = sqlite3_str_new(NULL);
  char *text;
  sqlite3_str_appendf(sql, "CREATE TABLE %s(", t->copy);
  for (int i = 0; i < t->n_columns; i++) {
    /* a collation of the host's */
    int is_own = t->columns[i].type->is == C_DATE && chance(d, 20);
    sqlite3_str_appendf(sql, "%s\"%w\" %s%s", i ? "," : "", t->columns[i].name,
                        t->columns[i].decl, is_own ? " COLLATE backwards" : "");
  }
  sqlite3_str_appendall(sql, ")");
  text = sqlite3_str_finish(sql);
  run(d, d->db, "%s", text);
  sqlite3_free(text);
}

static void make_live_sync(struct diff *d) {
  struct table *t = &d->table;
  int has_target = chance(d, 75);
  char kind[20];
  run(d, d->db,
      "INSERT INTO ordersync_syncs(name, source, target, on_missing) "
      "VALUES('s%d', 't%d', '%s', 'null')",
      t->serial, t->serial, t->copy);
  for (int i = 0; i < t->n_columns; i++) {
    random_kind(d, t->columns[i].type->kinds, kind, sizeof kind);
    if (has_target) {
      (void)snprintf(t->columns[i].decl, sizeof t->columns[i].decl, "%s",
                     random_decl(d, &t->columns[i], kind));
    }
    run(d, d->db,
        "INSERT INTO ordersync_columns(sync, position, source_column, "
        "target_column, kind) VALUES('s%d', %d, '%q', '%q', '%q')",
        t->serial, i + 1, t->columns[i].name, t->columns[i].name, kind);
  }
  if (chance(d, 25)) { /* one that the server lacks */
    run(d, d->db,
        "UPDATE ordersync_columns SET source_column='gone' WHERE sync='s%d' "
        "AND position=%d AND %d > 1",
        t->serial, 1 + rnd(d, t->n_columns), t->n_columns);
  }
  if (has_target) make_target(d);
  run(d, d->db, "CREATE VIRTUAL TABLE temp.%s USING ordersync(sync=s%d)",
      t->live, t->serial);
  make_copy_table(d);
  run(d, d->db, "SELECT ordersync_refresh('s%d')", t->serial);
}

/* Local tables to join: values of the copy's columns, and others. */
static void make_local(struct diff *d) {
  const struct table *t = &d->table;
  run(d, d->db,
      "DROP TABLE IF EXISTS l; CREATE TABLE l(n INTEGER, k, i INTEGER, "
      "t TEXT, d DATE)");
  for (int i = 0; i < 6 + (chance(d, 30) ? 40 : 0); i++) {
    const struct column *c = &t->columns[rnd(d, t->n_columns)];
    run(d, d->db,
        "INSERT INTO l SELECT %d, (SELECT \"%w\" FROM %s LIMIT 1 OFFSET %d),"
        "(SELECT \"%w\" FROM %s LIMIT 1 OFFSET %d),"
        "(SELECT \"%w\" FROM %s LIMIT 1 OFFSET %d),"
        "(SELECT \"%w\" FROM %s LIMIT 1 OFFSET %d)",
        i, c->name, t->copy, rnd(d, t->n_rows + 1), c->name, t->copy,
        rnd(d, t->n_rows + 1), c->name, t->copy, rnd(d, t->n_rows + 1), c->name,
        t->copy, rnd(d, t->n_rows + 1));
  }
}

void schema_make(struct diff *d) {
  static const int widths[] = {1, 62, 63, 64, 65, 68, 200, 1000};
  struct table *t = &d->table;
  int wide = chance(d, 15);
  t->serial++;
  t->n_columns = wide ? PICK(d, widths) : 2 + rnd(d, 9);
  t->n_rows = t->n_columns >= 200 ? 6 : chance(d, 5) ? 0 : 3 + rnd(d, 40);
  for (int i = 0; i < t->n_columns; i++) {
    *t->columns[i].decl = 0;
    types_draw(d, &t->columns[i]);
    (void)snprintf(t->columns[i].name, sizeof t->columns[i].name, "%s%d",
                   chance(d, 10) ? "A ]b'\xc3\xa4" : "c", i);
  }
  (void)snprintf(t->live, sizeof t->live, "v%d", t->serial);
  (void)snprintf(t->copy, sizeof t->copy, "k%d", t->serial);
  make_server_table(d);
  if (chance(d, 40))
    make_live_source(d);
  else
    make_live_sync(d);
  make_local(d);
}

void schema_drop(struct diff *d) {
  const struct table *t = &d->table;
  run(d, d->db, "DROP TABLE %s; DROP TABLE %s", t->live, t->copy);
  run(d, d->db, "DELETE FROM ordersync_columns; DELETE FROM ordersync_syncs");
  run(d, d->server, "DROP TABLE t%d", t->serial);
}

/* ---- its columns ------------------------------------------------------- */

void schema_append_name(const struct diff *d, sqlite3_str *out,
                        const char *alias, int i) {
  sqlite3_str_appendf(out, "%s%s\"%w\"", alias, *alias ? "." : "",
                      d->table.columns[i].name);
}

int schema_any_column(struct diff *d) {
  const struct table *t = &d->table;
  /* either side of what colUsed can tell apart */
  if (t->n_columns > 61 && chance(d, 50)) {
    int i = 60 + rnd(d, 6);
    return i < t->n_columns ? i : t->n_columns - 1;
  }
  return rnd(d, t->n_columns);
}
