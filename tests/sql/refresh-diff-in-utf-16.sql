-- A database in UTF-16 keeps neither U+FFFE nor U+FFFF, as SQLite converts text.
-- A row that has one does not look changed at every run, nor does its key.
PRAGMA encoding = 'UTF-16';
.load ./ordersync
SELECT ordersync_install();
CREATE TABLE odd(name TEXT, note TEXT);
INSERT INTO ordersync_syncs(name, source, target, mode, key, keep_changes) VALUES('odd', 'dbo.src', 'odd', 'diff', 'name', 1);
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
SELECT 'odd', column1, column2, column2, 'raw' FROM (VALUES (1, 'name'), (2, 'note'));
.shell change "CREATE TABLE src(name nvarchar(9), note nvarchar(9)); INSERT INTO src VALUES('a', 'x' || char(0xFFFF) || 'y'), ('b' || char(0xFFFE), 'b'), ('c', 'ü' || char(0xFF01)), ('d', char(0xFFFE))"
SELECT ordersync_refresh('odd');
SELECT ordersync_refresh('odd');
SELECT hex(name), hex(note) FROM odd ORDER BY name;
SELECT rows, rows_inserted, rows_updated, rows_deleted FROM ordersync_runs;
.shell change "UPDATE src SET note = 'new' WHERE name LIKE 'b%'"
SELECT ordersync_refresh('odd');
SELECT kind, json_extract(changed, '$.note[0]') FROM ordersync_changes ORDER BY id;
SELECT json_extract(row, '$.note') = note FROM ordersync_as_of('odd', 2) o JOIN odd ON odd.name = json_extract(o.row, '$.name') ORDER BY name;
