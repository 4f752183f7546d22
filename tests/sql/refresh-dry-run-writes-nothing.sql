-- dry_run fetches, compares and counts.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
.shell change "DELETE FROM vwZSDOrder_Advanced WHERE rowid > 5"
SELECT ordersync_refresh('open_orders', '{"dry_run":true}');
SELECT ordersync_refresh('open_orders', '{"dry_run":true,"mode":"diff"}');
SELECT count(*), max(id) FROM open_orders;
SELECT status, dry_run, rows, rows_inserted, rows_updated, rows_deleted FROM ordersync_runs;
SELECT rows FROM ordersync_status;
