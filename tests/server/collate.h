/* Collations by their names: locale, code page, how they compare.
**
** A collation is a number: COLL_ bits, and above them its place in the table of
** names. 0 is SQL_Latin1_General_CP1_CI_AS.
*/
#ifndef COLLATE_H
#define COLLATE_H

#include "base.h"

enum {
  COLL_CS = 1,
  COLL_BIN = 2,
  COLL_UTF8 = 4,
  COLL_AI = 8,
  COLL_SC = 16,
  COLL_FLAGS = 5 /* bits */
};

/* False when SQL Server knows no collation of that name (as far as this server
** knows its families). */
bool collation_parse(const char *name, uint16_t *coll);
const char *collation_name(unsigned coll);
bool collation_is_sql(unsigned coll); /* of the SQL_ ones */
/* [MS-TDS] 2.2.5.1.2: LCID, flags and version; the sort id. */
uint32_t collation_info(unsigned coll, uint8_t *sort_id);
unsigned collation_from_wire(const uint8_t five[5]); /* 0 when not seen yet */

/* Characters to and from the code page of a collation, UTF-8 for _UTF8. What
** the page lacks becomes the letter without its mark, else '?'; bytes that
** Windows leaves undefined are the character of the same number. */
void page_encode(struct buf *b, const char *s, size_t n, unsigned coll);
char *page_decode(struct arena *a, const uint8_t *p, size_t bytes,
                  unsigned coll, size_t *n_out);
size_t page_bytes(const char *s, size_t n, unsigned coll);

/* A letter without its mark; others as they are. */
uint32_t text_unaccented(uint32_t cp);
#endif
