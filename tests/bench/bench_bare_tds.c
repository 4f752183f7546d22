/*
** What FreeTDS alone needs for a query, the measure for the live view: a bare
** DB-Library loop that looks at every cell.
**
**   bench_bare_tds HOST PORT USER PASSWORD DATABASE QUERY [PACKET_SIZE]
**
** Prints rows, seconds of CPU (user and system, of the whole process), bytes.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sybfront.h>

#include <sybdb.h>
#include <sys/resource.h>

static int on_error(DBPROCESS *db, int severity, int number, int os, char *text,
                    char *os_text) {
  (void)db, (void)severity, (void)os, (void)os_text;
  (void)fprintf(stderr, "bench_bare_tds: %d: %s\n", number, text);
  return INT_CANCEL;
}

/* Severity 10 and below is information. */
static int on_message(DBPROCESS *db, DBINT number, int state, int severity,
                      char *text, char *server, char *procedure, int line) {
  (void)db, (void)state, (void)server, (void)procedure, (void)line;
  if (severity > 10)
    (void)fprintf(stderr, "bench_bare_tds: %d: %s\n", (int)number, text);
  return 0;
}

static double cpu_seconds(void) {
  struct rusage u;
  if (getrusage(RUSAGE_SELF, &u) != 0) return 0;
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static DBPROCESS *connect_to(char **argv, int packet_size) {
  char server[300];
  LOGINREC *login = dblogin();
  int n = snprintf(server, sizeof server, "%s:%s", argv[1], argv[2]);
  if (!login || n < 0 || n >= (int)sizeof server) return NULL;
  DBSETLUSER(login, argv[3]);
  DBSETLPWD(login, argv[4]);
  DBSETLDBNAME(login, argv[5]);
  DBSETLCHARSET(login, "UTF-8");
  DBSETLPACKET(login, packet_size);
  dbsetlversion(login, DBVERSION_74);
  DBPROCESS *db = tdsdbopen(login, server, 1);
  dbloginfree(login);
  return db;
}

/* Looks at every cell: its length, its first byte and its last. */
static long read_rows(DBPROCESS *db, unsigned long long *n_bytes) {
  long n_rows = 0;
  int n_columns = dbnumcols(db);
  STATUS status;
  while ((status = dbnextrow(db)) == REG_ROW) {
    for (int i = 1; i <= n_columns; i++) {
      const BYTE *data = dbdata(db, i);
      DBINT n = dbdatlen(db, i);
      if (!data || n <= 0) continue;
      volatile BYTE touched = data[0];
      touched = data[n - 1];
      (void)touched;
      *n_bytes += (unsigned long long)n;
    }
    n_rows++;
  }
  return status == NO_MORE_ROWS ? n_rows : -1;
}

int main(int argc, char **argv) {
  unsigned long long n_bytes = 0;
  long n_rows = -1;
  if (argc < 7 || argc > 8) {
    (void)fprintf(stderr, "usage: bench_bare_tds HOST PORT USER PASSWORD "
                          "DATABASE QUERY [PACKET_SIZE]\n");
    return 2;
  }
  int packet_size = argc == 8 ? (int)strtol(argv[7], NULL, 10) : 4096;
  if (dbinit() == FAIL) return 1;
  dberrhandle(on_error);
  dbmsghandle(on_message);
  DBPROCESS *db = connect_to(argv, packet_size);
  if (!db) return 1;
  if (dbcmd(db, argv[6]) == SUCCEED && dbsqlexec(db) == SUCCEED &&
      dbresults(db) == SUCCEED)
    n_rows = read_rows(db, &n_bytes);
  dbclose(db);
  if (n_rows < 0) return 1;
  (void)printf("%ld %.3f %llu\n", n_rows, cpu_seconds(), n_bytes);
  return 0;
}
