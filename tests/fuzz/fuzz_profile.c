/*
** Profile files: profile_load() and profile_password() on any file.
**
** The input stands behind a section [default] that begins with a password. No
** error may tell it, and what is accepted must be fit for FreeTDS's
** configuration, in which a new line, a # or a ; would be somebody else's
** options.
*/
#include "profile/profile.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SENTINEL "Sentinel-7d1f-word"

static const char head[] = "[default]\npassword = " SENTINEL "\n";

static void require(int truth) {
  if (!truth) abort();
}

/* A memory file, where nobody else could read it. */
static int make_file(void) {
  char path[64];
  int fd = memfd_create("fuzz", MFD_CLOEXEC);
  require(fd >= 0 && fchmod(fd, 0600) == 0);
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  (void)setenv("ORDERSYNC_CONFIG", path, 1);
  return fd;
}

static void check_conf(const char *value) {
  if (!value) return;
  require(strlen(value) <= 200);
  require(!strpbrk(value, "\n\r#;"));
  require(!strstr(value, "  "));
}

static void check_profile(const struct profile *p) {
  require((p->server != NULL) != (p->freetds_section != NULL));
  require(p->port >= 0 && p->port <= 65535);
  require(p->login_timeout > 0 && p->query_timeout > 0);
  require(p->lock_timeout >= -1);
  require(p->packet_size == 0 ||
          (p->packet_size >= 512 && p->packet_size <= 32767));
  require(p->auth == AUTH_KERBEROS || (p->user && *p->user));
  require(!p->user || strlen(p->user) <= 128);
  require(!p->database || strlen(p->database) <= 128);
  require(p->isolation && !strpbrk(p->isolation, ";'-[]"));
  check_conf(p->server);
  check_conf(p->instance);
  check_conf(p->freetds_section);
  check_conf(p->ca_file);
}

static void check_error(const struct err *e, int told_by_input) {
  require(e->code != ERR_NONE && e->text[0] != 0);
  require(memchr(e->text, 0, sizeof e->text) != NULL);
  require(told_by_input || !strstr(e->text, SENTINEL));
}

static void try_section(const char *name, int told_by_input) {
  struct profile p = {0};
  struct err e = {0};
  if (profile_load(&p, name, &e)) {
    check_error(&e, told_by_input);
  } else {
    char *password = NULL;
    check_profile(&p);
    if (profile_password(&p, &password, &e)) check_error(&e, told_by_input);
    profile_password_free(password);
  }
  profile_clear(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static int fd = -1;
  sqlite3_int64 before;
  int told = memmem(data, size, "Sentinel", 8) != NULL;
  if (fd < 0) {
    fd = make_file();
    require(sqlite3_initialize() == SQLITE_OK);
  }
  before = sqlite3_memory_used();
  require(ftruncate(fd, 0) == 0);
  require(pwrite(fd, head, sizeof head - 1, 0) == (ssize_t)sizeof head - 1);
  require(pwrite(fd, data, size, (off_t)sizeof head - 1) == (ssize_t)size);
  try_section("default", told);
  try_section("other", told);
  require(sqlite3_memory_used() == before);
  return 0;
}
