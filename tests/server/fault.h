/* Faults on demand: what a test asks the server to do wrong.
**
** One fault a line, in --fault or in --fault-file (read again whenever its
** content changed, at each place where a fault may happen):
**
**   when=accept|prelogin|tls|login|batch|idle [match=TEXT] [after_bytes=N]
**   [after_rows=N] [times=K] [skip=K] do=ACTION
**
** `do` comes last and takes the rest of the line. match= is a part of the
** batch's T-SQL (of what the login says: see login.c), quoted with "" where it
** has blanks. skip=K leaves the first K matches alone, times=K ends the fault
** after K more. Lines that start with # and blank lines do not count.
**
** when=idle comes once after the login and once after each response. README.md
** lists the actions. Bytes are counted as TDS writes them, packet headers
** included, before TLS.
*/
#ifndef FAULT_H
#define FAULT_H

#include "base.h"

struct sqlerr;

enum fault_when { AT_ACCEPT, AT_PRELOGIN, AT_TLS, AT_LOGIN, AT_BATCH, AT_IDLE };
enum fault_do { /* up to DO_BYE: at a place in the bytes, by net_fault() */
                DO_HANG,
                DO_CLOSE,
                DO_CUT,
                DO_RESET,
                DO_GARBAGE,
                DO_STRAY,
                DO_DELAY,
                DO_HOLD,
                DO_DRIP,
                DO_BYE,
                DO_FLIP,
                DO_ERROR,
                DO_REFUSE_LOGIN,
                DO_NO_ENCRYPT,
                DO_TLS_VERSION,
                DO_ROUTE,
                DO_DROP_DONE,
                DO_NO_COUNT,
                DO_MISCOUNT,
                DO_DONE_BITS,
                DO_CHUNKS,
                DO_IGNORE_ATTENTION,
                DO_AGAIN,
                DO_LOCK,
                DO_SQL
};

struct fault {
  enum fault_when when;
  enum fault_do what;
  int64_t after_bytes, after_rows; /* -1: not given */
  int64_t arg;                     /* the action's first number */
  int64_t arg2;                    /* its second: mask, severity, ms */
  char match[256], text[2048];     /* bytes; SQL Server sends 2047 characters */
};

enum { FAULTS_MAX = 8 };
struct fault_set { /* those that apply to one response */
  struct fault f[FAULTS_MAX];
  unsigned n;
};

/* Adds a line; false when it cannot be read (then nothing is added). */
bool fault_add(const char *line);
void fault_file(const char *path);
void fault_pick(enum fault_when when, const char *text, struct fault_set *out);
/* Whether the rules still ask for it, used up or not. */
bool fault_asked(enum fault_do what);
const struct fault *fault_has(const struct fault_set *s, enum fault_do what);
/* The error that error: and refuse_login: ask for, with SQL Server's own text
** and severity where nothing else was said; `about` is the login, database or
** server that some of these texts name. Always returns false. */
bool fault_error(const struct fault *f, const char *about, struct sqlerr *e);
#endif
