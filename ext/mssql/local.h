/*
** What the mssql_*.c files share. Nobody else includes this.
**
**   mssql.c         open, query, next, cancel, close
**   mssql_login.c   DNS, SQL Browser, conf section, dbopen: in a thread of its
**                   own, so that nothing in it can outlast the login timeout
**   mssql_hunt.c    the socket of a login that is under way
**   mssql_door.c    FreeTDS's process-wide handlers: installed on entry, put
**                   back on exit; what they hear goes into a struct notes
**   mssql_watch.c   the watchdog that shuts the socket down at a deadline
**   mssql_error.c   notes -> struct err; which server messages are transient
**   mssql_tls.c     was the link really encrypted; why was a certificate bad
**   mssql_column.c  metadata and values
*/
#ifndef ORDERSYNC_MSSQL_LOCAL_H
#define ORDERSYNC_MSSQL_LOCAL_H
#include "mssql/mssql.h"

#include <pthread.h>
#include <stdint.h>
#include <sybdb.h>
#include <sys/socket.h>
#include <sys/types.h>

/* ---- mssql_door.c ------------------------------------------------------ */

/*
** What FreeTDS reported during an operation. Fixed buffers: the handlers run
** inside FreeTDS, also on the login's thread, and must not allocate. A message
** is cut here no sooner than in struct err, whose masking knows its own cut: a
** password that the server echoes would else lose its tail in mid-message, and
** not be recognised.
*/
struct notes {
  /* the first server message of the highest severity above 10 */
  int number, severity, state, line;
  char text[sizeof((struct err *)0)->text];
  char procedure[768]; /* B_VARCHAR: 255 characters, [MS-TDS] 2.2.7.10 */
  /* the first error of FreeTDS's own that is not mere noise */
  int lib_number, lib_oserr;
  char lib_text[160];
  int failed_login; /* 20002 was among them */
  int timed_out;    /* 20003: a wait within FreeTDS was ended */
  int conversion;   /* 2400..2404: characters that did not convert */
  /* why the hooks below ended a wait */
  int interrupted;
  /* borrowed; NULL during login */
  struct mssql *owner;
};

/* Installs our handlers and routes what they hear, on this thread, to n. */
void door_enter(struct notes *n);
/* Puts the host's handlers back when nobody else is inside. */
void door_leave(void);

void notes_clear(struct notes *n);

/*
** Around dbopen(), inside the door: FreeTDS has one name of a configuration
** file for all threads. begin names ours ("": none, the system's files) when
** no other login is before its reading of its own; 0 when the time was up
** first. pass lets the next one go on, once ours was read; any thread may call
** it. end takes the name back, unless it is another's by now.
*/
unsigned long door_open_begin(char *path, sqlite3_int64 deadline_ms);
void door_open_pass(unsigned long token);
void door_open_end(unsigned long token);

/* ---- mssql_watch.c ----------------------------------------------------- */

/* Shuts a socket down at a deadline, from a thread of its own. */
struct watch {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t change;
  int fd;                    /* borrowed; ours alone, so never a stranger's */
  sqlite3_int64 deadline_ms; /* 0: none */
  int stop;
  int fired;
  int running;
};

/* A joinable thread of ours, on which none of the host's signals is handled.
** Returns 0 or an errno. */
int thread_start(pthread_t *thread, void *(*run)(void *), void *arg);

enum err_code watch_start(struct watch *w, int fd, struct err *e);
void watch_arm(struct watch *w, sqlite3_int64 deadline_ms);
int watch_fired(struct watch *w);
void watch_stop(struct watch *w); /* accepts one that never started */

/* ---- mssql_login.c ----------------------------------------------------- */

#define LOGIN_ADDRESSES 8

struct address {
  struct sockaddr_storage at;
  socklen_t size;
};

/* Where the server was found, for the TLS diagnosis. */
struct addresses {
  struct address items[LOGIN_ADDRESSES];
  int count;
};

/* Where a server is, and whether it can be reached: no login. */
struct reach {
  struct addresses found;
  int port;             /* the instance's, if SQL Browser was asked */
  sqlite3_int64 tcp_ms; /* how long the connection took */
};
enum err_code login_reach(struct reach *out, const struct profile *p,
                          const struct mssql_hooks *hooks,
                          sqlite3_int64 deadline_ms, struct err *e);

/* Opens the connection and logs in. *found gets what the name resolved to. */
enum err_code login_open(DBPROCESS **out, const struct profile *p,
                         const struct mssql_hooks *hooks, int packet_size,
                         sqlite3_int64 deadline_ms, struct addresses *found,
                         struct err *e);

/* SQL Server Resolution Protocol: the TCP port of a named instance; 0 when
** nobody answered, -1 when the answer names no port. */
int browser_port(const struct addresses *at, const char *instance,
                 sqlite3_int64 deadline_ms);

/* ---- mssql_hunt.c ------------------------------------------------------ */

#define HUNT_FD_MOST 16384 /* descriptors beyond are never looked at */

/* The descriptors that were open before a login. */
struct hunt_before {
  unsigned char bits[HUNT_FD_MOST / 8];
};
void hunt_note(struct hunt_before *before);

/* A duplicate of FreeTDS's socket, connected to one of these addresses, which
** from then on is known to be this login's; -1 when there is none, or more
** than one that might be it. */
int hunt_claim(const struct hunt_before *before, const struct addresses *at);
void hunt_release(int fd); /* closes the duplicate; accepts -1 */

/* Bytes that came over it; -1 when the kernel does not say. */
sqlite3_int64 hunt_received(int fd);

void hunt_after_fork(void);

/* ---- mssql_error.c ----------------------------------------------------- */

/* Sets e from what a failed operation left in n; `doing` is a clause such as
** "running the query". */
enum err_code error_from_notes(const struct notes *n, const char *doing,
                               struct err *e);
/* The same for a login, whose messages mean other things. */
enum err_code error_from_login(const struct notes *n, const struct profile *p,
                               struct err *e);
int error_is_transient(int number);

/* ---- mssql_tls.c ------------------------------------------------------- */

/* Bytes handed to the socket so far; -1 when the kernel does not say. */
sqlite3_int64 tls_bytes_sent(int fd);

/* Was this batch sent, and is it being answered, under encryption? */
int tls_is_encrypted(int fd, sqlite3_int64 sent_before, const char *sql);

/*
** Connects anew, up to the TLS handshake and no further, to learn what a
** refusal was about or what the server's certificate says. Nothing secret is
** sent. Returns 1 when something was learned, -1 when memory ran out.
*/
struct findings {
  char session[256]; /* protocol, cipher, certificate; "" when none came up */
  char fault[256];   /* a reason to refuse; "" when there is none */
  const char *hint;  /* what to do about it, or, without a fault, where the
                     ** connection broke; NULL; static */
};
int tls_probe(const struct addresses *at, const char *host, const char *ca_file,
              const struct mssql_hooks *hooks, sqlite3_int64 deadline_ms,
              struct findings *found);

/* A TCP connection within the deadline, or -1 with errno set. hooks may be
** NULL, as for tls_probe(); an interrupt is a time-out. */
int tls_dial(const struct address *at, const struct mssql_hooks *hooks,
             sqlite3_int64 deadline_ms);

/* ---- mssql_column.c ---------------------------------------------------- */

/* What mssql_value() needs to know of a column, cached once a result. */
struct slot {
  unsigned char how; /* enum column_how */
  unsigned char scale;
  unsigned char n_magnitude; /* decimal */
  unsigned char money[8];    /* the current row's magnitude, big-endian */
};

/* ---- mssql.c ----------------------------------------------------------- */

enum mssql_state {
  STATE_IDLE, /* no result is open */
  STATE_ROWS, /* rows may follow */
  STATE_DONE  /* the last row was read and the end was proper */
};

struct mssql {
  DBPROCESS *db; /* owned */
  int fd;        /* a duplicate of FreeTDS's socket, owned */
  pid_t pid;
  struct mssql_hooks hooks;
  struct watch watch;
  sqlite3_int64 deadline_ms;
  struct notes notes;
  enum mssql_state state;
  int dead;
  sqlite3_int64 n_rows;
  struct remote_columns columns;
  struct slot *slots; /* owned, columns.count of them */
  /* facts */
  int encrypted;
  struct addresses addresses;
  char *host;    /* owned; NULL under freetds_section */
  char *ca_file; /* owned */
  char *tls;     /* owned, as the rest: asked for lazily */
  char *version;
  char *database;
};

/* Describes the current result: columns and slots. */
enum err_code column_describe(struct mssql *m, struct err *e);

#endif
