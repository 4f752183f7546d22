/* Sources of rows: a table of the fixture, rows in memory, a derived table.
** join.c has the joins. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine.h"

/* ---- a table of the fixture ---- */

struct scan {
  struct source base;
  struct engine *en;
  struct table *table;
  sqlite3_stmt *stmt; /* owned while open */
  unsigned *at;       /* which columns the statement reads, in order */
  unsigned at_count;
  struct arena row;
};

static bool fixture_error(struct engine *en) {
  return sqlerr_set(en->e, 50000, 16, 1, "The fixture's SQLite says: %s",
                    sqlite3_errmsg(en->s->sq));
}

static bool scan_open(struct source *src) {
  struct scan *sc = (struct scan *)src;
  const struct server *srv = sc->en->s->srv;
  sqlite3_str *sql = sqlite3_str_new(sc->en->s->sq);
  char *text;
  int rc;
  if (sc->en->s->isolation == ISO_SNAPSHOT && !srv->snapshot &&
      sc->table->name[0] != '#') {
    sqlite3_str_reset(sql);
    (void)sqlite3_str_finish(sql);
    return sqlerr_set(sc->en->e, 3952, 16, 1,
                      "Snapshot isolation transaction failed accessing "
                      "database '%s' because snapshot isolation is not allowed "
                      "in this database. Use ALTER DATABASE to allow snapshot "
                      "isolation.",
                      srv->database);
  }
  sc->at_count = 0;
  sqlite3_str_appendall(sql, "SELECT ");
  for (unsigned i = 0; i < src->n; i++) {
    if (!src->cols[i].used) continue;
    sqlite3_str_appendf(sql, "%s\"%w\"", sc->at_count ? "," : "",
                        sc->table->cols[i].name);
    sc->at[sc->at_count++] = i;
  }
  sqlite3_str_appendf(sql, "%s FROM \"%w\"", sc->at_count ? "" : "1",
                      sc->table->sqlite_name);
  text = sqlite3_str_finish(sql);
  if (sc->stmt) sqlite3_finalize(sc->stmt);
  rc = sqlite3_prepare_v2(sc->en->s->sq, text, -1, &sc->stmt, NULL);
  sqlite3_free(text);
  return rc == SQLITE_OK || fixture_error(sc->en);
}

static int scan_next(struct source *src, struct value *row) {
  struct scan *sc = (struct scan *)src;
  int rc = sqlite3_step(sc->stmt);
  if (rc == SQLITE_DONE) return 0;
  if (rc != SQLITE_ROW) {
    fixture_error(sc->en);
    return -1;
  }
  arena_reset(&sc->row);
  for (unsigned k = 0; k < sc->at_count; k++) {
    unsigned i = sc->at[k];
    if (!value_load(&row[i], sc->stmt, (int)k, &src->cols[i].type, &sc->row,
                    sc->en->e))
      return -1;
  }
  return 1;
}

static void scan_close(struct source *src) {
  struct scan *sc = (struct scan *)src;
  sqlite3_finalize(sc->stmt);
  sc->stmt = NULL;
  arena_clear(&sc->row);
}

static const char *full_name(struct engine *en, const struct object_name *n) {
  const char *name = n->part[0];
  for (int i = 1, last = n->part[3]   ? 3
                         : n->part[2] ? 2
                         : n->part[1] ? 1
                                      : 0;
       i <= last; i++)
    name = arena_format(en->a, "%s.%s", n->part[i] ? n->part[i] : "", name);
  return name;
}

/* A four-part name: only this server itself is known. */
static bool linked_server(struct engine *en, const struct object_name *name) {
  if (!name->part[3] || strcasecmp(name->part[3], SERVER_NAME) == 0)
    return false;
  bind_error(en, name->line, 7202, 11, 2,
             "Could not find server '%s' in sys.servers. Verify that the "
             "correct server name was specified. If necessary, execute the "
             "stored procedure sp_addlinkedserver to add the server to "
             "sys.servers.",
             name->part[3]);
  return true;
}

static struct source *name_bind(struct engine *en, struct table_ref *ref) {
  struct table *t;
  struct scan *sc;
  struct source *sys;
  if (linked_server(en, &ref->name)) return NULL;
  sys = sysview_bind(en, &ref->name);
  if (sys) {
    for (unsigned i = 0; i < sys->n; i++)
      sys->cols[i].qualifier = ref->alias ? ref->alias : ref->name.part[0];
    return sys;
  }
  t = catalog_table(en, &ref->name);
  if (!t) {
    en->deferred = true;
    bind_error(en, ref->name.line, 208, 16, 1, "Invalid object name '%s'.",
               full_name(en, &ref->name));
    return NULL;
  }
  if (catalog_denied(en, t->name) || catalog_denied(en, ref->name.part[0])) {
    en->deferred = true;
    bind_error(en, ref->name.line, 229, 14, 5,
               "The SELECT permission was denied on the object '%s', database "
               "'%s', schema '%s'.",
               t->name, en->s->srv->database, t->schema);
    return NULL;
  }
  sc = arena_alloc(en->a, sizeof *sc);
  sc->en = en;
  sc->table = t;
  sc->at = arena_alloc(en->a, (t->n + 1) * sizeof *sc->at);
  sc->base.n = t->n;
  sc->base.cols = arena_dup(en->a, t->cols, t->n * sizeof *t->cols);
  for (unsigned i = 0; i < t->n; i++) {
    sc->base.cols[i].qualifier = ref->alias ? ref->alias : ref->name.part[0];
    sc->base.cols[i].table = t->name;
    sc->base.cols[i].schema = t->schema;
    sc->base.cols[i].from_table = true;
    sc->base.cols[i].denied = catalog_denied_column(en, t, t->cols[i].name);
  }
  sc->base.open = scan_open;
  sc->base.next = scan_next;
  sc->base.close = scan_close;
  return &sc->base;
}

/* ---- rows in memory ---- */

struct memory {
  struct source base;
  struct engine *en;
  unsigned which;
  const struct rows *(*later)(struct engine *, unsigned which); /* or NULL */
  struct rows rows;
  size_t at;
};

static bool memory_open(struct source *src) {
  struct memory *m = (struct memory *)src;
  if (m->later) m->rows = *m->later(m->en, m->which);
  m->at = 0;
  return true;
}

static int memory_next(struct source *src, struct value *row) {
  struct memory *m = (struct memory *)src;
  if (m->at == m->rows.count) return 0;
  memcpy(row, m->rows.values + m->at++ * src->n, src->n * sizeof *row);
  return 1;
}

static const struct value *memory_all(struct source *src, size_t *count) {
  struct memory *m = (struct memory *)src;
  (void)memory_open(src);
  *count = m->rows.count;
  return m->rows.values;
}

static void memory_close(struct source *src) {
  (void)src;
}

struct source *source_rows(struct engine *en, struct source_column *cols,
                           unsigned n, struct value *rows, size_t count) {
  struct memory *m = arena_alloc(en->a, sizeof *m);
  m->base.cols = cols;
  m->base.n = n;
  m->base.open = memory_open;
  m->base.next = memory_next;
  m->base.close = memory_close;
  m->base.all = memory_all;
  m->base.fixed = true;
  m->rows = (struct rows){rows, count};
  return &m->base;
}

struct source *source_later(struct engine *en, struct source_column *cols,
                            unsigned n, unsigned which,
                            const struct rows *(*rows)(struct engine *,
                                                       unsigned which)) {
  struct source *src = source_rows(en, cols, n, NULL, 0);
  struct memory *m = (struct memory *)src;
  m->en = en;
  m->which = which;
  m->later = rows;
  return src;
}

/* The columns of a derived table have names, each its own. */
static void check_columns(struct engine *en, const struct table_ref *ref,
                          const struct source_column *cols, unsigned n) {
  if (ref->column_count && ref->column_count != n)
    bind_error(en, ref->line, ref->column_count < n ? 8158 : 8159, 16, 1,
               "'%s' has %s columns than were specified in the column list.",
               ref->alias, ref->column_count < n ? "more" : "fewer");
  for (unsigned i = 0; i < n; i++) {
    if (!*cols[i].name)
      bind_error(en, ref->line, 8155, 16, 2,
                 "No column name was specified for column %u of '%s'.", i + 1,
                 ref->alias);
    for (unsigned k = 0; k < i && *cols[i].name; k++)
      if (text_equal_name(cols[k].name, cols[i].name, en->s->srv->coll)) {
        bind_error(en, ref->line, 8156, 16, 1,
                   "The column '%s' was specified multiple times for '%s'.",
                   cols[i].name, ref->alias);
        break;
      }
  }
}

/* (VALUES (1, 'a'), (2, 'b')) AS v(x, y): the expressions are constant. */
static struct source *values_bind(struct engine *en, struct table_ref *ref,
                                  struct scope *outer) {
  unsigned w = ref->width, rows = w ? ref->argc / w : 0;
  struct source_column *cols = arena_alloc(en->a, (w + 1) * sizeof *cols);
  struct value *values = arena_alloc(en->a, (ref->argc + 1) * sizeof *values);
  struct eval ev = {en, en->a};
  struct sqlerr *saved = en->e, e = {0};
  for (unsigned i = 0; i < ref->argc; i++)
    if (!bind_expr(en, outer, ref->arg[i])) return NULL;
  for (unsigned c = 0; c < w; c++) {
    struct type t = ref->arg[c]->type;
    for (unsigned r = 1; r < rows; r++)
      t = type_merge(&t, &ref->arg[r * w + c]->type);
    if (t.id == T_NONE) t = type_of(T_INT);
    cols[c].type = t;
    cols[c].name = c < ref->column_count ? ref->columns[c] : "";
    cols[c].qualifier = ref->alias;
  }
  check_columns(en, ref, cols, w);
  en->e = &e;
  for (unsigned i = 0; i < ref->argc; i++) {
    struct value v = {0};
    if (!eval_expr(&ev, ref->arg[i], &v) ||
        !convert(&values[i], &v, &cols[i % w].type, -1, &en->s->fmt, en->a,
                 &e)) {
      bind_error(en, ref->line, e.number, e.severity, e.state, "%s", e.text);
      break;
    }
  }
  en->e = saved;
  return source_rows(en, cols, w, values, rows);
}

/* ---- a derived table ---- */

struct derived {
  struct source base;
  struct query *q;
};

static bool derived_open(struct source *src) {
  return query_open(((struct derived *)src)->q);
}

static int derived_next(struct source *src, struct value *row) {
  return query_next(((struct derived *)src)->q, row);
}

static void derived_close(struct source *src) {
  query_close(((struct derived *)src)->q);
}

static struct source *derived_bind(struct engine *en, struct table_ref *ref,
                                   struct scope *outer) {
  struct derived *d = arena_alloc(en->a, sizeof *d);
  const struct column *cols;
  d->q = query_bind(en, ref->query, outer);
  if (!d->q) return NULL;
  d->base.query = d->q;
  cols = query_columns(d->q, &d->base.n);
  d->base.cols = arena_alloc(en->a, (d->base.n + 1) * sizeof *d->base.cols);
  for (unsigned i = 0; i < d->base.n; i++) {
    struct source_column *c = &d->base.cols[i];
    c->name = i < ref->column_count ? ref->columns[i] : cols[i].name;
    c->qualifier = ref->alias;
    c->table = cols[i].table;
    c->index = cols[i].index;
    c->from_table = cols[i].from_table;
    c->type = cols[i].type;
  }
  check_columns(en, ref, d->base.cols, d->base.n);
  d->base.open = derived_open;
  d->base.next = derived_next;
  d->base.close = derived_close;
  return &d->base;
}

/* ---- functions that return tables ---- */

static struct source *function_bind(struct engine *en, struct table_ref *ref,
                                    struct scope *outer) {
  const char *name = ref->name.part[0];
  struct eval ev = {en, en->a};
  struct value v[3] = {value_null(T_NVARCHAR), value_null(T_NVARCHAR),
                       value_null(T_INT)};
  struct source *src;
  if (strcasecmp(name, "dm_exec_describe_first_result_set") != 0 ||
      ref->argc != 3) {
    bind_error(en, ref->line, 208, 16, 1, "Invalid object name '%s'.",
               full_name(en, &ref->name));
    en->deferred = true;
    return NULL;
  }
  for (unsigned i = 0; i < 3; i++)
    if (!bind_expr(en, outer, ref->arg[i]) ||
        !eval_expr(&ev, ref->arg[i], &v[i]))
      return NULL;
  src = describe_source(
      en, v[0].null ? NULL : arena_text(en->a, v[0].u.s.p, v[0].u.s.n),
      v[1].null ? NULL : arena_text(en->a, v[1].u.s.p, v[1].u.s.n),
      !v[2].null && v[2].u.i == 1, false);
  for (unsigned i = 0; src && i < src->n; i++)
    src->cols[i].qualifier = ref->alias ? ref->alias : name;
  return src;
}

struct source *source_bind(struct engine *en, struct table_ref *ref,
                           struct scope *outer) {
  switch (ref->kind) {
  case TR_NAME:
    return name_bind(en, ref);
  case TR_DERIVED:
    return derived_bind(en, ref, outer);
  case TR_VALUES:
    return values_bind(en, ref, outer);
  case TR_JOIN:
    return join_bind(en, ref, outer);
  default:
    return function_bind(en, ref, outer);
  }
}
