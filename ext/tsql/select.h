/*
** Names, literals, sources and the SELECT as T-SQL. Pure text: no I/O, no
** database, no network.
**
** Whatever the text in a name or a value, it cannot leave its quotes:
** identifiers are [bracketed] with ] doubled, strings are N'quoted' with '
** doubled; a NUL character or invalid UTF-8 is refused, never cut.
**
** A source is a name of one to four parts, dotted, each plain, [bracketed] or
** "quoted"; or a query, beginning with SELECT or a parenthesis, perhaps behind
** comments, that the server must accept as a derived table.
*/
#ifndef ORDERSYNC_SELECT_H
#define ORDERSYNC_SELECT_H
#include "base/err.h"
#include "value/value.h"

/* One column that a SELECT asks for. */
struct tsql_column {
  const char *source;    /* borrowed; the server's column name */
  enum remote_type type; /* REMOTE_UNKNOWN when not discovered yet */
  enum value_kind kind;
};

/*
** The text after FROM for a source: "[dbo].[vwX]", or "(SELECT ...) AS [q]".
** ERR_CONFIG for a malformed one.
*/
void tsql_source(sqlite3_str *out, const char *source, struct err *e);

/* "[name]" with ] doubled. */
void tsql_identifier(sqlite3_str *out, const char *name, struct err *e);

/* "N'text'" with ' doubled; n_bytes of UTF-8. A backslash at a line's end, with
** which a literal would go on, ends the literal: N'C:\' + N'...'. */
void tsql_string(sqlite3_str *out, const char *text, int n_bytes,
                 struct err *e);

/* The same without the N: for a varchar, and ASCII at best. */
void tsql_plain_string(sqlite3_str *out, const char *text, int n_bytes,
                       struct err *e);

/* 1 for a source that is a query. */
int tsql_is_query(const char *source);

/*
** "SELECT TOP (0) * FROM <source>": a result's columns without its rows.
** The caller frees with sqlite3_free(); NULL with e set on failure.
*/
char *tsql_discover(const char *source, struct err *e);

/*
** "SELECT [a], [b] FROM <source> WHERE (<filter>)" for the given columns in
** their order. A REMOTE_VARIANT column is selected through an expression that
** yields "basetype:value" under the column's own name. filter may be NULL.
*/
char *tsql_select(const char *source, const char *filter,
                  const struct tsql_column *columns, int n_columns,
                  struct err *e);

#endif
