/*
** Kills its process by SIGKILL at a chosen system call, to be loaded with
** LD_PRELOAD:
**
**   KILL_KIND=fetch|write|sync|close KILL_AT=N KILL_HOW=before|after|half
**   KILL_COUNT=FILE    writes how many calls of each kind there were
**
** fetch: recv, poll. write: write, pwrite. sync: fsync, fdatasync, ftruncate,
** unlink. half: the call writes the first half of its bytes only, as when the
** power fails. So every step of a commit can be the last one, also those too
** short for a timer to hit.
*/
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { FETCH, WRITE, SYNC, CLOSE, N_KINDS };
enum how { BEFORE, AFTER, HALF };

static const char *const kind_names[] = {"fetch", "write", "sync", "close"};
static atomic_long calls[N_KINDS];
static long kill_at; /* 0: never */
static int kill_kind = -1;
static enum how how;

static void *next(const char *name) {
  return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void begin(void) {
  const char *kind = getenv("KILL_KIND"), *at = getenv("KILL_AT");
  const char *way = getenv("KILL_HOW");
  for (int i = 0; kind && i < N_KINDS; i++) {
    if (strcmp(kind, kind_names[i]) == 0) kill_kind = i;
  }
  if (at) kill_at = strtol(at, NULL, 10);
  if (way && strcmp(way, "after") == 0) how = AFTER;
  if (way && strcmp(way, "half") == 0) how = HALF;
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("KILL_COUNT");
  FILE *out = path ? fopen(path, "w") : NULL;
  for (int i = 0; out && i < N_KINDS; i++) {
    (void)fprintf(out, "%s %ld\n", kind_names[i], (long)calls[i]);
  }
  if (out) (void)fclose(out);
}

/* Whether this call is the last one. */
static int is_last(enum kind kind) {
  long n = atomic_fetch_add(&calls[kind], 1) + 1;
  return (int)kind == kill_kind && n == kill_at;
}

static void die(void) {
  (void)raise(SIGKILL);
}

#define CALL(result, name, kind, types, arguments)                             \
  result name types;                                                           \
  result name types {                                                          \
    static result(*real) types;                                                \
    int last = is_last(kind);                                                  \
    result got;                                                                \
    if (!real) *(void **)&real = next(#name);                                  \
    if (last && how == BEFORE) die();                                          \
    got = real arguments;                                                      \
    if (last) die();                                                           \
    return got;                                                                \
  }

#define WRITING(name, types, whole, half)                                      \
  ssize_t name types;                                                          \
  ssize_t name types {                                                         \
    static ssize_t(*real) types;                                               \
    int last = is_last(WRITE);                                                 \
    ssize_t got;                                                               \
    if (!real) *(void **)&real = next(#name);                                  \
    if (last && how == BEFORE) die();                                          \
    got = last && how == HALF ? real half : real whole;                        \
    if (last) die();                                                           \
    return got;                                                                \
  }

CALL(ssize_t, recv, FETCH, (int fd, void *p, size_t n, int f), (fd, p, n, f))
CALL(int, poll, FETCH, (struct pollfd * p, nfds_t n, int t), (p, n, t))
CALL(int, close, CLOSE, (int fd), (fd))
CALL(int, fsync, SYNC, (int fd), (fd))
CALL(int, fdatasync, SYNC, (int fd), (fd))
CALL(int, ftruncate, SYNC, (int fd, off_t n), (fd, n))
CALL(int, ftruncate64, SYNC, (int fd, off64_t n), (fd, n))
CALL(int, unlink, SYNC, (const char *path), (path))
WRITING(write, (int fd, const void *p, size_t n), (fd, p, n), (fd, p, n / 2))
WRITING(pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at),
        (fd, p, n / 2, at))
WRITING(pwrite64, (int fd, const void *p, size_t n, off64_t at), (fd, p, n, at),
        (fd, p, n / 2, at))
