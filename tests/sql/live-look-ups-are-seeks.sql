-- What is pushed is a seek where there is an index: a bare column, and literals
-- that need not be converted to meet it.
.load ./ordersync
SELECT ordersync_install();
.shell sqlite3 server.db "CREATE TABLE k(n nvarchar(20), v varchar(20), d date, t datetime, x datetime2(3), o time(3), i int, m decimal(13,3), f float, r real, c money, e smallmoney, g uniqueidentifier, b varbinary(8)); CREATE INDEX n ON k(n); CREATE INDEX v ON k(v); CREATE INDEX d ON k(d); CREATE INDEX t ON k(t); CREATE INDEX x ON k(x); CREATE INDEX o ON k(o); CREATE INDEX i ON k(i); CREATE INDEX m ON k(m); CREATE INDEX f ON k(f); CREATE INDEX r ON k(r); CREATE INDEX c ON k(c); CREATE INDEX e ON k(e); CREATE INDEX g ON k(g); CREATE INDEX b ON k(b)"
SELECT ordersync_add('k', 'dbo.k');
CREATE VIRTUAL TABLE temp.raw USING ordersync(sync=k);
SELECT count(*) FROM raw WHERE n = '4500000100';
SELECT count(*) FROM raw WHERE v = '4500000100';
SELECT count(*) FROM raw WHERE v IN ('4500000100', 'x');
SELECT count(*) FROM raw WHERE d = '2025-01-01';
SELECT count(*) FROM raw WHERE t = '2025-01-01 00:00:00.000';
SELECT count(*) FROM raw WHERE x BETWEEN '2025-01-01 00:00:00.000' AND '2025-01-02 00:00:00.000';
SELECT count(*) FROM raw WHERE o = '12:00:00.000';
SELECT count(*) FROM raw WHERE i < 5.5;
SELECT count(*) FROM raw WHERE m = 5.5;
SELECT count(*) FROM raw WHERE f = 5.5;
SELECT count(*) FROM raw WHERE r = 1.5;
SELECT count(*) FROM raw WHERE c = 5.5;
SELECT count(*) FROM raw WHERE e > 5.5;
SELECT count(*) FROM raw WHERE g = '6F9619FF-8B86-D011-B42D-00C04FC964FF';
SELECT count(*) FROM raw WHERE b = x'01';
-- Trimmed, too.
UPDATE ordersync_columns SET kind = 'string' WHERE sync = 'k' AND position <= 2;
CREATE VIRTUAL TABLE temp.trimmed USING ordersync(sync=k);
SELECT count(*) FROM trimmed WHERE n = '4500000100';
SELECT count(*) FROM trimmed WHERE n IN ('4500000100', 'x');
SELECT count(*) FROM trimmed WHERE n IS NULL;
SELECT count(*) FROM trimmed WHERE v = '4500000100';
SELECT count(*) FROM trimmed WHERE v IN ('4500000100', 'x');
-- A column that was declared without a type takes no digits for a number.
CREATE TABLE untyped(n);
INSERT INTO ordersync_syncs(name, source, target) VALUES('untyped', 'dbo.k', 'untyped');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES('untyped', 1, 'n', 'n', 'raw');
CREATE VIRTUAL TABLE temp.untyped_live USING ordersync(sync=untyped);
SELECT count(*) FROM untyped_live WHERE n = '4500000100';
.shell grep WHERE server.log | grep -v describe_first | sed 's/.*k. WHERE (.\([a-z]\).*plan.:.\([a-z]*\).*/\1 \2/'
