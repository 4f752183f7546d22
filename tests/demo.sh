#!/bin/bash
# make demo: the whole thing, on this machine alone. Every command that matters
# is shown before it runs; they work the same against a real server.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
server=
finish() {
  status=$?
  [ -n "$server" ] && kill "$server" 2>/dev/null
  rm -rf "$dir"
  [ $status = 0 ] || echo "demo: failed" >&2
}
trap finish EXIT
cd "$dir"
ln -s "$root/ordersync.so" .
ln -s "$root/sql" .
unset ORDERSYNC_LOG XDG_CONFIG_HOME

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
  printf '$ %s\n' "$*"
  eval "$*"
}

say "1. A SQL Server look-alike with 2,435 orders, over TLS"
"$root/tests/server/make-cert.sh" certs >/dev/null 2>&1
sqlite3 server.db ".parameter init" ".parameter set :rows 2435" \
  ".read $root/tests/data/make-orders.sql"
"$root/build/tds-server" --db server.db --port 0 --port-file port \
  --user orders_reader --password 'demo-only' --database Sales \
  --cert certs/server.pem --key certs/server-key.pem --encrypt required &
server=$!
for _ in $(seq 400); do [ -s port ] && break; sleep 0.05; done
echo "listening on localhost port $(cat port)"

say "2. A profile: where the server is and who we are; never in the database"
umask 077
cat >ordersync.ini <<INI
[default]
server   = localhost
port     = $(cat port)
database = Sales
user     = orders_reader
password = demo-only
ca_file  = $dir/certs/ca.pem
INI
run "export ORDERSYNC_CONFIG=\$PWD/ordersync.ini"
run "sed 's/^password.*/password = .../' ordersync.ini"

say "3. Install: the tables, the run log and the 68-column mapping"
run "sqlite3 orders.db '.load ./ordersync' 'SELECT ordersync_install();'"
run "sqlite3 orders.db '.load ./ordersync' '.mode column' 'SELECT * FROM ordersync_check;'"

say "4. Refresh: fetch all, then truncate and insert in one transaction"
run "sqlite3 orders.db '.load ./ordersync' 'SELECT ordersync_refresh();'"
run "sqlite3 -box orders.db 'SELECT id, sales_doc, cust_name, order_date, order_qty, order_status FROM open_orders LIMIT 5;'"

say "5. Somebody works in SAP; five minutes later cron runs the next refresh"
sqlite3 server.db "
  UPDATE vwZSDOrder_Advanced SET orderStatus = 'Shipped' WHERE rowid % 50 = 0;
  DELETE FROM vwZSDOrder_Advanced WHERE rowid > 2400;"
run "sqlite3 orders.db < sql/refresh.sql"
run "sqlite3 -box orders.db 'SELECT order_status, count(*) FROM open_orders GROUP BY 1;'"

say "6. The live view asks the server now, and only for what is needed"
run "sqlite3 orders.db '.load ./ordersync' \"SELECT sales_doc, item_number, cust_name FROM ordersync WHERE sales_doc = '4500000100';\""
run "sqlite3 orders.db '.load ./ordersync' \"EXPLAIN QUERY PLAN SELECT sales_doc, item_number, cust_name FROM ordersync WHERE plant = 8800 AND order_date >= '2026-01-01';\""

say "7. Any other view: what is there, a copy of it, refreshed with the rest"
sqlite3 server.db "
  CREATE TABLE vwCustomers(custNo int NOT NULL, name nvarchar(40), city nvarchar(40), creditLimit decimal(9,2));
  INSERT INTO vwCustomers VALUES (1, 'Fietsen & Co', 'Utrecht', 1500.50), (2, 'Noord BV', 'Groningen', NULL);"
run "sqlite3 -box orders.db '.load ./ordersync' 'SELECT schema, name, type FROM ordersync_catalog;'"
run "sqlite3 orders.db '.load ./ordersync' \"SELECT ordersync_add('customers', 'dbo.vwCustomers');\""
run "sqlite3 orders.db '.load ./ordersync' 'SELECT ordersync_refresh_all();'"
run "sqlite3 -box orders.db 'SELECT * FROM customers;'"

say "8. The server goes away: the refresh fails, the rows stay"
kill "$server"; wait "$server" 2>/dev/null || true
server=
printf '$ %s\n' "sqlite3 orders.db '.load ./ordersync' \"SELECT ordersync_refresh('open_orders', '{\\\"retries\\\":1}');\""
if sqlite3 orders.db '.load ./ordersync' \
  "SELECT ordersync_refresh('open_orders', '{\"retries\":1}');"; then
  echo "demo: that should have failed" >&2
  exit 1
else
  echo "exit code $?"
fi
run "sqlite3 orders.db 'SELECT count(*) FROM open_orders;'"

say "9. What happened, for whoever is called at 3 a.m."
run "sqlite3 orders.db < sql/status.sql"
run "sqlite3 -readonly orders.db < sql/report.sql > report.html"
echo "(a page of $(wc -c <report.html) bytes, to be opened in a browser)"

[ "$(sqlite3 orders.db 'SELECT count(*) FROM open_orders')" = 2400 ]
say "done in $SECONDS s; nothing is left behind"
