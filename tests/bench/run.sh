#!/bin/bash
# make bench: tests/bench/run.sh BUILD_DIR
#
# Against the bundled server on this machine, all in one run, so that the
# numbers compare:
#   refresh    5,000 x 68 rows over TLS, by the sqlite3 shell: the CPU time of
#              the whole process, how long the write lock was held, and the
#              same rows replaced by SQLite alone
#   live view  100,000 x 68 rows without TLS, every column read: its CPU time,
#              and a bare DB-Library loop's over the same query
# Fails when a bar is missed. The medians count; a busy machine shows in the
# spread.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
runs=7
live_runs=5
refresh_rows=5000
live_rows=100000
max_refresh_s=0.35
max_lock_ms=250
max_live_ratio=2.0

export LC_ALL=C
unset "${!ORDERSYNC_@}"
dir=$(mktemp -d)
servers=()
finish() {
  for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap finish EXIT
failed=0

for name in bench_bare_insert bench_bare_tds bench_live; do
  "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -o "$dir/$name" \
    "$root/tests/bench/$name.c" -lsqlite3 -lsybdb
done
ln -s "$root/ordersync.so" "$dir/"
cd "$dir"

# start NAME ROWS ENCRYPT OPTION...: a server, a profile, an empty database
start() {
  local name=$1 rows=$2 encrypt=$3
  shift 3
  sqlite3 "$name-server.db" ".parameter init" ".parameter set :rows $rows" \
    "PRAGMA synchronous=OFF" ".read $root/tests/data/make-orders.sql" \
    >/dev/null
  "$build/tds-server" --db "$name-server.db" --port-file "$name.port" \
    --user orders_reader --password bench-only --database Sales "$@" &
  servers+=($!)
  for _ in $(seq 200); do [ -s "$name.port" ] && break; sleep 0.05; done
  (umask 077 && cat >"$name.ini" <<INI
[default]
server = localhost
port = $(cat "$name.port")
database = Sales
user = orders_reader
password = bench-only
encrypt = $encrypt
$([ "$encrypt" = off ] || echo "ca_file = $dir/certs/ca.pem")
INI
  )
  export ORDERSYNC_CONFIG=$dir/$name.ini
  sqlite3 "$name.db" ".load ./ordersync" "SELECT ordersync_install();" \
    >/dev/null
}

# Numbers, one a line, as "median (lowest to highest)" or the median alone.
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
spread() {
  sort -n | awk '{v[NR] = $1} END {
    printf "%s (%s to %s)", v[int((NR + 1) / 2)], v[1], v[NR]}'
}

# bar TEXT VALUE LIMIT: is VALUE at most LIMIT?
bar() {
  if awk -v v="$2" -v limit="$3" 'BEGIN {exit !(v != "" && v + 0 <= limit)}'
  then echo "PASS  $1: $2, at most $3"
  else
    echo "FAIL  $1: $2, at most $3"
    failed=1
  fi
}

refresh() {
  local TIMEFORMAT='%U %S' answer
  for _ in $(seq $runs); do
    { time answer=$(sqlite3 refresh.db ".load ./ordersync" \
      "SELECT ordersync_refresh();"); } 2>refresh.time
    [ "$answer" = $refresh_rows ] || {
      echo "bench: the refresh answered '$answer'" >&2
      exit 1
    }
    awk '{printf "%.3f\n", $1 + $2}' refresh.time >>refresh.cpu
    cp refresh.db bare.db
    ./bench_bare_insert bare.db open_orders 1 >>bare.insert
  done
  sqlite3 refresh.db "SELECT apply_ms FROM ordersync_runs
    WHERE status = 'success'" >refresh.lock
  sqlite3 refresh.db "SELECT fetch_ms FROM ordersync_runs
    WHERE status = 'success'" >refresh.fetch
}

live() {
  local query
  query=$(sqlite3 live.db ".load ./ordersync" "SELECT ordersync_sql();")
  for _ in $(seq $live_runs); do
    ./bench_bare_tds localhost "$(cat live.port)" orders_reader bench-only \
      Sales "$query" 8000 >>live.bare
    ./bench_live ./ordersync live.db "SELECT * FROM ordersync" >>live.view
  done
  if awk -v n=$live_rows '$1 != n' live.bare live.view | grep -q .; then
    echo "bench: not all rows came" >&2
    exit 1
  fi
}

"$root/tests/server/make-cert.sh" certs >/dev/null 2>&1
start refresh $refresh_rows verify --encrypt required \
  --cert certs/server.pem --key certs/server-key.pem
refresh
lock=$(median <refresh.lock)
bare=$(cut -d' ' -f1 bare.insert | median)
echo "refresh of $refresh_rows x 68 rows over TLS, $runs runs"
echo "  client CPU, s        $(spread <refresh.cpu)"
echo "  fetch, ms            $(spread <refresh.fetch)"
echo "  write lock, ms       $(spread <refresh.lock)"
echo "  SQLite alone, ms     $(cut -d' ' -f1 bare.insert | spread)"
awk -v a="$lock" -v b="$bare" \
  'BEGIN {printf "  write lock / SQLite alone  %.2f\n", a / b}'

start live $live_rows off --encrypt unsupported
live
echo "live view of $live_rows x 68 rows without TLS, $live_runs runs"
echo "  DB-Library alone, CPU s  $(cut -d' ' -f2 live.bare | spread)"
echo "  live view, CPU s         $(cut -d' ' -f2 live.view | spread)"
# Each run by the one next to it: a machine that slows down slows both.
paste -d' ' live.view live.bare | awk '{printf "%.2f\n", $2 / $5}' >live.ratio
echo "  live view / DB-Library   $(spread <live.ratio)"

bar "refresh, client CPU in s" "$(median <refresh.cpu)" $max_refresh_s
bar "refresh, write lock in ms" "$lock" $max_lock_ms
bar "live view, CPU over DB-Library's" "$(median <live.ratio)" \
  $max_live_ratio
[ $failed = 0 ]
