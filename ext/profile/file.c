/*
** Reads a profile's files: an INI file line by line, a secret as a whole.
**
** A file is read once into memory of our own and handed to inih in fgets()'s
** manner, so that each line is seen before inih sees it and every copy of a
** password can be wiped, inih's own line buffer included.
*/
#include "profile/file.h"

#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FILE_CAP    ((size_t)1024 * 1024)
#define SECRET_CAP  4096
#define SECTION_CAP 49         /* inih cuts a section's name there */
#define TMPFS_TYPE  0x01021994 /* statfs(2): TMPFS_MAGIC */

/* A file in memory, and what is known about who else may read it. */
struct contents {
  char *text; /* owned; NULL when the file is missing */
  size_t n_text;
  uid_t owner;
  mode_t mode;
  int is_private;
};

struct reading {
  struct profile_line line; /* the one that inih sees */
  struct contents contents;
  size_t at;
  int holds_secret;
  profile_line_fn fn;
  void *arg; /* borrowed, as is e */
  struct err *e;
};

void profile_file_wipe(char *text, size_t n) {
  if (text) explicit_bzero(text, n);
  sqlite3_free(text);
}

/* ---- who may read it --------------------------------------------------- */

/*
** A file with a secret may be read by its owner, who is us or root; by root's
** group where root set it so (0640 or 0440, as libpq allows and as systemd
** hands out credentials). Container runtimes hand out secrets as root's files
** that all may read, on a memory file system mounted read-only: nobody but
** the container's own processes sees that one.
*/
static int is_private(int fd, const struct stat *st) {
  mode_t mode = st->st_mode & 0777;
  struct statvfs vfs;
  struct statfs fs;
  if (st->st_uid != 0 && st->st_uid != geteuid()) return 0;
  if ((mode & 077) == 0) return 1;
  if (st->st_uid != 0) return 0;
  if ((mode & 037) == 0) return 1;
  return (mode & 022) == 0 && fstatfs(fd, &fs) == 0 &&
         fs.f_type == TMPFS_TYPE && fstatvfs(fd, &vfs) == 0 &&
         (vfs.f_flag & ST_RDONLY) != 0;
}

static enum err_code refuse_public(const char *path, const struct contents *c,
                                   struct err *e) {
  if (e->code || c->is_private) return e->code;
  if (c->owner != 0 && c->owner != geteuid()) {
    err_set(e, ERR_PROFILE,
            "%s holds a password and belongs to another user (uid %u)", path,
            (unsigned)c->owner);
    err_hint(e, "Make a copy of your own, with mode 600.");
  } else {
    err_set(e, ERR_PROFILE,
            "%s holds a password and others may read or change it (mode %04o)",
            path, (unsigned)c->mode);
    err_hint(e, "Run: chmod 600 '%s'", path);
  }
  return e->code;
}

/* ---- a file into memory ------------------------------------------------ */

static enum err_code fill(struct contents *c, int fd, const char *path,
                          size_t cap, struct err *e) {
  ssize_t got = 1;
  c->text = sqlite3_malloc64(cap + 1);
  if (!c->text) return err_nomem(e);
  while (c->n_text <= cap && got > 0) {
    got = read(fd, c->text + c->n_text, cap + 1 - c->n_text);
    if (got > 0) c->n_text += (size_t)got;
    if (got < 0 && errno == EINTR) got = 1;
  }
  if (got < 0) {
    return err_set(e, ERR_PROFILE, "cannot read %s: %s", path, strerror(errno));
  }
  if (c->n_text > cap) {
    return err_set(e, ERR_PROFILE, "%s is larger than %d bytes", path,
                   (int)cap);
  }
  c->text[c->n_text] = 0;
  return ERR_NONE;
}

static enum err_code contents_read(struct contents *c, const char *path,
                                   size_t cap, int optional, struct err *e) {
  struct stat st;
  /* O_NONBLOCK: a FIFO must not hang us; it is refused below. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 && optional && (errno == ENOENT || errno == ENOTDIR)) {
    return ERR_NONE;
  }
  if (fd < 0 || fstat(fd, &st) != 0) {
    err_set(e, ERR_PROFILE, "cannot read %s: %s", path, strerror(errno));
  } else if (!S_ISREG(st.st_mode)) {
    err_set(e, ERR_PROFILE, "%s is not a regular file", path);
  } else {
    c->owner = st.st_uid;
    c->mode = st.st_mode & 07777;
    c->is_private = is_private(fd, &st);
    fill(c, fd, path, cap, e);
  }
  if (fd >= 0) (void)close(fd);
  return e->code;
}

static void contents_clear(struct contents *c) {
  profile_file_wipe(c->text, c->n_text);
  memset(c, 0, sizeof *c);
}

/* The first line, without the mark that Windows's editors put before it. */
static const char *first_line(const struct contents *c, size_t *n) {
  const char *text = c->text;
  const char *end;
  *n = c->n_text;
  if (*n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
    text += 3;
    *n -= 3;
  }
  end = memchr(text, '\n', *n);
  if (end) *n = (size_t)(end - text);
  if (*n > 0 && text[*n - 1] == '\r') --*n;
  return text;
}

enum err_code profile_file_secret(const char *path, char **secret,
                                  struct err *e) {
  struct contents c = {0};
  const char *line;
  size_t n;
  if (contents_read(&c, path, SECRET_CAP, 0, e) || !c.text) goto done;
  if (refuse_public(path, &c, e)) goto done;
  line = first_line(&c, &n);
  if (n == 0 || memchr(line, 0, n)) {
    err_set(e, ERR_PROFILE, "%s %s", path,
            n == 0 ? "has an empty first line" : "has a NUL character");
    goto done;
  }
  *secret = sqlite3_mprintf("%.*s", (int)n, line);
  if (!*secret) err_nomem(e);
done:
  contents_clear(&c);
  return e->code;
}

enum err_code profile_file_certificates(const char *path, struct err *e) {
  struct contents c = {0};
  if (!contents_read(&c, path, FILE_CAP, 0, e) && c.text &&
      !memmem(c.text, c.n_text, "-----BEGIN ", 11)) {
    err_set(e, ERR_PROFILE, "%s holds no certificate in PEM form", path);
  }
  contents_clear(&c);
  return e->code;
}

/* ---- lines ------------------------------------------------------------- */

/* inih's handler; non-zero to be content. */
static int on_pair(void *arg, const char *section, const char *key,
                   const char *value) {
  struct reading *r = arg;
  struct profile_line line = r->line;
  line.section = section;
  line.key = key;
  line.value = value;
  if (!r->e->code && r->fn(r->arg, &line, r->e)) r->holds_secret = 1;
  return r->e->code == ERR_NONE;
}

/* inih, as distributions build it, tells of pairs only, and cuts a long name.
** A malformed header is left for it to report. */
static void on_section(struct reading *r, const char *text, size_t n) {
  const char *end = memchr(text, ']', n);
  char name[SECTION_CAP + 1];
  size_t n_name;
  if (!end) return;
  n_name = (size_t)(end - text) - 1;
  if (n_name > SECTION_CAP) {
    err_set(r->e, ERR_PROFILE,
            "%s:%d: the name of a section is at most %d bytes long",
            r->line.path, r->line.number, SECTION_CAP);
    return;
  }
  memcpy(name, text + 1, n_name);
  name[n_name] = 0;
  (void)on_pair(r, name, NULL, NULL);
}

static int has_inline_comment(const char *text, size_t n) {
  for (size_t i = 1; i < n; i++) {
    if (text[i] == ';' && ascii_is_space(text[i - 1])) return 1;
  }
  return 0;
}

/* inih splits a line that is too long for its buffer, and ends one at a NUL. */
static int is_fit(struct reading *r, const char *text, size_t n, size_t most) {
  const char *what = NULL;
  if (n > most) what = "is too long";
  if (memchr(text, 0, n)) what = "has a NUL character";
  if (!what) return 1;
  err_set(r->e, ERR_PROFILE, "%s:%d: the line %s", r->line.path, r->line.number,
          what);
  if (n > most) err_hint(r->e, "A line holds at most %d bytes.", (int)most);
  return 0;
}

/*
** inih's reader, in fgets()'s manner; `buffer` is inih's own line buffer, so
** it is wiped before each use, the last (empty) one included. Leading blanks
** are dropped: inih takes an indented line for the continuation of the value
** before it.
*/
static char *next_line(char *buffer, int n_buffer, void *arg) {
  struct reading *r = arg;
  const char *text = r->contents.text + r->at;
  size_t left = r->contents.n_text - r->at;
  const char *end = memchr(text, '\n', left);
  size_t n = end ? (size_t)(end - text) : left;
  explicit_bzero(buffer, (size_t)n_buffer);
  if (r->e->code || left == 0) return NULL;
  r->at += n + (end ? 1 : 0);
  r->line.number++;
  if (n > 0 && text[n - 1] == '\r') n--;
  for (; n > 0 && ascii_is_space(*text); n--) text++;
  if (n > 0 && (*text == '#' || *text == ';')) n = 0;
  if (!is_fit(r, text, n, (size_t)n_buffer - 3)) return NULL;
  if (n > 0 && *text == '[') on_section(r, text, n);
  r->line.has_comment = has_inline_comment(text, n);
  memcpy(buffer, text, n);
  buffer[n] = '\n';
  buffer[n + 1] = 0;
  return buffer;
}

enum err_code profile_file_lines(const char *path, int optional,
                                 profile_line_fn fn, void *arg, int *exists,
                                 struct err *e) {
  struct reading r = {.line.path = path, .fn = fn, .arg = arg, .e = e};
  if (!contents_read(&r.contents, path, FILE_CAP, optional, e) &&
      r.contents.text) {
    int rc = ini_parse_stream(next_line, &r, on_pair, &r);
    if (rc != 0) { /* a handler's own error is kept */
      err_set(e, ERR_PROFILE, "%s:%d: neither [section] nor key = value", path,
              rc > 0 ? rc : r.line.number);
    }
    if (r.holds_secret) refuse_public(path, &r.contents, e);
  }
  *exists = r.contents.text != NULL;
  contents_clear(&r.contents);
  return e->code;
}
