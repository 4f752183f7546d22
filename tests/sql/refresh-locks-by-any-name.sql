-- A name that no file could have is a sync's nevertheless, with a lock of its own.
.load ./ordersync
.shell change "CREATE TABLE src(id int)" "INSERT INTO src VALUES(1)"
SELECT ordersync_add(replace(hex(zeroblob(40)), '00', 'Größe '), 'dbo.src', '{"target":"a"}');
SELECT ordersync_add(replace(hex(zeroblob(40)), '00', 'Größe ') || '/', 'dbo.src', '{"target":"b"}');
SELECT ordersync_add('../e', 'dbo.src', '{"target":"e"}');
SELECT ordersync_refresh_all();
.shell ls *.lock
.shell flock orders.db-ordersync-*=[6-9a]*.lock sqlite3 orders.db ".load ./ordersync" "SELECT ordersync_refresh_all()"
SELECT ordersync_rename(replace(hex(zeroblob(40)), '00', 'Größe '), 'a'), ordersync_remove('a');
