-- A join asks a few times, then fetches once and looks up in memory.
.load ./ordersync
SELECT ordersync_install();
CREATE TABLE here(doc TEXT, n INTEGER);
WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n<499)
INSERT INTO here SELECT CAST(4500000000 + n AS TEXT), n FROM c;
SELECT count(*) FROM ordersync;
.shell sent > /dev/null
SELECT count(*), count(o.plant) FROM here LEFT JOIN ordersync o ON o.sales_doc = here.doc;
.shell sent | grep -c ^SELECT
SELECT sum((SELECT count(*) FROM ordersync o WHERE o.sales_doc = here.doc AND o.plant = 8800)) FROM here;
.shell sent | tail -n 1
SELECT count(*) FROM here WHERE EXISTS (SELECT 1 FROM ordersync o WHERE o.sales_doc = here.doc);
.shell sent | grep -c ^SELECT
SELECT count(*) FROM ordersync WHERE plant IN (SELECT 8800 + n FROM here LIMIT 5);
.shell sent
SELECT count(*) FROM here CROSS JOIN ordersync;
.shell sent
-- What was fetched needs no connection any more: one serves both.
.shell grep -c event.:.login server.log
SELECT sum((SELECT count(*) FROM ordersync b WHERE n = 20 AND b.plant = 8800)) > 0 FROM here LEFT JOIN ordersync o ON o.sales_doc = here.doc;
.shell grep -c event.:.login server.log
-- So does one to a source: its text has the affinity that was declared.
CREATE VIRTUAL TABLE temp.other USING ordersync(query='SELECT salesDoc AS doc, plant FROM dbo.vwZSDOrder_Advanced');
.shell sent > /dev/null
SELECT count(*), count(o.plant) FROM here LEFT JOIN other o ON o.doc = here.doc;
.shell sent | grep -c ^SELECT
SELECT count(*), count(o.plant) FROM here LEFT JOIN other o ON o.doc = here.doc OR o.plant = here.n;
.shell sent | grep -c ^SELECT
-- A few look-ups are no reason to read a table of any size: the fetch gives up.
.shell sqlite3 server.db "CREATE TABLE large(k int); WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n<59999) INSERT INTO large SELECT n FROM c"
CREATE VIRTUAL TABLE temp.large USING ordersync(source='large');
SELECT count(*) FROM large WHERE k = 0;
.shell sent > /dev/null
SELECT count(*), sum(k) FROM here CROSS JOIN large ON k = n WHERE n < 12;
.shell sent | tail -n 6
SELECT count(*), sum(k) FROM here LEFT JOIN large ON k = n;
.shell sent | grep -c ^SELECT
-- What was kept does not outlive the statement.
CREATE VIRTUAL TABLE temp.kinds USING ordersync(source='dbo.vwKinds');
SELECT sum((SELECT count(*) FROM kinds WHERE id = here.n)) FROM here;
.shell sqlite3 server.db "INSERT INTO vwKinds VALUES(17, 'new')"
SELECT sum((SELECT count(*) FROM kinds WHERE id = here.n)) FROM here;
-- Numbers that are equal are found in whatever form they are kept.
.shell change "CREATE TABLE vwForms(x float); INSERT INTO vwForms VALUES(0.0), (5.0), (0.5)"
CREATE TABLE forms(x);
INSERT INTO ordersync_syncs(name, source, target) VALUES('forms', 'dbo.vwForms', 'forms');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES('forms', 1, 'x', 'x', 'real');
CREATE VIRTUAL TABLE temp.forms_live USING ordersync(sync=forms);
SELECT count(*) FROM here CROSS JOIN forms_live f ON f.x = CASE n % 3 WHEN 0 THEN 5 WHEN 1 THEN 0.5 ELSE (n - 250) * 0.0 END;
