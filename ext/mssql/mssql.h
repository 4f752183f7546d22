/*
** A connection to SQL Server. The files of this folder are the only ones that
** know FreeTDS; none of its types, memory or globals leave them.
**
**   struct mssql *m = NULL;
**   if (mssql_open(&m, &prof, &hooks, MSSQL_COPY, &e)) goto done;
**   if (mssql_query(m, sql, &e)) goto done;
**   while (mssql_next(m, &row, &e) == ERR_NONE && row) ... mssql_value(m, i)
**   mssql_close(m);
**
** A connection belongs to one thread at a time. After fork() the child must
** not use it (refused); closing it there only frees.
*/
#ifndef ORDERSYNC_MSSQL_H
#define ORDERSYNC_MSSQL_H
#include "profile/profile.h"
#include "value/value.h"

struct mssql;

/*
** How a connection asks its owner whether to go on. Both may be NULL.
** interrupted is called on the thread that uses the connection, every 50 ms at
** most; non-zero ends the operation with ERR_INTERRUPT within 100 ms. Deadlines
** are the library's own: mssql_deadline().
*/
struct mssql_hooks {
  int (*interrupted)(void *arg);
  void *arg;
};

enum mssql_use {
  MSSQL_COPY, /* a refresh: large packets */
  MSSQL_LIVE  /* the live view: moderate packets */
};

/*
** Connects, logs in, checks the TDS version, pins the session's settings. Where
** the profile wants encryption, nothing but the handshake goes in clear. Takes
** p->login_timeout seconds at most, whatever the server does. On failure *out
** is NULL and e says which it was: DNS, refused, no route, timeout, TLS (wrong
** host, expired, self-signed, unknown CA, no encryption), login (18456),
** database (4060). Errors that a later try may cure have e->transient set.
*/
enum err_code mssql_open(struct mssql **out, const struct profile *p,
                         const struct mssql_hooks *hooks, enum mssql_use use,
                         struct err *e);

/*
** Looks the server up and connects, no more, within p->login_timeout seconds:
** for ordersync_check. On failure out->n_addresses tells whether the name was
** found. Not for a freetds_section, of which only FreeTDS knows.
*/
struct mssql_reach {
  int n_addresses;
  int port;
  sqlite3_int64 tcp_ms; /* how long the connection took */
};
enum err_code mssql_reach(struct mssql_reach *out, const struct profile *p,
                          const struct mssql_hooks *hooks, struct err *e);

/* Absolute milliseconds of clock_now_ms() after which every operation on m ends
** with ERR_TIMEOUT, and the link with it; 0: none. */
void mssql_deadline(struct mssql *m, sqlite3_int64 monotonic_ms);

/*
** Sends one batch and waits for its first result set; then mssql_columns()
** describes it. Results without columns are passed over. A batch that yields
** no result set at all leaves 0 columns and mssql_next() answers no row. An
** earlier result that is still open is cancelled first.
*/
enum err_code mssql_query(struct mssql *m, const char *sql, struct err *e);

/* The columns of the current result; owned by m until the next query. */
const struct remote_columns *mssql_columns(const struct mssql *m);

/*
** Steps to the next row. *has_row = 0 is returned with ERR_NONE only after
** the stream ended properly: the final DONE arrived, with the count of the
** rows that were read and without an error mark, and no message above severity
** 10 (FreeTDS reports an error token in mid-stream as a normal end). Anything
** else is an error.
*/
enum err_code mssql_next(struct mssql *m, int *has_row, struct err *e);

/* The value of column i (from 0) in the current row; v->bytes stay valid until
** the next call on m. */
void mssql_value(struct mssql *m, int i, struct value *v);

/* Abandons what is left of the current result, quickly (attention with a
** short grace, else the link is dropped). Afterwards mssql_alive() tells
** whether the connection may be used again. */
void mssql_cancel(struct mssql *m);

/* 0 once the link is known to be dead, or is used by a forked child; also when
** something waits on an idle one: an end, or an answer nobody asked for. */
int mssql_alive(const struct mssql *m);

/* Closes and frees; accepts NULL. Never waits for the server. */
void mssql_close(struct mssql *m);

/* "TLS1.3, AES-256-GCM, certificate ...", owned by m; NULL: not encrypted. */
const char *mssql_tls(const struct mssql *m);

/* "freetds v1.3.17". Static. */
const char *mssql_library_version(void);

#endif
