/*
** Values that come as text: sql_variant, whose inner type the client is not
** told, and values on their way into a message.
**
**   SELECT anything FROM ordersync;   -- "int:42" on the wire, 42 here
*/
#include "base/utf8.h"
#include "value/number.h"
#include "value/text.h"
#include "value/time.h"

#include <string.h>

/* ---- sql_variant ------------------------------------------------------- */

/* The text after the colon. */
struct source {
  const unsigned char *at;
  int n;
};

/* 0x and two hexadecimal digits a byte; returns the bytes, -1 if malformed. */
static int parse_hex(struct source s, unsigned char *bytes) {
  if (s.n < 2 || s.n % 2 != 0 || s.at[0] != '0' ||
      ascii_upper((char)s.at[1]) != 'X')
    return -1;
  for (int i = 2; i < s.n; i += 2) {
    int byte = ascii_hex_byte((const char *)s.at + i);
    if (byte < 0) return -1;
    bytes[i / 2 - 1] = (unsigned char)byte;
  }
  return s.n / 2 - 1;
}

/* The bits of a float, or of a real, which has half as many. */
static int parse_real(struct source s, unsigned char *scratch, double *real,
                      int is_single) {
  int n = parse_hex(s, scratch);
  unsigned long long bits = 0;
  float single;
  if (n != (is_single ? 4 : 8)) return 0;
  for (int i = 0; i < n; i++) bits = bits << 8 | scratch[i];
  unsigned low = (unsigned)bits;
  memcpy(&single, &low, sizeof single);
  memcpy(real, &bits, sizeof *real);
  if (is_single) *real = (double)single;
  return 1;
}

static int parse_decimal(struct source s, unsigned char *scratch,
                         struct value *out) {
  struct number number;
  if (!number_from_text(&number, s.at, s.n)) return 0;
  number_magnitude(&number, scratch);
  out->negative = (unsigned char)number.negative;
  out->scale = (unsigned char)number.scale;
  out->n_bytes = 17;
  return 1;
}

/* Fills *out, whose fields are all zero; 0 when the text is malformed. scratch
** holds bytes that are not in the text. */
static int parse(enum value_type type, struct source s, unsigned char *scratch,
                 struct value *out) {
  struct moment moment;
  out->type = type;
  out->bytes = scratch;
  switch (type) {
  case VALUE_INTEGER:
    return integer_from_text(s.at, s.n, &out->integer);
  case VALUE_REAL:
  case VALUE_SINGLE:
    return parse_real(s, scratch, &out->real, type == VALUE_SINGLE);
  case VALUE_DECIMAL:
    return parse_decimal(s, scratch, out);
  case VALUE_TEXT:
    out->bytes = s.at;
    out->n_bytes = s.n;
    return 1;
  case VALUE_BLOB:
    out->n_bytes = parse_hex(s, scratch);
    return out->n_bytes >= 0;
  case VALUE_GUID:
    out->n_bytes = GUID_BYTES;
    return guid_from_text(s.at, s.n, scratch);
  default:
    return moment_from_text(&moment, s.at, s.n) &&
           moment_to_value(&moment, out) && out->type == type;
  }
}

/* What SQL_VARIANT_PROPERTY(x, 'BaseType') may answer. */
static const struct {
  char name[17];
  enum value_type type;
} base_types[] = {
    {"int", VALUE_INTEGER},
    {"nvarchar", VALUE_TEXT},
    {"varchar", VALUE_TEXT},
    {"bigint", VALUE_INTEGER},
    {"smallint", VALUE_INTEGER},
    {"tinyint", VALUE_INTEGER},
    {"bit", VALUE_INTEGER},
    {"decimal", VALUE_DECIMAL},
    {"numeric", VALUE_DECIMAL},
    {"money", VALUE_DECIMAL},
    {"smallmoney", VALUE_DECIMAL},
    {"float", VALUE_REAL},
    {"real", VALUE_SINGLE},
    {"date", VALUE_DATE},
    {"time", VALUE_TIME},
    {"datetime", VALUE_DATETIME},
    {"smalldatetime", VALUE_DATETIME},
    {"datetime2", VALUE_DATETIME},
    {"datetimeoffset", VALUE_DATETIMEOFFSET},
    {"nchar", VALUE_TEXT},
    {"char", VALUE_TEXT},
    {"varbinary", VALUE_BLOB},
    {"binary", VALUE_BLOB},
    {"uniqueidentifier", VALUE_GUID},
};

int value_from_variant(const struct value *text, unsigned char *scratch,
                       struct value *out) {
  *out = (struct value){0};
  if (text->type == VALUE_NULL) return 1;
  if (text->type != VALUE_TEXT || text->n_bytes <= 0) return 0;
  const unsigned char *colon = memchr(text->bytes, ':', (size_t)text->n_bytes);
  if (!colon) return 0;
  int n_name = (int)(colon - text->bytes);
  struct source s = {colon + 1, text->n_bytes - n_name - 1};
  for (size_t i = 0; i < sizeof base_types / sizeof base_types[0]; i++) {
    const char *name = base_types[i].name;
    if ((size_t)n_name == strlen(name) &&
        sqlite3_strnicmp((const char *)text->bytes, name, n_name) == 0 &&
        parse(base_types[i].type, s, scratch, out))
      return 1;
  }
  *out = (struct value){0};
  return 0;
}

enum err_code value_unpack(struct value *value, struct value_scratch *scratch,
                           struct err *e) {
  struct value text = *value;
  char shown[64];
  int need = text.n_bytes > VALUE_SCRATCH ? text.n_bytes : VALUE_SCRATCH;
  if (text.type == VALUE_NULL) return e->code;
  if (scratch->n < need) {
    unsigned char *grown =
        sqlite3_realloc64(scratch->bytes, (sqlite3_uint64)need);
    if (!grown) return err_nomem(e);
    scratch->bytes = grown;
    scratch->n = need;
  }
  if (!value_from_variant(&text, scratch->bytes, value)) {
    value_describe(&text, shown, sizeof shown);
    err_set(e, ERR_DATA, "the server wrote a sql_variant as %s", shown);
  }
  return e->code;
}

enum err_code value_check_text(const struct value *value, struct err *e) {
  size_t n = value->type == VALUE_TEXT ? (size_t)value->n_bytes : 0;
  size_t valid = utf8_valid((const char *)value->bytes, n);
  char shown[64];
  if (valid == n) return e->code;
  value_describe(value, shown, sizeof shown);
  return err_set(e, ERR_DATA,
                 "the server sent characters that are no valid Unicode (byte "
                 "%lld of %s)",
                 (sqlite3_int64)valid + 1, shown);
}

void value_scratch_clear(struct value_scratch *scratch) {
  sqlite3_free(scratch->bytes);
  memset(scratch, 0, sizeof *scratch);
}

/* ---- for messages ------------------------------------------------------ */

#define DESCRIBE_BYTES 40

/* A buffer that text is added to while it fits, always terminated. */
struct sink {
  char *at;
  size_t room; /* without the terminator */
};

static void add(struct sink *s, const char *text, size_t n) {
  if (n > s->room) {
    s->room = 0; /* what follows would not belong there */
    return;
  }
  memcpy(s->at, text, n);
  s->at += n;
  s->room -= n;
  *s->at = 0;
}

/* In quotes; what cannot stand in a line of a log becomes a question mark. */
static void describe_text(struct sink *s, const unsigned char *p, int n) {
  int i = 0;
  add(s, "\"", 1);
  while (i < n) {
    int length = utf8_length((const char *)p + i, (size_t)(n - i));
    int is_plain = length > 0 && p[i] >= ' ' && p[i] != 0x7f;
    if (length == 0) length = 1;
    if (i + length > DESCRIBE_BYTES ||
        s->room < (size_t)length + strlen("...\"")) {
      add(s, "...", 3);
      break;
    }
    if (is_plain)
      add(s, (const char *)p + i, (size_t)length);
    else
      add(s, "?", 1);
    i += length;
  }
  add(s, "\"", 1);
}

static void describe_blob(struct sink *s, const unsigned char *p, int n) {
  static const char hex[] = "0123456789ABCDEF";
  add(s, "0x", 2);
  for (int i = 0; i < n; i++) {
    if (2 * i >= DESCRIBE_BYTES) {
      add(s, "...", 3);
      return;
    }
    add(s, (char[]){hex[p[i] >> 4], hex[p[i] & 15]}, 2);
  }
}

void value_describe(const struct value *value, char *buffer, size_t n_buffer) {
  if (n_buffer == 0) return;
  struct sink s = {buffer, n_buffer - 1};
  struct cell cell;
  *buffer = 0;
  if (value->type == VALUE_NULL) {
    add(&s, "NULL", 4);
  } else if (value->type == VALUE_TEXT) {
    describe_text(&s, value->bytes, value->n_bytes);
  } else if (value->type == VALUE_BLOB) {
    describe_blob(&s, value->bytes, value->n_bytes);
  } else if (value_convert(value, KIND_STRING, &cell)) {
    add(&s, cell.bytes, (size_t)cell.n_bytes);
  } else {
    add(&s, "out of range", 12);
  }
}
