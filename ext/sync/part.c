/*
** Probe, ceiling, mark.
*/
#include "sync/part.h"

#include "sync/stored.h"
#include "tsql/select.h"

#include <string.h>

void part_begin(struct state *s) {
  sqlite3_free(s->watermark_now);
  sqlite3_free(s->probe_now);
  s->watermark_now = s->probe_now = NULL;
  s->is_unchanged = s->is_part = s->keeps = s->has_ceiling = 0;
  s->best = s->ceiling = (struct mark){0};
  s->n_nulls = 0;
}

/* ---- probe ------------------------------------------------------------- */

/* "int 5": with its type, as exact as it came; in hexadecimal what a text would
** end at. */
static void take_probe(void *arg, const struct remote_column *column,
                       const struct value *v, struct err *e) {
  struct state *s = arg;
  const char *type = remote_type_name(column->type);
  sqlite3_str *out = sqlite3_str_new(NULL);
  struct cell cell;
  sqlite3_str_appendf(out, "%s ", type);
  if (v->type == VALUE_NULL) {
    sqlite3_str_appendall(out, "NULL");
  } else if (v->type == VALUE_BLOB ||
             (v->type == VALUE_TEXT && v->n_bytes > 0 &&
              memchr(v->bytes, 0, (size_t)v->n_bytes))) {
    sqlite3_str_appendall(out, "0x");
    for (int i = 0; i < v->n_bytes; i++) {
      sqlite3_str_appendf(out, "%02X", v->bytes[i]);
    }
  } else if (v->type == VALUE_TEXT) {
    sqlite3_str_appendf(out, "'%.*s'", v->n_bytes, (const char *)v->bytes);
  } else if (value_convert(v, KIND_TEXT, &cell)) {
    sqlite3_str_append(out, cell.bytes, cell.n_bytes);
  } else {
    err_set(e, ERR_DATA, "its answer is no value that could be compared");
  }
  s->probe_now = tsql_finish(out, e);
}

enum err_code part_probe(struct state *s, struct reader *r, struct err *e) {
  const struct mapping *m = s->map;
  if (!m->probe || e->code) return e->code;
  reader_scalar(r, m->probe, take_probe, s, e);
  err_prefix(e, "probe");
  if (e->code || s->full || m->force || !s->probe || s->has_lacked) {
    return e->code;
  }
  s->is_unchanged = strcmp(s->probe, s->probe_now) == 0;
  if (s->is_unchanged && s->watermark) {
    s->watermark_now = sqlite3_mprintf("%s", s->watermark);
    if (!s->watermark_now) err_nomem(e);
  }
  return e->code;
}

/* ---- from where on ----------------------------------------------------- */

static void take_ceiling(void *arg, const struct remote_column *column,
                         const struct value *v, struct err *e) {
  struct state *s = arg;
  char text[64];
  (void)column;
  s->has_ceiling = 1;
  if (mark_from_value(&s->ceiling, &s->column, v)) return;
  value_describe(v, text, sizeof text);
  err_set(e, ERR_DATA, "%s cannot become a watermark", text);
  if (v->type == VALUE_DECIMAL) {
    err_hint(e, "a watermark is a number within 64 bits");
  }
}

/* Of a rowversion: of those below MIN_ACTIVE_ROWVERSION() none will come, since
** no transaction that has one is open. */
static enum err_code ask_ceiling(struct state *s, struct reader *r,
                                 const char *where, struct err *e) {
  struct tsql_column column = {.source = s->column.name,
                               .type = s->column.type};
  struct tsql_select greatest = {.source = s->map->source,
                                 .filter = s->map->filter,
                                 .columns = &column,
                                 .n_columns = 1,
                                 .where = where,
                                 .top = -1,
                                 .greatest = 1};
  char *sql;
  sql = s->column.is_rowversion
            ? sqlite3_mprintf("SELECT MIN_ACTIVE_ROWVERSION() AS [lowest]")
            : tsql_select(&greatest, e);
  if (!sql) return err_nomem(e);
  reader_scalar(r, sql, take_ceiling, s, e);
  err_prefix(e, "the greatest \"%s\" before the fetch", s->map->watermark);
  sqlite3_free(sql);
  return e->code;
}

enum err_code part_check_column(const struct mapping *m,
                                const struct remote_column *c, struct err *e) {
  if (e->code || !mapping_has_mark(m)) return e->code;
  if (!c) {
    err_set(e, ERR_DATA,
            "sync \"%s\": the source has no column for the watermark \"%s\"",
            m->sync, m->watermark);
  } else if (!mark_accepts(c)) {
    err_set(e, ERR_CONFIG,
            "sync \"%s\": the watermark \"%s\" is %s%s on the server", m->sync,
            m->watermark, remote_type_name(c->type),
            c->type == REMOTE_DECIMAL ? " with a fraction" : "");
    err_hint(e, "a watermark is a rowversion, a whole number, or a date, "
                "datetime, smalldatetime, datetime2 or datetimeoffset");
  } else if (!mapping_has_key(m) && !mark_is_number(c)) {
    err_set(e, ERR_CONFIG,
            "sync \"%s\": mode 'append' needs a key with a watermark that is "
            "%s: rows may have the same one, or get another",
            m->sync,
            c->is_rowversion ? "a rowversion" : remote_type_name(c->type));
  }
  return e->code;
}

/* Rows without their key would all be one. */
static enum err_code check_key(struct match *m, struct err *e) {
  const struct mapping *map = m->map;
  for (int i = 0; i < map->n_columns && !e->code; i++) {
    if (!mapping_is_key(map, i) || match_remote(m, i)) continue;
    err_set(e, ERR_DATA,
            "sync \"%s\": the source has no column \"%s\" for the key's \"%s\"",
            map->sync, map->columns[i].source, map->columns[i].target);
  }
  return e->code;
}

/* What the source lacks is NULL in each row that comes, and so it must be in
** those that do not come; likewise when it is there again. */
static void note_missing(struct state *s, struct match *m) {
  struct cell at = {.type = SQLITE_INTEGER};
  sqlite3_uint64 hash = 0;
  int n = 0;
  for (int i = 0; i < s->map->n_columns; i++) {
    if (match_remote(m, i)) continue;
    at.integer = i + 1;
    hash = stored_hash(hash, &at);
    n++;
  }
  (void)sqlite3_snprintf(sizeof s->config_now - STATE_CONFIG,
                         s->config_now + STATE_CONFIG, n ? "-%016llx" : "",
                         hash);
  if (!s->full && s->config && strcmp(s->config, s->config_now) != 0) {
    s->full = "the source lacks other columns than before";
  }
}

/* From where on, less the overlap. 0: from the beginning. */
static int find_mark(struct state *s, struct mark *mark) {
  if (s->full) return 0;
  if (!s->watermark)
    s->full = "there is no mark yet";
  else if (!mark_parse(mark, &s->column, s->watermark))
    s->full = "the mark is none of the watermark's type";
  mark_move_back(mark, &s->column, s->map->overlap);
  return !s->full;
}

/* No open transaction has a rowversion as low as one that was committed before:
** a mark that is not below has the numbers of another database, or of this one
** before it was restored. */
static int is_of_another_past(const struct state *s) {
  struct mark old;
  return s->is_part && s->column.is_rowversion &&
         mark_parse(&old, &s->column, s->watermark) &&
         mark_compare(&old, &s->ceiling) >= 0;
}

enum err_code part_where(struct state *s, struct reader *r, struct match *m,
                         char **where, struct err *e) {
  const struct mapping *map = s->map;
  const struct remote_column *column;
  struct mark mark = {0};
  char *from = NULL;
  int has_key = mapping_has_key(map);
  *where = NULL;
  if (!e->code && s->has_table) note_missing(s, m);
  if (e->code || !mapping_has_mark(map)) return e->code;
  column = match_remote(m, mapping_watermark(map));
  if (part_check_column(map, column, e) || check_key(m, e)) return e->code;
  s->column = *column;
  s->is_part = find_mark(s, &mark);
  if (s->is_part) {
    *where =
        mark_where(&mark, column, has_key ? MARK_FROM_OR_NULL : MARK_ABOVE, e);
    from = mark_where(&mark, column, MARK_FROM, e);
  }
  /* Without a key what is above it would come twice. */
  if (!e->code && has_key) ask_ceiling(s, r, from, e);
  sqlite3_free(from);
  if (!e->code && is_of_another_past(s)) {
    s->full = "the server's rowversions have gone back behind the mark";
    s->is_part = 0;
  }
  if (e->code || !s->is_part) {
    sqlite3_free(*where);
    *where = NULL;
  }
  s->keeps = !s->is_part && map->mode == MODE_APPEND && !map->full && s->full &&
             strcmp(s->full, STATE_FULL_EVERY) != 0;
  return e->code;
}

/* ---- the new mark ------------------------------------------------------ */

enum err_code part_see(struct state *s, const struct reader *r, struct match *m,
                       struct err *e) {
  int at = mapping_watermark(s->map);
  struct value value;
  struct mark mark;
  int above;
  if (reader_value(r, m, at, &value, e)) return e->code;
  if (!mark_from_value(&mark, &s->column, &value)) {
    return reader_refuse(r, m, at, "a watermark", e);
  }
  if (!mark.is_set) {
    s->n_nulls++;
    return e->code;
  }
  above = s->has_ceiling ? mark_compare(&mark, &s->ceiling) : -1;
  if (s->column.is_rowversion) above++; /* MIN_ACTIVE_ROWVERSION() is no more */
  if (above <= 0 && mark_compare(&mark, &s->best) > 0) s->best = mark;
  return e->code;
}

enum err_code part_end(struct state *s, struct err *e) {
  struct mark old;
  if (e->code || !mapping_has_mark(s->map)) return e->code;
  /* Rows may have vanished since. */
  if (s->is_part && mark_parse(&old, &s->column, s->watermark) &&
      mark_compare(&old, &s->best) > 0) {
    s->best = old;
  }
  if (!s->best.is_set) return e->code;
  s->watermark_now = mark_text(&s->best, &s->column);
  return s->watermark_now ? e->code : err_nomem(e);
}
