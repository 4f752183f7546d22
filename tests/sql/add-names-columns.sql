-- Columns whose names become alike, or nothing, are told apart by a number.
.load ./ordersync
SELECT ordersync_install();
.shell sqlite3 server.db "CREATE TABLE twins(orderNo int, order_no int, [Order No] int, [order_no 2] int, [%] int, [order_no_2] date)"
SELECT ordersync_add('twins', 'dbo.twins', '{"target":"aux.T"}');
ATTACH 'aux.db' AS aux;
SELECT ordersync_add('twins', 'dbo.twins', '{"target":"aux.T"}');
SELECT position, source_column, target_column, kind FROM ordersync_columns WHERE sync = 'twins' ORDER BY 1;
SELECT sql FROM aux.sqlite_schema;
SELECT ordersync_refresh('twins');
