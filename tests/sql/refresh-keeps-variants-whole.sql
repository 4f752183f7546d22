-- What a sql_variant holds arrives whole, whatever its type.
.load ./ordersync
SELECT ordersync_install();
INSERT INTO ordersync_syncs(name, source, target) VALUES('variants',
  'SELECT 1 AS n, CAST(REPLICATE(CAST(''ab'' AS varchar(8000)), 4000) AS sql_variant) AS v
   UNION ALL SELECT 2, CAST(REPLICATE(CAST(''x'' AS varchar(8000)), 4001) AS sql_variant)
   UNION ALL SELECT 3, CAST(REPLICATE(N''y'', 4000) AS sql_variant)
   UNION ALL SELECT 4, CAST(CAST(0.1 AS float) AS sql_variant)
   UNION ALL SELECT 5, CAST(CAST(-1.2345678901234567e-300 AS float) AS sql_variant)
   UNION ALL SELECT 6, CAST(CAST(0.1 AS real) AS sql_variant)
   UNION ALL SELECT 7, CAST(CAST(16777217 AS real) AS sql_variant)
   UNION ALL SELECT 8, CAST(CAST(12.3456 AS money) AS sql_variant)
   UNION ALL SELECT 9, CAST(CAST(12345678901234567.5 AS decimal(38,4)) AS sql_variant)
   UNION ALL SELECT 10, CAST(0xDEADBEEF AS sql_variant)
   UNION ALL SELECT 11, CAST(CAST(0 AS float) AS sql_variant)
   UNION ALL SELECT 12, CAST(NULL AS sql_variant)', 'variants');
CREATE TABLE variants(n INTEGER, v);
INSERT INTO ordersync_columns(sync, position, source_column, target_column, kind)
VALUES('variants', 1, 'n', 'n', 'integer'), ('variants', 2, 'v', 'v', 'raw');
SELECT ordersync_refresh('variants');
.nullvalue NULL
SELECT n, typeof(v), length(v), substr(v, 1, 4) FROM variants WHERE n <= 3;
SELECT n, typeof(v), CASE typeof(v) WHEN 'blob' THEN hex(v) ELSE v END FROM variants WHERE n > 3;
