/* RPC requests: [MS-TDS] 2.2.6.6. */
#ifndef RPC_H
#define RPC_H

#include "engine.h"

struct rpc_call {
  const char *name;
  bool no_metadata;
  struct rpc_param *params;
  unsigned count;
  struct rpc_call *next; /* several in one message */
};

/* NULL when the message is malformed. */
struct rpc_call *rpc_read(struct session *s, struct reader *r, struct arena *a);
/* For the log: the T-SQL, where the procedure has one, and the parameters. */
void rpc_describe(const struct session *s, const struct rpc_call *c,
                  struct arena *a, const char **sql, const char **params);
void rpc_run(struct session *s, struct rpc_call *c, struct arena *a);
#endif
