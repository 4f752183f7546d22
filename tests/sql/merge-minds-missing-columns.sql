-- on_missing 'null' where not all rows come: a column that is missing for a while
-- is NULL in every row, as in a full copy, and has its values again afterwards.
.load ./ordersync
.shell change "CREATE TABLE vwGaps(id int NOT NULL PRIMARY KEY, qty int, w int NOT NULL); INSERT INTO vwGaps VALUES(1, 10, 1), (2, 20, 2), (3, 30, 3)"
SELECT ordersync_add('m', 'dbo.vwGaps', '{"mode":"merge","key":"id","watermark":"w","on_missing":"null"}');
SELECT ordersync_add('p', 'dbo.vwGaps', '{"probe":"SELECT MAX(w) FROM dbo.vwGaps","on_missing":"null"}');
SELECT ordersync_refresh('m'), ordersync_refresh('p');
.shell change "ALTER TABLE vwGaps RENAME COLUMN qty TO away; UPDATE vwGaps SET w = 4 WHERE id = 1"
SELECT ordersync_refresh('m'), ordersync_refresh('p');
SELECT * FROM m JOIN p USING(id);
-- As long as it is away, only what is above the mark.
.shell change "UPDATE vwGaps SET w = 5 WHERE id = 2"
SELECT ordersync_refresh('m'), ordersync_refresh('m'), ordersync_refresh('p'), ordersync_refresh('p');
.shell change "ALTER TABLE vwGaps RENAME COLUMN away TO qty"
SELECT ordersync_refresh('m'), ordersync_refresh('p');
SELECT * FROM m JOIN p USING(id);
SELECT ordersync_refresh('m'), ordersync_refresh('p');
SELECT sync, status, rows_inserted, rows_updated, rows_deleted FROM ordersync_runs;
SELECT run_id, message FROM ordersync_run_details WHERE message LIKE '%the mark is%' ORDER BY run_id;
