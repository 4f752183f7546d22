/*
** What the files of the live view share: vtab.c (life cycle), vtab_columns.c
** (where a table's columns come from), vtab_plan.c (xBestIndex) and
** vtab_cursor.c.
*/
#ifndef ORDERSYNC_VTAB_LOCAL_H
#define ORDERSYNC_VTAB_LOCAL_H

#include "deparse_where.h"
#include "mapping.h"
#include "vtab_args.h"
#include "vtab_link.h"

struct live_table {
  sqlite3_vtab base;
  struct pool *pool; /* borrowed */
  char *schema;      /* owned: where CREATE VIRTUAL TABLE put it, and its */
  char *name;        /* name; both follow a rename */
  int eponymous;
  struct vtab_args args;

  /* The columns as SQLite was told. For a sync this is its mapping as it was
  ** then; for a source, one made of the server's columns. */
  struct mapping map;
  struct remote_columns declared; /* source: what CREATE read, kept locally */

  /* Why the table could not be set up; NULL when it was. It can then still be
  ** dropped, but not read. */
  char *broken;
};

/* ---- vtab_columns.c: columns ------------------------------------------- */

/* Fills map (and declared) from the sync, from the server (while creating, and
** then into the shadow table), or from the shadow table. */
enum err_code columns_load(struct live_table *t, int creating, struct err *e);

/* The CREATE TABLE that sqlite3_declare_vtab() wants. */
char *columns_declaration(const struct live_table *t, struct err *e);

/* The shadow table that keeps a source's columns: name and life. */
int columns_drop(struct live_table *t, struct err *e);
int columns_rename(struct live_table *t, const char *name, struct err *e);
int columns_is_shadow(const char *suffix);

/*
** The mapping as it is now: *fresh is loaded for a sync, and *map is it, or
** the table's own. ERR_CONFIG when the columns are no longer those that SQLite
** was told.
*/
enum err_code columns_current(struct live_table *t, struct mapping *fresh,
                              const struct mapping **map, struct err *e);

/* Fails when a source's columns have changed since CREATE VIRTUAL TABLE. */
enum err_code columns_compare(const struct live_table *t,
                              const struct remote_columns *now,
                              const int *remote_index, struct err *e);

/* ---- vtab_plan.c: what xBestIndex tells xFilter ------------------------ */

struct plan_term {
  int column;
  enum where_op op;
  int is_list;   /* IN: all values in one call */
  int is_scalar; /* surely no row value's first part */
};

struct plan_order {
  int column;
  int descending;
};

#define PLAN_TERMS  64
#define PLAN_ORDERS 16

struct plan {
  sqlite3_uint64 used; /* columns; bit 63: from 63 on */
  int n_terms;
  struct plan_term terms[PLAN_TERMS];
  int has_limit;  /* the value after the terms' */
  int has_offset; /* the value after that */
  int n_orders;
  struct plan_order orders[PLAN_ORDERS];
};

int plan_best_index(sqlite3_vtab *base, sqlite3_index_info *info);

/* Reads what is at the end of idxStr; 0 when it is not ours. */
int plan_decode(struct plan *plan, const char *index_string);

int plan_uses(const struct plan *plan, int column);

/* A right side as the column's affinity makes it; v->bytes are the value's.
** v->type is SQLITE_NULL for NULL. */
void plan_value(struct cell *v, sqlite3_value *right,
                const struct where_column *column);

/* The columns to ask for; positions[i] is where column i of the mapping comes
** in the result, or -1. Returns their number. remote NULL: not known. */
int plan_select_columns(const struct plan *plan, const struct mapping *map,
                        const struct remote_columns *remote,
                        const int *remote_index, struct deparse_column *columns,
                        int *positions);

/* "[a], [b] DESC"; NULL when there is no order. */
char *plan_order_text(const struct plan *plan, const struct mapping *map,
                      const struct remote_columns *remote,
                      const int *remote_index, struct err *e);

/* How column i of the mapping reads on the server. remote NULL: as far as the
** mapping tells. */
void plan_column(struct where_column *out, const struct mapping *map, int i,
                 const struct remote_column *remote);

/* ---- vtab_cursor.c ----------------------------------------------------- */

int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out);
int cursor_close(sqlite3_vtab_cursor *base);
int cursor_filter(sqlite3_vtab_cursor *base, int number, const char *string,
                  int argc, sqlite3_value **argv);
int cursor_next(sqlite3_vtab_cursor *base);
int cursor_eof(sqlite3_vtab_cursor *base);
int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i);
int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid);

#endif
