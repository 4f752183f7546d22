/*
** One table says what a type of FreeTDS's is to us and who reads it. FreeTDS's
** buffers are not promised to be aligned: every read is a memcpy, which costs
** nothing.
*/
#include "mssql/column.h"

#include <stddef.h>
#include <string.h>

#define TICKS_A_MINUTE (60 * (sqlite3_int64)10000000)

/* Types that sybdb.h does not name ([MS-TDS] 2.2.5.4). */
enum { TYPE_GUID = 36, TYPE_VARIANT = 98, TYPE_UDT = 240, TYPE_XML = 241 };

/* ---- readers ----------------------------------------------------------- */

static void read_text(const unsigned char *data, int n, struct slot *slot,
                      struct value *v) {
  (void)slot;
  v->type = VALUE_TEXT;
  v->bytes = data;
  v->n_bytes = n;
}

static void read_bytes(const unsigned char *data, int n, struct slot *slot,
                       struct value *v) {
  (void)slot;
  v->type = VALUE_BLOB;
  v->bytes = data;
  v->n_bytes = n;
}

static void read_guid(const unsigned char *data, int n, struct slot *slot,
                      struct value *v) {
  (void)n, (void)slot;
  v->type = VALUE_GUID;
  v->bytes = data;
  v->n_bytes = 16;
}

static void read_bit(const unsigned char *data, int n, struct slot *slot,
                     struct value *v) {
  (void)n, (void)slot;
  v->type = VALUE_INTEGER;
  v->integer = data[0] != 0;
}

static void read_int1(const unsigned char *data, int n, struct slot *slot,
                      struct value *v) {
  (void)n, (void)slot;
  v->type = VALUE_INTEGER;
  v->integer = data[0];
}

#define READ_NUMBER(name, c_type, value_type, field, field_type)               \
  static void name(const unsigned char *data, int n, struct slot *slot,        \
                   struct value *v) {                                          \
    c_type number;                                                             \
    (void)n, (void)slot;                                                       \
    memcpy(&number, data, sizeof number);                                      \
    v->type = value_type;                                                      \
    v->field = (field_type)number;                                             \
  }
READ_NUMBER(read_int2, int16_t, VALUE_INTEGER, integer, sqlite3_int64)
READ_NUMBER(read_int4, int32_t, VALUE_INTEGER, integer, sqlite3_int64)
READ_NUMBER(read_int8, int64_t, VALUE_INTEGER, integer, sqlite3_int64)
READ_NUMBER(read_real, float, VALUE_SINGLE, real, double)
READ_NUMBER(read_float, double, VALUE_REAL, real, double)

/* DBNUMERIC: precision, scale, then a sign byte and the magnitude, big-endian,
** as many bytes as the precision needs. */
static void read_numeric(const unsigned char *data, int n, struct slot *slot,
                         struct value *v) {
  (void)n;
  v->type = VALUE_DECIMAL;
  v->scale = slot->scale;
  v->negative = data[offsetof(DBNUMERIC, array)] != 0;
  v->bytes = data + offsetof(DBNUMERIC, array) + 1;
  v->n_bytes = slot->n_magnitude;
}

static void money_value(sqlite3_int64 amount, struct slot *slot,
                        struct value *v) {
  /* The magnitude of the lowest value is not an int64: negate unsigned. */
  uint64_t magnitude = amount < 0 ? 0 - (uint64_t)amount : (uint64_t)amount;
  v->type = VALUE_DECIMAL;
  v->negative = amount < 0;
  v->scale = 4;
  for (int i = 0; i < 8; i++) {
    slot->money[i] = (unsigned char)(magnitude >> (56 - 8 * i));
  }
  v->bytes = slot->money;
  v->n_bytes = 8;
}

static void read_money4(const unsigned char *data, int n, struct slot *slot,
                        struct value *v) {
  int32_t amount;
  (void)n;
  memcpy(&amount, data, sizeof amount);
  money_value(amount, slot, v);
}

static void read_money(const unsigned char *data, int n, struct slot *slot,
                       struct value *v) {
  DBMONEY m;
  (void)n;
  memcpy(&m, data, sizeof m);
  money_value((sqlite3_int64)((uint64_t)(uint32_t)m.mnyhigh << 32 | m.mnylow),
              slot, v);
}

/* 1/300 s, shown by the server as .000, .003, .007. */
static void read_datetime(const unsigned char *data, int n, struct slot *slot,
                          struct value *v) {
  static const int milliseconds[] = {0, 3, 7};
  DBDATETIME t;
  (void)n, (void)slot;
  memcpy(&t, data, sizeof t);
  v->type = VALUE_DATETIME;
  v->days = t.dtdays;
  v->scale = 3;
  v->integer = -1; /* no time of day, which only a broken server sends */
  if (t.dttime < 0) return;
  v->integer =
      ((sqlite3_int64)(t.dttime / 3) * 10 + milliseconds[t.dttime % 3]) * 10000;
}

static void read_datetime4(const unsigned char *data, int n, struct slot *slot,
                           struct value *v) {
  DBDATETIME4 t;
  (void)n, (void)slot;
  memcpy(&t, data, sizeof t);
  v->type = VALUE_DATETIME;
  v->days = t.days;
  v->integer = t.minutes * TICKS_A_MINUTE;
  v->scale = 0;
}

static void modern(const unsigned char *data, const struct slot *slot,
                   enum value_type type, struct value *v) {
  DBDATETIMEALL t;
  memcpy(&t, data, sizeof t);
  v->type = type;
  v->days = t.date;
  v->integer = (sqlite3_int64)t.time;
  v->scale = slot->scale;
  v->offset_minutes = 0;
  if (type == VALUE_DATETIMEOFFSET) v->offset_minutes = t.offset;
}

static void read_date(const unsigned char *data, int n, struct slot *slot,
                      struct value *v) {
  (void)n;
  modern(data, slot, VALUE_DATE, v);
}

static void read_time(const unsigned char *data, int n, struct slot *slot,
                      struct value *v) {
  (void)n;
  modern(data, slot, VALUE_TIME, v);
}

static void read_datetime2(const unsigned char *data, int n, struct slot *slot,
                           struct value *v) {
  (void)n;
  modern(data, slot, VALUE_DATETIME, v);
}

static void read_offset(const unsigned char *data, int n, struct slot *slot,
                        struct value *v) {
  (void)n;
  modern(data, slot, VALUE_DATETIMEOFFSET, v);
}

/* ---- types ------------------------------------------------------------- */

/* dbcoltype() has resolved the nullable types (INTN and so on) by width, and
** folded the n-types and the variable lengths into few: FreeTDS 1.3. Older
** and newer versions may leave more of them, so the table has them all. A scale
** of -1 is the column's own. */
static const struct type {
  int freetds;
  enum remote_type type;
  int scale;
  void (*read)(const unsigned char *, int, struct slot *, struct value *);
} types[] = {
    {SYBBIT, REMOTE_BIT, 0, read_bit},
    {SYBBITN, REMOTE_BIT, 0, read_bit},
    {SYBINT1, REMOTE_TINYINT, 0, read_int1},
    {SYBINT2, REMOTE_SMALLINT, 0, read_int2},
    {SYBINT4, REMOTE_INT, 0, read_int4},
    {SYBINT8, REMOTE_BIGINT, 0, read_int8},
    {SYBREAL, REMOTE_REAL, 0, read_real},
    {SYBFLT8, REMOTE_FLOAT, 0, read_float},
    {SYBDECIMAL, REMOTE_DECIMAL, -1, read_numeric},
    {SYBNUMERIC, REMOTE_DECIMAL, -1, read_numeric},
    {SYBMONEY4, REMOTE_SMALLMONEY, 4, read_money4},
    {SYBMONEY, REMOTE_MONEY, 4, read_money},
    {SYBMSDATE, REMOTE_DATE, 0, read_date},
    {SYBMSTIME, REMOTE_TIME, -1, read_time},
    {SYBMSDATETIME2, REMOTE_DATETIME2, -1, read_datetime2},
    {SYBMSDATETIMEOFFSET, REMOTE_DATETIMEOFFSET, -1, read_offset},
    {SYBDATETIME4, REMOTE_SMALLDATETIME, 0, read_datetime4},
    {SYBDATETIME, REMOTE_DATETIME, 3, read_datetime},
    {SYBCHAR, REMOTE_STRING, 0, read_text},
    {SYBVARCHAR, REMOTE_STRING, 0, read_text},
    {SYBNVARCHAR, REMOTE_STRING, 0, read_text},
    {SYBTEXT, REMOTE_LONGTEXT, 0, read_text},
    {SYBNTEXT, REMOTE_LONGTEXT, 0, read_text},
    {TYPE_XML, REMOTE_LONGTEXT, 0, read_text},
    {SYBBINARY, REMOTE_BINARY, 0, read_bytes},
    {SYBVARBINARY, REMOTE_BINARY, 0, read_bytes},
    {SYBIMAGE, REMOTE_IMAGE, 0, read_bytes},
    {TYPE_GUID, REMOTE_GUID, 0, read_guid},
    {TYPE_VARIANT, REMOTE_VARIANT, 0, read_bytes},
    {TYPE_UDT, REMOTE_UDT, 0, read_bytes},
};

/* Bytes of a decimal's magnitude: ceil(precision * log(10) / log(256)). */
static int magnitude_bytes(int precision) {
  return (precision * 415242 + 999999) / 1000000;
}

static void describe_one(DBPROCESS *db, int i, struct remote_column *c,
                         struct slot *slot) {
  int type = dbcoltype(db, i);
  DBCOL info;
  memset(&info, 0, sizeof info);
  info.SizeOfStruct = sizeof info;
  slot->read = read_bytes;
  if (dbcolinfo(db, CI_REGULAR, i, 0, &info) != SUCCEED) return;
  for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
    if (types[t].freetds != type) continue;
    c->type = types[t].type;
    c->scale = types[t].scale < 0 ? info.Scale : types[t].scale;
    slot->read = types[t].read;
  }
  c->nullable = info.Null != 0;
  c->max_bytes = dbcollen(db, i);
  if (slot->read == read_numeric) {
    c->precision = info.Precision;
    slot->n_magnitude = (unsigned char)magnitude_bytes(info.Precision);
  }
  slot->scale = (unsigned char)c->scale;
}

enum err_code column_describe(DBPROCESS *db, struct remote_columns *columns,
                              struct slot **slots, struct err *e) {
  int n = dbnumcols(db);
  size_t n_items = n > 0 ? (size_t)n : 0;
  if (n_items == 0) return e->code;
  columns->items = sqlite3_malloc64(n_items * sizeof *columns->items);
  *slots = sqlite3_malloc64(n_items * sizeof **slots);
  if (!columns->items || !*slots) return err_nomem(e);
  memset(columns->items, 0, n_items * sizeof *columns->items);
  memset(*slots, 0, n_items * sizeof **slots);
  columns->count = n;
  for (int i = 0; i < n; i++) {
    const char *name = dbcolname(db, i + 1);
    columns->items[i].name = sqlite3_mprintf("%s", name ? name : "");
    if (!columns->items[i].name) return err_nomem(e);
    describe_one(db, i + 1, &columns->items[i], &(*slots)[i]);
  }
  return ERR_NONE;
}

void column_value(DBPROCESS *db, int i, struct slot *slot, struct value *v) {
  const unsigned char *data = dbdata(db, i + 1);
  if (data) {
    slot->read(data, dbdatlen(db, i + 1), slot, v);
  } else {
    v->type = VALUE_NULL;
  }
}
