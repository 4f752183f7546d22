/* Statements of T-SQL and the batch around them. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lex.h"

static struct stmt *parse_statement(struct parser *p);

static bool push_assign(struct parser *p, struct stmt *s, struct assign a) {
  s->list = parser_push(p, s->list, s->list_count, sizeof *s->list);
  s->list[s->list_count++] = a;
  return true;
}

static bool one_declaration(struct parser *p, struct assign *a) {
  memset(a, 0, sizeof *a);
  if (p->t.kind != K_VAR) {
    syntax_error(p);
    return false;
  }
  a->name = p->t.text;
  lex_next(p);
  (void)take_word(p, "AS");
  if (!parse_type(p, &a->type)) return false;
  if (a->type.len == 0) a->type.len = 1;
  if (take_op(p, '=') && !(a->e = parse_expr(p))) return false;
  if (take_word(p, "OUTPUT") || take_word(p, "OUT")) a->output = true;
  (void)take_word(p, "READONLY");
  return true;
}

static bool parse_declare(struct parser *p, struct stmt *s) {
  do {
    struct assign a;
    if (!one_declaration(p, &a)) return false;
    push_assign(p, s, a);
  } while (take_op(p, ','));
  return true;
}

bool parse_declarations(const char *text, struct parse_env *env,
                        struct assign **list, unsigned *count) {
  struct parser p = {.env = env, .p = text, .line = 1};
  struct stmt s = {0};
  lex_next(&p);
  while (p.t.kind != K_END) {
    struct assign a;
    if (!one_declaration(&p, &a)) return false;
    push_assign(&p, &s, a);
    if (!take_op(&p, ',')) break;
  }
  if (p.t.kind != K_END) syntax_error(&p);
  *list = s.list;
  *count = s.list_count;
  return !p.failed;
}

/* SET @x = 1, SET @x += 1 */
static bool parse_set_var(struct parser *p, struct stmt *s) {
  struct node *n, *v;
  s->kind = S_SET_VAR;
  s->name = p->t.text;
  lex_next(p);
  if (p->t.kind != K_OP || !p->t.op || !strchr("+-*/%", p->t.op))
    return want_op(p, '=') && (s->e = parse_expr(p)) != NULL;
  n = parser_alloc(p, sizeof *n);
  v = parser_alloc(p, sizeof *v);
  n->kind = N_BINARY;
  n->op = p->t.op;
  n->line = v->line = p->t.line;
  v->kind = N_VAR;
  v->name = s->name;
  lex_next(p);
  if (!want_op(p, '=')) return false;
  n->arg = parser_alloc(p, 2 * sizeof *n->arg);
  n->argc = 2;
  n->arg[0] = v;
  n->arg[1] = parse_expr(p);
  s->e = n;
  return n->arg[1] != NULL;
}

static bool parse_isolation(struct parser *p, struct stmt *s) {
  struct buf b = {0};
  s->name = "TRANSACTION ISOLATION LEVEL";
  if (!want_word(p, "ISOLATION") || !want_word(p, "LEVEL")) return false;
  while (p->t.kind == K_WORD &&
         (at_word(p, "READ") || at_word(p, "COMMITTED") ||
          at_word(p, "UNCOMMITTED") || at_word(p, "REPEATABLE") ||
          at_word(p, "SERIALIZABLE") || at_word(p, "SNAPSHOT"))) {
    if (b.n) buf_u8(&b, ' ');
    buf_put(&b, p->t.text, p->t.n);
    lex_next(p);
  }
  s->text = arena_text(p->env->a, (char *)b.p, b.n);
  buf_clear(&b);
  if (!*s->text) syntax_error(p);
  return !p->failed;
}

/* What an option is set to. */
static bool parse_setting(struct parser *p, struct stmt *s) {
  if (take_word(p, "ON")) {
    s->on = true;
    s->text = "ON";
  } else if (take_word(p, "OFF")) {
    s->text = "OFF";
  } else if (take_op(p, '-')) {
    s->text = arena_format(p->env->a, "-%s", p->t.text);
    lex_next(p);
  } else if (p->t.kind == K_NUMBER || p->t.kind == K_WORD ||
             p->t.kind == K_STRING || p->t.kind == K_NSTRING ||
             p->t.kind == K_NAME || p->t.kind == K_VAR || p->t.kind == K_HEX) {
    s->text = p->t.text;
    lex_next(p);
  } else {
    syntax_error(p);
    return false;
  }
  return true;
}

/* SET name ON, SET name value, SET a, b ON, SET TRANSACTION ISOLATION LEVEL */
static bool parse_set(struct parser *p, struct stmt *s) {
  if (p->t.kind == K_VAR) return parse_set_var(p, s);
  if (take_word(p, "TRANSACTION")) return parse_isolation(p, s);
  if (p->t.kind != K_WORD) {
    syntax_error(p);
    return false;
  }
  s->name = p->t.text;
  lex_next(p);
  if (strcasecmp(s->name, "STATISTICS") == 0 ||
      strcasecmp(s->name, "IDENTITY_INSERT") == 0 || at_op(p, ',')) {
    while (!at_word(p, "ON") && !at_word(p, "OFF") && p->t.kind != K_END)
      lex_next(p); /* names between SET and ON */
  }
  if (!parse_setting(p, s)) return false;
  if (strcasecmp(s->name, "QUOTED_IDENTIFIER") == 0)
    p->env->quoted_identifier = s->on;
  return true;
}

static bool starts_argument(struct parser *p) {
  switch (p->t.kind) {
  case K_VAR:
  case K_STRING:
  case K_NSTRING:
  case K_NUMBER:
  case K_HEX:
  case K_MONEY:
  case K_NAME:
    return true;
  case K_WORD:
    return !is_reserved(&p->t) || at_word(p, "NULL") || at_word(p, "DEFAULT");
  default:
    return at_op(p, '-');
  }
}

/* A bare word, which is a string. */
static struct node *word_literal(struct parser *p) {
  struct node *n = parser_alloc(p, sizeof *n);
  n->kind = N_LITERAL;
  n->line = p->t.line;
  n->type = type_string(T_NVARCHAR, (int64_t)p->t.n, p->env->coll);
  n->value = value_text(T_NVARCHAR, p->t.text, p->t.n);
  lex_next(p);
  return n;
}

/* [@name =] value [OUTPUT] */
static bool exec_argument(struct parser *p, struct stmt *s) {
  struct assign a = {0};
  const struct token *ahead = lex_ahead(p);
  if (p->t.kind == K_VAR && ahead->kind == K_OP && ahead->op == '=') {
    a.name = p->t.text;
    lex_next(p);
    lex_next(p);
  }
  if (!take_word(p, "DEFAULT")) {
    bool is_word =
        p->t.kind == K_NAME || (p->t.kind == K_WORD && !at_word(p, "NULL"));
    a.e = is_word ? word_literal(p) : parse_expr(p);
    if (!a.e) return false;
  }
  if (take_word(p, "OUTPUT") || take_word(p, "OUT")) a.output = true;
  return push_assign(p, s, a);
}

static bool parse_exec(struct parser *p, struct stmt *s) {
  if (take_op(p, '(')) { /* EXEC ('text' + @more) */
    s->name = NULL;
    s->e = parse_expr(p);
    return s->e && want_op(p, ')');
  }
  if (p->t.kind == K_VAR) {
    s->retvar = p->t.text;
    lex_next(p);
    if (!want_op(p, '=')) return false;
  }
  while (take_op(p, '.')) continue; /* EXEC ..sp_columns */
  if (!take_object(p, &s->object)) return false;
  s->name = s->object.part[0];
  while (starts_argument(p)) {
    if (!exec_argument(p, s)) return false;
    if (!take_op(p, ',')) break;
  }
  return true;
}

static bool parse_insert(struct parser *p, struct stmt *s) {
  (void)take_word(p, "INTO");
  if (!take_object(p, &s->object)) return false;
  if (!parse_hints(p)) return false;
  if (take_op(p, '(')) {
    do {
      const char *name = take_name(p);
      if (!name) return false;
      s->columns =
          parser_push(p, s->columns, s->column_count, sizeof *s->columns);
      s->columns[s->column_count++] = name;
    } while (take_op(p, ','));
    if (!want_op(p, ')')) return false;
  }
  if (at_word(p, "SELECT")) return (s->select = parse_select(p, false)) != NULL;
  if (take_word(p, "DEFAULT")) return want_word(p, "VALUES");
  if (!want_word(p, "VALUES")) return false;
  do {
    if (!want_op(p, '(') || !parse_exprs(p, &s->rows, &s->row_count) ||
        !want_op(p, ')'))
      return false;
  } while (take_op(p, ','));
  return true;
}

static bool parse_update(struct parser *p, struct stmt *s) {
  if (!take_object(p, &s->object) || !parse_hints(p) || !want_word(p, "SET"))
    return false;
  do {
    struct assign a = {0};
    if (!(a.name = take_name(p)) || !want_op(p, '=') || !(a.e = parse_expr(p)))
      return false;
    push_assign(p, s, a);
  } while (take_op(p, ','));
  return !take_word(p, "WHERE") || (s->where = parse_expr(p)) != NULL;
}

static bool parse_delete(struct parser *p, struct stmt *s) {
  (void)take_word(p, "FROM");
  if (!take_object(p, &s->object)) return false;
  return !take_word(p, "WHERE") || (s->where = parse_expr(p)) != NULL;
}

static bool column_definition(struct parser *p, struct stmt *s) {
  struct assign a = {0};
  if (at_word(p, "CONSTRAINT") || at_word(p, "PRIMARY") ||
      at_word(p, "UNIQUE")) {
    while (!at_op(p, '(') && p->t.kind != K_END) lex_next(p);
    return skip_parens(p);
  }
  if (!(a.name = take_name(p)) || !parse_type(p, &a.type)) return false;
  if (a.type.len == 0) a.type.len = 1;
  while (p->t.kind == K_WORD) {
    if (take_word(p, "NOT")) {
      if (!want_word(p, "NULL")) return false;
      a.type.notnull = true;
    } else if (take_word(p, "NULL")) {
    } else if (take_word(p, "COLLATE")) {
      const char *name = take_name(p);
      if (!name || !collation_parse(name, &a.type.coll)) {
        syntax_error(p);
        return false;
      }
    } else if (take_word(p, "PRIMARY")) {
      if (!want_word(p, "KEY")) return false;
      a.type.notnull = true;
    } else if (take_word(p, "IDENTITY")) {
      a.type.notnull = true;
      if (at_op(p, '(') && !skip_parens(p)) return false;
    } else if (!take_word(p, "UNIQUE") && !take_word(p, "SPARSE")) {
      syntax_error(p);
      return false;
    }
  }
  return push_assign(p, s, a);
}

static bool parse_create(struct parser *p, struct stmt *s) {
  if (!want_word(p, "TABLE") || !take_object(p, &s->object) || !want_op(p, '('))
    return false;
  do {
    if (!column_definition(p, s)) return false;
  } while (take_op(p, ','));
  return want_op(p, ')');
}

static bool parse_drop(struct parser *p, struct stmt *s) {
  if (!take_word(p, "TABLE") && !want_word(p, "VIEW")) return false;
  if (take_word(p, "IF")) {
    if (!want_word(p, "EXISTS")) return false;
    s->if_exists = true;
  }
  return take_object(p, &s->object);
}

static bool tran_word(struct parser *p) {
  return take_word(p, "TRAN") || take_word(p, "TRANSACTION");
}

/* The transaction's or savepoint's name, which may follow. */
static bool parse_tran(struct parser *p, struct stmt *s, int op) {
  s->kind = S_TRAN;
  s->op = op;
  if (p->t.kind == K_VAR || p->t.kind == K_NAME ||
      (p->t.kind == K_WORD && !is_reserved(&p->t))) {
    s->name = p->t.text;
    lex_next(p);
  }
  return true;
}

static bool parse_commit(struct parser *p, struct stmt *s) {
  if (!tran_word(p)) (void)take_word(p, "WORK");
  return parse_tran(p, s, 'c');
}

static bool parse_rollback(struct parser *p, struct stmt *s) {
  if (!tran_word(p)) (void)take_word(p, "WORK");
  return parse_tran(p, s, 'r');
}

static bool parse_save(struct parser *p, struct stmt *s) {
  if (tran_word(p)) return parse_tran(p, s, 's');
  syntax_error(p);
  return false;
}

static bool parse_raiserror(struct parser *p, struct stmt *s) {
  if (!want_op(p, '(')) return false;
  if (!parse_exprs(p, &s->rows, &s->row_count) || !want_op(p, ')'))
    return false;
  if (take_word(p, "WITH")) do
      lex_next(p);
    while (take_op(p, ','));
  return true;
}

static bool parse_throw(struct parser *p, struct stmt *s) {
  return parse_exprs(p, &s->rows, &s->row_count);
}

static bool parse_waitfor(struct parser *p, struct stmt *s) {
  return want_word(p, "DELAY") && (s->e = parse_expr(p)) != NULL;
}

static struct stmt *parse_block(struct parser *p) {
  struct stmt *first = NULL, **tail = &first;
  while (!at_word(p, "END")) {
    struct stmt *s;
    if (take_op(p, ';')) continue;
    if (p->t.kind == K_END) {
      syntax_error(p);
      return NULL;
    }
    if (!(s = parse_statement(p))) return NULL;
    *tail = s;
    tail = &s->next;
  }
  lex_next(p);
  return first;
}

static bool parse_if(struct parser *p, struct stmt *s) {
  if (!(s->e = parse_expr(p)) || !(s->body = parse_statement(p))) return false;
  while (at_op(p, ';')) lex_next(p);
  return !take_word(p, "ELSE") || (s->other = parse_statement(p)) != NULL;
}

static bool parse_while(struct parser *p, struct stmt *s) {
  return (s->e = parse_expr(p)) && (s->body = parse_statement(p));
}

static bool parse_begin(struct parser *p, struct stmt *s) {
  if (tran_word(p)) return parse_tran(p, s, 'b');
  s->body = parse_block(p);
  return !p->failed;
}

static bool parse_use(struct parser *p, struct stmt *s) {
  return (s->name = take_name(p)) != NULL;
}

static bool parse_print(struct parser *p, struct stmt *s) {
  return (s->e = parse_expr(p)) != NULL;
}

static bool parse_truncate(struct parser *p, struct stmt *s) {
  return want_word(p, "TABLE") && take_object(p, &s->object);
}

static bool parse_return(struct parser *p, struct stmt *s) {
  (void)s;
  return !p->failed;
}

/* By their first word; what parse() finds may make it another kind. */
static const struct {
  const char *word;
  enum stmt_kind kind;
  bool (*parse)(struct parser *p, struct stmt *s);
} statements[] = {{"SET", S_SET, parse_set},
                  {"DECLARE", S_DECLARE, parse_declare},
                  {"EXEC", S_EXEC, parse_exec},
                  {"EXECUTE", S_EXEC, parse_exec},
                  {"USE", S_USE, parse_use},
                  {"PRINT", S_PRINT, parse_print},
                  {"RAISERROR", S_RAISERROR, parse_raiserror},
                  {"THROW", S_THROW, parse_throw},
                  {"WAITFOR", S_WAITFOR, parse_waitfor},
                  {"COMMIT", S_TRAN, parse_commit},
                  {"ROLLBACK", S_TRAN, parse_rollback},
                  {"SAVE", S_TRAN, parse_save},
                  {"INSERT", S_INSERT, parse_insert},
                  {"UPDATE", S_UPDATE, parse_update},
                  {"DELETE", S_DELETE, parse_delete},
                  {"CREATE", S_CREATE, parse_create},
                  {"DROP", S_DROP, parse_drop},
                  {"TRUNCATE", S_TRUNCATE, parse_truncate},
                  {"IF", S_IF, parse_if},
                  {"WHILE", S_WHILE, parse_while},
                  {"RETURN", S_RETURN, parse_return},
                  {"BEGIN", S_BLOCK, parse_begin}};

static bool parse_kind(struct parser *p, struct stmt *s, bool first) {
  if (at_word(p, "SELECT") || at_op(p, '(')) {
    s->kind = S_SELECT;
    return (s->select = parse_select(p, false)) != NULL;
  }
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
    if (take_word(p, statements[i].word)) {
      s->kind = statements[i].kind;
      return statements[i].parse(p, s);
    }
  /* The first statement may be a procedure's name alone. */
  if (first &&
      (p->t.kind == K_NAME || (p->t.kind == K_WORD && !is_reserved(&p->t)))) {
    s->kind = S_EXEC;
    return parse_exec(p, s);
  }
  syntax_error(p);
  return false;
}

static struct stmt *parse_one(struct parser *p, bool first) {
  struct stmt *s = parser_alloc(p, sizeof *s);
  s->line = p->t.line;
  if (++p->depth > 100) {
    syntax_error(p);
    return NULL;
  }
  if (!parse_kind(p, s, first) || p->failed) return NULL;
  p->depth--;
  return s;
}

static struct stmt *parse_statement(struct parser *p) {
  return parse_one(p, false);
}

struct stmt *parse_batch(const char *sql, struct parse_env *env) {
  struct parser p = {.env = env, .p = sql, .line = 1};
  struct stmt *first = NULL, **tail = &first;
  lex_next(&p);
  while (p.t.kind != K_END && !p.failed) {
    struct stmt *s;
    if (take_op(&p, ';')) continue;
    s = parse_one(&p, first == NULL);
    if (!s) break;
    *tail = s;
    tail = &s->next;
  }
  if (p.failed) return NULL;
  if (!first) { /* an empty batch is a batch */
    first = parser_alloc(&p, sizeof *first);
    first->kind = S_NOTHING;
    first->line = 1;
  }
  return first;
}
