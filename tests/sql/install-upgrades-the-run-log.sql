-- A run log of an older version works as it is; upgraded, its runs have the
-- words of today.
.load ./ordersync
SELECT ordersync_install();
DROP VIEW ordersync_status;
ALTER TABLE ordersync_runs DROP COLUMN duration_ms;
SELECT ordersync_refresh();
SELECT id, status, rows FROM ordersync_runs;
INSERT INTO ordersync_runs(sync, status, started_at, error_category)
VALUES('open_orders', 'interrupted', '2025-03-01 10:00:00.000', 'interrupt'),
  ('open_orders', 'error', '2025-03-01 10:05:00.000', 'interrupt'),
  ('open_orders', 'error', '2025-03-01 10:10:00.000', 'network');
SELECT ordersync_install();
SELECT id, status, error_category, duration_ms FROM ordersync_runs;
SELECT state, consecutive_failures, duration_ms >= 0 FROM ordersync_status;
SELECT ordersync_refresh();
SELECT status, duration_ms >= connect_ms + fetch_ms + apply_ms - 2 FROM ordersync_runs
ORDER BY id DESC LIMIT 1;
