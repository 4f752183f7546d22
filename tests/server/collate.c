/* Collations by their names: see collate.h. */
#include "collate.h"

#include <iconv.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

/* "Windows collation name" and "SQL Server collation name" of SQL Server's
** documentation; sort ids of [MS-TDS] for CS_AS, CI_AS and CI_AI. */
static const struct family {
  const char *name;
  uint16_t lcid, page;
  uint8_t sort[3];
} families[] = {
    {"SQL_Latin1_General_CP1", 0x0409, 1252, {51, 52, 54}},
    {"SQL_Latin1_General_CP1250", 0x0409, 1250, {81, 82, 0}},
    {"SQL_Latin1_General_CP1251", 0x0409, 1251, {105, 106, 0}},
    {"SQL_Latin1_General_CP1253", 0x0409, 1253, {113, 114, 124}},
    {"Latin1_General", 0x0409, 1252, {0}},
    {"Arabic", 0x0401, 1256, {0}},
    {"Chinese_PRC", 0x0804, 936, {0}},
    {"Chinese_Taiwan_Stroke", 0x0404, 950, {0}},
    {"Cyrillic_General", 0x0419, 1251, {0}},
    {"Czech", 0x0405, 1250, {0}},
    {"Danish_Norwegian", 0x0406, 1252, {0}},
    {"Finnish_Swedish", 0x040b, 1252, {0}},
    {"French", 0x040c, 1252, {0}},
    {"Greek", 0x0408, 1253, {0}},
    {"Hebrew", 0x040d, 1255, {0}},
    {"Hungarian", 0x040e, 1250, {0}},
    {"Japanese", 0x0411, 932, {0}},
    {"Korean_Wansung", 0x0412, 949, {0}},
    {"Lithuanian", 0x0427, 1257, {0}},
    {"Modern_Spanish", 0x0c0a, 1252, {0}},
    {"Polish", 0x0415, 1250, {0}},
    {"Romanian", 0x0418, 1250, {0}},
    {"Thai", 0x041e, 874, {0}},
    {"Turkish", 0x041f, 1254, {0}},
    {"Vietnamese", 0x042a, 1258, {0}},
};

struct collation {
  char name[96];
  const struct family *family;
  unsigned flags, version;
  bool kana, width; /* sensitive: _KS, _WS */
};

/* Those that were asked for by name; the first is there from the start. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct collation known[1024] = {
    {"SQL_Latin1_General_CP1_CI_AS", families, 0, 0, false, false}};
static unsigned known_count = 1;

static bool take(const char **p, const char *word) {
  size_t n = strlen(word);
  if (strncasecmp(*p, word, n) != 0 || ((*p)[n] && (*p)[n] != '_'))
    return false;
  *p += n;
  return true;
}

/* "_100_CI_AS_SC_UTF8" after the family's name. */
static bool parse_suffix(struct collation *c, const char *p) {
  bool windows = strncmp(c->family->name, "SQL_", 4) != 0;
  if (windows) {
    if (take(&p, "_90")) c->version = 1;
    if (take(&p, "_100")) c->version = 2;
    if (take(&p, "_140") || take(&p, "_160")) c->version = 3;
  }
  if (take(&p, "_BIN2") || take(&p, "_BIN")) {
    c->flags |= COLL_BIN;
  } else {
    if (take(&p, "_CS"))
      c->flags |= COLL_CS;
    else if (!take(&p, "_CI"))
      return false;
    if (take(&p, "_AI"))
      c->flags |= COLL_AI;
    else if (!take(&p, "_AS"))
      return false;
    c->kana = take(&p, "_KS");
    c->width = take(&p, "_WS");
    (void)take(&p, "_VSS");
    if (take(&p, "_SC") || c->version >= 3) c->flags |= COLL_SC;
  }
  if (windows && c->version >= 2 && take(&p, "_UTF8"))
    c->flags |= COLL_UTF8 | COLL_SC;
  return *p == 0;
}

static bool parse(struct collation *c, const char *name) {
  size_t best = 0;
  memset(c, 0, sizeof *c);
  if (strlen(name) >= sizeof c->name) return false;
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
    size_t n = strlen(families[i].name);
    if (n <= best || strncasecmp(families[i].name, name, n) != 0 ||
        name[n] != '_')
      continue;
    best = n;
    c->family = &families[i];
  }
  if (!best || !parse_suffix(c, name + best)) return false;
  snprintf(c->name, sizeof c->name, "%s%s", c->family->name, name + best);
  for (char *up = c->name + best; *up; up++)
    if (*up >= 'a' && *up <= 'z') *up = (char)(*up - 32);
  return true;
}

bool collation_parse(const char *name, uint16_t *coll) {
  struct collation c;
  bool ok = false;
  if (!parse(&c, name)) return false;
  pthread_mutex_lock(&lock);
  for (unsigned i = 0; i <= known_count && !ok; i++) {
    if (i == sizeof known / sizeof *known) break;
    if (i == known_count) known[known_count++] = c;
    ok = strcasecmp(known[i].name, c.name) == 0;
    if (ok) *coll = (uint16_t)(i << COLL_FLAGS | c.flags);
  }
  pthread_mutex_unlock(&lock);
  return ok;
}

static const struct collation *at(unsigned coll) {
  return &known[coll >> COLL_FLAGS];
}

const char *collation_name(unsigned coll) {
  return at(coll)->name;
}

bool collation_is_sql(unsigned coll) {
  return strncmp(at(coll)->name, "SQL_", 4) == 0;
}

uint32_t collation_info(unsigned coll, uint8_t *sort_id) {
  /* LCID, then fIgnoreCase, fIgnoreAccent, fIgnoreKana, fIgnoreWidth, fBinary,
  ** fBinary2, fUTF8 from bit 20 on, the version from bit 28 on */
  const struct collation *c = at(coll);
  uint32_t info = c->family->lcid | (uint32_t)c->version << 28;
  unsigned which = coll & COLL_AI ? 2 : coll & COLL_CS ? 0 : 1;
  *sort_id = coll & COLL_BIN ? 0 : c->family->sort[which];
  if (coll & COLL_UTF8) info |= 1u << 26;
  if (coll & COLL_BIN) {
    size_t n = strlen("_BIN"), len = strlen(c->name);
    bool old = len > n && strcasecmp(c->name + len - n, "_BIN") == 0;
    return info | (old ? 1u << 24 : 1u << 25);
  }
  if (!(coll & COLL_CS)) info |= 1u << 20;
  if (coll & COLL_AI) info |= 1u << 21;
  if (!c->kana) info |= 1u << 22;
  if (!c->width) info |= 1u << 23;
  return info;
}

unsigned collation_from_wire(const uint8_t five[5]) {
  uint16_t utf8 = 0;
  for (unsigned i = 0; i < known_count; i++) {
    unsigned coll = i << COLL_FLAGS | known[i].flags;
    uint8_t wire[5];
    uint32_t info = collation_info(coll, &wire[4]);
    for (unsigned k = 0; k < 4; k++) wire[k] = (uint8_t)(info >> (8 * k));
    if (memcmp(wire, five, 5) == 0) return coll;
  }
  if (five[3] & 4)
    (void)collation_parse("Latin1_General_100_CI_AS_SC_UTF8", &utf8);
  return utf8;
}

/* ---- letters without their marks ---- */

uint32_t text_unaccented(uint32_t cp) {
  static const char latin[] = /* U+00C0..U+017F; '?': no letter of its own */
      "AAAAAA?CEEEEIIIIDNOOOOO?OUUUUY??aaaaaa?ceeeeiiii?nooooo?ouuuuy?y"
      "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi??JjKk?LlLlLl??Ll"
      "NnNnNn???OoOoOo??RrRrRrSsSsSs??TtTtTtUuUuUuUuUuUuWwYyYZzZzZz?";
  static const uint16_t others[][2] = {
      {0x0386, 0x0391}, {0x0388, 0x0395}, {0x0389, 0x0397}, {0x038a, 0x0399},
      {0x038c, 0x039f}, {0x038e, 0x03a5}, {0x038f, 0x03a9}, {0x03ac, 0x03b1},
      {0x03ad, 0x03b5}, {0x03ae, 0x03b7}, {0x03af, 0x03b9}, {0x03cc, 0x03bf},
      {0x03cd, 0x03c5}, {0x03ce, 0x03c9}, {0x0401, 0x0415}, {0x0419, 0x0418},
      {0x0439, 0x0438}, {0x0451, 0x0435}};
  if (cp < 0xc0) return cp;
  if (cp < 0x180)
    return latin[cp - 0xc0] == '?' ? cp : (uint8_t)latin[cp - 0xc0];
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (others[i][0] == cp) return others[i][1];
  return cp;
}

/* ---- code pages ---- */

struct page {
  unsigned number;
  bool twos;            /* of one and of two bytes */
  uint16_t from[65536]; /* lead << 8 | trail, or the byte alone; 0: nothing */
  uint16_t to[65536];   /* the first that yields the character */
};
static struct page *pages[16]; /* owned until the end of the process */

static uint16_t ask(iconv_t cd, const char *bytes, size_t n) {
  char in[2] = {bytes[0], bytes[1]}, out[8];
  char *pi = in, *po = out;
  size_t left = n, room = sizeof out;
  (void)iconv(cd, NULL, NULL, NULL, NULL);
  if (iconv(cd, &pi, &left, &po, &room) == (size_t)-1 || sizeof out - room != 2)
    return 0;
  return (uint16_t)((uint8_t)out[0] | (uint8_t)out[1] << 8);
}

static struct page *page_make(unsigned number) {
  struct page *p = mem_alloc(sizeof *p);
  char name[16];
  iconv_t cd;
  p->number = number;
  p->twos = number > 900 && number < 1000;
  snprintf(name, sizeof name, "CP%u", number);
  cd = iconv_open("UTF-16LE", name);
  if (cd == (iconv_t)-1) {
    fprintf(stderr, "tds-server: iconv knows no %s\n", name);
    exit(1);
  }
  for (unsigned i = 0; i < 65536; i++) {
    char bytes[2] = {(char)(i < 256 ? i : i >> 8), (char)i};
    bool lead = i >= 256 && p->twos && (i >> 8) >= 0x81 && (i & 255) >= 0x40;
    if (i < 256 || lead) p->from[i] = ask(cd, bytes, i < 256 ? 1 : 2);
    if (i == 0x80 && number == 936) p->from[i] = 0x20ac;
    if (i < 256 && !p->from[i] && !p->twos) p->from[i] = (uint16_t)i;
    if (p->from[i] && !p->to[p->from[i]]) p->to[p->from[i]] = (uint16_t)i;
  }
  iconv_close(cd);
  return p;
}

static const struct page *page_of(unsigned coll) {
  unsigned number = at(coll)->family->page;
  const struct page *found = NULL;
  pthread_mutex_lock(&lock);
  for (unsigned i = 0; i < 16 && !found; i++) {
    if (!pages[i]) pages[i] = page_make(number);
    if (pages[i]->number == number) found = pages[i];
  }
  pthread_mutex_unlock(&lock);
  return found;
}

void page_encode(struct buf *b, const char *s, size_t n, unsigned coll) {
  const struct page *p;
  if (coll & COLL_UTF8 || text_is_ascii(s, n)) {
    buf_put(b, s, n);
    return;
  }
  p = page_of(coll);
  for (size_t i = 0; i < n;) {
    uint32_t cp = text_next(s, n, &i);
    unsigned v = cp < 0x80 ? cp : cp < 0x10000 ? p->to[cp] : 0;
    if (!v && cp) { /* best fit */
      uint32_t plain = text_unaccented(cp);
      v = plain < 0x10000 ? p->to[plain] : 0;
      if (!v) v = '?';
    }
    if (v > 255) buf_u8(b, v >> 8);
    buf_u8(b, v & 255);
  }
}

char *page_decode(struct arena *a, const uint8_t *bytes, size_t n,
                  unsigned coll, size_t *n_out) {
  const struct page *p;
  char *out;
  size_t len = 0;
  if (coll & COLL_UTF8) {
    if (n_out) *n_out = n;
    return arena_text(a, (const char *)bytes, n);
  }
  p = page_of(coll);
  out = arena_raw(a, n * 3 + 1);
  for (size_t i = 0; i < n; i++) {
    uint32_t cp = p->from[bytes[i]];
    if (!cp && bytes[i]) {
      cp = i + 1 < n ? p->from[bytes[i] << 8 | bytes[i + 1]] : 0;
      if (cp) i++;
      if (!cp) cp = '?';
    }
    len += text_put(out + len, cp);
  }
  out[len] = 0;
  if (n_out) *n_out = len;
  return out;
}

size_t page_bytes(const char *s, size_t n, unsigned coll) {
  struct buf b = {0};
  size_t bytes = n;
  if (coll & COLL_UTF8 || text_is_ascii(s, n)) return n;
  if (!page_of(coll)->twos) return text_chars(s, n);
  page_encode(&b, s, n, coll);
  bytes = b.n;
  buf_clear(&b);
  return bytes;
}
