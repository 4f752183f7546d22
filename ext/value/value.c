/*
** What is known about types and kinds, and the way of a cell into SQLite.
**
**   SELECT kind FROM ordersync_columns;
**
** Two tables drive everything here: one row a kind, one row a remote type.
** The conversion itself is in convert.c.
*/
#include "value/value.h"

/* ---- tables ------------------------------------------------------------ */

#define BIT(kind) (1U << (kind))

/* Kinds that any value with a text can become. */
#define AS_TEXT (BIT(KIND_RAW) | BIT(KIND_STRING) | BIT(KIND_TEXT))
#define AS_NUMBER                                                              \
  (AS_TEXT | BIT(KIND_INTEGER) | BIT(KIND_REAL) | BIT(KIND_DECIMAL) |          \
   BIT(KIND_BOOLEAN))
#define AS_DATE     (AS_TEXT | BIT(KIND_DATE) | BIT(KIND_DATETIME))
#define AS_DATETIME (AS_DATE | BIT(KIND_TIME))
#define AS_ANY      (BIT(KIND_COUNT) - 1)

static const struct {
  char name[9];
  char decl[8]; /* unless the remote type says */
} kinds[KIND_COUNT] = {
    [KIND_RAW] = {"raw", ""},
    [KIND_INTEGER] = {"integer", "INTEGER"},
    [KIND_STRING] = {"string", "TEXT"},
    [KIND_TEXT] = {"text", "TEXT"},
    [KIND_DATE] = {"date", "TEXT"},
    [KIND_REAL] = {"real", "REAL"},
    /* no affinity: NUMERIC would round texts of more than 15 digits */
    [KIND_DECIMAL] = {"decimal", ""},
    [KIND_DATETIME] = {"datetime", "TEXT"},
    [KIND_TIME] = {"time", "TEXT"},
    [KIND_BOOLEAN] = {"boolean", "INTEGER"},
    [KIND_BLOB] = {"blob", "BLOB"},
    [KIND_GUID] = {"guid", "TEXT"},
};

static const struct {
  char name[17];
  char raw_decl[8];         /* keeps the canonical form as it is */
  enum value_kind proposed; /* by ordersync_add() */
  unsigned accepts;         /* BIT()s of the kinds it may become */
} types[] = {
    [REMOTE_UNKNOWN] = {"unknown", "", KIND_RAW, AS_ANY},
    [REMOTE_BIT] = {"bit", "INTEGER", KIND_BOOLEAN, AS_NUMBER},
    [REMOTE_TINYINT] = {"tinyint", "INTEGER", KIND_INTEGER, AS_NUMBER},
    [REMOTE_SMALLINT] = {"smallint", "INTEGER", KIND_INTEGER, AS_NUMBER},
    [REMOTE_INT] = {"int", "INTEGER", KIND_INTEGER, AS_NUMBER},
    [REMOTE_BIGINT] = {"bigint", "INTEGER", KIND_INTEGER, AS_NUMBER},
    [REMOTE_REAL] = {"real", "REAL", KIND_REAL, AS_NUMBER},
    [REMOTE_FLOAT] = {"float", "REAL", KIND_REAL, AS_NUMBER},
    [REMOTE_DECIMAL] = {"decimal", "", KIND_DECIMAL, AS_NUMBER},
    [REMOTE_MONEY] = {"money", "", KIND_DECIMAL, AS_NUMBER},
    [REMOTE_SMALLMONEY] = {"smallmoney", "", KIND_DECIMAL, AS_NUMBER},
    [REMOTE_DATE] = {"date", "TEXT", KIND_DATE, AS_DATE},
    [REMOTE_TIME] = {"time", "TEXT", KIND_TIME, AS_TEXT | BIT(KIND_TIME)},
    [REMOTE_DATETIME] = {"datetime", "TEXT", KIND_DATETIME, AS_DATETIME},
    [REMOTE_SMALLDATETIME] = {"smalldatetime", "TEXT", KIND_DATETIME,
                              AS_DATETIME},
    [REMOTE_DATETIME2] = {"datetime2", "TEXT", KIND_DATETIME, AS_DATETIME},
    [REMOTE_DATETIMEOFFSET] = {"datetimeoffset", "TEXT", KIND_DATETIME,
                               AS_DATETIME},
    /* raw, not string or text: those change the server's value */
    [REMOTE_STRING] = {"nvarchar", "TEXT", KIND_RAW, AS_ANY},
    [REMOTE_LONGTEXT] = {"text", "TEXT", KIND_RAW, AS_ANY},
    [REMOTE_BINARY] = {"varbinary", "BLOB", KIND_BLOB,
                       BIT(KIND_RAW) | BIT(KIND_BLOB) | BIT(KIND_GUID)},
    [REMOTE_IMAGE] = {"image", "BLOB", KIND_BLOB,
                      BIT(KIND_RAW) | BIT(KIND_BLOB)},
    [REMOTE_GUID] = {"uniqueidentifier", "TEXT", KIND_GUID,
                     AS_TEXT | BIT(KIND_BLOB) | BIT(KIND_GUID)},
    [REMOTE_VARIANT] = {"sql_variant", "", KIND_RAW, AS_ANY},
    [REMOTE_UDT] = {"udt", "BLOB", KIND_BLOB, BIT(KIND_RAW) | BIT(KIND_BLOB)},
};

/* Whatever a caller casts to an enum stays inside the tables. */
static size_t type_index(enum remote_type type) {
  size_t i = (size_t)type;
  return i < sizeof types / sizeof types[0] ? i : REMOTE_UNKNOWN;
}

static size_t kind_index(enum value_kind kind) {
  size_t i = (size_t)kind;
  return i < KIND_COUNT ? i : KIND_RAW;
}

const char *remote_type_name(enum remote_type type) {
  return types[type_index(type)].name;
}

const char *value_kind_name(enum value_kind kind) {
  return kinds[kind_index(kind)].name;
}

enum remote_type remote_type_parse(const char *name) {
  for (size_t i = 0; name && i < sizeof types / sizeof types[0]; i++)
    if (sqlite3_stricmp(name, types[i].name) == 0) return (enum remote_type)i;
  return REMOTE_UNKNOWN;
}

int value_kind_parse(const char *name) {
  for (int i = 0; name && i < KIND_COUNT; i++)
    if (sqlite3_stricmp(name, kinds[i].name) == 0) return i;
  return -1;
}

const char *value_kind_list(void) {
  return "integer, string, text, date, real, decimal, datetime, time, "
         "boolean, blob, guid, raw";
}

const char *value_kind_decl(enum value_kind kind, enum remote_type type) {
  size_t i = kind_index(kind);
  return i == KIND_RAW ? types[type_index(type)].raw_decl : kinds[i].decl;
}

enum value_kind value_kind_default(enum remote_type type) {
  return types[type_index(type)].proposed;
}

int value_kind_accepts(enum value_kind kind, enum remote_type type) {
  return (types[type_index(type)].accepts & BIT(kind_index(kind))) != 0;
}

/* ---- columns ----------------------------------------------------------- */

void remote_columns_clear(struct remote_columns *columns) {
  for (int i = 0; i < columns->count; i++) sqlite3_free(columns->items[i].name);
  sqlite3_free(columns->items);
  *columns = (struct remote_columns){0};
}

enum err_code remote_columns_copy(struct remote_columns *to,
                                  const struct remote_columns *from,
                                  struct err *e) {
  size_t n = (size_t)to->count + (size_t)from->count;
  struct remote_column *items;
  if (from->count <= 0) return e->code;
  items = sqlite3_realloc64(to->items, n * sizeof *items);
  if (items) to->items = items;
  for (int i = 0; i < from->count; i++) {
    const char *old = from->items[i].name;
    char *name = items ? sqlite3_mprintf("%s", old ? old : "") : NULL;
    if (!name) {
      remote_columns_clear(to);
      return err_nomem(e);
    }
    items[to->count] = from->items[i];
    items[to->count++].name = name;
  }
  return e->code;
}

/* ---- cells into SQLite ------------------------------------------------- */

/* SQLite takes a NULL pointer for NULL, not for empty. */
static const char *cell_bytes(const struct cell *cell) {
  return cell->bytes ? cell->bytes : "";
}

int cell_bind(sqlite3_stmt *stmt, int index, const struct cell *cell) {
  sqlite3_uint64 n = (sqlite3_uint64)cell->n_bytes;
  switch (cell->type) {
  case SQLITE_INTEGER:
    return sqlite3_bind_int64(stmt, index, cell->integer);
  case SQLITE_FLOAT:
    return sqlite3_bind_double(stmt, index, cell->real);
  case SQLITE_TEXT:
    return sqlite3_bind_text64(stmt, index, cell_bytes(cell), n, SQLITE_STATIC,
                               SQLITE_UTF8);
  case SQLITE_BLOB:
    return sqlite3_bind_blob64(stmt, index, cell_bytes(cell), n, SQLITE_STATIC);
  default:
    return sqlite3_bind_null(stmt, index);
  }
}

void cell_result(sqlite3_context *context, const struct cell *cell) {
  sqlite3_uint64 n = (sqlite3_uint64)cell->n_bytes;
  switch (cell->type) {
  case SQLITE_INTEGER:
    sqlite3_result_int64(context, cell->integer);
    break;
  case SQLITE_FLOAT:
    sqlite3_result_double(context, cell->real);
    break;
  case SQLITE_TEXT:
    sqlite3_result_text64(context, cell_bytes(cell), n, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
    break;
  case SQLITE_BLOB:
    sqlite3_result_blob64(context, cell_bytes(cell), n, SQLITE_TRANSIENT);
    break;
  default:
    sqlite3_result_null(context);
  }
}
