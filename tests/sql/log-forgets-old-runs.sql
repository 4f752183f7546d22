-- Runs older than keep_days go with their details and changes, of this sync only,
-- and though one was logged while the clock was years ahead.
.load ./ordersync
SELECT ordersync_install();
INSERT INTO ordersync_runs(id, sync, status, started_at) VALUES
  (1, 'open_orders', 'success', '2020-01-01 00:00:00.000'),
  (2, 'another', 'success', '2020-01-02 00:00:00.000'),
  (3, 'open_orders', 'error', '2999-01-01 00:00:00.000'),
  (4, 'open_orders', 'success', datetime('now', '-91 days')),
  (5, 'open_orders', 'success', datetime('now', '-89 days'));
INSERT INTO ordersync_run_details(run_id, at, level, phase, message)
SELECT id, started_at, 'INFO', 'fetch', 'of ' || id FROM ordersync_runs;
INSERT INTO ordersync_changes(run, sync, key, kind, changed)
SELECT id, sync, '{}', 'deleted', '{}' FROM ordersync_runs;
SELECT ordersync_refresh();
SELECT id, sync FROM ordersync_runs;
SELECT DISTINCT run_id FROM ordersync_run_details;
SELECT run FROM ordersync_changes;
UPDATE ordersync_syncs SET keep_days = NULL;
UPDATE ordersync_runs SET started_at = '2020-01-03' WHERE id = 5;
SELECT ordersync_refresh();
SELECT count(*) FROM ordersync_runs;
UPDATE ordersync_syncs SET keep_days = 0;
SELECT ordersync_refresh();
SELECT id, sync FROM ordersync_runs;
