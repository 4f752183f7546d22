/*
** One SELECT: sent, checked, read row by row.
**
** What the server sends is never trusted to have the columns that were asked
** for: number, names and types are compared with what the source was known to
** have, and if they differ the source is asked once more. A cell is converted
** when SQLite asks for it, straight from the wire.
*/
#include "live/local.h"

#include <stdlib.h>
#include <string.h>

enum err_code scan_init(struct scan *s, struct live_table *table,
                        const struct mapping *map, struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)map->n_columns;
  memset(s, 0, sizeof *s);
  s->table = table;
  s->map = map;
  s->top = -1;
  s->remote_index = sqlite3_malloc64(n * sizeof *s->remote_index);
  s->positions = sqlite3_malloc64(n * sizeof *s->positions);
  s->is_variant = sqlite3_malloc64(n);
  if (!s->remote_index || !s->positions || !s->is_variant) err_nomem(e);
  return e->code;
}

void scan_end(struct scan *s) {
  link_release(s->link);
  s->link = NULL;
  sqlite3_free(s->sql_all);
  sqlite3_free(s->seen);
  s->sql_all = NULL;
  s->seen = NULL;
  s->n_seen = s->n_skip = 0;
  s->top = -1;
  s->row = 0;
}

void scan_clear(struct scan *s) {
  scan_end(s);
  remote_columns_clear(&s->remote);
  sqlite3_free(s->remote_index);
  sqlite3_free(s->positions);
  sqlite3_free(s->is_variant);
  value_scratch_clear(&s->scratch);
  memset(s, 0, sizeof *s);
}

/* ---- columns ----------------------------------------------------------- */

static const struct remote_column *remote_of(const struct scan *s, int column) {
  int at = s->remote_index[column];
  return at < 0 ? NULL : &s->remote.items[at];
}

/* The plan has ORDER BY from what was known then. */
static enum err_code check_order(const struct scan *s, const struct plan *plan,
                                 struct err *e) {
  for (int i = 0; i < plan->n_orders; i++) {
    int column = plan->orders[i].column;
    const struct remote_column *remote = NULL;
    struct where_column w;
    if (column >= 0 && column < s->map->n_columns) {
      remote = remote_of(s, column);
      plan_column(&w, s->map, column, remote);
    }
    if (remote && tsql_sorts_alike(&w)) continue;
    return err_set(e, ERR_DATA,
                   "the server cannot sort any more as this statement was "
                   "planned: prepare it again");
  }
  return ERR_NONE;
}

/* Fits what the source has to the mapping, the table and the plan. */
static enum err_code fit(struct scan *s, const struct plan *plan,
                         const struct remote_columns *known, struct err *e) {
  /* A copy: a new connection makes the pool forget. */
  remote_columns_clear(&s->remote);
  if (remote_columns_copy(&s->remote, known, e)) return e->code;
  if (mapping_match(s->map, &s->remote, s->remote_index, e)) {
    if (s->table->args.source) {
      err_reset(e);
      err_set(e, ERR_DATA,
              "the source has lost a column since \"%s\" was created: DROP and "
              "CREATE \"%s\" again",
              s->table->name, s->table->name);
    }
    return e->code;
  }
  if (columns_compare(s->table, &s->remote, s->remote_index, e)) {
    return e->code;
  }
  return check_order(s, plan, e);
}

enum err_code scan_describe(struct scan *s, const struct plan *plan,
                            struct err *e) {
  struct pool *pool = s->table->pool;
  const char *profile = s->map->profile, *source = s->map->source;
  const struct remote_columns *known = pool_known(pool, profile, source);
  if (known && !fit(s, plan, known, e)) return ERR_NONE;
  if (known) {
    /* Perhaps it did not fit because it is old. */
    err_reset(e);
    pool_forget(pool, profile, source);
  }
  if (!s->link && link_acquire(&s->link, pool, profile, e)) return e->code;
  known = link_describe(s->link, source, e);
  return known ? fit(s, plan, known, e) : e->code;
}

/* 1 when the result has the columns that were asked for, in this order. */
static int is_as_known(const struct scan *s) {
  const struct remote_columns *got = mssql_columns(s->link->remote);
  int n = 0;
  for (int i = 0; i < s->map->n_columns; i++) {
    const struct remote_column *known = remote_of(s, i);
    const struct remote_column *has;
    if (s->positions[i] < 0) continue;
    if (!known || s->positions[i] >= got->count) return 0;
    has = &got->items[s->positions[i]];
    n++;
    if (!known || strcmp(has->name, known->name) != 0) return 0;
    if (known->type == REMOTE_VARIANT) continue;
    if (has->type != known->type || has->scale != known->scale ||
        has->precision != known->precision) {
      return 0;
    }
  }
  return got->count == (n ? n : 1);
}

/* ---- asking ------------------------------------------------------------ */

static char *select_text(struct scan *s, const struct plan *plan,
                         const char *where, sqlite3_int64 top, struct err *e) {
  struct tsql_column *columns =
      sqlite3_malloc64((sqlite3_uint64)s->map->n_columns * sizeof *columns);
  struct live_select select = {.source = s->map->source,
                               .filter = s->map->filter,
                               .columns = columns,
                               .where = where,
                               .top = top};
  char *order = plan_order_text(plan, s->map, &s->remote, s->remote_index, e);
  char *sql = NULL;
  select.order = order;
  if (!columns) {
    err_nomem(e);
  } else if (!e->code) {
    select.n_columns = plan_select_columns(
        plan, s->map, &s->remote, s->remote_index, columns, s->positions);
    for (int i = 0; i < s->map->n_columns; i++) {
      const struct remote_column *remote = remote_of(s, i);
      s->is_variant[i] = remote && remote->type == REMOTE_VARIANT;
    }
    sql = tsql_live(&select, e);
  }
  sqlite3_free(columns);
  sqlite3_free(order);
  return sql;
}

static enum err_code scan_send(struct scan *s, const char *sql, int *changed,
                               struct err *e) {
  if (link_query(s->link, sql, e)) {
    *changed = e->server_number == 207; /* invalid column name */
  } else if (!is_as_known(s)) {
    mssql_cancel(s->link->remote);
    *changed = 1;
    err_set(e, ERR_DATA,
            "the columns of the source have changed while it was read");
  }
  if (*changed) pool_forget(s->table->pool, s->map->profile, s->map->source);
  return e->code;
}

/* The server will not run this text, though the source is there: an older
** version, a collation it lacks, a type it cannot compare. */
static int refuses_text(const struct err *e) {
  return e->code == ERR_REMOTE && !e->transient && e->server_severity <= 16 &&
         e->server_number != 207 && /* invalid column name */
         e->server_number != 208 && /* invalid object name */
         e->server_number != 229 && /* no permission on the object */
         e->server_number != 230;   /* no permission on a column */
}

enum err_code scan_start(struct scan *s, const struct plan *plan,
                         const char *where, sqlite3_int64 top, int *changed,
                         struct err *e) {
  char *sql = select_text(s, plan, where, top, e);
  *changed = 0;
  if (sql && top >= 0) s->sql_all = select_text(s, plan, where, -1, e);
  s->top = top;
  s->row = 0;
  s->n_seen = s->n_skip = 0;
  if (!e->code && !s->link) {
    link_acquire(&s->link, s->table->pool, s->map->profile, e);
  }
  if (!e->code) scan_send(s, sql, changed, e);
  sqlite3_free(sql);
  /* The conditions are a courtesy: SQLite checks every row itself. */
  if ((where || top >= 0) && refuses_text(e) && mssql_alive(s->link->remote)) {
    err_reset(e);
    return scan_start(s, plan, NULL, -1, changed, e);
  }
  return e->code;
}

/* ---- rows -------------------------------------------------------------- */

sqlite3_uint64 cell_hash(sqlite3_uint64 h, const struct cell *cell) {
  const char *at = NULL;
  sqlite3_uint64 word = 0;
  size_t n = 0;
  if (cell->type == SQLITE_INTEGER) memcpy(&word, &cell->integer, sizeof word);
  if (cell->type == SQLITE_FLOAT) memcpy(&word, &cell->real, sizeof word);
  if (cell->type == SQLITE_TEXT || cell->type == SQLITE_BLOB) {
    at = cell->bytes;
    n = (size_t)cell->n_bytes;
    word = n;
  }
  h = (h ^ word ^ (sqlite3_uint64)cell->type) * 0x9e3779b97f4a7c15ULL;
  h ^= h >> 32;
  while (n > 0) {
    size_t part = n < sizeof word ? n : sizeof word;
    word = 0;
    memcpy(&word, at, part);
    at += part;
    n -= part;
    h = (h ^ word) * 0xbf58476d1ce4e5b9ULL;
    h ^= h >> 29;
  }
  return h;
}

static sqlite3_uint64 row_hash(struct scan *s, struct err *e) {
  sqlite3_uint64 h = CELL_HASH_START;
  struct cell cell;
  for (int i = 0; i < s->map->n_columns && !e->code; i++) {
    if (s->positions[i] < 0) continue;
    if (!scan_cell(s, i, &cell, e)) h = cell_hash(h, &cell);
  }
  return h;
}

static int by_value(const void *a, const void *b) {
  sqlite3_uint64 x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return x < y ? -1 : x > y;
}

static enum err_code note_seen(struct scan *s, struct err *e) {
  sqlite3_uint64 *grown;
  if ((s->n_seen & (s->n_seen - 1)) == 0) { /* full at 0, 1, 2, 4, ... */
    sqlite3_uint64 room = s->n_seen ? 2 * (sqlite3_uint64)s->n_seen : 1;
    grown = sqlite3_realloc64(s->seen, room * sizeof *grown);
    if (!grown) return err_nomem(e);
    s->seen = grown;
  }
  s->seen[s->n_seen] = row_hash(s, e);
  s->n_seen++;
  return e->code;
}

/* Takes the row's hash out of those that SQLite has seen; 0: it is not among
** them. Rows that are alike are one as good as the other. */
static int was_seen(struct scan *s, struct err *e) {
  sqlite3_uint64 h = row_hash(s, e);
  sqlite3_uint64 *at;
  if (e->code) return 0;
  at = bsearch(&h, s->seen, (size_t)s->n_seen, sizeof h, by_value);
  if (!at) return 0;
  memmove(at, at + 1, (size_t)(s->seen + s->n_seen - (at + 1)) * sizeof *at);
  s->n_seen--;
  s->n_skip--;
  return 1;
}

/* TOP cut the rows off, and SQLite wants more. */
static enum err_code ask_for_all(struct scan *s, struct err *e) {
  int changed = 0;
  s->top = -1;
  s->n_skip = s->n_seen;
  if (s->n_seen) qsort(s->seen, (size_t)s->n_seen, sizeof *s->seen, by_value);
  return scan_send(s, s->sql_all, &changed, e);
}

enum err_code scan_step(struct scan *s, int *has_row, struct err *e) {
  for (;;) {
    if (mssql_next(s->link->remote, has_row, e)) return e->code;
    if (*has_row) {
      s->row++;
      if (s->n_skip > 0 && was_seen(s, e)) continue;
      if (s->top >= 0) note_seen(s, e);
      return e->code;
    }
    if (s->top < 0 || s->row < s->top) break;
    if (ask_for_all(s, e)) return e->code;
  }
  scan_end(s);
  return ERR_NONE;
}

/* ---- cells ------------------------------------------------------------- */

enum err_code scan_cell(struct scan *s, int i, struct cell *cell,
                        struct err *e) {
  const struct mapping_column *column = &s->map->columns[i];
  struct value value;
  cell->type = SQLITE_NULL;
  if (s->positions[i] < 0) return ERR_NONE;
  mssql_value(s->link->remote, s->positions[i], &value);
  if (value_check_text(&value, e) ||
      (s->is_variant[i] && value_unpack(&value, &s->scratch, e))) {
    err_prefix(e, "column \"%s\" (row %lld)", column->source, s->row);
    return e->code;
  }
  if (!value_convert(&value, column->kind, cell) &&
      s->map->on_bad_value == BAD_VALUE_ERROR) {
    char text[64];
    value_describe(&value, text, sizeof text);
    err_set(e, ERR_DATA, "column \"%s\" (row %lld): %s cannot become %s",
            column->source, s->row, text, value_kind_name(column->kind));
  }
  /* A table keeps no negative zero. */
  if (cell->type == SQLITE_FLOAT && cell->real == 0) cell->real = 0;
  return e->code;
}
