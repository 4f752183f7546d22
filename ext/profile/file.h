/*
** The files of a profile: lines of an INI file, and files with a secret.
**
** inih splits the lines; this part refuses the ones that inih would split or
** cut in silence, tells which line each pair came from, checks who else may
** read a file, and wipes every copy of its text.
*/
#ifndef ORDERSYNC_PROFILE_FILE_H
#define ORDERSYNC_PROFILE_FILE_H
#include "base/err.h"

#include <stddef.h>

/* One line: a section's start (key NULL) or a pair. All borrowed, and valid
** only while the handler runs. */
struct profile_line {
  const char *path;
  int number;
  const char *section; /* "" before the first one */
  const char *key;
  const char *value;
  int has_comment; /* the line has " ;", where inih ends a value */
};

/* Returns non-zero when the file turns out to hold a secret; then it must be
** private. Failure is told through e alone. */
typedef int (*profile_line_fn)(void *arg, const struct profile_line *line,
                               struct err *e);

/* Calls fn for every line that counts, in order. *exists = 0 when the file is
** missing and that is allowed by `optional`. */
enum err_code profile_file_lines(const char *path, int optional,
                                 profile_line_fn fn, void *arg, int *exists,
                                 struct err *e);

/* Reads a secret, a file's first line. Free with profile_file_wipe(). */
enum err_code profile_file_secret(const char *path, char **secret,
                                  struct err *e);

/* Fails unless the file can be read and holds certificates in PEM. */
enum err_code profile_file_certificates(const char *path, struct err *e);

/* Overwrites the n bytes of a secret, then frees it; accepts NULL. */
void profile_file_wipe(char *text, size_t n);

#endif
