/* SQL Server's data types: see type.h. */
#include "type.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collate.h"

/* rank: "Data type precedence" of the T-SQL reference, higher wins.
** sysid: sys.types.system_type_id. */
static const struct fact {
  const char *name;
  int rank, sysid, bytes, prec, scale;
} facts[T_COUNT] = {
    [T_NONE] = {"int", 0, 56, 4, 10, 0},
    [T_BIT] = {"bit", 10, 104, 1, 1, 0},
    [T_TINYINT] = {"tinyint", 11, 48, 1, 3, 0},
    [T_SMALLINT] = {"smallint", 12, 52, 2, 5, 0},
    [T_INT] = {"int", 13, 56, 4, 10, 0},
    [T_BIGINT] = {"bigint", 14, 127, 8, 19, 0},
    [T_SMALLMONEY] = {"smallmoney", 15, 122, 4, 10, 4},
    [T_MONEY] = {"money", 16, 60, 8, 19, 4},
    [T_DECIMAL] = {"decimal", 17, 106, 9, 18, 0},
    [T_REAL] = {"real", 18, 59, 4, 24, 0},
    [T_FLOAT] = {"float", 19, 62, 8, 53, 0},
    [T_TIME] = {"time", 20, 41, 5, 16, 7},
    [T_DATE] = {"date", 21, 40, 3, 10, 0},
    [T_SMALLDATETIME] = {"smalldatetime", 22, 58, 4, 16, 0},
    [T_DATETIME] = {"datetime", 23, 61, 8, 23, 3},
    [T_DATETIME2] = {"datetime2", 24, 42, 8, 27, 7},
    [T_DATETIMEOFFSET] = {"datetimeoffset", 25, 43, 10, 34, 7},
    [T_XML] = {"xml", 26, 241, -1, 0, 0},
    [T_VARIANT] = {"sql_variant", 27, 98, 8016, 0, 0},
    [T_UDT] = {"hierarchyid", 28, 240, 892, 0, 0},
    [T_NTEXT] = {"ntext", 9, 99, 16, 0, 0},
    [T_TEXT] = {"text", 8, 35, 16, 0, 0},
    [T_IMAGE] = {"image", 7, 34, 16, 0, 0},
    [T_ROWVERSION] = {"timestamp", 6, 189, 8, 0, 0},
    [T_GUID] = {"uniqueidentifier", 5, 36, 16, 0, 0},
    [T_NVARCHAR] = {"nvarchar", 4, 231, 0, 0, 0},
    [T_NCHAR] = {"nchar", 4, 239, 0, 0, 0},
    [T_VARCHAR] = {"varchar", 3, 167, 0, 0, 0},
    [T_CHAR] = {"char", 3, 175, 0, 0, 0},
    [T_VARBINARY] = {"varbinary", 2, 165, 0, 0, 0},
    [T_BINARY] = {"binary", 1, 173, 0, 0, 0},
};

const char *const type_clr_names[] = {"hierarchyid", "geometry", "geography"};

/* Other spellings of the same types. */
static const struct {
  const char *name;
  enum type_id id;
} aliases[] = {
    {"numeric", T_DECIMAL}, {"dec", T_DECIMAL},
    {"integer", T_INT},     {"rowversion", T_ROWVERSION},
    {"hierarchyid", T_UDT}, {"geometry", T_UDT},
    {"geography", T_UDT},   {"sysname", T_NVARCHAR},
    {"character", T_CHAR},  {"double precision", T_FLOAT},
};

bool type_is_string(unsigned id) {
  return id >= T_CHAR && id <= T_XML;
}

bool type_is_unicode(unsigned id) {
  return id == T_NCHAR || id == T_NVARCHAR || id == T_NTEXT || id == T_XML;
}

bool type_is_binary(unsigned id) {
  return id >= T_BINARY && id <= T_UDT;
}
bool type_is_integer(unsigned id) {
  return id >= T_BIT && id <= T_BIGINT;
}

bool type_is_exact(unsigned id) {
  return id >= T_DECIMAL && id <= T_SMALLMONEY;
}

bool type_is_number(unsigned id) {
  return id >= T_BIT && id <= T_SMALLMONEY;
}

bool type_is_date(unsigned id) {
  return id >= T_DATE && id <= T_DATETIMEOFFSET;
}

bool type_is_lob(unsigned id) {
  return id == T_TEXT || id == T_NTEXT || id == T_IMAGE;
}

bool type_has_length(unsigned id) {
  return (id >= T_CHAR && id <= T_NVARCHAR) || id == T_BINARY ||
         id == T_VARBINARY;
}

int type_rank(unsigned id) {
  return facts[id].rank;
}

bool type_find(const char *name, enum type_id *id) {
  for (unsigned i = 1; i < T_COUNT; i++)
    if (i != T_UDT && strcasecmp(facts[i].name, name) == 0) {
      *id = i;
      return true;
    }
  for (unsigned i = 0; i < sizeof aliases / sizeof *aliases; i++)
    if (strcasecmp(aliases[i].name, name) == 0) {
      *id = aliases[i].id;
      return true;
    }
  return false;
}

struct type type_of(enum type_id id) {
  struct type t = {.id = (uint8_t)id};
  t.prec = (uint8_t)facts[id].prec;
  t.scale = (uint8_t)facts[id].scale;
  t.len = facts[id].bytes;
  if (id == T_TEXT || id == T_NTEXT || id == T_IMAGE || id == T_XML)
    t.len = TYPE_MAX;
  if (type_has_length(id)) t.len = 1;
  return t;
}

struct type type_decimal(int prec, int scale) {
  struct type t = type_of(T_DECIMAL);
  t.prec = (uint8_t)(prec < 1 ? 1 : prec > 38 ? 38 : prec);
  t.scale = (uint8_t)(scale < 0 ? 0 : scale > t.prec ? t.prec : scale);
  return t;
}

struct type type_string(enum type_id id, int64_t len, unsigned coll) {
  struct type t = type_of(id);
  int64_t most = type_is_unicode(id) ? 4000 : 8000;
  if (len == 0) len = 1;
  t.len = (int32_t)(len < 0 || len > most ? TYPE_MAX : len);
  t.coll = (uint16_t)coll;
  return t;
}

const char *type_name(const struct type *t) {
  if (t->id == T_UDT && t->udt) return t->udt;
  if (t->id == T_DECIMAL && t->numeric) return "numeric";
  return facts[t->id].name;
}

/* The fraction digits of times; of other types a decimal alone has a scale. */
static bool has_time_scale(unsigned id) {
  return id == T_TIME || id == T_DATETIME2 || id == T_DATETIMEOFFSET;
}

char *type_text(const struct type *t, struct arena *a) {
  const char *name = type_name(t);
  if (t->id == T_DECIMAL)
    return arena_format(a, "%s(%d,%d)", name, t->prec, t->scale);
  if (has_time_scale(t->id)) return arena_format(a, "%s(%d)", name, t->scale);
  if (!type_has_length(t->id)) return arena_format(a, "%s", name);
  if (t->len == TYPE_MAX) return arena_format(a, "%s(max)", name);
  return arena_format(a, "%s(%d)", name, (int)t->len);
}

int type_max_length(const struct type *t) {
  int n = t->len;
  switch (t->id) {
  case T_NCHAR:
  case T_NVARCHAR:
    return n == TYPE_MAX ? -1 : 2 * n;
  case T_CHAR:
  case T_VARCHAR:
  case T_BINARY:
  case T_VARBINARY:
    return n;
  case T_DECIMAL:
    return t->prec < 10 ? 5 : t->prec < 20 ? 9 : t->prec < 29 ? 13 : 17;
  case T_TIME:
    return t->scale < 3 ? 3 : t->scale < 5 ? 4 : 5;
  case T_DATETIME2:
    return t->scale < 3 ? 6 : t->scale < 5 ? 7 : 8;
  case T_DATETIMEOFFSET:
    return t->scale < 3 ? 8 : t->scale < 5 ? 9 : 10;
  default:
    return facts[t->id].bytes;
  }
}

int type_precision(const struct type *t) {
  int dot = t->scale ? t->scale + 1 : 0;
  switch (t->id) {
  case T_DECIMAL:
    return t->prec;
  case T_TIME:
    return 8 + dot;
  case T_DATETIME2:
    return 19 + dot;
  case T_DATETIMEOFFSET:
    return 26 + dot;
  default:
    return facts[t->id].prec;
  }
}

int type_scale(const struct type *t) {
  if (t->id == T_DECIMAL || has_time_scale(t->id)) return t->scale;
  return facts[t->id].scale;
}

int type_system_id(const struct type *t) {
  if (t->id == T_DECIMAL && t->numeric) return 108;
  return facts[t->id].sysid;
}

/* Reads "(18,4)", "(max)" at *p; returns how many numbers there were. */
static int read_args(const char **p, int args[2]) {
  const char *s = *p;
  int n = 0;
  while (*s == ' ') s++;
  if (*s != '(') return 0;
  s++;
  while (*s && *s != ')') {
    while (*s == ' ' || *s == ',') s++;
    /* SQLite's grammar takes numbers only, so -1 says max as well */
    if (strncasecmp(s, "max", 3) == 0 || strncmp(s, "-1", 2) == 0) {
      if (n < 2) args[n++] = TYPE_MAX;
      s += *s == '-' ? 2 : 3;
    } else if (isdigit((unsigned char)*s)) {
      long v = strtol(s, NULL, 10);
      while (isdigit((unsigned char)*s)) s++;
      if (n < 2) args[n++] = v > 100000 ? 100000 : (int)v;
    } else if (*s && *s != ')') {
      return -1;
    }
    while (*s == ' ') s++;
  }
  if (*s != ')') return -1;
  *p = s + 1;
  return n;
}

static bool trailing_words(struct type *t, const char *p) {
  static const struct {
    const char *word;
    enum beside beside;
    bool notnull;
  } words[] = {
      {"not null", BESIDE_NOTHING, true},      {"null", BESIDE_NOTHING, false},
      {"text", BESIDE_NOTHING, false},         {"blob", BESIDE_NOTHING, false},
      {"hidden", BESIDE_HIDDEN, false},        {"sparse", BESIDE_SPARSE, false},
      {"column_set", BESIDE_COLUMN_SET, false}};
  for (;;) {
    size_t i = 0, n = 0;
    while (*p == ' ') p++;
    if (!*p) return true;
    for (; i < sizeof words / sizeof *words; i++) {
      n = strlen(words[i].word);
      if (strncasecmp(p, words[i].word, n) == 0 && (!p[n] || p[n] == ' '))
        break;
    }
    if (i == sizeof words / sizeof *words) return false;
    if (words[i].beside) t->beside = (uint8_t)words[i].beside;
    t->notnull |= words[i].notnull;
    p += n;
  }
}

/* The numbers in parentheses, of which there are `count`. */
static bool take_args(struct type *t, const int args[2], int count) {
  if (t->id == T_DECIMAL) {
    if (count > 0) t->prec = (uint8_t)args[0];
    t->scale = count > 1 ? (uint8_t)args[1] : 0;
    return t->prec >= 1 && t->prec <= 38 && t->scale <= t->prec;
  }
  if (has_time_scale(t->id)) {
    if (count > 0) t->scale = (uint8_t)args[0];
    return t->scale <= 7;
  }
  if (type_has_length(t->id)) {
    if (count > 0) t->len = args[0];
    return t->len != 0 && t->len <= (type_is_unicode(t->id) ? 4000 : 8000);
  }
  if (t->id == T_FLOAT && count > 0 && args[0] <= 24) *t = type_of(T_REAL);
  return true;
}

/* "varying", behind char and the like. */
static enum type_id take_varying(const char **at, enum type_id id) {
  const char *p = *at;
  while (*p == ' ') p++;
  if (strncasecmp(p, "varying", 7) != 0) return id;
  *at = p + 7;
  return id == T_CHAR ? T_VARCHAR : id == T_NCHAR ? T_NVARCHAR : T_VARBINARY;
}

static bool take_collation(const char **at, struct type *t) {
  const char *p = *at;
  char name[128];
  size_t n = 0;
  if (strncasecmp(p, "collate ", 8) != 0) return true;
  p += 8;
  while (*p == ' ') p++;
  while (*p && *p != ' ' && n + 1 < sizeof name) name[n++] = *p++;
  name[n] = 0;
  while (*p == ' ') p++;
  *at = p;
  return collation_parse(name, &t->coll);
}

bool type_parse(struct type *t, const char *decl, unsigned coll,
                struct arena *a) {
  char word[64];
  size_t n = 0;
  const char *p = decl;
  enum type_id id = T_NONE;
  int args[2] = {0, 0}, count;
  while (*p == ' ' || *p == '[') p++;
  if (strncasecmp(p, "sys.", 4) == 0) p += 4;
  while (*p && (isalnum((unsigned char)*p) || *p == '_') && n + 1 < sizeof word)
    word[n++] = *p++;
  word[n] = 0;
  if (*p == ']') p++;
  if (n == 0 || !type_find(word, &id)) return false;
  if (strcasecmp(word, "char") == 0 || strcasecmp(word, "character") == 0 ||
      strcasecmp(word, "nchar") == 0 || strcasecmp(word, "binary") == 0)
    id = take_varying(&p, id);
  *t = type_of(id);
  count = read_args(&p, args);
  if (count < 0) return false;
  if (id == T_DECIMAL) t->numeric = strcasecmp(word, "numeric") == 0;
  if (strcasecmp(word, "sysname") == 0) {
    t->len = 128;
    t->notnull = true;
    t->udt = "sysname";
    count = 0;
  }
  if (!take_args(t, args, count)) return false;
  if (id == T_UDT) {
    t->udt = arena_text(a, word, n);
    if (strcasecmp(word, "hierarchyid") != 0) t->len = TYPE_MAX;
  }
  if (type_is_string(id)) t->coll = (uint16_t)coll;
  while (*p == ' ') p++;
  if (!take_collation(&p, t)) return false;
  return trailing_words(t, p);
}

/* Digits that a number needs as a decimal. */
static struct type as_decimal(const struct type *t) {
  if (t->id == T_DECIMAL) return *t;
  return type_decimal(facts[t->id].prec, facts[t->id].scale);
}

/* The decimal with room for the digits of both on each side of the point. */
static struct type merge_decimals(const struct type *a, const struct type *b) {
  struct type x = as_decimal(a), y = as_decimal(b);
  int scale = x.scale > y.scale ? x.scale : y.scale;
  int xi = x.prec - x.scale, yi = y.prec - y.scale;
  int whole = xi > yi ? xi : yi;
  if (whole + scale > 38) scale = whole > 38 ? 0 : 38 - whole;
  return type_decimal(whole + scale, scale);
}

/* Two types of characters, or of bytes, of which hi has the higher rank. */
static void merge_lengths(struct type *t, const struct type *hi,
                          const struct type *lo) {
  bool uni = type_is_unicode(hi->id) || type_is_unicode(lo->id);
  if (hi->id >= T_CHAR && hi->id <= T_NVARCHAR) {
    bool both_fixed = (hi->id == T_CHAR || hi->id == T_NCHAR) &&
                      (lo->id == T_CHAR || lo->id == T_NCHAR);
    if (!both_fixed || hi->len != lo->len)
      t->id = uni ? T_NVARCHAR : (uint8_t)T_VARCHAR;
  }
  if (hi->id == T_BINARY && lo->id == T_VARBINARY) t->id = T_VARBINARY;
  if (hi->len == TYPE_MAX || lo->len == TYPE_MAX)
    t->len = TYPE_MAX;
  else
    t->len = hi->len > lo->len ? hi->len : lo->len;
}

struct type type_merge(const struct type *a, const struct type *b) {
  const struct type *hi = type_rank(a->id) >= type_rank(b->id) ? a : b;
  const struct type *lo = hi == a ? b : a;
  struct type t = *hi;
  if (a->id == T_NONE || b->id == T_NONE) {
    t = a->id == T_NONE ? *b : *a;
    t.notnull = false;
    return t;
  }
  if (hi->id == T_DECIMAL &&
      (type_is_integer(lo->id) || type_is_exact(lo->id))) {
    t = merge_decimals(hi, lo);
    t.numeric = hi->numeric;
  }
  t.notnull = a->notnull && b->notnull;
  if (hi->id == lo->id && hi->scale < lo->scale && type_is_date(hi->id))
    t.scale = lo->scale;
  if ((type_is_string(hi->id) && type_is_string(lo->id)) ||
      (type_is_binary(hi->id) && type_is_binary(lo->id)))
    merge_lengths(&t, hi, lo);
  return t;
}
