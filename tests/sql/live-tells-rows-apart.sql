-- An OR is several scans: a row that two of them find is one, and rows that are
-- merely alike are many.
.load ./ordersync
SELECT ordersync_install();
.shell sqlite3 server.db "CREATE TABLE many(n int, s nvarchar(9), b varbinary(9)); INSERT INTO many VALUES (NULL, '', x''), (4, NULL, NULL), (4, NULL, NULL), (2, 'ab', x'0000000000'), (5, 'a', x'00'), (0, '4', x'34'), (1, 'abc', x'616263'), (NULL, '', x'')"
SELECT ordersync_add('many', 'dbo.many');
SELECT ordersync_refresh('many');
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=many);
SELECT count(*), count(n), sum(n) FROM many WHERE n IS NULL OR n >= 0;
SELECT count(*), count(n), sum(n) FROM live WHERE n IS NULL OR n >= 0;
SELECT count(*), count(s) FROM live WHERE s IS NULL OR s IN ('', 'ab', '4');
SELECT count(*), count(s) FROM many WHERE s IS NULL OR s IN ('', 'ab', '4');
SELECT group_concat(n || '/' || quote(s)) FROM (SELECT n, s FROM live WHERE n = 4 OR n IS NULL OR s = 'a' OR n BETWEEN 3 AND 5);
SELECT count(*) FROM live WHERE b = x'' OR n = 5;
-- So is one that differs in its last column.
.shell change "INSERT INTO many VALUES(5, 'a', x'01')"
SELECT count(*) FROM live WHERE b = x'00' OR n = 5;
-- Or merely in zeros at its end.
.shell change "INSERT INTO many VALUES(9, 'z', x'00'), (9, 'z', x'0000')"
SELECT count(*) FROM live WHERE b = x'00' OR n = 9;
