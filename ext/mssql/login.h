/*
** Opening a connection: where the server is, FreeTDS's configuration, the login
** itself and where it is sent on to.
*/
#ifndef ORDERSYNC_LOGIN_H
#define ORDERSYNC_LOGIN_H
#include "mssql/box.h"
#include "profile/profile.h"

#include <sybdb.h>

/* Opens the connection and logs in, within b->wait. *out gets FreeTDS's handle,
** b what was seen on the way. */
enum err_code login_open(DBPROCESS **out, struct box *b,
                         const struct profile *p, int packet_size,
                         struct err *e);

/* Where the server is: b->found and b->port. */
enum err_code login_find(struct box *b, const struct profile *p, struct err *e);

#endif
