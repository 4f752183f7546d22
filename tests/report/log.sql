-- A run log as it may look after 30 days: four syncs that are well, slow, new
-- and failing. For the tests and the pictures; nothing in it is random.
INSERT INTO ordersync_syncs(name, source, target, mode, key) VALUES
  ('open_orders', 'dbo.vwZSDOrder_Advanced', 'open_orders', 'diff', 'sales_doc, item_number'),
  ('customers', 'dbo.vwCustomers', 'customers', 'replace', NULL),
  ('stock', 'dbo.vwStock', 'stock', 'diff', 'material, plant'),
  ('prices', 'dbo.vwPrices', 'prices', 'replace', NULL);

-- Every 5 minutes; more to do in the day; an outage this morning and one 9 days ago.
CREATE TEMP TABLE at AS
WITH n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 8700)
SELECT i, julianday('now') - (8700 - i) / 288.0 - 0.001 AS day,
  abs((i * 7919) % 101) / 100.0 AS noise FROM n;
CREATE TEMP TABLE draft AS
SELECT i, day, 'open_orders' AS sync, 5000 + 900 * (i / 1000) - 40 * (i % 21) AS rows, noise,
  iif((day + 0.5) % 1 BETWEEN 0.3 AND 0.7, 1.6, 1.0) AS load FROM at
UNION ALL SELECT i, day, 'customers', 1180 + i / 60, noise, 0.35 FROM at WHERE i % 3 = 0
UNION ALL SELECT i, day, 'stock', 24100 - i / 9 * 2, noise, 2.6 FROM at WHERE i % 12 = 0 AND i < 8620
ORDER BY 2;
INSERT INTO ordersync_runs(sync, status, mode, started_at, finished_at, attempts, rows,
  rows_inserted, rows_updated, rows_deleted, warnings, connect_ms, fetch_ms, apply_ms, duration_ms)
SELECT sync, 'success', iif(sync = 'customers', 'replace', 'diff'),
  strftime('%Y-%m-%d %H:%M:%f', day), strftime('%Y-%m-%d %H:%M:%f', day + 0.000012 * load), 1, rows,
  iif(sync = 'customers', rows, i % 5), iif(sync = 'customers', 0, 20 + i % 37), iif(sync = 'customers', rows, i % 4),
  sync = 'stock' AND i % 600 = 0,
  CAST(70 + 60 * noise AS INTEGER), CAST((380 + 220 * noise) * load AS INTEGER),
  CAST((90 + 60 * noise) * load AS INTEGER), CAST((560 + 340 * noise) * load AS INTEGER)
FROM draft;
UPDATE ordersync_runs SET status = 'error', attempts = 4, rows = NULL, rows_inserted = NULL,
  rows_updated = NULL, rows_deleted = NULL, fetch_ms = NULL, apply_ms = NULL, error_category = 'network',
  error = 'cannot connect to sql.example.com port 1433: connection refused'
WHERE sync = 'open_orders' AND (started_at BETWEEN strftime('%Y-%m-%d %H:%M', 'now', '-8 hours')
    AND strftime('%Y-%m-%d %H:%M', 'now', '-410 minutes')
  OR started_at BETWEEN strftime('%Y-%m-%d %H:%M', 'now', '-221 hours') AND strftime('%Y-%m-%d %H:%M', 'now', '-219 hours'));
UPDATE ordersync_runs SET status = 'skipped', rows = NULL, connect_ms = NULL, fetch_ms = NULL, apply_ms = NULL
WHERE sync = 'open_orders' AND id % 701 = 3;
INSERT INTO ordersync_runs(sync, status, mode, started_at, finished_at, attempts, connect_ms, fetch_ms, error, error_category, error_number)
SELECT 'stock', 'error', 'diff', strftime('%Y-%m-%d %H:%M:%f', day), strftime('%Y-%m-%d %H:%M:%f', day + 0.00002), 1, 80, 950,
  'fetched 31 rows where the table has 22270: more than max_shrink_percent 20 would be lost', 'guard', NULL
FROM at WHERE i % 12 = 0 AND i >= 8620;
INSERT INTO ordersync_run_details(run_id, at, level, phase, message)
SELECT id, finished_at, 'WARN', 'columns', 'the source has a column that nothing maps: batchNumber'
FROM ordersync_runs WHERE warnings > 0;
DROP TABLE draft; DROP TABLE at;
