/*
** Dates and times.
**
**   SELECT order_date FROM open_orders;   -- 2025-03-01
**
** The proleptic Gregorian calendar, as SQL Server has it: days count from
** 1900-01-01, years run from 1 to 9999. No fraction is ever rounded.
*/
#include "value/time.h"

#define MARCH_YEAR_0       693901 /* days from 0000-03-01 to 1900-01-01 */
#define MINUTE_NANOS       60000000000LL
#define MAX_OFFSET_MINUTES 840
#define TICK_SCALE         7 /* SQL Server's ticks are 100 ns */

/* ---- writing ----------------------------------------------------------- */

/* n is 0..99. */
static char *put_2(char *at, unsigned n) {
  at[0] = (char)('0' + n / 10);
  at[1] = (char)('0' + n % 10);
  return at + 2;
}

int date_in_range(int days) {
  return days >= DAY_FIRST && days <= DAY_LAST;
}

int date_first(enum remote_type type) {
  if (type == REMOTE_DATETIME) return -53690; /* 1753-01-01 */
  return type == REMOTE_SMALLDATETIME ? 0 : DAY_FIRST;
}

/* Years are counted from March, so that the leap day ends them: the days
** before each month of such a year. */
static const unsigned month_start[] = {0,   31,  61,  92,  122, 153,
                                       184, 214, 245, 275, 306, 337};

/* Days from 0000-03-01 to the first of March of that year. */
static unsigned march(unsigned year) {
  return year * 365 + year / 4 - year / 100 + year / 400;
}

int date_format(int days, char *out) {
  unsigned n = (unsigned)(days + MARCH_YEAR_0);
  unsigned year = n * 400 / march(400); /* or the one after it */
  if (n >= march(year + 1)) year++;
  n -= march(year);
  unsigned month = n / 31; /* or the one after it */
  if (month < 11 && n >= month_start[month + 1]) month++;
  if (month >= 10) year++; /* January and February are of the next */
  char *at = put_2(put_2(out, year / 100), year % 100);
  *at++ = '-';
  at = put_2(at, month >= 10 ? month - 9 : month + 3);
  *at++ = '-';
  put_2(at, n - month_start[month] + 1);
  return DATE_TEXT;
}

int time_format(const struct moment *m, char *out) {
  unsigned seconds = (unsigned)(m->nanos / 1000000000);
  unsigned fraction = (unsigned)(m->nanos % 1000000000);
  char *at = put_2(out, seconds / 3600);
  *at++ = ':';
  at = put_2(at, seconds / 60 % 60);
  *at++ = ':';
  at = put_2(at, seconds % 60);
  if (m->scale == 0) return 8;
  *at++ = '.';
  for (int i = 8; i >= 0; i--, fraction /= 10) /* the scale's, and more */
    at[i] = (char)('0' + fraction % 10);
  return 9 + m->scale;
}

int moment_format(const struct moment *m, char *out) {
  char *at = out;
  if (m->has_date) at += date_format(m->days, at);
  if (m->has_date && m->has_time) *at++ = ' ';
  if (m->has_time) at += time_format(m, at);
  if (m->has_offset) {
    int minutes = m->offset_minutes;
    unsigned distance = (unsigned)(minutes < 0 ? -minutes : minutes);
    *at++ = minutes < 0 ? '-' : '+';
    at = put_2(at, distance / 60);
    *at++ = ':';
    at = put_2(at, distance % 60);
  }
  return (int)(at - out);
}

/* ---- from and to the wire ---------------------------------------------- */

/* Moves by minutes, less than a day, across midnight where need be. */
static void shift(struct moment *m, int minutes) {
  m->nanos += minutes * MINUTE_NANOS;
  if (m->nanos < 0) {
    m->nanos += DAY_NANOS;
    m->days--;
  } else if (m->nanos >= DAY_NANOS) {
    m->nanos -= DAY_NANOS;
    m->days++;
  }
}

int moment_from_value(struct moment *out, const struct value *v) {
  *out = (struct moment){0};
  out->has_date = v->type != VALUE_TIME;
  out->has_time = v->type != VALUE_DATE;
  out->has_offset = v->type == VALUE_DATETIMEOFFSET;
  /* a day more on either side, which a shift may bring back */
  if (out->has_date && (v->days < DAY_FIRST - 1 || v->days > DAY_LAST + 1))
    return 0;
  if (out->has_date) out->days = v->days;
  if (out->has_time) {
    if (v->integer < 0 || v->integer >= DAY_NANOS / 100) return 0;
    if (v->scale > TICK_SCALE) return 0;
    out->nanos = v->integer * 100;
    out->scale = v->scale;
  }
  if (out->has_offset) {
    if (v->offset_minutes < -MAX_OFFSET_MINUTES ||
        v->offset_minutes > MAX_OFFSET_MINUTES)
      return 0;
    out->offset_minutes = v->offset_minutes;
    shift(out, out->offset_minutes);
  }
  return !out->has_date || date_in_range(out->days);
}

int moment_to_value(const struct moment *moment, struct value *out) {
  struct moment m = *moment;
  if (m.scale > TICK_SCALE) return 0;
  *out = (struct value){0};
  out->type = !m.has_date    ? VALUE_TIME
              : !m.has_time  ? VALUE_DATE
              : m.has_offset ? VALUE_DATETIMEOFFSET
                             : VALUE_DATETIME;
  if (m.has_offset) shift(&m, -m.offset_minutes);
  out->days = m.days;
  out->integer = m.nanos / 100;
  out->scale = (unsigned char)m.scale;
  out->offset_minutes = (short)m.offset_minutes;
  return 1;
}

/* ---- reading ----------------------------------------------------------- */

/* What is left to read. Once ok is 0 nothing is read any more. */
struct reader {
  const unsigned char *at;
  const unsigned char *end;
  int ok;
};

static int take(struct reader *r, char c) {
  int is_next = r->ok && r->at < r->end && *r->at == (unsigned char)c;
  r->at += is_next;
  return is_next;
}

static void expect(struct reader *r, char c) {
  if (!take(r, c)) r->ok = 0;
}

/* Exactly n digits, with a value of at most `max`. */
static int number(struct reader *r, int n, int max) {
  int value = 0;
  unsigned worst = 0;
  if (!r->ok || r->end - r->at < n) {
    r->ok = 0;
    return 0;
  }
  for (; n > 0; n--) {
    unsigned digit = (unsigned)*r->at++ - '0';
    worst |= digit > 9;
    value = value * 10 + (int)(digit & 15);
  }
  if (worst || value > max) r->ok = 0;
  return value;
}

static int month_days(int year, int month) {
  static const unsigned char days[] = {31, 28, 31, 30, 31, 30,
                                       31, 31, 30, 31, 30, 31};
  int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap);
}

static void read_date(struct reader *r, struct moment *m) {
  int year = number(r, 4, 9999);
  int dashes = take(r, '-');
  int month = number(r, 2, 12);
  if (dashes) expect(r, '-');
  int day = number(r, 2, 31);
  if (!r->ok || year < 1 || month < 1 || day < 1 ||
      day > month_days(year, month)) {
    r->ok = 0;
    return;
  }
  /* the inverse of date_format() */
  unsigned days = march((unsigned)year - (month <= 2)) +
                  month_start[(month + 9) % 12] + (unsigned)day - 1;
  m->has_date = 1;
  m->days = (int)days - MARCH_YEAR_0;
}

static void read_time(struct reader *r, struct moment *m) {
  int hour = number(r, 2, 23);
  expect(r, ':');
  int minute = number(r, 2, 59);
  int second = take(r, ':') ? number(r, 2, 59) : -1;
  int fraction = 0;
  if (second >= 0 && take(r, '.')) {
    int unit = 100000000;
    do {
      fraction += number(r, 1, 9) * unit;
      unit /= 10;
      m->scale++;
    } while (r->ok && m->scale < 9 && r->at < r->end && *r->at >= '0' &&
             *r->at <= '9');
  }
  if (second < 0) second = 0;
  m->has_time = 1;
  m->nanos = ((hour * 60 + minute) * 60 + second) * 1000000000LL + fraction;
}

static void read_offset(struct reader *r, struct moment *m) {
  m->has_offset = 1;
  if (take(r, 'Z') || take(r, 'z')) return;
  take(r, ' ');
  int negative = take(r, '-');
  if (!negative) expect(r, '+');
  int hours = number(r, 2, 14);
  expect(r, ':');
  int minutes = hours * 60 + number(r, 2, 59);
  if (minutes > MAX_OFFSET_MINUTES) r->ok = 0;
  m->offset_minutes = negative ? -minutes : minutes;
}

int moment_from_text(struct moment *out, const unsigned char *text, int n) {
  struct reader r = {text, text + n, 1};
  *out = (struct moment){0};
  if (n > 2 && text[2] == ':') {
    read_time(&r, out);
  } else {
    read_date(&r, out);
    if (take(&r, 'T') || take(&r, 't') || take(&r, ' ')) {
      read_time(&r, out);
      if (r.ok && r.at < r.end) read_offset(&r, out);
    }
  }
  return r.ok && r.at == r.end;
}
