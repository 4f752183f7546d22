/*
** Removes and renames syncs.
*/
#include "sync/manage.h"

#include "base/clock.h"
#include "base/sql.h"
#include "local/caller.h"
#include "local/target.h"
#include "local/txn.h"
#include "source/flags.h"
#include "sync/lock.h"

#include <string.h>

struct manage {
  sqlite3 *db;        /* borrowed */
  struct mapping map; /* name and target only */
  struct interrupt interrupt;
  struct txn txn;
  struct lock lock, new_lock;
};

enum err_code manage_lock(sqlite3 *db, const char *name, struct lock *lock,
                          struct err *e) {
  int busy = 0;
  if (!lock_acquire(lock, db, name, &busy, e) && busy) {
    err_set(e, ERR_LOCAL, "a refresh of sync \"%s\" is running", name);
    err_hint(e, "try again when it is over");
    e->sqlite_code = SQLITE_BUSY;
  }
  return e->code;
}

static const char changing[] = "changing the configuration";

enum err_code manage_written(sqlite3_int64 is_there, struct err *e) {
  if (!e->code && !is_there) {
    err_set(e, ERR_LOCAL, "changing the configuration changed nothing");
    err_hint(e, "a trigger or an authorizer ignores the write: let it pass");
  }
  return e->code;
}

/* Whether what was written is there: a trigger (RAISE(IGNORE)) or an authorizer
** may ignore one of several writes, which would leave a sync without mapping.
*/
enum err_code manage_check_written(sqlite3 *db, const char *name, int n_syncs,
                                   sqlite3_int64 n_columns, struct err *e) {
  return manage_written(
      sql_integer(db, e,
                  "SELECT (SELECT count(*) FROM main.ordersync_syncs WHERE "
                  "name=%Q) = %d AND (SELECT count(*) FROM "
                  "main.ordersync_columns WHERE sync=%Q) = %lld",
                  name, n_syncs, name, n_columns),
      e);
}

/* Up to the write lock. The sync is looked for first, so that a typing error
** leaves no lock file, and again once nobody can change it any more. */
static enum err_code begin(struct manage *m, sqlite3 *db, const char *name,
                           const char *new_name, struct err *e) {
  *m = (struct manage){.db = db};
  if (caller_check(db, "main", e) || mapping_locate(&m->map, db, name, e) ||
      interrupt_open(&m->interrupt, db, e) ||
      manage_lock(db, name, &m->lock, e)) {
    return e->code;
  }
  if (new_name && manage_lock(db, new_name, &m->new_lock, e)) return e->code;
  if (txn_prepare(&m->txn, db, "main", "ordersync_syncs", &m->interrupt,
                  clock_now_ms() + TXN_WAIT_MS, e) ||
      txn_begin(&m->txn, e)) {
    return e->code;
  }
  mapping_clear(&m->map);
  return mapping_locate(&m->map, db, name, e);
}

/* Returns the text, or NULL when something failed. */
static char *end(struct manage *m, char *text, struct err *e) {
  int is_done = !e->code && text;
  if (!e->code && !text) err_nomem(e);
  if (is_done) txn_commit(&m->txn, e);
  txn_clear(&m->txn);
  lock_release(&m->lock);
  lock_release(&m->new_lock);
  interrupt_close(&m->interrupt);
  mapping_clear(&m->map);
  if (!e->code) return text;
  sqlite3_free(text);
  return NULL;
}

/* Rows of other tables point at it, or could. */
static enum err_code check_parents(const struct manage *m, struct err *e) {
  char *child = sql_text(
      m->db, e,
      "SELECT t.name FROM pragma_table_list t, "
      "pragma_foreign_key_list(t.name, t.schema) f WHERE t.schema = %Q COLLATE "
      "nocase AND t.type = 'table' AND f.\"table\" = %Q COLLATE nocase AND "
      "t.name <> %Q COLLATE nocase LIMIT 1",
      m->map.schema, m->map.target, m->map.target);
  if (child) {
    err_set(e, ERR_CONFIG,
            "a foreign key of table \"%s\" points at \"%s\", so it cannot be "
            "dropped",
            child, m->map.target);
    err_hint(e, "drop \"%s\" first, or leave out drop_table", child);
  }
  sqlite3_free(child);
  return e->code;
}

/* *is_there: there is a table to drop, and it may be. */
static enum err_code check_drop(const struct manage *m, int *is_there,
                                struct err *e) {
  char *type, *rivals;
  if (target_check_name(m->map.target, e) ||
      caller_check(m->db, m->map.schema, e) ||
      caller_check_readers(m->db, m->map.schema, m->map.target, e)) {
    return e->code;
  }
  type = sql_text(m->db, e,
                  "SELECT type FROM pragma_table_list WHERE schema = %Q "
                  "COLLATE nocase AND name = %Q COLLATE nocase",
                  m->map.schema, m->map.target);
  *is_there = type != NULL;
  if (type && sqlite3_stricmp(type, "table") != 0) {
    err_set(e, ERR_CONFIG, "target \"%s\" is a %s, not a plain table",
            m->map.target, type);
    err_hint(e, "leave out drop_table");
  }
  sqlite3_free(type);
  rivals = e->code ? NULL : mapping_rivals(&m->map, m->db, e);
  if (rivals) {
    err_set(e, ERR_CONFIG,
            "\"%s\" is also the target of sync %s, so it cannot be dropped",
            m->map.target, rivals);
    err_hint(e, "leave out drop_table");
  }
  sqlite3_free(rivals);
  return e->code ? e->code : check_parents(m, e);
}

/* What was kept, in words. */
static char *removed(const struct manage *m, int drop_table, int is_there,
                     int drop_runs, sqlite3_int64 n_runs) {
  const char *table = !drop_table ? "is kept"
                      : is_there  ? "is dropped"
                                  : "was not there";
  return sqlite3_mprintf("sync \"%s\" removed; its table \"%s\" %s; its runs "
                         "in the log (%lld) are %s",
                         m->map.sync, m->map.target, table, n_runs,
                         drop_runs ? "deleted" : "kept");
}

char *manage_remove(sqlite3 *db, const char *name, const char *options,
                    struct err *e) {
  int drop_table = 0, drop_runs = 0, is_there = 0;
  const struct flag flags[] = {{"drop_table", &drop_table},
                               {"drop_runs", &drop_runs}};
  struct manage m;
  char *text = NULL;
  sqlite3_int64 n_runs = 0;
  if (begin(&m, db, name, NULL, e) || flags_read(flags, 2, db, options, e)) {
    goto done;
  }
  if (drop_table && check_drop(&m, &is_there, e)) goto done;
  n_runs = sql_integer(
      db, e, "SELECT count(*) FROM main.ordersync_runs WHERE sync=%Q", name);
  if (drop_runs) {
    sql_run(m.db, e, changing,
            "DELETE FROM main.ordersync_run_details WHERE run_id IN (SELECT id "
            "FROM main.ordersync_runs WHERE sync=%Q); DELETE FROM "
            "main.ordersync_runs WHERE sync=%Q",
            name, name);
  }
  /* A database of an older version has no trigger for it. */
  sql_run(m.db, e, changing,
          "DELETE FROM main.ordersync_columns WHERE sync=%Q; "
          "DELETE FROM main.ordersync_syncs WHERE name=%Q",
          name, name);
  manage_check_written(db, name, 0, 0, e);
  if (is_there) {
    sql_run(m.db, e, changing, "DROP TABLE \"%w\".\"%w\"", m.map.schema,
            m.map.target);
    manage_written(sqlite3_table_column_metadata(db, m.map.schema, m.map.target,
                                                 NULL, NULL, NULL, NULL, NULL,
                                                 NULL) != SQLITE_OK,
                   e);
  }
  text = removed(&m, drop_table, is_there, drop_runs, n_runs);
done:
  if (name) err_prefix(e, "sync \"%s\"", name);
  return end(&m, text, e);
}

enum err_code manage_check_runs(sqlite3 *db, const char *name, struct err *e) {
  if (!e->code &&
      sql_integer(
          db, e,
          "SELECT EXISTS(SELECT 1 FROM main.ordersync_runs WHERE "
          "sync=%Q AND status IN ('success', 'unchanged') AND dry_run = 0)",
          name)) {
    err_set(e, ERR_CONFIG,
            "the run log has runs of an earlier sync \"%s\", which would be "
            "taken for this one's",
            name);
    err_hint(e, "DELETE FROM ordersync_runs WHERE sync = '%q'", name);
  }
  return e->code;
}

static enum err_code check_new_name(const struct manage *m,
                                    const char *new_name, struct err *e) {
  if (sql_integer(m->db, e,
                  "SELECT count(*) FROM main.ordersync_syncs WHERE name=%Q",
                  new_name)) {
    err_set(e, ERR_CONFIG, "there is already a sync \"%s\"", new_name);
  }
  return manage_check_runs(m->db, new_name, e);
}

char *manage_rename(sqlite3 *db, const char *name, const char *new_name,
                    struct err *e) {
  struct manage m;
  char *text = NULL;
  sqlite3_int64 n_columns;
  if (!new_name || !*new_name)
    err_set(e, ERR_CONFIG, "the sync's new name must not be empty");
  else if (name && strcmp(name, new_name) == 0)
    err_set(e, ERR_CONFIG, "\"%s\" is its name already", name);
  if (begin(&m, db, name, new_name, e) || check_new_name(&m, new_name, e)) {
    goto done;
  }
  n_columns = sql_integer(
      db, e, "SELECT count(*) FROM main.ordersync_columns WHERE sync=%Q", name);
  /* Where there is a trigger, it carries the mapping along; older versions had
  ** none, and may have left a mapping of that name. */
  sql_run(m.db, e, changing,
          "DELETE FROM main.ordersync_columns WHERE sync=%Q; "
          "UPDATE main.ordersync_syncs SET name=%Q WHERE name=%Q; "
          "UPDATE main.ordersync_columns SET sync=%Q WHERE sync=%Q; "
          "UPDATE main.ordersync_runs SET sync=%Q WHERE sync=%Q",
          new_name, new_name, name, new_name, name, new_name, name);
  manage_check_written(db, name, 0, 0, e);
  manage_check_written(db, new_name, 1, n_columns, e);
  if (sql_integer(db, e,
                  "SELECT count(*) FROM main.ordersync_runs WHERE sync=%Q",
                  name))
    manage_written(0, e);
  text = sqlite3_mprintf("sync \"%s\" is \"%s\" now; its table is still \"%s\"",
                         name, new_name, m.map.target);
done:
  if (name) err_prefix(e, "sync \"%s\"", name);
  return end(&m, text, e);
}
