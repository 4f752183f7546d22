/*
** Rows in chunks of memory, then in a temporary file without a name.
**
** A row is its cells one after another, each a byte for its type, the number or
** the length (in the machine's byte order: nobody but this process reads it),
** and the bytes of text and blobs. Rows are written behind one another into a
** block; a full block is kept, or, beyond the cap, written to the file. Reading
** goes through the blocks in the same order, and a row never crosses from one
** block to the next, so cells can point into it.
*/
#include "sync/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CAP ((sqlite3_int64)64 << 20)
#define BLOCK_BYTES ((size_t)256 << 10)

/* What of a struct cell follows the type. */
static const struct {
  size_t offset, size;
} fixed[] = {
    [SQLITE_INTEGER] = {offsetof(struct cell, integer), sizeof(sqlite3_int64)},
    [SQLITE_FLOAT] = {offsetof(struct cell, real), sizeof(double)},
    [SQLITE_TEXT] = {offsetof(struct cell, n_bytes), sizeof(int)},
    [SQLITE_BLOB] = {offsetof(struct cell, n_bytes), sizeof(int)},
    [SQLITE_NULL] = {0, 0},
};

struct block {
  unsigned char *bytes; /* owned; NULL when it is in the file */
  size_t used;
  size_t size;
  off_t offset; /* in the file */
};

struct staging {
  int n_columns;
  sqlite3_int64 cap;
  sqlite3_int64 n_rows;
  sqlite3_int64 n_bytes;   /* of all rows */
  sqlite3_int64 in_memory; /* of the blocks that are */
  struct block *blocks;    /* owned; the last one is being written */
  int n_blocks, max_blocks;
  int fd; /* -1: nothing spilled */
  off_t file_end;

  int at_block; /* reading */
  size_t at_byte;
  sqlite3_int64 at_row;
  unsigned char *window; /* owned; a block read back from the file */
  size_t window_size;
  int window_block; /* which one it holds, or -1 */
};

/* ---- the file ---------------------------------------------------------- */

static const char *temp_directory(void) {
  static const char *const names[] = {"SQLITE_TMPDIR", "TMPDIR"};
  static const char *const paths[] = {"/var/tmp", "/tmp"};
  for (int i = 0; i < 2; i++) {
    const char *path = getenv(names[i]);
    if (path && access(path, W_OK | X_OK) == 0) return path;
  }
  for (int i = 0; i < 2; i++) {
    if (access(paths[i], W_OK | X_OK) == 0) return paths[i];
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

/* The name is gone before the first byte is written: whatever becomes of the
** process, nothing is left behind. */
static int open_nameless(void) {
  char *path = sqlite3_mprintf("%s/ordersync-XXXXXX", temp_directory());
  int fd;
  if (!path) {
    errno = ENOMEM;
    return -1;
  }
  fd = mkostemp(path, O_CLOEXEC);
  if (fd >= 0) (void)unlink(path);
  sqlite3_free(path);
  return fd;
}

static enum err_code write_block(struct staging *s, struct block *b,
                                 struct err *e) {
  size_t done = 0;
  if (s->fd < 0) s->fd = open_nameless();
  if (s->fd < 0) return file_error("cannot make", errno, e);
  b->offset = s->file_end;
  while (done < b->used) {
    ssize_t n =
        pwrite(s->fd, b->bytes + done, b->used - done, b->offset + (off_t)done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return file_error("cannot write", n < 0 ? errno : ENOSPC, e);
    done += (size_t)n;
  }
  s->file_end += (off_t)b->used;
  s->in_memory -= (sqlite3_int64)b->size;
  sqlite3_free(b->bytes);
  b->bytes = NULL;
  return ERR_NONE;
}

static enum err_code read_block(struct staging *s, int i, struct err *e) {
  const struct block *b = &s->blocks[i];
  size_t done = 0;
  if (s->window_block == i) return ERR_NONE;
  s->window_block = -1;
  if (s->window_size < b->used) {
    unsigned char *grown = sqlite3_realloc64(s->window, b->used);
    if (!grown) return err_nomem(e);
    s->window = grown;
    s->window_size = b->used;
  }
  while (done < b->used) {
    ssize_t n =
        pread(s->fd, s->window + done, b->used - done, b->offset + (off_t)done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return file_error("cannot read", n < 0 ? errno : EIO, e);
    done += (size_t)n;
  }
  s->window_block = i;
  return ERR_NONE;
}

/* ---- blocks ------------------------------------------------------------ */

static enum err_code add_block(struct staging *s, size_t n_bytes,
                               struct err *e) {
  size_t size = n_bytes > BLOCK_BYTES ? n_bytes : BLOCK_BYTES;
  struct block *b;
  if (!s->blocks || s->n_blocks == s->max_blocks) {
    int max = s->max_blocks ? 2 * s->max_blocks : 16;
    struct block *grown =
        sqlite3_realloc64(s->blocks, (sqlite3_uint64)max * sizeof *grown);
    if (!grown) return err_nomem(e);
    s->blocks = grown;
    s->max_blocks = max;
  }
  b = &s->blocks[s->n_blocks];
  memset(b, 0, sizeof *b);
  b->bytes = sqlite3_malloc64(size);
  if (!b->bytes) return err_nomem(e);
  b->size = size;
  s->n_blocks++;
  s->in_memory += (sqlite3_int64)size;
  return ERR_NONE;
}

static struct block *last_block(const struct staging *s) {
  return &s->blocks[s->n_blocks - 1];
}

/* Sees to it that the last block has room for n_bytes. */
static enum err_code reserve(struct staging *s, size_t n_bytes, struct err *e) {
  if (s->n_blocks > 0) {
    struct block *b = last_block(s);
    /* Without bytes: spilled, and then the next one could not be had. */
    if (b->bytes && b->size - b->used >= n_bytes) return ERR_NONE;
    if (b->bytes && s->in_memory + (sqlite3_int64)BLOCK_BYTES > s->cap &&
        write_block(s, b, e)) {
      return e->code;
    }
  }
  return add_block(s, n_bytes, e);
}

/* ---- rows -------------------------------------------------------------- */

/* memcpy() of a size that is known is no call. */
static void copy_fixed(void *to, const void *from, size_t n) {
  if (n == 8)
    memcpy(to, from, 8);
  else if (n == 4)
    memcpy(to, from, 4);
}

static int has_bytes(const struct cell *cell) {
  return (cell->type == SQLITE_TEXT || cell->type == SQLITE_BLOB) &&
         cell->n_bytes > 0;
}

static size_t cell_size(const struct cell *cell) {
  return 1 + fixed[cell->type].size +
         (has_bytes(cell) ? (size_t)cell->n_bytes : 0);
}

static unsigned char *put_cell(unsigned char *to, const struct cell *cell) {
  size_t n = fixed[cell->type].size;
  *to++ = (unsigned char)cell->type;
  copy_fixed(to, (const char *)cell + fixed[cell->type].offset, n);
  if (has_bytes(cell)) memcpy(to + n, cell->bytes, (size_t)cell->n_bytes);
  return to + cell_size(cell) - 1;
}

static const unsigned char *get_cell(const unsigned char *at,
                                     struct cell *cell) {
  size_t n = fixed[*at].size;
  cell->type = *at++;
  cell->n_bytes = 0;
  copy_fixed((char *)cell + fixed[cell->type].offset, at, n);
  at += n;
  cell->bytes = (const char *)at;
  return at + cell->n_bytes;
}

enum err_code staging_append(struct staging *s, const struct cell *cells,
                             struct err *e) {
  size_t size = 0;
  unsigned char *to;
  for (int i = 0; i < s->n_columns; i++) size += cell_size(&cells[i]);
  if (reserve(s, size, e)) return e->code;
  to = last_block(s)->bytes + last_block(s)->used;
  for (int i = 0; i < s->n_columns; i++) to = put_cell(to, &cells[i]);
  last_block(s)->used += size;
  s->n_bytes += (sqlite3_int64)size;
  s->n_rows++;
  return ERR_NONE;
}

enum err_code staging_next(struct staging *s, struct cell *cells, int *has_row,
                           struct err *e) {
  const unsigned char *start, *at;
  *has_row = 0;
  if (s->at_row == s->n_rows) return ERR_NONE;
  while (s->at_byte == s->blocks[s->at_block].used) {
    s->at_block++;
    s->at_byte = 0;
  }
  start = s->blocks[s->at_block].bytes;
  if (!start) {
    if (read_block(s, s->at_block, e)) return e->code;
    start = s->window;
  }
  at = start + s->at_byte;
  for (int i = 0; i < s->n_columns; i++) at = get_cell(at, &cells[i]);
  s->at_byte = (size_t)(at - start);
  s->at_row++;
  *has_row = 1;
  return ERR_NONE;
}

void staging_rewind(struct staging *s) {
  s->at_block = 0;
  s->at_byte = 0;
  s->at_row = 0;
}

/* ---- life -------------------------------------------------------------- */

enum err_code staging_open(struct staging **out, int n_columns,
                           sqlite3_int64 memory_cap, struct err *e) {
  struct staging *s = sqlite3_malloc64(sizeof *s);
  *out = NULL;
  if (!s) return err_nomem(e);
  memset(s, 0, sizeof *s);
  s->n_columns = n_columns;
  s->cap = memory_cap > 0 ? memory_cap : DEFAULT_CAP;
  s->fd = -1;
  s->window_block = -1;
  *out = s;
  return ERR_NONE;
}

void staging_close(struct staging *s) {
  if (!s) return;
  for (int i = 0; i < s->n_blocks; i++) sqlite3_free(s->blocks[i].bytes);
  sqlite3_free(s->blocks);
  sqlite3_free(s->window);
  if (s->fd >= 0) (void)close(s->fd);
  sqlite3_free(s);
}

sqlite3_int64 staging_rows(const struct staging *s) {
  return s->n_rows;
}
sqlite3_int64 staging_bytes(const struct staging *s) {
  return s->n_bytes;
}
int staging_spilled(const struct staging *s) {
  return s->fd >= 0;
}
