/* Faults on demand: see fault.h. */
#include "fault.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const whens[] = {"accept", "prelogin", "tls", "login",
                                    "batch"};
static const char *const actions[] = {
    "hang",       "close",     "cut",      "reset",           "garbage",
    "delay",      "drip",      "flip",     "error",           "refuse_login",
    "no_encrypt", "drop_done", "no_count", "ignore_attention"};

struct rule {
  struct fault fault;
  int64_t times, skip; /* left; times -1: no end */
  bool from_file;
};

/* Shared by every connection, under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rule rules[64];
static unsigned rule_count;
static const char *file_path;
static char *file_content; /* owned: as last read */

static int find(const char *word, size_t n, const char *const *names,
                int count) {
  for (int i = 0; i < count; i++)
    if (strlen(names[i]) == n && strncmp(names[i], word, n) == 0) return i;
  return -1;
}

/* "error:1205:13:Deadlock" and its like. */
static bool parse_action(struct fault *f, const char *text) {
  size_t n = strcspn(text, ": \t\r\n");
  const char *arg = text[n] == ':' ? text + n + 1 : "";
  char *end;
  int what = find(text, n, actions, 14);
  if (what < 0) return false;
  f->what = (enum fault_do)what;
  f->arg = strtoll(arg, &end, 0);
  f->severity = f->arg == 1205 ? 13 : 16;
  f->mask = 1;
  if (*end == ':' && f->what == DO_FLIP)
    f->mask = (int)strtol(end + 1, NULL, 0);
  if (*end == ':' && f->what == DO_ERROR) {
    f->severity = (int)strtol(end + 1, &end, 10);
    if (*end == ':') {
      snprintf(f->message, sizeof f->message, "%s", end + 1);
      f->message[strcspn(f->message, "\r\n")] = 0;
    }
  }
  if ((what == DO_DELAY || what == DO_DRIP || what == DO_FLIP ||
       what == DO_ERROR) &&
      *arg == 0)
    return false;
  if (f->what == DO_DRIP && f->arg < 1) f->arg = 1;
  if (f->what == DO_REFUSE_LOGIN && f->arg == 0) f->arg = 18456;
  return true;
}

static bool parse(struct rule *r, const char *line) {
  const char *p = line;
  bool has_when = false, has_do = false;
  memset(r, 0, sizeof *r);
  r->fault.after_bytes = r->fault.after_rows = -1;
  r->times = -1;
  while (!has_do) {
    size_t k, n;
    const char *value;
    p += strspn(p, " \t\r\n");
    if (*p == 0) break;
    k = strcspn(p, "= \t");
    if (p[k] != '=') return false;
    value = p + k + 1;
    if (*value == '"') {
      value++;
      n = strcspn(value, "\"");
    } else {
      n = strcspn(value, " \t\r\n");
    }
    if (strncmp(p, "when=", 5) == 0) {
      int w = find(value, n, whens, 5);
      if (w < 0) return false;
      r->fault.when = (enum fault_when)w;
      has_when = true;
    } else if (strncmp(p, "match=", 6) == 0) {
      if (n >= sizeof r->fault.match) return false;
      memcpy(r->fault.match, value, n);
    } else if (strncmp(p, "after_bytes=", 12) == 0) {
      r->fault.after_bytes = atoll(value);
    } else if (strncmp(p, "after_rows=", 11) == 0) {
      r->fault.after_rows = atoll(value);
    } else if (strncmp(p, "times=", 6) == 0) {
      r->times = atoll(value);
    } else if (strncmp(p, "skip=", 5) == 0) {
      r->skip = atoll(value);
    } else if (strncmp(p, "do=", 3) == 0) {
      if (!parse_action(&r->fault, value)) return false;
      has_do = true;
    } else {
      return false;
    }
    p = value + n + (value[n] == '"');
  }
  return has_when && has_do;
}

static bool add(const char *line, bool from_file) {
  struct rule r;
  if (rule_count == sizeof rules / sizeof *rules || !parse(&r, line))
    return false;
  r.from_file = from_file;
  rules[rule_count++] = r;
  return true;
}

bool fault_add(const char *line) {
  bool ok;
  pthread_mutex_lock(&lock);
  ok = add(line, false);
  pthread_mutex_unlock(&lock);
  return ok;
}

void fault_file(const char *path) {
  file_path = path;
}

/* Counters start again when the file's content changes. */
static void reload(void) {
  FILE *in;
  struct buf b = {0};
  char chunk[4096];
  size_t n;
  unsigned kept = 0;
  if (!file_path) return;
  in = fopen(file_path, "r");
  while (in && (n = fread(chunk, 1, sizeof chunk, in)) > 0)
    buf_put(&b, chunk, n);
  if (in) fclose(in);
  buf_u8(&b, 0);
  if (file_content && strcmp(file_content, (char *)b.p) == 0) {
    buf_clear(&b);
    return;
  }
  free(file_content);
  file_content = mem_dup(b.p, b.n);
  for (unsigned i = 0; i < rule_count; i++)
    if (!rules[i].from_file) rules[kept++] = rules[i];
  rule_count = kept;
  for (char *line = (char *)b.p; line && *line;) {
    char *next = strchr(line, '\n');
    if (next) *next++ = 0;
    line += strspn(line, " \t\r");
    if (*line && *line != '#' && !add(line, true))
      fprintf(stderr, "tds-server: fault not understood: %s\n", line);
    line = next;
  }
  buf_clear(&b);
}

void fault_pick(enum fault_when when, const char *text, struct fault_set *out) {
  out->n = 0;
  pthread_mutex_lock(&lock);
  reload();
  for (unsigned i = 0; i < rule_count && out->n < FAULTS_MAX; i++) {
    struct rule *r = &rules[i];
    if (r->fault.when != when || r->times == 0) continue;
    if (r->fault.match[0] && !strstr(text ? text : "", r->fault.match))
      continue;
    if (r->skip > 0) {
      r->skip--;
      continue;
    }
    if (r->times > 0) r->times--;
    out->f[out->n++] = r->fault;
  }
  pthread_mutex_unlock(&lock);
}

const struct fault *fault_has(const struct fault_set *s, enum fault_do what) {
  for (unsigned i = 0; i < s->n; i++)
    if (s->f[i].what == what) return &s->f[i];
  return NULL;
}
