/* The tokenizer: see lex.h. */
#include "lex.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "text.h"

/* The reserved words that end an expression or cannot be an alias. */
static const char *const reserved[] = {
    "ADD",       "ALL",         "ALTER",    "AND",     "ANY",      "AS",
    "ASC",       "BEGIN",       "BETWEEN",  "BY",      "CASE",     "CLOSE",
    "COALESCE",  "COLLATE",     "COMMIT",   "CONVERT", "CREATE",   "CROSS",
    "CURRENT",   "DECLARE",     "DEFAULT",  "DELETE",  "DESC",     "DISTINCT",
    "DROP",      "ELSE",        "END",      "EXCEPT",  "EXEC",     "EXECUTE",
    "EXISTS",    "FETCH",       "FOR",      "FROM",    "FULL",     "FUNCTION",
    "GO",        "GROUP",       "HAVING",   "IF",      "IN",       "INNER",
    "INSERT",    "INTERSECT",   "INTO",     "IS",      "JOIN",     "LEFT",
    "LIKE",      "NOT",         "NULL",     "NULLIF",  "ON",       "OPTION",
    "OR",        "ORDER",       "OUTER",    "PERCENT", "PRINT",    "PROC",
    "PROCEDURE", "RAISERROR",   "RETURN",   "RIGHT",   "ROLLBACK", "SAVE",
    "SELECT",    "SET",         "TABLE",    "THEN",    "TO",       "TOP",
    "TRAN",      "TRANSACTION", "TRUNCATE", "UNION",   "UNIQUE",   "UPDATE",
    "USE",       "VALUES",      "VIEW",     "WAITFOR", "WHEN",     "WHERE",
    "WHILE",     "WITH"};

bool is_reserved(const struct token *t) {
  if (t->kind != K_WORD) return false;
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (strcasecmp(reserved[i], t->text) == 0) return true;
  return false;
}

static bool word_char(const char *p, bool first) {
  unsigned char c = (unsigned char)*p;
  if (isalpha(c) || c == '_' || c == '#' || c >= 0x80) return true;
  return !first && (isdigit(c) || c == '$' || c == '@');
}

static void skip_blanks(struct parser *p) {
  for (;;) {
    if (*p->p == '\n') {
      p->line++;
      p->p++;
    } else if (isspace((unsigned char)*p->p)) {
      p->p++;
    } else if ((unsigned char)p->p[0] == 0xc2 &&
               (unsigned char)p->p[1] == 0xa0) {
      p->p += 2;
    } else if (p->p[0] == '-' && p->p[1] == '-') {
      while (*p->p && *p->p != '\n') p->p++;
    } else if (p->p[0] == '/' && p->p[1] == '*') {
      int nested = 0; /* T-SQL nests comments */
      do {
        if (p->p[0] == '/' && p->p[1] == '*') {
          nested++;
          p->p += 2;
        } else if (p->p[0] == '*' && p->p[1] == '/') {
          nested--;
          p->p += 2;
        } else {
          if (*p->p == '\n') p->line++;
          p->p++;
        }
      } while (nested && *p->p);
      if (nested && !p->failed) {
        p->failed = true;
        sqlerr_set(p->env->e, 113, 15, 1, "Missing end comment mark '*/'.");
        p->env->e->line = p->line;
      }
    } else {
      return;
    }
  }
}

/* "Backslash (Line Continuation)": in a character or binary constant it goes
** together with the line end after it. How many bytes, 0 when it is none. */
static size_t continues(const char *s) {
  if (s[0] != '\\') return 0;
  return s[1] == '\n' ? 2 : s[1] == '\r' && s[2] == '\n' ? 3 : 0;
}

/* '...', "..." or [...] with its closing character doubled inside. */
static void quoted(struct parser *p, struct token *t, char close) {
  const char *from = ++p->p;
  size_t n = 0;
  char *out;
  bool ended = false;
  while (*p->p) {
    if (*p->p == close) {
      if (p->p[1] != close) {
        ended = true;
        break;
      }
      p->p++;
    }
    if (*p->p == '\n') p->line++;
    p->p++;
  }
  out = arena_raw(p->env->a, (size_t)(p->p - from) + 1);
  for (const char *s = from; s < p->p; s++) {
    if (close != ']' && t->kind != K_NAME && continues(s)) {
      s += continues(s) - 1;
      continue;
    }
    out[n++] = *s;
    if (*s == close) s++;
  }
  out[n] = 0;
  t->text = out;
  t->n = n;
  if (ended) {
    p->p++;
  } else if (!p->failed) {
    p->failed = true;
    sqlerr_set(p->env->e, 105, 15, 1,
               "Unclosed quotation mark after the character string '%.200s'.",
               out);
    p->env->e->line = t->line;
  }
}

static void number(struct parser *p, struct token *t) {
  const char *from = p->p;
  struct buf b = {0};
  t->kind = K_NUMBER;
  if (p->p[0] == '0' && (p->p[1] | 32) == 'x') {
    p->p += 2;
    while (isxdigit((unsigned char)*p->p) || continues(p->p)) {
      if (!continues(p->p)) {
        buf_u8(&b, (unsigned char)*p->p++);
      } else {
        p->line++;
        p->p += continues(p->p);
      }
    }
    t->kind = K_HEX;
    t->n = b.n + 2;
    t->text =
        arena_format(p->env->a, "0x%.*s", (int)b.n, b.p ? (char *)b.p : "");
    buf_clear(&b);
    return;
  } else {
    while (isdigit((unsigned char)*p->p)) p->p++;
    if (*p->p == '.') {
      p->p++;
      while (isdigit((unsigned char)*p->p)) p->p++;
    }
    if ((*p->p | 32) == 'e') {
      p->p++;
      if (*p->p == '+' || *p->p == '-') p->p++;
      while (isdigit((unsigned char)*p->p)) p->p++;
    }
  }
  t->n = (size_t)(p->p - from);
  t->text = arena_text(p->env->a, from, t->n);
}

static void scan(struct parser *p, struct token *t) {
  const char *from;
  char c, d;
  memset(t, 0, sizeof *t);
  skip_blanks(p);
  t->line = p->line;
  t->at = from = p->p;
  c = *from;
  d = c ? from[1] : 0;
  if (c == 0) {
    t->text = "";
    return;
  }
  if (c == '\'' || ((c == 'N' || c == 'n') && d == '\'')) {
    t->kind = c == '\'' ? K_STRING : K_NSTRING;
    if (c != '\'') p->p++;
    quoted(p, t, '\'');
  } else if (c == '[') {
    t->kind = K_NAME;
    quoted(p, t, ']');
  } else if (c == '"') {
    t->kind = p->env->quoted_identifier ? K_NAME : K_STRING;
    quoted(p, t, '"');
  } else if (isdigit((unsigned char)c) ||
             (c == '.' && isdigit((unsigned char)d))) {
    number(p, t);
  } else if (c == '$' && (isdigit((unsigned char)d) || d == '.')) {
    p->p++;
    number(p, t);
    t->kind = K_MONEY;
  } else if (c == '@' || word_char(from, true)) {
    t->kind = c == '@' ? K_VAR : K_WORD;
    while (*p->p && word_char(p->p, false)) p->p++;
    t->n = (size_t)(p->p - from);
    t->text = arena_text(p->env->a, from, t->n);
  } else {
    t->kind = K_OP;
    t->op = c;
    p->p++;
    if (c == '<' && d == '=') t->op = 'l';
    if (c == '>' && d == '=') t->op = 'g';
    if ((c == '<' && d == '>') || (c == '!' && d == '=')) t->op = '!';
    if (c == '!' && d == '<') t->op = 'g';
    if (c == '!' && d == '>') t->op = 'l';
    if (t->op != c || (c == '!' && d == '=')) p->p++;
    t->n = (size_t)(p->p - from);
    t->text = arena_text(p->env->a, from, t->n);
  }
}

void lex_next(struct parser *p) {
  if (p->has_ahead) {
    p->t = p->ahead;
    p->has_ahead = false;
  } else {
    scan(p, &p->t);
  }
}

struct token *lex_ahead(struct parser *p) {
  if (!p->has_ahead) {
    scan(p, &p->ahead);
    p->has_ahead = true;
  }
  return &p->ahead;
}

/* ---- what the parser files share ---- */

bool at_word(const struct parser *p, const char *word) {
  return p->t.kind == K_WORD && strcasecmp(p->t.text, word) == 0;
}

bool at_op(const struct parser *p, int op) {
  return p->t.kind == K_OP && p->t.op == op;
}

bool take_word(struct parser *p, const char *word) {
  if (!at_word(p, word)) return false;
  lex_next(p);
  return true;
}

bool take_op(struct parser *p, int op) {
  if (!at_op(p, op)) return false;
  lex_next(p);
  return true;
}

void syntax_error(struct parser *p) {
  if (p->failed) return;
  p->failed = true;
  if (is_reserved(&p->t))
    sqlerr_set(p->env->e, 156, 15, 1, "Incorrect syntax near the keyword '%s'.",
               p->t.text);
  else
    sqlerr_set(p->env->e, 102, 15, 1, "Incorrect syntax near '%.128s'.",
               p->t.text);
  p->env->e->line = p->t.line;
}

bool want_word(struct parser *p, const char *word) {
  if (take_word(p, word)) return true;
  syntax_error(p);
  return false;
}

bool want_op(struct parser *p, int op) {
  if (take_op(p, op)) return true;
  syntax_error(p);
  return false;
}

bool skip_parens(struct parser *p) {
  int open = 1;
  if (!want_op(p, '(')) return false;
  while (open > 0) {
    if (p->t.kind == K_END) {
      syntax_error(p);
      return false;
    }
    if (at_op(p, '(')) open++;
    if (at_op(p, ')')) open--;
    lex_next(p);
  }
  return true;
}

void *parser_alloc(struct parser *p, size_t bytes) {
  return arena_alloc(p->env->a, bytes);
}

void *parser_push(struct parser *p, void *array, unsigned count,
                  size_t element) {
  return arena_push(p->env->a, array, count, element);
}

const char *take_name(struct parser *p) {
  const char *name = p->t.text;
  if (p->t.kind != K_NAME && (p->t.kind != K_WORD || is_reserved(&p->t))) {
    syntax_error(p);
    return NULL;
  }
  if (p->t.n == 0) {
    p->failed = true;
    sqlerr_set(p->env->e, 1038, 15, 4,
               "An object or column name is missing or empty. For SELECT INTO "
               "statements, verify each column has a name. For other "
               "statements, look for empty alias names. Aliases defined as "
               "\"\" or [] are not allowed. Change the alias to a valid name.");
    p->env->e->line = p->t.line;
    return NULL;
  }
  if (text_utf16_units(name, p->t.n) > 128) { /* "Database identifiers" */
    p->failed = true;
    sqlerr_set(p->env->e, 103, 15, 4,
               "The identifier that starts with '%.*s' is too long. Maximum "
               "length is 128.",
               (int)text_offset(name, p->t.n, 128), name);
    p->env->e->line = p->t.line;
    return NULL;
  }
  lex_next(p);
  return name;
}

bool take_object(struct parser *p, struct object_name *name) {
  const char *part[4] = {0};
  int n = 0;
  memset(name, 0, sizeof *name);
  name->line = p->t.line;
  for (;;) {
    if (n == 4) {
      syntax_error(p);
      return false;
    }
    if (n > 0 && at_op(p, '.')) { /* db..table */
      part[n++] = NULL;
      lex_next(p);
      continue;
    }
    part[n] = take_name(p);
    if (!part[n]) return false;
    n++;
    if (!take_op(p, '.')) break;
  }
  for (int i = 0; i < n; i++) name->part[i] = part[n - 1 - i];
  return true;
}
