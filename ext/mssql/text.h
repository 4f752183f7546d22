/*
** The iconv that FreeTDS calls instead of the C library's: UTF-16 and UTF-8
** directly, single-byte code pages as Windows maps them, everything else by
** the C library.
*/
#ifndef ORDERSYNC_MSSQL_TEXT_H
#define ORDERSYNC_MSSQL_TEXT_H
#include <iconv.h>

/*
** As iconv_open(3), iconv(3) and iconv_close(3), with these differences:
**
**   UTF-16LE, UCS-2LE  both are UTF-16 here: a pair of surrogates is one
**                      character
**   CP1250..1258, 874  to UTF-8, every byte is a character: what the standard
**                      leaves undefined is what MultiByteToWideChar(), and so
**                      a CAST to nvarchar, makes of it (0x81 is U+0081), and
**                      nothing is composed
**   CP936, GB18030     to UTF-8, 0x80 is the euro sign
**   to UTF-8           a lone surrogate, each byte that is no character, and
**                      half a character at the end become 0xFF, a byte that
**                      no UTF-8 has: whoever reads the value can then tell
**                      which it was. Half a character that is all there is
**                      is left, and no error, where the call before did not
**                      leave the same: more may come. Opening never
**                      fails, since FreeTDS would then copy the bytes as they
**                      are, or take them for ISO-8859-1: of an unknown
**                      character set, ASCII is read.
**
** Names are compared exactly, as FreeTDS writes them.
*/
iconv_t text_iconv_open(const char *tocode, const char *fromcode);
size_t text_iconv(iconv_t cd, char **in, size_t *in_left, char **out,
                  size_t *out_left);
int text_iconv_close(iconv_t cd);

#endif
