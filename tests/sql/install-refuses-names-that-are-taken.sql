-- What has a name of ours and is something else is named, and nothing is made.
.load ./ordersync
CREATE VIEW OrderSync_Runs AS SELECT 1 AS id;
SELECT ordersync_install(NULL);
DROP VIEW OrderSync_Runs;
CREATE TABLE Index_Open_Orders_on_material(x);
SELECT ordersync_install();
SELECT name FROM sqlite_schema;
DROP TABLE Index_Open_Orders_on_material;
-- A table is the same in any case; so it is said to be there.
CREATE TABLE OPEN_ORDERS(sales_doc, MATERIAL, created_at, updated_at);
SELECT ordersync_install(NULL);
-- What one row of the example meets undoes all of it.
CREATE TRIGGER no_more BEFORE INSERT ON ordersync_columns WHEN new.position = 5
BEGIN SELECT RAISE(ABORT, 'four are enough'); END;
SELECT ordersync_install();
SELECT (SELECT count(*) FROM ordersync_syncs), count(*) FROM ordersync_columns;
DROP TRIGGER no_more;
SELECT ordersync_install();
SELECT count(*) FROM ordersync_columns;
-- Who has the example gets what of it is gone.
DROP INDEX index_open_orders_on_material;
SELECT ordersync_install();
SELECT name FROM pragma_index_list('open_orders') ORDER BY 1;
