-- keep_changes: what each run did, and the table as it was.
.load ./ordersync
SELECT ordersync_install();
UPDATE ordersync_syncs SET keep_changes = 1;
SELECT ordersync_refresh();
UPDATE ordersync_syncs SET mode = 'diff';
SELECT ordersync_refresh();
UPDATE ordersync_syncs SET key = ' , ';
SELECT ordersync_refresh();
UPDATE ordersync_syncs SET key = 'a, b', target = 't';
CREATE TABLE t(b TEXT, a, v REAL);
DELETE FROM ordersync_columns;
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
VALUES ('open_orders', 1, 'a', 'a', 'raw'), ('open_orders', 2, 'v', 'v', 'raw'), ('open_orders', 3, 'b', 'b', 'raw');
UPDATE ordersync_syncs SET source = 'dbo.src';
SELECT * FROM ordersync_as_of('open_orders', 'now');
.shell change "CREATE TABLE src(a int, b nvarchar(9), v int); INSERT INTO src VALUES(1, 'x', 1), (1, 'y', 1), (2, 'x', 2), (2, 'y', NULL)"
SELECT ordersync_refresh();
.shell change "UPDATE src SET v = 5 WHERE a = 2; DELETE FROM src WHERE a = 1 AND b = 'y'; INSERT INTO src VALUES(3, 'say 1', -1)"
SELECT ordersync_refresh('open_orders', '{"dry_run":true}');
SELECT ordersync_refresh();
SELECT ordersync_refresh();
SELECT run - (SELECT min(run) FROM ordersync_changes) AS run, sync, key, kind, changed FROM ordersync_changes;
SELECT key, row FROM ordersync_as_of(NULL, 'now');
SELECT row FROM ordersync_as_of('open_orders', (SELECT min(run) FROM ordersync_changes));
-- Keys that come twice: all the row's cells.
.shell change "INSERT INTO src VALUES(3, 'say 1', 7); UPDATE src SET v = 6 WHERE a = 2 AND b = 'x'"
SELECT ordersync_refresh();
SELECT key, kind, changed FROM ordersync_changes WHERE run = (SELECT max(run) FROM ordersync_changes);
SELECT row FROM ordersync_as_of('open_orders', (SELECT max(id) - 1 FROM ordersync_runs));
-- A row's history is found by an index, and is what the changes say.
SELECT * FROM (SELECT id, run, sync, key, kind, changed FROM ordersync_history EXCEPT SELECT * FROM ordersync_changes);
SELECT count(*) = (SELECT count(*) FROM ordersync_changes) FROM ordersync_history;
SELECT kind, changed, finished_at = (SELECT finished_at FROM ordersync_runs WHERE id = run) FROM ordersync_history WHERE sync = 'open_orders' AND key = '{"a":2,"b":"x"}' ORDER BY id;
.once '|grep -o "SEARCH c .*"'
EXPLAIN QUERY PLAN SELECT kind FROM ordersync_history WHERE sync = 'open_orders' AND key = '{"a":9}' ORDER BY id;
-- Not so.
SELECT * FROM ordersync_as_of;
SELECT * FROM ordersync_as_of('open_orders');
SELECT * FROM ordersync_as_of('nope', 'now');
SELECT * FROM ordersync_as_of('open_orders', 'yesterday');
SELECT * FROM ordersync_as_of('open_orders', NULL);
-- Seconds are no run.
SELECT * FROM ordersync_as_of('open_orders', 1740830400);
-- Rows that somebody else has deleted; another key; the key's column renamed.
SELECT count(*) FROM ordersync_as_of('open_orders', (SELECT min(run) FROM ordersync_changes));
BEGIN;
DELETE FROM t WHERE a = 1;
SELECT count(*) FROM ordersync_as_of('open_orders', (SELECT min(run) FROM ordersync_changes));
ROLLBACK;
BEGIN;
DELETE FROM t WHERE a = 2;
SELECT count(*) FROM ordersync_as_of('open_orders', (SELECT min(run) FROM ordersync_changes));
ROLLBACK;
BEGIN;
UPDATE ordersync_syncs SET key = 'a';
SELECT count(*) FROM ordersync_as_of('open_orders', (SELECT min(run) FROM ordersync_changes));
SELECT count(*) FROM ordersync_as_of('open_orders', 'now');
ROLLBACK;
-- How far they go back is the last run of which they are not all there.
BEGIN;
DELETE FROM ordersync_changes WHERE run < (SELECT max(run) FROM ordersync_changes);
UPDATE ordersync_runs SET finished_at = '2025-03-01 12:00:00';
SELECT count(*) FROM ordersync_as_of('open_orders', (SELECT min(id) FROM ordersync_runs));
ROLLBACK;
-- What is kept of another sync is another table's.
BEGIN;
INSERT INTO ordersync_changes(run, sync, key, kind, changed) SELECT 99, 'other', key, kind, changed FROM ordersync_changes WHERE kind = 'deleted';
SELECT count(*) FROM ordersync_as_of('open_orders', 8);
ROLLBACK;
-- A target in another file, which the caller writes itself: nobody else does.
.shell change "CREATE TABLE far(id int NOT NULL, v int); INSERT INTO far VALUES(1, 1)"
PRAGMA journal_mode = wal;
ATTACH 'aux.db' AS aux;
SELECT ordersync_add('far', 'dbo.far', '{"target":"aux.far","mode":"diff","key":"id","keep_changes":true}');
SELECT ordersync_refresh('far');
BEGIN;
UPDATE ordersync_syncs SET keep_days = 9 WHERE name = 'far';
UPDATE aux.far SET v = v;
SELECT row FROM ordersync_as_of('far', 'now');
ROLLBACK;
-- Many rows of one key: the one that has changed is undone, none that is as it
-- was before.
.shell change "CREATE TABLE crowd(id int NOT NULL, v int); WITH n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO crowd SELECT 1, max(i, 3) FROM n"
SELECT ordersync_add('crowd', 'dbo.crowd', '{"mode":"diff","key":"id","keep_changes":true}');
SELECT ordersync_refresh('crowd');
.shell change "UPDATE crowd SET v = 99 WHERE rowid = 1"
SELECT ordersync_refresh('crowd');
SELECT kind, changed FROM ordersync_changes WHERE sync = 'crowd' ORDER BY id DESC LIMIT 1;
SELECT count(*), sum(row ->> 'v') FROM ordersync_as_of('crowd', (SELECT max(id) - 1 FROM ordersync_runs));
