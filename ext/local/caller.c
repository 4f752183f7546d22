/*
** What the connection that called us is doing.
*/
#include "local/caller.h"

#include "base/sql.h"
#include "base/utf8.h"

#include <string.h>

/* How much of a statement a message shows. */
#define SHOWN_BYTES 80

static sqlite3_stmt *find_writer(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  while ((stmt = sqlite3_next_stmt(db, stmt)) != NULL) {
    if (sqlite3_stmt_busy(stmt) && !sqlite3_stmt_readonly(stmt)) break;
  }
  return stmt;
}

static int is_pragma(sqlite3_stmt *stmt) {
  return sql_begins(sqlite3_sql(stmt), "PRAGMA", NULL);
}

/* SQLite does not ask in integrity_check and quick_check whether a function is
** for direct use only. No honest call comes from there. Other PRAGMAs call
** nothing; one whose row the program has not fetched yet is no harm. */
enum err_code caller_check_pragma(sqlite3 *db, struct err *e) {
  sqlite3_stmt *stmt = NULL;
  while (!e->code && (stmt = sqlite3_next_stmt(db, stmt)) != NULL) {
    if (sqlite3_stmt_busy(stmt) && is_pragma(stmt) &&
        sqlite3_strlike("%check%", sqlite3_sql(stmt), 0) == 0) {
      err_set(e, ERR_MISUSE,
              "it cannot run inside a PRAGMA; a CHECK of this database called "
              "it, which it must not");
    }
  }
  return e->code;
}

static int read_schema(sqlite3 *db) {
  return sqlite3_table_column_metadata(db, "main", "sqlite_schema", NULL, NULL,
                                       NULL, NULL, NULL, NULL);
}

/* The last of four bytes at 56: https://sqlite.org/fileformat2.html 1.3.13 */
static int is_utf16(sqlite3 *db) {
  sqlite3_file *file = NULL;
  unsigned char encoding = 0;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  return file && file->pMethods &&
         file->pMethods->xRead(file, &encoding, 1, 59) == SQLITE_OK &&
         (encoding == 2 || encoding == 3);
}

void caller_learn_encoding(sqlite3 *db) {
  if (is_utf16(db)) (void)read_schema(db);
}

enum err_code caller_check_encoding(sqlite3 *db, struct err *e) {
  /* That another connection of a shared cache writes is another code. */
  if (!is_utf16(db) || read_schema(db) != SQLITE_LOCKED ||
      sqlite3_extended_errcode(db) != SQLITE_LOCKED) {
    return e->code;
  }
  err_set(e, ERR_MISUSE,
          "the text of this database is UTF-16, which SQLite must know before "
          "a statement begins that calls ordersync");
  err_hint(e, "let the connection read the database first, by SELECT count(*) "
              "FROM sqlite_schema");
  return e->code;
}

static int has_moved(sqlite3 *db, const char *schema) {
  int moved = 0;
  return sqlite3_file_control(db, schema, SQLITE_FCNTL_HAS_MOVED, &moved) ==
             SQLITE_OK &&
         moved;
}

/* What is written to the WAL of a file that was replaced would be read by
** whoever opens the new one. */
enum err_code caller_check_place(sqlite3 *db, const char *schema,
                                 struct err *e) {
  if (e->code || !has_moved(db, schema)) return e->code;
  err_set(e, ERR_LOCAL,
          "the file of database \"%s\" was moved, replaced or deleted while "
          "it is open: nobody would see what is written",
          schema);
  err_hint(e, "Close it and open it again.");
  e->sqlite_code = SQLITE_READONLY_DBMOVED;
  return e->code;
}

/* Where a failure could not be undone. */
static enum err_code check_journal(sqlite3 *db, const char *schema,
                                   struct err *e) {
  struct err ours = {0};
  char *mode = sql_text(db, &ours, "PRAGMA \"%w\".journal_mode", schema);
  if (mode && sqlite3_stricmp(mode, "off") == 0) {
    err_set(e, ERR_LOCAL,
            "PRAGMA journal_mode of \"%s\" is off: what fails could not be "
            "undone",
            schema);
    err_hint(e, "PRAGMA journal_mode = wal.");
  }
  if (ours.code == ERR_NOMEM) err_nomem(e);
  sqlite3_free(mode);
  return e->code;
}

/* Names a statement, on one line. As it was prepared: the values of its
** parameters are nobody's business. */
static void name_statement(struct err *e, enum err_code code, const char *text,
                           sqlite3_stmt *stmt) {
  const char *sql = stmt ? sqlite3_sql(stmt) : NULL;
  sqlite3_str *out = sqlite3_str_new(NULL);
  char *shown;
  size_t n;
  for (; sql && *sql && sqlite3_str_length(out) < 2 * SHOWN_BYTES; sql++) {
    if (!ascii_is_space(*sql))
      sqlite3_str_appendchar(out, 1, *sql);
    else if (!ascii_is_space(sql[1]) && sqlite3_str_length(out) > 0)
      sqlite3_str_appendchar(out, 1, ' ');
  }
  shown = sqlite3_str_finish(out);
  n = shown ? strlen(shown) : 0;
  while (n > 0 && (shown[n - 1] == ';' || shown[n - 1] == ' ')) n--;
  if (n > SHOWN_BYTES)
    err_set(e, code, "%s: \"%.*s...\"", text, (int)utf8_cut(shown, SHOWN_BYTES),
            shown);
  else if (n > 0)
    err_set(e, code, "%s: \"%.*s\"", text, (int)n, shown);
  else
    err_set(e, code, "%s", text);
  sqlite3_free(shown);
}

/* A statement that is running and has begun a transaction, in order to read:
** SELECT ordersync_refresh() has not. NULL where none can be told. */
static sqlite3_stmt *find_reader(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  int found = 0;
  while (!found && (stmt = sqlite3_next_stmt(db, stmt)) != NULL) {
    struct err ignored = {0};
    sqlite3_stmt *program;
    if (!sqlite3_stmt_busy(stmt)) continue;
    program = sql_prepare(db, &ignored, "EXPLAIN %s", sqlite3_sql(stmt));
    while (program && !found && sqlite3_step(program) == SQLITE_ROW) {
      const char *opcode = (const char *)sqlite3_column_text(program, 1);
      found = opcode && sqlite3_stricmp(opcode, "Transaction") == 0;
    }
    sqlite3_finalize(program);
    if (found) break;
  }
  return stmt;
}

static enum err_code check_no_reader(sqlite3 *db, struct err *e) {
  if (e->code || !sqlite3_get_autocommit(db) ||
      sqlite3_txn_state(db, NULL) == SQLITE_TXN_NONE) {
    return e->code;
  }
  name_statement(e, ERR_MISUSE,
                 "this connection has a query that is still reading",
                 find_reader(db));
  err_hint(e, "finish it first, and call this function in a SELECT of its "
              "own, without FROM");
  return e->code;
}

enum err_code caller_check(sqlite3 *db, const char *schema, struct err *e) {
  if (caller_check_beside(db, schema, e)) return e->code;
  return check_no_reader(db, e);
}

enum err_code caller_check_beside(sqlite3 *db, const char *schema,
                                  struct err *e) {
  sqlite3_stmt *writer = e->code ? NULL : find_writer(db);
  if (e->code) return e->code;
  if (writer && is_pragma(writer)) {
    name_statement(e, ERR_MISUSE,
                   "this connection has a PRAGMA that is not finished", writer);
    err_hint(e, "fetch all of its rows, or close it");
    return e->code;
  }
  if (writer) {
    return err_set(e, ERR_MISUSE,
                   "it cannot run inside a statement that writes; call it in "
                   "a SELECT of its own");
  }
  if (caller_check_pragma(db, e)) return e->code;
  if (sqlite3_db_readonly(db, schema) != 0) {
    err_set(e, ERR_LOCAL,
            sqlite3_db_readonly(db, schema) < 0
                ? "there is no attached database \"%s\""
                : "the database \"%s\" is open read-only",
            schema);
    if (sqlite3_db_readonly(db, schema) > 0)
      err_hint(e, "may this user write the file and its folder?");
    e->sqlite_code = SQLITE_READONLY;
    return e->code;
  }
  if (sql_integer(db, e, "PRAGMA query_only")) {
    err_set(e, ERR_LOCAL, "PRAGMA query_only is on, so nothing can be written");
    e->sqlite_code = SQLITE_READONLY;
  }
  if (!e->code) check_journal(db, schema, e);
  caller_check_place(db, schema, e);
  return caller_check_place(db, "main", e);
}

int caller_may_write(sqlite3 *db) {
  struct err ignored = {0};
  return sqlite3_db_readonly(db, "main") == 0 && !has_moved(db, "main") &&
         !sql_integer(db, &ignored, "PRAGMA query_only");
}

/* Does the program of this statement open the table, or an index of it?
** Nothing else tells what a statement that is running reads. */
static int opens_table(sqlite3 *db, sqlite3_stmt *stmt, sqlite3_stmt *roots,
                       struct err *e) {
  sqlite3_stmt *program = sql_prepare(db, e, "EXPLAIN %s", sqlite3_sql(stmt));
  int found = 0;
  while (program && !found && sqlite3_step(program) == SQLITE_ROW) {
    const char *opcode = (const char *)sqlite3_column_text(program, 1);
    if (!opcode || sqlite3_stricmp(opcode, "OpenRead") != 0) continue;
    sqlite3_bind_int(roots, 1, sqlite3_column_int(program, 3));
    sqlite3_bind_int(roots, 2, sqlite3_column_int(program, 4));
    found = sqlite3_step(roots) == SQLITE_ROW;
    if (sqlite3_reset(roots)) err_sqlite(e, db, "reading the schema");
  }
  if (sqlite3_finalize(program)) err_sqlite(e, db, "reading a query");
  return found;
}

enum err_code caller_check_readers(sqlite3 *db, const char *schema,
                                   const char *table, struct err *e) {
  sqlite3_stmt *roots, *stmt = NULL;
  int found = 0;
  /* Outside a transaction caller_check() has seen any reader. */
  if (e->code || sqlite3_get_autocommit(db)) return e->code;
  roots = sql_prepare(db, e,
                      "SELECT 1 FROM \"%w\".sqlite_schema s, "
                      "pragma_database_list d WHERE rootpage=?1 AND seq=?2 AND "
                      "tbl_name=%Q COLLATE NOCASE AND d.name=%Q COLLATE NOCASE",
                      schema, table, schema);
  while (roots && !found && (stmt = sqlite3_next_stmt(db, stmt)) != NULL) {
    struct err ours = {0};
    if (stmt == roots || !sqlite3_stmt_busy(stmt)) continue;
    found = opens_table(db, stmt, roots, &ours);
    /* One that cannot be explained is left alone. */
    if (ours.code == ERR_NOMEM) err_nomem(e);
  }
  sqlite3_finalize(roots);
  if (found) {
    char *text = sqlite3_mprintf(
        "a query of this connection is reading \"%s\" and would see old rows "
        "and new",
        table);
    if (text)
      name_statement(e, ERR_MISUSE, text, stmt);
    else
      err_nomem(e);
    err_hint(e, "finish it first");
    sqlite3_free(text);
  }
  return e->code;
}
