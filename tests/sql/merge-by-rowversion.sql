-- Mode merge with a rowversion: what an open transaction has not yet committed
-- has lower values than what others have meanwhile; the mark stays below it.
.load ./ordersync
.shell change "CREATE TABLE vwVersions(id int NOT NULL PRIMARY KEY, name nvarchar(20), rv rowversion); INSERT INTO vwVersions VALUES(1, 'a', x'00000000000007D1'), (2, 'b', x'00000000000007D2')"
SELECT ordersync_add('r', 'dbo.vwVersions', '{"mode":"merge","key":"id","watermark":"rv"}');
SELECT source_type, kind FROM ordersync_columns WHERE target_column = 'rv';
.shell sent
SELECT ordersync_refresh('r');
SELECT watermark FROM ordersync_state;
-- 7D3 is open, 7D4 is committed: it comes, and comes again.
.shell change "CREATE TABLE [sys.active_rowversions](rowversion); INSERT INTO [sys.active_rowversions] VALUES(x'00000000000007D3'); UPDATE vwVersions SET name = 'B', rv = x'00000000000007D4' WHERE id = 2"
SELECT ordersync_refresh('r');
SELECT id, name, hex(rv) FROM r;
SELECT watermark FROM ordersync_state;
.shell change "DELETE FROM [sys.active_rowversions]; INSERT INTO vwVersions VALUES(3, 'c', x'00000000000007D3')"
SELECT ordersync_refresh('r');
SELECT id, name, hex(rv) FROM r;
SELECT watermark FROM ordersync_state;
-- Above 2^63, and back by an overlap.
.shell change "UPDATE vwVersions SET rv = x'80000000000007D5' WHERE id = 1"
SELECT ordersync_refresh('r');
SELECT watermark FROM ordersync_state;
SELECT ordersync_refresh('r', '{"overlap":6}');
.shell sent | grep -v TOP
SELECT id, name, hex(rv) FROM r;
-- The database was restored: its rowversions are those of before, and given out
-- once more. All rows come.
.shell change "UPDATE vwVersions SET rv = x'00000000000007D1' WHERE id = 1; UPDATE vwVersions SET name = 'other', rv = x'00000000000007D5' WHERE id = 2; DELETE FROM vwVersions WHERE id = 3"
SELECT ordersync_refresh('r');
SELECT id, name, hex(rv) FROM r;
SELECT watermark FROM ordersync_state;
SELECT message FROM ordersync_run_details WHERE message LIKE '%the mark is%' ORDER BY id DESC LIMIT 1;
.shell change "UPDATE vwVersions SET name = 'more', rv = x'00000000000007D6' WHERE id = 1"
.shell sent >sent
SELECT ordersync_refresh('r');
.shell sent | tail -1
-- What was committed cannot be open: it is another database's, too.
.shell change "INSERT INTO [sys.active_rowversions] VALUES(x'00000000000007D6')"
SELECT ordersync_refresh('r');
.shell sent | tail -1
-- Other binaries, texts and so on are none.
SELECT ordersync_add('b', 'SELECT id, CAST(rv AS binary(8)) AS rv FROM dbo.vwVersions', '{"mode":"merge","key":"id","watermark":"rv"}');
SELECT ordersync_refresh('r', '{"watermark":"name"}');
SELECT ordersync_add('a', 'dbo.vwVersions', '{"mode":"append","watermark":"rv"}');
SELECT ordersync_refresh('r', '{"mode":"append","key":null}');
