/*
** The live view's connections: one a profile, kept open between statements
** and closed with the database connection; more while cursors are open at the
** same time.
*/
#ifndef ORDERSYNC_VTAB_LINK_H
#define ORDERSYNC_VTAB_LINK_H
#include "source/reader.h"

struct link;

/* One a database connection: the module's pAux. */
struct pool {
  sqlite3 *db;        /* borrowed */
  struct link *links; /* owned */
  int n_connects;     /* so far: what was learned before the last is old */
};

struct link {
  struct pool *pool;
  struct profile settings;
  struct interrupt interrupt; /* open while somebody uses the link */
  struct reader reader;
  int in_use;
  struct link *next;
};

void pool_free(void *pool);

/* Closes what is kept for the profile where that says something else by now;
** what was learned then is old. To be called before each query. */
void link_follow(struct pool *p, const char *profile);

/* A connection for the profile, for the caller alone. */
enum err_code link_acquire(struct link **out, struct pool *p,
                           const char *profile, struct err *e);

/* Gives it back, cancelling what is left of a result. Accepts NULL. */
void link_release(struct link *l);

#endif
