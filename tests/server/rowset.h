/* Small tables made on the fly: system views, catalog procedures. */
#ifndef ROWSET_H
#define ROWSET_H

#include "engine.h"

struct rowset {
  struct engine *en;
  struct source_column *cols;
  unsigned n, filled; /* columns; cells of the row at hand */
  struct value *rows;
  size_t count, cap;
};

/* spec: "name type, name type, ..." with types as declared. */
void rowset_init(struct rowset *r, struct engine *en, const char *spec);
void rowset_text(struct rowset *r, const char *s); /* NULL: NULL */
void rowset_int(struct rowset *r, int64_t v);
void rowset_null(struct rowset *r);
/* Several cells: t text, i int, n NULL, as in rowset_row(&r, "tin", s, 1). */
void rowset_row(struct rowset *r, const char *kinds, ...);
struct source *rowset_done(struct rowset *r);
#endif
