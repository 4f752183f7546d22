/* The log: see log.h. */
#include "log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *out;

bool log_open(const char *path) {
  out = fopen(path, "ae"); /* O_APPEND: tests may truncate it meanwhile */
  return out != NULL;
}

void json_text(struct buf *b, const char *s) {
  if (!s) {
    buf_text(b, "null");
    return;
  }
  buf_u8(b, '"');
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\') {
      buf_u8(b, '\\');
      buf_u8(b, c);
    } else if (c == '\n') {
      buf_text(b, "\\n");
    } else if (c == '\t') {
      buf_text(b, "\\t");
    } else if (c < 0x20) {
      buf_format(b, "\\u%04x", c);
    } else {
      buf_u8(b, c);
    }
  }
  buf_u8(b, '"');
}

static void member(struct buf *b, const char *name, const char *value) {
  buf_format(b, ",\"%s\":", name);
  json_text(b, value);
}

void log_write(const struct log_event *e) {
  struct buf b = {0};
  struct timespec t;
  if (!out) return;
  clock_gettime(CLOCK_REALTIME, &t);
  buf_format(&b, "{\"time\":%lld.%03ld,\"event\":\"%s\",\"connection\":%d",
             (long long)t.tv_sec, t.tv_nsec / 1000000, e->event, e->connection);
  buf_format(&b, ",\"tls\":%s", e->tls ? "true" : "false");
  member(&b, "user", e->user);
  member(&b, "database", e->database);
  member(&b, "app", e->app);
  if (strcmp(e->event, "login") == 0) {
    member(&b, "host", e->host);
    member(&b, "server", e->server);
    buf_format(&b,
               ",\"tds\":\"%d.%d%s\",\"packet_size\":%d,\"read_only\":%s"
               ",\"encrypted_login\":%s",
               e->tds / 100, e->tds / 10 % 10, e->tds % 10 ? "B" : "",
               e->packet_size, e->read_only ? "true" : "false",
               e->encrypted_login ? "true" : "false");
  } else {
    member(&b, "sql", e->sql);
    if (e->params) buf_format(&b, ",\"params\":%s", e->params);
    if (e->plan && *e->plan) member(&b, "plan", e->plan);
    buf_format(&b, ",\"rows\":%lld,\"cancelled\":%s,\"cached\":%s",
               (long long)e->rows, e->cancelled ? "true" : "false",
               e->cached ? "true" : "false");
  }
  buf_format(&b, ",\"bytes\":%lld,\"ok\":%s,\"error\":%d,\"ms\":%.3f}\n",
             (long long)e->bytes, e->ok ? "true" : "false", e->error, e->ms);
  pthread_mutex_lock(&lock);
  fwrite(b.p, 1, b.n, out);
  fflush(out);
  pthread_mutex_unlock(&lock);
  buf_clear(&b);
}
