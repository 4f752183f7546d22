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
CREATE TABLE raw(doc INTEGER, n INTEGER, name TEXT COLLATE NOCASE);
SELECT count(*) FROM live;
DROP TABLE raw;
CREATE TABLE raw(doc TEXT, n INTEGER, name TEXT);
SELECT count(*) FROM live;
-- Where the target stores a number as text or a text as a number, so does the
-- view; only a STRICT table's ANY keeps what it is given.
CREATE TABLE stored(t INTEGER, r REAL, s NUMERIC, n TEXT, f INTEGER, g INTEGER, u NUMERIC, v TEXT);
CREATE TABLE strict(a ANY) STRICT;
INSERT INTO ordersync_syncs(name, source, target) VALUES('stored', 'SELECT ''007'' AS t, '' 1e3 '' AS r, ''12 pcs'' AS s, 5 AS n, CAST(5 AS float) AS f, CAST(-9223372036854775808.0 AS float) AS g, ''9007199254740993.0'' AS u, CAST(0.1 AS float) AS v', 'stored'), ('strict', 'SELECT ''08'' AS a', 'strict');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES('stored', 1, 't', 't', 'string'), ('stored', 2, 'r', 'r', 'raw'), ('stored', 3, 's', 's', 'text'), ('stored', 4, 'n', 'n', 'integer'), ('stored', 5, 'f', 'f', 'real'), ('stored', 6, 'g', 'g', 'real'), ('stored', 7, 'u', 'u', 'string'), ('stored', 8, 'v', 'v', 'real'), ('strict', 1, 'a', 'a', 'string');
SELECT ordersync_refresh('stored'), ordersync_refresh('strict');
CREATE VIRTUAL TABLE temp.live_stored USING ordersync(sync=stored);
CREATE VIRTUAL TABLE temp.live_strict USING ordersync(sync=strict);
SELECT quote(t), quote(r), quote(s), quote(n), quote(f), typeof(g), g = -9223372036854775808, u, v FROM stored;
SELECT quote(t), quote(r), quote(s), quote(n), quote(f), typeof(g), g = -9223372036854775808, u, v FROM live_stored;
SELECT quote(a), a = 8 FROM strict;
SELECT quote(a) FROM live_strict;
