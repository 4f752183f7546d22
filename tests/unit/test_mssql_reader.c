/*
** The reader on a live server: what it knows of columns, and when it connects
** again.
*/
#include "mssql_fixture.h"

#include "source/reader.h"

#include <string.h>

static const char source[] =
    "SELECT CAST(a AS varchar(9)) AS v, CAST(b AS nvarchar(9)) AS n, "
    "CAST(b AS char(3)) AS c, CAST(b AS nchar(3)) AS w, a FROM few";

struct fixture {
  sqlite3 *db;
  struct profile profile;
  struct interrupt interrupt;
  struct reader r;
  struct remote_columns has;
  struct err e;
};

static void open_reader(struct fixture *f, const struct world *w) {
  memset(f, 0, sizeof *f);
  assert_int_equal(sqlite3_open(":memory:", &f->db), SQLITE_OK);
  assert_int_equal(interrupt_open(&f->interrupt, f->db, &f->e), ERR_NONE);
  f->profile = profile_for(&w->plain);
  f->r.profile = &f->profile;
  f->r.interrupt = &f->interrupt;
  f->r.use = MSSQL_LIVE;
}

static void close_reader(struct fixture *f) {
  remote_columns_clear(&f->has);
  reader_close(&f->r);
  interrupt_close(&f->interrupt);
  sqlite3_close(f->db);
}

static void describe(struct fixture *f) {
  remote_columns_clear(&f->has);
  if (reader_describe(&f->r, source, NULL, &f->has, &f->e)) {
    fail_msg("%s", f->e.text);
  }
  assert_int_equal(f->has.count, 5);
}

static void find_ansi(struct fixture *f) {
  if (reader_find_ansi(&f->r, source, &f->has, &f->e)) {
    fail_msg("%s", f->e.text);
  }
}

static void test_reader__tells_varchar_from_nvarchar(void **state) {
  struct fixture f;
  open_reader(&f, *state);
  describe(&f);
  find_ansi(&f);
  assert_true(f.has.items[0].is_ansi);
  assert_false(f.has.items[1].is_ansi);
  assert_true(f.has.items[2].is_ansi);
  assert_false(f.has.items[3].is_ansi);
  assert_false(f.has.items[4].is_ansi);
  close_reader(&f);
}

static void test_reader__does_without_what_the_server_refuses(void **state) {
  static const char *const faults[] = {
      "when=batch match=dm_exec do=error:229:14:denied",
      "when=batch match=dm_exec do=close"};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    struct world *w = *state;
    struct fixture f;
    open_reader(&f, w);
    describe(&f);
    fault(&w->plain, faults[i]);
    find_ansi(&f);
    assert_false(f.has.items[0].is_ansi);
    describe(&f); /* the connection, or another, works */
    close_reader(&f);
  }
}

static void test_reader__replaces_a_connection_that_died_idle(void **state) {
  struct world *w = *state;
  struct fixture f;
  open_reader(&f, w);
  describe(&f);
  f.r.may_have_died = 1;
  fault(&w->plain, "when=batch match=few times=1 do=close");
  describe(&f);
  assert_int_equal(f.r.n_connects, 2);
  fault(&w->plain, "when=batch match=few times=2 do=close");
  remote_columns_clear(&f.has);
  assert_int_equal(reader_describe(&f.r, source, NULL, &f.has, &f.e),
                   ERR_NETWORK);
  assert_int_equal(f.r.n_connects, 2);
  assert_int_equal(f.has.count, 0);
  close_reader(&f);
}

static void test_reader__connects_within_the_deadline(void **state) {
  struct fixture f;
  open_reader(&f, *state);
  f.r.deadline_ms = clock_now_ms() - 1;
  assert_int_equal(reader_connect(&f.r, &f.e), ERR_TIMEOUT);
  close_reader(&f);
}

static void test_reader__masks_what_the_server_echoes(void **state) {
  struct world *w = *state;
  struct fixture f;
  char *password = NULL, spec[128];
  open_reader(&f, w);
  describe(&f);
  assert_int_equal(profile_password(&f.profile, &password, &f.e), ERR_NONE);
  sqlite3_snprintf(sizeof spec, spec, "when=batch do=error:50000:16:it is %s",
                   password);
  fault(&w->plain, spec);
  remote_columns_clear(&f.has);
  assert_int_equal(reader_describe(&f.r, source, NULL, &f.has, &f.e),
                   ERR_REMOTE);
  assert_non_null(strstr(f.e.text, "it is ***"));
  profile_password_free(password);
  close_reader(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      MSSQL_TEST(test_reader__tells_varchar_from_nvarchar),
      MSSQL_TEST(test_reader__does_without_what_the_server_refuses),
      MSSQL_TEST(test_reader__replaces_a_connection_that_died_idle),
      MSSQL_TEST(test_reader__connects_within_the_deadline),
      MSSQL_TEST(test_reader__masks_what_the_server_echoes),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
