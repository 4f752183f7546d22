/*
** The door to FreeTDS: its handlers belong to the process, not to us.
**
** DB-Library has one error handler and one message handler for the whole
** process. Every entry of ours installs its own and the last one out puts the
** host's back, so another user of DB-Library in the process keeps its own.
** What our handlers hear is routed by thread: during dbopen() there is no
** DBPROCESS yet that could tell.
**
** The default error handler may exit() the process; each dbinit() installs
** it. In MS mode (tdsdbopen's third argument) INT_CANCEL is what every handler
** of ours answers, and nothing else: INT_EXIT ends the process, INT_CONTINUE
** is an error for anything but a timeout.
*/
#include "mssql/local.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Mirrors FreeTDS's own process-wide state, so it has to be process-wide. */
static pthread_mutex_t door_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
  int inside;      /* entries of ours, over all threads */
  int initialised; /* dbinit() was called */
  EHANDLEFUNC on_error;
  MHANDLEFUNC on_message; /* the host's, while we are inside */
} door;

/* The conf file's name is one of FreeTDS's globals: only one login at a time
** may be before the place where it reads the file. Under door_mutex, as the
** rest; logins by their tokens, 0: none. */
static struct {
  unsigned long last;   /* token that was given */
  unsigned long holder; /* who may name its file, and has not passed it on */
  unsigned long named;  /* whose file FreeTDS was told of last */
} opening;

/* The operation that runs on this thread; NULL outside of our entries. */
static __thread struct notes *current;

static void note_library(struct notes *n, int number, int oserr,
                         const char *text) {
  switch (number) {
  case SYBESMSG: /* "check messages": the message itself was noted */
    return;
  case SYBEFCON: /* follows every failed login */
    n->failed_login = 1;
    return;
  case SYBETIME:
    n->timed_out = 1;
    return;
  default:
    break;
  }
  if (number >= 2400 && number <= 2404) {
    if (!n->conversion) n->conversion = number;
    return;
  }
  if (n->lib_number) return;
  n->lib_number = number;
  n->lib_oserr = oserr;
  (void)snprintf(n->lib_text, sizeof n->lib_text, "%s", text ? text : "");
}

static int on_error(DBPROCESS *db, int severity, int number, int oserr,
                    char *text, char *os_text) {
  EHANDLEFUNC theirs;
  if (current) {
    note_library(current, number, oserr, text);
    return INT_CANCEL;
  }
  /* Another user's thread, while one of ours is inside. */
  (void)pthread_mutex_lock(&door_mutex);
  theirs = door.on_error;
  (void)pthread_mutex_unlock(&door_mutex);
  return theirs ? theirs(db, severity, number, oserr, text, os_text)
                : INT_CANCEL;
}

static int on_message(DBPROCESS *db, DBINT number, int state, int severity,
                      char *text, char *server, char *procedure, int line) {
  MHANDLEFUNC theirs;
  struct notes *n = current;
  if (n) {
    int better = severity > n->severity;
    /* 4060 and 4064 (database) are followed by 18456, which says less. */
    if (n->number == 4060 || n->number == 4064) better = 0;
    if (severity <= 10 || !better) return 0;
    n->number = number;
    n->severity = severity;
    n->state = state;
    n->line = line;
    (void)snprintf(n->text, sizeof n->text, "%s", text ? text : "");
    (void)snprintf(n->procedure, sizeof n->procedure, "%s",
                   procedure ? procedure : "");
    return 0;
  }
  (void)pthread_mutex_lock(&door_mutex);
  theirs = door.on_message;
  (void)pthread_mutex_unlock(&door_mutex);
  return theirs ? theirs(db, number, state, severity, text, server, procedure,
                         line)
                : 0;
}

void notes_clear(struct notes *n) {
  struct mssql *owner = n->owner;
  memset(n, 0, sizeof *n);
  n->owner = owner;
}

/* Remembers the host's handlers; anything but ours is the host's, even when
** it was installed while we were inside. */
static void install(void) {
  EHANDLEFUNC old_error = dberrhandle(on_error);
  MHANDLEFUNC old_message = dbmsghandle(on_message);
  if (old_error != on_error) door.on_error = old_error;
  if (old_message != on_message) door.on_message = old_message;
}

/* A fork while another thread held a lock would leave it locked for ever in
** the child, where that thread does not exist. */
static void after_fork(void) {
  (void)pthread_mutex_init(&door_mutex, NULL);
  door.inside = 0;
  opening.holder = 0;
  hunt_after_fork();
  current = NULL;
}

void door_enter(struct notes *n) {
  current = n;
  (void)pthread_mutex_lock(&door_mutex);
  install();
  if (!door.initialised) {
    (void)pthread_atfork(NULL, NULL, after_fork);
    /* Resets the error handler, so ours goes in again. Never undone by
    ** dbexit(): that would close other users' connections. */
    door.initialised = dbinit() == SUCCEED;
    (void)dberrhandle(on_error);
  }
  door.inside++;
  (void)pthread_mutex_unlock(&door_mutex);
}

void door_leave(void) {
  (void)pthread_mutex_lock(&door_mutex);
  if (--door.inside == 0) {
    EHANDLEFUNC old_error = dberrhandle(door.on_error);
    MHANDLEFUNC old_message = dbmsghandle(door.on_message);
    if (old_error != on_error) (void)dberrhandle(old_error);
    if (old_message != on_message) (void)dbmsghandle(old_message);
    door.on_error = NULL;
    door.on_message = NULL;
  }
  (void)pthread_mutex_unlock(&door_mutex);
  current = NULL;
}

/* FreeTDS takes "" but not NULL; it means no file. */
static void name_file(unsigned long token, char *path) {
  if (path[0] || opening.named) (void)dbsetifile(path);
  opening.named = path[0] ? token : 0;
}

/* Polled: waiting by a clock that cannot be set needs a condition of its own,
** and it is rare that two logins meet here. */
unsigned long door_open_begin(char *path, sqlite3_int64 deadline_ms) {
  const struct timespec pause = {0, 2000000L};
  unsigned long token = 0;
  for (;;) {
    (void)pthread_mutex_lock(&door_mutex);
    if (!opening.holder) {
      token = opening.holder = ++opening.last;
      name_file(token, path);
    }
    (void)pthread_mutex_unlock(&door_mutex);
    if (token || clock_now_ms() >= deadline_ms) return token;
    (void)nanosleep(&pause, NULL);
  }
}

void door_open_pass(unsigned long token) {
  (void)pthread_mutex_lock(&door_mutex);
  if (opening.holder == token) opening.holder = 0;
  (void)pthread_mutex_unlock(&door_mutex);
}

void door_open_end(unsigned long token) {
  char none[] = "";
  (void)pthread_mutex_lock(&door_mutex);
  if (opening.named == token) name_file(token, none);
  if (opening.holder == token) opening.holder = 0;
  (void)pthread_mutex_unlock(&door_mutex);
}
