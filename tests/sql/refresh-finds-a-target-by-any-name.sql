-- Names are SQL's: in any case, with any character, in any attached database; and
-- what has the same name in main is another table.
.load ./ordersync
.shell change "CREATE TABLE vwPairs(id int NOT NULL, v nvarchar(20)); INSERT INTO vwPairs VALUES(1, 'a'), (2, 'b'), (3, NULL)"
SELECT ordersync_install(NULL);
ATTACH 'other.db' AS "The ""Other";
CREATE TABLE "The ""Other"."A ""Pair"(ID INT NOT NULL UNIQUE, "the ""V" TEXT UNIQUE,
  "a ""mark" DEFAULT 7, CREATED_AT, UPDATED_AT NOT NULL);
CREATE TABLE main."A ""Pair"("the ""V" INTEGER PRIMARY KEY, id AS (1), rowid, oid, _rowid_, needed NOT NULL);
INSERT INTO ordersync_syncs(name, source, target, mode, key) VALUES('pairs',
  'dbo.vwPairs', 'THE "other.a "PAIR', 'diff', 'Id ');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
  VALUES('pairs', 1, 'id', 'id', 'integer'), ('pairs', 2, 'v', 'The "v', 'string');
SELECT ordersync_refresh('pairs');
UPDATE "The ""Other"."A ""Pair" SET "a ""mark" = ID, CREATED_AT = 'then', UPDATED_AT = 'then';
.shell change "UPDATE vwPairs SET v = CASE id WHEN 1 THEN 'b' WHEN 2 THEN 'a' END"
SELECT ordersync_refresh('pairs');
SELECT ID, "the ""V", "a ""mark", CREATED_AT, UPDATED_AT > '2' AND UPDATED_AT < '3'
FROM "The ""Other"."A ""Pair" ORDER BY ID;
SELECT ordersync_refresh('pairs', '{"mode":"replace"}');
SELECT ID, "the ""V", "a ""mark", CREATED_AT = UPDATED_AT
FROM "The ""Other"."A ""Pair" ORDER BY ID;
-- A child counts where its parent is: in the same database.
PRAGMA foreign_keys = ON;
CREATE TABLE child(pair REFERENCES "A ""Pair"(id) ON DELETE CASCADE);
SELECT ordersync_refresh('pairs', '{"mode":"replace"}');
CREATE TABLE "The ""Other".child(pair REFERENCES "a ""pair"(id) ON DELETE CASCADE);
INSERT INTO "The ""Other".child VALUES(1);
SELECT ordersync_refresh('pairs', '{"mode":"replace"}');
SELECT count(*) FROM "The ""Other".child;
-- What is SQLite's or ordersync's is so in any case; what only begins alike is not.
UPDATE ordersync_syncs SET mode = 'replace', target = 'SQLite_Sequence';
SELECT ordersync_refresh('pairs');
UPDATE ordersync_syncs SET target = 'OrderSync_Runs';
SELECT ordersync_refresh('pairs');
CREATE TABLE ordersynced(id, "The ""v");
UPDATE ordersync_syncs SET target = 'Ordersynced';
SELECT ordersync_refresh('pairs');
