-- synced, stale, failing; running and lost; a clock that was set back.
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
-- While a run is under way, the end of an earlier one is not shown beside it.
INSERT INTO ordersync_runs(sync, status, started_at, error)
VALUES('open_orders', 'lost', strftime('%Y-%m-%d %H:%M:%f', 'now'), 'died');
SELECT state, consecutive_failures, last_error FROM ordersync_status;
INSERT INTO ordersync_runs(sync, status, started_at, deadline_at)
VALUES('open_orders', 'running', strftime('%Y-%m-%d %H:%M:%f', 'now'),
  strftime('%Y-%m-%d %H:%M:%f', 'now', '+5 minutes'));
SELECT state, consecutive_failures, last_error FROM ordersync_status;
SELECT ordersync_refresh();
-- The clock was set back by some seconds while that run was at work, and by some
-- more since.
UPDATE ordersync_runs SET started_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '+50 seconds'),
  finished_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '+40 seconds');
SELECT state, age_seconds, duration_ms BETWEEN 0 AND 60000 FROM ordersync_status;
UPDATE ordersync_runs SET duration_ms = NULL; -- of an older version
SELECT state, age_seconds, duration_ms FROM ordersync_status;
-- Of a sync that runs once a day.
UPDATE ordersync_syncs SET stale_after = 90000, failing_after = 180000;
UPDATE ordersync_runs SET started_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-24 hours'),
  finished_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-24 hours');
SELECT state FROM ordersync_status;
UPDATE ordersync_syncs SET stale_after = 3600;
SELECT state FROM ordersync_status;
UPDATE ordersync_syncs SET failing_after = 3600;
SELECT state FROM ordersync_status;
-- The less of both counts; what is no number, which no refresh takes, is not well.
UPDATE ordersync_syncs SET stale_after = 100000;
SELECT state FROM ordersync_status;
UPDATE ordersync_syncs SET stale_after = 100000, failing_after = 'a day';
SELECT state FROM ordersync_status;
UPDATE ordersync_syncs SET failing_after = 0, stale_after = 'an hour';
SELECT state FROM ordersync_status;
SELECT ordersync_refresh();
UPDATE ordersync_syncs SET stale_after = 1;
SELECT ordersync_refresh();
-- The clock was a day ahead: how old is that success?
DELETE FROM ordersync_runs WHERE status <> 'success';
UPDATE ordersync_syncs SET stale_after = 600, failing_after = 1800;
UPDATE ordersync_runs SET started_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 day'),
  finished_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 day');
SELECT state, last_success IS NOT NULL, age_seconds, consecutive_failures, last_error FROM ordersync_status;
-- What a run left then that was killed is not running until tomorrow.
INSERT INTO ordersync_runs(sync, status, started_at, deadline_at)
VALUES('open_orders', 'running', strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 day'),
  strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 day', '+5 minutes'));
SELECT state, consecutive_failures, last_error FROM ordersync_status;
INSERT INTO ordersync_runs(sync, status, started_at, deadline_at)
VALUES('open_orders', 'running', strftime('%Y-%m-%d %H:%M:%f', 'now'),
  strftime('%Y-%m-%d %H:%M:%f', 'now', '+5 minutes'));
SELECT state, last_error FROM ordersync_status;
SELECT ordersync_refresh();
SELECT state, age_seconds < 60, consecutive_failures, last_error FROM ordersync_status;
-- What never finished is found behind the runs of others, and behind those that
-- were skipped and so could not look.
INSERT INTO ordersync_runs(sync, status, started_at, attempts) VALUES
  ('open_orders', 'running', '2025-03-01 10:00:00.000', 0),
  ('open_orders', 'skipped', '2025-03-01 10:01:00.000', 0),
  ('another', 'success', '2025-03-01 10:02:00.000', 1);
SELECT ordersync_refresh('open_orders');
SELECT status FROM ordersync_runs WHERE started_at BETWEEN '2025-03-01 10:00' AND '2025-03-01 10:03' ORDER BY id;
