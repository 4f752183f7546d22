/*
** What there is to read on the server: tables, views, and synonyms of them.
**
**   SELECT * FROM ordersync_catalog;
**
** One query, one connection, closed when the answer is complete, or enough of
** it is here.
*/
#ifndef ORDERSYNC_OBJECTS_H
#define ORDERSYNC_OBJECTS_H
#include "base/err.h"

/* Texts as long as they are being taken; NULL: there is none. */
struct object {
  char *schema, *name;
  char *type;    /* "table", "view", "synonym" */
  char *source;  /* as ordersync_add() takes it */
  char *key;     /* "id, line_no": as ordersync_add() names its columns */
  char *columns; /* JSON */
};

enum object_condition {
  OBJECT_SCHEMA,
  OBJECT_NAME,
  OBJECT_TYPE,
  OBJECT_CONDITIONS
};

struct objects_ask {
  const char *profile;                   /* NULL: the default */
  const char *equals[OBJECT_CONDITIONS]; /* exactly; NULL: any */
  sqlite3_int64 most;                    /* so many, then no more; < 0: all */
};

typedef void objects_take(void *arg, const struct object *object,
                          struct err *e);

/* Hands over those of which the profile's login may read a column, in the
** server's order of schema and name. Memory is that of one object. */
enum err_code objects_read(sqlite3 *db, const struct objects_ask *ask,
                           objects_take *take, void *arg, struct err *e);

#endif
