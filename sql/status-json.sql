-- How every sync stands, as JSON: one object a line, one line a sync.
--   sqlite3 -readonly orders.db < sql/status-json.sql
-- Needs neither the extension nor the network.
.bail on
.timeout 10000
.mode list
.headers off
SELECT json_object('sync', sync, 'state', state, 'last_success', last_success,
  'age_seconds', age_seconds, 'rows', rows, 'duration_ms', duration_ms,
  'consecutive_failures', consecutive_failures, 'last_error', last_error)
FROM ordersync_status ORDER BY sync;
