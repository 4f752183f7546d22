/* Binding of operators and predicates, whose arguments are bound already. Each
** sets n->type or n->predicate, and wraps arguments that must be converted;
** false only where nothing can go on. */
#ifndef BIND_OPERATOR_H
#define BIND_OPERATOR_H

#include "engine.h"

bool type_same(const struct type *a, const struct type *b);
bool bind_unary(struct engine *en, struct node *n);
bool bind_binary(struct engine *en, struct node *n);
bool bind_compare(struct engine *en, struct node *n);
bool bind_between(struct engine *en, struct node *n);
bool bind_like(struct engine *en, struct node *n);
bool bind_in(struct engine *en, struct scope *scope, struct node *n);
bool bind_collate(struct engine *en, struct node *n);
#endif
