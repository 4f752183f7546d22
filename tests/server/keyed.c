/* Rows by a key: see keyed.h. */
#include "keyed.h"

#include <string.h>

/* ---- row numbers by key ---- */

static size_t slot(const struct lookup *l, int64_t key) {
  return (size_t)(((uint64_t)key * 0x9e3779b97f4a7c15u) >> 20) & l->mask;
}

void lookup_begin(struct lookup *l, size_t count, struct arena *a) {
  size_t slots = 16;
  while (slots < count) slots *= 2;
  l->mask = slots - 1;
  l->keys = arena_raw(a, (count + 1) * sizeof *l->keys);
  l->next = arena_raw(a, (count + 1) * sizeof *l->next);
  l->first = arena_raw(a, slots * sizeof *l->first);
  for (size_t i = 0; i < slots; i++) l->first[i] = LOOKUP_END;
}

void lookup_add(struct lookup *l, size_t row, int64_t key) {
  size_t *first = &l->first[slot(l, key)];
  l->keys[row] = key;
  l->next[row] = *first;
  *first = row;
}

static size_t same_key(const struct lookup *l, size_t row, int64_t key) {
  while (row != LOOKUP_END && l->keys[row] != key) row = l->next[row];
  return row;
}

size_t lookup_find(const struct lookup *l, int64_t key) {
  return same_key(l, l->first[slot(l, key)], key);
}

size_t lookup_next(const struct lookup *l, size_t row) {
  return same_key(l, l->next[row], l->keys[row]);
}

/* ---- the key of a condition ---- */

/* Another value for other rows than the scope's. */
static bool varies(const struct node *n) {
  if (n->kind == N_COLUMN) return true;
  for (unsigned i = 0; i < n->argc; i++)
    if (varies(n->arg[i])) return true;
  return false;
}

/* No column of the scope but the first ones, and no subquery. */
static bool is_free(const struct node *n, const struct scope *scope,
                    unsigned first) {
  if (n->query || n->kind == N_AGG) return false;
  if (n->kind == N_COLUMN && n->scope == scope && n->index >= first)
    return false;
  for (unsigned i = 0; i < n->argc; i++)
    if (!is_free(n->arg[i], scope, first)) return false;
  return !n->style || is_free(n->style, scope, first);
}

bool needs_only(const struct node *n, const struct scope *scope) {
  if (n->query || (n->kind == N_COLUMN && n->scope != scope)) return false;
  for (unsigned i = 0; i < n->argc; i++)
    if (!needs_only(n->arg[i], scope)) return false;
  return !n->style || needs_only(n->style, scope);
}

bool key_find(struct key *k, const struct scope *scope,
              const struct node *condition, unsigned first) {
  if (condition->kind == N_AND) {
    for (unsigned i = 0; i < condition->argc; i++)
      if (key_find(k, scope, condition->arg[i], first)) return true;
    return false;
  }
  if (condition->kind != N_COMPARE || condition->op != '=') return false;
  for (unsigned i = 0; i < 2; i++) {
    const struct node *column = condition->arg[i];
    const struct node *value = condition->arg[1 - i];
    if (column->kind != N_COLUMN || column->scope != scope ||
        column->index < first || !type_is_integer(column->type.id) ||
        !type_is_integer(value->type.id) || !varies(value) ||
        !is_free(value, scope, first))
      continue;
    k->column = column->index;
    k->value = value;
    return true;
  }
  return false;
}

int key_value(const struct eval *ev, const struct key *k, int64_t *out) {
  struct value v;
  if (!eval_expr(ev, k->value, &v)) return -1;
  *out = v.null ? 0 : v.u.i;
  return !v.null;
}

/* ---- the rows of a correlated subquery ---- */

struct keyed {
  struct source base;
  struct engine *en;
  struct source *inner;
  struct key key;
  const struct value *rows; /* all of inner's */
  size_t count, at;
  struct lookup lookup;
  bool is_read;
  bool by_key; /* else every row: SET ANSI_NULLS may find a NULL */
};

static bool copy_rows(struct keyed *k) {
  struct arena *a = k->en->a;
  unsigned n = k->base.n;
  struct value *rows = NULL, *more, *to;
  struct value *row =
      arena_alloc(a, (n + 1) * sizeof *row); /* always the same */
  size_t cap = 0;
  int got = 1;
  if (!k->inner->open(k->inner)) return false;
  while (got == 1) {
    if (k->count == cap) {
      cap = 2 * cap + 64;
      more = arena_raw(a, cap * n * sizeof *more);
      if (rows) memcpy(more, rows, k->count * n * sizeof *more);
      rows = more;
    }
    got = k->inner->next(k->inner, row);
    to = rows + k->count * n;
    if (got == 1) memcpy(to, row, n * sizeof *to);
    for (unsigned i = 0; got == 1 && i < n; i++) value_copy(&to[i], a);
    k->count += got == 1;
  }
  k->inner->close(k->inner);
  k->rows = rows;
  return got == 0;
}

static bool read_all(struct keyed *k) {
  if (k->inner->all)
    k->rows = k->inner->all(k->inner, &k->count);
  else if (!copy_rows(k))
    return false;
  lookup_begin(&k->lookup, k->count, k->en->a);
  for (size_t i = k->count; i-- > 0;) {
    const struct value *v = &k->rows[i * k->base.n + k->key.column];
    if (!v->null) lookup_add(&k->lookup, i, v->u.i);
  }
  k->is_read = true;
  return true;
}

static bool keyed_open(struct source *src) {
  struct keyed *k = (struct keyed *)src;
  struct eval ev = {k->en, k->en->a};
  int64_t key;
  int has_key;
  if (!k->is_read && !read_all(k)) return false;
  has_key = key_value(&ev, &k->key, &key);
  k->by_key = has_key == 1;
  k->at = k->by_key ? lookup_find(&k->lookup, key) : 0;
  return has_key >= 0;
}

static int keyed_next(struct source *src, struct value *row) {
  struct keyed *k = (struct keyed *)src;
  if (k->by_key ? k->at == LOOKUP_END : k->at >= k->count) return 0;
  memcpy(row, k->rows + k->at * src->n, src->n * sizeof *row);
  k->at = k->by_key ? lookup_next(&k->lookup, k->at) : k->at + 1;
  return 1;
}

static void keyed_close(struct source *src) {
  (void)src;
}

struct source *source_keyed(struct engine *en, struct source *inner,
                            const struct scope *scope,
                            const struct node *where) {
  struct key key;
  struct keyed *k;
  if (!inner->fixed || !key_find(&key, scope, where, 0)) return inner;
  k = arena_alloc(en->a, sizeof *k);
  k->base = *inner;
  k->base.open = keyed_open;
  k->base.next = keyed_next;
  k->base.close = keyed_close;
  k->base.all = NULL;
  k->en = en;
  k->inner = inner;
  k->key = key;
  return &k->base;
}
