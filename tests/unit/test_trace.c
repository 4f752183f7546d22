/*
** Log lines on a stderr that nobody reads: they are whole or they are dropped,
** and nobody waits.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/trace.h"
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* stderr is fd until restore(). The alarm ends a test that waits. */
static int replace(int fd) {
  int saved = dup(STDERR_FILENO);
  assert_true(saved >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
  (void)alarm(20);
  return saved;
}

static void restore(int saved) {
  (void)alarm(0);
  assert_true(dup2(saved, STDERR_FILENO) == STDERR_FILENO);
  (void)close(saved);
}

static void talk(int n) {
  struct progress p = {0};
  char text[600];
  progress_begin(&p, "orders", 0);
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = 0;
  for (int i = 0; i < n; i++) {
    trace_line(TRACE_INFO, "orders", "fetch", text);
    progress_at(&p, "fetch", i);
  }
}

/* Every line that arrived is as long as it was written. */
static void check_lines(int fd, int least) {
  FILE *f = fdopen(fd, "r");
  char line[5000];
  int n = 0;
  assert_non_null(f);
  while (fgets(line, sizeof line, f)) {
    const char *begin = "ordersync: INFO orders: fetch: xxx";
    assert_int_equal(strncmp(line, begin, strlen(begin)), 0);
    assert_int_equal(strlen(line), strlen(begin) + 599 - 3 + 1);
    n++;
  }
  assert_true(n >= least);
  (void)fclose(f);
}

static void test_trace__a_full_pipe_is_not_waited_for(void **state) {
  int fds[2];
  (void)state;
  assert_int_equal(pipe(fds), 0);
  int saved = replace(fds[1]);
  (void)close(fds[1]);
  talk(1000);
  /* the host's own description stays as it was */
  assert_int_equal(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
  restore(saved);
  check_lines(fds[0], 10);
}

static void test_trace__a_full_socket_is_not_waited_for(void **state) {
  int fds[2];
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  int saved = replace(fds[1]);
  talk(3000);
  restore(saved);
  (void)close(fds[0]);
  saved = replace(fds[1]);
  talk(1); /* nor does a closed one kill */
  restore(saved);
  (void)close(fds[1]);
}

static void test_trace__a_closed_pipe_kills_nobody(void **state) {
  int fds[2];
  (void)state;
  assert_int_equal(pipe(fds), 0);
  (void)close(fds[0]);
  int saved = replace(fds[1]);
  (void)close(fds[1]);
  talk(3);
  restore(saved);
}

static void test_trace__a_stopped_terminal_is_not_waited_for(void **state) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  (void)state;
  assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
  int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  assert_true(slave >= 0);
  int saved = replace(slave);
  assert_true(isatty(STDERR_FILENO));
  talk(1000); /* nobody reads the master's side */
  (void)tcflow(slave, TCOOFF);
  talk(10);
  restore(saved);
  (void)close(master);
  (void)close(slave);
}

static void test_trace__a_file_gets_every_line(void **state) {
  char name[] = "/tmp/test_trace_XXXXXX";
  int fd = mkstemp(name);
  (void)state;
  assert_true(fd >= 0);
  (void)unlink(name);
  int saved = replace(fd);
  talk(500);
  (void)alarm(0);
  restore(saved);
  assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
  check_lines(fd, 500);
}

static void test_trace__a_long_line_is_cut_at_a_character(void **state) {
  static char text[8000];
  char line[8200] = "";
  int fds[2];
  (void)state;
  for (size_t i = 0; i + 3 < sizeof text; i += 3)
    memcpy(text + i, "\xe2\x82\xac", 3);
  for (size_t shift = 0; shift < 3; shift++) {
    assert_int_equal(pipe(fds), 0);
    int saved = replace(fds[1]);
    trace_line(TRACE_WARN, &"orders"[shift], "fetch", text);
    restore(saved);
    ssize_t n = read(fds[0], line, sizeof line);
    assert_true(n > 4000 && n <= 4096 && line[n - 1] == '\n');
    assert_memory_equal(line + n - 4, "\xe2\x82\xac\n", 4);
    (void)close(fds[0]);
    (void)close(fds[1]);
  }
}

static void test_trace__nothing_is_said_unasked(void **state) {
  int fds[2];
  (void)state;
  assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
  int saved = replace(fds[1]);
  (void)setenv("ORDERSYNC_LOG", "stderr:warn", 1);
  trace_line(TRACE_INFO, "orders", "fetch", "x");
  (void)unsetenv("ORDERSYNC_LOG");
  trace_line(TRACE_ERROR, "orders", "fetch", "x");
  (void)setenv("ORDERSYNC_LOG", "stderr", 1);
  restore(saved);
  char byte;
  assert_int_equal(read(fds[0], &byte, 1), -1);
  (void)close(fds[0]);
  (void)close(fds[1]);
}

/* Who asks for a log in words that there are not gets one. */
static void test_trace__a_typing_error_shows_too_much(void **state) {
  static const struct {
    const char *setting;
    int lines;
  } cases[] = {{"stdout", 1},      {"yes", 1},   {"STDERR:Wran", 1},
               {"off", 0},         {"FALSE", 0}, {"no", 0},
               {"0", 0},           {"", 0},      {":warn", 0},
               {"stderr:error", 0}};
  int fds[2];
  (void)state;
  assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char line[100];
    int saved = replace(fds[1]);
    (void)setenv("ORDERSYNC_LOG", cases[i].setting, 1);
    trace_line(TRACE_INFO, "orders", "fetch", "x");
    (void)setenv("ORDERSYNC_LOG", "stderr", 1);
    restore(saved);
    assert_int_equal(read(fds[0], line, sizeof line) > 0, cases[i].lines);
  }
  (void)close(fds[0]);
  (void)close(fds[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_trace__a_full_pipe_is_not_waited_for),
      cmocka_unit_test(test_trace__a_full_socket_is_not_waited_for),
      cmocka_unit_test(test_trace__a_closed_pipe_kills_nobody),
      cmocka_unit_test(test_trace__a_stopped_terminal_is_not_waited_for),
      cmocka_unit_test(test_trace__a_file_gets_every_line),
      cmocka_unit_test(test_trace__a_long_line_is_cut_at_a_character),
      cmocka_unit_test(test_trace__nothing_is_said_unasked),
      cmocka_unit_test(test_trace__a_typing_error_shows_too_much),
  };
  (void)setenv("ORDERSYNC_LOG", "stderr", 1);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
