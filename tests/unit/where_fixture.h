/*
** What the tests of printed conditions (test_where*.c) share.
*/
#ifndef WHERE_FIXTURE_H
#define WHERE_FIXTURE_H
#include "tsql/where.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ---- what a condition is of -------------------------------------------- */

/* The bytes stay the caller's. */
struct cell integer(sqlite3_int64 v);
struct cell real(double v);
struct cell text(const char *v);
struct cell blob(const char *v, int n);

/* The column c of that remote type, and of the kind that it becomes here. */
struct where_column column(enum remote_type type, enum value_kind kind);
struct where_column scaled(enum remote_type type, enum value_kind kind,
                           int precision, int scale);

/* ---- what is printed of it --------------------------------------------- */

/* expected NULL: nothing may be printed. */
void prints_list(struct where_column c, enum where_op op,
                 const struct cell *values, int n, enum where_result result,
                 const char *expected);

/* Of one value. */
void prints(struct where_column c, enum where_op op, struct cell v,
            enum where_result result, const char *expected);

/* Of none: IS NULL, IS NOT NULL. */
void prints_test(struct where_column c, enum where_op op,
                 enum where_result result, const char *expected);

/* Expects, within parentheses, the head and then " OR [c] LIKE
** N'<space>%after'" for each character that text_trim() takes. */
void prints_spaces(struct where_column c, enum where_op op,
                   const struct cell *values, int n, const char *head,
                   const char *after);

#endif
