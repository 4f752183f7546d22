/* The system procedures that clients call. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rowset.h"

static const char *text_param(struct engine *en, const struct rpc_param *p) {
  if (p->value.null) return NULL;
  return value_string(&p->value, en->a);
}

/* A parameter by its name, or by its place among those without names. */
static const struct rpc_param *param(const struct rpc_param *p, unsigned count,
                                     const char *name, unsigned place) {
  for (unsigned i = 0; i < count; i++)
    if (p[i].name[0] && strcasecmp(p[i].name, name) == 0) return &p[i];
  if (place < count && !p[place].name[0]) return &p[place];
  return NULL;
}

/* Binds values to the declared parameters and runs the text. */
static bool run_text(struct engine *en, const char *sql, const char *decls,
                     struct rpc_param *p, unsigned count) {
  struct parse_env env = {en->a, en->e, true, en->s->srv->coll};
  struct assign *list = NULL;
  unsigned declared = 0;
  struct variable *vars;
  bool ok;
  if (decls && !parse_declarations(decls, &env, &list, &declared)) return false;
  vars = arena_alloc(en->a, (declared + 1) * sizeof *vars);
  for (unsigned i = 0; i < declared; i++) {
    struct rpc_param *from = NULL;
    for (unsigned k = 0; k < count; k++)
      if (p[k].name[0] && strcasecmp(p[k].name, list[i].name) == 0)
        from = &p[k];
    if (!from && i < count && !p[i].name[0]) from = &p[i];
    vars[i].name = list[i].name;
    vars[i].type = list[i].type;
    vars[i].value = value_null(list[i].type.id);
    vars[i].output = list[i].output;
    if (!from)
      return sqlerr_set(en->e, 8178, 16, 1,
                        "The parameterized query '(%.100s)%.100s' expects the "
                        "parameter '%s', which was not supplied.",
                        decls, sql ? sql : "", list[i].name);
    if (!convert(&vars[i].value, &from->value, &vars[i].type, -1, &en->s->fmt,
                 en->a, en->e))
      return false;
  }
  ok = exec_text(en, sql, vars, declared, "");
  for (unsigned i = 0; i < declared; i++)
    for (unsigned k = 0; k < count; k++)
      if (p[k].output &&
          (p[k].name[0] ? strcasecmp(p[k].name, vars[i].name) == 0 : k == i)) {
        p[k].type = vars[i].type;
        p[k].value = vars[i].value;
      }
  return ok;
}

static bool p_executesql(struct engine *en, struct rpc_param *p, unsigned count,
                         int *status) {
  (void)status;
  if (count < 1) return false;
  return run_text(en, text_param(en, &p[0]),
                  count > 1 ? text_param(en, &p[1]) : NULL, p + 2,
                  count > 2 ? count - 2 : 0);
}

/* ---- sp_prepare and its family ---- */

/* The statement that the first parameter names. */
static struct prepared *find_prepared(struct engine *en,
                                      const struct rpc_param *p, unsigned count,
                                      int state) {
  int64_t handle = count && !p[0].value.null ? p[0].value.u.i : 0;
  struct session *s = en->s;
  for (unsigned i = 0; handle && i < s->prepared_count; i++)
    if (s->prepared[i].handle == handle) return &s->prepared[i];
  sqlerr_set(en->e, 8179, 16, state,
             "Could not find prepared statement with handle %d.",
             count ? (int)p[0].value.u.i : 0);
  return NULL;
}

static int keep_prepared(struct session *s, const char *sql,
                         const char *params) {
  struct prepared *p = NULL;
  for (unsigned i = 0; i < s->prepared_count && !p; i++)
    if (!s->prepared[i].handle) p = &s->prepared[i];
  if (!p) {
    s->prepared =
        mem_grow(s->prepared, (s->prepared_count + 1) * sizeof *s->prepared);
    p = &s->prepared[s->prepared_count++];
  }
  p->handle = ++s->last_handle;
  p->sql = mem_dup(sql ? sql : "", strlen(sql ? sql : "") + 1);
  p->params = params ? mem_dup(params, strlen(params) + 1) : NULL;
  s->volatile_answer = true;
  return p->handle;
}

static bool p_prepexec(struct engine *en, struct rpc_param *p, unsigned count,
                       int *status) {
  const char *decls, *sql;
  (void)status;
  if (count < 3) return false;
  decls = text_param(en, &p[1]);
  sql = text_param(en, &p[2]);
  p[0].type = type_of(T_INT);
  p[0].value = value_int(T_INT, keep_prepared(en->s, sql, decls));
  return run_text(en, sql, decls, p + 3, count - 3);
}

static bool p_prepare(struct engine *en, struct rpc_param *p, unsigned count,
                      int *status) {
  const char *decls, *sql;
  struct parse_env env = {en->a, en->e, true, en->s->srv->coll};
  struct assign *list = NULL;
  unsigned declared = 0;
  struct variable *vars;
  unsigned options = en->s->options;
  bool ok;
  (void)status;
  if (count < 3) return false;
  decls = text_param(en, &p[1]);
  sql = text_param(en, &p[2]);
  if (decls && !parse_declarations(decls, &env, &list, &declared)) return false;
  vars = arena_alloc(en->a, (declared + 1) * sizeof *vars);
  for (unsigned i = 0; i < declared; i++) {
    vars[i].name = list[i].name;
    vars[i].type = list[i].type;
    vars[i].value = value_null(list[i].type.id);
  }
  /* the columns only, as SQL Server sends them */
  en->s->options |= OPT_FMTONLY;
  ok = exec_text(en, sql, vars, declared, "");
  en->s->options = options;
  if (!ok) return false;
  p[0].type = type_of(T_INT);
  p[0].value = value_int(T_INT, keep_prepared(en->s, sql, decls));
  return true;
}

static bool p_execute(struct engine *en, struct rpc_param *p, unsigned count,
                      int *status) {
  struct prepared *pr = find_prepared(en, p, count, 2);
  (void)status;
  en->s->volatile_answer = true;
  if (!pr) return false;
  return run_text(en, arena_text(en->a, pr->sql, strlen(pr->sql)),
                  pr->params ? arena_text(en->a, pr->params, strlen(pr->params))
                             : NULL,
                  p + 1, count - 1);
}

static bool p_unprepare(struct engine *en, struct rpc_param *p, unsigned count,
                        int *status) {
  struct prepared *pr = find_prepared(en, p, count, 1);
  (void)status;
  en->s->volatile_answer = true;
  if (!pr) return false;
  free(pr->sql);
  free(pr->params);
  memset(pr, 0, sizeof *pr);
  return true;
}

/* ---- catalog procedures ---- */

static bool send_source(struct engine *en, struct source *src) {
  int64_t rows = 0;
  bool ok;
  struct query *q;
  if (!src) return false;
  q = query_of_source(en, src);
  ok = exec_send(en, q, &rows);
  query_free(q);
  if (ok && !en->s->net.attention)
    session_done(en->s, TOK_DONEINPROC, DONE_COUNT, CMD_SELECT, (uint64_t)rows);
  return ok;
}

static bool p_describe(struct engine *en, struct rpc_param *p, unsigned count,
                       int *status) {
  const struct rpc_param *sql = param(p, count, "@tsql", 0);
  const struct rpc_param *decls = param(p, count, "@params", 1);
  const struct rpc_param *mode = param(p, count, "@browse_information_mode", 2);
  (void)status;
  return send_source(
      en,
      describe_source(en, sql ? text_param(en, sql) : NULL,
                      decls ? text_param(en, decls) : NULL,
                      mode && !mode->value.null && mode->value.u.i == 1, true));
}

/* ODBC's data type numbers, as sp_columns has them. */
static int odbc_type(const struct type *t) {
  static const int codes[T_COUNT] = {
      [T_BIT] = -7,        [T_TINYINT] = -6,
      [T_SMALLINT] = 5,    [T_INT] = 4,
      [T_BIGINT] = -5,     [T_REAL] = 7,
      [T_FLOAT] = 6,       [T_DECIMAL] = 3,
      [T_MONEY] = 3,       [T_SMALLMONEY] = 3,
      [T_DATE] = -9,       [T_TIME] = -9,
      [T_DATETIME] = 11,   [T_SMALLDATETIME] = 11,
      [T_DATETIME2] = -9,  [T_DATETIMEOFFSET] = -9,
      [T_CHAR] = 1,        [T_VARCHAR] = 12,
      [T_NCHAR] = -8,      [T_NVARCHAR] = -9,
      [T_TEXT] = -1,       [T_NTEXT] = -10,
      [T_XML] = -10,       [T_BINARY] = -2,
      [T_VARBINARY] = -3,  [T_IMAGE] = -4,
      [T_ROWVERSION] = -2, [T_UDT] = -4,
      [T_GUID] = -11,      [T_VARIANT] = -150};
  return t->numeric ? 2 : codes[t->id];
}

static void columns_of(struct rowset *r, const struct table *t,
                       const char *column) {
  for (unsigned k = 0; k < t->n; k++) {
    const struct source_column *c = &t->cols[k];
    bool number = type_is_number(c->type.id), text;
    int bytes = type_max_length(&c->type), precision;
    if (column && !text_like(c->name, strlen(c->name), column, strlen(column),
                             0, 0, false))
      continue;
    text = type_is_string(c->type.id);
    precision = number || type_is_date(c->type.id) ? type_precision(&c->type)
                : text && type_is_unicode(c->type.id) && bytes > 0 ? bytes / 2
                                                                   : bytes;
    rowset_row(r, "ttttitii", r->en->s->db, t->schema, t->name, c->name,
               odbc_type(&c->type), type_name(&c->type), precision,
               c->type.id == T_DECIMAL ? c->type.prec + 2 : bytes);
    rowset_row(r, "ooinnin", number || type_is_date(c->type.id),
               type_scale(&c->type), number, 10, !c->type.notnull,
               odbc_type(&c->type));
    rowset_row(r, "oiti", text || type_is_binary(c->type.id), bytes, k + 1,
               c->type.notnull ? "NO" : "YES", c->type.notnull ? 56 : 38);
  }
}

static bool wanted(struct engine *en, const struct rpc_param *p,
                   const char *name) {
  const char *pattern = p ? text_param(en, p) : NULL;
  return !pattern ||
         text_like(name, strlen(name), pattern, strlen(pattern), 0, 0, false);
}

static bool p_columns(struct engine *en, struct rpc_param *p, unsigned count,
                      int *status) {
  struct rowset r;
  unsigned n;
  struct table **all = catalog_all(en, &n);
  const struct rpc_param *table = param(p, count, "@table_name", 0);
  const struct rpc_param *owner = param(p, count, "@table_owner", 1);
  const struct rpc_param *column = param(p, count, "@column_name", 3);
  (void)status;
  rowset_init(&r, en,
              "TABLE_QUALIFIER sysname, TABLE_OWNER sysname, TABLE_NAME "
              "sysname, COLUMN_NAME sysname, DATA_TYPE smallint, TYPE_NAME "
              "sysname, PRECISION int, LENGTH int, SCALE smallint, RADIX "
              "smallint, NULLABLE smallint, REMARKS varchar(254), COLUMN_DEF "
              "nvarchar(4000), SQL_DATA_TYPE smallint, SQL_DATETIME_SUB "
              "smallint, CHAR_OCTET_LENGTH int, ORDINAL_POSITION int, "
              "IS_NULLABLE varchar(254), SS_DATA_TYPE tinyint");
  for (unsigned i = 0; i < n; i++)
    if (wanted(en, table, all[i]->name) && wanted(en, owner, all[i]->schema))
      columns_of(&r, all[i], column ? text_param(en, column) : NULL);
  return send_source(en, rowset_done(&r));
}

static bool p_tables(struct engine *en, struct rpc_param *p, unsigned count,
                     int *status) {
  struct rowset r;
  unsigned n;
  struct table **all = catalog_all(en, &n);
  const struct rpc_param *table = param(p, count, "@table_name", 0);
  const struct rpc_param *owner = param(p, count, "@table_owner", 1);
  (void)status;
  rowset_init(&r, en,
              "TABLE_QUALIFIER sysname, TABLE_OWNER sysname, TABLE_NAME "
              "sysname, TABLE_TYPE varchar(32), REMARKS varchar(254)");
  for (unsigned i = 0; i < n; i++) {
    if (!wanted(en, table, all[i]->name) || !wanted(en, owner, all[i]->schema))
      continue;
    rowset_row(&r, "ttttn", en->s->db, all[i]->schema, all[i]->name,
               all[i]->is_view ? "VIEW" : "TABLE");
  }
  return send_source(en, rowset_done(&r));
}

static bool p_nothing(struct engine *en, struct rpc_param *p, unsigned count,
                      int *status) {
  (void)p;
  (void)count;
  *status = 0;
  en->s->volatile_answer = true;
  return true;
}

static const struct {
  const char *name;
  bool (*run)(struct engine *, struct rpc_param *, unsigned, int *);
} procs[] = {
    {"sp_executesql", p_executesql},
    {"sp_prepare", p_prepare},
    {"sp_execute", p_execute},
    {"sp_prepexec", p_prepexec},
    {"sp_unprepare", p_unprepare},
    {"sp_describe_first_result_set", p_describe},
    {"sp_columns", p_columns},
    {"sp_columns_100", p_columns},
    {"sp_columns_90", p_columns},
    {"sp_tables", p_tables},
    {"sp_reset_connection", p_nothing},
};

bool proc_run(struct engine *en, const char *name, struct rpc_param *params,
              unsigned count, int *status) {
  const char *last = strrchr(name, '.'); /* sys.sp_executesql, ..sp_columns */
  if (last)
    last++;
  else
    last = name;
  for (size_t i = 0; i < sizeof procs / sizeof *procs; i++)
    if (strcasecmp(procs[i].name, last) == 0) {
      bool in_proc = en->in_proc, ok;
      en->in_proc = true;
      ok = procs[i].run(en, params, count, status);
      en->in_proc = in_proc;
      return ok;
    }
  return sqlerr_set(en->e, 2812, 16, 62,
                    "Could not find stored procedure '%s'.", name);
}
