#!/bin/sh
# FreeTDS's freebcp as a judge: tables and queries out to files.
set -u
dir=$JUDGE_DIR
ok() { echo "ok $1"; }
no() { echo "not ok $1: $2"; }
same() { # NAME EXPECTED GOT
  if [ "$2" = "$3" ]; then ok "$1"; else no "$1" "wanted $2, got $3"; fi
}
bcp() { # WHAT DIRECTION FILE SECTION
  freebcp "$1" "$2" "$3" -S "$4" -U reader -P secret -D Sales -c -t '|' >"$dir/bcp.log" 2>&1
}
for section in plain tls login v71 v72 v73; do
  rm -f "$dir/bcp.txt"
  bcp 'dbo.many' out "$dir/bcp.txt" $section
  same "table out through $section" 50000 "$(wc -l <"$dir/bcp.txt" | tr -d ' ')"
  same "last row through $section" '50000|A row to fill packets with, number 50000' "$(tail -1 "$dir/bcp.txt")"
  rm -f "$dir/bcp.txt"
  bcp 'SELECT c_int, c_dec, c_money, c_nvarchar, c_guid FROM every_type ORDER BY c_int' queryout "$dir/bcp.txt" $section
  same "query out through $section" 6 "$(wc -l <"$dir/bcp.txt" | tr -d ' ')"
  same "max through $section" \
    '2147483647|9999999999999999999999999999.9999999999|922337203685477.5807|zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz|FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF' \
    "$(tail -1 "$dir/bcp.txt")"
done
bcp 'dbo.vwNowhere' out "$dir/none.txt" plain && no 'missing view' 'freebcp succeeded'
holds() { # NAME TEXT: freebcp said it
  if grep -q "$2" "$dir/bcp.log"; then ok "$1"; else no "$1" "$(head -2 "$dir/bcp.log" | tr '\n' ' ')"; fi
}
holds 'missing view is 208' 'Invalid object name'
freebcp 'SELECT 1' queryout "$dir/none.txt" -S plain -U reader -P nonsense -c >"$dir/bcp.log" 2>&1
holds 'wrong password' 'Login failed'
