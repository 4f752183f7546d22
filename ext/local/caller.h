/*
** May we? What the caller's connection is doing, and what may be written.
*/
#ifndef ORDERSYNC_CALLER_H
#define ORDERSYNC_CALLER_H
#include "base/err.h"

/*
** Refuses, before anything is done, where a transaction cannot work: inside a
** statement that writes (INSERT ... SELECT f()), while other statements of
** this connection are reading, on a read-only database, under query_only,
** without a journal, on a file that was moved away.
*/
enum err_code caller_check(sqlite3 *db, const char *schema, struct err *e);

/* The same, but other statements of this connection may be reading: for work
** that only adds rows or tables, and touches nothing that they may have read.
*/
enum err_code caller_check_beside(sqlite3 *db, const char *schema,
                                  struct err *e);

/* The part of caller_check() that also matters to functions that only read:
** refuses while a PRAGMA runs, since SQLite lets a CHECK constraint of a
** hostile file call us during PRAGMA integrity_check. */
enum err_code caller_check_pragma(sqlite3 *db, struct err *e);

/* Refuses, inside the caller's transaction, while one of its statements reads
** the table that is about to be replaced. */
enum err_code caller_check_readers(sqlite3 *db, const char *schema,
                                   const char *table, struct err *e);

/* Refuses when the schema's file is no longer where it was opened. */
enum err_code caller_check_place(sqlite3 *db, const char *schema,
                                 struct err *e);

/* SQLite learns a file's encoding when it first reads the schema; newer ones do
** not while a statement runs, unless it is UTF-8: a call of ours that is a
** connection's first statement could read nothing. To be called when the
** extension is loaded. Reads one byte, and the schema of a UTF-16 file. */
void caller_learn_encoding(sqlite3 *db);

/* Refuses where caller_learn_encoding() came too late, because a statement was
** running already: the extension was loaded by SELECT load_extension(...). */
enum err_code caller_check_encoding(sqlite3 *db, struct err *e);

/* Whether main may be written at all. */
int caller_may_write(sqlite3 *db);

#endif
