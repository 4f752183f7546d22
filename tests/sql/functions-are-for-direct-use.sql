-- Stored SQL cannot reach the network.
.load ./ordersync
SELECT ordersync_install();
CREATE VIEW v AS SELECT ordersync_refresh();
SELECT * FROM v;
CREATE VIEW w AS SELECT * FROM ordersync;
SELECT * FROM w;
CREATE VIEW x AS SELECT * FROM ordersync_check;
SELECT * FROM x;
CREATE TABLE t(a);
CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT ordersync_refresh(); END;
INSERT INTO t VALUES(1);
CREATE TABLE g(a, b AS (ordersync_sql()));
CREATE VIEW y AS SELECT ordersync_remove('open_orders');
SELECT * FROM y;
CREATE VIEW z AS SELECT ordersync_rename('open_orders', 'mine');
SELECT * FROM z;
CREATE VIEW u AS SELECT ordersync_update('open_orders', '{"apply":true}');
SELECT * FROM u;
CREATE VIEW a AS SELECT ordersync_refresh_all();
SELECT * FROM a;
CREATE VIEW i AS SELECT ordersync_install(NULL);
SELECT * FROM i;
SELECT name FROM ordersync_syncs;
.shell sent
