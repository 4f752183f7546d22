-- What the local table finds, the live view finds: its columns are declared as
-- the target's are, by the kind where there is no target.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_add('raw', 'SELECT salesDoc AS doc, plant AS n FROM dbo.vwZSDOrder_Advanced');
UPDATE ordersync_columns SET kind = 'raw' WHERE sync = 'raw';
SELECT ordersync_refresh('raw');
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=raw);
SELECT name, type FROM pragma_table_info('raw') WHERE name IN ('doc', 'n');
SELECT name, type FROM pragma_table_info('live');
SELECT count(*) FROM raw WHERE doc = 4500000001;
SELECT count(*) FROM live WHERE doc = 4500000001;
SELECT count(*) FROM raw WHERE n = '8800';
SELECT count(*) FROM live WHERE n = '8800';
-- A collation of the target's is the view's.
DROP TABLE temp.live;
DROP TABLE raw;
CREATE TABLE raw(doc TEXT, n INTEGER, name TEXT COLLATE NOCASE);
UPDATE ordersync_columns SET source_type = NULL WHERE sync = 'raw';
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES('raw', 3, 'cn', 'name', 'string');
UPDATE ordersync_syncs SET source = 'SELECT salesDoc AS doc, plant AS n, custName AS cn FROM dbo.vwZSDOrder_Advanced' WHERE name = 'raw';
SELECT ordersync_refresh('raw');
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=raw);
SELECT count(*) > 0, count(*) = (SELECT count(*) FROM live WHERE name = (SELECT lower(min(name)) FROM raw)) FROM raw WHERE name = (SELECT lower(min(name)) FROM raw);
SELECT count(*) FROM live WHERE doc = 4500000001;
-- Another declaration is noticed, where it compares otherwise.
DROP TABLE raw;
CREATE TABLE raw(doc varchar(20), n BIGINT, name CLOB COLLATE NOCASE);
SELECT count(*) FROM live;
DROP TABLE raw;
CREATE TABLE raw(doc INTEGER, n INTEGER, name TEXT);
SELECT count(*) FROM live;
