/*
** From the values that xFilter gets to the conditions in T-SQL.
**
**   SELECT * FROM ordersync WHERE plant IN (SELECT plant FROM here);
*/
#include "live/request.h"

#include <string.h>

/* How many right sides an IN list may have before it is not pushed. */
#define LIST_VALUES 20000

/* ---- what the plan asks for --------------------------------------------- */

int plan_uses(const struct plan *plan, int column) {
  return (int)(plan->used >> (column < 63 ? column : 63) & 1);
}

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

/* ---- the right sides --------------------------------------------------- */

void plan_value(struct cell *v, sqlite3_value *right,
                const struct where_column *column) {
  memset(v, 0, sizeof *v);
  v->type = strchr("IRN", column->affinity) ? sqlite3_value_numeric_type(right)
                                            : sqlite3_value_type(right);
  switch (v->type) {
  case SQLITE_INTEGER:
    v->integer = sqlite3_value_int64(right);
    break;
  case SQLITE_FLOAT:
    v->real = sqlite3_value_double(right);
    break;
  case SQLITE_TEXT:
    v->bytes = (const char *)sqlite3_value_text(right);
    v->n_bytes = sqlite3_value_bytes(right);
    break;
  case SQLITE_BLOB:
    v->bytes = sqlite3_value_blob(right);
    v->n_bytes = sqlite3_value_bytes(right);
    break;
  default:
    break;
  }
}

struct values {
  struct cell *items; /* owned; text and blobs are owned, too */
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
  /* SQLite has no bytes of a text that it had no memory to convert. */
  if (!bytes || (!v->bytes && (v->n_bytes || v->type == SQLITE_TEXT))) {
    sqlite3_free(bytes);
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

static enum err_code read_list(struct values *v, sqlite3_value *argument,
                               const struct where_column *column,
                               struct err *e) {
  sqlite3_value *item = NULL;
  int rc;
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
  if (rc != SQLITE_OK && rc != SQLITE_DONE) {
    err_set(e, ERR_LOCAL, "cannot read the values of IN");
  }
  return e->code;
}

/* One right side, or a list's. None at the end: the condition is never true. */
static enum err_code read_values(struct values *v, const struct plan_term *term,
                                 sqlite3_value *argument,
                                 const struct where_column *column,
                                 struct err *e) {
  if (term->is_list) return read_list(v, argument, column, e);
  if (!add_value(v, argument, column, e) && v->n) own_bytes(&v->items[0], e);
  return e->code;
}

/* ---- the conditions ---------------------------------------------------- */

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
    read_values(&v, term, argument, column, e);
    if (!e->code && v.n == 0) r->never = 1;
  }
  if (!e->code && !r->never && is_known && !v.too_many) {
    result = tsql_where(out, column, term->op, v.items, v.n, e);
  }
  if (result != WHERE_EXACT || !term->is_scalar) r->inexact = 1;
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
    const struct remote_column *remote = match_remote(match, term->column);
    columns_where(&column, t, match->map, term->column, remote);
    add_condition(r, term, &column, remote != NULL, argv[i], e);
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
