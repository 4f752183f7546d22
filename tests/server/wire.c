/* Types and values, server to client: see wire.h.
**
** Older clients get what SQL Server gives them: the types of 2008 as
** nvarchar before 7.3, the (max) types as text, ntext and image before 7.2.
*/
#include "wire.h"

#include <stdlib.h>
#include <string.h>

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

/* A column's type token: of a fixed-length type where NULL cannot come and
** there is one, else of a variable-length type. */
static const struct {
  uint8_t fixed, variable;
} tokens[T_COUNT] = {[T_NONE] = {0, INTNTYPE},
                     [T_BIT] = {BITTYPE, BITNTYPE},
                     [T_TINYINT] = {INT1TYPE, INTNTYPE},
                     [T_SMALLINT] = {INT2TYPE, INTNTYPE},
                     [T_INT] = {INT4TYPE, INTNTYPE},
                     [T_BIGINT] = {INT8TYPE, INTNTYPE},
                     [T_REAL] = {FLT4TYPE, FLTNTYPE},
                     [T_FLOAT] = {FLT8TYPE, FLTNTYPE},
                     [T_DECIMAL] = {0, DECIMALNTYPE},
                     [T_MONEY] = {MONEYTYPE, MONEYNTYPE},
                     [T_SMALLMONEY] = {MONEY4TYPE, MONEYNTYPE},
                     [T_DATE] = {0, DATENTYPE},
                     [T_TIME] = {0, TIMENTYPE},
                     [T_DATETIME] = {DATETIMETYPE, DATETIMNTYPE},
                     [T_SMALLDATETIME] = {DATETIM4TYPE, DATETIMNTYPE},
                     [T_DATETIME2] = {0, DATETIME2NTYPE},
                     [T_DATETIMEOFFSET] = {0, DATETIMEOFFSETNTYPE},
                     [T_CHAR] = {0, BIGCHARTYPE},
                     [T_VARCHAR] = {0, BIGVARCHARTYPE},
                     [T_NCHAR] = {0, NCHARTYPE},
                     [T_NVARCHAR] = {0, NVARCHARTYPE},
                     [T_TEXT] = {0, TEXTTYPE},
                     [T_NTEXT] = {0, NTEXTTYPE},
                     [T_XML] = {0, XMLTYPE},
                     [T_BINARY] = {0, BIGBINARYTYPE},
                     [T_VARBINARY] = {0, BIGVARBINARYTYPE},
                     [T_IMAGE] = {0, IMAGETYPE},
                     [T_ROWVERSION] = {0, BIGBINARYTYPE},
                     [T_UDT] = {0, UDTTYPE},
                     [T_GUID] = {0, GUIDTYPE},
                     [T_VARIANT] = {0, SSVARIANTTYPE}};

static bool is_fixed(const struct type *t) {
  return t->notnull && tokens[t->id].fixed;
}

static unsigned variable_token(const struct type *t) {
  if (t->id == T_DECIMAL && t->numeric) return NUMERICNTYPE;
  return tokens[t->id].variable;
}

static void udt_info(struct buf *b, const struct type *t,
                     const struct wire *w) {
  /* [MS-TDS] 2.2.5.5.2: UDT_INFO */
  buf_u16(b, t->len == TYPE_MAX ? 0xffff : (unsigned)t->len);
  wire_b_varchar(b, w->db);
  wire_b_varchar(b, "sys");
  wire_b_varchar(b, type_name(t));
  wire_us_varchar(b, "Microsoft.SqlServer.Types.SqlHierarchyId, "
                     "Microsoft.SqlServer.Types, Version=11.0.0.0, "
                     "Culture=neutral, PublicKeyToken=89845dcd8080cc91");
}

/* [MS-TDS] 2.2.5.6, TYPE_INFO: the type token and what follows it. */
static void type_info(struct buf *b, const struct type *t,
                      const struct wire *w) {
  bool has_collation = w->tds >= TDS_71 && type_is_string(t->id);
  buf_u8(b, is_fixed(t) ? tokens[t->id].fixed : variable_token(t));
  switch (t->id) {
  case T_DATE:
    break;
  case T_TIME:
  case T_DATETIME2:
  case T_DATETIMEOFFSET:
    buf_u8(b, t->scale);
    break;
  case T_DECIMAL:
    buf_u8(b, (unsigned)type_max_length(t));
    buf_u8(b, t->prec);
    buf_u8(b, t->scale);
    break;
  case T_CHAR:
  case T_VARCHAR:
  case T_NCHAR:
  case T_NVARCHAR:
  case T_BINARY:
  case T_VARBINARY:
  case T_ROWVERSION:
    buf_u16(b, (unsigned)type_max_length(t) & 0xffff); /* (max): all bits */
    if (has_collation) wire_collation(b, t->coll);
    break;
  case T_TEXT:
  case T_NTEXT:
  case T_IMAGE:
    buf_u32(b, t->id == T_NTEXT ? 0x7ffffffe : 0x7fffffff);
    if (has_collation) wire_collation(b, t->coll);
    break;
  case T_XML:
    buf_u8(b, 0); /* XML_INFO: no schema */
    break;
  case T_UDT:
    udt_info(b, t, w);
    break;
  case T_VARIANT:
    buf_u32(b, 8009);
    break;
  default:
    if (!is_fixed(t)) buf_u8(b, (unsigned)type_max_length(t));
  }
}

void wire_type_info(struct buf *b, const struct type *t, const struct wire *w) {
  struct type as = told(t, w);
  type_info(b, &as, w);
}

/* [MS-TDS] 2.2.7.4: the Flags of a column. */
enum {
  COL_NULLABLE = 0x01,
  COL_CASE_SENSITIVE = 0x02,
  COL_UPDATEABLE_UNKNOWN = 0x08,
  COL_COMPUTED = 0x20
};

static unsigned column_flags(const struct column *c, const struct type *as) {
  unsigned flags = c->type.notnull ? 0 : COL_NULLABLE;
  if (type_is_string(as->id) && (as->coll & (COLL_CS | COLL_BIN)))
    flags |= COL_CASE_SENSITIVE;
  if (as->id != T_ROWVERSION)
    flags |= c->from_table ? COL_UPDATEABLE_UNKNOWN : COL_COMPUTED;
  return flags;
}

void wire_colmetadata(struct buf *b, const struct column *cols, size_t n,
                      const struct wire *w) {
  buf_u8(b, TOK_COLMETADATA);
  buf_u16(b, (unsigned)n);
  for (size_t i = 0; i < n; i++) {
    struct type as = told(&cols[i].type, w);
    unsigned usertype = as.id == T_ROWVERSION ? 0x50 : 0;
    buf_int(b, usertype, w->tds >= TDS_72 ? 4 : 2);
    buf_u16(b, column_flags(&cols[i], &as));
    type_info(b, &as, w);
    if (type_is_lob(as.id)) { /* TableName */
      if (w->tds >= TDS_72) buf_u8(b, 1);
      wire_us_varchar(b, cols[i].table ? cols[i].table : "");
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

/* A character or binary type as sql_variant holds it: none is large. */
static unsigned variant_data_token(const struct type *t) {
  return t->id == T_CHAR || t->id == T_NCHAR || t->id == T_BINARY
             ? tokens[t->id].variable
         : type_is_binary(t->id)  ? BIGVARBINARYTYPE
         : type_is_unicode(t->id) ? NVARCHARTYPE
                                  : BIGVARCHARTYPE;
}

static void put_variant_data(struct buf *b, const struct type *t,
                             const struct value *v) {
  int max = type_max_length(t);
  buf_u8(b, variant_data_token(t));
  buf_u8(b, type_is_string(t->id) ? 7 : 2);
  if (type_is_string(t->id)) wire_collation(b, t->coll);
  buf_u16(b, max < 1 || max > 8000 ? 8000 : (unsigned)max);
  put_data(b, t, v);
}

static void put_variant_scalar(struct buf *b, const struct type *t,
                               const struct value *v) {
  bool has_precision = t->id == T_DECIMAL;
  bool has_scale = has_precision || t->id == T_TIME || t->id == T_DATETIME2 ||
                   t->id == T_DATETIMEOFFSET;
  buf_u8(b, tokens[t->id].fixed ? tokens[t->id].fixed : variable_token(t));
  buf_u8(b, (unsigned)has_precision + has_scale);
  if (has_precision) buf_u8(b, t->prec);
  if (has_scale) buf_u8(b, t->scale);
  put_scalar(b, t, v);
}

/* [MS-TDS] 2.2.5.5.4: length, base type, length of the properties, they, the
** value. What an old client does not know comes as text. */
static void put_variant(struct buf *b, const struct value *v,
                        const struct wire *w) {
  struct type inner = v->inner ? *v->inner : type_of(v->id);
  struct type t = told(&inner, w);
  struct arena a = {0};
  struct value text;
  size_t at = b->n;
  buf_u32(b, 0); /* NULL */
  if (v->null) return;
  if (t.id != inner.id) {
    text = value_str(value_string(v, &a));
    v = &text;
  } else {
    t = inner;
  }
  if (type_is_string(t.id) || type_is_binary(t.id))
    put_variant_data(b, &t, v);
  else
    put_variant_scalar(b, &t, v);
  buf_set32(b, at, (uint32_t)(b->n - at - 4));
  arena_clear(&a);
}

/* The bytes from `at` on become chunks of so many. */
static void put_chunks(struct buf *b, size_t at, size_t chunk) {
  size_t bytes = b->n - at;
  uint8_t *all = mem_dup(b->p + at, bytes);
  b->n = at;
  for (size_t i = 0; i < bytes; i += chunk) {
    size_t n = bytes - i < chunk ? bytes - i : chunk;
    buf_u32(b, (uint32_t)n);
    buf_put(b, all + i, n);
  }
  free(all);
}

/* What was written from `at` on, in bytes, after SET TEXTSIZE has cut it. */
static size_t cut_to_textsize(struct buf *b, size_t at, const struct type *t,
                              const struct wire *w) {
  size_t bytes = b->n - at;
  if (bytes <= w->textsize) return bytes;
  bytes = w->textsize;
  if (type_is_unicode(t->id)) bytes &= ~(size_t)1;
  b->n = at + bytes;
  return bytes;
}

/* [MS-TDS] 2.2.5.2.3, PLP: total length, chunks, a terminator. */
static void put_plp(struct buf *b, const struct type *t, const struct value *v,
                    const struct wire *w) {
  size_t at = b->n + 8, bytes;
  buf_u64(b, v->null ? UINT64_MAX : 0);
  if (v->null) return;
  put_data(b, t, v);
  bytes = t->id == T_UDT ? b->n - at : cut_to_textsize(b, at, t, w);
  buf_set32(b, at - 8, (uint32_t)bytes);
  buf_set32(b, at - 4, (uint32_t)((uint64_t)bytes >> 32));
  put_chunks(b, at, w->chunk ? w->chunk : bytes);
  buf_u32(b, 0);
}

/* [MS-TDS] 2.2.7.20, ROW: text pointer, timestamp, length, data. */
static void put_lob(struct buf *b, const struct type *t, const struct value *v,
                    const struct wire *w) {
  size_t at;
  buf_u8(b, v->null ? 0 : 16);
  if (v->null) return;
  buf_put(b, "dummy textptr\0\0\0", 16);
  buf_put(b, "dummyTS\0", 8);
  at = b->n;
  buf_u32(b, 0);
  put_data(b, t, v);
  buf_set32(b, at, (uint32_t)cut_to_textsize(b, at + 4, t, w));
}

/* [MS-TDS] 2.2.5.2.3: USHORTCHARBINLEN and as many bytes. */
static void put_short(struct buf *b, const struct type *t,
                      const struct value *v) {
  size_t at = b->n;
  buf_u16(b, 0xffff); /* NULL */
  if (v->null) return;
  put_data(b, t, v);
  buf_set16(b, at, (unsigned)(b->n - at - 2));
}

/* [MS-TDS] 2.2.5.2.3: BYTELEN and as many bytes; 0 is NULL. */
static void put_sized(struct buf *b, const struct type *t,
                      const struct value *v) {
  size_t at = b->n;
  buf_u8(b, 0);
  if (v->null) return;
  put_scalar(b, t, v);
  b->p[at] = (uint8_t)(b->n - at - 1);
}

/* Numbers, GUIDs and the old date types: every client knows these. */
static bool is_old_scalar(unsigned id) {
  return id <= T_SMALLMONEY || id == T_DATETIME || id == T_SMALLDATETIME ||
         id == T_GUID;
}

/* The common types come first, without a copy of the type. */
void wire_value(struct buf *b, const struct type *t, const struct value *v,
                const struct wire *w) {
  struct arena a = {0};
  struct value text;
  struct type as;
  if (is_old_scalar(t->id)) {
    if (is_fixed(t) && !v->null)
      put_scalar(b, t, v);
    else
      put_sized(b, t, v);
    return;
  }
  if (t->id == T_VARIANT) {
    put_variant(b, v, w);
    return;
  }
  as = told(t, w);
  if (type_is_date(as.id)) {
    put_sized(b, &as, v);
  } else if (type_is_date(t->id)) {
    text = *v;
    if (!v->null) text = value_str(value_string(v, &a));
    put_short(b, &as, &text);
    arena_clear(&a);
  } else if (type_is_lob(as.id)) {
    put_lob(b, &as, v, w);
  } else if (as.id == T_XML || as.id == T_UDT || as.len == TYPE_MAX) {
    put_plp(b, &as, v, w);
  } else {
    put_short(b, &as, v);
  }
}

/* [MS-TDS] 2.2.7.15 NBCROW: the NULLs are bits. */
static void put_nbcrow(struct buf *b, const struct column *cols,
                       const struct value *values, size_t n,
                       const struct wire *w) {
  size_t bitmap = (n + 7) / 8, at = b->n + 1;
  buf_u8(b, TOK_NBCROW);
  buf_reserve(b, bitmap);
  memset(b->p + at, 0, bitmap);
  b->n += bitmap;
  for (size_t i = 0; i < n; i++) {
    if (values[i].null)
      b->p[at + i / 8] |= (uint8_t)(1u << (i % 8));
    else
      wire_value(b, &cols[i].type, &values[i], w);
  }
}

void wire_row(struct buf *b, const struct column *cols,
              const struct value *values, size_t n, const struct wire *w) {
  size_t nulls = 0;
  for (size_t i = 0; i < n; i++) nulls += values[i].null;
  if (w->tds >= TDS_73B && nulls > (n + 7) / 8) { /* which is shorter */
    put_nbcrow(b, cols, values, n, w);
    return;
  }
  buf_u8(b, TOK_ROW);
  for (size_t i = 0; i < n; i++) wire_value(b, &cols[i].type, &values[i], w);
}
