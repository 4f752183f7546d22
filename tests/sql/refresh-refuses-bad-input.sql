-- Each mistake has its own message, and nothing is lost.
.load ./ordersync
SELECT ordersync_refresh();
SELECT ordersync_install();
SELECT ordersync_refresh();
SELECT ordersync_refresh('nope');
SELECT ordersync_refresh('open_orders', '{"mod":"diff"}');
SELECT ordersync_refresh('open_orders', '{"mode":"upsert"}');
SELECT ordersync_refresh('open_orders', 'mode=diff');
SELECT ordersync_refresh('open_orders', '[]');
SELECT ordersync_refresh('open_orders', '{"key":"nope"}');
INSERT INTO ordersync_syncs(name, source, target) VALUES('bare', 'dbo.v', 'open_orders');
SELECT ordersync_refresh('bare');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
VALUES ('bare', 1, 'a', 'no_such_column', 'integer');
SELECT ordersync_refresh('bare');
UPDATE ordersync_syncs SET target = 'no_such_table' WHERE name = 'bare';
SELECT ordersync_refresh('bare');
UPDATE ordersync_syncs SET target = 'ordersync_runs' WHERE name = 'bare';
SELECT ordersync_refresh('bare');
CREATE VIEW a_view AS SELECT 1 AS no_such_column;
UPDATE ordersync_syncs SET target = 'a_view' WHERE name = 'bare';
SELECT ordersync_refresh('bare');
CREATE TABLE strict_ones(no_such_column, other TEXT NOT NULL);
UPDATE ordersync_syncs SET target = 'strict_ones' WHERE name = 'bare';
SELECT ordersync_refresh('bare');
CREATE TABLE generated(no_such_column AS (1), other);
UPDATE ordersync_syncs SET target = 'generated' WHERE name = 'bare';
SELECT ordersync_refresh('bare');
UPDATE ordersync_syncs SET source = 'a.b.c.d.e', target = 'open_orders' WHERE name = 'bare';
UPDATE ordersync_columns SET target_column = 'sold_to' WHERE sync = 'bare';
SELECT ordersync_refresh('bare');
UPDATE ordersync_syncs SET source = 'dbo.v', profile = 'nope' WHERE name = 'bare';
SELECT ordersync_refresh('bare');
SELECT ordersync_refresh(1, 2, 3);
INSERT INTO open_orders(sold_to, created_at, updated_at) SELECT ordersync_refresh(), 1, 1;
SELECT ordersync_refresh(name) FROM ordersync_syncs;
SELECT count(*) FROM open_orders;
SELECT status, count(*) FROM ordersync_runs GROUP BY 1;
