/* The log: one JSON object a line, written just before a response
** is complete. */
#ifndef LOG_H
#define LOG_H

#include "base.h"

struct log_event {
  const char *event; /* "login", "batch", "rpc", "transaction" */
  int connection;
  bool tls;
  const char *user, *database, *app, *host, *server;
  const char *sql;     /* NULL when there is none */
  int64_t rows, bytes; /* of the response */
  bool cancelled, ok;  /* by an attention; without an error */
  bool cached;         /* replayed from memory */
  int error;           /* the first error's number, 0 without */
  double ms;
  int tds, packet_size;
  bool read_only, encrypted_login;
  const char *params; /* JSON array, or NULL */
  const char *plan;   /* "scan", "seek [index]", "" or NULL */
};

bool log_open(const char *path);
void log_write(const struct log_event *e);
void json_text(struct buf *b, const char *s); /* quoted and escaped */
#endif
