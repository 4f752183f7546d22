/*
** A live table and its columns: where they come from, and how SQLite is told.
*/
#ifndef ORDERSYNC_COLUMNS_H
#define ORDERSYNC_COLUMNS_H
#include "live/args.h"
#include "live/link.h"
#include "source/mapping.h"
#include "tsql/can_push.h"

struct live_cursor;

/* What SQLite was told of the columns. All owned. */
struct told {
  char *declaration; /* the CREATE TABLE for sqlite3_declare_vtab() */
  char *affinities;  /* a letter a column: where_affinity()'s, 'A' for ANY */
  char *own_orders;  /* '1' where a column's collation is the host's, or '0' */
  char *names;       /* and collations */
};

struct live_table {
  sqlite3_vtab base;
  struct pool *pool; /* borrowed */
  char *schema;      /* owned: where CREATE VIRTUAL TABLE put it, and its */
  char *name;        /* name; both follow a rename */
  int eponymous;
  int allowed_in_schema; /* the profile said so when this was connected */
  struct vtab_args args;

  /* For a sync this is its mapping as it was when SQLite was told; for a
  ** source, one made of the server's columns. */
  struct mapping map;
  struct told told;
  struct remote_columns declared; /* source: what CREATE read, kept locally */

  /* The source's columns, if learned since the server was last connected to;
  ** it may have been changed in between. */
  struct remote_columns known;
  int known_since; /* the pool's n_connects then */

  /* Borrowed: the cursor that was opened last, until the next call for any
  ** cursor of the table. See memory.h. */
  struct live_cursor *opened;

  /* Why the table could not be set up; NULL when it was. It can then still be
  ** dropped, but not read. */
  char *broken;
};

/* Fills map, told and declared from the sync, from the server (while
** creating, and then into the shadow table), or from the shadow table. */
enum err_code columns_load(struct live_table *t, int creating, struct err *e);
/* Frees what columns_load() filled; accepts a cleared table. */
void columns_clear(struct live_table *t);

/* Describes column i of the mapping for a condition, in *out. Returns the
** server's own column, or NULL where that is not known yet: then *out is a
** guess from the mapping. */
const struct remote_column *columns_where(struct where_column *out,
                                          const struct live_table *t,
                                          const struct match *match, int i);

/* The source's columns as far as they are known, owned by t; NULL: not at all.
*/
const struct remote_columns *columns_known(const struct live_table *t);

/* Asks the server for them, into t->known. map: the mapping whose columns are
** wanted even where SELECT * hides them; NULL: none in particular. */
enum err_code columns_learn(struct live_table *t, struct link *link,
                            const char *source, const struct mapping *map,
                            struct err *e);

/* The shadow table "<name>_columns", in which a table made with source= or
** query= keeps the columns that the server had: dropped, renamed, and whether a
** name's suffix is that of one. Nothing happens for a table of a sync. */
enum err_code columns_drop(struct live_table *t, struct err *e);
enum err_code columns_rename(struct live_table *t, const char *name,
                             struct err *e);
int columns_is_shadow(const char *suffix);

/*
** The mapping as it is now: *fresh is loaded for a sync, and *map is it, or
** the table's own. ERR_CONFIG when the columns are no longer those that SQLite
** was told.
*/
enum err_code columns_current(struct live_table *t, struct mapping *fresh,
                              const struct mapping **map, struct err *e);

/* Fails when a source's columns have changed since CREATE VIRTUAL TABLE. */
enum err_code columns_compare(const struct live_table *t,
                              const struct match *now, struct err *e);

#endif
