/* Types and values, server to client: see wire.h.
**
** Older clients get what SQL Server gives them: the types of 2008 as
** nvarchar before 7.3, the (max) types as text, ntext and image before 7.2.
*/
#include "wire.h"

#include <string.h>

/* [MS-TDS] 2.2.5.4: the type tokens. */
enum {
  W_INT1 = 0x30,
  W_BIT = 0x32,
  W_INT2 = 0x34,
  W_INT4 = 0x38,
  W_DATETIM4 = 0x3a,
  W_FLT4 = 0x3b,
  W_MONEY = 0x3c,
  W_DATETIME = 0x3d,
  W_FLT8 = 0x3e,
  W_MONEY4 = 0x7a,
  W_INT8 = 0x7f,
  W_GUID = 0x24,
  W_INTN = 0x26,
  W_BITN = 0x68,
  W_DECIMALN = 0x6a,
  W_NUMERICN = 0x6c,
  W_FLTN = 0x6d,
  W_MONEYN = 0x6e,
  W_DATETIMN = 0x6f,
  W_DATEN = 0x28,
  W_TIMEN = 0x29,
  W_DATETIME2N = 0x2a,
  W_DATETIMEOFFSETN = 0x2b,
  W_BIGVARBIN = 0xa5,
  W_BIGVARCHR = 0xa7,
  W_BIGBINARY = 0xad,
  W_BIGCHAR = 0xaf,
  W_NVARCHAR = 0xe7,
  W_NCHAR = 0xef,
  W_UDT = 0xf0,
  W_XML = 0xf1,
  W_IMAGE = 0x22,
  W_TEXT = 0x23,
  W_NTEXT = 0x63,
  W_VARIANT = 0x62
};

void wire_collation(struct buf *b, unsigned coll) {
  uint8_t sort;
  buf_u32(b, collation_info(coll, &sort));
  buf_u8(b, sort);
}

static void put_units(struct buf *b, const char *s, unsigned len_bytes) {
  size_t at = b->n, units;
  size_t n = s ? strlen(s) : 0;
  buf_int(b, 0, len_bytes);
  text_to_utf16(b, s, n);
  units = (b->n - at - len_bytes) / 2;
  b->p[at] = (uint8_t)units;
  if (len_bytes > 1) b->p[at + 1] = (uint8_t)(units >> 8);
}

void wire_b_varchar(struct buf *b, const char *s) {
  put_units(b, s, 1);
}
void wire_us_varchar(struct buf *b, const char *s) {
  put_units(b, s, 2);
}

/* The type a client of this version is told. */
static struct type told(const struct type *t, const struct wire *w) {
  struct type out = *t;
  if (w->tds < TDS_73A && (t->id == T_DATE || t->id == T_TIME ||
                           t->id == T_DATETIME2 || t->id == T_DATETIMEOFFSET)) {
    out = type_string(T_NVARCHAR, type_precision(t), 0);
    out.notnull = t->notnull;
  }
  if ((t->id == T_CHAR || t->id == T_VARCHAR || t->id == T_TEXT) &&
      (t->coll & COLL_UTF8) && !(w->utf8 && w->tds >= TDS_74)) {
    out = type_string(T_NVARCHAR, t->len, t->coll & ~(unsigned)COLL_UTF8);
    out.notnull = t->notnull;
  }
  if (w->tds < TDS_72) {
    if (out.len == TYPE_MAX && out.id == T_VARCHAR) out.id = T_TEXT;
    if (out.len == TYPE_MAX && out.id == T_NVARCHAR) out.id = T_NTEXT;
    if (out.len == TYPE_MAX && out.id == T_VARBINARY) out.id = T_IMAGE;
    if (out.id == T_XML) out.id = T_NTEXT;
    if (out.id == T_UDT) {
      out.id = t->len == TYPE_MAX ? T_IMAGE : T_VARBINARY;
      out.len = t->len;
    }
  }
  return out;
}

static unsigned fixed_token(unsigned id) {
  static const uint8_t tokens[T_COUNT] = {[T_BIT] = W_BIT,
                                          [T_TINYINT] = W_INT1,
                                          [T_SMALLINT] = W_INT2,
                                          [T_INT] = W_INT4,
                                          [T_BIGINT] = W_INT8,
                                          [T_REAL] = W_FLT4,
                                          [T_FLOAT] = W_FLT8,
                                          [T_MONEY] = W_MONEY,
                                          [T_SMALLMONEY] = W_MONEY4,
                                          [T_DATETIME] = W_DATETIME,
                                          [T_SMALLDATETIME] = W_DATETIM4};
  return tokens[id];
}

static void nullable_token(struct buf *b, const struct type *t) {
  switch (t->id) {
  case T_BIT:
    buf_u8(b, W_BITN);
    break;
  case T_REAL:
  case T_FLOAT:
    buf_u8(b, W_FLTN);
    break;
  case T_MONEY:
  case T_SMALLMONEY:
    buf_u8(b, W_MONEYN);
    break;
  case T_DATETIME:
  case T_SMALLDATETIME:
    buf_u8(b, W_DATETIMN);
    break;
  default:
    buf_u8(b, W_INTN);
  }
  buf_u8(b, (unsigned)type_max_length(t));
}

static void udt_info(struct buf *b, const struct type *t,
                     const struct wire *w) {
  /* [MS-TDS] 2.2.5.5.2 */
  buf_u8(b, W_UDT);
  buf_u16(b, t->len == TYPE_MAX ? 0xffff : (unsigned)t->len);
  wire_b_varchar(b, w->db);
  wire_b_varchar(b, "sys");
  wire_b_varchar(b, type_name(t));
  wire_us_varchar(b, "Microsoft.SqlServer.Types.SqlHierarchyId, "
                     "Microsoft.SqlServer.Types, Version=11.0.0.0, "
                     "Culture=neutral, PublicKeyToken=89845dcd8080cc91");
}

static void char_info(struct buf *b, unsigned token, const struct type *t,
                      unsigned width, const struct wire *w) {
  buf_u8(b, token);
  buf_u16(b, t->len == TYPE_MAX ? 0xffff : (unsigned)t->len * width);
  if (w->tds >= TDS_71 && type_is_string(t->id)) wire_collation(b, t->coll);
}

static void type_info(struct buf *b, const struct type *t,
                      const struct wire *w) {
  switch (t->id) {
  case T_DATE:
    buf_u8(b, W_DATEN);
    break;
  case T_TIME:
    buf_u8(b, W_TIMEN);
    buf_u8(b, t->scale);
    break;
  case T_DATETIME2:
    buf_u8(b, W_DATETIME2N);
    buf_u8(b, t->scale);
    break;
  case T_DATETIMEOFFSET:
    buf_u8(b, W_DATETIMEOFFSETN);
    buf_u8(b, t->scale);
    break;
  case T_DECIMAL:
    buf_u8(b, t->numeric ? W_NUMERICN : W_DECIMALN);
    buf_u8(b, (unsigned)type_max_length(t));
    buf_u8(b, t->prec);
    buf_u8(b, t->scale);
    break;
  case T_GUID:
    buf_u8(b, W_GUID);
    buf_u8(b, 16);
    break;
  case T_CHAR:
    char_info(b, W_BIGCHAR, t, 1, w);
    break;
  case T_VARCHAR:
    char_info(b, W_BIGVARCHR, t, 1, w);
    break;
  case T_NCHAR:
    char_info(b, W_NCHAR, t, 2, w);
    break;
  case T_NVARCHAR:
    char_info(b, W_NVARCHAR, t, 2, w);
    break;
  case T_BINARY:
  case T_ROWVERSION:
    char_info(b, W_BIGBINARY, t, 1, w);
    break;
  case T_VARBINARY:
    char_info(b, W_BIGVARBIN, t, 1, w);
    break;
  case T_TEXT:
  case T_NTEXT:
  case T_IMAGE:
    buf_u8(b, t->id == T_TEXT ? W_TEXT : t->id == T_NTEXT ? W_NTEXT : W_IMAGE);
    buf_u32(b, t->id == T_NTEXT ? 0x7ffffffe : 0x7fffffff);
    if (t->id != T_IMAGE && w->tds >= TDS_71) wire_collation(b, t->coll);
    break;
  case T_XML:
    buf_u8(b, W_XML);
    buf_u8(b, 0); /* no schema */
    break;
  case T_UDT:
    udt_info(b, t, w);
    break;
  case T_VARIANT:
    buf_u8(b, W_VARIANT);
    buf_u32(b, 8009);
    break;
  default:
    if (t->notnull && fixed_token(t->id))
      buf_u8(b, fixed_token(t->id));
    else
      nullable_token(b, t);
  }
}

void wire_type_info(struct buf *b, const struct type *t, const struct wire *w) {
  struct type as = told(t, w);
  type_info(b, &as, w);
}

void wire_colmetadata(struct buf *b, const struct column *cols, size_t n,
                      const struct wire *w) {
  /* [MS-TDS] 2.2.7.4 */
  buf_u8(b, 0x81);
  buf_u16(b, (unsigned)n);
  for (size_t i = 0; i < n; i++) {
    struct type as = told(&cols[i].type, w);
    unsigned flags = cols[i].type.notnull ? 0 : 1;
    unsigned usertype = as.id == T_ROWVERSION ? 0x50 : 0;
    if (type_is_string(as.id) && (as.coll & (COLL_CS | COLL_BIN))) flags |= 2;
    flags |= cols[i].from_table && as.id != T_ROWVERSION ? 8 : 0x20;
    if (as.id == T_ROWVERSION) flags &= ~0x20u;
    buf_int(b, usertype, w->tds >= TDS_72 ? 4 : 2);
    buf_u16(b, flags);
    type_info(b, &as, w);
    if (type_is_lob(as.id)) { /* TableName */
      const char *table = cols[i].table ? cols[i].table : "";
      if (w->tds >= TDS_72) buf_u8(b, 1);
      wire_us_varchar(b, table);
    }
    wire_b_varchar(b, cols[i].name);
  }
}

/* ---- values ---- */

static void put_dec(struct buf *b, i128 v, int prec) {
  unsigned bytes = prec < 10 ? 4 : prec < 20 ? 8 : prec < 29 ? 12 : 16;
  u128 mag = v < 0 ? (u128)-v : (u128)v;
  buf_u8(b, v < 0 ? 0 : 1);
  buf_int(b, (uint64_t)mag, bytes > 8 ? 8 : bytes);
  if (bytes > 8) buf_int(b, (uint64_t)(mag >> 64), bytes - 8);
}

static void put_time(struct buf *b, int64_t ticks, int scale) {
  for (int i = scale; i < 7; i++) ticks /= 10;
  buf_int(b, (uint64_t)ticks, scale < 3 ? 3 : scale < 5 ? 4 : 5);
}

static void put_date(struct buf *b, const struct value *v, int scale) {
  struct when w = v->u.w;
  switch (v->id) {
  case T_DATE:
    buf_int(b, (uint64_t)w.days, 3);
    break;
  case T_TIME:
    put_time(b, w.ticks, scale);
    break;
  case T_DATETIME:
    buf_u32(b, (uint32_t)(w.days - DAYS_TO_1900));
    buf_u32(b, (uint32_t)datetime_units(w.ticks));
    break;
  case T_SMALLDATETIME:
    buf_u16(b, (unsigned)(w.days - DAYS_TO_1900));
    buf_u16(b, (unsigned)(w.ticks / TICKS_PER_MINUTE));
    break;
  case T_DATETIME2:
    put_time(b, w.ticks, scale);
    buf_int(b, (uint64_t)w.days, 3);
    break;
  default: { /* datetimeoffset travels as UTC */
    struct when u = date_utc(&w);
    put_time(b, u.ticks, scale);
    buf_int(b, (uint64_t)u.days, 3);
    buf_u16(b, (uint16_t)w.offset);
  }
  }
}

static void put_scalar(struct buf *b, const struct type *t,
                       const struct value *v) {
  uint64_t bits = 0;
  float f;
  if (v->raw) {
    buf_put(b, v->u.s.p, v->u.s.n);
    return;
  }
  switch (t->id) {
  case T_REAL:
    f = (float)v->u.f;
    memcpy(&bits, &f, 4);
    buf_int(b, bits, 4);
    break;
  case T_FLOAT:
    memcpy(&bits, &v->u.f, 8);
    buf_u64(b, bits);
    break;
  case T_MONEY: /* the high half first */
    buf_u32(b, (uint32_t)((uint64_t)v->u.dec >> 32));
    buf_u32(b, (uint32_t)(uint64_t)v->u.dec);
    break;
  case T_SMALLMONEY:
    buf_u32(b, (uint32_t)(uint64_t)v->u.dec);
    break;
  case T_GUID:
    buf_put(b, v->u.guid, 16);
    break;
  case T_DECIMAL:
    put_dec(b, v->u.dec, t->prec);
    break;
  default:
    if (type_is_date(t->id))
      put_date(b, v, t->scale);
    else
      buf_int(b, (uint64_t)v->u.i, (unsigned)type_max_length(t));
  }
}

/* Character and binary data without any length. */
static void put_data(struct buf *b, const struct type *t,
                     const struct value *v) {
  if (v->raw)
    buf_put(b, v->u.s.p, v->u.s.n);
  else if (type_is_unicode(t->id))
    text_to_utf16(b, v->u.s.p, v->u.s.n);
  else if (type_is_binary(t->id))
    buf_put(b, v->u.s.p, v->u.s.n);
  else
    page_encode(b, v->u.s.p, v->u.s.n, t->coll);
}

static void put_variant(struct buf *b, const struct value *v,
                        const struct wire *w) {
  /* [MS-TDS] 2.2.5.5.4: length, base type, property bytes, value */
  struct type t = v->inner ? *v->inner : type_of(v->id);
  size_t at = b->n;
  struct value text;
  char when[2 * DATE_TEXT];
  if (v->null) {
    buf_u32(b, 0);
    return;
  }
  buf_u32(b, 0);
  if (told(&t, w).id != t.id) { /* a new date type for an old client */
    struct arena a = {0};
    char *s = value_string(v, &a);
    if (s) strncpy(when, s, sizeof when - 1);
    when[sizeof when - 1] = 0;
    arena_clear(&a);
    text = value_text(T_NVARCHAR, when, strlen(when));
    t = told(&t, w);
    v = &text;
  }
  if (type_is_string(t.id) || type_is_binary(t.id)) {
    unsigned token = t.id == T_CHAR          ? W_BIGCHAR
                     : t.id == T_NCHAR       ? W_NCHAR
                     : t.id == T_BINARY      ? W_BIGBINARY
                     : type_is_binary(t.id)  ? W_BIGVARBIN
                     : type_is_unicode(t.id) ? W_NVARCHAR
                                             : W_BIGVARCHR;
    int max = type_max_length(&t);
    buf_u8(b, token);
    buf_u8(b, type_is_string(t.id) ? 7 : 2);
    if (type_is_string(t.id)) wire_collation(b, t.coll);
    buf_u16(b, max < 1 || max > 8000 ? 8000 : (unsigned)max);
    put_data(b, &t, v);
  } else {
    unsigned token = fixed_token(t.id);
    if (t.id == T_DATE) token = W_DATEN;
    if (t.id == T_TIME) token = W_TIMEN;
    if (t.id == T_DATETIME2) token = W_DATETIME2N;
    if (t.id == T_DATETIMEOFFSET) token = W_DATETIMEOFFSETN;
    if (t.id == T_GUID) token = W_GUID;
    if (t.id == T_DECIMAL) token = t.numeric ? W_NUMERICN : W_DECIMALN;
    buf_u8(b, token);
    if (t.id == T_DECIMAL) {
      buf_u8(b, 2);
      buf_u8(b, t.prec);
      buf_u8(b, t.scale);
    } else if (t.id == T_TIME || t.id == T_DATETIME2 ||
               t.id == T_DATETIMEOFFSET) {
      buf_u8(b, 1);
      buf_u8(b, t.scale);
    } else {
      buf_u8(b, 0);
    }
    put_scalar(b, &t, v);
  }
  buf_set32(b, at, (uint32_t)(b->n - at - 4));
}

/* What was written as one chunk at that place, in pieces. */
static void cut_chunk(struct buf *b, size_t at, size_t bytes, size_t piece) {
  struct buf whole = {0};
  buf_put(&whole, b->p + at + 4, bytes);
  b->n = at;
  for (size_t i = 0; i < bytes; i += piece) {
    size_t n = bytes - i < piece ? bytes - i : piece;
    buf_u32(b, (uint32_t)n);
    buf_put(b, whole.p + i, n);
  }
  buf_clear(&whole);
}

static void put_plp(struct buf *b, const struct type *t, const struct value *v,
                    const struct wire *w) {
  /* [MS-TDS] 2.2.5.2.3: total length, chunks, a terminator */
  size_t at, bytes;
  if (v->null) {
    buf_u64(b, UINT64_MAX);
    return;
  }
  at = b->n;
  buf_u64(b, 0);
  buf_u32(b, 0);
  put_data(b, t, v);
  bytes = b->n - at - 12;
  if (bytes > w->textsize && t->id != T_UDT) {
    bytes = w->textsize;
    if (type_is_unicode(t->id)) bytes &= ~(size_t)1;
    b->n = at + 12 + bytes;
  }
  buf_set32(b, at, (uint32_t)bytes);
  buf_set32(b, at + 4, (uint32_t)((uint64_t)bytes >> 32));
  if (bytes == 0)
    b->n = at + 8; /* no chunk at all */
  else if (w->piece > 0)
    cut_chunk(b, at + 8, bytes, w->piece);
  else
    buf_set32(b, at + 8, (uint32_t)bytes);
  buf_u32(b, 0);
}

static void put_lob(struct buf *b, const struct type *t, const struct value *v,
                    const struct wire *w) {
  /* [MS-TDS] 2.2.7.17: text pointer, timestamp, length, data */
  size_t at, bytes;
  if (v->null) {
    buf_u8(b, 0);
    return;
  }
  buf_u8(b, 16);
  buf_put(b, "dummy textptr\0\0\0", 16);
  buf_put(b, "dummyTS\0", 8);
  at = b->n;
  buf_u32(b, 0);
  put_data(b, t, v);
  bytes = b->n - at - 4;
  if (bytes > w->textsize) {
    bytes = w->textsize;
    if (t->id == T_NTEXT) bytes &= ~(size_t)1;
    b->n = at + 4 + bytes;
  }
  buf_set32(b, at, (uint32_t)bytes);
}

static void put_short(struct buf *b, const struct type *t,
                      const struct value *v) {
  size_t at = b->n;
  buf_u16(b, 0xffff); /* NULL */
  if (v->null) return;
  put_data(b, t, v);
  buf_set16(b, at, (unsigned)(b->n - at - 2));
}

void wire_value(struct buf *b, const struct type *t, const struct value *v,
                const struct wire *w) {
  struct type as;
  struct value text;
  struct arena a = {0};
  switch (t->id) { /* the common ones first, without a copy of the type */
  case T_NONE:
  case T_BIT:
  case T_TINYINT:
  case T_SMALLINT:
  case T_INT:
  case T_BIGINT:
  case T_REAL:
  case T_FLOAT:
  case T_DECIMAL:
  case T_MONEY:
  case T_SMALLMONEY:
  case T_DATETIME:
  case T_SMALLDATETIME:
  case T_GUID: {
    size_t at = b->n;
    if (t->notnull && fixed_token(t->id) && !v->null) {
      put_scalar(b, t, v);
      return;
    }
    buf_u8(b, 0);
    if (!v->null) {
      put_scalar(b, t, v);
      b->p[at] = (uint8_t)(b->n - at - 1);
    }
    return;
  }
  case T_VARIANT:
    put_variant(b, v, w);
    return;
  default:
    break;
  }
  as = told(t, w);
  if (type_is_date(t->id)) {
    size_t at = b->n;
    if (as.id == t->id) {
      buf_u8(b, 0);
      if (v->null) return;
      put_scalar(b, t, v);
      b->p[at] = (uint8_t)(b->n - at - 1);
      return;
    }
    text = *v;
    if (!v->null) text = value_str(value_string(v, &a));
    put_short(b, &as, &text);
    arena_clear(&a);
    return;
  }
  if (type_is_lob(as.id))
    put_lob(b, &as, v, w);
  else if (as.id == T_XML || as.id == T_UDT || as.len == TYPE_MAX)
    put_plp(b, &as, v, w);
  else
    put_short(b, &as, v);
}

void wire_row(struct buf *b, const struct column *cols,
              const struct value *values, size_t n, const struct wire *w) {
  size_t nulls = 0, bitmap = (n + 7) / 8;
  for (size_t i = 0; i < n; i++) nulls += values[i].null;
  if (w->tds >= TDS_73B && nulls > bitmap) {
    /* [MS-TDS] 2.2.7.14 NBCROW: nulls in a bitmap, where that is shorter */
    size_t at;
    buf_u8(b, 0xd2);
    at = b->n;
    buf_reserve(b, bitmap);
    memset(b->p + at, 0, bitmap);
    b->n += bitmap;
    for (size_t i = 0; i < n; i++) {
      if (values[i].null)
        b->p[at + i / 8] |= (uint8_t)(1u << (i % 8));
      else
        wire_value(b, &cols[i].type, &values[i], w);
    }
    return;
  }
  buf_u8(b, 0xd1);
  for (size_t i = 0; i < n; i++) wire_value(b, &cols[i].type, &values[i], w);
}
