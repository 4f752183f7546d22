-- min_rows and max_shrink_percent refuse; force goes past; an empty view is
-- the truth, with a warning.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
UPDATE ordersync_syncs SET min_rows = 10, max_shrink_percent = 20;
.shell sqlite3 server.db "DELETE FROM vwZSDOrder_Advanced WHERE rowid > 11"
SELECT ordersync_refresh();
.shell sqlite3 server.db "DELETE FROM vwZSDOrder_Advanced WHERE rowid > 9"
SELECT ordersync_refresh();
UPDATE ordersync_syncs SET min_rows = NULL;
.shell sqlite3 server.db "DELETE FROM vwZSDOrder_Advanced WHERE rowid > 8"
SELECT ordersync_refresh();
SELECT count(*) FROM open_orders;
SELECT ordersync_refresh('open_orders', '{"force":true}');
UPDATE ordersync_syncs SET max_shrink_percent = NULL;
.shell sqlite3 server.db "DELETE FROM vwZSDOrder_Advanced"
SELECT ordersync_refresh();
SELECT count(*) FROM open_orders;
SELECT status, rows, warnings, error_category FROM ordersync_runs;
SELECT message FROM ordersync_run_details WHERE level = 'WARN';
