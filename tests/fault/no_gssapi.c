/* For LD_PRELOAD: while the file that NO_GSSAPI names exists, the library of
** GSSAPI is not there. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *dlopen(const char *name, int flags) {
  void *(*real)(const char *, int);
  const char *flag = getenv("NO_GSSAPI");
  *(void **)&real = dlsym(RTLD_NEXT, "dlopen");
  if (name && flag && access(flag, F_OK) == 0 && strstr(name, "gssapi"))
    name = "libgssapi_krb5.so.2.away";
  return real(name, flags);
}
