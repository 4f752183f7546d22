/* Responses kept for replay: see cache.h. */
#include "cache.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_BYTES = 256 << 20 };

struct cached {
  struct cached *next; /* most recently used first */
  struct buf key;
  int64_t version;
  struct capture response;
  unsigned users; /* replays under way, plus one while listed */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cached *list;
static size_t total;
static sqlite3 *watcher; /* data_version has a meaning within one connection */
static sqlite3_stmt *version_stmt;

void capture_add(struct capture *c, const uint8_t *p, size_t n, int64_t rows) {
  if (c->too_big || c->bytes.n + n > CACHE_BYTES) {
    c->too_big = true;
    buf_clear(&c->bytes);
    return;
  }
  buf_put(&c->bytes, p, n);
  if (c->cut_count == c->cut_cap) {
    c->cut_cap = c->cut_cap ? 2 * c->cut_cap : 16;
    c->cuts = mem_grow(c->cuts, c->cut_cap * sizeof *c->cuts);
  }
  c->cuts[c->cut_count].at = c->bytes.n;
  c->cuts[c->cut_count++].rows = rows;
}

void capture_clear(struct capture *c) {
  buf_clear(&c->bytes);
  free(c->cuts);
  memset(c, 0, sizeof *c);
}

bool cache_open(const char *db_path) {
  int rc = sqlite3_open_v2(db_path, &watcher, SQLITE_OPEN_READONLY, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_prepare_v2(watcher, "PRAGMA data_version", -1, &version_stmt,
                            NULL);
  sqlite3_busy_timeout(watcher, 5000);
  return rc == SQLITE_OK;
}

int64_t cache_version(void) {
  int64_t v = -1;
  pthread_mutex_lock(&lock);
  if (version_stmt && sqlite3_step(version_stmt) == SQLITE_ROW)
    v = sqlite3_column_int64(version_stmt, 0);
  if (version_stmt) sqlite3_reset(version_stmt);
  pthread_mutex_unlock(&lock);
  return v;
}

static void drop(struct cached *c) { /* with the lock held */
  if (--c->users > 0) return;
  buf_clear(&c->key);
  capture_clear(&c->response);
  free(c);
}

static void unlist(struct cached **at) {
  struct cached *c = *at;
  *at = c->next;
  total -= c->response.bytes.n;
  drop(c);
}

struct cached *cache_find(const struct buf *key, int64_t version) {
  struct cached *found = NULL;
  pthread_mutex_lock(&lock);
  for (struct cached **at = &list; *at;) {
    struct cached *c = *at;
    if (c->version != version) {
      unlist(at); /* the file has changed since */
      continue;
    }
    if (c->key.n == key->n && memcmp(c->key.p, key->p, key->n) == 0) {
      *at = c->next;
      c->next = list;
      list = c;
      c->users++;
      found = c;
      break;
    }
    at = &c->next;
  }
  pthread_mutex_unlock(&lock);
  return found;
}

const struct capture *cached_response(const struct cached *c) {
  return &c->response;
}

void cache_release(struct cached *c) {
  pthread_mutex_lock(&lock);
  drop(c);
  pthread_mutex_unlock(&lock);
}

void cache_store(const struct buf *key, int64_t version, struct capture *cap) {
  struct cached *c;
  if (cap->too_big || version < 0) {
    capture_clear(cap);
    return;
  }
  c = mem_alloc(sizeof *c);
  buf_put(&c->key, key->p, key->n);
  c->version = version;
  c->response = *cap;
  c->users = 1;
  memset(cap, 0, sizeof *cap);
  pthread_mutex_lock(&lock);
  c->next = list;
  list = c;
  total += c->response.bytes.n;
  while (total > CACHE_BYTES && list->next) {
    struct cached **last = &list;
    while ((*last)->next) last = &(*last)->next;
    unlist(last);
  }
  pthread_mutex_unlock(&lock);
}

void cache_close(void) {
  pthread_mutex_lock(&lock);
  while (list) unlist(&list);
  sqlite3_finalize(version_stmt);
  sqlite3_close(watcher);
  version_stmt = NULL;
  watcher = NULL;
  pthread_mutex_unlock(&lock);
}
