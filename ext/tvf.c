/*
** The frame of a table-valued function.
*/
#include "tvf.h"

#include <string.h>

struct table {
  sqlite3_vtab base;
  sqlite3 *db;                 /* borrowed */
  sqlite3_vtab_cursor *opened; /* see tvf_opened() */
};

int tvf_connect(sqlite3 *db, const char *columns, int is_direct_only,
                sqlite3_vtab **out) {
  struct table *table;
  int rc = sqlite3_declare_vtab(db, columns);
  if (rc) return rc;
  if (is_direct_only) sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  table = sqlite3_malloc64(sizeof *table);
  if (!table) return SQLITE_NOMEM;
  *table = (struct table){.db = db};
  *out = &table->base;
  return SQLITE_OK;
}

int tvf_disconnect(sqlite3_vtab *vtab) {
  sqlite3_free(vtab);
  return SQLITE_OK;
}

int tvf_open(size_t cursor_bytes, sqlite3_vtab_cursor **out) {
  sqlite3_vtab_cursor *cursor = sqlite3_malloc64(cursor_bytes);
  if (!cursor) return SQLITE_NOMEM;
  memset(cursor, 0, cursor_bytes);
  *out = cursor;
  return SQLITE_OK;
}

int tvf_eof(sqlite3_vtab_cursor *base) {
  return !((const struct tvf_cursor *)base)->has_row;
}

int tvf_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  *rowid = ((const struct tvf_cursor *)base)->row;
  return SQLITE_OK;
}

int tvf_arguments(sqlite3_index_info *info, int first, int n) {
  for (int argument = 0; argument < n; argument++) {
    int at = -1;
    for (int i = 0; i < info->nConstraint; i++) {
      if (info->aConstraint[i].iColumn != first + argument ||
          info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) {
        continue;
      }
      if (!info->aConstraint[i].usable) return -1;
      at = i;
    }
    if (at < 0) return argument;
    info->aConstraintUsage[at].argvIndex = argument + 1;
    info->aConstraintUsage[at].omit = 1;
  }
  return n;
}

sqlite3_vtab_cursor **tvf_opened(sqlite3_vtab *vtab) {
  return &((struct table *)vtab)->opened;
}

sqlite3 *tvf_db(const sqlite3_vtab_cursor *cursor) {
  return ((const struct table *)cursor->pVtab)->db;
}
