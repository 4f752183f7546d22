/*
** SQL Server Resolution Protocol ([MC-SQLR]): on which TCP port a named
** instance listens. FreeTDS asks, too, but waits 16 seconds whatever the
** login timeout is.
*/
#include "mssql/local.h"

#include "base/clock.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BROWSER_PORT    1434
#define BROWSER_MOST_MS 5000
#define BROWSER_TRY_MS  1000
#define CLNT_UCAST_INST 0x04 /* [MC-SQLR] 2.2.3 */
#define SVR_RESP        0x05 /* [MC-SQLR] 2.2.5 */

/* The text is "ServerName;A;InstanceName;B;...;tcp;1433;;". Returns the port,
** or -1. */
static int parse_port(char *text) {
  char *at = text;
  while (*at) {
    char *end = strchr(at, ';');
    if (!end) break;
    *end = 0;
    if (strcasecmp(at, "tcp") == 0) {
      char *stop = NULL;
      long port = strtol(end + 1, &stop, 10);
      return port > 0 && port < 65536 && stop != end + 1 ? (int)port : -1;
    }
    at = end + 1;
  }
  return -1;
}

static int dial_udp(const struct address *to) {
  struct address at = *to;
  int fd =
      socket(at.at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (at.at.ss_family == AF_INET6) {
    ((struct sockaddr_in6 *)(void *)&at.at)->sin6_port = htons(BROWSER_PORT);
  } else {
    ((struct sockaddr_in *)(void *)&at.at)->sin_port = htons(BROWSER_PORT);
  }
  /* Connected: only this peer's datagrams are let in. */
  if (connect(fd, (const struct sockaddr *)&at.at, at.size) == 0) return fd;
  (void)close(fd);
  return -1;
}

/* Reads one answer; 0 when there is none that counts. */
static int take_answer(int fd) {
  unsigned char answer[2048];
  ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
  if (n < 4 || answer[0] != SVR_RESP) return 0;
  answer[n] = 0;
  return parse_port((char *)answer + 3);
}

int browser_port(const struct addresses *at, const char *instance,
                 sqlite3_int64 deadline_ms) {
  struct pollfd fds[LOGIN_ADDRESSES];
  char ask[260];
  sqlite3_int64 now = clock_now_ms();
  sqlite3_int64 end = now + BROWSER_MOST_MS;
  int n_ask = snprintf(ask, sizeof ask, "%c%s", CLNT_UCAST_INST, instance) + 1;
  int port = 0;
  if (n_ask < 2 || n_ask > (int)sizeof ask) return -1;
  if (end > deadline_ms) end = deadline_ms;
  for (int i = 0; i < at->count; i++) {
    fds[i].fd = dial_udp(&at->items[i]);
    fds[i].events = POLLIN;
  }
  while (!port && now < end) {
    sqlite3_int64 until =
        now + BROWSER_TRY_MS < end ? now + BROWSER_TRY_MS : end;
    for (int i = 0; i < at->count; i++) {
      if (fds[i].fd >= 0) (void)send(fds[i].fd, ask, (size_t)n_ask, 0);
    }
    for (; !port && now < until; now = clock_now_ms()) {
      int ready = poll(fds, (nfds_t)at->count, (int)(until - now));
      for (int i = 0; ready > 0 && i < at->count && !port; i++) {
        if (fds[i].fd < 0 || !fds[i].revents) continue;
        port = take_answer(fds[i].fd);
        if (!port) fds[i].events = 0; /* refused: asked again below */
      }
    }
    for (int i = 0; i < at->count; i++) fds[i].events = POLLIN;
  }
  for (int i = 0; i < at->count; i++) {
    if (fds[i].fd >= 0) (void)close(fds[i].fd);
  }
  return port;
}
