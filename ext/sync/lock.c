/*
** The run lock, held by the operating system.
*/
#include "sync/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file's name may have 255 bytes, the database's among them. */
#define NAME_MOST  150
#define NAME_SHOWN 60

/* What is not a letter, a digit, - or _ becomes %XX, so that no name can leave
** the directory. */
static char *encode(const char *sync) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  for (; *sync; sync++) {
    int plain = sqlite3_strglob("[-_0-9A-Za-z]*", sync) == 0;
    sqlite3_str_appendf(out, plain ? "%c" : "%%%02X", (unsigned char)*sync);
  }
  return sqlite3_str_finish(out);
}

/* "<database>-ordersync-<sync>.lock". A name that is too long is cut, with a
** digest behind it: no two share a lock. Owned; NULL: out of memory. */
static char *lock_path(const char *db_path, const char *sync) {
  char *name = encode(sync), *path;
  struct sha256_ctx hash;
  uint8_t d[8];
  if (!name || strlen(name) <= NAME_MOST) {
    path = name ? sqlite3_mprintf("%s-ordersync-%s.lock", db_path, name) : NULL;
  } else {
    sha256_init(&hash);
    sha256_update(&hash, strlen(sync), (const uint8_t *)sync);
    sha256_digest(&hash, sizeof d, d);
    path = sqlite3_mprintf(
        "%s-ordersync-%.*s=%02x%02x%02x%02x%02x%02x%02x%02x.lock", db_path,
        NAME_SHOWN, name, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]);
  }
  sqlite3_free(name);
  return path;
}

/* Opens or makes the lock file. Reading it is enough for flock(), so whoever
** may write the database may read it, and nobody else: else a reader could
** hold the lock, and every refresh would be skipped. Opening a FIFO would wait
** for its writer. */
static int open_lock_file(const char *path, const struct stat *db) {
  const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  mode_t mode = (db->st_mode & 0222) * 3;
  int fd = open(path, flags);
  if (fd >= 0 || errno != ENOENT) return fd;
  fd = open(path, flags | O_CREAT | O_EXCL, mode);
  if (fd < 0 && errno == EEXIST) return open(path, flags);
  /* Neither is vital: without them another user's run reports the file. */
  if (fd >= 0 && fchmod(fd, mode) != 0) return fd;
  if (fd >= 0 && geteuid() == 0 && fchown(fd, db->st_uid, db->st_gid) != 0) {
    return fd;
  }
  return fd;
}

static enum err_code lock_error(const char *doing, const char *path, int error,
                                struct err *e) {
  e->sqlite_code = SQLITE_CANTOPEN;
  return err_set(e, ERR_LOCAL, "cannot %s the run lock %s: %s", doing, path,
                 error == ELOOP ? "it is a symbolic link" : strerror(error));
}

enum err_code lock_acquire(sqlite3 *db, const char *sync, int *fd, int *busy,
                           struct err *e) {
  const char *db_path = sqlite3_db_filename(db, "main");
  struct stat st;
  char *path;
  *fd = -1;
  *busy = 0;
  if (!db_path || !*db_path) return ERR_NONE;
  /* A database in memory may have a name, by the VFS "memdb". */
  if (stat(db_path, &st) != 0) {
    return errno == ENOENT ? ERR_NONE : lock_error("open", db_path, errno, e);
  }
  path = lock_path(db_path, sync);
  if (!path) return err_nomem(e);
  *fd = open_lock_file(path, &st);
  if (*fd < 0) {
    lock_error("open", path, errno, e);
  } else if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    err_set(e, ERR_CONFIG, "the run lock %s is not a regular file", path);
  } else if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
    *busy = errno == EWOULDBLOCK;
    if (!*busy) lock_error("take", path, errno, e);
  } else {
    goto done;
  }
  if (*fd >= 0) (void)close(*fd);
  *fd = -1;
done:
  sqlite3_free(path);
  return e->code;
}

void lock_release(int fd) {
  if (fd < 0) return;
  /* Unlock first: a child forked meanwhile shares the lock and would keep it
  ** for as long as it lives. */
  (void)flock(fd, LOCK_UN);
  (void)close(fd);
}
