/*
** The live view's connections: one a profile, kept open between statements
** and closed with the database connection; more while cursors are open at the
** same time. And what is known of the sources' columns.
*/
#ifndef ORDERSYNC_VTAB_LINK_H
#define ORDERSYNC_VTAB_LINK_H
#include "source/reader.h"

struct link;

/* One a database connection: the module's pAux. */
struct pool {
  sqlite3 *db;            /* borrowed */
  struct link *links;     /* owned */
  struct source *sources; /* owned: the columns that sources have */
};

struct link {
  struct pool *pool;
  char *profile; /* owned */
  struct profile settings;
  struct interrupt interrupt; /* open while somebody uses the link */
  struct reader reader;
  int in_use;
  struct link *next;
};

void pool_clear(struct pool *p);

/* A connection for the profile, for the caller alone. */
enum err_code link_acquire(struct link **out, struct pool *p,
                           const char *profile, struct err *e);

/* Gives it back, cancelling what is left of a result. Accepts NULL. */
void link_release(struct link *l);

/* The columns of a source, those of map among them (NULL: of any), asked for
*once a connection; borrowed until the
** next call on the pool. */
const struct remote_columns *link_describe(struct link *l, const char *source,
                                           const struct mapping *map,
                                           struct err *e);

/* What is known already, without the network; NULL: nothing. */
const struct remote_columns *
pool_known(const struct pool *p, const char *profile, const char *source);

/* The source's columns turned out to be others. */
void pool_forget(struct pool *p, const char *profile, const char *source);

#endif
