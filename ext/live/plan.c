/*
** xBestIndex: which conditions xFilter will get, and what the plan costs.
**
**   EXPLAIN QUERY PLAN SELECT cust_name FROM ordersync WHERE plant = 8800;
**   SCAN ordersync VIRTUAL TABLE INDEX 0:SELECT [custName], [plant] FROM
**   [dbo].[vwOrders] WHERE ([plant] = 8800)
**
** idxStr is the T-SQL as far as it is known, for EXPLAIN, and behind its end
** the struct plan. The T-SQL is made anew by xFilter, from the actual values
** and types. Nothing is ever omitted from SQLite's own checks.
*/
#include "live/plan.h"

#include <string.h>

/* Rows of a view that nobody has counted, and what asking costs. */
#define ROWS_ALL  200000.0
#define COST_CALL 5000.0

struct planner {
  struct live_table *table;
  sqlite3_index_info *info;
  struct match match;
  struct plan plan;
  int inexact; /* some condition is not printed, or not exactly */
  double rows;
};

/* The columns from the shadow table, or from an earlier statement. */
static void find_types(struct planner *p, struct err *e) {
  struct live_table *t = p->table;
  struct err ignored = {0};
  const struct remote_columns *known = columns_known(t);
  if (!known && t->declared.count) known = &t->declared;
  if (match_init(&p->match, &t->map, e) || !known) return;
  match_source(&p->match, known, &ignored);
}

static int op_of(unsigned char sqlite_op) {
  static const unsigned char ops[] = {
      [WHERE_EQ] = SQLITE_INDEX_CONSTRAINT_EQ,
      [WHERE_LT] = SQLITE_INDEX_CONSTRAINT_LT,
      [WHERE_LE] = SQLITE_INDEX_CONSTRAINT_LE,
      [WHERE_GT] = SQLITE_INDEX_CONSTRAINT_GT,
      [WHERE_GE] = SQLITE_INDEX_CONSTRAINT_GE,
      [WHERE_ISNULL] = SQLITE_INDEX_CONSTRAINT_ISNULL,
      [WHERE_NOTNULL] = SQLITE_INDEX_CONSTRAINT_ISNOTNULL};
  const unsigned char *at = memchr(ops, sqlite_op, sizeof ops);
  return at ? (int)(at - ops) : -1;
}

/* How many of the rows are left. */
static double share(enum where_op op, int is_list) {
  if (is_list) return 0.01;
  if (op == WHERE_EQ) return 0.001;
  return op == WHERE_NOTNULL ? 0.9 : op == WHERE_ISNULL ? 0.1 : 0.25;
}

/* Takes constraint i if it can be of use. 0: it is not printed, or not exactly.
 */
static int take(struct planner *p, int i) {
  const struct sqlite3_index_constraint *k = &p->info->aConstraint[i];
  struct plan_term *term = &p->plan.terms[p->plan.n_terms];
  struct where_column column;
  sqlite3_value *right = NULL;
  const char *collation = sqlite3_vtab_collation(p->info, i);
  int op = op_of(k->op);
  if (!k->usable || op < 0 || k->iColumn < 0 || p->plan.n_terms == PLAN_TERMS ||
      (collation && sqlite3_stricmp(collation, "BINARY") != 0)) {
    return 0;
  }
  columns_where(&column, p->table, &p->match, k->iColumn);
  if (p->match.source.count && !can_push(&column, (enum where_op)op)) return 0;
  term->column = k->iColumn;
  term->op = (enum where_op)op;
  term->is_list = op == WHERE_EQ && sqlite3_vtab_in(p->info, i, 1);
  p->info->aConstraintUsage[i].argvIndex = ++p->plan.n_terms;
  p->rows *= share(term->op, term->is_list);
  /* A row value's first part comes as <= or >=: (a, b) > (1, 2). */
  return (op != WHERE_LE && op != WHERE_GE) ||
         sqlite3_vtab_rhs_value(p->info, i, &right) == SQLITE_OK;
}

static void take_order(struct planner *p) {
  sqlite3_index_info *info = p->info;
  if (info->nOrderBy == 0 || info->nOrderBy > PLAN_ORDERS) return;
  for (int i = 0; i < info->nOrderBy; i++) {
    struct where_column column;
    int c = info->aOrderBy[i].iColumn;
    if (c < 0 || !columns_where(&column, p->table, &p->match, c)) return;
    if (!tsql_sorts_alike(&column)) return;
    p->plan.orders[i].column = c;
    p->plan.orders[i].descending = info->aOrderBy[i].desc;
  }
  p->plan.n_orders = info->nOrderBy;
  info->orderByConsumed = 1;
}

/* The value is a hint only: SQLite counts rows itself. Whether every condition
** is exact, xFilter will see. */
static void take_limit(struct planner *p) {
  int limit = -1, offset = -1;
  for (int i = 0; i < p->info->nConstraint; i++) {
    const struct sqlite3_index_constraint *k = &p->info->aConstraint[i];
    if (k->op == SQLITE_INDEX_CONSTRAINT_OFFSET) {
      if (!k->usable) return;
      offset = i;
    }
    if (k->op == SQLITE_INDEX_CONSTRAINT_LIMIT && k->usable) limit = i;
  }
  if (limit < 0 || p->inexact) return;
  if (p->info->nOrderBy > 0 && !p->info->orderByConsumed) return;
  p->plan.has_limit = 1;
  p->info->aConstraintUsage[limit].argvIndex = p->plan.n_terms + 1;
  if (offset < 0) return;
  p->plan.has_offset = 1;
  p->info->aConstraintUsage[offset].argvIndex = p->plan.n_terms + 2;
}

/* The right side of the n-th term where it is a literal; else ? stands for
** it. */
static void append_condition(struct planner *p, sqlite3_str *out, int n,
                             int constraint) {
  static const char *const signs[] = {"=", "<", "<=", ">", ">="};
  const struct plan_term *term = &p->plan.terms[n];
  struct where_column column;
  struct err e = {0};
  struct cell v = {0};
  sqlite3_value *right = NULL;
  int is_test = term->op == WHERE_ISNULL || term->op == WHERE_NOTNULL;
  columns_where(&column, p->table, &p->match, term->column);
  if (!is_test && !term->is_list &&
      sqlite3_vtab_rhs_value(p->info, constraint, &right) == SQLITE_OK) {
    plan_value(&v, right, column.affinity);
  }
  if ((is_test || v.type) && v.type != SQLITE_NULL) {
    tsql_where(out, &column, term->op, &v, is_test ? 0 : 1, &e);
    return;
  }
  sqlite3_str_appendchar(out, 1, '(');
  tsql_identifier(out, column.source, &e);
  sqlite3_str_appendf(out, term->is_list ? " IN (?))" : " %s ?)",
                      is_test ? "" : signs[term->op]);
}

static char *conditions(struct planner *p, struct err *e) {
  struct request r = {.n = p->plan.n_terms};
  char *where;
  for (int i = 0; i < p->info->nConstraint; i++) {
    int n = p->info->aConstraintUsage[i].argvIndex - 1;
    sqlite3_str *out;
    if (n < 0 || n >= r.n) continue;
    out = sqlite3_str_new(NULL);
    append_condition(p, out, n, i);
    r.texts[n] = sqlite3_str_finish(out);
  }
  where = request_where(&r, NULL, e);
  request_clear(&r);
  return where;
}

/* SQLite hands the buffer on as it is; as a string it ends where the plan
** begins. */
static enum err_code finish(struct planner *p, struct err *e) {
  char *where = conditions(p, e);
  char *order = plan_order_text(&p->plan, &p->match, e);
  struct match_ask ask = {p->plan.used, where, order, -1};
  char *sql = match_select(&p->match, &ask, e);
  sqlite3_str *out = sqlite3_str_new(NULL);
  sqlite3_str_appendall(out, sql ? sql : "");
  sqlite3_str_append(out, "", 1);
  sqlite3_str_append(out, (const char *)&p->plan, sizeof p->plan);
  p->info->idxStr = sqlite3_str_finish(out);
  p->info->needToFreeIdxStr = 1;
  if (!p->info->idxStr) err_nomem(e);
  sqlite3_free(where);
  sqlite3_free(order);
  sqlite3_free(sql);
  return e->code;
}

void plan_read(struct plan *plan, const char *index_string) {
  memcpy(plan, index_string + strlen(index_string) + 1, sizeof *plan);
}

int plan_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  struct live_table *t = (struct live_table *)base;
  struct planner p = {.table = t, .info = info, .rows = ROWS_ALL};
  struct err e = {0};
  if (t->broken) {
    err_set(&e, ERR_CONFIG, "%s", t->broken);
    return err_vtab(&e, &base->zErrMsg);
  }
  p.plan.used = info->colUsed;
  find_types(&p, &e);
  for (int i = 0; i < info->nConstraint && !e.code; i++) {
    int op = info->aConstraint[i].op;
    if (op != SQLITE_INDEX_CONSTRAINT_LIMIT &&
        op != SQLITE_INDEX_CONSTRAINT_OFFSET) {
      p.inexact |= !take(&p, i);
    }
  }
  if (!e.code) take_order(&p);
  take_limit(&p);
  if (p.rows < 1) p.rows = 1;
  info->estimatedRows = (sqlite3_int64)p.rows;
  info->estimatedCost = COST_CALL + p.rows * 5;
  if (!e.code) finish(&p, &e);
  match_clear(&p.match);
  return e.code ? err_vtab(&e, &base->zErrMsg) : SQLITE_OK;
}
