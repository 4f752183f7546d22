-- Mode append with an identity: without a key only what is above the mark; with
-- one, and an overlap, a row of a known key is left, or mended.
.load ./ordersync
.shell change "CREATE TABLE vwEvents(id bigint NOT NULL PRIMARY KEY, what nvarchar(20)); INSERT INTO vwEvents VALUES(1, 'a'), (2147483648, 'b')"
SELECT ordersync_add('e', 'dbo.vwEvents', '{"mode":"append","watermark":"id"}');
SELECT ordersync_refresh('e');
SELECT ordersync_refresh('e');
.shell change "INSERT INTO vwEvents VALUES(2147483649, 'c'), (2, 'committed late')"
SELECT ordersync_refresh('e');
SELECT rowid, * FROM e;
.shell sent
SELECT config IS NOT NULL, watermark, rows FROM ordersync_state;
-- The guards are about the whole table.
SELECT ordersync_refresh('e', '{"min_rows":4}');
SELECT ordersync_refresh('e', '{"min_rows":5,"full":true}');
SELECT watermark FROM ordersync_state;
-- What was late comes with an overlap, which needs a key, which needs an index.
SELECT ordersync_refresh('e', '{"overlap":3000000000}');
UPDATE ordersync_syncs SET overlap = 3000000000, key = 'id';
SELECT ordersync_refresh('e');
CREATE INDEX e_by_id ON e(id);
SELECT ordersync_refresh('e');
.shell sent
.shell change "INSERT INTO vwEvents VALUES(3, 'also late'); UPDATE vwEvents SET what = 'mended' WHERE id = 2"
SELECT ordersync_refresh('e');
SELECT rowid, * FROM e ORDER BY id;
.shell sent
SELECT status, rows, rows_inserted, rows_updated, rows_deleted FROM ordersync_runs;
-- A smaller number type, to its end; a decimal; and what is refused.
.shell change "CREATE TABLE vwTiny(t tinyint NOT NULL, d decimal(20,0) NOT NULL, f float, m decimal(9,2)); INSERT INTO vwTiny VALUES(255, 9007199254740993, 1, 1.5)"
SELECT ordersync_add('t', 'dbo.vwTiny', '{"mode":"append","watermark":"t"}');
SELECT ordersync_refresh('t');
SELECT ordersync_refresh('t');
SELECT ordersync_refresh('t', '{"watermark":"d"}');
SELECT watermark FROM ordersync_state WHERE sync = 't';
UPDATE ordersync_syncs SET watermark = 'd' WHERE name = 't';
SELECT ordersync_refresh('t');
SELECT ordersync_refresh('t');
.shell sent
SELECT ordersync_refresh('t', '{"watermark":"f"}');
SELECT ordersync_refresh('t', '{"watermark":"m"}');
SELECT ordersync_refresh('t', '{"watermark":"gone"}');
UPDATE ordersync_syncs SET watermark = NULL WHERE name = 't';
SELECT ordersync_refresh('t');
SELECT ordersync_refresh('t', '{"mode":"merge","watermark":"d"}');
SELECT ordersync_refresh('t', '{"overlap":-1}');
SELECT ordersync_refresh('t', '{"full_every":0}');
-- Nothing but commas is no key, and nothing comes twice.
.shell change "CREATE TABLE vwCommas(id int NOT NULL); INSERT INTO vwCommas VALUES(1), (2)"
SELECT ordersync_add('c', 'dbo.vwCommas', '{"mode":"append","watermark":"id","key":","}');
SELECT ordersync_refresh('c'), ordersync_refresh('c'), ordersync_refresh('c');
SELECT id FROM c;
-- The index is one of the target's, though a table of temp has its name.
CREATE TEMP TABLE w(id, what);
SELECT ordersync_add('w', 'dbo.vwEvents', '{"mode":"append","watermark":"id","key":"id","overlap":1}');
SELECT type, name FROM main.sqlite_schema WHERE tbl_name = 'w';
SELECT ordersync_refresh('w');
-- A number beyond 64 bits, with and without a key.
.shell change "CREATE TABLE vwHuge(id int NOT NULL, w decimal(38,0) NOT NULL); INSERT INTO vwHuge VALUES(1, 5), (2, '100000000000000000000')"
SELECT ordersync_add('h', 'dbo.vwHuge', '{"mode":"merge","watermark":"w","key":"id"}');
SELECT ordersync_refresh('h');
SELECT ordersync_refresh('h', '{"mode":"append","key":null}');
