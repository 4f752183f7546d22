/*
** The local table that a sync writes: checked before the network is touched,
** so that what cannot work fails at once and by name.
*/
#ifndef ORDERSYNC_TARGET_H
#define ORDERSYNC_TARGET_H

#include "mapping.h"

struct target {
  char *qualified;    /* owned: "main"."open_orders", quoted */
  int has_created_at; /* there, and nobody maps them */
  int has_updated_at;
  int without_rowid;
  const char *rowid; /* static: the rowid's name that no column hides */
  char **decls;      /* owned: per mapped column its declared type */
  int n_decls;
};

/*
** Looks at the table and compares it with the mapping. ERR_CONFIG names the
** sync and: a table that is missing or no plain table, mapped columns that it
** lacks or that are generated, a NOT NULL column without a default that
** nothing fills, child tables whose foreign keys CASCADE or SET NULL (in
** replace mode, since every row is deleted).
*/
enum err_code target_open(struct target *t, sqlite3 *db,
                          const struct mapping *m, struct err *e);
void target_clear(struct target *t);

#endif
