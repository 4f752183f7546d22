/* Exact decimals: a signed 128-bit integer and a scale, as decimal(38)
** needs. */
#ifndef NUM_H
#define NUM_H

#include "base.h"

enum { DEC_TEXT = 48 }; /* room for any decimal as text */

i128 dec_pow10(int n); /* 0..38 */
/* "-12.3400" -> -123400, 4; at most 38 digits. `n` bytes, blanks trimmed.
** Exponents are accepted only with `exp`. */
bool dec_parse(const char *s, size_t n, bool exp, i128 *v, int *scale);
int dec_format(char out[DEC_TEXT], i128 v, int scale); /* length */
int dec_digits(i128 v);
/* Rounds half away from zero; false on overflow of 38 digits. */
bool dec_rescale(i128 *v, int from, int to);
bool dec_fits(i128 v, int prec);
double dec_to_double(i128 v, int scale);
bool dec_from_double(double d, int scale, i128 *v);
/* a/b with `scale` digits; scales of the operands as given. */
bool dec_divide(i128 a, int as, i128 b, int bs, int scale, i128 *v);
int dec_compare(i128 a, int as, i128 b, int bs);
#endif
