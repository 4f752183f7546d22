/* RPC parameters, client to server: TYPE_INFO and the value after it,
** [MS-TDS] 2.2.6.6. Everything is bounded by the reader. */
#include <string.h>

#include "wire.h"

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

static bool read_chars(struct reader *r, struct type *t, struct value *v,
                       enum type_id id, const struct wire *w, struct arena *a) {
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

static bool read_lob(struct reader *r, struct type *t, struct value *v,
                     enum type_id id, const struct wire *w, struct arena *a) {
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

static bool read_sized(struct reader *r, struct type *t, struct value *v,
                       const enum type_id by_size[9]) {
  unsigned max = rd_u8(r), n = rd_u8(r);
  if (max > 8 || n > 8 || by_size[max] == T_NONE) return false;
  *t = type_of(by_size[max]);
  v->id = t->id;
  v->null = n == 0;
  if (v->null) return !r->bad;
  if (by_size[n] == T_NONE) return false;
  v->id = (uint8_t)by_size[n];
  *t = type_of(by_size[n]);
  read_fixed(r, v, n);
  return !r->bad;
}

static bool read_decimal(struct reader *r, struct type *t, struct value *v,
                         bool numeric) {
  unsigned n, sign;
  u128 mag = 0;
  const uint8_t *p;
  (void)rd_u8(r);
  *t = type_of(T_DECIMAL);
  t->numeric = numeric;
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

static bool read_when(struct reader *r, struct type *t, struct value *v,
                      enum type_id id) {
  unsigned n, scale = 0;
  int64_t ticks = 0;
  int32_t days = DAYS_TO_1900;
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

/* [MS-TDS] 2.2.5.5.4; the inner types clients send are few. */
static bool read_variant(struct reader *r, struct type *t, struct value *v,
                         const struct wire *w, struct arena *a) {
  uint32_t total;
  struct reader in;
  struct buf again = {0};
  struct type inner;
  unsigned base, props;
  const uint8_t *p;
  bool ok;
  *t = type_of(T_VARIANT);
  (void)rd_u32(r);
  total = rd_u32(r);
  v->id = T_VARIANT;
  v->null = total == 0;
  if (v->null || r->bad) return !r->bad;
  p = rd_bytes(r, total);
  if (!p || total < 2) return false;
  base = p[0];
  props = p[1];
  if (total < 2 + props) return false;
  /* Rewrite it as an ordinary parameter and read that. */
  buf_u8(&again, base);
  if (base == 0xa7 || base == 0xaf || base == 0xe7 || base == 0xef) {
    if (props != 7) return buf_clear(&again), false;
    buf_put(&again, p + 7, 2);
    if (w->tds >= TDS_71) buf_put(&again, p + 2, 5);
    buf_u16(&again, total - 2 - props);
  } else if (base == 0xa5 || base == 0xad) {
    buf_put(&again, p + 2, props);
    buf_u16(&again, total - 2 - props);
  } else if (base == 0x6a || base == 0x6c) {
    buf_u8(&again, 17);
    buf_put(&again, p + 2, props);
    buf_u8(&again, total - 2 - props);
  } else if (base == 0x24) {
    buf_u8(&again, 16);
    buf_u8(&again, 16);
  } else if (base >= 0x28 && base <= 0x2b) {
    buf_put(&again, p + 2, props);
    buf_u8(&again, total - 2 - props);
  }
  buf_put(&again, p + 2 + props, total - 2 - props);
  in.p = arena_dup(a, again.p, again.n);
  in.end = in.p + again.n;
  in.bad = false;
  buf_clear(&again);
  if (base == 0x62) return false;
  ok = wire_read_param(&in, &inner, v, w, a);
  v->inner = arena_dup(a, &inner, sizeof inner);
  return ok;
}

bool wire_read_param(struct reader *r, struct type *t, struct value *v,
                     const struct wire *w, struct arena *a) {
  static const enum type_id ints[9] = {
      [1] = T_TINYINT, [2] = T_SMALLINT, [4] = T_INT, [8] = T_BIGINT};
  static const enum type_id bits[9] = {[1] = T_BIT};
  static const enum type_id floats[9] = {[4] = T_REAL, [8] = T_FLOAT};
  static const enum type_id moneys[9] = {[4] = T_SMALLMONEY, [8] = T_MONEY};
  static const enum type_id dates[9] = {
      [4] = T_SMALLDATETIME, [8] = T_DATETIME};
  static const struct {
    uint8_t token, id, bytes;
  } fixed[] = {{0x30, T_TINYINT, 1},       {0x32, T_BIT, 1},
               {0x34, T_SMALLINT, 2},      {0x38, T_INT, 4},
               {0x3a, T_SMALLDATETIME, 4}, {0x3b, T_REAL, 4},
               {0x3c, T_MONEY, 8},         {0x3d, T_DATETIME, 8},
               {0x3e, T_FLOAT, 8},         {0x7a, T_SMALLMONEY, 4},
               {0x7f, T_BIGINT, 8}};
  unsigned token = rd_u8(r);
  *v = value_null(T_NONE);
  v->null = false;
  *t = type_of(T_NONE);
  for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++)
    if (fixed[i].token == token) {
      *t = type_of(fixed[i].id);
      v->id = fixed[i].id;
      read_fixed(r, v, fixed[i].bytes);
      return !r->bad;
    }
  switch (token) {
  case 0x1f:
    v->null = true;
    return !r->bad;
  case 0x26:
    return read_sized(r, t, v, ints);
  case 0x68:
    return read_sized(r, t, v, bits);
  case 0x6d:
    return read_sized(r, t, v, floats);
  case 0x6e:
    return read_sized(r, t, v, moneys);
  case 0x6f:
    return read_sized(r, t, v, dates);
  case 0x6a:
  case 0x6c:
    return read_decimal(r, t, v, token == 0x6c);
  case 0x24: {
    const uint8_t *p;
    unsigned n;
    (void)rd_u8(r);
    n = rd_u8(r);
    *t = type_of(T_GUID);
    v->id = T_GUID;
    v->null = n == 0;
    if (v->null) return !r->bad;
    p = n == 16 ? rd_bytes(r, 16) : NULL;
    if (p) memcpy(v->u.guid, p, 16);
    return p != NULL;
  }
  case 0x28:
    return read_when(r, t, v, T_DATE);
  case 0x29:
    return read_when(r, t, v, T_TIME);
  case 0x2a:
    return read_when(r, t, v, T_DATETIME2);
  case 0x2b:
    return read_when(r, t, v, T_DATETIMEOFFSET);
  case 0xa5:
    return read_chars(r, t, v, T_VARBINARY, w, a);
  case 0xad:
    return read_chars(r, t, v, T_BINARY, w, a);
  case 0xa7:
    return read_chars(r, t, v, T_VARCHAR, w, a);
  case 0xaf:
    return read_chars(r, t, v, T_CHAR, w, a);
  case 0xe7:
    return read_chars(r, t, v, T_NVARCHAR, w, a);
  case 0xef:
    return read_chars(r, t, v, T_NCHAR, w, a);
  case 0x22:
    return read_lob(r, t, v, T_IMAGE, w, a);
  case 0x23:
    return read_lob(r, t, v, T_TEXT, w, a);
  case 0x63:
    return read_lob(r, t, v, T_NTEXT, w, a);
  case 0x62:
    return read_variant(r, t, v, w, a);
  case 0xf1:
    if (rd_u8(r)) return false; /* a schema collection */
    *t = type_of(T_XML);
    v->id = T_XML;
    if (!read_plp(r, v, a)) return false;
    decode(v, t, a);
    return true;
  default:
    return false;
  }
}
