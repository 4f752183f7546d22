/*
** The mark of a watermark column: the greatest value that has been fetched, as
** text in the database and as a condition in T-SQL. Pure, no I/O.
**
**   int 4711
**   datetime2(7) 2025-03-01 12:34:56.1234567
**   datetimeoffset(7) 2025-03-01 11:34:56.1234567+00:00
**   rowversion 0x00000000000007D1
**
**   ([changed_at] >= CAST('2025-03-01T12:34:56.1234567' AS datetime2(7)))
**
** A whole number or a point in time, exact, so that the server can compare the
** bare column with a literal of its own type, and seek an index.
*/
#ifndef ORDERSYNC_TSQL_MARK_H
#define ORDERSYNC_TSQL_MARK_H
#include "value/value.h"

/* Compared by days, then by n. Zeroed: there is none. */
struct mark {
  int is_set;
  int days;        /* since 1900-01-01, of a point in time; else 0 */
  sqlite3_int64 n; /* ticks of 100 ns since midnight, in UTC where the type has
                   ** an offset; the number; a rowversion's, less 2^63 */
};

/* Whether a column of this type can be a watermark: whole numbers, decimals
** without a fraction, what has a date, and rowversion. */
int mark_accepts(const struct remote_column *c);

/* Whether a sync with this watermark needs no key: a row keeps its number,
** while a time or a rowversion changes with the row. */
int mark_is_number(const struct remote_column *c);

/* From a value of such a column; NULL leaves no mark set. Returns 0 when the
** value is beyond 64 bits, or no point in time. */
int mark_from_value(struct mark *m, const struct remote_column *c,
                    const struct value *v);

/* Less than, equal to or greater than 0, as strcmp(); a mark that is not set is
** less than any other. */
int mark_compare(const struct mark *a, const struct mark *b);

/* As text, "int 4711", to be freed by sqlite3_free(); NULL when out of memory.
** mark_parse() reads it; 0 when it is not of this column's type. */
char *mark_text(const struct mark *m, const struct remote_column *c);
int mark_parse(struct mark *m, const struct remote_column *c, const char *text);

/* Moves the mark back by `overlap`: so many units of a number, so many seconds
** of a time, rounded up to what the type can tell apart, and not below the
** least value that it can hold. */
void mark_move_back(struct mark *m, const struct remote_column *c,
                    double overlap);

/* The condition, in parentheses: above the mark, or at it as well, or NULL as
** well where the column may be. To be freed; NULL with e set on failure. */
enum mark_rows { MARK_ABOVE, MARK_FROM, MARK_FROM_OR_NULL };
char *mark_where(const struct mark *m, const struct remote_column *c,
                 enum mark_rows rows, struct err *e);

#endif
