-- A column whose affinity changes what is stored does not make the row look
-- changed at every run.
.load ./ordersync
SELECT ordersync_install();
CREATE TABLE odd(a TEXT, b REAL, c NUMERIC, d INTEGER, e VARCHAR(3), f DATE, g, h INTEGER);
INSERT INTO ordersync_syncs(name, source, target, mode) VALUES('odd', 'dbo.src', 'odd', 'diff');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
SELECT 'odd', column1, column2, column2, column3 FROM (VALUES (1, 'a', 'integer'), (2, 'b', 'integer'),
  (3, 'c', 'decimal'), (4, 'd', 'string'), (5, 'e', 'real'), (6, 'f', 'date'), (7, 'g', 'string'), (8, 'h', 'real'));
.shell change "CREATE TABLE src(a int, b int, c 'decimal(9,2) text', d nvarchar(9), e float, f date, g nvarchar(9), h float); INSERT INTO src VALUES(1, 2, '3.50', '007', 1.5, '2025-01-01', '07', 1.5), (2, 3, '4', '-5', 2, '2025-01-02', '8', 9.21e18), (3, 4, '5', '1e3', 3, '2025-01-03', '9', -9.21e18), (4, 5, '6', ' 7', 4, '2025-01-04', '1', 1e19), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, 9.21e18)"
SELECT ordersync_refresh('odd');
SELECT ordersync_refresh('odd');
SELECT quote(a), quote(b), quote(c), quote(d), quote(e), quote(f), quote(g), quote(h) FROM odd;
SELECT rows, rows_inserted, rows_updated, rows_deleted FROM ordersync_runs;
-- ANY is no affinity in a STRICT table.
CREATE TABLE exact(a ANY, b INTEGER) STRICT;
INSERT INTO ordersync_syncs(name, source, target, mode) VALUES('exact', 'dbo.src', 'exact', 'diff');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind) VALUES('exact', 1, 'g', 'a', 'string'), ('exact', 2, 'd', 'b', 'string');
SELECT ordersync_refresh('exact'), ordersync_refresh('exact');
SELECT quote(a), quote(b) FROM exact;
SELECT rows, rows_inserted, rows_updated, rows_deleted FROM ordersync_runs WHERE sync = 'exact';
