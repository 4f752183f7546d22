-- A table of an older version gets the columns that it lacks.
CREATE TABLE ordersync_syncs(name TEXT PRIMARY KEY NOT NULL, source TEXT NOT NULL,
  target TEXT NOT NULL);
INSERT INTO ordersync_syncs VALUES('mine', 'dbo.vwEmpty', 'mine');
CREATE TABLE ordersync_columns(sync TEXT NOT NULL, position INTEGER NOT NULL,
  source_column TEXT NOT NULL, target_column TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY(sync, position));
INSERT INTO ordersync_columns VALUES('mine', 1, 'a', 'a', 'decimal');
.load ./ordersync
-- What changes for rows that are there already is told, once.
SELECT ordersync_install();
SELECT ordersync_install();
SELECT name FROM pragma_table_info('open_orders');
SELECT ordersync_install('open_orders');
SELECT * FROM ordersync_syncs ORDER BY name;
SELECT state FROM ordersync_status;
