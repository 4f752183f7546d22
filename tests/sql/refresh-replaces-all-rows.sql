-- The main job: the rows, their conversions, the T-SQL, the run log.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
SELECT count(*), min(id), max(id), count(DISTINCT created_at) FROM open_orders;
.mode quote
SELECT sold_to, cust_name, country, plant, sales_doc, item_number, order_date,
  order_qty, typeof(order_qty), order_qty_uom, action_date, temp_sensitive
FROM open_orders ORDER BY id LIMIT 5;
SELECT substr(customer_note, 1, 60), substr(current_text, 1, 60), length(action_text)
FROM open_orders ORDER BY id;
.mode list
.shell change "DELETE FROM vwZSDOrder_Advanced WHERE rowid > 9; UPDATE vwZSDOrder_Advanced SET orderStatus = '  Shipped ' WHERE rowid = 1"
SELECT ordersync_refresh('open_orders');
SELECT count(*), count(*) FILTER (WHERE order_status = 'Shipped') FROM open_orders;
SELECT id, sync, status, mode, attempts, rows, rows_inserted, rows_deleted, warnings,
  connect_ms >= 0, fetch_ms >= 0, apply_ms >= 0, error, error_number,
  started_at <= finished_at
FROM ordersync_runs;
SELECT level, phase, count(*) FROM ordersync_run_details GROUP BY 1, 2 ORDER BY 1, 2;
SELECT sync, state, age_seconds < 60, rows, consecutive_failures, last_error
FROM ordersync_status;
SELECT ordersync_sql();
.shell sent
