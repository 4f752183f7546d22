-- A REAL column rounds whole numbers from 2^53 on; the view of such a target
-- finds what the table finds.
.load ./ordersync
SELECT ordersync_install();
.shell change 'CREATE TABLE big(k int, n bigint); INSERT INTO big VALUES(1, 9007199254740991), (2, 9007199254740992), (3, 9007199254740993), (4, 9007199254740995), (5, 9223372036854775807);'
SELECT ordersync_add('big', 'dbo.big');
DROP TABLE big;
CREATE TABLE big(k INTEGER, n REAL);
SELECT ordersync_refresh('big');
CREATE VIRTUAL TABLE temp.live USING ordersync(sync=big);
SELECT group_concat(k) FROM big WHERE n = 9007199254740992;
SELECT group_concat(k) FROM live WHERE n = 9007199254740992;
SELECT group_concat(k) FROM big WHERE n >= 9007199254740996;
SELECT group_concat(k) FROM live WHERE n >= 9007199254740996;
SELECT group_concat(k) FROM big WHERE n IN (1, 9007199254740992);
SELECT group_concat(k) FROM live WHERE n IN (1, 9007199254740992);
-- Looked up many times, by rows that are kept.
CREATE TEMP TABLE here AS WITH c(v) AS (VALUES(0) UNION ALL SELECT v+1 FROM c LIMIT 20) SELECT v FROM c;
INSERT INTO here VALUES(9007199254740992), (9007199254740996);
SELECT group_concat(k) FROM here CROSS JOIN big ON big.n = here.v;
SELECT group_concat(k) FROM here CROSS JOIN live ON live.n = here.v;
