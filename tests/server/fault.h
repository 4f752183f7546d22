/* Faults on demand: what a test asks the server to do wrong.
**
** One fault a line, in --fault or in --fault-file (read again whenever its
** content changed, at each accept, prelogin, login and batch):
**
**   when=accept|prelogin|tls|login|batch [match=TEXT] [after_bytes=N]
**   [after_rows=N] [times=K] [skip=K] do=ACTION
**
** `do` comes last and takes the rest of the line. match= is a part of the
** batch's T-SQL, quoted with "" where it has blanks. skip=K leaves the first K
** matches alone, times=K ends the fault after K more. Lines that start with #
** and blank lines do not count.
**
** Actions at a place in the response (after_bytes or after_rows; else before
** its first byte):
**   hang            say nothing more, keep the connection
**   close           close the socket at once
**   cut             send what came before, then a polite FIN
**   reset           RST
**   garbage         256 bytes of nonsense, then close
**   delay:MS        wait, then go on
**   drip:N          N bytes a second from there on
**   flip:OFFSET[:MASK]   XOR the byte at that offset of the response
**   error:NUM[:SEVERITY[:MESSAGE]]   an ERROR token, and DONE with its flag
** Others:
**   refuse_login[:NUM]   the login fails with this error (18456)
**   no_encrypt           PRELOGIN answers ENCRYPT_NOT_SUP
**   drop_done            the response ends without its final DONE
**   no_count             DONE has no row count
**   ignore_attention     a cancel is never acknowledged
**
** Bytes are counted as TDS writes them, packet headers included, before TLS.
*/
#ifndef FAULT_H
#define FAULT_H

#include "base.h"

enum fault_when { AT_ACCEPT, AT_PRELOGIN, AT_TLS, AT_LOGIN, AT_BATCH };
enum fault_do {
  DO_HANG,
  DO_CLOSE,
  DO_CUT,
  DO_RESET,
  DO_GARBAGE,
  DO_DELAY,
  DO_DRIP,
  DO_FLIP,
  DO_ERROR,
  DO_REFUSE_LOGIN,
  DO_NO_ENCRYPT,
  DO_DROP_DONE,
  DO_NO_COUNT,
  DO_IGNORE_ATTENTION
};

struct fault {
  enum fault_when when;
  enum fault_do what;
  int64_t after_bytes, after_rows; /* -1: not given */
  int64_t arg;                     /* ms, bytes a second, offset, number */
  int severity, mask;
  char match[256], message[2048]; /* bytes; SQL Server sends 2047 characters */
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
const struct fault *fault_has(const struct fault_set *s, enum fault_do what);
#endif
