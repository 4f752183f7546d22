/*
** What is asked of the server: a plan, and the values that xFilter gets, as
** T-SQL.
*/
#ifndef ORDERSYNC_REQUEST_H
#define ORDERSYNC_REQUEST_H
#include "live/columns.h"
#include "tsql/where.h"

struct plan_term {
  int column;
  enum where_op op;
  int is_list; /* IN: all values in one call */
};

struct plan_order {
  int column;
  int descending;
};

#define PLAN_TERMS  64
#define PLAN_ORDERS 16

/* What xBestIndex chose, for xFilter. */
struct plan {
  sqlite3_uint64 used; /* columns; bit 63: from 63 on */
  int n_terms;
  struct plan_term terms[PLAN_TERMS];
  int has_limit;  /* the value after the terms' */
  int has_offset; /* the value after that */
  int n_orders;
  struct plan_order orders[PLAN_ORDERS];
};

/* A right side as the column's affinity makes it; v->bytes are the value's.
** v->type is SQLITE_NULL for NULL. */
void plan_value(struct cell *v, sqlite3_value *right, char affinity);

/* "[a], [b] DESC"; NULL when there is no order. */
char *plan_order_text(const struct plan *plan, const struct match *match,
                      struct err *e);

/* One scan's conditions, a text a term; NULL: not printed. */
struct request {
  char *texts[PLAN_TERMS]; /* owned */
  int n;
  int inexact; /* the server may return rows that SQLite will refuse: a
               ** condition is wider than SQLite's, or was not printed */
  int never;   /* no row can match: the server need not be asked */
};

/* 1 when some comparison is with NULL, and so never true. */
int request_compares_null(const struct plan *plan, int argc,
                          sqlite3_value **argv);

/* Makes the conditions of a scan from its plan and the values that xFilter got:
** texts[i] is that of plan->terms[i]. On failure r may be half full: clear it.
*/
enum err_code request_make(struct request *r, const struct plan *plan,
                           const struct live_table *t,
                           const struct match *match, int argc,
                           sqlite3_value **argv, struct err *e);
/* Frees; accepts a cleared one. */
void request_clear(struct request *r);

/* The texts joined by AND, without those where skip[i] is set (NULL: all).
** NULL when there are none. */
char *request_where(const struct request *r, const unsigned char *skip,
                    struct err *e);

#endif
