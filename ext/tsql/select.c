/*
** Names, sources and the SELECT.
*/
#include "tsql/select.h"

#include "base/utf8.h"

#include <string.h>

/* SQL Server's limit for an identifier, in UTF-16 units. */
#define NAME_UNITS 128

/* ---- quoting ----------------------------------------------------------- */

/* SQL Server deletes this pair from a literal: "Backslash (Line
** Continuation)". */
static int is_continuation(const char *at, const char *end) {
  return end - at > 1 && at[0] == '\\' &&
         (at[1] == '\n' || (end - at > 2 && at[1] == '\r' && at[2] == '\n'));
}

/* Copies text and doubles `quote`. Refuses NUL and invalid UTF-8, which would
** be cut or changed on their way to the server. Puts `split` behind a backslash
** that would continue the line. */
static void append_quoted(sqlite3_str *out, const char *text, int n_bytes,
                          char quote, const char *split, struct err *e) {
  for (int i = 0; i < n_bytes && !e->code;) {
    int n = utf8_length(text + i, (size_t)(n_bytes - i));
    if (n == 0 || text[i] == 0) {
      err_set(e, ERR_CONFIG, "a text has %s at byte %d",
              n ? "a NUL character" : "invalid UTF-8", i + 1);
      return;
    }
    if (text[i] == quote) sqlite3_str_appendchar(out, 1, quote);
    sqlite3_str_append(out, text + i, n);
    if (is_continuation(text + i, text + n_bytes)) {
      sqlite3_str_appendall(out, split);
    }
    i += n;
  }
}

void tsql_identifier(sqlite3_str *out, const char *name, struct err *e) {
  size_t n = strlen(name);
  const char *wrong = NULL;
  if (e->code) return;
  if (n == 0)
    wrong = "it is empty";
  else if (strstr(name, "\\\n") || strstr(name, "\\\r\n"))
    wrong = "it has a backslash before a line end, which is none in T-SQL";
  else if (utf8_units(name, n) > NAME_UNITS)
    wrong = "it has more than 128 characters";
  if (wrong) {
    err_set(e, ERR_CONFIG, "\"%.60s%s\" cannot be a name: %s", name,
            n > 60 ? "..." : "", wrong);
    return;
  }
  sqlite3_str_appendchar(out, 1, '[');
  append_quoted(out, name, (int)n, ']', "", e);
  sqlite3_str_appendchar(out, 1, ']');
}

void tsql_string(sqlite3_str *out, const char *prefix, const char *text,
                 int n_bytes, struct err *e) {
  char split[8];
  if (e->code) return;
  sqlite3_snprintf(sizeof split, split, "' + %s'", prefix);
  sqlite3_str_appendf(out, "%s'", prefix);
  append_quoted(out, text, n_bytes, '\'', split, e);
  sqlite3_str_appendchar(out, 1, '\'');
}

char *tsql_finish(sqlite3_str *out, struct err *e) {
  char *text = sqlite3_str_finish(out);
  if (!text) err_nomem(e);
  if (!e->code) return text;
  sqlite3_free(text);
  return NULL;
}

/* ---- sources ----------------------------------------------------------- */

static const char *skip_blank(const char *at) {
  return at + strspn(at, ASCII_BLANKS);
}

/* Block comments nest in T-SQL. */
static const char *skip_comments(const char *at) {
  for (;;) {
    int depth = 0;
    at = skip_blank(at);
    if (strncmp(at, "--", 2) == 0) {
      at += strcspn(at, "\n");
      continue;
    }
    if (strncmp(at, "/*", 2) != 0) return at;
    do {
      int opens = strncmp(at, "/*", 2) == 0, closes = !strncmp(at, "*/", 2);
      depth += opens - closes;
      at += opens || closes ? 2 : 1;
    } while (*at && depth > 0);
  }
}

int tsql_is_query(const char *source) {
  const char *at = skip_comments(source);
  return *at == '(' ||
         (sqlite3_strnicmp(at, "SELECT", 6) == 0 &&
          (at[6] == 0 || strchr(ASCII_BLANKS "[\"'*(-+/.", at[6])));
}

void tsql_hint_with(const char *source, struct err *e) {
  const char *at = skip_comments(source);
  if (sqlite3_strnicmp(at, "WITH", 4) != 0 || !strchr(ASCII_BLANKS "[", at[4]))
    return;
  err_hint(e, "What begins with WITH must be a view on the server, or have its "
              "WITH rewritten as a subquery.");
}

/* The end of one part of a name, and what stands between its quotes in
** *name, NULL for nothing; NULL when it is malformed. */
static const char *read_part(const char *at, char **name, struct err *e) {
  char open = *at, close = (char)(open == '[' ? ']' : open);
  sqlite3_str *part = sqlite3_str_new(NULL);
  if (open == '[' || open == '"') {
    for (at++; *at && (*at != close || at[1] == close); at++) {
      if (*at == close) at++;
      sqlite3_str_appendchar(part, 1, *at);
    }
    at = *at == close && sqlite3_str_length(part) ? at + 1 : NULL;
  } else {
    size_t n = strcspn(at, ".");
    while (n > 0 && strchr(ASCII_BLANKS, at[n - 1])) n--;
    /* A plain name has nothing that could be T-SQL. */
    if (strcspn(at, ASCII_BLANKS "'\"[](){};,=<>*/+-%&|^~!") < n) {
      at = NULL;
    } else if (n > 0) {
      sqlite3_str_append(part, at, (int)n);
      at += n;
    }
  }
  if (sqlite3_str_errcode(part)) err_nomem(e); /* not: an empty part */
  *name = sqlite3_str_finish(part);
  return at;
}

/* db..table has an empty schema, which stays empty. */
static void append_name(sqlite3_str *out, const char *source, struct err *e) {
  const char *at = skip_blank(source);
  int n_parts = 0;
  for (;;) {
    char *name = NULL;
    int last;
    at = read_part(at, &name, e);
    if (at) at = skip_blank(at);
    last = !at || *at != '.';
    if (!at || (*at && *at != '.') || (!name && (last || n_parts == 0)) ||
        ++n_parts > 4) {
      err_set(e, ERR_CONFIG,
              "the source \"%.200s\" is neither a name such as dbo.vwOrders "
              "(one to four parts; [bracketed] where it has blanks or signs) "
              "nor a SELECT",
              source);
      tsql_hint_with(source, e);
    } else if (name) {
      tsql_identifier(out, name, e);
    }
    sqlite3_free(name);
    if (e->code || last) return;
    sqlite3_str_appendchar(out, 1, '.');
    at = skip_blank(at + 1);
  }
}

/* A query goes into parentheses as it is. It is T-SQL by purpose, but a
** trailing semicolon, a comment that would swallow the parenthesis, or one
** parenthesis too many would end in a puzzling message. */
static void append_query(sqlite3_str *out, const char *source, struct err *e) {
  const char *at = skip_blank(source);
  size_t n = strlen(at);
  while (n > 0 && strchr(ASCII_BLANKS ";", at[n - 1])) n--;
  sqlite3_str_appendchar(out, 1, '(');
  append_quoted(out, at, (int)n, 0, "", e);
  sqlite3_str_appendall(out, "\n) AS [q]");
}

static void append_source(sqlite3_str *out, const char *source, struct err *e) {
  if (e->code) return;
  if (tsql_is_query(source))
    append_query(out, source, e);
  else
    append_name(out, source, e);
}

/* ---- SELECT ------------------------------------------------------------ */

char *tsql_discover(const char *source, struct err *e) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  sqlite3_str_appendall(out, "SELECT TOP (0) * FROM ");
  append_source(out, source, e);
  return tsql_finish(out, e);
}

/* What gives every digit and every byte, for each base type. Other types (the
** strings, bit, the integers, decimal, uniqueidentifier) have one form only.
** CONVERT() of a float to text knows 17 digits since SQL Server 2016; before,
** it rounds to six without a word. */
static const struct {
  const char *types;
  const char *before, *after; /* what stands around the column */
} variant_forms[] = {
    {"N'float'", "CAST(CAST(", " AS float) AS varbinary(8)), 1"},
    {"N'real'", "CAST(CAST(", " AS real) AS varbinary(4)), 1"},
    {"N'money', N'smallmoney'", "", ", 2"},
    {"N'date', N'time', N'datetime', N'datetime2', N'datetimeoffset'", "",
     ", 121"},
    {"N'smalldatetime'", "", ", 120"},
    {"N'binary', N'varbinary'", "CAST(", " AS varbinary(8000)), 1"},
};

/* DB-Library hands a sql_variant over without its inner type: the server is
** asked for "basetype:value". */
static void append_variant(sqlite3_str *out, const char *name, struct err *e) {
  sqlite3_str *quoted = sqlite3_str_new(NULL);
  char *column;
  tsql_identifier(quoted, name, e);
  column = tsql_finish(quoted, e);
  if (!column) return;
  sqlite3_str_appendf(out,
                      "CASE WHEN %s IS NULL THEN NULL ELSE "
                      "CAST(SQL_VARIANT_PROPERTY(%s, 'BaseType') AS "
                      "nvarchar(128)) + N':' + CASE",
                      column, column);
  for (size_t i = 0; i < sizeof variant_forms / sizeof *variant_forms; i++) {
    sqlite3_str_appendf(
        out,
        " WHEN CAST(SQL_VARIANT_PROPERTY(%s, 'BaseType') AS nvarchar(128)) IN "
        "(%s) THEN CONVERT(nvarchar(max), %s%s%s)",
        column, variant_forms[i].types, variant_forms[i].before, column,
        variant_forms[i].after);
  }
  sqlite3_str_appendf(out, " ELSE CONVERT(nvarchar(max), %s) END END AS %s",
                      column, column);
  sqlite3_free(column);
}

char *tsql_select(const struct tsql_select *s, struct err *e) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  sqlite3_str_appendall(out, "SELECT ");
  if (s->top >= 0) sqlite3_str_appendf(out, "TOP (%lld) ", s->top);
  if (s->n_columns == 0) sqlite3_str_appendall(out, "1 AS [row]");
  for (int i = 0; i < s->n_columns; i++) {
    const struct tsql_column *c = &s->columns[i];
    if (i) sqlite3_str_appendall(out, ", ");
    if (c->type == REMOTE_VARIANT) {
      append_variant(out, c->source, e);
      continue;
    }
    if (s->greatest) sqlite3_str_appendall(out, "MAX(");
    tsql_identifier(out, c->source, e);
    if (!s->greatest) continue;
    sqlite3_str_appendall(out, ") AS ");
    tsql_identifier(out, c->source, e);
  }
  sqlite3_str_appendall(out, " FROM ");
  append_source(out, s->source, e);
  if (s->filter) {
    /* The line break ends a comment that the filter may end with. */
    sqlite3_str_appendall(out, " WHERE (");
    append_quoted(out, s->filter, (int)strlen(s->filter), 0, "", e);
    sqlite3_str_appendall(out, "\n)");
  }
  if (s->where) {
    sqlite3_str_appendf(out, " %s %s", s->filter ? "AND" : "WHERE", s->where);
  }
  if (s->order) sqlite3_str_appendf(out, " ORDER BY %s", s->order);
  return tsql_finish(out, e);
}
