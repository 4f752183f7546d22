/*
** xBestIndex: which conditions xFilter will get, and what the plan costs.
**
**   EXPLAIN QUERY PLAN SELECT cust_name FROM ordersync WHERE plant = 8800;
**   SCAN ordersync VIRTUAL TABLE INDEX 0:SELECT [custName], [plant] FROM
**   [dbo].[vwOrders] WHERE ([plant] = 8800) /+u=12;t4=!+/
**
** idxStr is the T-SQL as far as it is known, then the plan in a comment (with
** * where + stands above). The T-SQL is made anew by xFilter, from the actual
** values and types. The plan is a list of items, separated by semicolons:
**
**   u<hex>           columns in use, as in colUsed; always first
**   t<column><op>    a condition: = < l (<=) > g (>=) n (IS NULL) N (IS NOT
**                    NULL) i (IN, all values at once); ! behind it: the right
**                    side is a single value for sure
**   L, O             LIMIT, OFFSET
**   o<column><a|d>   ORDER BY, a term
**
** The values come in this order. Nothing is ever omitted from SQLite's own
** checks.
*/
#include "live/local.h"

#include <stdlib.h>
#include <string.h>

/* Rows of a view that nobody has counted, and what asking costs. */
#define ROWS_ALL  200000.0
#define COST_CALL 5000.0

static const char ops[] = "=<l>gnN";

/* ---- columns ----------------------------------------------------------- */

int plan_uses(const struct plan *plan, int column) {
  return (int)(plan->used >> (column < 63 ? column : 63) & 1);
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
  enum remote_type type = remote_type_parse(c->source_type);
  return type ? type : by_kind[c->kind];
}

void plan_column(struct where_column *out, const struct mapping *map, int i,
                 const struct remote_column *remote) {
  const struct mapping_column *c = &map->columns[i];
  memset(out, 0, sizeof *out);
  out->kind = c->kind;
  if (remote) {
    out->source = remote->name;
    out->type = remote->type;
    out->precision = remote->precision;
    out->scale = remote->scale;
    if (remote->type == REMOTE_MONEY) out->precision = 19;
    if (remote->type == REMOTE_SMALLMONEY) out->precision = 10;
  } else {
    out->source = c->source;
    out->type = likely_type(c);
    out->precision = 38;
    out->scale = out->type == REMOTE_DECIMAL ? 10 : 7;
  }
  out->affinity = where_affinity(value_kind_decl(c->kind, REMOTE_UNKNOWN));
}

void plan_value(struct cell *v, sqlite3_value *right,
                const struct where_column *column) {
  memset(v, 0, sizeof *v);
  v->type = column->affinity == 'I' || column->affinity == 'R'
                ? sqlite3_value_numeric_type(right)
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

/* ---- what is known while planning -------------------------------------- */

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
  const struct remote_columns *known = scan_known(t);
  if (!known && t->declared.count) known = &t->declared;
  if (match_init(&p->match, &t->map, e) || !known) return;
  match_source(&p->match, known, &ignored);
}

/* ---- conditions -------------------------------------------------------- */

static int op_of(unsigned char sqlite_op) {
  switch (sqlite_op) {
  case SQLITE_INDEX_CONSTRAINT_EQ:
    return WHERE_EQ;
  case SQLITE_INDEX_CONSTRAINT_LT:
    return WHERE_LT;
  case SQLITE_INDEX_CONSTRAINT_LE:
    return WHERE_LE;
  case SQLITE_INDEX_CONSTRAINT_GT:
    return WHERE_GT;
  case SQLITE_INDEX_CONSTRAINT_GE:
    return WHERE_GE;
  case SQLITE_INDEX_CONSTRAINT_ISNULL:
    return WHERE_ISNULL;
  case SQLITE_INDEX_CONSTRAINT_ISNOTNULL:
    return WHERE_NOTNULL;
  default:
    return -1;
  }
}

/* How many of the rows are left. */
static double share(enum where_op op, int is_list) {
  if (is_list) return 0.01;
  if (op == WHERE_EQ) return 0.001;
  return op == WHERE_NOTNULL ? 0.9 : op == WHERE_ISNULL ? 0.1 : 0.25;
}

/* A value of the class that the column holds, to ask whether such a condition
** could be printed. */
static void sample_value(const struct where_column *c, struct cell *v) {
  memset(v, 0, sizeof *v);
  v->type = SQLITE_INTEGER;
  v->integer = 1;
  if (c->affinity == 'T' || (c->affinity == 'B' && c->kind == KIND_RAW)) {
    v->type = SQLITE_TEXT;
    v->bytes = c->type == REMOTE_TIME   ? "00:00:00"
               : c->type == REMOTE_GUID ? "00000000-0000-0000-0000-000000000000"
               : c->type >= REMOTE_DATE && c->type <= REMOTE_DATETIMEOFFSET
                   ? "2000-01-01"
                   : "1";
    v->n_bytes = (int)strlen(v->bytes);
  }
  if (c->type == REMOTE_BINARY) {
    v->type = SQLITE_BLOB;
    v->bytes = "";
    v->n_bytes = 0;
  }
}

/* Whether a condition of this form is worth taking. */
static int is_printable(const struct where_column *c, enum where_op op) {
  struct err e = {0};
  struct cell v;
  sqlite3_str *scratch = sqlite3_str_new(NULL);
  enum where_result result;
  int is_test = op == WHERE_ISNULL || op == WHERE_NOTNULL;
  sample_value(c, &v);
  result = tsql_where(scratch, c, op, &v, is_test ? 0 : 1, &e);
  if (result == WHERE_SKIP && !is_test && c->type < REMOTE_DATE) {
    v.type = SQLITE_INTEGER;
    v.integer = 1;
    result = tsql_where(scratch, c, op, &v, 1, &e);
  }
  sqlite3_free(sqlite3_str_finish(scratch));
  return result != WHERE_SKIP;
}

/* Takes constraint i if it can be of use. */
static void take(struct planner *p, int i) {
  const struct sqlite3_index_constraint *k = &p->info->aConstraint[i];
  struct plan_term *term = &p->plan.terms[p->plan.n_terms];
  struct where_column column;
  sqlite3_value *right = NULL;
  const char *collation;
  int op = op_of(k->op);
  if (!k->usable || op < 0 || k->iColumn < 0 || p->plan.n_terms == PLAN_TERMS) {
    p->inexact = 1;
    return;
  }
  collation = sqlite3_vtab_collation(p->info, i);
  plan_column(&column, &p->table->map, k->iColumn,
              match_remote(&p->match, k->iColumn));
  if ((collation && sqlite3_stricmp(collation, "BINARY") != 0) ||
      (p->match.source.count && !is_printable(&column, (enum where_op)op))) {
    p->inexact = 1;
    return;
  }
  term->column = k->iColumn;
  term->op = (enum where_op)op;
  term->is_list = op == WHERE_EQ && sqlite3_vtab_in(p->info, i, 1);
  /* A row value's first part comes as <= or >=: (a, b) > (1, 2). */
  term->is_scalar = (op != WHERE_LE && op != WHERE_GE) ||
                    sqlite3_vtab_rhs_value(p->info, i, &right) == SQLITE_OK;
  if (!term->is_scalar) p->inexact = 1;
  p->plan.n_terms++;
  p->info->aConstraintUsage[i].argvIndex = p->plan.n_terms;
  p->rows *= share(term->op, term->is_list);
}

static int find(const struct planner *p, int op) {
  for (int i = 0; i < p->info->nConstraint; i++) {
    if (p->info->aConstraint[i].op == op && p->info->aConstraint[i].usable) {
      return i;
    }
  }
  return -1;
}

static void take_order(struct planner *p) {
  sqlite3_index_info *info = p->info;
  if (info->nOrderBy == 0 || info->nOrderBy > PLAN_ORDERS) return;
  for (int i = 0; i < info->nOrderBy; i++) {
    const struct remote_column *remote;
    struct where_column column;
    int c = info->aOrderBy[i].iColumn;
    remote = c >= 0 ? match_remote(&p->match, c) : NULL;
    if (!remote) return;
    plan_column(&column, &p->table->map, c, remote);
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
  int limit = find(p, SQLITE_INDEX_CONSTRAINT_LIMIT);
  int offset = find(p, SQLITE_INDEX_CONSTRAINT_OFFSET);
  int has_offset = 0;
  for (int i = 0; i < p->info->nConstraint; i++) {
    has_offset |= p->info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_OFFSET;
  }
  if (limit < 0 || p->inexact || (has_offset && offset < 0)) return;
  if (p->info->nOrderBy > 0 && !p->info->orderByConsumed) return;
  p->plan.has_limit = 1;
  p->info->aConstraintUsage[limit].argvIndex = p->plan.n_terms + 1;
  if (offset < 0) return;
  p->plan.has_offset = 1;
  p->info->aConstraintUsage[offset].argvIndex = p->plan.n_terms + 2;
}

/* ---- the text ---------------------------------------------------------- */

static void append_plan(sqlite3_str *out, const struct plan *plan) {
  sqlite3_str_appendf(out, " /*u%llx", plan->used);
  for (int i = 0; i < plan->n_terms; i++) {
    const struct plan_term *t = &plan->terms[i];
    sqlite3_str_appendf(out, ";t%d%c%s", t->column,
                        t->is_list ? 'i' : ops[t->op], t->is_scalar ? "!" : "");
  }
  if (plan->has_limit) sqlite3_str_appendall(out, ";L");
  if (plan->has_offset) sqlite3_str_appendall(out, ";O");
  for (int i = 0; i < plan->n_orders; i++) {
    sqlite3_str_appendf(out, ";o%d%c", plan->orders[i].column,
                        plan->orders[i].descending ? 'd' : 'a');
  }
  sqlite3_str_appendall(out, "*/");
}

static const char *read_term(struct plan *plan, const char *at) {
  struct plan_term *t = &plan->terms[plan->n_terms];
  char *end;
  const char *op;
  if (plan->n_terms == PLAN_TERMS) return NULL;
  t->column = (int)strtol(at, &end, 10);
  t->is_list = *end == 'i';
  op = t->is_list ? ops : *end ? strchr(ops, *end) : NULL;
  if (!op) return NULL;
  t->op = (enum where_op)(op - ops);
  end++;
  t->is_scalar = *end == '!';
  plan->n_terms++;
  return end + t->is_scalar;
}

static const char *read_order(struct plan *plan, const char *at) {
  struct plan_order *o = &plan->orders[plan->n_orders];
  char *end;
  if (plan->n_orders == PLAN_ORDERS) return NULL;
  o->column = (int)strtol(at, &end, 10);
  if (*end != 'a' && *end != 'd') return NULL;
  o->descending = *end == 'd';
  plan->n_orders++;
  return end + 1;
}

int plan_decode(struct plan *plan, const char *text) {
  const char *at = NULL;
  char *end;
  memset(plan, 0, sizeof *plan);
  for (const char *s = text; s && (s = strstr(s, "/*u")); s++) at = s;
  if (!at) return 0;
  plan->used = strtoull(at + 3, &end, 16);
  at = end;
  while (at && *at == ';') {
    at++;
    switch (*at++) {
    case 't':
      at = read_term(plan, at);
      break;
    case 'o':
      at = read_order(plan, at);
      break;
    case 'L':
      plan->has_limit = 1;
      break;
    case 'O':
      plan->has_offset = 1;
      break;
    default:
      return 0;
    }
  }
  return at && strcmp(at, "*/") == 0;
}

/* ---- the T-SQL for EXPLAIN --------------------------------------------- */

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
  plan_column(&column, &p->table->map, term->column,
              match_remote(&p->match, term->column));
  if (!is_test && !term->is_list &&
      sqlite3_vtab_rhs_value(p->info, constraint, &right) == SQLITE_OK) {
    plan_value(&v, right, &column);
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

static char *conditions(struct planner *p) {
  sqlite3_str *all = sqlite3_str_new(NULL);
  for (int i = 0; i < p->info->nConstraint; i++) {
    int n = p->info->aConstraintUsage[i].argvIndex - 1;
    char *one;
    sqlite3_str *out;
    if (n < 0 || n >= p->plan.n_terms) continue;
    out = sqlite3_str_new(NULL);
    append_condition(p, out, n, i);
    one = sqlite3_str_finish(out);
    if (one) {
      sqlite3_str_appendf(all, "%s%s", sqlite3_str_length(all) ? " AND " : "",
                          one);
    }
    sqlite3_free(one);
  }
  return sqlite3_str_finish(all);
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

static char *explain(struct planner *p, struct err *e) {
  char *where = conditions(p);
  char *order = plan_order_text(&p->plan, &p->match, e);
  struct match_ask ask = {p->plan.used, where, order, -1};
  char *sql = match_select(&p->match, &ask, e);
  sqlite3_free(where);
  sqlite3_free(order);
  return sql;
}

/* ---- xBestIndex -------------------------------------------------------- */

static enum err_code finish(struct planner *p, struct err *e) {
  char *sql = explain(p, e);
  sqlite3_str *out = sqlite3_str_new(p->table->pool->db);
  if (sql) sqlite3_str_appendall(out, sql);
  append_plan(out, &p->plan);
  sqlite3_free(sql);
  p->info->idxStr = sqlite3_str_finish(out);
  p->info->needToFreeIdxStr = 1;
  if (!p->info->idxStr) err_nomem(e);
  return e->code;
}

int plan_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  struct live_table *t = (struct live_table *)base;
  struct planner p = {.table = t, .info = info, .rows = ROWS_ALL};
  struct err e = {0};
  if (t->broken) {
    err_set(&e, ERR_CONFIG, "%s", t->broken);
    return err_vtab(&e, &base->zErrMsg);
  }
  t->n_plans++;
  p.plan.used = info->colUsed;
  find_types(&p, &e);
  for (int i = 0; i < info->nConstraint && !e.code; i++) {
    int op = info->aConstraint[i].op;
    if (op != SQLITE_INDEX_CONSTRAINT_LIMIT &&
        op != SQLITE_INDEX_CONSTRAINT_OFFSET) {
      take(&p, i);
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
