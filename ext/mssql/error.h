/*
** What FreeTDS and the server said, and the one error type it becomes.
*/
#ifndef ORDERSYNC_ERROR_H
#define ORDERSYNC_ERROR_H
#include "mssql/box.h"
#include "profile/profile.h"

/*
** What was heard during an operation. Fixed buffers: the handlers run inside
** FreeTDS and must not allocate. A message is cut here no sooner than in struct
** err, whose masking knows its own cut: a password that the server echoes would
** else lose its tail in mid-message, and not be recognised.
*/
struct notes {
  /* the first server message of the highest severity above 10 */
  int number, severity, state, line;
  char text[sizeof((struct err *)0)->text];
  char procedure[768]; /* B_VARCHAR: 255 characters, [MS-TDS] 2.2.7.10 */
  /* the first error of FreeTDS's own that is not mere noise */
  int lib_number, lib_oserr;
  char lib_text[160];
};

/* Installs FreeTDS's handlers, which write into the notes of the box that is
** being served. Once a process is enough. */
void error_listen(void);

/* Sets e from what a failed operation left in the box; `doing` is a clause such
** as "running the query". */
enum err_code error_from_box(const struct box *b, const char *doing,
                             struct err *e);
/* The same for a login, whose messages mean other things. */
enum err_code error_from_login(const struct box *b, const struct profile *p,
                               struct err *e);

#endif
