/*
** One table says what a type of FreeTDS's is to us and who reads it. FreeTDS's
** buffers are not promised to be aligned: every read is a memcpy, which costs
** nothing.
*/
#include "mssql/column.h"

#include "base/utf8.h"

#include <stddef.h>
#include <string.h>

#define TICKS_A_MINUTE (60 * (sqlite3_int64)10000000)

/* The user type of a rowversion, which is a binary(8) otherwise ([MS-TDS]
** 2.2.7.4). */
#define USER_ROWVERSION 80

/* Types that sybdb.h does not name ([MS-TDS] 2.2.5.4). */
enum { TYPE_GUID = 36, TYPE_VARIANT = 98, TYPE_UDT = 240, TYPE_XML = 241 };

/* Readers of what is neither bytes nor text: column_value() has set type and
** scale. */

static void read_bit(const unsigned char *data, struct slot *slot,
                     struct value *v) {
  (void)slot;
  v->integer = data[0] != 0;
}

#define READ_NUMBER(name, c_type, field, field_type)                           \
  static void name(const unsigned char *data, struct slot *slot,               \
                   struct value *v) {                                          \
    c_type number;                                                             \
    (void)slot;                                                                \
    memcpy(&number, data, sizeof number);                                      \
    v->field = (field_type)number;                                             \
  }
READ_NUMBER(read_int1, uint8_t, integer, sqlite3_int64)
READ_NUMBER(read_int2, int16_t, integer, sqlite3_int64)
READ_NUMBER(read_int4, int32_t, integer, sqlite3_int64)
READ_NUMBER(read_int8, int64_t, integer, sqlite3_int64)
READ_NUMBER(read_real, float, real, double)
READ_NUMBER(read_float, double, real, double)

/* DBNUMERIC: precision, scale, then a sign byte and the magnitude, big-endian,
** as many bytes as the precision needs. */
static void read_numeric(const unsigned char *data, struct slot *slot,
                         struct value *v) {
  v->negative = data[offsetof(DBNUMERIC, array)] != 0;
  v->bytes = data + offsetof(DBNUMERIC, array) + 1;
  v->n_bytes = slot->n_magnitude;
}

static void money_value(sqlite3_int64 amount, struct slot *slot,
                        struct value *v) {
  /* The magnitude of the lowest value is not an int64: negate unsigned. */
  uint64_t magnitude = amount < 0 ? 0 - (uint64_t)amount : (uint64_t)amount;
  v->negative = amount < 0;
  for (int i = 0; i < 8; i++) {
    slot->money[i] = (unsigned char)(magnitude >> (56 - 8 * i));
  }
  v->bytes = slot->money;
  v->n_bytes = 8;
}

static void read_money4(const unsigned char *data, struct slot *slot,
                        struct value *v) {
  int32_t amount;
  memcpy(&amount, data, sizeof amount);
  money_value(amount, slot, v);
}

static void read_money(const unsigned char *data, struct slot *slot,
                       struct value *v) {
  DBMONEY m;
  memcpy(&m, data, sizeof m);
  money_value((sqlite3_int64)((uint64_t)(uint32_t)m.mnyhigh << 32 | m.mnylow),
              slot, v);
}

/* 1/300 s, shown by the server as .000, .003, .007. */
static void read_datetime(const unsigned char *data, struct slot *slot,
                          struct value *v) {
  static const int milliseconds[] = {0, 3, 7};
  DBDATETIME t;
  (void)slot;
  memcpy(&t, data, sizeof t);
  v->days = t.dtdays;
  v->integer = -1; /* no time of day, which only a broken server sends */
  if (t.dttime < 0) return;
  v->integer =
      ((sqlite3_int64)(t.dttime / 3) * 10 + milliseconds[t.dttime % 3]) * 10000;
}

static void read_datetime4(const unsigned char *data, struct slot *slot,
                           struct value *v) {
  DBDATETIME4 t;
  (void)slot;
  memcpy(&t, data, sizeof t);
  v->days = t.days;
  v->integer = t.minutes * TICKS_A_MINUTE;
}

/* date, time, datetime2, datetimeoffset */
static void read_moment(const unsigned char *data, struct slot *slot,
                        struct value *v) {
  DBDATETIMEALL t;
  memcpy(&t, data, sizeof t);
  v->days = t.date;
  v->integer = (sqlite3_int64)t.time;
  v->offset_minutes = 0;
  if (slot->type == VALUE_DATETIMEOFFSET) v->offset_minutes = t.offset;
}

/* dbcoltype() has resolved the nullable types (INTN and so on) by width, and
** folded the n-types and the variable lengths into few: FreeTDS 1.3. Older
** and newer versions may leave more of them, so the table has them all. A scale
** of -1 is the column's own. */
static const struct type {
  int freetds;
  enum remote_type type;
  int scale;
  enum value_type value;
  void (*read)(const unsigned char *, struct slot *, struct value *);
} types[] = {
    {SYBBIT, REMOTE_BIT, 0, VALUE_INTEGER, read_bit},
    {SYBBITN, REMOTE_BIT, 0, VALUE_INTEGER, read_bit},
    {SYBINT1, REMOTE_TINYINT, 0, VALUE_INTEGER, read_int1},
    {SYBINT2, REMOTE_SMALLINT, 0, VALUE_INTEGER, read_int2},
    {SYBINT4, REMOTE_INT, 0, VALUE_INTEGER, read_int4},
    {SYBINT8, REMOTE_BIGINT, 0, VALUE_INTEGER, read_int8},
    {SYBREAL, REMOTE_REAL, 0, VALUE_SINGLE, read_real},
    {SYBFLT8, REMOTE_FLOAT, 0, VALUE_REAL, read_float},
    {SYBDECIMAL, REMOTE_DECIMAL, -1, VALUE_DECIMAL, read_numeric},
    {SYBNUMERIC, REMOTE_DECIMAL, -1, VALUE_DECIMAL, read_numeric},
    {SYBMONEY4, REMOTE_SMALLMONEY, 4, VALUE_DECIMAL, read_money4},
    {SYBMONEY, REMOTE_MONEY, 4, VALUE_DECIMAL, read_money},
    {SYBMSDATE, REMOTE_DATE, 0, VALUE_DATE, read_moment},
    {SYBMSTIME, REMOTE_TIME, -1, VALUE_TIME, read_moment},
    {SYBMSDATETIME2, REMOTE_DATETIME2, -1, VALUE_DATETIME, read_moment},
    {SYBMSDATETIMEOFFSET, REMOTE_DATETIMEOFFSET, -1, VALUE_DATETIMEOFFSET,
     read_moment},
    {SYBDATETIME4, REMOTE_SMALLDATETIME, 0, VALUE_DATETIME, read_datetime4},
    {SYBDATETIME, REMOTE_DATETIME, 3, VALUE_DATETIME, read_datetime},
    {SYBCHAR, REMOTE_STRING, 0, VALUE_TEXT, NULL},
    {SYBVARCHAR, REMOTE_STRING, 0, VALUE_TEXT, NULL},
    {SYBNVARCHAR, REMOTE_STRING, 0, VALUE_TEXT, NULL},
    {SYBTEXT, REMOTE_LONGTEXT, 0, VALUE_TEXT, NULL},
    {SYBNTEXT, REMOTE_LONGTEXT, 0, VALUE_TEXT, NULL},
    {TYPE_XML, REMOTE_LONGTEXT, 0, VALUE_TEXT, NULL},
    {SYBBINARY, REMOTE_BINARY, 0, VALUE_BLOB, NULL},
    {SYBVARBINARY, REMOTE_BINARY, 0, VALUE_BLOB, NULL},
    {SYBIMAGE, REMOTE_IMAGE, 0, VALUE_BLOB, NULL},
    {TYPE_GUID, REMOTE_GUID, 0, VALUE_GUID, NULL},
    {TYPE_VARIANT, REMOTE_VARIANT, 0, VALUE_BLOB, NULL},
    {TYPE_UDT, REMOTE_UDT, 0, VALUE_BLOB, NULL},
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
  slot->type = VALUE_BLOB;
  if (dbcolinfo(db, CI_REGULAR, i, 0, &info) != SUCCEED) return;
  for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
    if (types[t].freetds != type) continue;
    c->type = types[t].type;
    c->scale = types[t].scale < 0 ? info.Scale : types[t].scale;
    slot->type = types[t].value;
    slot->read = types[t].read;
  }
  c->nullable = info.Null != 0;
  c->max_bytes = dbcollen(db, i);
  c->is_rowversion =
      c->type == REMOTE_BINARY && dbcolutype(db, i) == USER_ROWVERSION;
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
    if (name && utf8_valid(name, strlen(name)) < strlen(name)) {
      return err_set(e, ERR_DATA, "the name of column %d is no valid Unicode",
                     i + 1);
    }
    describe_one(db, i + 1, &columns->items[i], &(*slots)[i]);
  }
  return ERR_NONE;
}
