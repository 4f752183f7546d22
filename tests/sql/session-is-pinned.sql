-- What a session's settings are: answers must not depend on the login's.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
.shell settings
-- The profile's say. The server must allow SNAPSHOT.
.shell server stop
.shell SERVER_OPTIONS="$SERVER_OPTIONS --snapshot" server start
.shell profile isolation=snapshot lock_timeout=-1 read_only_intent=yes app_name=nightly
SELECT ordersync_refresh();
.shell settings
.shell profile 'isolation=read uncommitted' lock_timeout=1500 read_only_intent=no
SELECT ordersync_refresh();
.shell settings | grep -e ISOLATION -e LOCK -e login
-- The live view's session has the same.
SELECT count(*) FROM ordersync;
.shell settings | grep -c SET
