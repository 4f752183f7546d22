-- What the login may read, and no more.
.load ./ordersync
SELECT ordersync_install();
.nullvalue NULL
.shell server stop
.shell SERVER_OPTIONS='--deny vault --deny staff.salary --deny half.a' server start
.shell sqlite3 server.db "CREATE TABLE vault(a int); CREATE TABLE staff(id int, salary money, name sysname); CREATE VIEW [crm.vwStaff] AS SELECT * FROM staff; CREATE TABLE [crm.lines]([Order No] int NOT NULL, lineNo smallint NOT NULL, qty numeric(5), PRIMARY KEY(lineNo, [Order No])); CREATE TABLE [crm.lean](id int, [from] [datetime2(0) NOT NULL HIDDEN], seldom [int SPARSE], [all] [xml column_set]); CREATE TABLE half(a int, b int, c int, PRIMARY KEY(a, b)); CREATE TABLE [crm.alike](cust_name int NOT NULL, custName int NOT NULL, [***] int NOT NULL, PRIMARY KEY([***], custName)); CREATE TABLE [Archive.dbo.old](a int); INSERT INTO [Archive.dbo.old] VALUES(5); CREATE TABLE [crm.types](c char(3), v varchar(10), m [varchar(max)], n nchar(4), b binary(2), x [varbinary(max)], d decimal(18,4), f float, t time(3), o datetimeoffset(0), g uniqueidentifier, h hierarchyid, r rowversion, s sql_variant, z sysname);"
.shell sqlite3 server.db 'CREATE TABLE \"crm.we]ird\"([q\"\\uote] int)'
.shell sqlite3 server.db "CREATE TABLE [sys.synonyms](name, base_object_name); INSERT INTO [sys.synonyms] VALUES('crm.mine', '[dbo].[staff]'), ('crm.order lines', '[Sales].[crm].[lines]'), ('crm.locked', '[dbo].[vault]'), ('crm.old', '[Archive].[dbo].[old]'), ('crm.gone', '[dbo].[nothing]'), ('crm.far', '[ELSEWHERE].[Sales].[dbo].[staff]')"
SELECT schema, name, type, primary_key, source, json_array_length(columns) FROM ordersync_catalog WHERE schema <> 'sales' AND name NOT LIKE 'vw_%r%';
.shell sent >/dev/null
SELECT value ->> 'name', value ->> 'type', value ->> 'kind', value ->> 'nullable' FROM ordersync_catalog, json_each(columns) WHERE schema = 'crm' AND name = 'types';
SELECT name, columns FROM ordersync_catalog WHERE type = 'synonym' OR name = 'we]ird';
-- = goes to the server, where it compares as here; what is no text, or compares otherwise, does not.
.shell sent | grep -o 'x.is_column_set = 1.*'
SELECT name FROM ordersync_catalog WHERE schema = 'CRM';
SELECT count(*) FROM ordersync_catalog WHERE schema = 'CRM' COLLATE nocase AND type = 'table';
SELECT name FROM ordersync_catalog WHERE name = 'we]ird' AND schema = 'crm';
SELECT name FROM ordersync_catalog WHERE name = 5 OR name = x'00' OR name = char(0) OR name IS NULL;
.shell sent | grep -o 'x.is_column_set = 1.*'
-- Each source is one that ordersync_add() takes, and its key a key.
SELECT name, ordersync_add(name, source, iif(primary_key IS NULL, '{}', json_object('key', primary_key, 'mode', 'diff'))) FROM ordersync_catalog WHERE schema = 'crm' AND name NOT IN ('types', 'locked');
SELECT ordersync_refresh('old'), ordersync_refresh('order lines');
SELECT * FROM old;
SELECT name, sql FROM sqlite_schema WHERE name IN ('lean', 'order lines');
-- Another profile; none of that name; nobody there; a server that says no.
SELECT count(*) FROM ordersync_catalog('default') WHERE schema = 'crm';
SELECT count(*) FROM ordersync_catalog('nope');
.shell fault 'when=batch match=base_object_name do=error:262:14:no VIEW DATABASE STATE, password=hunter2'
SELECT count(*) FROM ordersync_catalog;
.shell fault 'when=batch match=base_object_name after_rows=2 do=cut'
SELECT count(*) FROM ordersync_catalog;
.shell fault
.shell profile query_timeout=6
.shell fault 'when=batch match=base_object_name do=hang'
SELECT count(*) FROM ordersync_catalog;
.shell fault
-- Direct use only.
CREATE TABLE ready(x);
CREATE TRIGGER remember AFTER INSERT ON ready BEGIN INSERT INTO ready SELECT name FROM ordersync_catalog; END;
INSERT INTO ready VALUES(1);
CREATE VIEW stored AS SELECT * FROM ordersync_catalog;
SELECT * FROM stored;
.shell server stop
SELECT count(*) FROM ordersync_catalog;
