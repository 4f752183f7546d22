#!/bin/bash
# make install and uninstall, what the library exports, what it says to an old
# SQLite, the schedules: tests/install/run.sh BUILD_DIR
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd) || exit 2
dir=$build/install
rm -rf "$dir" && mkdir -p "$dir"
passed=0 failed=0 skipped=0
version=$(sed -n 's/^#define ORDERSYNC_VERSION "\(.*\)"/\1/p' \
  "$root/include/ordersync.h")

check() { # name expected actual
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
    echo "ok   $1"
  else
    failed=$((failed + 1))
    printf 'FAIL %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
  fi
}

make -s -C "$root" install DESTDIR="$dir/stage" PREFIX=/usr >"$dir/make.log" 2>&1
lib=$dir/stage/usr/lib
check "loads by its plain name from any folder" "$version" \
  "$(cd / && LD_LIBRARY_PATH=$lib sqlite3 :memory: '.load ordersync' \
    "SELECT json_extract(ordersync_version(), '\$.ordersync')" 2>&1)"
check "the installed scripts load the installed library" ".load ordersync" \
  "$(cd "$dir/stage/usr/share/ordersync" && grep -h '^.load' refresh.sql report.sql | sort -u)"
check "the man page has this version and names the installed folder" \
  "ordersync $version, /usr/share/ordersync" \
  "$(sed -n 's/^\.TH.*"\(ordersync .*\)"$/\1/p; s/^\.I \(\/usr\/share\/ordersync\)$/, \1/p' \
    "$dir/stage/usr/share/man/man7/ordersync.7" | tr -d '\n')"
check "what a container runs can be run" 755 \
  "$(stat -c %a "$dir/stage/usr/share/ordersync/schedule/ordersync-loop")"
check "its soname is what ldconfig lists" "ordersync.so" \
  "$(readelf -d "$lib/libordersync.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')"
cat >"$dir/use.c" <<'C'
#include <ordersync.h>
int main(void) { return ORDERSYNC_SQLITE_FLOOR == 0; }
C
check "the installed header compiles on its own" "" \
  "$(cc -Wall -Wextra -I"$dir/stage/usr/include" -c "$dir/use.c" -o /dev/null 2>&1)"
make -s -C "$root" uninstall DESTDIR="$dir/stage" PREFIX=/usr >>"$dir/make.log" 2>&1
check "uninstall leaves no file" "" "$(find "$dir/stage" ! -type d)"

check "one exported symbol" "sqlite3_ordersync_init" \
  "$(nm -D --defined-only "$root/ordersync.so" | awk '{print $3}')"
check "SQLite comes through the API table alone" "" \
  "$(nm -D --undefined-only "$root/ordersync.so" | grep -o 'sqlite3_.*')"

# ---- inside a program ----------------------------------------------------------
cat >"$dir/inside.c" <<'C'
#include <ordersync.h>
#include <stdio.h>
int main(void) {
  sqlite3 *db;
  sqlite3_stmt *stmt;
  sqlite3_auto_extension((void (*)(void))sqlite3_ordersync_init);
  if (sqlite3_open(":memory:", &db) ||
      sqlite3_prepare_v2(db, "SELECT ordersync_version() ->> 'ordersync', "
                         "(SELECT ok FROM ordersync_check WHERE step = 'versions')",
                         -1, &stmt, NULL) || sqlite3_step(stmt) != SQLITE_ROW)
    return puts(sqlite3_errmsg(db));
  return printf("%s %d\n", sqlite3_column_text(stmt, 0),
                sqlite3_column_int(stmt, 1)) < 0;
}
C
make -s -j"$(nproc)" -C "$root" B="$dir/build" CFLAGS=-O0 static \
  >>"$dir/make.log" 2>&1
# shellcheck disable=SC2046 # words
check "it works inside a program" "$version 1" \
  "$(cd "$root" && cc -Iinclude -o "$dir/inside" "$dir/inside.c" \
    "$dir/build/libordersync.a" $(make -s B="$dir/build" libs) 2>&1 && "$dir/inside")"
if c++ --version >/dev/null 2>&1; then
  check "C++ takes the header and knows the function by its name in C" "" \
    "$(printf '%s\n' '#include "ordersync.h"' \
      'auto f = reinterpret_cast<void (*)(void)>(sqlite3_ordersync_init);' |
      c++ -Wall -Wextra -Wpedantic -Wold-style-cast -I"$root/include" -x c++ \
        -c -o "$dir/cxx.o" - 2>&1; nm -u "$dir/cxx.o" | grep -vw sqlite3_ordersync_init)"
else
  skipped=$((skipped + 1))
  echo "skip the header in C++ (1 test): no C++ compiler is here"
fi

cc -o "$dir/old_host" "$root/tests/install/old_host.c" -ldl
check "an old SQLite is refused with a clear message" \
  "1 ordersync $version needs SQLite 3.38.0 or newer; this program has 3.37.2" \
  "$("$dir/old_host" "$root/ordersync.so" 2>&1)"

# ---- what the build lacks ------------------------------------------------------
sybdb=$(cc -print-file-name=libsybdb.a)
needs() { "$root/tests/needs.sh" "$@" 2>&1; }
check "a machine that has everything is told nothing" "" "$(needs "$sybdb" cc)"
check "without a compiler it says what to install" \
  "ordersync cannot be built without: gcc. Install what is missing by \
tests/setup.sh build, or as root: apt-get install gcc" \
  "$(needs "$sybdb" no-such-cc)"
check "without the headers it says what to install" \
  "ordersync cannot be built without: libc6-dev libsqlite3-dev libinih-dev \
freetds-dev libgnutls28-dev libkrb5-dev. Install what is missing by \
tests/setup.sh build, or as root: apt-get install libc6-dev libsqlite3-dev \
libinih-dev freetds-dev libgnutls28-dev libkrb5-dev" "$(needs "$sybdb" cc -nostdinc | head -n 1)"
check "without FreeTDS's archive it says how to bring one" \
  "A FreeTDS of your own: make FREETDS=/prefix" "$(needs "$dir/none.a" cc | tail -n 1)"
mkdir -p "$dir/old"
printf '#define SQLITE_VERSION "3.37.2"\n#define SQLITE_VERSION_NUMBER 3037002\n' \
  >"$dir/old/sqlite3.h"
echo 'freetds v1.2.18' >"$dir/old/libsybdb.a"
check "an SQLite of Ubuntu 22.04 is too old to build with" \
  "ordersync needs SQLite 3.38 or newer; sqlite3.h here is of 3.37.2. Debian 12 \
and Ubuntu 24.04 have it." "$(needs "$sybdb" cc -I"$dir/old")"
check "make stops at that sentence" 1 \
  "$(make -C "$root" B="$dir/old/build" SO="$dir/old/x.so" CPPFLAGS=-I"$dir/old" 2>&1 |
    grep -c -e 'of 3\.37\.2' -e 'error:')"
check "a header that is too old stops a program, too" "1" \
  "$(echo '#include "ordersync.h"' | cc -I"$dir/old" -I"$root/include" -E - 2>&1 |
    grep -c 'error: .*needs SQLite 3.38')"
check "an old FreeTDS is named" \
  "ordersync needs FreeTDS 1.3 or newer; libsybdb.a here is of 1.2.18. Debian 12 \
and Ubuntu 24.04 have it." "$(needs "$dir/old/libsybdb.a" cc)"

# ---- the schedules, which check-roots sees at work -------------------------------
mkdir -p "$dir/fake"
cat >"$dir/fake/sqlite3" <<'FAKE'
#!/bin/sh
[ "$2" = works ] && echo refreshed
FAKE
chmod +x "$dir/fake/sqlite3"
# One round of the container's loop; sh may be any of these.
loop() { # shell database
  local pid
  # shellcheck disable=SC2086 # a shell may have an option
  PATH=$dir/fake:$PATH $1 "$root/sql/schedule/ordersync-loop" 600 "$2" x \
    >"$dir/loop.out" 2>&1 &
  pid=$!
  for _ in $(seq 400); do
    grep -q 'refreshed\|failed' "$dir/loop.out" && break
    sleep 0.05
  done
  sleep 0.3 # a failure may still be told
  kill -TERM $pid
  for _ in $(seq 400); do kill -0 $pid 2>/dev/null && sleep 0.05; done
  kill -KILL $pid 2>/dev/null
  wait $pid
  echo "$? $(sed 1d "$dir/loop.out")"
}
for shell in dash "bash --posix" "busybox sh" mksh; do
  command -v "${shell%% *}" >/dev/null || continue
  check "a container's loop under $shell tells what worked and what failed" \
    "0 refreshed 0 ordersync-loop: failed; next try in 600 s" \
    "$(loop "$shell" works) $(loop "$shell" fails)"
done
units="$root/sql/schedule"
check "cron reads a file of this name" "ordersync-cron" \
  "$(cd "$units" && find . -name '*cron*' | sed 's#^\./##' | grep -x '[A-Za-z0-9_-]*')"
check "cron reads a file that ends in a newline" 1 \
  "$(tail -c 1 "$units/ordersync-cron" | wc -l)"
if command -v systemd-analyze >/dev/null; then
  cp "$units"/ordersync*.service "$units"/ordersync.timer "$dir/"
  check "systemd accepts the services and the timer" "" \
    "$(systemd-analyze verify "$dir"/ordersync*.service "$dir/ordersync.timer" 2>&1 |
      grep -F ordersync)"
  check "systemd's service is exposed to little" "" \
    "$(systemd-analyze security --offline=true --threshold=20 --no-pager \
      "$dir/ordersync.service" 2>&1 >/dev/null)"
  check "the timer's time is one" "*-*-* *:00/5:00" \
    "$(systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' "$units/ordersync.timer")" |
      sed -n 's/^Normalized form: //p')"
else
  skipped=$((skipped + 3))
  echo "skip the systemd units (3 tests): systemd-analyze is not here"
fi
tally="$passed passed, $failed failed"
[ $skipped = 0 ] || tally="$tally, $skipped skipped"
echo "install: $tally"
[ $failed = 0 ]
