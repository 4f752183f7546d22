/*
** The run lock, held by the operating system; in memory, by SQLite.
*/
#include "sync/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <stdint.h>
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

static void lock_file(struct lock *lock, const char *path,
                      const struct stat *db, int *busy, struct err *e) {
  struct stat st;
  int fd = open_lock_file(path, db);
  if (fd < 0) {
    lock_error("open", path, errno, e);
  } else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    err_set(e, ERR_CONFIG, "the run lock %s is not a regular file", path);
  } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    *busy = errno == EWOULDBLOCK;
    if (!*busy) lock_error("take", path, errno, e);
  } else {
    *lock = (struct lock){.has_fd = 1, .fd = fd};
    return;
  }
  if (fd >= 0) (void)close(fd);
}

/* ---- in memory ----------------------------------------------------------- */

/* All connections of a shared cache have one file, though it is in memory. (Of
** the VFS "memdb" each has its own, and newer SQLites tell no name.)
** Owned; NULL: out of memory. */
static char *mark_name(sqlite3 *db, const char *sync) {
  sqlite3_file *file = NULL;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  return sqlite3_mprintf("ordersync-lock:%p:%s", (void *)file, sync);
}

/* NOLINTBEGIN(readability-non-const-parameter): SQLite's signatures */

static int no_path(sqlite3_vfs *vfs, const char *name, int n, char *out) {
  (void)vfs, (void)name, (void)n, (void)out;
  return SQLITE_CANTOPEN;
}

static int no_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                   int flags, int *out) {
  (void)vfs, (void)name, (void)flags, (void)out;
  file->pMethods = NULL;
  return SQLITE_CANTOPEN;
}

/* NOLINTEND(readability-non-const-parameter) */

/* Only SQLite itself knows both connections, and the one thing that it keeps
** for a process by name is the list of its VFSs. The mark is one that opens
** nothing. */
static void lock_mark(struct lock *lock, sqlite3 *db, const char *sync,
                      int *busy, struct err *e) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  sqlite3_vfs *mark = sqlite3_malloc64(sizeof *mark);
  char *name = mark_name(db, sync);
  if (!mark || !name) {
    err_nomem(e);
    goto done;
  }
  *mark = (sqlite3_vfs){.iVersion = 1,
                        .szOsFile = sizeof(sqlite3_file),
                        .mxPathname = 1,
                        .zName = name,
                        .xOpen = no_file,
                        .xFullPathname = no_path};
  (void)pthread_mutex_lock(&mutex);
  *busy = sqlite3_vfs_find(name) != NULL;
  if (!*busy && sqlite3_vfs_register(mark, 0) == SQLITE_OK) lock->mark = mark;
  (void)pthread_mutex_unlock(&mutex);
  if (!*busy && !lock->mark) err_nomem(e);
done:
  if (lock->mark) return;
  sqlite3_free(mark);
  sqlite3_free(name);
}

static void unlock_mark(sqlite3_vfs *mark) {
  sqlite3_vfs_unregister(mark);
  sqlite3_free((char *)(uintptr_t)mark->zName);
  sqlite3_free(mark);
}

/* ---- both ---------------------------------------------------------------- */

enum err_code lock_acquire(struct lock *lock, sqlite3 *db, const char *sync,
                           int *busy, struct err *e) {
  const char *db_path = sqlite3_db_filename(db, "main");
  struct stat st;
  char *path;
  *lock = (struct lock){0};
  *busy = 0;
  if (!db_path || !*db_path || (stat(db_path, &st) != 0 && errno == ENOENT)) {
    lock_mark(lock, db, sync, busy, e);
    return e->code;
  }
  if (stat(db_path, &st) != 0) return lock_error("open", db_path, errno, e);
  path = lock_path(db_path, sync);
  if (!path) return err_nomem(e);
  lock_file(lock, path, &st, busy, e);
  sqlite3_free(path);
  return e->code;
}

void lock_release(struct lock *lock) {
  if (lock->mark) unlock_mark(lock->mark);
  if (lock->has_fd) {
    /* Unlock first: a child forked meanwhile shares the lock and would keep it
    ** for as long as it lives. */
    (void)flock(lock->fd, LOCK_UN);
    (void)close(lock->fd);
  }
  *lock = (struct lock){0};
}
