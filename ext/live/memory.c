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

void memory_clear(struct memory *m) {
  for (int i = 0; i < m->n_terms; i++) sqlite3_free(m->texts[i]);
  forget_rows(m);
  memset(m, 0, sizeof *m);
}

void memory_hand_on(struct memory *m, struct memory *next) {
  memory_clear(next);
  *next = *m;
  next->is_handed_on = 1;
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

enum memory_advice memory_consider(struct memory *m, const char *index_string,
                                   const struct plan *plan,
                                   const struct request *r, struct err *e) {
  int n_other, is_new;
  int is_ours = !m->is_handed_on || m->first == index_string;
  if (!is_ours || memcmp(&m->plan, plan, sizeof *plan) != 0) {
    int too_large = m->too_large && is_ours;
    memory_clear(m);
    memcpy(&m->plan, plan, sizeof *plan); /* with its padding */
    m->too_large = too_large;
  }
  if (!m->first || m->is_handed_on) m->first = index_string;
  m->is_handed_on = 0;
  n_other = note_texts(m, r, &is_new, e);
  if (m->rows && !is_new) return MEMORY_LOCAL;
  if (m->rows) { /* kept by a condition that has changed now */
    forget_rows(m);
    return MEMORY_FETCH;
  }
  m->n_scans++;
  if (m->n_scans == 1 || m->too_large) return MEMORY_SCAN;
  return n_other == 0 || m->n_scans > SCANS_MOST ? MEMORY_FETCH : MEMORY_SCAN;
}
