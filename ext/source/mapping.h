/*
** Syncs and their columns, as configured in the database.
**
**   SELECT * FROM ordersync_syncs;      -- what, from where, into which table
**   SELECT * FROM ordersync_columns;    -- source column -> target column, kind
**
** A mapping is loaded and validated as a whole; every mistake names the sync,
** the row and the column. No network.
*/
#ifndef ORDERSYNC_MAPPING_H
#define ORDERSYNC_MAPPING_H
#include "base/err.h"
#include "value/value.h"

#define MAPPING_DEFAULT_SYNC "open_orders"

enum mapping_mode { MODE_REPLACE = 0, MODE_DIFF, MODE_APPEND, MODE_MERGE };
enum mapping_missing { MISSING_ERROR = 0, MISSING_NULL };
enum mapping_bad_value { BAD_VALUE_NULL = 0, BAD_VALUE_ERROR };

struct mapping_column {
  int position;      /* as in ordersync_columns */
  char *source;      /* owned; the server's column name */
  char *target;      /* owned; the local column name */
  char *source_type; /* owned; as last declared by the server, or NULL */
  enum value_kind kind;
};

struct mapping {
  char *sync;    /* owned, as are all the strings here */
  char *profile; /* "default" when the row says nothing */
  char *source;  /* a table or view name, or a query, as the row has it */
  char *filter;  /* a T-SQL predicate, or NULL */
  char *schema;  /* the target's schema: "main" unless target says "aux.t" */
  char *target;
  enum mapping_mode mode;
  char *key; /* comma-separated target columns, or NULL */
  /* Of modes append and merge: a target column; how far to go back from its
  ** greatest value; each how manieth run fetches all rows, -1: none. */
  char *watermark;
  double overlap;
  int full_every;
  char *probe; /* T-SQL: while its answer is the same, nothing is fetched */
  int batch_size;
  enum mapping_missing on_missing;
  enum mapping_bad_value on_bad_value;
  sqlite3_int64 min_rows;    /* -1: no guard */
  double max_shrink_percent; /* -1: no guard */
  int retries;               /* attempts after the first */
  int keep_days;             /* -1: runs are kept for ever */
  int keep_changes; /* inserted, updated and deleted rows are recorded */
  int stale_after;  /* seconds, as the next: for ordersync_status */
  int failing_after;
  int dry_run; /* options only: fetch, compare, write nothing */
  int force;   /* options only: skip the guards and the probe */
  int full;    /* options only: fetch all rows */
  int query_timeout, login_timeout; /* options only; 0: the profile's */
  struct mapping_column *columns;   /* ordered by position */
  int n_columns;
};

/*
** Loads sync `name` (NULL: mapping_default()) from db's main schema.
** ERR_CONFIG when nothing is installed, the sync is unknown (the hint lists
** the known ones), a value is out of range, the sync has no columns, a target
** or source column comes twice, a kind is unknown.
*/
enum err_code mapping_load(struct mapping *m, sqlite3 *db, const char *name,
                           struct err *e);

/*
** Applies JSON options to a loaded mapping: {"mode":"diff","force":true}.
** Keys are the settings of ordersync_syncs other than name, source and target,
** and dry_run, force, full and two timeouts. NULL changes nothing. ERR_CONFIG
** names the wrong key or value and lists the valid ones.
*/
enum err_code mapping_options(struct mapping *m, sqlite3 *db, const char *json,
                              struct err *e);

/* Likewise, of ordersync_add(): with target, and without what is about one run
** only, dry_run, force and full. */
enum err_code mapping_options_to_add(struct mapping *m, sqlite3 *db,
                                     const char *json, struct err *e);

/* From a target as a row has it to schema and target: "aux.t" names a table of
** an attached database; a table whose own name has a dot in the main one wins.
*/
enum err_code mapping_split_target(struct mapping *m, sqlite3 *db,
                                   struct err *e);

/* Only the name, the schema and the target, whatever else is wrong with the
** sync; name NULL is an error. */
enum err_code mapping_locate(struct mapping *m, sqlite3 *db, const char *name,
                             struct err *e);

/* The name of the first sync behind `after`, in order; NULL when there is none.
** "" is before all. Free with sqlite3_free(). */
char *mapping_next(sqlite3 *db, const char *after, struct err *e);

/* The sync that is meant where none is named: MAPPING_DEFAULT_SYNC, else the
** only one; ERR_CONFIG where there are none or several. Likewise. */
char *mapping_default(sqlite3 *db, struct err *e);

/* The options' timeouts instead of the profile's. */
struct profile;
void mapping_timeouts(const struct mapping *m, struct profile *p);

/* The key's first name from `at` on, which is in the key or NULL; *n: its
** bytes, 0: there is none any more. */
const char *mapping_key_name(const char *at, size_t *n);

/* Whether the key names any column; nothing but commas is none. */
int mapping_has_key(const struct mapping *m);

/* Whether the key has the target column of column i. */
int mapping_is_key(const struct mapping *m, int i);

/* Whether only rows above a mark may be fetched. */
static inline int mapping_has_mark(const struct mapping *m) {
  return m->mode == MODE_APPEND || m->mode == MODE_MERGE;
}

/* The column whose target is the watermark; -1: none. */
int mapping_watermark(const struct mapping *m);

/* "replace", ... Static. */
const char *mapping_mode_name(enum mapping_mode mode);

/* The other syncs that write the same table: "a", "b". NULL when there are
** none; free with sqlite3_free(). */
char *mapping_rivals(const struct mapping *m, sqlite3 *db, struct err *e);

/* Frees; accepts a cleared one. */
void mapping_clear(struct mapping *m);

#endif
