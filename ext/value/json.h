/*
** Cells as JSON, exactly: each has one text, and no two have the same.
**
**   NULL      null
**   INTEGER   5
**   REAL      5.0, 1e+300: the shortest that reads back as the same double;
**             infinity is 9e999; -0.0 is 0.0, as it is in SQLite's eyes
**   TEXT      "5"; with a NUL or invalid UTF-8 in it {"text":"3500"}, in hex
**   BLOB      {"blob":"00ff"}, in hex
*/
#ifndef ORDERSYNC_VALUE_JSON_H
#define ORDERSYNC_VALUE_JSON_H
#include "value/value.h"

/* Out of memory shows when the string is finished, as with all of sqlite3_str.
 */
void json_cell(sqlite3_str *out, const struct cell *cell);

/* A text, in quotes, which is UTF-8 without NUL. */
void json_text(sqlite3_str *out, const char *text);

/* A member's name and the colon: "a": */
void json_name(sqlite3_str *out, const char *name);

#endif
