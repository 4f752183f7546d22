/*
** Where a live table's columns come from, and where they are kept.
**
**   ordersync, ordersync(sync=x)   the sync's mapping, loaded at each open
**   ordersync(source='dbo.vwX')    the server, once; from then on the shadow
**                                  table <name>_columns
*/
#include "live/columns.h"

#include "base/sql.h"

#include <string.h>

#define SHADOW "columns"

int columns_is_shadow(const char *suffix) {
  return sqlite3_stricmp(suffix, SHADOW) == 0;
}

static sqlite3 *db_of(const struct live_table *t) {
  return t->pool->db;
}

static char *copy(const char *text, struct err *e) {
  char *out = sqlite3_mprintf("%s", text);
  if (!out) err_nomem(e);
  return out;
}

static enum err_code map_source(struct live_table *t, struct err *e) {
  struct mapping *m = &t->map;
  sqlite3_uint64 n = (sqlite3_uint64)t->declared.count;
  mapping_clear(m);
  m->columns = sqlite3_malloc64(n * sizeof *m->columns);
  if (!m->columns) return err_nomem(e);
  memset(m->columns, 0, n * sizeof *m->columns);
  m->n_columns = t->declared.count;
  m->sync = copy(t->name, e);
  m->profile = copy(t->args.profile ? t->args.profile : "default", e);
  m->source = copy(t->args.source, e);
  m->on_missing = MISSING_ERROR;
  m->on_bad_value = BAD_VALUE_ERROR;
  for (int i = 0; i < m->n_columns && !e->code; i++) {
    struct mapping_column *c = &m->columns[i];
    c->position = i + 1;
    c->source = copy(t->declared.items[i].name, e);
    c->target = copy(t->declared.items[i].name, e);
    c->kind = value_kind_default(t->declared.items[i].type);
  }
  return e->code;
}

static int shadow_exists(struct live_table *t, struct err *e) {
  return sql_integer(db_of(t), e,
                     "SELECT 1 FROM \"%w\".sqlite_schema WHERE type='table' "
                     "AND name=%Q||'_" SHADOW "' COLLATE NOCASE",
                     t->schema, t->name) != 0;
}

static enum err_code shadow_write(struct live_table *t, struct err *e) {
  sqlite3_int64 saved_rowid = sqlite3_last_insert_rowid(db_of(t));
  if (shadow_exists(t, e)) {
    err_set(e, ERR_CONFIG,
            "there is already a table \"%s_" SHADOW
            "\", which would keep the columns of \"%s\"",
            t->name, t->name);
  }
  sql_run(db_of(t), e, "keeping the columns",
          "CREATE TABLE \"%w\".\"%w_" SHADOW
          "\"(position INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT "
          "NOT NULL, precision INTEGER, scale INTEGER, max_bytes INTEGER, "
          "nullable INTEGER)",
          t->schema, t->name);
  for (int i = 0; i < t->declared.count; i++) {
    const struct remote_column *c = &t->declared.items[i];
    sql_run(db_of(t), e, "keeping the columns",
            "INSERT INTO \"%w\".\"%w_" SHADOW "\" VALUES(%d,%Q,%Q,%d,%d,%d,%d)",
            t->schema, t->name, i + 1, c->name, remote_type_name(c->type),
            c->precision, c->scale, c->max_bytes, c->nullable);
  }
  sqlite3_set_last_insert_rowid(db_of(t), saved_rowid);
  return e->code;
}

static enum err_code add_column(struct remote_columns *columns,
                                sqlite3_stmt *row, struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)columns->count + 1;
  struct remote_column *items =
      sqlite3_realloc64(columns->items, n * sizeof *items);
  if (!items) return err_nomem(e);
  columns->items = items;
  items[columns->count++] = (struct remote_column){
      .name = copy((const char *)sqlite3_column_text(row, 0), e),
      .type = remote_type_parse((const char *)sqlite3_column_text(row, 1)),
      .precision = sqlite3_column_int(row, 2),
      .scale = sqlite3_column_int(row, 3),
      .max_bytes = sqlite3_column_int(row, 4),
      .nullable = sqlite3_column_int(row, 5)};
  return e->code;
}

static enum err_code shadow_read(struct live_table *t, struct err *e) {
  sqlite3_stmt *stmt;
  if (!shadow_exists(t, e)) {
    return err_set(e, ERR_CONFIG,
                   "the table \"%s_" SHADOW "\", which kept the columns of "
                   "\"%s\", is gone: DROP and CREATE \"%s\" again",
                   t->name, t->name, t->name);
  }
  stmt = sql_prepare_plain(db_of(t), e,
                           "SELECT name, type, precision, scale, max_bytes, "
                           "nullable FROM \"%w\".\"%w_" SHADOW
                           "\" ORDER BY position",
                           t->schema, t->name);
  if (!stmt) return e->code;
  while (!e->code && sqlite3_step(stmt) == SQLITE_ROW) {
    add_column(&t->declared, stmt, e);
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, db_of(t), "reading the columns");
  if (!e->code && t->declared.count == 0) {
    err_set(e, ERR_CONFIG, "the table \"%s_" SHADOW "\" is empty", t->name);
  }
  return e->code;
}

enum err_code columns_drop(struct live_table *t, struct err *e) {
  if (!t->args.source) return ERR_NONE;
  sql_run(db_of(t), e, "dropping the columns",
          "DROP TABLE IF EXISTS \"%w\".\"%w_" SHADOW "\"", t->schema, t->name);
  return e->code;
}

enum err_code columns_rename(struct live_table *t, const char *name,
                             struct err *e) {
  char *new_name = copy(name, e);
  if (t->args.source && shadow_exists(t, e)) {
    sql_run(db_of(t), e, "renaming the columns",
            "ALTER TABLE \"%w\".\"%w_" SHADOW "\" RENAME TO \"%w_" SHADOW "\"",
            t->schema, t->name, name);
  }
  if (e->code) {
    sqlite3_free(new_name);
    return e->code;
  }
  sqlite3_free(t->name);
  t->name = new_name;
  return ERR_NONE;
}

const struct remote_columns *columns_known(const struct live_table *t) {
  int is_fresh = t->known_since == t->pool->n_connects;
  return is_fresh && t->known.count ? &t->known : NULL;
}

enum err_code columns_learn(struct live_table *t, struct link *link,
                            const char *source, const struct mapping *map,
                            struct err *e) {
  remote_columns_clear(&t->known);
  if (reader_describe(&link->reader, source, map, &t->known, e) ||
      reader_find_ansi(&link->reader, source, &t->known, e)) {
    remote_columns_clear(&t->known);
  }
  t->known_since = t->pool->n_connects;
  return e->code;
}

static enum err_code ask_server(struct live_table *t, struct err *e) {
  struct link *link = NULL;
  const char *profile = t->args.profile ? t->args.profile : "default";
  link_follow(t->pool, profile);
  if (link_acquire(&link, t->pool, profile, e)) return e->code;
  if (!columns_learn(t, link, t->args.source, NULL, e)) {
    remote_columns_copy(&t->declared, &t->known, e);
  }
  link_release(link);
  return e->code;
}

/* The type that a column of this kind most likely has, where the server has
** not been asked yet. For EXPLAIN and for costs only. */
static enum remote_type likely_type(const struct mapping_column *c) {
  static const enum remote_type by_kind[KIND_COUNT] = {
      [KIND_RAW] = REMOTE_STRING,      [KIND_INTEGER] = REMOTE_INT,
      [KIND_STRING] = REMOTE_STRING,   [KIND_TEXT] = REMOTE_STRING,
      [KIND_DATE] = REMOTE_DATE,       [KIND_REAL] = REMOTE_FLOAT,
      [KIND_DECIMAL] = REMOTE_DECIMAL, [KIND_DATETIME] = REMOTE_DATETIME2,
      [KIND_TIME] = REMOTE_TIME,       [KIND_BOOLEAN] = REMOTE_BIT,
      [KIND_BLOB] = REMOTE_BINARY,     [KIND_GUID] = REMOTE_GUID};
  enum remote_type known = remote_type_parse(c->source_type);
  return known ? known : by_kind[c->kind];
}

const struct remote_column *columns_where(struct where_column *out,
                                          const struct live_table *t,
                                          const struct match *match, int i) {
  const struct mapping_column *c = &match->map->columns[i];
  const struct remote_column *remote = match_remote(match, i);
  *out = (struct where_column){.source = c->source,
                               .type = likely_type(c),
                               .precision = 38,
                               .scale = 7,
                               .kind = c->kind,
                               .affinity = t->told.affinities[i],
                               .own_order = t->told.own_orders[i] == '1'};
  if (!remote) return NULL;
  out->source = remote->name;
  out->type = remote->type;
  out->precision = remote->type == REMOTE_MONEY        ? 19
                   : remote->type == REMOTE_SMALLMONEY ? 10
                                                       : remote->precision;
  out->scale = remote->scale;
  out->is_ansi = remote->is_ansi;
  return remote;
}

/*
** A sync's column is declared as its target's is, so that comparisons and sort
** orders are those of the table; by its kind where there is no such column. A
** source's is by its type.
*/
static enum err_code look_at(const struct live_table *t,
                             const struct mapping *map, int i,
                             const char **type, const char **collation,
                             struct err *e) {
  const struct mapping_column *c = &map->columns[i];
  int rc = SQLITE_ERROR;
  *type = *collation = NULL;
  if (!t->args.source) {
    rc = sqlite3_table_column_metadata(db_of(t), map->schema, map->target,
                                       c->target, type, collation, NULL, NULL,
                                       NULL);
  }
  if (rc == SQLITE_ERROR) { /* no such column */
    *type = value_kind_decl(c->kind, i < t->declared.count
                                         ? t->declared.items[i].type
                                         : remote_type_parse(c->source_type));
  } else if (rc) {
    err_sqlite(e, db_of(t), "looking at the target");
  }
  if (!*type) *type = "";
  if (!*collation) *collation = "BINARY";
  return e->code;
}

static void told_clear(struct told *told) {
  sqlite3_free(told->declaration);
  sqlite3_free(told->affinities);
  sqlite3_free(told->own_orders);
  sqlite3_free(told->names);
  memset(told, 0, sizeof *told);
}

/* One by which digits and signs sort as their bytes. */
static int is_sqlites(const char *collation) {
  return sqlite3_stricmp(collation, "BINARY") == 0 ||
         sqlite3_stricmp(collation, "NOCASE") == 0 ||
         sqlite3_stricmp(collation, "RTRIM") == 0;
}

/* Never NOT NULL: of such a column SQLite would answer IS NULL by itself, also
** when the server's may be NULL by now. */
static enum err_code describe(struct told *out, const struct live_table *t,
                              const struct mapping *map, struct err *e) {
  sqlite3_str *declaration = sqlite3_str_new(NULL);
  sqlite3_str *affinities = sqlite3_str_new(NULL);
  sqlite3_str *own_orders = sqlite3_str_new(NULL);
  sqlite3_str *names = sqlite3_str_new(NULL);
  for (int i = 0; i < map->n_columns; i++) {
    const char *name = map->columns[i].target, *type, *collation;
    if (look_at(t, map, i, &type, &collation, e)) break;
    sqlite3_str_appendf(declaration, "%s\"%w\" %s COLLATE \"%w\"",
                        i ? ", " : "CREATE TABLE x(", name, type, collation);
    /* ANY is NUMERIC, but stores in a STRICT table what it is given. */
    sqlite3_str_appendchar(affinities, 1,
                           sqlite3_stricmp(type, "ANY") ? where_affinity(type)
                                                        : 'A');
    sqlite3_str_appendchar(own_orders, 1, is_sqlites(collation) ? '0' : '1');
    sqlite3_str_appendf(names, "\"%w\" COLLATE \"%w\",", name, collation);
  }
  sqlite3_str_appendall(declaration, ")");
  out->declaration = sqlite3_str_finish(declaration);
  out->affinities = sqlite3_str_finish(affinities);
  out->own_orders = sqlite3_str_finish(own_orders);
  out->names = sqlite3_str_finish(names);
  if (!out->declaration || !out->affinities || !out->own_orders ||
      !out->names) {
    err_nomem(e);
  }
  return e->code;
}

/* The table keeps the sync's name that it was made with. */
static enum err_code load_sync(struct mapping *map, const struct live_table *t,
                               int creating, struct err *e) {
  if (mapping_load(map, db_of(t), t->args.sync, e) && t->args.sync &&
      !creating && strstr(e->text, "there is no sync")) {
    err_hint(e, "if it was renamed, DROP and CREATE \"%s\" again", t->name);
  }
  return e->code;
}

enum err_code columns_load(struct live_table *t, int creating, struct err *e) {
  if (!t->args.source) {
    load_sync(&t->map, t, creating, e);
  } else if (creating) {
    ask_server(t, e);
    if (!e->code) shadow_write(t, e);
  } else {
    shadow_read(t, e);
  }
  if (!e->code && t->args.source) map_source(t, e);
  return e->code ? e->code : describe(&t->told, t, &t->map, e);
}

void columns_clear(struct live_table *t) {
  told_clear(&t->told);
  mapping_clear(&t->map);
  remote_columns_clear(&t->declared);
  remote_columns_clear(&t->known);
}

enum err_code columns_current(struct live_table *t, struct mapping *fresh,
                              const struct mapping **map, struct err *e) {
  struct told now = {0};
  *map = &t->map;
  if (t->args.source) return ERR_NONE;
  *map = fresh;
  if (!load_sync(fresh, t, 0, e) && !describe(&now, t, fresh, e) &&
      (strcmp(now.affinities, t->told.affinities) != 0 ||
       strcmp(now.names, t->told.names) != 0)) {
    err_set(e, ERR_CONFIG,
            "the columns of sync \"%s\" have changed since this connection "
            "first used the table",
            fresh->sync);
    err_hint(e, "open the database again");
  }
  told_clear(&now);
  return e->code;
}

enum err_code columns_compare(const struct live_table *t,
                              const struct match *now, struct err *e) {
  for (int i = 0; i < t->declared.count && !e->code; i++) {
    const struct remote_column *was = &t->declared.items[i];
    const struct remote_column *is = match_remote(now, i);
    if (!is || is->type == was->type) continue;
    err_set(e, ERR_DATA,
            "column \"%s\" was %s when \"%s\" was created and is %s on the "
            "server now: DROP and CREATE \"%s\" again",
            was->name, remote_type_name(was->type), t->name,
            remote_type_name(is->type), t->name);
  }
  return e->code;
}
