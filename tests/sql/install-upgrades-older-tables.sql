-- A table of an older version gets the columns that it lacks.
CREATE TABLE ordersync_syncs(name TEXT PRIMARY KEY NOT NULL, source TEXT NOT NULL,
  target TEXT NOT NULL);
INSERT INTO ordersync_syncs VALUES('mine', 'dbo.vwEmpty', 'mine');
CREATE TABLE ordersync_columns(sync TEXT NOT NULL, position INTEGER NOT NULL,
  source_column TEXT NOT NULL, target_column TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY(sync, position));
INSERT INTO ordersync_columns VALUES('mine', 1, 'a', 'a', 'decimal');
CREATE TABLE ordersync_changes(id INTEGER PRIMARY KEY NOT NULL, run INTEGER NOT NULL, sync TEXT NOT NULL,
  key TEXT NOT NULL, kind TEXT NOT NULL, changed TEXT NOT NULL);
CREATE INDEX ordersync_changes_by_key ON ordersync_changes(sync, key);
INSERT INTO ordersync_changes VALUES(1500, 7, 'mine', '{"a":1}', 'updated', '{"a":[1,2]}'), (5000, 8, 'mine', '{"a":1}', 'updated', '{"a":[2,3]}');
CREATE TABLE ordersync_runs(id INTEGER PRIMARY KEY NOT NULL, sync TEXT NOT NULL, status TEXT NOT NULL, started_at TEXT NOT NULL);
CREATE INDEX ordersync_runs_by_sync ON ordersync_runs(sync);
.load ./ordersync
-- What changes for rows that are there already is told, once.
SELECT ordersync_install();
SELECT ordersync_install();
SELECT name FROM pragma_table_info('open_orders');
SELECT ordersync_install('open_orders');
SELECT * FROM ordersync_syncs ORDER BY name;
SELECT name FROM pragma_table_info('ordersync_syncs') WHERE "notnull";
SELECT state FROM ordersync_status;
SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name IN ('ordersync_changes', 'ordersync_runs') ORDER BY 1;
SELECT * FROM ordersync_history WHERE key = '{"a":1}';
