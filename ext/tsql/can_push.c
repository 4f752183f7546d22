/*
** Which conditions may go to the server.
*/
#include "tsql/can_push.h"

/* https://sqlite.org/datatype3.html, 3.1: the first rule that fits. */
char where_affinity(const char *decl) {
  static const struct {
    const char *like;
    char affinity;
  } rules[] = {{"%INT%", 'I'},  {"%CHAR%", 'T'}, {"%CLOB%", 'T'},
               {"%TEXT%", 'T'}, {"%BLOB%", 'B'}, {"%REAL%", 'R'},
               {"%FLOA%", 'R'}, {"%DOUB%", 'R'}, {"", 'B'}};
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
    if (sqlite3_strlike(rules[i].like, decl, 0) == 0) return rules[i].affinity;
  }
  return 'N';
}

int can_push_null(const struct where_column *c) {
  enum remote_type t = c->type;
  if (t == REMOTE_UNKNOWN || t == REMOTE_VARIANT ||
      t == REMOTE_DATETIMEOFFSET) {
    return 0;
  }
  switch (c->kind) {
  case KIND_RAW:
    return 1;
  case KIND_INTEGER:
    return is_whole_type(t);
  case KIND_DECIMAL:
    return is_whole_type(t) || is_decimal_type(t);
  case KIND_REAL:
    return is_whole_type(t) || is_decimal_type(t) || is_float_type(t);
  case KIND_BOOLEAN:
    return t == REMOTE_BIT;
  case KIND_STRING:
  case KIND_TEXT:
    return t != REMOTE_STRING && t != REMOTE_LONGTEXT;
  case KIND_DATE:
  case KIND_DATETIME:
    return is_date_type(t);
  case KIND_TIME:
    return t == REMOTE_TIME || (is_date_type(t) && t != REMOTE_DATE);
  case KIND_BLOB:
    return t == REMOTE_BINARY || t == REMOTE_IMAGE || t == REMOTE_UDT;
  case KIND_GUID:
    return t == REMOTE_GUID;
  default:
    return 0;
  }
}

static int can_push_comparison(const struct where_column *c, enum where_op op) {
  enum remote_type t = c->type;
  if (is_whole_type(t) || is_decimal_type(t) || is_float_type(t)) {
    if (is_text_kind(c->kind)) return op == WHERE_EQ;
    /* A TEXT column compares its numbers as texts. */
    return c->affinity != 'T' &&
           (c->kind == KIND_RAW || c->kind == KIND_INTEGER ||
            c->kind == KIND_DECIMAL || c->kind == KIND_BOOLEAN ||
            c->kind == KIND_REAL);
  }
  if (is_date_type(t) || t == REMOTE_DATETIMEOFFSET) {
    return c->kind != KIND_TIME;
  }
  if (t == REMOTE_TIME) return 1;
  if (op != WHERE_EQ) return 0;
  if (t == REMOTE_STRING) {
    return is_text_kind(c->kind) || c->kind == KIND_RAW ||
           c->kind == KIND_DATE || c->kind == KIND_INTEGER;
  }
  if (t == REMOTE_GUID) return c->kind != KIND_BLOB;
  return t == REMOTE_BINARY && (c->kind == KIND_RAW || c->kind == KIND_BLOB);
}

int can_push(const struct where_column *c, enum where_op op) {
  if (op == WHERE_NOTNULL) return c->type != REMOTE_UNKNOWN;
  if (op == WHERE_ISNULL) {
    return can_push_null(c) ||
           (c->type == REMOTE_STRING && is_text_kind(c->kind));
  }
  return can_push_comparison(c, op);
}

int tsql_sorts_alike(const struct where_column *c) {
  if (!can_push_null(c)) return 0;
  if (is_whole_type(c->type)) {
    return c->affinity != 'T' &&
           (c->kind == KIND_RAW || c->kind == KIND_INTEGER ||
            c->kind == KIND_DECIMAL || c->kind == KIND_BOOLEAN);
  }
  if (is_decimal_type(c->type)) {
    return c->affinity != 'T' && decimal_is_number(c) &&
           (c->kind == KIND_RAW || c->kind == KIND_DECIMAL);
  }
  if (is_date_type(c->type) && !c->own_order) {
    return c->kind == KIND_RAW || c->kind == KIND_STRING ||
           c->kind == KIND_TEXT || c->kind == KIND_DATETIME ||
           (c->kind == KIND_DATE && c->type == REMOTE_DATE);
  }
  return 0;
}
