#!/bin/bash
# make check-live PROFILE=name [SOURCE=dbo.vwX]: the promises that hold on any
# server, tried on the one that a profile of your ordersync.ini names. Reads
# only. Without a profile it fails: here a skip is a failure.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
profile=${PROFILE:-} source=${SOURCE:-dbo.vwZSDOrder_Advanced}
passed=0 failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
ln -s "$root/ordersync.so" .

query() { sqlite3 -bail orders.db ".load ./ordersync" "$@" 2>&1; }
check() { # name expected actual
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
    echo "ok   $1"
  else
    failed=$((failed + 1))
    printf 'FAIL %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
  fi
}

if [ -z "$profile" ]; then
  echo "FAIL no profile: make check-live PROFILE=name [SOURCE=dbo.vwX]"
  failed=1
else
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
fi
echo "live: $passed passed, $failed failed"
[ $failed = 0 ]
