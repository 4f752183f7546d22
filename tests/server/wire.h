/* Types and values as [MS-TDS] 2.2.5 puts them on the wire. */
#ifndef WIRE_H
#define WIRE_H

#include "value.h"

/* What a connection agreed on; every encoder needs it. */
struct wire {
  int tds;           /* 70, 71, 72, 73 (7.3A), 735 (7.3B) or 740 */
  bool utf8;         /* the client asked for UTF8_SUPPORT */
  const char *db;    /* borrowed: current database, for UDT_INFO */
  uint32_t textsize; /* SET TEXTSIZE */
  size_t chunk;      /* bytes of a (max) value at a time; 0: all */
};

enum {
  TDS_70 = 700,
  TDS_71 = 710,
  TDS_72 = 720,
  TDS_73A = 730,
  TDS_73B = 735,
  TDS_74 = 740
};

/* [MS-TDS] 2.2.7: the tokens of a result. */
enum { TOK_COLMETADATA = 0x81, TOK_ROW = 0xd1, TOK_NBCROW = 0xd2 };

enum {
  /* [MS-TDS] 2.2.5.4.1: types of fixed length */
  NULLTYPE = 0x1f,
  INT1TYPE = 0x30,
  BITTYPE = 0x32,
  INT2TYPE = 0x34,
  INT4TYPE = 0x38,
  DATETIM4TYPE = 0x3a,
  FLT4TYPE = 0x3b,
  MONEYTYPE = 0x3c,
  DATETIMETYPE = 0x3d,
  FLT8TYPE = 0x3e,
  MONEY4TYPE = 0x7a,
  INT8TYPE = 0x7f,
  /* 2.2.5.4.2: of variable length, which is a byte */
  GUIDTYPE = 0x24,
  INTNTYPE = 0x26,
  DATENTYPE = 0x28,
  TIMENTYPE = 0x29,
  DATETIME2NTYPE = 0x2a,
  DATETIMEOFFSETNTYPE = 0x2b,
  BITNTYPE = 0x68,
  DECIMALNTYPE = 0x6a,
  NUMERICNTYPE = 0x6c,
  FLTNTYPE = 0x6d,
  MONEYNTYPE = 0x6e,
  DATETIMNTYPE = 0x6f,
  /* two bytes, or, of (max) types, PLP: 2.2.5.4.3 */
  BIGVARBINARYTYPE = 0xa5,
  BIGVARCHARTYPE = 0xa7,
  BIGBINARYTYPE = 0xad,
  BIGCHARTYPE = 0xaf,
  NVARCHARTYPE = 0xe7,
  NCHARTYPE = 0xef,
  UDTTYPE = 0xf0,
  XMLTYPE = 0xf1,
  /* four bytes */
  IMAGETYPE = 0x22,
  TEXTTYPE = 0x23,
  SSVARIANTTYPE = 0x62,
  NTEXTTYPE = 0x63
};

struct column {
  const char *name; /* borrowed */
  struct type type;
  const char *table; /* borrowed: where it comes from, or NULL */
  const char *index; /* borrowed: of the table, that begins with it, or NULL */
  bool from_table;   /* else computed */
};

void wire_collation(struct buf *b, unsigned coll);
void wire_b_varchar(struct buf *b, const char *s);  /* length in a byte */
void wire_us_varchar(struct buf *b, const char *s); /* in two bytes */
void wire_type_info(struct buf *b, const struct type *t, const struct wire *w);
void wire_colmetadata(struct buf *b, const struct column *cols, size_t n,
                      const struct wire *w);
void wire_row(struct buf *b, const struct column *cols,
              const struct value *values, size_t n, const struct wire *w);
void wire_value(struct buf *b, const struct type *t, const struct value *v,
                const struct wire *w);

/* Reads TYPE_INFO and a value of an RPC parameter: wire_in.c. */
bool wire_read_param(struct reader *r, struct type *t, struct value *v,
                     const struct wire *w, struct arena *a);
#endif
