/*
** Fills the template sql/report.html, which holds the markup, the style and the
** queries. It knows five marks:
**
**   <?each SELECT ...?> ... <?else?> ... <?end?>   once a row; else: no row
**   <?if column?> ... <?else?> ... <?end?>         neither 0, '' nor NULL
**   <?with name AS (...)?>                         for the queries that follow,
**                                                  up to the end of this block
**   ${column}  ${column:format}                    a value of the row; ms, age,
**                                                  count, or log: a long text
**
** A query sees the values of the rows around it as :column.
**
** A value enters the page through put_value() only, which escapes it: there is
** no mark for raw HTML, so no text of a table, however hostile, can become
** markup, in an element or in an attribute in double quotes.
*/
#include "report.h"

#include "base/sql.h"
#include "base/utf8.h"
#include "ordersync.h"
#include "sql_embedded.h"

#include <string.h>

/* So much of a text is shown; of the log's texts so much together, then the
** beginning of each. With fifty syncs the page stays under a megabyte. */
#define SHOWN_BYTES 4096
#define LOG_BYTES   8192
#define BRIEF_BYTES 150

static const char making[] = "making the report";

struct page {
  sqlite3 *db;       /* borrowed */
  sqlite3_str *html; /* owned */
  struct err *e;     /* borrowed; once it is set nothing more is asked */
  int log_bytes;     /* of the log's texts, so far */
};

/* What a part of the template stands in: a row, and those around it. */
struct block {
  const struct block *outer;
  sqlite3_stmt *row; /* borrowed */
  const char *with;  /* borrowed from the template: "name AS (...), ..." */
  int with_bytes;
};

/* ---- values -------------------------------------------------------------- */

/* The row and column that are called name, the innermost first; NULL with the
** page's error set. What stands before a dot is the table: PRAGMA
** short_column_names and full_column_names have a say in that. */
static sqlite3_stmt *find(struct page *p, const struct block *b,
                          const char *name, size_t n_bytes, int *column) {
  *column = 0;
  for (; b; b = b->outer) {
    for (int i = 0; i < sqlite3_column_count(b->row); i++) {
      const char *is = sqlite3_column_name(b->row, i);
      const char *dot = is ? strrchr(is, '.') : NULL;
      if (dot) is = dot + 1;
      if (is && strncmp(is, name, n_bytes) == 0 && !is[n_bytes]) {
        *column = i;
        return b->row;
      }
    }
  }
  err_set(p->e, ERR_LOCAL, "the report has no value %.*s", (int)n_bytes, name);
  return NULL;
}

/* What stands for a character in the page; NULL: it stands for itself. Control
** characters are not allowed in HTML; those that turn the writing direction
** could show a text other than it is. */
static const char *escape(const char *c, int n) {
  static const char unknown[] = "\xEF\xBF\xBD";
  const unsigned char *u = (const unsigned char *)c;
  if (n == 0) return unknown;
  if (n == 2) return u[0] == 0xC2 && u[1] < 0xA0 ? unknown : NULL;
  if (n == 3) {
    int turns =
        u[0] == 0xE2 && ((u[1] == 0x80 && u[2] >= 0xAA && u[2] <= 0xAE) ||
                         (u[1] == 0x81 && u[2] >= 0xA6 && u[2] <= 0xA9));
    int is_none = u[0] == 0xEF && u[1] == 0xBF && u[2] >= 0xBE;
    return turns || is_none ? unknown : NULL;
  }
  if (n > 1) return NULL;
  switch (*c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  case '\n':
  case '\t':
    return NULL;
  default:
    return u[0] < ' ' || u[0] == 0x7F ? unknown : NULL;
  }
}

static void put_text(sqlite3_str *html, const char *text, int n_bytes,
                     int most) {
  int cut = n_bytes > most;
  int end = cut ? (int)utf8_cut(text, (size_t)most) : n_bytes;
  for (int i = 0; i < end;) {
    int n = utf8_length(text + i, (size_t)(end - i));
    const char *other = escape(text + i, n);
    if (other)
      sqlite3_str_appendall(html, other);
    else
      sqlite3_str_append(html, text + i, n);
    i += n ? n : 1;
  }
  if (cut) sqlite3_str_appendall(html, " ...");
}

/* format: behind ":", or NULL. */
static void put_words(struct page *p, const char *text, int n_bytes,
                      const char *format) {
  int is_log = format && strncmp(format, "log}", 4) == 0;
  int is_brief = is_log && p->log_bytes >= LOG_BYTES;
  int before = sqlite3_str_length(p->html);
  put_text(p->html, text, n_bytes, is_brief ? BRIEF_BYTES : SHOWN_BYTES);
  if (is_log) p->log_bytes += sqlite3_str_length(p->html) - before;
}

/* "4 min 20 s"; what is 0 of the smaller unit is left out. */
static void put_units(sqlite3_str *html, sqlite3_int64 n, int per,
                      const char *large, const char *small) {
  sqlite3_str_appendf(html, "%lld %s", n / per, large);
  if (n % per) sqlite3_str_appendf(html, " %lld %s", n % per, small);
}

static void put_duration(sqlite3_str *html, sqlite3_int64 ms) {
  sqlite3_int64 s = ms / 1000, tenths = (ms + 50) / 100;
  if (ms < 1000)
    sqlite3_str_appendf(html, "%lld ms", ms);
  else if (tenths < 600)
    sqlite3_str_appendf(html, "%lld.%lld s", tenths / 10, tenths % 10);
  else if (s < 3600)
    put_units(html, s, 60, "min", "s");
  else if (s / 86400 < 2)
    put_units(html, s / 60, 60, "h", "min");
  else
    sqlite3_str_appendf(html, "%lld days", s / 86400);
}

static void put_age(sqlite3_str *html, sqlite3_int64 s) {
  if (s < 60)
    sqlite3_str_appendf(html, "%lld s", s);
  else
    put_duration(html, s / 60 * 60000);
}

/* Of a number; what is none, or absurd, is shown as the text that it is. */
static int put_number(sqlite3_str *html, sqlite3_int64 n, const char *format) {
  if (n < 0 || n > (sqlite3_int64)1 << 50) return 0;
  /* ms, age (in seconds), count */
  if (strncmp(format, "ms}", 3) == 0)
    put_duration(html, n);
  else if (strncmp(format, "age}", 4) == 0)
    put_age(html, n);
  else
    sqlite3_str_appendf(html, "%,lld", n);
  return 1;
}

/* at: behind "${". Returns what is behind "}". */
static const char *put_value(struct page *p, const char *at,
                             const struct block *b) {
  size_t n_name = strcspn(at, ":}");
  const char *format = at[n_name] == ':' ? at + n_name + 1 : NULL;
  const char *text;
  int column;
  sqlite3_stmt *row = find(p, b, at, n_name, &column);
  int type = row ? sqlite3_column_type(row, column) : SQLITE_NULL;
  if (type == SQLITE_NULL) {
    sqlite3_str_appendall(p->html, "\xE2\x80\x93"); /* a dash */
  } else if (!format || (type != SQLITE_INTEGER && type != SQLITE_FLOAT) ||
             !put_number(p->html, sqlite3_column_int64(row, column), format)) {
    text = (const char *)sqlite3_column_text(row, column);
    if (text)
      put_words(p, text, sqlite3_column_bytes(row, column), format);
    else
      err_nomem(p->e);
  }
  return strchr(at, '}') + 1;
}

/* What stands between the marks, from at to end. */
static void put_part(struct page *p, const char *at, const char *end,
                     const struct block *b) {
  while (!p->e->code && at < end) {
    const char *value = strstr(at, "${");
    if (!value || value > end) value = end;
    sqlite3_str_append(p->html, at, (int)(value - at));
    at = value < end ? put_value(p, value + 2, b) : end;
  }
}

/* ---- marks --------------------------------------------------------------- */

static int is_mark(const char *at, const char *word) {
  return strncmp(at, "<?", 2) == 0 && strncmp(at + 2, word, strlen(word)) == 0;
}

static const char *behind(const char *mark) {
  return strstr(mark, "?>") + 2;
}

/* The <?else?> or <?end?> that ends the body at `at`. */
static const char *closing(const char *at) {
  int depth = 0;
  for (; (at = strstr(at, "<?")) != NULL; at += 2) {
    if (is_mark(at, "each") || is_mark(at, "if ")) depth++;
    if (depth == 0 && (is_mark(at, "else?>") || is_mark(at, "end?>"))) break;
    if (is_mark(at, "end?>")) depth--;
  }
  return at;
}

/* "WITH a AS (...), b AS (...)", from the outermost block in. */
static void put_with(sqlite3_str *sql, const struct block *b) {
  if (!b) return;
  put_with(sql, b->outer);
  if (!b->with) return;
  sqlite3_str_appendall(sql, sqlite3_str_length(sql) ? "," : "WITH RECURSIVE ");
  sqlite3_str_append(sql, b->with, b->with_bytes);
}

static sqlite3_stmt *prepare(struct page *p, const char *query, int n_bytes,
                             const struct block *b) {
  sqlite3_str *str = sqlite3_str_new(NULL);
  sqlite3_stmt *stmt = NULL;
  char *sql;
  put_with(str, b);
  sqlite3_str_append(str, query, n_bytes);
  sql = sqlite3_str_finish(str);
  if (sql)
    stmt = sql_prepare_plain(p->db, p->e, "%s", sql);
  else
    err_nomem(p->e);
  sqlite3_free(sql);
  for (int i = 1; stmt && i <= sqlite3_bind_parameter_count(stmt); i++) {
    const char *name = sqlite3_bind_parameter_name(stmt, i); /* ":name" */
    const char *is = name ? name + 1 : "?";
    int column;
    sqlite3_stmt *row = find(p, b, is, strlen(is), &column);
    if (row && sqlite3_bind_value(stmt, i, sqlite3_column_value(row, column)))
      err_sqlite(p->e, p->db, making);
  }
  return stmt;
}

static void render(struct page *p, const char *at, const char *end,
                   struct block *b);

/* at: the mark; its body ends at `end`. Returns how often it was rendered. */
static int render_rows(struct page *p, const char *at, const char *end,
                       const struct block *b) {
  const char *sql = at + strlen("<?each"), *body = behind(at);
  sqlite3_stmt *stmt = prepare(p, sql, (int)(body - 2 - sql), b);
  int n = 0;
  while (!p->e->code && sqlite3_step(stmt) == SQLITE_ROW) {
    struct block inner = {.outer = b, .row = stmt};
    render(p, body, end, &inner);
    n = 1;
  }
  if (sqlite3_finalize(stmt)) err_sqlite(p->e, p->db, making);
  return n;
}

static int is_true(struct page *p, const char *mark, const struct block *b) {
  const char *name = mark + strlen("<?if ");
  int column;
  sqlite3_stmt *row = find(p, b, name, strcspn(name, "?"), &column);
  const char *text =
      row ? (const char *)sqlite3_column_text(row, column) : NULL;
  return text && *text && strcmp(text, "0") != 0;
}

/* <?each?> or <?if?>, with what hangs on it. Returns what is behind. */
static const char *render_block(struct page *p, const char *mark,
                                const struct block *b) {
  const char *end = closing(behind(mark));
  const char *other = is_mark(end, "else?>") ? behind(end) : NULL;
  struct block inner = *b;
  int done;
  if (is_mark(mark, "each")) {
    done = render_rows(p, mark, end, b);
  } else if ((done = is_true(p, mark, b)) != 0) {
    render(p, behind(mark), end, &inner);
  }
  if (!other) return behind(end);
  end = closing(other);
  if (!done) render(p, other, end, &inner);
  return behind(end);
}

static void render(struct page *p, const char *at, const char *end,
                   struct block *b) {
  while (!p->e->code && at < end) {
    const char *mark = strstr(at, "<?");
    if (!mark || mark > end) mark = end;
    put_part(p, at, mark, b);
    at = mark;
    if (at == end) break;
    if (is_mark(at, "with")) {
      b->with = at + strlen("<?with");
      at = behind(at);
      b->with_bytes = (int)(at - 2 - b->with);
    } else {
      at = render_block(p, at, b);
    }
  }
}

/* ---- the page ------------------------------------------------------------ */

/* While its row stands, the queries read one state of the database; and they
** have one now. */
static sqlite3_stmt *open_page(sqlite3 *db, struct err *e) {
  const char *path = sqlite3_db_filename(db, "main");
  const char *name = path ? strrchr(path, '/') : NULL;
  sqlite3_stmt *stmt = sql_prepare_plain(
      db, e,
      "SELECT %Q AS database, %Q AS version,"
      " CAST(strftime('%%s','now') AS INTEGER) AS now FROM main.sqlite_schema"
      " WHERE 5 = (SELECT count(DISTINCT lower(name)) FROM main.sqlite_schema"
      " WHERE lower(name) IN ('ordersync_syncs','ordersync_columns',"
      " 'ordersync_runs','ordersync_run_details','ordersync_status'))",
      name            ? name + 1
      : path && *path ? path
                      : "in memory",
      ORDERSYNC_VERSION);
  if (!stmt || sqlite3_step(stmt) == SQLITE_ROW) return stmt;
  if (sqlite3_finalize(stmt)) err_sqlite(e, db, making);
  err_set(e, ERR_CONFIG,
          "ordersync is not installed in this database; run: SELECT "
          "ordersync_install();");
  return NULL;
}

/* The tables that an older version has made may lack a column; a query is one
** string, too. */
static char *fail(struct err *e) {
  if (strstr(e->text, "too big"))
    err_hint(e, "this program has lowered SQLite's limits on lengths");
  if (strstr(e->text, "no such column"))
    err_hint(e, "The tables are an older version's; run: SELECT "
                "ordersync_install();");
  return NULL;
}

char *report_html(sqlite3 *db, int *n_bytes, struct err *e) {
  struct page p = {.db = db, .e = e};
  struct block block = {.row = open_page(db, e)};
  char *html;
  if (e->code) return fail(e);
  p.html = sqlite3_str_new(db);
  render(&p, sql_report, sql_report + strlen(sql_report), &block);
  sqlite3_finalize(block.row);
  if (sqlite3_str_errcode(p.html) == SQLITE_NOMEM) err_nomem(e);
  if (sqlite3_str_errcode(p.html) == SQLITE_TOOBIG)
    err_set(e, ERR_LOCAL, "the report is longer than this program allows");
  *n_bytes = sqlite3_str_length(p.html);
  html = sqlite3_str_finish(p.html);
  if (!html) err_nomem(e);
  if (!e->code) return html;
  sqlite3_free(html);
  return fail(e);
}
