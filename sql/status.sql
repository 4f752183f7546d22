-- How every sync stands, and its last runs:
--   sqlite3 orders.db < sql/status.sql
-- Needs neither the extension nor the network.
.mode column
SELECT sync, state, last_success, age_seconds, rows, duration_ms,
       consecutive_failures
FROM ordersync_status;
SELECT sync, last_error FROM ordersync_status WHERE last_error IS NOT NULL;
SELECT id, sync, status, started_at, attempts, rows, warnings, connect_ms,
       fetch_ms, apply_ms, substr(coalesce(error, ''), 1, 100) AS error
FROM ordersync_runs ORDER BY id DESC LIMIT 10;
