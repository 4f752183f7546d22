/*
** Names, addresses and waits: the network below FreeTDS.
**
** Everything here ends within 100 ms of a deadline or an interrupt. What cannot
** be told to, getaddrinfo() and Kerberos, runs on a thread that is left behind.
*/
#ifndef ORDERSYNC_NET_H
#define ORDERSYNC_NET_H
#include "base/err.h"

#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>

/* Why a wait had to end, and no other may begin. */
enum net_end { NET_GOES_ON = 0, NET_DEADLINE, NET_INTERRUPT };

struct net_wait {
  sqlite3_int64 deadline_ms;     /* of clock_now_ms(); 0: none */
  int (*interrupted)(void *arg); /* NULL: nobody asks */
  void *arg;                     /* borrowed */
  sqlite3_int64 asked_ms;        /* when interrupted() was last called */
  enum net_end end;              /* sticks */
};

/* The reason to stop, if there is one by now. Cheap: interrupted() is asked
** every 50 ms at most. */
enum net_end net_must_stop(struct net_wait *w);

/* poll(2) that ends early: -1 and ECONNABORTED once it must stop. */
int net_poll(struct net_wait *w, struct pollfd *fds, nfds_t n, int timeout_ms);

/* How many file descriptors a login has open at the same time, at most; and how
** many of so many this process can still open. */
#define NET_DESCRIPTORS 6
int net_descriptors_left(void);

/*
** Work that knows no timeout: a member of what the thread gets, which is from
** libc's heap, since the thread may outlive the caller's use of SQLite.
*/
struct net_aside {
  void *work;                /* what it is a member of */
  void (*run)(void *work);   /* on the thread */
  void (*clear)(void *work); /* frees it; by whoever leaves it last */
  atomic_flag is_left;       /* by one of the two */
  int through;               /* an eventfd: what follows is told */
};

/* 1: the work is done. 0 with errno: it could not begin, or the caller had to
** stop (ECONNABORTED) and may look at nothing of it. */
int net_aside_run(struct net_wait *w, struct net_aside *a);
void net_aside_leave(struct net_aside *a); /* after either */

/*
** getaddrinfo(3). *out is to be freed by freeaddrinfo(). EAI_SYSTEM with
** ECONNABORTED: it had to stop.
*/
int net_resolve(struct net_wait *w, const char *host,
                const struct addrinfo *hints, struct addrinfo **out);

/*
** A TCP connection to one of the addresses, each of which gets its share of
** the time; non-blocking and as FreeTDS wants its sockets. -1 with errno, the
** last address's, when none answers.
*/
int net_dial(struct net_wait *w, const struct addrinfo *found, int port);

/*
** SQL Server Resolution Protocol: the TCP port of a named instance; 0 when
** nobody answered, -1 when the answer names no port.
*/
int net_browse(struct net_wait *w, const struct addrinfo *found,
               const char *instance);

#endif
