/*
** Columns and values: from DB-Library's types and buffers to struct
** remote_column and struct value.
*/
#include "mssql/local.h"

#include <string.h>

/* How mssql_value() reads a column. */
enum column_how {
  HOW_BYTES, /* blob, and whatever else has no better reading */
  HOW_TEXT,
  HOW_BIT,
  HOW_INT1,
  HOW_INT2,
  HOW_INT4,
  HOW_INT8,
  HOW_REAL,
  HOW_FLOAT,
  HOW_NUMERIC,
  HOW_MONEY4,
  HOW_MONEY,
  HOW_DATE,
  HOW_TIME,
  HOW_DATETIME2,
  HOW_OFFSET,
  HOW_DATETIME4,
  HOW_DATETIME,
  HOW_GUID
};

/* Types that sybdb.h does not name ([MS-TDS] 2.2.5.4). */
enum { TYPE_GUID = 36, TYPE_VARIANT = 98, TYPE_UDT = 240, TYPE_XML = 241 };

/* dbcoltype() has resolved the nullable types (INTN and so on) by width, and
** folded the n-types and the variable lengths into few: FreeTDS 1.3. Older
** and newer versions may leave more of them, so the table has them all. */
static const struct {
  int freetds;
  enum remote_type type;
  enum column_how how;
} types[] = {
    {SYBBIT, REMOTE_BIT, HOW_BIT},
    {SYBBITN, REMOTE_BIT, HOW_BIT},
    {SYBINT1, REMOTE_TINYINT, HOW_INT1},
    {SYBINT2, REMOTE_SMALLINT, HOW_INT2},
    {SYBINT4, REMOTE_INT, HOW_INT4},
    {SYBINT8, REMOTE_BIGINT, HOW_INT8},
    {SYBREAL, REMOTE_REAL, HOW_REAL},
    {SYBFLT8, REMOTE_FLOAT, HOW_FLOAT},
    {SYBDECIMAL, REMOTE_DECIMAL, HOW_NUMERIC},
    {SYBNUMERIC, REMOTE_DECIMAL, HOW_NUMERIC},
    {SYBMONEY4, REMOTE_SMALLMONEY, HOW_MONEY4},
    {SYBMONEY, REMOTE_MONEY, HOW_MONEY},
    {SYBMSDATE, REMOTE_DATE, HOW_DATE},
    {SYBMSTIME, REMOTE_TIME, HOW_TIME},
    {SYBMSDATETIME2, REMOTE_DATETIME2, HOW_DATETIME2},
    {SYBMSDATETIMEOFFSET, REMOTE_DATETIMEOFFSET, HOW_OFFSET},
    {SYBDATETIME4, REMOTE_SMALLDATETIME, HOW_DATETIME4},
    {SYBDATETIME, REMOTE_DATETIME, HOW_DATETIME},
    {SYBCHAR, REMOTE_STRING, HOW_TEXT},
    {SYBVARCHAR, REMOTE_STRING, HOW_TEXT},
    {SYBNVARCHAR, REMOTE_STRING, HOW_TEXT},
    {SYBTEXT, REMOTE_LONGTEXT, HOW_TEXT},
    {SYBNTEXT, REMOTE_LONGTEXT, HOW_TEXT},
    {TYPE_XML, REMOTE_LONGTEXT, HOW_TEXT},
    {SYBBINARY, REMOTE_BINARY, HOW_BYTES},
    {SYBVARBINARY, REMOTE_BINARY, HOW_BYTES},
    {SYBIMAGE, REMOTE_IMAGE, HOW_BYTES},
    {TYPE_GUID, REMOTE_GUID, HOW_GUID},
    {TYPE_VARIANT, REMOTE_VARIANT, HOW_BYTES},
    {TYPE_UDT, REMOTE_UDT, HOW_BYTES},
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
  if (dbcolinfo(db, CI_REGULAR, i, 0, &info) != SUCCEED) return;
  slot->how = HOW_BYTES;
  for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
    if (types[t].freetds != type) continue;
    c->type = types[t].type;
    slot->how = (unsigned char)types[t].how;
  }
  c->nullable = info.Null != 0;
  c->max_bytes = dbcollen(db, i);
  switch (slot->how) {
  case HOW_NUMERIC:
    c->precision = info.Precision;
    c->scale = info.Scale;
    slot->n_magnitude = (unsigned char)magnitude_bytes(info.Precision);
    break;
  case HOW_TIME:
  case HOW_DATETIME2:
  case HOW_OFFSET:
    c->scale = info.Scale;
    break;
  case HOW_DATETIME:
    c->scale = 3;
    break;
  case HOW_MONEY:
  case HOW_MONEY4:
    c->scale = 4;
    break;
  default:
    break;
  }
  slot->scale = (unsigned char)c->scale;
}

enum err_code column_describe(struct mssql *m, struct err *e) {
  int n = dbnumcols(m->db);
  size_t n_items = n > 0 ? (size_t)n : 0;
  if (n_items == 0) return e->code;
  m->columns.items = sqlite3_malloc64(n_items * sizeof *m->columns.items);
  m->slots = sqlite3_malloc64(n_items * sizeof *m->slots);
  if (!m->columns.items || !m->slots) return err_nomem(e);
  memset(m->columns.items, 0, n_items * sizeof *m->columns.items);
  memset(m->slots, 0, n_items * sizeof *m->slots);
  m->columns.count = n;
  for (int i = 0; i < n; i++) {
    const char *name = dbcolname(m->db, i + 1);
    m->columns.items[i].name = sqlite3_mprintf("%s", name ? name : "");
    if (!m->columns.items[i].name) return err_nomem(e);
    describe_one(m->db, i + 1, &m->columns.items[i], &m->slots[i]);
  }
  return ERR_NONE;
}

/* ---- values ------------------------------------------------------------ */

/* FreeTDS's buffers are not promised to be aligned: every read is a memcpy,
** which costs nothing. */

static void read_money(sqlite3_int64 amount, struct slot *slot,
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

static void read_numeric(const unsigned char *data, const struct slot *slot,
                         struct value *v) {
  /* DBNUMERIC: precision, scale, then a sign byte and the magnitude,
  ** big-endian, as many bytes as the precision needs. */
  v->type = VALUE_DECIMAL;
  v->scale = slot->scale;
  v->negative = data[offsetof(DBNUMERIC, array)] != 0;
  v->bytes = data + offsetof(DBNUMERIC, array) + 1;
  v->n_bytes = slot->n_magnitude;
}

static void read_datetime(const unsigned char *data, struct value *v) {
  /* 1/300 s, shown by the server as .000, .003, .007. */
  static const int milliseconds[] = {0, 3, 7};
  DBDATETIME t;
  memcpy(&t, data, sizeof t);
  v->type = VALUE_DATETIME;
  v->days = t.dtdays;
  v->scale = 3;
  v->integer = -1; /* no time of day, which only a broken server sends */
  if (t.dttime < 0) return;
  v->integer =
      ((sqlite3_int64)(t.dttime / 3) * 10 + milliseconds[t.dttime % 3]) * 10000;
}

static void read_datetime4(const unsigned char *data, struct value *v) {
  DBDATETIME4 t;
  memcpy(&t, data, sizeof t);
  v->type = VALUE_DATETIME;
  v->days = t.days;
  v->integer = (sqlite3_int64)t.minutes * 60 * 10000000;
  v->scale = 0;
}

static void read_modern(const unsigned char *data, const struct slot *slot,
                        struct value *v) {
  DBDATETIMEALL t;
  memcpy(&t, data, sizeof t);
  v->days = t.date;
  v->integer = (sqlite3_int64)t.time;
  v->scale = slot->scale;
  v->offset_minutes = 0;
  if (slot->how == HOW_DATE) {
    v->type = VALUE_DATE;
  } else if (slot->how == HOW_TIME) {
    v->type = VALUE_TIME;
  } else if (slot->how == HOW_DATETIME2) {
    v->type = VALUE_DATETIME;
  } else {
    v->type = VALUE_DATETIMEOFFSET;
    v->offset_minutes = t.offset;
  }
}

static void read_integer(const unsigned char *data, enum column_how how,
                         struct value *v) {
  v->type = VALUE_INTEGER;
  if (how == HOW_INT8) {
    int64_t n;
    memcpy(&n, data, sizeof n);
    v->integer = n;
  } else if (how == HOW_INT4) {
    int32_t n;
    memcpy(&n, data, sizeof n);
    v->integer = n;
  } else if (how == HOW_INT2) {
    int16_t n;
    memcpy(&n, data, sizeof n);
    v->integer = n;
  } else if (how == HOW_INT1) {
    v->integer = data[0];
  } else {
    v->integer = data[0] != 0;
  }
}

static void read_float(const unsigned char *data, enum column_how how,
                       struct value *v) {
  if (how == HOW_FLOAT) {
    double n;
    memcpy(&n, data, sizeof n);
    v->type = VALUE_REAL;
    v->real = n;
  } else {
    float n;
    memcpy(&n, data, sizeof n);
    v->type = VALUE_SINGLE;
    v->real = (double)n;
  }
}

void mssql_value(struct mssql *m, int i, struct value *v) {
  const unsigned char *data;
  struct slot *slot;
  if (i < 0 || i >= m->columns.count || m->state != STATE_ROWS) {
    v->type = VALUE_NULL;
    return;
  }
  slot = &m->slots[i];
  data = dbdata(m->db, i + 1);
  if (!data) {
    v->type = VALUE_NULL;
    return;
  }
  switch ((enum column_how)slot->how) {
  case HOW_TEXT:
    v->type = VALUE_TEXT;
    v->bytes = data;
    v->n_bytes = dbdatlen(m->db, i + 1);
    break;
  case HOW_BYTES:
    v->type = VALUE_BLOB;
    v->bytes = data;
    v->n_bytes = dbdatlen(m->db, i + 1);
    break;
  case HOW_BIT:
  case HOW_INT1:
  case HOW_INT2:
  case HOW_INT4:
  case HOW_INT8:
    read_integer(data, (enum column_how)slot->how, v);
    break;
  case HOW_REAL:
  case HOW_FLOAT:
    read_float(data, (enum column_how)slot->how, v);
    break;
  case HOW_NUMERIC:
    read_numeric(data, slot, v);
    break;
  case HOW_MONEY4: {
    int32_t n;
    memcpy(&n, data, sizeof n);
    read_money(n, slot, v);
    break;
  }
  case HOW_MONEY: {
    DBMONEY n;
    memcpy(&n, data, sizeof n);
    read_money((sqlite3_int64)((uint64_t)(uint32_t)n.mnyhigh << 32 | n.mnylow),
               slot, v);
    break;
  }
  case HOW_DATE:
  case HOW_TIME:
  case HOW_DATETIME2:
  case HOW_OFFSET:
    read_modern(data, slot, v);
    break;
  case HOW_DATETIME4:
    read_datetime4(data, v);
    break;
  case HOW_DATETIME:
    read_datetime(data, v);
    break;
  case HOW_GUID:
    v->type = VALUE_GUID;
    v->bytes = data;
    v->n_bytes = 16;
    break;
  }
}
