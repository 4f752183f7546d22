-- A server may cut a (max) value between any two bytes, within a character too.
.load ./ordersync
SELECT ordersync_install(NULL);
.shell sqlite3 server.db "CREATE TABLE pieces(n int, w [nvarchar(max)], c [varchar(max)], x xml, b [varbinary(max)]); WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 40) INSERT INTO pieces SELECT n, substr('a😀漢z😀😀é' || n || replace(hex(zeroblob(2060)), '00', '漢'), 1, n * 57) || '😀', 'Zürich ' || n, '<a>é' || n || '</a>', zeroblob(n) FROM i"
SELECT ordersync_add('pieces', 'dbo.pieces');
SELECT ordersync_refresh('pieces');
CREATE TABLE whole AS SELECT * FROM pieces;
.shell fault 'when=batch match=pieces do=chunks:1'
SELECT ordersync_refresh('pieces');
SELECT count(*) FROM (SELECT * FROM pieces INTERSECT SELECT * FROM whole);
.shell fault 'when=batch match=pieces do=chunks:3'
SELECT ordersync_refresh('pieces');
SELECT count(*) FROM (SELECT * FROM pieces INTERSECT SELECT * FROM whole);
.shell fault 'when=batch match=pieces do=chunks:4098'
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=pieces);
SELECT count(*) FROM (SELECT * FROM live INTERSECT SELECT * FROM whole);
-- Half a character at the very end is none, in pieces or not.
.shell sqlite3 server.db "UPDATE pieces SET w = x'3DD800DE3DD8' WHERE n = 7; UPDATE pieces SET w = x'3DD8' WHERE n = 8"
.shell fault 'when=batch match=pieces do=chunks:2'
SELECT ordersync_refresh('pieces');
.shell sqlite3 server.db "UPDATE pieces SET w = 'y' WHERE n = 7"
SELECT ordersync_refresh('pieces');
.shell fault
SELECT ordersync_refresh('pieces');
SELECT count(*) FROM (SELECT * FROM pieces INTERSECT SELECT * FROM whole);
