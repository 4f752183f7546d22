/* The T-SQL engine: names and types are bound first, then rows are pulled.
**
**   parse_batch -> query_bind (bind.c types every expression) -> query_next
**
** SQLite only stores: a scan reads a table's columns, and everything that has
** T-SQL's own meaning (comparison, conversion, order, NULL) happens here.
*/
#ifndef ENGINE_H
#define ENGINE_H

#include "ast.h"
#include "session.h"

struct variable {
  const char *name; /* with its @ */
  struct type type;
  struct value value;
  bool output;
};

enum { ERRORS_MAX = 16 };

struct engine { /* one batch or procedure call */
  struct session *s;
  struct arena *a; /* of the batch */
  struct variable *vars;
  unsigned var_count;
  struct sqlerr *e;                 /* the error of what runs now */
  struct sqlerr errors[ERRORS_MAX]; /* compile errors, one a name */
  unsigned error_count;
  bool deferred;            /* a table is missing: an error only when it runs */
  bool overflowed, divided; /* quietly: NULL came of it */
  bool in_proc;             /* DONEINPROC instead of DONE */
  unsigned nesting;
  struct catalog *catalog; /* what was read of it for this statement */
  const char *proc;        /* the procedure's name for messages, or NULL */
};

/* ---- sources of rows ---- */

struct source_column {
  const char *name, *qualifier, *schema, *table;
  const char *index; /* that begins with it, or NULL */
  int key;           /* its place in the primary key, from 1; 0: none */
  struct type type;
  bool from_table, used, denied;
};

struct scope {
  struct source_column *cols;
  unsigned n;
  struct value *row;   /* the current row, set by the source */
  struct scope *outer; /* of a correlated subquery */
};

struct source {
  struct source_column *cols;
  unsigned n;
  /* 1: a row was stored, 0: the end, -1: an error is set. The row is that of
  ** the call before: a join leaves its left half. */
  int (*next)(struct source *, struct value *row);
  bool (*open)(struct source *); /* also again, from the start */
  void (*close)(struct source *);
  const struct query *query; /* of a derived table */
  bool fixed; /* the same rows each time, as long as the statement runs */
  /* of rows that are in memory already; else NULL */
  const struct value *(*all)(struct source *, size_t *count);
};

/* source.c; NULL after an error (208 sets en->deferred). */
struct source *source_bind(struct engine *en, struct table_ref *ref,
                           struct scope *outer);
/* join.c */
struct source *join_bind(struct engine *en, struct table_ref *ref,
                         struct scope *outer);
/* A source of rows that are there already. */
struct source *source_rows(struct engine *en, struct source_column *cols,
                           unsigned n, struct value *rows, size_t count);
/* The same, of rows that are asked for when it is opened. */
struct rows {
  struct value *values;
  size_t count;
};
struct source *source_later(struct engine *en, struct source_column *cols,
                            unsigned n, unsigned which,
                            const struct rows *(*rows)(struct engine *,
                                                       unsigned which));

/* ---- catalog.c ---- */

struct table {
  const char *schema, *name, *sqlite_name;
  int32_t id;  /* once the whole catalog was read */
  bool is_own; /* the same; of the session's database, and listed there */
  bool is_view;
  struct source_column *cols;
  unsigned n;
};
/* Finds a table or view of the fixture, also by a synonym; NULL when there is
** none. catalog_own() knows no synonyms. */
struct table *catalog_table(struct engine *en, const struct object_name *name);
struct table *catalog_own(struct engine *en, const struct object_name *name);
/* Reads "Sales.dbo.vwX", "[dbo].[vwX]", "vwX"; false when it is none. */
bool catalog_name(struct engine *en, const char *text,
                  struct object_name *name);
/* Whether the fixture has tables of that other database. */
bool catalog_database(struct engine *en, const char *db);
struct synonym {
  const char *schema, *name, *base;
  int32_t id;
};
struct synonym *catalog_synonyms(struct engine *en, unsigned *count);
/* NULL when there is none. */
struct synonym *catalog_synonym(struct engine *en,
                                const struct object_name *name);
bool catalog_denied(const struct engine *en, const char *table);
bool catalog_denied_column(const struct engine *en, const struct table *t,
                           const char *column); /* no GRANT on it */
/* Every table of the session's database, for INFORMATION_SCHEMA and sys. The
** whole catalog is read once a statement. */
struct table **catalog_all(struct engine *en, unsigned *count);
struct table *catalog_by_id(struct engine *en, int64_t id);
/* Their schemas, by id: dbo is 1, the others follow from 5 on. */
const char **catalog_schemas(struct engine *en, unsigned *count);
int catalog_schema_id(struct engine *en, const char *schema);
/* Where a system view keeps its rows as long as the statement runs. */
enum { SYSVIEWS_MAX = 32 };
struct rows *catalog_view(struct engine *en, unsigned view);
/* sys.* and INFORMATION_SCHEMA.*: sysviews.c. NULL when there is no such. */
struct source *sysview_bind(struct engine *en, const struct object_name *name);
/* sys.dm_exec_describe_first_result_set and its procedure: describe.c */
struct source *describe_source(struct engine *en, const char *sql,
                               const char *params, bool browse,
                               bool for_procedure);

/* ---- bind.c ---- */

/* Types an expression; false only where nothing can go on. Errors gather in
** en->errors. */
bool bind_expr(struct engine *en, struct scope *scope, struct node *n);
bool bind_condition(struct engine *en, struct scope *scope, struct node *n);
/* Wraps n so that it yields `to`. */
struct node *bind_cast(struct engine *en, struct node *n, struct type to);
void bind_error(struct engine *en, int line, int number, int severity,
                int state, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* 230 where a GRANT leaves the column out. */
void bind_permission(struct engine *en, int line,
                     const struct source_column *c);
struct variable *engine_var(struct engine *en, const char *name);
struct node *node_string(struct engine *en, const char *s);

/* ---- eval.c ---- */

struct eval {
  struct engine *en;
  struct arena *a; /* results live here */
};
bool eval_expr(const struct eval *ev, const struct node *n, struct value *out);
/* 1 true, 0 false, -1 unknown; -2 after an error */
int eval_condition(const struct eval *ev, const struct node *n);
/* Three-way comparison where operands may be variants. */
int compare_values(const struct eval *ev, const struct value *a,
                   const struct value *b, unsigned coll);

/* ---- func.c, func_system.c ---- */

struct function {
  const char *name;
  int min, max;
  /* sets n->type; arguments are bound already */
  bool (*bind)(struct engine *en, struct node *n);
  bool (*run)(const struct eval *ev, const struct node *n, struct value *args,
              struct value *out);
  bool is_volatile; /* another answer each time */
  bool takes_null;  /* run even when an argument is NULL */
};
const struct function *function_find(const char *name);
extern const struct function system_functions[];
extern const unsigned system_function_count;
bool function_sysvar(struct engine *en, struct node *n); /* @@x: binds it */
bool sysvar_eval(const struct eval *ev, const struct node *n,
                 struct value *out);

/* ---- query.c ---- */

struct query;
/* `sel` and all it unites; NULL after an error. */
struct query *query_bind(struct engine *en, struct select *sel,
                         struct scope *outer);
/* All rows of a source as a query, to send them. */
struct query *query_of_source(struct engine *en, struct source *src);
const struct column *query_columns(const struct query *q, unsigned *n);
bool query_open(struct query *q);
int query_next(struct query *q, struct value *out);
void query_close(struct query *q); /* may be opened again */
void query_free(struct query *q);

/* The index that a condition can seek in, or NULL: plan.c. */
const char *plan_seek(const struct scope *scope, const struct node *n);
/* "seek [ix]" or "scan" for the log; NULL without a table. */
const char *query_plan(const struct query *q);

/* ---- exec.c, statement.c, dml.c, procs.c ---- */

/* Runs statements; the return value is false when the batch must end. */
bool exec_batch(struct engine *en, struct stmt *first);
bool exec_insert(struct engine *en, struct stmt *st, int64_t *rows);
bool exec_update(struct engine *en, struct stmt *st, int64_t *rows);
bool exec_create(struct engine *en, struct stmt *st);
bool exec_drop(struct engine *en, struct stmt *st);
/* Sends a query's metadata and rows; *rows as sent. */
bool exec_send(struct engine *en, struct query *q, int64_t *rows);
/* Text as a batch of its own inside this one: sp_executesql, EXEC(''). */
bool exec_text(struct engine *en, const char *sql, struct variable *vars,
               unsigned var_count, const char *proc);

struct rpc_param {
  const char *name; /* "" when positional */
  struct type type;
  struct value value;
  bool output;
};
/* Runs a procedure by name; false when there is none of that name. */
bool proc_run(struct engine *en, const char *name, struct rpc_param *params,
              unsigned count, int *status);
/* Adds a variable; false when the name is taken or there is no room. */
bool engine_declare(struct engine *en, const char *name, struct type type);
void engine_error(struct engine *en, const struct sqlerr *e); /* send it */
#endif
