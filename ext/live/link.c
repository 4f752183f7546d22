/*
** Connections are expensive (TLS, login, settings), statements are many: a
** link is kept when its statement ends.
**
** While a link is in use it holds two prepared statements, by which an
** interrupt is noticed. Idle it holds none: sqlite3_close() would refuse.
*/
#include "live/link.h"

#include "base/clock.h"
#include "tsql/select.h"

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

static const struct remote_columns *
remember(struct pool *p, const char *profile, const char *text,
         const struct remote_columns *columns, struct err *e) {
  struct source *s = sqlite3_malloc64(sizeof *s);
  if (!s) goto nomem;
  memset(s, 0, sizeof *s);
  s->profile = sqlite3_mprintf("%s", profile);
  s->text = sqlite3_mprintf("%s", text);
  if (!s->profile || !s->text) goto nomem;
  if (remote_columns_copy(&s->columns, columns, e)) goto failed;
  s->next = p->sources;
  p->sources = s;
  return &s->columns;
nomem:
  err_nomem(e);
failed:
  if (s) source_free(s);
  return NULL;
}

/* ---- links ------------------------------------------------------------- */

static void link_free(struct link *l) {
  struct link **at = &l->pool->links;
  while (*at && *at != l) at = &(*at)->next;
  if (*at) *at = l->next;
  mssql_close(l->remote);
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

static enum err_code link_connect(struct link *l, struct err *e) {
  struct mssql_hooks hooks = {interrupt_pending, &l->interrupt};
  mssql_close(l->remote);
  l->remote = NULL;
  /* The server may have been changed in between. */
  pool_forget(l->pool, l->profile, NULL);
  l->fresh = 1;
  return mssql_open(&l->remote, &l->settings, &hooks, MSSQL_LIVE, e);
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
  l->profile = sqlite3_mprintf("%s", profile);
  if (!l->profile) err_nomem(e);
  if (!e->code && !interrupt_open(&l->interrupt, p->db, e)) {
    profile_load(&l->settings, profile, e);
  }
  if (!e->code) link_connect(l, e);
  if (!e->code) return l;
  link_free(l);
  return NULL;
}

enum err_code link_acquire(struct link **out, struct pool *p,
                           const char *profile, struct err *e) {
  struct link *l = p->links;
  *out = NULL;
  while (l && (l->in_use || strcmp(l->profile, profile) != 0)) l = l->next;
  if (l && !mssql_alive(l->remote)) {
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
  if (!l->remote) {
    link_free(l);
    return;
  }
  mssql_cancel(l->remote);
  interrupt_close(&l->interrupt);
  mssql_deadline(l->remote, 0);
  l->in_use = 0;
  l->fresh = 0;
  for (const struct link *o = l->pool->links; o; o = o->next) {
    if (!o->in_use && strcmp(o->profile, l->profile) == 0) n_idle++;
  }
  if (n_idle > 1 || !mssql_alive(l->remote)) link_free(l);
}

static enum err_code link_send(struct link *l, const char *sql, struct err *e) {
  mssql_deadline(l->remote,
                 clock_now_ms() +
                     (sqlite3_int64)l->settings.query_timeout * 1000);
  mssql_query(l->remote, sql, e);
  profile_mask(&l->settings, e);
  return e->code;
}

enum err_code link_query(struct link *l, const char *sql, struct err *e) {
  if (!l->remote && link_connect(l, e)) return e->code;
  link_send(l, sql, e);
  if (e->code == ERR_NETWORK && !l->fresh && !mssql_alive(l->remote)) {
    err_reset(e);
    if (!link_connect(l, e)) link_send(l, sql, e);
  }
  return e->code;
}

const struct remote_columns *link_describe(struct link *l, const char *source,
                                           struct err *e) {
  const struct remote_columns *known = pool_known(l->pool, l->profile, source);
  char *sql;
  int has_row = 1;
  if (known) return known;
  sql = tsql_discover(source, e);
  if (!sql) return NULL;
  if (!link_query(l, sql, e)) {
    const struct remote_columns *has = mssql_columns(l->remote);
    if (has->count == 0) {
      err_set(e, ERR_DATA, "the source has no columns");
    } else {
      known = remember(l->pool, l->profile, source, has, e);
    }
    while (!e->code && has_row && !mssql_next(l->remote, &has_row, e)) {
      /* TOP (0) has none */
    }
  }
  sqlite3_free(sql);
  return e->code ? NULL : known;
}
