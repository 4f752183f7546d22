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
/* Several cells: t text or NULL, i int, n NULL, o an optional int, whose two
** arguments are whether it is there, and it: rowset_row(&r, "to", s, 1, 2). */
void rowset_row(struct rowset *r, const char *kinds, ...);
struct source *rowset_done(struct rowset *r);
#endif
