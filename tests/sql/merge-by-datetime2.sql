-- Mode merge with a datetime2: after the first run only what is at the mark or
-- above it, upserted by key; what is gone stays until a full run.
.load ./ordersync
.shell change "CREATE TABLE vwChanged(id int NOT NULL, name nvarchar(20), changed_at datetime2(7)); INSERT INTO vwChanged VALUES(1, 'a', '2025-03-01 10:00:00.0000001'), (2, 'b', '2025-03-01 10:00:00.0000002'), (3, 'c', NULL)"
SELECT ordersync_add('w', 'dbo.vwChanged', '{"mode":"merge","key":"id","watermark":"changed_at"}');
.shell sent
SELECT ordersync_refresh('w');
.shell sent
SELECT watermark FROM ordersync_state;
.shell change "UPDATE vwChanged SET name = 'B', changed_at = '2025-03-01 10:00:01' WHERE id = 2; INSERT INTO vwChanged VALUES(4, 'd', '2025-03-01 10:00:00.5'), (5, 'e', NULL); DELETE FROM vwChanged WHERE id = 1"
SELECT ordersync_refresh('w');
.shell sent
SELECT rowid, * FROM w ORDER BY rowid;
SELECT watermark, since_full, rows FROM ordersync_state;
SELECT ordersync_refresh('w');
SELECT ordersync_refresh('w', '{"full":true}');
.shell sent
SELECT rowid, * FROM w ORDER BY rowid;
SELECT status, mode, rows, rows_inserted, rows_updated, rows_deleted FROM ordersync_runs;
SELECT run_id, level, phase, message FROM ordersync_run_details WHERE message NOT LIKE '% ms%';
