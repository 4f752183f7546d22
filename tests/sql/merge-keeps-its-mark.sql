-- Where there is no mark yet all rows come; while a probe says that nothing has
-- changed the mark stays, and what comes after that is a part.
.load ./ordersync
.shell change "CREATE TABLE vwMarks(id int NOT NULL PRIMARY KEY, name nvarchar(20), w int); INSERT INTO vwMarks VALUES(1, 'a', NULL), (2, 'b', NULL)"
SELECT ordersync_add('m', 'dbo.vwMarks', '{"mode":"merge","key":"id","watermark":"w","on_missing":"null","probe":"SELECT MAX(w) FROM dbo.vwMarks"}');
SELECT ordersync_refresh('m'), ordersync_refresh('m', '{"force":true}');
SELECT watermark, probe FROM ordersync_state;
.shell change "UPDATE vwMarks SET w = 5 WHERE id = 1"
SELECT ordersync_refresh('m'), ordersync_refresh('m');
SELECT watermark, probe FROM ordersync_state;
.shell change "UPDATE vwMarks SET name = 'B', w = 6 WHERE id = 2"
.shell sent >sent
SELECT ordersync_refresh('m');
.shell sent | tail -1
SELECT watermark, probe FROM ordersync_state;
SELECT * FROM m;
-- A dry run moves neither: what it saw is still to come.
.shell change "UPDATE vwMarks SET name = 'bb', w = 7 WHERE id = 2"
SELECT ordersync_refresh('m', '{"dry_run":true}');
SELECT watermark, probe FROM ordersync_state;
SELECT ordersync_refresh('m');
SELECT watermark, probe FROM ordersync_state;
SELECT * FROM m;
-- The column is gone: no part can be asked for, and all that is there stays.
.shell change "ALTER TABLE vwMarks RENAME COLUMN w TO x"
SELECT ordersync_refresh('m', '{"probe":null}');
SELECT * FROM m;
SELECT watermark, probe FROM ordersync_state;
SELECT run_id, message FROM ordersync_run_details WHERE message LIKE '%mark%' ORDER BY run_id;
SELECT status, rows, rows_updated FROM ordersync_runs;
-- What an attempt saw that broke does not count.
.shell change "CREATE TABLE vwTries(id int NOT NULL PRIMARY KEY, w int); INSERT INTO vwTries VALUES(1, NULL), (2, 9), (3, 5)"
SELECT ordersync_add('t', 'dbo.vwTries', '{"mode":"merge","key":"id","watermark":"w"}');
.shell fault 'when=batch match=[id], after_rows=2 times=1 do=cut'
SELECT ordersync_refresh('t');
SELECT attempts, warnings FROM ordersync_runs ORDER BY id DESC LIMIT 1;
SELECT message FROM ordersync_run_details WHERE message LIKE '%watermark%' ORDER BY id DESC LIMIT 1;
-- A run of each three is a full one, and finds what has gone, though the others
-- are parts.
.shell change "CREATE TABLE vwEvery(id int NOT NULL PRIMARY KEY, w int); INSERT INTO vwEvery VALUES(1, 1), (2, 2)"
SELECT ordersync_add('e', 'dbo.vwEvery', '{"mode":"merge","key":"id","watermark":"w","full_every":3}');
SELECT ordersync_refresh('e');
.shell change "DELETE FROM vwEvery WHERE id = 1"
SELECT ordersync_refresh('e');
SELECT count(*), since_full FROM e, ordersync_state WHERE sync = 'e';
SELECT ordersync_refresh('e');
SELECT count(*), since_full FROM e, ordersync_state WHERE sync = 'e';
SELECT ordersync_refresh('e');
SELECT count(*), since_full FROM e, ordersync_state WHERE sync = 'e';
