/*
** The socket of a login that is under way.
**
** FreeTDS does not tell its number before the login is over, so it is looked
** for: opened since the login began, connected to our server's address, with
** the keepalive settings that FreeTDS gives its sockets, and not known to be
** another login's. Another user of FreeTDS in this process may have opened one
** just like it: unless there is exactly one, none is taken.
*/
#include "mssql/local.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLAIMS_MOST 64

/* The sockets of the logins of this process, so process-wide; by inode, which
** unlike a descriptor is never another socket's while ours is open. */
static pthread_mutex_t claims_mutex = PTHREAD_MUTEX_INITIALIZER;
static ino_t claims[CLAIMS_MOST]; /* 0: free */

void hunt_after_fork(void) {
  (void)pthread_mutex_init(&claims_mutex, NULL);
  memset(claims, 0, sizeof claims);
}

/* Replaces the first `from` by `to`; 0 when there is none. Locked. */
static int swap_claim(ino_t from, ino_t to) {
  for (int i = 0; i < CLAIMS_MOST; i++) {
    if (claims[i] != from) continue;
    claims[i] = to;
    return 1;
  }
  return 0;
}

static ino_t inode_of(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* Calls fn for every open descriptor below HUNT_FD_MOST. */
static void each_fd(void (*fn)(void *arg, int fd), void *arg) {
  DIR *dir = opendir("/proc/self/fd");
  struct dirent *entry;
  if (!dir) return;
  while ((entry = readdir(dir)) != NULL) {
    char *end = NULL;
    long fd = strtol(entry->d_name, &end, 10);
    if (end == entry->d_name || *end || fd < 0 || fd >= HUNT_FD_MOST) continue;
    if (fd != dirfd(dir)) fn(arg, (int)fd);
  }
  (void)closedir(dir);
}

static void note_fd(void *arg, int fd) {
  struct hunt_before *before = arg;
  before->bits[fd / 8] |= (unsigned char)(1 << fd % 8);
}

void hunt_note(struct hunt_before *before) {
  each_fd(note_fd, before);
}

static int is_peer(const struct addresses *at, int fd) {
  struct sockaddr_storage peer = {0};
  socklen_t n = sizeof peer;
  if (getpeername(fd, (struct sockaddr *)&peer, &n) != 0) return 0;
  for (int i = 0; i < at->count; i++) {
    const struct sockaddr_storage *a = &at->items[i].at;
    if (a->ss_family != peer.ss_family) continue;
    if (a->ss_family == AF_INET) {
      const struct sockaddr_in *x = (const void *)a;
      const struct sockaddr_in *y = (const void *)&peer;
      if (x->sin_port == y->sin_port &&
          x->sin_addr.s_addr == y->sin_addr.s_addr) {
        return 1;
      }
    } else if (a->ss_family == AF_INET6) {
      const struct sockaddr_in6 *x = (const void *)a;
      const struct sockaddr_in6 *y = (const void *)&peer;
      if (x->sin6_port == y->sin6_port &&
          memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0) {
        return 1;
      }
    }
  }
  return 0;
}

/* FreeTDS's mark on a socket: the keepalive it sets. */
static int is_freetds(int fd) {
  int idle = 0;
  int interval = 0;
  socklen_t n_idle = sizeof idle;
  socklen_t n_interval = sizeof interval;
  return getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &n_idle) == 0 &&
         getsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, &n_interval) ==
             0 &&
         idle == 40 && interval == 2;
}

struct hunt {
  const struct hunt_before *before; /* borrowed, as is */
  const struct addresses *at;
  int fd; /* a duplicate of the only candidate */
  int count;
};

/* A duplicate is looked at, so that what was checked is what is taken. */
static void hunt_fd(void *arg, int fd) {
  struct hunt *h = arg;
  int copy, claimed;
  if (fd == h->fd || h->before->bits[fd / 8] & 1 << fd % 8) return;
  copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return;
  (void)pthread_mutex_lock(&claims_mutex);
  claimed = swap_claim(inode_of(copy), inode_of(copy));
  (void)pthread_mutex_unlock(&claims_mutex);
  if (!claimed && is_freetds(copy) && is_peer(h->at, copy)) {
    h->count++;
    if (h->fd < 0) {
      h->fd = copy;
      return;
    }
  }
  (void)close(copy);
}

int hunt_claim(const struct hunt_before *before, const struct addresses *at) {
  struct hunt h = {.before = before, .at = at, .fd = -1};
  int taken = 0;
  if (at->count == 0) return -1;
  each_fd(hunt_fd, &h);
  if (h.count == 1) {
    (void)pthread_mutex_lock(&claims_mutex);
    taken = swap_claim(0, inode_of(h.fd));
    (void)pthread_mutex_unlock(&claims_mutex);
  }
  if (taken) return h.fd;
  if (h.fd >= 0) (void)close(h.fd);
  return -1;
}

void hunt_release(int fd) {
  if (fd < 0) return;
  (void)pthread_mutex_lock(&claims_mutex);
  (void)swap_claim(inode_of(fd), 0);
  (void)pthread_mutex_unlock(&claims_mutex);
  (void)close(fd);
}

sqlite3_int64 hunt_received(int fd) {
  struct tcp_info info;
  socklen_t n = sizeof info;
  memset(&info, 0, sizeof info);
  if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 ||
      n < offsetof(struct tcp_info, tcpi_bytes_received) +
              sizeof info.tcpi_bytes_received) {
    return -1;
  }
  return (sqlite3_int64)info.tcpi_bytes_received;
}
