/* Small tables made on the fly: see rowset.h. */
#include "rowset.h"

#include <stdarg.h>
#include <string.h>

void rowset_init(struct rowset *r, struct engine *en, const char *spec) {
  memset(r, 0, sizeof *r);
  r->en = en;
  r->cols = arena_alloc(en->a, 64 * sizeof *r->cols);
  while (*spec && r->n < 64) {
    struct source_column *c = &r->cols[r->n++];
    size_t name = strcspn(spec, " "), n = 0;
    int open = 0;
    const char *decl = spec + name + 1;
    c->name = arena_text(en->a, spec, name);
    while (decl[n] && (decl[n] != ',' || open)) {
      if (decl[n] == '(') open++;
      if (decl[n] == ')') open--;
      n++;
    }
    (void)type_parse(&c->type, arena_text(en->a, decl, n), en->s->srv->coll,
                     en->a);
    if (n == 7 && strncmp(decl, "sysname", 7) == 0) c->type.notnull = false;
    spec = decl + n;
    while (*spec == ',' || *spec == ' ') spec++;
  }
}

static struct value *cell(struct rowset *r) {
  if (r->filled == r->n || r->count == 0) {
    r->filled = 0;
    if (r->count == r->cap) {
      size_t cap = r->cap ? 2 * r->cap : 16;
      struct value *bigger = arena_alloc(r->en->a, cap * r->n * sizeof *bigger);
      if (r->count) memcpy(bigger, r->rows, r->count * r->n * sizeof *bigger);
      r->rows = bigger;
      r->cap = cap;
    }
    r->count++;
  }
  return &r->rows[(r->count - 1) * r->n + r->filled++];
}

static enum type_id type_at(struct rowset *r) {
  return r->cols[r->filled == r->n || r->count == 0 ? 0 : r->filled].type.id;
}

void rowset_text(struct rowset *r, const char *s) {
  enum type_id id = type_at(r);
  struct value *v = cell(r);
  *v = value_null(id);
  if (!s) return;
  *v = value_text(id, arena_text(r->en->a, s, strlen(s)), strlen(s));
}

void rowset_int(struct rowset *r, int64_t i) {
  enum type_id id = type_at(r);
  *cell(r) = value_int(id, i);
}

void rowset_null(struct rowset *r) {
  enum type_id id = type_at(r);
  *cell(r) = value_null(id);
}

void rowset_row(struct rowset *r, const char *kinds, ...) {
  va_list ap;
  va_start(ap, kinds);
  for (; *kinds; kinds++)
    if (*kinds == 't')
      rowset_text(r, va_arg(ap, const char *));
    else if (*kinds == 'i')
      rowset_int(r, va_arg(ap, int));
    else
      rowset_null(r);
  va_end(ap);
}

struct source *rowset_done(struct rowset *r) {
  return source_rows(r->en, r->cols, r->n, r->rows, r->count);
}
