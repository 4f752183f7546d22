/* The tokenizer, and what the three parser files share. */
#ifndef LEX_H
#define LEX_H

#include "ast.h"

enum token_kind {
  K_END,
  K_WORD, /* an identifier or keyword, not quoted */
  K_NAME, /* a quoted identifier */
  K_VAR,  /* @x, @@x */
  K_NUMBER,
  K_STRING, /* '...' */
  K_NSTRING,
  K_HEX,
  K_MONEY, /* $1.50 */
  K_OP     /* one character, or the code of <=, >=, <> in .op */
};

struct token {
  enum token_kind kind;
  const char *text; /* decoded, in the arena */
  size_t n;
  int op, line;
  const char *at; /* where it starts */
};

struct parser {
  struct parse_env *env;
  const char *p;
  int line;
  struct token t, ahead;
  bool has_ahead, failed;
  unsigned depth; /* of nesting: bounded */
};

void lex_next(struct parser *p); /* moves p->t on */
struct token *lex_ahead(struct parser *p);

bool at_word(const struct parser *p, const char *word);
bool at_op(const struct parser *p, int op);
bool take_word(struct parser *p, const char *word);
bool take_op(struct parser *p, int op);
bool want_word(struct parser *p, const char *word);
bool want_op(struct parser *p, int op);

/* Skips "(...)" with everything inside. */
bool skip_parens(struct parser *p);
bool is_reserved(const struct token *t);
void syntax_error(struct parser *p); /* 102 or 156 near the token */
void *parser_alloc(struct parser *p, size_t bytes);
/* Appends one element to an array in the arena. */
void *parser_push(struct parser *p, void *array, unsigned count,
                  size_t element);
const char *take_name(struct parser *p); /* NULL after an error */
bool take_object(struct parser *p, struct object_name *name);

struct node *parse_expr(struct parser *p);
/* `nested`: in a derived table or subquery, where less is allowed. */
struct select *parse_select(struct parser *p, bool nested);
bool parse_type(struct parser *p, struct type *t);
bool parse_exprs(struct parser *p, struct node ***list, unsigned *count);
struct table_ref *parse_from(struct parser *p);
bool parse_hints(struct parser *p);
#endif
