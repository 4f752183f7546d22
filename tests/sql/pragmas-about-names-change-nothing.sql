-- A program may have SQLite put the tables' names before its columns': settings
-- are found all the same, and so are the values of the report.
.load ./ordersync
.bail off
SELECT ordersync_add('orders', 'dbo.vwZSDOrder_Advanced', '{"min_rows":13}');
PRAGMA full_column_names = 1;
PRAGMA short_column_names = 0;
SELECT ordersync_refresh('orders');
SELECT ordersync_report() LIKE '%fewer than min_rows%', ordersync_report() LIKE '%class="failed"%' OR ordersync_report() LIKE '%1 failed%';
PRAGMA short_column_names = 1;
SELECT ordersync_refresh('orders');
SELECT ordersync_report() LIKE '%fewer than min_rows%';
SELECT ordersync_rename('orders', 'all_orders');
PRAGMA full_column_names = 0;
PRAGMA short_column_names = 0;
SELECT ordersync_refresh('all_orders', '{"force":true}');
SELECT ordersync_report() LIKE '%all_orders%';
SELECT ordersync_remove('all_orders');
