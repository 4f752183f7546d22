/*
** Runs a command and tells what it took, with all that it started and waited
** for: milliseconds of CPU (user and system), of wall clock, KiB of memory at
** the peak (of the largest process), and its exit code.
**
**   bench_run FILE COMMAND...     -- the figures go into FILE
**
** A program of its own, because Linux counts the memory of whoever forked as
** the child's: it must be small.
*/
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
  struct timespec t;
  if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) return 0;
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double milliseconds(struct timeval t) {
  return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

int main(int argc, char **argv) {
  struct rusage used;
  int status = 0;
  if (argc < 3) {
    (void)fprintf(stderr, "usage: bench_run FILE COMMAND...\n");
    return 2;
  }
  double began = now_ms();
  pid_t pid = fork();
  if (pid == 0) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
    perror("bench_run");
    return 1;
  }
  double wall = now_ms() - began;
  FILE *out = fopen(argv[1], "w");
  if (!out) {
    perror(argv[1]);
    return 1;
  }
  (void)fprintf(out, "%.2f %.2f %ld %d\n",
                milliseconds(used.ru_utime) + milliseconds(used.ru_stime), wall,
                used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128);
  return fclose(out) != 0;
}
