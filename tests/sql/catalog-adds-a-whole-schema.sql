-- One statement adds what a schema has; each is refreshed and read.
.load ./ordersync
.shell change "CREATE TABLE [sales.Line Items](itemNo int NOT NULL, price decimal(9,2), note nvarchar(20)); INSERT INTO [sales.Line Items] VALUES(1, 2.5, 'x'), (2, NULL, NULL)"
SELECT schema, name, type, source FROM ordersync_catalog WHERE schema = 'sales';
SELECT name, value ->> 'name', value ->> 'type', value ->> 'kind', value ->> 'nullable' FROM ordersync_catalog, json_each(columns) WHERE schema = 'sales' ORDER BY name, key + 0;
SELECT name, ordersync_add('sales_' || name, source, json_object('target', 'my ' || name)) FROM ordersync_catalog WHERE schema = 'sales';
SELECT name, source, target FROM ordersync_syncs WHERE name LIKE 'sales%' ORDER BY name;
SELECT ordersync_refresh('sales_Line Items');
SELECT ordersync_refresh('sales_vwOther');
SELECT * FROM "my Line Items";
SELECT * FROM "my vwOther";
CREATE VIRTUAL TABLE temp.items USING ordersync(sync='sales_Line Items');
SELECT note FROM items WHERE item_no = 1;
PRAGMA journal_mode = wal;
-- Those that are there already end the statement; those before it stay.
SELECT ordersync_add(CASE name WHEN 'vwOther' THEN 'sales_vwOther' ELSE 'new' END, source) FROM ordersync_catalog WHERE schema = 'sales';
SELECT count(*) FROM ordersync_columns WHERE sync = 'new';
-- All or nothing.
BEGIN;
SELECT ordersync_add('again_' || name, source) FROM ordersync_catalog WHERE schema = 'sales';
ROLLBACK;
SELECT count(*) FROM ordersync_syncs WHERE name LIKE 'again%';
-- From a list of one's own, too.
CREATE TABLE list(name, source);
INSERT INTO list VALUES('by_list', 'sales.vwOther');
SELECT ordersync_add(name, source) FROM list;
