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
  size_t piece;      /* bytes of a (max) value that come at once; 0: all */
};

enum {
  TDS_70 = 700,
  TDS_71 = 710,
  TDS_72 = 720,
  TDS_73A = 730,
  TDS_73B = 735,
  TDS_74 = 740
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
