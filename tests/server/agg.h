/* Aggregates and GROUP BY: a hash of groups, each with its running values. */
#ifndef AGG_H
#define AGG_H

#include "engine.h"

struct group;
struct aggregates {
  struct node **nodes; /* the N_AGG nodes, in the batch's arena */
  unsigned count, cap;
  struct node **keys; /* GROUP BY */
  unsigned key_count;
  struct scope scope; /* a row of this: aggregates, then keys */
  /* state */
  bool done;
  struct group **table; /* owned: open addressing */
  size_t slots, groups, at;
  struct group **order; /* owned: as they came */
  struct arena a;
};

/* Finds COUNT, SUM, ... in the list, HAVING and ORDER BY and binds them. */
bool agg_collect(struct aggregates *g, struct engine *en, struct select *sel,
                 struct scope *scope);
/* Points what is outside the aggregates to the group's keys (else 8120). */
bool agg_bind(struct aggregates *g, struct engine *en, struct select *sel,
              struct scope *scope, struct node **list, unsigned count);
void agg_begin(struct aggregates *g, struct engine *en);
bool agg_add(struct aggregates *g, const struct eval *ev);
void agg_end(struct aggregates *g);
bool agg_next(struct aggregates *g, struct arena *a);
void agg_reset(struct aggregates *g);
#endif
