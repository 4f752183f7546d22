-- A trigger that changes the count makes the run fail.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
CREATE TRIGGER odd AFTER INSERT ON open_orders WHEN new.plant = 8800
BEGIN DELETE FROM open_orders WHERE id = new.id; END;
SELECT ordersync_refresh();
DROP TRIGGER odd;
CREATE TRIGGER odd BEFORE INSERT ON open_orders
BEGIN SELECT raise(ABORT, 'not today'); END;
SELECT ordersync_refresh();
SELECT count(*), min(id) FROM open_orders;
