/*
** The table-valued function ordersync_catalog.
**
** The answer is complete and the connection closed before SQLite gets the first
** row, so that what is called for each row, ordersync_add() for one, waits for
** nobody. It is staged, so that a large catalog needs little memory, and kept
** for the statement: a join asks again for each row of the other table. When it
** asks for something else, all is read, once.
*/
#include "catalog.h"

#include "base/sql.h"
#include "source/objects.h"
#include "sync/staging.h"
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

/* More of an answer goes to a temporary file. */
#define MEMORY_CAP (4 << 20)

struct catalog_cursor {
  struct tvf_cursor rows;
  struct staging *staged; /* owned; NULL: nothing is kept */
  char *profile, *asked;  /* owned: what is staged; asked NULL: all */
  struct cell cells[COLUMN_PROFILE];
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

/* idxNum has a bit for each value that xFilter gets, in that order: profile,
** what is in pushed, LIMIT, OFFSET. */
enum {
  HAS_PROFILE = 1,
  HAS_EQUAL = 2, /* and the bits behind it */
  HAS_LIMIT = HAS_EQUAL << OBJECT_CONDITIONS,
  HAS_OFFSET = HAS_LIMIT << 1
};

/* The place of a constraint that a value can be had for, or -1; -2 when it is
** not usable. What is pushed must compare binary: another collation may find
** more than the server does. One of a list is not sent: all are read once. */
static int find_constraint(sqlite3_index_info *info, int column, int op) {
  int found = -1;
  for (int i = 0; i < info->nConstraint && found != -2; i++) {
    if (info->aConstraint[i].op != op ||
        (op == SQLITE_INDEX_CONSTRAINT_EQ &&
         info->aConstraint[i].iColumn != column))
      continue;
    if (!info->aConstraint[i].usable)
      found = -2;
    else if (op != SQLITE_INDEX_CONSTRAINT_EQ ||
             (strcmp(sqlite3_vtab_collation(info, i), "BINARY") == 0 &&
              !sqlite3_vtab_in(info, i, -1)))
      found = i;
  }
  return found;
}

static void take(sqlite3_index_info *info, int at, int bit, int *n) {
  info->aConstraintUsage[at].argvIndex = ++*n;
  info->idxNum |= bit;
}

/* A hint, which holds where there is nothing else that leaves out rows: SQLite
** counts them itself. */
static void take_limit(sqlite3_index_info *info, int n) {
  int limit = find_constraint(info, 0, SQLITE_INDEX_CONSTRAINT_LIMIT);
  int offset = find_constraint(info, 0, SQLITE_INDEX_CONSTRAINT_OFFSET);
  int others = info->nConstraint - n - (limit != -1) - (offset != -1);
  if (limit < 0 || offset == -2 || others > 0 || info->nOrderBy > 0) return;
  take(info, limit, HAS_LIMIT, &n);
  if (offset >= 0) take(info, offset, HAS_OFFSET, &n);
}

static int catalog_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  int n = tvf_arguments(info, COLUMN_PROFILE, 1);
  (void)vtab;
  if (n < 0) return SQLITE_CONSTRAINT;
  info->estimatedCost = 1e6;
  info->estimatedRows = 1000;
  info->idxNum = n ? HAS_PROFILE : 0;
  for (int i = 0; i < OBJECT_CONDITIONS; i++) {
    int at = find_constraint(info, pushed[i], SQLITE_INDEX_CONSTRAINT_EQ);
    if (at < 0) continue;
    take(info, at, HAS_EQUAL << i, &n);
    info->estimatedCost /= 2;
  }
  take_limit(info, n);
  return SQLITE_OK;
}

static int catalog_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  int rc = tvf_open(sizeof(struct catalog_cursor), out);
  if (rc == SQLITE_OK) *tvf_opened(vtab) = *out;
  return rc;
}

static void forget(struct catalog_cursor *cursor) {
  staging_close(cursor->staged);
  sqlite3_free(cursor->profile);
  sqlite3_free(cursor->asked);
  cursor->staged = NULL;
  cursor->profile = cursor->asked = NULL;
}

static int catalog_close(sqlite3_vtab_cursor *base) {
  struct catalog_cursor *cursor = (struct catalog_cursor *)base;
  sqlite3_vtab_cursor **opened = tvf_opened(base->pVtab);
  struct catalog_cursor *next = (struct catalog_cursor *)*opened;
  if (next && next != cursor) {
    next->staged = cursor->staged;
    next->profile = cursor->profile;
    next->asked = cursor->asked;
    cursor->staged = NULL;
    cursor->profile = cursor->asked = NULL;
  }
  *opened = NULL;
  forget(cursor);
  sqlite3_free(base);
  return SQLITE_OK;
}

static void keep(void *arg, const struct object *o, struct err *e) {
  struct catalog_cursor *cursor = arg;
  const char *const texts[COLUMN_PROFILE] = {o->schema, o->name, o->type,
                                             o->source, o->key,  o->columns};
  struct cell cells[COLUMN_PROFILE];
  for (int i = 0; i < COLUMN_PROFILE; i++) {
    cells[i] = (struct cell){.type = texts[i] ? SQLITE_TEXT : SQLITE_NULL,
                             .bytes = texts[i],
                             .n_bytes = texts[i] ? (int)strlen(texts[i]) : 0};
  }
  staging_append(cursor->staged, cells, e);
}

/* What xFilter got, as a question. Text only is asked for: SQLite may convert
** the rest before it compares. 0: no row can be what is asked for. */
static int read_values(struct objects_ask *ask, int number,
                       sqlite3_value **argv, struct err *e) {
  sqlite3_int64 limit = -1;
  int is_exact = 1;
  if (number & HAS_PROFILE) ask->profile = sql_argument(*argv++, 1, e);
  for (int i = 0; i < OBJECT_CONDITIONS; i++) {
    if (!(number & HAS_EQUAL << i)) continue;
    if (sqlite3_value_type(*argv) == SQLITE_NULL) return 0;
    if (sqlite3_value_type(*argv) == SQLITE_TEXT) {
      ask->equals[i] = (const char *)sqlite3_value_text(*argv);
      /* No name has a NUL. */
      if (!ask->equals[i])
        err_nomem(e);
      else if (memchr(ask->equals[i], 0, (size_t)sqlite3_value_bytes(*argv)))
        return 0;
    }
    is_exact &= ask->equals[i] != NULL;
    argv++;
  }
  if (number & HAS_LIMIT) limit = sqlite3_value_int64(*argv++);
  ask->most = is_exact ? limit : -1;
  if (ask->most >= 0 && number & HAS_OFFSET) {
    sqlite3_int64 offset = sqlite3_value_int64(*argv);
    if (offset > 0 && __builtin_add_overflow(limit, offset, &ask->most))
      ask->most = -1;
  }
  return 1;
}

static int is_same(const char *a, const char *b) {
  return a && b && strcmp(a, b) == 0;
}

/* Sees to it that the rows are there, more than are asked for perhaps. */
static void fetch(struct catalog_cursor *cursor, struct objects_ask *ask,
                  struct err *e) {
  char *profile = sqlite3_mprintf("%Q", ask->profile);
  char *asked = sqlite3_mprintf("%Q %Q %Q %lld", ask->equals[OBJECT_SCHEMA],
                                ask->equals[OBJECT_NAME],
                                ask->equals[OBJECT_TYPE], ask->most);
  int is_again = cursor->staged && is_same(cursor->profile, profile);
  if (!profile || !asked) err_nomem(e);
  if (!e->code && is_again &&
      (!cursor->asked || is_same(cursor->asked, asked))) {
    staging_seek(cursor->staged, 0);
    sqlite3_free(profile);
    sqlite3_free(asked);
    return;
  }
  forget(cursor);
  if (is_again) {
    *ask = (struct objects_ask){.profile = ask->profile, .most = -1};
    sqlite3_free(asked);
    asked = NULL;
  }
  cursor->profile = profile;
  cursor->asked = asked;
  if (!e->code && !staging_open(&cursor->staged, COLUMN_PROFILE, MEMORY_CAP, e))
    objects_read(tvf_db(&cursor->rows.base), ask, keep, cursor, e);
  if (e->code) forget(cursor);
}

static int catalog_next(sqlite3_vtab_cursor *base) {
  struct catalog_cursor *cursor = (struct catalog_cursor *)base;
  struct err e = {0};
  cursor->rows.row++;
  if (staging_next(cursor->staged, cursor->cells, &cursor->rows.has_row, &e))
    return err_vtab(&e, &base->pVtab->zErrMsg);
  return SQLITE_OK;
}

static int catalog_filter(sqlite3_vtab_cursor *base, int number,
                          const char *string, int argc, sqlite3_value **argv) {
  struct catalog_cursor *cursor = (struct catalog_cursor *)base;
  struct objects_ask ask = {.most = -1};
  struct err e = {0};
  (void)string, (void)argc;
  *tvf_opened(base->pVtab) = NULL;
  cursor->rows.has_row = 0;
  cursor->rows.row = 0;
  if (!read_values(&ask, number, argv, &e) && !e.code) return SQLITE_OK;
  if (!e.code) fetch(cursor, &ask, &e);
  return e.code ? err_vtab(&e, &base->pVtab->zErrMsg) : catalog_next(base);
}

static int catalog_column(sqlite3_vtab_cursor *base, sqlite3_context *context,
                          int column) {
  const struct catalog_cursor *cursor = (const struct catalog_cursor *)base;
  if (column < COLUMN_PROFILE && cursor->cells[column].type == SQLITE_TEXT) {
    sqlite3_result_text(context, cursor->cells[column].bytes,
                        cursor->cells[column].n_bytes, SQLITE_TRANSIENT);
  }
  return SQLITE_OK;
}

/* No xCreate: there is nothing to create, it is only called by its name. */
static const sqlite3_module catalog_module = {
    .xConnect = catalog_connect,
    .xBestIndex = catalog_best_index,
    .xDisconnect = tvf_disconnect,
    .xOpen = catalog_open,
    .xClose = catalog_close,
    .xFilter = catalog_filter,
    .xNext = catalog_next,
    .xEof = tvf_eof,
    .xColumn = catalog_column,
    .xRowid = tvf_rowid,
};

int catalog_register(sqlite3 *db) {
  return sqlite3_create_module_v2(db, "ordersync_catalog", &catalog_module,
                                  NULL, NULL);
}
