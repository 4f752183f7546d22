/*
** Every wait of the connection is bounded: a deadline ends it, an interrupt
** ends it soon, and the login has a timeout of its own.
*/
#include "mssql_fixture.h"

#include <stdint.h>
#include <string.h>

#define PROMPT_MS 200
#define ROWS      "when=batch match=few "

/* A stall, and what is to end it. */
struct stall {
  const struct server *server;
  enum profile_encrypt encrypt;
  const char *spec;
  int interrupt; /* else the deadline, or the login's timeout */
};

static const struct {
  const char *spec;
  int in_tls; /* only there */
} stalls[] = {{"when=accept do=hang", 0},
              {"when=prelogin do=hang", 0},
              {"when=prelogin do=drip:2", 0},
              {"when=tls do=hang", 1},
              {"when=login do=hang", 0},
              {"when=login do=drip:1/20", 0},
              {ROWS "do=hang", 0},
              {ROWS "do=drip:3", 0},
              {ROWS "do=drop_done", 0},
              {ROWS "after_rows=500 do=hang", 0},
              {ROWS "after_bytes=20001 do=hang", 0},
              {ROWS "after_bytes=20001 do=drip:1/20", 0}};

/* Of a wait that was over before the query was sent. */
#define NOT_SENT 60000

/* How late the end came: after the deadline or the interrupt. */
static sqlite3_int64 lateness(void *arg) {
  const struct stall *s = arg;
  struct profile p = profile_for(s->server);
  struct alarm a = {INT64_MAX};
  struct mssql_hooks hooks = {alarm_rings, &a};
  struct mssql *m = NULL;
  struct err e = {0};
  int in_login = strstr(s->spec, "when=batch") == NULL;
  sqlite3_int64 due;
  p.encrypt = s->encrypt;
  if (in_login) {
    p.login_timeout = s->interrupt ? 5 : 1;
  } else if (mssql_open(&m, &p, &hooks, MSSQL_LIVE, &e)) {
    fail_msg("%s", e.text);
  }
  fault(s->server, s->spec);
  due = clock_now_ms() + (in_login && !s->interrupt ? 1000 : 150);
  if (s->interrupt) a.at_ms = due;
  if (in_login) {
    mssql_open(&m, &p, &hooks, MSSQL_LIVE, &e);
    assert_null(m);
  } else {
    mssql_deadline(m, s->interrupt ? due + 5000 : due);
    read_all(m, "SELECT a, b FROM few", &e);
  }
  /* Nothing was asked of a link that goes on living: the machine was asleep. */
  due = m && mssql_alive(m) ? NOT_SENT : clock_now_ms() - due;
  if (e.code != (s->interrupt ? ERR_INTERRUPT : ERR_TIMEOUT) || due < -10) {
    fail_msg("%s: %d ms: %s", s->spec, (int)due, e.text);
  }
  if (e.code == ERR_TIMEOUT) assert_int_equal(e.transient, in_login);
  fault(s->server, "");
  mssql_close(m);
  return due;
}

static void check_stalls(const struct world *w, int interrupt) {
  for (size_t i = 0; i < sizeof stalls / sizeof *stalls; i++) {
    for (int tls = stalls[i].in_tls; tls < 2; tls++) {
      struct stall s = {tls ? &w->tls : &w->plain,
                        tls ? ENCRYPT_REQUIRE : ENCRYPT_OFF, stalls[i].spec,
                        interrupt};
      sqlite3_int64 ms = quickest(lateness, &s, PROMPT_MS);
      if (ms > PROMPT_MS) {
        fail_msg("%s%s: %d ms late", s.spec, tls ? ", TLS" : "", (int)ms);
      }
    }
  }
}

static void test_mssql__a_deadline_ends_every_wait(void **state) {
  check_stalls(*state, 0);
}

static void test_mssql__an_interrupt_ends_every_wait(void **state) {
  check_stalls(*state, 1);
}

/* A connection whose deadline has passed since it was used: a short one, on a
** busy machine a longer one. */
static struct mssql *used_under_a_deadline(const struct server *s) {
  for (int ms = 50; ms < 10000; ms *= 2) {
    struct mssql *m = connect_to(s);
    struct err e = {0};
    mssql_deadline(m, clock_now_ms() + ms);
    if (read_all(m, "SELECT a, b FROM few", &e) == 1000 && !e.code) {
      pause_ms(ms + 10);
      return m;
    }
    assert_int_equal(e.code, ERR_TIMEOUT);
    mssql_close(m);
  }
  fail_msg("no deadline was long enough");
  return NULL;
}

static void test_mssql__an_idle_connection_outlives_a_deadline(void **state) {
  struct world *w = *state;
  struct mssql *m = connect_to(&w->plain);
  struct err e = {0};
  mssql_deadline(m, clock_now_ms() + 50);
  pause_ms(100);
  assert_int_equal(mssql_alive(m), 1);
  assert_int_equal(mssql_query(m, "SELECT 1 AS a", &e), ERR_TIMEOUT);
  mssql_close(m);
  m = used_under_a_deadline(&w->plain);
  mssql_deadline(m, 0);
  expect_works(m);
  mssql_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      MSSQL_TEST(test_mssql__a_deadline_ends_every_wait),
      MSSQL_TEST(test_mssql__an_interrupt_ends_every_wait),
      MSSQL_TEST(test_mssql__an_idle_connection_outlives_a_deadline),
  };
  return cmocka_run_group_tests(tests, setup_world, teardown_world);
}
