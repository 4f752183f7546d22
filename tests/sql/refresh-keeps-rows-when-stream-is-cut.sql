-- Cut, reset, garbage and an error in mid-stream: the old rows stay.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
UPDATE ordersync_syncs SET retries = 0;
.shell sqlite3 server.db "UPDATE vwZSDOrder_Advanced SET transitTime = 77"
.shell fault 'when=batch match=[soldTo] after_bytes=3000 do=cut'
SELECT ordersync_refresh();
.shell fault 'when=batch match=[soldTo] after_bytes=3000 do=reset'
SELECT ordersync_refresh();
.shell fault 'when=batch match=[soldTo] after_rows=5 do=error:1205:13:Transaction was deadlocked'
SELECT ordersync_refresh();
.shell fault 'when=batch match=[soldTo] after_rows=5 do=error:245:16:Conversion failed'
SELECT ordersync_refresh();
SELECT count(*), count(nullif(transit_time, 77)) FROM open_orders;
SELECT status, attempts, rows, error_category, error_number FROM ordersync_runs ORDER BY id;
SELECT state, consecutive_failures FROM ordersync_status;
.shell fault
SELECT ordersync_refresh();
SELECT count(*), count(nullif(transit_time, 77)) FROM open_orders;
