/*
** What the files of the live view share: vtab.c (life cycle), vtab_columns.c
** (where a table's columns come from), vtab_plan.c (xBestIndex) and
** vtab_cursor.c.
*/
#ifndef ORDERSYNC_VTAB_LOCAL_H
#define ORDERSYNC_VTAB_LOCAL_H
#include "live/args.h"
#include "live/link.h"
#include "source/mapping.h"
#include "tsql/where.h"

struct live_table {
  sqlite3_vtab base;
  struct pool *pool; /* borrowed */
  char *schema;      /* owned: where CREATE VIRTUAL TABLE put it, and its */
  char *name;        /* name; both follow a rename */
  int eponymous;
  int allowed_in_schema; /* the profile said so when this was connected */
  struct vtab_args args;

  /* The columns as SQLite was told. For a sync this is its mapping as it was
  ** then; for a source, one made of the server's columns. */
  struct mapping map;
  struct remote_columns declared; /* source: what CREATE read, kept locally */

  /* The source's columns, if learned since the server was last connected to;
  ** it may have been changed in between. */
  struct remote_columns known;
  int known_since; /* the pool's n_connects then */

  /* Of a cursor that was closed: the next one of the same statement goes on
  ** with it. */
  struct memory *parked;
  struct memory
      *latest; /* borrowed: of the cursor opened last, if it is open */
  sqlite3_int64 n_plans; /* how often xBestIndex was called */

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
enum err_code columns_drop(struct live_table *t, struct err *e);
enum err_code columns_rename(struct live_table *t, const char *name,
                             struct err *e);
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
                              const struct match *now, struct err *e);

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

/* "[a], [b] DESC"; NULL when there is no order. */
char *plan_order_text(const struct plan *plan, const struct match *match,
                      struct err *e);

/* How column i of the mapping reads on the server. remote NULL: as far as the
** mapping tells. */
void plan_column(struct where_column *out, const struct mapping *map, int i,
                 const struct remote_column *remote);

/* ---- vtab_request.c: values become conditions -------------------------- */

/* One scan's conditions, a text a term; NULL: not printed. */
struct request {
  char *texts[PLAN_TERMS]; /* owned */
  int n;
  int inexact; /* some condition is wider than SQLite's, or not there */
  int never;   /* no row can match */
};

/* 1 when some comparison is with NULL, and so never true. */
int request_compares_null(const struct plan *plan, int argc,
                          sqlite3_value **argv);

enum err_code request_make(struct request *r, const struct plan *plan,
                           const struct match *match, int argc,
                           sqlite3_value **argv, struct err *e);
void request_clear(struct request *r);

/* The texts joined by AND, without those where skip[i] is set (NULL: all).
** NULL when there are none. */
char *request_where(const struct request *r, const unsigned char *skip,
                    struct err *e);

/* ---- vtab_scan.c: one SELECT and its rows ------------------------------ */

/* What is asked of the server, and how the answer is read. Starts zeroed. */
struct scan {
  struct live_table *table; /* borrowed */
  struct match match;
  struct link *link; /* owned while rows are being read */
  struct match_ask ask;
  char *where, *order; /* owned: of ask */

  /* Should the rest of the rows be asked for anew, those that SQLite has seen
  ** are passed over: after a TOP, when SQLite comes back for more, and after a
  ** condition that the server refused in the middle. */
  sqlite3_uint64 *seen; /* owned: hashes of the rows so far, then sorted */
  sqlite3_int64 n_seen, n_skip;
};

enum err_code scan_init(struct scan *s, struct live_table *table,
                        const struct mapping *map, struct err *e);
void scan_clear(struct scan *s);

/* What the table knows of its source's columns; NULL: nothing. */
const struct remote_columns *scan_known(const struct live_table *t);

/* Asks for them; map NULL: those of any. */
enum err_code scan_learn(struct live_table *t, struct link *link,
                         const char *source, const struct mapping *map,
                         struct err *e);

/* Learns the source's columns; needs a connection only for the first time. */
enum err_code scan_describe(struct scan *s, const struct plan *plan,
                            struct err *e);

/* Sends the SELECT. where is the scan's from now on. *changed: the source has
** other columns than it was known to have; forgotten, so that scan_describe()
** asks again. */
enum err_code scan_start(struct scan *s, const struct plan *plan, char *where,
                         sqlite3_int64 top, int *changed, struct err *e);

/* The next row; after the last one the link is given back. */
enum err_code scan_step(struct scan *s, int *has_row, struct err *e);

/* Abandons what is left, and gives the link back. */
void scan_end(struct scan *s);

/* Column i of the mapping, converted. */
enum err_code scan_cell(struct scan *s, int i, struct cell *cell,
                        struct err *e);

/* A hash of a cell, for rowids and lookups. */
sqlite3_uint64 cell_hash(sqlite3_uint64 h, const struct cell *cell);
#define CELL_HASH_START 0xcbf29ce484222325ULL

/* ---- vtab_rows.c: rows kept for the length of a statement -------------- */

struct rows;

enum err_code rows_new(struct rows **out, int n_columns, struct err *e);
void rows_free(struct rows *r); /* accepts NULL */

/* Copies a row. *full: it did not fit, too many are kept already. */
enum err_code rows_add(struct rows *r, const struct cell *cells, int *full,
                       struct err *e);
sqlite3_int64 rows_count(const struct rows *r);

/* The cell's bytes stay until rows_free(). */
void rows_cell(const struct rows *r, sqlite3_int64 row, int column,
               struct cell *cell);

/* Walks the rows whose `column` may equal the key, which is an INTEGER or a
** TEXT: rows_first(), then rows_after() until -1. */
enum err_code rows_index(struct rows *r, int column, struct err *e);
sqlite3_int64 rows_first(const struct rows *r, const struct cell *key);
sqlite3_int64 rows_after(const struct rows *r, sqlite3_int64 row);

/* ---- vtab_memory.c: what a cursor remembers of earlier scans ----------- */

/*
** A join calls xFilter once a row of the outer table. After some calls with
** differing values the rows are fetched once, by the conditions that stay the
** same, and kept; at once when a call comes again exactly as it was.
*/
struct memory {
  char *texts[PLAN_TERMS]; /* owned: conditions of the last scan */
  unsigned char varied[PLAN_TERMS];
  int n_terms;
  int n_scans;               /* that went to the server */
  int too_large;             /* the rows did not fit: never try again */
  char *plan;                /* owned: idxStr */
  struct rows *rows;         /* owned; NULL: not fetched */
  int indexed;               /* the column of rows' index, or -1 */
  sqlite3_uint64 statements; /* which were running when it was opened */
  sqlite3_int64 n_plans;     /* of the table, then */
  sqlite3_int64 parked_ms;
};

struct memory *memory_open(struct live_table *t); /* NULL: out of memory */
void memory_close(struct live_table *t, struct memory *m);
void memory_free(struct memory *m); /* accepts NULL */

enum memory_advice {
  MEMORY_SCAN,  /* ask the server for this scan */
  MEMORY_FETCH, /* fetch by the conditions that do not vary, and keep */
  MEMORY_LOCAL  /* what was kept will do */
};

/* Notes the scan that is about to be made. */
enum memory_advice memory_consider(struct memory *m, const char *plan,
                                   const struct request *r);

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
