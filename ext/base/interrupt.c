/*
** Notices an interrupt while no SQL of the caller's is running.
*/
#include "base/interrupt.h"

#include "base/clock.h"

#include <string.h>

#define TICK_MS 100

enum err_code interrupt_open(struct interrupt *i, sqlite3 *db, struct err *e) {
  memset(i, 0, sizeof *i);
  i->db = db;
  if (sqlite3_prepare_v2(db, "SELECT 1", -1, &i->probe, NULL) ||
      /* Some 3,000 opcodes: hosts ask for their handler every 1,000 or so. */
      sqlite3_prepare_v2(db,
                         "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT "
                         "n+1 FROM c WHERE n<200) SELECT count(*) FROM c",
                         -1, &i->tick, NULL)) {
    err_sqlite(e, db, "preparing the interrupt probe");
    interrupt_close(i);
  }
  return e->code;
}

void interrupt_close(struct interrupt *i) {
  sqlite3_finalize(i->probe);
  sqlite3_finalize(i->tick);
  i->probe = i->tick = NULL;
}

static int step_says_interrupt(sqlite3_stmt *stmt) {
  int rc = sqlite3_step(stmt);
  sqlite3_reset(stmt);
  return rc == SQLITE_INTERRUPT;
}

static int look(struct interrupt *i) {
  sqlite3_int64 now = clock_now_ms();
  if (now - i->ticked_ms >= TICK_MS) {
    i->ticked_ms = now;
    if (i->on_tick) i->on_tick(i->on_tick_arg);
    return step_says_interrupt(i->tick);
  }
#if SQLITE_VERSION_NUMBER >= 3041000
  if (sqlite3_libversion_number() >= 3041000) {
    return sqlite3_is_interrupted(i->db);
  }
#endif
  return step_says_interrupt(i->probe);
}

/* A progress handler says it once: whoever asks again must hear it, too. */
int interrupt_pending(void *arg) {
  struct interrupt *i = arg;
  if (!i->seen) i->seen = look(i);
  return i->seen;
}

void interrupt_sleep(struct interrupt *i, sqlite3_int64 until_ms) {
  sqlite3_int64 left;
  while ((left = until_ms - clock_now_ms()) > 0 && !interrupt_pending(i)) {
    sqlite3_sleep((int)(left < 50 ? left : 50));
  }
}
