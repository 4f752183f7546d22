/* The tokens of a response around its rows: see token.h. */
#include "token.h"

#include <string.h>

#include "session.h"

void token_message(struct buf *b, const struct wire *w, const struct sqlerr *e,
                   const char *proc) {
  /* [MS-TDS] 2.2.7.10 and 2.2.7.13 */
  size_t at;
  buf_u8(b, e->severity > 10 ? 0xaa : 0xab);
  at = b->n;
  buf_u16(b, 0);
  buf_u32(b, (uint32_t)e->number);
  buf_u8(b, (unsigned)e->state);
  buf_u8(b, (unsigned)e->severity);
  wire_us_varchar(b, e->text);
  wire_b_varchar(b, SERVER_NAME);
  wire_b_varchar(b, proc ? proc : "");
  buf_int(b, (uint64_t)(e->line > 0 ? e->line : 1), w->tds >= TDS_72 ? 4 : 2);
  buf_set16(b, at, (unsigned)(b->n - at - 2));
}

void token_env(struct buf *b, unsigned type, const char *now,
               const char *before) {
  size_t at;
  buf_u8(b, 0xe3);
  at = b->n;
  buf_u16(b, 0);
  buf_u8(b, type);
  wire_b_varchar(b, now);
  wire_b_varchar(b, before);
  buf_set16(b, at, (unsigned)(b->n - at - 2));
}

void token_env_collation(struct buf *b, unsigned coll) {
  buf_u8(b, 0xe3);
  buf_u16(b, 8);
  buf_u8(b, ENV_COLLATION);
  buf_u8(b, 5);
  wire_collation(b, coll);
  buf_u8(b, 0);
}

void token_env_routing(struct buf *b, const char *host, unsigned port) {
  size_t at = b->n + 1;
  buf_u8(b, 0xe3);
  buf_u16(b, 0);
  buf_u8(b, ENV_ROUTING);
  buf_u16(b, 0);
  buf_u8(b, 0); /* TCP */
  buf_u16(b, port);
  wire_us_varchar(b, host);
  buf_set16(b, at + 3, (unsigned)(b->n - at - 5));
  buf_u16(b, 0); /* no old value */
  buf_set16(b, at, (unsigned)(b->n - at - 2));
}

void token_env_transaction(struct buf *b, unsigned type, uint64_t id) {
  /* begin: the new descriptor; commit and rollback: the old one */
  buf_u8(b, 0xe3);
  buf_u16(b, 11);
  buf_u8(b, type);
  if (type == ENV_BEGIN) {
    buf_u8(b, 8);
    buf_u64(b, id);
    buf_u8(b, 0);
  } else {
    buf_u8(b, 0);
    buf_u8(b, 8);
    buf_u64(b, id);
  }
}

/* Major, minor, then the build's high byte first. */
void token_program_version(struct buf *b, const struct release *r) {
  buf_u8(b, (unsigned)r->major);
  buf_u8(b, 0);
  buf_u8(b, (unsigned)r->build >> 8);
  buf_u8(b, (unsigned)r->build & 255);
}

void token_loginack(struct buf *b, const struct wire *w,
                    const struct release *r) {
  /* [MS-TDS] 2.2.7.14; the version is big-endian here */
  static const struct {
    int tds;
    uint8_t bytes[4];
  } versions[] = {{TDS_70, {7, 0, 0, 0}},        {TDS_71, {0x71, 0, 0, 1}},
                  {TDS_72, {0x72, 9, 0, 2}},     {TDS_73A, {0x73, 0x0a, 0, 3}},
                  {TDS_73B, {0x73, 0x0b, 0, 3}}, {TDS_74, {0x74, 0, 0, 4}}};
  size_t at;
  buf_u8(b, 0xad);
  at = b->n;
  buf_u16(b, 0);
  buf_u8(b, 1); /* SQL_TSQL */
  for (unsigned i = 0; i < sizeof versions / sizeof *versions; i++)
    if (versions[i].tds == w->tds) buf_put(b, versions[i].bytes, 4);
  wire_b_varchar(b, "Microsoft SQL Server");
  token_program_version(b, r);
  buf_set16(b, at, (unsigned)(b->n - at - 2));
}

void token_done(struct buf *b, const struct wire *w, unsigned token,
                unsigned status, unsigned command, uint64_t rows) {
  buf_u8(b, token);
  buf_u16(b, status);
  buf_u16(b, command);
  buf_int(b, rows, w->tds >= TDS_72 ? 8 : 4);
}

void token_return_status(struct buf *b, int32_t status) {
  buf_u8(b, 0x79);
  buf_u32(b, (uint32_t)status);
}

void token_return_value(struct buf *b, const struct wire *w, unsigned ordinal,
                        const char *name, const struct type *t,
                        const struct value *v) {
  /* [MS-TDS] 2.2.7.19 */
  struct type as = *t;
  as.notnull = false;
  buf_u8(b, 0xac);
  buf_u16(b, ordinal);
  wire_b_varchar(b, name);
  buf_u8(b, 1); /* an output parameter */
  buf_int(b, 0, w->tds >= TDS_72 ? 4 : 2);
  buf_u16(b, 1);
  wire_type_info(b, &as, w);
  wire_value(b, &as, v, w);
}
