-- A table of an older version gets the columns that it lacks, and its runs the
-- words of today.
CREATE TABLE ordersync_syncs(name TEXT PRIMARY KEY NOT NULL, source TEXT NOT NULL,
  target TEXT NOT NULL);
INSERT INTO ordersync_syncs VALUES('mine', 'dbo.vwEmpty', 'mine');
.load ./ordersync
SELECT ordersync_install();
SELECT * FROM ordersync_syncs ORDER BY name;
-- A run log of before duration_ms works as it is.
DROP VIEW ordersync_status;
ALTER TABLE ordersync_runs DROP COLUMN duration_ms;
SELECT ordersync_refresh();
SELECT id, status, rows FROM ordersync_runs;
INSERT INTO ordersync_runs(sync, status, started_at, error_category)
VALUES('mine', 'interrupted', '2025-03-01 10:00:00.000', 'interrupt'),
  ('mine', 'error', '2025-03-01 10:05:00.000', 'interrupt'),
  ('mine', 'error', '2025-03-01 10:10:00.000', 'network');
SELECT ordersync_install();
SELECT id, status, error_category, duration_ms FROM ordersync_runs;
SELECT sync, state, consecutive_failures FROM ordersync_status;
