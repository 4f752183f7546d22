/* What the two files of conversions share: convert.c and convert_text.c. */
#ifndef CONVERT_JOB_H
#define CONVERT_JOB_H

#include "value.h"

struct job {
  const struct value *in;
  const struct type *to;
  int style;
  const struct session_format *fmt;
  struct arena *a;
  struct sqlerr *e;
  struct value *out;
};

const char *convert_name(unsigned id); /* of a type, in messages */
bool convert_overflow(struct job *j);  /* 8115; false */
bool convert_to_string(struct job *j);
#endif
