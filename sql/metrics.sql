-- Metrics in the text format of Prometheus:
--   sqlite3 -readonly orders.db < sql/metrics.sql > ordersync.prom.new &&
--     mv ordersync.prom.new ordersync.prom
-- in the folder that node_exporter's --collector.textfile.directory names.
-- Needs neither the extension nor the network.
--
-- A counter must not fall when old runs are forgotten (keep_days), so what is
-- counted is the newest run of all syncs together: it falls only when that one is
-- deleted, a reset to Prometheus. The runs of a sync are gauges, of the last 24
-- hours.
.bail on
.timeout 10000
.mode list
.headers off
WITH RECURSIVE
  -- A label's value: backslash, quote and line feed are escaped.
  label(sync, text) AS MATERIALIZED (
    SELECT name, 'sync="' || replace(replace(replace(name, '\', '\\'),
      '"', '\"'), char(10), '\n') || '"'
    FROM ordersync_syncs),
  metric(at, name, type, help) AS (VALUES
    (1, 'ordersync_state', 'gauge', 'Whether the sync is in this state: 1 or 0.'),
    (2, 'ordersync_last_success_timestamp_seconds', 'gauge', 'When the last refresh succeeded, in seconds since 1970 UTC; absent before the first.'),
    (3, 'ordersync_last_success_rows', 'gauge', 'Rows in the target after the last success.'),
    (4, 'ordersync_last_success_duration_seconds', 'gauge', 'How long the last success took, by phase; write is how long the write lock was held.'),
    (5, 'ordersync_consecutive_failures', 'gauge', 'Failures since the last success.'),
    (6, 'ordersync_runs_last_day', 'gauge', 'Runs that began in the last 24 hours, by outcome.'),
    (7, 'ordersync_warnings_last_success', 'gauge', 'Warnings of the last success.'),
    (8, 'ordersync_runs_total', 'counter', 'Runs that were ever logged, of all syncs.'),
    (9, 'ordersync_database_size_bytes', 'gauge', 'The size of the database: all its pages, also those that are still in the WAL.')),
  state AS MATERIALIZED (
    SELECT l.text, s.sync, s.state, s.last_success, s.consecutive_failures
    FROM ordersync_status s JOIN label l USING (sync)),
  -- The last success of each sync, if there is one: else the whole log would be
  -- read for it.
  done AS MATERIALIZED (
    SELECT s.text, r.* FROM state s CROSS JOIN ordersync_runs r ON r.id =
      (SELECT max(id) FROM ordersync_runs
       WHERE sync = s.sync AND status IN ('success', 'unchanged') AND dry_run = 0)
    WHERE s.last_success IS NOT NULL),
  -- The log is long, so it is read from its end, a thousand runs at a time, until
  -- none of a thousand began in the last 24 hours. (A clock that was wrong for
  -- fewer runs than that hides nothing.)
  back(id, before) AS (
    SELECT 9223372036854775807, NULL
    UNION ALL
    SELECT coalesce((SELECT r.id FROM ordersync_runs r
        WHERE r.id < back.id ORDER BY r.id DESC LIMIT 1 OFFSET 999), 0), id
    FROM back
    WHERE id > 0 AND (before IS NULL OR EXISTS (SELECT 1 FROM ordersync_runs r
      WHERE r.id >= back.id AND r.id < back.before
        AND r.started_at >= datetime('now', '-1 day')))),
  day AS MATERIALIZED (
    SELECT sync, status, count(*) AS runs FROM ordersync_runs
    WHERE id >= (SELECT min(id) FROM back) AND started_at >= datetime('now', '-1 day')
    GROUP BY sync, status),
  sample(at, labels, value) AS (
    SELECT 1, text || ',state="' || column1 || '"', CAST(state = column1 AS TEXT)
    FROM state,
      (VALUES ('never'), ('running'), ('synced'), ('stale'), ('failing'))
    UNION ALL
    SELECT 2, text, strftime('%s', finished_at) FROM done
    UNION ALL
    SELECT 3, text, iif(typeof(rows) = 'integer', CAST(rows AS TEXT), NULL) FROM done
    UNION ALL
    SELECT 4, text || ',phase="connect"', iif(connect_ms IS NULL, NULL, printf('%.3f', connect_ms / 1000.0)) FROM done
    UNION ALL
    SELECT 4, text || ',phase="fetch"', iif(fetch_ms IS NULL, NULL, printf('%.3f', fetch_ms / 1000.0)) FROM done
    UNION ALL
    SELECT 4, text || ',phase="write"', iif(apply_ms IS NULL, NULL, printf('%.3f', apply_ms / 1000.0)) FROM done
    UNION ALL
    SELECT 5, text, CAST(consecutive_failures AS TEXT) FROM state
    UNION ALL
    SELECT 6, l.text || ',status="' || column1 || '"', CAST(coalesce(d.runs, 0) AS TEXT)
    FROM label l, (VALUES ('success'), ('unchanged'), ('error'), ('cancelled'), ('lost'), ('skipped'))
      LEFT JOIN day d ON d.sync = l.sync AND d.status = column1
    UNION ALL
    SELECT 7, text, iif(typeof(warnings) = 'integer', CAST(warnings AS TEXT), NULL) FROM done
    UNION ALL
    SELECT 8, NULL, CAST(coalesce((SELECT max(id) FROM ordersync_runs), 0) AS TEXT)
    UNION ALL
    SELECT 9, NULL, CAST(page_count * page_size AS TEXT)
    FROM pragma_page_count, pragma_page_size)
SELECT line FROM (
  SELECT at, 1 AS part, NULL AS labels, '# HELP ' || name || ' ' || help AS line FROM metric
  UNION ALL
  SELECT at, 2, NULL, '# TYPE ' || name || ' ' || type FROM metric
  UNION ALL
  SELECT at, 3, labels, name || coalesce('{' || labels || '}', '') || ' ' || value
  FROM sample JOIN metric USING (at) WHERE value IS NOT NULL
)
ORDER BY at, part, labels;
