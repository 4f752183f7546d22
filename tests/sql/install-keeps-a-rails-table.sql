-- An open_orders that a migration made is kept as it is, and can be refreshed.
CREATE TABLE "open_orders" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL,
  "sales_doc" varchar, "item_number" integer, "order_date" date, "cust_name" varchar,
  "material" varchar, "order_status" varchar, "note" varchar DEFAULT 'none',
  "created_at" datetime(6) NOT NULL, "updated_at" datetime(6) NOT NULL);
CREATE INDEX "index_open_orders_on_sales_doc" ON "open_orders" ("sales_doc");
INSERT INTO open_orders(sales_doc, created_at, updated_at) VALUES('old', 'x', 'y');
.load ./ordersync
SELECT ordersync_install();
SELECT last_insert_rowid();
SELECT sales_doc FROM open_orders;
SELECT ordersync_refresh();
DELETE FROM ordersync_columns WHERE target_column NOT IN
  ('sales_doc', 'item_number', 'order_date', 'cust_name', 'material', 'order_status');
SELECT ordersync_refresh();
SELECT sales_doc, item_number, order_date, typeof(order_date), cust_name, note
FROM open_orders LIMIT 4;
SELECT length(created_at), created_at = updated_at,
  created_at GLOB '20[0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]'
FROM open_orders LIMIT 1;
