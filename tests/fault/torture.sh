#!/bin/bash
# Every allocation fails in turn: tests/fault/torture.sh BUILD_DIR short|long
# short takes some twenty-five of each case's, long takes all. Against a server of
# its own. TORTURE_CASES="refresh diff" takes only these.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) || exit 2
most=25
[ "${2:-short}" = long ] && most=0
cd "$root" || exit 2

mapfile -t objects < <(printf '%s\n' ext/*.c | sed "s#^ext/\(.*\)\.c#$build/san/\1.o#")
make --no-print-directory -s B="$build" "${objects[@]}" "$build/tds-server" || exit 1
program=$build/fault-torture
gcc -std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -Wall -Wextra \
  -fsanitize=address,undefined -fno-sanitize-recover=undefined -DSQLITE_CORE \
  -Iinclude -Iext -o "$program" "$here"/torture.c "$here"/torture_mem.c \
  "$here"/torture_db.c "$here"/torture_cases.c "${objects[@]}" \
  -lsqlite3 -lsybdb -linih -lgnutls -lpthread -lm || exit 1

work=$(mktemp -d "${TMPDIR:-/tmp}/ordersync-torture.XXXXXX") || exit 1
server=
finish() {
  [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
sqlite3 "$work/server.db" <"$here/torture_server.sql" || exit 1
"$build/tds-server" --db "$work/server.db" --port-file "$work/port" \
  --user reader --password torture --database Sales --encrypt off \
  >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 100); do [ -s "$work/port" ] && break; sleep 0.05; done
[ -s "$work/port" ] || { cat "$work/server.log"; exit 1; }

: >"$work/ordersync.ini"
chmod 600 "$work/ordersync.ini"
ORDERSYNC_PORT=$(cat "$work/port")
export ORDERSYNC_CONFIG=$work/ordersync.ini ORDERSYNC_SERVER=127.0.0.1 \
  ORDERSYNC_PORT ORDERSYNC_DATABASE=Sales \
  ORDERSYNC_USER=reader ORDERSYNC_PASSWORD=torture ORDERSYNC_ENCRYPT=off \
  ORDERSYNC_LOGIN_TIMEOUT=10 ORDERSYNC_QUERY_TIMEOUT=15
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:handle_abort=1:malloc_context_size=4:quarantine_size_mb=8
one() { "$program" "$work" "$most" "$1" >"$work/$1.out" 2>&1; }
export -f one
export work most program
cases=${TORTURE_CASES:-$("$program" -l)}
# shellcheck disable=SC2086
printf '%s\n' $cases | xargs -P "$(nproc)" -I{} bash -c 'one {}'
# shellcheck disable=SC2086
for c in $cases; do cat "$work/$c.out"; done | tee "$build/torture.log"
awk -v cases="$(wc -w <<<"$cases")" '
  / passed, / { passed += $2; failed += $4; n++ }
  END {
    if (n < cases) failed += cases - n
    print "torture: " passed + 0 " passed, " failed + 0 " failed"
    exit failed != 0 || passed == 0
  }' "$build/torture.log"
