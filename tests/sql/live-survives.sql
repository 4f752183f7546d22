-- The columns of a source are kept: no network is needed to look, rename, drop.
.load ./ordersync
CREATE VIRTUAL TABLE main.a USING ordersync(source='dbo.vwKinds');
CREATE VIRTUAL TABLE temp.b USING ordersync(source='dbo.vwKinds');
ATTACH 'other.db' AS aux;
CREATE VIRTUAL TABLE aux.c USING ordersync(source='dbo.vwKinds');
SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT count(*) FROM c);
BEGIN;
CREATE VIRTUAL TABLE d USING ordersync(source='dbo.vwKinds');
SELECT count(*) FROM d;
ROLLBACK;
SELECT name FROM sqlite_schema ORDER BY name;
CREATE VIRTUAL TABLE d USING ordersync(source='dbo.vwKinds');
BEGIN;
DROP TABLE d;
ROLLBACK;
SELECT count(*) FROM d;
VACUUM;
SELECT v FROM d WHERE id = 12;
ALTER TABLE d RENAME TO renamed;
SELECT v FROM renamed WHERE id = 12;
SELECT name FROM sqlite_schema ORDER BY name;
CREATE TABLE taken_columns(x);
CREATE VIRTUAL TABLE taken USING ordersync(source='dbo.vwKinds');
SELECT name FROM sqlite_schema WHERE name LIKE 'taken%';
.shell server stop
.shell sqlite3 orders.db ".load ./ordersync" ".tables" "SELECT name, type FROM pragma_table_info('renamed')" "ALTER TABLE renamed RENAME TO again" "DROP TABLE again" "SELECT name FROM sqlite_schema ORDER BY name"
.shell server start
SELECT count(*) FROM a;
-- Another program changes the schema while we have it open.
SELECT ordersync_install();
SELECT count(*) FROM ordersync;
.shell sqlite3 orders.db "CREATE TABLE by_another(x)"
SELECT count(*) FROM ordersync;
.shell sqlite3 orders.db "DROP TABLE by_another"
SELECT count(*) FROM a;
-- A column that changes on the server is an error, not a shifted column.
.shell change "DROP TABLE vwKinds; CREATE TABLE vwKinds(v nvarchar(40), extra int, id int); INSERT INTO vwKinds VALUES('x', 9, 1)"
SELECT id, v FROM a;
.shell change "DROP TABLE vwKinds; CREATE TABLE vwKinds(v nvarchar(40), id nvarchar(10)); INSERT INTO vwKinds VALUES('x', '1')"
SELECT id, v FROM a;
.shell change "DROP TABLE vwKinds; CREATE TABLE vwKinds(v nvarchar(40))"
SELECT id, v FROM a;
.shell change "DROP TABLE vwKinds; CREATE TABLE vwKinds(id int, v nvarchar(40)); INSERT INTO vwKinds VALUES(1, 'well again')"
SELECT id, v FROM a;
DROP TABLE a;
DROP TABLE b;
DROP TABLE c;
SELECT name FROM aux.sqlite_schema;
-- A column that was NOT NULL may be NULL by now.
.shell change "DROP TABLE vwKinds; CREATE TABLE vwKinds(id int NOT NULL); INSERT INTO vwKinds VALUES(1)"
CREATE VIRTUAL TABLE temp.e USING ordersync(source='dbo.vwKinds');
SELECT count(*) FROM e WHERE id IS NULL;
.shell change "DROP TABLE vwKinds; CREATE TABLE vwKinds(id int); INSERT INTO vwKinds VALUES(1), (NULL)"
SELECT count(*) FROM e WHERE id IS NULL;
-- A decimal's bounds are of its digits: those that it has now.
.shell change "CREATE TABLE vwScale(n decimal(5,1)); INSERT INTO vwScale VALUES(1.2)"
CREATE VIRTUAL TABLE temp.f USING ordersync(source='dbo.vwScale');
SELECT n FROM f WHERE n >= 1.16;
.shell change "DROP TABLE vwScale; CREATE TABLE vwScale(n decimal(5,2)); INSERT INTO vwScale VALUES(1.27)"
SELECT n FROM f WHERE n >= 1.26;
-- What is kept is what ORDER BY is planned by, in another program: types, and a
-- decimal's digits.
CREATE VIRTUAL TABLE kept USING ordersync(query='SELECT 1 AS id FROM dbo.vwScale');
.shell sqlite3 orders.db ".load ./ordersync" "PRAGMA trusted_schema = ON" "SELECT id FROM kept ORDER BY id"
.shell sent | grep -c 'ORDER BY'
.shell change "CREATE TABLE vwLong(n decimal(20,4)); INSERT INTO vwLong VALUES(10.25), (2.5)"
CREATE TABLE here(n);
INSERT INTO here(rowid) VALUES(42);
CREATE VIRTUAL TABLE g USING ordersync(source='dbo.vwLong');
SELECT last_insert_rowid();
.shell sqlite3 orders.db ".load ./ordersync" "PRAGMA trusted_schema = ON" "SELECT n FROM g ORDER BY n"
