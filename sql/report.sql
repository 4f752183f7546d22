-- The report as one page of HTML, for cron. A reader must not meet half a page:
--   sqlite3 -readonly orders.db < sql/report.sql > report.html.new &&
--     mv report.html.new report.html
-- (make install puts a copy that loads the installed extension into
-- PREFIX/share/ordersync.)
.bail on
.timeout 10000
.mode list
.headers off
.load ./ordersync
SELECT ordersync_report();
