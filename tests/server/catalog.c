/* What tables there are: SQLite's schema read as SQL Server's.
**
** A table named "vwX" is dbo.vwX, one named "sales.vwX" is vwX in schema
** sales. They live in the database that --database names; "Archive.dbo.vwX" is
** in another one. Synonyms are the rows of the table "sys.synonyms".
*/
#include <string.h>
#include <strings.h>

#include "keyed.h"

/* All of it, as it was when a statement first asked. */
struct catalog {
  struct table **all; /* of every database */
  unsigned count;
  struct table **own; /* of the session's */
  unsigned own_count;
  struct synonym *synonyms;
  unsigned synonym_count;
  const char **schemas, **databases; /* the other ones */
  unsigned schema_count, database_count;
  /* of `all`; of `all` and behind them `synonyms`; of `synonyms`. A name is
  ** found by its hash. */
  struct lookup names, ids, synonym_names;
  struct rows views[SYSVIEWS_MAX];
};

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

/* The primary key of a rowid table has no index of its own in SQLite. */
static const char columns_sql[] =
    "SELECT name, type, \"notnull\", pk, coalesce((SELECT il.name FROM "
    "pragma_index_list(?1) AS il, pragma_index_info(il.name) AS ii WHERE "
    "ii.seqno = 0 AND NOT il.partial AND ii.name = c.name ORDER BY il.seq), "
    "iif(pk = 1, 'PK', NULL)) FROM pragma_table_info(?1) AS c";

static void read_columns(struct engine *en, struct table *t,
                         sqlite3_stmt *stmt) {
  sqlite3_reset(stmt);
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
}

static struct table *read_table(struct engine *en, sqlite3_stmt *row) {
  struct table *t = arena_alloc(en->a, sizeof *t);
  split(en, t, (const char *)sqlite3_column_text(row, 0));
  t->is_view = strcmp((const char *)sqlite3_column_text(row, 1), "view") == 0;
  return t;
}

/* As a key: letters of ASCII alike, trailing blanks gone. */
static int64_t name_key(const char *name) {
  uint64_t h = 14695981039346656037u;
  size_t n = strlen(name);
  while (n && name[n - 1] == ' ') n--;
  for (size_t i = 0; i < n; i++) {
    uint8_t c = (uint8_t)name[i];
    h = (h ^ (c >= 'A' && c <= 'Z' ? c | 32u : c)) * 1099511628211u;
  }
  return (int64_t)h;
}

static struct table *find_read(struct engine *en, const char *wanted) {
  const struct catalog *c = en->catalog;
  for (size_t i = lookup_find(&c->names, name_key(wanted)); i != LOOKUP_END;
       i = lookup_next(&c->names, i))
    if (text_equal_name(c->all[i]->sqlite_name, wanted, en->s->srv->coll))
      return c->all[i];
  return NULL;
}

static struct table *find(struct engine *en, const char *wanted) {
  static const char sql[] =
      "SELECT name, type FROM (SELECT name, type FROM sqlite_schema UNION ALL "
      "SELECT name, type FROM sqlite_temp_schema) WHERE type IN ('table', "
      "'view') AND name NOT LIKE 'sqlite_%' AND rtrim(lower(name)) = "
      "rtrim(lower(?1))";
  sqlite3_stmt *stmt, *columns;
  struct table *t = NULL;
  if (en->catalog) return find_read(en, wanted);
  if (sqlite3_prepare_v2(en->s->sq, sql, -1, &stmt, NULL) != SQLITE_OK)
    return NULL;
  sqlite3_bind_text(stmt, 1, wanted, -1, SQLITE_STATIC);
  while (!t && sqlite3_step(stmt) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(stmt, 0);
    if (text_equal_name(name, wanted, en->s->srv->coll))
      t = read_table(en, stmt);
  }
  sqlite3_finalize(stmt);
  if (t && sqlite3_prepare_v2(en->s->sq, columns_sql, -1, &columns, NULL) ==
               SQLITE_OK) {
    read_columns(en, t, columns);
    sqlite3_finalize(columns);
  }
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
  const struct synonym *synonym;
  struct object_name base;
  if (t || strcasecmp(db, en->s->srv->database) != 0) return t;
  synonym = catalog_synonym(en, name);
  if (synonym && catalog_name(en, synonym->base, &base))
    t = catalog_own(en, &base); /* a synonym of a synonym is an error */
  return t;
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

/* ---- the whole of it ---- */

static void read_tables(struct engine *en, struct catalog *c) {
  static const char sql[] =
      "SELECT name, type, name NOT LIKE '%.%.%' AND name <> 'sys.synonyms' AND "
      "NOT temp FROM (SELECT name, type, 0 AS temp FROM sqlite_schema UNION "
      "ALL "
      "SELECT name, type, 1 FROM sqlite_temp_schema) WHERE type IN ('table', "
      "'view') AND name NOT LIKE 'sqlite_%' ORDER BY temp, name";
  bool here = strcasecmp(en->s->db, en->s->srv->database) == 0;
  sqlite3_stmt *stmt = NULL, *columns = NULL;
  if (sqlite3_prepare_v2(en->s->sq, sql, -1, &stmt, NULL) == SQLITE_OK &&
      sqlite3_prepare_v2(en->s->sq, columns_sql, -1, &columns, NULL) ==
          SQLITE_OK)
    while (sqlite3_step(stmt) == SQLITE_ROW) {
      struct table *t = read_table(en, stmt);
      read_columns(en, t, columns);
      c->all = arena_push(en->a, c->all, c->count, sizeof *c->all);
      c->all[c->count++] = t;
      t->is_own = here && sqlite3_column_int(stmt, 2);
      if (!t->is_own) continue;
      c->own = arena_push(en->a, c->own, c->own_count, sizeof *c->own);
      c->own[c->own_count++] = t;
    }
  sqlite3_finalize(columns);
  sqlite3_finalize(stmt);
}

static void read_synonyms(struct engine *en, struct catalog *c) {
  static const char sql[] =
      "SELECT name, base_object_name FROM \"sys.synonyms\" ORDER BY name";
  sqlite3_stmt *stmt;
  unsigned n = 0;
  if (sqlite3_prepare_v2(en->s->sq, sql, -1, &stmt, NULL) != SQLITE_OK)
    return; /* a fixture without any */
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    struct table t;
    split(en, &t, (const char *)sqlite3_column_text(stmt, 0));
    c->synonyms = arena_push(en->a, c->synonyms, n, sizeof *c->synonyms);
    c->synonyms[n++] = (struct synonym){
        t.schema, t.name,
        arena_format(en->a, "%s", (const char *)sqlite3_column_text(stmt, 1)),
        0};
  }
  sqlite3_finalize(stmt);
  c->synonym_count = n;
}

static void add_name(struct engine *en, const char ***names, unsigned *n,
                     const char *name) {
  for (unsigned i = 0; i < *n; i++)
    if (strcasecmp((*names)[i], name) == 0) return;
  *names = arena_push(en->a, *names, *n, sizeof **names);
  (*names)[(*n)++] = name;
}

static void add_schema(struct engine *en, struct catalog *c,
                       const char *schema) {
  add_name(en, &c->schemas, &c->schema_count, schema);
}

static void add_database(struct engine *en, struct catalog *c,
                         const char *name) {
  const char *dot = strchr(name, '.');
  if (dot && dot > name && strchr(dot + 1, '.'))
    add_name(en, &c->databases, &c->database_count,
             arena_text(en->a, name, (size_t)(dot - name)));
}

/* SQL Server's object ids are stable; so is a hash of the name, as far as no
** other one is there with the same. */
static int32_t new_id(struct lookup *ids, size_t row, const char *schema,
                      const char *name) {
  uint32_t h = 2166136261u;
  for (const char *p = schema; *p; p++)
    h = (h ^ (uint8_t)(*p | 32)) * 16777619u;
  for (const char *p = name; *p; p++) h = (h ^ (uint8_t)(*p | 32)) * 16777619u;
  h = (h & 0x7fffffff) | 1;
  while (lookup_find(ids, h) != LOOKUP_END) h = (h + 2) & 0x7fffffff;
  lookup_add(ids, row, h);
  return (int32_t)h;
}

static struct catalog *read_catalog(struct engine *en) {
  struct catalog *c = en->catalog;
  if (c) return c;
  c = arena_alloc(en->a, sizeof *c);
  read_tables(en, c);
  read_synonyms(en, c);
  add_schema(en, c, "dbo");
  lookup_begin(&c->names, c->count, en->a);
  for (unsigned i = c->count; i-- > 0;)
    lookup_add(&c->names, i, name_key(c->all[i]->sqlite_name));
  lookup_begin(&c->ids, (size_t)c->count + c->synonym_count, en->a);
  for (unsigned i = 0; i < c->count; i++) {
    struct table *t = c->all[i];
    if (t->is_own) add_schema(en, c, t->schema);
    add_database(en, c, t->sqlite_name);
    t->id = new_id(&c->ids, i, t->schema, t->name);
  }
  lookup_begin(&c->synonym_names, c->synonym_count, en->a);
  for (unsigned i = c->synonym_count; i-- > 0;) {
    struct synonym *s = &c->synonyms[i];
    s->id = new_id(&c->ids, c->count + i, s->schema, s->name);
    lookup_add(&c->synonym_names, i, name_key(s->name));
  }
  for (unsigned i = 0; i < c->synonym_count; i++)
    add_schema(en, c, c->synonyms[i].schema);
  return en->catalog = c;
}

struct table **catalog_all(struct engine *en, unsigned *count) {
  const struct catalog *c = read_catalog(en);
  *count = c->own_count;
  return c->own;
}

struct table *catalog_by_id(struct engine *en, int64_t id) {
  const struct catalog *c = read_catalog(en);
  size_t at = lookup_find(&c->ids, id);
  return at < c->count && c->all[at]->is_own ? c->all[at] : NULL;
}

struct synonym *catalog_synonyms(struct engine *en, unsigned *count) {
  const struct catalog *c = read_catalog(en);
  *count = c->synonym_count;
  return c->synonyms;
}

struct synonym *catalog_synonym(struct engine *en,
                                const struct object_name *name) {
  const struct catalog *c = read_catalog(en);
  const char *schema = name->part[1] ? name->part[1] : "dbo";
  unsigned coll = en->s->srv->coll;
  for (size_t i = lookup_find(&c->synonym_names, name_key(name->part[0]));
       i != LOOKUP_END; i = lookup_next(&c->synonym_names, i))
    if (text_equal_name(c->synonyms[i].name, name->part[0], coll) &&
        text_equal_name(c->synonyms[i].schema, schema, coll))
      return &c->synonyms[i];
  return NULL;
}

const char **catalog_schemas(struct engine *en, unsigned *count) {
  const struct catalog *c = read_catalog(en);
  *count = c->schema_count;
  return c->schemas;
}

int catalog_schema_id(struct engine *en, const char *schema) {
  const struct catalog *c = read_catalog(en);
  int i = 0;
  while (strcasecmp(c->schemas[i], schema) != 0) i++;
  return i ? i + 4 : 1;
}

bool catalog_database(struct engine *en, const char *db) {
  const struct catalog *c = read_catalog(en);
  for (unsigned i = 0; i < c->database_count; i++)
    if (strcasecmp(c->databases[i], db) == 0) return true;
  return false;
}

struct rows *catalog_view(struct engine *en, unsigned view) {
  return &read_catalog(en)->views[view];
}
