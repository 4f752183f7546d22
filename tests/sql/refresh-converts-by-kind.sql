-- The same text by every kind; what does not convert is NULL and counted.
.load ./ordersync
SELECT ordersync_install();
CREATE TABLE kinds(id, i, s, t, d, r, n, ts, b, g, raw);
INSERT INTO ordersync_syncs(name, source, target) VALUES('kinds', 'vwKinds', 'kinds');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
VALUES ('kinds', 1, 'id', 'id', 'integer'), ('kinds', 2, 'v', 'i', 'integer'),
  ('kinds', 3, 'v', 's', 'string'), ('kinds', 4, 'v', 't', 'text'),
  ('kinds', 5, 'v', 'd', 'date'), ('kinds', 6, 'v', 'r', 'real'),
  ('kinds', 7, 'v', 'n', 'decimal'), ('kinds', 8, 'v', 'ts', 'datetime'),
  ('kinds', 9, 'v', 'b', 'boolean'), ('kinds', 10, 'v', 'g', 'guid'),
  ('kinds', 11, 'v', 'raw', 'raw');
SELECT ordersync_refresh('kinds');
.mode quote
SELECT id, i, s, t, d, typeof(r) || printf(' %.6g', r) AS r, n, ts, b, g, raw
FROM kinds ORDER BY id;
.mode list
SELECT warnings FROM ordersync_runs;
SELECT level, message FROM ordersync_run_details WHERE level = 'WARN';
-- As an error, the rows stay.
UPDATE ordersync_syncs SET on_bad_value = 'error' WHERE name = 'kinds';
SELECT ordersync_refresh('kinds');
SELECT count(*) FROM kinds;
