/*
** Carries what has changed in a source into the mapping and the target.
**
** Deciding and doing are apart: compare() lists the changes, each with its
** action in words; apply() does them.
*/
#include "sync/update.h"

#include "base/clock.h"
#include "base/sql.h"
#include "local/caller.h"
#include "local/target.h"
#include "local/txn.h"
#include "source/flags.h"
#include "source/naming.h"
#include "source/reader.h"
#include "sync/diff.h"
#include "sync/lock.h"
#include "sync/manage.h"
#include "sync/part.h"
#include "tsql/can_push.h"

#include <string.h>

enum change_type { CHANGE_NEW, CHANGE_DROPPED, CHANGE_RETYPED };
static const char *const change_names[] = {"new", "dropped", "retyped"};

struct change {
  enum change_type type;
  int position;       /* in the mapping */
  const char *source; /* borrowed of map or has */
  const char *from;   /* the server's types; NULL: none, or not known */
  const char *to;
  enum remote_type remote; /* not of a dropped one */
  enum value_kind kind;    /* from now on; likewise */
  char *target;            /* owned: the local column */
  int is_there;            /* new: the target has it already */
};

struct update {
  sqlite3 *db; /* borrowed */
  struct mapping map;
  struct target target;
  struct profile prof;
  struct interrupt interrupt;
  struct reader reader;
  struct remote_columns has;
  struct change *changes; /* owned */
  int n_changes;
  int apply, drop_columns; /* options */
  char *schema;            /* owned: the target's, which txn borrows */
  struct txn txn;
  struct lock lock;
};

static void forget(struct update *u) {
  for (int i = 0; i < u->n_changes; i++) sqlite3_free(u->changes[i].target);
  sqlite3_free(u->changes);
  u->changes = NULL;
  u->n_changes = 0;
  target_clear(&u->target);
  mapping_clear(&u->map);
}

static void add_change(struct update *u, struct change c, struct err *e) {
  struct change *grown;
  if (!c.target) err_nomem(e);
  grown = e->code
              ? NULL
              : sqlite3_realloc64(
                    u->changes, sizeof c * ((sqlite3_uint64)u->n_changes + 1));
  if (!grown) {
    sqlite3_free(c.target);
    err_nomem(e);
    return;
  }
  u->changes = grown;
  u->changes[u->n_changes++] = c;
}

/* ---- deciding ----------------------------------------------------------- */

static int maps_to(const struct update *u, const char *target) {
  for (int i = 0; i < u->map.n_columns; i++) {
    if (sqlite3_stricmp(u->map.columns[i].target, target) == 0) return 1;
  }
  for (int i = 0; i < u->n_changes; i++) {
    if (sqlite3_stricmp(u->changes[i].target, target) == 0) return 1;
  }
  return 0;
}

/* A column of the target that nothing maps may be one that the source had
** before; where it holds anything, or is kept by us or a key, it is somebody's.
** 0: it is not there, 1: it is free, 2: it is taken. */
static int look_at_target(const struct update *u, const char *name,
                          struct err *e) {
  int state = (int)sql_integer(
      u->db, e,
      "SELECT iif(pk OR hidden OR lower(name) IN ('created_at', 'updated_at'), "
      "2, 1) FROM pragma_table_xinfo(%Q, %Q) WHERE name = %Q COLLATE nocase",
      u->map.target, u->map.schema, name);
  if (state == 1 &&
      sql_integer(u->db, e,
                  "SELECT EXISTS(SELECT 1 FROM %s WHERE \"%w\" NOT NULL)",
                  u->target.qualified, name)) {
    state = 2;
  }
  return state;
}

/* As ordersync_add() names it. */
static void name_column(const struct update *u, struct change *c,
                        struct err *e) {
  for (int n = 1; !e->code; n++) {
    int state;
    sqlite3_free(c->target);
    c->target = naming_target(c->source, c->position, n);
    if (!c->target) break;
    state = maps_to(u, c->target) ? 2 : look_at_target(u, c->target, e);
    c->is_there = state == 1;
    if (state != 2) break;
  }
}

/* The kind was not chosen, it came with the type: int became integer, and as a
** decimal it shall keep its fractions. */
static int is_proposed(const struct mapping_column *m) {
  enum remote_type was = remote_type_parse(m->source_type);
  return was && m->kind == value_kind_default(was);
}

static void compare_mapped(struct update *u, int i, struct err *e) {
  const struct mapping_column *m = &u->map.columns[i];
  int at = match_find(&u->has, m->source);
  const struct remote_column *r = at < 0 ? NULL : &u->has.items[at];
  const char *type = r ? remote_type_name(r->type) : NULL;
  int fits = r && value_kind_accepts(m->kind, r->type);
  struct change c = {.type = r ? CHANGE_RETYPED : CHANGE_DROPPED,
                     .position = m->position,
                     .source = m->source,
                     .from = m->source_type,
                     .to = type,
                     .kind = m->kind};
  /* A mapping made by hand does not know the type; if it fits, all is well. */
  if (fits && (!m->source_type || strcmp(type, m->source_type) == 0)) return;
  if (r) c.remote = r->type;
  if (r && (!fits || is_proposed(m))) c.kind = value_kind_default(r->type);
  c.target = sqlite3_mprintf("%s", m->target);
  add_change(u, c, e);
}

static void compare_remote(struct update *u, int i, int position,
                           struct err *e) {
  const struct remote_column *r = &u->has.items[i];
  struct change c = {.type = CHANGE_NEW,
                     .position = position,
                     .source = r->name,
                     .to = remote_type_name(r->type),
                     .remote = r->type,
                     .kind = value_kind_default(r->type)};
  name_column(u, &c, e);
  add_change(u, c, e);
}

static int is_mapped(const struct update *u, int i) {
  for (int k = 0; k < u->map.n_columns; k++) {
    if (match_find(&u->has, u->map.columns[k].source) == i) return 1;
  }
  return 0;
}

/* Loads the mapping, and lists what differs from what the server has. */
static enum err_code compare(struct update *u, const char *name,
                             struct err *e) {
  int position = 0;
  forget(u);
  if (mapping_load(&u->map, u->db, name, e) ||
      target_open(&u->target, u->db, &u->map, e)) {
    return e->code;
  }
  for (int i = 0; i < u->map.n_columns && !e->code; i++) {
    position = u->map.columns[i].position;
    compare_mapped(u, i, e);
  }
  for (int i = 0; i < u->has.count && !e->code; i++) {
    if (!is_mapped(u, i)) compare_remote(u, i, ++position, e);
  }
  return e->code;
}

/* A column that was made for an int turns '007' into 7: SQLite cannot declare
** it anew, so it is said. at: in the mapping. */
static int may_change(const struct update *u, const struct change *c, int at) {
  const char *decl = u->target.decls[at];
  char has = where_affinity(decl);
  if (u->target.is_strict && sqlite3_stricmp(decl, "ANY") == 0) return 0;
  if (has == 'B' && !u->target.is_strict) return 0;
  return has != where_affinity(value_kind_decl(c->kind, c->remote));
}

static int is_word(char c) {
  const char text[] = {c, 0};
  return (c & 0x80) || sqlite3_strglob("[_0-9A-Za-z]", text) == 0;
}

/* Whether some T-SQL of the sync seems to name the column. */
static int names(const char *sql, const char *column) {
  size_t n = strlen(column);
  for (const char *at = sql; at && *at; at++) {
    if (sqlite3_strnicmp(at, column, (int)n) == 0 && !is_word(at[n]) &&
        (at == sql || !is_word(at[-1]))) {
      return 1;
    }
  }
  return 0;
}

/* A watermark must be one still. */
static int spoils_watermark(const struct update *u, const struct change *c,
                            int at) {
  int has = match_find(&u->has, c->source);
  if (!mapping_has_mark(&u->map) || at != mapping_watermark(&u->map)) return 0;
  return has < 0 || !mark_accepts(&u->has.items[has]);
}

/* What else the sync uses a column for that is dropped or retyped: "apply"
** refuses it where check_result() does, the server where T-SQL names it. */
static const char *other_use(const struct update *u, const struct change *c) {
  const struct mapping *m = &u->map;
  int at = 0, is_dropped = c->type == CHANGE_DROPPED;
  if (c->type == CHANGE_NEW) return "";
  while (at < m->n_columns && m->columns[at].position != c->position) at++;
  if (at == m->n_columns) return "";
  if (spoils_watermark(u, c, at)) {
    return "; \"apply\" refuses that while it is the sync's watermark";
  }
  if (is_dropped && mapping_is_key(m, at)) {
    return "; \"apply\" refuses that while it is in the sync's key";
  }
  if (is_dropped && names(m->filter, c->source)) {
    return "; the sync's filter names it";
  }
  return is_dropped && names(m->probe, c->source)
             ? "; the sync's probe names it"
             : "";
}

static char *action_retyped(const struct update *u, const struct change *c,
                            int at) {
  const char *was = value_kind_name(u->map.columns[at].kind);
  const char *kind = value_kind_name(c->kind);
  if (!may_change(u, c, at)) {
    return sqlite3_mprintf("fill \"%s\" by kind %s, no longer %s%s", c->target,
                           kind, was, other_use(u, c));
  }
  return sqlite3_mprintf("fill \"%s\" by kind %s, no longer %s; it stays "
                         "declared %s, which may change or refuse values%s",
                         c->target, kind, was, u->target.decls[at],
                         other_use(u, c));
}

static char *action(const struct update *u, const struct change *c) {
  const char *kind = value_kind_name(c->kind);
  if (c->type == CHANGE_NEW) {
    return sqlite3_mprintf("%s column \"%s\", kind %s",
                           c->is_there ? "fill the empty" : "add the",
                           c->target, kind);
  }
  if (c->type == CHANGE_DROPPED) {
    return sqlite3_mprintf("no longer fill \"%s\", and %s it%s", c->target,
                           u->drop_columns ? "drop" : "keep", other_use(u, c));
  }
  for (int i = 0; i < u->map.n_columns; i++) {
    const struct mapping_column *m = &u->map.columns[i];
    if (m->position == c->position && m->kind != c->kind) {
      return action_retyped(u, c, i);
    }
  }
  return sqlite3_mprintf("go on to fill \"%s\" by kind %s%s", c->target, kind,
                         other_use(u, c));
}

static char *to_json(const struct update *u, struct err *e) {
  sqlite3_str *sql = sqlite3_str_new(NULL);
  sqlite3_stmt *stmt;
  char *json = NULL;
  sqlite3_str_appendall(
      sql, "WITH change(name, type, was, now, action) AS (VALUES(1, 2, 3, 4, "
           "5)");
  for (int i = 0; i < u->n_changes && !e->code; i++) {
    const struct change *c = &u->changes[i];
    char *text = action(u, c);
    if (!text) err_nomem(e);
    sqlite3_str_appendf(sql, ", (%Q, %Q, %Q, %Q, %Q)", c->source,
                        change_names[c->type], c->from, c->to, text);
    sqlite3_free(text);
  }
  sqlite3_str_appendall(
      sql, ") SELECT json_group_array(json_object('column', name, 'change', "
           "type, 'from', was, 'to', now, 'action', action)) FROM (SELECT "
           "name, type, was, now, action FROM change LIMIT -1 OFFSET 1)");
  stmt = sql_prepare_str(u->db, sql, e);
  if (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
    json = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 0));
    if (!json) err_nomem(e);
  }
  if (sqlite3_finalize(stmt)) err_sqlite(e, u->db, "listing the changes");
  if (!e->code) return json;
  sqlite3_free(json);
  return NULL;
}

/* ---- doing -------------------------------------------------------------- */

static const char changing[] = "changing the mapping and the target";

static void add_column(struct update *u, const struct change *c,
                       struct err *e) {
  const char *decl = value_kind_decl(c->kind, c->remote);
  if (u->target.is_strict && !*decl) decl = "ANY";
  sql_run(u->db, e, changing, "ALTER TABLE %s ADD COLUMN \"%w\" %s",
          u->target.qualified, c->target, decl);
}

static void apply_one(struct update *u, const struct change *c, struct err *e) {
  const char *sync = u->map.sync, *kind = value_kind_name(c->kind);
  if (c->type == CHANGE_NEW) {
    if (!c->is_there) add_column(u, c, e);
    sql_run(u->db, e, changing,
            "INSERT INTO main.ordersync_columns(sync, position, source_column, "
            "target_column, kind, source_type) VALUES(%Q, %d, %Q, %Q, %Q, %Q)",
            sync, c->position, c->source, c->target, kind, c->to);
  } else if (c->type == CHANGE_DROPPED) {
    sql_run(u->db, e, changing,
            "DELETE FROM main.ordersync_columns WHERE sync=%Q AND position=%d",
            sync, c->position);
    if (!u->drop_columns) return;
    sql_run(u->db, e, changing, "ALTER TABLE %s DROP COLUMN \"%w\"",
            u->target.qualified, c->target);
    err_hint(e, "drop what needs it first, or leave out drop_columns");
    manage_written(sqlite3_table_column_metadata(
                       u->db, u->map.schema, u->map.target, c->target, NULL,
                       NULL, NULL, NULL, NULL) != SQLITE_OK,
                   e);
  } else {
    sql_run(u->db, e, changing,
            "UPDATE main.ordersync_columns SET source_type=%Q, kind=%Q WHERE "
            "sync=%Q AND position=%d",
            c->to, kind, sync, c->position);
    manage_written(sql_integer(u->db, e,
                               "SELECT source_type IS %Q AND kind IS %Q FROM "
                               "main.ordersync_columns WHERE sync=%Q AND "
                               "position=%d",
                               c->to, kind, sync, c->position),
                   e);
  }
}

/* Another sync would miss what is dropped. */
static enum err_code check_rivals(struct update *u, struct err *e) {
  char *rivals = u->drop_columns ? mapping_rivals(&u->map, u->db, e) : NULL;
  if (rivals) {
    err_set(e, ERR_CONFIG,
            "\"%s\" is also the target of sync %s, so its columns cannot be "
            "dropped",
            u->map.target, rivals);
    err_hint(e, "leave out drop_columns");
  }
  sqlite3_free(rivals);
  return e->code;
}

/* What is left must work: the columns of the key or the watermark may be gone,
** or all. */
static enum err_code check_result(struct update *u, struct err *e) {
  int n_columns = u->map.n_columns;
  struct mapping map = {0};
  struct target target = {0};
  struct match match = {0};
  for (int i = 0; i < u->n_changes; i++) {
    n_columns += u->changes[i].type == CHANGE_NEW;
    n_columns -= u->changes[i].type == CHANGE_DROPPED;
  }
  if (!manage_check_written(u->db, u->map.sync, 1, n_columns, e) &&
      !mapping_load(&map, u->db, u->map.sync, e) &&
      !target_open(&target, u->db, &map, e) && !match_init(&match, &map, e) &&
      !match_source(&match, &u->has, e)) {
    diff_check_key(&map, e);
    state_check(&map, &target, u->db, e);
    if (!e->code && mapping_has_mark(&map)) {
      part_check_column(&map, match_remote(&match, mapping_watermark(&map)), e);
    }
    err_hint(e, "let the sync's key, or watermark, be another first");
  }
  match_clear(&match);
  target_clear(&target);
  mapping_clear(&map);
  return e->code;
}

/* The list is made anew once nobody else can write: what was shown may be
** done. */
static enum err_code apply(struct update *u, const char *name, struct err *e) {
  u->schema = sqlite3_mprintf("%s", u->map.schema);
  if (!u->schema) return err_nomem(e);
  if (txn_prepare(&u->txn, u->db, u->schema, u->map.target, &u->interrupt,
                  clock_now_ms() + TXN_WAIT_MS, e) ||
      txn_begin(&u->txn, e)) {
    return e->code;
  }
  txn_lock(&u->txn, "main", "ordersync_columns", e);
  txn_guard(&u->txn);
  if (!e->code) compare(u, name, e);
  if (!e->code) check_rivals(u, e);
  for (int i = 0; i < u->n_changes && !e->code; i++) {
    if (txn_go_on(&u->txn, e)) break;
    apply_one(u, &u->changes[i], e);
    err_prefix(e, "column \"%s\"", u->changes[i].source);
  }
  return e->code ? e->code : check_result(u, e);
}

static enum err_code prepare(struct update *u, const char *name,
                             const char *options, struct err *e) {
  const struct flag flags[] = {{"apply", &u->apply},
                               {"drop_columns", &u->drop_columns}};
  if (caller_check_pragma(u->db, e) ||
      flags_read(flags, 2, u->db, options, e) ||
      mapping_load(&u->map, u->db, name, e) ||
      target_open(&u->target, u->db, &u->map, e)) {
    return e->code;
  }
  if (u->apply &&
      (caller_check(u->db, u->map.schema, e) ||
       caller_check_readers(u->db, u->map.schema, u->map.target, e))) {
    return e->code;
  }
  if (interrupt_open(&u->interrupt, u->db, e) ||
      (u->apply && manage_lock(u->db, u->map.sync, &u->lock, e))) {
    return e->code;
  }
  return profile_load(&u->prof, u->map.profile, e);
}

static enum err_code ask(struct update *u, struct err *e) {
  u->reader = (struct reader){
      .profile = &u->prof, .interrupt = &u->interrupt, .use = MSSQL_LIVE};
  reader_describe(&u->reader, u->map.source, &u->map, &u->has, e);
  reader_close(&u->reader);
  return e->code;
}

char *update_sync(sqlite3 *db, const char *name, const char *options,
                  struct err *e) {
  struct update u = {.db = db};
  sqlite3_int64 saved_rowid = sqlite3_last_insert_rowid(db);
  char *json = NULL, *sync = NULL;
  if (e->code || prepare(&u, name, options, e)) goto done;
  sync = sqlite3_mprintf("%s", u.map.sync);
  if (!sync) err_nomem(e);
  if (e->code || ask(&u, e) || compare(&u, sync, e)) goto done;
  if (u.apply && u.n_changes > 0) apply(&u, sync, e);
  json = to_json(&u, e);
  if (u.txn.db) txn_commit(&u.txn, e);
done:
  if (sync || name) err_prefix(e, "sync \"%s\"", sync ? sync : name);
  txn_clear(&u.txn);
  lock_release(&u.lock);
  forget(&u);
  remote_columns_clear(&u.has);
  interrupt_close(&u.interrupt);
  profile_clear(&u.prof);
  sqlite3_free(sync);
  sqlite3_free(u.schema);
  sqlite3_set_last_insert_rowid(db, saved_rowid);
  if (!e->code) return json;
  sqlite3_free(json);
  return NULL;
}
