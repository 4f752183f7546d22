-- A join asks ordersync_catalog and ordersync_check again for each row of the
-- other table: the server is asked once, or twice where the questions differ.
.load ./ordersync
SELECT ordersync_install();
CREATE TEMP TABLE t(n, name, profile);
INSERT INTO t VALUES (1, 'vwZSDOrder_Advanced', 'default'), (2, 'vwKinds', 'default'), (3, 'no such', 'default'), (4, 'vwKinds', 'default'), (5, NULL, 'default'), (6, 'vwzsdorder_advanced', 'default');
.shell sent >/dev/null
SELECT n, count(c.name) > 1 FROM t LEFT JOIN ordersync_catalog c GROUP BY n;
.shell sent | grep -c -e sys.schemas -e ProductVersion
SELECT n, c.schema, c.type FROM t LEFT JOIN ordersync_catalog c ON c.name = t.name ORDER BY n;
.shell sent | grep -c -e sys.schemas -e ProductVersion
SELECT n, (SELECT count(*) FROM ordersync_catalog c WHERE c.name = t.name AND c.schema = 'dbo') FROM t ORDER BY n;
.shell sent | grep -c -e sys.schemas -e ProductVersion
SELECT n, (SELECT name FROM ordersync_catalog c WHERE c.type = 'view' AND t.n > 0 ORDER BY 1 LIMIT 1) FROM t ORDER BY n;
.shell sent | grep -c -e sys.schemas -e ProductVersion
SELECT n, count(c.name) > 0 FROM t LEFT JOIN ordersync_catalog(t.profile) c ON c.name LIKE 'vw%' GROUP BY n;
.shell sent | grep -c -e sys.schemas -e ProductVersion
-- The next statement sees what is new.
.shell change "CREATE TABLE vwNew(id int)"
SELECT n, c.schema FROM t LEFT JOIN ordersync_catalog c ON c.name = 'vwNew' WHERE n < 3;
.shell sent | grep -c -e sys.schemas -e ProductVersion
SELECT n, count(*), sum(c.ok) FROM t LEFT JOIN ordersync_check c GROUP BY n;
.shell sent | grep -c -e sys.schemas -e ProductVersion
SELECT s.name, c.step, c.ok FROM ordersync_syncs s JOIN ordersync_check(s.name) c WHERE c.step = 'login';
.shell sent | grep -c -e sys.schemas -e ProductVersion
