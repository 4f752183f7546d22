-- A run and its details stay in the log for keep_days: 90, or for ever where it
-- is NULL. Another sync's runs are its own.
.load ./ordersync
SELECT ordersync_add('kinds', 'dbo.vwKinds'), ordersync_add('other', 'dbo.vwKinds', '{"target":"other"}');
SELECT ordersync_refresh('kinds'), ordersync_refresh('other');
CREATE TEMP VIEW log AS SELECT group_concat(id) AS runs, (SELECT group_concat(DISTINCT run_id) FROM ordersync_run_details) AS details FROM ordersync_runs;
UPDATE ordersync_runs SET started_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-89 days');
SELECT ordersync_refresh('kinds');
SELECT * FROM log;
UPDATE ordersync_runs SET started_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-91 days') WHERE id < 3;
SELECT ordersync_refresh('kinds');
SELECT * FROM log;
UPDATE ordersync_syncs SET keep_days = NULL;
UPDATE ordersync_runs SET started_at = '2001-01-01 00:00:00.000' WHERE id < 4;
SELECT ordersync_refresh('kinds'), ordersync_refresh('other');
SELECT runs FROM log;
SELECT ordersync_refresh('kinds', '{"keep_days":0}');
SELECT runs FROM log;
