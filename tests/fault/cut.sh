#!/bin/bash
# A recorded answer, cut and corrupted at every byte:
#   tests/fault/cut.sh BUILD_DIR short|long
# short takes some places apart from each other, long four times as many;
# CUT_MOST=0 takes every byte (half an hour).
set -u
# shellcheck source=tests/fault/common.sh
. "$(dirname "$0")/common.sh" "${1:-}" || exit 2
most=120
[ "${2:-short}" = long ] && most=1000
most=${CUT_MOST:-$most}

program=$build/fault-cut
sanitised_program "$program" "$here"/cut.c "$here"/cut_db.c "$here"/cut_wire.c

make_work cut "$here/cut_server.sql"
start_servers cutting off
export_profile cutting
# Small packets: their headers, too, are to be cut.
export ORDERSYNC_LOGIN_TIMEOUT=1 ORDERSYNC_QUERY_TIMEOUT=2 \
  ORDERSYNC_PACKET_SIZE=512
ASAN_OPTIONS+=:max_allocation_size_mb=256
CUT_SERVER_PORT=$(cat "$work/port-off") "$program" record "$work" ||
  { echo "cut: cannot record"; exit 1; }
cp "$work/stream" "$build/cut.stream"
# What counts as the new state was written down, not taken from this binary: a
# byte too many in each value would else be right everywhere.
columns=$(sqlite3 "$work/template.db" "SELECT group_concat('quote(' || name ||
  ') AS ' || name) FROM pragma_table_info('new_types')")
sqlite3 -line "$work/template.db" "SELECT $columns FROM new_types ORDER BY id" |
  sed 's/^\( *[a-z0-9_]*\): /\1 = /' >"$build/cut_rows.out" # newer shells: ":"
diff "$here/cut_rows.out" "$build/cut_rows.out" ||
  { echo "cut: 0 passed, 1 failed"; exit 1; }
"$program" run "$work" "$most"
