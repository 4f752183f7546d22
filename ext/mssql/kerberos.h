/*
** Kerberos as FreeTDS uses it: box.syms renames GSSAPI's functions into
** kerberos.c's, which load the system's library when the first login of a
** profile with auth = kerberos needs it, end in time, and put the reason of a
** failure into the box.
*/
#ifndef ORDERSYNC_KERBEROS_H
#define ORDERSYNC_KERBEROS_H
#include "mssql/box.h"

/* Sets e to what hindered the ticket; no-op when nothing did. */
enum err_code kerberos_failure(const struct box *b, const char *server,
                               struct err *e);

#endif
