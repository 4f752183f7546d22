-- Of 100,000 rows only the matching ones, and of these only the columns in use,
-- come over the wire.
.load ./ordersync
SELECT ordersync_install();
.shell sqlite3 server.db ".parameter init" ".parameter set :rows 100000" ".read $root/tests/data/make-orders.sql"
-- Which columns are char or varchar is asked once.
SELECT count(*) FROM ordersync WHERE sales_doc = 'none';
.shell received 60
SELECT count(*) FROM ordersync WHERE sales_doc = '4500012345';
.shell received 60
SELECT sales_doc, plant FROM ordersync WHERE sales_doc = '4500012345' ORDER BY plant;
.shell received 60
SELECT count(*) FROM (SELECT sales_doc, cust_name FROM ordersync WHERE plant = 8800 LIMIT 10);
.shell received 120
SELECT count(*), min(order_date) >= '2026-06-20' FROM ordersync WHERE order_date >= '2026-06-20';
.shell received 30
SELECT count(*) FROM ordersync WHERE plant = 8810 AND order_date BETWEEN '2025-02-01' AND '2025-02-03';
.shell received 30
SELECT count(*) FROM ordersync WHERE sales_doc IN ('4500000001', '4500000002', 'none');
.shell received 60
