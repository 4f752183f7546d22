/*
** Out of memory within the libraries: every allocation that FreeTDS (or
** GnuTLS, for it, or we ourselves) asks of libc fails in turn, once alone and
** once with all that follow.
**
**   torture_libc FOLDER MOST CASE LIBRARY    LIBRARY: ordersync (and FreeTDS,
**                                            which is inside), libgnutls, ...
**
** The allocating functions are replaced by ones of this program, which look at
** who called. What libc allocates inside a call of theirs (in getaddrinfo() or
** fopen(), say) is not reached. The extension is loaded as a host loads it.
**
** Each run is a process. GnuTLS may die of it: such deaths are counted and listed
** by place.
*/
#include "torture.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_PER_RUN 20
#define SHOWN_MOST      12
#define PLACES_MOST     24
#define TEXT_MOST       65536

/* ---- deaths ------------------------------------------------------------ */

/* Shared with the parent, which itself never loads the libraries, so that
** every child sees them initialise. */
struct shared {
  long count;
  char result[TEXT_MOST], old_state[TEXT_MOST], new_state[TEXT_MOST];
  int wrong;
  char what[512];  /* what is wrong, or the message of an error */
  char place[128]; /* where it died: "libgnutls.so.30+0x4aa94 (...)" */
};
static struct shared *shared;

/* The innermost frame that is neither this program's nor libc's. */
static void on_death(int sig) {
  void *frames[48];
  int n = backtrace(frames, 48);
  (void)strcpy(shared->place, "libc");
  for (int i = 2; i < n; i++) {
    Dl_info info;
    const char *name;
    if (!dladdr(frames[i], &info) || !info.dli_fname) continue;
    name = strrchr(info.dli_fname, '/');
    name = name ? name + 1 : info.dli_fname;
    if (strncmp(name, "libc.", 5) == 0) continue;
    (void)snprintf(shared->place, sizeof shared->place, "%s+0x%zx (%s)", name,
                   (size_t)frames[i] - (size_t)info.dli_fbase,
                   sig == SIGALRM ? "it hangs" : strsignal(sig));
    break;
  }
  _exit(99);
}

static void catch_deaths(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM};
  void *warm[4];
  (void)backtrace(warm, 4); /* loads what it needs now */
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    (void)signal(signals[i], on_death);
  }
  (void)alarm(SECONDS_PER_RUN);
}

/* ---- one run, in a process of its own ---------------------------------- */

static const struct torture_case *the_case;
static const char *library;
static char path[512], template_path[540];

static void wrong(const char *what, const char *more) {
  if (shared->wrong++) return;
  (void)snprintf(shared->what, sizeof shared->what, "%s: %s", what, more);
}

static void read_state(sqlite3 *db, struct text *out) {
  char message[256];
  if (db_run(db, the_case->state, out, message)) text_add(out, "%s", message);
}

/* A text that was read is used up. */
static int same(struct text *t, const char *expected) {
  int equal = strcmp(t->bytes ? t->bytes : "", expected) == 0;
  text_clear(t);
  return equal;
}

static void keep(struct text *t, char *to) {
  (void)snprintf(to, TEXT_MOST, "%s", t->bytes ? t->bytes : "");
  text_clear(t);
}

static int open_fresh(sqlite3 **db, char *message) {
  int rc;
  if (!file_copy(template_path, path)) return SQLITE_IOERR;
  rc = db_open(db, path, message);
  libc_bomb_find(library);
  if (rc == SQLITE_OK) {
    rc = db_run(*db, "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY;",
                NULL, message);
  }
  if (rc == SQLITE_OK && the_case->setup) {
    rc = db_run(*db, the_case->setup, NULL, message);
  }
  return rc;
}

static void check_again(sqlite3 *db) {
  struct text result = {0};
  char message[256];
  int rc = db_run(db, the_case->sql, &result, message);
  if (rc) wrong("the next run fails", message);
  if (!same(&result, shared->result) && !rc) {
    wrong("the next run's result is another", "");
  }
}

static void run(long nth, int sticky) {
  struct text result = {0}, state = {0};
  char message[256];
  sqlite3 *db = NULL;
  int rc;
  catch_deaths();
  if (open_fresh(&db, message)) {
    wrong("cannot be set up", message);
    return;
  }
  libc_bomb_arm(nth, sticky);
  rc = db_run(db, the_case->sql, &result, message);
  (void)libc_bomb_disarm();
  if (rc) (void)snprintf(shared->what, sizeof shared->what, "%s", message);
  read_state(db, &state);
  if (rc && !message[0]) wrong("an error without a message", "");
  if (!same(&result, shared->result) && !rc) {
    wrong("OK with another result", "");
  }
  if (!same(&state, rc ? shared->old_state : shared->new_state)) {
    wrong(rc ? "an error, but not the old state" : "OK, but another state",
          message);
  }
  if (!sqlite3_get_autocommit(db)) wrong("a transaction is open", message);
  if (rc) check_again(db);
  if (sqlite3_close(db)) wrong("cannot be closed", "");
}

/* ---- all of them ------------------------------------------------------- */

static struct {
  char place[128];
  long times;
} places[PLACES_MOST];

static void note_place(void) {
  for (int i = 0; i < PLACES_MOST; i++) {
    if (places[i].times && strcmp(places[i].place, shared->place) != 0) {
      continue;
    }
    (void)strcpy(places[i].place, shared->place);
    places[i].times++;
    return;
  }
}

/* The template, and what is right. */
static int rehearse(void) {
  sqlite3 *db = NULL;
  char message[256];
  struct text result = {0}, state = {0};
  int rc;
  (void)unlink(template_path);
  rc = db_open(&db, template_path, message);
  if (!rc) rc = db_run(db, the_case->template_sql, NULL, message);
  sqlite3_close(db);
  db = NULL;
  if (!rc) rc = open_fresh(&db, message);
  if (!rc) {
    read_state(db, &state);
    keep(&state, shared->old_state);
    libc_bomb_arm(0, 0);
    rc = db_run(db, the_case->sql, &result, message);
    shared->count = libc_bomb_disarm();
    keep(&result, shared->result);
    read_state(db, &state);
    keep(&state, shared->new_state);
  }
  sqlite3_close(db);
  if (rc) (void)printf("%s: without a failure: %s\n", the_case->name, message);
  return rc == SQLITE_OK;
}

/* Runs fn in a child; 0 when it ended of its own accord. */
static int in_child(long nth, int sticky) {
  int status = 0;
  pid_t pid;
  shared->wrong = 0;
  shared->what[0] = shared->place[0] = 0;
  (void)fflush(stdout);
  pid = fork();
  if (pid == 0) {
    int ok = 1;
    if (nth < 0)
      ok = rehearse();
    else
      run(nth, sticky);
    (void)fflush(stdout);
    _exit(!ok);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return 1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  if (!shared->place[0]) { /* on a thread that blocks signals, say */
    (void)snprintf(shared->place, sizeof shared->place, "a place unknown (%s)",
                   WIFSIGNALED(status) ? strsignal(WTERMSIG(status))
                                       : "exit()");
  }
  return 1;
}

/* FreeTDS is inside and ours to keep alive. */
static int is_ours(const char *place) {
  return strncmp(place, "ordersync.so+", 13) == 0 ||
         strcmp(library, "ordersync") == 0;
}

static int torture(long most) {
  long passed = 0, failed = 0, killed = 0, step;
  int shown = 0;
  if (in_child(-1, 0) || shared->count == 0) {
    (void)printf("%s/%s: 0 passed, 1 failed\n", library, the_case->name);
    return 1;
  }
  step = most && shared->count > most ? (shared->count + most - 1) / most : 1;
  for (int sticky = 0; sticky < 2; sticky++) {
    for (long nth = 1; nth <= shared->count; nth += step) {
      int died = in_child(nth, sticky);
      int ours = died && is_ours(shared->place);
      if (died) note_place();
      if (getenv("TORTURE_SHOW")) {
        (void)printf("  %ld%s: %s %s\n", nth, sticky ? " sticky" : "",
                     shared->place, shared->what);
      }
      if (died && !ours) {
        killed++;
      } else if (ours || shared->wrong) {
        failed++;
        if (shown++ < SHOWN_MOST) {
          (void)printf("FAIL %s/%s, %s, allocation %ld: %s %s\n", library,
                       the_case->name, sticky ? "sticky" : "transient", nth,
                       shared->place, shared->what);
        }
      } else {
        passed++;
      }
    }
  }
  for (int i = 0; i < PLACES_MOST && places[i].times; i++) {
    (void)printf("%s/%s: died %ld times at %s\n", library, the_case->name,
                 places[i].times, places[i].place);
  }
  (void)printf("%s/%s: %ld allocations, every %ldth failed; the library died "
               "of %ld\n",
               library, the_case->name, shared->count, step, killed);
  (void)printf("%s/%s: %ld passed, %ld failed\n", library, the_case->name,
               passed, failed);
  return failed != 0;
}

int main(int argc, char **argv) {
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; argc == 5 && i < n_torture_cases; i++) {
    if (strcmp(argv[3], torture_cases[i].name) != 0) continue;
    the_case = &torture_cases[i];
    library = argv[4];
    (void)snprintf(path, sizeof path, "%s/%s-%s.db", argv[1], argv[4], argv[3]);
    (void)snprintf(template_path, sizeof template_path, "%s.template", path);
    return torture(strtol(argv[2], NULL, 10));
  }
  (void)fputs("usage: torture_libc FOLDER MOST CASE LIBRARY\n", stderr);
  return 2;
}
