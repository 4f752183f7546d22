/*
** Rows between fetch and apply: compact memory up to a cap, then an unlinked
** temporary file. The local database is not locked while the network is
** slow, and memory stays bounded at any size.
**
** Append all rows, then read them back in order, or from any row on, as often
** as wanted.
*/
#ifndef ORDERSYNC_STAGING_H
#define ORDERSYNC_STAGING_H
#include "value/value.h"

struct staging;

/* memory_cap in bytes; 0: the default, 64 MiB. The temporary file, if it
** comes to that, is made in SQLITE_TMPDIR, TMPDIR, /var/tmp or /tmp, has no
** name, and is not inherited by child processes. */
enum err_code staging_open(struct staging **out, int n_columns,
                           sqlite3_int64 memory_cap, struct err *e);

/* Copies one row of n_columns cells. ERR_NOMEM or ERR_LOCAL (disk full). */
enum err_code staging_append(struct staging *s, const struct cell *cells,
                             struct err *e);

/* No more rows come: gives memory back that was taken for them. */
void staging_settle(struct staging *s);

/* How many rows there are. */
sqlite3_int64 staging_rows(const struct staging *s);

/* 1 when the rows outgrew memory and went to the file. */
int staging_spilled(const struct staging *s);

/* The place of the row that staging_next() will read, 0 for the first one; and
** back to a place that staging_tell() gave. */
sqlite3_int64 staging_tell(const struct staging *s);
void staging_seek(struct staging *s, sqlite3_int64 at);

/* The next row into cells[n_columns]; *has_row = 0 at the end. cells[i].bytes
** stay valid until the next call on s. */
enum err_code staging_next(struct staging *s, struct cell *cells, int *has_row,
                           struct err *e);

/* The same, of its first n cells. */
enum err_code staging_skim(struct staging *s, struct cell *cells, int n,
                           int *has_row, struct err *e);

/* Accepts NULL. */
void staging_close(struct staging *s);

#endif
