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

/* "[name]" with ] doubled. */
void tsql_identifier(sqlite3_str *out, const char *name, struct err *e);

/* "N'text'" with ' doubled; n_bytes of UTF-8. The prefix is "N", or "" for a
** varchar, and ASCII at best. A backslash at a line's end, with which a literal
** would go on, ends the literal: N'C:\' + N'...'. */
void tsql_string(sqlite3_str *out, const char *prefix, const char *text,
                 int n_bytes, struct err *e);

/* The text, to be freed with sqlite3_free(), or NULL with e set. */
char *tsql_finish(sqlite3_str *out, struct err *e);

/* 1 for a source that is a query. */
int tsql_is_query(const char *source);

/* Adds the way out to e where the source begins with WITH: a common table
** expression cannot stand in parentheses. */
void tsql_hint_with(const char *source, struct err *e);

/* "SELECT TOP (0) * FROM <source>": a result's columns without its rows; as
** tsql_finish(). ERR_CONFIG for a malformed source, here and below. */
char *tsql_discover(const char *source, struct err *e);

/* One column that a SELECT asks for. */
struct tsql_column {
  const char *source;    /* borrowed; the server's column name */
  enum remote_type type; /* REMOTE_UNKNOWN when not discovered yet */
};

struct tsql_select {
  const char *source; /* all borrowed */
  const char *filter; /* the sync's own predicate, or NULL */
  const struct tsql_column *columns;
  int n_columns;     /* 0: as little as a row can be */
  const char *where; /* conditions joined by AND, or NULL */
  const char *order; /* "[a], [b] DESC", or NULL */
  sqlite3_int64 top; /* -1: all rows */
  int greatest;      /* MAX() of the columns, one row */
};

/*
** "SELECT TOP (n) [a], [b] FROM <source> WHERE (<filter>) AND <where> ORDER BY
** <order>"; as tsql_finish(). A REMOTE_VARIANT column is selected through an
** expression that yields "basetype:value" under the column's own name.
*/
char *tsql_select(const struct tsql_select *s, struct err *e);

#endif
