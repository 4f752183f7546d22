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

static int is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}

/* 10^n; n is 0..19. As a double it is exact, too. */
static unsigned long long power(int n) {
  /* clang-format off */
  static const unsigned long long powers[] = {
      1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
      1000000000, 10000000000, 100000000000, 1000000000000, 10000000000000,
      100000000000000, 1000000000000000, 10000000000000000,
      100000000000000000, 1000000000000000000, 10000000000000000000ULL};
  /* clang-format on */
  return powers[n];
}

/* Digits of u, right-aligned before `end`; returns their start. */
static char *put_digits(char *end, unsigned long long u) {
  do {
    *--end = (char)('0' + u % 10);
    u /= 10;
  } while (u > 0);
  return end;
}

/* ---- integers ---------------------------------------------------------- */

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

int integer_from_real(double real, sqlite3_int64 *out) {
  /* 2^63, the first double beyond; NaN fails both comparisons */
  if (!(real >= -9223372036854775808.0 && real < 9223372036854775808.0))
    return 0;
  sqlite3_int64 whole = (sqlite3_int64)real;
  if ((double)whole != real) return 0;
  *out = whole;
  return 1;
}

/* ---- from text --------------------------------------------------------- */

static int skip_sign(const unsigned char *text, int n, int *negative) {
  *negative = n > 0 && text[0] == '-';
  return n > 0 && (text[0] == '-' || text[0] == '+');
}

static void add_digit(struct number *out, char digit) {
  if (digit == '0' && out->n_digits == 0) return;
  if (out->n_digits < NUMBER_REAL_DIGITS) {
    out->digits[out->n_digits++] = digit;
    return;
  }
  out->scale--;
  if (digit != '0') out->digits[NUMBER_REAL_DIGITS - 1] = '1';
}

/* Sign, digits, point, digits. Returns the bytes read; -1: there is no digit.
 */
static int parse(struct number *out, const unsigned char *text, int n) {
  int i = skip_sign(text, n, &out->negative);
  int seen = 0;
  int point = 0;
  out->scale = 0;
  out->n_digits = 0;
  for (; i < n; i++) {
    if (is_digit(text[i])) {
      seen = 1;
      out->scale += point;
      add_digit(out, (char)text[i]);
    } else if (text[i] == '.' && !point) {
      point = 1;
    } else {
      break;
    }
  }
  return seen ? i : -1;
}

/* Takes "e+20" into the scale. Beyond a million it makes no difference. */
static int parse_exponent(struct number *out, const unsigned char *text,
                          int n) {
  int negative;
  int i = 1 + skip_sign(text + 1, n - 1, &negative);
  int e = 0;
  if ((text[0] != 'e' && text[0] != 'E') || i == n) return 0;
  for (; i < n; i++) {
    if (!is_digit(text[i])) return 0;
    if (e < 1000000) e = e * 10 + (text[i] - '0');
  }
  out->scale -= negative ? -e : e;
  return 1;
}

int integer_from_text(const unsigned char *text, int n, sqlite3_int64 *out) {
  struct number number;
  int negative;
  int i = skip_sign(text, n, &negative);
  unsigned long long u = 0;
  if (n - i >= 1 && n - i <= 19) { /* nearly always; cannot overflow */
    for (; i < n && is_digit(text[i]); i++)
      u = u * 10 + (unsigned)(text[i] - '0');
    if (i == n) return apply_sign(u, negative, out);
  }
  return parse(&number, text, n) == n && number_whole(&number, out);
}

int number_from_text(struct number *out, const unsigned char *text, int n) {
  return parse(out, text, n) == n && out->n_digits <= NUMBER_DIGITS &&
         out->scale <= NUMBER_DIGITS;
}

int real_from_text(const unsigned char *text, int n, double *out) {
  struct number number;
  int i = parse(&number, text, n);
  if (i < 0 || (i < n && !parse_exponent(&number, text + i, n - i))) return 0;
  *out = number_real(&number);
  return isfinite(*out);
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

int decimal_is_small(const struct value *decimal) {
  const unsigned char *p;
  return significant(decimal, &p) <= 8 && decimal->scale <= 19;
}

int decimal_integer(const struct value *decimal, sqlite3_int64 *out) {
  if (decimal_is_small(decimal)) {
    unsigned long long u = big_endian(decimal->bytes, decimal->n_bytes);
    unsigned long long divisor = power(decimal->scale);
    return u % divisor == 0 && apply_sign(u / divisor, decimal->negative, out);
  }
  struct number number;
  return number_from_value(&number, decimal) && number_whole(&number, out);
}

/* As number_real() divides: both operands are exact, whether or not the zeros
** at the digits' end are among them. */
int decimal_real(const struct value *decimal, double *out) {
  unsigned long long u;
  if (!decimal_is_small(decimal) || FLT_EVAL_METHOD != 0) return 0;
  u = big_endian(decimal->bytes, decimal->n_bytes);
  if (u >= power(DBL_DIG)) return 0;
  *out = (double)u / (double)power(decimal->scale);
  if (decimal->negative) *out = -*out;
  return 1;
}

int number_from_value(struct number *out, const struct value *decimal) {
  enum { LIMBS = 5 };          /* 17 bytes are below 10^45 */
  unsigned limbs[LIMBS] = {0}; /* of nine digits, the least first */
  char digits[9 * LIMBS];
  char *end = digits + sizeof digits, *start = digits;
  const unsigned char *p;
  int n = significant(decimal, &p);
  if (n > 17 || decimal->scale > NUMBER_DIGITS) return 0;
  if (n <= 8) {
    start = put_digits(end, big_endian(p, n));
  } else {
    for (int i = 0, step; i < n; i += step) { /* the first step is short */
      step = (n - i - 1) % 4 + 1;
      unsigned long long carry = big_endian(p + i, step);
      for (int k = 0; k < LIMBS; k++) {
        carry += (unsigned long long)limbs[k] << 8 * step;
        limbs[k] = (unsigned)(carry % 1000000000);
        carry /= 1000000000;
      }
    }
    memset(digits, '0', sizeof digits);
    for (int k = 0; k < LIMBS; k++) (void)put_digits(end - 9L * k, limbs[k]);
  }
  while (start < end && *start == '0') start++;
  out->negative = decimal->negative;
  out->scale = decimal->scale;
  out->n_digits = (int)(end - start);
  if (out->n_digits > NUMBER_DIGITS) return 0;
  memcpy(out->digits, start, (size_t)out->n_digits);
  return 1;
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

int number_whole(const struct number *number, sqlite3_int64 *out) {
  sqlite3_int64 n_whole = number->n_digits - number->scale;
  unsigned long long u = 0;
  if (n_whole > 19) return 0;
  for (int i = 0; i < number->n_digits; i++) {
    unsigned digit = (unsigned)(number->digits[i] - '0');
    if (i < n_whole)
      u = u * 10 + digit;
    else if (digit != 0)
      return 0;
  }
  return apply_sign(u, number->negative, out);
}

int number_format(const struct number *number, char *out) {
  char *at = out;
  const char *digit = number->digits;
  const char *end = digit + number->n_digits;
  int n_whole = number->n_digits - (int)number->scale;
  if (number->negative) *at++ = '-';
  if (n_whole <= 0) *at++ = '0';
  for (int i = 0; i < n_whole; i++)
    *at++ = (char)(digit < end ? *digit++ : '0');
  if (number->scale > 0) *at++ = '.';
  for (int i = n_whole; i < 0; i++) *at++ = '0';
  while (digit < end) *at++ = *digit++;
  return (int)(at - out);
}

/* ---- doubles ----------------------------------------------------------- */

/* A number's digits without the zeros at their end. */
static int significant_digits(const struct number *number) {
  int n = number->n_digits;
  while (n > 0 && number->digits[n - 1] == '0') n--;
  return n;
}

/* By the C library, from digits * 10^e. 10^-1200 times any 769 digits is 0,
** 10^400 times any is infinite. */
static double slow_real(const char *digits, int n, sqlite3_int64 e) {
  char text[NUMBER_REAL_DIGITS + 16];
  e = e < -1200 ? -1200 : e > 400 ? 400 : e;
  memcpy(text, digits, (size_t)n);
  sqlite3_snprintf(16, text + n, "e%lld", e);
  return strtod(text, NULL);
}

/* One correctly rounded operation on two exact doubles is right (W. D. Clinger,
** "How to read floating point numbers accurately", 1990). */
double number_real(const struct number *number) {
  int n = significant_digits(number);
  sqlite3_int64 e = number->n_digits - n - number->scale;
  double real = 0;
  if (n > DBL_DIG || e < -19 || e > 19 || FLT_EVAL_METHOD != 0) {
    if (n > 0) real = slow_real(number->digits, n, e);
  } else {
    unsigned long long u = 0;
    for (int i = 0; i < n; i++)
      u = u * 10 + (unsigned)(number->digits[i] - '0');
    real = e < 0 ? (double)u / (double)power((int)-e)
                 : (double)u * (double)power((int)e);
  }
  return number->negative ? -real : real;
}

int number_real_exact(const struct number *number, double *out) {
  if (significant_digits(number) > DBL_DIG) return 0;
  *out = number_real(number);
  return 1;
}

/* A finite, positive double rounded to n_digits digits. */
static void round_real(double real, int n_digits, struct number *out) {
  char text[48]; /* "d.dddddddddddddddde-308"; the point is the locale's */
  const char *at = text;
  (void)snprintf(text, sizeof text, "%.*e", n_digits - 1, real);
  *out = (struct number){0};
  for (; *at && *at != 'e'; at++)
    if (is_digit((unsigned char)*at)) out->digits[out->n_digits++] = *at;
  if (*at) out->scale = n_digits - 1 - strtol(at + 1, NULL, 10);
  out->scale -= out->n_digits;
  out->n_digits = significant_digits(out);
  out->scale += out->n_digits;
}

/* The shortest decimal that reads back as the same double, or float; returns
** the double that is nearest to it. 15 digits survive the way through any
** normal double (6 a float's), so that a shorter decimal, if there is one, is
** found there too; 17 (9) always suffice. Subnormal ones hold fewer. */
static double shortest(double real, int is_single, struct number *out) {
  int n = is_single ? FLT_DIG : DBL_DIG;
  double read;
  if (real < (is_single ? (double)FLT_MIN : DBL_MIN)) n = 1;
  do {
    round_real(real, n, out);
    read = number_real(out);
  } while (n++ < 17 && (is_single ? (float)read != (float)real : read != real));
  return read;
}

int real_format(double real, char *out) {
  struct number number;
  sqlite3_int64 whole;
  char *at = out;
  if (real > -1e15 && real < 1e15 && integer_from_real(real, &whole))
    return integer_format(whole, out);
  (void)shortest(fabs(real), 0, &number);
  number.negative = real < 0;
  int e = number.n_digits - 1 - (int)number.scale;
  if (e >= -5 && e < 17) return number_format(&number, out);
  number.scale = number.n_digits - 1;
  at += number_format(&number, at);
  *at++ = 'e';
  *at++ = e < 0 ? '-' : '+';
  if (e > -10 && e < 10) *at++ = '0';
  at += integer_format(e < 0 ? -e : e, at);
  return (int)(at - out);
}

double real_from_single(double widened) {
  struct number number;
  double single = fabs(widened);
  /* never more than a float has, lest no float compare equal */
  if (!isfinite(widened) || single == 0 || single > (double)FLT_MAX)
    return widened;
  double real = shortest(single, 1, &number);
  return widened < 0 ? -real : real;
}
