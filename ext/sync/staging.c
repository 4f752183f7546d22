/*
** Rows in memory, then in a temporary file without a name.
**
** A row is its length, then its cells one after another, each a byte for its
** type, the number or the length (in the machine's byte order: nobody but this
** process reads it), and the bytes of text and blobs. Rows are written behind
** one another into one buffer. What outgrows the cap goes to the file, and from
** then on the buffer is a small window into it:
**
**   file    |row|row|row|row|row|row|...
**   buffer           |row|row|ro            from `base`, `used` bytes
*/
#include "sync/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEFAULT_CAP ((size_t)64 << 20)
#define FIRST_BYTES ((size_t)256 << 10)
#define NEXT_BYTES  ((size_t)16 << 20) /* taken up as it is filled */
#define LARGE_PAGE  ((size_t)2 << 20)
#define WINDOW      ((size_t)256 << 10) /* read where the reader goes on */
#define GLANCE      ((size_t)8 << 10)   /* read where it jumps */
#define HEAD        sizeof(size_t)      /* a row's length */
#define CELL_BYTES  9 /* of a cell at most, but for text and blobs */

struct staging {
  int n_columns;
  sqlite3_int64 n_rows;
  unsigned char *buffer; /* owned */
  size_t size, used;
  size_t cap;
  off_t base;    /* of the buffer's first byte, among all rows' bytes */
  off_t end, at; /* behind the last row; where the next one is read */
  off_t in_file; /* so many of the bytes are there */
  int fd;        /* -1: nothing spilled */
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

/* Empties the buffer into the file. The large one, which held everything, is
** not needed any more. */
static enum err_code write_out(struct staging *s, struct err *e) {
  size_t done = 0;
  if (s->fd < 0) s->fd = open_nameless();
  if (s->fd < 0) return file_error("cannot make", errno, e);
  while (done < s->used) {
    ssize_t n =
        pwrite(s->fd, s->buffer + done, s->used - done, s->base + (off_t)done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return file_error("cannot write", n < 0 ? errno : ENOSPC, e);
    done += (size_t)n;
  }
  s->in_file = s->base = s->end;
  s->used = 0;
  if (s->size > WINDOW) {
    sqlite3_free(s->buffer);
    s->buffer = NULL;
    s->size = 0;
  }
  if (s->cap > WINDOW) s->cap = WINDOW;
  return ERR_NONE;
}

/* Each page costs a fault when it is touched first, and of large ones there are
** few. A wish, of the whole ones within; nobody looks whether it was granted.
*/
static void wish_for_large_pages(unsigned char *bytes, size_t n) {
  size_t skip = LARGE_PAGE - (uintptr_t)bytes % LARGE_PAGE;
  if (n < skip + LARGE_PAGE) return;
  (void)madvise(bytes + skip, (n - skip) / LARGE_PAGE * LARGE_PAGE,
                MADV_HUGEPAGE);
}

static int resize(struct staging *s, size_t size) {
  unsigned char *moved = sqlite3_realloc64(s->buffer, size);
  if (!moved) return 0;
  s->buffer = moved;
  s->size = size;
  wish_for_large_pages(moved, size);
  return 1;
}

/* What outgrows the first buffer gets one that a few thousand rows fit into,
** unless the host allows its SQLite less. */
static enum err_code make_room(struct staging *s, size_t n_bytes,
                               struct err *e) {
  size_t size = s->size ? s->size : FIRST_BYTES;
  while (size < n_bytes) size *= 2;
  if (size == s->size) return ERR_NONE;
  if (s->size && size < NEXT_BYTES && NEXT_BYTES <= s->cap &&
      resize(s, NEXT_BYTES)) {
    return ERR_NONE;
  }
  return resize(s, size) ? ERR_NONE : err_nomem(e);
}

/* Sees to it that the buffer has the n_bytes where the next row is. */
static enum err_code look_at(struct staging *s, size_t n_bytes, struct err *e) {
  size_t n = GLANCE, done = 0;
  if (s->at >= s->base && s->at + (off_t)n_bytes <= s->base + (off_t)s->used) {
    return ERR_NONE;
  }
  if (s->in_file < s->end && write_out(s, e)) return e->code;
  if (s->at >= s->base && s->at <= s->base + (off_t)s->used) n = WINDOW;
  if (n < n_bytes) n = n_bytes;
  if ((off_t)n > s->end - s->at) n = (size_t)(s->end - s->at);
  if (make_room(s, n, e)) return e->code;
  s->base = s->at;
  s->used = 0;
  while (done < n) {
    ssize_t got = pread(s->fd, s->buffer + done, n - done, s->at + (off_t)done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return file_error("cannot read", got < 0 ? errno : EIO, e);
    done += (size_t)got;
  }
  s->used = n;
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
  size_t size = HEAD;
  unsigned char *row, *to;
  for (int i = 0; i < s->n_columns; i++) {
    size += CELL_BYTES;
    if (has_bytes(&cells[i])) size += (size_t)cells[i].n_bytes;
  }
  if (s->used && s->used + size > s->cap && write_out(s, e)) return e->code;
  if (make_room(s, s->used + size, e)) return e->code;
  row = s->buffer + s->used;
  to = row + HEAD;
  for (int i = 0; i < s->n_columns; i++) to = put_cell(to, &cells[i]);
  size = (size_t)(to - row);
  memcpy(row, &size, HEAD);
  s->used += size;
  s->end += (off_t)size;
  s->n_rows++;
  return ERR_NONE;
}

/* Whoever writes the rows needs it, for pages, where the host allows little. */
void staging_settle(struct staging *s) {
  size_t size = (s->used / LARGE_PAGE + 1) * LARGE_PAGE;
  if (size < s->size) (void)resize(s, size);
}

enum err_code staging_next(struct staging *s, struct cell *cells, int *has_row,
                           struct err *e) {
  return staging_skim(s, cells, s->n_columns, has_row, e);
}

enum err_code staging_skim(struct staging *s, struct cell *cells, int n,
                           int *has_row, struct err *e) {
  const unsigned char *at;
  size_t size;
  *has_row = 0;
  if (s->at == s->end) return ERR_NONE;
  if (look_at(s, HEAD, e)) return e->code;
  memcpy(&size, s->buffer + (s->at - s->base), HEAD);
  if (look_at(s, size, e)) return e->code;
  at = s->buffer + (s->at - s->base) + HEAD;
  for (int i = 0; i < n; i++) at = get_cell(at, &cells[i]);
  s->at += (off_t)size;
  *has_row = 1;
  return ERR_NONE;
}

sqlite3_int64 staging_tell(const struct staging *s) {
  return s->at;
}

void staging_seek(struct staging *s, sqlite3_int64 at) {
  s->at = (off_t)at;
}

enum err_code staging_open(struct staging **out, int n_columns,
                           sqlite3_int64 memory_cap, struct err *e) {
  struct staging *s = sqlite3_malloc64(sizeof *s);
  *out = NULL;
  if (!s) return err_nomem(e);
  memset(s, 0, sizeof *s);
  s->n_columns = n_columns;
  s->cap = memory_cap > 0 ? (size_t)memory_cap : DEFAULT_CAP;
  s->fd = -1;
  *out = s;
  return ERR_NONE;
}

void staging_close(struct staging *s) {
  if (!s) return;
  sqlite3_free(s->buffer);
  if (s->fd >= 0) (void)close(s->fd);
  sqlite3_free(s);
}

sqlite3_int64 staging_rows(const struct staging *s) {
  return s->n_rows;
}
int staging_spilled(const struct staging *s) {
  return s->fd >= 0;
}
