/*
** Random numbers that depend on the seed alone, and statements that must work.
*/
#include "diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- random numbers ---------------------------------------------------- */

/* splitmix64 */
static uint64_t rnd64(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

int rnd(struct diff *d, int n) {
  return (int)(rnd64(&d->random) % (uint64_t)n);
}

int chance(struct diff *d, int percent) {
  return rnd(d, 100) < percent;
}

/* ---- statements -------------------------------------------------------- */

void die(const struct diff *d, const char *what, const char *sql,
         const char *message) {
  (void)fprintf(stderr, "diff: %s: %s: %s\n  %s\n", d->where, what, message,
                sql);
  exit(2);
}

void run(const struct diff *d, sqlite3 *on, const char *format, ...) {
  char *message = NULL;
  va_list args;
  va_start(args, format);
  char *sql = sqlite3_vmprintf(format, args);
  va_end(args);
  if (sqlite3_exec(on, sql, NULL, NULL, &message)) {
    die(d, "failed", sql, message);
  }
  sqlite3_free(sql);
}
