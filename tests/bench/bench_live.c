/*
** The live view as a program sees it: every row of a query, every column by
** its type.
**
**   bench_live EXTENSION DATABASE QUERY [SETUP]
**
** SETUP is SQL to run first, such as CREATE VIRTUAL TABLE temp.v. Prints rows,
** seconds of CPU (user and system, of the whole process), bytes. The connection
** is one thread's, as DB-Library's is, and has no mutex, which each look at a
** cell would take three times.
*/
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>

static double cpu_seconds(void) {
  struct rusage u;
  if (getrusage(RUSAGE_SELF, &u) != 0) return 0;
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* The bytes of the cell; its first and last are looked at. */
static unsigned touch(sqlite3_stmt *stmt, int i) {
  volatile char touched = 0;
  volatile double real = 0;
  int type = sqlite3_column_type(stmt, i);
  if (type == SQLITE_NULL) return 0;
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
    real = type == SQLITE_FLOAT ? sqlite3_column_double(stmt, i)
                                : (double)sqlite3_column_int64(stmt, i);
    (void)real;
    return 8;
  }
  const char *bytes = sqlite3_column_blob(stmt, i);
  int n = sqlite3_column_bytes(stmt, i);
  if (!bytes || n <= 0) return 0;
  touched = bytes[0];
  touched = bytes[n - 1];
  (void)touched;
  return (unsigned)n;
}

static int run(sqlite3 *db, const char *extension, const char *query,
               const char *setup) {
  sqlite3_stmt *stmt = NULL;
  unsigned long long n_bytes = 0;
  long n_rows = 0;
  int rc;
  char *message = NULL;
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
  if (sqlite3_load_extension(db, extension, NULL, &message) != SQLITE_OK) {
    (void)fprintf(stderr, "bench_live: %s\n", message ? message : "?");
    sqlite3_free(message);
    return 1;
  }
  if (setup && sqlite3_exec(db, setup, NULL, NULL, NULL) != SQLITE_OK) return 1;
  if (sqlite3_prepare_v2(db, query, -1, &stmt, NULL) != SQLITE_OK) return 1;
  int n_columns = sqlite3_column_count(stmt);
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    for (int i = 0; i < n_columns; i++) n_bytes += touch(stmt, i);
    n_rows++;
  }
  sqlite3_finalize(stmt);
  if (rc != SQLITE_DONE) return 1;
  (void)printf("%ld %.3f %llu\n", n_rows, cpu_seconds(), n_bytes);
  return 0;
}

int main(int argc, char **argv) {
  sqlite3 *db = NULL;
  if (argc != 4 && argc != 5) {
    (void)fprintf(stderr,
                  "usage: bench_live EXTENSION DATABASE QUERY [SETUP]\n");
    return 2;
  }
  int failed = sqlite3_open_v2(argv[2], &db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                   SQLITE_OPEN_NOMUTEX,
                               NULL) != SQLITE_OK ||
               run(db, argv[1], argv[3], argv[4]) != 0;
  if (failed) (void)fprintf(stderr, "bench_live: %s\n", sqlite3_errmsg(db));
  sqlite3_close(db);
  return failed;
}
