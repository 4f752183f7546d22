/* RPC parameters, client to server: TYPE_INFO and a value,
** [MS-TDS] 2.2.6.6. Everything is bounded by the reader. */
#include <string.h>

#include "wire.h"

/* One reader a family of types. */
#define READ_ARGS                                                              \
  struct reader *r, struct type *t, struct value *v, enum type_id id,          \
      const struct wire *w, struct arena *a

static unsigned read_collation(struct reader *r, const struct wire *w) {
  const uint8_t *c;
  if (w->tds < TDS_71) return 0;
  c = rd_bytes(r, 5);
  return c ? collation_from_wire(c) : 0;
}

/* [MS-TDS] 2.2.5.2.3: a chunked value, joined in the arena. */
static bool read_plp(struct reader *r, struct value *v, struct arena *a) {
  uint64_t total = rd_int(r, 8);
  struct buf b = {0};
  v->null = total == UINT64_MAX;
  if (v->null) return !r->bad;
  for (;;) {
    uint32_t n = rd_u32(r);
    const uint8_t *p = n ? rd_bytes(r, n) : NULL;
    if (r->bad || n == 0) break;
    buf_put(&b, p, n);
  }
  v->u.s.p = arena_dup(a, b.p, b.n);
  v->u.s.n = b.n;
  buf_clear(&b);
  return !r->bad;
}

/* Bytes as they came become the server's inner form. */
static void decode(struct value *v, const struct type *t, struct arena *a) {
  const uint8_t *p = (const uint8_t *)v->u.s.p;
  if (v->null || type_is_binary(t->id)) return;
  if (type_is_unicode(t->id))
    v->u.s.p = text_from_utf16(a, p, v->u.s.n, &v->u.s.n);
  else
    v->u.s.p = page_decode(a, p, v->u.s.n, t->coll, &v->u.s.n);
}

static bool read_chars(READ_ARGS) {
  unsigned max = rd_u16(r), n;
  unsigned width = type_is_unicode(id) ? 2 : 1;
  unsigned coll = type_is_string(id) ? read_collation(r, w) : 0;
  const uint8_t *p;
  *t = type_string(id, max == 0xffff ? -1 : (int64_t)(max / width), coll);
  v->id = t->id;
  if (max == 0xffff) {
    if (!read_plp(r, v, a)) return false;
  } else {
    n = rd_u16(r);
    v->null = n == 0xffff;
    if (!v->null) {
      p = rd_bytes(r, n);
      if (!p) return false;
      v->u.s.p = (const char *)p;
      v->u.s.n = n;
    }
  }
  decode(v, t, a);
  return !r->bad;
}

static bool read_lob(READ_ARGS) {
  uint32_t n;
  (void)rd_u32(r);
  *t = type_of(id);
  if (id != T_IMAGE) t->coll = (uint16_t)read_collation(r, w);
  v->id = t->id;
  n = rd_u32(r);
  v->null = n == UINT32_MAX;
  if (!v->null) {
    v->u.s.p = (const char *)rd_bytes(r, n);
    v->u.s.n = n;
  }
  if (r->bad) return false;
  decode(v, t, a);
  return true;
}

static int64_t sign_extend(uint64_t v, unsigned bytes) {
  if (bytes == 1) return (int64_t)(v & 255); /* tinyint is unsigned */
  if (bytes == 2) return (int16_t)(uint16_t)v;
  if (bytes == 4) return (int32_t)(uint32_t)v;
  return (int64_t)v;
}

static void read_fixed(struct reader *r, struct value *v, unsigned bytes) {
  uint64_t raw;
  float f;
  uint32_t bits;
  switch (v->id) {
  case T_REAL:
    bits = rd_u32(r);
    memcpy(&f, &bits, 4);
    v->u.f = (double)f;
    break;
  case T_FLOAT:
    raw = rd_int(r, 8);
    memcpy(&v->u.f, &raw, 8);
    break;
  case T_MONEY:
    raw = (uint64_t)rd_u32(r) << 32;
    raw |= rd_u32(r);
    v->u.dec = (int64_t)raw;
    v->scale = 4;
    break;
  case T_SMALLMONEY:
    v->u.dec = (int32_t)rd_u32(r);
    v->scale = 4;
    break;
  case T_DATETIME:
    raw = rd_u32(r);
    v->u.w.days = (int32_t)((int64_t)(int32_t)raw % 4000000) + DAYS_TO_1900;
    v->u.w.ticks = datetime_ticks(rd_u32(r) % (300 * 86400));
    v->u.w.offset = 0;
    if (v->u.w.days < 0 || v->u.w.days > 3652058) v->u.w.days = 0;
    break;
  case T_SMALLDATETIME:
    v->u.w.days = (int32_t)rd_u16(r) + DAYS_TO_1900;
    v->u.w.ticks = (rd_u16(r) % 1440) * TICKS_PER_MINUTE;
    v->u.w.offset = 0;
    break;
  default:
    raw = rd_int(r, bytes);
    v->u.i = v->id == T_BIT ? (raw & 255) != 0 : sign_extend(raw, bytes);
  }
}

/* Not nullable: no length. */
static bool read_plain(READ_ARGS) {
  (void)w;
  (void)a;
  *t = type_of(id);
  v->id = t->id;
  read_fixed(r, v, (unsigned)type_max_length(t));
  return !r->bad;
}

/* Nullable: the length says which of its family it is. */
static bool read_sized(READ_ARGS) {
  static const uint8_t families[T_COUNT][9] = {
      [T_INT] =
          {[1] = T_TINYINT, [2] = T_SMALLINT, [4] = T_INT, [8] = T_BIGINT},
      [T_BIT] = {[1] = T_BIT},
      [T_FLOAT] = {[4] = T_REAL, [8] = T_FLOAT},
      [T_MONEY] = {[4] = T_SMALLMONEY, [8] = T_MONEY},
      [T_DATETIME] = {[4] = T_SMALLDATETIME, [8] = T_DATETIME}};
  unsigned max = rd_u8(r), n = rd_u8(r);
  (void)w;
  (void)a;
  if (max > 8 || n > 8) return false;
  *t = type_of(families[id][n ? n : max]);
  v->id = t->id;
  v->null = n == 0;
  if (t->id == T_NONE) return false;
  if (n) read_fixed(r, v, n);
  return !r->bad;
}

static bool read_guid(READ_ARGS) {
  const uint8_t *p;
  unsigned n;
  (void)w;
  (void)a;
  (void)rd_u8(r);
  n = rd_u8(r);
  *t = type_of(id);
  v->id = t->id;
  v->null = n == 0;
  if (v->null) return !r->bad;
  p = n == 16 ? rd_bytes(r, 16) : NULL;
  if (p) memcpy(v->u.guid, p, 16);
  return p != NULL;
}

static bool read_xml(READ_ARGS) {
  (void)w;
  if (rd_u8(r)) return false; /* a schema collection */
  *t = type_of(id);
  v->id = t->id;
  if (!read_plp(r, v, a)) return false;
  decode(v, t, a);
  return true;
}

static bool read_null(READ_ARGS) {
  (void)t;
  (void)id;
  (void)w;
  (void)a;
  v->null = true;
  return !r->bad;
}

static bool read_decimal(READ_ARGS) {
  unsigned n, sign;
  u128 mag = 0;
  const uint8_t *p;
  (void)w;
  (void)a;
  (void)rd_u8(r);
  *t = type_of(T_DECIMAL);
  t->numeric = id == T_NONE; /* the table below says so */
  t->prec = rd_u8(r);
  t->scale = rd_u8(r);
  n = rd_u8(r);
  if (r->bad || t->prec < 1 || t->prec > 38 || t->scale > t->prec) return false;
  v->id = T_DECIMAL;
  v->scale = t->scale;
  v->null = n == 0;
  if (v->null) return true;
  if (n > 17) return false;
  sign = rd_u8(r);
  p = rd_bytes(r, n - 1);
  if (!p) return false;
  for (unsigned i = n - 1; i-- > 0;) mag = mag << 8 | p[i];
  if (mag >> 127 || !dec_fits((i128)mag, 38)) return false;
  v->u.dec = sign ? (i128)mag : -(i128)mag;
  return true;
}

static bool read_when(READ_ARGS) {
  unsigned n, scale = 0;
  int64_t ticks = 0;
  int32_t days = DAYS_TO_1900;
  (void)w;
  (void)a;
  *t = type_of(id);
  if (id != T_DATE) scale = rd_u8(r);
  if (scale > 7) return false;
  t->scale = (uint8_t)scale;
  n = rd_u8(r);
  v->id = t->id;
  v->scale = t->scale;
  v->null = n == 0;
  if (v->null) return !r->bad;
  if (n != (unsigned)type_max_length(t)) return false;
  if (id != T_DATE) {
    ticks = (int64_t)rd_int(r, scale < 3 ? 3 : scale < 5 ? 4 : 5);
    for (unsigned i = scale; i < 7; i++) ticks *= 10;
  }
  if (id != T_TIME) days = (int32_t)rd_int(r, 3);
  if (ticks < 0 || ticks >= TICKS_PER_DAY || days > 3652058) return false;
  v->u.w.days = days;
  v->u.w.ticks = ticks;
  v->u.w.offset = 0;
  if (id == T_DATETIMEOFFSET) {
    struct when back = {days, ticks, (int16_t) - (int16_t)rd_u16(r)};
    if (back.offset < -840 || back.offset > 840) return false;
    v->u.w = date_utc(&back); /* from UTC to local time */
    v->u.w.offset = (int16_t)-back.offset;
  }
  return !r->bad;
}

/* A value inside a sql_variant, of `n` bytes after the base type and the
** `n_props` bytes of its properties, as the TYPE_INFO and value of an ordinary
** parameter. False: the properties are not of that type. */
static bool unwrap_variant(struct buf *out, unsigned base, const uint8_t *props,
                           unsigned n_props, uint32_t n, const struct wire *w) {
  buf_u8(out, base);
  switch (base) {
  case BIGVARCHARTYPE:
  case BIGCHARTYPE:
  case NVARCHARTYPE:
  case NCHARTYPE: /* collation and length, which change places */
    if (n_props != 7) return false;
    buf_put(out, props + 5, 2);
    if (w->tds >= TDS_71) buf_put(out, props, 5);
    buf_u16(out, n);
    break;
  case BIGVARBINARYTYPE:
  case BIGBINARYTYPE:
    buf_put(out, props, n_props);
    buf_u16(out, n);
    break;
  case DECIMALNTYPE:
  case NUMERICNTYPE:
    buf_u8(out, 17);
    buf_put(out, props, n_props);
    buf_u8(out, n);
    break;
  case GUIDTYPE:
    buf_u8(out, 16);
    buf_u8(out, 16);
    break;
  case DATENTYPE:
  case TIMENTYPE:
  case DATETIME2NTYPE:
  case DATETIMEOFFSETNTYPE:
    buf_put(out, props, n_props);
    buf_u8(out, n);
    break;
  default: /* of fixed length */
    break;
  }
  buf_put(out, props + n_props, n);
  return base != SSVARIANTTYPE;
}

/* [MS-TDS] 2.2.5.5.4: length, base type, length of the properties, they, the
** value. */
static bool read_variant(READ_ARGS) {
  struct reader in = {0};
  struct buf plain = {0};
  struct type inner;
  uint32_t total;
  unsigned n_props;
  const uint8_t *p;
  bool ok;
  *t = type_of(id);
  (void)rd_u32(r);
  total = rd_u32(r);
  v->id = T_VARIANT;
  v->null = total == 0;
  if (v->null || r->bad) return !r->bad;
  p = rd_bytes(r, total);
  if (!p || total < 2) return false;
  n_props = p[1];
  if (total < 2 + n_props) return false;
  ok = unwrap_variant(&plain, p[0], p + 2, n_props, total - 2 - n_props, w);
  in.p = arena_dup(a, plain.p, plain.n);
  in.end = in.p + plain.n;
  buf_clear(&plain);
  ok = ok && wire_read_param(&in, &inner, v, w, a);
  if (ok) v->inner = arena_dup(a, &inner, sizeof inner);
  return ok;
}

bool wire_read_param(struct reader *r, struct type *t, struct value *v,
                     const struct wire *w, struct arena *a) {
  static const struct {
    uint8_t token, id;
    bool (*read)(READ_ARGS);
  } types[] = {{NULLTYPE, T_NONE, read_null},
               {INT1TYPE, T_TINYINT, read_plain},
               {BITTYPE, T_BIT, read_plain},
               {INT2TYPE, T_SMALLINT, read_plain},
               {INT4TYPE, T_INT, read_plain},
               {INT8TYPE, T_BIGINT, read_plain},
               {FLT4TYPE, T_REAL, read_plain},
               {FLT8TYPE, T_FLOAT, read_plain},
               {MONEYTYPE, T_MONEY, read_plain},
               {MONEY4TYPE, T_SMALLMONEY, read_plain},
               {DATETIMETYPE, T_DATETIME, read_plain},
               {DATETIM4TYPE, T_SMALLDATETIME, read_plain},
               {INTNTYPE, T_INT, read_sized},
               {BITNTYPE, T_BIT, read_sized},
               {FLTNTYPE, T_FLOAT, read_sized},
               {MONEYNTYPE, T_MONEY, read_sized},
               {DATETIMNTYPE, T_DATETIME, read_sized},
               {DECIMALNTYPE, T_DECIMAL, read_decimal},
               {NUMERICNTYPE, T_NONE, read_decimal}, /* spelt numeric */
               {GUIDTYPE, T_GUID, read_guid},
               {DATENTYPE, T_DATE, read_when},
               {TIMENTYPE, T_TIME, read_when},
               {DATETIME2NTYPE, T_DATETIME2, read_when},
               {DATETIMEOFFSETNTYPE, T_DATETIMEOFFSET, read_when},
               {BIGVARBINARYTYPE, T_VARBINARY, read_chars},
               {BIGVARCHARTYPE, T_VARCHAR, read_chars},
               {BIGBINARYTYPE, T_BINARY, read_chars},
               {BIGCHARTYPE, T_CHAR, read_chars},
               {NVARCHARTYPE, T_NVARCHAR, read_chars},
               {NCHARTYPE, T_NCHAR, read_chars},
               {IMAGETYPE, T_IMAGE, read_lob},
               {TEXTTYPE, T_TEXT, read_lob},
               {NTEXTTYPE, T_NTEXT, read_lob},
               {SSVARIANTTYPE, T_VARIANT, read_variant},
               {XMLTYPE, T_XML, read_xml}};
  unsigned token = rd_u8(r);
  *v = value_null(T_NONE);
  v->null = false;
  *t = type_of(T_NONE);
  for (unsigned i = 0; i < sizeof types / sizeof *types; i++)
    if (types[i].token == token)
      return types[i].read(r, t, v, (enum type_id)types[i].id, w, a);
  return false;
}
