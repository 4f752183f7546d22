-- Batches are looked at one by one, and logged together; it is one transaction.
.load ./ordersync
SELECT ordersync_install();
UPDATE ordersync_syncs SET batch_size = 5;
SELECT ordersync_refresh();
SELECT level, phase, message FROM ordersync_run_details WHERE message LIKE '%batches%';
