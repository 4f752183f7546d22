/* Responses kept for replay, so that a benchmark measures the client.
**
** The key is the request's bytes and every setting that shapes the answer; an
** entry counts only while the file's PRAGMA data_version stands still.
*/
#ifndef CACHE_H
#define CACHE_H

#include "base.h"

struct capture {    /* a response being recorded */
  struct buf bytes; /* tokens, unframed */
  struct cut {      /* where an attention may end a replay */
    size_t at;
    int64_t rows; /* before it */
  } * cuts;       /* owned */
  size_t cut_count, cut_cap;
  bool too_big;
  char plan[160]; /* what the log says of it */
};
void capture_add(struct capture *c, const uint8_t *p, size_t n, int64_t rows);
void capture_clear(struct capture *c);

bool cache_open(const char *db_path);
void cache_close(void);
int64_t cache_version(void); /* -1: unknown */

struct cached; /* counted: held while it is replayed */
struct cached *cache_find(const struct buf *key, int64_t version);
const struct capture *cached_response(const struct cached *c);
void cache_release(struct cached *c);
/* Takes what was captured. */
void cache_store(const struct buf *key, int64_t version, struct capture *c);
#endif
