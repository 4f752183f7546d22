/*
** The server's own catalog views, asked in one query.
*/
#include "source/objects.h"

#include "base/clock.h"
#include "source/naming.h"
#include "source/reader.h"
#include "tsql/select.h"
#include "value/json.h"

#include <string.h>

/* What the server answers: a row a column of an object. */
enum {
  SAYS_ID,
  SAYS_SCHEMA,
  SAYS_OBJECT,
  SAYS_TYPE,
  SAYS_COLUMN,
  SAYS_COLUMN_TYPE,
  SAYS_BYTES,
  SAYS_PRECISION,
  SAYS_SCALE,
  SAYS_NULLABLE,
  SAYS_KEY,
  SAYS_READABLE,
  N_SAYS
};

#define TYPE_WORD                                                              \
  "CASE o.type WHEN 'U' THEN N'table' WHEN 'V' THEN N'view' "                  \
  "ELSE N'synonym' END"

/* The table or view that a synonym names; NULL: another thing, or not there for
** this login. OBJECT_ID() would fail on a database that it may not enter. What
** HAS_DBACCESS() says on Azure SQL is documented nowhere: there the database in
** use is the only one, and that is not asked for. */
#define BASE_DATABASE "PARSENAME(n.base_object_name, 3)"
#define BASE_ID                                                                \
  "CASE WHEN " BASE_DATABASE " IS NULL OR "                                    \
  "DB_ID(" BASE_DATABASE ") = DB_ID() OR "                                     \
  "HAS_DBACCESS(" BASE_DATABASE ") = 1 "                                       \
  "THEN COALESCE(OBJECT_ID(n.base_object_name, 'U'), "                         \
  "OBJECT_ID(n.base_object_name, 'V')) END"

/*
** Documented names only ("System catalog views", learn.microsoft.com), ids
** instead of names in every join: names may differ in collation. TYPE_NAME()
** of the system's type id names what an alias type is made of; there is none
** for a CLR type, which has but its own. COLUMNPROPERTY() is NULL where the
** server is too old for hidden columns. The columns are those that SELECT *
** has: neither hidden ones, nor sparse ones beside a column set.
*/
static const char catalog_select[] =
    "SELECT o.object_id, s.name, o.name, " TYPE_WORD ", c.name, "
    "COALESCE(TYPE_NAME(c.system_type_id), TYPE_NAME(c.user_type_id)), "
    "c.max_length, c.precision, c.scale, c.is_nullable, "
    "(SELECT k.key_ordinal FROM sys.indexes AS i JOIN sys.index_columns AS k "
    "ON k.object_id = i.object_id AND k.index_id = i.index_id "
    "WHERE i.is_primary_key = 1 AND i.object_id = c.object_id "
    "AND k.column_id = c.column_id), "
    "CASE o.type WHEN 'SN' THEN HAS_PERMS_BY_NAME(QUOTENAME(s.name) + N'.' + "
    "QUOTENAME(o.name), 'OBJECT', 'SELECT') ELSE "
    "HAS_PERMS_BY_NAME(QUOTENAME(s.name) + N'.' + QUOTENAME(o.name), 'OBJECT', "
    "'SELECT', c.name, 'COLUMN') END "
    "FROM sys.schemas AS s JOIN sys.objects AS o ON o.schema_id = s.schema_id "
    "LEFT JOIN sys.synonyms AS n ON n.object_id = o.object_id "
    "LEFT JOIN sys.columns AS c ON c.object_id = CASE WHEN o.type <> 'SN' THEN "
    "o.object_id WHEN COALESCE(DB_ID(" BASE_DATABASE
    "), DB_ID()) = DB_ID() THEN " BASE_ID " END "
    "WHERE o.type IN ('U', 'V', 'SN') AND o.is_ms_shipped = 0 "
    "AND (o.type <> 'SN' OR " BASE_ID " IS NOT NULL) "
    "AND COALESCE(COLUMNPROPERTY(c.object_id, c.name, 'IsHidden'), 0) = 0 "
    "AND (COALESCE(c.is_sparse, 0) = 0 OR NOT EXISTS (SELECT x.column_id FROM "
    "sys.columns AS x WHERE x.object_id = c.object_id AND "
    "x.is_column_set = 1))";
static const char catalog_order[] =
    " ORDER BY s.name, o.name, o.object_id, c.column_id";

/* What a condition compares. */
static const char *const compared[OBJECT_CONDITIONS] = {
    [OBJECT_SCHEMA] = "s.name",
    [OBJECT_NAME] = "o.name",
    [OBJECT_TYPE] = TYPE_WORD,
};

/* SQL Server's most for an index. */
#define KEY_MOST 32

/* One row of the answer; texts owned, NULL where the server says NULL. */
struct answer {
  char *texts[N_SAYS];
  sqlite3_int64 numbers[N_SAYS];
};

struct asking {
  const struct objects_ask *ask; /* borrowed */
  objects_take *take;
  void *arg; /* borrowed */
  sqlite3_int64 n_taken;
  struct profile prof;
  struct interrupt interrupt;
  struct reader reader;
  struct object object;     /* owned: whose columns are coming */
  sqlite3_int64 id;         /* of it */
  sqlite3_str *json, *list; /* owned: its columns; their quoted names */
  sqlite3_str *targets; /* owned: "\na\nb\n", as ordersync_add() names them */
  char *keys[KEY_MOST]; /* owned */
  int n_columns, n_refused;
  int is_key_refused; /* a part of it: the others identify no row */
};

static void answer_clear(struct answer *a) {
  for (int i = 0; i < N_SAYS; i++) sqlite3_free(a->texts[i]);
  memset(a, 0, sizeof *a);
}

static void answer_read(struct answer *a, struct mssql *remote, struct err *e) {
  for (int i = 0; i < N_SAYS && !e->code; i++) {
    struct value value;
    struct cell cell;
    mssql_value(remote, i, &value);
    if (value.type == VALUE_NULL || value_check_text(&value, e)) continue;
    if (value_convert(&value, KIND_INTEGER, &cell))
      a->numbers[i] = cell.integer;
    if (!value_convert(&value, KIND_RAW, &cell)) continue;
    if (cell.type != SQLITE_TEXT) continue;
    a->texts[i] = sqlite3_mprintf("%.*s", cell.n_bytes, cell.bytes);
    if (!a->texts[i]) err_nomem(e);
  }
}

static int is_any(const char *name, const char *const *names) {
  while (*names && sqlite3_stricmp(name, *names) != 0) names++;
  return *names != NULL;
}

/* What a result would declare for that type of sys.types. */
static enum remote_type type_of(const char *name) {
  static const char *const strings[] = {"char", "varchar", "nchar",
                                        "json", "vector",  NULL};
  static const char *const longs[] = {"ntext", "xml", NULL};
  static const char *const binaries[] = {"binary", "timestamp", NULL};
  enum remote_type type = remote_type_parse(name);
  if (is_any(name, strings)) return REMOTE_STRING;
  if (is_any(name, longs)) return REMOTE_LONGTEXT;
  if (is_any(name, binaries)) return REMOTE_BINARY;
  if (sqlite3_stricmp(name, "numeric") == 0) return REMOTE_DECIMAL;
  return type == REMOTE_UNKNOWN ? REMOTE_UDT : type;
}

/* "decimal(18,2)", "nvarchar(40)", "datetime2(7)", "int". */
static char *declared(const struct answer *a) {
  static const char *const sized[] = {
      "char", "varchar", "nchar", "nvarchar", "binary", "varbinary", NULL};
  static const char *const scaled[] = {"time", "datetime2", "datetimeoffset",
                                       NULL};
  const char *name = a->texts[SAYS_COLUMN_TYPE];
  int bytes = (int)a->numbers[SAYS_BYTES], scale = (int)a->numbers[SAYS_SCALE];
  if (is_any(name, sized) && bytes < 0) return sqlite3_mprintf("%s(max)", name);
  if (is_any(name, sized)) {
    return sqlite3_mprintf("%s(%d)", name, name[0] == 'n' ? bytes / 2 : bytes);
  }
  if (is_any(name, scaled)) return sqlite3_mprintf("%s(%d)", name, scale);
  if (type_of(name) == REMOTE_DECIMAL) {
    return sqlite3_mprintf("%s(%d,%d)", name, (int)a->numbers[SAYS_PRECISION],
                           scale);
  }
  return sqlite3_mprintf("%s", name);
}

/* What ordersync_add() will call the column that came last. Owned. */
static char *name_target(struct asking *c, const char *name, struct err *e) {
  char *target = NULL;
  for (int n = 1; !e->code; n++) {
    char *line;
    const char *taken = sqlite3_str_value(c->targets);
    sqlite3_free(target);
    target = naming_target(name, c->n_columns, n);
    line = target ? sqlite3_mprintf("\n%s\n", target) : NULL;
    if (!line) {
      err_nomem(e);
    } else if (!taken || !strstr(taken, line)) {
      sqlite3_str_appendall(c->targets, taken ? line + 1 : line);
      sqlite3_free(line);
      break;
    }
    sqlite3_free(line);
  }
  return target;
}

static void add_column(struct asking *c, const struct answer *a,
                       struct err *e) {
  const char *name = a->texts[SAYS_COLUMN];
  const char *type = a->texts[SAYS_COLUMN_TYPE];
  sqlite3_int64 key = a->numbers[SAYS_KEY];
  char *decl, *target;
  if (a->numbers[SAYS_READABLE] != 1) {
    c->n_refused++;
    c->is_key_refused |= key > 0;
    return;
  }
  c->n_columns++;
  if (!name) return; /* a synonym's, elsewhere */
  decl = type ? declared(a) : sqlite3_mprintf("unknown");
  if (!decl) err_nomem(e);
  sqlite3_str_appendall(c->json, sqlite3_str_length(c->json) ? "," : "[");
  sqlite3_str_appendall(c->json, "{\"name\":");
  json_text(c->json, name);
  sqlite3_str_appendall(c->json, ",\"type\":");
  json_text(c->json, decl ? decl : "");
  sqlite3_str_appendf(c->json, ",\"kind\":\"%s\",\"nullable\":%s",
                      value_kind_name(value_kind_default(
                          type ? type_of(type) : REMOTE_UNKNOWN)),
                      a->numbers[SAYS_NULLABLE] ? "true" : "false");
  if (key) sqlite3_str_appendf(c->json, ",\"key\":%lld", key);
  sqlite3_str_appendall(c->json, "}");
  if (sqlite3_str_length(c->list)) sqlite3_str_appendall(c->list, ", ");
  tsql_identifier(c->list, name, e);
  target = name_target(c, name, e);
  if (key >= 1 && key <= KEY_MOST && !c->keys[key - 1]) {
    c->keys[key - 1] = target;
    target = NULL;
  }
  sqlite3_free(target);
  sqlite3_free(decl);
}

/* The key's columns; NULL: there is none that may be read. */
static char *join_keys(struct asking *c, struct err *e) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  for (int i = 0; i < KEY_MOST; i++) {
    if (c->keys[i] && !c->is_key_refused)
      sqlite3_str_appendf(out, "%s%s", i ? ", " : "", c->keys[i]);
    sqlite3_free(c->keys[i]);
    c->keys[i] = NULL;
  }
  if (sqlite3_str_errcode(out)) err_nomem(e);
  return sqlite3_str_finish(out);
}

static void object_clear(struct object *o) {
  sqlite3_free(o->schema);
  sqlite3_free(o->name);
  sqlite3_free(o->type);
  sqlite3_free(o->source);
  sqlite3_free(o->key);
  sqlite3_free(o->columns);
  memset(o, 0, sizeof *o);
}

static char *source_of(const struct asking *c, const struct object *o,
                       struct err *e) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  if (c->n_refused) {
    sqlite3_str_appendf(out, "SELECT %s FROM ", sqlite3_str_value(c->list));
  }
  tsql_identifier(out, o->schema, e);
  sqlite3_str_appendchar(out, 1, '.');
  tsql_identifier(out, o->name, e);
  return tsql_finish(out, e);
}

/* The server's collation may find more. */
static int is_asked(const struct asking *c) {
  const struct object *o = &c->object;
  const char *const texts[OBJECT_CONDITIONS] = {[OBJECT_SCHEMA] = o->schema,
                                                [OBJECT_NAME] = o->name,
                                                [OBJECT_TYPE] = o->type};
  for (int i = 0; i < OBJECT_CONDITIONS; i++) {
    const char *wanted = c->ask->equals[i];
    if (wanted && (!texts[i] || strcmp(texts[i], wanted) != 0)) return 0;
  }
  return 1;
}

static int is_enough(const struct asking *c) {
  return c->ask->most >= 0 && c->n_taken >= c->ask->most;
}

/* Completes the object whose columns came last, if there is one, and hands it
** over; not when none of them may be read. */
static void end_object(struct asking *c, struct err *e) {
  struct object *o = &c->object;
  if (!c->json) return;
  o->key = join_keys(c, e);
  if (c->n_columns) o->source = source_of(c, o, e);
  if (sqlite3_str_length(c->json)) sqlite3_str_appendchar(c->json, 1, ']');
  if (sqlite3_str_errcode(c->json) || sqlite3_str_errcode(c->list) ||
      sqlite3_str_errcode(c->targets)) {
    err_nomem(e);
  }
  o->columns = sqlite3_str_finish(c->json);
  sqlite3_free(sqlite3_str_finish(c->list));
  sqlite3_free(sqlite3_str_finish(c->targets));
  c->json = c->list = c->targets = NULL;
  if (!e->code && c->n_columns && is_asked(c)) {
    c->take(c->arg, o, e);
    c->n_taken++;
  }
  object_clear(o);
  c->n_columns = c->n_refused = c->is_key_refused = 0;
}

static void begin_object(struct asking *c, struct answer *a, struct err *e) {
  c->object = (struct object){.schema = a->texts[SAYS_SCHEMA],
                              .name = a->texts[SAYS_OBJECT],
                              .type = a->texts[SAYS_TYPE]};
  a->texts[SAYS_SCHEMA] = a->texts[SAYS_OBJECT] = a->texts[SAYS_TYPE] = NULL;
  if (!c->object.schema || !c->object.name) {
    err_set(e, ERR_DATA, "the server's catalog has an object without a name");
    return;
  }
  c->id = a->numbers[SAYS_ID];
  c->json = sqlite3_str_new(NULL);
  c->list = sqlite3_str_new(NULL);
  c->targets = sqlite3_str_new(NULL);
}

static void read_answer(struct asking *c, const char *sql, struct err *e) {
  struct mssql *remote = c->reader.remote;
  struct answer a = {0};
  int has_row = 0;
  mssql_deadline(remote, c->reader.deadline_ms);
  if (mssql_query(remote, sql, e)) return;
  if (mssql_columns(remote)->count != N_SAYS) {
    err_set(e, ERR_DATA, "the server's catalog has other columns than asked");
  }
  while (!e->code && !mssql_next(remote, &has_row, e) && has_row) {
    answer_read(&a, remote, e);
    if (!e->code && (!c->json || c->id != a.numbers[SAYS_ID])) {
      end_object(c, e);
      if (is_enough(c)) break;
      begin_object(c, &a, e);
    }
    if (!e->code) add_column(c, &a, e);
    answer_clear(&a);
  }
  answer_clear(&a);
  end_object(c, e);
  object_clear(&c->object); /* of which the start was no good */
}

/* What is no text in T-SQL is left to the caller. */
static char *select_text(const char *const equals[OBJECT_CONDITIONS],
                         struct err *e) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  sqlite3_str_appendall(out, catalog_select);
  for (int i = 0; i < OBJECT_CONDITIONS; i++) {
    sqlite3_str *literal;
    struct err none = {0};
    char *text;
    if (!equals[i]) continue;
    literal = sqlite3_str_new(NULL);
    tsql_string(literal, "N", equals[i], (int)strlen(equals[i]), &none);
    text = tsql_finish(literal, &none);
    if (text) sqlite3_str_appendf(out, " AND %s = %s", compared[i], text);
    sqlite3_free(text);
  }
  sqlite3_str_appendall(out, catalog_order);
  return tsql_finish(out, e);
}

enum err_code objects_read(sqlite3 *db, const struct objects_ask *ask,
                           objects_take *take, void *arg, struct err *e) {
  struct asking c = {.ask = ask, .take = take, .arg = arg};
  char *sql = select_text(ask->equals, e);
  c.reader = (struct reader){
      .profile = &c.prof, .interrupt = &c.interrupt, .use = MSSQL_LIVE};
  if (e->code || profile_load(&c.prof, ask->profile, e) ||
      interrupt_open(&c.interrupt, db, e)) {
    goto done;
  }
  c.reader.deadline_ms =
      clock_now_ms() + (sqlite3_int64)c.prof.query_timeout * 1000;
  if (!reader_connect(&c.reader, e)) read_answer(&c, sql, e);
  reader_explain(&c.reader, e);
done:
  reader_close(&c.reader);
  interrupt_close(&c.interrupt);
  profile_clear(&c.prof);
  sqlite3_free(sql);
  return e->code;
}
