/* T-SQL as the parser leaves it. Everything lives in the batch's arena. */
#ifndef AST_H
#define AST_H

#include "value.h"

enum node_kind {
  N_LITERAL,
  N_COLUMN,
  N_VAR,     /* @x and @@x */
  N_UNARY,   /* op: '-', '+', '~' */
  N_BINARY,  /* op: + - * / % & | ^ */
  N_COMPARE, /* op: '=', '!', '<', 'l' (<=), '>', 'g' (>=) */
  N_AND,
  N_OR,
  N_NOT,
  N_BETWEEN, /* arg: value, low, high */
  N_IN,      /* arg: value, list...; or query */
  N_LIKE,    /* arg: value, pattern [, escape] */
  N_ISNULL,
  N_CASE, /* arg: when, then, ..., [else]; `simple` was rewritten */
  N_CAST, /* type; style; also implicit conversions */
  N_CALL,
  N_COLLATE,
  N_SUBQUERY,
  N_EXISTS,
  N_AGG /* an aggregate, after binding; name says which */
};

struct select;
struct scope;

struct node {
  enum node_kind kind;
  int op, line;
  bool negate;   /* NOT IN, NOT LIKE, IS NOT NULL, ... */
  bool star;     /* COUNT(*) */
  bool distinct; /* COUNT(DISTINCT x) */
  bool tries;    /* TRY_CAST, TRY_CONVERT */
  bool has_else;
  bool implicit;    /* a conversion nobody wrote */
  struct type type; /* of the value; of N_CAST: the target */
  struct node **arg;
  unsigned argc;
  const char *name;      /* column, variable, function, collation */
  const char *qualifier; /* of a column: table or alias, or NULL */
  struct value value;    /* of a literal */
  struct node *style;    /* of CONVERT */
  struct select *query;
  /* filled by binding */
  bool predicate;
  uint8_t coll_rank;   /* 1 a literal's, 2 a column's, 3 COLLATE's */
  struct scope *scope; /* of a column: whose row */
  unsigned index;      /* column, variable, function or aggregate */
  const struct function *fn;
  struct query *plan; /* of a subquery */
};

struct object_name {   /* [server.][database.][schema.]name */
  const char *part[4]; /* 0: name, 1: schema, 2: database, 3: server */
  int line;
};

enum table_kind { TR_NAME, TR_DERIVED, TR_FUNCTION, TR_JOIN, TR_VALUES };
struct table_ref {
  enum table_kind kind;
  int line;
  struct object_name name; /* also of a function */
  const char *alias;
  const char **columns; /* AS q(a, b) */
  unsigned column_count;
  struct select *query;
  struct node **arg; /* of a function; of VALUES: row by row */
  unsigned argc, width;
  struct table_ref *left, *right;
  struct node *on;
  bool outer; /* LEFT JOIN */
};

struct item {
  struct node *e; /* NULL for a star */
  const char *alias, *star_of;
  const char *assign; /* SELECT @x = ... */
};

struct order {
  struct node *e;
  bool desc;
};

struct select {
  int line;
  bool distinct, percent;
  struct node *top;
  struct item *items;
  unsigned item_count;
  struct table_ref *from;
  struct node *where, *having;
  struct node **group;
  unsigned group_count;
  struct order *order;
  unsigned order_count;
  struct node *offset, *fetch;
  struct select *next; /* UNION */
  bool next_all;
  const struct object_name *into;
};

enum stmt_kind {
  S_NOTHING,
  S_SELECT,
  S_SET,     /* name, text or number */
  S_SET_VAR, /* name, e */
  S_DECLARE,
  S_USE,
  S_PRINT,
  S_RAISERROR,
  S_THROW,
  S_WAITFOR,
  S_TRAN, /* op: 'b', 'c', 'r', 's' */
  S_EXEC,
  S_INSERT,
  S_UPDATE,
  S_DELETE,
  S_CREATE,
  S_DROP,
  S_TRUNCATE,
  S_IF,
  S_WHILE,
  S_BLOCK,
  S_RETURN
};

struct assign {     /* SET col = e, EXEC @p = e, DECLARE @x type = e */
  const char *name; /* NULL: positional */
  struct node *e;
  struct type type;
  bool output;
};

struct stmt {
  enum stmt_kind kind;
  int line, op;
  struct stmt *next;
  struct select *select;
  const char *name, *text;
  bool on, if_exists;
  struct node *e;
  struct object_name object;
  struct assign *list;
  unsigned list_count;
  const char **columns; /* INSERT (a, b) */
  unsigned column_count;
  struct node **rows; /* INSERT VALUES, row by row */
  unsigned row_count;
  struct node *where;
  struct stmt *body, *other;
  const char *retvar; /* EXEC @rc = ... */
};

struct parse_env {
  struct arena *a;
  struct sqlerr *e;
  bool quoted_identifier;
  uint16_t coll;
};

/* NULL with an error set when the text is no T-SQL that this server knows. */
struct stmt *parse_batch(const char *sql, struct parse_env *env);
/* "@a int, @b nvarchar(20) OUTPUT": the declarations of sp_executesql. */
bool parse_declarations(const char *text, struct parse_env *env,
                        struct assign **list, unsigned *count);
#endif
