/* INSERT, UPDATE, DELETE, CREATE TABLE and DROP: plain forms, for clients
** that want to make their own fixtures. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine.h"

static bool says(struct engine *en) {
  return sqlerr_set(en->e, 50000, 16, 1, "The fixture's SQLite says: %s",
                    sqlite3_errmsg(en->s->sq));
}

static char *shown(struct engine *en, const struct object_name *n) {
  return arena_format(en->a, "%s%s%s", n->part[1] ? n->part[1] : "",
                      n->part[1] ? "." : "", n->part[0]);
}

static struct table *target(struct engine *en, const struct object_name *n) {
  struct table *t = catalog_table(en, n);
  en->s->volatile_answer = true;
  if (!t)
    sqlerr_set(en->e, 208, 16, 1, "Invalid object name '%s'.", shown(en, n));
  return t;
}

static int column_at(struct engine *en, const struct table *t,
                     const char *name) {
  for (unsigned i = 0; i < t->n; i++)
    if (text_equal_name(t->cols[i].name, name, en->s->srv->coll)) return (int)i;
  sqlerr_set(en->e, 207, 16, 1, "Invalid column name '%s'.", name);
  return -1;
}

static bool not_null(struct engine *en, const struct table *t, unsigned col,
                     const struct value *v) {
  if (!v->null || !t->cols[col].type.notnull) return true;
  return sqlerr_set(en->e, 515, 16, 2,
                    "Cannot insert the value NULL into column '%s', table "
                    "'%s.%s.%s'; column does not allow nulls. The statement "
                    "fails.",
                    t->cols[col].name, en->s->db, t->schema, t->name);
}

static bool put_row(struct engine *en, const struct table *t, const int *at,
                    unsigned n, const struct value *row, sqlite3_stmt *stmt) {
  sqlite3_reset(stmt);
  for (unsigned i = 0; i < n; i++) {
    const struct type *type = &t->cols[at[i]].type;
    struct value v;
    if (!convert(&v, &row[i], type, -1, &en->s->fmt, en->a, en->e))
      return false;
    if (!not_null(en, t, (unsigned)at[i], &v)) return false;
    value_bind(stmt, (int)i + 1, &v);
  }
  return sqlite3_step(stmt) == SQLITE_DONE || says(en);
}

static bool insert_rows(struct engine *en, struct stmt *st,
                        const struct table *t, const int *at, unsigned n,
                        sqlite3_stmt *stmt, int64_t *rows) {
  struct value *row = arena_alloc(en->a, (n + 1) * sizeof *row);
  struct eval ev = {en, en->a};
  if (st->select) {
    struct query *q = query_bind(en, st->select, NULL);
    unsigned cols;
    int got;
    if (!q) return false;
    (void)query_columns(q, &cols);
    if (cols != n)
      return sqlerr_set(en->e, 213, 16, 1,
                        "Column name or number of supplied values does not "
                        "match table definition.");
    if (!query_open(q)) return false;
    while ((got = query_next(q, row)) == 1) {
      if (!put_row(en, t, at, n, row, stmt)) {
        got = -1;
        break;
      }
      ++*rows;
    }
    query_free(q);
    return got == 0;
  }
  if (n == 0 || st->row_count % n)
    return sqlerr_set(en->e, 213, 16, 1,
                      "Column name or number of supplied values does not match "
                      "table definition.");
  for (unsigned i = 0; i < st->row_count; i++) {
    if (!bind_expr(en, NULL, st->rows[i]) || en->error_count ||
        !eval_expr(&ev, st->rows[i], &row[i % n]))
      return false;
    if (i % n == n - 1) {
      if (!put_row(en, t, at, n, row, stmt)) return false;
      ++*rows;
    }
  }
  return true;
}

bool exec_insert(struct engine *en, struct stmt *st, int64_t *rows) {
  struct table *t = target(en, &st->object);
  unsigned n;
  int *at;
  sqlite3_str *sql;
  char *text;
  sqlite3_stmt *stmt = NULL;
  bool ok;
  if (!t) return false;
  n = st->column_count ? st->column_count : t->n;
  at = arena_alloc(en->a, (n + 1) * sizeof *at);
  sql = sqlite3_str_new(en->s->sq);
  sqlite3_str_appendf(sql, "INSERT INTO \"%w\"(", t->sqlite_name);
  for (unsigned i = 0; i < n; i++) {
    at[i] = st->column_count ? column_at(en, t, st->columns[i]) : (int)i;
    if (at[i] < 0) {
      sqlite3_free(sqlite3_str_finish(sql));
      return false;
    }
    sqlite3_str_appendf(sql, "%s\"%w\"", i ? "," : "", t->cols[at[i]].name);
  }
  sqlite3_str_appendall(sql, ") VALUES (?");
  for (unsigned i = 1; i < n; i++) sqlite3_str_appendall(sql, ",?");
  sqlite3_str_appendall(sql, ")");
  text = sqlite3_str_finish(sql);
  ok = sqlite3_prepare_v2(en->s->sq, text, -1, &stmt, NULL) == SQLITE_OK;
  sqlite3_free(text);
  if (!ok) return says(en);
  sqlite3_exec(en->s->sq, "SAVEPOINT one_insert", NULL, NULL, NULL);
  ok = insert_rows(en, st, t, at, n, stmt, rows);
  sqlite3_finalize(stmt);
  if (!ok) sqlite3_exec(en->s->sq, "ROLLBACK TO one_insert", NULL, NULL, NULL);
  sqlite3_exec(en->s->sq, "RELEASE one_insert", NULL, NULL, NULL);
  return ok;
}

/* Rows to be changed: their rowids, and what the columns `at` get. */
struct changes {
  const int *at;
  struct changed_row {
    int64_t rowid;
    struct value *set;
  } * rows;
  size_t count, cap;
};

/* The row in the scope, whose rowid this is. */
static bool add_change(struct eval *ev, struct stmt *st, struct table *t,
                       struct changes *c, int64_t rowid) {
  struct engine *en = ev->en;
  struct value *set = arena_alloc(en->a, (st->list_count + 1) * sizeof *set);
  if (c->count == c->cap) {
    c->cap = c->cap ? 2 * c->cap : 64;
    c->rows = mem_grow(c->rows, c->cap * sizeof *c->rows);
  }
  c->rows[c->count++] = (struct changed_row){rowid, set};
  for (unsigned i = 0; i < st->list_count; i++) {
    struct value v;
    if (!eval_expr(ev, st->list[i].e, &v) ||
        !convert(&set[i], &v, &t->cols[c->at[i]].type, -1, &en->s->fmt, ev->a,
                 en->e) ||
        !not_null(en, t, (unsigned)c->at[i], &set[i]))
      return false;
    value_copy(&set[i], en->a);
  }
  return true;
}

/* The rows that WHERE lets through. */
static bool find_changes(struct engine *en, struct stmt *st, struct table *t,
                         sqlite3_stmt *scan, struct changes *c) {
  struct arena row_arena = {0};
  struct eval ev = {en, &row_arena};
  struct value *row = arena_alloc(en->a, (t->n + 1) * sizeof *row);
  struct scope scope = {t->cols, t->n, row, NULL};
  bool ok = true;
  if (st->where && !bind_condition(en, &scope, st->where)) return false;
  for (unsigned i = 0; i < st->list_count; i++)
    if (!bind_expr(en, &scope, st->list[i].e)) return false;
  if (en->error_count) return false;
  while (ok && sqlite3_step(scan) == SQLITE_ROW) {
    int yes = 1;
    arena_reset(&row_arena);
    for (unsigned i = 0; i < t->n && ok; i++)
      ok = value_load(&row[i], scan, (int)i + 1, &t->cols[i].type, &row_arena,
                      en->e);
    if (ok && st->where) yes = eval_condition(&ev, st->where);
    ok = ok && yes != -2;
    if (ok && yes == 1)
      ok = add_change(&ev, st, t, c, sqlite3_column_int64(scan, 0));
  }
  arena_clear(&row_arena);
  return ok;
}

/* One statement a row that was found: what is changed cannot change what is
** found. */
static bool write_changes(struct engine *en, const struct stmt *st,
                          const struct changes *c, sqlite3_stmt *write,
                          int64_t *rows) {
  for (size_t k = 0; k < c->count; k++) {
    sqlite3_reset(write);
    for (unsigned i = 0; i < st->list_count; i++)
      value_bind(write, (int)i + 2, &c->rows[k].set[i]);
    sqlite3_bind_int64(write, 1, c->rows[k].rowid);
    ++*rows;
    if (sqlite3_step(write) != SQLITE_DONE && !says(en)) return false;
  }
  return true;
}

bool exec_update(struct engine *en, struct stmt *st, int64_t *rows) {
  struct table *t = target(en, &st->object);
  sqlite3_str *read, *write;
  char *read_sql, *write_sql;
  sqlite3_stmt *scan = NULL, *put = NULL;
  struct changes changes = {0};
  int *at;
  bool ok = true;
  if (!t) return false;
  changes.at = at = arena_alloc(en->a, (st->list_count + 1) * sizeof *at);
  for (unsigned i = 0; i < st->list_count; i++)
    if ((at[i] = column_at(en, t, st->list[i].name)) < 0) return false;
  read = sqlite3_str_new(en->s->sq);
  write = sqlite3_str_new(en->s->sq);
  sqlite3_str_appendall(read, "SELECT rowid");
  for (unsigned i = 0; i < t->n; i++)
    sqlite3_str_appendf(read, ",\"%w\"", t->cols[i].name);
  sqlite3_str_appendf(read, " FROM \"%w\"", t->sqlite_name);
  if (st->kind == S_UPDATE) {
    sqlite3_str_appendf(write, "UPDATE \"%w\" SET ", t->sqlite_name);
    for (unsigned i = 0; i < st->list_count; i++)
      sqlite3_str_appendf(write, "%s\"%w\"=?%u", i ? "," : "",
                          t->cols[at[i]].name, i + 2);
  } else {
    sqlite3_str_appendf(write, "DELETE FROM \"%w\"", t->sqlite_name);
  }
  sqlite3_str_appendall(write, " WHERE rowid=?1");
  read_sql = sqlite3_str_finish(read);
  write_sql = sqlite3_str_finish(write);
  ok = sqlite3_prepare_v2(en->s->sq, read_sql, -1, &scan, NULL) == SQLITE_OK &&
       sqlite3_prepare_v2(en->s->sq, write_sql, -1, &put, NULL) == SQLITE_OK;
  sqlite3_free(read_sql);
  sqlite3_free(write_sql);
  if (!ok) says(en);
  sqlite3_exec(en->s->sq, "SAVEPOINT one_change", NULL, NULL, NULL);
  ok = ok && find_changes(en, st, t, scan, &changes) &&
       write_changes(en, st, &changes, put, rows);
  free(changes.rows);
  sqlite3_finalize(scan);
  sqlite3_finalize(put);
  if (!ok) sqlite3_exec(en->s->sq, "ROLLBACK TO one_change", NULL, NULL, NULL);
  sqlite3_exec(en->s->sq, "RELEASE one_change", NULL, NULL, NULL);
  return ok;
}

bool exec_create(struct engine *en, struct stmt *st) {
  const struct object_name *n = &st->object;
  bool temp = n->part[0][0] == '#';
  sqlite3_str *sql = sqlite3_str_new(en->s->sq);
  char *text;
  bool ok;
  en->s->volatile_answer = true;
  if (catalog_table(en, n)) {
    sqlite3_free(sqlite3_str_finish(sql));
    return sqlerr_set(en->e, 2714, 16, 6,
                      "There is already an object named '%s' in the database.",
                      n->part[0]);
  }
  sqlite3_str_appendf(
      sql, "CREATE %s TABLE \"%w%s%w\"(", temp ? "TEMP" : "",
      n->part[1] && strcasecmp(n->part[1], "dbo") != 0 ? n->part[1] : "",
      n->part[1] && strcasecmp(n->part[1], "dbo") != 0 ? "." : "", n->part[0]);
  for (unsigned i = 0; i < st->list_count; i++) {
    const struct type *t = &st->list[i].type;
    /* a quoted type keeps its COLLATE, and "text" keeps its digits */
    sqlite3_str_appendf(
        sql, "%s\"%w\" \"%w%s%w%s\"%s", i ? "," : "", st->list[i].name,
        type_text(t, en->a),
        type_is_string(t->id) && t->id != T_XML ? " COLLATE " : "",
        type_is_string(t->id) && t->id != T_XML ? collation_name(t->coll) : "",
        type_is_exact(t->id) || t->id == T_VARIANT || t->id == T_XML ? " text"
                                                                     : "",
        t->notnull ? " NOT NULL" : "");
  }
  sqlite3_str_appendall(sql, ")");
  text = sqlite3_str_finish(sql);
  ok = sqlite3_exec(en->s->sq, text, NULL, NULL, NULL) == SQLITE_OK;
  sqlite3_free(text);
  return ok || says(en);
}

bool exec_drop(struct engine *en, struct stmt *st) {
  struct table *t = catalog_table(en, &st->object);
  char *text;
  bool ok;
  en->s->volatile_answer = true;
  if (!t && st->if_exists) return true;
  if (!t)
    return sqlerr_set(en->e, 3701, 11, 5,
                      "Cannot drop the table '%s', because it does not exist "
                      "or you do not have permission.",
                      shown(en, &st->object));
  text = sqlite3_mprintf("DROP %s \"%w\"", t->is_view ? "VIEW" : "TABLE",
                         t->sqlite_name);
  ok = sqlite3_exec(en->s->sq, text, NULL, NULL, NULL) == SQLITE_OK;
  sqlite3_free(text);
  return ok || says(en);
}
