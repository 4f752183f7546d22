/*
** Out of memory, everywhere: every allocation that SQLite makes for us fails
** in turn, once alone (transient) and once with all that follow (sticky).
**
**   torture -l                     the names of the cases
**   torture FOLDER MOST CASE       MOST runs at most in each way; 0: all
**
** A server must be named by ORDERSYNC_SERVER and so on (torture.sh does). For
** every run:
**   - an error with a message and the old state, or the exact result and the
**     new state; never OK with other rows,
**   - no transaction left open, and the same statement works afterwards,
**   - sqlite3_memory_used() is back where it was once all is closed.
*/
#include "torture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST_ONES       12
#define SECONDS_PER_RUN 20
#define SHOWN_MOST      12
#define DEATHS_MOST     40

/* Shared with the parent: a run that kills its process is one failure. */
struct progress {
  int way;   /* 0: transient, 1: sticky, 2: over */
  long next; /* the allocation to fail next */
  long passed, failed, errors, unlogged;
  int shown;
};
static struct progress *progress;

struct torture {
  const struct torture_case *c;
  char template[512], path[512];
  long step, count;
  sqlite3_int64 baseline;
  struct text result, old_state, new_state; /* of the run without failures */
};

static void note(const struct torture *t, const char *what, const char *more) {
  progress->failed++;
  if (progress->shown++ >= SHOWN_MOST) return;
  (void)printf("FAIL %s, %s, allocation %ld: %s%s%s\n", t->c->name,
               progress->way ? "sticky" : "transient", progress->next, what,
               more && *more ? ": " : "", more ? more : "");
}

/* ---- one database ------------------------------------------------------ */

static void remove_side_files(const char *path) {
  static const char *const suffixes[] = {"-journal", "-wal", "-shm"};
  char side[600];
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    (void)snprintf(side, sizeof side, "%s%s", path, suffixes[i]);
    (void)unlink(side);
  }
}

/* An error is a state too: a table that is not there. */
static void read_state(const struct torture *t, sqlite3 *db, struct text *out) {
  char message[256];
  if (db_run(db, t->c->state, out, message)) text_add(out, "%s\n", message);
}

static int open_fresh(const struct torture *t, sqlite3 **db, char *message) {
  int rc;
  remove_side_files(t->path);
  if (!file_copy(t->template, t->path)) return SQLITE_IOERR;
  if (t->c->opens) return SQLITE_OK;
  rc = db_open(db, t->path, message);
  if (rc == SQLITE_OK) {
    rc = db_run(*db, "PRAGMA synchronous=OFF; SELECT * FROM sqlite_schema;",
                NULL, message);
  }
  if (rc == SQLITE_OK && t->c->setup) {
    rc = db_run(*db, t->c->setup, NULL, message);
  }
  return rc;
}

static int make_template(struct torture *t) {
  sqlite3 *db = NULL;
  char message[256];
  int rc;
  (void)unlink(t->template);
  rc = db_open(&db, t->template, message);
  if (rc == SQLITE_OK) rc = db_run(db, t->c->template_sql, NULL, message);
  sqlite3_close(db);
  if (rc) (void)printf("%s: making the template: %s\n", t->c->name, message);
  return rc == SQLITE_OK;
}

/* The case as it should be: its result, both states, and its allocations. */
static int rehearse(struct torture *t) {
  sqlite3 *db = NULL;
  char message[256];
  int rc = open_fresh(t, &db, message);
  if (rc == SQLITE_OK && !t->c->opens) read_state(t, db, &t->old_state);
  if (rc == SQLITE_OK) {
    mem_arm(0, 0);
    if (t->c->opens) rc = db_open(&db, t->path, message);
    if (rc == SQLITE_OK) rc = db_run(db, t->c->sql, &t->result, message);
    t->count = mem_disarm();
    read_state(t, db, &t->new_state);
    if (t->c->opens) read_state(t, db, &t->old_state);
  }
  sqlite3_close(db);
  if ((rc != SQLITE_OK) != t->c->fails) {
    (void)printf("%s: without a failure: %s\n", t->c->name, message);
    return 0;
  }
  return 1;
}

/* ---- one run ----------------------------------------------------------- */

/* The first line that two texts do not share, of the first one. */
static void first_difference(const struct text *a, const struct text *b,
                             char *line, size_t n_line) {
  const char *x = a->bytes ? a->bytes : "";
  const char *y = b->bytes ? b->bytes : "";
  const char *start = x;
  for (; *x && *x == *y; x++, y++) {
    if (*x == '\n') start = x + 1;
  }
  (void)snprintf(line, n_line, "%.*s", (int)strcspn(start, "\n"), start);
}

static void check_state(const struct torture *t, sqlite3 *db, int rc) {
  const struct text *wanted = rc ? &t->old_state : &t->new_state;
  struct text state = {0};
  char is[256], should[256];
  read_state(t, db, &state);
  if (!text_equal(&state, wanted)) {
    first_difference(&state, wanted, is, sizeof is);
    first_difference(wanted, &state, should, sizeof should);
    note(t, rc ? "an error, but not the old state" : "OK, but another state",
         is);
    if (progress->shown < SHOWN_MOST) (void)printf("  wanted: %s\n", should);
  }
  text_clear(&state);
}

static void check_again(const struct torture *t, sqlite3 *db) {
  const char *sql = t->c->again ? t->c->again : t->c->sql;
  struct text result = {0};
  char message[256];
  int rc = db_run(db, sql, &result, message);
  if ((rc != SQLITE_OK) != t->c->fails) {
    note(t, "the next run fails", message);
  } else if (!text_equal(&result, &t->result)) {
    first_difference(&result, &t->result, message, sizeof message);
    note(t, "the next run's result is another", message);
  } else {
    check_state(t, db, rc);
  }
  text_clear(&result);
}

/* A run that failed is logged as one, where there was memory to do so. */
static void count_unlogged(sqlite3 *db, int rc) {
  struct text runs = {0};
  if (rc == SQLITE_OK || progress->way) return;
  if (db_run(db, "SELECT 1 FROM ordersync_runs WHERE status = 'error'", &runs,
             NULL) == SQLITE_OK &&
      runs.n == 0) {
    progress->unlogged++;
  }
  text_clear(&runs);
}

static void check_outcome(const struct torture *t, sqlite3 *db, int rc,
                          const struct text *result, const char *message) {
  if (rc && (!message[0] || strcmp(message, "not an error") == 0)) {
    note(t, "an error without a message", sqlite3_errstr(rc));
  }
  if (t->c->fails && rc == SQLITE_OK) note(t, "OK, where it must fail", "");
  if (rc == SQLITE_OK && !text_equal(result, &t->result)) {
    char line[256];
    first_difference(result, &t->result, line, sizeof line);
    note(t, "OK with another result", line);
  }
  if (!sqlite3_get_autocommit(db)) {
    if (!strstr(t->c->sql, "BEGIN")) note(t, "a transaction is open", message);
    (void)db_run(db, "ROLLBACK", NULL, NULL);
  }
  if (getenv("TORTURE_SHOW") && rc) (void)printf("  %d %s\n", rc, message);
  check_state(t, db, rc);
  count_unlogged(db, rc);
  if (rc) check_again(t, db);
}

static void run(const struct torture *t) {
  long failed = progress->failed;
  struct text result = {0};
  char message[256] = "";
  sqlite3 *db = NULL;
  sqlite3_int64 left;
  int rc;
  (void)alarm(SECONDS_PER_RUN);
  if (open_fresh(t, &db, message)) {
    note(t, "cannot be set up", message);
  } else {
    mem_arm(progress->next, progress->way);
    rc = t->c->opens ? db_open(&db, t->path, message) : SQLITE_OK;
    if (rc == SQLITE_OK) rc = db_run(db, t->c->sql, &result, message);
    (void)mem_disarm();
    if (rc) progress->errors++;
    if (rc && t->c->opens) { /* nothing there that could be asked */
      sqlite3_close(db);
      db = NULL;
      (void)db_open(&db, t->path, NULL);
    }
    check_outcome(t, db, rc, &result, message);
  }
  text_clear(&result);
  if (sqlite3_close(db)) note(t, "cannot be closed", "");
  left = sqlite3_memory_used() - t->baseline;
  if (left) {
    (void)snprintf(message, sizeof message, "%lld bytes", (long long)left);
    note(t, "memory is lost", message);
    ((struct torture *)(size_t)t)->baseline += left;
  }
  if (progress->failed == failed)
    progress->passed++;
  else
    progress->failed = failed + 1;
}

/* Of many allocations some apart from each other, and all of the last ones:
** there transactions end. */
static long next_after(const struct torture *t, long n) {
  long next = n + t->step;
  long last = t->count + 2 - LAST_ONES;
  if (n < last && next > last) next = last;
  return n >= last ? n + 1 : next;
}

static void run_all(struct torture *t) {
  for (; progress->way < 2; progress->way++) {
    if (progress->next == 0) progress->next = 1;
    while (progress->next <= t->count + 1) {
      run(t);
      progress->next = next_after(t, progress->next);
    }
    progress->next = 0;
  }
}

/* ---- processes --------------------------------------------------------- */

static int child(struct torture *t, long most) {
  int ok = mem_install() == SQLITE_OK;
  if (!ok) return 1;
  (void)alarm(2 * SECONDS_PER_RUN);
  if (!make_template(t) || !rehearse(t)) {
    progress->failed++;
    progress->way = 2;
    return 1;
  }
  t->baseline = sqlite3_memory_used();
  if (t->c->every) most = 0;
  t->step = most && t->count > most ? (t->count + most - 1) / most : 1;
  run_all(t);
  (void)printf("%s: %ld allocations, every %ldth failed; %ld ended in an "
               "error, %ld of them not in the run log\n",
               t->c->name, t->count, t->step, progress->errors,
               progress->unlogged);
  text_clear(&t->result);
  text_clear(&t->old_state);
  text_clear(&t->new_state);
  return 0;
}

/* 1 when the case is over. */
static int supervise(struct torture *t, long most) {
  int status = 0;
  pid_t pid;
  (void)fflush(stdout);
  pid = fork();
  if (pid < 0) return 1;
  if (pid == 0) {
    int rc = child(t, most);
    (void)fflush(stdout);
    exit(rc);
  }
  (void)waitpid(pid, &status, 0);
  if (progress->way >= 2 && WIFEXITED(status)) {
    if (WEXITSTATUS(status) && !progress->failed) progress->failed++;
    return 1;
  }
  note(t, "the process died",
       WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it exited");
  progress->next += most ? 7 : 1;
  return 0;
}

static int torture(const char *folder, long most,
                   const struct torture_case *c) {
  struct torture t = {.c = c};
  progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (progress == MAP_FAILED) return 1;
  (void)snprintf(t.template, sizeof t.template, "%s/%s.template", folder,
                 c->name);
  (void)snprintf(t.path, sizeof t.path, "%s/%s.db", folder, c->name);
  for (int i = 0; i < DEATHS_MOST && !supervise(&t, most); i++) {
  }
  (void)printf("%s: %ld passed, %ld failed\n", c->name, progress->passed,
               progress->failed);
  return progress->failed != 0 || progress->passed == 0;
}

int main(int argc, char **argv) {
  /* What was said must not die with a process. */
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 0; i < n_torture_cases; i++) {
    if (argc == 2 && strcmp(argv[1], "-l") == 0) {
      (void)puts(torture_cases[i].name);
    } else if (argc == 4 && strcmp(argv[3], torture_cases[i].name) == 0) {
      return torture(argv[1], strtol(argv[2], NULL, 10), &torture_cases[i]);
    }
  }
  if (argc == 2) return 0;
  (void)fputs("usage: torture -l | torture FOLDER MOST CASE\n", stderr);
  return 2;
}
