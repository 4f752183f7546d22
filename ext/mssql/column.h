/*
** Columns and values: from DB-Library's types and buffers to struct
** remote_column and struct value.
*/
#ifndef ORDERSYNC_COLUMN_H
#define ORDERSYNC_COLUMN_H
#include "value/value.h"

#include <sybdb.h>

/* How a column is read, found once a result. */
struct slot {
  enum value_type type;
  /* NULL: the bytes are the value; else it knows how many there are */
  void (*read)(const unsigned char *data, struct slot *slot, struct value *v);
  unsigned char scale;
  unsigned char n_magnitude; /* decimal */
  unsigned char money[8];    /* the current row's magnitude, big-endian */
};

/* Describes the current result; *slots gets as many as there are columns, and
** is to be freed. */
enum err_code column_describe(DBPROCESS *db, struct remote_columns *columns,
                              struct slot **slots, struct err *e);

/* Column i, from 0, of the current row; v->bytes are FreeTDS's or the slot's.
** Inline: each cell comes this way. */
static inline void column_value(DBPROCESS *db, int i, struct slot *slot,
                                struct value *v) {
  const unsigned char *data = dbdata(db, i + 1);
  v->type = data ? slot->type : VALUE_NULL;
  if (!data) return;
  v->scale = slot->scale;
  if (slot->read) {
    slot->read(data, slot, v);
  } else {
    v->bytes = data;
    v->n_bytes = dbdatlen(db, i + 1);
  }
}

#endif
