/*
** Exact decimal numbers and doubles.
**
**   SELECT open_qty FROM ordersync;   -- decimal(38, 10): every digit
**
** Decimals are handled as digits, since no C type holds 38 of them
** everywhere. Reading and writing doubles is left to the C library, which
** rounds correctly, but only through texts without a decimal point: that
** character, alone, depends on the host's locale.
*/
#include "value/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Powers of ten that a double holds exactly. */
static const double exact_power[] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define EXACT_POWER 22

static const unsigned long long power[] = {1ULL,
                                           10ULL,
                                           100ULL,
                                           1000ULL,
                                           10000ULL,
                                           100000ULL,
                                           1000000ULL,
                                           10000000ULL,
                                           100000000ULL,
                                           1000000000ULL,
                                           10000000000ULL,
                                           100000000000ULL,
                                           1000000000000ULL,
                                           10000000000000ULL,
                                           100000000000000ULL,
                                           1000000000000000ULL,
                                           10000000000000000ULL,
                                           100000000000000000ULL,
                                           1000000000000000000ULL,
                                           10000000000000000000ULL};
#define POWER 19

/* Whole doubles below 2^53 are exact. */
#define EXACT_LIMIT (1ULL << 53)

/* ---- integers ---------------------------------------------------------- */

static int is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}

/* Digits of u, right-aligned before `end`; returns their start. */
static char *put_digits(char *end, unsigned long long u) {
  static const char pairs[] = "00010203040506070809"
                              "10111213141516171819"
                              "20212223242526272829"
                              "30313233343536373839"
                              "40414243444546474849"
                              "50515253545556575859"
                              "60616263646566676869"
                              "70717273747576777879"
                              "80818283848586878889"
                              "90919293949596979899";
  while (u >= 100) {
    end -= 2;
    memcpy(end, &pairs[2 * (u % 100)], 2);
    u /= 100;
  }
  if (u >= 10) {
    end -= 2;
    memcpy(end, &pairs[2 * u], 2);
  } else {
    *--end = (char)('0' + (char)u);
  }
  return end;
}

int integer_format(sqlite3_int64 integer, char *out) {
  char digits[20];
  char *end = digits + sizeof digits;
  unsigned long long u = (unsigned long long)integer;
  char *start = put_digits(end, integer < 0 ? 0 - u : u);
  int n = (int)(end - start);
  if (integer < 0) *out++ = '-';
  memcpy(out, start, (size_t)n);
  return n + (integer < 0);
}

/* The sign and magnitude as 64 bits; 0 when that overflows. */
static int apply_sign(unsigned long long u, int negative, sqlite3_int64 *out) {
  unsigned long long limit = (1ULL << 63) - (negative ? 0 : 1);
  if (u > limit) return 0;
  *out = (sqlite3_int64)(negative ? 0 - u : u);
  return 1;
}

static int skip_sign(const unsigned char *text, int n, int *negative) {
  *negative = n > 0 && text[0] == '-';
  return n > 0 && (text[0] == '-' || text[0] == '+');
}

int integer_from_text(const unsigned char *text, int n, sqlite3_int64 *out) {
  int negative;
  int i = skip_sign(text, n, &negative);
  int first = i;
  unsigned long long u = 0;
  /* the first 19 digits cannot overflow, and there are seldom more */
  int safe = n - i > POWER ? i + POWER : n;
  for (; i < safe && is_digit(text[i]); i++)
    u = u * 10 + (unsigned)(text[i] - '0');
  for (; i < n && is_digit(text[i]); i++) {
    unsigned digit = (unsigned)(text[i] - '0');
    if (u > (~0ULL - digit) / 10) return 0;
    u = u * 10 + digit;
  }
  int seen = i - first;
  if (i < n && text[i] == '.') {
    first = ++i;
    while (i < n && text[i] == '0') i++;
    seen += i - first;
  }
  return i == n && seen > 0 && apply_sign(u, negative, out);
}

int integer_from_real(double real, sqlite3_int64 *out) {
  /* 2^63, the first double beyond; NaN fails both comparisons */
  if (!(real >= -9223372036854775808.0 && real < 9223372036854775808.0))
    return 0;
  sqlite3_int64 whole = (sqlite3_int64)real;
  if ((double)whole != real) return 0;
  *out = whole;
  return 1;
}

/* ---- decimals ---------------------------------------------------------- */

/* What a decimal's magnitude is without its leading zero bytes. */
static int significant(const struct value *v, const unsigned char **bytes) {
  int n = v->n_bytes;
  const unsigned char *p = v->bytes;
  while (n > 0 && *p == 0) p++, n--;
  *bytes = p;
  return n;
}

static unsigned long long big_endian(const unsigned char *p, int n) {
  unsigned long long u = 0;
  while (n-- > 0) u = u << 8 | *p++;
  return u;
}

int decimal_integer(const struct value *decimal, sqlite3_int64 *out) {
  const unsigned char *p;
  int n = significant(decimal, &p);
  if (n <= 8 && decimal->scale <= POWER) {
    unsigned long long u = big_endian(p, n);
    unsigned long long divisor = power[decimal->scale];
    return u % divisor == 0 && apply_sign(u / divisor, decimal->negative, out);
  }
  struct number number;
  return number_from_value(&number, decimal) && number_whole(&number, out);
}

/* Keeps what put_digits() wrote, unless it is too much. */
static int take_digits(struct number *out, const char *start, const char *end) {
  while (start < end && *start == '0') start++;
  if (end - start > NUMBER_DIGITS) return 0;
  out->n_digits = (int)(end - start);
  memcpy(out->digits, start, (size_t)out->n_digits);
  return 1;
}

int number_from_value(struct number *out, const struct value *decimal) {
  enum { LIMBS = 5, MAX_BYTES = 17 };
  char digits[9 * LIMBS];
  char *end = digits + sizeof digits;
  const unsigned char *p;
  int n = significant(decimal, &p);
  if (n > MAX_BYTES || decimal->scale > NUMBER_DIGITS) return 0;
  out->negative = decimal->negative;
  out->scale = decimal->scale;
  if (n <= 8) return take_digits(out, put_digits(end, big_endian(p, n)), end);

  /* Limbs of 32 bits, the least first. 17 bytes are below 10^45, so five
  ** divisions by 10^9 leave nothing. */
  unsigned limbs[LIMBS] = {0};
  for (int i = 0; i < n; i++)
    limbs[i / 4] |= (unsigned)p[n - 1 - i] << (i % 4 * 8);
  char *start = end;
  for (int group = 0; group < LIMBS; group++) {
    unsigned long long rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
      rest = rest << 32 | limbs[i];
      limbs[i] = (unsigned)(rest / 1000000000);
      rest %= 1000000000;
    }
    char *stop = start - 9;
    start = put_digits(start, rest);
    while (start > stop) *--start = '0';
  }
  return take_digits(out, start, end);
}

int number_from_text(struct number *out, const unsigned char *text, int n) {
  int i = skip_sign(text, n, &out->negative);
  int seen = 0;
  int point = 0;
  out->scale = 0;
  out->n_digits = 0;
  for (; i < n; i++) {
    if (text[i] == '.' && !point) {
      point = 1;
      continue;
    }
    if (!is_digit(text[i])) return 0;
    seen = 1;
    if (point && ++out->scale > NUMBER_DIGITS) return 0;
    if (text[i] == '0' && out->n_digits == 0) continue;
    if (out->n_digits == NUMBER_DIGITS) return 0;
    out->digits[out->n_digits++] = (char)text[i];
  }
  return seen;
}

int number_whole(const struct number *number, sqlite3_int64 *out) {
  int n_whole = number->n_digits - number->scale;
  unsigned long long u = 0;
  for (int i = 0; i < number->n_digits; i++) {
    unsigned digit = (unsigned)(number->digits[i] - '0');
    if (i >= n_whole) {
      if (digit != 0) return 0;
      continue;
    }
    if (u > (~0ULL - digit) / 10) return 0;
    u = u * 10 + digit;
  }
  return apply_sign(u, number->negative, out);
}

int number_format(const struct number *number, char *out) {
  char *at = out;
  int n_whole = number->n_digits - number->scale;
  const char *digit = number->digits;
  if (number->negative) *at++ = '-';
  if (n_whole <= 0) *at++ = '0';
  for (int i = 0; i < n_whole; i++) *at++ = *digit++;
  if (number->scale > 0) *at++ = '.';
  for (int i = n_whole; i < 0; i++) *at++ = '0';
  while (digit < number->digits + number->n_digits) *at++ = *digit++;
  return (int)(at - out);
}

void number_magnitude(const struct number *number, unsigned char *out) {
  memset(out, 0, 17);
  for (int d = 0; d < number->n_digits; d++) {
    unsigned carry = (unsigned)(number->digits[d] - '0');
    for (int i = 16; i >= 0; i--) {
      carry += out[i] * 10U;
      out[i] = (unsigned char)(carry & 0xff);
      carry >>= 8;
    }
  }
}

/* ---- doubles ----------------------------------------------------------- */

/* 768 digits decide about any double; one more that stands for all the rest
** keeps a tie from being taken for one. */
#define REAL_DIGITS 769

/* digits * 10^exponent, the digits without leading zeros. */
struct scientific {
  int n_digits;
  sqlite3_int64 exponent;
  char digits[REAL_DIGITS + 1];
};

static void add_digit(struct scientific *s, unsigned char digit, int fraction) {
  if (fraction) s->exponent--;
  if (digit == '0' && s->n_digits == 0) return;
  if (s->n_digits < REAL_DIGITS) {
    s->digits[s->n_digits++] = (char)digit;
    return;
  }
  s->exponent++;
  if (digit != '0') s->digits[REAL_DIGITS - 1] = '1';
}

/* The exponent after its "e"; 0 when there is none. Beyond a million it makes
** no difference. */
static int read_exponent(const unsigned char *text, int n, sqlite3_int64 *out) {
  int negative;
  int i = skip_sign(text, n, &negative);
  sqlite3_int64 e = 0;
  if (i == n) return 0;
  for (; i < n; i++) {
    if (!is_digit(text[i])) return 0;
    if (e < 1000000) e = e * 10 + (text[i] - '0');
  }
  *out = negative ? -e : e;
  return 1;
}

static int read_scientific(struct scientific *s, const unsigned char *text,
                           int n) {
  int seen = 0;
  int point = 0;
  s->n_digits = 0;
  s->exponent = 0;
  for (int i = 0; i < n; i++) {
    sqlite3_int64 e;
    if (is_digit(text[i])) {
      seen = 1;
      add_digit(s, text[i], point);
    } else if (text[i] == '.' && !point) {
      point = 1;
    } else if ((text[i] == 'e' || text[i] == 'E') && seen) {
      if (!read_exponent(text + i + 1, n - i - 1, &e)) return 0;
      s->exponent += e;
      break;
    } else {
      return 0;
    }
  }
  return seen;
}

/* The nearest double, by the C library. */
static double slow_real(const struct scientific *s) {
  char text[REAL_DIGITS + 16];
  /* 10^-1200 times any 769 digits is 0, 10^400 times any is infinite */
  int e = s->exponent < -1200 ? -1200
          : s->exponent > 400 ? 400
                              : (int)s->exponent;
  memcpy(text, s->digits, (size_t)s->n_digits);
  text[s->n_digits] = 'e';
  int n = integer_format(e, text + s->n_digits + 1);
  text[s->n_digits + 1 + n] = 0;
  return strtod(text, NULL);
}

/* One correctly rounded operation on two exact doubles is right; -1 when the
** number is not of that sort (W. D. Clinger, "How to read floating point
** numbers accurately", 1990). */
static double fast_real(const struct scientific *s) {
  if (FLT_EVAL_METHOD != 0 || s->n_digits > 16) return -1;
  if (s->exponent < -EXACT_POWER || s->exponent > EXACT_POWER) return -1;
  unsigned long long u = 0;
  for (int i = 0; i < s->n_digits; i++)
    u = u * 10 + (unsigned)(s->digits[i] - '0');
  if (u > EXACT_LIMIT) return -1;
  if (s->exponent < 0) return (double)u / exact_power[-s->exponent];
  return (double)u * exact_power[s->exponent];
}

static double scientific_real(const struct scientific *s) {
  if (s->n_digits == 0) return 0;
  double real = fast_real(s);
  return real < 0 ? slow_real(s) : real;
}

/* A number's digits without the zeros at their end. */
static int significant_digits(const struct number *number) {
  int n = number->n_digits;
  while (n > 0 && number->digits[n - 1] == '0') n--;
  return n;
}

double number_real(const struct number *number) {
  struct scientific s;
  s.n_digits = significant_digits(number);
  s.exponent = number->n_digits - s.n_digits - number->scale;
  memcpy(s.digits, number->digits, (size_t)s.n_digits);
  double real = scientific_real(&s);
  return number->negative ? -real : real;
}

int number_real_exact(const struct number *number, double *out) {
  if (significant_digits(number) > DBL_DIG) return 0;
  *out = number_real(number);
  return 1;
}

int real_from_text(const unsigned char *text, int n, double *out) {
  struct scientific s;
  int negative;
  int i = skip_sign(text, n, &negative);
  if (!read_scientific(&s, text + i, n - i)) return 0;
  double real = scientific_real(&s);
  if (!isfinite(real)) return 0;
  *out = negative ? -real : real;
  return 1;
}

/* A finite, positive double rounded to n_digits digits. */
static void round_real(double real, int n_digits, struct scientific *s) {
  char text[48]; /* "d.dddddddddddddddde-308"; the point is the locale's */
  int n = snprintf(text, sizeof text, "%.*e", n_digits - 1, real);
  s->n_digits = 0;
  s->exponent = 0;
  const char *at = text;
  const char *end = text + (n > 0 && n < (int)sizeof text ? n : 0);
  for (; at < end && *at != 'e'; at++)
    if (is_digit((unsigned char)*at)) s->digits[s->n_digits++] = *at;
  if (at < end)
    read_exponent((const unsigned char *)at + 1, (int)(end - at) - 1,
                  &s->exponent);
  s->exponent -= n_digits - 1;
  while (s->n_digits > 1 && s->digits[s->n_digits - 1] == '0') {
    s->n_digits--;
    s->exponent++;
  }
}

/* 15 digits survive the way through any normal double, so that a shorter
** decimal, if there is one, is found there too; 17 always suffice. Subnormal
** doubles hold fewer. */
static void shortest(double real, struct scientific *s) {
  for (int n = real < DBL_MIN ? 1 : DBL_DIG; n <= 17; n++) {
    round_real(real, n, s);
    if (scientific_real(s) == real) return;
  }
}

/* digits * 10^exponent with a point and without an exponent. */
static int format_plain(const struct scientific *s, int negative, char *out) {
  int zeros = s->exponent > 0 ? (int)s->exponent : 0;
  struct number number = {.negative = negative,
                          .scale = s->exponent < 0 ? (int)-s->exponent : 0,
                          .n_digits = s->n_digits + zeros};
  memcpy(number.digits, s->digits, (size_t)s->n_digits);
  memset(number.digits + s->n_digits, '0', (size_t)zeros);
  return number_format(&number, out);
}

int real_format(double real, char *out) {
  struct scientific s = {0};
  sqlite3_int64 whole;
  if (real > -1e15 && real < 1e15 && integer_from_real(real, &whole))
    return integer_format(whole, out);
  shortest(real < 0 ? -real : real, &s);
  int e = (int)s.exponent + s.n_digits - 1;
  if (e >= -5 && e < 17) return format_plain(&s, real < 0, out);
  char *at = out;
  if (real < 0) *at++ = '-';
  *at++ = s.digits[0];
  if (s.n_digits > 1) *at++ = '.';
  for (int i = 1; i < s.n_digits; i++) *at++ = s.digits[i];
  *at++ = 'e';
  *at++ = e < 0 ? '-' : '+';
  e = e < 0 ? -e : e;
  if (e < 10) *at++ = '0';
  at += integer_format(e, at);
  return (int)(at - out);
}

/* As shortest(), for a float: 6 digits survive, 9 suffice. */
double real_from_single(double widened) {
  struct scientific s = {0};
  double single = fabs(widened), real = single;
  /* never more than a float has, lest no float compare equal */
  if (!isfinite(widened) || single == 0 || single > (double)FLT_MAX)
    return widened;
  for (int n = single < (double)FLT_MIN ? 1 : FLT_DIG; n <= 9; n++) {
    round_real(single, n, &s);
    real = scientific_real(&s);
    if ((float)real == (float)single) break;
  }
  return widened < 0 ? -real : real;
}
