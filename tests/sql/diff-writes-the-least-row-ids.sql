-- An identity may begin at bigint's least value: such rows are updated too.
.load ./ordersync
.shell change "CREATE TABLE vwLeast(id bigint NOT NULL PRIMARY KEY, name nvarchar(20), n int, w int NOT NULL); INSERT INTO vwLeast VALUES(-9223372036854775808, 'a', 1, 1), (-9223372036854775807, 'b', 2, 1), (-9223372036854775806, 'c', 3, 1)"
CREATE TABLE d(id INTEGER PRIMARY KEY, name TEXT, n INTEGER, w INTEGER);
CREATE TABLE m(id INTEGER PRIMARY KEY, name TEXT, n INTEGER, w INTEGER);
CREATE TABLE u(name TEXT, n INTEGER, w INTEGER);
SELECT ordersync_add('d', 'dbo.vwLeast', '{"mode":"diff","key":"id"}');
SELECT ordersync_add('m', 'dbo.vwLeast', '{"mode":"merge","key":"id","watermark":"w"}');
SELECT ordersync_refresh('d'), ordersync_refresh('m');
SELECT ordersync_refresh('d'), ordersync_refresh('m');
SELECT rows_inserted, rows_updated, rows_deleted FROM ordersync_runs WHERE id > 2;
.shell change "UPDATE vwLeast SET name = name || '!', w = 2"
SELECT ordersync_refresh('d'), ordersync_refresh('m');
SELECT * FROM d JOIN m USING(id);
-- Without a key, by likeness.
SELECT ordersync_refresh('d', '{"key":null}');
.shell change "UPDATE vwLeast SET name = name || '!'"
SELECT ordersync_refresh('d', '{"key":null}');
SELECT * FROM d;
