/*
** What a sync remembers is true of its settings and its profile's as they were.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "sync/state.h"
#include <cmocka.h>

#include <string.h>

/* What the settings are hashed to. */
static const char *hash(sqlite3 *db, const struct mapping *m,
                        const struct profile *p) {
  static char text[64];
  struct state s;
  struct target t = {0};
  struct err e = {0};
  if (state_load(&s, db, m, &t, p, &e)) fail_msg("%s", e.text);
  assert_true(strlen(s.config_now) < sizeof text);
  strcpy(text, s.config_now);
  state_clear(&s);
  return text;
}

static void test_state__another_place_or_login_is_another(void **state) {
  char a[] = "a", b[] = "b";
  struct mapping_column column = {.source = a, .target = a};
  struct mapping m = {
      .sync = a, .source = a, .target = a, .n_columns = 1, .columns = &column};
  struct profile p = {.server = a, .database = a, .user = a, .port = 1};
  char **texts[] = {
      &p.server, &p.instance,    &p.freetds_section, &p.database, &p.user,
      &m.source, &m.filter,      &m.target,          &m.key,      &m.watermark,
      &m.probe,  &column.source, &column.target};
  char was[64];
  sqlite3 *db;
  (void)state;
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  sqlite3_exec(db,
               "CREATE TABLE ordersync_state(sync, config, watermark, probe, "
               "since_full, rows)",
               0, 0, 0);
  strcpy(was, hash(db, &m, &p));
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *old = *texts[i];
    *texts[i] = b;
    assert_string_not_equal(hash(db, &m, &p), was);
    *texts[i] = old;
  }
  column.kind = KIND_DATE;
  assert_string_not_equal(hash(db, &m, &p), was);
  column.kind = KIND_RAW;
  p.port = 2;
  assert_string_not_equal(hash(db, &m, &p), was);
  p.port = 1;
  m.mode = MODE_DIFF;
  assert_string_not_equal(hash(db, &m, &p), was);
  m.mode = MODE_REPLACE;
  m.on_missing = MISSING_NULL;
  assert_string_not_equal(hash(db, &m, &p), was);
  m.on_missing = MISSING_ERROR;
  m.batch_size = p.query_timeout = 7; /* ask for the same rows */
  assert_string_equal(hash(db, &m, &p), was);
  sqlite3_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_state__another_place_or_login_is_another),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
