-- What may stand behind USING ordersync, and what may not.
SELECT * FROM ordersync;
.load ./ordersync
SELECT count(*) FROM ordersync;
SELECT ordersync_install();
SELECT count(*) FROM ordersync;
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=open_orders);
SELECT count(*), min(order_date) FROM live;
CREATE VIRTUAL TABLE other USING ordersync(source='sales.vwOther', profile='default');
SELECT * FROM other;
SELECT name, type, "notnull" FROM pragma_table_info('other');
CREATE VIRTUAL TABLE late USING ordersync(query='SELECT id, v AS [the value] FROM dbo.vwKinds WHERE id < 4');
SELECT "the value" FROM late WHERE id = 2;
SELECT * FROM late_columns;
CREATE VIRTUAL TABLE e USING ordersync(src=x);
CREATE VIRTUAL TABLE e USING ordersync(sync);
CREATE VIRTUAL TABLE e USING ordersync(sync=a, sync=b);
CREATE VIRTUAL TABLE e USING ordersync(sync=a, source='b');
CREATE VIRTUAL TABLE e USING ordersync(sync=a, profile=b);
CREATE VIRTUAL TABLE e USING ordersync(profile=b);
CREATE VIRTUAL TABLE e USING ordersync(source='dbo.vwX', password='secret');
CREATE VIRTUAL TABLE e USING ordersync(source='dbo.vwX; DROP TABLE y');
CREATE VIRTUAL TABLE e USING ordersync(source='dbo.vwGone');
CREATE VIRTUAL TABLE e USING ordersync(source='dbo.vwKinds', profile=nobody);
CREATE VIRTUAL TABLE e USING ordersync(query='DELETE FROM x');
CREATE VIRTUAL TABLE e USING ordersync(query='WITH c AS (SELECT 1 AS a) SELECT a FROM c');
SELECT ordersync_add('e', '/* x */ WITH c AS (SELECT 1 AS a) SELECT a FROM c');
CREATE VIRTUAL TABLE e USING ordersync(query='SELECT 1 AS a, 2 AS a');
CREATE VIRTUAL TABLE e USING ordersync(sync=nothing);
SELECT name FROM sqlite_schema WHERE name LIKE 'e%';
INSERT INTO other VALUES(1, 'a', NULL);
UPDATE ordersync SET plant = 1;
DELETE FROM live;
-- A stored view cannot make a program call out, unless the profile says so.
CREATE VIEW stored AS SELECT count(*) AS n FROM other;
SELECT * FROM stored;
CREATE TEMP VIEW mine AS SELECT count(*) AS n FROM other;
SELECT * FROM mine;
-- For SQLite, an empty statement before it belongs to the statement.
;; CREATE VIRTUAL TABLE late2 USING ordersync(source='dbo.vwKinds'); SELECT count(*) > 0 FROM late2;
-- It does.
.shell profile allow_in_schema=yes
.shell sqlite3 orders.db ".load ./ordersync" "PRAGMA trusted_schema = ON" "SELECT * FROM stored"
-- What is kept of a source is not for hostile SQL to change.
.dbconfig defensive on
DELETE FROM other_columns;
