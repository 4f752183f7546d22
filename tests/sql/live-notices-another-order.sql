-- The server is to sort, but no longer sorts as SQLite does: its dates have
-- become texts. An error, not rows in another order.
.load ./ordersync
SELECT ordersync_install();
.shell sqlite3 server.db "CREATE TABLE d(x date); INSERT INTO d VALUES('2025-01-01'), ('2025-03-01')"
INSERT INTO ordersync_syncs(name, source, target) VALUES('d', 'dbo.d', 'd');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES('d', 1, 'x', 'x', 'date');
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=d);
SELECT x FROM live;
SELECT x FROM live ORDER BY x DESC;
.shell sqlite3 server.db "DROP TABLE d; CREATE TABLE d(x nvarchar(20)); INSERT INTO d VALUES('20250101'), ('2025-03-01')"
SELECT x FROM live ORDER BY x DESC;
SELECT x FROM live ORDER BY x DESC;
-- Nor is it asked to before its types are known.
.shell sqlite3 orders.db ".load ./ordersync" "CREATE VIRTUAL TABLE temp.live USING ordersync(sync=d)" "SELECT x FROM live ORDER BY x DESC"
