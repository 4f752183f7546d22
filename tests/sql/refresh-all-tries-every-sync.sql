-- Every sync by itself; those that fail are named at the end.
.load ./ordersync
SELECT ordersync_refresh_all();
SELECT ordersync_install(NULL);
SELECT ordersync_refresh_all();
.shell change "CREATE TABLE src(id int)" "INSERT INTO src VALUES(1), (2)"
SELECT ordersync_add('a', 'dbo.src');
SELECT ordersync_add('b', 'dbo.src');
SELECT ordersync_add('c', 'dbo.src');
SELECT ordersync_refresh_all();
UPDATE ordersync_syncs SET source = 'dbo.nowhere' WHERE name = 'a';
UPDATE ordersync_syncs SET min_rows = 3 WHERE name = 'b';
SELECT ordersync_refresh_all();
SELECT sync, status, rows FROM ordersync_runs ORDER BY id;
SELECT ordersync_refresh_all('{"force":true}');
SELECT ordersync_refresh_all('{"forced":true}');
SELECT ordersync_refresh_all('force');
SELECT count(*) FROM ordersync_runs;
BEGIN;
SELECT ordersync_refresh_all();
COMMIT;
INSERT INTO ordersync_runs(sync, status, started_at) SELECT ordersync_refresh_all(), 'x', 'y';
-- One that somebody else refreshes is skipped, which is no failure.
UPDATE ordersync_syncs SET source = 'dbo.src', min_rows = NULL;
.shell flock orders.db-ordersync-b.lock sqlite3 orders.db ".load ./ordersync" "SELECT ordersync_refresh_all()" 2>&1
SELECT sync, status FROM ordersync_runs ORDER BY id DESC LIMIT 3;
-- One that somebody removes meanwhile is no failure.
CREATE TRIGGER gone AFTER INSERT ON a BEGIN DELETE FROM ordersync_syncs WHERE name = 'b'; END;
SELECT ordersync_refresh_all();
SELECT sync, status FROM ordersync_runs ORDER BY id DESC LIMIT 2;
DROP TRIGGER gone;
-- A name that is no text, which nothing can refresh, is tried once.
INSERT INTO ordersync_syncs(name, source, target) VALUES(x'62', 'dbo.src', 'b');
SELECT ordersync_refresh_all();
DELETE FROM ordersync_syncs WHERE name = x'62';
-- Many failures share the message.
WITH n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO ordersync_syncs(name, source, target) SELECT 'many ' || i, 'dbo.src', 'nowhere' FROM n;
SELECT ordersync_refresh_all();
SELECT count(*) FROM ordersync_runs WHERE sync LIKE 'many%' AND status = 'error';
