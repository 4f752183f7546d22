/*
** The arguments of CREATE VIRTUAL TABLE ... USING ordersync(...).
*/
#ifndef ORDERSYNC_VTAB_ARGS_H
#define ORDERSYNC_VTAB_ARGS_H
#include "base/err.h"

struct vtab_args {
  char *sync;    /* owned, as are all; NULL when not given */
  char *source;  /* a name, from source=, or a query, from query= */
  char *profile; /* only with source or query */
  int is_query;
};

/*
** Parses argv[0..argc), each `key = value` with the value plain, 'quoted' or
** "quoted". No arguments at all: everything NULL, which means the default
** sync. ERR_CONFIG names what is unknown, given twice, malformed, missing or
** does not go together.
*/
enum err_code vtab_args_parse(struct vtab_args *a, int argc,
                              const char *const *argv, struct err *e);
/* Frees; accepts a cleared one. */
void vtab_args_clear(struct vtab_args *a);

#endif
