/*
** A recorded answer of every type, cut after every byte, politely and by a
** reset, and with one byte changed at every place.
**
**   cut record FOLDER       asks the server on CUT_SERVER_PORT; makes
**                           FOLDER/stream and FOLDER/template.db
**   cut run FOLDER MOST     MOST places at most in each way; 0: all
**
** After each: a success has brought the new rows (or, where a byte was
** changed and the stream is still valid, as many rows), an error has left the
** old ones, with a message and a run row that say the same; in time. Refreshes
** run in processes of their own, many in each, so that one that kills its
** process is one failure.
*/
#include "cut.h"

#include "cut_wire.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS      2
#define IDLE_MS      60   /* a client that waits for more does not get more */
#define LIMIT_MS     3500 /* query_timeout of cut.sh, and some grace */
#define STALLS_SHORT 6
#define STALLS_LONG  40
#define SHOWN_MOST   20

enum way { WAY_FIN, WAY_RST, WAY_FLIP, WAY_BIT, WAY_STALL, N_WAYS };
static const char *const way_names[] = {"cut, FIN", "cut, RST", "byte inverted",
                                        "bit flipped", "silent from"};

struct tally {
  long passed, failed, succeeded;
};

/* Shared with the parent, one a worker. */
struct progress {
  long next; /* job */
  long slowest_ms;
  struct tally ways[N_WAYS];
  int shown;
};

struct cut {
  char folder[400];
  struct stream stream;
  long step;          /* between the places */
  long per_way, jobs; /* places in each way; ways together */
  long n_stalls;
  sqlite3_int64 n_new; /* rows of the new state */
};

static long now_ms(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void use_port(int port) {
  char text[16];
  (void)snprintf(text, sizeof text, "%d", port);
  (void)setenv("ORDERSYNC_PORT", text, 1);
}

/* ---- one refresh ------------------------------------------------------- */

static enum way job_way(const struct cut *c, long job) {
  long way = job / c->per_way;
  return way < WAY_STALL ? (enum way)way : WAY_STALL;
}

static size_t job_place(const struct cut *c, long job) {
  size_t n = c->stream.n;
  if (job_way(c, job) == WAY_STALL) {
    long i = job - WAY_STALL * c->per_way;
    return n * (size_t)i / (size_t)c->n_stalls;
  }
  return (size_t)(job % c->per_way * c->step);
}

static struct fault_plan job_plan(const struct cut *c, long job) {
  struct fault_plan plan = {.cut = c->stream.n, .idle_ms = IDLE_MS};
  size_t place = job_place(c, job);
  switch (job_way(c, job)) {
  case WAY_FIN:
    plan.cut = place;
    break;
  case WAY_RST:
    plan.cut = place;
    plan.end = END_RST;
    break;
  case WAY_FLIP:
    plan.flip = place;
    plan.mask = 0xFF;
    break;
  case WAY_BIT:
    plan.flip = place;
    plan.mask = (unsigned char)(1 << (place * 5 + place / 8) % 8);
    break;
  default:
    plan.cut = place;
    plan.end = END_STALL;
    plan.idle_ms = 2 * LIMIT_MS;
  }
  return plan;
}

/* What is wrong with an outcome; NULL when all is right. */
static const char *judge(const struct cut *c, enum way way,
                         const struct outcome *o, long ms) {
  int changed = way == WAY_FLIP || way == WAY_BIT;
  if (ms > LIMIT_MS) return "it took too long";
  if (!o->log_agrees) return "the run log says something else";
  if (o->rc) {
    if (!o->is_old) return "an error, but not the old rows";
    if (!o->message[0]) return "an error without a message";
    return NULL;
  }
  if (o->returned != o->count) return "OK with another number of rows";
  if (changed && o->count != c->n_new) return "OK with rows too many or few";
  if (!changed && !o->is_new) return "OK, but not the new rows";
  return NULL;
}

static void run_job(const struct cut *c, struct cut_db *db, struct replayer *r,
                    struct progress *p) {
  enum way way = job_way(c, p->next);
  struct fault_plan plan = job_plan(c, p->next);
  struct tally *tally = &p->ways[way];
  struct outcome o;
  const char *wrong;
  long ms = now_ms();
  (void)alarm(20);
  replayer_plan(r, &plan);
  cut_db_refresh(db, &o);
  ms = now_ms() - ms;
  if (ms > p->slowest_ms) p->slowest_ms = ms;
  wrong = judge(c, way, &o, ms);
  if (!sqlite3_get_autocommit(db->db)) wrong = "a transaction is open";
  if (!o.is_old && !cut_db_restore(db)) wrong = "cannot be restored";
  if (o.rc == SQLITE_OK) tally->succeeded++;
  if (getenv("CUT_SHOW")) {
    (void)printf("%s %zu: %ld ms: %s\n", way_names[way], job_place(c, p->next),
                 ms, o.rc ? o.message : "success");
  }
  if (!wrong) {
    tally->passed++;
    return;
  }
  tally->failed++;
  if (p->shown++ < SHOWN_MOST) {
    (void)printf("FAIL %s byte %zu: %s (%ld ms; %s)\n", way_names[way],
                 job_place(c, p->next), wrong, ms,
                 o.rc ? o.message : "success");
  }
}

/* ---- processes --------------------------------------------------------- */

static void work(const struct cut *c, int worker, struct progress *p) {
  char path[512], from[512], command[1200];
  struct replayer r = {0};
  struct cut_db db;
  int port = 0;
  (void)snprintf(from, sizeof from, "%s/template.db", c->folder);
  (void)snprintf(path, sizeof path, "%s/worker%d.db", c->folder, worker);
  (void)snprintf(command, sizeof command, "cp '%s' '%s'", from, path);
  if (system(command) != 0 || !replayer_start(&r, &c->stream, &port)) exit(3);
  use_port(port);
  if (!cut_db_open(&db, path)) exit(3);
  for (; p->next < c->jobs; p->next += WORKERS) run_job(c, &db, &r, p);
  cut_db_close(&db);
  replayer_stop(&r);
  exit(0);
}

static pid_t start(const struct cut *c, int worker, struct progress *p) {
  char path[512];
  pid_t pid;
  (void)fflush(stdout);
  pid = fork();
  if (pid == 0) {
    (void)snprintf(path, sizeof path, "%s/worker%d.err", c->folder, worker);
    if (!freopen(path, "w", stderr)) exit(3);
    work(c, worker, p);
  }
  return pid;
}

/* A job has killed its process: a failure, with the innermost frame. */
static void bury(const struct cut *c, int worker, struct progress *p,
                 int status) {
  char command[1000];
  int at_end = p->next >= c->jobs; /* a leak, or the like */
  enum way way = at_end ? WAY_FIN : job_way(c, p->next);
  (void)printf("FAIL the process died: %s byte %zu: %s\n",
               at_end ? "at the end," : way_names[way],
               at_end ? 0 : job_place(c, p->next),
               WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it exited");
  (void)snprintf(command, sizeof command,
                 "tests/whose.sh '%s/worker%d.err' && echo '  in FreeTDS'",
                 c->folder, worker);
  (void)fflush(stdout);
  (void)!system(command);
  p->ways[way].failed++;
  p->next += WORKERS;
}

static void supervise(const struct cut *c, struct progress *all) {
  pid_t pids[WORKERS];
  int left = WORKERS;
  for (int i = 0; i < WORKERS; i++) {
    all[i].next = i;
    pids[i] = start(c, i, &all[i]);
  }
  while (left > 0) {
    int status = 0;
    pid_t pid = wait(&status);
    if (pid < 0) break;
    for (int i = 0; i < WORKERS; i++) {
      if (pids[i] != pid) continue;
      left--;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
      bury(c, i, &all[i], status);
      if (all[i].next >= c->jobs) continue;
      pids[i] = start(c, i, &all[i]);
      left++;
    }
  }
}

/* ---- the two commands -------------------------------------------------- */

static int start_recording(void *arg) {
  struct recorder *r = arg;
  int port = 0;
  r->listener = wire_listen(&port);
  use_port(port);
  return r->listener >= 0 && recorder_start(r);
}

static int record(const char *folder) {
  const char *server = getenv("CUT_SERVER_PORT");
  struct recorder r = {.server_port = server ? atoi(server) : 0};
  char path[512];
  int ok;
  use_port(r.server_port);
  (void)snprintf(path, sizeof path, "%s/template.db", folder);
  ok = cut_db_make(path, start_recording, &r);
  if (!ok) return 1;
  recorder_join(&r);
  (void)snprintf(path, sizeof path, "%s/stream", folder);
  ok = stream_save(&r.s, path);
  stream_clear(&r.s);
  return !ok;
}

static int report(const struct cut *c, const struct progress *all) {
  struct tally sum = {0};
  long slowest = 0;
  for (int way = 0; way < N_WAYS; way++) {
    struct tally t = {0};
    for (int i = 0; i < WORKERS; i++) {
      t.passed += all[i].ways[way].passed;
      t.failed += all[i].ways[way].failed;
      t.succeeded += all[i].ways[way].succeeded;
      if (all[i].slowest_ms > slowest) slowest = all[i].slowest_ms;
    }
    (void)printf("%-13s: %ld right (%ld of them a success), %ld wrong\n",
                 way_names[way], t.passed, t.succeeded, t.failed);
    sum.passed += t.passed;
    sum.failed += t.failed;
  }
  (void)printf("%zu bytes, every %ld%s; the slowest refresh took %ld ms\n",
               c->stream.n, c->step, c->step == 1 ? "st" : "th", slowest);
  (void)printf("cut: %ld passed, %ld failed\n", sum.passed, sum.failed);
  return sum.failed != 0 || sum.passed == 0;
}

static int run(const char *folder, long most) {
  struct cut c = {.n_new = 4, .step = 1};
  struct progress *all =
      mmap(NULL, WORKERS * sizeof *all, PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char path[512];
  int rc;
  long n;
  (void)snprintf(c.folder, sizeof c.folder, "%s", folder);
  (void)snprintf(path, sizeof path, "%s/stream", folder);
  if (all == MAP_FAILED || !stream_load(&c.stream, path)) return 1;
  n = (long)c.stream.n;
  if (most && n > most) c.step = (n + most - 1) / most;
  c.per_way = (n + c.step - 1) / c.step;
  c.n_stalls = most ? STALLS_SHORT : STALLS_LONG;
  c.jobs = WAY_STALL * c.per_way + c.n_stalls;
  supervise(&c, all);
  rc = report(&c, all);
  stream_clear(&c.stream);
  return rc;
}

int main(int argc, char **argv) {
  /* What was said must not die with a process. */
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc == 3 && strcmp(argv[1], "record") == 0) return record(argv[2]);
  if (argc == 4 && strcmp(argv[1], "run") == 0) {
    return run(argv[2], strtol(argv[3], NULL, 10));
  }
  (void)fputs("usage: cut record FOLDER | cut run FOLDER MOST\n", stderr);
  return 2;
}
