/*
** Comparisons with text.
**
** Equal bytes are equal under every collation, so [c] = 'x' finds them, and the
** server's = pays no heed to blanks at the end. Other white space that the
** conversion trims is asked for by patterns that begin with what an index is
** sorted by: whatever a collation does to characters, a text matches a pattern
** of its own first characters, if the next one cannot melt into these. White
** space melts into nothing; what may melt into white space is not pushed.
*/
#include "tsql/where_text.h"

#include "base/utf8.h"
#include "tsql/select.h"
#include "tsql/where_moment.h"
#include "value/number.h"
#include "value/text.h"

#include <string.h>

/* A list of more is not printed; one of more than the second is read through
** once, for the server would have to seek for each. */
#define LIST_MOST      2000
#define LIST_MOST_SEEK 100

/* What text_trim() takes away. */
static const char *const spaces[] = {
    "\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\xc2\x85",
    "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
    "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028",
    "\u2029", "\u202f", "\u205f", "\u3000"};

/* ---- literals ---------------------------------------------------------- */

/* 1 for text that a literal can hold: UTF-8, no NUL, not too long. */
static int is_quotable(const struct cell *v) {
  return v->type == SQLITE_TEXT && v->n_bytes <= TEXT_MOST &&
         utf8_units(v->bytes, (size_t)v->n_bytes) >= 0 &&
         !(v->n_bytes && memchr(v->bytes, 0, (size_t)v->n_bytes));
}

/* ASCII is the same in every code page; N'' would convert the column. */
static int is_plain(const struct printer *p, const struct cell *v) {
  for (int i = 0; i < v->n_bytes; i++) {
    if ((unsigned char)v->bytes[i] >= 0x80) return 0;
  }
  return p->c->is_ansi;
}

static void append_literal(struct printer *p, const struct cell *v) {
  if (is_plain(p, v))
    tsql_plain_string(p->out, v->bytes, v->n_bytes, p->e);
  else
    tsql_string(p->out, v->bytes, v->n_bytes, p->e);
}

/* [c] LIKE 'before x after', where only x is not a pattern. */
static void append_like(struct printer *p, const char *like, const char *before,
                        const struct cell *v, const char *after) {
  sqlite3_str *pattern = sqlite3_str_new(NULL);
  char *text;
  int n;
  sqlite3_str_appendall(pattern, before);
  for (int i = 0; i < v->n_bytes; i++) {
    int is_sign = strchr("[%_", v->bytes[i]) != NULL;
    if (is_sign) sqlite3_str_appendchar(pattern, 1, '[');
    sqlite3_str_appendchar(pattern, 1, v->bytes[i]);
    if (is_sign) sqlite3_str_appendchar(pattern, 1, ']');
  }
  sqlite3_str_appendall(pattern, after);
  n = sqlite3_str_length(pattern);
  text = sqlite3_str_finish(pattern);
  if (!text) {
    err_nomem(p->e);
    return;
  }
  sqlite3_str_appendf(p->out, "%s %s ", p->name, like);
  if (is_plain(p, v))
    tsql_plain_string(p->out, text, n, p->e);
  else
    tsql_string(p->out, text, n, p->e);
  sqlite3_free(text);
}

/* ---- text that is trimmed ---------------------------------------------- */

/* Letters and signs that stand for themselves behind white space. Marks, and
** what lengthens or repeats the character before it, lie between them. */
static const struct {
  unsigned short first, last;
} alone[] = {{0, 0x2ff},       {0x370, 0x482},   {0x48a, 0x52f},
             {0x5d0, 0x5ea},   {0x620, 0x64a},   {0x3041, 0x3096},
             {0x30a1, 0x30fa}, {0x3400, 0x9fff}, {0xac00, 0xd7a3},
             {0xff01, 0xff5e}};

static int stands_alone(const struct cell *v) {
  const unsigned char *b = (const unsigned char *)v->bytes;
  unsigned c = b[0];
  if (c >= 0xF0) return 0;
  if (c >= 0xE0)
    c = (c & 15) << 12 | (b[1] & 63u) << 6 | (b[2] & 63u);
  else if (c >= 0xC0)
    c = (c & 31) << 6 | (b[1] & 63u);
  for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
    if (c >= alone[i].first && c <= alone[i].last) return 1;
  }
  return 0;
}

/* 1 when some column's text can become this by being trimmed, and patterns
** will find that. */
static int is_trimmed(const struct cell *v) {
  const unsigned char *text = (const unsigned char *)v->bytes;
  int n = v->n_bytes;
  text_trim(&text, &n);
  return n > 0 && n == v->n_bytes && stands_alone(v);
}

/* White space before v (empty: before anything). */
static void append_spaces(struct printer *p, const struct cell *v) {
  for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
    char before[8];
    sqlite3_snprintf(sizeof before, before, "%s%%", spaces[i]);
    sqlite3_str_appendall(p->out, " OR ");
    append_like(p, "LIKE", before, v, v->n_bytes ? "%" : "");
  }
}

/* The second pattern is no range, but spares most of the rows that merely begin
** alike. */
static void append_trimmed(struct printer *p, const struct cell *v) {
  sqlite3_str_appendf(p->out, "%s = ", p->name);
  append_literal(p, v);
  sqlite3_str_appendall(p->out, " OR ");
  append_like(p, "LIKE", "", v, "%");
  sqlite3_str_appendall(p->out, " AND ");
  append_like(p, "NOT LIKE", "", v, "[0-9A-Za-z]%");
  append_spaces(p, v);
}

/* A long list: one IN, and every value that has something to be trimmed. Blanks
** at the end need no mention: a fixed-length char has them in every row. */
static void append_any_space(struct printer *p) {
  static const char like[] = "COLLATE Latin1_General_BIN2 LIKE N'";
  sqlite3_str_appendf(p->out, " OR CAST(%s AS nvarchar(max)) %s[^!-~]%%'",
                      p->name, like);
  sqlite3_str_appendf(p->out,
                      " OR RTRIM(CAST(%s AS nvarchar(max))) %s%%[^!-~]'",
                      p->name, like);
}

enum where_result where_blank(struct printer *p) {
  static const struct cell nothing = {.type = SQLITE_TEXT, .bytes = ""};
  sqlite3_str_appendf(p->out, "%s IS NULL OR %s = ", p->name, p->name);
  append_literal(p, &nothing);
  append_spaces(p, &nothing);
  return WHERE_WIDE;
}

/* ---- text that is parsed ----------------------------------------------- */

/* Text that becomes a number or a date has these characters in a row. */
static enum where_result parsed_text(struct printer *p, const struct cell *v) {
  struct cell part = {.type = SQLITE_TEXT};
  char digits[24];
  struct instant t;
  if (p->c->kind == KIND_INTEGER) {
    sqlite3_int64 integer = v->integer;
    if (!is_number(v) ||
        (v->type == SQLITE_FLOAT && !integer_from_real(v->real, &integer))) {
      return WHERE_SKIP;
    }
    part.n_bytes = integer_format(integer, digits);
    part.bytes = digits;
    if (digits[0] == '-') {
      part.bytes++;
      part.n_bytes--;
    }
    append_like(p, "LIKE", "%", &part, "%");
    return WHERE_WIDE;
  }
  if (!where_read_instant(v, &t) || !t.exact) return WHERE_SKIP;
  part.bytes = v->bytes;
  part.n_bytes = 10;
  append_like(p, "LIKE", "%", &part, "%");
  sqlite3_snprintf(sizeof digits, digits, "%.4s%.2s%.2s", v->bytes,
                   v->bytes + 5, v->bytes + 8);
  part.bytes = digits;
  part.n_bytes = 8;
  sqlite3_str_appendall(p->out, " OR ");
  append_like(p, "LIKE", "%", &part, "%");
  return WHERE_WIDE;
}

/* ---- any --------------------------------------------------------------- */

enum where_result where_string(struct printer *p, const struct cell *v) {
  if (p->c->kind == KIND_INTEGER || p->c->kind == KIND_DATE) {
    return parsed_text(p, v);
  }
  return where_strings(p, v, 1);
}

static void append_in(struct printer *p, const struct cell *values, int n) {
  sqlite3_str_appendf(p->out, n > 1 ? "%s IN (" : "%s = ", p->name);
  for (int i = 0; i < n; i++) {
    if (i) sqlite3_str_appendall(p->out, ", ");
    append_literal(p, &values[i]);
  }
  if (n > 1) sqlite3_str_appendchar(p->out, 1, ')');
}

enum where_result where_strings(struct printer *p, const struct cell *values,
                                int n) {
  static const struct cell nothing = {.type = SQLITE_TEXT, .bytes = ""};
  int trims = p->c->kind == KIND_STRING;
  if (n > LIST_MOST) return WHERE_SKIP;
  for (int i = 0; i < n; i++) {
    if (!is_quotable(&values[i])) return WHERE_SKIP;
    if (trims && !is_trimmed(&values[i])) return WHERE_SKIP;
  }
  if (trims && n == 1) {
    append_trimmed(p, values);
    return WHERE_WIDE;
  }
  append_in(p, values, n);
  if (!trims) return WHERE_WIDE;
  if (n > LIST_MOST_SEEK) {
    append_any_space(p);
    return WHERE_WIDE;
  }
  for (int i = 0; i < n; i++) {
    sqlite3_str_appendall(p->out, " OR ");
    append_like(p, "LIKE", "", &values[i], "%");
  }
  append_spaces(p, &nothing);
  return WHERE_WIDE;
}
