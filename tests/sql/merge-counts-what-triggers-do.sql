-- Not all rows are fetched, so no count of them says what a trigger has done to
-- the rest: rows are counted where one has written. Mode merge refuses, as a full
-- run does; an archive may be trimmed, and what is counted is what is there.
.load ./ordersync
.shell change "CREATE TABLE vwT(id int NOT NULL, w int NOT NULL, u int); INSERT INTO vwT VALUES(1, 1, 1), (2, 2, 2), (3, 3, 3)"
CREATE TABLE m(id INTEGER PRIMARY KEY, w, u);
CREATE TABLE a(id INTEGER PRIMARY KEY, w, u);
SELECT ordersync_add('m', 'dbo.vwT', '{"mode":"merge","key":"id","watermark":"w"}');
SELECT ordersync_add('a', 'dbo.vwT', '{"mode":"append","key":"id","watermark":"w"}');
SELECT ordersync_refresh('m'), ordersync_refresh('a');
CREATE TABLE audit(what);
CREATE TRIGGER m_audit AFTER INSERT ON m BEGIN INSERT INTO audit VALUES(new.id); END;
CREATE TRIGGER m_other AFTER INSERT ON m BEGIN UPDATE m SET u = -1 WHERE id = 1; END;
CREATE TRIGGER a_trim AFTER INSERT ON a BEGIN DELETE FROM a WHERE id <= new.id - 3; END;
.shell change "INSERT INTO vwT VALUES(4, 4, 4), (5, 5, 5)"
SELECT ordersync_refresh('m'), ordersync_refresh('a');
SELECT * FROM m;
SELECT * FROM a;
SELECT * FROM audit;
SELECT ordersync_state.sync, ordersync_state.rows, r.rows, r.warnings, r.rows_inserted, r.rows_deleted FROM ordersync_state JOIN ordersync_runs r ON r.sync = ordersync_state.sync WHERE id > 2;
SELECT message FROM ordersync_run_details WHERE level = 'WARN';
-- Deletes others, on an update too; adds; a dry run says the same.
CREATE TRIGGER m_delete AFTER UPDATE ON m WHEN new.id = 3 BEGIN DELETE FROM m WHERE id = 2; END;
.shell change "UPDATE vwT SET u = 33, w = 6 WHERE id = 3"
SELECT ordersync_refresh('m', '{"dry_run":true}');
SELECT ordersync_refresh('m');
SELECT ordersync_refresh('m', '{"full":true}');
DROP TRIGGER m_delete;
CREATE TRIGGER m_add AFTER UPDATE ON m WHEN new.id = 3 BEGIN INSERT INTO m VALUES(-3, 0, 0); END;
SELECT ordersync_refresh('m');
DROP TRIGGER m_add;
SELECT ordersync_refresh('m');
-- What REPLACE deletes is no change to SQLite.
DROP TABLE m;
CREATE TABLE m(id INTEGER PRIMARY KEY, w, u UNIQUE ON CONFLICT REPLACE);
SELECT ordersync_refresh('m', '{"full":true}');
.shell change "INSERT INTO vwT VALUES(6, 7, 2)"
SELECT ordersync_refresh('m');
SELECT * FROM m;
