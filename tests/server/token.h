/* The tokens of a response around its rows: [MS-TDS] 2.2.7. */
#ifndef TOKEN_H
#define TOKEN_H

#include "wire.h"

enum { TOK_DONE = 0xfd, TOK_DONEPROC = 0xfe, TOK_DONEINPROC = 0xff };
enum { /* DONE status bits */
       DONE_MORE = 1,
       DONE_ERROR = 2,
       DONE_COUNT = 0x10,
       DONE_ATTN = 0x20
};
enum { /* what a DONE ends */
       CMD_NONE = 0,
       CMD_SELECT = 0xc1,
       CMD_INSERT = 0xc3,
       CMD_DELETE = 0xc4,
       CMD_UPDATE = 0xc5,
       CMD_CREATE = 0xc6,
       CMD_SET = 0xbe,
       CMD_EXEC = 0xe0
};
enum { /* ENVCHANGE types, [MS-TDS] 2.2.7.9 */
       ENV_DATABASE = 1,
       ENV_LANGUAGE = 2,
       ENV_PACKET_SIZE = 4,
       ENV_COLLATION = 7,
       ENV_BEGIN = 8,
       ENV_COMMIT = 9,
       ENV_ROLLBACK = 10,
       ENV_RESET = 18,
       ENV_ROUTING = 20
};

#define SERVER_NAME "LOOKALIKE"

/* Severity 11 and up is an ERROR token, less an INFO token. */
void token_message(struct buf *b, const struct wire *w, const struct sqlerr *e,
                   const char *proc);
void token_env(struct buf *b, unsigned type, const char *now,
               const char *before);
void token_env_collation(struct buf *b, unsigned coll);
void token_env_routing(struct buf *b, const char *host, unsigned port);
void token_env_transaction(struct buf *b, unsigned type, uint64_t id);
struct release;
void token_program_version(struct buf *b, const struct release *r);
void token_loginack(struct buf *b, const struct wire *w,
                    const struct release *r);
void token_done(struct buf *b, const struct wire *w, unsigned token,
                unsigned status, unsigned command, uint64_t rows);
void token_return_status(struct buf *b, int32_t status);
void token_return_value(struct buf *b, const struct wire *w, unsigned ordinal,
                        const char *name, const struct type *t,
                        const struct value *v);
#endif
