#!/bin/bash
# Every allocation fails in turn: tests/fault/torture.sh BUILD_DIR short|long
# short takes some twelve of each case's, long three hundred. Against a server of
# its own. TORTURE_CASES="refresh diff" takes only these, TORTURE_MOST=100 so many (0: all).
set -u
# shellcheck source=tests/fault/common.sh
. "$(dirname "$0")/common.sh" "${1:-}" || exit 2
most=12
[ "${2:-short}" = long ] && most=300
most=${TORTURE_MOST:-$most}

program=$build/fault-torture
sanitised_program "$program" "$here"/torture.c "$here"/torture_mem.c \
  "$here"/torture_db.c "$here"/torture_cases.c

# And a plain one, whose malloc() replaces libc's; it loads ordersync.so.
make --no-print-directory -s ordersync.so || exit 1
compile -o "$program-libc" -rdynamic "$here"/torture_libc.c \
  "$here"/torture_alloc.c "$here"/torture_db.c "$here"/torture_cases.c \
  -lsqlite3 -ldl

make_work torture "$here/torture_server.sql"
start_servers torture off on
export_profile torture
ORDERSYNC_PORT=$(cat "$work/port-off")
port_on=$(cat "$work/port-on")
export ORDERSYNC_PORT ORDERSYNC_LOGIN_TIMEOUT=10 ORDERSYNC_QUERY_TIMEOUT=15
export TORTURE_EXTENSION=$root/ordersync.so
one() {
  case $1 in
    libgnutls/*) export ORDERSYNC_ENCRYPT=require ORDERSYNC_PORT=$port_on ;;
  esac
  case $1 in
    */*) "$program-libc" "$work" "$most" "${1#*/}" "${1%/*}" ;;
    *) "$program" "$work" "$most" "$1" ;;
  esac >"$work/${1/\//-}.out" 2>&1
}
export -f one
export work most program port_on
# Of SQLite's allocations, every case; of the libraries', what makes them work.
libraries='ordersync/refresh ordersync/live ordersync/add libgnutls/refresh'
cases=${TORTURE_CASES:-$("$program" -l) $libraries}
# shellcheck disable=SC2086
printf '%s\n' $cases | xargs -P "$(nproc)" -I{} bash -c 'one {}'
for c in $cases; do cat "$work/${c/\//-}.out"; done | tee "$build/torture.log"
awk -v cases="$(wc -w <<<"$cases")" '
  / passed, / { passed += $2; failed += $4; n++ }
  END {
    if (n < cases) failed += cases - n
    print "torture: " passed + 0 " passed, " failed + 0 " failed"
    exit failed != 0 || passed == 0
  }' "$build/torture.log"
