-- A column of a _UTF8 collation with bytes that are no UTF-8, and an nvarchar
-- column with a lone surrogate: named, never stored, whatever on_bad_value says.
.load ./ordersync
SELECT ordersync_install();
.shell sqlite3 server.db "CREATE TABLE utf8s(n int, u [varchar(20) COLLATE Latin1_General_100_CI_AS_SC_UTF8]); INSERT INTO utf8s VALUES(1, 'Zürich'), (2, '€')"
INSERT INTO ordersync_syncs(name, source, target) VALUES('utf8s', 'utf8s', 'utf8s');
CREATE TABLE utf8s(n INTEGER, u TEXT);
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
VALUES('utf8s', 1, 'n', 'n', 'integer'), ('utf8s', 2, 'u', 'u', 'string');
SELECT ordersync_refresh('utf8s');
.shell sqlite3 server.db "INSERT INTO utf8s VALUES(3, CAST(x'61FF62' AS TEXT))"
SELECT ordersync_refresh('utf8s');
SELECT n, u FROM utf8s;
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=utf8s);
SELECT u FROM live WHERE n = 2;
SELECT u FROM live;
.shell sqlite3 server.db "CREATE TABLE halves(n int, w [nvarchar(20)], d [nvarchar(max)]); INSERT INTO halves VALUES(1, 'A', 'B'), (2, x'410042003DD8', 'B'), (3, 'A', x'00D84300')"
CREATE VIRTUAL TABLE temp.halves USING ordersync(source=halves);
SELECT * FROM halves WHERE n = 1;
SELECT n, w FROM halves;
SELECT n, d FROM halves;
INSERT INTO ordersync_syncs(name, source, target) VALUES('halves', 'halves', 'half');
CREATE TABLE half(n INTEGER, w TEXT);
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
VALUES('halves', 1, 'n', 'n', 'integer'), ('halves', 2, 'w', 'w', 'string');
SELECT ordersync_refresh('halves');
SELECT count(*) FROM half;
SELECT error FROM ordersync_runs WHERE sync = 'halves';
