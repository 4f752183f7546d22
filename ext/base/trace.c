/*
** Log lines for people and journals.
*/
#include "base/trace.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

enum trace_sink { SINK_NONE = 0, SINK_STDERR, SINK_SYSLOG };

static const struct {
  const char *name;
  int priority;
} levels[] = {
    [TRACE_ERROR] = {"ERROR", LOG_ERR},
    [TRACE_WARN] = {"WARN", LOG_WARNING},
    [TRACE_INFO] = {"INFO", LOG_INFO},
};

const char *trace_level_name(enum trace_level level) {
  return levels[level].name;
}

static int is_off(const char *setting) {
  static const char *const off[] = {"off", "no", "0", "false"};
  for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
    if (sqlite3_stricmp(setting, off[i]) == 0) return 1;
  }
  return 0;
}

/* Reads "stderr:warn". An unknown level means INFO, and an unknown word stderr:
** a typing error should show too much rather than nothing. */
static enum trace_sink configured(enum trace_level *max_level) {
  const char *setting = getenv("ORDERSYNC_LOG");
  const char *colon;
  *max_level = TRACE_INFO;
  if (!setting || !*setting || is_off(setting)) return SINK_NONE;
  colon = strchr(setting, ':');
  for (int i = TRACE_ERROR; colon && i <= TRACE_INFO; i++) {
    if (sqlite3_stricmp(colon + 1, levels[i].name) == 0) {
      *max_level = (enum trace_level)i;
    }
  }
  return sqlite3_strnicmp(setting, "syslog", 6) == 0 ? SINK_SYSLOG
                                                     : SINK_STDERR;
}

/* A pipe or a terminal that is not to be waited for. A terminal that has room
** may have too little, and O_NONBLOCK on the host's own description would be
** the host's and its other processes' business: so it is opened anew, where
** that is allowed. */
static void put_unblocked(const char *text, size_t n) {
  struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
  int fd;
  if (poll(&room, 1, 0) != 1 || room.revents != POLLOUT) return;
  fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  (void)!write(fd >= 0 ? fd : STDERR_FILENO, text, n);
  if (fd >= 0) (void)close(fd);
}

/* Writes the text at once or, where somebody would have to read first, not at
** all: the caller may hold SQLite's write lock. */
static void put(const char *text) {
  struct stat st;
  size_t n = strlen(text);
  if (fstat(STDERR_FILENO, &st) != 0) return;
  if (S_ISSOCK(st.st_mode))
    (void)send(STDERR_FILENO, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
  else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
    put_unblocked(text, n);
  else
    (void)!write(STDERR_FILENO, text, n);
}

/* Whether syslog(3) can be called: it waits for a daemon that reads no more.
** One that is away it does without. (Of a daemon that takes a stream nothing
** can be told.) */
static int syslog_has_room(void) {
  static const struct sockaddr_un to = {.sun_family = AF_UNIX,
                                        .sun_path = "/dev/log"};
  struct pollfd room = {.events = POLLOUT};
  int has_room = 1;
  room.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (room.fd < 0) return 0;
  if (connect(room.fd, (const struct sockaddr *)&to, sizeof to) == 0)
    has_room = poll(&room, 1, 0) == 1 && room.revents == POLLOUT;
  (void)close(room.fd);
  return has_room;
}

/* Whether a line of progress may be on the terminal. */
static int progress_wanted(void) {
  const char *setting = getenv("ORDERSYNC_PROGRESS");
  const char *terminal = getenv("TERM"), *log = getenv("ORDERSYNC_LOG");
  if (setting && is_off(setting)) return 0;
  if (!terminal || !*terminal || strcmp(terminal, "dumb") == 0) return 0;
  /* Whoever sends the log elsewhere does not sit here. */
  if (log && *log && sqlite3_strnicmp(log, "stderr", 6) != 0) return 0;
  return isatty(STDERR_FILENO);
}

void trace_line(enum trace_level level, const char *sync, const char *phase,
                const char *text) {
  enum trace_level max_level;
  enum trace_sink sink = configured(&max_level);
  char *line;
  if (sink == SINK_NONE || level > max_level) return;
  if (sink == SINK_SYSLOG) {
    if (!syslog_has_room()) return;
    /* No openlog(): the identity belongs to the host program. */
    syslog(LOG_USER | levels[level].priority, "ordersync: %s: %s: %s", sync,
           phase, text);
    return;
  }
  line = sqlite3_mprintf("%sordersync: %s %s: %s: %s\n",
                         progress_wanted() ? "\r\033[K" : "",
                         levels[level].name, sync, phase, text);
  if (line && strlen(line) > PIPE_BUF) { /* what a pipe takes as a whole */
    size_t n = utf8_cut(line, PIPE_BUF - 1);
    line[n] = '\n';
    line[n + 1] = 0;
  }
  if (line) put(line);
  sqlite3_free(line);
}

void trace_lost(const char *sync, const char *text) {
  sqlite3_log(SQLITE_WARNING, "ordersync: %s: not in the run log: %s", sync,
              text);
}

/* ---- progress ----------------------------------------------------------- */

#define REDRAW_MS 500

static const char erase[] = "\r\033[K";

void progress_begin(struct progress *p, const char *name, int after_ms) {
  progress_end(p);
  *p = (struct progress){.name = name, .started_ms = clock_now_ms()};
  p->wanted = progress_wanted();
  p->due_ms = p->started_ms + after_ms;
}

/* What fits into a line: a longer one would be drawn anew each time. */
static void draw(struct progress *p, sqlite3_int64 now) {
  struct winsize size = {0};
  char line[300], rows[100] = "", part[80] = "";
  sqlite3_int64 ms = now - p->phase_ms;
  int most = (int)sizeof line;
  if (p->total > 0 && p->rows <= p->total) {
    sqlite3_snprintf(sizeof part, part, " of about %,lld (%d %%)", p->total,
                     (int)((double)p->rows * 100 / (double)p->total));
  }
  if (p->rows > 0) {
    sqlite3_snprintf(sizeof rows, rows, ", %,lld rows%s, %,lld rows/s", p->rows,
                     part, p->rows * 1000 / (ms > 0 ? ms : 1));
  }
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10 &&
      size.ws_col < most - 8) {
    most = size.ws_col + (int)strlen(erase);
  }
  sqlite3_snprintf(most, line, "%sordersync: %.60s: %s%s, %lld s", erase,
                   p->name, p->phase, rows, (now - p->started_ms) / 1000);
  line[utf8_valid(line, strlen(line))] = 0; /* if it was cut */
  err_mask(line + strlen(erase), NULL);
  put(line);
  p->drawn = 1;
}

void progress_tick(void *arg) {
  struct progress *p = arg;
  sqlite3_int64 now;
  if (!p->wanted || !p->phase) return;
  now = clock_now_ms();
  if (now < p->due_ms) return;
  p->due_ms = now + REDRAW_MS;
  draw(p, now);
}

void progress_at(struct progress *p, const char *phase, sqlite3_int64 rows) {
  if (!p->wanted) return;
  if (p->phase != phase) p->phase_ms = clock_now_ms();
  p->phase = phase;
  p->rows = rows;
  progress_tick(p);
}

void progress_erase(struct progress *p) {
  if (p->drawn) put(erase);
  p->drawn = 0;
}

void progress_end(struct progress *p) {
  progress_erase(p);
  p->wanted = 0;
}
