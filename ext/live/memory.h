/*
** What a cursor remembers of its earlier scans.
**
** A join calls xFilter once a row of the outer table. After some calls with
** differing values the rows are fetched once, by the conditions that stay the
** same, and kept; at once when a call comes again exactly as it was. How many
** there are nobody knows: a table of millions must not be read for the sake of
** ten look-ups. So a fetch gives up after a number of rows that grows with the
** look-ups made, and is tried again after eight times as many.
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

/* Of the scans at one place of one statement: an OR has several. */
struct memory {
  struct memory *next;
  const char *place;      /* borrowed: its idxStr, which is never read */
  struct request request; /* of the last scan */
  unsigned char varied[PLAN_TERMS];
  int n_scans;        /* that went to the server */
  int n_patient;      /* no fetch before so many of them */
  sqlite3_int64 most; /* rows that a fetch may bring; 0: any number */
  int too_large;      /* the rows did not fit: never try again */
  struct rows *rows;  /* owned; NULL: not fetched */
};

/* Of a cursor. Starts zeroed. */
struct memories {
  struct memory *list;    /* owned */
  struct memory *current; /* borrowed: of the present scan */
};

/* Frees; accepts a cleared one. */
void memories_clear(struct memories *m);

enum memory_advice {
  MEMORY_SCAN,  /* ask the server for this scan */
  MEMORY_FETCH, /* fetch by the conditions that do not vary, and keep */
  MEMORY_LOCAL  /* what was kept will do */
};

/* To be called when a fetch ended before the last row, since there were more
** than m->most of them or than can be kept: drops the rows, and decides when to
** try again, if ever. */
void memory_give_up(struct memory *m);

/* Moves all that m remembers to `next`, which remembers nothing: its cursor
** replaces m's, and has made no scan yet. */
void memories_hand_on(struct memories *m, struct memories *next);

/* What to do for the scan that is about to be made. index_string: the idxStr of
** its plan, which tells the places of a statement apart by its address. The
** request is moved out of *r. m->current is the scan's memory afterwards. On
** failure e is set and the advice is of no use. */
enum memory_advice memories_consider(struct memories *m,
                                     const char *index_string,
                                     struct request *r, struct err *e);

#endif
