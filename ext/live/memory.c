/*
** What a cursor remembers of its earlier scans.
**
**   SELECT ... FROM here JOIN ordersync o ON o.sales_doc = here.doc;
*/
#include "live/memory.h"

#include <string.h>

/* Scans with differing values, before rows are fetched to be kept. */
#define SCANS_MOST 8

void memories_clear(struct memories *m) {
  while (m->list) {
    struct memory *one = m->list;
    m->list = one->next;
    request_clear(&one->request);
    rows_free(one->rows);
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

static enum memory_advice consider(struct memory *m, struct request *r) {
  int n_other = 0; /* conditions that are not the last scan's */
  int is_new = 0;  /* some of them did not vary before */
  for (int i = 0; m->n_scans > 0 && i < r->n; i++) {
    if (same_text(m->request.texts[i], r->texts[i])) continue;
    n_other++;
    if (!m->varied[i]) is_new = m->varied[i] = 1;
  }
  request_clear(&m->request);
  m->request = *r;
  memset(r, 0, sizeof *r);
  if (m->rows && !is_new) return MEMORY_LOCAL;
  if (m->rows) { /* kept by a condition that has changed now */
    rows_free(m->rows);
    m->rows = NULL;
    return MEMORY_FETCH;
  }
  m->n_scans++;
  if (m->n_scans == 1 || m->too_large) return MEMORY_SCAN;
  return n_other == 0 || m->n_scans > SCANS_MOST ? MEMORY_FETCH : MEMORY_SCAN;
}

enum memory_advice memories_consider(struct memories *m,
                                     const char *index_string,
                                     struct request *r, struct err *e) {
  m->current = find(m, index_string, e);
  return m->current ? consider(m->current, r) : MEMORY_SCAN;
}
