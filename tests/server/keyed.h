/* Rows found by a key, where others would be read one by one: the ON of a join,
** the WHERE of a correlated subquery.
**
** Only equality of integers: ids. What is found is compared again, in full.
*/
#ifndef KEYED_H
#define KEYED_H

#include "engine.h"

/* Row numbers by key; lives in the arena. */
struct lookup {
  int64_t *keys;
  size_t *first, *next;
  size_t mask;
};
#define LOOKUP_END SIZE_MAX

/* For rows 0 to count - 1. */
void lookup_begin(struct lookup *l, size_t count, struct arena *a);
/* Each row once at most, the greatest number first. */
void lookup_add(struct lookup *l, size_t row, int64_t key);
/* The rows of a key in ascending order, LOOKUP_END behind them. */
size_t lookup_find(const struct lookup *l, int64_t key);
size_t lookup_next(const struct lookup *l, size_t row);

/* "column = value", of a condition that is false or unknown without it. */
struct key {
  unsigned column;
  const struct node *value;
};
/* Finds one whose column is among those of the scope from `first` on, and whose
** value needs none of these. */
bool key_find(struct key *k, const struct scope *scope,
              const struct node *condition, unsigned first);
/* No column of another scope, and no subquery. */
bool needs_only(const struct node *n, const struct scope *scope);
/* Its value now: 1, 0 when that is NULL, -1 after an error. */
int key_value(const struct eval *ev, const struct key *k, int64_t *out);

/* Of a correlated subquery: `inner` as a source whose open() finds the rows
** that the WHERE's key allows. `inner` itself where that cannot be. */
struct source *source_keyed(struct engine *en, struct source *inner,
                            const struct scope *scope,
                            const struct node *where);
#endif
