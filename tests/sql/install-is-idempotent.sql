-- Twice is as good as once, and rows are never touched.
.load ./ordersync
SELECT ordersync_install();
UPDATE ordersync_syncs SET filter = 'plant = 8800';
DELETE FROM ordersync_columns WHERE position > 3;
INSERT INTO open_orders(sales_doc, created_at, updated_at) VALUES('1', 'x', 'y');
SELECT ordersync_install();
SELECT name, filter, source, target, mode, batch_size FROM ordersync_syncs;
SELECT count(*) FROM ordersync_columns;
SELECT count(*) FROM open_orders;
SELECT count(*) FROM pragma_table_info('open_orders');
SELECT name FROM pragma_index_list('open_orders') ORDER BY name;
SELECT name, type FROM sqlite_schema WHERE name LIKE 'ordersync%' ORDER BY name;
-- A new file is one in which readers read on; in one that is there it is told.
PRAGMA journal_mode;
PRAGMA journal_mode = delete;
SELECT ordersync_install();
PRAGMA journal_mode;
.shell sqlite3 :memory: ".load ./ordersync" "SELECT ordersync_install()" "PRAGMA journal_mode"
.shell sqlite3 mine.db "CREATE TABLE mine(x)" ".load ./ordersync" "BEGIN" "SELECT ordersync_install(NULL)" "COMMIT" "PRAGMA journal_mode"
.shell sqlite3 begun.db ".load ./ordersync" "BEGIN" "SELECT ordersync_install(NULL)" "COMMIT" "PRAGMA journal_mode"
.shell sqlite3 chosen.db "PRAGMA journal_mode = memory" ".load ./ordersync" "SELECT ordersync_install(NULL)" "PRAGMA journal_mode"
-- It makes main's tables, whatever else the connection sees under their names; and
-- of another database that is attached it touches nothing.
.shell sqlite3 old.db ".load ./ordersync" "SELECT ordersync_install(NULL)" "CREATE INDEX ordersync_runs_by_sync ON ordersync_runs(sync)"
.shell sqlite3 new.db ".load ./ordersync" "CREATE TEMP TABLE ordersync_runs(id, status)" "CREATE TEMP VIEW ordersync_syncs AS SELECT 1" "ATTACH 'old.db' AS old" "SELECT ordersync_install(NULL)"
.shell sqlite3 new.db "ATTACH 'old.db' AS old" "SELECT count(*) FROM old.sqlite_schema" "SELECT name FROM old.sqlite_schema EXCEPT SELECT name FROM sqlite_schema" "SELECT name FROM sqlite_schema EXCEPT SELECT name FROM old.sqlite_schema"
