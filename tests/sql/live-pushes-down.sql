-- What the live view asks for: the columns in use, and the rows that may match.
.load ./ordersync
SELECT ordersync_install();
.shell sent
SELECT count(*) FROM ordersync;
SELECT sales_doc FROM ordersync WHERE plant = 8800 LIMIT 2;
SELECT sales_doc FROM ordersync WHERE plant = 8800 LIMIT 1 OFFSET 2;
SELECT sales_doc FROM ordersync WHERE plant = 8800 LIMIT 1 OFFSET -1;
SELECT sales_doc FROM ordersync WHERE plant = 8800 LIMIT -1 OFFSET 3;
SELECT count(*) FROM ordersync WHERE order_date >= '2025-06-01' AND order_date < '2025-07-01';
SELECT plant, order_date FROM ordersync WHERE sales_doc = '4500000001';
SELECT item_number FROM ordersync WHERE sales_doc = '4500000001' LIMIT 1;
SELECT count(*) FROM ordersync WHERE plant IN (8800, 8801, 8800, NULL);
SELECT count(*) FROM ordersync WHERE plant = '8800';
SELECT count(*) FROM ordersync WHERE plant BETWEEN 8800.5 AND 8802;
SELECT count(*) FROM ordersync WHERE country IS NULL;
SELECT count(*) FROM ordersync WHERE order_qty > 100 AND order_qty IS NOT NULL;
SELECT sales_doc FROM ordersync ORDER BY order_date DESC, item_number LIMIT 2;
.shell sent | grep ^SELECT | grep -v describe_first | sed 's, LIKE N.[[:cntrl:]].*,...,'
-- OR is two scans; a row that both find comes once, rows that are alike stay.
CREATE VIRTUAL TABLE temp.kinds USING ordersync(query='SELECT id % 3 AS a, 1 AS b FROM dbo.vwKinds');
.shell sent
SELECT a, b, count(*) FROM kinds WHERE a = 1 OR b = 1 GROUP BY a, b;
.shell sent
-- Not sent: what would mean something else on the server.
SELECT count(*) FROM ordersync WHERE sales_doc > '45' AND plant <> 1 AND cust_name LIKE 'A%' AND length(country) = 2;
SELECT count(*) FROM ordersync WHERE sales_doc = 4500000001;
SELECT count(*) FROM ordersync WHERE sales_doc = '4500000001' COLLATE NOCASE;
.shell sent
-- Nothing is asked for at all.
SELECT count(*) FROM ordersync WHERE plant = NULL;
SELECT count(*) FROM ordersync WHERE plant IN (NULL);
SELECT count(*) FROM ordersync WHERE plant IN (NULL, NULL);
.shell sent
-- Nor a LIMIT behind the first part of a row value, which is not all of it.
SELECT sales_doc FROM ordersync WHERE (plant, item_number) > (8800, 9999) LIMIT 1;
.shell sent
-- Nor one behind what is not sent, or before what is not sorted.
SELECT sales_doc FROM ordersync WHERE sales_doc = '4500000001' COLLATE NOCASE LIMIT 1;
SELECT sales_doc FROM ordersync WHERE plant = 'x' LIMIT 1;
SELECT sales_doc FROM ordersync WHERE plant = 8800 ORDER BY cust_name LIMIT 1;
.shell sent
-- A list that is too long is not sent at all, rather than in part.
SELECT count(*) FROM ordersync WHERE plant IN (WITH RECURSIVE c(n) AS (SELECT -20001 UNION ALL SELECT n + 1 FROM c WHERE n < 9000) SELECT n FROM c);
.shell sent
-- Nor what the source has not: it is NULL here.
INSERT INTO ordersync_syncs(name, source, target, on_missing) VALUES('part', 'dbo.vwKinds', 'part', 'null');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES('part', 1, 'id', 'id', 'integer'), ('part', 2, 'gone', 'gone', 'integer');
CREATE VIRTUAL TABLE temp.part USING ordersync(sync=part);
SELECT (SELECT count(*) FROM part WHERE gone = 5), (SELECT count(*) FROM part WHERE gone IS NULL AND id = 3);
.shell sent | grep -c WHERE.*gone
-- So many columns are sorted there, and no more.
CREATE VIRTUAL TABLE temp.wide USING ordersync(query='SELECT 1 AS a, 1 AS b, 1 AS c, 1 AS d, 1 AS e, 1 AS f, 1 AS g, 1 AS h, 1 AS i, 1 AS j, 1 AS k, 1 AS l, 1 AS m, 1 AS n, 1 AS o, 1 AS p, id AS q FROM dbo.vwKinds');
.shell sent >/dev/null
SELECT count(*) FROM (SELECT a FROM wide ORDER BY a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p LIMIT 1);
SELECT q FROM wide ORDER BY a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q DESC LIMIT 1;
.shell sent | grep -c 'ORDER BY .*.p.'
-- A quote in a value stays a value.
SELECT count(*) FROM ordersync WHERE action_text = 'it''s; DROP TABLE x --';
.shell sent
-- No network while planning.
.shell server stop
EXPLAIN QUERY PLAN SELECT sales_doc FROM ordersync WHERE plant = 8800 AND item_number IN (10, 20);
