/*
** From the values that xFilter gets to the conditions in T-SQL.
**
**   SELECT * FROM ordersync WHERE plant IN (SELECT plant FROM here);
*/
#include "live/request.h"

#include <string.h>

/* How many right sides an IN list may have before it is not pushed. */
#define LIST_VALUES 20000

char *plan_order_text(const struct plan *plan, const struct match *match,
                      struct err *e) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  for (int i = 0; i < plan->n_orders; i++) {
    int c = plan->orders[i].column, again = 0;
    const struct remote_column *remote = match_remote(match, c);
    /* SQL Server refuses a column that comes twice (169). */
    for (int j = 0; j < i; j++) again |= plan->orders[j].column == c;
    if (again) continue;
    if (i) sqlite3_str_appendall(out, ", ");
    tsql_identifier(out, remote ? remote->name : match->map->columns[c].source,
                    e);
    if (plan->orders[i].descending) sqlite3_str_appendall(out, " DESC");
  }
  if (sqlite3_str_errcode(out)) err_nomem(e); /* not: in any order */
  return sqlite3_str_finish(out);
}

/* A text that looks like a number becomes one where the column's does. */
static void apply_affinity(sqlite3_value *right, char affinity) {
  if (strchr("AIRN", affinity)) (void)sqlite3_value_numeric_type(right);
}

static void read_value(struct cell *v, sqlite3_value *right) {
  memset(v, 0, sizeof *v);
  v->type = sqlite3_value_type(right);
  if (v->type == SQLITE_INTEGER) {
    v->integer = sqlite3_value_int64(right);
  } else if (v->type == SQLITE_FLOAT) {
    v->real = sqlite3_value_double(right);
  } else if (v->type != SQLITE_NULL) {
    v->bytes = v->type == SQLITE_TEXT ? (const char *)sqlite3_value_text(right)
                                      : sqlite3_value_blob(right);
    v->n_bytes = sqlite3_value_bytes(right);
  }
}

void plan_value(struct cell *v, sqlite3_value *right, char affinity) {
  apply_affinity(right, affinity);
  read_value(v, right);
}

/* The right sides of one condition, without NULL. */
struct values {
  struct cell *cells;   /* owned; with the bytes of */
  sqlite3_value **dups; /* owned, as is each: a list's item must outlive the
                        ** next */
  int n;
  int too_many;
};

static void values_clear(struct values *v) {
  for (int i = 0; i < v->n; i++) sqlite3_value_free(v->dups[i]);
  sqlite3_free(v->dups);
  sqlite3_free(v->cells);
}

static enum err_code add_value(struct values *v, sqlite3_value *right,
                               char affinity, struct err *e) {
  sqlite3_value *dup;
  struct cell *cell;
  if (v->n == LIST_VALUES) v->too_many = 1;
  if (v->too_many) return ERR_NONE;
  if ((v->n & (v->n - 1)) == 0) { /* full at 0, 1, 2, 4, 8, ... */
    sqlite3_uint64 room = v->n ? 2 * (sqlite3_uint64)v->n : 1;
    struct cell *cells = sqlite3_realloc64(v->cells, room * sizeof *cells);
    sqlite3_value **dups = sqlite3_realloc64(v->dups, room * sizeof(void *));
    if (cells) v->cells = cells;
    if (dups) v->dups = dups;
    if (!cells || !dups) return err_nomem(e);
  }
  apply_affinity(right, affinity); /* needs its connection: a copy has none */
  dup = sqlite3_value_dup(right);
  if (!dup) return err_nomem(e);
  cell = &v->cells[v->n];
  v->dups[v->n++] = dup;
  read_value(cell, dup);
  /* SQLite has no bytes of a text that it had no memory to convert. */
  if (!cell->bytes && (cell->n_bytes || cell->type == SQLITE_TEXT)) {
    return err_nomem(e);
  }
  return ERR_NONE;
}

/* One right side, or a list's. None at the end: the condition is never true. */
static enum err_code read_values(struct values *v, const struct plan_term *term,
                                 sqlite3_value *argument, char affinity,
                                 struct err *e) {
  sqlite3_value *item = argument;
  int rc = term->is_list ? sqlite3_vtab_in_first(argument, &item) : SQLITE_OK;
  while (rc == SQLITE_OK && item && !e->code && !v->too_many) {
    if (sqlite3_value_type(item) != SQLITE_NULL)
      add_value(v, item, affinity, e);
    if (!term->is_list) return e->code;
    rc = sqlite3_vtab_in_next(argument, &item);
  }
  if (rc == SQLITE_NOMEM) err_nomem(e);
  if (rc != SQLITE_OK && rc != SQLITE_DONE) {
    err_set(e, ERR_LOCAL, "cannot read the values of IN");
  }
  return e->code;
}

static int is_test(const struct plan_term *term) {
  return term->op == WHERE_ISNULL || term->op == WHERE_NOTNULL;
}

int request_compares_null(const struct plan *plan, int argc,
                          sqlite3_value **argv) {
  for (int i = 0; i < plan->n_terms && i < argc; i++) {
    const struct plan_term *t = &plan->terms[i];
    if (is_test(t) || t->is_list) continue;
    if (sqlite3_value_type(argv[i]) == SQLITE_NULL) return 1;
  }
  return 0;
}

static enum err_code add_condition(struct request *r,
                                   const struct plan_term *term,
                                   const struct where_column *column,
                                   int is_known, sqlite3_value *argument,
                                   struct err *e) {
  struct values v = {0};
  enum where_result result = WHERE_SKIP;
  sqlite3_str *out = sqlite3_str_new(NULL);
  char *text;
  if (!is_test(term)) {
    read_values(&v, term, argument, column->affinity, e);
    if (!e->code && v.n == 0) r->never = 1;
  }
  if (!e->code && !r->never && is_known && !v.too_many) {
    result = tsql_where(out, column, term->op, v.cells, v.n, e);
  }
  if (result != WHERE_EXACT) r->inexact = 1;
  text = sqlite3_str_finish(out);
  if (result == WHERE_SKIP) {
    sqlite3_free(text);
    text = NULL;
  } else if (!text) {
    err_nomem(e);
  }
  r->texts[r->n++] = text;
  values_clear(&v);
  return e->code;
}

enum err_code request_make(struct request *r, const struct plan *plan,
                           const struct live_table *t,
                           const struct match *match, int argc,
                           sqlite3_value **argv, struct err *e) {
  memset(r, 0, sizeof *r);
  for (int i = 0; i < plan->n_terms && i < argc && !e->code; i++) {
    const struct plan_term *term = &plan->terms[i];
    struct where_column column;
    int is_known = columns_where(&column, t, match, term->column) != NULL;
    add_condition(r, term, &column, is_known, argv[i], e);
  }
  return e->code;
}

void request_clear(struct request *r) {
  for (int i = 0; i < r->n; i++) sqlite3_free(r->texts[i]);
  memset(r, 0, sizeof *r);
}

char *request_where(const struct request *r, const unsigned char *skip,
                    struct err *e) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  for (int i = 0; i < r->n; i++) {
    if (!r->texts[i] || (skip && skip[i])) continue;
    sqlite3_str_appendf(out, "%s%s", sqlite3_str_length(out) ? " AND " : "",
                        r->texts[i]);
  }
  if (sqlite3_str_errcode(out)) err_nomem(e); /* not: without conditions */
  return sqlite3_str_finish(out);
}
