/* Dates and times: see date.h. */
#include "date.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* sys.syslanguages */
static const struct language languages[] = {
    {"us_english",
     "English",
     ORDER_MDY,
     {"January", "February", "March", "April", "May", "June", "July", "August",
      "September", "October", "November", "December"}},
    {"British",
     "British English",
     ORDER_DMY,
     {"January", "February", "March", "April", "May", "June", "July", "August",
      "September", "October", "November", "December"}},
    {"Deutsch",
     "German",
     ORDER_DMY,
     {"Januar", "Februar", "M\xc3\xa4rz", "April", "Mai", "Juni", "Juli",
      "August", "September", "Oktober", "November", "Dezember"}},
    {"Fran\xc3\xa7"
     "ais",
     "French",
     ORDER_DMY,
     {"janvier", "f\xc3\xa9vrier", "mars", "avril", "mai", "juin", "juillet",
      "ao\xc3\xbbt", "septembre", "octobre", "novembre",
      "d\xc3\xa9"
      "cembre"}},
};

const struct language *date_language(const char *name) {
  if (!name) return languages;
  for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
    if (strcasecmp(languages[i].name, name) == 0 ||
        strcasecmp(languages[i].alias, name) == 0)
      return &languages[i];
  return NULL;
}

const char *date_month(const struct language *l, int month) {
  return (l ? l : languages)->months[month - 1];
}

int32_t date_days(int y, int m, int d) {
  /* Years start in March, so that the leap day is the last. */
  int a = m < 3, yy = y - a, mm = m + 12 * a - 3;
  return 365 * yy + yy / 4 - yy / 100 + yy / 400 + (153 * mm + 2) / 5 + d - 307;
}

void date_civil(int32_t days, int *y, int *m, int *d) {
  int64_t z = (int64_t)days + 306; /* since 0000-03-01 */
  int64_t era = z / 146097, doe = z % 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  *d = (int)(doy - (153 * mp + 2) / 5 + 1);
  *m = (int)(mp < 10 ? mp + 3 : mp - 9);
  *y = (int)(yoe + era * 400 + (*m <= 2));
}

bool date_valid(int y, int m, int d) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
  if (y < 1 || y > 9999 || m < 1 || m > 12 || d < 1) return false;
  return d <= days[m - 1] + (m == 2 && leap);
}

struct scan {
  const char *s;
  size_t n, i;
  const struct date_style *style;
};

static void blanks(struct scan *c) {
  while (c->i < c->n && c->s[c->i] == ' ') c->i++;
}

static int digits(struct scan *c, int *v) {
  int n = 0;
  *v = 0;
  while (c->i < c->n && isdigit((unsigned char)c->s[c->i]) && n < 9) {
    *v = *v * 10 + (c->s[c->i++] - '0');
    n++;
  }
  return n;
}

static bool eat(struct scan *c, char ch) {
  if (c->i < c->n && c->s[c->i] == ch) {
    c->i++;
    return true;
  }
  return false;
}

static int month_word(struct scan *c) {
  size_t from = c->i, len;
  while (c->i < c->n && (isalpha((unsigned char)c->s[c->i]) ||
                         (unsigned char)c->s[c->i] >= 0x80))
    c->i++;
  len = c->i - from;
  for (int m = 1; m <= 12; m++) {
    const char *name = date_month(c->style->language, m);
    size_t full = strlen(name), brief = 3;
    while (((unsigned char)name[brief] & 0xc0) == 0x80) brief++;
    if ((len == brief || len == full) &&
        strncasecmp(c->s + from, name, len) == 0)
      return m;
  }
  c->i = from;
  return 0;
}

static int full_year(int y, int n) {
  return n > 2 ? y : y < 50 ? 2000 + y : 1900 + y;
}

/* .fffffff or :mmm, in ticks; false when there are too many digits, or none. */
static bool scan_fraction(struct scan *c, int64_t *ticks) {
  bool is_millis = eat(c, ':');
  int value, n, most = is_millis ? 3 : 7;
  if (!is_millis && !eat(c, '.')) return true;
  n = digits(c, &value);
  if (n < 1 || n > most) return false;
  *ticks = value;
  for (int i = is_millis ? 3 : n; i < 7; i++) *ticks *= 10;
  return true;
}

/* [blanks]AM or PM, on a clock of 12 hours; false when h is no hour of it. */
static bool scan_half_day(struct scan *c, int *h, bool *found) {
  size_t from = c->i;
  int letter;
  blanks(c);
  letter = c->i + 1 < c->n ? toupper((unsigned char)c->s[c->i]) : 0;
  *found = (letter == 'A' || letter == 'P') && (c->s[c->i + 1] | 32) == 'm';
  c->i = *found ? c->i + 2 : from;
  if (!*found) return true;
  if (*h < 1 || *h > 12) return false;
  *h = *h % 12 + (letter == 'P' ? 12 : 0);
  return true;
}

/* hh:mm[:ss[.fffffff | :mmm]] [AM|PM], or hhAM; returns false when not a time.
*/
static bool scan_time(struct scan *c, int64_t *ticks) {
  size_t from = c->i;
  int h, m = 0, s = 0, n = digits(c, &h);
  int64_t fraction = 0;
  bool colon, half_day, ok = n == 1 || n == 2;
  colon = ok && eat(c, ':');
  if (colon)
    ok = digits(c, &m) >= 1 && (!eat(c, ':') || digits(c, &s) >= 1) &&
         scan_fraction(c, &fraction);
  ok = ok && scan_half_day(c, &h, &half_day) && (colon || half_day) &&
       h <= 23 && m <= 59 && s <= 59;
  if (ok)
    *ticks = ((int64_t)h * 3600 + m * 60 + s) * TICKS_PER_SECOND + fraction;
  else
    c->i = from;
  return ok;
}

/* Three numbers, which is what? A year of four digits stands where it stands;
** the rest follows DATEFORMAT. "date", "datetime2" and "datetimeoffset" read
** yyyy-mm-dd whatever it says, datetime only yyyy-mm-ddThh:mm ("Date and time
** styles", "SET DATEFORMAT"). */
static bool sort_out(struct scan *c, const int v[3], const int len[3], int *y,
                     int *m, int *d) {
  static const struct {
    uint8_t year;
    bool day_first;
  } orders[] = {[ORDER_MDY] = {2, false}, [ORDER_DMY] = {2, true},
                [ORDER_YMD] = {0, false}, [ORDER_YDM] = {0, true},
                [ORDER_MYD] = {1, false}, [ORDER_DYM] = {1, true}};
  enum date_order order = c->style->order;
  bool iso =
      len[0] == 4 && (!c->style->old || (c->i < c->n && c->s[c->i] == 'T'));
  bool day_first = orders[order].day_first && !iso;
  unsigned year = orders[order].year, rest[2], k = 0;
  for (unsigned i = 0; i < 3; i++)
    if (len[i] == 4) year = i;
  if (year == 2 && order == ORDER_YMD && !c->style->old) return false;
  for (unsigned i = 0; i < 3; i++)
    if (i != year) rest[k++] = i;
  *y = full_year(v[year], len[year]);
  *m = v[rest[day_first ? 1 : 0]];
  *d = v[rest[day_first ? 0 : 1]];
  return true;
}

/* Four digits of a year, or the last two. */
static bool scan_year(struct scan *c, int *y) {
  int n = digits(c, y);
  *y = full_year(*y, n);
  return n == 4 || n == 2;
}

/* dd[,] yyyy, behind a month's name. */
static bool scan_day_year(struct scan *c, int *y, int *d) {
  blanks(c);
  if (!digits(c, d)) return false;
  blanks(c);
  (void)eat(c, ',');
  blanks(c);
  return scan_year(c, y);
}

/* -mm-yyyy, behind a first number of `len[0]` digits. */
static bool scan_separated(struct scan *c, int v[3], int len[3]) {
  char sep = c->i < c->n ? c->s[c->i] : 0;
  if (sep != '-' && sep != '/' && sep != '.') return false;
  for (unsigned i = 1; i < 3; i++) {
    if (!eat(c, sep)) return false;
    len[i] = digits(c, &v[i]);
    if (len[i] < 1 || len[i] == 3 || len[i] > 4) return false;
  }
  return true;
}

static bool read_date(struct scan *c, int *y, int *m, int *d) {
  int v[3], len[3];
  if ((*m = month_word(c)) != 0) return scan_day_year(c, y, d);
  len[0] = digits(c, &v[0]);
  if (len[0] == 8 || /* yyyymmdd, yymmdd */
      (len[0] == 6 && (c->i == c->n || c->s[c->i] == ' '))) {
    *y = full_year(v[0] / 10000, len[0] - 4);
    *m = v[0] / 100 % 100;
    *d = v[0] % 100;
    return true;
  }
  if (len[0] < 1 || len[0] == 3 || len[0] > 4) return false;
  blanks(c);
  if ((*m = month_word(c)) != 0) { /* dd Mon yyyy */
    blanks(c);
    *d = v[0];
    return scan_year(c, y);
  }
  return scan_separated(c, v, len) && sort_out(c, v, len, y, m, d);
}

static bool scan_date(struct scan *c, int *y, int *m, int *d) {
  size_t from = c->i;
  if (read_date(c, y, m, d)) return true;
  c->i = from;
  return false;
}

int date_parse(const char *s, size_t n, const struct date_style *style,
               struct when *out) {
  struct scan c = {s, n, 0, style};
  int has = 0, y = 1900, m = 1, d = 1;
  struct when w = {DAYS_TO_1900, 0, 0};
  while (c.n && c.s[c.n - 1] == ' ') c.n--;
  blanks(&c);
  if (c.i < c.n && !scan_time(&c, &w.ticks)) {
    if (!scan_date(&c, &y, &m, &d)) return 0;
    if (!date_valid(y, m, d)) return -1;
    has = HAS_DATE;
    w.days = date_days(y, m, d);
    if (c.i < c.n && (c.s[c.i] == 'T' || c.s[c.i] == ' ')) {
      c.i++;
      blanks(&c);
      if (scan_time(&c, &w.ticks)) has |= HAS_TIME;
    }
  } else if (c.i > 0) {
    has = HAS_TIME;
  }
  blanks(&c);
  if (c.i < c.n && c.s[c.i] == 'Z' && c.i + 1 == c.n) {
    c.i++;
    has |= HAS_OFFSET;
  } else if (c.i < c.n && (c.s[c.i] == '+' || c.s[c.i] == '-')) {
    int sign = c.s[c.i++] == '-' ? -1 : 1, oh, om;
    if (digits(&c, &oh) != 2 || !eat(&c, ':') || digits(&c, &om) != 2) return 0;
    if (oh > 14 || om > 59 || oh * 60 + om > 840) return 0;
    w.offset = (int16_t)(sign * (oh * 60 + om));
    has |= HAS_OFFSET;
  }
  if (c.i != c.n) return 0;
  *out = w;
  return c.n == 0 ? HAS_DATE | HAS_TIME : has; /* '' is 1900-01-01 */
}

void date_round(struct when *w, int scale) {
  int64_t unit = 1;
  for (int i = scale; i < 7; i++) unit *= 10;
  w->ticks = (w->ticks + unit / 2) / unit * unit;
  if (w->ticks >= TICKS_PER_DAY) {
    w->ticks -= TICKS_PER_DAY;
    w->days++;
  }
}

int64_t datetime_units(int64_t ticks) {
  return (ticks * 3 + 50000) / 100000;
}
int64_t datetime_ticks(int64_t units) {
  return (units * 100000 + 1) / 3;
}

void datetime_round(struct when *w) {
  int64_t units = datetime_units(w->ticks);
  if (units >= 300 * 86400) {
    units -= 300 * 86400;
    w->days++;
  }
  w->ticks = datetime_ticks(units);
  w->offset = 0;
}

void smalldatetime_round(struct when *w) {
  int64_t minutes = (w->ticks + TICKS_PER_MINUTE / 2) / TICKS_PER_MINUTE;
  /* 29.998 seconds and less round down: that is 29.999 as datetime keeps it */
  if (minutes >= 1440) {
    minutes -= 1440;
    w->days++;
  }
  w->ticks = minutes * TICKS_PER_MINUTE;
  w->offset = 0;
}

struct when date_utc(const struct when *w) {
  struct when u = *w;
  u.ticks -= w->offset * TICKS_PER_MINUTE;
  if (u.ticks < 0) {
    u.ticks += TICKS_PER_DAY;
    u.days--;
  } else if (u.ticks >= TICKS_PER_DAY) {
    u.ticks -= TICKS_PER_DAY;
    u.days++;
  }
  u.offset = 0;
  return u;
}

struct when date_now(void) {
  struct timespec t;
  struct when w;
  clock_gettime(CLOCK_REALTIME, &t);
  w.days = (int32_t)(date_days(1970, 1, 1) + t.tv_sec / 86400);
  w.ticks = (t.tv_sec % 86400) * TICKS_PER_SECOND + t.tv_nsec / 100;
  w.offset = 0;
  return w;
}

int date_format(char out[DATE_TEXT], int32_t days) {
  int y, m, d;
  date_civil(days, &y, &m, &d);
  return snprintf(out, DATE_TEXT, "%04d-%02d-%02d", y, m, d);
}

int time_format(char out[DATE_TEXT], int64_t ticks, int scale) {
  int s = (int)(ticks / TICKS_PER_SECOND);
  int frac = (int)(ticks % TICKS_PER_SECOND);
  for (int i = scale; i < 7; i++) frac /= 10;
  if (scale == 0)
    return snprintf(out, DATE_TEXT, "%02d:%02d:%02d", s / 3600, s / 60 % 60,
                    s % 60);
  return snprintf(out, DATE_TEXT, "%02d:%02d:%02d.%0*d", s / 3600, s / 60 % 60,
                  s % 60, scale, frac);
}

int datetime_millis(int64_t ticks) {
  return (int)((datetime_units(ticks) % 300 * 10 + 1) / 3);
}
