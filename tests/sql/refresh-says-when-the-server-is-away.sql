-- One clear line, a logged run, the old rows.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
.shell server stop
UPDATE ordersync_syncs SET retries = 1;
SELECT ordersync_refresh();
SELECT count(*) FROM open_orders;
SELECT status, attempts, error_category FROM ordersync_runs;
.shell profile server=no-such-host.invalid
SELECT ordersync_refresh('open_orders', '{"retries":0}');
.shell server start
.shell profile server=localhost
SELECT ordersync_refresh();
