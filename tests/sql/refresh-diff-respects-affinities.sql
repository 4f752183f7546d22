-- A column whose affinity changes what is stored does not make the row look
-- changed at every run.
.load ./ordersync
SELECT ordersync_install();
CREATE TABLE odd(a TEXT, b REAL, c NUMERIC, d INTEGER, e VARCHAR(3), f DATE);
INSERT INTO ordersync_syncs(name, source, target, mode) VALUES('odd', 'dbo.src', 'odd', 'diff');
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
SELECT 'odd', column1, column2, column2, column3 FROM (VALUES (1, 'a', 'integer'), (2, 'b', 'integer'),
  (3, 'c', 'decimal'), (4, 'd', 'string'), (5, 'e', 'real'), (6, 'f', 'date'));
.shell change "CREATE TABLE src(a int, b int, c 'decimal(9,2) text', d nvarchar(9), e float, f date); INSERT INTO src VALUES(1, 2, '3.50', '007', 1.5, '2025-01-01'), (NULL, NULL, NULL, NULL, NULL, NULL)"
SELECT ordersync_refresh('odd');
SELECT ordersync_refresh('odd');
SELECT quote(a), quote(b), quote(c), quote(d), quote(e), quote(f) FROM odd;
SELECT rows, rows_inserted, rows_updated, rows_deleted FROM ordersync_runs;
