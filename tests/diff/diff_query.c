/*
** A random query, of one of many shapes: the table alone, aggregates, joins,
** subqueries, compound ones.
*/
#include "diff.h"

#include <string.h>

/* What any shape may use, drawn before the shape is known. */
struct draw {
  int list[6], n; /* columns */
  int what;       /* the shape, 0 .. 21 */
  int where;      /* it may have a condition */
};

static void append_columns(const struct diff *d, sqlite3_str *out,
                           const char *a, const struct draw *w) {
  for (int k = 0; k < w->n; k++) {
    if (k) sqlite3_str_appendall(out, ", ");
    schema_append_name(d, out, a, w->list[k]);
  }
}

/* ---- the table alone --------------------------------------------------- */

static void append_order(struct diff *d, sqlite3_str *out, const struct draw *w,
                         int limited) {
  struct query *q = &d->query;
  if (w->what == 4 || w->what == 5 || (w->what == 3 && chance(d, 50))) {
    sqlite3_str_appendall(out, " ORDER BY ");
    q->how = IN_ORDER;
    for (int k = 0; k < w->n; k++) {
      if (k) sqlite3_str_appendall(out, ", ");
      schema_append_name(d, out, "", w->list[k]);
      if (chance(d, 30)) sqlite3_str_appendall(out, " DESC");
    }
  } else if (limited) {
    q->how = LIMITED;
    if (chance(d, 40)) {
      q->how = LIMITED_BY_KEY;
      sqlite3_str_appendall(out, " ORDER BY ");
      schema_append_name(d, out, "", w->list[0]);
      if (chance(d, 40)) sqlite3_str_appendall(out, " DESC");
    }
  }
}

static void append_limit(struct diff *d, sqlite3_str *out) {
  struct query *q = &d->query;
  q->limit = rnd(d, 8);
  q->offset = chance(d, 40) ? rnd(d, 6) : 0;
  if (q->how == LIMITED || q->how == LIMITED_BY_KEY) {
    q->all = sqlite3_mprintf("%s", sqlite3_str_value(out));
  }
  sqlite3_str_appendf(out, " LIMIT %d", q->limit);
  if (q->offset) sqlite3_str_appendf(out, " OFFSET %d", q->offset);
}

static void append_rows(struct diff *d, sqlite3_str *out,
                        const struct draw *w) {
  int limited = w->what >= 3 && w->what != 17;
  sqlite3_str_appendf(out, "SELECT %s", w->what == 17 ? "DISTINCT " : "");
  if (w->what == 0 && d->table.n_columns < 80)
    sqlite3_str_appendall(out, "*");
  else
    append_columns(d, out, "", w);
  sqlite3_str_appendall(out, " FROM @");
  if (w->where) {
    sqlite3_str_appendall(out, " WHERE ");
    predicate_append(d, out, "", w->what >= 18 || chance(d, 40) ? 0 : 2);
  }
  append_order(d, out, w, limited);
  if (limited) append_limit(d, out);
}

/* ---- aggregates -------------------------------------------------------- */

static void append_count(struct diff *d, sqlite3_str *out,
                         const struct draw *w) {
  sqlite3_str_appendall(out, "SELECT count(*)");
  if (chance(d, 60)) {
    sqlite3_str_appendall(out, ", count(");
    schema_append_name(d, out, "", w->list[0]);
    sqlite3_str_appendall(out, "), min(");
    schema_append_name(d, out, "", w->list[0]);
    sqlite3_str_appendall(out, "), max(");
    schema_append_name(d, out, "", w->list[0]);
    sqlite3_str_appendall(out, ")");
  }
  sqlite3_str_appendall(out, " FROM @");
  if (w->where) {
    sqlite3_str_appendall(out, " WHERE ");
    predicate_append(d, out, "", 2);
  }
}

static void append_groups(struct diff *d, sqlite3_str *out,
                          const struct draw *w) {
  sqlite3_str_appendall(out, "SELECT ");
  schema_append_name(d, out, "", w->list[0]);
  sqlite3_str_appendall(out, ", count(*) FROM @ WHERE ");
  predicate_append(d, out, "", 2);
  sqlite3_str_appendall(out, " GROUP BY ");
  schema_append_name(d, out, "", w->list[0]);
}

/* ---- several tables ---------------------------------------------------- */

static void append_join(struct diff *d, sqlite3_str *out,
                        const struct draw *w) {
  static const char *const keys[] = {"k", "i", "t", "d", "n"};
  sqlite3_str_appendall(out, "SELECT l.n, ");
  append_columns(d, out, "t", w);
  sqlite3_str_appendf(out, " FROM l %s @ AS t ON ",
                      chance(d, 30) ? "LEFT JOIN"
                      : chance(d, 20) && sqlite3_libversion_number() >= 3039000
                          ? (chance(d, 50) ? "RIGHT JOIN" : "FULL JOIN")
                      : chance(d, 40) ? "CROSS JOIN"
                                      : "JOIN");
  schema_append_name(d, out, "t", schema_any_column(d));
  sqlite3_str_appendf(out, " %s l.%s",
                      chance(d, 80)   ? "="
                      : chance(d, 50) ? "<="
                                      : ">",
                      PICK(d, keys));
  if (chance(d, 50)) {
    sqlite3_str_appendall(out, " AND ");
    predicate_append(d, out, "t", 0);
  }
  if (chance(d, 50)) {
    sqlite3_str_appendall(out, " WHERE ");
    predicate_append(d, out, "t", 1);
  }
}

static void append_self_join(struct diff *d, sqlite3_str *out,
                             const struct draw *w) {
  static const char *const outer[] = {"LEFT ", "RIGHT ", "FULL "};
  sqlite3_str_appendall(out, "SELECT ");
  schema_append_name(d, out, "a", w->list[0]);
  sqlite3_str_appendall(out, ", ");
  schema_append_name(d, out, "b", schema_any_column(d));
  sqlite3_str_appendf(out, " FROM @ AS a %sJOIN @ AS b ON ",
                      chance(d, 60)                           ? ""
                      : sqlite3_libversion_number() < 3039000 ? "LEFT "
                                                              : PICK(d, outer));
  schema_append_name(d, out, "a", w->list[0]);
  sqlite3_str_appendall(out, " = ");
  schema_append_name(d, out, "b",
                     chance(d, 50) ? w->list[0] : schema_any_column(d));
  sqlite3_str_appendall(out, " WHERE ");
  predicate_append(d, out, "a", 1);
}

static void append_scalar_subquery(struct diff *d, sqlite3_str *out,
                                   const struct draw *w) {
  sqlite3_str_appendall(out, "SELECT n, (SELECT count(*) FROM @ AS t WHERE ");
  schema_append_name(d, out, "t", w->list[0]);
  sqlite3_str_appendf(out, " = l.%s) FROM l", chance(d, 50) ? "k" : "t");
}

static void append_exists(struct diff *d, sqlite3_str *out,
                          const struct draw *w) {
  sqlite3_str_appendf(out,
                      "SELECT n FROM l WHERE %sEXISTS (SELECT 1 FROM "
                      "@ AS t WHERE ",
                      chance(d, 50) ? "NOT " : "");
  schema_append_name(d, out, "t", w->list[0]);
  sqlite3_str_appendall(out, " = l.k AND ");
  predicate_append(d, out, "t", 0);
  sqlite3_str_appendall(out, ")");
}

static void append_compound(struct diff *d, sqlite3_str *out,
                            const struct draw *w) {
  for (int k = 0; k < 2; k++) {
    if (k) {
      sqlite3_str_appendf(out, " %s ",
                          chance(d, 40)   ? "UNION ALL"
                          : chance(d, 33) ? "UNION"
                          : chance(d, 50) ? "EXCEPT"
                                          : "INTERSECT");
    }
    sqlite3_str_appendall(out, "SELECT ");
    append_columns(d, out, "", w);
    sqlite3_str_appendall(out, " FROM @ WHERE ");
    predicate_append(d, out, "", 1);
  }
}

static void append_of_the_most(struct diff *d, sqlite3_str *out,
                               const struct draw *w) {
  sqlite3_str_appendall(out, "SELECT ");
  append_columns(d, out, "", w);
  sqlite3_str_appendall(out, " FROM @ WHERE ");
  schema_append_name(d, out, "", w->list[0]);
  sqlite3_str_appendall(out, " = (SELECT max(");
  schema_append_name(d, out, "", w->list[0]);
  sqlite3_str_appendall(out, ") FROM @ WHERE ");
  predicate_append(d, out, "", 1);
  sqlite3_str_appendall(out, ")");
}

static void append_window(struct diff *d, sqlite3_str *out,
                          const struct draw *w) {
  sqlite3_str_appendall(out, "SELECT ");
  append_columns(d, out, "", w);
  sqlite3_str_appendall(out, ", rank() OVER (ORDER BY ");
  append_columns(d, out, "", w);
  sqlite3_str_appendall(out, "), count(*) OVER (PARTITION BY ");
  schema_append_name(d, out, "", schema_any_column(d));
  sqlite3_str_appendall(out, ") FROM @ WHERE ");
  predicate_append(d, out, "", 1);
}

/* The next one, for each row of a local table. */
static void append_next(struct diff *d, sqlite3_str *out,
                        const struct draw *w) {
  sqlite3_str_appendall(out, "SELECT n, (SELECT ");
  schema_append_name(d, out, "t", w->list[0]);
  sqlite3_str_appendall(out, " FROM @ AS t WHERE ");
  schema_append_name(d, out, "t", w->list[0]);
  sqlite3_str_appendf(out, " %s l.k ORDER BY 1%s LIMIT 1 OFFSET %d) FROM l",
                      chance(d, 50) ? ">" : "<=", chance(d, 50) ? " DESC" : "",
                      rnd(d, 3));
}

/* ---- any --------------------------------------------------------------- */

void query_make(struct diff *d) {
  struct query *q = &d->query;
  struct draw w = {0};
  sqlite3_str *out = sqlite3_str_new(NULL);
  memset(q, 0, sizeof *q);
  q->limit = -1;
  q->use_params = chance(d, 25);
  w.n = 1 + rnd(d, 4);
  w.what = rnd(d, 22);
  w.where = chance(d, 90);
  for (int k = 0; k < w.n; k++) w.list[k] = schema_any_column(d);
  if (w.what <= 5 || (w.what >= 17 && w.what < 20))
    append_rows(d, out, &w);
  else if (w.what <= 7)
    append_count(d, out, &w);
  else if (w.what == 8)
    append_groups(d, out, &w);
  else if (w.what <= 11)
    append_join(d, out, &w);
  else if (w.what == 12)
    append_self_join(d, out, &w);
  else if (w.what == 13)
    append_scalar_subquery(d, out, &w);
  else if (w.what == 14)
    append_exists(d, out, &w);
  else if (w.what == 20)
    append_window(d, out, &w);
  else if (w.what == 21)
    append_next(d, out, &w);
  else if (w.what == 15)
    append_compound(d, out, &w);
  else
    append_of_the_most(d, out, &w);
  q->text = sqlite3_str_finish(out);
}

void query_clear(struct query *q) {
  sqlite3_free(q->text);
  sqlite3_free(q->all);
  for (int k = 0; k < q->n_params; k++) sqlite3_free(q->params[k]);
  memset(q, 0, sizeof *q);
}
