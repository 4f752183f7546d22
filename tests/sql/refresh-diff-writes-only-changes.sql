-- Mode diff: unchanged rows keep their ids, and nothing is written when nothing
-- changed.
.load ./ordersync
SELECT ordersync_install();
UPDATE ordersync_syncs SET mode = 'diff';
SELECT ordersync_refresh();
SELECT ordersync_refresh();
.shell change "UPDATE vwZSDOrder_Advanced SET orderStatus = 'Shipped' WHERE rowid = 2; DELETE FROM vwZSDOrder_Advanced WHERE rowid = 3; INSERT INTO vwZSDOrder_Advanced SELECT * FROM vwZSDOrder_Advanced WHERE rowid = 4"
SELECT ordersync_refresh();
SELECT group_concat(id) FROM (SELECT id FROM open_orders ORDER BY id);
.shell change "UPDATE vwZSDOrder_Advanced SET orderStatus = 'Billed' WHERE rowid = 5"
SELECT ordersync_refresh('open_orders', '{"key":"sales_doc, item_number, material, sold_to"}');
SELECT group_concat(id) FROM (SELECT id FROM open_orders ORDER BY id);
SELECT id, order_status, created_at < updated_at FROM open_orders WHERE order_status = 'Billed';
SELECT rows, rows_inserted, rows_updated, rows_deleted FROM ordersync_runs;
-- The same contents as truncate and insert.
CREATE TABLE by_diff AS SELECT * FROM open_orders;
SELECT ordersync_refresh('open_orders', '{"mode":"replace"}');
SELECT count(*) FROM (SELECT sales_doc, item_number, order_status, customer_note FROM by_diff
  EXCEPT SELECT sales_doc, item_number, order_status, customer_note FROM open_orders);
