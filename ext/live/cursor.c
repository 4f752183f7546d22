/*
** The cursor: a scan of the server's rows, or of rows that were kept.
*/
#include "live/cursor.h"

#include "live/memory.h"
#include "live/plan.h"
#include "live/scan.h"
#include "value/number.h"

#include <stdint.h>
#include <string.h>

/* Since SQLite 3.52. */
#ifndef SQLITE_DBCONFIG_FP_DIGITS
#define SQLITE_DBCONFIG_FP_DIGITS 1023
#endif

/* A LIMIT beyond this is not sent as TOP. */
#define TOP_MOST 100000

struct live_cursor {
  sqlite3_vtab_cursor base;
  struct mapping fresh;      /* of a sync; loaded at open */
  const struct mapping *map; /* fresh, or the table's */
  struct scan scan;
  struct memories memories;
  struct plan plan;
  int eof;
  struct err cell_error; /* kept here: to clear one for each cell costs */

  /* Reading kept rows. */
  int is_indexed;    /* only the rows of a hash bucket */
  sqlite3_int64 row; /* from 0 */
};

static struct live_table *table_of(const struct live_cursor *c) {
  return (struct live_table *)c->base.pVtab;
}

/* The rows that the present scan reads; NULL: the server's. */
static struct rows *kept(const struct live_cursor *c) {
  return c->memories.current ? c->memories.current->rows : NULL;
}

static int fail(struct live_cursor *c, struct err *e) {
  const struct live_table *t = table_of(c);
  if (t->args.source)
    err_prefix(e, "%s", t->name);
  else if (c->map && c->map->sync)
    err_prefix(e, "sync \"%s\"", c->map->sync);
  scan_end(&c->scan);
  c->eof = 1;
  return err_vtab(e, &c->base.pVtab->zErrMsg);
}

/* A table that came with the file asks nobody where the program has told SQLite
** not to trust the file: it may be a stranger's, and would run as us. */
static enum err_code check_trust(const struct live_table *t, struct err *e) {
  int trusted = 1;
  if (t->eponymous || t->allowed_in_schema ||
      sqlite3_stricmp(t->schema, "temp") == 0) {
    return ERR_NONE;
  }
  sqlite3_db_config(t->pool->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &trusted);
  if (trusted) return ERR_NONE;
  err_set(e, ERR_CONFIG,
          "unsafe use of \"%s\": it is stored in the database file, whose "
          "schema is not trusted (PRAGMA trusted_schema is OFF)",
          t->name);
  err_hint(e, "Create it as temp.%s.", t->name);
  return e->code;
}

static void cursor_free(struct live_cursor *c) {
  memories_clear(&c->memories);
  scan_clear(&c->scan);
  mapping_clear(&c->fresh);
  sqlite3_free(c);
}

int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out) {
  struct live_table *t = (struct live_table *)base;
  struct live_cursor *c = sqlite3_malloc64(sizeof *c);
  struct err e = {0};
  if (!c) return SQLITE_NOMEM;
  memset(c, 0, sizeof *c);
  c->eof = 1;
  if (check_trust(t, &e) || columns_current(t, &c->fresh, &c->map, &e) ||
      scan_init(&c->scan, t, c->map, &e)) {
    cursor_free(c);
    return err_vtab(&e, &base->zErrMsg);
  }
  t->opened = c;
  *out = &c->base;
  return SQLITE_OK;
}

int cursor_close(sqlite3_vtab_cursor *base) {
  struct live_cursor *c = (struct live_cursor *)base;
  struct live_table *t = table_of(c);
  if (t->opened && t->opened != c)
    memories_hand_on(&c->memories, &t->opened->memories);
  t->opened = NULL;
  cursor_free(c);
  return SQLITE_OK;
}

/* All rows by the conditions that do not vary, unless they are too many. */
static enum err_code fetch(struct live_cursor *c, struct err *e) {
  struct memory *m = c->memories.current;
  sqlite3_uint64 n = (sqlite3_uint64)c->map->n_columns;
  struct cell *cells = sqlite3_malloc64(n * sizeof *cells);
  int has_row = 1, full = 0;
  if (!cells) return err_nomem(e);
  rows_new(&m->rows, c->map->n_columns, e);
  while (!e->code && !full) {
    if (scan_step(&c->scan, &has_row, e) || !has_row) break;
    for (int i = 0; i < c->map->n_columns && !e->code; i++) {
      scan_cell(&c->scan, i, &cells[i], e);
    }
    if (!e->code) rows_add(m->rows, cells, &full, e);
    full |= m->most > 0 && rows_count(m->rows) > m->most;
  }
  if (full || e->code) memory_give_up(m);
  scan_end(&c->scan);
  sqlite3_free(cells);
  return e->code;
}

/* A varying = by which the kept rows can be looked up: what else SQLite may
** find equal it would have to convert first. */
static int index_term(const struct live_cursor *c, int argc,
                      sqlite3_value **argv, struct cell *key) {
  for (int i = 0; i < c->plan.n_terms && i < argc; i++) {
    const struct plan_term *term = &c->plan.terms[i];
    char affinity;
    if (term->op != WHERE_EQ || term->is_list ||
        !c->memories.current->varied[i]) {
      continue;
    }
    affinity = table_of(c)->told.affinities[term->column];
    plan_value(key, argv[i], affinity);
    if (affinity == 'R') continue; /* rounded where kept rows are not yet */
    if ((key->type == SQLITE_INTEGER || key->type == SQLITE_TEXT) &&
        rows_are_all(kept(c), term->column, key->type)) {
      return i;
    }
  }
  return -1;
}

static void go_to(struct live_cursor *c, sqlite3_int64 row) {
  c->row = row;
  c->eof = row < 0 || row >= rows_count(kept(c));
}

static enum err_code start_local(struct live_cursor *c, int argc,
                                 sqlite3_value **argv, struct err *e) {
  struct cell key;
  int term = index_term(c, argc, argv, &key);
  c->is_indexed = term >= 0;
  if (c->is_indexed && rows_index(kept(c), c->plan.terms[term].column, e)) {
    return e->code;
  }
  go_to(c, c->is_indexed ? rows_first(kept(c), &key) : 0);
  return ERR_NONE;
}

/* LIMIT + OFFSET where every condition is exact; else -1. */
static sqlite3_int64 top_of(const struct plan *plan, const struct request *r,
                            int argc, sqlite3_value **argv) {
  int at = plan->n_terms, n = 1 + plan->has_offset;
  sqlite3_int64 limit, offset;
  if (!plan->has_limit || r->inexact || at + n > argc) return -1;
  limit = sqlite3_value_int64(argv[at]);
  offset = plan->has_offset ? sqlite3_value_int64(argv[at + 1]) : 0;
  if (limit <= 0 || limit > TOP_MOST || offset > TOP_MOST) return -1;
  return limit + (offset > 0 ? offset : 0);
}

/* Once. *changed: worth another try. */
static enum err_code start_once(struct live_cursor *c, const char *index_string,
                                int argc, sqlite3_value **argv, int *changed,
                                struct err *e) {
  struct request made;
  enum memory_advice advice;
  const struct memory *m;
  sqlite3_int64 top = -1;
  *changed = 0;
  if (scan_describe(&c->scan, &c->plan, e)) return e->code;
  request_make(&made, &c->plan, table_of(c), &c->scan.match, argc, argv, e);
  if (e->code || made.never) {
    request_clear(&made);
    return e->code;
  }
  advice = memories_consider(&c->memories, index_string, &made, e);
  request_clear(&made); /* still there when there was no memory */
  m = c->memories.current;
  if (!e->code && advice == MEMORY_FETCH &&
      !scan_start(&c->scan, &c->plan, request_where(&m->request, m->varied, e),
                  -1, changed, e)) {
    fetch(c, e);
  }
  if (e->code) return e->code;
  if (m->rows) return start_local(c, argc, argv, e);
  top = top_of(&c->plan, &m->request, argc, argv);
  if (!scan_start(&c->scan, &c->plan, request_where(&m->request, NULL, e), top,
                  changed, e)) {
    c->eof = 0;
  }
  return e->code;
}

static enum err_code step(struct live_cursor *c, struct err *e) {
  int has_row = 0;
  if (kept(c)) {
    go_to(c, c->is_indexed ? rows_after(kept(c), c->row) : c->row + 1);
  } else if (!scan_step(&c->scan, &has_row, e)) {
    c->eof = !has_row;
  }
  return e->code;
}

int cursor_filter(sqlite3_vtab_cursor *base, int number, const char *string,
                  int argc, sqlite3_value **argv) {
  struct live_cursor *c = (struct live_cursor *)base;
  struct err e = {0};
  int changed = 0;
  (void)number;
  scan_end(&c->scan);
  c->eof = 1;
  table_of(c)->opened = NULL;
  plan_read(&c->plan, string);
  /* No need to ask anybody. */
  if (request_compares_null(&c->plan, argc, argv)) return SQLITE_OK;
  start_once(c, string, argc, argv, &changed, &e);
  if (changed) {
    err_reset(&e);
    start_once(c, string, argc, argv, &changed, &e);
  }
  if (!e.code && !c->eof && !kept(c)) step(c, &e);
  if (e.code) return fail(c, &e);
  if (c->eof) scan_end(&c->scan);
  return SQLITE_OK;
}

int cursor_next(sqlite3_vtab_cursor *base) {
  struct live_cursor *c = (struct live_cursor *)base;
  struct err e = {0};
  return step(c, &e) ? fail(c, &e) : SQLITE_OK;
}

int cursor_eof(sqlite3_vtab_cursor *base) {
  return ((struct live_cursor *)base)->eof;
}

static enum err_code read_cell(struct live_cursor *c, int i, struct cell *cell,
                               struct err *e) {
  if (!kept(c)) return scan_cell(&c->scan, i, cell, e);
  rows_cell(kept(c), c->row, i, cell);
  return ERR_NONE;
}

/* How many digits of a REAL its text has; older SQLites, which do not know the
** question, write 15. */
static int real_digits(const struct live_table *t) {
  int n = 15;
  (void)sqlite3_db_config(t->pool->db, SQLITE_DBCONFIG_FP_DIGITS, 0, &n);
  return n;
}

/* A number's text and a text's number, as SQLite takes one for the other when a
** table stores it: https://sqlite.org/datatype3.html, 3. */
static void apply_affinity(struct cell *cell, const struct live_table *t,
                           int i) {
  char affinity = t->told.affinities[i];
  static const char blanks[] = {' ', '\t', '\n', '\v', '\f', '\r'};
  const unsigned char *text = (const unsigned char *)cell->bytes;
  int n = cell->n_bytes;
  if (affinity == 'T' &&
      (cell->type == SQLITE_INTEGER || cell->type == SQLITE_FLOAT)) {
    if (cell->type == SQLITE_INTEGER)
      sqlite3_snprintf(sizeof cell->text, cell->text, "%lld", cell->integer);
    else
      sqlite3_snprintf(sizeof cell->text, cell->text, "%!.*g", real_digits(t),
                       cell->real);
    cell->type = SQLITE_TEXT;
    cell->bytes = cell->text;
    cell->n_bytes = (int)strlen(cell->text);
  }
  if (affinity != 'I' && affinity != 'R' && affinity != 'N') return;
  if (cell->type == SQLITE_TEXT && n > 0) {
    for (; n > 0 && memchr(blanks, *text, sizeof blanks); n--) text++;
    while (n > 0 && memchr(blanks, text[n - 1], sizeof blanks)) n--;
    if (!real_from_text(text, n, &cell->real)) return;
    cell->type = SQLITE_FLOAT;
    if (!memchr(text, '.', (size_t)n) &&
        integer_from_text(text, n, &cell->integer)) {
      cell->type = SQLITE_INTEGER;
    }
  }
  if (affinity == 'R' && cell->type == SQLITE_INTEGER) {
    cell->type = SQLITE_FLOAT;
    cell->real = (double)cell->integer;
  } else if (affinity != 'R' && cell->type == SQLITE_FLOAT &&
             integer_from_real(cell->real, &cell->integer) &&
             cell->integer > INT64_MIN) {
    cell->type = SQLITE_INTEGER;
  }
}

int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i) {
  struct live_cursor *c = (struct live_cursor *)base;
  struct cell cell;
  if (c->eof) return SQLITE_OK;
  if (read_cell(c, i, &cell, &c->cell_error)) {
    struct err e = c->cell_error;
    err_reset(&c->cell_error);
    return fail(c, &e);
  }
  apply_affinity(&cell, table_of(c), i);
  cell_result(context, &cell);
  return SQLITE_OK;
}

/*
** SQLite tells rows apart by rowid where it answers an OR by one scan a branch
** (has an earlier branch found this row?), and in a RIGHT JOIN (which rows had
** a match?). No key could serve as one: it is made of the row's content. Both
** uses read the same columns in all their scans, and rows that are alike in
** these have the same fate: they are found by the same branches, every one of
** them. Within one branch SQLite does not compare rowids, so rows that are
** alike all survive.
*/
int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  struct live_cursor *c = (struct live_cursor *)base;
  struct err e = {0};
  sqlite3_uint64 h = CELL_HASH_START;
  struct cell cell;
  for (int i = 0; !c->eof && i < c->map->n_columns; i++) {
    if (read_cell(c, i, &cell, &e)) return fail(c, &e);
    h = cell_hash(h, &cell);
  }
  *rowid = (sqlite3_int64)h;
  return SQLITE_OK;
}
