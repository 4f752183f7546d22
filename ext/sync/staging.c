/*
** Rows in memory, then in a temporary file without a name.
**
** A row is its cells one after another, each a byte for its type, the number or
** the length (in the machine's byte order: nobody but this process reads it),
** and the bytes of text and blobs. Rows are written behind one another into one
** buffer. What outgrows the cap goes to the file as a page: its size, which the
** buffer begins with, and whole rows, so that cells can point into the buffer
** that a page is read back into.
*/
#include "sync/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CAP ((size_t)64 << 20)
#define FIRST_BYTES ((size_t)256 << 10)
#define HEAD        sizeof(size_t)
#define CELL_BYTES  9 /* of a cell at most, but for text and blobs */

struct staging {
  int n_columns;
  sqlite3_int64 n_rows, at_row;
  unsigned char *page; /* owned */
  size_t size, used, at;
  size_t cap;
  int unwritten;           /* the page holds rows that the file does not have */
  int fd;                  /* -1: nothing spilled */
  off_t file_end, at_file; /* where the next page is written and read */
};

static const char *temp_directory(void) {
  const char *paths[] = {getenv("SQLITE_TMPDIR"), getenv("TMPDIR"), "/var/tmp",
                         "/tmp"};
  for (int i = 0; i < 4; i++) {
    if (paths[i] && access(paths[i], W_OK | X_OK) == 0) return paths[i];
  }
  return ".";
}

static enum err_code file_error(const char *doing, int error, struct err *e) {
  err_set(e, ERR_LOCAL, "%s the temporary file for staged rows in %s: %s",
          doing, temp_directory(), strerror(error));
  e->sqlite_code = error == ENOSPC || error == EFBIG || error == EDQUOT
                       ? SQLITE_FULL
                       : SQLITE_IOERR;
  return e->code;
}

/* A file without a name: whatever becomes of the process, nothing is left
** behind. Not every file system can; there the name is gone before the first
** byte is written. */
static int open_nameless(void) {
  const char *folder = temp_directory();
  int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  char *path;
  if (fd >= 0) return fd;
  path = sqlite3_mprintf("%s/ordersync-XXXXXX", folder);
  if (!path) {
    errno = ENOMEM;
    return -1;
  }
  fd = mkostemp(path, O_CLOEXEC);
  if (fd >= 0) (void)unlink(path);
  sqlite3_free(path);
  return fd;
}

static enum err_code write_page(struct staging *s, struct err *e) {
  size_t done = 0;
  if (s->fd < 0) s->fd = open_nameless();
  if (s->fd < 0) return file_error("cannot make", errno, e);
  memcpy(s->page, &s->used, HEAD);
  while (done < s->used) {
    ssize_t n = pwrite(s->fd, s->page + done, s->used - done,
                       s->file_end + (off_t)done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return file_error("cannot write", n < 0 ? errno : ENOSPC, e);
    done += (size_t)n;
  }
  s->file_end += (off_t)s->used;
  s->used = s->at = HEAD;
  s->unwritten = 0;
  return ERR_NONE;
}

static enum err_code read_bytes(const struct staging *s, void *to,
                                size_t n_bytes, struct err *e) {
  size_t done = 0;
  while (done < n_bytes) {
    ssize_t n = pread(s->fd, (char *)to + done, n_bytes - done,
                      s->at_file + (off_t)done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return file_error("cannot read", n < 0 ? errno : EIO, e);
    done += (size_t)n;
  }
  return ERR_NONE;
}

/* The buffer has room for every page: it has held each. */
static enum err_code read_page(struct staging *s, struct err *e) {
  size_t used;
  if (s->unwritten && write_page(s, e)) return e->code;
  if (read_bytes(s, &used, HEAD, e)) return e->code;
  if (read_bytes(s, s->page, used, e)) return e->code;
  s->at_file += (off_t)used;
  s->used = used;
  s->at = HEAD;
  return ERR_NONE;
}

/* Sees to it that the page has room for n_bytes. */
static enum err_code reserve(struct staging *s, size_t n_bytes, struct err *e) {
  size_t size = s->size ? s->size : FIRST_BYTES;
  unsigned char *grown;
  if (s->used > HEAD && s->used + n_bytes > s->cap && write_page(s, e)) {
    return e->code;
  }
  while (size < s->used + n_bytes) size *= 2;
  if (size == s->size) return ERR_NONE;
  grown = sqlite3_realloc64(s->page, size);
  if (!grown) return err_nomem(e);
  s->page = grown;
  s->size = size;
  return ERR_NONE;
}

static int has_bytes(const struct cell *cell) {
  return (cell->type == SQLITE_TEXT || cell->type == SQLITE_BLOB) &&
         cell->n_bytes > 0;
}

static unsigned char *put_cell(unsigned char *to, const struct cell *cell) {
  *to++ = (unsigned char)cell->type;
  switch (cell->type) {
  case SQLITE_NULL:
    return to;
  case SQLITE_INTEGER:
    memcpy(to, &cell->integer, sizeof cell->integer);
    return to + sizeof cell->integer;
  case SQLITE_FLOAT:
    memcpy(to, &cell->real, sizeof cell->real);
    return to + sizeof cell->real;
  default:
    memcpy(to, &cell->n_bytes, sizeof cell->n_bytes);
    to += sizeof cell->n_bytes;
    if (!has_bytes(cell)) return to;
    memcpy(to, cell->bytes, (size_t)cell->n_bytes);
    return to + cell->n_bytes;
  }
}

static const unsigned char *get_cell(const unsigned char *at,
                                     struct cell *cell) {
  cell->type = *at++;
  cell->n_bytes = 0;
  switch (cell->type) {
  case SQLITE_NULL:
    return at;
  case SQLITE_INTEGER:
    memcpy(&cell->integer, at, sizeof cell->integer);
    return at + sizeof cell->integer;
  case SQLITE_FLOAT:
    memcpy(&cell->real, at, sizeof cell->real);
    return at + sizeof cell->real;
  default:
    memcpy(&cell->n_bytes, at, sizeof cell->n_bytes);
    at += sizeof cell->n_bytes;
    cell->bytes = (const char *)at;
    return at + cell->n_bytes;
  }
}

enum err_code staging_append(struct staging *s, const struct cell *cells,
                             struct err *e) {
  size_t size = 0;
  unsigned char *to;
  for (int i = 0; i < s->n_columns; i++) {
    size += CELL_BYTES;
    if (has_bytes(&cells[i])) size += (size_t)cells[i].n_bytes;
  }
  if (reserve(s, size, e)) return e->code;
  to = s->page + s->used;
  for (int i = 0; i < s->n_columns; i++) to = put_cell(to, &cells[i]);
  s->used = (size_t)(to - s->page);
  s->unwritten = 1;
  s->n_rows++;
  return ERR_NONE;
}

enum err_code staging_next(struct staging *s, struct cell *cells, int *has_row,
                           struct err *e) {
  const unsigned char *at;
  *has_row = 0;
  if (s->at_row == s->n_rows) return ERR_NONE;
  if (s->at == s->used && read_page(s, e)) return e->code;
  at = s->page + s->at;
  for (int i = 0; i < s->n_columns; i++) at = get_cell(at, &cells[i]);
  s->at = (size_t)(at - s->page);
  s->at_row++;
  *has_row = 1;
  return ERR_NONE;
}

void staging_rewind(struct staging *s) {
  s->at = s->fd < 0 ? HEAD : s->used;
  s->at_file = 0;
  s->at_row = 0;
}

enum err_code staging_open(struct staging **out, int n_columns,
                           sqlite3_int64 memory_cap, struct err *e) {
  struct staging *s = sqlite3_malloc64(sizeof *s);
  *out = NULL;
  if (!s) return err_nomem(e);
  memset(s, 0, sizeof *s);
  s->n_columns = n_columns;
  s->cap = memory_cap > 0 ? (size_t)memory_cap : DEFAULT_CAP;
  s->used = HEAD;
  s->fd = -1;
  *out = s;
  return ERR_NONE;
}

void staging_close(struct staging *s) {
  if (!s) return;
  sqlite3_free(s->page);
  if (s->fd >= 0) (void)close(s->fd);
  sqlite3_free(s);
}

sqlite3_int64 staging_rows(const struct staging *s) {
  return s->n_rows;
}
int staging_spilled(const struct staging *s) {
  return s->fd >= 0;
}
