/* Characters: UTF-8 (the server's inner form) to and from UTF-16LE, case
** folding, comparison under a collation, LIKE.
**
** The inner form is WTF-8: a lone surrogate is kept as its three-byte form,
** so a malformed nvarchar value can travel on purpose.
*/
#ifndef TEXT_H
#define TEXT_H

#include "collate.h"

/* Decodes one code point; *i moves on. Malformed bytes yield U+FFFD. */
uint32_t text_next(const char *s, size_t n, size_t *i);
unsigned text_put(char *out, uint32_t cp); /* WTF-8, returns 1..4 */

size_t text_utf16_units(const char *s, size_t n);
void text_to_utf16(struct buf *b, const char *s, size_t n);
/* The result lives in the arena; a pair of surrogates becomes one character. */
char *text_from_utf16(struct arena *a, const uint8_t *p, size_t bytes,
                      size_t *n_out);
bool text_is_ascii(const char *s, size_t n);
size_t text_chars(const char *s, size_t n);                /* code points */
size_t text_offset(const char *s, size_t n, size_t units); /* UTF-16 units */

uint32_t text_fold(uint32_t cp);
uint32_t text_upper(uint32_t cp);

/* T-SQL comparison: trailing blanks do not count, case and accents as the
** collation says; <0, 0, >0. */
int text_compare(const char *a, size_t an, const char *b, size_t bn,
                 unsigned coll);
bool text_equal_name(const char *a, const char *b, unsigned coll);
/* `blanks`: those at the end of s may be left over, as for data that is not
** Unicode ("LIKE"). */
bool text_like(const char *s, size_t n, const char *pat, size_t pn,
               uint32_t escape, unsigned coll, bool blanks);
#endif
