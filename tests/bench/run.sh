#!/bin/bash
# make bench: tests/bench/run.sh BUILD_DIR
#
# Against the bundled server on this machine, all in one run, so that the
# numbers compare:
#   refresh    5,000 x 68 rows with and without TLS, by the sqlite3 shell: the
#              CPU time of the whole process, how long the write lock was held,
#              and the same rows replaced by SQLite alone
#   live view  100,000 x 68 rows without TLS, every column read: the CPU time
#              of the default sync's view and of one made of the source, and a
#              bare DB-Library loop's over the same query
# Fails when a bar is missed. The medians count; a busy machine shows in the
# spread. CALLGRIND=1 adds counts of instructions, which no neighbour disturbs.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
runs=7
live_runs=5
refresh_rows=5000
live_rows=100000
source=dbo.vwZSDOrder_Advanced
max_refresh_s=0.35
max_lock_ms=250
max_live_ratio=1.2

export LC_ALL=C
load=$(cut -d' ' -f1 /proc/loadavg)
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
  "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -g -o "$dir/$name" \
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

# refresh NAME: the first one warms up the server's cache, and is not counted
refresh() {
  local name=$1 TIMEFORMAT='%U %S' answer
  for run in $(seq 0 $runs); do
    # shellcheck disable=SC2094
    { time answer=$(sqlite3 "$name.db" ".load ./ordersync" \
      "SELECT ordersync_refresh();"); } 2>"$name.time"
    [ "$answer" = $refresh_rows ] || {
      echo "bench: the refresh answered '$answer'" >&2
      exit 1
    }
    [ "$run" = 0 ] && continue
    awk '{printf "%.3f\n", $1 + $2}' "$name.time" >>"$name.cpu"
    cp "$name.db" bare.db
    ./bench_bare_insert bare.db open_orders 1 >>"$name.insert"
  done
  for what in apply fetch; do
    sqlite3 "$name.db" "SELECT ${what}_ms FROM ordersync_runs
      WHERE status = 'success' ORDER BY id LIMIT -1 OFFSET 1" >"$name.$what"
  done
}

# tell_refresh NAME TITLE
tell_refresh() {
  local cpu insert
  cpu=$(median <"$1.cpu") insert=$(cut -d' ' -f2 "$1.insert" | median)
  echo "refresh of $refresh_rows x 68 rows $2, $runs runs"
  echo "  client CPU, s          $(spread <"$1.cpu")"
  echo "  fetch, ms              $(spread <"$1.fetch")"
  echo "  write lock, ms         $(spread <"$1.apply")"
  echo "  SQLite alone, ms       $(cut -d' ' -f1 "$1.insert" | spread)"
  echo "  SQLite alone, CPU ms   $(cut -d' ' -f2 "$1.insert" | spread)"
  awk -v a="$(median <"$1.apply")" -v b="$(cut -d' ' -f1 "$1.insert" | median)" \
    'BEGIN {printf "  write lock / SQLite alone  %.2f\n", a / b}'
  awk -v a="$cpu" -v b="$insert" \
    'BEGIN {printf "  client CPU / SQLite alone  %.2f\n", 1000 * a / b}'
}

live() {
  local query
  query=$(sqlite3 live.db ".load ./ordersync" "SELECT ordersync_sql();")
  bare=(./bench_bare_tds localhost "$(cat live.port)" orders_reader bench-only
    Sales "$query" 8000)
  view=(./bench_live ./ordersync live.db "SELECT * FROM ordersync")
  made=(./bench_live ./ordersync live.db "SELECT * FROM v"
    "CREATE VIRTUAL TABLE temp.v USING ordersync(source='$source')")
  "${bare[@]}" >/dev/null
  for _ in $(seq $live_runs); do
    "${bare[@]}" >>live.bare
    "${view[@]}" >>live.view
    "${made[@]}" >>live.made
  done
  if awk -v n=$live_rows '$1 != n' live.bare live.view live.made | grep -q .
  then
    echo "bench: not all rows came" >&2
    exit 1
  fi
}

# Each run by the one next to it: a machine that slows down slows both.
ratio() { paste -d' ' "$1" live.bare | awk '{printf "%.2f\n", $2 / $5}'; }

# instructions TITLE COMMAND...: millions, of the whole process but for the
# bare insert's reading
instructions() {
  local title=$1
  shift
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 |
    awk -v t="$title" '/refs:/ {gsub(",", "", $NF)
      printf "  %-24s %d\n", t, $NF / 1e6}'
}

"$root/tests/server/make-cert.sh" certs >/dev/null 2>&1
start tls $refresh_rows verify --encrypt required \
  --cert certs/server.pem --key certs/server-key.pem
start plain $refresh_rows off --encrypt unsupported
start live $live_rows off --encrypt unsupported
for name in tls plain; do
  export ORDERSYNC_CONFIG=$dir/$name.ini
  refresh $name
done
export ORDERSYNC_CONFIG=$dir/live.ini
live
ratio live.view >view.ratio
ratio live.made >made.ratio

# Wall-clock time, such as the lock's, is fair on an idle machine only.
echo "load average when it began: $load, with $(nproc) processors"
tell_refresh tls "over TLS"
tell_refresh plain "without TLS"
echo "live view of $live_rows x 68 rows without TLS, $live_runs runs"
echo "  DB-Library alone, CPU s  $(cut -d' ' -f2 live.bare | spread)"
echo "  ordersync, CPU s         $(cut -d' ' -f2 live.view | spread)"
echo "  source='...', CPU s      $(cut -d' ' -f2 live.made | spread)"
echo "  ordersync / DB-Library   $(spread <view.ratio)"
echo "  source= / DB-Library     $(spread <made.ratio)"
if [ -n "${CALLGRIND:-}" ]; then
  export ORDERSYNC_CONFIG=$dir/plain.ini
  bare[2]=$(cat plain.port)
  echo "millions of instructions, $refresh_rows rows without TLS"
  instructions "refresh" sqlite3 plain.db ".load ./ordersync" \
    "SELECT ordersync_refresh();"
  instructions "SQLite alone" --toggle-collect=replace_rows \
    ./bench_bare_insert bare.db open_orders 1
  instructions "DB-Library alone" "${bare[@]}"
  instructions "live view" ./bench_live ./ordersync plain.db \
    "SELECT * FROM ordersync"
fi

for name in tls plain; do
  bar "refresh ($name), client CPU in s" "$(median <$name.cpu)" $max_refresh_s
  bar "refresh ($name), write lock in ms" "$(median <$name.apply)" $max_lock_ms
done
bar "live view, CPU over DB-Library's" "$(median <view.ratio)" $max_live_ratio
bar "live view of a source, the same" "$(median <made.ratio)" $max_live_ratio
[ $failed = 0 ]
