#!/bin/bash
# make check-live PROFILE=name [SOURCE=dbo.vwX]: is a server of yours as the
# bundled one is? PROFILE is a section of the ordersync.ini that the extension
# would read. Without one it fails: here a skip is a failure.
#
# Without SOURCE, every test of this folder that asks for no fault and does not
# look into the bundled server runs on the profile's database, one after the
# other. It must be a scratch one: tables are made and dropped in it. So that no
# other is taken for one, it has a table dbo.ordersync_scratch, and, as somebody
# who may,
#   CREATE DATABASE scratch;
#   USE scratch;
#   EXEC('CREATE SCHEMA sales');
#   CREATE TABLE dbo.ordersync_scratch(a int);
#   CREATE USER orders_tester FOR LOGIN orders_tester;
#   GRANT CREATE TABLE TO orders_tester;
#   GRANT SELECT, INSERT, ALTER ON SCHEMA::dbo TO orders_tester;
#   GRANT SELECT, INSERT, ALTER ON SCHEMA::sales TO orders_tester;
# With SOURCE, a view or table of any database, it reads only: the promises that
# hold on any data.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${1:-$root/build}
profile=${PROFILE:-} source=${SOURCE:-}
for ini in "${ORDERSYNC_CONFIG:-}" "${XDG_CONFIG_HOME:-/}/ordersync.ini" \
  "$HOME/.config/ordersync.ini" /etc/ordersync.ini; do
  [ -f "$ini" ] && break
done
if [ -z "$profile" ]; then
  echo "FAIL no profile: make check-live PROFILE=name [SOURCE=dbo.vwX]"
  echo "live: 0 passed, 1 failed"
  exit 1
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# ---- the tests of this folder ------------------------------------------------

# What of a test only the bundled server can do; also where what it got is
# counted. Lines that begin with SELECT are not compared.
bundled='^\.shell .*\b(fault|server|received|settings|sent *\| *(wc|grep))\b'
if [ -z "$source" ]; then
  names=() others=()
  for f in "$here"/*.sql; do
    n=$(basename "$f" .sql)
    if [ "$n" = fixture ]; then continue; fi
    if grep -qE "$bundled" "$f"; then others+=("$n"); else names+=("$n"); fi
  done
  LIVE_CONFIG=$(realpath "$ini") LIVE_PROFILE=$profile
  export LIVE_CONFIG LIVE_PROFILE
  if ! (cd "$dir" && "$here/bin/live" scratch); then
    echo "FAIL profile $profile has no scratch database; see tests/sql/live.sh"
    echo "live: 0 passed, ${#names[@]} failed"
    exit 1
  fi
  echo "for the bundled server only: ${others[*]}"
  "$here/run.sh" -n "$build" "${names[@]}" | sed 's/^sql: /live: /'
  exit "${PIPESTATUS[0]}"
fi

# ---- promises that hold on any data ------------------------------------------

passed=0 failed=0
cd "$dir" || exit 2
ln -s "$root/ordersync.so" .

query() { sqlite3 -bail -cmd "PRAGMA trusted_schema = ON" orders.db ".load ./ordersync" "$@" 2>&1; }
check() { # name expected actual
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
    echo "ok   $1"
  else
    failed=$((failed + 1))
    printf 'FAIL %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
  fi
}

added=$(query "SELECT ordersync_add('t', '$source', '{\"profile\":\"$profile\"}')")
check "columns are read from the server" 1 "$([ "$added" -gt 0 ] 2>/dev/null && echo 1)"
check "every step of the check is well" 0 \
  "$(query "SELECT count(*) FROM ordersync_check('t') WHERE ok = 0")"
rows=$(query "SELECT ordersync_refresh('t')")
check "a refresh counts what is there" "$rows" "$(query "SELECT count(*) FROM t")"
query "CREATE VIRTUAL TABLE v USING ordersync(sync=t)" >/dev/null
check "the live view has as many rows" "$rows" "$(query "SELECT count(*) FROM v")"
query "SELECT ordersync_refresh('t', '{\"mode\":\"diff\"}')" >/dev/null
check "a second refresh finds nothing to insert, if nothing changed" 0 \
  "$(query "SELECT rows_inserted FROM ordersync_runs ORDER BY id DESC LIMIT 1")"
check "the live view and the copy agree" 0 \
  "$(query "SELECT count(*) FROM (SELECT * FROM v EXCEPT SELECT * FROM t)")"
check "a missing view is message 208" 208 \
  "$(query "UPDATE ordersync_syncs SET source = 'dbo.no_such_view_here'" \
    "SELECT ordersync_refresh('t')" >/dev/null
  query "SELECT error_number FROM ordersync_runs ORDER BY id DESC LIMIT 1")"
echo "live: $passed passed, $failed failed"
[ $failed = 0 ]
