-- A connection that is kept goes where the profile says now; a password that
-- changes breaks none, nor does a file that is half written.
.load ./ordersync
SELECT ordersync_install();
SELECT count(*) FROM ordersync;
.shell profile password=another
SELECT count(*) FROM ordersync;
.shell profile 'password=S3cret!word'
.shell cp ordersync.ini whole.ini; : >ordersync.ini
SELECT count(*) FROM ordersync;
.shell cp whole.ini ordersync.ini
SELECT count(*) FROM ordersync;
.shell grep -c event.:.login server.log
-- Another user, who has no login; then one without a right to the database.
.shell profile user=nobody
SELECT count(*) FROM ordersync;
.shell profile user=orders_reader database=Elsewhere
SELECT count(*) FROM ordersync;
.shell profile database=Sales
SELECT count(*) FROM ordersync;
-- Another server, which has five rows.
.shell mkdir second && cp server.db second/ && cd second && : >faults && server start
.shell sqlite3 second/server.db "DELETE FROM vwZSDOrder_Advanced WHERE rowid > 5"
SELECT count(*) FROM ordersync WHERE plant = 8800;
.shell sqlite3 second/server.db "CREATE TABLE there(a int); INSERT INTO there VALUES(1)"
.shell profile port=$(cat second/port)
CREATE VIRTUAL TABLE temp.there USING ordersync(source='there');
SELECT * FROM there;
SELECT count(*) FROM ordersync WHERE plant = 8800;
.shell grep -c ':.SELECT TOP (0) . FROM .dbo' second/server.log
.shell profile app_name=another
SELECT count(*) FROM ordersync;
.shell grep -h event.:.login second/server.log | grep -c another
.shell cd second && server stop
