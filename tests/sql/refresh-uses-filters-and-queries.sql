-- A filter is T-SQL; a source may be a query; names are quoted.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh('open_orders', '{"filter":"plant = 8800"}');
SELECT DISTINCT plant FROM open_orders;
SELECT ordersync_add('other', 'sales.vwOther');
SELECT source_column, target_column, kind FROM ordersync_columns WHERE sync = 'other';
SELECT ordersync_refresh('other');
SELECT * FROM other;
SELECT ordersync_add('q', 'SELECT id, v AS [the value] FROM dbo.vwKinds WHERE id < 4', '{"target":"some_kinds"}');
SELECT ordersync_refresh('q');
SELECT * FROM some_kinds;
SELECT ordersync_add('q', 'dbo.vwKinds');
SELECT ordersync_add('r', 'dbo.vwGone');
SELECT ordersync_add('', 'dbo.vwKinds');
SELECT ordersync_add('s', '');
SELECT ordersync_add('t', 'SELECT id FROM');
SELECT name, source, target FROM ordersync_syncs ORDER BY name;
.shell sent
