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
#include "base/utf8.h"
#include "tsql/printer.h"
#include "tsql/select.h"
#include "value/number.h"
#include "value/text.h"

#include <string.h>

/* A list of more is read through once: the server would have to seek for
** each. */
#define LIST_MOST_SEEK 100

/* 1 for text that a literal can hold: UTF-8, no NUL, not too long. */
static int is_quotable(const struct cell *v) {
  return v->type == SQLITE_TEXT && v->n_bytes <= TEXT_MOST &&
         utf8_units(v->bytes, (size_t)v->n_bytes) >= 0 &&
         !(v->n_bytes && memchr(v->bytes, 0, (size_t)v->n_bytes));
}

/* ASCII is the same in every code page; N'' would convert the column. */
static const char *prefix(const struct printer *p, const struct cell *v) {
  for (int i = 0; i < v->n_bytes; i++) {
    if ((unsigned char)v->bytes[i] >= 0x80) return "N";
  }
  return p->c->is_ansi ? "" : "N";
}

/* [c] = 'x', or [c] IN ('x', 'y') */
static void append_list(struct printer *p, const struct cell *values, int n) {
  sqlite3_str_appendf(p->out, n > 1 ? "%s IN (" : "%s = ", p->name);
  for (int i = 0; i < n; i++) {
    const struct cell *v = &values[i];
    if (i) sqlite3_str_appendall(p->out, ", ");
    tsql_string(p->out, prefix(p, v), v->bytes, v->n_bytes, p->e);
  }
  if (n > 1) sqlite3_str_appendchar(p->out, 1, ')');
}

/* start [c] LIKE 'before x after', where only x is not a pattern. */
static void append_like(struct printer *p, const char *start, const char *like,
                        const char *before, const struct cell *v,
                        const char *after) {
  sqlite3_str *pattern = sqlite3_str_new(NULL);
  char *text;
  sqlite3_str_appendall(pattern, before);
  for (int i = 0; i < v->n_bytes; i++) {
    int is_sign = strchr("[%_", v->bytes[i]) != NULL;
    sqlite3_str_appendf(pattern, is_sign ? "[%.1s]" : "%.1s", &v->bytes[i]);
  }
  sqlite3_str_appendall(pattern, after);
  sqlite3_str_appendf(p->out, "%s%s %s ", start, p->name, like);
  text = tsql_finish(pattern, p->e);
  if (text) {
    tsql_string(p->out, prefix(p, v), text, (int)strlen(text), p->e);
  }
  sqlite3_free(text);
}

static void or_like(struct printer *p, const char *before, const struct cell *v,
                    const char *after) {
  append_like(p, " OR ", "LIKE", before, v, after);
}

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

static const struct cell nothing = {.type = SQLITE_TEXT, .bytes = ""};

/* White space before v (nothing: before anything). */
static void append_spaces(struct printer *p, const struct cell *v) {
  for (int i = 0; i < TEXT_SPACES; i++) {
    char before[8];
    sqlite3_snprintf(sizeof before, before, "%s%%", text_spaces[i]);
    or_like(p, before, v, v->n_bytes ? "%" : "");
  }
}

/* Every value that has something to be trimmed. Blanks at the end need no
** mention: a fixed-length char has them in every row. */
static void append_any_space(struct printer *p) {
  static const char like[] = "COLLATE Latin1_General_BIN2 LIKE N'";
  sqlite3_str_appendf(p->out,
                      " OR CAST(%s AS nvarchar(max)) %s[^!-~]%%' OR "
                      "RTRIM(CAST(%s AS nvarchar(max))) %s%%[^!-~]'",
                      p->name, like, p->name, like);
}

/* What else may become these values. */
static void append_trimmed(struct printer *p, const struct cell *values,
                           int n) {
  if (n > LIST_MOST_SEEK) {
    append_any_space(p);
    return;
  }
  for (int i = 0; i < n; i++) or_like(p, "", &values[i], "%");
  if (n == 1) {
    /* No range, but it spares most of the rows that merely begin alike. */
    append_like(p, " AND ", "NOT LIKE", "", values, "[0-9A-Za-z]%");
  }
  append_spaces(p, n == 1 ? values : &nothing);
}

enum where_result where_blank(struct printer *p) {
  sqlite3_str_appendf(p->out, "%s IS NULL OR ", p->name);
  append_list(p, &nothing, 1);
  append_spaces(p, &nothing);
  return WHERE_WIDE;
}

/* Text that becomes a number or a date has these characters in a row. */
static enum where_result parsed_text(struct printer *p, const struct cell *v) {
  char digits[24];
  struct cell part = {.type = SQLITE_TEXT, .bytes = digits, .n_bytes = 8};
  struct moment m;
  if (p->c->kind == KIND_INTEGER) {
    sqlite3_int64 integer = v->integer;
    if (!is_number(v) ||
        (v->type == SQLITE_FLOAT && !integer_from_real(v->real, &integer))) {
      return WHERE_SKIP;
    }
    part.n_bytes = integer_format(integer, digits);
    if (digits[0] == '-') {
      part.bytes++;
      part.n_bytes--;
    }
    append_like(p, "", "LIKE", "%", &part, "%");
    return WHERE_WIDE;
  }
  if (v->n_bytes != DATE_TEXT || !where_read_moment(v, &m)) return WHERE_SKIP;
  append_like(p, "", "LIKE", "%", v, "%");
  sqlite3_snprintf(sizeof digits, digits, "%.4s%.2s%.2s", v->bytes,
                   v->bytes + 5, v->bytes + 8);
  or_like(p, "%", &part, "%");
  return WHERE_WIDE;
}

enum where_result where_strings(struct printer *p, const struct cell *values,
                                int n) {
  enum value_kind kind = p->c->kind;
  if (n > LIST_MOST) return WHERE_SKIP;
  if (kind == KIND_INTEGER || kind == KIND_DATE) return parsed_text(p, values);
  for (int i = 0; i < n; i++) {
    if (!is_quotable(&values[i]) ||
        (kind == KIND_STRING && !is_trimmed(&values[i]))) {
      return WHERE_SKIP;
    }
  }
  append_list(p, values, n);
  if (kind == KIND_STRING) append_trimmed(p, values, n);
  return WHERE_WIDE;
}
