/* T-SQL's scalar functions over values: strings, NULL handling, numbers. */
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine.h"

/* ---- what they return ---- */

static struct type as_string(struct engine *en, struct node *n, unsigned i) {
  struct type t = n->arg[i]->type;
  if (t.id == T_XML || !type_is_string(t.id)) {
    n->arg[i] = bind_cast(en, n->arg[i],
                          type_string(T_NVARCHAR, 4000, en->s->srv->coll));
    t = n->arg[i]->type;
  }
  if (t.id == T_CHAR || t.id == T_TEXT) t.id = T_VARCHAR;
  if (t.id == T_NCHAR || t.id == T_NTEXT) t.id = T_NVARCHAR;
  t.notnull = false;
  return t;
}

static bool to_string(struct engine *en, struct node *n) {
  n->type = as_string(en, n, 0);
  return true;
}

static bool to_int(struct engine *en, struct node *n) {
  (void)en;
  n->type = type_of(T_INT);
  if (n->argc && n->arg[0]->type.len == TYPE_MAX) n->type = type_of(T_BIGINT);
  return true;
}

/* Arguments from 1 on are counts. */
static void ints_from(struct engine *en, struct node *n, unsigned i) {
  for (; i < n->argc; i++)
    n->arg[i] = bind_cast(en, n->arg[i], type_of(T_BIGINT));
}

static bool to_part(struct engine *en, struct node *n) {
  n->type = as_string(en, n, 0);
  ints_from(en, n, 1);
  return true;
}

static bool to_whole(struct engine *en, struct node *n) { /* may grow */
  n->type = as_string(en, n, 0);
  for (unsigned i = 1; i < n->argc; i++) {
    struct type t = as_string(en, n, i);
    if (type_is_unicode(t.id)) n->type.id = T_NVARCHAR;
  }
  if (n->type.len != TYPE_MAX)
    n->type.len = n->type.id == T_NVARCHAR ? 4000 : 8000;
  return true;
}

static bool to_first(struct engine *en, struct node *n) { /* ISNULL, NULLIF */
  struct node *a = n->arg[0], *b = n->arg[1];
  n->type = a->type;
  if (a->type.id == T_NONE) {
    n->type = b->type.id == T_NONE ? type_of(T_INT) : b->type;
    n->arg[0] = bind_cast(en, a, n->type);
  }
  n->coll_rank = a->coll_rank;
  if (strcasecmp(n->name, "ISNULL") == 0) {
    n->arg[1] = bind_cast(en, b, n->type);
    n->type.notnull = a->type.notnull || b->type.notnull;
  } else {
    /* compared in the higher type, returned as the first */
    struct type m = type_merge(&n->type, &b->type);
    if (!type_is_string(m.id)) n->arg[1] = bind_cast(en, b, m);
    n->type.notnull = false;
  }
  return true;
}

static bool to_number(struct engine *en, struct node *n) { /* ABS, ROUND */
  n->type = n->arg[0]->type;
  if (type_is_string(n->type.id)) n->type = type_of(T_FLOAT);
  if (n->type.id == T_TINYINT || n->type.id == T_SMALLINT ||
      n->type.id == T_BIT)
    n->type = type_of(T_INT);
  n->type.notnull = false;
  n->arg[0] = bind_cast(en, n->arg[0], n->type);
  ints_from(en, n, 1);
  return true;
}

static bool to_char1(struct engine *en, struct node *n) {
  bool wide = n->name[0] == 'N' || n->name[0] == 'n';
  n->type = type_string(wide ? T_NCHAR : T_CHAR, 1, en->s->srv->coll);
  ints_from(en, n, 0);
  return true;
}

static bool to_hash(struct engine *en, struct node *n) {
  (void)as_string(en, n, 0);
  if (!type_is_binary(n->arg[1]->type.id)) (void)as_string(en, n, 1);
  n->type = type_string(T_VARBINARY, 8000, 0);
  return true;
}

static bool to_variant(struct engine *en, struct node *n) {
  (void)en;
  n->type = type_of(T_VARIANT);
  return true;
}

/* ---- strings ---- */

static bool f_trim(const struct eval *ev, const struct node *n,
                   struct value *args, struct value *out) {
  const char *s = args[0].u.s.p, *set = " ";
  size_t len = args[0].u.s.n, set_len = 1, from = 0;
  bool left = strcasecmp(n->fn->name, "RTRIM") != 0;
  bool right = strcasecmp(n->fn->name, "LTRIM") != 0;
  (void)ev;
  if (n->argc > 1) {
    set = args[1].u.s.p;
    set_len = args[1].u.s.n;
  }
  while (left && from < len && memchr(set, s[from], set_len)) from++;
  while (right && len > from && memchr(set, s[len - 1], set_len)) len--;
  *out = value_text(n->type.id, s + from, len - from);
  return true;
}

static bool f_case(const struct eval *ev, const struct node *n,
                   struct value *args, struct value *out) {
  char *p = arena_raw(ev->a, args[0].u.s.n * 2 + 4);
  size_t at = 0;
  bool up = strcasecmp(n->fn->name, "UPPER") == 0;
  for (size_t i = 0; i < args[0].u.s.n;) {
    uint32_t cp = text_next(args[0].u.s.p, args[0].u.s.n, &i);
    at += text_put(p + at, up ? text_upper(cp) : text_fold(cp));
  }
  *out = value_text(n->type.id, p, at);
  return true;
}

static bool f_len(const struct eval *ev, const struct node *n,
                  struct value *args, struct value *out) {
  size_t len = args[0].u.s.n;
  struct type wide = type_string(T_NVARCHAR, TYPE_MAX, 0);
  (void)n;
  if (type_is_binary(args[0].id)) {
    out->u.i = (int64_t)len;
    return true;
  }
  if (!type_is_string(args[0].id)) {
    struct value s;
    if (!convert(&s, &args[0], &wide, -1, &ev->en->s->fmt, ev->a, ev->en->e))
      return false;
    args[0] = s;
    len = s.u.s.n;
  }
  while (len && args[0].u.s.p[len - 1] == ' ') len--; /* LEN ignores those */
  out->u.i = (int64_t)text_utf16_units(args[0].u.s.p, len);
  return true;
}

static bool f_datalength(const struct eval *ev, const struct node *n,
                         struct value *args, struct value *out) {
  const struct value *v = &args[0];
  struct type t = v->inner ? *v->inner : n->arg[0]->type;
  (void)ev;
  if (v->raw || type_is_binary(v->id))
    out->u.i = (int64_t)v->u.s.n;
  else if (type_is_unicode(v->id))
    out->u.i = 2 * (int64_t)text_utf16_units(v->u.s.p, v->u.s.n);
  else if (type_is_string(v->id))
    out->u.i = (int64_t)page_bytes(v->u.s.p, v->u.s.n, t.coll);
  else
    out->u.i = type_max_length(&t);
  return true;
}

static void cut(const struct node *n, const struct value *s, int64_t from,
                int64_t len, struct value *out) {
  size_t a, b;
  if (from < 0) {
    len += from;
    from = 0;
  }
  if (len < 0) len = 0;
  if (type_is_binary(s->id)) {
    size_t f = (uint64_t)from > s->u.s.n ? s->u.s.n : (size_t)from;
    size_t l = (uint64_t)len > s->u.s.n - f ? s->u.s.n - f : (size_t)len;
    *out = value_text(n->type.id, s->u.s.p + f, l);
    return;
  }
  a = text_offset(s->u.s.p, s->u.s.n, (size_t)from);
  b = a + text_offset(s->u.s.p + a, s->u.s.n - a, (size_t)len);
  *out = value_text(n->type.id, s->u.s.p + a, b - a);
}

static bool f_left(const struct eval *ev, const struct node *n,
                   struct value *args, struct value *out) {
  int64_t units = (int64_t)text_utf16_units(args[0].u.s.p, args[0].u.s.n);
  if (args[1].u.i < 0)
    return sqlerr_set(ev->en->e, 537, 16, 2,
                      "Invalid length parameter passed to the LEFT or "
                      "SUBSTRING function.");
  if (strcasecmp(n->fn->name, "RIGHT") == 0 && args[1].u.i < units)
    cut(n, &args[0], units - args[1].u.i, args[1].u.i, out);
  else
    cut(n, &args[0], 0, args[1].u.i, out);
  return true;
}

static bool f_substring(const struct eval *ev, const struct node *n,
                        struct value *args, struct value *out) {
  if (args[2].u.i < 0)
    return sqlerr_set(ev->en->e, 537, 16, 3,
                      "Invalid length parameter passed to the LEFT or "
                      "SUBSTRING function.");
  cut(n, &args[0], args[1].u.i - 1, args[2].u.i, out);
  return true;
}

static bool f_replace(const struct eval *ev, const struct node *n,
                      struct value *args, struct value *out) {
  struct buf b = {0};
  const char *s = args[0].u.s.p, *what = args[1].u.s.p;
  size_t len = args[0].u.s.n, wlen = args[1].u.s.n;
  bool fold = !(n->type.coll & (COLL_CS | COLL_BIN));
  for (size_t i = 0; i < len;) {
    if (wlen && i + wlen <= len &&
        (fold ? strncasecmp(s + i, what, wlen) : memcmp(s + i, what, wlen)) ==
            0) {
      buf_put(&b, args[2].u.s.p, args[2].u.s.n);
      i += wlen;
    } else {
      buf_u8(&b, (unsigned char)s[i++]);
    }
  }
  *out = value_text(n->type.id, arena_dup(ev->a, b.p, b.n), b.n);
  buf_clear(&b);
  return true;
}

static bool f_charindex(const struct eval *ev, const struct node *n,
                        struct value *args, struct value *out) {
  int64_t units = 0;
  const char *hay = args[1].u.s.p;
  size_t len = args[1].u.s.n, wlen = args[0].u.s.n;
  (void)ev;
  out->u.i = 0;
  for (size_t i = 0; wlen && i + wlen <= len;) {
    size_t k = i;
    units++;
    if ((n->argc < 3 || units >= args[2].u.i) &&
        strncasecmp(hay + i, args[0].u.s.p, wlen) == 0) {
      out->u.i = units;
      break;
    }
    if (text_next(hay, len, &k) >= 0x10000) units++;
    i = k;
  }
  return true;
}

static bool to_charindex(struct engine *en, struct node *n) {
  (void)as_string(en, n, 0);
  (void)as_string(en, n, 1);
  ints_from(en, n, 2);
  n->type = type_of(T_INT);
  return true;
}

static bool f_replicate(const struct eval *ev, const struct node *n,
                        struct value *args, struct value *out) {
  size_t len = args[0].u.s.n, times, most = 64u << 20;
  char *p;
  if (args[1].u.i < 0) {
    *out = value_null(n->type.id);
    return true;
  }
  if (n->type.len != TYPE_MAX) most = (size_t)n->type.len;
  times = (size_t)args[1].u.i;
  if (len && times > most / len) times = most / len;
  p = arena_raw(ev->a, len * times + 1);
  for (size_t i = 0; i < times; i++) memcpy(p + i * len, args[0].u.s.p, len);
  *out = value_text(n->type.id, p, len * times);
  return true;
}

static bool to_replicate(struct engine *en, struct node *n) {
  n->type = as_string(en, n, 0);
  if (n->type.len != TYPE_MAX)
    n->type.len = type_is_unicode(n->type.id) ? 4000 : 8000;
  ints_from(en, n, 1);
  return true;
}

static bool f_char(const struct eval *ev, const struct node *n,
                   struct value *args, struct value *out) {
  char *p = arena_raw(ev->a, 4);
  uint8_t byte = (uint8_t)args[0].u.i;
  size_t len;
  if (n->type.id == T_NCHAR) {
    *out = value_text(T_NCHAR, p, text_put(p, (uint32_t)args[0].u.i & 0xffff));
  } else {
    char *s = page_decode(ev->a, &byte, 1, n->type.coll, &len);
    *out = value_text(T_CHAR, s, len);
  }
  return true;
}

static bool f_unicode(const struct eval *ev, const struct node *n,
                      struct value *args, struct value *out) {
  size_t at = 0;
  (void)ev;
  if (args[0].u.s.n == 0) {
    *out = value_null(n->type.id);
    return true;
  }
  out->u.i = text_next(args[0].u.s.p, args[0].u.s.n, &at);
  return true;
}

static bool to_unicode(struct engine *en, struct node *n) {
  (void)as_string(en, n, 0);
  n->type = type_of(T_INT);
  return true;
}

/* ---- NULL ---- */

static bool f_isnull(const struct eval *ev, const struct node *n,
                     struct value *args, struct value *out) {
  (void)ev;
  (void)n;
  *out = args[0].null ? args[1] : args[0];
  return true;
}

static bool f_nullif(const struct eval *ev, const struct node *n,
                     struct value *args, struct value *out) {
  struct value a = args[0];
  *out = args[0];
  if (args[0].null || args[1].null) return true;
  if (args[1].id != a.id && !type_is_string(a.id) &&
      !convert(&a, &args[0], &n->arg[1]->type, -1, &ev->en->s->fmt, ev->a,
               ev->en->e))
    return false;
  if (compare_values(ev, &a, &args[1], n->type.coll) == 0)
    *out = value_null(n->type.id);
  return true;
}

static bool never(const struct eval *ev, const struct node *n,
                  struct value *args, struct value *out) {
  (void)ev; /* COALESCE and IIF: eval.c evaluates them lazily */
  (void)n;
  (void)args;
  (void)out;
  return false;
}

static bool to_iif(struct engine *en, struct node *n) {
  n->type = type_merge(&n->arg[1]->type, &n->arg[2]->type);
  n->arg[1] = bind_cast(en, n->arg[1], n->type);
  n->arg[2] = bind_cast(en, n->arg[2], n->type);
  return true;
}

/* ---- numbers ---- */

static bool f_abs(const struct eval *ev, const struct node *n,
                  struct value *args, struct value *out) {
  (void)ev;
  (void)n;
  *out = args[0];
  if (type_is_integer(out->id) && out->u.i < 0) out->u.i = -out->u.i;
  if (type_is_exact(out->id) && out->u.dec < 0) out->u.dec = -out->u.dec;
  if (out->id == T_FLOAT || out->id == T_REAL) out->u.f = fabs(out->u.f);
  return true;
}

static bool f_round(const struct eval *ev, const struct node *n,
                    struct value *args, struct value *out) {
  int places = n->argc > 1 ? (int)args[1].u.i : 0;
  (void)ev;
  *out = args[0];
  if (out->id == T_FLOAT || out->id == T_REAL) {
    double unit = pow(10, places);
    out->u.f = round(out->u.f * unit) / unit;
  } else if (type_is_exact(out->id) && places < out->scale) {
    i128 v = out->u.dec;
    (void)dec_rescale(&v, out->scale, places < 0 ? 0 : places);
    (void)dec_rescale(&v, places < 0 ? 0 : places, out->scale);
    out->u.dec = v;
  }
  return true;
}

/* ---- hashes ---- */

static bool f_hashbytes(const struct eval *ev, const struct node *n,
                        struct value *args, struct value *out) {
  char name[16] = "";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  struct buf b = {0};
  struct type t = n->arg[1]->type;
  const EVP_MD *md;
  memcpy(name, args[0].u.s.p, args[0].u.s.n < 15 ? args[0].u.s.n : 15);
  md = strcasecmp(name, "MD5") == 0        ? EVP_md5()
       : strcasecmp(name, "SHA") == 0      ? EVP_sha1()
       : strcasecmp(name, "SHA1") == 0     ? EVP_sha1()
       : strcasecmp(name, "SHA2_256") == 0 ? EVP_sha256()
       : strcasecmp(name, "SHA2_512") == 0 ? EVP_sha512()
                                           : NULL;
  if (!md) {
    *out = value_null(T_VARBINARY);
    return true;
  }
  if (type_is_unicode(t.id))
    text_to_utf16(&b, args[1].u.s.p, args[1].u.s.n);
  else if (type_is_string(t.id))
    page_encode(&b, args[1].u.s.p, args[1].u.s.n, t.coll);
  else
    buf_put(&b, args[1].u.s.p, args[1].u.s.n);
  EVP_Digest(b.p ? b.p : (const void *)"", b.n, digest, &size, md, NULL);
  buf_clear(&b);
  *out = value_text(T_VARBINARY, arena_dup(ev->a, digest, size), size);
  return true;
}

/* Not SQL Server's own numbers, but as stable and as sensitive: equal values
** hash alike. */
static bool f_checksum(const struct eval *ev, const struct node *n,
                       struct value *args, struct value *out) {
  uint32_t h = 0;
  for (unsigned i = 0; i < n->argc && i < 16; i++) {
    const char *s = value_string(&args[i], ev->a);
    h = h << 4 | h >> 28;
    for (size_t k = 0; s && s[k];) {
      size_t len = strlen(s);
      h = (h ^ text_fold(text_next(s, len, &k))) * 16777619u;
    }
    if (!s) h ^= 0x7fffffff;
  }
  out->u.i = (int32_t)h;
  return true;
}

static bool f_variant_property(const struct eval *ev, const struct node *n,
                               struct value *args, struct value *out) {
  const struct value *v = &args[0];
  struct type t = v->inner ? *v->inner : n->arg[0]->type;
  struct type *kept;
  char name[32] = "";
  struct value r = value_null(T_VARIANT);
  if (v->null || args[1].null) {
    *out = r;
    return true;
  }
  memcpy(name, args[1].u.s.p, args[1].u.s.n < 31 ? args[1].u.s.n : 31);
  kept = arena_alloc(ev->a, sizeof *kept);
  *kept = type_of(T_INT);
  r = value_int(T_INT, 0);
  if (strcasecmp(name, "BaseType") == 0) {
    *kept = type_string(T_NVARCHAR, 128, 0);
    r = value_str(arena_text(ev->a, type_name(&t), strlen(type_name(&t))));
  } else if (strcasecmp(name, "Collation") == 0) {
    if (!type_is_string(t.id)) {
      *out = value_null(T_VARIANT);
      return true;
    }
    *kept = type_string(T_NVARCHAR, 128, 0);
    r = value_str(collation_name(t.coll));
  } else if (strcasecmp(name, "Precision") == 0) {
    r.u.i = type_precision(&t);
  } else if (strcasecmp(name, "Scale") == 0) {
    r.u.i = type_scale(&t);
  } else if (strcasecmp(name, "MaxLength") == 0) {
    r.u.i = type_max_length(&t);
  } else if (strcasecmp(name, "TotalBytes") == 0) {
    r.u.i = type_max_length(&t) + 2;
  } else {
    *out = value_null(T_VARIANT);
    return true;
  }
  r.inner = kept;
  *out = r;
  return true;
}

static const struct function functions[] = {
    {"LTRIM", 1, 1, to_string, f_trim, false, false},
    {"RTRIM", 1, 1, to_string, f_trim, false, false},
    {"TRIM", 1, 2, to_string, f_trim, false, false},
    {"UPPER", 1, 1, to_string, f_case, false, false},
    {"LOWER", 1, 1, to_string, f_case, false, false},
    {"LEN", 1, 1, to_int, f_len, false, false},
    {"DATALENGTH", 1, 1, to_int, f_datalength, false, false},
    {"LEFT", 2, 2, to_part, f_left, false, false},
    {"RIGHT", 2, 2, to_part, f_left, false, false},
    {"SUBSTRING", 3, 3, to_part, f_substring, false, false},
    {"REPLACE", 3, 3, to_whole, f_replace, false, false},
    {"CHARINDEX", 2, 3, to_charindex, f_charindex, false, false},
    {"REPLICATE", 2, 2, to_replicate, f_replicate, false, false},
    {"CHAR", 1, 1, to_char1, f_char, false, false},
    {"NCHAR", 1, 1, to_char1, f_char, false, false},
    {"UNICODE", 1, 1, to_unicode, f_unicode, false, false},
    {"ASCII", 1, 1, to_unicode, f_unicode, false, false},
    {"ISNULL", 2, 2, to_first, f_isnull, false, true},
    {"NULLIF", 2, 2, to_first, f_nullif, false, true},
    {"COALESCE", 2, 64, NULL, never, false, true},
    {"IIF", 3, 3, to_iif, never, false, true},
    {"ABS", 1, 1, to_number, f_abs, false, false},
    {"ROUND", 2, 3, to_number, f_round, false, false},
    {"HASHBYTES", 2, 2, to_hash, f_hashbytes, false, false},
    {"CHECKSUM", 1, 16, to_int, f_checksum, false, true},
    {"BINARY_CHECKSUM", 1, 16, to_int, f_checksum, false, true},
    {"SQL_VARIANT_PROPERTY", 2, 2, to_variant, f_variant_property, false, true},
};

const struct function *function_find(const char *name) {
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (strcasecmp(functions[i].name, name) == 0) return &functions[i];
  for (unsigned i = 0; i < system_function_count; i++)
    if (strcasecmp(system_functions[i].name, name) == 0)
      return &system_functions[i];
  return NULL;
}
