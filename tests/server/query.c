/* SELECT as a stream of rows: source, WHERE, groups, list, DISTINCT, order,
** TOP and OFFSET, UNION.
**
** A query without ORDER BY, GROUP BY or DISTINCT keeps nothing but the
** current row. The others keep their rows packed (pack.h), a fraction of the
** size of values.
*/
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agg.h"
#include "engine.h"
#include "keyed.h"
#include "pack.h"

struct query {
  struct engine *en;
  struct select *sel;
  struct scope scope;
  struct source *src; /* NULL without FROM */
  struct node **list; /* what is evaluated: output, then sort keys */
  unsigned list_count;
  struct column *cols; /* the output */
  unsigned col_count;
  unsigned *keys; /* of ORDER BY: places in list */
  struct aggregates agg;
  bool grouped;
  struct query *next; /* UNION */
  bool distinct;      /* over the whole union */
  struct query *tail_of;
  /* state */
  struct arena row; /* of the row at hand */
  bool opened, once_done;
  int64_t skip, left; /* OFFSET, then TOP or FETCH; left < 0: all */
  struct packed kept; /* sorted or distinct rows */
  bool keep, filled;
  size_t at;
  struct query *reading; /* which member of the union is being read */
};

const struct column *query_columns(const struct query *q, unsigned *n) {
  *n = q->col_count;
  return q->cols;
}

/* A condition on what a derived table yields reaches its table's index unless
** the derived table chooses or merges rows first. */
static void hide_indexes(struct query *q) {
  const struct select *s = q->sel;
  if (q->grouped || s->top || s->distinct || s->next || s->offset)
    for (unsigned i = 0; i < q->col_count; i++) q->cols[i].index = NULL;
}

const char *query_plan(const struct query *q) {
  const char *index;
  if (!q->src) return NULL;
  if (q->src->query && !q->sel->where) return query_plan(q->src->query);
  index = q->sel->where ? plan_seek(&q->scope, q->sel->where) : NULL;
  if (!index) return "scan";
  return arena_format(q->en->a, "seek [%s]", index);
}

/* ---- binding ---- */

static void add_output(struct query *q, struct node *e, const char *name,
                       const struct source_column *from) {
  struct arena *a = q->en->a;
  unsigned n = q->col_count;
  q->list = arena_push(a, q->list, n, sizeof *q->list);
  q->cols = arena_push(a, q->cols, n, sizeof *q->cols);
  q->list[n] = e;
  q->cols[n].name = name;
  q->cols[n].type = e->type;
  if (from) {
    q->cols[n].table = from->table;
    q->cols[n].from_table = from->from_table;
    q->cols[n].index = from->index;
  }
  q->col_count++;
}

/* "Use Column Sets": they stand in * for the sparse columns. */
static bool has_column_set(const struct query *q, const char *table) {
  for (unsigned i = 0; i < q->scope.n; i++)
    if (q->scope.cols[i].type.beside == BESIDE_COLUMN_SET &&
        q->scope.cols[i].qualifier == table)
      return true;
  return false;
}

static bool bind_star(struct query *q, const struct item *it) {
  bool any = false;
  for (unsigned i = 0; i < q->scope.n; i++) {
    struct source_column *c = &q->scope.cols[i];
    struct node *n;
    if (it->star_of &&
        (!c->qualifier ||
         !text_equal_name(c->qualifier, it->star_of, q->en->s->srv->coll)))
      continue;
    any = true;
    if (c->type.beside == BESIDE_HIDDEN ||
        (c->type.beside == BESIDE_SPARSE && has_column_set(q, c->qualifier)))
      continue;
    bind_permission(q->en, q->sel->line, c);
    n = arena_alloc(q->en->a, sizeof *n);
    n->kind = N_COLUMN;
    n->scope = &q->scope;
    n->index = i;
    n->type = c->type;
    n->type.beside = BESIDE_NOTHING;
    n->coll_rank = 2;
    c->used = true;
    add_output(q, n, c->name, c);
  }
  if (!any) {
    if (it->star_of)
      bind_error(q->en, q->sel->line, 107, 15, 1,
                 "The column prefix '%s' does not match with a table name or "
                 "alias name used in the query.",
                 it->star_of);
    else
      bind_error(q->en, q->sel->line, 263, 16, 1,
                 "Must specify table to select from.");
  }
  return any;
}

static bool bind_items(struct query *q) {
  struct select *s = q->sel;
  for (unsigned i = 0; i < s->item_count; i++) {
    struct item *it = &s->items[i];
    const struct source_column *from = NULL;
    const char *name = it->alias;
    if (!it->e) {
      if (!bind_star(q, it)) return false;
      continue;
    }
    if (!bind_expr(q->en, &q->scope, it->e)) return false;
    if (it->e->predicate) {
      bind_error(q->en, it->e->line, 102, 15, 1, "Incorrect syntax near '='.");
      return false;
    }
    if (it->e->kind == N_COLUMN && it->e->scope == &q->scope &&
        it->e->index < q->scope.n) {
      from = &q->scope.cols[it->e->index];
      if (!name) name = from->name;
    }
    if (it->e->type.id == T_NONE) it->e->type = type_of(T_INT);
    add_output(q, it->e, name ? name : "", from);
  }
  return true;
}

/* The column of the result that an ORDER BY item is: by its number, by its
** name; -1: none is. False: there is no column of that number. */
static bool find_ordered(struct query *q, const struct node *e, int *found) {
  *found = -1;
  if (e->kind == N_LITERAL && e->value.id == T_INT && !e->value.null) {
    if (e->value.u.i >= 1 && e->value.u.i <= q->col_count) {
      *found = (int)e->value.u.i - 1;
      return true;
    }
    bind_error(q->en, e->line, 108, 16, 1,
               "The ORDER BY position number %lld is out of range of the "
               "number of items in the select list.",
               (long long)e->value.u.i);
    return false;
  }
  if (e->kind != N_COLUMN || e->qualifier) return true;
  for (unsigned k = 0; k < q->col_count && *found < 0; k++)
    if (text_equal_name(q->cols[k].name, e->name, q->en->s->srv->coll))
      *found = (int)k;
  return true;
}

static void check_sort_key(struct query *q, const struct node *item,
                           unsigned i) {
  const struct type *t = &q->list[q->keys[i]]->type;
  if (type_is_lob(t->id) || t->id == T_XML)
    bind_error(q->en, item->line, 306, 16, 2,
               "The text, ntext, and image data types cannot be compared or "
               "sorted, except when using IS NULL or LIKE operator.");
  for (unsigned k = 0; k < i; k++)
    if (q->keys[k] == q->keys[i]) {
      bind_error(q->en, item->line, 169, 15, 1,
                 "A column has been specified more than once in the order "
                 "by list. Columns in the order by list must be unique.");
      break;
    }
}

/* ORDER BY 2, ORDER BY alias, ORDER BY expression: each is a key, a place in
** the list of values that a row has. */
static bool bind_order(struct query *q) {
  struct select *s = q->sel;
  struct arena *a = q->en->a;
  struct node **list;
  q->list_count = q->col_count;
  if (s->order_count == 0) return true;
  q->keys = arena_alloc(a, s->order_count * sizeof *q->keys);
  list = arena_alloc(a, (q->col_count + s->order_count) * sizeof *list);
  memcpy(list, q->list, q->col_count * sizeof *list);
  q->list = list;
  for (unsigned i = 0; i < s->order_count; i++) {
    struct node *e = s->order[i].e;
    int found;
    if (!find_ordered(q, e, &found)) return true;
    if (found < 0 && q->next) {
      bind_error(q->en, e->line, 104, 16, 1,
                 "ORDER BY items must appear in the select list if the "
                 "statement contains a UNION, INTERSECT or EXCEPT operator.");
      return true;
    }
    if (found < 0) {
      if (!bind_expr(q->en, &q->scope, e)) return false;
      found = (int)q->list_count;
      q->list[q->list_count++] = e;
    }
    q->keys[i] = (unsigned)found;
    check_sort_key(q, e, i);
  }
  return true;
}

/* Members of a UNION meet in common types. */
static bool bind_union(struct query *q) {
  unsigned n = q->col_count;
  for (struct query *m = q->next; m; m = m->next) {
    if (m->col_count != n) {
      bind_error(q->en, q->sel->line, 205, 16, 1,
                 "All queries combined using a UNION, INTERSECT or EXCEPT "
                 "operator must have an equal number of expressions in their "
                 "target lists.");
      return true;
    }
    for (unsigned i = 0; i < n; i++)
      q->cols[i].type = type_merge(&q->cols[i].type, &m->cols[i].type);
  }
  for (struct query *m = q; q->next && m; m = m->next)
    for (unsigned i = 0; i < n; i++)
      m->list[i] = bind_cast(q->en, m->list[i], q->cols[i].type);
  return true;
}

static bool bind_limit(struct query *q, struct node *n, const char *what) {
  if (!n) return true;
  if (!bind_expr(q->en, NULL, n)) return false;
  if (!type_is_number(n->type.id))
    bind_error(q->en, n->line, 1060, 15, 1,
               "The number of rows provided for a %s clauses row count "
               "parameter must be an integer.",
               what);
  return true;
}

struct query *query_bind(struct engine *en, struct select *sel,
                         struct scope *outer) {
  struct query *q = arena_alloc(en->a, sizeof *q);
  unsigned errors = en->error_count;
  q->en = en;
  q->sel = sel;
  q->scope.outer = outer;
  if (sel->from) {
    q->src = source_bind(en, sel->from, outer);
    if (!q->src) return NULL;
    q->scope.cols = q->src->cols;
    q->scope.n = q->src->n;
    q->scope.row = arena_alloc(en->a, (q->src->n + 1) * sizeof *q->scope.row);
  }
  if (!agg_collect(&q->agg, en, sel, &q->scope)) return NULL;
  q->grouped = q->agg.count > 0 || sel->group_count > 0;
  if (sel->where && !bind_condition(en, &q->scope, sel->where)) return NULL;
  if (sel->where && q->src && outer)
    q->src = source_keyed(en, q->src, &q->scope, sel->where);
  if (!bind_items(q)) return NULL;
  if (sel->having && !bind_condition(en, &q->scope, sel->having)) return NULL;
  if (sel->next) {
    q->next = query_bind(en, sel->next, outer);
    if (!q->next) return NULL;
    for (struct select *m = sel; m->next; m = m->next)
      if (!m->next_all) q->distinct = true;
  }
  if (!bind_order(q)) return NULL;
  if (q->grouped &&
      !agg_bind(&q->agg, en, sel, &q->scope, q->list, q->list_count))
    return NULL;
  /* an aggregate's type is known only now */
  for (unsigned i = 0; i < q->col_count; i++)
    q->cols[i].type = q->list[i]->type;
  if (q->next && !bind_union(q)) return NULL;
  if (sel->distinct) q->distinct = true;
  if (!bind_limit(q, sel->top, "TOP") ||
      !bind_limit(q, sel->offset, "OFFSET") ||
      !bind_limit(q, sel->fetch, "FETCH"))
    return NULL;
  hide_indexes(q);
  q->keep = sel->order_count > 0 || q->distinct || sel->percent;
  return en->error_count == errors ? q : NULL;
}

struct query *query_of_source(struct engine *en, struct source *src) {
  struct query *q = arena_alloc(en->a, sizeof *q);
  struct item all = {0};
  q->en = en;
  q->sel = arena_alloc(en->a, sizeof *q->sel);
  q->src = src;
  q->scope.cols = src->cols;
  q->scope.n = src->n;
  q->scope.row = arena_alloc(en->a, (src->n + 1) * sizeof *q->scope.row);
  (void)bind_star(q, &all);
  q->list_count = q->col_count;
  return q;
}

/* ---- running ---- */

static bool limit_value(struct query *q, struct node *n, int64_t *out) {
  struct eval ev = {q->en, &q->row};
  struct value v, i;
  struct type big = type_of(T_BIGINT);
  if (!n) return true;
  if (!eval_expr(&ev, n, &v) ||
      !convert(&i, &v, &big, -1, &q->en->s->fmt, &q->row, q->en->e))
    return false;
  if (i.null || i.u.i < 0)
    return sqlerr_set(q->en->e, 1060, 15, 1,
                      "A TOP or FETCH clause contains an invalid value.");
  *out = i.u.i;
  return true;
}

static bool open_member(struct query *q) {
  q->once_done = false;
  agg_reset(&q->agg);
  if (q->src && !q->src->open(q->src)) return false;
  return true;
}

bool query_open(struct query *q) {
  struct select *s = q->sel;
  if (q->opened) query_close(q);
  q->opened = true;
  q->skip = 0;
  q->left = -1;
  if (!limit_value(q, s->offset, &q->skip) ||
      !limit_value(q, s->fetch ? s->fetch : s->top, &q->left))
    return false;
  q->filled = false;
  q->at = 0;
  q->reading = q;
  for (struct query *m = q; m; m = m->next)
    if (!open_member(m)) return false;
  return true;
}

/* The next row of the source that WHERE lets through; 1, 0 or -1. */
static int next_source_row(struct query *q) {
  struct eval ev = {q->en, &q->row};
  for (;;) {
    int got;
    arena_reset(&q->row);
    if (!q->src) {
      if (q->once_done) return 0;
      q->once_done = true;
    } else {
      got = q->src->next(q->src, q->scope.row);
      if (got != 1) return got;
    }
    if (!q->sel->where) return 1;
    got = eval_condition(&ev, q->sel->where);
    if (got == -2) return -1;
    if (got == 1) return 1;
  }
}

/* The next row of one member, its whole list evaluated. */
static int next_member_row(struct query *q, struct value *out) {
  struct eval ev = {q->en, &q->row};
  int got;
  for (;;) {
    if (q->grouped) {
      if (!q->agg.done) {
        agg_begin(&q->agg, q->en);
        while ((got = next_source_row(q)) == 1)
          if (!agg_add(&q->agg, &ev)) return -1;
        if (got < 0) return -1;
        agg_end(&q->agg);
      }
      arena_reset(&q->row);
      if (!agg_next(&q->agg, &q->row)) return 0;
    } else {
      got = next_source_row(q);
      if (got != 1) return got;
    }
    if (q->sel->having) {
      got = eval_condition(&ev, q->sel->having);
      if (got == -2) return -1;
      if (got != 1) continue;
    }
    break;
  }
  if (out)
    for (unsigned i = 0; i < q->list_count; i++)
      if (!eval_expr(&ev, q->list[i], &out[i])) return -1;
  return 1;
}

static int next_union_row(struct query *q, struct value *out) {
  while (q->reading) {
    int got = next_member_row(q->reading, out);
    if (got != 0) return got;
    q->reading = q->reading->next;
  }
  return 0;
}

/* Kept rows begin with their sort keys: sorting unpacks nothing else. */
static int compare_rows(const struct value *a, const struct value *b,
                        void *arg) {
  struct query *q = arg;
  struct eval ev = {q->en, &q->row};
  for (unsigned i = 0; i < q->sel->order_count; i++) {
    int c;
    if (a[i].null || b[i].null)
      c = a[i].null == b[i].null ? 0 : a[i].null ? -1 : 1; /* NULL is lowest */
    else
      c = compare_values(&ev, &a[i], &b[i], q->list[q->keys[i]]->type.coll);
    if (c) return q->sel->order[i].desc ? -c : c;
  }
  return 0;
}

static int compare_whole(const struct value *a, const struct value *b,
                         void *arg) {
  struct query *q = arg;
  struct eval ev = {q->en, &q->row};
  a += q->sel->order_count;
  b += q->sel->order_count;
  for (unsigned i = 0; i < q->col_count; i++) {
    int c;
    if (a[i].null || b[i].null)
      c = a[i].null == b[i].null ? 0 : a[i].null ? -1 : 1;
    else
      c = compare_values(&ev, &a[i], &b[i], q->cols[i].type.coll);
    if (c) return c;
  }
  return 0;
}

static bool fill(struct query *q) {
  unsigned keys = q->sel->order_count, width = keys + q->list_count;
  struct value *row = mem_alloc((width + 1) * sizeof *row);
  int got;
  size_t seen = 0;
  packed_clear(&q->kept);
  packed_begin(&q->kept, width);
  while ((got = next_union_row(q, row + keys)) == 1) {
    for (unsigned i = 0; i < keys; i++) row[i] = row[keys + q->keys[i]];
    packed_add(&q->kept, row);
    if (++seen % 256 == 0 && net_check_attention(&q->en->s->net)) break;
  }
  free(row);
  if (got < 0) return false;
  if (q->distinct) packed_unique(&q->kept, width, compare_whole, q);
  if (keys) packed_sort(&q->kept, keys, compare_rows, q);
  q->filled = true;
  if (q->sel->percent && q->left >= 0)
    q->left = ((int64_t)q->kept.count * q->left + 99) / 100;
  return true;
}

int query_next(struct query *q, struct value *out) {
  if (q->keep && !q->filled && !fill(q)) return -1;
  for (;;) {
    int got = 1;
    if (q->left == 0) return 0;
    if (q->keep) {
      if (q->at == q->kept.count) return 0;
      arena_reset(&q->row);
      packed_get(&q->kept, q->at++, q->kept.scratch);
      if (out && q->skip == 0)
        memcpy(out, q->kept.scratch + q->sel->order_count,
               q->col_count * sizeof *out);
    } else {
      got = next_union_row(q, q->skip ? NULL : out);
      if (got != 1) return got;
    }
    if (q->skip > 0) {
      q->skip--;
      continue;
    }
    if (q->left > 0) q->left--;
    return got;
  }
}

void query_close(struct query *q) {
  for (struct query *m = q; m; m = m->next) {
    if (m->src && m->opened) m->src->close(m->src);
    agg_reset(&m->agg);
    arena_clear(&m->row);
  }
  packed_clear(&q->kept);
  q->opened = false;
}

void query_free(struct query *q) {
  if (q) query_close(q);
}
