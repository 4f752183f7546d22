/*
** What a cursor remembers of its earlier scans.
**
**   SELECT ... FROM here JOIN ordersync o ON o.sales_doc = here.doc;
*/
#include "live/memory.h"

#include <string.h>

/* Scans with differing values, before rows are fetched to be kept. */
#define SCANS_MOST 8

/* Reading so many rows costs no more than a scan or two. */
#define ROWS_A_SCAN 5000

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
  one->n_patient = SCANS_MOST;
  one->next = m->list;
  m->list = one;
  return one;
}

void memory_give_up(struct memory *m) {
  rows_free(m->rows);
  m->rows = NULL;
  if (m->most == 0) m->too_large = 1;
  m->n_patient = 8 * m->n_scans;
}

static enum memory_advice consider(struct memory *m, struct request *r) {
  int is_new = 0; /* some of them did not vary before */
  int is_first = m->n_scans == 0, has_varied = 0, was_kept;
  for (int i = 0; i < r->n; i++) {
    if (!is_first && !same_text(m->request.texts[i], r->texts[i])) {
      if (!m->varied[i]) is_new = m->varied[i] = 1;
    }
    has_varied |= m->varied[i];
  }
  request_clear(&m->request);
  m->request = *r;
  memset(r, 0, sizeof *r);
  was_kept = m->rows != NULL;
  if (was_kept && !is_new) return MEMORY_LOCAL;
  rows_free(m->rows); /* kept by a condition that has changed now */
  m->rows = NULL;
  m->n_scans++;
  if (is_first || m->too_large) return MEMORY_SCAN;
  /* The very same again. Until some have varied, `most` is 0. */
  if (!has_varied) return MEMORY_FETCH;
  if (!was_kept && m->n_scans <= m->n_patient) return MEMORY_SCAN;
  m->most = (sqlite3_int64)m->n_scans * ROWS_A_SCAN;
  return MEMORY_FETCH;
}

enum memory_advice memories_consider(struct memories *m,
                                     const char *index_string,
                                     struct request *r, struct err *e) {
  m->current = find(m, index_string, e);
  return m->current ? consider(m->current, r) : MEMORY_SCAN;
}
