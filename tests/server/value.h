/* One typed value, its way from and to the SQLite file, and conversions.
**
** Text and bytes are borrowed from SQLite's row or from an arena; nothing
** here is owned by the value itself.
*/
#ifndef VALUE_H
#define VALUE_H

#include <sqlite3.h>

#include "date.h"
#include "num.h"
#include "text.h"
#include "type.h"

struct value {
  uint8_t id;    /* enum type_id of what is held */
  uint8_t scale; /* of decimal, money and the time types */
  bool null;
  bool raw; /* bytes for the wire as they are: a malformed value on purpose */
  const struct type *inner; /* of sql_variant: what it holds; else NULL */
  union {
    int64_t i;     /* bit ... bigint */
    double f;      /* real, float */
    i128 dec;      /* decimal, money, smallmoney */
    struct when w; /* all dates and times */
    struct {
      const char *p;
      size_t n;
    } s;              /* strings as UTF-8; binaries */
    uint8_t guid[16]; /* in the wire's byte order */
  } u;
};

/* A T-SQL error on its way to an ERROR token. */
struct sqlerr {
  int number, severity, state, line; /* number 0: none */
  char text[2048];
};
/* Sets the error unless one is set already; always returns false. */
bool sqlerr_set(struct sqlerr *e, int number, int severity, int state,
                const char *fmt, ...) __attribute__((format(printf, 5, 6)));

struct value value_null(enum type_id id);
struct value value_int(enum type_id id, int64_t i);
struct value value_text(enum type_id id, const char *s, size_t n);
struct value value_str(const char *s); /* nvarchar; NULL becomes NULL */

/* Reads column `col` of the current row as a value of type t; false and an
** error when the file holds something that is no such value. */
bool value_load(struct value *v, sqlite3_stmt *row, int col,
                const struct type *t, struct arena *a, struct sqlerr *e);
/* Binds the canonical form. */
int value_bind(sqlite3_stmt *stmt, int at, const struct value *v);
/* The canonical text of a value. */
char *value_string(const struct value *v, struct arena *a);
void value_copy(struct value *v, struct arena *a); /* owns nothing of the row */

bool guid_parse(const char *s, size_t n, uint8_t out[16]);
void guid_format(const uint8_t g[16], char out[37]);

struct session_format { /* what SET changes about conversions */
  enum date_order order;
  const struct language *language; /* NULL: us_english */
  bool no_style3; /* before SQL Server 2016 CONVERT knows it not for floats */
};

/* CAST and CONVERT and every implicit conversion; style -1 is the default. */
bool convert(struct value *out, const struct value *in, const struct type *to,
             int style, const struct session_format *fmt, struct arena *a,
             struct sqlerr *e);
/* A float as T-SQL prints it (style 0). */
int float_format(char out[64], double d, int digits);
/* Three-way comparison of two values of the same type, neither NULL. */
int value_compare(const struct value *a, const struct value *b, unsigned coll);
#endif
