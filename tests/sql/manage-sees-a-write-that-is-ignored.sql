-- A trigger of the user's ignores one of the writes: all is as it was, and told.
.load ./ordersync
.shell change "CREATE TABLE src(id int, name nvarchar(20))"
SELECT ordersync_add('a', 'dbo.src');
.shell change "ALTER TABLE src ADD COLUMN due date"
CREATE TRIGGER keep BEFORE INSERT ON ordersync_columns BEGIN SELECT RAISE(IGNORE); END;
SELECT ordersync_update('a', '{"apply":true}');
DROP TRIGGER keep;
CREATE TRIGGER keep BEFORE UPDATE ON ordersync_syncs BEGIN SELECT RAISE(IGNORE); END;
SELECT ordersync_rename('a', 'b');
DROP TRIGGER keep;
CREATE TRIGGER keep BEFORE UPDATE ON ordersync_columns BEGIN SELECT RAISE(IGNORE); END;
SELECT ordersync_rename('a', 'b');
DROP TRIGGER keep;
INSERT INTO ordersync_runs(sync, status, started_at) VALUES('a', 'error', '2025-01-01');
CREATE TRIGGER keep BEFORE UPDATE ON ordersync_runs BEGIN SELECT RAISE(IGNORE); END;
SELECT ordersync_rename('a', 'b');
DROP TRIGGER keep;
CREATE TRIGGER keep BEFORE DELETE ON ordersync_syncs BEGIN SELECT RAISE(IGNORE); END;
SELECT ordersync_remove('a', '{"drop_table":true}');
DROP TRIGGER keep;
SELECT name FROM ordersync_syncs;
SELECT sync, target_column FROM ordersync_columns;
SELECT name FROM pragma_table_info('a');
SELECT ordersync_rename('a', 'b'), json_array_length(ordersync_update('b', '{"apply":true}')), ordersync_remove('b');
-- Nor is a sync made that lacks a column.
CREATE TRIGGER keep BEFORE INSERT ON ordersync_columns WHEN NEW.position = 2 BEGIN SELECT RAISE(IGNORE); END;
SELECT ordersync_add('c', 'dbo.src');
DROP TRIGGER keep;
CREATE TRIGGER keep BEFORE INSERT ON ordersync_columns WHEN NEW.position = 2 BEGIN SELECT RAISE(ABORT, 'not that one'); END;
SELECT ordersync_add('c', 'dbo.src');
DROP TRIGGER keep;
SELECT count(*) FROM ordersync_syncs;
SELECT name FROM pragma_table_info('c');
