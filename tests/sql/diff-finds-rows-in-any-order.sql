-- Mode diff finds the rows that stayed wherever the server has them now, and
-- writes no more than what changed: with a key, and, in a second table, without.
.load ./ordersync
SELECT ordersync_install();
.shell change "CREATE TABLE base AS SELECT * FROM vwZSDOrder_Advanced WHERE rowid <= 10; DELETE FROM vwZSDOrder_Advanced; WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19) INSERT INTO vwZSDOrder_Advanced SELECT b.* FROM n, base b; UPDATE vwZSDOrder_Advanced SET salesDoc = 1000 + rowid, itemNumber = 10; DROP TABLE base"
SELECT ordersync_add('nokey', 'dbo.vwZSDOrder_Advanced', '{"mode":"diff"}') > 0;
SELECT ordersync_add('copy', 'dbo.vwZSDOrder_Advanced') > 0;
SELECT ordersync_add('keyed', 'dbo.vwZSDOrder_Advanced', '{"mode":"diff","key":"sales_doc, item_number"}') > 0;
SELECT ordersync_refresh('keyed'), ordersync_refresh('nokey');
CREATE TEMP VIEW last AS SELECT sync, rows_inserted AS ins, rows_updated AS upd, rows_deleted AS del FROM ordersync_runs WHERE sync <> 'copy' ORDER BY id DESC LIMIT 2;
CREATE TEMP VIEW wrong AS SELECT
  (SELECT count(*) FROM (SELECT * FROM copy EXCEPT SELECT * FROM keyed)) + (SELECT count(*) FROM (SELECT * FROM copy EXCEPT SELECT * FROM nokey)) +
  (SELECT count(*) FROM (SELECT * FROM keyed EXCEPT SELECT * FROM copy)) + (SELECT count(*) FROM (SELECT * FROM nokey EXCEPT SELECT * FROM copy)) AS rows;
.print rows here and there changed
.shell change "UPDATE vwZSDOrder_Advanced SET orderStatus = 'x' || rowid WHERE rowid IN (1, 50, 51, 52, 200)"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
.print more than a few, one after the other
.shell change "UPDATE vwZSDOrder_Advanced SET orderStatus = 'y' WHERE rowid BETWEEN 40 AND 70"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
.print new ones in the midst
.shell change "CREATE TABLE t AS SELECT * FROM vwZSDOrder_Advanced; DELETE FROM vwZSDOrder_Advanced; INSERT INTO vwZSDOrder_Advanced SELECT * FROM t WHERE rowid <= 80; INSERT INTO vwZSDOrder_Advanced SELECT * FROM t WHERE rowid <= 30; UPDATE vwZSDOrder_Advanced SET salesDoc = salesDoc + 5000 WHERE rowid > 80; INSERT INTO vwZSDOrder_Advanced SELECT * FROM t WHERE rowid > 80; DROP TABLE t"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
.print one, in the midst
.shell change "CREATE TABLE t AS SELECT * FROM vwZSDOrder_Advanced; DELETE FROM vwZSDOrder_Advanced; INSERT INTO vwZSDOrder_Advanced SELECT * FROM t WHERE rowid <= 20; INSERT INTO vwZSDOrder_Advanced SELECT * FROM t WHERE rowid = 3; UPDATE vwZSDOrder_Advanced SET salesDoc = 9000 WHERE rowid = 21; INSERT INTO vwZSDOrder_Advanced SELECT * FROM t WHERE rowid > 20; DROP TABLE t"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
.print gone: one, many, the first, the last
.shell change "DELETE FROM vwZSDOrder_Advanced WHERE rowid IN (1, 33) OR rowid BETWEEN 100 AND 130 OR rowid = (SELECT max(rowid) FROM vwZSDOrder_Advanced)"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
.print in reverse
.shell change "CREATE TABLE t AS SELECT * FROM vwZSDOrder_Advanced; DELETE FROM vwZSDOrder_Advanced; INSERT INTO vwZSDOrder_Advanced SELECT * FROM t ORDER BY rowid DESC; DROP TABLE t"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
.print shuffled, and some changed
.shell change "CREATE TABLE t AS SELECT * FROM vwZSDOrder_Advanced; DELETE FROM vwZSDOrder_Advanced; INSERT INTO vwZSDOrder_Advanced SELECT * FROM t ORDER BY rowid * 7919 % 197; DROP TABLE t; UPDATE vwZSDOrder_Advanced SET orderStatus = 'z' WHERE rowid % 40 = 0"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
.print two halves that changed places
.shell change "CREATE TABLE t AS SELECT * FROM vwZSDOrder_Advanced; DELETE FROM vwZSDOrder_Advanced; INSERT INTO vwZSDOrder_Advanced SELECT * FROM t WHERE rowid > 90; INSERT INTO vwZSDOrder_Advanced SELECT * FROM t WHERE rowid <= 90; DROP TABLE t"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
.print twins, one of them changed
.shell change "INSERT INTO vwZSDOrder_Advanced SELECT * FROM vwZSDOrder_Advanced WHERE rowid IN (5, 6, 7); UPDATE vwZSDOrder_Advanced SET orderStatus = 'twin' WHERE rowid = 6"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
.print as before, but for one twin
.shell change "DELETE FROM vwZSDOrder_Advanced WHERE rowid = 5"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
.print nothing of it is left
.shell change "UPDATE vwZSDOrder_Advanced SET orderStatus = 'all'"
SELECT ordersync_refresh('copy'), ordersync_refresh('keyed'), ordersync_refresh('nokey');
SELECT * FROM last;
SELECT rows FROM wrong WHERE rows <> 0;
-- A row of the source is one row of the table: what is near has been found
-- already, from further away.
.shell change "CREATE TABLE vwTwice(v nvarchar(20)); INSERT INTO vwTwice VALUES('s1'), ('s2'), ('s3'), ('s4'), ('s5'), ('s6')"
SELECT ordersync_add('twice', 'dbo.vwTwice', '{"mode":"diff"}');
INSERT INTO twice VALUES('j1'), ('j2'), ('j3'), ('j4'), ('j5'), ('j6'), ('j7'), ('j8'), ('j9'), ('s5'), ('s6'), ('s2'), ('s3'), ('s5');
SELECT ordersync_refresh('twice');
SELECT rowid, v FROM twice;
SELECT rows_inserted, rows_updated, rows_deleted FROM ordersync_runs ORDER BY id DESC LIMIT 1;
