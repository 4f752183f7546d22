/* Exact decimals: see num.h. */
#include "num.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

i128 dec_pow10(int n) {
  i128 v = 1;
  while (n-- > 0) v *= 10;
  return v;
}

int dec_digits(i128 v) {
  int n = 1;
  if (v < 0) v = -v;
  while (v >= 10) {
    v /= 10;
    n++;
  }
  return n;
}

bool dec_fits(i128 v, int prec) {
  return (v < 0 ? -v : v) < dec_pow10(prec);
}

/* The digits at *at, and a point among them; false when there are none, or too
** many before the point. */
static bool parse_digits(const char *s, size_t n, size_t *at, i128 *v,
                         int *scale) {
  bool digits = false, dot = false;
  for (; *at < n; ++*at) {
    char c = s[*at];
    if (c == '.' && !dot) {
      dot = true;
    } else if (isdigit((unsigned char)c)) {
      digits = true;
      if (!dec_fits(*v, 37)) {
        if (!dot) return false;
        continue; /* digits beyond 38 after the point are dropped */
      }
      *v = *v * 10 + (c - '0');
      *scale += dot;
    } else {
      break;
    }
  }
  return digits;
}

static bool parse_exponent(const char *s, size_t n, int *exponent) {
  char tmp[16], *end;
  if (n == 0 || n >= sizeof tmp) return false;
  memcpy(tmp, s, n);
  tmp[n] = 0;
  *exponent = (int)strtol(tmp, &end, 10);
  return *end == 0;
}

/* v * 10^exponent, with a scale from 0 to 38. */
static bool apply_exponent(i128 *v, int *scale, int exponent) {
  *scale -= exponent;
  if (*scale < 0) {
    int up = -*scale;
    if (up > 38 || !dec_fits(*v, 38 - up)) return false;
    *v *= dec_pow10(up);
    *scale = 0;
  } else if (*scale > 76) {
    *v = 0;
    *scale = 0;
  } else if (*scale > 38) {
    (void)dec_rescale(v, *scale, 38);
    *scale = 38;
  }
  return true;
}

bool dec_parse(const char *s, size_t n, bool exp, i128 *v, int *scale) {
  size_t i = 0;
  bool negative = false;
  i128 out = 0;
  int exponent = 0;
  *scale = 0;
  while (n && isspace((unsigned char)s[n - 1])) n--;
  while (i < n && isspace((unsigned char)s[i])) i++;
  if (i < n && (s[i] == '-' || s[i] == '+')) negative = s[i++] == '-';
  if (!parse_digits(s, n, &i, &out, scale)) return false;
  if (exp && i < n && (s[i] == 'e' || s[i] == 'E')) {
    if (!parse_exponent(s + i + 1, n - i - 1, &exponent)) return false;
    i = n;
  }
  if (i != n || !apply_exponent(&out, scale, exponent)) return false;
  *v = negative ? -out : out;
  return true;
}

int dec_format(char out[DEC_TEXT], i128 v, int scale) {
  char rev[DEC_TEXT];
  int n = 0, len = 0;
  bool negative = v < 0;
  if (negative) v = -v;
  while (v > 0 || n <= scale) {
    rev[n++] = (char)('0' + (int)(v % 10));
    v /= 10;
  }
  if (negative) out[len++] = '-';
  while (n > 0) {
    if (n == scale) out[len++] = '.';
    out[len++] = rev[--n];
  }
  out[len] = 0;
  return len;
}

bool dec_rescale(i128 *v, int from, int to) {
  if (to > from) {
    if (to - from > 38 || !dec_fits(*v, 38 - (to - from))) return *v == 0;
    *v *= dec_pow10(to - from);
  } else if (from > to) {
    i128 unit, half;
    if (from - to > 38) {
      *v = 0;
      return true;
    }
    unit = dec_pow10(from - to);
    half = unit / 2;
    *v = *v < 0 ? (*v - half) / unit : (*v + half) / unit;
  }
  return true;
}

double dec_to_double(i128 v, int scale) {
  char text[DEC_TEXT];
  dec_format(text, v, scale); /* strtod rounds correctly */
  return strtod(text, NULL);
}

bool dec_from_double(double d, int scale, i128 *v) {
  char text[512];
  int sc, n;
  if (!isfinite(d) || fabs(d) >= 1e38) return false;
  n = snprintf(text, sizeof text, "%.17g", d);
  /* SQL Server converts a float by its 17 digits; 15 are what it shows. */
  if (strtod(text, NULL) == d) {
    char shorter[64];
    int m = snprintf(shorter, sizeof shorter, "%.15g", d);
    if (strtod(shorter, NULL) == d) {
      memcpy(text, shorter, (size_t)m + 1);
      n = m;
    }
  }
  return dec_parse(text, (size_t)n, true, v, &sc) && dec_rescale(v, sc, scale);
}

bool dec_divide(i128 a, int as, i128 b, int bs, int scale, i128 *v) {
  /* a/10^as / (b/10^bs) * 10^scale = a * 10^(scale+bs-as) / b, done digit by
  ** digit so that nothing overflows before the result does. */
  bool negative = (a < 0) != (b < 0);
  i128 q, r;
  int shift = scale + bs - as;
  if (a < 0) a = -a;
  if (b < 0) b = -b;
  if (!dec_fits(b, 37)) return false;
  while (shift < 0) {
    a /= 10;
    shift++;
  }
  q = a / b;
  r = a % b;
  while (shift-- > 0) {
    if (!dec_fits(q, 37)) return false;
    r *= 10;
    q = q * 10 + r / b;
    r %= b;
  }
  *v = negative ? -q : q; /* SQL Server truncates the quotient */
  return dec_fits(q, 38);
}

int dec_compare(i128 a, int as, i128 b, int bs) {
  i128 ai, bi, af, bf;
  if (as == bs) return a < b ? -1 : a > b;
  /* Whole parts first, so that scaling up cannot overflow. */
  ai = a / dec_pow10(as);
  bi = b / dec_pow10(bs);
  if (ai != bi) return ai < bi ? -1 : 1;
  af = (a % dec_pow10(as)) * dec_pow10(as < bs ? bs - as : 0);
  bf = (b % dec_pow10(bs)) * dec_pow10(bs < as ? as - bs : 0);
  return af < bf ? -1 : af > bf;
}
