/*
** A scan: the plan and the values become T-SQL, its rows become cells.
**
** What the server sends is never trusted to have the columns that were asked
** for: their number and types are compared with what the source was known to
** have, and if they differ the source is asked once more. A cell is converted
** when SQLite asks for it, straight from the wire.
*/
#include "vtab_local.h"

#include <stdint.h>
#include <string.h>

/* How many right sides an IN list may have before it is not pushed. */
#define LIST_VALUES 20000

struct live_cursor {
  sqlite3_vtab_cursor base;
  struct mapping fresh;      /* of a sync; loaded at open */
  const struct mapping *map; /* fresh, or the table's */
  struct link *link;         /* owned while rows are being read */
  int eof;
  sqlite3_int64 row; /* from 1 */

  /* Of the present scan. */
  struct plan plan;
  struct remote_columns remote; /* what the source has */
  int *remote_index;            /* owned: per column of the mapping */
  int *positions;               /* owned: its place in the result */
  unsigned char *is_variant;    /* owned */
  unsigned char *scratch;       /* owned: where a sql_variant is unpacked */
  int n_scratch;
};

static struct live_table *table_of(const struct live_cursor *c) {
  return (struct live_table *)c->base.pVtab;
}

static int fail(struct live_cursor *c, struct err *e) {
  const struct live_table *t = table_of(c);
  if (t->args.source)
    err_prefix(e, "%s", t->name);
  else if (c->map && c->map->sync)
    err_prefix(e, "sync \"%s\"", c->map->sync);
  link_release(c->link);
  c->link = NULL;
  c->eof = 1;
  return err_vtab(e, &c->base.pVtab->zErrMsg);
}

/* ---- open and close ---------------------------------------------------- */

static void cursor_free(struct live_cursor *c) {
  link_release(c->link);
  mapping_clear(&c->fresh);
  remote_columns_clear(&c->remote);
  sqlite3_free(c->remote_index);
  sqlite3_free(c->positions);
  sqlite3_free(c->is_variant);
  sqlite3_free(c->scratch);
  sqlite3_free(c);
}

static enum err_code allocate(struct live_cursor *c, struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)c->map->n_columns;
  c->remote_index = sqlite3_malloc64(n * sizeof *c->remote_index);
  c->positions = sqlite3_malloc64(n * sizeof *c->positions);
  c->is_variant = sqlite3_malloc64(n);
  if (!c->remote_index || !c->positions || !c->is_variant) err_nomem(e);
  return e->code;
}

int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out) {
  struct live_table *t = (struct live_table *)base;
  struct live_cursor *c = sqlite3_malloc64(sizeof *c);
  struct err e = {0};
  if (!c) return SQLITE_NOMEM;
  memset(c, 0, sizeof *c);
  c->eof = 1;
  if (columns_current(t, &c->fresh, &c->map, &e) || allocate(c, &e)) {
    cursor_free(c);
    return err_vtab(&e, &base->zErrMsg);
  }
  *out = &c->base;
  return SQLITE_OK;
}

int cursor_close(sqlite3_vtab_cursor *base) {
  cursor_free((struct live_cursor *)base);
  return SQLITE_OK;
}

/* ---- the right sides --------------------------------------------------- */

struct values {
  struct cell *items; /* owned; their bytes are SQLite's */
  int n;
  int too_many;
};

static enum err_code add_value(struct values *v, sqlite3_value *right,
                               const struct where_column *column,
                               struct err *e) {
  if (sqlite3_value_type(right) == SQLITE_NULL) return ERR_NONE;
  if (v->n == LIST_VALUES) {
    v->too_many = 1;
    return ERR_NONE;
  }
  if ((v->n & (v->n - 1)) == 0) { /* full at 0, 1, 2, 4, 8, ... */
    sqlite3_uint64 room = v->n ? 2 * (sqlite3_uint64)v->n : 1;
    struct cell *items = sqlite3_realloc64(v->items, room * sizeof *items);
    if (!items) return err_nomem(e);
    v->items = items;
  }
  plan_value(&v->items[v->n], right, column);
  v->n++;
  return ERR_NONE;
}

static int same_value(const struct cell *a, const struct cell *b) {
  if (a->type != b->type) return 0;
  if (a->type == SQLITE_INTEGER) return a->integer == b->integer;
  if (a->type == SQLITE_FLOAT) return a->real == b->real;
  return a->n_bytes == b->n_bytes &&
         (a->n_bytes == 0 ||
          memcmp(a->bytes, b->bytes, (size_t)a->n_bytes) == 0);
}

/* Text of one list item must outlive the next: it is copied. */
static enum err_code own_bytes(struct cell *v, struct err *e) {
  char *bytes;
  if (v->type != SQLITE_TEXT && v->type != SQLITE_BLOB) return ERR_NONE;
  bytes = sqlite3_malloc64((sqlite3_uint64)v->n_bytes + 1);
  if (!bytes) {
    v->type = SQLITE_NULL;
    return err_nomem(e);
  }
  if (v->n_bytes) memcpy(bytes, v->bytes, (size_t)v->n_bytes);
  v->bytes = bytes;
  return ERR_NONE;
}

static void values_clear(struct values *v) {
  for (int i = 0; i < v->n; i++) {
    if (v->items[i].type == SQLITE_TEXT || v->items[i].type == SQLITE_BLOB) {
      char *bytes;
      memcpy(&bytes, &v->items[i].bytes, sizeof bytes); /* drops const */
      sqlite3_free(bytes);
    }
  }
  sqlite3_free(v->items);
}

/* One right side, or a list's. None at the end: the condition is never true. */
static enum err_code read_values(struct values *v, const struct plan_term *term,
                                 sqlite3_value *argument,
                                 const struct where_column *column,
                                 struct err *e) {
  sqlite3_value *item = NULL;
  int rc;
  if (!term->is_list) {
    add_value(v, argument, column, e);
    if (v->n) own_bytes(&v->items[0], e);
    return e->code;
  }
  for (rc = sqlite3_vtab_in_first(argument, &item);
       rc == SQLITE_OK && item && !e->code && !v->too_many;
       rc = sqlite3_vtab_in_next(argument, &item)) {
    int n = v->n;
    if (add_value(v, item, column, e) || v->n == n) continue;
    if (n > 0 && same_value(&v->items[n - 1], &v->items[n]))
      v->n = n; /* items come sorted */
    else
      own_bytes(&v->items[n], e);
  }
  if (rc == SQLITE_NOMEM) err_nomem(e);
  if (rc != SQLITE_OK && rc != SQLITE_DONE && !e->code) {
    err_set(e, ERR_LOCAL, "cannot read the values of IN");
  }
  return e->code;
}

/* ---- T-SQL ------------------------------------------------------------- */

/* What a scan asks for beside the columns. */
struct request {
  sqlite3_str *where;
  int inexact; /* some condition is wider than SQLite's, or not there */
  int never;   /* no row can match */
};

static const struct remote_column *remote_of(const struct live_cursor *c,
                                             int column) {
  int at = c->remote_index[column];
  return at < 0 ? NULL : &c->remote.items[at];
}

static enum err_code add_condition(struct live_cursor *c, struct request *r,
                                   const struct plan_term *term,
                                   sqlite3_value *argument, struct err *e) {
  struct where_column column;
  struct values v = {0};
  int is_test = term->op == WHERE_ISNULL || term->op == WHERE_NOTNULL;
  const struct remote_column *remote = remote_of(c, term->column);
  enum where_result result = WHERE_SKIP;
  sqlite3_str *out = sqlite3_str_new(NULL);
  char *text;
  plan_column(&column, c->map, term->column, remote);
  if (!is_test) read_values(&v, term, argument, &column, e);
  if (!e->code && !is_test && v.n == 0) r->never = 1;
  if (!e->code && !r->never && remote && !v.too_many) {
    result = deparse_where(out, &column, term->op, v.items, v.n, e);
  }
  if (result != WHERE_EXACT || !term->is_scalar) r->inexact = 1;
  text = sqlite3_str_finish(out);
  if (text && result != WHERE_SKIP) {
    sqlite3_str_appendf(r->where, "%s%s",
                        sqlite3_str_length(r->where) ? " AND " : "", text);
  }
  sqlite3_free(text);
  values_clear(&v);
  return e->code;
}

static enum err_code conditions(struct live_cursor *c, struct request *r,
                                int argc, sqlite3_value **argv, struct err *e) {
  for (int i = 0; i < c->plan.n_terms && i < argc && !e->code; i++) {
    add_condition(c, r, &c->plan.terms[i], argv[i], e);
  }
  return e->code;
}

/* LIMIT + OFFSET where every condition is exact; else -1. */
static sqlite3_int64 top_of(const struct live_cursor *c,
                            const struct request *r, int argc,
                            sqlite3_value **argv) {
  sqlite3_int64 limit, offset = 0;
  int at = c->plan.n_terms;
  if (!c->plan.has_limit || r->inexact || at >= argc) return -1;
  limit = sqlite3_value_int64(argv[at]);
  if (c->plan.has_offset && at + 1 < argc) {
    offset = sqlite3_value_int64(argv[at + 1]);
  }
  if (limit < 0) return -1;
  if (offset < 0) offset = 0;
  return limit > INT32_MAX - offset ? -1 : limit + offset;
}

static char *select_text(struct live_cursor *c, const char *where,
                         sqlite3_int64 top, struct err *e) {
  struct deparse_column *columns =
      sqlite3_malloc64((sqlite3_uint64)c->map->n_columns * sizeof *columns);
  struct live_select s = {.source = c->map->source,
                          .filter = c->map->filter,
                          .columns = columns,
                          .where = where,
                          .top = top};
  char *order =
      plan_order_text(&c->plan, c->map, &c->remote, c->remote_index, e);
  char *sql = NULL;
  s.order = order;
  if (!columns) {
    err_nomem(e);
  } else if (!e->code) {
    s.n_columns = plan_select_columns(&c->plan, c->map, &c->remote,
                                      c->remote_index, columns, c->positions);
    for (int i = 0; i < c->map->n_columns; i++) {
      const struct remote_column *remote = remote_of(c, i);
      c->is_variant[i] = remote && remote->type == REMOTE_VARIANT;
    }
    sql = deparse_live(&s, e);
  }
  sqlite3_free(columns);
  sqlite3_free(order);
  return sql;
}

/* ---- asking ------------------------------------------------------------ */

/* The plan has ORDER BY from what was known then. */
static enum err_code check_order(const struct live_cursor *c, struct err *e) {
  for (int i = 0; i < c->plan.n_orders; i++) {
    int column = c->plan.orders[i].column;
    const struct remote_column *remote = remote_of(c, column);
    struct where_column w;
    plan_column(&w, c->map, column, remote);
    if (remote && deparse_sorts_alike(&w)) continue;
    return err_set(e, ERR_DATA,
                   "column \"%s\" has another type on the server now: prepare "
                   "the statement again",
                   c->map->columns[column].source);
  }
  return ERR_NONE;
}

static enum err_code describe(struct live_cursor *c, struct err *e) {
  const struct remote_columns *known;
  if (!c->link && link_acquire(&c->link, table_of(c)->pool, c->map->profile, e))
    return e->code;
  known = link_describe(c->link, c->map->source, e);
  if (!known) return e->code;
  /* A copy: a new connection makes the pool forget. */
  remote_columns_clear(&c->remote);
  if (remote_columns_copy(&c->remote, known, e)) return e->code;
  if (mapping_match(c->map, &c->remote, c->remote_index, e)) return e->code;
  if (columns_compare(table_of(c), &c->remote, c->remote_index, e)) {
    return e->code;
  }
  return check_order(c, e);
}

/* 1 when the result has the columns that were asked for, in this order. */
static int is_as_known(const struct live_cursor *c) {
  const struct remote_columns *got = mssql_columns(c->link->remote);
  int n = 0;
  for (int i = 0; i < c->map->n_columns; i++) {
    const struct remote_column *known = remote_of(c, i);
    const struct remote_column *has;
    if (c->positions[i] < 0) continue;
    if (c->positions[i] >= got->count) return 0;
    has = &got->items[c->positions[i]];
    n++;
    if (strcmp(has->name, known->name) != 0) return 0;
    if (known->type == REMOTE_VARIANT) continue;
    if (has->type != known->type || has->scale != known->scale ||
        has->precision != known->precision) {
      return 0;
    }
  }
  return got->count == (n ? n : 1);
}

/* Asks once. *changed: the source is not what it was known to be. */
static enum err_code ask(struct live_cursor *c, int argc, sqlite3_value **argv,
                         int *changed, struct err *e) {
  struct request r = {0};
  char *where = NULL, *sql = NULL;
  *changed = 0;
  if (describe(c, e)) return e->code;
  r.where = sqlite3_str_new(NULL);
  conditions(c, &r, argc, argv, e);
  where = sqlite3_str_finish(r.where);
  if (e->code || r.never) goto done;
  sql = select_text(c, where, top_of(c, &r, argc, argv), e);
  if (!sql) goto done;
  c->eof = 0;
  if (link_query(c->link, sql, e)) {
    /* 207: invalid column name; 208: invalid object name */
    *changed = e->server_number == 207;
  } else if (!is_as_known(c)) {
    mssql_cancel(c->link->remote);
    *changed = 1;
    err_set(e, ERR_DATA, "the columns of the source have changed");
  }
done:
  sqlite3_free(where);
  sqlite3_free(sql);
  return e->code;
}

/* A comparison with NULL is never true: no need to ask anybody. */
static int compares_null(const struct plan *plan, int argc,
                         sqlite3_value **argv) {
  for (int i = 0; i < plan->n_terms && i < argc; i++) {
    const struct plan_term *t = &plan->terms[i];
    if (t->op == WHERE_ISNULL || t->op == WHERE_NOTNULL || t->is_list) continue;
    if (sqlite3_value_type(argv[i]) == SQLITE_NULL) return 1;
  }
  return 0;
}

static enum err_code start(struct live_cursor *c, int argc,
                           sqlite3_value **argv, struct err *e) {
  int changed = 0;
  if (compares_null(&c->plan, argc, argv)) return ERR_NONE;
  ask(c, argc, argv, &changed, e);
  if (changed && mssql_alive(c->link->remote)) {
    err_reset(e);
    pool_forget(table_of(c)->pool, c->map->profile, c->map->source);
    ask(c, argc, argv, &changed, e);
  }
  return e->code;
}

static enum err_code step(struct live_cursor *c, struct err *e) {
  int has_row = 0;
  if (c->eof) return ERR_NONE;
  if (mssql_next(c->link->remote, &has_row, e)) return e->code;
  c->row++;
  if (!has_row) {
    c->eof = 1;
    /* Another cursor of this statement may use it. */
    link_release(c->link);
    c->link = NULL;
  }
  return ERR_NONE;
}

int cursor_filter(sqlite3_vtab_cursor *base, int number, const char *string,
                  int argc, sqlite3_value **argv) {
  struct live_cursor *c = (struct live_cursor *)base;
  struct err e = {0};
  (void)number;
  c->eof = 1;
  c->row = 0;
  if (c->link && c->link->remote) mssql_cancel(c->link->remote);
  if (!plan_decode(&c->plan, string)) {
    err_set(&e, ERR_MISUSE, "the plan is not one of ours");
  } else if (!start(c, argc, argv, &e)) {
    step(c, &e);
  }
  if (e.code) return fail(c, &e);
  if (c->eof) {
    link_release(c->link);
    c->link = NULL;
  }
  return SQLITE_OK;
}

int cursor_next(sqlite3_vtab_cursor *base) {
  struct live_cursor *c = (struct live_cursor *)base;
  struct err e = {0};
  return step(c, &e) ? fail(c, &e) : SQLITE_OK;
}

int cursor_eof(sqlite3_vtab_cursor *base) {
  return ((struct live_cursor *)base)->eof;
}

/* ---- cells ------------------------------------------------------------- */

static enum err_code unpack_variant(struct live_cursor *c, struct value *value,
                                    struct err *e) {
  struct value text = *value;
  int need = text.n_bytes > VALUE_SCRATCH ? text.n_bytes : VALUE_SCRATCH;
  if (text.type != VALUE_TEXT) return ERR_NONE;
  if (c->n_scratch < need) {
    unsigned char *grown = sqlite3_realloc64(c->scratch, (sqlite3_uint64)need);
    if (!grown) return err_nomem(e);
    c->scratch = grown;
    c->n_scratch = need;
  }
  if (!value_from_variant(&text, c->scratch, value)) *value = text;
  return ERR_NONE;
}

/* What SQLite gets for column i of the present row. */
static enum err_code read_cell(struct live_cursor *c, int i, struct cell *cell,
                               struct err *e) {
  const struct mapping_column *column = &c->map->columns[i];
  struct value value;
  cell->type = SQLITE_NULL;
  if (c->positions[i] < 0) return ERR_NONE;
  mssql_value(c->link->remote, c->positions[i], &value);
  if (c->is_variant[i] && unpack_variant(c, &value, e)) return e->code;
  if (!value_convert(&value, column->kind, cell) &&
      c->map->on_bad_value == BAD_VALUE_ERROR) {
    char text[64];
    value_describe(&value, text, sizeof text);
    err_set(e, ERR_DATA, "column \"%s\" (row %lld): %s cannot become %s",
            column->source, c->row, text, value_kind_name(column->kind));
  }
  return e->code;
}

int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i) {
  struct live_cursor *c = (struct live_cursor *)base;
  struct err e = {0};
  struct cell cell;
  if (c->eof) return SQLITE_OK;
  if (read_cell(c, i, &cell, &e)) return fail(c, &e);
  cell_result(context, &cell);
  return SQLITE_OK;
}

/* ---- rowids ------------------------------------------------------------ */

static sqlite3_uint64 mix(sqlite3_uint64 h, const void *bytes, size_t n) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < n; i++) {
    h ^= at[i];
    h *= 0x100000001b3ULL;
    h ^= h >> 29;
  }
  return h;
}

/*
** SQLite uses rowids when it answers an OR by one scan a branch, to tell
** whether a later branch finds a row again. There is no key that could be
** one: it is made of the row's content. The branches read the same columns,
** and rows that are alike are found by the same branches, every one of them.
** Within a branch SQLite does not compare rowids, so that rows that are alike
** all survive.
*/
int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  struct live_cursor *c = (struct live_cursor *)base;
  struct err e = {0};
  sqlite3_uint64 h = 0xcbf29ce484222325ULL;
  struct cell cell;
  for (int i = 0; !c->eof && i < c->map->n_columns; i++) {
    if (c->positions[i] < 0) continue;
    if (read_cell(c, i, &cell, &e)) return fail(c, &e);
    h = mix(h, &cell.type, sizeof cell.type);
    if (cell.type == SQLITE_INTEGER) {
      h = mix(h, &cell.integer, sizeof cell.integer);
    } else if (cell.type == SQLITE_FLOAT) {
      h = mix(h, &cell.real, sizeof cell.real);
    } else if (cell.type != SQLITE_NULL) {
      h = mix(h, &cell.n_bytes, sizeof cell.n_bytes);
      h = mix(h, cell.bytes, (size_t)cell.n_bytes);
    }
  }
  *rowid = (sqlite3_int64)h;
  return SQLITE_OK;
}
