-- Mode merge: a view that has lost a column of the key is refused, whatever
-- on_missing says, and nothing is lost: rows without their key would all be one.
.load ./ordersync
.shell change "CREATE TABLE vwKeyed(code nvarchar(20) NOT NULL, w int NOT NULL); INSERT INTO vwKeyed VALUES('a', 1), ('b', 1)"
SELECT ordersync_add('k', 'dbo.vwKeyed', '{"mode":"merge","key":"code","watermark":"w","on_missing":"null"}');
SELECT ordersync_refresh('k');
.shell change "ALTER TABLE vwKeyed RENAME COLUMN code TO code2; INSERT INTO vwKeyed VALUES('c', 2), ('d', 2)"
SELECT ordersync_refresh('k');
SELECT ordersync_refresh('k', '{"full":true}');
SELECT * FROM k;
SELECT watermark FROM ordersync_state;
.shell change "ALTER TABLE vwKeyed RENAME COLUMN code2 TO code"
SELECT ordersync_refresh('k');
SELECT * FROM k;
