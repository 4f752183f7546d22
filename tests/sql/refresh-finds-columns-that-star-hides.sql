-- HIDDEN columns and sparse ones behind a column set are not in SELECT *, and a
-- GRANT may leave columns out: the mapped ones are asked for by name.
.load ./ordersync
SELECT ordersync_install();
.shell sqlite3 server.db "CREATE TABLE lean(id int, [from] [datetime2(0) NOT NULL HIDDEN], seldom [int SPARSE], [all] [xml column_set]); INSERT INTO lean VALUES(1, '2025-01-02 03:04:05', 7, NULL)"
CREATE TABLE lean(id INTEGER, start TEXT, seldom INTEGER, gone TEXT);
INSERT INTO ordersync_syncs(name, source, target) VALUES('lean', 'dbo.lean', 'lean');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
VALUES ('lean', 1, 'id', 'id', 'integer'), ('lean', 2, 'from', 'start', 'datetime'), ('lean', 3, 'seldom', 'seldom', 'integer');
.shell sent >/dev/null
SELECT ordersync_refresh('lean');
SELECT id, start, seldom FROM lean;
.shell sent
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=lean);
SELECT start FROM live WHERE seldom = 7;
SELECT step, ok, detail FROM ordersync_check('lean') WHERE step IN ('permission', 'columns');
-- One that is really not there is named alone.
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES ('lean', 4, 'gone', 'gone', 'text');
SELECT ordersync_refresh('lean');
SELECT ordersync_refresh('lean', '{"on_missing":"null"}');
SELECT * FROM lean;
SELECT level, message FROM ordersync_run_details WHERE phase = 'columns' ORDER BY id;
-- No right to one of the columns.
.shell server stop
.shell SERVER_OPTIONS='--deny src.secret' server start
.shell sqlite3 server.db "CREATE TABLE src(a int, secret int); INSERT INTO src VALUES(1, 2)"
CREATE TABLE t(a, secret);
INSERT INTO ordersync_syncs(name, source, target) VALUES('t', 'dbo.src', 't');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES ('t', 1, 'a', 'a', 'integer');
SELECT ordersync_refresh('t');
SELECT * FROM t;
SELECT step, ok, detail FROM ordersync_check('t') WHERE step IN ('permission', 'columns');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES ('t', 2, 'secret', 'secret', 'integer');
SELECT ordersync_refresh('t');
SELECT step, ok FROM ordersync_check('t') WHERE step IN ('permission', 'columns');
SELECT ordersync_add('src', 'dbo.src');
SELECT ordersync_add('src', 'SELECT a FROM dbo.src');
