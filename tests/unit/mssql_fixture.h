/*
** What the tests of the connection (test_mssql_*.c) share: two servers that
** live as long as a test program, and the expectations that several of them
** have. Whatever does not come about fails the test that runs.
**
** Faults are ordered through a server's fault file, before the request that is
** to suffer them.
*/
#ifndef MSSQL_FIXTURE_H
#define MSSQL_FIXTURE_H
#include "base/clock.h"
#include "mssql/mssql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#define CERTS "build/certs"

/* For fields that nobody writes through, yet are not const. */
#define TEXT(s) ((char *)(uintptr_t)(s))

/* ---- servers ----------------------------------------------------------- */

struct server {
  pid_t pid;
  int port;
  char port_file[128];
  char fault_file[128];
};

/* Shared by all tests: servers are slow to start. */
struct world {
  char dir[64];
  char db[96];
  struct server plain; /* offers no encryption */
  struct server tls;   /* insists on it, with a good certificate */
  int n_servers;
};

/* Of a group of tests; *state is its struct world. */
int setup_world(void **state);
int teardown_world(void **state);

/* Before and after each test: no fault is ordered, no password is set. */
int clear_faults(void **state);
#define MSSQL_TEST(f)                                                          \
  cmocka_unit_test_setup_teardown(f, clear_faults, clear_faults)

/* extra: up to 6 more arguments, ended by NULL. s is all zeros. */
void server_start(struct world *w, struct server *s, const char *const *extra);
void server_stop(struct server *s);

/* Orders a fault of the server; "" ends it. */
void fault(const struct server *s, const char *spec);

/* ---- profiles and connections ------------------------------------------ */

/* A profile as profile.c would make it; all strings are literals or the
** world's, so there is nothing to clear. The password is put into the
** environment: that is how one is found without a file. */
struct profile profile_for(const struct server *s);

/* Never NULL; to be closed. */
struct mssql *connect_to(const struct server *s);

/* Expects mssql_open() to fail with that code and a message with that text in
** it; returns the milliseconds it took. */
sqlite3_int64 open_fails(const struct profile *p,
                         const struct mssql_hooks *hooks, enum err_code code,
                         const char *text, struct err *e);

/* Reads all the rows; returns how many came. */
int read_all(struct mssql *m, const char *sql, struct err *e);

/* Expects the 1,000 rows of the table few. */
void expect_works(struct mssql *m);

/* A fault while the rows of few come, and what is to be heard of it. */
struct fault_case {
  const char *spec;
  enum err_code code;
  int number;
  int transient;
  int alive; /* -1: either */
};

/* Expects it, and that a connection which survives works. */
void check_fault(const struct server *s, struct mssql *m,
                 const struct fault_case *c);

/* ---- the process ------------------------------------------------------- */

void pause_ms(int ms);

/* An interrupt hook, its argument a struct alarm: interrupts from then on. */
struct alarm {
  sqlite3_int64 at_ms; /* of clock_now_ms() */
};
int alarm_rings(void *arg);

/* The least milliseconds that once() says it took, of five tries at most, fewer
** when one is within the bound: what a busy machine adds is not the code's. */
sqlite3_int64 quickest(sqlite3_int64 (*once)(void *arg), void *arg,
                       sqlite3_int64 bound_ms);

/* How many of the first 256 descriptors are open. */
int count_fds(void);

#endif
