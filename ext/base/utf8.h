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

/* The bytes from the beginning of text that are UTF-8: n_bytes where all are.
 */
size_t utf8_valid(const char *text, size_t n_bytes);

/* limit, or less, so that a cut of text there splits no character. */
size_t utf8_cut(const char *text, size_t limit);

/* The UTF-16 units that the text takes; -1 when it is not UTF-8. */
int utf8_units(const char *text, size_t n_bytes);

#endif
