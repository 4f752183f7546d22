/* Functions about the server and the session, the clock, and @@variables. */
#include <string.h>
#include <strings.h>

#include "engine.h"

static bool is_name(struct engine *en, struct node *n) {
  n->type = type_string(T_NVARCHAR, 128, en->s->srv->coll);
  return true;
}

static bool is_quoted(struct engine *en, struct node *n) {
  n->type = type_string(T_NVARCHAR, 258, en->s->srv->coll);
  return true;
}

static bool is_int(struct engine *en, struct node *n) {
  (void)en;
  n->type = type_of(T_INT);
  return true;
}

static bool is_variant(struct engine *en, struct node *n) {
  (void)en;
  n->type = type_of(T_VARIANT);
  return true;
}

static bool is_datetime(struct engine *en, struct node *n) {
  (void)en;
  n->type = type_of(T_DATETIME);
  n->type.notnull = true;
  return true;
}

static bool is_datetime2(struct engine *en, struct node *n) {
  (void)en;
  n->type =
      type_of(strcasecmp(n->name, "SYSDATETIMEOFFSET") == 0 ? T_DATETIMEOFFSET
                                                            : T_DATETIME2);
  n->type.notnull = true;
  return true;
}

static bool is_guid(struct engine *en, struct node *n) {
  (void)en;
  n->type = type_of(T_GUID);
  return true;
}

static bool is_rowversion(struct engine *en, struct node *n) {
  (void)en;
  n->type = type_of(T_BINARY);
  n->type.len = 8;
  return true;
}

static void put(const struct eval *ev, struct value *out, const char *s) {
  *out = value_str(s ? arena_text(ev->a, s, strlen(s)) : NULL);
}

static const char *arg_text(const struct eval *ev, const struct value *v) {
  if (v->null) return "";
  return value_string(v, ev->a);
}

static bool f_db_name(const struct eval *ev, const struct node *n,
                      struct value *args, struct value *out) {
  (void)args;
  put(ev, out, n->argc ? NULL : ev->en->s->db);
  if (n->argc && args[0].u.i == 5) put(ev, out, ev->en->s->srv->database);
  if (n->argc && args[0].u.i == 1) put(ev, out, "master");
  return true;
}

static bool f_db_id(const struct eval *ev, const struct node *n,
                    struct value *args, struct value *out) {
  static const char *const system[] = {"master", "tempdb", "model", "msdb"};
  const char *name = n->argc ? arg_text(ev, &args[0]) : ev->en->s->db;
  *out = value_null(T_INT);
  if (n->argc && args[0].null) return true;
  for (int i = 0; i < 5; i++)
    if (strcasecmp(name, i < 4 ? system[i] : ev->en->s->srv->database) == 0)
      *out = value_int(T_INT, i + 1);
  if (out->null && catalog_database(ev->en, name)) *out = value_int(T_INT, 6);
  return true;
}

/* Whoever is in may enter all of them. */
static bool f_has_dbaccess(const struct eval *ev, const struct node *n,
                           struct value *args, struct value *out) {
  f_db_id(ev, n, args, out);
  if (!out->null) out->u.i = 1;
  return true;
}

static bool f_user(const struct eval *ev, const struct node *n,
                   struct value *args, struct value *out) {
  (void)n;
  (void)args;
  put(ev, out, ev->en->s->login.user);
  return true;
}

static bool f_text(const struct eval *ev, const struct node *n,
                   struct value *args, struct value *out) {
  const char *f = n->fn->name;
  (void)args;
  put(ev, out,
      strcmp(f, "SCHEMA_NAME") == 0 ? "dbo"
      : strcmp(f, "APP_NAME") == 0  ? ev->en->s->login.app
                                    : ev->en->s->login.host);
  return true;
}

static bool f_serverproperty(const struct eval *ev, const struct node *n,
                             struct value *args, struct value *out) {
  const struct {
    const char *name, *text;
    int number;
  } facts[] = {{"ProductVersion", ev->en->s->srv->release->version, 0},
               {"ProductLevel", "RTM", 0},
               {"ProductMajorVersion",
                arena_format(ev->a, "%d", ev->en->s->srv->release->major), 0},
               {"ProductMinorVersion", "0", 0},
               {"Edition", "Developer Edition (64-bit)", 0},
               {"ServerName", SERVER_NAME, 0},
               {"MachineName", SERVER_NAME, 0},
               {"EngineEdition", NULL, 3},
               {"IsIntegratedSecurityOnly", NULL, 0},
               {"IsClustered", NULL, 0},
               {"IsHadrEnabled", NULL, 0}};
  const char *name = arg_text(ev, &args[0]);
  struct type *t = arena_alloc(ev->a, sizeof *t);
  (void)n;
  *out = value_null(T_VARIANT);
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
    if (strcasecmp(facts[i].name, name) != 0) continue;
    if (facts[i].text) {
      put(ev, out, facts[i].text);
      *t = type_string(T_NVARCHAR, 128, ev->en->s->srv->coll);
    } else {
      *out = value_int(T_INT, facts[i].number);
      *t = type_of(T_INT);
    }
    out->inner = t;
  }
  if (strcasecmp(name, "Collation") == 0) {
    put(ev, out, collation_name(ev->en->s->srv->coll));
    *t = type_string(T_NVARCHAR, 128, ev->en->s->srv->coll);
    out->inner = t;
  }
  return true;
}

static bool f_databaseproperty(const struct eval *ev, const struct node *n,
                               struct value *args, struct value *out) {
  const char *name = arg_text(ev, &args[1]);
  struct type *t = arena_alloc(ev->a, sizeof *t);
  (void)n;
  *t = type_string(T_NVARCHAR, 128, ev->en->s->srv->coll);
  *out = value_null(T_VARIANT);
  if (strcasecmp(name, "Collation") == 0)
    put(ev, out, collation_name(ev->en->s->srv->coll));
  else if (strcasecmp(name, "Status") == 0)
    put(ev, out, "ONLINE");
  else if (strcasecmp(name, "Updateability") == 0)
    put(ev, out, ev->en->s->login.read_only ? "READ_ONLY" : "READ_WRITE");
  else
    return true;
  out->inner = t;
  return true;
}

static bool is_type(const struct eval *ev, const struct value *v,
                    const char *type) {
  return strcasecmp(arg_text(ev, v), type) == 0;
}

/* OBJECT_ID(name [, type]): a synonym's own id, not that of what it names; none
** on a linked server. */
static bool f_object_id(const struct eval *ev, const struct node *n,
                        struct value *args, struct value *out) {
  struct object_name name;
  const struct synonym *synonym;
  struct table *t;
  unsigned count;
  *out = value_null(n->type.id);
  if (!catalog_name(ev->en, arg_text(ev, &args[0]), &name) || name.part[3])
    return true;
  (void)catalog_all(ev->en, &count); /* which gives the ids */
  t = catalog_own(ev->en, &name);
  if (t && (n->argc < 2 || is_type(ev, &args[1], t->is_view ? "V" : "U")))
    *out = value_int(T_INT, t->id);
  if (t || (n->argc > 1 && !is_type(ev, &args[1], "SN"))) return true;
  synonym = catalog_synonym(ev->en, &name);
  if (synonym) *out = value_int(T_INT, synonym->id);
  return true;
}

/* PARSENAME(name, part): 1 is the object, 4 the server. */
static bool f_parsename(const struct eval *ev, const struct node *n,
                        struct value *args, struct value *out) {
  struct object_name name;
  int64_t part = args[1].u.i;
  (void)n;
  *out = value_null(T_NVARCHAR);
  if (part >= 1 && part <= 4 &&
      catalog_name(ev->en, arg_text(ev, &args[0]), &name))
    put(ev, out, name.part[part - 1]);
  return true;
}

/* QUOTENAME(name): NULL beyond 128 characters. */
static bool f_quotename(const struct eval *ev, const struct node *n,
                        struct value *args, struct value *out) {
  const char *name = arg_text(ev, &args[0]);
  char *quoted = arena_alloc(ev->a, 2 * strlen(name) + 3), *to = quoted;
  (void)n;
  *to++ = '[';
  for (; *name; name++) {
    if (*name == ']') *to++ = ']';
    *to++ = *name;
  }
  *to++ = ']';
  *to = 0;
  *out = value_null(T_NVARCHAR);
  if (to - quoted <= 258) put(ev, out, quoted);
  return true;
}

/* TYPE_NAME(user_type_id): the ids are those of sys.types. */
static bool f_type_name(const struct eval *ev, const struct node *n,
                        struct value *args, struct value *out) {
  int64_t id = args[0].u.i, clr = id - TYPE_CLR_FIRST;
  (void)n;
  *out = value_null(T_NVARCHAR);
  if (id == 108) put(ev, out, "numeric");
  if (id == 256) put(ev, out, "sysname");
  if (clr >= 0 && clr < TYPE_CLR_COUNT) put(ev, out, type_clr_names[clr]);
  for (unsigned k = T_BIT; k < T_COUNT; k++) {
    struct type t = type_of(k);
    if (k != T_UDT && type_system_id(&t) == id) put(ev, out, type_name(&t));
  }
  return true;
}

/* COLUMNPROPERTY(object_id, column, property), as far as the fixture knows. */
static bool f_columnproperty(const struct eval *ev, const struct node *n,
                             struct value *args, struct value *out) {
  const struct table *table = catalog_by_id(ev->en, args[0].u.i);
  (void)n;
  *out = value_null(T_INT);
  for (unsigned k = 0; table && k < table->n; k++) {
    const struct type *t = &table->cols[k].type;
    if (strcasecmp(table->cols[k].name, arg_text(ev, &args[1])) != 0) continue;
    if (is_type(ev, &args[2], "AllowsNull"))
      *out = value_int(T_INT, !t->notnull);
    if (is_type(ev, &args[2], "ColumnId")) *out = value_int(T_INT, k + 1);
    if (is_type(ev, &args[2], "IsHidden"))
      *out = value_int(T_INT, t->beside == BESIDE_HIDDEN);
    if (is_type(ev, &args[2], "IsSparse"))
      *out = value_int(T_INT, t->beside == BESIDE_SPARSE);
    if (is_type(ev, &args[2], "IsColumnSet"))
      *out = value_int(T_INT, t->beside == BESIDE_COLUMN_SET);
  }
  return true;
}

static bool f_object_name(const struct eval *ev, const struct node *n,
                          struct value *args, struct value *out) {
  const struct table *t = catalog_by_id(ev->en, args[0].u.i);
  *out = value_null(n->type.id);
  if (t)
    put(ev, out, strcmp(n->fn->name, "OBJECT_NAME") == 0 ? t->name : t->schema);
  return true;
}

static bool f_has_perms(const struct eval *ev, const struct node *n,
                        struct value *args, struct value *out) {
  struct object_name name;
  struct table *t = NULL;
  *out = value_int(T_INT, 1);
  if (args[0].null) return true; /* the server itself */
  if (n->argc > 1 && strcasecmp(arg_text(ev, &args[1]), "DATABASE") == 0)
    return true;
  if (catalog_name(ev->en, arg_text(ev, &args[0]), &name))
    t = catalog_table(ev->en, &name);
  if (!t)
    *out = value_null(T_INT);
  else if (catalog_denied(ev->en, t->name) ||
           catalog_denied(ev->en, name.part[0]))
    *out = value_int(T_INT, 0);
  for (unsigned i = 0; t && i < t->n; i++) /* a column's own, or the whole */
    if (catalog_denied_column(ev->en, t, t->cols[i].name) &&
        (n->argc < 5 ||
         strcasecmp(t->cols[i].name, arg_text(ev, &args[3])) == 0))
      *out = value_int(T_INT, 0);
  return true;
}

static bool f_zero(const struct eval *ev, const struct node *n,
                   struct value *args, struct value *out) {
  (void)args;
  *out = value_int(T_INT, 0);
  if (strcmp(n->fn->name, "XACT_STATE") == 0)
    out->u.i = ev->en->s->trancount > 0;
  return true;
}

static bool f_now(const struct eval *ev, const struct node *n,
                  struct value *args, struct value *out) {
  (void)ev;
  (void)args;
  out->u.w = date_now(); /* the server's time zone is UTC */
  out->scale = n->type.scale;
  if (n->type.id == T_DATETIME) datetime_round(&out->u.w);
  return true;
}

static bool f_newid(const struct eval *ev, const struct node *n,
                    struct value *args, struct value *out) {
  (void)ev;
  (void)n;
  (void)args;
  sqlite3_randomness(16, out->u.guid);
  out->u.guid[7] = (uint8_t)(0x40 | (out->u.guid[7] & 15));
  return true;
}

/* The greatest rowversion of all tables; SQLite finds the columns. */
static uint64_t last_rowversion(sqlite3 *db) {
  static const char columns[] =
      "SELECT printf('SELECT hex(max(\"%w\")) FROM \"%w\"', c.name, t.name) "
      "FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = "
      "'table' AND lower(c.type) IN ('rowversion', 'timestamp')";
  sqlite3_stmt *stmt, *max;
  uint64_t last = 0;
  if (sqlite3_prepare_v2(db, columns, -1, &stmt, NULL) != SQLITE_OK) return 0;
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    const char *sql = (const char *)sqlite3_column_text(stmt, 0);
    if (sqlite3_prepare_v2(db, sql, -1, &max, NULL) != SQLITE_OK) continue;
    if (sqlite3_step(max) == SQLITE_ROW && sqlite3_column_text(max, 0)) {
      uint64_t n =
          strtoull((const char *)sqlite3_column_text(max, 0), NULL, 16);
      if (n > last) last = n;
    }
    sqlite3_finalize(max);
  }
  sqlite3_finalize(stmt);
  return last;
}

/* The lowest rowversion that an open transaction has, which the fixture's table
** "sys.active_rowversions"(rowversion) says; else @@DBTS + 1. */
static bool f_min_active(const struct eval *ev, const struct node *n,
                         struct value *args, struct value *out) {
  static const char sql[] =
      "SELECT hex(min(rowversion)) FROM \"sys.active_rowversions\"";
  sqlite3 *db = ev->en->s->sq;
  uint64_t lowest = last_rowversion(db) + 1;
  sqlite3_stmt *stmt;
  char *bytes = arena_alloc(ev->a, 8);
  (void)n;
  (void)args;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == 16)
      lowest = strtoull((const char *)sqlite3_column_text(stmt, 0), NULL, 16);
    sqlite3_finalize(stmt);
  }
  for (int i = 0; i < 8; i++) bytes[i] = (char)(lowest >> (56 - 8 * i));
  *out = value_text(T_BINARY, bytes, 8);
  return true;
}

const struct function system_functions[] = {
    {"MIN_ACTIVE_ROWVERSION", 0, 0, is_rowversion, f_min_active, true, true},
    {"DB_NAME", 0, 1, is_name, f_db_name, true, true},
    {"DB_ID", 0, 1, is_int, f_db_id, true, true},
    {"SUSER_SNAME", 0, 1, is_name, f_user, true, true},
    {"SUSER_NAME", 0, 1, is_name, f_user, true, true},
    {"USER_NAME", 0, 1, is_name, f_user, true, true},
    {"ORIGINAL_LOGIN", 0, 0, is_name, f_user, true, true},
    {"SYSTEM_USER", 0, 0, is_name, f_user, true, true},
    {"CURRENT_USER", 0, 0, is_name, f_user, true, true},
    {"SESSION_USER", 0, 0, is_name, f_user, true, true},
    {"USER", 0, 0, is_name, f_user, true, true},
    {"SCHEMA_NAME", 0, 1, is_name, f_text, true, true},
    {"APP_NAME", 0, 0, is_name, f_text, true, true},
    {"HOST_NAME", 0, 0, is_name, f_text, true, true},
    {"SERVERPROPERTY", 1, 1, is_variant, f_serverproperty, false, false},
    {"DATABASEPROPERTYEX", 2, 2, is_variant, f_databaseproperty, true, false},
    {"OBJECT_ID", 1, 2, is_int, f_object_id, true, false},
    {"OBJECT_NAME", 1, 2, is_name, f_object_name, true, false},
    {"OBJECT_SCHEMA_NAME", 1, 2, is_name, f_object_name, true, false},
    {"PARSENAME", 2, 2, is_name, f_parsename, false, false},
    {"QUOTENAME", 1, 1, is_quoted, f_quotename, false, false},
    {"TYPE_NAME", 1, 1, is_name, f_type_name, false, false},
    {"COLUMNPROPERTY", 3, 3, is_int, f_columnproperty, true, false},
    {"HAS_DBACCESS", 1, 1, is_int, f_has_dbaccess, true, false},
    {"HAS_PERMS_BY_NAME", 3, 5, is_int, f_has_perms, true, true},
    {"IS_SRVROLEMEMBER", 1, 2, is_int, f_zero, true, true},
    {"IS_MEMBER", 1, 1, is_int, f_zero, true, true},
    {"XACT_STATE", 0, 0, is_int, f_zero, true, true},
    {"GETDATE", 0, 0, is_datetime, f_now, true, true},
    {"GETUTCDATE", 0, 0, is_datetime, f_now, true, true},
    {"CURRENT_TIMESTAMP", 0, 0, is_datetime, f_now, true, true},
    {"SYSDATETIME", 0, 0, is_datetime2, f_now, true, true},
    {"SYSUTCDATETIME", 0, 0, is_datetime2, f_now, true, true},
    {"SYSDATETIMEOFFSET", 0, 0, is_datetime2, f_now, true, true},
    {"NEWID", 0, 0, is_guid, f_newid, true, true},
};
const unsigned system_function_count =
    sizeof system_functions / sizeof *system_functions;

/* ---- @@variables ---- */

enum sysvar {
  VAR_VERSION,
  VAR_SPID,
  VAR_TRANCOUNT,
  VAR_ERROR,
  VAR_ROWCOUNT,
  VAR_SERVERNAME,
  VAR_LANGUAGE,
  VAR_LANGID,
  VAR_OPTIONS,
  VAR_MAX_PRECISION,
  VAR_MICROSOFTVERSION,
  VAR_NESTLEVEL,
  VAR_TEXTSIZE,
  VAR_LOCK_TIMEOUT,
  VAR_SERVICENAME,
  VAR_DATEFIRST,
  VAR_FETCH_STATUS,
  VAR_IDENTITY,
  VAR_COUNT
};

static const struct {
  const char *name;
  enum type_id id;
} sysvars[VAR_COUNT] = {[VAR_VERSION] = {"@@VERSION", T_NVARCHAR},
                        [VAR_SPID] = {"@@SPID", T_SMALLINT},
                        [VAR_TRANCOUNT] = {"@@TRANCOUNT", T_INT},
                        [VAR_ERROR] = {"@@ERROR", T_INT},
                        [VAR_ROWCOUNT] = {"@@ROWCOUNT", T_INT},
                        [VAR_SERVERNAME] = {"@@SERVERNAME", T_NVARCHAR},
                        [VAR_LANGUAGE] = {"@@LANGUAGE", T_NVARCHAR},
                        [VAR_LANGID] = {"@@LANGID", T_SMALLINT},
                        [VAR_OPTIONS] = {"@@OPTIONS", T_INT},
                        [VAR_MAX_PRECISION] = {"@@MAX_PRECISION", T_TINYINT},
                        [VAR_MICROSOFTVERSION] = {"@@MICROSOFTVERSION", T_INT},
                        [VAR_NESTLEVEL] = {"@@NESTLEVEL", T_INT},
                        [VAR_TEXTSIZE] = {"@@TEXTSIZE", T_INT},
                        [VAR_LOCK_TIMEOUT] = {"@@LOCK_TIMEOUT", T_INT},
                        [VAR_SERVICENAME] = {"@@SERVICENAME", T_NVARCHAR},
                        [VAR_DATEFIRST] = {"@@DATEFIRST", T_TINYINT},
                        [VAR_FETCH_STATUS] = {"@@FETCH_STATUS", T_INT},
                        [VAR_IDENTITY] = {"@@IDENTITY", T_DECIMAL}};

bool function_sysvar(struct engine *en, struct node *n) {
  for (unsigned i = 0; i < VAR_COUNT; i++)
    if (strcasecmp(sysvars[i].name, n->name) == 0) {
      n->index = i;
      n->type = type_of(sysvars[i].id);
      if (sysvars[i].id == T_NVARCHAR)
        n->type = type_string(T_NVARCHAR, 300, en->s->srv->coll);
      if (sysvars[i].id == T_DECIMAL) n->type = type_decimal(38, 0);
      if (i != VAR_VERSION) en->s->volatile_answer = true;
      return true;
    }
  n->type = type_of(T_INT);
  bind_error(en, n->line, 137, 15, 2,
             "Must declare the scalar variable \"%s\".", n->name);
  return true;
}

static const char *sysvar_text(const struct eval *ev, enum sysvar which) {
  const struct release *r = ev->en->s->srv->release;
  switch (which) {
  case VAR_VERSION:
    return arena_format(
        ev->a, "Microsoft SQL Server %s (RTM) - %s (X64) (test look-alike)",
        r->year, r->version);
  case VAR_LANGUAGE:
    return ev->en->s->fmt.language->name;
  case VAR_SERVICENAME:
    return "MSSQLSERVER";
  default:
    return SERVER_NAME;
  }
}

static int64_t sysvar_number(const struct eval *ev, enum sysvar which) {
  const struct session *s = ev->en->s;
  switch (which) {
  case VAR_SPID:
    return s->net.spid;
  case VAR_TRANCOUNT:
    return s->trancount;
  case VAR_ERROR:
    return s->last_error;
  case VAR_ROWCOUNT:
    return s->last_rows;
  case VAR_OPTIONS:
    return s->options & 0x7fff;
  case VAR_MAX_PRECISION:
    return 38;
  case VAR_MICROSOFTVERSION:
    return s->srv->release->major << 24 | s->srv->release->build;
  case VAR_NESTLEVEL:
    return ev->en->nesting;
  case VAR_TEXTSIZE:
    return (int32_t)s->wire.textsize;
  case VAR_LOCK_TIMEOUT:
    return s->lock_timeout;
  case VAR_DATEFIRST:
    return 7;
  default:
    return 0;
  }
}

bool sysvar_eval(const struct eval *ev, const struct node *n,
                 struct value *out) {
  enum sysvar which = n->index;
  if (sysvars[which].id == T_NVARCHAR)
    *out = value_str(sysvar_text(ev, which));
  else if (which == VAR_IDENTITY)
    *out = value_null(T_DECIMAL);
  else
    *out = value_int(n->type.id, sysvar_number(ev, which));
  return true;
}
