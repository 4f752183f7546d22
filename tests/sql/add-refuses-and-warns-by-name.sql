-- Two syncs into one table would take turns; wide decimals are told once.
.load ./ordersync
SELECT ordersync_install();
.shell sqlite3 server.db "CREATE TABLE src(id int, total decimal(15,2), weight decimal(16,3), price money)"
SELECT ordersync_add('a', 'dbo.src', '{"target":"t"}');
SELECT ordersync_add('b', 'dbo.src', '{"target":"main.T"}');
SELECT count(*) FROM ordersync_syncs WHERE name = 'b';
SELECT ordersync_add('b', 'dbo.src', '{"target":"u"}');
SELECT ordersync_refresh('a');
SELECT level, message FROM ordersync_run_details WHERE phase IN ('load', 'columns');
UPDATE ordersync_syncs SET target = 'main.T' WHERE name = 'b';
SELECT ordersync_refresh('a');
SELECT level, message FROM ordersync_run_details WHERE phase = 'load';
SELECT warnings FROM ordersync_runs ORDER BY id;
SELECT ordersync_add('c', 'dbo.src', 'target=c');
SELECT ordersync_add('c', 'dbo.src', '{"targett":"c"}');
-- What no refresh could live with, or is about one, adds nothing; the name of an
-- option may be written in any case.
SELECT ordersync_add('dbo.src', 'dbo.src');
SELECT ordersync_add('sqlite_c', 'dbo.src');
SELECT ordersync_add(' ', 'dbo.src', '{"target":"c"}');
SELECT ordersync_add('c', ' ');
SELECT ordersync_add('c', 'dbo.src', '{"target":{"table":"c"}}');
SELECT ordersync_add('c', 'dbo.src', '{"target":true}');
SELECT ordersync_add('c', 'dbo.src', '{"dry_run":true}');
SELECT ordersync_add('c', 'dbo.src', '{"key":"no", "mode":"diff"}');
SELECT ordersync_add('c', 'dbo.src', '{"keep_changes":true}');
SELECT ordersync_add('d', 'dbo.src', '{"MODE":"diff", "Key":"id", "TARGET":"e"}');
SELECT name, target, mode, key FROM ordersync_syncs ORDER BY 1;
.shell ORDERSYNC_LOG=stderr sqlite3 other.db ".load ./ordersync" "SELECT ordersync_install()" "SELECT ordersync_add('w', 'dbo.src')" 2>&1
