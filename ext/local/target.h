/*
** The local table that a sync writes: checked before the network is touched,
** so that what cannot work fails at once and by name.
*/
#ifndef ORDERSYNC_TARGET_H
#define ORDERSYNC_TARGET_H
#include "source/mapping.h"

struct target {
  char *qualified;    /* owned: "main"."open_orders", quoted */
  int has_created_at; /* there, and nobody maps them */
  int has_updated_at;
  int without_rowid;
  int is_strict;
  int is_utf16; /* as is its database: two characters become U+FFFD */
  char *alias;  /* owned: the INTEGER PRIMARY KEY that is the row id, or NULL */
  int alias_column; /* what is mapped to it, or -1 */
  char *rowid;      /* owned, quoted: a name of the row id that no column hides;
                    ** NULL when there is none, in mode replace only */
  char **decls;     /* owned: per mapped column its declared type */
  int n_decls;
  /* Owned: `,"a","b"`, or NULL: the columns that are stored, neither mapped nor
  ** the row id, and not stamped by an update. */
  char *others;
  int n_others;
  char *acting_child; /* owned: a table whose rows a DELETE changes, or NULL */
  sqlite3_int64 schema; /* its version before we looked; -1: not known */
};

/*
** Looks at the table and compares it with the mapping. ERR_CONFIG names the
** sync and: a table that is missing or no plain table, mapped columns that it
** lacks or that are generated, a NOT NULL column without a default that
** nothing fills, child tables whose foreign keys CASCADE or SET NULL (where
** more rows are deleted than vanished on the server: in mode replace, and in
** mode diff without a key), row ids that diff needs and cannot name.
*/
enum err_code target_open(struct target *t, sqlite3 *db,
                          const struct mapping *m, struct err *e);

/* ERR_CONFIG for SQLite's own tables and ours: a refresh would delete the
** configuration that drives it. */
enum err_code target_check_name(const char *name, struct err *e);

/* Inside the transaction: looks again if the schema has changed since. On
** failure t is cleared. */
enum err_code target_recheck(struct target *t, sqlite3 *db,
                             const struct mapping *m, struct err *e);
/* Frees; accepts a cleared one. */
void target_clear(struct target *t);

#endif
