-- The configuration, the mapping and the log go along; the table stays.
.load ./ordersync
.shell change "CREATE TABLE src(id int, name nvarchar(20))" "INSERT INTO src VALUES(1, 'one'), (2, 'two')"
SELECT ordersync_add('a', 'dbo.src');
SELECT ordersync_add('b', 'dbo.src');
SELECT ordersync_refresh('a');
SELECT ordersync_rename('a', NULL);
SELECT ordersync_rename(NULL, 'c');
SELECT ordersync_rename('x', 'c');
SELECT ordersync_rename('a', 'a');
SELECT ordersync_rename('a', 'b');
SELECT ordersync_rename(name, 'x' || name) FROM ordersync_syncs;
CREATE VIRTUAL TABLE live USING ordersync(sync=a);
SELECT ordersync_rename('a', 'it''s');
-- The live table goes on naming the old one.
SELECT * FROM live;
DROP TABLE live;
SELECT name, target FROM ordersync_syncs ORDER BY 1;
SELECT sync, position, target_column FROM ordersync_columns ORDER BY 1, 2;
SELECT sync, status, rows FROM ordersync_runs;
SELECT sync, state, rows FROM ordersync_status ORDER BY 1;
SELECT ordersync_refresh('it''s');
-- A name that is free again, with runs of somebody else.
SELECT ordersync_remove('it''s');
SELECT ordersync_rename('b', 'it''s');
DELETE FROM ordersync_runs WHERE sync = 'it''s';
-- Failures of those who were told the new name early are no hindrance.
SELECT ordersync_refresh('it''s');
SELECT ordersync_rename('b', 'it''s');
SELECT sync, status FROM ordersync_runs;
SELECT ordersync_refresh('it''s');
-- By hand: the mapping goes along, and is not left behind.
UPDATE ordersync_syncs SET name = 'c';
SELECT DISTINCT sync FROM ordersync_columns;
INSERT INTO ordersync_syncs(name, source, target) VALUES('c', 'dbo.src', 'b')
ON CONFLICT(name) DO UPDATE SET keep_days = 7;
REPLACE INTO ordersync_syncs(name, source, target) VALUES('c', 'dbo.src', 'b');
SELECT count(*) FROM ordersync_columns;
PRAGMA foreign_keys = ON;
REPLACE INTO ordersync_syncs(name, source, target) VALUES('c', 'dbo.src', 'b');
PRAGMA recursive_triggers = ON;
UPDATE ordersync_syncs SET name = 'd';
SELECT sync, count(*) FROM ordersync_columns;
DELETE FROM ordersync_syncs;
SELECT count(*) FROM ordersync_columns;
