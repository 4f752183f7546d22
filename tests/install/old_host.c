/*
** A host whose SQLite is too old: loads the extension with an API table of
** 3.37.2, and prints what the extension answers.
*/
#include <sqlite3ext.h>

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*entry_point)(void *, char **,
                           const struct sqlite3_api_routines *);

static int old_number(void) {
  return 3037002;
}
static const char *old_version(void) {
  return "3.37.2";
}

__attribute__((format(printf, 1, 2))) static char *host_mprintf(const char *fmt,
                                                                ...) {
  char *text = malloc(1000);
  va_list args;
  va_start(args, fmt);
  (void)vsnprintf(text, 1000, fmt, args);
  va_end(args);
  return text;
}

int main(int argc, char **argv) {
  static struct sqlite3_api_routines api;
  void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
  entry_point entry;
  char *message = NULL;
  int rc;
  if (!library) {
    (void)fprintf(stderr, "%s\n", dlerror());
    return 2;
  }
  *(void **)&entry = dlsym(library, "sqlite3_ordersync_init");
  if (!entry) return 2;
  /* All other members are NULL: touching one of them would crash. */
  api.libversion_number = old_number;
  api.libversion = old_version;
  api.mprintf = host_mprintf;
  rc = entry(NULL, &message, &api);
  (void)printf("%d %s\n", rc, message ? message : "");
  free(message);
  return 0;
}
