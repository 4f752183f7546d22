-- Order does not matter; extra columns warn; missing ones fail or are NULL; a
-- type that cannot become the kind fails.
.load ./ordersync
SELECT ordersync_install();
CREATE TABLE t(a, b, c);
INSERT INTO ordersync_syncs(name, source, target) VALUES('t', 'dbo.src', 't');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
VALUES ('t', 1, 'A', 'a', 'integer'), ('t', 2, 'b', 'b', 'string'), ('t', 3, 'c', 'c', 'date');
.shell change "CREATE TABLE src(c date, extra int, b nvarchar(5), a int, more bit); INSERT INTO src VALUES('2025-01-02', 1, 'bee', 7, 1)"
SELECT ordersync_refresh('t');
SELECT * FROM t;
SELECT level, message FROM ordersync_run_details WHERE phase = 'columns';
.shell change "ALTER TABLE src DROP COLUMN b"
SELECT ordersync_refresh('t');
SELECT * FROM t;
SELECT ordersync_refresh('t', '{"on_missing":"null"}');
SELECT a, b, c FROM t;
SELECT level, message FROM ordersync_run_details WHERE phase = 'columns' ORDER BY id DESC LIMIT 2;
.shell change "DROP TABLE src; CREATE TABLE src(a int, b nvarchar(5), c bit); INSERT INTO src VALUES(1, 'x', 1)"
SELECT ordersync_refresh('t');
SELECT a, b, c FROM t;
