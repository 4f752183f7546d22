-- A deadlock is tried again; a wrong password or a missing view is not.
.load ./ordersync
SELECT ordersync_install();
.shell fault 'when=batch match=[soldTo] times=2 do=error:1205:13:Transaction was deadlocked'
SELECT ordersync_refresh();
SELECT status, attempts FROM ordersync_runs;
SELECT count(*) FROM ordersync_run_details WHERE level = 'WARN';
UPDATE ordersync_syncs SET source = 'dbo.vwGone';
SELECT ordersync_refresh();
SELECT status, attempts, error_category, error_number FROM ordersync_runs ORDER BY id DESC LIMIT 1;
.shell profile 'password=not it'
SELECT ordersync_refresh();
SELECT status, attempts, error_category, error_number FROM ordersync_runs ORDER BY id DESC LIMIT 1;
SELECT count(*) FROM open_orders;
SELECT last_error FROM ordersync_status;
