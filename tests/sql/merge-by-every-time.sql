-- The condition of each type that a watermark may have, with and without an
-- overlap; a mark that is not of the column's type any more is none.
.load ./ordersync
.shell change "CREATE TABLE vwTimes(id int NOT NULL PRIMARY KEY, d date NOT NULL, dt datetime NOT NULL, sdt smalldatetime NOT NULL, dt0 datetime2(0) NOT NULL, o datetimeoffset(7) NOT NULL, t time(7)); INSERT INTO vwTimes VALUES(1, '2025-03-01', '2025-03-01 23:59:59.997', '2025-03-01 00:01', '2025-03-01 00:00:00', '2025-03-01 00:30:00.1234567+05:30', '12:00'), (2, '2025-02-28', '2025-03-01 23:59:59.993', '2025-03-01 00:00', '2025-02-28 23:59:59', '2025-02-28 20:30:00.1234567+01:00', '13:00')"
SELECT ordersync_add('x', 'dbo.vwTimes', '{"mode":"merge","key":"id"}');
SELECT ordersync_add('x', 'dbo.vwTimes', '{"mode":"merge","key":"id","watermark":"d"}');
SELECT ordersync_refresh('x'), ordersync_refresh('x'), ordersync_refresh('x', '{"overlap":1}'), ordersync_refresh('x', '{"overlap":86401}');
SELECT watermark FROM ordersync_state;
.shell sent
UPDATE ordersync_syncs SET watermark = 'dt';
SELECT ordersync_refresh('x'), ordersync_refresh('x'), ordersync_refresh('x', '{"overlap":0.001}'), ordersync_refresh('x', '{"overlap":1e12}');
SELECT watermark FROM ordersync_state;
.shell sent
UPDATE ordersync_syncs SET watermark = 'sdt';
SELECT ordersync_refresh('x'), ordersync_refresh('x'), ordersync_refresh('x', '{"overlap":61}'), ordersync_refresh('x', '{"overlap":1e12}');
SELECT watermark FROM ordersync_state;
.shell sent
UPDATE ordersync_syncs SET watermark = 'dt0';
SELECT ordersync_refresh('x'), ordersync_refresh('x'), ordersync_refresh('x', '{"overlap":0.5}'), ordersync_refresh('x', '{"overlap":1e15}');
SELECT watermark FROM ordersync_state;
.shell sent
UPDATE ordersync_syncs SET watermark = 'o';
SELECT ordersync_refresh('x'), ordersync_refresh('x'), ordersync_refresh('x', '{"overlap":3600}');
SELECT watermark FROM ordersync_state;
.shell sent
SELECT ordersync_refresh('x', '{"watermark":"t"}');
-- The kind matters not: the mark is the server's own.
UPDATE ordersync_columns SET kind = 'date' WHERE target_column = 'o';
SELECT ordersync_refresh('x'), ordersync_refresh('x');
SELECT id, o FROM x;
SELECT watermark FROM ordersync_state;
UPDATE ordersync_state SET watermark = 'datetimeoffset(7) yesterday';
SELECT ordersync_refresh('x');
UPDATE ordersync_state SET watermark = 'datetimeoffset(7) 2025-02-01 00:00:00.0000000+00:00';
SELECT ordersync_refresh('x');
SELECT message FROM ordersync_run_details WHERE message LIKE 'all rows%' OR message LIKE 'rows above%' ORDER BY id DESC LIMIT 3;
.shell sent
