/*
** What is tortured. A case's "state" tells the old state from the new one: a
** failure must leave the old, a success the new, rows and run log alike.
*/
#include "torture.h"

#define SCHEMA                                                                 \
  "SELECT ordersync_install(); PRAGMA journal_mode=DELETE;"                    \
  "DROP TABLE open_orders;"                                                    \
  "DELETE FROM ordersync_columns; DELETE FROM ordersync_syncs;"

#define SYNC                                                                   \
  "CREATE TABLE orders(id INTEGER PRIMARY KEY, order_no INTEGER,"              \
  "  cust_name TEXT, order_qty, order_date TEXT, changed_at TEXT,"             \
  "  row_guid TEXT, extra INTEGER, notes TEXT, created_at TEXT,"               \
  "  updated_at TEXT);"                                                        \
  "INSERT INTO ordersync_syncs(name, source, target, retries) VALUES"          \
  "  ('orders', 'Sales.dbo.vwTorture', 'orders', 0);"                          \
  "INSERT INTO ordersync_columns VALUES"                                       \
  "  ('orders', 1, 'orderNo', 'order_no', 'integer', 'int'),"                  \
  "  ('orders', 2, 'custName', 'cust_name', 'string', 'nvarchar'),"            \
  "  ('orders', 3, 'orderQty', 'order_qty', 'decimal', 'decimal'),"            \
  "  ('orders', 4, 'orderDate', 'order_date', 'date', 'date'),"                \
  "  ('orders', 5, 'changedAt', 'changed_at', 'datetime', 'datetime2'),"       \
  "  ('orders', 6, 'rowGuid', 'row_guid', 'guid', 'uniqueidentifier'),"        \
  "  ('orders', 7, 'extra', 'extra', 'integer', 'sql_variant'),"               \
  "  ('orders', 8, 'notes', 'notes', 'raw', 'nvarchar');"

/* Some rows that stay, some that change, some that go, some that are new. */
#define OLD_ROWS                                                               \
  "SELECT ordersync_refresh('orders');"                                        \
  "DELETE FROM orders WHERE order_no % 6 = 0;"                                 \
  "UPDATE orders SET cust_name = 'old' WHERE order_no % 4 = 1;"                \
  "INSERT INTO orders(order_no, notes) SELECT order_no + 100, 'gone'"          \
  "  FROM orders WHERE order_no > 15;"                                         \
  "DELETE FROM ordersync_run_details; DELETE FROM ordersync_runs;"

#define BASE SCHEMA SYNC OLD_ROWS

#define KEEP                                                                   \
  "UPDATE ordersync_syncs SET mode = 'diff', key = 'order_no',"                \
  "  keep_changes = 1;"

/* Each with its run's status: there is one, a success. */
#define CHANGES                                                                \
  "SELECT status, c.sync, key, kind, changed FROM ordersync_changes c LEFT"    \
  "  JOIN ordersync_runs r ON r.id = run ORDER BY c.id;"

#define ROWS                                                                   \
  "SELECT order_no, cust_name, order_qty, order_date, changed_at, row_guid,"   \
  "  extra, notes FROM orders ORDER BY 1, 2;"

/* Of the log, what a success must say; and that no run claims to go on. */
#define RUNS                                                                   \
  "SELECT status, sync, mode, dry_run, attempts, rows, rows_inserted,"         \
  "  rows_updated, rows_deleted, warnings, error, length(started_at),"         \
  "  length(finished_at), length(deadline_at)"                                 \
  "  FROM ordersync_runs WHERE status = 'success';"

#define REFRESH "SELECT ordersync_refresh('orders');"
#define DIFF    "SELECT ordersync_refresh('orders', '{\"mode\":\"diff\"}');"
#define DIFF_KEY                                                               \
  "SELECT ordersync_refresh('orders',"                                         \
  "  '{\"mode\":\"diff\",\"key\":\"order_no, row_guid\"}');"

/* The run after it meets all that a merge can: rows to insert, to update and to
** keep; what the state remembers is part of what must be old or new. */
#define MERGE                                                                  \
  "CREATE INDEX by_order_no ON orders(order_no);"                              \
  "UPDATE ordersync_syncs SET mode = 'merge', key = 'order_no',"               \
  "  watermark = 'changed_at', full_every = 9;"
#define PROBE                                                                  \
  "UPDATE ordersync_syncs SET probe ="                                         \
  "  'SELECT MAX(changedAt) FROM Sales.dbo.vwTorture', full_every = 9;"
#define MEDDLED                                                                \
  "DELETE FROM orders WHERE order_no % 6 = 0;"                                 \
  "UPDATE orders SET cust_name = 'old' WHERE order_no % 4 = 1;"                \
  "DELETE FROM ordersync_run_details; DELETE FROM ordersync_runs;"
#define STATE "SELECT * FROM ordersync_state;"

#define CONFIG "SELECT * FROM ordersync_syncs; SELECT * FROM ordersync_columns;"
#define TABLES                                                                 \
  "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name;"
#define NOTHING "SELECT 1;"
#define LOG                                                                    \
  "SELECT sync, status, rows FROM ordersync_runs;"                             \
  "SELECT count(*) > 0 FROM ordersync_run_details;"

/* One column is new, one dropped, one of another type. */
#define CHANGED                                                                \
  "DELETE FROM ordersync_columns WHERE source_column = 'rowGuid';"             \
  "UPDATE ordersync_columns SET source_column = 'no such'"                     \
  "  WHERE target_column = 'notes';"                                           \
  "UPDATE ordersync_columns SET source_type = 'date', kind = 'date'"           \
  "  WHERE target_column = 'order_qty';"
#define ROWS_LEFT                                                              \
  "SELECT order_no, cust_name, order_date FROM orders ORDER BY 1;"

const struct torture_case torture_cases[] = {
    {.name = "load",
     .template_sql = BASE,
     .sql = NOTHING,
     .state = ROWS,
     .opens = 1},
    {.name = "install",
     .template_sql = NOTHING,
     .sql = "SELECT ordersync_install();",
     .state = TABLES CONFIG},
    {.name = "upgrade",
     .template_sql = "CREATE TABLE ordersync_syncs(name TEXT PRIMARY KEY,"
                     "  source TEXT, target TEXT);"
                     "CREATE TABLE ordersync_runs(id INTEGER PRIMARY KEY,"
                     "  sync TEXT, status TEXT, started_at TEXT);",
     .sql = "SELECT ordersync_install();",
     .state = TABLES CONFIG},
    {.name = "add",
     .template_sql = SCHEMA,
     .sql = "SELECT ordersync_add('more', 'Sales.dbo.vwTorture', '{\"target\":"
            "\"copies\",\"mode\":\"diff\",\"batch_size\":7}');",
     .state = TABLES CONFIG},
    {.name = "add-new",
     .template_sql = NOTHING,
     .sql = "SELECT ordersync_add('more', 'Sales.dbo.vwTorture');",
     .state = TABLES CONFIG},
    {.name = "remove",
     .template_sql = BASE REFRESH,
     .sql = "SELECT ordersync_remove('orders',"
            "  '{\"drop_table\":true,\"drop_runs\":true}');",
     .state = TABLES CONFIG LOG},
    {.name = "remove-in-transaction",
     .template_sql = BASE REFRESH,
     .sql = "BEGIN; SELECT ordersync_remove('orders',"
            "  '{\"drop_table\":true}'); COMMIT;",
     .state = TABLES CONFIG LOG},
    {.name = "rename",
     .template_sql = BASE REFRESH,
     .sql = "SELECT ordersync_rename('orders', 'other');",
     .state = TABLES CONFIG LOG},
    {.name = "update",
     .template_sql = BASE CHANGED,
     .sql = "SELECT ordersync_update('orders',"
            "  '{\"apply\":true,\"drop_columns\":true}');",
     .state = TABLES CONFIG ROWS_LEFT},
    {.name = "update-in-transaction",
     .template_sql = BASE CHANGED,
     .sql = "BEGIN; SELECT ordersync_update('orders', '{\"apply\":true}');"
            "COMMIT;",
     .state = TABLES CONFIG ROWS_LEFT},
    {.name = "update-shows",
     .template_sql = BASE CHANGED,
     .sql = "SELECT ordersync_update('orders');",
     .state = TABLES CONFIG},
    {.name = "refresh-all",
     .template_sql = BASE,
     .sql = "SELECT ordersync_refresh_all();",
     .state = ROWS RUNS},
    {.name = "refresh-all-fails",
     .template_sql = BASE "UPDATE ordersync_syncs SET min_rows = 1000;"
                          "INSERT INTO ordersync_syncs(name, source, target)"
                          "  VALUES('none', 'x', 'none');",
     .sql = "SELECT ordersync_refresh_all();",
     .state = ROWS RUNS,
     .fails = 1},
    {.name = "refresh",
     .template_sql = BASE,
     .sql = REFRESH,
     .state = ROWS RUNS},
    {.name = "refresh-wal",
     .template_sql = BASE "PRAGMA journal_mode=WAL;",
     .sql = REFRESH,
     .state = ROWS RUNS},
    {.name = "refresh-utf16",
     .template_sql = "PRAGMA encoding='UTF-16le';" BASE,
     .sql = REFRESH,
     .state = ROWS RUNS},
    {.name = "refresh-attached",
     .template_sql = BASE "UPDATE ordersync_syncs SET target = 'other.orders';",
     .setup = "ATTACH ':memory:' AS other; CREATE TABLE other.orders AS"
              "  SELECT * FROM main.orders;",
     .sql = REFRESH,
     .state = "SELECT order_no, cust_name, extra, notes FROM other.orders"
              "  ORDER BY 1, 2;" RUNS},
    {.name = "refresh-in-transaction",
     .template_sql = BASE,
     .sql = "BEGIN; " REFRESH " COMMIT;",
     .state = ROWS RUNS},
    {.name = "refresh-dry",
     .template_sql = BASE,
     .sql = "SELECT ordersync_refresh('orders', '{\"dry_run\":true}');",
     .state = ROWS RUNS},
    {.name = "refresh-null-missing",
     .template_sql = BASE
     "UPDATE ordersync_syncs SET on_missing = 'null', key = 'order_no';"
     "UPDATE ordersync_columns SET source_column = 'no such'"
     "  WHERE target_column = 'notes';",
     .sql = REFRESH,
     .state = ROWS RUNS},
    {.name = "refresh-fails",
     .template_sql = BASE "UPDATE ordersync_columns SET source_column = 'none'"
                          "  WHERE position = 3;",
     .sql = REFRESH,
     .state = ROWS RUNS,
     .fails = 1},
    {.name = "refresh-refused",
     .template_sql = BASE "UPDATE ordersync_syncs SET min_rows = 1000;",
     .sql = REFRESH,
     .state = ROWS RUNS,
     .fails = 1},
    {.name = "refresh-children",
     .template_sql = BASE
     "CREATE TABLE items(o INTEGER REFERENCES orders(id) ON DELETE CASCADE);"
     "INSERT INTO items SELECT id FROM orders; PRAGMA foreign_keys=1;",
     .setup = "PRAGMA foreign_keys=1;",
     .sql = REFRESH,
     .state = ROWS RUNS "SELECT count(*) FROM items;",
     .fails = 1},
    {.name = "diff", .template_sql = BASE, .sql = DIFF, .state = ROWS RUNS},
    {.name = "diff-key",
     .template_sql = BASE,
     .sql = DIFF_KEY,
     .state = ROWS RUNS},
    {.name = "diff-utf16",
     .template_sql = "PRAGMA encoding='UTF-16le';" BASE,
     .sql = DIFF_KEY,
     .state = ROWS RUNS},
    {.name = "diff-exchange",
     .template_sql = BASE
     "UPDATE ordersync_syncs SET mode = 'diff', key = 'order_qty';"
     "ALTER TABLE orders ADD COLUMN mine; UPDATE orders SET mine = hex(id);"
     "UPDATE orders SET order_no = order_no + 2 * (order_no % 2) - 1"
     "  WHERE order_no IN (1, 2, 3, 4, 7, 8);"
     "CREATE UNIQUE INDEX one_each ON orders(order_no);",
     .sql = REFRESH,
     .state = "SELECT id, mine FROM orders ORDER BY id;" ROWS RUNS},
    {.name = "diff-changes",
     .template_sql = BASE KEEP,
     .sql = REFRESH,
     .state = ROWS RUNS CHANGES},
    {.name = "diff-changes-in-transaction",
     .template_sql = BASE KEEP,
     .sql = "BEGIN; " REFRESH " COMMIT;",
     .state = ROWS RUNS CHANGES},
    {.name = "as-of",
     .template_sql = BASE KEEP REFRESH
     "DELETE FROM orders WHERE order_no = 2;"
     "UPDATE orders SET notes = 'x' WHERE order_no = 3;"
     "INSERT INTO orders(order_no, created_at) VALUES(99, 'x');" REFRESH,
     .sql = "SELECT key, row FROM ordersync_as_of('orders',"
            "  (SELECT min(id) FROM ordersync_runs)) WHERE NOT"
            "  EXISTS(SELECT 1 FROM orders WHERE order_no = -1);",
     .state = ROWS CHANGES},
    {.name = "as-of-refused",
     .template_sql = BASE KEEP REFRESH,
     .sql = "SELECT * FROM ordersync_as_of('orders', '2001-01-01');",
     .state = ROWS CHANGES,
     .fails = 1},
    {.name = "refresh-children-in-transaction",
     .template_sql = BASE "CREATE TABLE items(o INTEGER REFERENCES orders(id));"
                          "INSERT INTO items VALUES(1), (2);",
     .setup = "PRAGMA foreign_keys=1;",
     .sql = "BEGIN; " REFRESH " PRAGMA defer_foreign_keys; COMMIT;",
     .state = ROWS RUNS "SELECT count(*) FROM items;"},
    {.name = "sql",
     .every = 1,
     .template_sql = BASE,
     .sql = "SELECT ordersync_sql('orders');",
     .state = ROWS},
    {.name = "report",
     .template_sql = BASE
     "INSERT INTO ordersync_runs(sync, status, started_at, error, warnings,"
     "  rows, connect_ms, fetch_ms, apply_ms, error_category) VALUES"
     "  ('orders', 'error', datetime('now'), '<b>', 1, 0, 1, 2, 3, 'guard'),"
     "  ('orders', 'success', datetime('now'), NULL, 1, 9, 1, 2, 3, NULL);"
     "INSERT INTO ordersync_run_details(run_id, at, level, phase, message)"
     "  SELECT id, started_at, 'WARN', 'fetch', 'x' FROM ordersync_runs;",
     .sql = "SELECT length(ordersync_report()) > 9000;",
     .state = ROWS CONFIG},
    {.name = "check",
     .template_sql = BASE,
     .sql = "SELECT step, ok, iif(step = 'tcp', ok, detail)"
            "  FROM ordersync_check('orders');",
     .state = ROWS},
    {.name = "catalog",
     .template_sql = BASE,
     .sql = "SELECT schema, name, type, source, primary_key, columns"
            "  FROM ordersync_catalog;",
     .state = ROWS},
    {.name = "catalog-add",
     .template_sql = SCHEMA,
     .sql = "SELECT ordersync_add('new', source) FROM ordersync_catalog"
            "  WHERE name = 'vwTorture';",
     .state = TABLES CONFIG},
    {.name = "live",
     .template_sql = BASE,
     .setup = "CREATE VIRTUAL TABLE temp.live USING ordersync(sync=orders);",
     .sql = "SELECT order_no, cust_name, order_qty, extra, notes FROM live"
            "  WHERE order_no IN (3, 7, 10, 14) AND changed_at >= '2025-01-01'"
            "  AND cust_name = '東京 🚚' ORDER BY order_no;"
            "SELECT count(*) FROM live; SELECT order_no FROM live"
            "  ORDER BY order_no DESC LIMIT 3;",
     .state = ROWS},
    {.name = "live-limit",
     .template_sql = BASE,
     .setup = "CREATE VIRTUAL TABLE temp.live USING ordersync(sync=orders);",
     .sql = "SELECT order_no FROM live WHERE order_no > 10"
            "  ORDER BY order_no DESC LIMIT 3;"
            "SELECT order_no FROM live WHERE order_no > 15 LIMIT 2;",
     .state = ROWS},
    {.name = "live-join",
     .template_sql = BASE,
     .setup = "CREATE VIRTUAL TABLE temp.live USING ordersync(sync=orders);",
     .sql = "SELECT o.order_no, l.order_qty FROM orders o LEFT JOIN live l"
            "  ON l.order_no = o.order_no WHERE o.order_no < 6 ORDER BY 1;",
     .state = ROWS},
    {.name = "create-vtab",
     .template_sql = BASE,
     .sql = "CREATE VIRTUAL TABLE temp.a USING ordersync(sync=orders);"
            "SELECT count(*) FROM temp.a WHERE order_no > 15;"
            "DROP TABLE temp.a;",
     .again = "DROP TABLE IF EXISTS temp.a;"
              "CREATE VIRTUAL TABLE temp.a USING ordersync(sync=orders);"
              "SELECT count(*) FROM temp.a WHERE order_no > 15;"
              "DROP TABLE temp.a;",
     .state = ROWS TABLES},
    {.name = "create-vtab-source",
     .template_sql = BASE,
     .sql = "CREATE VIRTUAL TABLE stock USING"
            "  ordersync(source='Sales.dbo.vwTorture');",
     .state = ROWS TABLES "SELECT count(*), max(orderNo) FROM stock;"},
    {.name = "merge",
     .template_sql = BASE MERGE "SELECT ordersync_refresh('orders');" MEDDLED,
     .sql = REFRESH,
     .state = ROWS RUNS STATE},
    {.name = "merge-full",
     .template_sql = BASE MERGE MEDDLED,
     .sql = REFRESH,
     .state = ROWS RUNS STATE},
    {.name = "append-number",
     .template_sql = BASE "UPDATE ordersync_syncs SET mode = 'append',"
                          "  watermark = 'order_no';" REFRESH MEDDLED
                          "UPDATE ordersync_state SET watermark = 'int 12';",
     .sql = REFRESH,
     .state = ROWS RUNS STATE},
    {.name = "unchanged",
     .template_sql = BASE PROBE "SELECT ordersync_refresh('orders');" MEDDLED,
     .sql = REFRESH,
     .state = ROWS "SELECT status, rows FROM ordersync_runs WHERE status ="
                   "  'unchanged';" STATE},
    {.name = "add-merge",
     .template_sql = SCHEMA,
     .sql = "SELECT ordersync_add('more', 'Sales.dbo.vwTorture', '{\"mode\":"
            "\"merge\",\"key\":\"order_no\",\"watermark\":\"changed_at\"}');",
     .state = TABLES CONFIG},
    {.name = "drop-vtab",
     .every = 1,
     .template_sql = BASE "CREATE VIRTUAL TABLE stock USING"
                          "  ordersync(source='Sales.dbo.vwTorture');",
     .setup = "SELECT count(*) FROM stock;",
     .sql = "DROP TABLE stock;",
     .state = ROWS TABLES},
};
const int n_torture_cases = (int)(sizeof torture_cases / sizeof *torture_cases);
