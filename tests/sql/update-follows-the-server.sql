-- New, dropped and retyped columns of a source: shown, and applied when asked.
.load ./ordersync
.shell change "CREATE TABLE src(id int, custName nvarchar(20), qty int, due date, old_note nvarchar(9), code int)" "INSERT INTO src VALUES(1, 'one', 5, '2025-03-01', 'x', 7)"
SELECT ordersync_update();
SELECT ordersync_add('a', 'dbo.src', '{"key":"id"}');
SELECT ordersync_refresh();
SELECT ordersync_update();
SELECT ordersync_update('a', '{"apply":true}');
SELECT ordersync_update('b');
SELECT ordersync_update('a', '{"aply":true}');
SELECT ordersync_update('a', '{"apply":1}');
SELECT ordersync_update('a', 'apply');
.shell change "DROP TABLE src" "CREATE TABLE src(id bigint, custName nvarchar(20), qty decimal(9,2), due int, code nvarchar(5), [New One] datetime2(3), newOne decimal(20,4), createdAt date, id_2 bit)" "INSERT INTO src VALUES(1, 'one', 5.5, 20, 'q7', '2025-03-01 10:00:00', 1.25, '2025-03-02', 1)"
ALTER TABLE a ADD COLUMN created_at TEXT;
ALTER TABLE a ADD COLUMN id_2 TEXT DEFAULT 'mine';
SELECT ordersync_refresh('a');
SELECT value ->> 'column', value ->> 'change', value ->> 'from', value ->> 'to', value ->> 'action'
FROM json_each(ordersync_update());
SELECT count(*) FROM ordersync_columns;
SELECT json_array_length(ordersync_update('a', '{"apply":true}'));
SELECT position, source_column, target_column, kind, source_type FROM ordersync_columns ORDER BY 1;
SELECT name, type FROM pragma_table_info('a');
SELECT ordersync_update('a'), ordersync_update('a', '{"apply":true}');
SELECT ordersync_refresh();
SELECT id, cust_name, qty, due, code, new_one, new_one_2, created_at IS NULL, created_at_2, id_2, id_2_2, old_note FROM a;
-- A column that comes back takes its old place where that is empty.
.shell change "DROP TABLE src" "CREATE TABLE src(id bigint, custName nvarchar(20), old_note nvarchar(9))" "INSERT INTO src VALUES(1, 'one', 'back')"
SELECT value ->> 'column', value ->> 'action' FROM json_each(ordersync_update('a', '{"drop_columns":true}'));
CREATE INDEX by_code ON a(code);
SELECT ordersync_update('a', '{"drop_columns":true,"apply":true}');
SELECT count(*) FROM ordersync_columns;
DROP INDEX by_code;
SELECT json_array_length(ordersync_update('a', '{"drop_columns":true,"apply":true}'));
SELECT name FROM pragma_table_info('a');
SELECT ordersync_refresh();
SELECT id, cust_name, old_note FROM a;
-- What is left must work.
.shell change "DROP TABLE src" "CREATE TABLE src(custName nvarchar(20), old_note nvarchar(9))"
SELECT ordersync_update('a', '{"apply":true}');
SELECT count(*) FROM ordersync_columns;
UPDATE ordersync_syncs SET key = NULL;
INSERT INTO ordersync_syncs(name, source, target) VALUES('other', 'dbo.src', 'a');
SELECT ordersync_update('a', '{"apply":true,"drop_columns":true}');
-- Nor may the watermark go, or become what none can be; and a dry run says so.
DELETE FROM ordersync_syncs WHERE name = 'other';
.shell change "CREATE TABLE src2(id int NOT NULL, w int, plant int)"
SELECT ordersync_add('m', 'dbo.src2', '{"mode":"merge","key":"id","watermark":"w","filter":"[plant] = 8800","probe":"SELECT MAX(w) FROM dbo.src2"}');
.shell change "DROP TABLE src2" "CREATE TABLE src2(id int NOT NULL, w2 int, new_plant int)"
SELECT value ->> 'action' FROM json_each(ordersync_update('m', '{"drop_columns":true}'));
SELECT ordersync_update('m', '{"apply":true,"drop_columns":true}');
.shell change "DROP TABLE src2" "CREATE TABLE src2(w int, plant int)"
SELECT value ->> 'action' FROM json_each(ordersync_update('m'));
.shell change "DROP TABLE src2" "CREATE TABLE src2(id int NOT NULL, w nvarchar(9), plant int)"
SELECT value ->> 'action' FROM json_each(ordersync_update('m'));
SELECT ordersync_update('m', '{"apply":true}');
SELECT name FROM pragma_table_info('m');
-- In mode diff no watermark is used, but the probe is.
UPDATE ordersync_syncs SET mode = 'diff' WHERE name = 'm';
.shell change "DROP TABLE src2" "CREATE TABLE src2(id int NOT NULL, plant int)"
SELECT ordersync_update('m', '{"apply":true}');
SELECT ordersync_remove('m', '{"drop_table":true}');
INSERT INTO ordersync_syncs(name, source, target) VALUES('other', 'dbo.src', 'a');
-- The caller's ROLLBACK undoes it.
BEGIN;
SELECT json_array_length(ordersync_update('a', '{"apply":true}'));
ROLLBACK;
SELECT count(*) FROM ordersync_columns WHERE sync = 'a';
INSERT INTO ordersync_runs(sync, status, started_at) SELECT ordersync_update('a', '{"apply":true}'), 'x', 'y';
.shell flock orders.db-ordersync-a.lock sqlite3 orders.db ".load ./ordersync" "SELECT ordersync_update('a', json_object('apply', json('true')))" 2>&1 | sed 's,^.*stepping. ,,'
.shell server stop
SELECT ordersync_update('a');
-- A strict table, in an attached database.
.shell server start
ATTACH 'aux.db' AS aux;
CREATE TABLE aux.s(cust_name TEXT) STRICT;
.shell change "CREATE TABLE one(custName nvarchar(20))"
SELECT ordersync_add('s', 'dbo.one', '{"target":"aux.s"}');
.shell change "DROP TABLE one" "CREATE TABLE one(custName nvarchar(20), qty decimal(9,2))"
SELECT json_array_length(ordersync_update('s', '{"apply":true}'));
SELECT sql FROM aux.sqlite_schema;
-- A mapping made by hand knows no types; a kind that was chosen stays where it
-- fits; a column that has the name already, empty as it is, is not shared.
.shell change "CREATE TABLE hand(id int NOT NULL, custName int)"
SELECT ordersync_add('hand', 'dbo.hand');
UPDATE ordersync_columns SET source_type = NULL WHERE sync = 'hand' AND position = 1;
UPDATE ordersync_columns SET kind = 'text' WHERE sync = 'hand' AND position = 2;
SELECT ordersync_update('hand');
UPDATE ordersync_columns SET kind = 'date' WHERE sync = 'hand' AND position = 2;
SELECT value ->> 'change', value ->> 'action' FROM json_each(ordersync_update('hand'));
UPDATE ordersync_columns SET kind = 'text' WHERE sync = 'hand' AND position = 2;
.shell change "DROP TABLE hand" "CREATE TABLE hand(id int NOT NULL, custName bigint, cust_name int)"
CREATE TABLE mine(x INTEGER PRIMARY KEY);
INSERT INTO mine VALUES(77);
SELECT json_array_length(ordersync_update('hand', '{"apply":true}')), last_insert_rowid();
SELECT source_column, target_column, kind, source_type FROM ordersync_columns WHERE sync = 'hand';
-- What is new comes behind the last one, whatever has gone before it.
.shell change "DROP TABLE hand" "CREATE TABLE hand(custName bigint, cust_name int)"
SELECT json_array_length(ordersync_update('hand', '{"apply":true}'));
.shell change "ALTER TABLE hand ADD COLUMN [cust name 2] int"
SELECT json_array_length(ordersync_update('hand', '{"apply":true}'));
SELECT position, target_column FROM ordersync_columns WHERE sync = 'hand';
