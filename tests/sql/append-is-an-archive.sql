-- What the server has purged stays in mode append, with and without a key, until
-- somebody asks for a full run.
.load ./ordersync
.shell change "CREATE TABLE vwLog(id int NOT NULL PRIMARY KEY, what nvarchar(20)); INSERT INTO vwLog VALUES(1, 'a'), (2, 'b'), (3, 'c')"
SELECT ordersync_add('k', 'dbo.vwLog', '{"mode":"append","watermark":"id","key":"id"}');
SELECT ordersync_add('n', 'dbo.vwLog', '{"mode":"append","watermark":"id"}');
SELECT ordersync_refresh('k'), ordersync_refresh('n');
.shell change "DELETE FROM vwLog WHERE id < 3; INSERT INTO vwLog VALUES(4, 'd'); ALTER TABLE vwLog ADD COLUMN more int; UPDATE vwLog SET more = 10 * id"
-- A column more, so all rows are fetched; nobody asked for one less.
SELECT ordersync_update('k', '{"apply":true}') IS NOT NULL, ordersync_update('n', '{"apply":true}') IS NOT NULL;
UPDATE ordersync_syncs SET max_shrink_percent = 1;
SELECT ordersync_refresh('k'), ordersync_refresh('n');
SELECT rowid, * FROM k;
SELECT rowid, * FROM n;
SELECT sync, rows, rows_inserted, rows_updated, rows_deleted, watermark FROM ordersync_runs JOIN ordersync_state USING (sync, rows) WHERE id > 2;
SELECT message FROM ordersync_run_details WHERE phase = 'fetch' AND message LIKE '%only the table%';
-- Added once more over its table, it is an archive still.
SELECT ordersync_remove('n');
UPDATE ordersync_syncs SET filter = 'id < 100' WHERE name = 'k';
SELECT ordersync_refresh('k');
-- Asked for, by hand and by turn.
SELECT ordersync_refresh('k', '{"full":true}');
SELECT ordersync_refresh('k', '{"full":true,"force":true}');
SELECT id FROM k;
.shell change "DELETE FROM vwLog WHERE id = 3"
SELECT ordersync_refresh('k');
UPDATE ordersync_syncs SET full_every = 1, max_shrink_percent = NULL WHERE name = 'k';
SELECT ordersync_refresh('k');
SELECT id FROM k;
-- A source without rows empties it no more, and nobody is told that it would.
.shell change "DELETE FROM vwLog"
UPDATE ordersync_syncs SET filter = 'id < 99', full_every = NULL WHERE name = 'k';
SELECT ordersync_refresh('k');
SELECT rows, rows_deleted, warnings FROM ordersync_runs ORDER BY id DESC LIMIT 1;
-- Without a key a row is known by its watermark, whatever else it has become.
.shell change "INSERT INTO vwLog VALUES(5, 'e', 50), (6, 'f', 60), (7, 'g', 70)"
SELECT ordersync_add('w', 'dbo.vwLog', '{"mode":"append","watermark":"id"}');
SELECT ordersync_refresh('w');
.shell change "UPDATE vwLog SET what = what || 'x', more = more + 1"
UPDATE ordersync_syncs SET filter = 'id < 99' WHERE name = 'w';
SELECT ordersync_refresh('w');
SELECT rowid, * FROM w;
