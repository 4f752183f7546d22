-- Mode merge: a view that has lost a column of the key is refused, whatever
-- on_missing says, and nothing is lost: rows without their key would all be one.
.load ./ordersync
.shell change "CREATE TABLE vwKeyed(code nvarchar(20) NOT NULL, w int NOT NULL); INSERT INTO vwKeyed VALUES('a', 1), ('b', 1)"
SELECT ordersync_add('k', 'dbo.vwKeyed', '{"mode":"merge","key":"code","watermark":"w","on_missing":"null"}');
SELECT ordersync_refresh('k');
.shell change "ALTER TABLE vwKeyed RENAME COLUMN code TO code2; INSERT INTO vwKeyed VALUES('c', 2), ('d', 2)"
SELECT ordersync_refresh('k');
SELECT ordersync_refresh('k', '{"full":true}');
SELECT * FROM k;
SELECT watermark FROM ordersync_state;
.shell change "ALTER TABLE vwKeyed RENAME COLUMN code2 TO code"
SELECT ordersync_refresh('k');
SELECT * FROM k;
-- A row under another key, or one that is its own key to NOCASE only, is in the
-- way of its old self, which only a full run finds gone.
.shell change "CREATE TABLE vwRenamed(code nvarchar(20) NOT NULL, w int NOT NULL, u nvarchar(20)); INSERT INTO vwRenamed VALUES('a', 1, 'x'), ('b', 1, 'y')"
CREATE TABLE n(code TEXT COLLATE NOCASE PRIMARY KEY, w, u UNIQUE);
SELECT ordersync_add('n', 'dbo.vwRenamed', '{"mode":"merge","key":"code","watermark":"w"}');
SELECT ordersync_refresh('n');
.shell change "UPDATE vwRenamed SET code = 'A', w = 2, u = 'z' WHERE code = 'a'"
SELECT ordersync_refresh('n');
SELECT ordersync_refresh('n', '{"full":true}');
.shell change "UPDATE vwRenamed SET code = 'c', w = 3 WHERE code = 'b'"
SELECT ordersync_refresh('n');
SELECT * FROM n;
SELECT ordersync_refresh('n', '{"full":true}');
SELECT * FROM n;
-- A key that several rows have is none: which one has changed?
.shell change "CREATE TABLE vwTwice(id int, name nvarchar(20), w int NOT NULL); INSERT INTO vwTwice VALUES(1, 'a', 1), (1, 'b', 2), (2, 'c', 3)"
SELECT ordersync_add('t', 'dbo.vwTwice', '{"mode":"merge","key":"id","watermark":"w"}');
SELECT ordersync_refresh('t');
UPDATE ordersync_syncs SET key = 'id, name' WHERE name = 't';
CREATE INDEX t_by_both ON t(id, name);
SELECT ordersync_refresh('t');
.shell change "UPDATE vwTwice SET name = 'B', w = 4 WHERE name = 'b'; INSERT INTO vwTwice VALUES(NULL, 'n', 5)"
SELECT ordersync_refresh('t');
SELECT ordersync_refresh('t', '{"full":true}');
SELECT * FROM t;
-- NULL is a value as any other.
.shell change "INSERT INTO vwTwice VALUES(NULL, 'n', 6)"
SELECT ordersync_refresh('t', '{"full":true}');
SELECT error_category FROM ordersync_runs WHERE sync = 't' AND error IS NOT NULL;
-- A key is what the table holds: '7' and '007' are one in an INTEGER column.
.shell change "CREATE TABLE vwAffine(code nvarchar(20) NOT NULL, w int NOT NULL); INSERT INTO vwAffine VALUES('7', 1), ('8', 1)"
CREATE TABLE i(code INTEGER, w);
CREATE INDEX i_by_code ON i(code);
SELECT ordersync_add('i', 'dbo.vwAffine', '{"mode":"merge","key":"code","watermark":"w"}');
SELECT ordersync_refresh('i');
.shell change "INSERT INTO vwAffine VALUES('007', 2)"
SELECT ordersync_refresh('i');
SELECT * FROM i;
SELECT message FROM ordersync_run_details WHERE level = 'WARN' AND run_id = (SELECT max(id) FROM ordersync_runs);
SELECT ordersync_refresh('i', '{"full":true}');
SELECT * FROM i;
