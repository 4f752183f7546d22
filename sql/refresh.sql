-- One refresh, for scripts and schedulers; the exit code tells:
--   sqlite3 orders.db < sql/refresh.sql
-- (make install puts a copy that loads the installed extension into
-- PREFIX/share/ordersync.)
.bail on
.load ./ordersync
SELECT ordersync_refresh();
