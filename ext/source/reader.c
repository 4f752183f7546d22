/*
** The one way from a server's rows to cells.
*/
#include "source/reader.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "tsql/select.h"

#include <string.h>

/* SQL Server's errors. */
#define INVALID_COLUMN_NAME  207
#define NO_RIGHT_TO_A_COLUMN 230

void reader_explain(const struct reader *r, struct err *e) {
  profile_mask(r->profile, e);
  profile_hint_timeout(r->profile, KEY_QUERY_TIMEOUT, e);
}

enum err_code reader_connect(struct reader *r, struct err *e) {
  struct mssql_hooks hooks = {interrupt_pending, r->interrupt};
  struct profile p = *r->profile; /* borrows its strings */
  enum profile_key limit = KEY_LOGIN_TIMEOUT;
  reader_close(r);
  if (r->deadline_ms) {
    sqlite3_int64 left_s = (r->deadline_ms - clock_now_ms() + 999) / 1000;
    if (left_s < p.login_timeout) {
      p.login_timeout = (int)left_s;
      limit = KEY_QUERY_TIMEOUT;
    }
  }
  r->n_connects++;
  r->may_have_died = 0;
  if (p.login_timeout > 0)
    mssql_open(&r->remote, &p, &hooks, r->use, e);
  else
    err_set(e, ERR_TIMEOUT, "out of time before connecting");
  profile_hint_timeout(r->profile, limit, e);
  return e->code;
}

void reader_cancel(struct reader *r) {
  if (!r->remote) return;
  mssql_cancel(r->remote);
  mssql_deadline(r->remote, 0);
}

int reader_alive(const struct reader *r) {
  return r->remote && mssql_alive(r->remote);
}

void reader_close(struct reader *r) {
  mssql_close(r->remote);
  r->remote = NULL;
}

static void send_query(struct reader *r, const char *sql, struct err *e) {
  sqlite3_int64 timeout_ms = (sqlite3_int64)r->profile->query_timeout * 1000;
  mssql_deadline(r->remote,
                 r->deadline_ms ? r->deadline_ms : clock_now_ms() + timeout_ms);
  mssql_query(r->remote, sql, e);
}

/* Sends a batch; one that finds the connection dead, which was idle, goes to
** another. */
static enum err_code query(struct reader *r, const char *sql, struct err *e) {
  int may_have_died = r->may_have_died;
  r->row = 0;
  if (!r->remote && reader_connect(r, e)) return e->code;
  send_query(r, sql, e);
  if (e->code == ERR_NETWORK && may_have_died && !reader_alive(r)) {
    err_reset(e);
    if (!reader_connect(r, e)) send_query(r, sql, e);
  }
  reader_explain(r, e);
  return e->code;
}

enum err_code reader_next(struct reader *r, int *has_row, struct err *e) {
  mssql_next(r->remote, has_row, e);
  if (e->code) reader_explain(r, e);
  r->row += *has_row;
  return e->code;
}

/* Adds the columns of a query without rows to out; frees sql. */
static enum err_code ask(struct reader *r, char *sql,
                         struct remote_columns *out, struct err *e) {
  int has_row = 1;
  if (sql && !query(r, sql, e)) {
    remote_columns_copy(out, mssql_columns(r->remote), e);
  }
  while (sql && !e->code && has_row) {
    /* TOP (0) has none; whatever comes is not what we asked for. */
    reader_next(r, &has_row, e);
  }
  sqlite3_free(sql);
  return e->code;
}

/* "SELECT TOP (0) [a], [b] FROM ..." */
static enum err_code ask_for(struct reader *r, const char *source,
                             const struct tsql_column *columns, int n,
                             struct remote_columns *out, struct err *e) {
  struct tsql_select s = {
      .source = source, .columns = columns, .n_columns = n, .top = 0};
  return ask(r, tsql_select(&s, e), out, e);
}

static int is_refused(const struct err *e, int number) {
  return e->code == ERR_REMOTE && e->server_number == number;
}

/* Forgets an error of that number; 1 when it was one. */
static int forgive(struct err *e, int number) {
  int refused = is_refused(e, number);
  if (refused) err_reset(e);
  return refused;
}

/* Mapped columns that out lacks: all at once, and if some of them are not
** there, one by one. */
static enum err_code ask_by_name(struct reader *r, const char *source,
                                 const struct mapping *map,
                                 struct remote_columns *out, struct err *e) {
  struct tsql_column *columns =
      sqlite3_malloc64((sqlite3_uint64)map->n_columns * sizeof *columns);
  int n = 0;
  if (!columns) return err_nomem(e);
  for (int i = 0; i < map->n_columns; i++) {
    if (match_find(out, map->columns[i].source) >= 0) continue;
    columns[n++] = (struct tsql_column){.source = map->columns[i].source};
  }
  if (n > 0) ask_for(r, source, columns, n, out, e);
  if (forgive(e, INVALID_COLUMN_NAME)) {
    for (int i = 0; i < n && n > 1 && !e->code; i++) {
      ask_for(r, source, &columns[i], 1, out, e);
      forgive(e, INVALID_COLUMN_NAME);
    }
  }
  sqlite3_free(columns);
  return e->code;
}

enum err_code reader_describe(struct reader *r, const char *source,
                              const struct mapping *map,
                              struct remote_columns *out, struct err *e) {
  memset(out, 0, sizeof *out);
  ask(r, tsql_discover(source, e), out, e);
  if (map) {
    forgive(e, NO_RIGHT_TO_A_COLUMN);
    if (!e->code) ask_by_name(r, source, map, out, e);
  } else if (is_refused(e, NO_RIGHT_TO_A_COLUMN)) {
    err_hint(e, "Name the columns that may be read: 'SELECT a, b FROM ...' "
                "is a source, too.");
  }
  if (!e->code && out->count == 0) {
    err_set(e, ERR_DATA, "the source has no columns");
  }
  if (e->code) remote_columns_clear(out);
  return e->code;
}

static void mark_ansi(const struct reader *r, struct remote_columns *columns) {
  struct value at, name;
  struct remote_column *c;
  mssql_value(r->remote, 0, &at);
  mssql_value(r->remote, 1, &name);
  if (at.type != VALUE_INTEGER || at.integer < 1 ||
      at.integer > columns->count || name.type != VALUE_TEXT) {
    return;
  }
  c = &columns->items[at.integer - 1];
  c->is_ansi = c->type == REMOTE_STRING &&
               strlen(c->name) == (size_t)name.n_bytes &&
               memcmp(c->name, name.bytes, (size_t)name.n_bytes) == 0;
}

enum err_code reader_find_ansi(struct reader *r, const char *source,
                               struct remote_columns *columns, struct err *e) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  char *described = tsql_discover(source, e), *sql;
  int has_row = 0, n_strings = 0;
  for (int i = 0; i < columns->count; i++) {
    n_strings += columns->items[i].type == REMOTE_STRING;
  }
  sqlite3_str_appendall(out, "SELECT column_ordinal, name FROM "
                             "sys.dm_exec_describe_first_result_set(");
  if (described) tsql_string(out, "N", described, (int)strlen(described), e);
  sqlite3_str_appendall(out, ", NULL, 0) WHERE (system_type_name LIKE "
                             "'char%' OR system_type_name LIKE 'varchar%') AND "
                             "collation_name = CAST(DATABASEPROPERTYEX("
                             "DB_NAME(), 'Collation') AS nvarchar(128))");
  sql = tsql_finish(out, e);
  if (sql && n_strings > 0 && !query(r, sql, e)) {
    while (!reader_next(r, &has_row, e) && has_row) mark_ansi(r, columns);
  }
  if (e->code == ERR_REMOTE || e->code == ERR_DATA || e->code == ERR_NETWORK) {
    err_reset(e);
    r->may_have_died = 1;
  }
  sqlite3_free(described);
  sqlite3_free(sql);
  return e->code;
}

enum err_code reader_scalar(struct reader *r, const char *sql,
                            reader_take *take, void *arg, struct err *e) {
  int n_columns, has_row = 0;
  if (query(r, sql, e)) return e->code;
  n_columns = mssql_columns(r->remote)->count;
  if (n_columns != 1) {
    err_set(e, ERR_DATA, "the query returns %d columns, not one value",
            n_columns);
  } else if (!reader_next(r, &has_row, e) && has_row) {
    struct value value;
    mssql_value(r->remote, 0, &value);
    if (!value_check_text(&value, e)) {
      take(arg, &mssql_columns(r->remote)->items[0], &value, e);
    }
    if (!e->code) reader_next(r, &has_row, e);
    if (!e->code && has_row) {
      err_set(e, ERR_DATA, "the query returns several rows, not one value");
    }
  } else if (!e->code) {
    err_set(e, ERR_DATA, "the query returns no row, not one value");
  }
  if (e->code && reader_alive(r)) mssql_cancel(r->remote);
  return e->code;
}

enum err_code reader_start(struct reader *r, struct match *m,
                           const struct match_ask *wanted, int *changed,
                           struct err *e) {
  char *sql = match_select(m, wanted, e);
  *changed = 0;
  if (!sql) return e->code;
  if (query(r, sql, e)) {
    *changed = is_refused(e, INVALID_COLUMN_NAME);
  } else if (!match_result(m, mssql_columns(r->remote), wanted != NULL)) {
    mssql_cancel(r->remote);
    *changed = 1;
    err_set(e, ERR_DATA,
            "the columns of the source have changed while it was read");
  }
  sqlite3_free(sql);
  return e->code;
}

/* In each cell's way: the compiler should not make calls of it. */
static inline enum err_code get_value(const struct reader *r, struct match *m,
                                      int i, struct value *value,
                                      struct err *e) {
  struct match_column *c = &m->columns[i];
  value->type = VALUE_NULL;
  if (c->position < 0) return ERR_NONE;
  mssql_value(r->remote, c->position, value);
  if ((value->type == VALUE_TEXT &&
       !ascii_all((const char *)value->bytes, (size_t)value->n_bytes) &&
       value_check_text(value, e)) ||
      (c->is_variant && value_unpack(value, &c->scratch, e))) {
    err_prefix(e, "column \"%s\" (row %lld)", m->map->columns[i].source,
               r->row);
  }
  return e->code;
}

enum err_code reader_value(const struct reader *r, struct match *m, int i,
                           struct value *value, struct err *e) {
  return get_value(r, m, i, value, e);
}

enum err_code reader_refuse(const struct reader *r, struct match *m, int i,
                            const char *what, struct err *e) {
  const struct mapping *map = m->map;
  struct value value;
  char text[sizeof m->columns->first_bad];
  if (reader_value(r, m, i, &value, e)) return e->code;
  value_describe(&value, text, sizeof text);
  err_set(e, ERR_DATA, "%s%s%scolumn \"%s\" (row %lld): %s cannot become %s",
          map->target ? "sync \"" : "", map->target ? map->sync : "",
          map->target ? "\", " : "", map->columns[i].source, r->row, text,
          what);
  profile_mask(r->profile, e);
  return e->code;
}

static inline enum err_code get_cell(const struct reader *r, struct match *m,
                                     int i, struct cell *cell, struct err *e) {
  const struct mapping *map = m->map;
  struct match_column *c = &m->columns[i];
  struct value value;
  cell->type = SQLITE_NULL;
  if (get_value(r, m, i, &value, e)) return e->code;
  if (!value_convert(&value, map->columns[i].kind, cell)) {
    if (map->on_bad_value == BAD_VALUE_ERROR) {
      return reader_refuse(r, m, i, value_kind_name(map->columns[i].kind), e);
    }
    if (c->n_bad++ == 0) {
      c->first_bad_row = r->row;
      value_describe(&value, c->first_bad, sizeof c->first_bad);
    }
  }
  /* A table keeps no negative zero. */
  if (cell->type == SQLITE_FLOAT && cell->real == 0) cell->real = 0;
  return ERR_NONE;
}

enum err_code reader_cell(const struct reader *r, struct match *m, int i,
                          struct cell *cell, struct err *e) {
  return get_cell(r, m, i, cell, e);
}

enum err_code reader_row(const struct reader *r, struct match *m,
                         struct cell *cells, struct err *e) {
  for (int i = 0; i < m->map->n_columns && !e->code; i++) {
    get_cell(r, m, i, &cells[i], e);
  }
  return e->code;
}
