/*
** What SQLite alone needs to replace a table's rows, the measure for a
** refresh: all rows are read into memory, then, RUNS times, deleted and
** inserted again by one prepared statement in one transaction.
**
**   bench_bare_insert DATABASE TABLE RUNS     -- work on a copy
**
** Prints a line a run: milliseconds of wall clock, milliseconds of CPU, rows.
*/
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct rows {
  int n_columns;
  long n_rows;
  sqlite3_value **values; /* n_rows * n_columns */
};

static void check(int ok, sqlite3 *db, const char *doing) {
  if (ok) return;
  (void)fprintf(stderr, "bench_bare_insert: %s: %s\n", doing,
                db ? sqlite3_errmsg(db) : "out of memory");
  exit(1);
}

static double now_ms(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t) != 0) return 0;
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static sqlite3_stmt *prepare(sqlite3 *db, char *sql) {
  sqlite3_stmt *stmt = NULL;
  check(sql != NULL, NULL, "preparing");
  check(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, db, sql);
  sqlite3_free(sql);
  return stmt;
}

static struct rows read_rows(sqlite3 *db, const char *table) {
  struct rows r = {0};
  long room = 0;
  sqlite3_stmt *stmt = prepare(db, sqlite3_mprintf("SELECT * FROM %w", table));
  r.n_columns = sqlite3_column_count(stmt);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    if (r.n_rows == room) {
      room = room ? 2 * room : 1024;
      r.values = realloc(r.values,
                         (size_t)room * (size_t)r.n_columns * sizeof *r.values);
      check(r.values != NULL, NULL, "reading");
    }
    for (int i = 0; i < r.n_columns; i++)
      r.values[r.n_rows * r.n_columns + i] =
          sqlite3_value_dup(sqlite3_column_value(stmt, i));
    r.n_rows++;
  }
  check(sqlite3_finalize(stmt) == SQLITE_OK, db, "reading");
  return r;
}

static sqlite3_stmt *prepare_insert(sqlite3 *db, const char *table, int n) {
  sqlite3_str *sql = sqlite3_str_new(db);
  sqlite3_str_appendf(sql, "INSERT INTO %w VALUES(", table);
  for (int i = 0; i < n; i++) sqlite3_str_appendall(sql, i ? ",?" : "?");
  sqlite3_str_appendall(sql, ")");
  return prepare(db, sqlite3_str_finish(sql));
}

/* Not inline: run.sh has callgrind count what happens in here. */
__attribute__((noinline)) static void replace_rows(sqlite3 *db,
                                                   const char *table,
                                                   sqlite3_stmt *insert,
                                                   const struct rows *r) {
  sqlite3_stmt *empty = prepare(db, sqlite3_mprintf("DELETE FROM %w", table));
  double wall = now_ms(CLOCK_MONOTONIC);
  double cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID);
  check(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK, db,
        "beginning");
  check(sqlite3_step(empty) == SQLITE_DONE, db, "deleting");
  sqlite3_reset(empty);
  for (long row = 0; row < r->n_rows; row++) {
    for (int i = 0; i < r->n_columns; i++)
      sqlite3_bind_value(insert, i + 1, r->values[row * r->n_columns + i]);
    check(sqlite3_step(insert) == SQLITE_DONE, db, "inserting");
    sqlite3_reset(insert);
  }
  check(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, db,
        "committing");
  (void)printf("%.1f %.1f %ld\n", now_ms(CLOCK_MONOTONIC) - wall,
               now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu, r->n_rows);
  sqlite3_finalize(empty);
}

int main(int argc, char **argv) {
  sqlite3 *db = NULL;
  if (argc != 4) {
    (void)fprintf(stderr, "usage: bench_bare_insert DATABASE TABLE RUNS\n");
    return 2;
  }
  long runs = strtol(argv[3], NULL, 10);
  check(sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK,
        db, argv[1]);
  struct rows r = read_rows(db, argv[2]);
  sqlite3_stmt *insert = prepare_insert(db, argv[2], r.n_columns);
  for (long i = 0; i < runs; i++) replace_rows(db, argv[2], insert, &r);
  sqlite3_finalize(insert);
  for (long i = 0; i < r.n_rows * r.n_columns; i++)
    sqlite3_value_free(r.values[i]);
  free(r.values);
  return sqlite3_close(db) != SQLITE_OK;
}
