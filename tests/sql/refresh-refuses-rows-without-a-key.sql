-- A row whose INTEGER PRIMARY KEY would be NULL is refused by its number: SQLite
-- would invent an id.
.load ./ordersync
SELECT ordersync_install();
CREATE TABLE t(id INTEGER PRIMARY KEY, v);
INSERT INTO ordersync_syncs(name, source, target) VALUES('t', 'dbo.src', 't');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
VALUES ('t', 1, 'v', 'v', 'raw'), ('t', 2, 'key', 'ID', 'integer');
.shell sqlite3 server.db "CREATE TABLE src(key nvarchar(9), v int); INSERT INTO src VALUES('7', 1), ('x9', 2)"
SELECT ordersync_refresh('t');
SELECT ordersync_refresh('t', '{"mode":"diff"}');
.shell sqlite3 server.db "UPDATE src SET key = NULL WHERE v = 2"
SELECT ordersync_refresh('t');
SELECT count(*) FROM t;
.shell sqlite3 server.db "DELETE FROM src WHERE v = 2"
SELECT ordersync_refresh('t');
SELECT * FROM t;
-- The id is looked at where it is mapped behind the sync's own key, too.
.shell sqlite3 server.db "INSERT INTO src VALUES('8', 3)"
SELECT ordersync_refresh('t', '{"mode":"diff","key":"v"}');
SELECT * FROM t;
