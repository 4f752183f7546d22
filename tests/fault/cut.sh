#!/bin/bash
# A recorded answer, cut and corrupted at every byte:
#   tests/fault/cut.sh BUILD_DIR short|long
# short takes some places apart from each other, long four times as many;
# CUT_MOST=0 takes every byte (half an hour).
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) || exit 2
most=120
[ "${2:-short}" = long ] && most=1000
most=${CUT_MOST:-$most}
cd "$root" || exit 2

# Named as the Makefile names them, whose dependencies would else not be heeded.
b=${build#"$root"/}
mapfile -t objects < <(printf '%s\n' ext/*.c | sed "s#^ext/\(.*\)\.c#$b/san/\1.o#")
make --no-print-directory -s B="$b" "${objects[@]}" "$b/tds-server" || exit 1
program=$build/fault-cut
gcc -std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -Wall -Wextra \
  -fsanitize=address,undefined -fno-sanitize-recover=undefined -DSQLITE_CORE \
  -Iinclude -Iext -o "$program" "$here"/cut.c "$here"/cut_db.c \
  "$here"/cut_wire.c "${objects[@]}" \
  -lsqlite3 -lsybdb -linih -lgnutls -lpthread -lm || exit 1

work=$(mktemp -d "${TMPDIR:-/tmp}/ordersync-cut.XXXXXX") || exit 1
server=
finish() {
  [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
sqlite3 "$work/server.db" <"$here/cut_server.sql" || exit 1
"$build/tds-server" --db "$work/server.db" --port-file "$work/port" \
  --user reader --password cutting --database Sales --encrypt off \
  >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 100); do [ -s "$work/port" ] && break; sleep 0.05; done
[ -s "$work/port" ] || { cat "$work/server.log"; exit 1; }

: >"$work/ordersync.ini"
chmod 600 "$work/ordersync.ini"
# Small packets: their headers, too, are to be cut.
export ORDERSYNC_CONFIG=$work/ordersync.ini ORDERSYNC_SERVER=127.0.0.1 \
  ORDERSYNC_DATABASE=Sales ORDERSYNC_USER=reader ORDERSYNC_PASSWORD=cutting \
  ORDERSYNC_ENCRYPT=off ORDERSYNC_LOGIN_TIMEOUT=1 ORDERSYNC_QUERY_TIMEOUT=2 \
  ORDERSYNC_PACKET_SIZE=512
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:max_allocation_size_mb=256:handle_abort=1:malloc_context_size=4:quarantine_size_mb=8
CUT_SERVER_PORT=$(cat "$work/port") "$program" record "$work" ||
  { echo "cut: cannot record"; exit 1; }
cp "$work/stream" "$build/cut.stream"
# What counts as the new state was written down, not taken from this binary: a
# byte too many in each value would else be right everywhere.
columns=$(sqlite3 "$work/template.db" "SELECT group_concat('quote(' || name ||
  ') AS ' || name) FROM pragma_table_info('new_types')")
sqlite3 -line "$work/template.db" "SELECT $columns FROM new_types ORDER BY id" \
  >"$build/cut_rows.out"
diff "$here/cut_rows.out" "$build/cut_rows.out" ||
  { echo "cut: 0 passed, 1 failed"; exit 1; }
"$program" run "$work" "$most"
