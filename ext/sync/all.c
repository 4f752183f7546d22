/*
** Runs refresh after refresh, and collects what fails.
*/
#include "sync/all.h"

#include "base/clock.h"
#include "base/sql.h"
#include "local/caller.h"
#include "source/mapping.h"
#include "sync/refresh.h"

#include <string.h>

/* How long to wait for somebody who locks readers out. */
#define LIST_WAIT_MS  5000
#define LIST_RETRY_MS 20

/* The message is shared out among those that failed. */
#define ALL_BYTES   880
#define FEWEST_EACH 60

struct failure {
  struct failure *next;
  char *name; /* owned */
  struct err why;
};

struct all {
  sqlite3 *db;                   /* borrowed */
  const char *options;           /* borrowed, or NULL */
  struct failure *first, **last; /* owned */
  int n_tried, n_refreshed, n_failed;
};

/* Before the first: a mistake that all would fail by is told once. */
static enum err_code check(const struct all *a, struct err *e) {
  struct mapping none = {0};
  if (!sqlite3_get_autocommit(a->db)) {
    err_set(e, ERR_MISUSE,
            "ordersync_refresh_all() commits each sync by itself and cannot "
            "run inside a transaction");
    err_hint(e, "COMMIT first, or call ordersync_refresh() for each");
  }
  if (!caller_check(a->db, "main", e)) {
    mapping_options(&none, a->db, a->options, e);
  }
  mapping_clear(&none);
  return e->code;
}

static char *next_name(const struct all *a, const char *after, struct err *e) {
  sqlite3_int64 until = clock_now_ms() + LIST_WAIT_MS;
  char *name;
  while (!(name = mapping_next(a->db, after, e)) && err_is_busy(e) &&
         clock_now_ms() < until) {
    err_reset(e);
    sqlite3_sleep(LIST_RETRY_MS);
  }
  return name;
}

/* Takes the name. */
static enum err_code note(struct all *a, char *name, const struct err *why,
                          struct err *e) {
  struct failure *f = sqlite3_malloc64(sizeof *f);
  if (!f) {
    sqlite3_free(name);
    return err_nomem(e);
  }
  *f = (struct failure){.name = name, .why = *why};
  *a->last = f;
  a->last = &f->next;
  a->n_failed++;
  return ERR_NONE;
}

/* What was wrong with it, without saying its name again. */
static const char *reason(const struct failure *f) {
  size_t n_name = strlen(f->name);
  const char *text = f->why.text;
  if (strncmp(text, "sync \"", 6) == 0 &&
      strncmp(text + 6, f->name, n_name) == 0 &&
      strncmp(text + 6 + n_name, "\": ", 3) == 0) {
    return text + n_name + 9;
  }
  return text;
}

/* Each gets its share of the message. By "!" the precision counts characters,
** so that none is cut. */
static enum err_code tell(const struct all *a, struct err *e) {
  int each = ALL_BYTES / (a->n_failed ? a->n_failed : 1), n_told = 0;
  sqlite3_str *text;
  char *told;
  if (!a->first || e->code == ERR_NOMEM) return e->code;
  if (each < FEWEST_EACH) each = FEWEST_EACH;
  text = sqlite3_str_new(NULL);
  for (const struct failure *f = a->first; f; f = f->next) {
    if (sqlite3_str_length(text) > ALL_BYTES - FEWEST_EACH) break;
    sqlite3_str_appendf(text, "%s\"%!.60s\": %!.*s", n_told++ ? "; " : "",
                        f->name, each, reason(f));
  }
  if (n_told < a->n_failed) {
    sqlite3_str_appendf(text, "; and %d more", a->n_failed - n_told);
  }
  told = sqlite3_str_finish(text);
  if (!told) {
    err_reset(e);
    return err_nomem(e);
  }
  if (!e->code) {
    err_set(e, a->first->why.code, "%d of %d syncs failed: %s", a->n_failed,
            a->n_tried, told);
    e->sqlite_code = a->first->why.sqlite_code;
  } else {
    err_hint(e, "before that, %d of %d syncs failed: %s", a->n_failed,
             a->n_tried, told);
  }
  sqlite3_free(told);
  return e->code;
}

/* Refreshes one; takes the name. e is set where the whole must end. */
static enum err_code refresh_one(struct all *a, char *name, struct err *e) {
  struct refresh_result result = {0};
  struct err ours = {0};
  refresh_run(a->db, name, a->options, &result, &ours);
  ours.secret = NULL; /* the run's, which is over */
  a->n_tried++;
  a->n_refreshed += !ours.code && !result.skipped;
  if (ours.code == ERR_INTERRUPT || ours.code == ERR_NOMEM) {
    a->n_tried--;
    *e = ours;
  } else if (ours.code) {
    return note(a, name, &ours, e);
  }
  sqlite3_free(name);
  return e->code;
}

/* Somebody may have removed or renamed it meanwhile, which is no failure. */
static int is_there(const struct all *a, const char *name) {
  struct err ignored = {0};
  return sql_integer(a->db, &ignored,
                     "SELECT count(*) FROM main.ordersync_syncs WHERE "
                     "CAST(name AS TEXT)=%Q",
                     name) > 0 ||
         ignored.code;
}

/* The next name is had before a sync is refreshed: nothing of ours is left to
** fail after the last one. */
static void refresh_each(struct all *a, struct err *e) {
  char *name = e->code ? NULL : next_name(a, "", e);
  while (name) {
    char *next = next_name(a, name, e);
    if (!e->code && is_there(a, name))
      refresh_one(a, name, e);
    else
      sqlite3_free(name);
    name = next;
    if (!e->code) continue;
    sqlite3_free(name);
    break;
  }
}

enum err_code all_refresh(sqlite3 *db, const char *options, int *n_refreshed,
                          struct err *e) {
  struct all a = {.db = db, .options = options};
  a.last = &a.first;
  check(&a, e);
  refresh_each(&a, e);
  tell(&a, e);
  *n_refreshed = a.n_refreshed;
  while (a.first) {
    struct failure *next = a.first->next;
    sqlite3_free(a.first->name);
    sqlite3_free(a.first);
    a.first = next;
  }
  return e->code;
}
