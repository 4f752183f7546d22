/*
** One write transaction on a connection that belongs to somebody else.
**
** Outside a transaction it is BEGIN ... COMMIT, inside the caller's own one a
** savepoint, so that the caller's ROLLBACK undoes it. What ends it is prepared
** beforehand: after sqlite3_interrupt() nothing can be prepared, and ROLLBACK
** itself fails.
*/
#ifndef ORDERSYNC_TXN_H
#define ORDERSYNC_TXN_H
#include "base/interrupt.h"

struct txn {
  sqlite3 *db;                 /* borrowed */
  const char *schema;          /* borrowed */
  struct interrupt *interrupt; /* borrowed, or NULL */
  sqlite3_int64 deadline_ms;   /* monotonic */
  int nested;                  /* a savepoint inside the caller's */
  int beside;                  /* the same, or beside a statement that reads */
  int deferred;                /* foreign keys are, by us, in a nested one */
  int owed_before;             /* the caller's own were violated already */
  int open;
  int guarded;                             /* `undo_all` is running */
  sqlite3_stmt *begin, *commit, *rollback; /* owned */
  sqlite3_stmt *lock; /* owned: a write that changes nothing; NULL: no table */
  /* Owned. Counts as a write and changes nothing. Stepped after an interrupt
  ** or out of memory, when ROLLBACK no longer works, it fails in such a way
  ** that SQLite rolls everything back. */
  sqlite3_stmt *undo_all;
  char *cache_back; /* owned: gives the caller's cache back; NULL: it has it */
};

/* How long what is done by hand waits for another writer. */
#define TXN_WAIT_MS 30000

/* table is one that the transaction may write; NULL when none exists yet, and
** then a savepoint takes the write lock only with the first write. Without an
** interrupt nothing but the deadline ends a wait. */
enum err_code txn_prepare(struct txn *t, sqlite3 *db, const char *schema,
                          const char *table, struct interrupt *interrupt,
                          sqlite3_int64 deadline_ms, struct err *e);

/* Begins to read: from here to txn_commit(), which ends it, all reads see one
** state of the database. *version: see txn_version(). Not for a nested one,
** which reads in the caller's transaction. Waits as txn_begin() does. */
enum err_code txn_read(struct txn *t, sqlite3_int64 *version, struct err *e);

/* A number that another connection's commit changes, ours does not. Only
** comparable with one of the same connection. */
sqlite3_int64 txn_version(const struct txn *t, struct err *e);

/* Takes the write lock; waits for other writers until the deadline. */
enum err_code txn_begin(struct txn *t, struct err *e);

/* Takes the write lock of another database as well, which has this table. */
enum err_code txn_lock(struct txn *t, const char *schema, const char *table,
                       struct err *e);

/* For a transaction that makes indexes: that expires every prepared statement,
** `undo_all` as well, but not one that is running. Call after txn_begin(). No
** savepoint can be opened until the transaction is over. */
void txn_guard(struct txn *t);

/* Until the transaction is over, the database's page cache may have so many KiB
** where the caller has set fewer: pages of many indexes, written to in no
** order, would else go to the file and come back, again and again. Where it
** cannot be had, nothing happens. Only after out of memory may it stay. */
void txn_enlarge_cache(struct txn *t, int larger_kib);

/* Foreign keys must be right in the end only. Inside the caller's own
** transaction too, where the caller's setting is back once ours is over;
** unless the caller's own keys were violated before: then COMMIT decides. */
enum err_code txn_defer_foreign_keys(struct txn *t, struct err *e);

/* Whether foreign keys are violated that must not be when this transaction
** ends. */
int txn_owes_foreign_keys(const struct txn *t);

/* Makes it last; waits for readers (rollback journal) until the deadline. */
enum err_code txn_commit(struct txn *t, struct err *e);

/* Undoes everything; no-op when not open. Afterwards the connection is where
** it was before txn_begin(), or, after an interrupt, a full disk or out of
** memory inside the caller's transaction, that one is rolled back as a whole.
*/
void txn_rollback(struct txn *t);

/* Rolls back what is open, and frees. */
void txn_clear(struct txn *t);

/* Fails when interrupted or past the deadline. */
enum err_code txn_go_on(struct txn *t, struct err *e);

#endif
