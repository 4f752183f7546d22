-- A savepoint in the caller's transaction: ROLLBACK undoes it, COMMIT keeps it.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
BEGIN;
UPDATE open_orders SET sold_to = -1;
.shell change "DELETE FROM vwZSDOrder_Advanced WHERE rowid > 5"
SELECT ordersync_refresh();
SELECT count(*), sum(sold_to < 0) FROM open_orders;
ROLLBACK;
SELECT count(*), sum(sold_to < 0) FROM open_orders;
BEGIN;
INSERT INTO open_orders(sold_to, created_at, updated_at) VALUES(-1, 'x', 'y');
UPDATE ordersync_syncs SET source = 'dbo.gone';
SELECT ordersync_refresh();
SELECT count(*), sum(sold_to < 0) FROM open_orders;
UPDATE ordersync_syncs SET source = 'dbo.vwZSDOrder_Advanced';
SELECT ordersync_refresh();
COMMIT;
SELECT count(*), sum(sold_to < 0) FROM open_orders;
SELECT status FROM ordersync_runs ORDER BY id;
