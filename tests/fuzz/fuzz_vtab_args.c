/*
** The live view's arguments. The input is split at its line breaks: an argument
** a line.
*/
#include "live/args.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARGUMENTS_MOST 6

static void require(int truth) {
  if (!truth) abort();
}

static void fuzz_arguments(char *text) {
  const char *argv[ARGUMENTS_MOST];
  struct vtab_args a;
  struct err e = {0};
  int argc = 0;
  while (text && argc < ARGUMENTS_MOST) {
    argv[argc++] = text;
    text = strchr(text, '\n');
    if (text) *text++ = 0;
  }
  if (vtab_args_parse(&a, argc, argv, &e)) {
    require(e.text[0] != 0);
    require(!a.sync && !a.source && !a.profile);
  } else {
    require(!(a.sync && a.source));
    require(!(a.sync && a.profile));
    require(!a.profile || a.source);
    require(!a.is_query || a.source);
    require(!a.sync || a.sync[0]);
    require(!a.source || a.source[0]);
  }
  vtab_args_clear(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  if (!text) return 0;
  memcpy(text, data, size);
  text[size] = 0;
  fuzz_arguments(text);
  free(text);
  return 0;
}
