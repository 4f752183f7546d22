-- The certificate's authority and host name are checked; so is encryption
-- itself.
.load ./ordersync
SELECT ordersync_install();
UPDATE ordersync_syncs SET retries = 0;
SELECT ordersync_refresh();
.shell fault 'when=prelogin do=no_encrypt'
SELECT ordersync_refresh();
.shell fault
.shell profile ca_file=
SELECT ordersync_refresh();
.shell profile encrypt=require
SELECT ordersync_refresh();
SELECT status, error_category FROM ordersync_runs;
.shell profile encrypt=verify
.shell server stop
.shell SERVER_OPTIONS='--encrypt strict' server start
SELECT ordersync_refresh();
