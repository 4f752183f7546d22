#!/bin/bash
# Every allocation fails in turn: tests/fault/torture.sh BUILD_DIR short|long
# short takes some twenty-five of each case's, long three hundred. Against a server of
# its own. TORTURE_CASES="refresh diff" takes only these, TORTURE_MOST=100 so many (0: all).
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) || exit 2
most=25
[ "${2:-short}" = long ] && most=300
most=${TORTURE_MOST:-$most}
cd "$root" || exit 2

# Named as the Makefile names them, whose dependencies would else not be heeded.
b=${build#"$root"/}
mapfile -t objects < <(printf '%s\n' ext/*.c | sed "s#^ext/\(.*\)\.c#$b/san/\1.o#")
make --no-print-directory -s B="$b" "${objects[@]}" "$b/tds-server" || exit 1
program=$build/fault-torture
gcc -std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -Wall -Wextra \
  -fsanitize=address,undefined -fno-sanitize-recover=undefined -DSQLITE_CORE \
  -Iinclude -Iext -o "$program" "$here"/torture.c "$here"/torture_mem.c \
  "$here"/torture_db.c "$here"/torture_cases.c "${objects[@]}" \
  -lsqlite3 -lsybdb -linih -lgnutls -lpthread -lm || exit 1

# And a plain one, whose malloc() replaces libc's; it loads ordersync.so.
make --no-print-directory -s ordersync.so || exit 1
gcc -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Iinclude -Iext -rdynamic \
  -o "$program-libc" "$here"/torture_libc.c "$here"/torture_alloc.c \
  "$here"/torture_db.c "$here"/torture_cases.c -lsqlite3 -ldl || exit 1

work=$(mktemp -d "${TMPDIR:-/tmp}/ordersync-torture.XXXXXX") || exit 1
servers=()
finish() {
  for pid in "${servers[@]}"; do kill "$pid" && wait "$pid"; done 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
sqlite3 "$work/server.db" <"$here/torture_server.sql" || exit 1
for encrypt in off on; do
  "$build/tds-server" --db "$work/server.db" --port-file "$work/port-$encrypt" \
    --user reader --password torture --database Sales --encrypt $encrypt \
    >"$work/server-$encrypt.log" 2>&1 &
  servers+=($!)
done
for encrypt in off on; do
  for _ in $(seq 100); do [ -s "$work/port-$encrypt" ] && break; sleep 0.05; done
  [ -s "$work/port-$encrypt" ] || { cat "$work"/server-*.log; exit 1; }
done

: >"$work/ordersync.ini"
chmod 600 "$work/ordersync.ini"
ORDERSYNC_PORT=$(cat "$work/port-off")
port_on=$(cat "$work/port-on")
export ORDERSYNC_CONFIG=$work/ordersync.ini ORDERSYNC_SERVER=127.0.0.1 \
  ORDERSYNC_PORT ORDERSYNC_DATABASE=Sales \
  ORDERSYNC_USER=reader ORDERSYNC_PASSWORD=torture ORDERSYNC_ENCRYPT=off \
  ORDERSYNC_LOGIN_TIMEOUT=10 ORDERSYNC_QUERY_TIMEOUT=15
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:handle_abort=1:malloc_context_size=4:quarantine_size_mb=8
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
libraries='libsybdb/refresh libsybdb/live libsybdb/add libgnutls/refresh
  ordersync/refresh'
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
