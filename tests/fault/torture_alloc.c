/*
** libc's allocating functions, replaced: those that one library calls count,
** and fail when they are told to. A program's own definitions come before
** libc's for every library that it loads.
*/
#include "torture.h"

#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vasprintf(char **out, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));
int asprintf(char **out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t n);
int __asprintf_chk(char **out, int flag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int __vasprintf_chk(char **out, int flag, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

static struct {
  const char *library; /* borrowed */
  size_t low, high;    /* its code */
  volatile int armed;
  int sticky;
  long nth, count;
} bomb;

static int find_library(struct dl_phdr_info *info, size_t size, void *arg) {
  (void)size;
  (void)arg;
  if (!strstr(info->dlpi_name, bomb.library)) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    if (p->p_type != PT_LOAD || !(p->p_flags & PF_X)) continue;
    bomb.low = info->dlpi_addr + p->p_vaddr;
    bomb.high = bomb.low + p->p_memsz;
  }
  return 1;
}

/* The login has a thread of its own, but its caller waits meanwhile. */
static int goes_off(const void *caller) {
  size_t at = (size_t)caller;
  long count;
  if (!bomb.armed || at < bomb.low || at >= bomb.high) return 0;
  count = __atomic_add_fetch(&bomb.count, 1, __ATOMIC_SEQ_CST);
  if (bomb.nth == 0 || count < bomb.nth) return 0;
  return count == bomb.nth || bomb.sticky;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t n) {
  return goes_off(CALLER) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
  return goes_off(CALLER) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t n) {
  return goes_off(CALLER) ? NULL : __libc_realloc(old, n);
}

char *strndup(const char *text, size_t most) {
  size_t n = strnlen(text, most);
  char *copy = goes_off(CALLER) ? NULL : __libc_malloc(n + 1);
  if (!copy) return NULL;
  memcpy(copy, text, n);
  copy[n] = 0;
  return copy;
}

char *strdup(const char *text) {
  size_t n = strlen(text) + 1;
  char *copy = goes_off(CALLER) ? NULL : __libc_malloc(n);
  return copy ? memcpy(copy, text, n) : NULL;
}

__attribute__((format(printf, 2, 0))) static int
format(char **out, const char *fmt, va_list args) {
  va_list again;
  int n;
  va_copy(again, args);
  n = vsnprintf(NULL, 0, fmt, again);
  va_end(again);
  *out = n < 0 ? NULL : __libc_malloc((size_t)n + 1);
  return *out ? vsnprintf(*out, (size_t)n + 1, fmt, args) : -1;
}

int vasprintf(char **out, const char *fmt, va_list args) {
  return goes_off(CALLER) ? -1 : format(out, fmt, args);
}

int asprintf(char **out, const char *fmt, ...) {
  va_list args;
  int n;
  if (goes_off(CALLER)) return -1;
  va_start(args, fmt);
  n = format(out, fmt, args);
  va_end(args);
  return n;
}

int __vasprintf_chk(char **out, int flag, const char *fmt, va_list args) {
  (void)flag;
  return goes_off(CALLER) ? -1 : format(out, fmt, args);
}

int __asprintf_chk(char **out, int flag, const char *fmt, ...) {
  va_list args;
  int n;
  (void)flag;
  if (goes_off(CALLER)) return -1;
  va_start(args, fmt);
  n = format(out, fmt, args);
  va_end(args);
  return n;
}

void libc_bomb_arm(long nth, int sticky) {
  bomb.nth = nth;
  bomb.sticky = sticky;
  bomb.count = 0;
  bomb.armed = 1;
}

long libc_bomb_disarm(void) {
  bomb.armed = 0;
  return bomb.count;
}

void libc_bomb_find(const char *library) {
  bomb.library = library;
  (void)dl_iterate_phdr(find_library, NULL);
}
