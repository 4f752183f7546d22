/* Values from and to the SQLite file, and their order: see value.h. */
#include "value.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sqlerr_set(struct sqlerr *e, int number, int severity, int state,
                const char *fmt, ...) {
  va_list ap;
  if (e->number) return false;
  e->number = number;
  e->severity = severity;
  e->state = state;
  va_start(ap, fmt);
  vsnprintf(e->text, sizeof e->text, fmt, ap);
  va_end(ap);
  return false;
}

struct value value_null(enum type_id id) {
  struct value v = {.id = (uint8_t)id, .null = true};
  return v;
}

struct value value_int(enum type_id id, int64_t i) {
  struct value v = {.id = (uint8_t)id};
  v.u.i = i;
  return v;
}

struct value value_text(enum type_id id, const char *s, size_t n) {
  struct value v = {.id = (uint8_t)id};
  v.u.s.p = s;
  v.u.s.n = n;
  return v;
}

struct value value_str(const char *s) {
  if (s == NULL) return value_null(T_NVARCHAR);
  return value_text(T_NVARCHAR, s, strlen(s));
}

/* ---- uniqueidentifier ---- */

/* Where the text's byte k goes on the wire: [MS-TDS] 2.2.5.5.1.1, a GUID is
** little-endian in its first three groups. */
static const uint8_t guid_order[16] = {3, 2, 1,  0,  5,  4,  7,  6,
                                       8, 9, 10, 11, 12, 13, 14, 15};

bool guid_parse(const char *s, size_t n, uint8_t out[16]) {
  unsigned k = 0;
  if (n >= 38 && s[0] == '{' && s[37] == '}')
    s++;
  else if (n < 36)
    return false;
  for (size_t i = 0; i < 36;) {
    unsigned byte = 0;
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (s[i] != '-') return false;
      i++;
      continue;
    }
    for (int h = 0; h < 2; h++, i++) {
      int c = tolower((unsigned char)s[i]);
      if (!isxdigit(c)) return false;
      byte = byte * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    out[guid_order[k++]] = (uint8_t)byte;
  }
  return true;
}

void guid_format(const uint8_t g[16], char out[37]) {
  static const char hex[] = "0123456789ABCDEF";
  char *p = out;
  for (unsigned k = 0; k < 16; k++) {
    if (k == 4 || k == 6 || k == 8 || k == 10) *p++ = '-';
    *p++ = hex[g[guid_order[k]] >> 4];
    *p++ = hex[g[guid_order[k]] & 15];
  }
  *p = 0;
}

/* ---- from the file ---- */

static bool unusable(struct sqlerr *e, const struct type *t, const char *text) {
  return sqlerr_set(e, 50001, 16, 1,
                    "The fixture holds '%.80s', which is no %s.",
                    text ? text : "", type_name(t));
}

/* char(n) and binary(n) come padded; the file need not say so. */
static void pad(struct value *v, const struct type *t, struct arena *a) {
  size_t have = v->u.s.n, want = (size_t)t->len, chars;
  char *p;
  if (v->null || t->len <= 0) return;
  if (t->id == T_BINARY || t->id == T_ROWVERSION)
    chars = have;
  else if (t->id == T_NCHAR)
    chars = text_utf16_units(v->u.s.p, have);
  else
    chars = page_bytes(v->u.s.p, have, t->coll);
  if (chars >= want) return;
  p = arena_raw(a, have + want - chars);
  if (have) memcpy(p, v->u.s.p, have);
  memset(p + have, t->id == T_BINARY || t->id == T_ROWVERSION ? 0 : ' ',
         want - chars);
  v->u.s.p = p;
  v->u.s.n = have + want - chars;
}

static bool load_number(struct value *v, sqlite3_stmt *row, int col,
                        const struct type *t, struct sqlerr *e) {
  int kind = sqlite3_column_type(row, col);
  const char *text;
  int scale = 0;
  if (type_is_integer(t->id)) {
    v->u.i = sqlite3_column_int64(row, col);
    return true;
  }
  if (t->id == T_FLOAT || t->id == T_REAL) {
    v->u.f = sqlite3_column_double(row, col);
    return true;
  }
  v->scale = t->scale;
  if (kind == SQLITE_INTEGER) {
    v->u.dec = (i128)sqlite3_column_int64(row, col);
  } else if (kind == SQLITE_FLOAT) {
    if (!dec_from_double(sqlite3_column_double(row, col), t->scale, &v->u.dec))
      return unusable(e, t, (const char *)sqlite3_column_text(row, col));
    return true;
  } else {
    text = (const char *)sqlite3_column_text(row, col);
    if (!dec_parse(text, (size_t)sqlite3_column_bytes(row, col), true,
                   &v->u.dec, &scale))
      return unusable(e, t, text);
  }
  if (!dec_rescale(&v->u.dec, scale, t->scale))
    return unusable(e, t, (const char *)sqlite3_column_text(row, col));
  return true;
}

/* Text "type:value" of a sql_variant column names the inner type; anything
** else is taken by its SQLite type. */
static bool load_variant(struct value *v, sqlite3_stmt *row, int col,
                         struct arena *a, struct sqlerr *e) {
  struct type inner = type_of(T_NVARCHAR), *kept;
  const char *text, *colon;
  struct value plain;
  struct session_format fmt = {ORDER_YMD, NULL, false};
  size_t n;
  switch (sqlite3_column_type(row, col)) {
  case SQLITE_INTEGER:
    v->u.i = sqlite3_column_int64(row, col);
    inner = type_of(v->u.i == (int32_t)v->u.i ? T_INT : T_BIGINT);
    break;
  case SQLITE_FLOAT:
    inner = type_of(T_FLOAT);
    v->u.f = sqlite3_column_double(row, col);
    break;
  case SQLITE_BLOB:
    n = (size_t)sqlite3_column_bytes(row, col);
    inner = type_string(T_VARBINARY, (int64_t)n, 0);
    v->u.s.p = sqlite3_column_blob(row, col);
    v->u.s.n = n;
    break;
  default:
    text = (const char *)sqlite3_column_text(row, col);
    n = (size_t)sqlite3_column_bytes(row, col);
    colon = memchr(text, ':', n);
    if (colon &&
        type_parse(&inner, arena_text(a, text, (size_t)(colon - text)), 0, a)) {
      struct type as = inner;
      size_t len = n - (size_t)(colon + 1 - text);
      plain = value_text(T_VARCHAR, colon + 1, len);
      if (type_is_string(as.id) || type_is_binary(as.id))
        if (as.len == 1) as.len = inner.len = (int32_t)(len ? len : 1);
      if (!convert(v, &plain, &as, type_is_binary(as.id) ? 1 : -1, &fmt, a, e))
        return false;
    } else {
      inner = type_string(T_NVARCHAR, (int64_t)text_utf16_units(text, n), 0);
      v->u.s.p = text;
      v->u.s.n = n;
    }
  }
  kept = arena_dup(a, &inner, sizeof inner);
  v->id = kept->id;
  v->inner = kept;
  return true;
}

/* A blob where SQL Server has no blob: its bytes travel as they are, except
** that whole UTF-16 units in an n-type are text to compare as well. */
static void load_raw(struct value *v, sqlite3_stmt *row, int col,
                     const struct type *t, struct arena *a) {
  size_t n = (size_t)sqlite3_column_bytes(row, col);
  const uint8_t *p = sqlite3_column_blob(row, col);
  v->u.s.p = (const char *)p;
  v->u.s.n = n;
  if (type_is_unicode(t->id) && n % 2 == 0)
    v->u.s.p = text_from_utf16(a, p, n, &v->u.s.n);
  else
    v->raw = true;
}

bool value_load(struct value *v, sqlite3_stmt *row, int col,
                const struct type *t, struct arena *a, struct sqlerr *e) {
  static const struct date_style iso = {ORDER_YMD, NULL, false};
  int kind = sqlite3_column_type(row, col);
  int has;
  v->id = t->id;
  v->scale = 0;
  v->null = kind == SQLITE_NULL;
  v->raw = false;
  v->inner = NULL;
  if (v->null) return true;
  if (kind == SQLITE_BLOB && !type_is_binary(t->id) && t->id != T_VARIANT) {
    load_raw(v, row, col, t, a);
    return true;
  }
  if (type_is_number(t->id)) return load_number(v, row, col, t, e);
  if (t->id == T_VARIANT) return load_variant(v, row, col, a, e);
  v->u.s.p = type_is_binary(t->id)
                 ? sqlite3_column_blob(row, col)
                 : (const char *)sqlite3_column_text(row, col);
  v->u.s.n = (size_t)sqlite3_column_bytes(row, col);
  if (type_is_date(t->id)) {
    const char *text = v->u.s.p;
    has = date_parse(text, v->u.s.n, &iso, &v->u.w);
    if (has <= 0) return unusable(e, t, text);
    v->scale = t->scale;
    if (t->id == T_DATETIME) datetime_round(&v->u.w);
    return true;
  }
  if (t->id == T_GUID) {
    const char *text = v->u.s.p;
    uint8_t guid[16];
    if (!guid_parse(text, v->u.s.n, guid)) return unusable(e, t, text);
    memcpy(v->u.guid, guid, 16);
    return true;
  }
  if (t->id == T_CHAR || t->id == T_NCHAR || t->id == T_BINARY ||
      t->id == T_ROWVERSION)
    pad(v, t, a);
  return true;
}

/* ---- to the file ---- */

char *value_string(const struct value *v, struct arena *a) {
  struct type to = type_string(T_NVARCHAR, TYPE_MAX, 0);
  struct value out;
  struct sqlerr e = {0};
  struct session_format fmt = {ORDER_YMD, NULL, false};
  int style = v->id == T_FLOAT || v->id == T_REAL         ? 3
              : v->id == T_MONEY || v->id == T_SMALLMONEY ? 2
              : type_is_date(v->id)                       ? 121
                                                          : -1;
  if (v->null) return NULL;
  if (type_is_string(v->id) || type_is_binary(v->id))
    return arena_text(a, v->u.s.p, v->u.s.n);
  if (!convert(&out, v, &to, style, &fmt, a, &e)) return NULL;
  return arena_text(a, out.u.s.p, out.u.s.n);
}

int value_bind(sqlite3_stmt *stmt, int at, const struct value *v) {
  struct arena a = {0};
  int rc;
  if (v->null) return sqlite3_bind_null(stmt, at);
  if (type_is_integer(v->id)) return sqlite3_bind_int64(stmt, at, v->u.i);
  if (v->id == T_FLOAT || v->id == T_REAL)
    return sqlite3_bind_double(stmt, at, v->u.f);
  if (type_is_binary(v->id) || v->raw)
    return sqlite3_bind_blob64(stmt, at, v->u.s.n ? v->u.s.p : "", v->u.s.n,
                               SQLITE_TRANSIENT);
  if (type_is_string(v->id))
    return sqlite3_bind_text64(stmt, at, v->u.s.p, v->u.s.n, SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  rc = sqlite3_bind_text(stmt, at, value_string(v, &a), -1, SQLITE_TRANSIENT);
  arena_clear(&a);
  return rc;
}

void value_copy(struct value *v, struct arena *a) {
  if (v->null) return;
  if (type_is_string(v->id) || type_is_binary(v->id) || v->raw)
    v->u.s.p = arena_dup(a, v->u.s.p, v->u.s.n);
  if (v->inner) v->inner = arena_dup(a, v->inner, sizeof *v->inner);
}

/* ---- order ---- */

static int compare_when(const struct when *a, const struct when *b) {
  if (a->days != b->days) return a->days < b->days ? -1 : 1;
  return a->ticks < b->ticks ? -1 : a->ticks > b->ticks;
}

static int compare_guid(const uint8_t *a, const uint8_t *b) {
  /* SQL Server compares the last group first. */
  static const uint8_t order[16] = {10, 11, 12, 13, 14, 15, 8, 9,
                                    6,  7,  4,  5,  0,  1,  2, 3};
  for (unsigned i = 0; i < 16; i++)
    if (a[order[i]] != b[order[i]]) return a[order[i]] < b[order[i]] ? -1 : 1;
  return 0;
}

static int compare_bytes(const struct value *a, const struct value *b) {
  size_t n = a->u.s.n < b->u.s.n ? a->u.s.n : b->u.s.n;
  int c = n ? memcmp(a->u.s.p, b->u.s.p, n) : 0;
  const struct value *rest = a->u.s.n > n ? a : b;
  if (c) return c;
  for (size_t i = n; i < rest->u.s.n; i++) /* zeros pad the shorter one */
    if (rest->u.s.p[i]) return rest == a ? 1 : -1;
  return 0;
}

int value_compare(const struct value *a, const struct value *b, unsigned coll) {
  struct when x, y;
  if (a->raw || b->raw) return 1;
  if (a->id != b->id && !(type_is_string(a->id) && type_is_string(b->id)) &&
      !(type_is_integer(a->id) && type_is_integer(b->id)) &&
      !(type_is_exact(a->id) && type_is_exact(b->id)) &&
      !(type_is_binary(a->id) && type_is_binary(b->id)))
    return type_rank(a->id) < type_rank(b->id) ? -1 : 1;
  if (type_is_integer(a->id)) return a->u.i < b->u.i ? -1 : a->u.i > b->u.i;
  if (type_is_exact(a->id))
    return dec_compare(a->u.dec, a->scale, b->u.dec, b->scale);
  if (a->id == T_FLOAT || a->id == T_REAL)
    return a->u.f < b->u.f ? -1 : a->u.f > b->u.f;
  if (a->id == T_DATETIMEOFFSET) {
    x = date_utc(&a->u.w);
    y = date_utc(&b->u.w);
    return compare_when(&x, &y);
  }
  if (type_is_date(a->id)) return compare_when(&a->u.w, &b->u.w);
  if (a->id == T_GUID) return compare_guid(a->u.guid, b->u.guid);
  if (type_is_binary(a->id)) return compare_bytes(a, b);
  return text_compare(a->u.s.p, a->u.s.n, b->u.s.p, b->u.s.n, coll);
}
