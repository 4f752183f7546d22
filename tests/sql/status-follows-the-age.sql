-- synced, stale, failing; running and interrupted.
.load ./ordersync
SELECT ordersync_install();
SELECT sync, state, last_success, consecutive_failures FROM ordersync_status;
SELECT ordersync_refresh();
SELECT state FROM ordersync_status;
UPDATE ordersync_runs SET finished_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-11 minutes');
SELECT state, age_seconds / 60 FROM ordersync_status;
UPDATE ordersync_runs SET finished_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-31 minutes');
SELECT state FROM ordersync_status;
INSERT INTO ordersync_runs(sync, status, started_at, deadline_at)
VALUES('open_orders', 'running', strftime('%Y-%m-%d %H:%M:%f', 'now'),
  strftime('%Y-%m-%d %H:%M:%f', 'now', '+5 minutes'));
SELECT state FROM ordersync_status;
UPDATE ordersync_runs SET deadline_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 seconds')
WHERE status = 'running';
SELECT state, consecutive_failures, last_error FROM ordersync_status;
SELECT ordersync_refresh();
SELECT state, consecutive_failures, last_error FROM ordersync_status;
SELECT status, error FROM ordersync_runs;
