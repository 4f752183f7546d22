/*
** How far a sync has come: the mark of its watermark and the answer of its
** probe, in ordersync_state, written together with the rows that they are true
** of.
**
**   SELECT watermark, probe, since_full FROM ordersync_state;
*/
#ifndef ORDERSYNC_STATE_H
#define ORDERSYNC_STATE_H
#include "local/target.h"
#include "profile/keyword.h"
#include "tsql/mark.h"

#define STATE_CONFIG 16 /* digits of the settings' hash */

/* Why, where the settings say so. */
#define STATE_FULL_EVERY "full_every"

/* Starts zeroed. */
struct state {
  const struct mapping *map; /* borrowed */

  /* As the last success left it. */
  int has_table, has_row;
  char *config, *watermark, *probe; /* owned; NULL: none */
  sqlite3_int64 since_full, rows;

  int has_lacked; /* some mapped column was missing, and is NULL where it ran */

  /* Of this run, before the network; behind the settings' hash part.c puts that
  ** of the columns that are missing. */
  char config_now[STATE_CONFIG + 20];
  const char *full; /* why all rows are fetched; NULL: not yet known. Static */

  /* Of this run, by part.c. */
  int is_unchanged;            /* the probe says so */
  int is_part;                 /* only what is above the mark was asked for */
  int keeps;                   /* all rows were, and those that only the target
                               ** has stay: an archive, and nobody asked */
  struct remote_column column; /* the watermark's; its name is not kept */
  struct mark best;            /* the greatest that arrived up to the ceiling */
  struct mark ceiling;         /* what was there before the fetch */
  int has_ceiling;
  sqlite3_int64 n_nulls;           /* rows without a mark */
  char *watermark_now, *probe_now; /* owned; NULL: none */
};

/* Whether the settings go together: ERR_CONFIG names the one that does not. An
** index of the target must find a row by its key. No network. */
enum err_code state_check(const struct mapping *m, const struct target *t,
                          sqlite3 *db, struct err *e);

/* Reads it, and finds out what needs no network. The profile says whose marks
** these are. */
enum err_code state_load(struct state *s, sqlite3 *db, const struct mapping *m,
                         const struct target *t, const struct profile *p,
                         struct err *e);

/* Writes what has changed, in the transaction that is open; rows: in the target
** now. Nothing where a sync needs no state. */
enum err_code state_store(struct state *s, sqlite3 *db, sqlite3_int64 rows,
                          struct err *e);

/* Frees; accepts a cleared one. */
void state_clear(struct state *s);

/* "SELECT <rowid>, <columns> FROM <target> WHERE <key>": the rows with the key
** that is bound to ?1, ?2, ..., in the order of the mapping. */
sqlite3_stmt *state_prepare_by_key(const struct mapping *m,
                                   const struct target *t, sqlite3 *db,
                                   const char *explain, struct err *e);

/* The CREATE INDEX that would find a row by its key, to be freed by
** sqlite3_free(); NULL where there is such an index. */
char *state_key_index(const struct mapping *m, const struct target *t,
                      sqlite3 *db, struct err *e);

#endif
