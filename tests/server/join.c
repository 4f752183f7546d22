/* A join: for each left row those of the right side that ON lets through, found
** by a key where ON has one. */
#include <stdlib.h>
#include <string.h>

#include "keyed.h"
#include "pack.h"

struct join {
  struct source base;
  struct engine *en;
  struct source *left, *right;
  struct node *on;
  struct scope scope; /* for ON */
  bool outer, have_left, matched;
  struct packed kept; /* the right side */
  size_t at;
  struct arena scratch;
  bool has_key, by_key; /* of ON; for the left row at hand */
  struct key key;
  struct lookup lookup; /* of the kept rows */
  struct arena index;
};

static void index_right(struct join *j) {
  unsigned column = j->key.column - j->left->n;
  lookup_begin(&j->lookup, j->kept.count, &j->index);
  for (size_t i = j->kept.count; i-- > 0;) {
    packed_get_some(&j->kept, i, j->kept.scratch, column + 1);
    if (!j->kept.scratch[column].null)
      lookup_add(&j->lookup, i, j->kept.scratch[column].u.i);
  }
}

static bool join_open(struct source *src) {
  struct join *j = (struct join *)src;
  struct value *row;
  int got;
  for (unsigned i = 0; i < src->n; i++) {
    struct source_column *c =
        i < j->left->n ? &j->left->cols[i] : &j->right->cols[i - j->left->n];
    c->used = src->cols[i].used;
  }
  if (!j->left->open(j->left) || !j->right->open(j->right)) return false;
  packed_clear(&j->kept);
  arena_clear(&j->index);
  packed_begin(&j->kept, j->right->n);
  row = mem_alloc((j->right->n + 1) * sizeof *row);
  while ((got = j->right->next(j->right, row)) == 1) packed_add(&j->kept, row);
  free(row);
  j->have_left = false;
  if (got == 0 && j->has_key) index_right(j);
  return got == 0;
}

/* To the first of the right rows that the left one may meet. Where its key is
** NULL that is every one: SET ANSI_NULLS may say so. */
static bool join_begin(struct join *j, const struct eval *ev,
                       struct value *row) {
  int64_t key;
  int has_key = 0;
  j->have_left = true;
  j->matched = false;
  if (j->has_key) {
    arena_reset(&j->scratch);
    j->scope.row = row;
    has_key = key_value(ev, &j->key, &key);
  }
  j->by_key = has_key == 1;
  j->at = j->by_key ? lookup_find(&j->lookup, key) : 0;
  return has_key >= 0;
}

/* The next of them; false: there is none. */
static bool join_right(struct join *j, struct value *right) {
  size_t at = j->at;
  if (j->by_key ? at == LOOKUP_END : at >= j->kept.count) return false;
  j->at = j->by_key ? lookup_next(&j->lookup, at) : at + 1;
  packed_get(&j->kept, at, right);
  return true;
}

static int join_next(struct source *src, struct value *row) {
  struct join *j = (struct join *)src;
  struct eval ev = {j->en, &j->scratch};
  for (;;) {
    int got;
    if (!j->have_left) {
      got = j->left->next(j->left, row);
      if (got != 1) return got;
      if (!join_begin(j, &ev, row)) return -1;
    }
    while (join_right(j, row + j->left->n)) {
      arena_reset(&j->scratch);
      j->scope.row = row;
      got = j->on ? eval_condition(&ev, j->on) : 1;
      if (got == -2) return -1;
      if (got == 1) {
        j->matched = true;
        return 1;
      }
    }
    j->have_left = false;
    if (j->outer && !j->matched) {
      for (unsigned i = 0; i < j->right->n; i++)
        row[j->left->n + i] = value_null(j->right->cols[i].type.id);
      return 1;
    }
  }
}

static void join_close(struct source *src) {
  struct join *j = (struct join *)src;
  j->left->close(j->left);
  j->right->close(j->right);
  packed_clear(&j->kept);
  arena_clear(&j->index);
  arena_clear(&j->scratch);
}

struct source *join_bind(struct engine *en, struct table_ref *ref,
                         struct scope *outer) {
  struct join *j = arena_alloc(en->a, sizeof *j);
  unsigned n;
  j->en = en;
  j->left = source_bind(en, ref->left, outer);
  j->right = j->left ? source_bind(en, ref->right, outer) : NULL;
  if (!j->right) return NULL;
  n = j->left->n + j->right->n;
  j->base.n = n;
  j->base.cols = arena_alloc(en->a, (n + 1) * sizeof *j->base.cols);
  memcpy(j->base.cols, j->left->cols, j->left->n * sizeof *j->base.cols);
  memcpy(j->base.cols + j->left->n, j->right->cols,
         j->right->n * sizeof *j->base.cols);
  if (ref->outer)
    for (unsigned i = j->left->n; i < n; i++)
      j->base.cols[i].type.notnull = false;
  j->outer = ref->outer;
  j->on = ref->on;
  j->scope.cols = j->base.cols;
  j->scope.n = n;
  j->scope.outer = outer;
  if (j->on && !bind_condition(en, &j->scope, j->on)) return NULL;
  j->has_key = j->on && key_find(&j->key, &j->scope, j->on, j->left->n);
  j->base.fixed = j->left->fixed && j->right->fixed &&
                  (!j->on || needs_only(j->on, &j->scope));
  j->base.open = join_open;
  j->base.next = join_next;
  j->base.close = join_close;
  return &j->base;
}
