-- What is meant where no sync is named: open_orders, else the only one.
.load ./ordersync
SELECT ordersync_refresh();
SELECT ordersync_install(NULL);
SELECT ordersync_refresh();
SELECT count(*) FROM ordersync;
.shell change "CREATE TABLE src(id int)" "INSERT INTO src VALUES(1), (2)"
SELECT ordersync_add('a', 'dbo.src');
SELECT ordersync_refresh();
SELECT ordersync_sql();
SELECT ok, detail FROM ordersync_check WHERE step IN ('config', 'columns');
SELECT count(*) FROM ordersync;
-- A failure is logged where the status looks for it.
UPDATE ordersync_syncs SET mode = 'wrong';
SELECT ordersync_refresh();
SELECT sync, consecutive_failures FROM ordersync_status;
UPDATE ordersync_syncs SET mode = 'replace';
SELECT ordersync_add('b', 'dbo.src');
SELECT ordersync_refresh();
SELECT ordersync_sql();
SELECT count(*) FROM ordersync;
SELECT ok, detail FROM ordersync_check WHERE step = 'config';
-- open_orders wins; install leaves it out for those who have their own.
SELECT ordersync_install();
SELECT name FROM ordersync_syncs ORDER BY 1;
SELECT ordersync_install('orders');
SELECT ordersync_install('open_orders');
SELECT ordersync_refresh();
.shell rm -f empty.db; sqlite3 empty.db ".load ./ordersync" "SELECT ordersync_install(NULL)" "SELECT count(*) FROM ordersync_syncs" "SELECT ordersync_install()" "SELECT name FROM ordersync_syncs"
-- Temporary tables of these names are somebody else's.
CREATE TEMP TABLE ordersync_syncs AS SELECT 'open_orders' AS name;
CREATE TEMP TABLE ordersync_columns AS SELECT 'a' AS sync, 1 AS position, 'gone' AS source_column, 'id' AS target_column, 'text' AS kind, NULL AS source_type;
DELETE FROM main.ordersync_syncs WHERE name <> 'a';
SELECT ordersync_sql();
SELECT ordersync_sql('open_orders');
-- ordersync_add leaves nothing behind where it fails.
.shell rm -f new.db; sqlite3 new.db ".load ./ordersync" "SELECT ordersync_add('x', 'dbo.nowhere')" 2>&1 | sed 's,^.*stepping. ,,'; sqlite3 new.db "SELECT count(*) FROM sqlite_schema"
-- Inside a transaction of the caller's, in a file in which nothing is yet.
.shell rm -f new.db; sqlite3 new.db ".load ./ordersync" "BEGIN" "SELECT ordersync_add('x', 'dbo.src')" "SELECT ordersync_refresh()" "ROLLBACK" "SELECT count(*) FROM sqlite_schema" "SELECT ordersync_add('x', 'dbo.src')" "PRAGMA journal_mode" "SELECT ordersync_refresh()"
