#!/bin/sh
# FreeTDS's tsql as a judge: logins, versions, errors, batches.
set -u
ok() { echo "ok $1"; }
no() { echo "not ok $1: $2"; }
run() { # SECTION SQL: what tsql prints
  printf '%s\ngo\n' "$2" | tsql -S "$1" -U reader -P "${3:-secret}" -D "${4:-Sales}" -o q 2>&1
}
want() { # NAME EXPECTED-PART OUTPUT
  case $3 in *"$2"*) ok "$1" ;; *) no "$1" "$(printf %s "$3" | tr '\n' '|' | cut -c1-200)" ;; esac
}

for section in plain tls login v71 v72 v73; do
  want "reads through $section" 'Łódź 東京 😀' "$(run $section "SELECT c_nvarchar FROM every_type WHERE [row] = 'unicode'")"
  want "reads decimals through $section" '12345678901234567890.1234567891' \
    "$(run $section "SELECT c_dec FROM every_type WHERE [row] = 'unicode'")"
done
want 'refuses an unknown CA' 'Error 20002' "$(run untrusted 'SELECT 1')"
want 'wrong password is 18456' '18456' "$(run plain 'SELECT 1' nonsense)"
want 'wrong password says for whom' "Login failed for user 'reader'" "$(run tls 'SELECT 1' nonsense)"
want 'unknown database is 4060' '4060' "$(run plain 'SELECT 1' secret Nowhere)"
want 'missing view is 208' 'Msg 208 (severity 16, state 1)' "$(run plain 'SELECT * FROM dbo.vwNowhere')"
want 'missing view is named' "Invalid object name 'dbo.vwNowhere'." "$(run plain 'SELECT * FROM dbo.vwNowhere')"
want 'missing column is 207' "Invalid column name 'nope'." "$(run plain 'SELECT nope FROM many')"
want 'a second missing column too' "Invalid column name 'neither'." "$(run plain 'SELECT nope, neither FROM many')"
want 'errors know their line' 'Line 3' "$(run plain 'SELECT 1

SELECT nope FROM many')"
want 'syntax error is 102' 'Msg 102 (severity 15' "$(run plain 'SELECT n FROM many WHERE n = = 2')"
want 'keyword error is 156' "Incorrect syntax near the keyword 'FROM'." "$(run plain 'SELECT FROM many')"
want 'a compile error stops the batch' 'Msg 207' "$(run plain 'SELECT 77 AS seen SELECT nope FROM many')"
case $(run plain 'SELECT 77 AS seen SELECT nope FROM many') in
*77*) no 'a compile error returns no rows' 'rows came' ;;
*) ok 'a compile error returns no rows' ;;
esac
want 'several results' '22' "$(run plain 'SELECT 11 AS a SELECT 22 AS b')"
want 'PRINT is a message' 'said' "$(run plain "PRINT 'said'")"
want 'division by zero is 8134' 'Msg 8134' "$(run plain 'SELECT 1/0')"
want 'TOP and ORDER BY' '50000' "$(run plain 'SELECT TOP 1 n FROM many ORDER BY n DESC')"
want 'another schema' 'A-1' "$(run plain 'SELECT [order no] FROM [sales].[vwOrders] WHERE id = 1')"
want 'another database prefix' 'A-1' "$(run plain 'SELECT [order no] FROM Sales.sales.vwOrders WHERE id = 1')"
want 'sp_executesql' '43' "$(run plain "EXEC sp_executesql N'SELECT @a + 1 AS b', N'@a int', @a = 42")"
want 'unknown procedure is 2812' 'Msg 2812' "$(run plain 'EXEC nosuchproc 1')"
want 'all rows of a long result' '50000' "$(run tls 'SELECT n FROM many' | tail -1)"
