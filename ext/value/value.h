/*
** One typed value on its way from SQL Server to SQLite.
**
** A struct value is what came over the wire, still typed and exact. A struct
** cell is what SQLite gets. value_convert() makes the one from the other by
** the column's kind; it is pure, allocates nothing and is the only place
** where canonical forms are made. cell_bind() and cell_result() hand a cell
** to SQLite.
*/
#ifndef ORDERSYNC_VALUE_H
#define ORDERSYNC_VALUE_H
#include "base/err.h"

#include <stddef.h>

/* ---- what the server declares ------------------------------------------ */

/* SQL Server's types, as far as a client needs to tell them apart. */
enum remote_type {
  REMOTE_UNKNOWN = 0,
  REMOTE_BIT,
  REMOTE_TINYINT,
  REMOTE_SMALLINT,
  REMOTE_INT,
  REMOTE_BIGINT,
  REMOTE_REAL,
  REMOTE_FLOAT,
  REMOTE_DECIMAL, /* decimal, numeric */
  REMOTE_MONEY,
  REMOTE_SMALLMONEY,
  REMOTE_DATE,
  REMOTE_TIME,
  REMOTE_DATETIME,
  REMOTE_SMALLDATETIME,
  REMOTE_DATETIME2,
  REMOTE_DATETIMEOFFSET,
  REMOTE_STRING,   /* [n]char, [n]varchar, (max) included: comparable */
  REMOTE_LONGTEXT, /* text, ntext, xml: the server cannot compare them */
  REMOTE_BINARY,   /* binary, varbinary, (max) included, rowversion */
  REMOTE_IMAGE,    /* image: not comparable */
  REMOTE_GUID,
  REMOTE_VARIANT, /* sql_variant: selected through an expression */
  REMOTE_UDT      /* hierarchyid, geometry, ...: raw bytes */
};

/* A column of a result, as its metadata declares it. */
struct remote_column {
  char *name; /* owned, UTF-8 */
  enum remote_type type;
  int precision; /* decimal: 1..38, else 0 */
  int scale;     /* decimal; fraction digits of times */
  int max_bytes; /* declared length in bytes; 2147483647 for (max) */
  int nullable;  /* 0 only when the server says NOT NULL */
  int is_ansi;   /* known to be char or varchar: a literal without N keeps an
                 ** index usable */
  int is_rowversion;
};

struct remote_columns {
  struct remote_column *items; /* owned */
  int count;
};

/* Frees; accepts a cleared one. */
void remote_columns_clear(struct remote_columns *columns);

/* Adds deep copies; to starts cleared. ERR_NOMEM leaves it cleared. */
enum err_code remote_columns_copy(struct remote_columns *to,
                                  const struct remote_columns *from,
                                  struct err *e);

/* T-SQL-like name for messages: "nvarchar", "decimal", ... Static. */
const char *remote_type_name(enum remote_type type);

/* The type of that name, in any case; REMOTE_UNKNOWN for NULL and others. */
enum remote_type remote_type_parse(const char *name);

/* ---- a value from the wire --------------------------------------------- */

enum value_type {
  VALUE_NULL = 0,
  VALUE_INTEGER,
  VALUE_REAL,   /* float(53) */
  VALUE_SINGLE, /* real; .real holds it widened */
  VALUE_DECIMAL,
  VALUE_TEXT,
  VALUE_BLOB,
  VALUE_GUID,
  VALUE_DATE, /* from here on moments */
  VALUE_TIME,
  VALUE_DATETIME, /* date and time: datetime, smalldatetime, datetime2 */
  VALUE_DATETIMEOFFSET
};

/*
**   type           fields used
**   INTEGER        integer
**   REAL, SINGLE   real
**   DECIMAL        negative, scale, bytes = magnitude, big-endian, n_bytes
**                  (at most 17); money arrives so too, with scale 4
**   TEXT           bytes = UTF-8, n_bytes; not terminated
**   BLOB           bytes, n_bytes
**   GUID           bytes = 16 in the wire's mixed-endian order
**   DATE           days
**   TIME           integer = 100 ns ticks since midnight, scale
**   DATETIME       days, integer, scale (datetime: 3, ticks already rounded
**                  to .000/.003/.007; smalldatetime: 0)
**   DATETIMEOFFSET days, integer in UTC, scale, offset_minutes
*/
struct value {
  enum value_type type;
  unsigned char negative;
  unsigned char scale;
  short offset_minutes;
  int days; /* since 1900-01-01, may be negative: 0001-01-01 is -693595 */
  sqlite3_int64 integer;
  double real;
  const unsigned char *bytes; /* borrowed until the next row */
  int n_bytes;
};

/* ---- what SQLite gets -------------------------------------------------- */

enum value_kind {
  KIND_RAW = 0,
  KIND_INTEGER,
  KIND_STRING,
  KIND_TEXT,
  KIND_DATE,
  KIND_REAL,
  KIND_DECIMAL,
  KIND_DATETIME,
  KIND_TIME,
  KIND_BOOLEAN,
  KIND_BLOB,
  KIND_GUID,
  KIND_COUNT
};

/* "integer", "string", ...: as written in ordersync_columns.kind. */
const char *value_kind_name(enum value_kind kind);

/* -1 when there is no such kind. Case matters not. */
int value_kind_parse(const char *name);

/* All the names, for an error's hint: "integer, string, text, ...". */
const char *value_kind_list(void);

/* The type to declare for a column of this kind in SQLite, chosen for its
** affinity: "INTEGER", "TEXT", "REAL", "BLOB", and "" for decimal, whose
** texts must keep every digit. For KIND_RAW it depends on the remote type. */
const char *value_kind_decl(enum value_kind kind, enum remote_type type);

/* The kind that ordersync_add() proposes for a column of this type. */
enum value_kind value_kind_default(enum remote_type type);

/* 0 when no value of this type can become this kind (a date from a bit, say):
** refused before the first row. Strings and sql_variant may become anything,
** value by value. */
int value_kind_accepts(enum value_kind kind, enum remote_type type);

struct cell {
  int type; /* SQLITE_INTEGER, _FLOAT, _TEXT, _BLOB or _NULL */
  int n_bytes;
  sqlite3_int64 integer;
  double real;
  const char *bytes; /* into the value's bytes, or into text below */
  char text[48];     /* numbers, times, guids: 41 bytes at most */
};

/*
** Converts by kind. Returns 1 when *cell holds the converted value, 0 when
** the value does not convert; then *cell is NULL. Never allocates. cell->bytes
** lives as long as the value's bytes and *cell itself (do not copy a cell
** whose bytes point into its own text).
**
** NULL stays NULL. Blank text, which is nothing but Unicode white space,
** becomes NULL, except for raw and blob. All kinds but raw, text and blob
** look at text without the white space around it.
**
**   raw       the canonical form:
**               integers        INTEGER
**               float           REAL; NaN and infinity do not convert
**               real            REAL, the double nearest to its shortest
**                               decimal (0.1, not 0.10000000149011612); the
**                               other kinds start from that too
**               decimal, money  INTEGER where whole and within 64 bits; REAL
**                               where at most 15 significant digits, which a
**                               double gives back as they are; else TEXT with
**                               every digit of the scale; beyond 38 digits it
**                               does not convert
**               text, binary    as it is
**               date and time   2025-03-01, 12:00:00.0000000,
**                               2025-03-01 12:00:00.000; the local time with
**                               2025-03-01 12:00:00+05:30, without a blank,
**                               as SQLite's date functions read it; years 1
**                               to 9999
**               guid            upper case, 8-4-4-4-12
**   integer   any whole number within 64 bits; text: sign, digits, and
**             perhaps a fraction of zeros
**   string    text without the white space around it; other values by the
**             text of their canonical form (a decimal with every digit of its
**             scale unless it is whole: 1.50; a float without ".0", as SQL
**             Server writes it, with an exponent below 1e-5 and from 1e17
**             on); not binary
**   text      as string, but not trimmed
**   real      any number; text may have an exponent
**   decimal   any number, in the form of a decimal; text: sign, digits, point,
**             digits; a float that is not whole is REAL
**   date      the date part, of a datetimeoffset the local one; text:
**             YYYY-MM-DD or YYYYMMDD, perhaps followed by a time as below
**   datetime  a date gets 00:00:00; text: a date, T or one blank, and
**             HH:MM[:SS[.f]] with up to nine digits, then perhaps Z (written
**             +00:00) or [blank]+HH:MM
**   time      the time part, of a datetimeoffset the local one; text: a time,
**             with or without a date
**   boolean   INTEGER 0 or 1; any number that is 0 or 1; text, in any case:
**             1 true t yes y on x, 0 false f no n off
**   blob      binary; text as its UTF-8 bytes; a guid's 16 bytes as on the
**             wire
**   guid      a guid; binary of 16 bytes, as on the wire; text with or
**             without braces
*/
int value_convert(const struct value *value, enum value_kind kind,
                  struct cell *cell);

/* ERR_DATA when the value is text that is no UTF-8: FreeTDS copies a column of
** an _UTF8 collation as it is, whatever its bytes are. */
enum err_code value_check_text(const struct value *value, struct err *e);

/* A sql_variant arrives as the text "basetype:value" (see tsql/select.h).
** Parses it into *out; scratch (at least VALUE_SCRATCH bytes, or the text's
** length, whichever is more) and the text hold what *out points to. Decimals
** and times get the scale that their digits show, so that the server must write
** money by style 2 (the default cuts it to two digits), dates and times by 121,
** binary by 1; floats come as their bytes, by style 1. 0: malformed. */
#define VALUE_SCRATCH 64
int value_from_variant(const struct value *text, unsigned char *scratch,
                       struct value *out);

/* Replaces a sql_variant's text by what it holds; malformed, it is ERR_DATA.
** Its bytes then lie in the text or in scratch, which grows as needed and
** starts zeroed. */
struct value_scratch {
  unsigned char *bytes; /* owned */
  int n;
};
enum err_code value_unpack(struct value *value, struct value_scratch *scratch,
                           struct err *e);
void value_scratch_clear(struct value_scratch *scratch);

/* For messages: the value in short, cut at about 40 bytes. Text is quoted;
** its control characters and invalid bytes become question marks. */
void value_describe(const struct value *value, char *buffer, size_t n_buffer);

/* Binds to parameter `index` (from 1). The bytes are not copied: they must
** stay until the statement is stepped and reset. Returns SQLite's code. */
int cell_bind(sqlite3_stmt *stmt, int index, const struct cell *cell);

/* Returns the cell from xColumn or a function; the bytes are copied. */
void cell_result(sqlite3_context *context, const struct cell *cell);

#endif
