-- A table of an older version gets the columns that it lacks.
CREATE TABLE ordersync_syncs(name TEXT PRIMARY KEY NOT NULL, source TEXT NOT NULL,
  target TEXT NOT NULL);
INSERT INTO ordersync_syncs VALUES('mine', 'dbo.vwEmpty', 'mine');
.load ./ordersync
SELECT ordersync_install();
SELECT name FROM pragma_table_info('open_orders');
SELECT ordersync_install('open_orders');
SELECT * FROM ordersync_syncs ORDER BY name;
SELECT state FROM ordersync_status;
-- What changes for rows that are there already is told.
UPDATE ordersync_columns SET kind = 'decimal' WHERE position <= 2;
SELECT ordersync_install();
