#!/bin/bash
# live.sh on the bundled server, as if it were somebody else's: a profile, a
# scratch database, tables made by T-SQL. tests/sql/live-bundled.sh BUILD_DIR
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd) || exit 2
least=24 # tests; fewer: some were lost
[ -d "$build/certs" ] || "$here/../server/make-cert.sh" "$build/certs" \
  >/dev/null 2>&1 || { echo "cannot make certificates"; exit 1; }
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT
sqlite3 "$dir/scratch.db" "CREATE TABLE ordersync_scratch(a int)"
"$build/tds-server" --db "$dir/scratch.db" --port-file "$dir/port" \
  --user tester --password 'Other;s3cret' --database scratch --encrypt required \
  --cert "$build/certs/server.pem" --key "$build/certs/server-key.pem" \
  >"$dir/server.err" 2>&1 &
server=$!
for _ in $(seq 400); do [ -s "$dir/port" ] && break; sleep 0.05; done
[ -s "$dir/port" ] || { cat "$dir/server.err"; exit 1; }
echo 'Other;s3cret' >"$dir/secret"
cat >"$dir/ordersync.ini" <<INI
[default]
server = nowhere.invalid

[any]
server = localhost,$(cat "$dir/port")
database = scratch
user = tester
password_file = $dir/secret ; its first line
ca_file = $build/certs/ca.pem
INI
chmod 600 "$dir/secret" "$dir/ordersync.ini"

PROFILE=any SOURCE='' ORDERSYNC_CONFIG=$dir/ordersync.ini \
  "$here/live.sh" "$build" | tee "$dir/out"
failed=$(sed -n 's/^live: .* passed, \([0-9]*\) failed/\1/p' "$dir/out")
passed=$(sed -n 's/^live: \([0-9]*\) passed.*/\1/p' "$dir/out")
left=$(sqlite3 "$dir/scratch.db" \
  "SELECT group_concat(name) FROM sqlite_schema WHERE name <> 'ordersync_scratch'")
if [ -n "$left" ]; then
  echo "FAIL it left tables there: $left"
  failed=$((failed + 1))
fi
PROFILE=any SOURCE=dbo.ordersync_scratch ORDERSYNC_CONFIG=$dir/ordersync.ini \
  "$here/live.sh" "$build" | tee "$dir/read-only"
grep -q '^live: 7 passed, 0 failed' "$dir/read-only" || failed=$((failed + 1))
# A database that does not say that it is a scratch one is left alone.
sqlite3 "$dir/scratch.db" "DROP TABLE ordersync_scratch"
if PROFILE=any SOURCE='' ORDERSYNC_CONFIG=$dir/ordersync.ini \
  "$here/live.sh" "$build" >"$dir/refused" 2>&1 ||
  [ -n "$(sqlite3 "$dir/scratch.db" "SELECT name FROM sqlite_schema")" ]; then
  echo "FAIL it made tables in a database that is no scratch one"
  failed=$((failed + 1))
fi
if [ "${passed:-0}" -lt $least ]; then
  echo "FAIL ${passed:-0} tests ran, at least $least should"
  failed=$((failed + 1))
fi
echo "live: ${passed:-0} passed, ${failed:-1} failed"
[ "${failed:-1}" = 0 ]
