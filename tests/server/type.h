/* SQL Server's data types: one struct, one table of facts about each.
**
** Declarations are read from the fixture's column types, from CAST, DECLARE
** and parameter lists: "decimal(18,4)", "nvarchar(max)",
** "varchar(20) COLLATE Latin1_General_100_CI_AS_SC_UTF8". A trailing word
** "text" or "blob" is ignored, so that a fixture can write
** "amount 'decimal(38,4) text'" and keep SQLite from rounding its digits;
** "hidden", "sparse" and "column_set" say what * does with the column.
*/
#ifndef TYPE_H
#define TYPE_H

#include "base.h"

enum type_id {
  T_NONE, /* an untyped NULL */
  T_BIT,
  T_TINYINT,
  T_SMALLINT,
  T_INT,
  T_BIGINT,
  T_REAL,
  T_FLOAT,
  T_DECIMAL,
  T_MONEY,
  T_SMALLMONEY,
  T_DATE,
  T_TIME,
  T_DATETIME,
  T_SMALLDATETIME,
  T_DATETIME2,
  T_DATETIMEOFFSET,
  T_CHAR,
  T_VARCHAR,
  T_NCHAR,
  T_NVARCHAR,
  T_TEXT,
  T_NTEXT,
  T_XML,
  T_BINARY,
  T_VARBINARY,
  T_IMAGE,
  T_ROWVERSION,
  T_UDT,
  T_GUID,
  T_VARIANT,
  T_COUNT
};

enum beside { /* what a table's column is besides its type */
              BESIDE_NOTHING,
              BESIDE_HIDDEN, /* of a temporal table: not in * */
              BESIDE_SPARSE,
              BESIDE_COLUMN_SET /* stands in * for the sparse ones */
};

enum { TYPE_MAX = -1 }; /* the length of a (max) type */

struct type {
  uint8_t id;
  uint8_t prec, scale; /* decimal; scale also of time types */
  uint16_t coll;       /* of character types: collate.h */
  uint8_t beside;      /* enum beside */
  bool notnull;
  bool numeric;    /* spelt numeric, not decimal */
  int32_t len;     /* characters of n-types, else bytes; TYPE_MAX */
  const char *udt; /* borrowed: the user type's or alias' name, or NULL */
};

/* Reads a declaration; false when it names no type. `coll` is the default
** collation. Names of user types are copied to the arena. */
bool type_parse(struct type *t, const char *decl, unsigned coll,
                struct arena *a);
struct type type_of(enum type_id id);
struct type type_decimal(int prec, int scale);
struct type type_string(enum type_id id, int64_t len, unsigned coll);

const char *type_name(const struct type *t);            /* "decimal" */
char *type_text(const struct type *t, struct arena *a); /* "decimal(18,4)" */
bool type_find(const char *name, enum type_id *id);

bool type_is_string(unsigned id);  /* char ... ntext, xml */
bool type_is_unicode(unsigned id); /* nchar, nvarchar, ntext, xml */
bool type_is_binary(unsigned id);
bool type_is_integer(unsigned id); /* bit ... bigint */
bool type_is_exact(unsigned id);   /* decimal, money, smallmoney */
bool type_is_number(unsigned id);
bool type_is_date(unsigned id);
bool type_is_lob(unsigned id);     /* text, ntext, image */
bool type_has_length(unsigned id); /* [n][var]char, [var]binary */

int type_rank(unsigned id);                /* data type precedence */
int type_max_length(const struct type *t); /* sys.columns.max_length */
int type_precision(const struct type *t);  /* sys.columns.precision */
int type_scale(const struct type *t);
int type_system_id(const struct type *t); /* sys.types.system_type_id */

/* The CLR types that SQL Server has: user_type_id TYPE_CLR_FIRST and on. */
enum { TYPE_CLR_FIRST = 128, TYPE_CLR_COUNT = 3 };
extern const char *const type_clr_names[TYPE_CLR_COUNT];

/* The type that two operands meet in (CASE, COALESCE, comparison). */
struct type type_merge(const struct type *a, const struct type *b);
#endif
