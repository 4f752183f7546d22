/* What tables there are: SQLite's schema read as SQL Server's.
**
** A table named "vwX" is dbo.vwX, one named "sales.vwX" is vwX in schema
** sales. They live in the database that --database names; "Archive.dbo.vwX" is
** in another one. Synonyms are the rows of the table "sys.synonyms".
*/
#include <string.h>
#include <strings.h>

#include "engine.h"

bool catalog_denied(const struct engine *en, const char *table) {
  for (unsigned i = 0; i < en->s->srv->denied; i++)
    if (strcasecmp(en->s->srv->deny[i], table) == 0) return true;
  return false;
}

bool catalog_denied_column(const struct engine *en, const struct table *t,
                           const char *column) {
  size_t n = strlen(t->name);
  for (unsigned i = 0; i < en->s->srv->denied; i++) {
    const char *d = en->s->srv->deny[i];
    if (strncasecmp(d, t->name, n) == 0 && d[n] == '.' &&
        strcasecmp(d + n + 1, column) == 0)
      return true;
  }
  return false;
}

static void split(struct engine *en, struct table *t, const char *name) {
  const char *dot = strchr(name, '.');
  t->sqlite_name = arena_text(en->a, name, strlen(name));
  t->schema = "dbo";
  t->name = t->sqlite_name;
  if (dot && strchr(dot + 1, '.')) { /* its database comes first */
    name = dot + 1;
    dot = strchr(name, '.');
  }
  if (dot && dot > name && dot[1]) {
    t->schema = arena_text(en->a, name, (size_t)(dot - name));
    t->name = t->sqlite_name + strlen(t->sqlite_name) - strlen(dot + 1);
  }
}

static void read_columns(struct engine *en, struct table *t) {
  /* the primary key of a rowid table has no index of its own in SQLite */
  static const char sql[] =
      "SELECT name, type, \"notnull\", pk, coalesce((SELECT il.name FROM "
      "pragma_index_list(?1) AS il, pragma_index_info(il.name) AS ii WHERE "
      "ii.seqno = 0 AND NOT il.partial AND ii.name = c.name ORDER BY il.seq), "
      "iif(pk = 1, 'PK', NULL)) FROM pragma_table_info(?1) AS c";
  sqlite3_stmt *stmt;
  if (sqlite3_prepare_v2(en->s->sq, sql, -1, &stmt, NULL) != SQLITE_OK) return;
  sqlite3_bind_text(stmt, 1, t->sqlite_name, -1, SQLITE_STATIC);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(stmt, 0);
    const char *decl = (const char *)sqlite3_column_text(stmt, 1);
    struct source_column *c;
    t->cols = arena_push(en->a, t->cols, t->n, sizeof *t->cols);
    c = &t->cols[t->n++];
    c->name = arena_text(en->a, name, strlen(name));
    /* a column that declares no type of SQL Server's is text */
    if (!type_parse(&c->type, decl ? decl : "", en->s->srv->coll, en->a))
      c->type = type_string(T_NVARCHAR, 4000, en->s->srv->coll);
    if (sqlite3_column_int(stmt, 2)) c->type.notnull = true;
    c->key = sqlite3_column_int(stmt, 3);
    if (sqlite3_column_text(stmt, 4))
      c->index =
          arena_format(en->a, "%s", (const char *)sqlite3_column_text(stmt, 4));
    if (c->type.id == T_ROWVERSION) c->type.notnull = true;
  }
  sqlite3_finalize(stmt);
}

static struct table *find(struct engine *en, const char *wanted) {
  static const char sql[] =
      "SELECT name, type FROM (SELECT name, type FROM sqlite_schema UNION ALL "
      "SELECT name, type FROM sqlite_temp_schema) WHERE type IN ('table', "
      "'view') AND name NOT LIKE 'sqlite_%' AND rtrim(lower(name)) = "
      "rtrim(lower(?1))";
  sqlite3_stmt *stmt;
  struct table *t = NULL;
  if (sqlite3_prepare_v2(en->s->sq, sql, -1, &stmt, NULL) != SQLITE_OK)
    return NULL;
  sqlite3_bind_text(stmt, 1, wanted, -1, SQLITE_STATIC);
  while (!t && sqlite3_step(stmt) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(stmt, 0);
    if (!text_equal_name(name, wanted, en->s->srv->coll)) continue;
    t = arena_alloc(en->a, sizeof *t);
    split(en, t, name);
    t->is_view =
        strcmp((const char *)sqlite3_column_text(stmt, 1), "view") == 0;
  }
  sqlite3_finalize(stmt);
  if (t) read_columns(en, t);
  return t;
}

struct table *catalog_own(struct engine *en, const struct object_name *name) {
  const char *db = name->part[2] ? name->part[2] : en->s->db;
  const char *schema = name->part[1];
  if (name->part[0][0] != '#' && strcasecmp(db, en->s->srv->database) != 0)
    return find(en, arena_format(en->a, "%s.%s.%s", db, schema ? schema : "dbo",
                                 name->part[0]));
  if (schema && !text_equal_name(schema, "dbo", en->s->srv->coll))
    return find(en, arena_format(en->a, "%s.%s", schema, name->part[0]));
  if (strchr(name->part[0], '.')) return NULL; /* [sales.vwX] is another name */
  return find(en, name->part[0]);
}

struct table *catalog_table(struct engine *en, const struct object_name *name) {
  const char *db = name->part[2] ? name->part[2] : en->s->db;
  struct table *t = catalog_own(en, name);
  struct synonym *all;
  unsigned n;
  if (t || strcasecmp(db, en->s->srv->database) != 0) return t;
  all = catalog_synonyms(en, &n);
  for (unsigned i = 0; i < n && !t; i++) {
    struct object_name base;
    if (text_equal_name(all[i].name, name->part[0], en->s->srv->coll) &&
        text_equal_name(all[i].schema, name->part[1] ? name->part[1] : "dbo",
                        en->s->srv->coll) &&
        catalog_name(en, all[i].base, &base))
      t = catalog_own(en, &base); /* a synonym of a synonym is an error */
  }
  return t;
}

bool catalog_database(const struct engine *en, const char *db) {
  static const char sql[] =
      "SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND "
      "substr(name, 1, length(?1) + 1) = ?1 || '.' COLLATE NOCASE AND "
      "substr(name, length(?1) + 2) LIKE '%.%'";
  sqlite3_stmt *stmt;
  bool found;
  if (sqlite3_prepare_v2(en->s->sq, sql, -1, &stmt, NULL) != SQLITE_OK)
    return false;
  sqlite3_bind_text(stmt, 1, db, -1, SQLITE_STATIC);
  found = sqlite3_step(stmt) == SQLITE_ROW;
  sqlite3_finalize(stmt);
  return found;
}

bool catalog_name(struct engine *en, const char *text,
                  struct object_name *name) {
  const char *part[4] = {0};
  int n = 0;
  memset(name, 0, sizeof *name);
  for (const char *p = text; n < 4;) {
    char *to = arena_alloc(en->a, strlen(p) + 1);
    part[n++] = to;
    if (*p == '[') {
      for (p++; *p && (*p != ']' || p[1] == ']'); p++)
        *to++ = *p == ']' ? *p++ : *p;
      p += *p == ']';
    } else {
      while (*p && *p != '.') *to++ = *p++;
    }
    *to = 0;
    if (*p++ != '.') break;
  }
  for (int i = 0; i < n; i++)
    name->part[i] = *part[n - 1 - i] ? part[n - 1 - i] : NULL;
  return name->part[0] != NULL;
}

struct synonym *catalog_synonyms(struct engine *en, unsigned *count) {
  static const char sql[] =
      "SELECT name, base_object_name FROM \"sys.synonyms\" ORDER BY name";
  struct synonym *all = NULL;
  sqlite3_stmt *stmt;
  unsigned n = 0;
  *count = 0;
  if (sqlite3_prepare_v2(en->s->sq, sql, -1, &stmt, NULL) != SQLITE_OK)
    return NULL; /* a fixture without any */
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    struct table t;
    split(en, &t, (const char *)sqlite3_column_text(stmt, 0));
    all = arena_push(en->a, all, n, sizeof *all);
    all[n++] = (struct synonym){
        t.schema, t.name,
        arena_format(en->a, "%s", (const char *)sqlite3_column_text(stmt, 1))};
  }
  sqlite3_finalize(stmt);
  *count = n;
  return all;
}

struct table **catalog_all(struct engine *en, unsigned *count) {
  static const char sql[] = "SELECT name, type FROM sqlite_schema WHERE type "
                            "IN ('table', 'view') AND name NOT LIKE "
                            "'sqlite_%' AND name NOT LIKE '%.%.%' AND name <> "
                            "'sys.synonyms' ORDER BY name";
  sqlite3_stmt *stmt;
  struct table **all = NULL;
  unsigned n = 0;
  *count = 0;
  if (strcasecmp(en->s->db, en->s->srv->database) != 0) return NULL;
  if (sqlite3_prepare_v2(en->s->sq, sql, -1, &stmt, NULL) != SQLITE_OK)
    return NULL;
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    struct table *t = arena_alloc(en->a, sizeof *t);
    split(en, t, (const char *)sqlite3_column_text(stmt, 0));
    t->is_view =
        strcmp((const char *)sqlite3_column_text(stmt, 1), "view") == 0;
    read_columns(en, t);
    all = arena_push(en->a, all, n, sizeof *all);
    all[n++] = t;
  }
  sqlite3_finalize(stmt);
  *count = n;
  return all;
}
