-- A source that is altered after its columns were asked for.
.load ./ordersync
SELECT ordersync_install();
CREATE TABLE t(v);
INSERT INTO ordersync_syncs(name, source, target, retries) VALUES('t', 'dbo.src', 't', 0);
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES ('t', 1, 'v', 'v', 'decimal');
.shell sqlite3 server.db "CREATE TABLE src(v int); INSERT INTO src VALUES(1)"
.shell sent >/dev/null
-- To a type that the kind accepts.
.shell fault 'when=batch match=[v] times=1 do=sql:DROP TABLE src; CREATE TABLE src(v nvarchar(9)); INSERT INTO src VALUES(2)'
SELECT ordersync_refresh('t');
SELECT v, typeof(v) FROM t;
.shell sent
-- To sql_variant, which is asked for otherwise.
.shell fault 'when=batch match=[v] times=1 do=sql:DROP TABLE src; CREATE TABLE src(v sql_variant); INSERT INTO src VALUES(3)'
SELECT ordersync_refresh('t');
SELECT v, typeof(v) FROM t;
.shell sent | cut -c1-40
-- To one that the kind does not accept, and away.
.shell sqlite3 server.db "DROP TABLE src; CREATE TABLE src(v int); INSERT INTO src VALUES(4)"
.shell fault 'when=batch match=[v] times=1 do=sql:DROP TABLE src; CREATE TABLE src(v date)'
SELECT ordersync_refresh('t');
.shell sqlite3 server.db "DROP TABLE src; CREATE TABLE src(v int); INSERT INTO src VALUES(5)"
.shell fault 'when=batch match=[v] times=1 do=sql:ALTER TABLE src RENAME v TO w'
SELECT ordersync_refresh('t');
SELECT v FROM t;
-- The live view asks for the columns again, too.
.shell sqlite3 server.db "DROP TABLE src; CREATE TABLE src(v int); INSERT INTO src VALUES(6)"
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=t);
SELECT v FROM live;
.shell sqlite3 server.db "DROP TABLE src; CREATE TABLE src(v sql_variant); INSERT INTO src VALUES(7)"
SELECT v FROM live;
