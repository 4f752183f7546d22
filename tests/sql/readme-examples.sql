-- The README's SQL, as printed and in its order, but for what
-- first-five-minutes.sql and tests/fault/past.py run: tests/docs.py compares.
.shell change "CREATE TABLE vwCustomers(custNo int NOT NULL, name nvarchar(40), city nvarchar(40), country char(2), [creditLimit] decimal(9,2), since date); INSERT INTO vwCustomers VALUES(2, 'Fietsen & Co', 'Utrecht', 'NL', NULL, '2021-11-30')"
.shell change "CREATE TABLE vwMovements(id int NOT NULL, changed_at datetime2(7), qty int); INSERT INTO vwMovements VALUES(1, '2025-03-01T12:34:56.1234567', 5)"
.shell change "CREATE TABLE vwStock(item int, qty int); INSERT INTO vwStock VALUES(1, 20)"
.shell change "CREATE TABLE vwSuppliers(no int); INSERT INTO vwSuppliers VALUES(7)"
.shell change "CREATE TABLE t(a int, b int, late bit); INSERT INTO t VALUES(1, 2, 1), (3, 4, 0)"
.shell cp ordersync.ini one.ini; sed 's/default/reporting/' one.ini >>ordersync.ini
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
SELECT ordersync_add('customers', 'dbo.vwCustomers');
.shell sent | grep -c .
-- For the DBA: all that a refresh sends, but for the session's settings.
SELECT ordersync_refresh('customers');
.shell sent
SELECT ordersync_sql('customers');
-- Schedule
UPDATE ordersync_syncs SET min_rows = 1, max_shrink_percent = 50;
-- Tables too large to fetch whole
SELECT ordersync_add('movements', 'dbo.vwMovements',
  '{"mode":"merge", "key":"id", "watermark":"changed_at", "full_every":96}');
SELECT ordersync_refresh('movements', '{"full":true}');
SELECT sync, watermark FROM ordersync_state;
-- The live view
CREATE VIRTUAL TABLE temp.live_customers USING ordersync(sync=customers);
CREATE VIRTUAL TABLE temp.stock USING ordersync(source='dbo.vwStock', profile=reporting);
CREATE VIRTUAL TABLE temp.late USING ordersync(query='SELECT a, b FROM dbo.t WHERE late = 1');
SELECT * FROM live_customers;
SELECT * FROM stock;
SELECT * FROM late;
CREATE TABLE here AS SELECT sales_doc AS doc FROM open_orders LIMIT 1;
SELECT here.doc, o.plant FROM here LEFT JOIN ordersync o ON o.sales_doc = here.doc;
EXPLAIN QUERY PLAN SELECT cust_name FROM ordersync WHERE plant = 8800;
-- SQL reference
SELECT ordersync_refresh('open_orders', '{"mode":"diff","dry_run":true}');
SELECT ordersync_add('suppliers', 'dbo.vwSuppliers', '{"profile":"reporting"}');
.shell change "ALTER TABLE vwCustomers ADD COLUMN vip bit"
SELECT value ->> 'column', value ->> 'action' FROM json_each(ordersync_update('customers'));
SELECT ordersync_update('customers', '{"apply":true}');
SELECT schema, name, type FROM ordersync_catalog;
SELECT value ->> 'name', value ->> 'type', value ->> 'kind'
FROM ordersync_catalog, json_each(columns)
WHERE schema = 'dbo' AND name = 'vwCustomers';
SELECT name, ordersync_add(name, source) FROM ordersync_catalog
WHERE schema = 'sales';
-- Types
CREATE TABLE ledger(amount);
INSERT INTO ledger VALUES('99999999999999999.25'), (1000), ('100000000000000000.5');
SELECT * FROM ledger WHERE decimal_cmp(amount, '1000') > 0 ORDER BY amount COLLATE decimal;
