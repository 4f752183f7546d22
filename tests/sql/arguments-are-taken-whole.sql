-- The beginning of an argument could name another sync: it is refused, and
-- nothing is lost.
.load ./ordersync
.shell change "CREATE TABLE src(id int)"
SELECT ordersync_add('a', 'dbo.src');
SELECT ordersync_add('b' || char(0) || 'c', 'dbo.src');
SELECT ordersync_add('b', 'dbo.src' || char(0) || 'c');
SELECT ordersync_refresh('a' || char(0) || 'b');
SELECT ordersync_refresh_all('{"dry_run":true}' || char(0));
SELECT ordersync_update('a' || char(0) || 'b', '{"apply":true}');
SELECT ordersync_rename('a', 'b' || char(0) || 'c');
SELECT ordersync_remove('a' || char(0) || 'b', '{"drop_table":true}');
SELECT ordersync_remove('a', '{}' || char(0) || '{"drop_table":true}');
SELECT ordersync_sql('a' || char(0) || 'b');
SELECT ordersync_install('open_orders' || char(0) || 'x');
SELECT * FROM ordersync_check('a' || char(0) || 'b');
SELECT name FROM ordersync_catalog('default' || char(0) || 'b');
SELECT * FROM ordersync_as_of('a' || char(0) || 'b', 1);
SELECT * FROM ordersync_as_of('a', '2030-01-01' || char(0) || 'b');
SELECT * FROM ordersync_as_of('a', CAST('2030-01-01' || char(0) AS BLOB));
SELECT count(*) FROM ordersync_catalog WHERE name = 'src' || char(0);
SELECT count(*) FROM ordersync_catalog WHERE name = NULL;
SELECT name FROM ordersync_syncs;
SELECT count(*) FROM ordersync_runs;
SELECT count(*) FROM a;
