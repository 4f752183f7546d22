/*
** The live view's arguments, and the plan that comes back in idxStr.
**
** The input is split at its line breaks: an argument a line. The whole is also
** read as a plan.
*/
#include "live/local.h"

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

static void fuzz_plan(const char *text) {
  struct plan p;
  if (!plan_decode(&p, text)) return;
  require(p.n_terms >= 0 && p.n_terms <= PLAN_TERMS);
  require(p.n_orders >= 0 && p.n_orders <= PLAN_ORDERS);
  for (int i = 0; i < p.n_terms; i++) {
    require(p.terms[i].op <= WHERE_NOTNULL);
    require(!p.terms[i].is_list || p.terms[i].op == WHERE_EQ);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  if (!text) return 0;
  memcpy(text, data, size);
  text[size] = 0;
  fuzz_plan(text);
  fuzz_arguments(text);
  free(text);
  return 0;
}
