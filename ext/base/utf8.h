/*
** UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing beyond
** U+10FFFF.
*/
#ifndef ORDERSYNC_UTF8_H
#define ORDERSYNC_UTF8_H

#include <stddef.h>

/* The bytes of the character at text, of which n_bytes are left; 0 when it is
** malformed or cut. */
int utf8_length(const char *text, size_t n_bytes);

/* The UTF-16 units that the text takes; -1 when it is not UTF-8. */
int utf8_units(const char *text, size_t n_bytes);

#endif
