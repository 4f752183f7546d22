-- The server may read a row twice while it moves: no count shows it, a key does.
.load ./ordersync
SELECT ordersync_install();
CREATE TABLE t(a, b, v);
INSERT INTO ordersync_syncs(name, source, target, key) VALUES('t', 'dbo.src', 't', ' B , a');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
VALUES ('t', 1, 'a', 'a', 'raw'), ('t', 2, 'v', 'v', 'raw'), ('t', 3, 'b', 'b', 'raw');
.shell sqlite3 server.db "CREATE TABLE src(a int, b nvarchar(9), v int); INSERT INTO src VALUES(1, 'x', 1), (1, 'y', 1), (2, 'x', 2), (2, 'y', 2)"
SELECT ordersync_refresh('t');
SELECT count(*) FROM ordersync_run_details WHERE level = 'WARN';
.shell sqlite3 server.db "INSERT INTO src VALUES(1, 'x', 9), (2, 'y', 2), (1, 'x', 1)"
SELECT ordersync_refresh('t');
SELECT ordersync_refresh('t', '{"key":null}');
SELECT run_id, message FROM ordersync_run_details WHERE level = 'WARN';
-- Values of different types are different keys: a NULL and a 5, '' and a number.
.shell sqlite3 server.db "DELETE FROM src; INSERT INTO src VALUES(NULL, 'x', 1), (5, 'x', 1), (NULL, '', 1), (5, NULL, 1), (5, '', 1), (7, NULL, 1), (0, 'x', 1)"
SELECT ordersync_refresh('t');
SELECT warnings FROM ordersync_runs ORDER BY id DESC LIMIT 1;
.shell sqlite3 server.db "CREATE TABLE vwMarked(a int, w int NOT NULL); INSERT INTO vwMarked VALUES(NULL, 1), (5, 2), (3, 3), (7, 4)"
SELECT ordersync_add('m', 'dbo.vwMarked', '{"mode":"merge", "key":"a", "watermark":"w"}');
SELECT ordersync_refresh('m');
