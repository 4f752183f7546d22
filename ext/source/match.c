/*
** Finds the mapped columns in a source, and asks for them.
*/
#include "source/match.h"

#include "tsql/select.h"

#include <string.h>

enum err_code match_init(struct match *m, const struct mapping *map,
                         struct err *e) {
  sqlite3_uint64 n = (sqlite3_uint64)map->n_columns;
  memset(m, 0, sizeof *m);
  m->map = map;
  m->columns = sqlite3_malloc64(n * sizeof *m->columns);
  if (!m->columns) return err_nomem(e);
  memset(m->columns, 0, n * sizeof *m->columns);
  for (int i = 0; i < map->n_columns; i++) {
    m->columns[i].at = m->columns[i].position = -1;
  }
  return ERR_NONE;
}

void match_clear(struct match *m) {
  for (int i = 0; m->columns && i < m->map->n_columns; i++) {
    value_scratch_clear(&m->columns[i].scratch);
  }
  sqlite3_free(m->columns);
  remote_columns_clear(&m->source);
  memset(m, 0, sizeof *m);
}

int match_find(const struct remote_columns *columns, const char *name) {
  for (int i = 0; i < columns->count; i++) {
    if (strcmp(columns->items[i].name, name) == 0) return i;
  }
  for (int i = 0; i < columns->count; i++) {
    if (sqlite3_stricmp(columns->items[i].name, name) == 0) return i;
  }
  return -1;
}

static void list(sqlite3_str *names, const char *name) {
  sqlite3_str_appendf(names, "%s\"%s\"", sqlite3_str_length(names) ? ", " : "",
                      name);
}

/* Sets e to what is wrong with the columns, if anything is. */
static enum err_code judge(const struct match *m, struct err *e) {
  const struct mapping *map = m->map;
  sqlite3_str *missing = sqlite3_str_new(NULL);
  sqlite3_str *wrong = sqlite3_str_new(NULL);
  int n_missing = 0, n_wrong = 0;
  for (int i = 0; i < map->n_columns; i++) {
    const struct mapping_column *c = &map->columns[i];
    const struct remote_column *remote = match_remote(m, i);
    if (!remote) {
      list(missing, c->source);
      n_missing++;
    } else if (!value_kind_accepts(c->kind, remote->type)) {
      sqlite3_str_appendf(
          wrong, "%s\"%s\" is %s on the server and cannot become %s",
          n_wrong++ ? ", " : "", c->source, remote_type_name(remote->type),
          value_kind_name(c->kind));
    }
  }
  if (sqlite3_str_errcode(missing) || sqlite3_str_errcode(wrong)) {
    err_nomem(e);
  } else if (n_wrong) {
    err_set(e, ERR_DATA, "sync \"%s\": column %s", map->sync,
            sqlite3_str_value(wrong));
    err_hint(e, "ordersync_update(%Q) shows what to do", map->sync);
  } else if (n_missing && map->on_missing == MISSING_ERROR) {
    err_set(e, ERR_DATA, "sync \"%s\": the source has no column %s", map->sync,
            sqlite3_str_value(missing));
    err_hint(
        e, "ordersync_update(%Q) shows what to do, or set on_missing = 'null'",
        map->sync);
  } else if (n_missing == map->n_columns) {
    err_set(e, ERR_DATA,
            "sync \"%s\": the source has none of the mapped columns",
            map->sync);
  }
  sqlite3_free(sqlite3_str_finish(missing));
  sqlite3_free(sqlite3_str_finish(wrong));
  return e->code;
}

enum err_code match_source(struct match *m, const struct remote_columns *has,
                           struct err *e) {
  remote_columns_clear(&m->source);
  if (remote_columns_copy(&m->source, has, e)) return e->code;
  for (int i = 0; i < m->map->n_columns; i++) {
    m->columns[i].at = match_find(&m->source, m->map->columns[i].source);
  }
  if (judge(m, e)) {
    remote_columns_clear(&m->source);
    for (int i = 0; i < m->map->n_columns; i++) m->columns[i].at = -1;
  }
  return e->code;
}

const struct remote_column *match_remote(const struct match *m, int i) {
  int at = m->columns[i].at;
  return at < 0 ? NULL : &m->source.items[at];
}

enum remote_type match_type(const struct match *m, int i) {
  const struct remote_column *remote = match_remote(m, i);
  return remote ? remote->type
                : remote_type_parse(m->map->columns[i].source_type);
}

char *match_extra(const struct match *m, int *n) {
  sqlite3_str *names = sqlite3_str_new(NULL);
  *n = 0;
  for (int i = 0; i < m->source.count; i++) {
    int mapped = 0;
    for (int j = 0; j < m->map->n_columns && !mapped; j++) {
      mapped = m->columns[j].at == i;
    }
    if (mapped) continue;
    list(names, m->source.items[i].name);
    ++*n;
  }
  return sqlite3_str_finish(names);
}

char *match_wide(const struct match *m) {
  sqlite3_str *text = sqlite3_str_new(NULL);
  for (int i = 0; i < m->map->n_columns; i++) {
    const struct remote_column *remote = match_remote(m, i);
    enum value_kind kind = m->map->columns[i].kind;
    if (!remote || (kind != KIND_DECIMAL && kind != KIND_RAW)) continue;
    if (remote->type == REMOTE_MONEY ||
        (remote->type == REMOTE_DECIMAL && remote->precision > 15)) {
      sqlite3_str_appendf(text, "%s\"%s\"",
                          sqlite3_str_length(text)
                              ? ", "
                              : "values of more than 15 digits are stored as "
                                "TEXT, which sorts behind every number, in: ",
                          m->map->columns[i].source);
    }
  }
  return sqlite3_str_finish(text);
}

char *match_select(struct match *m, const struct match_ask *ask,
                   struct err *e) {
  static const struct match_ask all = {.used = ~0ULL, .top = -1};
  const struct mapping *map = m->map;
  struct tsql_column *columns =
      sqlite3_malloc64((sqlite3_uint64)map->n_columns * sizeof *columns);
  struct tsql_select s = {.source = map->source, .filter = map->filter};
  char *sql = NULL;
  if (!ask) ask = &all;
  if (!columns) {
    err_nomem(e);
    return NULL;
  }
  for (int i = 0; i < map->n_columns; i++) {
    const struct remote_column *remote = match_remote(m, i);
    m->columns[i].position = -1;
    if (!(ask->used >> (i < 63 ? i : 63) & 1)) continue;
    if (m->source.count && !remote) continue;
    columns[s.n_columns] = (struct tsql_column){
        .source = remote ? remote->name : map->columns[i].source,
        .type = match_type(m, i)};
    m->columns[i].is_variant = columns[s.n_columns].type == REMOTE_VARIANT;
    m->columns[i].position = s.n_columns++;
  }
  s.columns = columns;
  s.where = ask->where;
  s.order = ask->order;
  s.top = ask->top;
  if (!e->code) sql = tsql_select(&s, e);
  sqlite3_free(columns);
  return sql;
}

/* A sql_variant is asked for as text: should the column only now have become
** one, its values would come without their type. */
static int is_as_known(const struct match *m, int i,
                       const struct remote_column *got, int exact) {
  const struct remote_column *known = match_remote(m, i);
  if (!known || sqlite3_stricmp(got->name, known->name) != 0) return 0;
  if (known->type == REMOTE_VARIANT) {
    return got->type == REMOTE_STRING || got->type == REMOTE_LONGTEXT;
  }
  if (exact) {
    return got->type == known->type && got->scale == known->scale &&
           got->precision == known->precision;
  }
  return got->type != REMOTE_VARIANT &&
         value_kind_accepts(m->map->columns[i].kind, got->type);
}

int match_result(const struct match *m, const struct remote_columns *got,
                 int exact) {
  int n = 0;
  for (int i = 0; i < m->map->n_columns; i++) {
    int position = m->columns[i].position;
    if (position < 0) continue;
    n++;
    if (position >= got->count ||
        !is_as_known(m, i, &got->items[position], exact)) {
      return 0;
    }
  }
  return got->count == (n ? n : 1);
}
