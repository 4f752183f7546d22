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

static void put(struct rowset *r, struct value v) {
  struct value *to = cell(r);
  *to = v;
  to->id = r->cols[r->filled - 1].type.id;
}

static void put_text(struct rowset *r, const char *s) {
  size_t n = s ? strlen(s) : 0;
  put(r, s ? value_text(T_NONE, arena_text(r->en->a, s, n), n)
           : value_null(T_NONE));
}

void rowset_row(struct rowset *r, const char *kinds, ...) {
  va_list ap;
  va_start(ap, kinds);
  for (; *kinds; kinds++) {
    bool is_null = *kinds == 'n' || (*kinds == 'o' && !va_arg(ap, int));
    int64_t number = *kinds == 'i' || *kinds == 'o' ? va_arg(ap, int) : 0;
    if (*kinds == 't')
      put_text(r, va_arg(ap, const char *));
    else
      put(r, is_null ? value_null(T_NONE) : value_int(T_NONE, number));
  }
  va_end(ap);
}

struct source *rowset_done(struct rowset *r) {
  return source_rows(r->en, r->cols, r->n, r->rows, r->count);
}
