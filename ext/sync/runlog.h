/*
** The run log.
**
**   SELECT * FROM ordersync_runs ORDER BY id DESC LIMIT 5;
**   SELECT * FROM ordersync_run_details WHERE run_id = ...;
**
** It outlives the refresh's rollback: the "running" row is committed before
** the network is touched (inside a caller's transaction, which would show it to
** nobody, it is written with the outcome); details are kept in memory and
** written together with the outcome, inside the apply transaction or after its
** rollback.
*/
#ifndef ORDERSYNC_RUNLOG_H
#define ORDERSYNC_RUNLOG_H
#include "base/err.h"
#include "base/trace.h"
#include "local/txn.h"
#include "profile/profile.h"

struct runlog_detail;

/* One run. Starts zeroed. */
struct runlog {
  sqlite3 *db;                 /* borrowed */
  const char *sync;            /* borrowed */
  sqlite3_int64 run_id;        /* 0: no row yet */
  int has_tables;              /* the log tables exist */
  int has_duration;            /* and have their newest column */
  int is_owner;                /* the run lock is held */
  struct interrupt *interrupt; /* borrowed; NULL before runlog_begin() */
  char started_at[32];         /* UTC, YYYY-MM-DD HH:MM:SS.ffffff */
  sqlite3_int64 started_ms;    /* monotonic */
  struct progress progress;    /* on a terminal */

  /* Whose password is masked in warnings and errors, which may hold names and
  ** texts of the server's; borrowed, NULL: it is not known yet. */
  const struct profile *profile;
  char *password; /* owned, between one warning and the next */

  /* What the outcome's row will say; the refresh fills it as it goes. */
  const char *mode;
  int dry_run;
  int is_unchanged; /* the probe says so: nothing was fetched */
  int attempts;
  int warnings;
  sqlite3_int64 connect_ms, fetch_ms, apply_ms;   /* -1: not reached */
  sqlite3_int64 rows, inserted, updated, deleted; /* -1: not reached */

  struct runlog_detail *first, *last; /* owned, not yet written */
};

/* Starts the clock and looks whether the tables are there. */
void runlog_init(struct runlog *log, sqlite3 *db, const char *sync);
/* Looks again: while the database is busy, nothing is found. */
void runlog_find_tables(struct runlog *log);
/* Frees; accepts a cleared one. Writes nothing. */
void runlog_clear(struct runlog *log);

/*
** Marks what dead runs of this sync left as "running" as "lost" (the caller
** holds the run lock, which proves that they are dead), then writes the
** "running" row, and commits both. Inside a caller's transaction both are left
** to the outcome, and only the write lock is taken. Waits for other writers
** until deadline_ms (monotonic) or an interrupt. deadline_s is how long the run
** may take, for the status view. Fails without log tables.
*/
enum err_code runlog_begin(struct runlog *log, int deadline_s,
                           sqlite3_int64 deadline_ms,
                           struct interrupt *interrupt, struct err *e);

/* Adds a detail, and traces it. The text is masked. */
void runlog_detail(struct runlog *log, enum trace_level level,
                   const char *phase, const char *fmt, ...);

/* Makes sure, in the apply transaction, that the run has its row, and so an id:
** for those who record something under it. */
enum err_code runlog_need_row(struct runlog *log, struct err *e);

/* Writes the success, the details (none where nothing changed and there is no
** warning: the row says all), and forgets runs older than keep_days
** (-1: none); inside the apply transaction. */
enum err_code runlog_success(struct runlog *log, struct txn *txn, int keep_days,
                             struct err *e);

/* Writes what became of a run that did not succeed: "skipped" (why is NULL),
** "cancelled" (it was interrupted) or "error". Over a second connection when
** this one cannot. Never fails: what can be written nowhere goes to
** trace_lost(). */
void runlog_failure(struct runlog *log, const struct err *why);

/* Draws the progress line once a run has lasted two seconds, and then twice a
** second. NULL phase: wipes it for good. */
void runlog_progress(struct runlog *log, const char *phase, sqlite3_int64 rows);

#endif
