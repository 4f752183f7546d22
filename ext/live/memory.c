/*
** What a cursor remembers of its earlier scans.
**
**   SELECT ... FROM here JOIN ordersync o ON o.sales_doc = here.doc;
*/
#include "live/memory.h"

#include <string.h>

/* Scans with differing values, before rows are fetched to be kept. */
#define SCANS_MOST 8

static void forget_rows(struct memory *m) {
  rows_free(m->rows);
  m->rows = NULL;
}

void memories_clear(struct memories *m) {
  while (m->list) {
    struct memory *one = m->list;
    m->list = one->next;
    for (int i = 0; i < one->n_terms; i++) sqlite3_free(one->texts[i]);
    forget_rows(one);
    sqlite3_free(one);
  }
  memset(m, 0, sizeof *m);
}

void memories_hand_on(struct memories *m, struct memories *next) {
  memories_clear(next);
  *next = *m;
  memset(m, 0, sizeof *m);
}

static int same_text(const char *a, const char *b) {
  return a == b || (a && b && strcmp(a, b) == 0);
}

/* Takes the conditions over. Returns how many are others; *is_new: some that
** did not vary before. */
static int note_texts(struct memory *m, const struct request *r, int *is_new,
                      struct err *e) {
  int n_other = 0;
  *is_new = 0;
  for (int i = 0; i < r->n; i++) {
    if (m->n_terms == r->n && same_text(m->texts[i], r->texts[i])) continue;
    n_other++;
    if (m->n_scans > 0 && !m->varied[i]) *is_new = m->varied[i] = 1;
    sqlite3_free(m->texts[i]);
    m->texts[i] = r->texts[i] ? sqlite3_mprintf("%s", r->texts[i]) : NULL;
    if (r->texts[i] && !m->texts[i]) err_nomem(e);
  }
  m->n_terms = r->n;
  return n_other;
}

static struct memory *find(struct memories *m, const char *place,
                           struct err *e) {
  struct memory *one = m->list;
  while (one && one->place != place) one = one->next;
  if (one) return one;
  one = sqlite3_malloc64(sizeof *one);
  if (!one) {
    err_nomem(e);
    return NULL;
  }
  memset(one, 0, sizeof *one);
  one->place = place;
  one->next = m->list;
  m->list = one;
  return one;
}

static enum memory_advice consider(struct memory *m, const struct request *r,
                                   struct err *e) {
  int is_new, n_other = note_texts(m, r, &is_new, e);
  if (m->rows && !is_new) return MEMORY_LOCAL;
  if (m->rows) { /* kept by a condition that has changed now */
    forget_rows(m);
    return MEMORY_FETCH;
  }
  m->n_scans++;
  if (m->n_scans == 1 || m->too_large) return MEMORY_SCAN;
  return n_other == 0 || m->n_scans > SCANS_MOST ? MEMORY_FETCH : MEMORY_SCAN;
}

enum memory_advice memories_consider(struct memories *m,
                                     const char *index_string,
                                     const struct request *r, struct err *e) {
  m->current = find(m, index_string, e);
  return m->current ? consider(m->current, r, e) : MEMORY_SCAN;
}
