-- Answers that a session's settings change, with ours; some would be refused.
.load ./ordersync
.shell profile lock_timeout=1234
.mode quote
CREATE VIRTUAL TABLE temp.dates USING ordersync(query='SELECT CAST(''02/03/04'' AS datetime) AS short, CAST(''2025-02-28'' AS datetime) AS iso');
SELECT * FROM dates;
CREATE VIRTUAL TABLE temp.quotes USING ordersync(query='SELECT "id" AS i, ''x'' + v AS joined FROM dbo.vwKinds WHERE id > 9 AND id < 13');
SELECT * FROM quotes ORDER BY i;
CREATE VIRTUAL TABLE temp.session USING ordersync(query='SELECT @@LOCK_TIMEOUT AS lock_timeout, @@TEXTSIZE AS text_size, @@LANGUAGE AS language, @@TRANCOUNT AS transactions');
SELECT * FROM session;
CREATE VIRTUAL TABLE temp.long USING ordersync(query='SELECT REPLICATE(CAST(''x'' AS varchar(max)), 70000) AS x');
SELECT length(x) FROM long;
