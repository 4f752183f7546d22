/*
** Connections are expensive (TLS, login, settings), statements are many: a
** link is kept when its statement ends.
**
** While a link is in use it holds two prepared statements, by which an
** interrupt is noticed. Idle it holds none: sqlite3_close() would refuse.
*/
#include "live/link.h"

#include <string.h>

struct source {
  char *profile; /* owned */
  char *text;    /* owned */
  struct remote_columns columns;
  struct source *next;
};

/* ---- what sources have ------------------------------------------------- */

static int same_source(const struct source *s, const char *profile,
                       const char *text) {
  return strcmp(s->profile, profile) == 0 && (!text || !strcmp(s->text, text));
}

static void source_free(struct source *s) {
  sqlite3_free(s->profile);
  sqlite3_free(s->text);
  remote_columns_clear(&s->columns);
  sqlite3_free(s);
}

/* NULL text: all of the profile's. */
void pool_forget(struct pool *p, const char *profile, const char *source) {
  struct source **at = &p->sources;
  while (*at) {
    struct source *s = *at;
    if (same_source(s, profile, source)) {
      *at = s->next;
      source_free(s);
    } else {
      at = &s->next;
    }
  }
}

const struct remote_columns *
pool_known(const struct pool *p, const char *profile, const char *source) {
  for (const struct source *s = p->sources; s; s = s->next) {
    if (same_source(s, profile, source)) return &s->columns;
  }
  return NULL;
}

static const struct remote_columns *remember(struct link *l, const char *text,
                                             struct remote_columns *columns,
                                             struct err *e) {
  struct source *s = sqlite3_malloc64(sizeof *s);
  if (!s) {
    remote_columns_clear(columns);
    err_nomem(e);
    return NULL;
  }
  s->columns = *columns; /* its owner from now on */
  s->profile = sqlite3_mprintf("%s", l->profile);
  s->text = sqlite3_mprintf("%s", text);
  if (!s->profile || !s->text) {
    source_free(s);
    err_nomem(e);
    return NULL;
  }
  s->next = l->pool->sources;
  l->pool->sources = s;
  return &s->columns;
}

/* ---- links ------------------------------------------------------------- */

static void link_free(struct link *l) {
  struct link **at = &l->pool->links;
  while (*at && *at != l) at = &(*at)->next;
  if (*at) *at = l->next;
  reader_close(&l->reader);
  interrupt_close(&l->interrupt);
  profile_clear(&l->settings);
  sqlite3_free(l->profile);
  sqlite3_free(l);
}

void pool_clear(struct pool *p) {
  while (p->links) link_free(p->links);
  while (p->sources) {
    struct source *s = p->sources;
    p->sources = s->next;
    source_free(s);
  }
}

static struct link *link_new(struct pool *p, const char *profile,
                             struct err *e) {
  struct link *l = sqlite3_malloc64(sizeof *l);
  if (!l) {
    err_nomem(e);
    return NULL;
  }
  memset(l, 0, sizeof *l);
  l->pool = p;
  l->next = p->links;
  p->links = l;
  l->reader.profile = &l->settings;
  l->reader.interrupt = &l->interrupt;
  l->reader.use = MSSQL_LIVE;
  l->profile = sqlite3_mprintf("%s", profile);
  if (!l->profile) err_nomem(e);
  if (!e->code && !interrupt_open(&l->interrupt, p->db, e)) {
    profile_load(&l->settings, profile, e);
  }
  /* The server may have been changed since it was last connected to. */
  pool_forget(p, profile, NULL);
  if (!e->code) reader_connect(&l->reader, e);
  if (!e->code) return l;
  link_free(l);
  return NULL;
}

enum err_code link_acquire(struct link **out, struct pool *p,
                           const char *profile, struct err *e) {
  struct link *l = p->links;
  *out = NULL;
  while (l && (l->in_use || strcmp(l->profile, profile) != 0)) l = l->next;
  if (l && !reader_alive(&l->reader)) {
    link_free(l);
    l = NULL;
  }
  if (!l) {
    l = link_new(p, profile, e);
  } else if (interrupt_open(&l->interrupt, p->db, e)) {
    return e->code;
  }
  if (!l) return e->code;
  l->in_use = 1;
  *out = l;
  return ERR_NONE;
}

void link_release(struct link *l) {
  int n_idle = 0;
  if (!l) return;
  reader_cancel(&l->reader);
  interrupt_close(&l->interrupt);
  if (l->reader.n_connects > 1) pool_forget(l->pool, l->profile, NULL);
  l->reader.n_connects = 1;
  l->reader.may_have_died = 1;
  l->in_use = 0;
  for (const struct link *o = l->pool->links; o; o = o->next) {
    if (!o->in_use && strcmp(o->profile, l->profile) == 0) n_idle++;
  }
  if (n_idle > 1 || !reader_alive(&l->reader)) link_free(l);
}

const struct remote_columns *link_describe(struct link *l, const char *source,
                                           const struct mapping *map,
                                           struct err *e) {
  const struct remote_columns *known = pool_known(l->pool, l->profile, source);
  struct remote_columns has;
  if (known) return known;
  if (reader_describe(&l->reader, source, map, &has, e)) return NULL;
  if (!reader_find_ansi(&l->reader, source, &has, e)) {
    return remember(l, source, &has, e);
  }
  remote_columns_clear(&has);
  return NULL;
}
