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
  struct pool *pool;          /* borrowed */
  struct profile settings;    /* owned: the profile as it was then */
  struct interrupt interrupt; /* open while somebody uses the link */
  struct reader reader;       /* the connection */
  int in_use;
  struct link *next; /* owned: the pool's list, newest first */
};

/* Closes every connection and frees: the module's xDestroy. */
void pool_free(void *pool);

/* To be called before each query: if the profile's settings have changed since
** a kept connection was opened, closes it, and counts what was learned over it
** as out of date. */
void link_follow(struct pool *p, const char *profile);

/* A connection for the profile, for the caller alone until link_release(): a
** kept one that still lives, or a new one. *out is NULL on failure. */
enum err_code link_acquire(struct link **out, struct pool *p,
                           const char *profile, struct err *e);

/* Gives it back: what is left of a result is cancelled, and one idle connection
** a profile is kept. Accepts NULL. */
void link_release(struct link *l);

#endif
