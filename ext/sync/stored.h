/*
** Rows as the target would hold them, for comparing.
*/
#ifndef ORDERSYNC_STORED_H
#define ORDERSYNC_STORED_H
#include "local/target.h"

/* Makes rows into what they will be. Starts zeroed. */
struct stored {
  const struct target *target; /* borrowed */
  int n;                       /* mapped columns */
  char *affinities;            /* owned, one each */
  sqlite3 *scratch;            /* owned; a table that is declared the same */
  sqlite3_stmt *put, *get;     /* owned */
};

/* Opens a private database in memory with a table that is declared like the
** target. target must outlive s. */
enum err_code stored_open(struct stored *s, const struct target *target,
                          struct err *e);
/* Frees; accepts a cleared one. */
void stored_close(struct stored *s);

/* Makes the row in cells what the target would hold; it stays so until the
** next call. only: the n_only columns that matter, NULL: all. */
void stored_convert(struct stored *s, struct cell *cells, const int *only,
                    int n_only, struct err *e);

/* Column col of the statement's row; the bytes are SQLite's. */
void stored_read(sqlite3_stmt *stmt, int col, struct cell *cell, struct err *e);

/* The same in SQLite's eyes: type and value, whatever the collation. */
int stored_same(const struct cell *a, const struct cell *b);

/* Whether the statement's row, from column first on, is the same as the n
** cells, which takes no copy of it. 0, too, where memory is not enough. */
int stored_holds(sqlite3_stmt *stmt, int first, const struct cell *cells,
                 int n);

/* Equal cells have equal hashes; others may. */
sqlite3_uint64 stored_hash(sqlite3_uint64 hash, const struct cell *cell);

#endif
