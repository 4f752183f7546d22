/*
** Settings by a table: columns of a row and members of a JSON object, checked,
** into the fields of a struct.
**
**   SELECT * FROM ordersync_syncs;
**   SELECT ordersync_refresh('open_orders', '{"mode":"diff","force":true}');
*/
#ifndef ORDERSYNC_SETTING_H
#define ORDERSYNC_SETTING_H
#include "base/err.h"

#include <stddef.h>

/* The field is a char * (owned), int, sqlite3_int64, double, int. */
enum setting_type { SET_TEXT, SET_INT, SET_INT64, SET_REAL, SET_CHOICE };

/* May be NULL, a text may be blank; a number is then -1. The other flags are
** the table's own: where the setting may be given. */
#define SETTING_OPTIONAL 0x100

struct setting {
  const char *name;
  enum setting_type type;
  int flags;
  size_t offset;       /* of the field */
  double min, max;     /* of a number; an INT up to 1 may be true or false */
  const char *choices; /* "a, b": the index is the value */
};

/* Tables end with a nameless one. Case matters not; NULL when there is none of
** that name that may be given there. */
const struct setting *setting_find(const struct setting *table,
                                   const char *name, int where);

/* Checks column `col` of the row and stores it in *record. ERR_CONFIG names
** the setting, and what is valid. */
void setting_store(void *record, const struct setting *s, sqlite3_stmt *row,
                   int col, struct err *e);

/* All members of a JSON object, which must be settings that may be given there;
** NULL changes nothing. ERR_CONFIG names what is wrong and lists the valid
** ones. */
enum err_code setting_read_json(void *record, const struct setting *table,
                                int where, sqlite3 *db, const char *json,
                                struct err *e);

/* Frees the texts; the fields are left as they are. */
void setting_free(void *record, const struct setting *table);

#endif
