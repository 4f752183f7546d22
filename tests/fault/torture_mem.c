/*
** SQLite's own allocator, with a counter and a bomb in front of it.
*/
#include "torture.h"

static sqlite3_mem_methods real;

/* Only the torturing thread allocates through SQLite. */
static struct {
  int armed, sticky;
  long nth, count;
} bomb;

static int goes_off(void) {
  if (!bomb.armed) return 0;
  bomb.count++;
  if (bomb.nth == 0) return 0;
  return bomb.sticky ? bomb.count >= bomb.nth : bomb.count == bomb.nth;
}

static void *bomb_malloc(int n) {
  return goes_off() ? NULL : real.xMalloc(n);
}

static void *bomb_realloc(void *old, int n) {
  return goes_off() ? NULL : real.xRealloc(old, n);
}

int mem_install(void) {
  sqlite3_mem_methods mine;
  int rc = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
  if (rc) return rc;
  mine = real;
  mine.xMalloc = bomb_malloc;
  mine.xRealloc = bomb_realloc;
  rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &mine);
  if (rc) return rc;
  rc = sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
  if (rc) return rc;
  rc = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 1);
  return rc ? rc : sqlite3_initialize();
}

void mem_arm(long nth, int sticky) {
  bomb.nth = nth;
  bomb.sticky = sticky;
  bomb.count = 0;
  bomb.armed = 1;
}

long mem_disarm(void) {
  bomb.armed = 0;
  return bomb.count;
}
