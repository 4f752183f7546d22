/*
** What a cursor remembers of its earlier scans.
**
** A join calls xFilter once a row of the outer table. After some calls with
** differing values the rows are fetched once, by the conditions that stay the
** same, and kept; at once when a call comes again exactly as it was.
**
** A correlated subquery opens its cursor anew for each row of the outer query,
** and closes the one that is replaced right behind: nothing else is asked of
** the table in between. Such a cursor hands its memory on. Whatever else closes
** a cursor ends the memory, the end of a statement's run above all.
*/
#ifndef ORDERSYNC_MEMORY_H
#define ORDERSYNC_MEMORY_H
#include "live/request.h"
#include "live/rows.h"

/* Starts zeroed. */
struct memory {
  const char *first; /* borrowed, not read: the idxStr of the first scan since
                     ** the cursor was opened, which is of one statement */
  int is_handed_on;  /* by another cursor, and not used by this one yet */
  struct plan plan;  /* of the last scan */
  char *texts[PLAN_TERMS]; /* owned: conditions of the last scan */
  unsigned char varied[PLAN_TERMS];
  int n_terms;
  int n_scans;       /* that went to the server */
  int too_large;     /* the rows did not fit: never try again */
  struct rows *rows; /* owned; NULL: not fetched */
};

void memory_clear(struct memory *m);

enum memory_advice {
  MEMORY_SCAN,  /* ask the server for this scan */
  MEMORY_FETCH, /* fetch by the conditions that do not vary, and keep */
  MEMORY_LOCAL  /* what was kept will do */
};

/* The cursor that held m is replaced by the one that holds next. */
void memory_hand_on(struct memory *m, struct memory *next);

/* Notes the scan that is about to be made, by the plan that came with this
** idxStr. */
enum memory_advice memory_consider(struct memory *m, const char *index_string,
                                   const struct plan *plan,
                                   const struct request *r, struct err *e);

#endif
