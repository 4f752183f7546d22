-- A text is compared to its end, also behind a NUL.
.load ./ordersync
.shell change "CREATE TABLE vwProbed(id int NOT NULL, name nvarchar(20)); INSERT INTO vwProbed VALUES(1, 'a' || char(0) || 'b')"
SELECT ordersync_add('p', 'dbo.vwProbed', '{"probe":"SELECT MAX(name) FROM dbo.vwProbed"}');
SELECT ordersync_refresh('p'), ordersync_refresh('p');
.shell change "UPDATE vwProbed SET name = 'a' || char(0) || 'c'"
SELECT ordersync_refresh('p');
SELECT hex(name) FROM p;
SELECT probe FROM ordersync_state;
SELECT group_concat(status, ' ') FROM (SELECT status FROM ordersync_runs ORDER BY id);
.shell sent | wc -l
