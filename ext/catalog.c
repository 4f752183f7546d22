/*
** The table-valued function ordersync_catalog.
**
** The answer is complete and the connection closed before SQLite gets the first
** row, so that what is called for each row, ordersync_add() for one, waits for
** nobody.
*/
#include "catalog.h"

#include "source/objects.h"
#include "tvf.h"

#include <string.h>

enum {
  COLUMN_SCHEMA,
  COLUMN_NAME,
  COLUMN_TYPE,
  COLUMN_SOURCE,
  COLUMN_PRIMARY_KEY,
  COLUMN_COLUMNS,
  COLUMN_PROFILE
};

/* Conditions that the server may check as well; SQLite checks them again. */
static const int pushed[OBJECT_CONDITIONS] = {[OBJECT_SCHEMA] = COLUMN_SCHEMA,
                                              [OBJECT_NAME] = COLUMN_NAME,
                                              [OBJECT_TYPE] = COLUMN_TYPE};

struct catalog_cursor {
  sqlite3_vtab_cursor base;
  struct objects objects; /* owned */
  int at;
};

static int catalog_connect(sqlite3 *db, void *aux, int argc,
                           const char *const *argv, sqlite3_vtab **out,
                           char **message) {
  (void)aux, (void)argc, (void)argv, (void)message;
  return tvf_connect(
      db,
      "CREATE TABLE x(schema TEXT, name TEXT, type TEXT, source TEXT, "
      "primary_key TEXT, columns TEXT, profile HIDDEN)",
      1, out);
}

/* idxNum has a bit for each value that xFilter gets, in the order of pushed,
** and the highest one for the profile, whose value comes first. */
enum { HAS_PROFILE = 1 << OBJECT_CONDITIONS };

/* The place of the column's usable =, or -1. It must compare binary: another
** collation may find more than the server does. */
static int find_equal(sqlite3_index_info *info, int column) {
  for (int i = 0; i < info->nConstraint; i++) {
    if (info->aConstraint[i].iColumn == column &&
        info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ &&
        info->aConstraint[i].usable &&
        strcmp(sqlite3_vtab_collation(info, i), "BINARY") == 0) {
      return i;
    }
  }
  return -1;
}

static int catalog_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  int n = tvf_arguments(info, COLUMN_PROFILE, 1);
  (void)vtab;
  if (n < 0) return SQLITE_CONSTRAINT;
  info->estimatedCost = 1e6;
  info->estimatedRows = 1000;
  info->idxNum = n ? HAS_PROFILE : 0;
  for (int i = 0; i < OBJECT_CONDITIONS; i++) {
    int at = find_equal(info, pushed[i]);
    if (at < 0) continue;
    info->aConstraintUsage[at].argvIndex = ++n;
    info->idxNum |= 1 << i;
    info->estimatedCost /= 2;
  }
  return SQLITE_OK;
}

static int catalog_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  (void)vtab;
  return tvf_open(sizeof(struct catalog_cursor), out);
}

static int catalog_close(sqlite3_vtab_cursor *base) {
  objects_clear(&((struct catalog_cursor *)base)->objects);
  sqlite3_free(base);
  return SQLITE_OK;
}

/* What is no text SQLite may convert before it compares. */
static const char *text_of(sqlite3_value *value) {
  const char *text = sqlite3_value_type(value) == SQLITE_TEXT
                         ? (const char *)sqlite3_value_text(value)
                         : NULL;
  return text && strlen(text) == (size_t)sqlite3_value_bytes(value) ? text
                                                                    : NULL;
}

static int catalog_filter(sqlite3_vtab_cursor *base, int number,
                          const char *string, int argc, sqlite3_value **argv) {
  struct catalog_cursor *cursor = (struct catalog_cursor *)base;
  const char *profile = NULL, *equals[OBJECT_CONDITIONS] = {NULL};
  struct err e = {0};
  int n = 0;
  (void)string;
  objects_clear(&cursor->objects);
  cursor->at = 0;
  if (number & HAS_PROFILE && n < argc) {
    profile = (const char *)sqlite3_value_text(argv[n++]);
  }
  for (int i = 0; i < OBJECT_CONDITIONS && n < argc; i++) {
    if (number & 1 << i) equals[i] = text_of(argv[n++]);
  }
  if (objects_read(&cursor->objects, tvf_db(base), profile, equals, &e))
    return err_vtab(&e, &base->pVtab->zErrMsg);
  return SQLITE_OK;
}

static int catalog_next(sqlite3_vtab_cursor *base) {
  ((struct catalog_cursor *)base)->at++;
  return SQLITE_OK;
}

static int catalog_eof(sqlite3_vtab_cursor *base) {
  const struct catalog_cursor *cursor = (const struct catalog_cursor *)base;
  return cursor->at >= cursor->objects.count;
}

static int catalog_column(sqlite3_vtab_cursor *base, sqlite3_context *context,
                          int column) {
  const struct catalog_cursor *cursor = (const struct catalog_cursor *)base;
  const struct object *o = &cursor->objects.items[cursor->at];
  const char *texts[] = {o->schema, o->name, o->type,
                         o->source, o->key,  o->columns};
  if (column < COLUMN_PROFILE) {
    sqlite3_result_text(context, texts[column], -1, SQLITE_TRANSIENT);
  }
  return SQLITE_OK;
}

static int catalog_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  *rowid = ((const struct catalog_cursor *)base)->at + 1;
  return SQLITE_OK;
}

static const sqlite3_module catalog_module = {
    .xConnect = catalog_connect,
    .xBestIndex = catalog_best_index,
    .xDisconnect = tvf_disconnect,
    .xOpen = catalog_open,
    .xClose = catalog_close,
    .xFilter = catalog_filter,
    .xNext = catalog_next,
    .xEof = catalog_eof,
    .xColumn = catalog_column,
    .xRowid = catalog_rowid,
};

int catalog_register(sqlite3 *db) {
  return sqlite3_create_module_v2(db, "ordersync_catalog", &catalog_module,
                                  NULL, NULL);
}
