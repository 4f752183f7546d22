/*
** One SELECT: sent, checked, read row by row.
**
** What the server sends is never trusted to have the columns that were asked
** for: number, names and types are compared with what the source was known to
** have, and if they differ the source is asked once more. A cell is converted
** when SQLite asks for it, straight from the wire.
*/
#include "live/scan.h"

#include "live/rows.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So many rows can be told from others when they come again. */
#define SEEN_MOST 1000000

/* A shorter query shows no progress. */
#define PROGRESS_AFTER_MS 1000

enum err_code scan_init(struct scan *s, struct live_table *table,
                        const struct mapping *map, struct err *e) {
  s->table = table;
  return match_init(&s->match, map, e);
}

static size_t n_seen(const struct scan *s) {
  return (size_t)sqlite3_str_length(s->seen) / sizeof(sqlite3_uint64);
}

static void forget_ask(struct scan *s) {
  sqlite3_free(s->where);
  sqlite3_free(s->order);
  sqlite3_free(sqlite3_str_finish(s->seen));
  s->where = s->order = NULL;
  s->seen = NULL;
  s->n_skip = 0;
}

void scan_end(struct scan *s) {
  progress_end(&s->progress);
  link_release(s->link);
  s->link = NULL;
  forget_ask(s);
}

void scan_clear(struct scan *s) {
  scan_end(s);
  match_clear(&s->match);
}

/* The plan has ORDER BY from what was known then. */
static enum err_code check_order(const struct scan *s, const struct plan *plan,
                                 struct err *e) {
  for (int i = 0; i < plan->n_orders; i++) {
    struct where_column column;
    if (columns_where(&column, s->table, &s->match, plan->orders[i].column) &&
        tsql_sorts_alike(&column)) {
      continue;
    }
    return err_set(e, ERR_DATA,
                   "the server cannot sort any more as this statement was "
                   "planned: prepare it again");
  }
  return ERR_NONE;
}

/* Fits what the source has to the mapping, the table and the plan. */
static enum err_code fit(struct scan *s, const struct plan *plan,
                         const struct remote_columns *known, struct err *e) {
  if (match_source(&s->match, known, e)) {
    if (s->table->args.source && e->code == ERR_DATA) {
      err_reset(e);
      err_set(e, ERR_DATA,
              "the source has lost a column since \"%s\" was created: DROP and "
              "CREATE \"%s\" again",
              s->table->name, s->table->name);
    }
    return e->code;
  }
  if (columns_compare(s->table, &s->match, e)) return e->code;
  return check_order(s, plan, e);
}

/* A connection, which tells a terminal how it is getting on. */
static enum err_code acquire(struct scan *s, struct err *e) {
  const struct mapping *map = s->match.map;
  if (s->link) return ERR_NONE;
  if (link_acquire(&s->link, s->table->pool, map->profile, e)) return e->code;
  progress_begin(&s->progress, map->sync ? map->sync : s->table->name,
                 PROGRESS_AFTER_MS);
  if (!s->progress.wanted) return ERR_NONE;
  progress_at(&s->progress, "waiting for rows", 0);
  s->link->interrupt.on_tick = progress_tick;
  s->link->interrupt.on_tick_arg = &s->progress;
  return ERR_NONE;
}

/* Rows that go to a terminal must not meet the line. */
static void tell_progress(struct scan *s) {
  if (!s->progress.wanted) return;
  if (isatty(STDOUT_FILENO)) {
    s->progress.rows = s->link->reader.row;
    progress_erase(&s->progress);
  } else {
    progress_at(&s->progress, "reading", s->link->reader.row);
  }
}

enum err_code scan_describe(struct scan *s, const struct plan *plan,
                            struct err *e) {
  const struct mapping *map = s->match.map;
  struct live_table *t = s->table;
  if (!s->link) link_follow(t->pool, map->profile);
  if (columns_known(t) && !fit(s, plan, &t->known, e)) return ERR_NONE;
  err_reset(e); /* perhaps it did not fit because it is old */
  if (acquire(s, e)) return e->code;
  if (columns_learn(t, s->link, map->source, map, e)) return e->code;
  return fit(s, plan, &t->known, e);
}

static enum err_code send_ask(struct scan *s, int *changed, struct err *e) {
  reader_start(&s->link->reader, &s->match, &s->ask, changed, e);
  if (*changed) remote_columns_clear(&s->table->known);
  return e->code;
}

/* The server will not run this text, though the source is there: an older
** version, a collation it lacks, a type it cannot compare, a value that it
** cannot convert. The conditions are a courtesy: SQLite checks every row
** itself. 1: there were some, and the rows are to be asked for without. */
static int drop_conditions(struct scan *s, struct err *e) {
  if (e->code != ERR_REMOTE || e->transient || e->server_severity > 16 ||
      e->server_number == 207 || /* invalid column name */
      e->server_number == 208 || /* invalid object name */
      e->server_number == 229 || /* no permission on the object */
      e->server_number == 230 || /* no permission on a column */
      (!s->ask.where && s->ask.top < 0) || n_seen(s) == SEEN_MOST ||
      !reader_alive(&s->link->reader)) {
    return 0;
  }
  err_reset(e);
  s->ask.where = NULL;
  s->ask.top = -1;
  return 1;
}

enum err_code scan_start(struct scan *s, const struct plan *plan, char *where,
                         sqlite3_int64 top, int *changed, struct err *e) {
  *changed = 0;
  forget_ask(s);
  s->where = where;
  s->order = plan_order_text(plan, &s->match, e);
  s->ask = (struct match_ask){plan->used, s->where, s->order, top};
  if (!e->code) acquire(s, e);
  if (!e->code && send_ask(s, changed, e) && drop_conditions(s, e)) {
    send_ask(s, changed, e);
  }
  return e->code;
}

/* Of the values as they came: rows that are alike are one as good as the
** other. */
static sqlite3_uint64 row_hash(struct scan *s, struct err *e) {
  sqlite3_uint64 h = CELL_HASH_START;
  struct value value;
  struct cell cell;
  for (int i = 0; i < s->match.map->n_columns && !e->code; i++) {
    if (s->match.columns[i].position < 0) continue;
    reader_value(&s->link->reader, &s->match, i, &value, e);
    value_convert(&value, KIND_RAW, &cell);
    h = cell_hash(h, &cell);
  }
  return h;
}

/* Any order will do. */
static int by_value(const void *a, const void *b) {
  return memcmp(a, b, sizeof(sqlite3_uint64));
}

static enum err_code note_seen(struct scan *s, struct err *e) {
  sqlite3_uint64 h;
  if (n_seen(s) == SEEN_MOST) return ERR_NONE;
  if (!s->seen) s->seen = sqlite3_str_new(NULL);
  h = row_hash(s, e);
  sqlite3_str_append(s->seen, (const char *)&h, sizeof h);
  return sqlite3_str_errcode(s->seen) ? err_nomem(e) : e->code;
}

/* Whether the row is one of the first n_skip, which are sorted and to be passed
** over; it then moves behind them. */
static int was_seen(struct scan *s, struct err *e) {
  sqlite3_uint64 h = row_hash(s, e);
  char *seen = sqlite3_str_value(s->seen), *last;
  char *at = bsearch(&h, seen, s->n_skip, sizeof h, by_value);
  if (!at) return 0;
  last = seen + --s->n_skip * sizeof h;
  memmove(at, at + sizeof h, (size_t)(last - at));
  memcpy(last, &h, sizeof h);
  return 1;
}

/* Asks again, for rows that SQLite has in part. */
static enum err_code resume(struct scan *s, struct err *e) {
  int changed = 0;
  s->n_skip = n_seen(s);
  if (s->n_skip) {
    qsort(sqlite3_str_value(s->seen), s->n_skip, sizeof(sqlite3_uint64),
          by_value);
  }
  return send_ask(s, &changed, e);
}

enum err_code scan_step(struct scan *s, int *has_row, struct err *e) {
  for (;;) {
    const struct match_ask *ask = &s->ask;
    reader_next(&s->link->reader, has_row, e);
    if (e->code) {
      if (!drop_conditions(s, e) || resume(s, e)) return e->code;
    } else if (*has_row) {
      tell_progress(s);
      if (s->n_skip > 0 && was_seen(s, e)) continue;
      return ask->where || ask->top >= 0 ? note_seen(s, e) : e->code;
    } else if (ask->top >= 0 && s->link->reader.row >= ask->top) {
      s->ask.top = -1; /* it cut the rows off, and SQLite wants more */
      if (resume(s, e)) return e->code;
    } else {
      scan_end(s);
      return ERR_NONE;
    }
  }
}

enum err_code scan_cell(struct scan *s, int i, struct cell *cell,
                        struct err *e) {
  return reader_cell(&s->link->reader, &s->match, i, cell, e);
}
