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

cc -o "$dir/old_host" "$root/tests/install/old_host.c" -ldl
check "an old SQLite is refused with a clear message" \
  "1 ordersync $version needs SQLite 3.38.0 or newer; this program has 3.37.2" \
  "$("$dir/old_host" "$root/ordersync.so" 2>&1)"

if command -v systemd-analyze >/dev/null; then
  cp "$root"/sql/schedule/ordersync.{service,timer} "$dir/"
  check "systemd accepts the service and the timer" "" \
    "$(systemd-analyze verify "$dir/ordersync.service" "$dir/ordersync.timer" 2>&1 |
      grep -F ordersync)"
else
  skipped=1
  echo "skip systemd-analyze is not here: the units were not verified"
fi
echo "install: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
