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
.shell sent
