/* Statements, for exec.c. */
#ifndef STATEMENT_H
#define STATEMENT_H

#include "engine.h"

/* Runs one that is neither control flow nor EXEC; *rows as its DONE counts. */
bool exec_statement(struct engine *en, struct stmt *st, int64_t *rows);
/* EXEC, of a procedure or a text; the DONEs of both are sent. */
bool exec_call(struct engine *en, struct stmt *st);
/* To the client at once; severity 10 is told as 0. */
void exec_message(struct engine *en, int number, int severity, int state,
                  const char *text);

#endif
