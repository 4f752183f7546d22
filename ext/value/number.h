/*
** Exact decimal numbers and doubles: text in, text out, no locale, no
** allocation. Serves convert.c and variant.c.
*/
#ifndef ORDERSYNC_VALUE_NUMBER_H
#define ORDERSYNC_VALUE_NUMBER_H
#include "value/value.h"

/* SQL Server's decimals have 38 digits at most; so have ours. */
#define NUMBER_DIGITS 38

/* 768 digits decide about any double; one more that stands for all the rest
** keeps a tie from being taken for one. */
#define NUMBER_REAL_DIGITS 769

/*
** (-1)^negative * digits / 10^scale. digits are ASCII without leading zeros,
** none at all for zero. The scale may exceed n_digits: 0.05 is "5" with scale
** 2. A decimal has at most NUMBER_DIGITS and a scale of 0..38.
*/
struct number {
  int negative;
  int n_digits;
  sqlite3_int64 scale;
  char digits[NUMBER_REAL_DIGITS];
};

/* These return 0 when the input is no decimal number of at most 38 digits,
** before and after the point together. Text is sign, digits, point, digits;
** either side of the point may be missing, not both. */
int number_from_text(struct number *out, const unsigned char *text, int n);
int number_from_value(struct number *out, const struct value *decimal);

/* 1 when the fraction is zero and the value fits 64 bits. */
int number_whole(const struct number *number, sqlite3_int64 *out);

/* Writes every digit of the scale ("-0.50"), at most 41 bytes of a decimal, not
** terminated; returns the bytes written. */
int number_format(const struct number *number, char *out);

/* The nearest double. */
double number_real(const struct number *number);

/* The same, of at most 15 significant digits, so that it reads back as exactly
** these; 0 when there are more. */
int number_real_exact(const struct number *number, double *out);

/* Writes the magnitude as 17 big-endian bytes: the form of struct value. */
void number_magnitude(const struct number *number, unsigned char *out);

/* number_from_value() and number_whole() in one, faster. */
int decimal_integer(const struct value *decimal, sqlite3_int64 *out);

/* number_from_value() and number_real_exact() in one, faster; 0 also where
** those must be asked. */
int decimal_real(const struct value *decimal, double *out);

/* Whether the two above need no struct number. */
int decimal_is_small(const struct value *decimal);

/* Sign, digits, and perhaps a fraction of zeros: "-12", "+007", "5.000". */
int integer_from_text(const unsigned char *text, int n, sqlite3_int64 *out);

/* Writes at most 20 bytes, not terminated; returns the bytes written. */
int integer_format(sqlite3_int64 integer, char *out);

/* A whole double within 64 bits. */
int integer_from_real(double real, sqlite3_int64 *out);

/* As number_from_text(), of any length and with an exponent. 0 too when it is
** beyond the doubles' range. */
int real_from_text(const unsigned char *text, int n, double *out);

/* The shortest text that reads back as the same double, without ".0"; with an
** exponent where it is below 1e-5 or from 1e17 on, as in "1.5e+20". At most
** 25 bytes, not terminated; returns the bytes written. */
int real_format(double real, char *out);

/* The double nearest to the shortest decimal that reads back as the same
** float: 0.1, where widening would give 0.10000000149011612. */
double real_from_single(double widened);

#endif
