-- A server that refuses a condition still has the rows, and SQLite checks each.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
.shell sent >/dev/null
.shell fault 'when=batch match=LIKE do=error:448:16:Invalid collation'
SELECT count(*) FROM ordersync WHERE sales_doc = '4500000001';
SELECT count(*) FROM open_orders WHERE sales_doc = '4500000001';
.shell sent | grep ^SELECT | cut -c1-110 | grep -v describe
.shell fault 'when=batch match=LIKE do=error:229:14:The SELECT permission was denied'
SELECT count(*) FROM ordersync WHERE sales_doc = '4500000001';
.shell fault 'when=batch match=LIKE do=error:823:24:The operating system returned error 21'
SELECT count(*) FROM ordersync WHERE sales_doc = '4500000001';
-- What passes is an error of its own: without conditions it might come again.
.shell fault 'when=batch match=LIKE do=error:1205:13:deadlock'
SELECT count(*) FROM ordersync WHERE sales_doc = '4500000001';
