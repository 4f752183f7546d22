-- Children that would be deleted or emptied are refused; those that only have
-- to be right in the end decide then.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
PRAGMA foreign_keys = ON;
CREATE TABLE notes(order_id REFERENCES open_orders(id) ON DELETE CASCADE, note);
INSERT INTO notes VALUES(1, 'call back');
SELECT ordersync_refresh();
SELECT ordersync_refresh('open_orders', '{"mode":"diff"}');
SELECT ordersync_refresh('open_orders', '{"mode":"diff","key":"sales_doc, item_number"}');
SELECT count(*) FROM notes;
DROP TABLE notes;
CREATE TABLE notes(order_id REFERENCES open_orders(id), note);
INSERT INTO notes VALUES(1, 'call back');
SELECT ordersync_refresh();
SELECT count(*) FROM notes;
SELECT count(*), min(id) FROM open_orders;
