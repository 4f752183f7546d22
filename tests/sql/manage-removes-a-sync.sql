-- What is left of a sync that is removed, and what keeps it from being.
.load ./ordersync
.shell change "CREATE TABLE src(id int, name nvarchar(20))" "INSERT INTO src VALUES(1, 'one'), (2, 'two')"
SELECT ordersync_remove('a');
SELECT ordersync_add('a', 'dbo.src');
SELECT ordersync_add('b', 'dbo.src', '{"target":"t"}');
SELECT ordersync_refresh('a'), ordersync_refresh('b');
SELECT ordersync_remove(NULL);
SELECT ordersync_remove('A');
SELECT ordersync_remove('a', 'drop');
SELECT ordersync_remove('a', '[]');
SELECT ordersync_remove('a', '{"drop_tables":true}');
SELECT ordersync_remove('a', '{"table":true}');
SELECT ordersync_remove('a', '{"drop_table, drop_runs":true}');
SELECT ordersync_remove('a', '{"drop_table":"yes"}');
INSERT INTO ordersync_runs(sync, status, started_at) SELECT ordersync_remove('a'), 'x', 'y';
SELECT count(*) FROM ordersync_syncs;
-- The table and the log stay.
SELECT ordersync_remove('a');
SELECT name FROM ordersync_syncs;
SELECT DISTINCT sync FROM ordersync_columns;
SELECT count(*) FROM a;
SELECT sync, status, rows FROM ordersync_runs;
-- Asked so, they go.
CREATE TABLE child(x REFERENCES t(id));
SELECT ordersync_remove('b', '{"drop_table":true}');
DROP TABLE child;
CREATE TABLE tree(id INTEGER PRIMARY KEY, name REFERENCES Tree(id));
INSERT INTO ordersync_syncs(name, source, target) VALUES('tree', 'dbo.src', 'TREE');
SELECT ordersync_remove('tree', '{"drop_table":true}');
INSERT INTO ordersync_syncs(name, source, target) VALUES('c', 'dbo.src', 'main.T');
SELECT ordersync_remove('b', '{"drop_table":true}');
UPDATE ordersync_syncs SET target = 'v' WHERE name = 'c';
CREATE VIEW v AS SELECT 1;
SELECT ordersync_remove('c', '{"drop_table":true}');
UPDATE ordersync_syncs SET target = 'ordersync_runs' WHERE name = 'c';
SELECT ordersync_remove('c', '{"drop_table":true}');
UPDATE ordersync_syncs SET target = 'aux.t' WHERE name = 'c';
SELECT ordersync_remove('c', '{"drop_table":true}');
SELECT ordersync_remove('b', '{"drop_table":true,"drop_runs":true}');
SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sync%' ORDER BY 1;
SELECT sync, count(*) FROM ordersync_runs GROUP BY 1;
SELECT count(*) FROM ordersync_run_details WHERE run_id NOT IN (SELECT id FROM ordersync_runs);
ATTACH 'aux.db' AS aux;
CREATE TABLE aux.t(id);
SELECT ordersync_remove('c', '{"drop_table":true}');
SELECT count(*) FROM aux.sqlite_schema;
-- One whose mapping does not load, and whose table is gone.
INSERT INTO ordersync_syncs(name, source, target, mode) VALUES('d', 'x', 'gone', 'wrong');
SELECT ordersync_remove('d', '{"drop_table":true}');
-- The caller's ROLLBACK brings all back; the name can be had again.
SELECT ordersync_add('a', 'dbo.src');
BEGIN;
SELECT ordersync_remove('a', '{"drop_table":true}');
ROLLBACK;
SELECT count(*), (SELECT count(*) FROM ordersync_columns) FROM a;
SELECT ordersync_refresh('a');
-- While a refresh runs it is refused; a process that holds the lock is one.
.shell flock orders.db-ordersync-a.lock sqlite3 orders.db ".load ./ordersync" "SELECT ordersync_remove('a')" 2>&1 | sed 's,^.*stepping. ,,'
.shell flock orders.db-ordersync-a.lock sqlite3 orders.db ".load ./ordersync" "SELECT ordersync_rename('a', 'z')" 2>&1 | sed 's,^.*stepping. ,,'
SELECT name FROM ordersync_syncs;
-- A new one of that name: the log would say of an empty table that it is synced.
SELECT ordersync_remove('a', '{"drop_table":true}');
SELECT ordersync_add('a', 'dbo.src');
SELECT count(*) FROM sqlite_schema WHERE name = 'a';
CREATE TABLE aux.a(id);
SELECT ordersync_add('a', 'dbo.src');
CREATE TABLE a(id, name);
SELECT ordersync_add('a', 'dbo.src');
SELECT ordersync_remove('a', '{"drop_table":true,"drop_runs":true}');
SELECT ordersync_add('a', 'dbo.src');
SELECT sync, state FROM ordersync_status;
-- What is said twice must be meant twice.
SELECT ordersync_remove('a', '{"drop_table":true,"drop_table":false}');
