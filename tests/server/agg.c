/* Aggregates and GROUP BY: see agg.h. */
#include "agg.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct running {
  int64_t count;
  struct value v;   /* MIN, MAX */
  i128 sum;         /* exact types */
  double fsum;      /* floats */
  struct buf *seen; /* owned: DISTINCT's keys, length-prefixed */
};

struct group {
  uint64_t hash;
  char *key;
  size_t key_bytes;
  struct value *keys;
  struct running *run;
};

static const char *const names[] = {"COUNT", "COUNT_BIG", "SUM",
                                    "MIN",   "MAX",       "AVG"};

static int which(const struct node *n) {
  if ((n->kind != N_CALL && n->kind != N_AGG) || !n->name) return -1;
  for (int i = 0; i < 6; i++)
    if (strcasecmp(n->name, names[i]) == 0) return i;
  return -1;
}

static bool bind_one(struct engine *en, struct scope *scope, struct node *n) {
  int k = which(n);
  struct type t = type_of(T_INT);
  if (!n->star) {
    if (n->argc != 1) {
      bind_error(en, n->line, 174, 15, 1,
                 "The %s function requires 1 argument(s).", n->name);
      return true;
    }
    if (!bind_expr(en, scope, n->arg[0])) return false;
    t = n->arg[0]->type;
    n->coll_rank = n->arg[0]->coll_rank;
  }
  t.notnull = false;
  if (k == 0) {
    t = type_of(T_INT);
  } else if (k == 1) {
    t = type_of(T_BIGINT);
  } else if (k == 2 || k == 5) {
    bool bad = !type_is_number(t.id) || t.id == T_BIT;
    if (bad)
      bind_error(en, n->line, 8117, 16, 1,
                 "Operand data type %s is invalid for %s operator.",
                 type_name(&t), k == 2 ? "sum" : "avg");
    if (t.id == T_TINYINT || t.id == T_SMALLINT) t = type_of(T_INT);
    if (t.id == T_SMALLMONEY) t = type_of(T_MONEY);
    if (t.id == T_REAL) t = type_of(T_FLOAT);
    if (t.id == T_DECIMAL) {
      t = type_decimal(38, k == 2 || t.scale > 6 ? t.scale : 6);
      t.numeric = true;
    }
  } else if (type_is_lob(t.id) || t.id == T_XML || t.id == T_BIT) {
    bind_error(en, n->line, 8117, 16, 1,
               "Operand data type %s is invalid for %s operator.",
               type_name(&t), k == 3 ? "min" : "max");
  }
  n->type = t;
  return true;
}

static bool collect(struct aggregates *g, struct engine *en,
                    struct scope *scope, struct node *n) {
  if (!n) return true;
  if (which(n) >= 0) {
    if (!bind_one(en, scope, n)) return false;
    n->kind = N_AGG;
    n->scope = &g->scope;
    n->index = g->count;
    if (g->count == g->cap) {
      unsigned cap = g->cap ? 2 * g->cap : 8;
      struct node **bigger = arena_alloc(en->a, cap * sizeof *bigger);
      if (g->count) memcpy(bigger, g->nodes, g->count * sizeof *bigger);
      g->nodes = bigger;
      g->cap = cap;
    }
    g->nodes[g->count++] = n;
    return true;
  }
  for (unsigned i = 0; i < n->argc; i++)
    if (!collect(g, en, scope, n->arg[i])) return false;
  return collect(g, en, scope, n->style);
}

bool agg_collect(struct aggregates *g, struct engine *en, struct select *sel,
                 struct scope *scope) {
  g->scope.outer = scope->outer;
  for (unsigned i = 0; i < sel->item_count; i++)
    if (!collect(g, en, scope, sel->items[i].e)) return false;
  if (!collect(g, en, scope, sel->having)) return false;
  for (unsigned i = 0; i < sel->order_count; i++)
    if (!collect(g, en, scope, sel->order[i].e)) return false;
  return true;
}

/* Do two bound expressions say the same? */
static bool same(const struct node *a, const struct node *b) {
  if (a->kind != b->kind || a->argc != b->argc || a->op != b->op) return false;
  if (a->kind == N_COLUMN) return a->scope == b->scope && a->index == b->index;
  if (a->kind == N_LITERAL)
    return a->value.id == b->value.id && a->value.null == b->value.null &&
           (a->value.null || value_compare(&a->value, &b->value, 0) == 0);
  if (a->name || b->name)
    if (!a->name || !b->name || strcasecmp(a->name, b->name) != 0) return false;
  for (unsigned i = 0; i < a->argc; i++)
    if (!same(a->arg[i], b->arg[i])) return false;
  return true;
}

/* A copy of n that reads the group's keys; n itself stays as it is. */
static struct node *rewrite(struct aggregates *g, struct engine *en,
                            struct scope *scope, struct node *n,
                            const char *where) {
  struct node *copy;
  if (n->kind == N_AGG) return n;
  for (unsigned i = 0; i < g->key_count; i++)
    if (same(n, g->keys[i])) {
      copy = arena_dup(en->a, n, sizeof *n);
      copy->kind = N_COLUMN;
      copy->scope = &g->scope;
      copy->index = g->count + i;
      return copy;
    }
  if (n->kind == N_COLUMN && n->scope == scope) {
    const struct source_column *c = &scope->cols[n->index];
    bind_error(en, n->line, 8120, 16, 1,
               "Column '%s%s%s' is invalid in the %s because it is not "
               "contained in either an aggregate function or the GROUP BY "
               "clause.",
               c->qualifier ? c->qualifier : "", c->qualifier ? "." : "",
               c->name, where);
    return n;
  }
  if (n->argc == 0) return n;
  copy = arena_dup(en->a, n, sizeof *n);
  copy->arg = arena_dup(en->a, n->arg, n->argc * sizeof *n->arg);
  for (unsigned i = 0; i < n->argc; i++)
    copy->arg[i] = rewrite(g, en, scope, n->arg[i], where);
  return copy;
}

bool agg_bind(struct aggregates *g, struct engine *en, struct select *sel,
              struct scope *scope, struct node **list, unsigned count) {
  g->keys = sel->group;
  g->key_count = sel->group_count;
  for (unsigned i = 0; i < g->key_count; i++)
    if (!bind_expr(en, scope, g->keys[i])) return false;
  g->scope.row =
      arena_alloc(en->a, (g->count + g->key_count + 1) * sizeof *g->scope.row);
  for (unsigned i = 0; i < count; i++)
    list[i] = rewrite(g, en, scope, list[i], "select list");
  if (sel->having)
    sel->having = rewrite(g, en, scope, sel->having, "HAVING clause");
  return true;
}

/* ---- running ---- */

static void put_key(struct buf *b, const struct value *v, unsigned coll) {
  struct arena a = {0};
  if (v->null) {
    buf_u8(b, 0);
    return;
  }
  buf_u8(b, 1);
  if (type_is_string(v->id)) {
    size_t n = v->u.s.n;
    while (n && v->u.s.p[n - 1] == ' ') n--;
    for (size_t i = 0; i < n;) {
      uint32_t cp = text_next(v->u.s.p, n, &i);
      if (coll & COLL_AI) cp = text_unaccented(cp);
      buf_u32(b, coll & (COLL_CS | COLL_BIN) ? cp : text_fold(cp));
    }
  } else if (type_is_binary(v->id)) {
    buf_put(b, v->u.s.p, v->u.s.n);
  } else {
    struct value key = *v;
    const char *s;
    if (v->id == T_DATETIMEOFFSET) key.u.w = date_utc(&v->u.w);
    s = value_string(&key, &a);
    if (s) buf_text(b, s);
  }
  buf_u32(b, UINT32_MAX);
  arena_clear(&a);
}

static uint64_t hash_bytes(const uint8_t *p, size_t n) {
  uint64_t h = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * UINT64_C(1099511628211);
  return h;
}

static void grow(struct aggregates *g) {
  size_t slots = g->slots ? 2 * g->slots : 64;
  struct group **table = mem_alloc(slots * sizeof *table);
  for (size_t i = 0; i < g->groups; i++) {
    size_t at = g->order[i]->hash & (slots - 1);
    while (table[at]) at = (at + 1) & (slots - 1);
    table[at] = g->order[i];
  }
  free(g->table);
  g->table = table;
  g->slots = slots;
  g->order = mem_grow(g->order, slots * sizeof(struct group *));
}

static struct group *find(struct aggregates *g, const struct buf *key,
                          const struct value *keys) {
  uint64_t h = hash_bytes(key->p, key->n);
  size_t at;
  struct group *found;
  if (2 * g->groups >= g->slots) grow(g);
  at = h & (g->slots - 1);
  while ((found = g->table[at]) != NULL) {
    if (found->hash == h && found->key_bytes == key->n &&
        (key->n == 0 || memcmp(found->key, key->p, key->n) == 0))
      return found;
    at = (at + 1) & (g->slots - 1);
  }
  found = arena_alloc(&g->a, sizeof *found);
  found->hash = h;
  found->key = arena_dup(&g->a, key->p, key->n);
  found->key_bytes = key->n;
  found->keys = arena_alloc(&g->a, (g->key_count + 1) * sizeof *found->keys);
  for (unsigned i = 0; i < g->key_count; i++) {
    found->keys[i] = keys[i];
    value_copy(&found->keys[i], &g->a);
  }
  found->run = arena_alloc(&g->a, (g->count + 1) * sizeof *found->run);
  g->table[at] = found;
  g->order[g->groups++] = found;
  return found;
}

void agg_begin(struct aggregates *g, struct engine *en) {
  (void)en;
  agg_reset(g);
  grow(g);
}

/* DISTINCT: has this value been counted? A linear look at short lists. */
static bool seen_before(struct running *r, const struct value *v,
                        unsigned coll) {
  struct buf key = {0};
  bool found = false;
  put_key(&key, v, coll);
  if (!r->seen) r->seen = mem_alloc(sizeof *r->seen);
  for (size_t at = 0; at < r->seen->n && !found;) {
    uint32_t n;
    memcpy(&n, r->seen->p + at, 4);
    found = n == key.n && memcmp(r->seen->p + at + 4, key.p, n) == 0;
    at += 4 + n;
  }
  if (!found) {
    uint32_t n = (uint32_t)key.n;
    buf_put(r->seen, &n, 4);
    buf_put(r->seen, key.p, key.n);
  }
  buf_clear(&key);
  return found;
}

static bool accumulate(struct aggregates *g, const struct eval *ev,
                       const struct node *n, struct running *r) {
  struct value v;
  int c;
  if (n->star) {
    r->count++;
    return true;
  }
  if (!eval_expr(ev, n->arg[0], &v)) return false;
  if (v.null) return true;
  if (n->distinct && seen_before(r, &v, n->arg[0]->type.coll)) return true;
  switch (which(n)) {
  case 2:
  case 5:
    if (type_is_integer(v.id))
      r->sum += v.u.i;
    else if (type_is_exact(v.id))
      r->sum += v.u.dec;
    else
      r->fsum += v.u.f;
    break;
  case 3:
  case 4:
    c = r->count ? compare_values(ev, &v, &r->v, n->type.coll) : 0;
    if (r->count == 0 || (which(n) == 3 ? c < 0 : c > 0)) {
      r->v = v;
      value_copy(&r->v, &g->a);
    }
    break;
  default:
    break;
  }
  r->count++;
  return true;
}

bool agg_add(struct aggregates *g, const struct eval *ev) {
  struct buf key = {0};
  struct value *keys = arena_alloc(ev->a, (g->key_count + 1) * sizeof *keys);
  struct group *group;
  for (unsigned i = 0; i < g->key_count; i++) {
    if (!eval_expr(ev, g->keys[i], &keys[i])) {
      buf_clear(&key);
      return false;
    }
    put_key(&key, &keys[i], g->keys[i]->type.coll);
  }
  group = find(g, &key, keys);
  buf_clear(&key);
  for (unsigned i = 0; i < g->count; i++)
    if (!accumulate(g, ev, g->nodes[i], &group->run[i])) return false;
  return true;
}

void agg_end(struct aggregates *g) {
  struct buf none = {0};
  if (g->groups == 0 && g->key_count == 0) (void)find(g, &none, NULL);
  g->done = true;
  g->at = 0;
}

static struct value result(const struct node *n, const struct running *r) {
  struct value v = value_null(n->type.id);
  int k = which(n);
  v.scale = n->type.scale;
  if (k < 2) {
    v.null = false;
    v.u.i = r->count;
    return v;
  }
  if (r->count == 0) return v;
  if (k == 3 || k == 4) {
    v = r->v;
    return v;
  }
  v.null = false;
  if (type_is_integer(n->type.id)) {
    v.u.i = (int64_t)(k == 2 ? r->sum : r->sum / r->count);
  } else if (type_is_exact(n->type.id)) {
    int scale = n->arg[0]->type.scale;
    i128 sum = r->sum;
    if (type_is_exact(n->arg[0]->type.id) && n->arg[0]->type.id != T_DECIMAL)
      scale = 4;
    if (k == 5)
      (void)dec_divide(sum, scale, r->count, 0, n->type.scale, &v.u.dec);
    else
      v.u.dec = sum;
  } else {
    v.u.f = k == 2 ? r->fsum : r->fsum / (double)r->count;
  }
  return v;
}

bool agg_next(struct aggregates *g, struct arena *a) {
  const struct group *group;
  (void)a;
  if (g->at == g->groups) return false;
  group = g->order[g->at++];
  for (unsigned i = 0; i < g->count; i++)
    g->scope.row[i] = result(g->nodes[i], &group->run[i]);
  for (unsigned i = 0; i < g->key_count; i++)
    g->scope.row[g->count + i] = group->keys[i];
  return true;
}

void agg_reset(struct aggregates *g) {
  for (size_t i = 0; i < g->groups; i++)
    for (unsigned k = 0; k < g->count; k++)
      if (g->order[i]->run[k].seen) {
        buf_clear(g->order[i]->run[k].seen);
        free(g->order[i]->run[k].seen);
      }
  free(g->table);
  free(g->order);
  g->table = NULL;
  g->order = NULL;
  g->slots = g->groups = g->at = 0;
  g->done = false;
  arena_clear(&g->a);
}
