-- One connection, kept between statements; a dead one is replaced once.
.load ./ordersync
SELECT ordersync_install();
SELECT count(*) FROM ordersync;
SELECT count(*) FROM ordersync WHERE plant = 8800;
.shell grep -c event.:.login server.log
-- Two at the same time have two.
SELECT count(*) FROM ordersync a JOIN ordersync b ON a.sales_doc = b.sales_doc AND a.item_number = b.item_number;
.shell grep -c event.:.login server.log
-- The server was away in between.
.shell server stop
.shell server start
SELECT count(*) FROM ordersync;
.shell server stop
SELECT count(*) FROM ordersync;
.shell server start
SELECT count(*) FROM ordersync;
-- A link that breaks among the rows is an error, whatever came before.
.shell fault 'when=batch match=salesDoc after_rows=5 do=cut'
SELECT sales_doc FROM ordersync WHERE plant > 0;
.shell fault 'when=batch match=salesDoc after_rows=5 do=error:1205:13:"deadlock"'
SELECT sales_doc FROM ordersync WHERE plant > 0;
.shell fault
SELECT count(sales_doc) FROM ordersync;
-- A cursor that is closed early does not read the rest.
CREATE VIRTUAL TABLE temp.many USING ordersync(query='SELECT a.salesDoc AS doc, b.fullName AS name FROM vwZSDOrder_Advanced a CROSS JOIN vwZSDOrder_Advanced b CROSS JOIN vwZSDOrder_Advanced c CROSS JOIN vwZSDOrder_Advanced d');
SELECT count(*) FROM (SELECT doc FROM many WHERE length(doc) > 1 LIMIT 3);
.shell timeout 10 sh -c 'until tail -n 1 server.log | grep -c cancelled.:true >n; do sleep 0.05; done'; cat n
SELECT count(*) FROM ordersync;
-- Neither Ctrl-C nor the deadline waits for the server.
.shell fault 'when=batch match=salesDoc after_rows=2 do=hang'
.shell timeout --foreground -s INT 6 sqlite3 -batch orders.db ".load ./ordersync" "SELECT count(sales_doc) FROM ordersync" 2>&1; echo "exit $?"
.shell profile query_timeout=6
.shell sqlite3 -batch orders.db ".load ./ordersync" "SELECT count(sales_doc) FROM ordersync" 2>&1
.shell fault
SELECT count(sales_doc) FROM ordersync;
