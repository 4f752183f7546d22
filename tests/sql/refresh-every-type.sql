-- Every type of SQL Server, smallest, largest, zero and NULL, exactly.
.load ./ordersync
SELECT ordersync_add('types', 'dbo.vwTypes');
SELECT source_column, source_type, kind FROM ordersync_columns WHERE sync = 'types';
SELECT ordersync_refresh('types');
.mode line
.nullvalue NULL
SELECT id, c_bit, c_tinyint, c_smallint, c_int, c_bigint,
  c_real, c_float, c_decimal38, c_decimal, c_numeric, c_money, c_smallmoney,
  c_date, c_time0, c_time7, c_datetime, c_smalldatetime, c_datetime2_0,
  c_datetime2_7, c_offset0, c_offset7 FROM types;
.mode quote
SELECT c_char, c_varchar, c_varchar_max, c_nchar, c_nvarchar, c_nvarchar_max,
  c_text, c_ntext, c_xml FROM types;
SELECT c_binary, c_varbinary, c_varbinary_max, c_image, c_guid FROM types;
SELECT DISTINCT typeof(c_decimal38), typeof(c_decimal), typeof(c_real), typeof(c_money)
FROM types ORDER BY id;
.mode list
SELECT warnings, rows FROM ordersync_runs;
