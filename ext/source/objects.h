/*
** What there is to read on the server: tables, views, and synonyms of them.
**
**   SELECT * FROM ordersync_catalog;
**
** One query, one connection, closed when the answer is complete.
*/
#ifndef ORDERSYNC_OBJECTS_H
#define ORDERSYNC_OBJECTS_H
#include "base/err.h"

/* Texts owned; NULL: there is none. */
struct object {
  char *schema, *name;
  char *type;    /* "table", "view", "synonym" */
  char *source;  /* as ordersync_add() takes it */
  char *key;     /* "id, line_no": as ordersync_add() names its columns */
  char *columns; /* JSON */
};

struct objects {
  struct object *items; /* owned */
  int count;
};

enum object_condition {
  OBJECT_SCHEMA,
  OBJECT_NAME,
  OBJECT_TYPE,
  OBJECT_CONDITIONS
};

/* Those of which the profile's login may read a column, by schema and name; at
** least those whose texts equal what is not NULL in equals. *out starts
** cleared, and is so on failure. */
enum err_code objects_read(struct objects *out, sqlite3 *db,
                           const char *profile,
                           const char *const equals[OBJECT_CONDITIONS],
                           struct err *e);
void objects_clear(struct objects *objects);

#endif
