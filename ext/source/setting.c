/*
** Settings by a table.
*/
#include "source/setting.h"

#include "base/sql.h"
#include "base/utf8.h"

#include <string.h>

const struct setting *setting_find(const struct setting *table,
                                   const char *name, int where) {
  for (const struct setting *s = table; s->name; s++) {
    if ((s->flags & where) && sqlite3_stricmp(s->name, name) == 0) return s;
  }
  return NULL;
}

static void hint_valid(const struct setting *table, int where, struct err *e) {
  sqlite3_str *list = sqlite3_str_new(NULL);
  char *text;
  for (const struct setting *s = table; s->name; s++) {
    if (!(s->flags & where)) continue;
    sqlite3_str_appendf(list, "%s%s", sqlite3_str_length(list) ? ", " : "",
                        s->name);
  }
  text = sqlite3_str_finish(list);
  err_hint(e, "valid are: %s", text ? text : "(out of memory)");
  sqlite3_free(text);
}

/* The index of word in "a, b, c", or -1. */
static int choice_index(const char *choices, const char *word) {
  size_t n = strlen(word);
  int index = 0;
  for (const char *at = choices; *at; index++) {
    size_t n_choice = strcspn(at, ",");
    if (n_choice == n && sqlite3_strnicmp(at, word, (int)n) == 0) return index;
    at += n_choice;
    at += strspn(at, ", ");
  }
  return -1;
}

static void set_text(char **field, const struct setting *s, sqlite3_stmt *row,
                     int col, struct err *e) {
  char *text = sql_column(row, col, s->name, e);
  if (ascii_is_blank(text)) {
    if (!(s->flags & SETTING_OPTIONAL)) {
      err_set(e, ERR_CONFIG, "%s must not be empty", s->name);
    }
    sqlite3_free(text);
    text = NULL;
  }
  sqlite3_free(*field);
  *field = text;
}

static void set_choice(int *field, const struct setting *s, const char *text,
                       struct err *e) {
  int index = text ? choice_index(s->choices, text) : -1;
  if (index >= 0)
    *field = index;
  else
    err_set(e, ERR_CONFIG, "%s is '%s', but must be one of: %s", s->name,
            text ? text : "NULL", s->choices);
}

static void set_number(void *field, const struct setting *s, sqlite3_stmt *row,
                       int col, struct err *e) {
  int type = sqlite3_value_numeric_type(sqlite3_column_value(row, col));
  double number = sqlite3_column_double(row, col);
  int whole = s->type != SET_REAL;
  if ((s->flags & SETTING_OPTIONAL) && type == SQLITE_NULL) {
    number = -1;
  } else if ((type != SQLITE_INTEGER && (whole || type != SQLITE_FLOAT)) ||
             !(number >= s->min && number <= s->max)) {
    const char *text = (const char *)sqlite3_column_text(row, col);
    err_set(e, ERR_CONFIG, "%s is '%s', but must be %s from %lld to %lld",
            s->name, text ? text : "NULL",
            whole ? "a whole number" : "a number", (long long)s->min,
            (long long)s->max);
    return;
  }
  if (s->type == SET_REAL)
    *(double *)field = number;
  else if (s->type == SET_INT64)
    *(sqlite3_int64 *)field = (sqlite3_int64)number;
  else
    *(int *)field = (int)number;
}

void setting_store(void *record, const struct setting *s, sqlite3_stmt *row,
                   int col, struct err *e) {
  void *field = (char *)record + s->offset;
  if (s->type == SET_TEXT)
    set_text(field, s, row, col, e);
  else if (s->type == SET_CHOICE)
    set_choice(field, s, (const char *)sqlite3_column_text(row, col), e);
  else
    set_number(field, s, row, col, e);
}

/* Columns: key, atom, its type, the whole's type; SQLite's own JSON does the
** parsing. */
static void store_member(void *record, const struct setting *table, int where,
                         sqlite3_stmt *row, struct err *e) {
  const char *key = (const char *)sqlite3_column_text(row, 0);
  const char *type = (const char *)sqlite3_column_text(row, 2);
  const char *whole = (const char *)sqlite3_column_text(row, 3);
  const struct setting *s = key ? setting_find(table, key, where) : NULL;
  if (!whole || strcmp(whole, "object") != 0) {
    err_set(e, ERR_CONFIG,
            "they must be a JSON object such as {\"mode\":\"diff\"}");
  } else if (key && !s) {
    err_set(e, ERR_CONFIG, "there is no option \"%s\"", key);
    hint_valid(table, where, e);
  } else if (type &&
             (strcmp(type, "object") == 0 || strcmp(type, "array") == 0)) {
    err_set(e, ERR_CONFIG, "option \"%s\" cannot be an %s", key, type);
  } else if (s && type && (s->type != SET_INT || s->max > 1) &&
             (strcmp(type, "true") == 0 || strcmp(type, "false") == 0)) {
    err_set(e, ERR_CONFIG, "option \"%s\" cannot be %s", key, type);
  } else if (key) { /* not: {} */
    setting_store(record, s, row, 1, e);
  }
}

enum err_code setting_read_json(void *record, const struct setting *table,
                                int where, sqlite3 *db, const char *json,
                                struct err *e) {
  sqlite3_stmt *stmt;
  int rc = SQLITE_DONE;
  if (e->code || !json) return e->code;
  /* A left join, because an empty array has no rows either. */
  stmt = sql_prepare(db, e,
                     "SELECT key, atom, j.type, json_type(?1) "
                     "FROM (SELECT 1) LEFT JOIN json_each(?1) j");
  if (stmt) sqlite3_bind_text(stmt, 1, json, -1, SQLITE_STATIC);
  while (!e->code && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    store_member(record, table, where, stmt, e);
  }
  if (rc == SQLITE_NOMEM) {
    err_nomem(e);
  } else if (rc != SQLITE_DONE) {
    err_set(e, ERR_CONFIG, "the options are not JSON: %s", json);
  }
  sqlite3_finalize(stmt);
  return e->code;
}

void setting_free(void *record, const struct setting *table) {
  for (const struct setting *s = table; s->name; s++) {
    if (s->type == SET_TEXT)
      sqlite3_free(*(char **)((char *)record + s->offset));
  }
}
