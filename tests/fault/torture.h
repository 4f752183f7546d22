/*
** What the torture programs share.
**
**   torture_mem.c   SQLite's allocator, with a bomb in it
**   torture_db.c    a database for a run: made from a template, read back
**   torture_cases.c what is tortured
**   torture.c       every allocation of SQLite's in turn
**   torture_alloc.c libc's allocator, with a bomb in it
**   torture_libc.c  every allocation of FreeTDS's and GnuTLS's in turn
*/
#ifndef TORTURE_H
#define TORTURE_H

#include <sqlite3.h>
#include <stddef.h>

/* ---- torture_mem.c ----------------------------------------------------- */

/* Before SQLite is used: puts the counting allocator under it, and switches
** lookaside off, which would serve small allocations without asking. */
int mem_install(void);

/* From now on the nth allocation (from 1) fails, once or, when sticky, it and
** all that follow. 0: none fails, they are counted. */
void mem_arm(long nth, int sticky);

/* Ends that; returns how many allocations there were. */
long mem_disarm(void);

/* ---- torture_alloc.c --------------------------------------------------- */

/* Which library's calls count: a part of its file's name. It must be loaded. */
void libc_bomb_find(const char *library);
/* As mem_arm() and mem_disarm(). */
void libc_bomb_arm(long nth, int sticky);
long libc_bomb_disarm(void);

/* ---- torture_db.c ------------------------------------------------------ */

/* A growing text of libc's: what is read here must not count or fail. */
struct text {
  char *bytes; /* owned; NULL when empty */
  size_t n;
};
void text_add(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void text_clear(struct text *t);
int text_equal(const struct text *a, const struct text *b);

/* Copies a file; 1 when done. */
int file_copy(const char *from, const char *to);

/* Runs every statement of sql up to the first failure; the rows, a line each,
** are added to out (NULL: dropped). The message of a failure is copied into
** message (256 bytes) when it is not NULL. */
int db_run(sqlite3 *db, const char *sql, struct text *out, char *message);

/* Opens path and registers the extension. The handle is to be closed also
** when this fails. */
int db_open(sqlite3 **db, const char *path, char *message);

/* ---- torture_cases.c --------------------------------------------------- */

struct torture_case {
  const char *name;
  const char *template_sql; /* makes the template database, once */
  const char *setup;        /* after opening, before the torture */
  const char *sql;          /* tortured */
  const char *state;        /* its rows are the old state or the new one */
  const char *again;        /* must work after a failure; NULL: sql itself */
  int opens;                /* opening the database is tortured as well */
  int fails;                /* without any torture it is an error */
  int every;                /* has few and quick runs: none is left out */
};
extern const struct torture_case torture_cases[];
extern const int n_torture_cases;

#endif
