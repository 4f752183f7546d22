/*
** TLS as FreeTDS uses it, seen from between it and GnuTLS: box.syms renames
** GnuTLS's functions into tls.c's, which put what they see into the box.
*/
#ifndef ORDERSYNC_TLS_H
#define ORDERSYNC_TLS_H
#include "mssql/box.h"

/* Bytes that were decrypted and nobody has read. */
int tls_has_pending(const struct box *b);

#endif
