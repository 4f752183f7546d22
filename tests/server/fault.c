/* Faults on demand: see fault.h. */
#include "fault.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

static const char *const whens[] = {"accept", "prelogin", "tls",
                                    "login",  "batch",    "idle"};
static const struct action {
  const char *name;
  const char *needs; /* numbers: "1" one, "2" and a second; "t" text; "" none;
                     ** in brackets what may be left out */
  int64_t arg, arg2; /* what is taken then */
} actions[] = {[DO_HANG] = {"hang", "", 0, 0},
               [DO_CLOSE] = {"close", "", 0, 0},
               [DO_CUT] = {"cut", "", 0, 0},
               [DO_RESET] = {"reset", "", 0, 0},
               [DO_GARBAGE] = {"garbage", "", 0, 0},
               [DO_STRAY] = {"stray", "[1]", 16, 0},
               [DO_DELAY] = {"delay", "1", 0, 0},
               [DO_HOLD] = {"hold", "", 0, 0},
               [DO_DRIP] = {"drip", "1[2]", 0, 0},
               [DO_BYE] = {"bye", "[t]", 0, 0},
               [DO_FLIP] = {"flip", "1[2]", 0, 1},
               [DO_ERROR] = {"error", "1[2t]", 0, 0},
               [DO_REFUSE_LOGIN] = {"refuse_login", "[12t]", 18456, 0},
               [DO_NO_ENCRYPT] = {"no_encrypt", "", 0, 0},
               [DO_TLS_VERSION] = {"tls", "t", 0, 0},
               [DO_ROUTE] = {"route", "t", 0, 0},
               [DO_DROP_DONE] = {"drop_done", "", 0, 0},
               [DO_NO_COUNT] = {"no_count", "", 0, 0},
               [DO_MISCOUNT] = {"miscount", "1", 0, 0},
               [DO_DONE_BITS] = {"done_bits", "1", 0, 0},
               [DO_CHUNKS] = {"chunks", "1", 0, 0},
               [DO_IGNORE_ATTENTION] = {"ignore_attention", "", 0, 0},
               [DO_AGAIN] = {"again", "", 0, 0},
               [DO_LOCK] = {"lock", "[1]", -1, 0},
               [DO_SQL] = {"sql", "t", 0, 0}};
enum { ACTIONS = sizeof actions / sizeof *actions };

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

/* "error:1205:13:Deadlock" and its like. */
static bool parse_action(struct fault *f, const char *line) {
  size_t n = strcspn(line, ": \t\r\n");
  const char *p = line + n;
  const struct action *act = NULL;
  bool optional = false;
  for (unsigned i = 0; i < ACTIONS && !act; i++)
    if (strlen(actions[i].name) == n && strncmp(line, actions[i].name, n) == 0)
      act = &actions[i];
  if (!act) return false;
  f->what = (enum fault_do)(act - actions);
  f->arg = act->arg;
  f->arg2 = act->arg2;
  for (const char *need = act->needs; *need; need++) {
    char *end;
    int64_t v;
    if (*need == '[') optional = true;
    if (*need == '[' || *need == ']') continue;
    if (*p != ':' && !(*p == '/' && *need == '2')) return optional;
    if (*need == 't') {
      snprintf(f->text, sizeof f->text, "%s", p + 1);
      f->text[strcspn(f->text, "\r\n")] = 0;
      return true;
    }
    v = strtoll(p + 1, &end, 0);
    if (end == p + 1) return false;
    p = end;
    *(*need == '1' ? &f->arg : &f->arg2) = v;
  }
  return true;
}

static int find_when(const char *word, size_t n) {
  for (int i = 0; i < 6; i++)
    if (strlen(whens[i]) == n && strncmp(whens[i], word, n) == 0) return i;
  return -1;
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
      int w = find_when(value, n);
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

bool fault_asked(enum fault_do what) {
  bool found = false;
  pthread_mutex_lock(&lock);
  reload();
  for (unsigned i = 0; i < rule_count && !found; i++)
    found = rules[i].fault.what == what;
  pthread_mutex_unlock(&lock);
  return found;
}

const struct fault *fault_has(const struct fault_set *s, enum fault_do what) {
  for (unsigned i = 0; i < s->n; i++)
    if (s->f[i].what == what) return &s->f[i];
  return NULL;
}

/* "Database Engine events and errors" of SQL Server's documentation. */
static const struct {
  int number, severity;
  const char *text;
} known[] = {
    {245, 16,
     "Conversion failed when converting the nvarchar value 'n/a' to data type "
     "int."},
    {1205, 13,
     "Transaction (Process ID 51) was deadlocked on lock resources with "
     "another process and has been chosen as the deadlock victim. Rerun the "
     "transaction."},
    {1222, 16, "Lock request time out period exceeded."},
    {4060, 11,
     "Cannot open database \"%s\" requested by the login. The login failed."},
    {17187, 16,
     "SQL Server is not ready to accept new client connections. Wait a few "
     "minutes before trying again. If you have access to the error log, look "
     "for the informational message that indicates that SQL Server is ready "
     "before trying to connect again."},
    {17188, 16,
     "SQL Server cannot accept new connections, because it is shutting down. "
     "The connection has been closed."},
    {18452, 14,
     "Login failed. The login is from an untrusted domain and cannot be used "
     "with Integrated authentication."},
    {18456, 14, "Login failed for user '%s'."},
    {40532, 11,
     "Cannot open server \"%s\" requested by the login. The login failed."},
};

bool fault_error(const struct fault *f, const char *about, struct sqlerr *e) {
  const char *text = f->text[0] ? f->text : "A fault was asked for.";
  int severity = f->what == DO_REFUSE_LOGIN ? 14 : 16;
  for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].number == f->arg) {
      const char *at = strstr(known[i].text, "%s");
      severity = f->arg2 ? (int)f->arg2 : known[i].severity;
      if (!f->text[0] && at)
        return sqlerr_set(e, (int)f->arg, severity, 1, "%.*s%s%s",
                          (int)(at - known[i].text), known[i].text, about,
                          at + 2);
      if (!f->text[0]) text = known[i].text;
    }
  if (f->arg2) severity = (int)f->arg2;
  return sqlerr_set(e, (int)f->arg, severity, 1, "%s", text);
}
