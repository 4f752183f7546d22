/*
** What is committed meanwhile is seen by further connections to the files,
** which read no rows but the log's: everything else is read over the caller's,
** whose authorizer may have a say.
*/
#include "sync/together.h"

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/sql.h"
#include "local/caller.h"

/* How long a commit may take from one file to the other, and how often we look.
 */
#define COMMIT_WAIT_MS 5000
#define LOOK_MS        2

struct together {
  sqlite3 *db;             /* borrowed */
  const struct mapping *m; /* borrowed */
  struct interrupt interrupt;
  sqlite3 *main,
      *file;         /* owned: beside db, to the log's and the table's file */
  sqlite3_int64 run; /* the last one that db knows of */
};

static const char looking[] = "looking for other writers";

/* By the same VFS, whose locks it must heed, and if it is still the same file.
 */
static void open_beside(const struct together *t, const char *schema,
                        sqlite3 **out, struct err *e) {
  sqlite3_vfs *vfs = NULL;
  if (caller_check_place(t->db, schema, e)) return;
  sqlite3_file_control(t->db, schema, SQLITE_FCNTL_VFS_POINTER, &vfs);
  if (sqlite3_open_v2(sqlite3_db_filename(t->db, schema), out,
                      SQLITE_OPEN_READWRITE, vfs ? vfs->zName : NULL)) {
    err_sqlite(e, *out, looking);
  }
}

#define SUCCESS "status = 'success' AND dry_run = 0"

/* Whether the log has a later run of that kind by now. */
static int has_later(const struct together *t, const char *kind,
                     struct err *e) {
  return sql_integer(t->main, e,
                     "SELECT EXISTS(SELECT 1 FROM main.ordersync_runs WHERE id "
                     "> %lld AND sync = %Q AND %s)",
                     t->run, t->m->sync, kind) != 0;
}

/* The table's file is locked from before the run's commit of the log until its
** own. A file that nobody may write has no such lock. */
static int is_writing(const struct together *t, struct err *e) {
  int rc = sqlite3_exec(t->file, "BEGIN IMMEDIATE", 0, 0, 0);
  if (rc == SQLITE_OK) rc = sqlite3_exec(t->file, "ROLLBACK", 0, 0, 0);
  if (rc && !err_busy_code(rc) && (rc & 0xff) != SQLITE_READONLY) {
    err_sqlite(e, t->file, looking);
  }
  return err_busy_code(rc);
}

/* Until the run's commit is over, in the table's file too. What has the lock
** may be the next run, for long; then the log has that one. */
static void wait_for_commit(struct together *t, struct err *e) {
  sqlite3_int64 until = clock_now_ms() + COMMIT_WAIT_MS;
  while (!e->code && is_writing(t, e) &&
         !has_later(t, "status = 'running'", e) && !e->code) {
    if (clock_now_ms() >= until) {
      err_set(e, ERR_LOCAL,
              "\"%s\" has been locked by a writer for %d seconds, so nobody "
              "can tell whether run %lld is in it already",
              t->m->schema, COMMIT_WAIT_MS / 1000, t->run);
      err_hint(e, "ask again when it is done");
      e->sqlite_code = SQLITE_BUSY;
    }
    interrupt_sleep(&t->interrupt, clock_now_ms() + LOOK_MS);
    if (interrupt_pending(&t->interrupt)) {
      err_set(e, ERR_INTERRUPT, "interrupted");
    }
  }
}

/* sqlite_schema has a row: the table's. */
static void begin_to_read(const struct together *t, sqlite3_stmt **hold,
                          struct err *e) {
  *hold =
      sql_prepare(t->db, e, "SELECT 1 FROM \"%w\".sqlite_schema", t->m->schema);
  if (*hold && sqlite3_step(*hold) != SQLITE_ROW) {
    err_sqlite(e, t->db, "reading the target");
  }
}

/* That others may write, too. */
static int has_file(sqlite3 *db, const char *schema) {
  const char *path = sqlite3_db_filename(db, schema);
  return path && *path && !sqlite3_uri_boolean(path, "immutable", 0);
}

static int main_is(sqlite3 *db, const char *pragma, const char *value,
                   struct err *e) {
  char *text = sql_text(db, e, "PRAGMA main.%s", pragma);
  int is = text && sqlite3_stricmp(text, value) == 0;
  sqlite3_free(text);
  return is;
}

/* Nobody commits to the main database while the caller writes it, has it for
** itself, or reads it with a rollback journal: that keeps it locked until the
** last of a transaction's files is written. */
static int is_alone(sqlite3 *db, const struct mapping *m, struct err *e) {
  return !has_file(db, "main") || !has_file(db, m->schema) ||
         sqlite3_txn_state(db, "main") == SQLITE_TXN_WRITE ||
         !main_is(db, "journal_mode", "wal", e) ||
         main_is(db, "locking_mode", "exclusive", e);
}

enum err_code together_hold(sqlite3_stmt **hold, sqlite3 *db,
                            const struct mapping *m, struct err *e) {
  struct together t = {.db = db, .m = m};
  *hold = NULL;
  if (e->code || sqlite3_stricmp(m->schema, "main") == 0) return e->code;
  if (is_alone(db, m, e)) {
    begin_to_read(&t, hold, e);
    return e->code;
  }
  if (interrupt_open(&t.interrupt, db, e)) return e->code;
  t.run = sql_integer(
      db, e,
      "SELECT id FROM main.ordersync_runs WHERE sync = %Q AND " SUCCESS
      " ORDER BY id DESC LIMIT 1",
      m->sync);
  open_beside(&t, "main", &t.main, e);
  open_beside(&t, m->schema, &t.file, e);
  wait_for_commit(&t, e);
  if (!e->code) begin_to_read(&t, hold, e);
  if (!e->code && has_later(&t, SUCCESS, e)) {
    err_set(e, ERR_LOCAL,
            "sync \"%s\" was refreshed while its changes were looked up",
            m->sync);
    err_hint(e, "ask again");
    e->sqlite_code = SQLITE_BUSY;
  }
  sqlite3_close(t.main);
  sqlite3_close(t.file);
  interrupt_close(&t.interrupt);
  return e->code;
}
