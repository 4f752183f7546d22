-- A look-up is ranges of the bare column, and finds what is padded, whatever
-- with; so is a value that the server would read as a line to be continued.
.load ./ordersync
SELECT ordersync_install();
.shell sqlite3 server.db "CREATE TABLE p(k nvarchar(40), n int); INSERT INTO p VALUES('AB', 1), ('AB  ', 2), (' AB', 3), (char(9)||'AB', 4), ('AB'||char(160)||' ', 5), (char(12288)||'AB'||char(8232), 6), ('ABC', 7), ('AB C', 8), (' ABC', 9), ('C:'||char(92)||char(10)||'x', 10), (char(13)||char(10)||'C:'||char(92)||char(10)||'x', 11)"
INSERT INTO ordersync_syncs(name, source, target) VALUES('p', 'dbo.p', 'p');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES('p', 1, 'k', 'k', 'string'), ('p', 2, 'n', 'n', 'integer');
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=p);
SELECT group_concat(n) FROM live WHERE k = 'AB';
SELECT group_concat(n) FROM live WHERE k IN ('AB', 'ABC');
SELECT group_concat(n) FROM live WHERE k = 'C:' || char(92, 10) || 'x';
SELECT group_concat(n) FROM live WHERE k IN ('C:' || char(92, 10) || 'x', 'none');
.shell sent | grep -c 'COLLATE\|CAST'
