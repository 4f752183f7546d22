/*
** What a run with a watermark or a probe asks of the server besides the rows,
** in the session of the fetch and in this order:
**
**   the probe                       the same answer as last time: no more
**   the columns
**   the ceiling                     MAX([changed_at]) of what will be fetched,
**                                   MIN_ACTIVE_ROWVERSION() of a rowversion
**   the rows above the mark, or all
**
** While rows are read, others change. A row that has been read already may
** change, and then one with a greater value be read: so no value above the
** ceiling becomes the mark, and what has one comes again in the next run.
*/
#ifndef ORDERSYNC_PART_H
#define ORDERSYNC_PART_H
#include "source/reader.h"
#include "sync/state.h"

/* Whether the sync's watermark, if it is to have one, can be this column; NULL:
** the source lacks it. */
enum err_code part_check_column(const struct mapping *m,
                                const struct remote_column *c, struct err *e);

/* Forgets what an earlier attempt of the run found; to be called before each.
*/
void part_begin(struct state *s);

/* Asks the probe, if there is one; sets is_unchanged. */
enum err_code part_probe(struct state *s, struct reader *r, struct err *e);

/* Decides between all rows and those above the mark, when the columns are
** known. *where: the condition, to be freed; NULL: all rows. */
enum err_code part_where(struct state *s, struct reader *r, struct match *m,
                         char **where, struct err *e);

/* Takes the present row's watermark into account: the greatest one wins. */
enum err_code part_see(struct state *s, const struct reader *r, struct match *m,
                       struct err *e);

/* To be called after the last row: makes the greatest of them the new mark. */
enum err_code part_end(struct state *s, struct err *e);

#endif
