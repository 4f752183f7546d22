-- The README's "Your own view in five minutes", as printed.
.shell change "CREATE TABLE vwCustomers(custNo int NOT NULL, name nvarchar(40), city nvarchar(40), country char(2), [creditLimit] decimal(9,2), since date); INSERT INTO vwCustomers VALUES(1, 'Bäckerei Süß', 'Köln', 'DE', 1500.5, '2019-04-01'), (2, 'Fietsen & Co', 'Utrecht', 'NL', NULL, '2021-11-30'), (3, 'Noord BV', 'Groningen', 'NL', 20000, NULL), (4, 'Acme', NULL, 'US', 0, '2024-02-29')"
.load ./ordersync
SELECT schema, name, type FROM ordersync_catalog;
SELECT ordersync_add('customers', 'dbo.vwCustomers');
SELECT ordersync_refresh('customers');
SELECT * FROM customers LIMIT 3;
CREATE VIRTUAL TABLE temp.customers_now USING ordersync(sync=customers);
SELECT name, city FROM customers_now WHERE country = 'NL';
.shell sent | grep "'NL'"
-- The only sync is the one that is meant where none is named.
SELECT ordersync_refresh();
SELECT name FROM ordersync WHERE cust_no = 4;
SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name;
SELECT sync, state, rows FROM ordersync_status;
