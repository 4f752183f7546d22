-- A probe with the answer of the last success: nothing is fetched. Its answer is
-- of before the fetch, and stored together with the rows.
.load ./ordersync
.shell change "CREATE TABLE vwProbed(id int NOT NULL, name nvarchar(20), changed_at datetime2(3)); INSERT INTO vwProbed VALUES(1, 'a', '2025-03-01 10:00:00.001'), (2, 'b', NULL)"
SELECT ordersync_add('p', 'dbo.vwProbed', '{"probe":"SELECT MAX(changed_at) FROM dbo.vwProbed"}');
SELECT ordersync_refresh('p');
SELECT ordersync_refresh('p');
.shell sent
SELECT probe, rows FROM ordersync_state;
SELECT status, mode, rows, rows_inserted, fetch_ms IS NULL, apply_ms IS NULL, connect_ms IS NULL FROM ordersync_runs;
SELECT state, rows, consecutive_failures, last_success IS NULL FROM ordersync_status;
-- Asked for, or needed.
.shell change "UPDATE vwProbed SET name = 'B' WHERE id = 2"
SELECT ordersync_refresh('p', '{"dry_run":true}');
SELECT ordersync_refresh('p', '{"force":true}');
SELECT name FROM p WHERE id = 2;
SELECT ordersync_refresh('p', '{"full":true}');
DELETE FROM p;
SELECT ordersync_refresh('p');
SELECT count(*) FROM p;
UPDATE ordersync_columns SET kind = 'raw' WHERE target_column = 'name';
SELECT ordersync_refresh('p');
SELECT ordersync_refresh('p');
SELECT group_concat(status, ' ') FROM (SELECT status FROM ordersync_runs ORDER BY id);
-- The caller's ROLLBACK takes the answer along with the rows.
.shell change "UPDATE vwProbed SET name = 'bb', changed_at = '2025-03-01 10:00:00.002' WHERE id = 2"
BEGIN;
SELECT ordersync_refresh('p');
SELECT name FROM p WHERE id = 2;
ROLLBACK;
SELECT name FROM p WHERE id = 2;
SELECT probe FROM ordersync_state;
BEGIN;
SELECT ordersync_refresh('p');
SELECT ordersync_refresh('p');
COMMIT;
SELECT name FROM p WHERE id = 2;
SELECT probe FROM ordersync_state;
-- NULL equals NULL; types are compared as well.
.shell change "UPDATE vwProbed SET changed_at = NULL"
SELECT ordersync_refresh('p'), ordersync_refresh('p');
SELECT probe FROM ordersync_state;
UPDATE ordersync_syncs SET probe = 'SELECT COUNT(*) FROM dbo.vwProbed';
SELECT ordersync_refresh('p'), ordersync_refresh('p');
SELECT probe FROM ordersync_state;
-- Each third run fetches, whatever the probe says.
UPDATE ordersync_syncs SET full_every = 3;
DELETE FROM ordersync_runs;
SELECT ordersync_refresh('p'), ordersync_refresh('p'), ordersync_refresh('p'), ordersync_refresh('p');
SELECT group_concat(status, ' ') FROM (SELECT status FROM ordersync_runs ORDER BY id);
UPDATE ordersync_syncs SET probe = 'SELECT MAX(name) FROM dbo.vwProbed', full_every = NULL;
SELECT ordersync_refresh('p'), ordersync_refresh('p');
-- Not one value, and not even T-SQL.
SELECT ordersync_refresh('p', '{"probe":"SELECT id, name FROM dbo.vwProbed"}');
SELECT ordersync_refresh('p', '{"probe":"SELECT id FROM dbo.vwProbed"}');
SELECT ordersync_refresh('p', '{"probe":"SELECT id FROM dbo.vwProbed WHERE id = 9"}');
SELECT ordersync_refresh('p', '{"probe":"SELECT MAX(id) FROM dbo.vwGone"}');
SELECT probe FROM ordersync_state;
-- A sync that has none any more remembers nothing; one that goes takes it along.
SELECT ordersync_rename('p', 'q');
SELECT sync, probe FROM ordersync_state;
SELECT ordersync_refresh('q', '{"probe":null}');
SELECT count(*) FROM ordersync_state;
SELECT ordersync_refresh('q');
SELECT ordersync_remove('q');
SELECT count(*) FROM ordersync_state;
-- Both would be in another file than the rows.
ATTACH 'aux.db' AS aux;
SELECT ordersync_add('x', 'dbo.vwProbed', '{"target":"aux.x","probe":"SELECT 1"}');
SELECT ordersync_add('x', 'dbo.vwProbed', '{"target":"aux.x","mode":"merge","key":"id","watermark":"id"}');
-- A table that is empty because the source is has all there is.
.shell change "DELETE FROM vwProbed"
SELECT ordersync_add('e', 'dbo.vwProbed', '{"probe":"SELECT COUNT(*) FROM dbo.vwProbed"}');
SELECT ordersync_refresh('e'), ordersync_refresh('e');
SELECT status FROM ordersync_runs WHERE sync = 'e';
