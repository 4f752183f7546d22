/*
** Text as SQL Server's columns hold it: white space around it, or nothing but
** white space; words for true and false; GUIDs. Any bytes are safe, valid
** UTF-8 or not. Serves convert.c and variant.c.
*/
#ifndef ORDERSYNC_VALUE_TEXT_H
#define ORDERSYNC_VALUE_TEXT_H

#define GUID_BYTES 16
#define GUID_TEXT  36

/* What text_trim() takes away, as UTF-8: White_Space of Unicode's PropList.txt.
 */
#define TEXT_SPACES 25
extern const char text_spaces[TEXT_SPACES][4];

/* Takes Unicode White_Space off both ends: *text and *n are moved. */
void text_trim(const unsigned char **text, int *n);

/* 1 t true y yes on x -> 1; 0 f false n no off -> 0; else -1. Case matters
** not. x is how SAP writes a flag. */
int text_boolean(const unsigned char *text, int n);

/* Writes GUID_TEXT bytes, upper case, not terminated. The first three groups
** are little-endian on the wire ([MS-DTYP] 2.3.4.2). */
void guid_format(const unsigned char *wire, char *out);

/* 8-4-4-4-12 hexadecimal digits, perhaps in braces, into the wire's order;
** 0 for anything else. */
int guid_from_text(const unsigned char *text, int n, unsigned char *wire);

#endif
