/*
** Connections are expensive (TLS, login, settings), statements are many: a
** link is kept when its statement ends.
**
** While a link is in use it holds two prepared statements, by which an
** interrupt is noticed. Idle it holds none: sqlite3_close() would refuse.
*/
#include "live/link.h"

#include <string.h>

static void link_free(struct link *l) {
  struct link **at = &l->pool->links;
  while (*at && *at != l) at = &(*at)->next;
  if (*at) *at = l->next;
  reader_close(&l->reader);
  interrupt_close(&l->interrupt);
  profile_clear(&l->settings);
  sqlite3_free(l);
}

void pool_free(void *pool) {
  struct pool *p = pool;
  while (p->links) link_free(p->links);
  sqlite3_free(p);
}

/* The newest is the first. */
void link_follow(struct pool *p, const char *profile) {
  int is_newest = 1;
  for (struct link *l = p->links, *next; l; l = next) {
    next = l->next;
    if (strcmp(l->settings.name, profile) != 0) continue;
    if (!profile_is_current(&l->settings)) {
      p->n_connects += is_newest;
      if (!l->in_use) link_free(l);
    }
    is_newest = 0;
  }
}

/* One that waits for work, and lives. */
static struct link *find_idle(struct pool *p, const char *profile) {
  struct link *l = p->links;
  while (l && (l->in_use || strcmp(l->settings.name, profile) != 0)) {
    l = l->next;
  }
  if (!l || reader_alive(&l->reader)) return l;
  link_free(l);
  return NULL;
}

enum err_code link_acquire(struct link **out, struct pool *p,
                           const char *profile, struct err *e) {
  struct link *l = find_idle(p, profile);
  *out = NULL;
  if (l) {
    if (interrupt_open(&l->interrupt, p->db, e)) return e->code;
  } else {
    l = sqlite3_malloc64(sizeof *l);
    if (!l) return err_nomem(e);
    memset(l, 0, sizeof *l);
    l->pool = p;
    l->next = p->links;
    p->links = l;
    p->n_connects++;
    l->reader.profile = &l->settings;
    l->reader.interrupt = &l->interrupt;
    l->reader.use = MSSQL_LIVE;
    if (interrupt_open(&l->interrupt, p->db, e) ||
        profile_load(&l->settings, profile, e) ||
        reader_connect(&l->reader, e)) {
      link_free(l);
      return e->code;
    }
  }
  l->in_use = 1;
  *out = l;
  return ERR_NONE;
}

void link_release(struct link *l) {
  int n_idle = 0;
  if (!l) return;
  reader_cancel(&l->reader);
  interrupt_close(&l->interrupt);
  l->pool->n_connects += l->reader.n_connects > 1;
  l->reader.n_connects = 1;
  l->reader.may_have_died = 1;
  l->in_use = 0;
  for (const struct link *o = l->pool->links; o; o = o->next) {
    if (!o->in_use && strcmp(o->settings.name, l->settings.name) == 0) n_idle++;
  }
  if (n_idle > 1 || !reader_alive(&l->reader)) link_free(l);
}
